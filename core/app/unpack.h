/* Reads a file or standard input as a stream of bytes: plain, gzip, zstd, bzip2, xz, or the only
 * file of a zip, told by content. Flat memory. Blocking; one thread. */
#ifndef GATEHOUSE_APP_UNPACK_H
#define GATEHOUSE_APP_UNPACK_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>

struct unpack;

/* path NULL: standard input. Gives NULL with err naming the file. Copies path. */
struct unpack *unpack_open(const char *path, struct error *err);
/* The next bytes, borrowed until the next call; length 0 at the end. Errors: "damaged_archive" for
 * what is cut short or broken, "not_one_file" for a zip of several files, "os_error". */
bool unpack_read(struct unpack *unpack, struct str *out_bytes, struct error *err);
void unpack_close(struct unpack *unpack); /* accepts NULL */
const char *unpack_library_version(void); /* of libarchive, as it is loaded */

#endif
