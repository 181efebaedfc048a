/* What the Runtime API tells about an event, and what it may not get away with. */
#include "core/functions/runtime_event.h"

#include "tests/support/cmocka.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ID "lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\n"

static void an_event_has_id_trace_and_deadline(void **state)
{
    (void)state;
    struct runtime_event event;
    struct error err;
    assert_true(runtime_event_read(STR("content-type: application/json\n" ID
                                       "lambda-runtime-deadline-ms: 1542409706888\n"
                                       "lambda-runtime-trace-id: Root=1-5bef4de7;Sampled=1\n"),
                                   &event, &err));
    assert_string_equal(event.request_id, "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert_string_equal(event.trace_id, "Root=1-5bef4de7;Sampled=1");
    assert_true(event.deadline_ms == 1542409706888);
}

static void a_deadline_that_is_none_is_not_obeyed(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "lambda-runtime-deadline-ms: \n",
        "lambda-runtime-deadline-ms: soon\n",
        "lambda-runtime-deadline-ms: -1\n",
        "lambda-runtime-deadline-ms: -9223372036854775808\n",
        "lambda-runtime-deadline-ms: 9223372036854775808\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct runtime_event event;
        struct error err;
        char headers[256] = ID;
        strcat(headers, lines[i]);
        assert_true(runtime_event_read(str_from(headers), &event, &err));
        assert_true(event.deadline_ms == 0);
    }
}

static void expect_refused(const char *id)
{
    struct runtime_event event = {.request_id = "before", .deadline_ms = 7};
    struct error err;
    char headers[512] = "lambda-runtime-aws-request-id: ";
    strcat(strcat(headers, id), "\n");
    assert_false(runtime_event_read(str_from(headers), &event, &err));
    assert_string_equal(err.code, "runtime_api");
    assert_string_equal(event.request_id, "before");
    assert_true(event.deadline_ms == 7);
}

static void an_id_that_no_path_could_hold_is_refused(void **state)
{
    (void)state;
    char id[160];
    struct runtime_event event;
    struct error err;
    expect_refused("");
    expect_refused("../../invocation/next");
    expect_refused("a b");
    expect_refused("a?b");
    memset(id, 'a', sizeof(id));
    id[sizeof(event.request_id)] = '\0';
    expect_refused(id); /* cut, it would be the id of nothing */
    assert_false(runtime_event_read(STR("content-length: 2\n"), &event, &err));
}

static void a_body_that_is_no_json_is_told(void **state)
{
    (void)state;
    struct error err;
    struct json *json = runtime_event_parse(STR("{\"a\":1}"), &err);
    assert_true(json_int_or(json, "a", 0) == 1);
    json_free(json);
    assert_null(runtime_event_parse(STR("{not"), &err));
    assert_string_equal(err.code, "bad_json");
    assert_non_null(strstr(err.message, "the event: "));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_id_trace_and_deadline),
        cmocka_unit_test(a_deadline_that_is_none_is_not_obeyed),
        cmocka_unit_test(an_id_that_no_path_could_hold_is_refused),
        cmocka_unit_test(a_body_that_is_no_json_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
