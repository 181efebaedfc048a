/* Small files and folders, the durable way. Blocking: call from a pool thread or a short-lived
 * verb. */
#ifndef GATEHOUSE_BASE_FILE_H
#define GATEHOUSE_BASE_FILE_H

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>
#include <sys/types.h>

/* Creates path and its missing parents with `mode`; an existing folder is success. */
bool file_make_folders(const char *path, mode_t mode, struct error *err);
/* Appends the whole file to out; fails with code "too_large" when it does not fit into out's limit.
 */
bool file_read(const char *path, struct buf *out, struct error *err);
/* Replaces path atomically and durably: temporary file beside it, fsync, rename, fsync of the
 * folder. On failure path is as it was and no temporary file stays. */
bool file_write(const char *path, struct str content, mode_t mode, struct error *err);
/* Writes all of it to fd, going on after EINTR and short writes. */
bool file_write_all(int fd, struct str content, struct error *err);
/* Removes a file or a whole folder, never following a symbolic link; absent is success. */
bool file_remove_tree(const char *path, struct error *err);
bool file_sync_folder(const char *path, struct error *err); /* fsync of the folder itself */
bool file_exists(const char *path);
/* Nothing is there, for sure: not merely out of our reach. */
bool file_is_absent(const char *path);
/* "a/b" joined to base; true only if `relative` is not empty, not absolute and has no empty, "." or
 * ".." part and no NUL or control byte: a name from outside stays inside base. */
bool file_is_safe_relative(struct str relative);
char *file_join(const char *base, const char *name); /* gives base/name */

#endif
