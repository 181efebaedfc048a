/* Who watches: a console holds a locked file in the state folder's `watchers`, with its user and
 * the run it shows. The kernel frees the lock when the console dies, however it dies, so nobody is
 * counted who is gone. Blocking, short; one thread. */
#ifndef GATEHOUSE_APP_WATCHERS_H
#define GATEHOUSE_APP_WATCHERS_H

#include <stddef.h>

struct watchers {
    char *folder, *path; /* path NULL: not there */
    int fd;              /* -1: not there */
    size_t count;        /* others on our run, as of the latest look */
    char *names;         /* their users: "ana, bo"; never NULL */
};

void watchers_init(struct watchers *watchers, const char *state_folder);
void watchers_done(struct watchers *watchers);
/* We look at this run now (NULL: at none yet). Where the state folder cannot be written we are not
 * seen, which hurts nobody. */
void watchers_tell(struct watchers *watchers, const char *user, const char *run_id);
/* Counts the others that look at this run. */
void watchers_look(struct watchers *watchers, const char *run_id);

#endif
