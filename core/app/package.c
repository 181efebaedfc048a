/* The zip, written by libarchive into memory. */
#include "core/app/package.h"

#include "core/app/package_files.h"
#include "core/aws/authorities.h"
#include "core/base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

static la_ssize_t append(struct archive *archive, void *context, const void *bytes, size_t len)
{
    (void)archive;
    return buf_append(context, bytes, len) ? (la_ssize_t)len : -1;
}

static bool fail(struct archive *archive, const char *name, struct error *err)
{
    const char *why = archive_error_string(archive);
    return error_set(err, ERROR_PERMANENT, "package_too_large", "%s: cannot be packed: %s", name,
                     why == NULL ? "too large" : why);
}

/* No time is set: a zip then says 1980-01-01 in every time zone. The owner is root. */
static bool write_file(struct archive *archive, const struct package_file *file, struct error *err)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, file->name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, file->mode);
    archive_entry_set_size(entry, (la_int64_t)file->content.len);
    bool is_written = archive_write_header(archive, entry) == ARCHIVE_OK &&
                      archive_write_data(archive, file->content.ptr, file->content.len) ==
                          (la_ssize_t)file->content.len &&
                      archive_write_finish_entry(archive) == ARCHIVE_OK;
    archive_entry_free(entry);
    return is_written || fail(archive, file->name, err);
}

static bool write_zip(const struct package_files *files, struct buf *zip, struct error *err)
{
    struct archive *archive = archive_write_new();
    bool is_good = archive_write_set_format_zip(archive) == ARCHIVE_OK &&
                   archive_write_set_options(archive, "zip:compression=deflate") == ARCHIVE_OK &&
                   archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
                   archive_write_open(archive, zip, NULL, append, NULL) == ARCHIVE_OK;
    if (!is_good) {
        fail(archive, "zip", err);
    }
    for (size_t i = 0; i < files->count && is_good; i++) {
        is_good = write_file(archive, &files->files[i], err);
    }
    if (is_good && archive_write_close(archive) != ARCHIVE_OK) {
        is_good = fail(archive, "zip", err);
    }
    archive_write_free(archive);
    return is_good;
}

static bool add_authority(void *context, const char *name, struct str pem, struct error *err)
{
    char path[64];
    snprintf(path, sizeof(path), PACKAGE_CA_FOLDER "/%s", name);
    return package_files_add_content(context, path, 0644, pem, err);
}

static bool add_authorities(const struct package_spec *spec, struct package_files *files,
                            struct error *err)
{
    struct buf bundle;
    buf_init(&bundle, PACKAGE_UNPACKED_MAX);
    bool is_added = file_read(spec->ca_file, &bundle, err) &&
                    (authorities_split(buf_str(&bundle), add_authority, files, err) ||
                     error_prefix(err, "%s", spec->ca_file));
    buf_done(&bundle);
    if (!is_added) {
        return error_prefix(err, "certificates of authorities, of the package ca-certificates");
    }
    return *spec->database_ca_file == '\0' ||
           package_files_add(files, PACKAGE_DATABASE_CA_FILE, 0644, spec->database_ca_file, err) ||
           error_prefix(err, "functions.database_ca_file");
}

static bool collect(struct loop *loop, const struct package_spec *spec, struct package_files *files,
                    struct package *package, struct error *err)
{
    return package_files_add(files, "bootstrap", 0755, spec->bootstrap_program, err) &&
           package_files_add(files, "bin/gatehouse-function", 0755, spec->function_program, err) &&
           package_files_add_libraries(files, loop, spec->function_program, &package->architecture,
                                       err) &&
           add_authorities(spec, files, err);
}

static bool check_size(const struct package_files *files, struct package *package,
                       struct error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        package->unpacked_bytes += files->files[i].content.len;
    }
    package->files = files->count;
    return package->unpacked_bytes <= PACKAGE_UNPACKED_MAX ||
           error_set(err, ERROR_PERMANENT, "package_too_large",
                     "%llu bytes when unpacked, Lambda allows %d: use a release build",
                     (unsigned long long)package->unpacked_bytes, PACKAGE_UNPACKED_MAX);
}

bool package_make(struct loop *loop, const struct package_spec *spec, struct package *out_package,
                  struct error *err)
{
    struct package_files files = {.count = 0};
    *out_package = (struct package){.architecture = ""};
    buf_init(&out_package->zip, PACKAGE_UNPACKED_MAX);
    bool is_made =
        collect(loop, spec, &files, out_package, err) && check_size(&files, out_package, err);
    if (is_made) {
        package_files_sort(&files);
        is_made = write_zip(&files, &out_package->zip, err);
    }
    if (is_made) {
        digest_hex(buf_str(&out_package->zip), out_package->sha256);
    }
    package_files_done(&files);
    return is_made;
}

void package_done(struct package *package)
{
    buf_done(&package->zip);
}
