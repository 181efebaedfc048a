/* A temporary folder for a test, and files in it; every helper fails the test on error. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FOLDER_H
#define GATEHOUSE_TESTS_SUPPORT_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

char *test_folder_new(void);         /* gives its path */
void test_folder_free(char *folder); /* removes it with all that is in it */
/* Writes <folder>/<name>; makes the folders on the way. */
void test_file_write(const char *folder, const char *name, const char *content, mode_t mode);
char *test_file_read(const char *folder, const char *name); /* gives the content; NULL: absent */
size_t test_folder_count(const char *folder, const char *name); /* entries but . and .. */

#endif
