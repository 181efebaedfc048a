/* The object store port on a small S3: whole objects, parts both ways, and every way out. */
#include "core/aws/s3_store.h"

#include "core/aws/s3_message.h"
#include "core/base/alloc.h"
#include "core/base/random.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/s3_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET "bank-data"

enum { PART = S3_PART_BYTES_MIN };

static int set_up(void **state)
{
    struct s3_scene *f = xcalloc(1, sizeof(*f));
    s3_scene_init(f, BUCKET, &(struct s3_settings){.part_bytes = PART, .parallel = 3});
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct s3_scene *f = *state;
    assert_int_equal(fake_s3_upload_count(f->s3), 0); /* parts that stay are billed */
    s3_scene_done(f);
    free(f);
    return 0;
}

static char *make_bytes(size_t size)
{
    struct random random = {size + 1};
    char *bytes = xmalloc(size + 8);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(bytes + i, &word, 8);
    }
    return bytes;
}

/* ---- writing and reading in one go */

static bool create(struct s3_scene *f, struct object_writer *writer, const char *key,
                   struct error *err)
{
    *writer = (struct object_writer){.bucket = BUCKET, .key = key, .needs_sha256 = true};
    object_create_start(f->store, writer);
    return loop_await(f->loop, &writer->op, err);
}

static bool write_some(struct s3_scene *f, struct object_writer *writer, struct str data,
                       struct error *err)
{
    object_write_start(writer, data);
    return loop_await(f->loop, &writer->op, err);
}

static bool commit(struct s3_scene *f, struct object_writer *writer, struct error *err)
{
    object_commit_start(writer);
    return loop_await(f->loop, &writer->op, err);
}

static void take_back(struct s3_scene *f, struct object_writer *writer)
{
    struct error err;
    object_abort_start(writer);
    assert_true(loop_await(f->loop, &writer->op, &err));
    assert_null(writer->handle);
}

/* In pieces of random sizes. */
static bool write_all(struct s3_scene *f, struct object_writer *writer, struct str data,
                      struct error *err)
{
    struct random random = {data.len};
    while (data.len > 0) {
        size_t piece = random_below(&random, 3 << 20) + 1;
        piece = piece < data.len ? piece : data.len;
        if (!write_some(f, writer, (struct str){data.ptr, piece}, err)) {
            return false;
        }
        data.ptr += piece;
        data.len -= piece;
    }
    return true;
}

static void must_put(struct s3_scene *f, const char *key, struct str data)
{
    struct object_writer writer;
    struct error err;
    char sha256[DIGEST_HEX_SIZE];
    if (!create(f, &writer, key, &err) || !write_all(f, &writer, data, &err) ||
        !commit(f, &writer, &err)) {
        fail_msg("%s: %s", key, err.message);
    }
    digest_hex(data, sha256);
    assert_string_equal(writer.info.sha256, sha256);
    assert_int_equal(writer.info.size_bytes, data.len);
    assert_true(writer.info.etag[0] == '"');
    assert_null(writer.handle);
}

static bool read_into(struct s3_scene *f, struct object_reader *reader, struct buf *out,
                      struct error *err)
{
    object_open_start(f->store, reader);
    bool is_good = loop_await(f->loop, &reader->op, err);
    while (is_good) {
        object_read_start(reader);
        is_good = loop_await(f->loop, &reader->op, err);
        if (!is_good || reader->chunk.len == 0) {
            break;
        }
        buf_append_str(out, reader->chunk);
    }
    object_close(reader);
    return is_good;
}

static void must_read(struct s3_scene *f, const char *key, uint64_t offset, uint64_t length,
                      struct str expected)
{
    struct object_reader reader = {
        .bucket = BUCKET, .key = key, .offset = offset, .length = length};
    struct error err;
    struct buf got;
    buf_init(&got, (size_t)1 << 30);
    if (!read_into(f, &reader, &got, &err)) {
        fail_msg("%s from %llu: %s", key, (unsigned long long)offset, err.message);
    }
    assert_int_equal(got.len, expected.len);
    assert_memory_equal(buf_text(&got), expected.ptr, expected.len);
    buf_done(&got);
}

/* ---- objects of all sizes */

static void objects_of_any_size_come_back_as_they_were(void **state)
{
    struct s3_scene *f = *state;
    static const size_t sizes[] = {0, 1, 4096, PART - 1, PART, PART + 1, 3 * PART + 17, 7 * PART};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *bytes = make_bytes(sizes[i]);
        struct str data = {bytes, sizes[i]};
        must_put(f, "folder/a key+with%odd signs", data);
        struct str kept = fake_s3_get(f->s3, BUCKET, "folder/a key+with%odd signs");
        assert_int_equal(kept.len, data.len);
        must_read(f, "folder/a key+with%odd signs", 0, 0, data);
        free(bytes);
    }
}

static void a_part_of_an_object_is_read(void **state)
{
    struct s3_scene *f = *state;
    size_t size = 2 * (size_t)PART + 100;
    char *bytes = make_bytes(size);
    fake_s3_put(f->s3, BUCKET, "k", (struct str){bytes, size});
    must_read(f, "k", 10, 20, (struct str){bytes + 10, 20});
    must_read(f, "k", PART - 1, 2, (struct str){bytes + PART - 1, 2});
    must_read(f, "k", size - 5, 0, (struct str){bytes + size - 5, 5});
    must_read(f, "k", size - 5, 500, (struct str){bytes + size - 5, 5});
    must_read(f, "k", 7, (uint64_t)PART + 9, (struct str){bytes + 7, (size_t)PART + 9});
    must_read(f, "k", size, 0, STR(""));
    free(bytes);
}

static void only_what_fits_into_one_part_is_put_at_once(void **state)
{
    struct s3_scene *f = *state;
    char *bytes = make_bytes(2 * (size_t)PART);
    must_put(f, "small", (struct str){bytes, PART});
    assert_int_equal(fake_aws_count(f->aws), 1);
    must_put(f, "large", (struct str){bytes, PART + 1});
    assert_int_equal(fake_aws_count(f->aws), 1 + 4); /* begin, two parts, complete */
    free(bytes);
}

/* ---- what is not there, not ours, not the same */

static void expect_open_error(struct s3_scene *f, struct object_reader reader, const char *code,
                              const char *part)
{
    struct error err = {0};
    object_open_start(f->store, &reader);
    assert_false(loop_await(f->loop, &reader.op, &err));
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.message, part));
    assert_null(reader.handle);
    object_close(&reader);
}

static void absent_and_forbidden_objects_are_told_apart(void **state)
{
    struct s3_scene *f = *state;
    fake_s3_put(f->s3, BUCKET, "k", STR("v"));
    expect_open_error(f, (struct object_reader){.bucket = BUCKET, .key = "none"}, "not_found",
                      "s3://" BUCKET "/none");
    expect_open_error(f, (struct object_reader){.bucket = "no-bucket", .key = "k"}, "not_found",
                      "NoSuchBucket");
    fake_s3_fail(f->s3, "GET", 1,
                 (struct fake_answer){.status = 403,
                                      .body = STR("<Error><Code>AccessDenied</Code></Error>")});
    expect_open_error(f, (struct object_reader){.bucket = BUCKET, .key = "k"},
                      "credentials_refused", "s3://" BUCKET "/k");
    expect_open_error(f, (struct object_reader){.bucket = BUCKET, .key = "k", .if_match = "\"v0\""},
                      "precondition_failed", "s3://" BUCKET "/k");
}

static void an_object_that_changes_while_it_is_read_is_found_out(void **state)
{
    struct s3_scene *f = *state;
    size_t size = 6 * (size_t)PART;
    struct object_reader reader = {.bucket = BUCKET, .key = "k"};
    struct error err;
    char *bytes = make_bytes(size);
    fake_s3_put(f->s3, BUCKET, "k", (struct str){bytes, size});
    object_open_start(f->store, &reader);
    assert_true(loop_await(f->loop, &reader.op, &err));
    assert_int_equal(reader.info.size_bytes, size);
    fake_s3_put(f->s3, BUCKET, "k", (struct str){bytes, size});
    bool is_good = true;
    for (int i = 0; i < 3 && is_good; i++) {
        object_read_start(&reader);
        is_good = loop_await(f->loop, &reader.op, &err);
    }
    assert_false(is_good);
    assert_string_equal(err.code, "precondition_failed");
    object_close(&reader);
    free(bytes);
}

static void a_reader_closed_in_the_middle_leaves_nothing(void **state)
{
    struct s3_scene *f = *state;
    size_t size = 6 * (size_t)PART;
    struct object_reader reader = {.bucket = BUCKET, .key = "k"};
    struct error err;
    char *bytes = make_bytes(size);
    fake_s3_put(f->s3, BUCKET, "k", (struct str){bytes, size});
    object_open_start(f->store, &reader);
    assert_true(loop_await(f->loop, &reader.op, &err));
    object_read_start(&reader);
    assert_true(loop_await(f->loop, &reader.op, &err)); /* the next ranges are on their way */
    object_close(&reader);
    assert_null(reader.handle);
    free(bytes);
}

static void cancel_op(void *context)
{
    op_cancel(context);
}

/* The loop stands still until the timer: the server is silent. */
static void must_end_when_cancelled(struct s3_scene *f, struct op *op)
{
    struct error err;
    struct timer *timer = timer_new(f->loop, cancel_op, op);
    timer_arm(timer, 30);
    assert_false(loop_await(f->loop, op, &err));
    assert_int_equal(err.error_class, ERROR_CANCELLED);
    op_cancel(op); /* over: nothing happens */
    timer_free(timer);
}

static void a_call_that_hangs_ends_when_it_is_cancelled(void **state)
{
    struct s3_scene *f = *state;
    struct fake_answer silence = {.fault = FAKE_SILENT};
    struct object_head head = {.bucket = BUCKET, .key = "k"};
    struct object_list list = {.bucket = BUCKET, .prefix = ""};
    fake_s3_fail(f->s3, "HEAD", 1, silence);
    object_head_start(f->store, &head);
    must_end_when_cancelled(f, &head.op);
    fake_s3_fail(f->s3, "GET", 1, silence);
    object_list_start(f->store, &list);
    must_end_when_cancelled(f, &list.op);
    object_list_done(&list);
}

static void a_read_that_hangs_ends_when_it_is_cancelled(void **state)
{
    struct s3_scene *f = *state;
    size_t size = 3 * (size_t)PART;
    char *bytes = make_bytes(size);
    fake_s3_put(f->s3, BUCKET, "k", (struct str){bytes, size});
    for (int at = 1; at <= 3; at++) { /* the request that opens, or a range behind it */
        struct object_reader reader = {.bucket = BUCKET, .key = "k"};
        struct timer *timer = timer_new(f->loop, cancel_op, &reader.op);
        struct error err;
        fake_s3_fail(f->s3, "GET", at, (struct fake_answer){.fault = FAKE_SILENT});
        timer_arm(timer, 200);
        object_open_start(f->store, &reader);
        while (loop_await(f->loop, &reader.op, &err)) {
            object_read_start(&reader);
        }
        assert_int_equal(err.error_class, ERROR_CANCELLED);
        assert_null(reader.handle);
        object_close(&reader);
        timer_free(timer);
    }
    free(bytes);
}

/* ---- trouble while writing */

static void throttled_parts_are_sent_again(void **state)
{
    struct s3_scene *f = *state;
    size_t size = 2 * (size_t)PART + 5;
    char *bytes = make_bytes(size);
    fake_s3_fail(
        f->s3, "PUT", 2,
        (struct fake_answer){.status = 503, .body = STR("<Error><Code>SlowDown</Code></Error>")});
    must_put(f, "k", (struct str){bytes, size});
    must_read(f, "k", 0, 0, (struct str){bytes, size});
    free(bytes);
}

static void a_completion_that_fails_inside_a_200_is_tried_again(void **state)
{
    struct s3_scene *f = *state;
    size_t size = (size_t)PART + 5;
    char *bytes = make_bytes(size);
    fake_s3_fail(f->s3, "POST", 2,
                 (struct fake_answer){
                     .status = 200, .body = STR("  \n<Error><Code>InternalError</Code></Error>")});
    must_put(f, "k", (struct str){bytes, size});
    must_read(f, "k", 0, 0, (struct str){bytes, size});
    free(bytes);
}

/* What a write was given is the caller's again as soon as the write has ended. */
static void written_bytes_are_taken_before_a_write_ends(void **state)
{
    struct s3_scene *f = *state;
    static const size_t pieces[] = {1000, 100000, PART - 1, 3 * (size_t)PART, 7, 2 << 20};
    size_t size = 0;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size += pieces[i];
    }
    struct object_writer writer;
    struct error err;
    char sha256[DIGEST_HEX_SIZE], *bytes = make_bytes(size), *scratch = xmalloc(size);
    size_t at = 0;
    assert_true(create(f, &writer, "k", &err));
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        memcpy(scratch, bytes + at, pieces[i]);
        assert_true(write_some(f, &writer, (struct str){scratch, pieces[i]}, &err));
        memset(scratch, 0xee, pieces[i]);
        at += pieces[i];
    }
    assert_true(commit(f, &writer, &err));
    struct str stored = fake_s3_get(f->s3, BUCKET, "k");
    assert_int_equal(stored.len, size);
    assert_memory_equal(stored.ptr, bytes, size);
    digest_hex((struct str){bytes, size}, sha256);
    assert_string_equal(writer.info.sha256, sha256);
    free(scratch);
    free(bytes);
}

/* Whole parts are sent from where they are; the rest is copied, whatever the pieces are. */
static void bytes_that_stay_in_place_become_the_same_object(void **state)
{
    struct s3_scene *f = *state;
    static const size_t pieces[][4] = {
        {PART},
        {5 * (size_t)PART + 3},
        {PART, PART, PART, 9},
        {17, 2 * (size_t)PART, 100000, PART},
        {PART - 1, 1, 2 * (size_t)PART, 1},
    };
    char sha256[DIGEST_HEX_SIZE];
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct object_writer writer;
        struct error err;
        size_t size = pieces[i][0] + pieces[i][1] + pieces[i][2] + pieces[i][3], at = 0;
        char *bytes = make_bytes(size);
        assert_true(create(f, &writer, "k", &err));
        writer.stays_in_place = true;
        for (size_t j = 0; j < 4; j++) {
            assert_true(write_some(f, &writer, (struct str){bytes + at, pieces[i][j]}, &err));
            at += pieces[i][j];
        }
        assert_true(commit(f, &writer, &err));
        struct str stored = fake_s3_get(f->s3, BUCKET, "k");
        assert_int_equal(stored.len, size);
        assert_memory_equal(stored.ptr, bytes, size);
        digest_hex((struct str){bytes, size}, sha256);
        assert_string_equal(writer.info.sha256, sha256);
        free(bytes);
    }
}

static void an_upload_in_place_can_be_taken_back_while_it_is_on_its_way(void **state)
{
    struct s3_scene *f = *state;
    struct object_writer writer;
    struct error err;
    size_t size = 3 * (size_t)PART;
    char *bytes = make_bytes(size);
    assert_true(create(f, &writer, "k", &err));
    writer.stays_in_place = true;
    assert_true(write_some(f, &writer, (struct str){bytes, size}, &err));
    take_back(f, &writer);
    free(bytes); /* nobody reads it any more */
    assert_int_equal(fake_s3_object_count(f->s3), 0);
}

static void the_digest_of_several_parts_is_told_to_those_who_need_it(void **state)
{
    struct s3_scene *f = *state;
    static const size_t sizes[] = {100, PART + 1};
    for (size_t i = 0; i < 2; i++) {
        struct object_writer writer;
        struct error err;
        char *bytes = make_bytes(sizes[i]);
        assert_true(create(f, &writer, "k", &err));
        writer.needs_sha256 = false;
        assert_true(write_all(f, &writer, (struct str){bytes, sizes[i]}, &err));
        assert_true(commit(f, &writer, &err));
        assert_int_equal(writer.info.sha256[0] == '\0', sizes[i] > PART);
        free(bytes);
    }
}

/* Whatever request of an upload is refused: an error, no object, no parts. */
static void a_refusal_anywhere_leaves_nothing_behind(void **state)
{
    struct s3_scene *f = *state;
    static const struct {
        const char *method;
        int at;
    } calls[] = {{"POST", 1}, {"PUT", 1}, {"PUT", 2}, {"PUT", 3}, {"POST", 2}};
    size_t size = 2 * (size_t)PART + 5;
    char *bytes = make_bytes(size);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct object_writer writer;
        struct error err = {0};
        fake_s3_fail(f->s3, calls[i].method, calls[i].at,
                     (struct fake_answer){.status = 403,
                                          .body = STR("<Error><Code>AccessDenied</Code></Error>")});
        assert_true(create(f, &writer, "k", &err));
        bool is_written =
            write_all(f, &writer, (struct str){bytes, size}, &err) && commit(f, &writer, &err);
        assert_false(is_written);
        assert_string_equal(err.code, "credentials_refused");
        take_back(f, &writer);
        assert_null(fake_s3_get(f->s3, BUCKET, "k").ptr);
        assert_int_equal(fake_s3_upload_count(f->s3), 0);
    }
    free(bytes);
}

static void an_aborted_upload_takes_its_parts_back(void **state)
{
    struct s3_scene *f = *state;
    static const size_t sizes[] = {0, 100, PART + 1, 5 * PART};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct object_writer writer;
        struct error err;
        char *bytes = make_bytes(sizes[i]);
        assert_true(create(f, &writer, "k", &err));
        assert_true(write_all(f, &writer, (struct str){bytes, sizes[i]}, &err));
        take_back(f, &writer);
        assert_int_equal(fake_s3_object_count(f->s3), 0);
        assert_int_equal(fake_s3_upload_count(f->s3), 0);
        free(bytes);
    }
}

static void encryption_is_asked_for_when_an_object_is_made(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    struct object_writer writer = {.bucket = BUCKET, .key = "k"};
    struct object_store *store = s3_store_new(
        f->session, &(struct s3_settings){.encryption = "aws:kms", .kms_key_id = "k1"});
    object_create_start(store, &writer);
    assert_true(loop_await(f->loop, &writer.op, &err));
    assert_true(commit(f, &writer, &err));
    const struct fake_request *request = fake_aws_request(f->aws, 0);
    assert_string_equal(fake_request_header(request, "x-amz-server-side-encryption"), "aws:kms");
    assert_string_equal(fake_request_header(request, "x-amz-server-side-encryption-aws-kms-key-id"),
                        "k1");
    must_read(f, "k", 0, 0, STR(""));
    for (size_t i = 1; i < fake_aws_count(f->aws); i++) {
        request = fake_aws_request(f->aws, i);
        assert_null(fake_request_header(request, "x-amz-server-side-encryption"));
    }
    object_store_free(store);
}

/* ---- the small operations */

static void a_listing_goes_over_all_pages_and_decodes_keys(void **state)
{
    struct s3_scene *f = *state;
    static const char *const keys[] = {"in/a b", "in/c+d", "in/e&<f>\"", "in/g/h", "in/\xc3\xa9%"};
    struct object_list list = {.bucket = BUCKET, .prefix = "in/"};
    struct error err;
    fake_s3_put(f->s3, BUCKET, "another", STR("x"));
    for (size_t i = 0; i < 5; i++) {
        fake_s3_put(f->s3, BUCKET, keys[i], STR("content"));
    }
    fake_s3_put(f->s3, BUCKET, "out/z", STR("x"));
    fake_s3_set_page_size(f->s3, 2);
    object_list_start(f->store, &list);
    assert_true(loop_await(f->loop, &list.op, &err));
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(list.items[i].key, keys[i]);
        assert_int_equal(list.items[i].size_bytes, 7);
        assert_int_equal(list.items[i].modified_ms, 1795361968000);
    }
    assert_true(fake_aws_count(f->aws) >= 3);
    object_list_done(&list);
}

static void an_empty_listing_and_a_missing_bucket_differ(void **state)
{
    struct s3_scene *f = *state;
    struct object_list list = {.bucket = BUCKET, .prefix = ""};
    struct error err = {0};
    object_list_start(f->store, &list);
    assert_true(loop_await(f->loop, &list.op, &err));
    assert_int_equal(list.count, 0);
    object_list_done(&list);
    list.bucket = "no-bucket";
    object_list_start(f->store, &list);
    assert_false(loop_await(f->loop, &list.op, &err));
    assert_string_equal(err.code, "not_found");
    object_list_done(&list);
}

static void head_copy_and_delete_do_what_they_say(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    struct object_head head = {.bucket = BUCKET, .key = "copy"};
    struct object_copy copy = {
        .bucket = BUCKET, .key = "a b/c", .to_bucket = BUCKET, .to_key = "copy"};
    struct object_delete gone = {.bucket = BUCKET, .key = "copy"};
    fake_s3_put(f->s3, BUCKET, "a b/c", STR("content"));
    object_copy_start(f->store, &copy);
    assert_true(loop_await(f->loop, &copy.op, &err));
    object_head_start(f->store, &head);
    assert_true(loop_await(f->loop, &head.op, &err));
    assert_int_equal(head.info.size_bytes, 7);
    assert_string_equal(head.info.key, "copy");
    assert_string_equal(head.info.sha256, ""); /* nobody but its writer could have told */
    object_delete_start(f->store, &gone);
    assert_true(loop_await(f->loop, &gone.op, &err));
    object_delete_start(f->store, &gone); /* absent is success */
    assert_true(loop_await(f->loop, &gone.op, &err));
    object_head_start(f->store, &head);
    assert_false(loop_await(f->loop, &head.op, &err));
    assert_string_equal(err.code, "not_found");
    copy.key = "none";
    object_copy_start(f->store, &copy);
    assert_false(loop_await(f->loop, &copy.op, &err));
    assert_string_equal(err.code, "not_found");
    assert_non_null(strstr(err.message, "s3://" BUCKET "/none"));
}

/* ---- copies of what is too large for one call */

enum { COPY_LIMIT = 800, COPY_SIZE = 2 * COPY_LIMIT + 17 };

static void use_small_copies(struct s3_scene *f)
{
    object_store_free(f->store);
    f->store = s3_store_new(f->session,
                            &(struct s3_settings){.parallel = 3, .copy_limit_bytes = COPY_LIMIT});
    fake_s3_set_copy_max(f->s3, COPY_LIMIT);
    fake_s3_set_part_min(f->s3, 1);
}

static bool copy_sized(struct s3_scene *f, size_t size, struct error *err)
{
    struct object_copy copy = {
        .bucket = BUCKET, .key = "a b/from", .to_bucket = "other", .to_key = "to"};
    char *bytes = make_bytes(size);
    fake_s3_put(f->s3, BUCKET, copy.key, (struct str){bytes, size});
    object_copy_start(f->store, &copy);
    bool is_good = loop_await(f->loop, &copy.op, err);
    struct str got = fake_s3_get(f->s3, "other", "to");
    assert_int_equal(got.ptr != NULL, is_good);
    assert_true(!is_good || (got.len == size && memcmp(got.ptr, bytes, size) == 0));
    assert_int_equal(fake_s3_upload_count(f->s3), 0);
    free(bytes);
    return is_good;
}

static size_t count_requests(struct s3_scene *f, const char *header)
{
    size_t count = 0;
    for (size_t i = 0; i < fake_aws_count(f->aws); i++) {
        count += fake_request_header(fake_aws_request(f->aws, i), header) != NULL;
    }
    return count;
}

static void a_copy_above_the_limit_goes_in_parts(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    use_small_copies(f);
    fake_s3_add_bucket(f->s3, "other");
    assert_true(copy_sized(f, COPY_LIMIT, &err));
    assert_int_equal(fake_aws_count(f->aws), 2);
    assert_int_equal(count_requests(f, "x-amz-copy-source-range"), 0);
    if (!copy_sized(f, COPY_LIMIT + 1, &err) || !copy_sized(f, COPY_SIZE, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(count_requests(f, "x-amz-copy-source-range"), 9 + 17);
}

static void a_source_that_changes_under_a_copy_is_not_mixed(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    use_small_copies(f);
    fake_s3_add_bucket(f->s3, "other");
    fake_s3_change_before_part(f->s3, 5);
    assert_false(copy_sized(f, COPY_SIZE, &err));
    assert_string_equal(err.code, "precondition_failed");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
}

static void a_copy_that_is_refused_anywhere_leaves_nothing_behind(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    static const struct {
        const char *method;
        int at;
    } places[] = {{"HEAD", 1}, {"POST", 1}, {"POST", 2}, {"PUT", 1}, {"PUT", 7}, {"PUT", 17}};
    use_small_copies(f);
    fake_s3_add_bucket(f->s3, "other");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        fake_s3_fail(f->s3, places[i].method, places[i].at,
                     (struct fake_answer){.status = 403,
                                          .body = STR("<Error><Code>InvalidObjectState</Code>"
                                                      "</Error>")});
        assert_false(copy_sized(f, COPY_SIZE, &err));
        assert_non_null(strstr(err.message, i == 0 ? "s3://" BUCKET "/a b/from" : "s3://other/to"));
    }
}

static void the_parts_of_a_copy_hold_what_s3_can_hold(void **state)
{
    const uint64_t limit = S3_COPY_LIMIT_BYTES, tib = UINT64_C(1) << 40;
    (void)state;
    assert_int_equal(s3_copy_part_bytes(limit + 1, limit), limit / 8);
    assert_int_equal(s3_copy_part_bytes(5 * tib, limit), limit / 8);
    for (uint64_t size = limit + 1; size < 48 * tib; size = size * 3 / 2) {
        uint64_t part = s3_copy_part_bytes(size, limit);
        assert_true(part <= limit);
        assert_true((size - 1) / part < S3_PARTS_MAX);
    }
    assert_true(s3_copy_part_bytes(49 * tib, limit) > limit);
    assert_true(s3_copy_part_bytes(UINT64_MAX, limit) > limit);
}

static void a_copy_that_no_parts_hold_is_refused_before_it_begins(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    object_store_free(f->store);
    f->store = s3_store_new(f->session, &(struct s3_settings){.copy_limit_bytes = 1});
    fake_s3_add_bucket(f->s3, "other");
    assert_false(copy_sized(f, S3_PARTS_MAX + 1, &err));
    assert_string_equal(err.code, "too_large");
    assert_non_null(strstr(err.message, "s3://" BUCKET "/a b/from"));
    assert_int_equal(fake_aws_count(f->aws), 1);
}

/* ---- what no S3 answers */

static void check_bad_page(const char *body, const char *part)
{
    struct s3_page page = {.count = 0};
    struct error err;
    assert_false(s3_page_read(str_from(body), &page, &err));
    if (strstr(err.message, part) == NULL || strpbrk(err.message, "\033\n") != NULL) {
        fail_msg("%s", err.message);
    }
    s3_page_done(&page);
}

static void a_page_that_cannot_be_is_refused_in_printable_words(void **state)
{
    struct buf text;
    (void)state;
    check_bad_page("<ListBucketResult><Contents><Key>a</Key><Size>\033[2J\n</Size></Contents>"
                   "</ListBucketResult>",
                   "a size that is none: '\xef\xbf\xbd[2J");
    check_bad_page("<ListBucketResult><Contents><Key>%00</Key></Contents></ListBucketResult>",
                   "a key that cannot be");
    check_bad_page("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                   "has no token");
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "<ListBucketResult>");
    for (int i = 0; i <= S3_PAGE_ITEMS_MAX; i++) {
        buf_append_text(&text, "<Contents><Key>a</Key></Contents>");
    }
    buf_append_text(&text, "</ListBucketResult>");
    check_bad_page(buf_text(&text), "more objects than a page may have");
    buf_done(&text);
}

static void an_etag_that_cannot_be_sent_is_none(void **state)
{
    static const char *const etags[] = {"", "&#13;&#10;x: y", "\"a b\"", "\xc3\xa9", "&#x7f;"};
    (void)state;
    for (size_t i = 0; i < sizeof(etags) / sizeof(etags[0]); i++) {
        char body[128], etag[OBJECT_ETAG_SIZE] = "as it was";
        snprintf(body, sizeof(body), "<CopyPartResult><ETag>%s</ETag></CopyPartResult>", etags[i]);
        assert_false(s3_read_copied_etag(str_from(body), etag));
        assert_string_equal(etag, "as it was");
    }
}

static void a_bucket_is_made_only_when_it_is_missing(void **state)
{
    struct s3_scene *f = *state;
    struct error err;
    struct object_bucket bucket = {.bucket = BUCKET};
    object_bucket_start(f->store, &bucket);
    assert_true(loop_await(f->loop, &bucket.op, &err));
    assert_int_equal(fake_aws_count(f->aws), 1);
    bucket.bucket = "new-bucket";
    object_bucket_start(f->store, &bucket);
    assert_true(loop_await(f->loop, &bucket.op, &err));
    assert_string_equal(fake_aws_request(f->aws, 2)->method, "PUT");
    assert_int_equal(fake_aws_request(f->aws, 2)->body.len, 0); /* us-east-1 may not be named */
}

/* ---- servers that are not S3 */

struct odd {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct object_store *store;
};

static struct odd new_odd(struct fake_exchange exchange)
{
    struct odd odd = {.loop = loop_new()};
    odd.aws = fake_aws_new(odd.loop);
    odd.session = fake_aws_session(odd.aws);
    odd.store = s3_store_new(odd.session, &(struct s3_settings){.part_bytes = PART});
    fake_aws_expect(odd.aws, exchange);
    return odd;
}

static void free_odd(struct odd *odd)
{
    object_store_free(odd->store);
    aws_session_free(odd->session);
    fake_aws_free(odd->aws);
    loop_free(odd->loop);
}

#define PAGE                                                                                       \
    "<ListBucketResult><Contents><Key>k</Key><Size>1</Size></Contents><IsTruncated>true"           \
    "</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>"

static void a_listing_that_goes_round_in_circles_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct object_list list = {.bucket = BUCKET, .prefix = ""};
    struct odd odd = new_odd((struct fake_exchange){.times = 2, .answer = {.body = STR(PAGE)}});
    object_list_start(odd.store, &list);
    assert_false(loop_await(odd.loop, &list.op, &err));
    assert_string_equal(err.code, "bad_answer");
    assert_int_equal(fake_aws_count(odd.aws), 2);
    object_list_done(&list);
    free_odd(&odd);
}

/* The whole object, from its beginning, in place of the range that was asked for: its bytes would
 * be taken for others. */
static void an_answer_that_is_not_the_range_is_refused(void **state)
{
    (void)state;
    const struct fake_answer answers[] = {
        {.status = 200, .body = STR("0123456789")},
        {.status = 200, .body = STR("01")},
        {.status = 206, .headers = "Content-Range: bytes 0-9/10\r\n", .body = STR("0123456789")},
        {.status = 206, .headers = "Content-Range: bytes 5-9/3\r\n", .body = STR("56789")},
        {.status = 206, .headers = "Content-Range: bytes 5-9\r\n", .body = STR("56789")},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct error err = {0};
        struct object_reader reader = {.bucket = BUCKET, .key = "k", .offset = 5};
        struct odd odd = new_odd((struct fake_exchange){.answer = answers[i]});
        object_open_start(odd.store, &reader);
        assert_false(loop_await(odd.loop, &reader.op, &err));
        assert_string_equal(err.code, "bad_answer");
        free_odd(&odd);
    }
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        behaviour(objects_of_any_size_come_back_as_they_were),
        behaviour(a_part_of_an_object_is_read),
        behaviour(only_what_fits_into_one_part_is_put_at_once),
        behaviour(absent_and_forbidden_objects_are_told_apart),
        behaviour(an_object_that_changes_while_it_is_read_is_found_out),
        behaviour(a_reader_closed_in_the_middle_leaves_nothing),
        behaviour(a_call_that_hangs_ends_when_it_is_cancelled),
        behaviour(a_read_that_hangs_ends_when_it_is_cancelled),
        behaviour(throttled_parts_are_sent_again),
        behaviour(a_completion_that_fails_inside_a_200_is_tried_again),
        behaviour(written_bytes_are_taken_before_a_write_ends),
        behaviour(bytes_that_stay_in_place_become_the_same_object),
        behaviour(an_upload_in_place_can_be_taken_back_while_it_is_on_its_way),
        behaviour(the_digest_of_several_parts_is_told_to_those_who_need_it),
        behaviour(a_refusal_anywhere_leaves_nothing_behind),
        behaviour(an_aborted_upload_takes_its_parts_back),
        behaviour(encryption_is_asked_for_when_an_object_is_made),
        behaviour(a_listing_goes_over_all_pages_and_decodes_keys),
        behaviour(an_empty_listing_and_a_missing_bucket_differ),
        cmocka_unit_test(a_listing_that_goes_round_in_circles_is_refused),
        cmocka_unit_test(an_answer_that_is_not_the_range_is_refused),
        behaviour(head_copy_and_delete_do_what_they_say),
        cmocka_unit_test(a_page_that_cannot_be_is_refused_in_printable_words),
        cmocka_unit_test(an_etag_that_cannot_be_sent_is_none),
        behaviour(a_copy_above_the_limit_goes_in_parts),
        behaviour(a_source_that_changes_under_a_copy_is_not_mixed),
        behaviour(a_copy_that_is_refused_anywhere_leaves_nothing_behind),
        behaviour(the_parts_of_a_copy_hold_what_s3_can_hold),
        behaviour(a_copy_that_no_parts_hold_is_refused_before_it_begins),
        behaviour(a_bucket_is_made_only_when_it_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
