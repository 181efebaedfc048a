/* Durable small-file operations and path safety. */
#include "core/base/file.h"

#include "core/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16, TREE_FDS = 16 };

bool file_make_folders(const char *path, mode_t mode, struct error *err)
{
    char *partial = xstrdup(path);
    bool is_ok = true;
    for (char *slash = partial + 1; is_ok && *partial != '\0'; slash++) {
        bool is_last = *slash == '\0';
        if (*slash != '/' && !is_last) {
            continue;
        }
        *slash = '\0';
        if (mkdir(partial, mode) != 0 && errno != EEXIST) {
            is_ok = error_set_errno(err, errno, "cannot create the folder %s", partial);
        }
        if (is_last) {
            break;
        }
        *slash = '/';
    }
    struct stat info;
    if (is_ok && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))) {
        is_ok = error_set_errno(err, ENOTDIR, "cannot create the folder %s", path);
    }
    free(partial);
    return is_ok;
}

static bool read_fd(int fd, const char *path, struct buf *out, struct error *err)
{
    char chunk[READ_SIZE];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "cannot read %s", path);
        }
        if (!buf_append(out, chunk, (size_t)got)) {
            return error_set(err, ERROR_PERMANENT, "too_large", "%s is larger than %zu bytes", path,
                             out->limit);
        }
    }
}

bool file_read(const char *path, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    bool is_read = read_fd(fd, path, out, err);
    close(fd);
    return is_read;
}

bool file_write_all(int fd, struct str content, struct error *err)
{
    while (content.len > 0) {
        ssize_t written = write(fd, content.ptr, content.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return error_set_errno(err, errno, "cannot write");
        }
        content.ptr += written;
        content.len -= (size_t)written;
    }
    return true;
}

static bool fill_and_rename(int fd, const char *temporary, const char *path, struct str content,
                            struct error *err)
{
    bool is_filled = file_write_all(fd, content, err);
    if (!is_filled) {
        close(fd);
        return error_prefix(err, "%s", path);
    }
    bool is_synced = fsync(fd) == 0;
    int sync_errno = errno;
    is_synced = close(fd) == 0 && is_synced;
    if (!is_synced) {
        return error_set_errno(err, sync_errno, "cannot write %s", path);
    }
    if (rename(temporary, path) != 0) {
        return error_set_errno(err, errno, "cannot rename %s to %s", temporary, path);
    }
    return true;
}

bool file_write(const char *path, struct str content, mode_t mode, struct error *err)
{
    char *temporary = xasprintf("%s.tmp-XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(err, errno, "cannot create a file beside %s", path);
        free(temporary);
        return false;
    }
    fchmod(fd, mode);
    bool is_done = fill_and_rename(fd, temporary, path, content, err);
    if (!is_done) {
        unlink(temporary);
    }
    free(temporary);
    if (is_done) {
        char *copy = xstrdup(path);
        is_done = file_sync_folder(dirname(copy), err);
        free(copy);
    }
    return is_done;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool file_remove_tree(const char *path, struct error *err)
{
    if (nftw(path, remove_entry, TREE_FDS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return error_set_errno(err, errno, "cannot remove %s", path);
    }
    return true;
}

bool file_sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int sync_errno = errno;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced || error_set_errno(err, sync_errno, "cannot sync the folder %s", path);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_absent(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

bool file_is_safe_relative(struct str relative)
{
    if (relative.len == 0 || relative.ptr[relative.len - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < relative.len; i++) {
        unsigned char c = (unsigned char)relative.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    while (relative.len > 0) {
        struct str part = str_split(relative, '/', &relative);
        if (part.len == 0 || str_eq(part, STR(".")) || str_eq(part, STR(".."))) {
            return false;
        }
    }
    return true;
}

char *file_join(const char *base, const char *name)
{
    return xasprintf("%s/%s", base, name);
}
