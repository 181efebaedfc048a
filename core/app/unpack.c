/* Decompression by libarchive, which looks at the content and not at the name. */
#include "core/app/unpack.h"

#include "core/base/alloc.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNPACK_CHUNK = 256 << 10 };

struct unpack {
    struct archive *archive;
    char *name; /* for messages */
    int fd;
    bool is_at_end;
    char chunk[UNPACK_CHUNK];
};

static bool fail(struct unpack *unpack, struct error *err)
{
    const char *why = archive_error_string(unpack->archive);
    return error_set(err, ERROR_PERMANENT, "damaged_archive", "%s: %s", unpack->name,
                     why == NULL ? "it cannot be read" : why);
}

static bool open_input(struct unpack *unpack, const char *path, struct error *err)
{
    struct stat status;
    unpack->fd = path == NULL ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (unpack->fd < 0) {
        return error_set_errno(err, errno, "%s", unpack->name);
    }
    if (fstat(unpack->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        return error_set_errno(err, EISDIR, "%s", unpack->name);
    }
    return true;
}

/* To the next file inside; *out_found false when there is none. */
static bool next_file(struct unpack *unpack, bool *out_found, struct error *err)
{
    struct archive_entry *entry = NULL;
    for (;;) {
        int status = archive_read_next_header(unpack->archive, &entry);
        *out_found = status == ARCHIVE_OK || status == ARCHIVE_WARN;
        if (status == ARCHIVE_EOF) {
            return true;
        }
        if (!*out_found) {
            return fail(unpack, err);
        }
        mode_t type = archive_entry_filetype(entry);
        if (type == AE_IFREG || type == 0) {
            return true;
        }
    }
}

static bool start(struct unpack *unpack, struct error *err)
{
    struct archive *archive = unpack->archive;
    bool is_found = false;
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    if (archive_read_open_fd(archive, unpack->fd, UNPACK_CHUNK) != ARCHIVE_OK) {
        return fail(unpack, err);
    }
    if (!next_file(unpack, &is_found, err)) {
        return false;
    }
    unpack->is_at_end = !is_found;
    return true;
}

struct unpack *unpack_open(const char *path, struct error *err)
{
    struct unpack *unpack = xcalloc(1, sizeof(*unpack));
    unpack->name = xstrdup(path == NULL ? "standard input" : path);
    unpack->fd = -1;
    unpack->archive = archive_read_new();
    if (unpack->archive == NULL || !open_input(unpack, path, err) || !start(unpack, err)) {
        unpack_close(unpack);
        return NULL;
    }
    return unpack;
}

static bool check_nothing_follows(struct unpack *unpack, struct error *err)
{
    bool is_found = false;
    if (!next_file(unpack, &is_found, err)) {
        return false;
    }
    return !is_found ||
           error_set(err, ERROR_PERMANENT, "not_one_file",
                     "%s holds more than one file; unpack it and name the CSV", unpack->name);
}

bool unpack_read(struct unpack *unpack, struct str *out_bytes, struct error *err)
{
    *out_bytes = (struct str){unpack->chunk, 0};
    if (unpack->is_at_end) {
        return true;
    }
    la_ssize_t got = archive_read_data(unpack->archive, unpack->chunk, sizeof(unpack->chunk));
    if (got < 0) {
        return fail(unpack, err);
    }
    if (got == 0) {
        unpack->is_at_end = true;
        return check_nothing_follows(unpack, err);
    }
    out_bytes->len = (size_t)got;
    return true;
}

void unpack_close(struct unpack *unpack)
{
    if (unpack == NULL) {
        return;
    }
    if (unpack->archive != NULL) {
        archive_read_free(unpack->archive);
    }
    if (unpack->fd >= 0) {
        close(unpack->fd);
    }
    free(unpack->name);
    free(unpack);
}

const char *unpack_library_version(void)
{
    return archive_version_string();
}
