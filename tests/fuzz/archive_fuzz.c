/* Any bytes as model.tar.gz, or as the tar in it: unpacking ends, stays inside its folder and
 * leaves nothing on failure. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/model_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *entries = opendir(folder);
    assert(entries != NULL);
    while (readdir(entries) != NULL) {
        count++;
    }
    closedir(entries);
    return count;
}

static void check_result(const char *parent, const char *target, bool is_unpacked,
                         struct model_archive_files *files)
{
    assert(count_entries(parent) == (is_unpacked ? 3 : 2));
    if (is_unpacked) {
        assert(count_entries(target) == (files->schema == NULL ? 3U : 4U));
        assert(file_exists(files->model));
        model_archive_files_done(files);
    }
}

/* Mutations would never get past gzip's checksum; so what does not look compressed is compressed
 * here. */
static void write_compressed(int fd, const uint8_t *data, size_t size)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_write_set_format_raw(archive);
    archive_write_add_filter_gzip(archive);
    archive_write_set_filter_option(archive, "gzip", "compression-level", "1");
    archive_write_open_fd(archive, fd);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(archive, entry);
    archive_write_data(archive, data, size);
    archive_write_close(archive);
    archive_write_free(archive);
    archive_entry_free(entry);
}

static void write_input(int fd, const uint8_t *data, size_t size)
{
    struct error err = {0};
    bool is_compressed = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    if (!is_compressed) {
        write_compressed(fd, data, size);
    } else if (!file_write_all(fd, (struct str){(const char *)data, size}, &err)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct model_archive_limits limits = {
        .member_bytes = 1 << 16, .total_bytes = 1 << 20, .members = 50, .ratio = 200};
    struct model_archive_files files = {0};
    struct error err = {0};
    char parent[] = "/tmp/archive-fuzz-XXXXXX";
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (mkdtemp(parent) == NULL || fd < 0) {
        abort();
    }
    write_input(fd, data, size);
    char *path = xasprintf("/proc/self/fd/%d", fd);
    char *target = file_join(parent, "unpacked");
    bool is_unpacked = model_archive_unpack(path, target, &limits, &files, &err);
    check_result(parent, target, is_unpacked, &files);
    assert(file_remove_tree(parent, &err));
    free(target);
    free(path);
    close(fd);
    return 0;
}
