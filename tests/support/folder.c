/* Temporary folders for tests. */
#include "tests/support/folder.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"

#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CONTENT_MAX = 64 << 20 };

char *test_folder_new(void)
{
    char *folder = xstrdup("/tmp/gatehouse-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

void test_folder_free(char *folder)
{
    struct error err;
    assert_true(file_remove_tree(folder, &err));
    free(folder);
}

void test_file_write(const char *folder, const char *name, const char *content, mode_t mode)
{
    struct error err;
    char *path = file_join(folder, name);
    char *copy = xstrdup(path);
    assert_true(file_make_folders(dirname(copy), 0755, &err));
    assert_true(file_write(path, str_from(content), mode, &err));
    free(copy);
    free(path);
}

char *test_file_read(const char *folder, const char *name)
{
    struct error err;
    struct buf content;
    char *path = file_join(folder, name);
    buf_init(&content, CONTENT_MAX);
    bool is_there = file_exists(path);
    if (is_there) {
        assert_true(file_read(path, &content, &err));
    }
    free(path);
    return is_there ? buf_take(&content) : NULL;
}

size_t test_folder_count(const char *folder, const char *name)
{
    size_t count = 0;
    char *path = file_join(folder, name);
    DIR *stream = opendir(path);
    assert_non_null(stream);
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(stream);
    free(path);
    return count;
}
