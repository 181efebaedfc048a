/* The fake AWS must notice what AWS would: requests that are almost right. */
#include "tests/support/fake_aws.h"

#include "core/aws/sigv4.h"
#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 6 };

struct fixture {
    struct loop *loop;
    struct http *http;
    struct fake_aws *aws;
    struct http_header headers[HEADERS];
    struct buf authorization;
    char date[SIGV4_DATE_SIZE], url[256];
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->loop = loop_new();
    f->http = http_new(f->loop, &(struct http_settings){0});
    f->aws = fake_aws_new(f->loop);
    buf_init(&f->authorization, 4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_free(f->http);
    fake_aws_free(f->aws);
    buf_done(&f->authorization);
    loop_free(f->loop);
    free(f);
    return 0;
}

/* Signs a request for Lambda with these headers: the first is Host, the last becomes Authorization.
 */
static void sign(struct fixture *f, const char *secret, struct str body)
{
    struct sigv4_key key = {0};
    struct sigv4_header to_sign[HEADERS];
    struct aws_credentials credentials = {.key_id = FAKE_KEY_ID};
    static char hash[DIGEST_HEX_SIZE];
    struct clock *clock = clock_system();
    digest_hex(body, hash);
    sigv4_date(clock->wall_ms(clock), f->date);
    f->headers[0] = (struct http_header){"Host", fake_aws_url(f->aws) + strlen("http://")};
    f->headers[1] = (struct http_header){"x-amz-date", f->date};
    f->headers[2] = (struct http_header){"x-amz-content-sha256", hash};
    f->headers[3] = (struct http_header){"x-amz-meta-a", "  b   c "};
    f->headers[4] = (struct http_header){"content-type", "application/json"};
    for (size_t i = 0; i < HEADERS - 1; i++) {
        to_sign[i] = (struct sigv4_header){f->headers[i].name, f->headers[i].value};
    }
    struct sigv4_request request = {.method = "POST",
                                    .path = "/a%3Ab/./c//d/",
                                    .query = "z=1&y&a=%2f",
                                    .headers = to_sign,
                                    .header_count = HEADERS - 1,
                                    .payload_hash = hash,
                                    .region = "us-east-1",
                                    .service = "lambda"};
    memcpy(request.date, f->date, sizeof(request.date));
    secret_set(&credentials.secret_key, str_from(secret));
    buf_reset(&f->authorization);
    assert_true(sigv4_authorization(&key, &request, &credentials, &f->authorization));
    f->headers[5] = (struct http_header){"Authorization", buf_text(&f->authorization)};
    secret_done(&credentials.secret_key);
    sigv4_key_done(&key);
    snprintf(f->url, sizeof(f->url), "%s/a%%3Ab/./c//d/?z=1&y&a=%%2f", fake_aws_url(f->aws));
}

/* The status, and the complaints as memory for free(). */
static int send(struct fixture *f, struct str body, size_t header_count, char **out_complaints)
{
    struct error err;
    struct http_request req = {.method = "POST",
                               .url = f->url,
                               .headers = f->headers,
                               .header_count = header_count,
                               .body = body,
                               .response_limit_bytes = 4096};
    http_request_start(f->http, &req);
    assert_true(loop_await(f->loop, &req.op, &err));
    http_request_done(&req);
    *out_complaints = fake_aws_take_complaints(f->aws);
    return req.status;
}

static void expect_complaint(struct fixture *f, struct str body, const char *complaint)
{
    char *complaints = NULL;
    int status = send(f, body, HEADERS, &complaints);
    if (complaint == NULL) {
        assert_string_equal(complaints, "");
        assert_int_equal(status, 200);
    } else {
        assert_non_null(strstr(complaints, complaint));
        assert_true(status >= 400);
    }
    free(complaints);
}

static void a_good_request_is_answered(void **state)
{
    struct fixture *f = *state;
    fake_aws_expect(f->aws, (struct fake_exchange){.path = "/a%3Ab/./c//d/",
                                                   .query = "z=1&y&a=%2f",
                                                   .service = "lambda",
                                                   .body = "bod",
                                                   .header = "X-Amz-Meta-A: b   c"});
    sign(f, FAKE_SECRET, STR("body"));
    expect_complaint(f, STR("body"), NULL);
}

static void whatever_is_changed_after_signing_is_noticed(void **state)
{
    struct fixture *f = *state;
    sign(f, FAKE_SECRET, STR("body"));
    expect_complaint(f, STR("bodY"), "x-amz-content-sha256 is not that of the body");
    f->headers[3].value = "b d";
    expect_complaint(f, STR("body"), "the signature does not match");
    sign(f, FAKE_SECRET, STR("body"));
    f->headers[3].name = "x-amz-meta-b";
    expect_complaint(f, STR("body"), "a header that must be signed is not");
    sign(f, FAKE_SECRET, STR("body"));
    f->headers[3].name = "other";
    expect_complaint(f, STR("body"), "a signed header was not sent");
    sign(f, FAKE_SECRET, STR("body"));
    strcat(f->url, "&b");
    expect_complaint(f, STR("body"), "the signature does not match");
    sign(f, FAKE_SECRET, STR("body"));
    f->headers[3] = (struct http_header){"x-amz-security-token", "t"};
    expect_complaint(f, STR("body"), "the session token is missing, or not that of the key");
    sign(f, FAKE_SECRET, STR("body"));
    f->headers[4] = (struct http_header){"x-amz-target", "A.B"};
    expect_complaint(f, STR("body"), "a call with X-Amz-Target is a POST");
}

static void a_wrong_secret_is_noticed(void **state)
{
    struct fixture *f = *state;
    sign(f, "wrong", STR("body"));
    expect_complaint(f, STR("body"), "the signature does not match");
}

static void what_is_not_expected_is_a_complaint(void **state)
{
    struct fixture *f = *state;
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET", .times = FAKE_ALWAYS});
    sign(f, FAKE_SECRET, STR("body"));
    expect_complaint(f, STR("body"), "nothing expects it");
}

static void an_unsigned_request_is_noticed(void **state)
{
    struct fixture *f = *state;
    char *complaints = NULL;
    fake_aws_expect(f->aws, (struct fake_exchange){0});
    sign(f, FAKE_SECRET, STR("body"));
    assert_int_equal(send(f, STR("body"), HEADERS - 1, &complaints), 200);
    assert_non_null(strstr(complaints, "it is not signed"));
    free(complaints);
    fake_aws_expect(f->aws, (struct fake_exchange){.is_unsigned = true});
    assert_int_equal(send(f, STR("body"), HEADERS, &complaints), 200);
    assert_non_null(strstr(complaints, "it is signed"));
    free(complaints);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_good_request_is_answered),     T(whatever_is_changed_after_signing_is_noticed),
        T(a_wrong_secret_is_noticed),      T(what_is_not_expected_is_a_complaint),
        T(an_unsigned_request_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
