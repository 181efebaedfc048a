/* Packing and unpacking by libarchive. Unpacking reads the file twice: first as one gzip stream
 * within the limits, against its checksum (libarchive does not compare it), then as a tar. */
#include "core/model/model_archive.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/utf8.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, HEAD_BYTES = 64, TRAILER_BYTES = 8, TAR_NAME_SHOWN = 80 };
static const uint64_t RATIO_FREE_BYTES = 1 << 20;
static const char MODEL_NAME[] = "xgboost-model";
static const char SCHEMA_NAME[] = "schema.json";

struct model_archive_limits model_archive_default_limits(void)
{
    return (struct model_archive_limits){.member_bytes = BOOSTER_MODEL_MAX,
                                         .total_bytes = 1ULL << 30,
                                         .members = 1000,
                                         .ratio = 200};
}

void model_archive_files_done(struct model_archive_files *files)
{
    free(files->model);
    free(files->schema);
    *files = (struct model_archive_files){0};
}

/* ---- packing */

static bool write_failed(struct archive *archive, const char *path, struct error *err)
{
    const char *why = archive_error_string(archive);
    int os_errno = archive_errno(archive);
    if (os_errno > 0) {
        return error_set_errno(err, os_errno, "cannot write %s", path);
    }
    return error_set(err, ERROR_TRANSIENT, "archive", "cannot write %s: %s", path,
                     why == NULL ? "unknown reason" : why);
}

static bool write_member(struct archive *archive, const char *name, struct str content)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)content.len);
    archive_entry_set_mtime(entry, 0, 0);
    bool is_written =
        archive_write_header(archive, entry) == ARCHIVE_OK &&
        archive_write_data(archive, content.ptr, content.len) == (la_ssize_t)content.len;
    archive_entry_free(entry);
    return is_written;
}

/* Adds folder/name; an absent optional file is success. */
static bool pack_file(struct archive *archive, const char *folder, const char *name,
                      bool is_optional, struct error *err)
{
    struct buf content;
    char *path = file_join(folder, name);
    bool is_done = is_optional && !file_exists(path);
    if (!is_done) {
        buf_init(&content, BOOSTER_MODEL_MAX);
        is_done = file_read(path, &content, err);
        if (is_done && !write_member(archive, name, buf_str(&content))) {
            is_done = write_failed(archive, name, err);
        }
        buf_done(&content);
    }
    free(path);
    return is_done;
}

static bool pack_into(const char *folder, int fd, const char *path, struct error *err)
{
    struct archive *archive = archive_write_new();
    archive_write_set_format_pax_restricted(archive);
    archive_write_add_filter_gzip(archive);
    archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
    bool is_done =
        archive_write_open_fd(archive, fd) == ARCHIVE_OK || write_failed(archive, path, err);
    is_done = is_done && pack_file(archive, folder, SCHEMA_NAME, true, err) &&
              pack_file(archive, folder, MODEL_NAME, false, err);
    if (is_done && archive_write_close(archive) != ARCHIVE_OK) {
        is_done = write_failed(archive, path, err);
    }
    archive_write_free(archive);
    if (is_done && fsync(fd) != 0) {
        is_done = error_set_errno(err, errno, "cannot write %s", path);
    }
    return is_done;
}

bool model_archive_pack(const char *model_folder, const char *archive_path, struct error *err)
{
    char *temporary = xasprintf("%s.tmp-XXXXXX", archive_path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(err, errno, "cannot create a file beside %s", archive_path);
        free(temporary);
        return false;
    }
    fchmod(fd, 0644);
    bool is_packed = pack_into(model_folder, fd, archive_path, err);
    close(fd);
    if (is_packed && rename(temporary, archive_path) != 0) {
        is_packed = error_set_errno(err, errno, "cannot rename %s to %s", temporary, archive_path);
    }
    if (!is_packed) {
        unlink(temporary);
    }
    free(temporary);
    return is_packed;
}

/* ---- unpacking, first pass: the gzip stream as a whole */

static bool bad_archive(const char *why, struct error *err)
{
    struct buf shown;
    buf_init(&shown, ERROR_MESSAGE_SIZE);
    utf8_append_printable(&shown, str_from(why == NULL ? "unreadable" : why));
    error_set(err, ERROR_PERMANENT, "bad_archive", "model.tar.gz: %s", buf_text(&shown));
    buf_done(&shown);
    return false;
}

static bool too_large(const char *what, uint64_t limit, struct error *err)
{
    return error_set(err, ERROR_PERMANENT, "archive_too_large",
                     "model.tar.gz: %s above the limit of %llu", what, (unsigned long long)limit);
}

/* CRC-32 as in RFC 1952, four bits at a time. */
static uint32_t crc32_update(uint32_t crc, const unsigned char *ptr, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < len; i++) {
        crc ^= ptr[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return crc;
}

/* What the gzip header and trailer say, and the size of the file. */
struct gzip_frame {
    uint64_t packed_bytes;
    uint32_t crc;
    uint32_t size; /* modulo 2^32 */
};

static uint32_t little_endian(const unsigned char *ptr)
{
    return (uint32_t)ptr[0] | (uint32_t)ptr[1] << 8 | (uint32_t)ptr[2] << 16 |
           (uint32_t)ptr[3] << 24;
}

static bool read_frame(int fd, const char *path, struct gzip_frame *out_frame, struct error *err)
{
    struct stat info;
    unsigned char head[2];
    unsigned char trailer[TRAILER_BYTES];
    if (fstat(fd, &info) != 0) {
        return error_set_errno(err, errno, "cannot read %s", path);
    }
    if (!S_ISREG(info.st_mode) || info.st_size < TRAILER_BYTES + 2) {
        return bad_archive("too short to be an archive", err);
    }
    if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
        pread(fd, trailer, sizeof(trailer), info.st_size - TRAILER_BYTES) != sizeof(trailer)) {
        return error_set_errno(err, errno, "cannot read %s", path);
    }
    if (head[0] != 0x1f || head[1] != 0x8b) {
        return bad_archive("not compressed by gzip", err);
    }
    *out_frame = (struct gzip_frame){(uint64_t)info.st_size, little_endian(trailer),
                                     little_endian(trailer + 4)};
    return true;
}

static bool check_volume(uint64_t total, const struct gzip_frame *frame,
                         const struct model_archive_limits *limits, struct error *err)
{
    if (total > limits->total_bytes) {
        return too_large("unpacked bytes", limits->total_bytes, err);
    }
    if (total > RATIO_FREE_BYTES && total / limits->ratio > frame->packed_bytes) {
        return too_large("ratio of unpacked to packed bytes", limits->ratio, err);
    }
    return true;
}

static bool check_stream(struct archive *archive, const struct gzip_frame *frame,
                         const struct model_archive_limits *limits, struct error *err)
{
    struct archive_entry *entry = NULL;
    unsigned char *block = xmalloc(BLOCK);
    uint32_t crc = UINT32_MAX;
    uint64_t total = 0;
    bool is_good = archive_read_next_header(archive, &entry) == ARCHIVE_OK;
    la_ssize_t got = is_good ? archive_read_data(archive, block, BLOCK) : -1;
    is_good = true;
    while (is_good && got > 0) {
        crc = crc32_update(crc, block, (size_t)got);
        total += (uint64_t)got;
        is_good = check_volume(total, frame, limits, err);
        got = is_good ? archive_read_data(archive, block, BLOCK) : 0;
    }
    free(block);
    if (is_good && got < 0) {
        return bad_archive(archive_error_string(archive), err);
    }
    if (is_good && (~crc != frame->crc || (uint32_t)total != frame->size)) {
        return bad_archive("wrong checksum: the file is damaged or truncated", err);
    }
    return is_good;
}

static bool with_reader(int fd, bool is_tar, struct archive **out_archive, struct error *err)
{
    struct archive *archive = archive_read_new();
    archive_read_support_filter_gzip(archive);
    if (is_tar) {
        archive_read_support_format_tar(archive);
    } else {
        archive_read_support_format_raw(archive);
    }
    if (lseek(fd, 0, SEEK_SET) != 0 || archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK) {
        bad_archive(archive_error_string(archive), err);
        archive_read_free(archive);
        return false;
    }
    *out_archive = archive;
    return true;
}

static bool verify_gzip(int fd, const char *path, const struct model_archive_limits *limits,
                        struct error *err)
{
    struct gzip_frame frame = {0};
    struct archive *archive = NULL;
    if (!read_frame(fd, path, &frame, err) || !with_reader(fd, false, &archive, err)) {
        return false;
    }
    bool is_good = check_stream(archive, &frame, limits, err);
    archive_read_free(archive);
    return is_good;
}

/* ---- unpacking, second pass: the tar's members */

struct unpacking {
    const char *folder;
    const struct model_archive_limits *limits;
    struct archive *archive;
    struct model_archive_files files;
};

static bool unsafe(const char *name, const char *why, struct error *err)
{
    struct buf shown;
    struct str s = str_from(name);
    buf_init(&shown, ERROR_MESSAGE_SIZE);
    utf8_append_printable(&shown,
                          (struct str){s.ptr, s.len < TAR_NAME_SHOWN ? s.len : TAR_NAME_SHOWN});
    error_set(err, ERROR_PERMANENT, "unsafe_archive", "model.tar.gz: member \"%s\" %s",
              buf_text(&shown), why);
    buf_done(&shown);
    return false;
}

/* The name without "./" in front and "/" behind (empty for the root folder), if it is safe. */
static bool safe_name(struct archive_entry *entry, struct str *out_name, struct error *err)
{
    const char *text = archive_entry_pathname(entry);
    struct str name = str_from(text);
    bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
    if (text == NULL) {
        return unsafe("?", "has no readable name", err);
    }
    if (str_starts_with(name, STR("./"))) {
        name = (struct str){name.ptr + 2, name.len - 2};
    }
    if (is_folder && str_ends_with(name, STR("/"))) {
        name.len--;
    }
    if (is_folder && (name.len == 0 || str_eq(name, STR(".")))) {
        *out_name = STR("");
        return true;
    }
    if (!file_is_safe_relative(name)) {
        return unsafe(text, "has an unsafe name (absolute, \"..\" or control bytes)", err);
    }
    *out_name = name;
    return true;
}

static bool copy_member(struct unpacking *unpacking, int fd, uint64_t *out_size, struct buf *head,
                        struct error *err)
{
    uint64_t size = 0;
    char *block = xmalloc(BLOCK);
    la_ssize_t got = 0;
    bool is_good = true;
    while (is_good && (got = archive_read_data(unpacking->archive, block, BLOCK)) > 0) {
        size += (uint64_t)got;
        size_t wanted = HEAD_BYTES - head->len;
        buf_append(head, block, (size_t)got < wanted ? (size_t)got : wanted);
        is_good = size <= unpacking->limits->member_bytes
                      ? file_write_all(fd, (struct str){block, (size_t)got}, err)
                      : too_large("bytes of a member", unpacking->limits->member_bytes, err);
    }
    if (is_good && got < 0) {
        is_good = bad_archive(archive_error_string(unpacking->archive), err);
    }
    free(block);
    *out_size = size;
    return is_good;
}

static bool write_out(struct unpacking *unpacking, const char *path, uint64_t *out_size,
                      struct buf *head, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot create %s", path);
    }
    bool is_good = copy_member(unpacking, fd, out_size, head, err);
    if (close(fd) != 0 && is_good) {
        is_good = error_set_errno(err, errno, "cannot write %s", path);
    }
    return is_good;
}

static bool take_model(struct unpacking *unpacking, struct error *err)
{
    struct model_archive_files *files = &unpacking->files;
    struct buf head;
    if (files->model != NULL) {
        return error_set(err, ERROR_PERMANENT, "two_models",
                         "model.tar.gz holds more than one %s* (a k-fold training?): which one to "
                         "use cannot be told",
                         MODEL_NAME);
    }
    buf_init(&head, HEAD_BYTES);
    files->model = file_join(unpacking->folder, MODEL_NAME);
    bool is_good = write_out(unpacking, files->model, &files->model_bytes, &head, err) &&
                   model_format_detect(buf_str(&head), &files->format, err);
    buf_done(&head);
    return is_good;
}

static bool take_schema(struct unpacking *unpacking, struct error *err)
{
    uint64_t size = 0;
    struct buf head;
    if (unpacking->files.schema != NULL) {
        return bad_archive("holds schema.json twice", err);
    }
    buf_init(&head, HEAD_BYTES);
    unpacking->files.schema = file_join(unpacking->folder, SCHEMA_NAME);
    bool is_good = write_out(unpacking, unpacking->files.schema, &size, &head, err);
    buf_done(&head);
    return is_good;
}

static bool take_member(struct unpacking *unpacking, struct archive_entry *entry, struct error *err)
{
    struct str name = STR("");
    if (!safe_name(entry, &name, err)) {
        return false;
    }
    bool is_link = archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL;
    bool is_regular = archive_entry_filetype(entry) == AE_IFREG;
    if (is_link || (!is_regular && archive_entry_filetype(entry) != AE_IFDIR)) {
        return unsafe(archive_entry_pathname(entry), "is a link, a device or a pipe", err);
    }
    bool is_at_root = name.len > 0 && memchr(name.ptr, '/', name.len) == NULL;
    if (!is_regular || !is_at_root) {
        return true;
    }
    if (str_starts_with(name, str_from(MODEL_NAME))) {
        return take_model(unpacking, err);
    }
    return !str_eq(name, str_from(SCHEMA_NAME)) || take_schema(unpacking, err);
}

static bool take_members(struct unpacking *unpacking, struct error *err)
{
    struct archive_entry *entry = NULL;
    uint64_t members = 0;
    int status = ARCHIVE_OK;
    while ((status = archive_read_next_header(unpacking->archive, &entry)) == ARCHIVE_OK) {
        if (++members > unpacking->limits->members) {
            return too_large("number of members", unpacking->limits->members, err);
        }
        if (!take_member(unpacking, entry, err)) {
            return false;
        }
    }
    if (status != ARCHIVE_EOF) {
        return bad_archive(archive_error_string(unpacking->archive), err);
    }
    return unpacking->files.model != NULL ||
           error_set(err, ERROR_PERMANENT, "no_model", "model.tar.gz has no file %s* at its root",
                     MODEL_NAME);
}

static bool unpack_fd(int fd, const char *path, struct unpacking *unpacking, struct error *err)
{
    if (!verify_gzip(fd, path, unpacking->limits, err) ||
        !with_reader(fd, true, &unpacking->archive, err)) {
        return false;
    }
    if (mkdir(unpacking->folder, 0700) != 0) {
        error_set_errno(err, errno, "cannot create the folder %s", unpacking->folder);
        archive_read_free(unpacking->archive);
        return false;
    }
    bool is_good = take_members(unpacking, err);
    archive_read_free(unpacking->archive);
    if (!is_good) {
        struct error ignored; /* the first failure is the one to report */
        file_remove_tree(unpacking->folder, &ignored);
    }
    return is_good;
}

bool model_archive_unpack(const char *archive_path, const char *folder,
                          const struct model_archive_limits *limits,
                          struct model_archive_files *out_files, struct error *err)
{
    struct unpacking unpacking = {.folder = folder, .limits = limits};
    int fd = open(archive_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", archive_path);
    }
    bool is_good = unpack_fd(fd, archive_path, &unpacking, err);
    close(fd);
    if (!is_good) {
        model_archive_files_done(&unpacking.files);
        return false;
    }
    *out_files = unpacking.files;
    return true;
}
