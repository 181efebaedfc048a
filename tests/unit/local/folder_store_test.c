/* The object store on a folder: whole objects, digests, names that stay inside, faults. */
#include "core/local/folder_store.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

struct fixture {
    char *folder;
    struct loop *loop;
    struct object_store *store;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    fixture->folder = test_folder_new();
    fixture->loop = loop_new();
    fixture->store = folder_store_new(fixture->loop, fixture->folder, &fixture->err);
    assert_non_null(fixture->store);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    object_store_free(fixture->store);
    loop_free(fixture->loop);
    test_folder_free(fixture->folder);
    free(fixture);
    return 0;
}

/* ---- straight-line forms; each gives the operation's success */

static bool put(struct fixture *fixture, const char *bucket, const char *key, struct str content,
                struct object_info *out_info)
{
    struct object_writer writer = {.bucket = bucket, .key = key};
    object_create_start(fixture->store, &writer);
    if (!loop_await(fixture->loop, &writer.op, &fixture->err)) {
        return false;
    }
    object_write_start(&writer, content);
    bool is_ok = loop_await(fixture->loop, &writer.op, &fixture->err);
    if (!is_ok) {
        struct error ignored;
        object_abort_start(&writer);
        assert_true(loop_await(fixture->loop, &writer.op, &ignored));
        return false;
    }
    object_commit_start(&writer);
    is_ok = loop_await(fixture->loop, &writer.op, &fixture->err);
    assert_null(writer.handle);
    if (is_ok && out_info != NULL) {
        *out_info = writer.info;
    }
    return is_ok;
}

static bool head(struct fixture *fixture, const char *bucket, const char *key,
                 struct object_info *out_info)
{
    struct object_head req = {.bucket = bucket, .key = key};
    object_head_start(fixture->store, &req);
    bool is_ok = loop_await(fixture->loop, &req.op, &fixture->err);
    if (is_ok && out_info != NULL) {
        *out_info = req.info;
    }
    return is_ok;
}

/* Reads what `reader` asks for; gives the content, or NULL. */
static char *get(struct fixture *fixture, struct object_reader *reader)
{
    struct buf content;
    buf_init(&content, SIZE_MAX / 4);
    object_open_start(fixture->store, reader);
    bool is_ok = loop_await(fixture->loop, &reader->op, &fixture->err);
    while (is_ok) {
        object_read_start(reader);
        is_ok = loop_await(fixture->loop, &reader->op, &fixture->err);
        if (is_ok && reader->chunk.len == 0) {
            break;
        }
        if (is_ok) {
            buf_append_str(&content, reader->chunk);
        }
    }
    object_close(reader);
    char *text = buf_take(&content);
    if (!is_ok) {
        free(text);
        return NULL;
    }
    return text;
}

static void expect_content(struct fixture *fixture, const char *bucket, const char *key,
                           const char *expected)
{
    struct object_reader reader = {.bucket = bucket, .key = key};
    char *text = get(fixture, &reader);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static bool list(struct fixture *fixture, const char *bucket, const char *prefix,
                 char out_keys[512])
{
    struct object_list req = {.bucket = bucket, .prefix = prefix};
    object_list_start(fixture->store, &req);
    bool is_ok = loop_await(fixture->loop, &req.op, &fixture->err);
    out_keys[0] = '\0';
    for (size_t i = 0; is_ok && i < req.count; i++) {
        assert_int_equal(strlen(req.items[i].etag), 64);
        strcat(out_keys, req.items[i].key);
        strcat(out_keys, " ");
    }
    object_list_done(&req);
    return is_ok;
}

static void expect_no_temporary_files(struct fixture *fixture)
{
    assert_int_equal(test_folder_count(fixture->folder, ".tmp"), 0);
}

/* A pattern that differs from MiB to MiB. */
static char *make_content(size_t size)
{
    char *content = xmalloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        content[i] = (char)('a' + (i * 7 + i / 4093) % 26);
    }
    content[size] = '\0';
    return content;
}

/* ---- behaviours */

static void what_is_written_is_read_back_with_its_digest(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[] = {0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 17};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *content = make_content(sizes[i]);
        char expected[DIGEST_HEX_SIZE];
        struct object_info info, again;
        digest_hex((struct str){content, sizes[i]}, expected);
        assert_true(put(fixture, "raw", "a/b.csv", (struct str){content, sizes[i]}, &info));
        assert_string_equal(info.sha256, expected);
        assert_string_equal(info.etag, expected);
        assert_string_equal(info.key, "a/b.csv");
        assert_int_equal(info.size_bytes, sizes[i]);
        assert_true(head(fixture, "raw", "a/b.csv", &again));
        assert_memory_equal(&info, &again, sizeof(info));
        expect_content(fixture, "raw", "a/b.csv", content);
        free(content);
    }
    expect_no_temporary_files(fixture);
}

static void many_small_writes_make_one_object(void **state)
{
    struct fixture *fixture = *state;
    struct object_writer writer = {.bucket = "raw", .key = "lines"};
    char *content = make_content(2 * MIB + 500);
    object_create_start(fixture->store, &writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    for (size_t at = 0; at < 2 * MIB + 500; at += 500) {
        size_t length = 2 * MIB + 500 - at < 500 ? 2 * MIB + 500 - at : 500;
        object_write_start(&writer, (struct str){content + at, length});
        assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    }
    struct object_head before = {.bucket = "raw", .key = "lines"};
    object_head_start(fixture->store, &before);
    assert_false(loop_await(fixture->loop, &before.op, &fixture->err)); /* not there until commit */
    object_commit_start(&writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    expect_content(fixture, "raw", "lines", content);
    free(content);
}

static void an_aborted_object_leaves_nothing_and_the_old_one_stays(void **state)
{
    struct fixture *fixture = *state;
    assert_true(put(fixture, "raw", "k", STR("old"), NULL));
    struct object_writer writer = {.bucket = "raw", .key = "k"};
    char *content = make_content(3 * MIB);
    object_create_start(fixture->store, &writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    object_write_start(&writer, (struct str){content, 3 * MIB});
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    object_abort_start(&writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    assert_null(writer.handle);
    expect_content(fixture, "raw", "k", "old");
    expect_no_temporary_files(fixture);
    object_abort_start(&writer); /* nothing is open any more: still a success */
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    free(content);
}

static void a_range_is_read_exactly(void **state)
{
    struct fixture *fixture = *state;
    char *content = make_content(3 * MIB);
    assert_true(put(fixture, "raw", "k", (struct str){content, 3 * MIB}, NULL));
    struct object_reader reader = {
        .bucket = "raw", .key = "k", .offset = MIB - 3, .length = MIB + 9};
    char *text = get(fixture, &reader);
    assert_non_null(text);
    assert_int_equal(strlen(text), MIB + 9);
    assert_memory_equal(text, content + MIB - 3, MIB + 9);
    free(text);
    struct object_reader rest = {.bucket = "raw", .key = "k", .offset = 3 * MIB - 5};
    text = get(fixture, &rest);
    assert_string_equal(text, content + 3 * MIB - 5);
    free(text);
    struct object_reader past = {.bucket = "raw", .key = "k", .offset = 3 * MIB + 1};
    assert_null(get(fixture, &past));
    assert_true(error_is(&fixture->err, "bad_range"));
    free(content);
}

static void if_match_refuses_changed_content(void **state)
{
    struct fixture *fixture = *state;
    struct object_info info;
    assert_true(put(fixture, "raw", "k", STR("one"), &info));
    struct object_reader same = {.bucket = "raw", .key = "k", .if_match = info.etag};
    char *text = get(fixture, &same);
    assert_string_equal(text, "one");
    free(text);
    assert_true(put(fixture, "raw", "k", STR("two"), NULL));
    struct object_reader changed = {.bucket = "raw", .key = "k", .if_match = info.etag};
    assert_null(get(fixture, &changed));
    assert_true(error_is(&fixture->err, "precondition_failed"));
}

static void a_reader_may_be_closed_while_it_reads_ahead(void **state)
{
    struct fixture *fixture = *state;
    char *content = make_content(4 * MIB);
    assert_true(put(fixture, "raw", "k", (struct str){content, 4 * MIB}, NULL));
    free(content);
    struct object_reader reader = {.bucket = "raw", .key = "k"};
    object_open_start(fixture->store, &reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    object_read_start(&reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    object_close(&reader); /* tear_down frees the loop: the fetch must end first */
    assert_null(reader.handle);
    object_close(&reader);
}

static void a_read_that_is_cancelled_closes_its_reader(void **state)
{
    struct fixture *fixture = *state;
    char *content = make_content(4 * MIB);
    assert_true(put(fixture, "raw", "k", (struct str){content, 4 * MIB}, NULL));
    free(content);
    struct object_reader reader = {.bucket = "raw", .key = "k"};
    object_open_start(fixture->store, &reader);
    op_cancel(&reader.op); /* it is short */
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    object_read_start(&reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    object_read_start(&reader); /* waits for what is read ahead */
    op_cancel(&reader.op);
    assert_false(loop_await(fixture->loop, &reader.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
    assert_null(reader.handle);
}

static void an_open_reader_keeps_the_old_content_when_the_object_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    assert_true(put(fixture, "raw", "k", STR("old"), NULL));
    struct object_reader reader = {.bucket = "raw", .key = "k"};
    object_open_start(fixture->store, &reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    assert_true(put(fixture, "raw", "k", STR("new"), NULL));
    object_read_start(&reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    assert_memory_equal(reader.chunk.ptr, "old", 3);
    object_close(&reader);
}

static void a_file_cut_by_hand_while_it_is_read_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    char *content = make_content(4 * MIB);
    test_file_write(fixture->folder, "raw/k", content, 0644);
    free(content);
    char *path = file_join(fixture->folder, "raw/k");
    struct object_reader reader = {.bucket = "raw", .key = "k"};
    object_open_start(fixture->store, &reader);
    assert_true(loop_await(fixture->loop, &reader.op, &fixture->err));
    assert_int_equal(truncate(path, 1 * MIB + 5), 0);
    bool is_ok = true;
    while (is_ok) {
        object_read_start(&reader);
        is_ok = loop_await(fixture->loop, &reader.op, &fixture->err);
        assert_false(is_ok && reader.chunk.len == 0);
    }
    assert_true(error_is(&fixture->err, "changing"));
    assert_int_equal(fixture->err.error_class, ERROR_TRANSIENT);
    object_close(&reader);
    free(path);
}

static void absent_objects_and_buckets_are_not_found(void **state)
{
    struct fixture *fixture = *state;
    char keys[512];
    assert_true(put(fixture, "raw", "folder/k", STR("x"), NULL));
    static const char *const absent[] = {"nothing", "folder", "folder/k/below", "other/k"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_false(head(fixture, "raw", absent[i], NULL));
        assert_true(error_is(&fixture->err, "not_found"));
        assert_int_equal(fixture->err.error_class, ERROR_PERMANENT);
    }
    assert_false(list(fixture, "no-bucket", "", keys));
    assert_true(error_is(&fixture->err, "not_found"));
    assert_true(list(fixture, "raw", "no/such/folder/", keys));
    assert_string_equal(keys, "");
}

static void listing_is_recursive_sorted_and_by_prefix(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"s/b", "s/a/z", "s/a-1", "s/a/b", "t", "s.x", "s/.hidden"};
    char listed[512];
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_true(put(fixture, "raw", keys[i], STR("x"), NULL));
    }
    assert_true(list(fixture, "raw", "", listed));
    assert_string_equal(listed, "s.x s/.hidden s/a-1 s/a/b s/a/z s/b t ");
    assert_true(list(fixture, "raw", "s/", listed));
    assert_string_equal(listed, "s/.hidden s/a-1 s/a/b s/a/z s/b ");
    assert_true(list(fixture, "raw", "s/a", listed));
    assert_string_equal(listed, "s/a-1 s/a/b s/a/z ");
    assert_true(list(fixture, "raw", "s/a/", listed));
    assert_string_equal(listed, "s/a/b s/a/z ");
    assert_false(list(fixture, "raw", "../", listed));
    assert_true(error_is(&fixture->err, "bad_key"));
}

static void a_file_dropped_in_by_hand_is_an_object(void **state)
{
    struct fixture *fixture = *state;
    struct object_info info;
    char expected[DIGEST_HEX_SIZE];
    test_file_write(fixture->folder, "raw/source1/mine.csv", "a,b\n", 0600);
    digest_hex(STR("a,b\n"), expected);
    assert_true(head(fixture, "raw", "source1/mine.csv", &info));
    assert_string_equal(info.sha256, expected);
    expect_content(fixture, "raw", "source1/mine.csv", "a,b\n");
}

static void set_age(const char *path, int64_t seconds)
{
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void a_file_changed_by_hand_gets_a_new_digest(void **state)
{
    struct fixture *fixture = *state;
    struct object_info before, after;
    char expected[DIGEST_HEX_SIZE];
    char *path = file_join(fixture->folder, "raw/k");
    assert_true(put(fixture, "raw", "k", STR("11111"), &before));
    int fd = open(path, O_WRONLY);
    usleep(20000); /* longer than a tick of the file system's clock */
    assert_int_equal(write(fd, "22222", 5), 5);
    close(fd);
    assert_true(head(fixture, "raw", "k", &after));
    digest_hex(STR("22222"), expected);
    assert_string_equal(after.sha256, expected);
    free(path);
}

static void a_settled_file_is_hashed_once(void **state)
{
    struct fixture *fixture = *state;
    struct object_info info;
    char value[256];
    char *path = file_join(fixture->folder, "raw/k");
    test_file_write(fixture->folder, "raw/k", "fresh", 0644);
    if (setxattr(path, "user.test", "x", 1, 0) != 0) {
        free(path);
        skip();
    }
    assert_true(head(fixture, "raw", "k", &info));
    assert_true(getxattr(path, "user.gatehouse.sha256", value, sizeof(value)) < 0);
    set_age(path, 60);
    assert_true(head(fixture, "raw", "k", &info));
    assert_true(getxattr(path, "user.gatehouse.sha256", value, sizeof(value)) > 64);
    assert_memory_equal(value, info.sha256, 64);
    free(path);
}

static void names_cannot_leave_the_lake(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"../x", "/etc/passwd", "a/../../x", "a//b",
                                       "",     "a/",          "a\nb",      "./a"};
    static const char *const buckets[] = {"..", ".tmp", "a/b", "AB", "ab", "", "raw\n"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_false(put(fixture, "raw", keys[i], STR("x"), NULL));
        assert_true(error_is(&fixture->err, "bad_key"));
        assert_false(head(fixture, "raw", keys[i], NULL));
        assert_true(error_is(&fixture->err, "bad_key"));
    }
    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        assert_false(put(fixture, buckets[i], "k", STR("x"), NULL));
        assert_true(error_is(&fixture->err, "bad_key"));
    }
}

static void expect_denied(struct fixture *fixture, const char *key)
{
    struct object_reader reader = {.bucket = "raw", .key = key};
    assert_null(get(fixture, &reader));
    assert_true(error_is(&fixture->err, "access_denied"));
    assert_non_null(strstr(fixture->err.message, "symbolic link"));
}

static void symbolic_links_do_not_lead_out(void **state)
{
    struct fixture *fixture = *state;
    char listed[512];
    char *outside = test_folder_new();
    char *file_link = file_join(fixture->folder, "raw/link");
    char *folder_link = file_join(fixture->folder, "raw/door");
    char *bucket_link = file_join(fixture->folder, "outside");
    test_file_write(outside, "secret", "s", 0644);
    char *secret = file_join(outside, "secret");
    assert_true(put(fixture, "raw", "k", STR("x"), NULL));
    assert_int_equal(symlink(secret, file_link) | symlink(outside, folder_link) |
                         symlink(outside, bucket_link),
                     0);
    expect_denied(fixture, "link");
    expect_denied(fixture, "door/secret");
    assert_false(head(fixture, "outside", "secret", NULL));
    assert_true(error_is(&fixture->err, "access_denied"));
    assert_false(put(fixture, "raw", "door/new", STR("x"), NULL));
    assert_true(error_is(&fixture->err, "access_denied"));
    assert_false(put(fixture, "outside", "new", STR("x"), NULL));
    assert_int_equal(test_folder_count(outside, "."), 1);
    assert_false(list(fixture, "raw", "", listed)); /* never silently without them */
    assert_true(error_is(&fixture->err, "access_denied"));
    assert_true(put(fixture, "raw", "link", STR("mine"), NULL)); /* replaces the link itself */
    char *kept = test_file_read(outside, "secret");
    assert_string_equal(kept, "s");
    expect_no_temporary_files(fixture);
    free(kept);
    free(secret);
    free(file_link);
    free(folder_link);
    free(bucket_link);
    test_folder_free(outside);
}

static void a_key_below_an_object_or_at_a_folder_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_true(put(fixture, "raw", "a/b", STR("x"), NULL));
    assert_false(put(fixture, "raw", "a/b/c", STR("y"), NULL));
    assert_true(error_is(&fixture->err, "bad_key"));
    assert_false(put(fixture, "raw", "a", STR("y"), NULL));
    assert_true(error_is(&fixture->err, "bad_key"));
    expect_content(fixture, "raw", "a/b", "x");
    expect_no_temporary_files(fixture);
}

static bool copy(struct fixture *fixture, const char *from, const char *to)
{
    struct object_copy req = {.bucket = "raw", .key = from, .to_bucket = "other", .to_key = to};
    object_copy_start(fixture->store, &req);
    return loop_await(fixture->loop, &req.op, &fixture->err);
}

static void a_copy_is_an_object_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct object_info from, to;
    assert_true(put(fixture, "raw", "k", STR("one"), &from));
    assert_true(put(fixture, "other", "x/y", STR("before"), NULL));
    assert_true(copy(fixture, "k", "x/y"));
    assert_true(copy(fixture, "k", "x/y")); /* again: rename between links of one file */
    assert_true(head(fixture, "other", "x/y", &to));
    assert_string_equal(to.sha256, from.sha256);
    assert_true(put(fixture, "raw", "k", STR("two"), NULL));
    expect_content(fixture, "other", "x/y", "one");
    assert_false(copy(fixture, "absent", "x/y"));
    assert_true(error_is(&fixture->err, "not_found"));
    expect_content(fixture, "other", "x/y", "one");
    expect_no_temporary_files(fixture);
}

static void removing_is_final_and_absent_is_success(void **state)
{
    struct fixture *fixture = *state;
    assert_true(put(fixture, "raw", "a/k", STR("x"), NULL));
    static const char *const keys[] = {"a/k", "a/k", "a", "no/such"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct object_delete req = {.bucket = "raw", .key = keys[i]};
        object_delete_start(fixture->store, &req);
        assert_true(loop_await(fixture->loop, &req.op, &fixture->err));
    }
    assert_false(head(fixture, "raw", "a/k", NULL));
}

static void a_bucket_is_made_once_and_lists_empty(void **state)
{
    struct fixture *fixture = *state;
    char keys[512];
    for (int i = 0; i < 2; i++) {
        struct object_bucket req = {.bucket = "fresh-bucket"};
        object_bucket_start(fixture->store, &req);
        assert_true(loop_await(fixture->loop, &req.op, &fixture->err));
    }
    assert_true(list(fixture, "fresh-bucket", "", keys));
    assert_string_equal(keys, "");
}

static void only_abandoned_temporary_files_are_swept(void **state)
{
    struct fixture *fixture = *state;
    struct object_writer writer = {.bucket = "raw", .key = "k"};
    test_file_write(fixture->folder, ".tmp/0123456789abcdef", "of a dead process", 0644);
    object_create_start(fixture->store, &writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    assert_int_equal(test_folder_count(fixture->folder, ".tmp"), 2);
    struct object_store *second = folder_store_new(fixture->loop, fixture->folder, &fixture->err);
    assert_non_null(second);
    assert_int_equal(test_folder_count(fixture->folder, ".tmp"), 1);
    object_write_start(&writer, STR("alive"));
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    object_commit_start(&writer);
    assert_true(loop_await(fixture->loop, &writer.op, &fixture->err));
    expect_content(fixture, "raw", "k", "alive");
    object_store_free(second);
}

static void a_write_that_fails_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, small;
    char *content = make_content(6 * MIB);
    assert_true(put(fixture, "raw", "k", STR("old"), NULL));
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 2 * MIB + 100;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    bool is_early = put(fixture, "raw", "k", (struct str){content, 6 * MIB}, NULL);
    bool is_late = put(fixture, "raw", "k", (struct str){content, 2 * MIB + 200}, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(is_early);
    assert_false(is_late);
    assert_non_null(strstr(fixture->err.message, "raw/k"));
    expect_content(fixture, "raw", "k", "old");
    expect_no_temporary_files(fixture);
    free(content);
}

enum { CHILD_OK = 0, CHILD_FAILED = 1, CHILD_SKIPPED = 77 };

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        close(fd);
    }
    return is_written;
}

/* A name space in which we may mount; an ordinary user becomes its root. */
static bool enter_mount_space(void)
{
    if (geteuid() == 0) {
        return unshare(CLONE_NEWNS) == 0;
    }
    char *users = xasprintf("0 %u 1", (unsigned)geteuid());
    char *groups = xasprintf("0 %u 1", (unsigned)getegid());
    bool is_in =
        unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
        write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
    free(users);
    free(groups);
    return is_in;
}

/* In a process of its own with a small file system mounted over the lake's place. */
static int fill_the_disk(const char *folder)
{
    struct fixture fixture = {0};
    if (!enter_mount_space() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=3m") != 0) {
        return CHILD_SKIPPED;
    }
    char *content = make_content(8 * MIB);
    fixture.loop = loop_new();
    fixture.store = folder_store_new(fixture.loop, folder, &fixture.err);
    fixture.folder = xstrdup(folder);
    bool is_right =
        put(&fixture, "raw", "small", STR("kept"), NULL) &&
        !put(&fixture, "raw", "big", (struct str){content, 8 * MIB}, NULL) &&
        error_is(&fixture.err, "disk_full") && fixture.err.error_class == ERROR_TRANSIENT &&
        test_folder_count(folder, ".tmp") == 0 && test_folder_count(folder, "raw") == 1 &&
        put(&fixture, "raw", "again", (struct str){content, MIB}, NULL);
    object_store_free(fixture.store);
    loop_free(fixture.loop);
    free(fixture.folder);
    free(content);
    return is_right ? CHILD_OK : CHILD_FAILED;
}

static void a_full_disk_is_transient_and_leaves_nothing(void **state)
{
    int status = 0;
    (void)state;
    char *folder = test_folder_new();
    pid_t pid = fork();
    if (pid == 0) {
        _exit(fill_the_disk(folder));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    test_folder_free(folder);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPPED) {
        print_message("cannot mount here: skipped\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

static void a_lake_that_cannot_be_made_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    test_file_write(fixture->folder, "file", "x", 0644);
    char *path = file_join(fixture->folder, "file/lake");
    assert_null(folder_store_new(fixture->loop, path, &fixture->err));
    assert_non_null(strstr(fixture->err.message, path));
    free(path);
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_transient_and_leaves_nothing),
        behaviour(what_is_written_is_read_back_with_its_digest),
        behaviour(many_small_writes_make_one_object),
        behaviour(an_aborted_object_leaves_nothing_and_the_old_one_stays),
        behaviour(a_range_is_read_exactly),
        behaviour(if_match_refuses_changed_content),
        behaviour(a_reader_may_be_closed_while_it_reads_ahead),
        behaviour(a_read_that_is_cancelled_closes_its_reader),
        behaviour(an_open_reader_keeps_the_old_content_when_the_object_is_replaced),
        behaviour(a_file_cut_by_hand_while_it_is_read_is_an_error),
        behaviour(absent_objects_and_buckets_are_not_found),
        behaviour(listing_is_recursive_sorted_and_by_prefix),
        behaviour(a_file_dropped_in_by_hand_is_an_object),
        behaviour(a_file_changed_by_hand_gets_a_new_digest),
        behaviour(a_settled_file_is_hashed_once),
        behaviour(names_cannot_leave_the_lake),
        behaviour(symbolic_links_do_not_lead_out),
        behaviour(a_key_below_an_object_or_at_a_folder_is_refused),
        behaviour(a_copy_is_an_object_of_its_own),
        behaviour(removing_is_final_and_absent_is_success),
        behaviour(a_bucket_is_made_once_and_lists_empty),
        behaviour(only_abandoned_temporary_files_are_swept),
        behaviour(a_write_that_fails_leaves_nothing),
        behaviour(a_lake_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
