/* A disk that fails on purpose, under SQLite: from a given write or sync on, for a while. Process
 * wide; stores opened after failing_disk_install are on it. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAILING_DISK_H
#define GATEHOUSE_TESTS_SUPPORT_FAILING_DISK_H

#include <stdbool.h>

enum failing_disk_way {
    DISK_FULL,      /* a write finds no room */
    DISK_IO_ERROR,  /* a write fails */
    DISK_SYNC_ERROR /* a sync fails */
};

void failing_disk_install(void);
void failing_disk_remove(void);
/* The call-th call from now on (1: the next) and `times` - 1 after it fail; 0: none. */
void failing_disk_arm(enum failing_disk_way way, int call, int times);
/* How many calls of that way there were since failing_disk_arm. */
int failing_disk_calls(void);

#endif
