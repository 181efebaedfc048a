/* Every request of a whole upload, copy and download meets every fault in turn, once or for good:
 * what can be repeated is, an object appears whole or not at all, and no parts stay behind. */
#include "core/aws/call_state.h"
#include "core/aws/s3_store.h"
#include "core/base/alloc.h"
#include "core/base/random.h"
#include "tests/support/cmocka.h"
#include "tests/support/s3_scene.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET "bank-data"

enum { PART = 4096, STALL_MS = 40, REQUESTS_MIN = 16, SIZE = 3 * PART + 17 };

struct fixture {
    struct s3_scene scene;
    char bytes[SIZE + 8];
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct random random = {1};
    s3_scene_init(
        &f->scene, BUCKET,
        &(struct s3_settings){.part_bytes = PART, .parallel = 2, .copy_limit_bytes = 2 * PART});
    fake_s3_set_part_min(f->scene.s3, PART / 4);
    fake_s3_set_copy_max(f->scene.s3, 2 * PART);
    aws_call_state_of(f->scene.session)->stall_max_ms = STALL_MS;
    for (size_t i = 0; i < SIZE; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(f->bytes + i, &word, 8);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    s3_scene_done(&f->scene);
    free(f);
    return 0;
}

/* ---- one transfer */

static bool upload(struct fixture *f, size_t size, struct error *err)
{
    struct object_writer writer = {.bucket = BUCKET, .key = "from"};
    struct error ignored;
    object_create_start(f->scene.store, &writer);
    bool is_good = loop_await(f->scene.loop, &writer.op, err);
    for (size_t at = 0; at < size && is_good; at += 1000) {
        size_t piece = size - at < 1000 ? size - at : 1000;
        object_write_start(&writer, (struct str){f->bytes + at, piece});
        is_good = loop_await(f->scene.loop, &writer.op, err);
    }
    if (is_good) {
        object_commit_start(&writer);
        is_good = loop_await(f->scene.loop, &writer.op, err);
    }
    if (!is_good) {
        object_abort_start(&writer);
        assert_true(loop_await(f->scene.loop, &writer.op, &ignored));
    }
    assert_null(writer.handle);
    return is_good;
}

static bool download(struct fixture *f, size_t size, struct error *err)
{
    struct object_reader reader = {.bucket = BUCKET, .key = "k"};
    size_t got = 0;
    object_open_start(f->scene.store, &reader);
    bool is_good = loop_await(f->scene.loop, &reader.op, err);
    while (is_good) {
        object_read_start(&reader);
        is_good = loop_await(f->scene.loop, &reader.op, err);
        if (!is_good || reader.chunk.len == 0) {
            break;
        }
        assert_true(got + reader.chunk.len <= size);
        assert_memory_equal(reader.chunk.ptr, f->bytes + got, reader.chunk.len);
        got += reader.chunk.len;
    }
    assert_true(!is_good || got == size);
    object_close(&reader);
    return is_good;
}

static bool copy(struct fixture *f, struct error *err)
{
    struct object_copy req = {.bucket = BUCKET, .key = "from", .to_bucket = BUCKET, .to_key = "k"};
    object_copy_start(f->scene.store, &req);
    return loop_await(f->scene.loop, &req.op, err);
}

/* ---- and what befalls it */

static void check_object(struct fixture *f, const char *key, size_t size)
{
    struct str kept = fake_s3_get(f->scene.s3, BUCKET, key);
    assert_true(kept.ptr == NULL || (kept.len == size && memcmp(kept.ptr, f->bytes, size) == 0));
}

static void check_store(struct fixture *f, size_t size)
{
    assert_int_equal(fake_s3_part_count(f->scene.s3), 0);
    check_object(f, "from", size);
    check_object(f, "k", size);
}

/* Request `at` fails; false: there was no such request. */
static bool strike(struct fixture *f, int at, bool for_good, struct fake_answer answer, size_t size)
{
    struct error err = {.message = ""};
    struct aws_call_state *shared = aws_call_state_of(f->scene.session);
    shared->retries.tokens = RETRY_TOKENS;
    fake_s3_clear(f->scene.s3);
    fake_s3_strike(f->scene.s3, at, for_good, answer);
    bool is_good = upload(f, size, &err) && copy(f, &err);
    check_store(f, size);
    is_good = is_good && download(f, size, &err);
    if (!is_good) {
        assert_true(for_good);
        assert_int_equal(err.error_class, ERROR_TRANSIENT);
        assert_non_null(strstr(err.message, "s3://" BUCKET "/"));
    }
    return fake_s3_struck_at(f->scene.s3) >= at;
}

static void strike_all(struct fixture *f, bool for_good, struct fake_answer answer)
{
    static const size_t sizes[] = {0, 100, SIZE};
    int at = 1;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        at = 1;
        while (strike(f, at, for_good, answer, sizes[i])) {
            at++;
        }
    }
    assert_true(for_good || at > REQUESTS_MIN); /* it went through a whole transfer */
}

#define TORTURE(name, ...)                                                                         \
    static void name##_once_is_overcome(void **state)                                              \
    {                                                                                              \
        strike_all(*state, false, (struct fake_answer){__VA_ARGS__});                              \
    }                                                                                              \
    static void name##_for_good_ends_cleanly(void **state)                                         \
    {                                                                                              \
        strike_all(*state, true, (struct fake_answer){__VA_ARGS__});                               \
    }

TORTURE(a_reset, .fault = FAKE_RESET)
TORTURE(a_close, .fault = FAKE_CLOSE)
TORTURE(silence, .fault = FAKE_SILENT)
TORTURE(a_truncated_answer, .fault = FAKE_TRUNCATE)
TORTURE(a_stalled_answer, .fault = FAKE_STALL)
TORTURE(garbage, .fault = FAKE_GARBAGE)
TORTURE(a_500, .status = 500)
TORTURE(a_slow_down, .status = 503, .body = STR("<Error><Code>SlowDown</Code></Error>"))

#define BOTH(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name##_once_is_overcome, set_up, tear_down),                   \
        cmocka_unit_test_setup_teardown(name##_for_good_ends_cleanly, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_reset),          BOTH(a_close), BOTH(silence), BOTH(a_truncated_answer),
        BOTH(a_stalled_answer), BOTH(garbage), BOTH(a_500),   BOTH(a_slow_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
