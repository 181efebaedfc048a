/* The Runtime API, played by a double on loopback: right order, results, failures, the deadline.
 * The runtime runs in a child, as it does for Lambda. */
#include "core/functions/runtime.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_http.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLEAN  "msecindustries-ingest-clean-s3-raw"
#define PREFIX "/2018-06-01/runtime/"

enum { EVENTS_MAX = 4, POLL_MS = 5 };

struct event {
    const char *body;
    int64_t deadline_ms;
};

/* What Lambda insists on: one event at a time, answered by its own id. */
struct fixture {
    struct loop *loop;
    struct fake_http *api;
    struct timer *poll;
    char *lake;
    struct event events[EVENTS_MAX];
    size_t event_count, given;
    bool is_owed; /* an answer to the last event */
    int answer_status;
    char *answers[EVENTS_MAX + 1]; /* "response {..}", "error {..}", "init {..}" */
    size_t answer_count;
    char error_type[128];
    bool has_broken_the_order;
    pid_t child;
    int status;
};

static void keep_answer(struct fixture *f, const char *kind, const struct fake_request *request)
{
    const char *type = fake_request_header(request, "Lambda-Runtime-Function-Error-Type");
    assert_true(f->answer_count <= EVENTS_MAX);
    snprintf(f->error_type, sizeof(f->error_type), "%s", type == NULL ? "" : type);
    f->answers[f->answer_count++] = xasprintf("%s " STR_FMT, kind, STR_ARG(request->body));
}

static void give_event(struct fixture *f, struct fake_answer *out)
{
    static char headers[256]; /* copied by the server before the next one */
    static char forbidden[] = "{\"errorType\":\"InvalidStateTransition\"}";
    if (f->is_owed) {
        f->has_broken_the_order = true;
        out->status = 403;
        out->body = str_from(forbidden);
    } else if (f->given == f->event_count) {
        out->status = 500; /* the end of the sandbox */
    } else {
        const struct event *event = &f->events[f->given++];
        snprintf(headers, sizeof(headers),
                 "Lambda-Runtime-Aws-Request-Id: id-%zu\r\nLambda-Runtime-Trace-Id: "
                 "Root=1-5\r\nLambda-Runtime-Deadline-Ms: %lld\r\n",
                 f->given, (long long)event->deadline_ms);
        out->headers = headers;
        out->body = str_from(event->body);
        f->is_owed = true;
    }
}

static void serve(void *context, const struct fake_request *request, struct fake_answer *out)
{
    struct fixture *f = context;
    char response[64], error[64];
    snprintf(response, sizeof(response), PREFIX "invocation/id-%zu/response", f->given);
    snprintf(error, sizeof(error), PREFIX "invocation/id-%zu/error", f->given);
    out->status = 202;
    if (strcmp(request->path, PREFIX "invocation/next") == 0) {
        out->status = 200;
        give_event(f, out);
    } else if (strcmp(request->path, PREFIX "init/error") == 0) {
        keep_answer(f, "init", request);
    } else if (f->is_owed && strcmp(request->path, response) == 0) {
        keep_answer(f, "response", request);
        out->status = f->answer_status;
        f->is_owed = false;
    } else if (f->is_owed && strcmp(request->path, error) == 0) {
        keep_answer(f, "error", request);
        f->is_owed = false;
    } else {
        f->has_broken_the_order = true;
        out->status = 403;
    }
}

static void look_at_child(void *context)
{
    struct fixture *f = context;
    if (waitpid(f->child, &f->status, WNOHANG) == f->child) {
        loop_stop(f->loop);
    } else {
        timer_arm(f->poll, POLL_MS);
    }
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->loop = loop_new();
    f->api = fake_http_new(f->loop, serve, f);
    f->poll = timer_new(f->loop, look_at_child, f);
    f->lake = test_folder_new();
    f->answer_status = 202;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_false(f->has_broken_the_order);
    timer_free(f->poll);
    fake_http_free(f->api);
    loop_free(f->loop);
    test_folder_free(f->lake);
    for (size_t i = 0; i < f->answer_count; i++) {
        free(f->answers[i]);
    }
    free(f);
    return 0;
}

static void add_event(struct fixture *f, const char *body, int64_t deadline_ms)
{
    f->events[f->event_count++] = (struct event){body, deadline_ms};
}

/* Runs the runtime until the double has no more events, and expects it to give up then. */
static void run(struct fixture *f, const char *handler)
{
    char *lake = xasprintf("GATEHOUSE_LAKE=%s", f->lake);
    const char *const environment[] = {lake, NULL};
    f->child = fork();
    if (f->child == 0) {
        const char *api = fake_http_url(f->api) + strlen("http://");
        _exit(runtime_run(api, handler, environment));
    }
    timer_arm(f->poll, 0);
    loop_run(f->loop);
    free(lake);
    assert_true(WIFEXITED(f->status));
    assert_int_equal(WEXITSTATUS(f->status), 1);
}

static void expect_answer(struct fixture *f, size_t index, const char *start, const char *part)
{
    assert_true(index < f->answer_count);
    if (strncmp(f->answers[index], start, strlen(start)) != 0 ||
        strstr(f->answers[index], part) == NULL) {
        fail_msg("answer %zu is %s, expected %s ... %s", index, f->answers[index], start, part);
    }
}

static void put_raw_data(struct fixture *f)
{
    char *folder = file_join(f->lake, "raw/source1");
    struct error err;
    assert_true(file_make_folders(folder, 0700, &err));
    test_file_write(folder, "a.csv",
                    "CUSTOMER_ID,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,"
                    "BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,"
                    "PAY_AMT6,DEFAULT_PAYMENT_NEXT_MONTH\n"
                    "1,0,0,0,0,0,0,1,2,3,4,5,6,1,1,1,1,1,1,0\n",
                    0600);
    free(folder);
}

#define EVENT                                                                                      \
    "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"source1/\"},\"destination\":{\"bucket\":"        \
    "\"clean\",\"prefix\":\"out/\"}}"

/* ---- what is promised */

static void events_are_answered_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    put_raw_data(f);
    add_event(f, EVENT, 0);
    add_event(f, EVENT, clock_system()->wall_ms(clock_system()) + 60000);
    run(f, CLEAN);
    assert_int_equal(f->answer_count, 2);
    for (size_t i = 0; i < 2; i++) {
        expect_answer(f, i, "response {", "\"rows_in\":1");
    }
}

static void a_failure_is_told_with_its_class_and_the_next_event_is_served(void **state)
{
    struct fixture *f = *state;
    put_raw_data(f);
    add_event(f, "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"nothing/\"}}", 0);
    add_event(f, "{not JSON", 0);
    add_event(f, "[1]", 0);
    add_event(f, EVENT, 0);
    run(f, CLEAN);
    assert_int_equal(f->answer_count, 4);
    expect_answer(f, 0, "error {\"errorType\":\"permanent:", "\"errorMessage\":");
    expect_answer(f, 1, "error {\"errorType\":\"permanent:bad_json\"", "the event");
    expect_answer(f, 2, "error {\"errorType\":\"permanent:bad_event\"", "object");
    expect_answer(f, 3, "response {", "\"rows_out\":1");
}

static void the_error_type_has_the_form_that_lambda_records(void **state)
{
    struct fixture *f = *state;
    add_event(f, "[]", 0);
    run(f, CLEAN);
    assert_string_equal(f->error_type, "Function.Failed");
}

static void a_deadline_that_is_near_ends_the_function_with_a_word(void **state)
{
    struct fixture *f = *state;
    put_raw_data(f);
    add_event(f, EVENT, clock_system()->wall_ms(clock_system()) + 1000);
    run(f, CLEAN);
    assert_int_equal(f->answer_count, 1);
    expect_answer(f, 0, "error {\"errorType\":\"transient:timeout\"", "time is up");
    char *cleaned = file_join(f->lake, "clean/out/credit_default_s3_cleaned.csv");
    assert_false(file_exists(cleaned));
    free(cleaned);
}

static void an_unknown_handler_is_an_init_error(void **state)
{
    struct fixture *f = *state;
    run(f, "no-such-function");
    assert_int_equal(f->answer_count, 1);
    expect_answer(f, 0, "init {\"errorType\":\"permanent:no_such_handler\"", "no-such-function");
    assert_string_equal(f->error_type, "Runtime.NoSuchHandler");
}

static void a_result_that_lambda_refuses_ends_the_runtime(void **state)
{
    struct fixture *f = *state;
    put_raw_data(f);
    f->answer_status = 413;
    add_event(f, EVENT, 0);
    add_event(f, EVENT, 0);
    run(f, CLEAN);
    assert_int_equal(f->given, 1);
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        behaviour(events_are_answered_one_after_the_other),
        behaviour(a_failure_is_told_with_its_class_and_the_next_event_is_served),
        behaviour(the_error_type_has_the_form_that_lambda_records),
        behaviour(a_deadline_that_is_near_ends_the_function_with_a_word),
        behaviour(an_unknown_handler_is_an_init_error),
        behaviour(a_result_that_lambda_refuses_ends_the_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
