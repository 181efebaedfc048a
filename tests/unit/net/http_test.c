/* Requests against a server that answers well and badly. */
#include "core/net/http.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_http.h"
#include "tests/support/folder.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct loop *loop;
    struct http *http;
    struct fake_http *server;
    struct fake_answer answers[8]; /* in order; the last one stays */
    size_t answer_count, next;
    char url[256];
};

static void answer(void *context, const struct fake_request *request, struct fake_answer *out)
{
    struct fixture *f = context;
    (void)request;
    if (f->answer_count > 0) {
        *out = f->answers[f->next];
        f->next += f->next + 1 < f->answer_count ? 1 : 0;
    }
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->loop = loop_new();
    f->http = http_new(f->loop, &(struct http_settings){.user_agent = "gatehouse-test/1"});
    f->server = fake_http_new(f->loop, answer, f);
    snprintf(f->url, sizeof(f->url), "%s/a?b=secret", fake_http_url(f->server));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_free(f->http);
    fake_http_free(f->server);
    loop_free(f->loop); /* asserts that nothing is left */
    free(f);
    return 0;
}

static void will_answer(struct fixture *f, struct fake_answer answer)
{
    f->answers[f->answer_count++] = answer;
}

static struct http_request get(struct fixture *f)
{
    return (struct http_request){.method = "GET", .url = f->url, .response_limit_bytes = 1 << 20};
}

static bool run(struct fixture *f, struct http_request *req, struct error *err)
{
    http_request_start(f->http, req);
    assert_true(op_is_active(&req->op));
    return loop_await(f->loop, &req->op, err);
}

static const struct fake_request *seen(struct fixture *f, size_t index)
{
    return fake_http_request(f->server, index);
}

/* ---- what is sent */

static void sends_what_is_asked_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_header headers[] = {{"X-Amz-Date", "today"}, {"X-Empty", ""}};
    struct http_request req = get(f);
    req.headers = headers;
    req.header_count = 2;
    snprintf(f->url, sizeof(f->url), "%s/a/../b//c/./%%2F%%41?x=%%20&y", fake_http_url(f->server));
    assert_true(run(f, &req, &err));
    assert_int_equal(req.status, 200);
    assert_true(req.has_sent_request);
    assert_string_equal(seen(f, 0)->method, "GET");
    assert_string_equal(seen(f, 0)->path, "/a/../b//c/./%2F%41");
    assert_string_equal(seen(f, 0)->query, "x=%20&y");
    assert_int_equal(seen(f, 0)->header_count, 5); /* Host, User-Agent, Accept, and ours */
    assert_string_equal(fake_request_header(seen(f, 0), "x-amz-date"), "today");
    assert_string_equal(fake_request_header(seen(f, 0), "x-empty"), "");
    assert_string_equal(fake_request_header(seen(f, 0), "user-agent"), "gatehouse-test/1");
    assert_string_equal(fake_request_header(seen(f, 0), "host"), fake_http_url(f->server) + 7);
    http_request_done(&req);
}

static void a_body_has_its_length_whatever_the_method(void **state)
{
    struct fixture *f = *state;
    struct error err;
    size_t size = 3 << 20; /* libcurl would ask for 100-continue */
    char *bytes = xcalloc(1, size);
    static const char *const methods[] = {"PUT", "POST", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        struct http_request req = get(f);
        req.method = methods[i];
        req.body = (struct str){bytes, i == 0 ? size : i};
        assert_true(run(f, &req, &err));
        assert_string_equal(seen(f, i)->method, methods[i]);
        assert_int_equal(seen(f, i)->body.len, req.body.len);
        assert_non_null(fake_request_header(seen(f, i), "content-length"));
        assert_null(fake_request_header(seen(f, i), "content-type"));
        assert_null(fake_request_header(seen(f, i), "expect"));
        http_request_done(&req);
    }
    free(bytes);
}

static void an_empty_put_and_post_say_length_zero(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const char *const methods[] = {"PUT", "POST", "GET"};
    for (size_t i = 0; i < 3; i++) {
        struct http_request req = get(f);
        struct http_header type = {"content-type", "text/plain"};
        req.method = methods[i];
        req.headers = &type;
        req.header_count = 1;
        assert_true(run(f, &req, &err));
        const char *length = fake_request_header(seen(f, i), "content-length");
        assert_string_equal(fake_request_header(seen(f, i), "content-type"), "text/plain");
        if (i < 2) {
            assert_string_equal(length, "0");
        } else {
            assert_null(length);
        }
        http_request_done(&req);
    }
}

static void a_header_that_could_smuggle_another_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const struct http_header bad[] = {
        {"x-a", "b\r\nx-c: d"}, {"x-a", "b\nc"}, {"x a", "b"}, {"x-a:", "b"}, {"", "b"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_request req = get(f);
        req.headers = &bad[i];
        req.header_count = 1;
        assert_false(run(f, &req, &err));
        assert_true(error_is(&err, "bad_header"));
        assert_int_equal(err.error_class, ERROR_PERMANENT);
        http_request_done(&req);
    }
    assert_int_equal(fake_http_request_count(f->server), 0);
}

static void bad_urls_and_plain_http_are_refused(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const char *const bad[] = {"http://example.com/",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "https://u:p@host/",
                                      "http://127.0.0.1.example.com/",
                                      "nonsense",
                                      "",
                                      "http://a b/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_request req = get(f);
        req.url = bad[i];
        assert_false(run(f, &req, &err));
        assert_true(error_is(&err, "bad_url"));
        assert_int_equal(err.error_class, ERROR_PERMANENT);
        assert_false(req.has_sent_request);
        http_request_done(&req);
    }
}

/* ---- what comes back */

static void any_status_is_an_answer(void **state)
{
    struct fixture *f = *state;
    struct error err;
    will_answer(f, (struct fake_answer){.status = 503, .body = STR("busy")});
    will_answer(f, (struct fake_answer){.status = 301, .headers = "Location: http://x/\r\n"});
    will_answer(f, (struct fake_answer){.status = 204});
    static const int expected[] = {503, 301, 204};
    for (size_t i = 0; i < 3; i++) {
        struct http_request req = get(f);
        assert_true(run(f, &req, &err));
        assert_int_equal(req.status, expected[i]);
        assert_string_equal(buf_text(&req.response), i == 0 ? "busy" : "");
        http_request_done(&req);
    }
    assert_int_equal(fake_http_request_count(f->server), 3);
}

static void headers_are_found_by_their_lower_case_name(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_request req = get(f);
    will_answer(f,
                (struct fake_answer){
                    .headers = "X-Amz-Request-Id:  ab c \r\nETag: \"x\x1b[1m\"\r\nX-Amz: 1\r\n"});
    assert_true(run(f, &req, &err));
    struct str id = http_response_header(&req, "x-amz-request-id");
    assert_int_equal(id.len, 4);
    assert_memory_equal(id.ptr, "ab c", 4);
    assert_true(str_eq(http_response_header(&req, "x-amz"), STR("1")));
    assert_int_equal(http_response_header(&req, "x-amz-request").len, 0);
    assert_null(memchr(req.headers_in.ptr, 0x1b, req.headers_in.len));
    http_request_done(&req);
}

static void a_head_ends_without_its_body(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_request req = get(f);
    req.method = "HEAD";
    req.total_timeout_ms = 5000;
    will_answer(f, (struct fake_answer){.headers = "Content-Length: 123456789\r\n"});
    assert_true(run(f, &req, &err));
    assert_string_equal(seen(f, 0)->method, "HEAD");
    assert_true(str_eq(http_response_header(&req, "content-length"), STR("123456789")));
    assert_int_equal(req.response.len, 0);
    http_request_done(&req);
}

static void bodies_of_megabytes_arrive_whole(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_request req = get(f);
    struct buf body;
    buf_init(&body, 8 << 20);
    for (int i = 0; i < 1000000; i++) {
        buf_append(&body, &i, sizeof(i));
    }
    req.response_limit_bytes = body.len;
    will_answer(f, (struct fake_answer){.body = buf_str(&body)});
    assert_true(run(f, &req, &err));
    assert_true(str_eq(buf_str(&req.response), buf_str(&body)));
    buf_done(&body);
    http_request_done(&req);
}

static void an_answer_over_the_limit_fails(void **state)
{
    struct fixture *f = *state;
    struct error err;
    char many[1500];
    struct buf headers;
    struct http_request req = get(f);
    req.response_limit_bytes = 3;
    will_answer(f, (struct fake_answer){.body = STR("four")});
    assert_false(run(f, &req, &err));
    assert_true(error_is(&err, "response_too_large"));
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_int_equal(req.status, 200);
    http_request_done(&req);

    buf_init(&headers, 1 << 20);
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    for (int i = 0; i < 50; i++) {
        buf_printf(&headers, "X-%d: %s\r\n", i, many);
    }
    f->next = 0;
    f->answers[0] = (struct fake_answer){.headers = buf_text(&headers)};
    req = get(f);
    assert_false(run(f, &req, &err));
    assert_true(error_is(&err, "response_too_large"));
    buf_done(&headers);
    http_request_done(&req);
}

/* ---- failures */

static void expect_failure(struct fixture *f, struct http_request *req, const char *code)
{
    struct error err;
    assert_false(run(f, req, &err));
    if (!error_is(&err, code)) {
        print_error("%s: %s\n", err.code, err.message);
    }
    assert_string_equal(err.code, code);
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_null(strstr(err.message, "secret"));
    assert_non_null(strstr(err.message, "/a: "));
    http_request_done(req);
}

static void a_lost_connection_says_that_the_request_had_left(void **state)
{
    struct fixture *f = *state;
    static const enum fake_fault faults[] = {FAKE_RESET, FAKE_CLOSE, FAKE_TRUNCATE};
    for (size_t i = 0; i < 3; i++) {
        struct http_request req = get(f);
        req.method = "POST";
        req.body = STR("body");
        f->answer_count = 0;
        will_answer(f, (struct fake_answer){.fault = faults[i], .body = STR("0123456789")});
        expect_failure(f, &req, "connection_lost");
        assert_true(req.has_sent_request);
        assert_int_equal(req.status, faults[i] == FAKE_TRUNCATE ? 200 : 0);
    }
    assert_int_equal(fake_http_request_count(f->server), 3);
}

static void nothing_has_left_when_there_is_nobody(void **state)
{
    struct fixture *f = *state;
    struct http_request req = get(f);
    req.url = "http://127.0.0.1:1/a";
    expect_failure(f, &req, "connection_failed");
    assert_false(req.has_sent_request);
    assert_int_equal(req.status, 0);
    req = get(f);
    req.url = "https://no-such-host.invalid/a";
    req.without_proxy = true;
    expect_failure(f, &req, "host_not_found");
    assert_false(req.has_sent_request);
}

static void silence_before_and_inside_an_answer_is_a_stall(void **state)
{
    struct fixture *f = *state;
    static const enum fake_fault faults[] = {FAKE_SILENT, FAKE_STALL};
    for (size_t i = 0; i < 2; i++) {
        struct http_request req = get(f);
        req.stall_timeout_ms = 60;
        f->answer_count = 0;
        will_answer(f, (struct fake_answer){.fault = faults[i], .body = STR("0123456789")});
        expect_failure(f, &req, "stalled");
        assert_true(req.has_sent_request);
    }
}

static void a_slow_answer_is_no_stall_but_may_take_too_long(void **state)
{
    struct fixture *f = *state;
    struct error err;
    char body[1000];
    memset(body, 'x', sizeof(body));
    will_answer(f, (struct fake_answer){.fault = FAKE_SLOW, .body = {body, sizeof(body)}});
    struct http_request req = get(f);
    req.stall_timeout_ms = 150;
    assert_true(run(f, &req, &err)); /* takes 300 ms and more */
    assert_int_equal(req.response.len, sizeof(body));
    http_request_done(&req);
    req = get(f);
    req.total_timeout_ms = 50;
    expect_failure(f, &req, "timeout");
}

static void an_answer_that_only_drips_is_a_stall_where_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    struct error err;
    char body[1000];
    memset(body, 'x', sizeof(body));
    will_answer(f, (struct fake_answer){.fault = FAKE_DRIP, .body = {body, sizeof(body)}});
    struct http_request req = get(f);
    req.stall_timeout_ms = 400;
    req.low_speed = 100; /* half of that comes */
    expect_failure(f, &req, "stalled");
    assert_int_equal(req.status, 200);
    f->answers[0].body.len = 30; /* which take 600 ms */
    req = get(f);
    req.stall_timeout_ms = 400;
    assert_true(run(f, &req, &err));
    http_request_done(&req);
}

static void connecting_has_a_time_limit_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int mute = socket(AF_INET, SOCK_STREAM, 0); /* the kernel accepts, nobody shakes hands */
    assert_int_equal(bind(mute, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(mute, 1), 0);
    assert_int_equal(getsockname(mute, (struct sockaddr *)&address, &size), 0);
    char *url = xasprintf("https://127.0.0.1:%d/a", ntohs(address.sin_port));
    struct http_request req = get(f);
    req.url = url;
    req.connect_timeout_ms = 60;
    expect_failure(f, &req, "connect_timeout");
    assert_false(req.has_sent_request);
    free(url);
    close(mute);
}

static void a_server_that_does_not_read_has_not_got_the_request(void **state)
{
    struct fixture *f = *state;
    size_t size = 16 << 20;
    char *bytes = xcalloc(1, size);
    struct http_request req = get(f);
    fake_http_set_deaf(f->server, true);
    req.method = "POST";
    req.body = (struct str){bytes, size};
    req.stall_timeout_ms = 80;
    expect_failure(f, &req, "stalled");
    assert_false(req.has_sent_request);
    free(bytes);
}

static void what_is_no_http_is_a_lost_connection(void **state)
{
    struct fixture *f = *state;
    struct http_request req = get(f);
    will_answer(f, (struct fake_answer){.fault = FAKE_GARBAGE});
    expect_failure(f, &req, "connection_lost");
}

/* ---- connections */

static void what_must_not_be_sent_twice_gets_its_own_connection(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const struct {
        const char *method;
        bool is_idempotent;
        int connection;
    } steps[] = {{"GET", false, 1}, {"PUT", true, 1},  {"HEAD", false, 1}, {"POST", false, 2},
                 {"PUT", false, 3}, {"POST", true, 0}, {"GET", false, 0}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct http_request req = get(f);
        req.method = steps[i].method;
        req.is_idempotent = steps[i].is_idempotent;
        assert_true(run(f, &req, &err));
        if (steps[i].connection != 0) {
            assert_int_equal(seen(f, i)->connection, steps[i].connection);
        } else {
            assert_true(seen(f, i)->connection <= 3);
        }
        http_request_done(&req);
    }
}

static void a_post_on_a_connection_that_dies_is_sent_once(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_request req = get(f);
    assert_true(run(f, &req, &err)); /* leaves a connection to use again */
    http_request_done(&req);
    will_answer(f, (struct fake_answer){.fault = FAKE_CLOSE});
    req = get(f);
    req.method = "POST";
    expect_failure(f, &req, "connection_lost");
    assert_int_equal(fake_http_request_count(f->server), 2);
}

static void a_connection_the_server_has_closed_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct error err;
    for (int i = 0; i < 3; i++) {
        struct http_request req = get(f);
        assert_true(run(f, &req, &err));
        fake_http_close_idle(f->server);
        http_request_done(&req);
    }
    assert_int_equal(fake_http_request_count(f->server), 3);
}

struct many {
    struct loop *loop;
    struct http_request requests[20];
    size_t done, failed;
};

static void one_of_many_done(struct op *op, const struct error *err)
{
    struct many *many = op->context;
    many->done++;
    many->failed += err == NULL ? 0 : 1;
    if (many->done == 20) {
        loop_stop(many->loop);
    }
}

/* They wait for each other longer than they may take to connect. */
static void more_requests_than_connections_wait_their_turn(void **state)
{
    struct fixture *f = *state;
    struct many many = {.loop = f->loop};
    struct http *narrow = http_new(f->loop, &(struct http_settings){.max_connections = 2});
    will_answer(f, (struct fake_answer){.delay_ms = 20, .body = STR("x")});
    for (size_t i = 0; i < 20; i++) {
        many.requests[i] = get(f);
        many.requests[i].op = (struct op){.done = one_of_many_done, .context = &many};
        many.requests[i].connect_timeout_ms = 100;
        http_request_start(narrow, &many.requests[i]);
    }
    loop_run(f->loop);
    assert_int_equal(many.done, 20);
    assert_int_equal(many.failed, 0);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(many.requests[i].response.len, 1);
        assert_true(seen(f, i)->connection <= 2);
        http_request_done(&many.requests[i]);
    }
    http_free(narrow);
}

static void proxies_of_the_environment_are_used_but_never_for_loopback(void **state)
{
    struct fixture *f = *state;
    struct error err;
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("http_proxy", fake_http_url(f->server), 1);
    struct http_request req = get(f);
    req.url = "http://no-such-host.invalid/a";
    req.allow_plain = true;
    assert_true(run(f, &req, &err));
    assert_string_equal(seen(f, 0)->path, "http://no-such-host.invalid/a");
    http_request_done(&req);
    req.without_proxy = true;
    expect_failure(f, &req, "host_not_found");
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    req = get(f);
    assert_true(run(f, &req, &err));
    http_request_done(&req);
    unsetenv("http_proxy");
}

/* ---- cancelling */

struct cancelling {
    struct http_request *req;
    struct timer *timer;
};

static void cancel_now(void *context)
{
    struct cancelling *cancelling = context;
    http_request_cancel(cancelling->req);
    http_request_cancel(cancelling->req); /* twice is harmless */
}

static void a_cancel_ends_a_request_at_any_moment(void **state)
{
    struct fixture *f = *state;
    struct error err;
    will_answer(f, (struct fake_answer){.fault = FAKE_STALL, .body = STR("0123456789")});
    for (int delay_ms = -1; delay_ms < 12; delay_ms += 3) {
        struct http_request req = get(f);
        struct cancelling cancelling = {.req = &req};
        cancelling.timer = timer_new(f->loop, cancel_now, &cancelling);
        http_request_start(f->http, &req);
        if (delay_ms < 0) {
            cancel_now(&cancelling);
        } else {
            timer_arm(cancelling.timer, delay_ms);
        }
        assert_false(loop_await(f->loop, &req.op, &err));
        assert_int_equal(err.error_class, ERROR_CANCELLED);
        http_request_cancel(&req); /* after the end, too */
        http_request_done(&req);
        timer_free(cancelling.timer);
    }
}

static void a_cancel_after_the_answer_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_request req = get(f);
    assert_true(run(f, &req, &err));
    http_request_cancel(&req);
    assert_false(op_is_active(&req.op));
    http_request_done(&req);
}

static void certificates_are_found_where_each_distribution_keeps_them(void **state)
{
    (void)state;
    static const char *const folders[] = {"etc",     "etc/ssl",     "etc/ssl/certs",
                                          "etc/pki", "etc/pki/tls", "etc/pki/tls/certs"};
    static const char *const places[] = {"etc/ssl/cert.pem", "etc/ssl/ca-bundle.pem",
                                         "etc/pki/tls/certs/ca-bundle.crt", /* provided.al2023 */
                                         "etc/ssl/certs/ca-certificates.crt" /* Debian */};
    char *root = test_folder_new();
    char *found = http_find_ca_file(root);
    char *expected = file_join(root, places[3]); /* there is none: the name to be told */
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char *folder = file_join(root, folders[i]);
        assert_int_equal(mkdir(folder, 0700), 0);
        free(folder);
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct error err;
        expected = file_join(root, places[i]);
        assert_true(file_write(expected, STR("certificates"), 0600, &err));
        found = http_find_ca_file(root);
        assert_string_equal(found, expected); /* each goes before those above */
        free(found);
        free(expected);
    }
    test_folder_free(root);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_found_where_each_distribution_keeps_them),
        T(sends_what_is_asked_and_nothing_else),
        T(a_body_has_its_length_whatever_the_method),
        T(an_empty_put_and_post_say_length_zero),
        T(a_header_that_could_smuggle_another_is_refused),
        T(bad_urls_and_plain_http_are_refused),
        T(any_status_is_an_answer),
        T(headers_are_found_by_their_lower_case_name),
        T(a_head_ends_without_its_body),
        T(bodies_of_megabytes_arrive_whole),
        T(an_answer_over_the_limit_fails),
        T(a_lost_connection_says_that_the_request_had_left),
        T(nothing_has_left_when_there_is_nobody),
        T(silence_before_and_inside_an_answer_is_a_stall),
        T(a_slow_answer_is_no_stall_but_may_take_too_long),
        T(an_answer_that_only_drips_is_a_stall_where_that_is_asked_for),
        T(connecting_has_a_time_limit_of_its_own),
        T(a_server_that_does_not_read_has_not_got_the_request),
        T(what_is_no_http_is_a_lost_connection),
        T(what_must_not_be_sent_twice_gets_its_own_connection),
        T(a_post_on_a_connection_that_dies_is_sent_once),
        T(a_connection_the_server_has_closed_is_replaced),
        T(more_requests_than_connections_wait_their_turn),
        T(proxies_of_the_environment_are_used_but_never_for_loopback),
        T(a_cancel_ends_a_request_at_any_moment),
        T(a_cancel_after_the_answer_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
