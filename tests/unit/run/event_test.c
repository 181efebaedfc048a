/* Event lines: what is printed is parsed back, and damaged lines are refused with a reason. */
#include "core/run/event.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void a_printed_line_parses_back(void **state)
{
    (void)state;
    struct error err = {0};
    struct event_list list = {0};
    struct event back = {0};
    char *run_id = NULL;
    struct json *body = json_object();
    json_set_text(body, "stage", "merge \"x\"\n");
    event_list_add(&list, 1795361968123, EVENT_STAGE_STATE, body);
    list.items[0].seq = 31;
    char *line = event_print(&list.items[0], "20261122-153928-a1b2c3");
    assert_string_equal(line, "{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28.123Z\",\"run\":"
                              "\"20261122-153928-a1b2c3\",\"seq\":31,\"type\":\"stage.state\","
                              "\"stage\":\"merge \\\"x\\\"\\n\"}");
    assert_true(event_parse(str_from(line), &back, &run_id, &err));
    assert_string_equal(run_id, "20261122-153928-a1b2c3");
    assert_int_equal(back.seq, 31);
    assert_int_equal(back.type, EVENT_STAGE_STATE);
    assert_true(back.ts_ms == 1795361968123);
    assert_true(json_equal(back.body, list.items[0].body));
    free(line);
    free(run_id);
    event_done(&back);
    event_list_done(&list);
}

static void an_empty_body_is_a_valid_line(void **state)
{
    (void)state;
    struct error err = {0};
    struct event back = {0};
    char *run_id = NULL;
    struct event event = {1, 0, EVENT_HELLO, json_object()};
    char *line = event_print(&event, "r");
    assert_true(event_parse(str_from(line), &back, &run_id, &err));
    assert_int_equal(json_count(back.body), 0);
    free(line);
    free(run_id);
    event_done(&back);
    event_done(&event);
}

static void refuses(const char *line, const char *why)
{
    struct error err = {0};
    struct event event = {0};
    char *run_id = NULL;
    assert_false(event_parse(str_from(line), &event, &run_id, &err));
    assert_null(run_id);
    assert_null(event.body);
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
}

static void damaged_lines_are_refused_with_the_reason(void **state)
{
    (void)state;
    refuses("", "JSON");
    refuses("{\"v\":\"1.0\"", "JSON");
    refuses("[1]", "object");
    refuses("{\"v\":\"2.0\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\",\"seq\":1,"
            "\"type\":\"hello\"}",
            "version");
    refuses("{\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\",\"seq\":1,\"type\":\"hello\"}",
            "version");
    refuses("{\"v\":\"1.0\",\"ts\":\"yesterday\",\"run\":\"r\",\"seq\":1,\"type\":\"hello\"}",
            "\"ts\"");
    refuses("{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\",\"seq\":0,"
            "\"type\":\"hello\"}",
            "\"seq\"");
    refuses("{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\",\"seq\":1.5,"
            "\"type\":\"hello\"}",
            "\"seq\"");
    refuses("{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\",\"seq\":1,"
            "\"type\":\"hullo\"}",
            "\"type\"");
    refuses("{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":7,\"seq\":1,"
            "\"type\":\"hello\"}",
            "\"run\"");
}

static void a_newer_minor_version_is_read(void **state)
{
    (void)state;
    struct error err = {0};
    struct event event = {0};
    char *run_id = NULL;
    assert_true(event_parse(STR("{\"v\":\"1.7\",\"ts\":\"2026-11-22T15:39:28Z\",\"run\":\"r\","
                                "\"seq\":1,\"type\":\"hello\",\"new\":1}"),
                            &event, &run_id, &err));
    free(run_id);
    event_done(&event);
}

static void errors_survive_the_log(void **state)
{
    (void)state;
    struct error err;
    struct error back;
    error_set(&err, ERROR_TRANSIENT, "throttled", "slow down");
    struct json *json = event_error_json(&err);
    event_error_from_json(json, &back);
    assert_int_equal(back.error_class, ERROR_TRANSIENT);
    assert_string_equal(back.code, "throttled");
    assert_string_equal(back.message, "slow down");
    event_error_from_json(NULL, &back);
    assert_int_equal(back.error_class, ERROR_PERMANENT);
    json_free(json);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printed_line_parses_back),
        cmocka_unit_test(an_empty_body_is_a_valid_line),
        cmocka_unit_test(damaged_lines_are_refused_with_the_reason),
        cmocka_unit_test(a_newer_minor_version_is_read),
        cmocka_unit_test(errors_survive_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
