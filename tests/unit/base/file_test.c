/* Files are replaced whole or not at all; names from outside stay inside. */
#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state)
{
    char *folder = xstrdup("/tmp/gatehouse-file-XXXXXX");
    assert_non_null(mkdtemp(folder));
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    struct error err;
    assert_true(file_remove_tree(*state, &err));
    free(*state);
    return 0;
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2; /* . and .. */
}

static void written_file_reads_back_with_its_mode(void **state)
{
    struct error err;
    struct stat info;
    struct buf text;
    char *path = file_join(*state, "a.txt");
    buf_init(&text, 100);
    assert_true(file_write(path, STR("first"), 0600, &err));
    assert_true(file_write(path, STR("second"), 0640, &err));
    assert_true(file_read(path, &text, &err));
    assert_string_equal(buf_text(&text), "second");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(entries(*state), 1);
    buf_done(&text);
    free(path);
}

static void full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    struct error err;
    struct buf text;
    char *path = file_join(*state, "a.txt");
    char *big = xcalloc(1, 100000);
    struct rlimit old, small;
    assert_true(file_write(path, STR("old"), 0600, &err));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){50000, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    assert_false(file_write(path, (struct str){big, 100000}, 0600, &err));
    setrlimit(RLIMIT_FSIZE, &old);
    buf_init(&text, 100);
    assert_true(file_read(path, &text, &err));
    assert_string_equal(buf_text(&text), "old");
    assert_int_equal(entries(*state), 1);
    buf_done(&text);
    free(big);
    free(path);
}

static void file_larger_than_the_limit_is_an_error(void **state)
{
    struct error err = {0};
    struct buf text;
    char *path = file_join(*state, "a.txt");
    assert_true(file_write(path, STR("0123456789"), 0600, &err));
    buf_init(&text, 5);
    assert_false(file_read(path, &text, &err));
    assert_string_equal(err.code, "too_large");
    assert_non_null(strstr(err.message, path));
    buf_done(&text);
    free(path);
}

static void folders_are_made_with_their_parents(void **state)
{
    struct error err;
    char *path = file_join(*state, "a/b/c");
    char *blocked = file_join(*state, "a/file/x");
    char *file = file_join(*state, "a/file");
    assert_true(file_make_folders(path, 0700, &err));
    assert_true(file_make_folders(path, 0700, &err));
    assert_true(file_write(file, STR("x"), 0600, &err));
    assert_false(file_make_folders(blocked, 0700, &err));
    free(path);
    free(blocked);
    free(file);
}

static void removing_a_tree_does_not_follow_links(void **state)
{
    struct error err;
    char *tree = file_join(*state, "tree");
    char *inner = file_join(tree, "link");
    char *outside = file_join(*state, "outside");
    char *kept = file_join(outside, "kept");
    assert_true(file_make_folders(tree, 0700, &err));
    assert_true(file_make_folders(outside, 0700, &err));
    assert_true(file_write(kept, STR("x"), 0600, &err));
    assert_int_equal(symlink(outside, inner), 0);
    assert_true(file_remove_tree(tree, &err));
    assert_false(file_exists(tree));
    assert_true(file_is_absent(tree));
    assert_false(file_is_absent(kept));
    assert_false(file_is_absent("/dev/null/below")); /* no folder: not simply absent */
    assert_true(file_exists(kept));
    assert_true(file_remove_tree(tree, &err));
    free(tree);
    free(inner);
    free(outside);
    free(kept);
}

static void names_that_lead_out_are_unsafe(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "/a",  "a/", "../a", "a/../b", "a//b",
                                      "./a", "a/.", "..", ".",    "a\nb",   "a\x7f"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(file_is_safe_relative(str_from(bad[i])));
    }
    assert_false(file_is_safe_relative((struct str){"a\0b", 3}));
    assert_true(file_is_safe_relative(STR("a/b..c/...d")));
}

static void a_copy_of_a_digest_goes_on_by_itself(void **state)
{
    (void)state;
    struct digest *digest = digest_new();
    char hex[DIGEST_HEX_SIZE], expected[DIGEST_HEX_SIZE];
    digest_update(digest, "ab", 2);
    struct digest *copy = digest_copy(digest);
    digest_update(digest, "c", 1);
    digest_update(copy, "d", 1);
    digest_finish_hex(digest, hex);
    digest_hex(STR("abc"), expected);
    assert_string_equal(hex, expected);
    digest_finish_hex(copy, hex);
    digest_hex(STR("abd"), expected);
    assert_string_equal(hex, expected);
    digest_free(copy);
    digest_free(digest);
}

static void digest_of_a_file_is_that_of_its_bytes(void **state)
{
    struct error err;
    char of_file[DIGEST_HEX_SIZE], of_text[DIGEST_HEX_SIZE];
    char *path = file_join(*state, "a.txt");
    assert_true(file_write(path, STR("abc"), 0600, &err));
    assert_true(digest_file_hex(path, of_file, &err));
    digest_hex(STR("abc"), of_text);
    assert_string_equal(of_file, of_text);
    /* FIPS 180-4, example of one block */
    assert_string_equal(of_text,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_false(digest_file_hex("/nonexistent/file", of_file, &err));
    free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(written_file_reads_back_with_its_mode),
        TEST(full_disk_leaves_the_old_file_and_nothing_else),
        TEST(file_larger_than_the_limit_is_an_error),
        TEST(folders_are_made_with_their_parents),
        TEST(removing_a_tree_does_not_follow_links),
        cmocka_unit_test(names_that_lead_out_are_unsafe),
        TEST(a_copy_of_a_digest_goes_on_by_itself),
        TEST(digest_of_a_file_is_that_of_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
