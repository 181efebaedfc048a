/* What a program needs is asked of its own loader, which will look for it again when it runs. */
#include "core/app/package_files.h"

#include "core/app/package.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/loop/process.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_OUTPUT_MAX = 1 << 20, LIST_DEADLINE_MS = 20000, PATH_SIZE = 4096 };

/* ---- files */

static bool has(const struct package_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->files[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Gives the content to fill, or NULL with err. */
static struct buf *begin_file(struct package_files *files, const char *name, mode_t mode,
                              struct error *err)
{
    if (files->count == PACKAGE_FILES_MAX) {
        error_set(err, ERROR_PERMANENT, "package_too_large", "more than %d files",
                  PACKAGE_FILES_MAX);
        return NULL;
    }
    struct package_file *file = &files->files[files->count++];
    *file = (struct package_file){.name = xstrdup(name), .mode = mode};
    buf_init(&file->content, PACKAGE_UNPACKED_MAX);
    return &file->content;
}

bool package_files_add(struct package_files *files, const char *name, mode_t mode, const char *path,
                       struct error *err)
{
    if (has(files, name)) {
        return true;
    }
    struct buf *content = begin_file(files, name, mode, err);
    return content != NULL && file_read(path, content, err);
}

bool package_files_add_content(struct package_files *files, const char *name, mode_t mode,
                               struct str content, struct error *err)
{
    if (has(files, name)) {
        return true;
    }
    struct buf *copy = begin_file(files, name, mode, err);
    return copy != NULL &&
           (buf_append_str(copy, content) || error_set(err, ERROR_PERMANENT, "package_too_large",
                                                       "%s is larger than Lambda allows", name));
}

static int compare_names(const void *a, const void *b)
{
    const struct package_file *left = a, *right = b;
    return strcmp(left->name, right->name);
}

void package_files_sort(struct package_files *files)
{
    qsort(files->files, files->count, sizeof(files->files[0]), compare_names);
}

void package_files_done(struct package_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].name);
        buf_done(&files->files[i].content);
    }
    files->count = 0;
}

/* ---- the program's own words about itself */

static const char *architecture_of(const Elf64_Ehdr *header)
{
    return header->e_machine == EM_X86_64    ? "x86_64"
           : header->e_machine == EM_AARCH64 ? "arm64"
                                             : NULL;
}

/* The path in PT_INTERP; false when there is none. */
static bool find_loader(struct str elf, const Elf64_Ehdr *header, char out_path[PATH_SIZE])
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t at = header->e_phoff + (uint64_t)i * sizeof(segment);
        if (header->e_phoff > elf.len || at + sizeof(segment) > elf.len) {
            return false;
        }
        memcpy(&segment, elf.ptr + at, sizeof(segment));
        if (segment.p_type != PT_INTERP) {
            continue;
        }
        bool fits = segment.p_offset <= elf.len && segment.p_filesz <= elf.len - segment.p_offset &&
                    segment.p_filesz > 1 && segment.p_filesz < PATH_SIZE;
        if (fits) {
            memcpy(out_path, elf.ptr + segment.p_offset, segment.p_filesz);
            out_path[segment.p_filesz] = '\0';
        }
        return fits && out_path[0] == '/';
    }
    return false;
}

static bool read_program(const char *program, char out_loader[PATH_SIZE],
                         const char **out_architecture, struct error *err)
{
    struct buf elf;
    Elf64_Ehdr header;
    buf_init(&elf, PACKAGE_UNPACKED_MAX);
    bool is_good = file_read(program, &elf, err);
    if (is_good) {
        is_good = elf.len >= sizeof(header);
        memcpy(&header, is_good ? elf.ptr : (const char *)&(Elf64_Ehdr){0}, sizeof(header));
        is_good = memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                  header.e_ident[EI_CLASS] == ELFCLASS64 && architecture_of(&header) != NULL &&
                  header.e_phentsize == sizeof(Elf64_Phdr) &&
                  find_loader(buf_str(&elf), &header, out_loader);
        if (is_good) {
            *out_architecture = architecture_of(&header);
        } else {
            error_set(err, ERROR_PERMANENT, "bad_program",
                      "%s is not a dynamically linked 64-bit program for x86-64 or ARM: see "
                      "local.function_program",
                      program);
        }
    }
    buf_done(&elf);
    return is_good;
}

/* ---- libraries */

/* "libuv.so.1 => /lib/x86_64-linux-gnu/libuv.so.1 (0x00007f...)": what is needed, and where it is.
 * False for a line that names no file: the kernel's own library, the loader. */
static bool parse_library(struct str line, struct str *out_name, struct str *out_path)
{
    const char *arrow = memmem(line.ptr, line.len, " => ", 4);
    if (arrow == NULL) {
        return false;
    }
    *out_name = str_trim((struct str){line.ptr, (size_t)(arrow - line.ptr)});
    struct str rest = {arrow + 4, line.len - (size_t)(arrow + 4 - line.ptr)};
    const char *address = memmem(rest.ptr, rest.len, " (0x", 4);
    *out_path = address == NULL ? rest : (struct str){rest.ptr, (size_t)(address - rest.ptr)};
    return true;
}

static bool add_library(struct package_files *files, struct str name, struct str path,
                        struct error *err)
{
    if (path.len == 0 || path.ptr[0] != '/') {
        return error_set(err, ERROR_PERMANENT, "library_missing",
                         "the library " STR_FMT " is not found", STR_ARG(name));
    }
    const char *slash = memrchr(name.ptr, '/', name.len); /* the loader is named by its path */
    struct str base =
        slash == NULL ? name : (struct str){slash + 1, name.len - (size_t)(slash + 1 - name.ptr)};
    char *in_package = xasprintf("lib/" STR_FMT, STR_ARG(base));
    char *source = xmemdup0(path.ptr, path.len);
    bool is_added = package_files_add(files, in_package, 0644, source, err);
    free(source);
    free(in_package);
    return is_added;
}

/* What glibc loads only when a name of a host is looked up; in one folder with it. */
static bool add_resolvers(struct package_files *files, struct str libc_path, struct error *err)
{
    static const char *const names[] = {"libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"};
    const char *slash = memrchr(libc_path.ptr, '/', libc_path.len);
    bool is_good = true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && is_good; i++) {
        char *path = xasprintf("%.*s/%s", (int)(slash - libc_path.ptr), libc_path.ptr, names[i]);
        is_good = !file_exists(path) || add_library(files, str_from(names[i]), str_from(path), err);
        free(path);
    }
    return is_good;
}

static bool add_listed(struct package_files *files, struct str list, struct error *err)
{
    while (list.len > 0) {
        struct str name, path;
        struct str line = str_split(list, '\n', &list);
        if (!parse_library(line, &name, &path)) {
            continue;
        }
        if (!add_library(files, name, path, err) ||
            (str_eq(name, STR("libc.so.6")) && !add_resolvers(files, path, err))) {
            return false;
        }
    }
    return true;
}

static bool list_libraries(struct package_files *files, struct loop *loop, const char *loader,
                           const char *program, struct error *err)
{
    const char *const argv[] = {loader, "--list", program, NULL};
    struct process process = {
        .argv = argv, .output_limit = LIST_OUTPUT_MAX, .deadline_ms = LIST_DEADLINE_MS};
    process_start(loop, &process);
    bool is_good = loop_await(loop, &process.op, err);
    if (is_good && process.exit_code != 0) {
        is_good = error_set(err, ERROR_PERMANENT, "library_missing", "%s --list %s: %s", loader,
                            program, buf_text(&process.error_tail));
    }
    is_good = is_good && add_listed(files, buf_str(&process.output), err);
    process_done(&process);
    return is_good;
}

bool package_files_add_libraries(struct package_files *files, struct loop *loop,
                                 const char *program, const char **out_architecture,
                                 struct error *err)
{
    char loader[PATH_SIZE];
    return read_program(program, loader, out_architecture, err) &&
           package_files_add(files, "lib/ld.so", 0755, loader, err) &&
           list_libraries(files, loop, loader, program, err);
}
