/* Objects as files: safe names, atomic appearance, known digests. */
#include "core/local/lake.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0755,
    OBJECT_MODE = 0644,
    DIGEST_VALUE_SIZE = 128,
    HASH_TRIES = 3,
    SETTLED_AFTER_MS = 2000, /* no file system's clock is coarser than this */
    PATH_TEXT_SIZE = 64,
};
static const char temporary_folder[] = ".tmp";
static const char digest_attribute[] = "user.gatehouse.sha256";

/* ---- the lake itself */

static bool is_abandoned(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void sweep(int temporary_fd)
{
    int fd = openat(temporary_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        int file = entry->d_type == DT_DIR
                       ? -1
                       : openat(fd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file >= 0 && is_abandoned(file)) {
            unlinkat(fd, entry->d_name, 0);
        }
        if (file >= 0) {
            close(file);
        }
    }
    closedir(folder);
}

bool lake_open(struct lake *lake, const char *path, struct error *err)
{
    *lake = (struct lake){.fd = -1, .temporary_fd = -1};
    if (!file_make_folders(path, FOLDER_MODE, err)) {
        return false;
    }
    lake->path = xstrdup(path);
    lake->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lake->fd >= 0 &&
        (mkdirat(lake->fd, temporary_folder, FOLDER_MODE) == 0 || errno == EEXIST)) {
        lake->temporary_fd =
            openat(lake->fd, temporary_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (lake->temporary_fd < 0) {
        error_set_errno(err, errno, "cannot open the lake %s", path);
        lake_close(lake);
        return false;
    }
    sweep(lake->temporary_fd);
    return true;
}

void lake_close(struct lake *lake)
{
    if (lake->temporary_fd >= 0) {
        close(lake->temporary_fd);
    }
    if (lake->fd >= 0) {
        close(lake->fd);
    }
    free(lake->path);
    *lake = (struct lake){.fd = -1, .temporary_fd = -1};
}

bool lake_make_bucket(const struct lake *lake, const char *bucket, struct error *err)
{
    if (!object_check_bucket(bucket, err)) {
        return false;
    }
    if (mkdirat(lake->fd, bucket, FOLDER_MODE) == 0) {
        return fsync(lake->fd) == 0 || error_set_errno(err, errno, "cannot sync %s", lake->path);
    }
    int make_errno = errno;
    struct stat info;
    bool is_there = make_errno == EEXIST &&
                    fstatat(lake->fd, bucket, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISDIR(info.st_mode);
    return is_there ||
           error_set_errno(err, make_errno, "cannot make the bucket %s/%s", lake->path, bucket);
}

/* ---- names to folders */

static bool is_link(int folder, const char *name)
{
    struct stat info;
    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
}

static bool fail_open(const struct lake *lake, struct lake_name name, int open_errno,
                      struct error *err)
{
    if (open_errno == ENOENT || open_errno == ENOTDIR) {
        return error_set(err, ERROR_PERMANENT, "not_found", "no object %s/%s in the lake %s",
                         name.bucket, name.key, lake->path);
    }
    return error_set_errno(err, open_errno, "%s/%s/%s", lake->path, name.bucket, name.key);
}

static bool fail_on_link(struct lake_name name, const char *part, struct error *err)
{
    return error_set(
        err, ERROR_PERMANENT, "access_denied",
        "%s/%s: '%s' is a symbolic link or a special file; the lake holds plain files and "
        "folders only, put a copy there",
        name.bucket, name.key, part);
}

/* One step down; gives -1 with err. With is_making a missing folder is made, durably. */
static int step_down(int folder, const char *part, bool is_making)
{
    if (is_making && mkdirat(folder, part, FOLDER_MODE) == 0 && fsync(folder) != 0) {
        return -1;
    }
    return openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool fail_step(const struct lake *lake, struct lake_name name, int folder, const char *part,
                      struct error *err)
{
    int step_errno = errno;
    if (is_link(folder, part)) {
        return fail_on_link(name, part, err);
    }
    return fail_open(lake, name, step_errno, err);
}

/* Opens the folder that holds the last part of bucket/key; *out_leaf points into name.key. */
static bool open_parent(const struct lake *lake, struct lake_name name, bool is_making,
                        int *out_folder, struct error *err)
{
    int folder = step_down(lake->fd, name.bucket, is_making);
    if (folder < 0) {
        return fail_step(lake, name, lake->fd, name.bucket, err);
    }
    struct str rest = str_from(name.key);
    while (memchr(rest.ptr, '/', rest.len) != NULL) {
        struct str part = str_split(rest, '/', &rest);
        char *text = xmemdup0(part.ptr, part.len);
        int next = step_down(folder, text, is_making);
        bool is_open = next >= 0 || fail_step(lake, name, folder, text, err);
        free(text);
        close(folder);
        if (!is_open) {
            return false;
        }
        folder = next;
    }
    *out_folder = folder;
    return true;
}

static const char *leaf_of(const char *key)
{
    const char *slash = strrchr(key, '/');
    return slash == NULL ? key : slash + 1;
}

static bool check_name(struct lake_name name, struct error *err)
{
    return object_check_bucket(name.bucket, err) && object_check_key(name.key, err);
}

bool lake_open_object(const struct lake *lake, struct lake_name name, int *out_fd,
                      struct error *err)
{
    int folder = -1;
    if (!check_name(name, err) || !open_parent(lake, name, false, &folder, err)) {
        return false;
    }
    const char *leaf = leaf_of(name.key);
    int fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_open = fd >= 0 || fail_step(lake, name, folder, leaf, err);
    close(folder);
    struct stat info;
    if (is_open && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        return fail_open(lake, name, ENOENT, err);
    }
    if (is_open) {
        *out_fd = fd;
    }
    return is_open;
}

/* ---- digests */

/* The attribute's text for a file in this state: any change of the file makes it another text. */
static void digest_text(const struct stat *info, const char *hex, char out_text[DIGEST_VALUE_SIZE])
{
    snprintf(out_text, DIGEST_VALUE_SIZE, "%.64s %" PRIdMAX " %" PRIdMAX ".%09ld", hex,
             (intmax_t)info->st_size, (intmax_t)info->st_mtim.tv_sec, info->st_mtim.tv_nsec);
}

static bool load_digest(int fd, const struct stat *info, char out_hex[DIGEST_HEX_SIZE])
{
    char value[DIGEST_VALUE_SIZE] = "";
    char expected[DIGEST_VALUE_SIZE];
    ssize_t length = fgetxattr(fd, digest_attribute, value, sizeof(value) - 1);
    if (length < DIGEST_HEX_SIZE) {
        return false;
    }
    digest_text(info, value, expected);
    if (strcmp(value, expected) != 0 || strspn(value, "0123456789abcdef") != DIGEST_HEX_SIZE - 1) {
        return false;
    }
    memcpy(out_hex, value, DIGEST_HEX_SIZE - 1);
    out_hex[DIGEST_HEX_SIZE - 1] = '\0';
    return true;
}

/* Without attributes the digest is computed again each time: slower, never wrong. */
static void store_digest(int fd, const struct stat *info, const char *hex)
{
    char value[DIGEST_VALUE_SIZE];
    digest_text(info, hex, value);
    fsetxattr(fd, digest_attribute, value, strlen(value), 0);
}

static bool hash_fd(int fd, char out_hex[DIGEST_HEX_SIZE], struct error *err)
{
    struct digest *digest = digest_new();
    char *chunk = xmalloc(LAKE_CHUNK_SIZE);
    off_t position = 0;
    ssize_t got = 0;
    do {
        got = pread(fd, chunk, LAKE_CHUNK_SIZE, position);
        digest_update(digest, chunk, got > 0 ? (size_t)got : 0);
        position += got > 0 ? got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    int read_errno = errno;
    digest_finish_hex(digest, out_hex);
    digest_free(digest);
    free(chunk);
    return got == 0 || error_set_errno(err, read_errno, "cannot read the object");
}

static bool is_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int64_t modified_ms(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000 + info->st_mtim.tv_nsec / 1000000;
}

/* A file that changed a moment ago may change again within the same tick of its clock, unseen: its
 * digest is not kept. */
static bool is_settled(const struct stat *info)
{
    struct clock *clock = clock_system();
    int64_t age_ms = clock->wall_ms(clock) - modified_ms(info);
    return age_ms > SETTLED_AFTER_MS;
}

/* Hashes until the file held still meanwhile; *info becomes the state the digest belongs to. */
static bool find_digest(int fd, struct stat *info, char out_hex[DIGEST_HEX_SIZE], struct error *err)
{
    for (int i = 0; i < HASH_TRIES; i++) {
        struct stat after;
        if (!hash_fd(fd, out_hex, err)) {
            return false;
        }
        if (fstat(fd, &after) != 0) {
            return error_set_errno(err, errno, "cannot look at the object");
        }
        if (is_same_state(info, &after)) {
            if (is_settled(info)) {
                store_digest(fd, info, out_hex);
            }
            return true;
        }
        *info = after;
    }
    return error_set(err, ERROR_TRANSIENT, "changing", "somebody is writing to it right now");
}

static void fill_info(const struct stat *info, const char *key, const char *hex,
                      struct object_info *out_info)
{
    *out_info = (struct object_info){.size_bytes = (uint64_t)info->st_size,
                                     .modified_ms = modified_ms(info)};
    snprintf(out_info->key, sizeof(out_info->key), "%s", key);
    snprintf(out_info->etag, sizeof(out_info->etag), "%s", hex);
    snprintf(out_info->sha256, sizeof(out_info->sha256), "%s", hex);
}

bool lake_describe(int fd, const char *key, struct object_info *out_info, struct error *err)
{
    struct stat info;
    char hex[DIGEST_HEX_SIZE];
    if (fstat(fd, &info) != 0) {
        return error_set_errno(err, errno, "%s", key);
    }
    if (!load_digest(fd, &info, hex) && !find_digest(fd, &info, hex, err)) {
        return error_prefix(err, "%s", key);
    }
    fill_info(&info, key, hex, out_info);
    return true;
}

/* ---- listing */

struct listing {
    struct lake_name prefix;
    struct object_info *items;
    size_t count, capacity;
};

static bool list_folder(struct listing *listing, int folder, const char *base, const char *only,
                        struct error *err);

static struct object_info *add_item(struct listing *listing)
{
    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity == 0 ? 8 : 2 * listing->capacity;
        listing->items =
            xreallocarray(listing->items, listing->capacity, sizeof(listing->items[0]));
    }
    return &listing->items[listing->count++];
}

/* Absent is success: the file was removed while we looked. */
static bool list_file(struct listing *listing, int folder, const char *name, const char *key,
                      struct error *err)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || error_set_errno(err, errno, "cannot open %s", key);
    }
    bool is_known = lake_describe(fd, key, add_item(listing), err);
    close(fd);
    return is_known;
}

static bool list_entry(struct listing *listing, int folder, const char *name, const char *key,
                       struct error *err)
{
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_set_errno(err, errno, "cannot look at %s", key);
    }
    if (!object_check_key(key, err)) {
        return error_prefix(err, "a file in bucket %s cannot be an object, rename or remove it",
                            listing->prefix.bucket);
    }
    if (S_ISREG(info.st_mode)) {
        return list_file(listing, folder, name, key, err);
    }
    if (!S_ISDIR(info.st_mode)) {
        return fail_on_link((struct lake_name){listing->prefix.bucket, key}, name, err);
    }
    int next = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) {
        return errno == ENOENT || error_set_errno(err, errno, "cannot open %s", key);
    }
    char *base = xasprintf("%s/", key);
    bool is_listed = list_folder(listing, next, base, "", err);
    free(base);
    return is_listed;
}

/* Takes the descriptor. Only names that begin with `only` count. */
static bool list_folder(struct listing *listing, int folder, const char *base, const char *only,
                        struct error *err)
{
    DIR *stream = fdopendir(folder);
    if (stream == NULL) {
        int open_errno = errno;
        close(folder);
        return error_set_errno(err, open_errno, "cannot list %s", base);
    }
    bool is_ok = true;
    for (struct dirent *entry = readdir(stream); is_ok && entry != NULL; entry = readdir(stream)) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            strncmp(name, only, strlen(only)) != 0) {
            continue;
        }
        char *key = xasprintf("%s%s", base, name);
        is_ok = list_entry(listing, folder, name, key, err);
        free(key);
    }
    closedir(stream);
    return is_ok;
}

static int compare_items(const void *a, const void *b)
{
    const struct object_info *left = a;
    const struct object_info *right = b;
    return strcmp(left->key, right->key);
}

/* No bucket is an error, no folder below it is an empty list. */
static bool is_empty_list(const struct lake *lake, const char *bucket, struct error *err)
{
    struct stat info;
    if (!error_is(err, "not_found")) {
        return false;
    }
    return fstatat(lake->fd, bucket, &info, AT_SYMLINK_NOFOLLOW) == 0 ||
           error_set(err, ERROR_PERMANENT, "not_found", "no bucket %s in the lake %s", bucket,
                     lake->path);
}

bool lake_list(const struct lake *lake, struct lake_name prefix, struct object_info **out_items,
               size_t *out_count, struct error *err)
{
    struct listing listing = {.prefix = prefix};
    int folder = -1;
    if (!object_check_prefix(prefix.bucket, prefix.key, err)) {
        return false;
    }
    if (!open_parent(lake, prefix, false, &folder, err)) {
        if (!is_empty_list(lake, prefix.bucket, err)) {
            return false;
        }
        *out_items = NULL;
        *out_count = 0;
        return true;
    }
    const char *only = leaf_of(prefix.key);
    char *base = xmemdup0(prefix.key, (size_t)(only - prefix.key));
    bool is_listed = list_folder(&listing, folder, base, only, err);
    free(base);
    if (!is_listed) {
        free(listing.items);
        return false;
    }
    if (listing.count > 0) {
        qsort(listing.items, listing.count, sizeof(listing.items[0]), compare_items);
    }
    *out_items = listing.items;
    *out_count = listing.count;
    return true;
}

/* ---- writing */

static void make_temporary_name(char out_name[24])
{
    snprintf(out_name, 24, "%016" PRIx64, random_system_seed());
}

/* Between creating and locking it a sweeper may have taken the file for an abandoned one: then its
 * name is gone, and another is tried. */
static bool is_still_named(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_nlink > 0;
}

bool lake_create(const struct lake *lake, struct lake_file *out_file, struct error *err)
{
    struct lake_file file = {.fd = -1};
    do {
        if (file.fd >= 0) {
            close(file.fd);
        }
        make_temporary_name(file.name);
        file.fd = openat(lake->temporary_fd, file.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                         OBJECT_MODE);
        if (file.fd < 0) {
            return error_set_errno(err, errno, "cannot create a file in %s/%s", lake->path,
                                   temporary_folder);
        }
        flock(file.fd, LOCK_EX);
    } while (!is_still_named(file.fd));
    file.digest = digest_new();
    *out_file = file;
    return true;
}

bool lake_write(struct lake_file *file, struct str data, struct error *err)
{
    digest_update(file->digest, data.ptr, data.len);
    return file_write_all(file->fd, data, err);
}

static void forget_file(struct lake_file *file)
{
    close(file->fd);
    digest_free(file->digest);
    *file = (struct lake_file){.fd = -1};
}

void lake_discard(const struct lake *lake, struct lake_file *file)
{
    if (file->fd >= 0) {
        unlinkat(lake->temporary_fd, file->name, 0);
        forget_file(file);
    }
}

/* Moves lake/.tmp/<temporary> to its place, durably. */
static bool move_into_place(const struct lake *lake, const char *temporary, struct lake_name name,
                            struct error *err)
{
    int folder = -1;
    if (!open_parent(lake, name, true, &folder, err)) {
        if (error_is(err, "not_found")) {
            error_set(err, ERROR_PERMANENT, "bad_key",
                      "%s/%s: a part of this key is an object itself; choose another key",
                      name.bucket, name.key);
        }
        return false;
    }
    bool is_moved = renameat(lake->temporary_fd, temporary, folder, leaf_of(name.key)) == 0;
    bool is_synced = is_moved && fsync(folder) == 0;
    int move_errno = errno;
    close(folder);
    if (!is_moved && (move_errno == EISDIR || move_errno == ENOTEMPTY || move_errno == EEXIST)) {
        return error_set(err, ERROR_PERMANENT, "bad_key",
                         "%s/%s is a folder in the lake; choose another key", name.bucket,
                         name.key);
    }
    return is_synced ||
           error_set_errno(err, move_errno, "%s/%s/%s", lake->path, name.bucket, name.key);
}

static bool seal(struct lake_file *file, struct lake_name name, struct object_info *out_info,
                 struct error *err)
{
    char hex[DIGEST_HEX_SIZE];
    struct stat info;
    digest_finish_hex(file->digest, hex);
    if (fstat(file->fd, &info) != 0) {
        return error_set_errno(err, errno, "%s/%s", name.bucket, name.key);
    }
    store_digest(file->fd, &info, hex);
    fill_info(&info, name.key, hex, out_info);
    return fsync(file->fd) == 0 || error_set_errno(err, errno, "%s/%s", name.bucket, name.key);
}

bool lake_publish(const struct lake *lake, struct lake_file *file, struct lake_name name,
                  struct object_info *out_info, struct error *err)
{
    struct object_info info;
    bool is_published = check_name(name, err) && seal(file, name, &info, err) &&
                        move_into_place(lake, file->name, name, err);
    if (!is_published) {
        lake_discard(lake, file);
        return false;
    }
    forget_file(file);
    *out_info = info;
    return true;
}

bool lake_remove(const struct lake *lake, struct lake_name name, struct error *err)
{
    int folder = -1;
    if (!check_name(name, err)) {
        return false;
    }
    if (!open_parent(lake, name, false, &folder, err)) {
        return error_is(err, "not_found");
    }
    bool is_removed = unlinkat(folder, leaf_of(name.key), 0) == 0 || errno == ENOENT ||
                      errno == EISDIR; /* a folder is no object: there is nothing to remove */
    is_removed = is_removed && fsync(folder) == 0;
    int remove_errno = errno;
    close(folder);
    return is_removed ||
           error_set_errno(err, remove_errno, "cannot remove %s/%s", name.bucket, name.key);
}

/* ---- copies */

/* By the descriptor, so that the link is to the very file that was checked. */
static bool link_fd(int fd, int to_folder, const char *to_name)
{
    char path[PATH_TEXT_SIZE];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, to_folder, to_name, AT_SYMLINK_FOLLOW) == 0;
}

typedef bool (*sink_fn)(void *context, struct str data, struct error *err);

static bool pump(int fd, sink_fn sink, void *context, struct error *err)
{
    char *chunk = xmalloc(LAKE_CHUNK_SIZE);
    bool is_ok = true;
    ssize_t got = 0;
    do {
        got = read(fd, chunk, LAKE_CHUNK_SIZE);
        if (got < 0 && errno != EINTR) {
            is_ok = error_set_errno(err, errno, "cannot read the object");
        } else if (got > 0) {
            is_ok = sink(context, (struct str){chunk, (size_t)got}, err);
        }
    } while (is_ok && got != 0);
    free(chunk);
    return is_ok;
}

static bool write_to_lake(void *context, struct str data, struct error *err)
{
    return lake_write(context, data, err);
}

static bool write_to_fd(void *context, struct str data, struct error *err)
{
    return file_write_all(*(const int *)context, data, err);
}

static bool copy_content(const struct lake *lake, int source, struct lake_name to,
                         struct object_info *out_info, struct error *err)
{
    struct lake_file file;
    if (!lake_create(lake, &file, err)) {
        return false;
    }
    if (!pump(source, write_to_lake, &file, err)) {
        lake_discard(lake, &file);
        return false;
    }
    return lake_publish(lake, &file, to, out_info, err);
}

bool lake_put_file(const struct lake *lake, const char *path, struct lake_name to,
                   struct object_info *out_info, struct error *err)
{
    int source = open(path, O_RDONLY | O_CLOEXEC);
    if (source < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    bool is_put = copy_content(lake, source, to, out_info, err);
    close(source);
    return is_put;
}

bool lake_copy(const struct lake *lake, struct lake_name from, struct lake_name to,
               struct error *err)
{
    int source = -1;
    char temporary[24];
    if (!check_name(to, err) || !lake_open_object(lake, from, &source, err)) {
        return false;
    }
    make_temporary_name(temporary);
    flock(source, LOCK_SH); /* the lock is the inode's: it keeps sweepers off the link, too */
    bool is_copied = false;
    if (link_fd(source, lake->temporary_fd, temporary)) {
        is_copied = move_into_place(lake, temporary, to, err);
        /* A rename onto a link of the same file does nothing and leaves the name. */
        unlinkat(lake->temporary_fd, temporary, 0);
    } else {
        struct object_info info;
        is_copied = copy_content(lake, source, to, &info, err);
    }
    close(source);
    return is_copied || error_prefix(err, "copy %s/%s", from.bucket, from.key);
}

static bool copy_to_path(int source, const char *path, struct error *err)
{
    int target = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OBJECT_MODE);
    if (target < 0) {
        return error_set_errno(err, errno, "cannot create %s", path);
    }
    bool is_copied = pump(source, write_to_fd, &target, err);
    if (close(target) != 0 && is_copied) {
        is_copied = error_set_errno(err, errno, "cannot write %s", path);
    }
    return is_copied;
}

bool lake_place(const struct lake *lake, struct lake_name from, const char *path, struct error *err)
{
    int source = -1;
    if (!lake_open_object(lake, from, &source, err)) {
        return false;
    }
    bool is_placed = link_fd(source, AT_FDCWD, path) || copy_to_path(source, path, err);
    close(source);
    return is_placed;
}
