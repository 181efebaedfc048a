/* The lake: objects as plain files lake/<bucket>/<key>, blocking. The only code that touches the
 * lake's files; folder_store drives it from pool threads, the training supervisor directly.
 * - A name never leads out: every part of a path is opened without following symbolic links.
 * - An object appears whole: written to lake/.tmp, fsync, rename, fsync of the folder. A temporary
 *   file is locked by its writer; one without a lock belongs to a dead process and is swept.
 * - The SHA-256 lies in an extended attribute together with the size and time of change it is valid
 *   for. A file put into the lake by hand, or a file system without attributes, is just hashed.
 * - Folders are not objects: they are made on the way, stay behind, and are never listed. So a key
 *   cannot lie below another key (code "bad_key").
 * Any thread: a struct lake is not changed after lake_open. */
#ifndef GATEHOUSE_LOCAL_LAKE_H
#define GATEHOUSE_LOCAL_LAKE_H

#include "core/ports/object_store.h"

enum { LAKE_CHUNK_SIZE = 1 << 20 };

struct lake {
    int fd;           /* lake/ */
    int temporary_fd; /* lake/.tmp; no bucket's name begins with a dot */
    char *path;
};

struct lake_name { /* borrowed; checked by every function here */
    const char *bucket;
    const char *key;
};

struct lake_file { /* an object that is being written; one thread at a time */
    int fd;        /* -1: none */
    char name[24];
    struct digest *digest;
};

/* Creates the folder when it is missing, and sweeps what dead writers left. */
bool lake_open(struct lake *lake, const char *path, struct error *err);
void lake_close(struct lake *lake);

bool lake_make_bucket(const struct lake *lake, const char *bucket, struct error *err);
/* Opens for reading; code "not_found" when there is no such object. */
bool lake_open_object(const struct lake *lake, struct lake_name name, int *out_fd,
                      struct error *err);
/* Everything about an opened object; reads all of it when its SHA-256 is not known. */
bool lake_describe(int fd, const char *key, struct object_info *out_info, struct error *err);
/* Sorted by key. A file that cannot be an object (a symbolic link, a name that is no key) is an
 * error: it would be missed silently otherwise. Gives items (free()). */
bool lake_list(const struct lake *lake, struct lake_name prefix, struct object_info **out_items,
               size_t *out_count, struct error *err);
bool lake_remove(const struct lake *lake, struct lake_name name, struct error *err);
/* By hard link where possible: objects are replaced, never changed in place. */
bool lake_copy(const struct lake *lake, struct lake_name from, struct lake_name to,
               struct error *err);
/* Puts an object's content at `path`, outside of the lake; for reading only. */
bool lake_place(const struct lake *lake, struct lake_name from, const char *path,
                struct error *err);

bool lake_create(const struct lake *lake, struct lake_file *out_file, struct error *err);
bool lake_write(struct lake_file *file, struct str data, struct error *err);
/* Makes it the object `name`; its bucket is made when missing. The file is done with either way. */
bool lake_publish(const struct lake *lake, struct lake_file *file, struct lake_name name,
                  struct object_info *out_info, struct error *err);
void lake_discard(const struct lake *lake, struct lake_file *file);
/* A file from outside of the lake becomes the object `to`. */
bool lake_put_file(const struct lake *lake, const char *path, struct lake_name to,
                   struct object_info *out_info, struct error *err);

#endif
