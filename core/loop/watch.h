/* Being told: a file changed, a descriptor is ready, a signal came. */
#ifndef GATEHOUSE_LOOP_WATCH_H
#define GATEHOUSE_LOOP_WATCH_H

#include "core/loop/loop.h"

#include <stdbool.h>

/* A file or folder changed (inotify); several changes may arrive as one call, and a call may be
 * spurious. Gives NULL with err when the path cannot be watched. */
struct file_watch;
struct file_watch *file_watch_new(struct loop *loop, const char *path,
                                  void (*changed)(void *context), void *context, struct error *err);
void file_watch_free(struct file_watch *watch); /* accepts NULL */

/* A descriptor is readable or writable (or in error, which counts as both). Borrows fd until free.
 */
struct fd_watch;
typedef void (*fd_watch_fn)(void *context, bool is_readable, bool is_writable);
struct fd_watch *fd_watch_new(struct loop *loop, int fd, fd_watch_fn ready, void *context);
void fd_watch_set(struct fd_watch *watch, bool want_read, bool want_write);
void fd_watch_free(struct fd_watch *watch); /* accepts NULL; allowed inside its own callback */

/* A signal, delivered on the loop; the handler before it is restored at free. Does not keep the
 * loop alive. */
struct signal_watch;
struct signal_watch *signal_watch_new(struct loop *loop, int signum,
                                      void (*came)(void *context, int signum), void *context);
void signal_watch_free(struct signal_watch *watch); /* accepts NULL */

#endif
