/* Where calls go and what is signed: hosts, paths, headers. No network. */
#include "core/aws/call_request.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct loop *loop;
    struct aws_session *session;
    struct aws_credentials credentials;
    struct sigv4_key key;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->loop = loop_new();
    strcpy(f->credentials.key_id, "AKIDEXAMPLE");
    secret_set(&f->credentials.secret_key, STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    aws_session_free(f->session);
    aws_credentials_done(&f->credentials);
    sigv4_key_done(&f->key);
    loop_free(f->loop);
    free(f);
    return 0;
}

static void use_endpoint(struct fixture *f, const char *endpoint, bool force_virtual_host)
{
    struct error err;
    struct aws_session_spec spec = {
        .environment = (const char *const[]){"HOME=/nonexistent", "AWS_REGION=eu-central-1", NULL},
        .endpoint_url = endpoint,
        .force_virtual_host = force_virtual_host,
    };
    aws_session_free(f->session);
    f->session = aws_session_new(f->loop, &spec, &err);
    assert_non_null(f->session);
}

static struct call_try try_of(struct fixture *f, const struct aws_call *call)
{
    return (struct call_try){.session = f->session,
                             .call = call,
                             .credentials = &f->credentials,
                             .key = &f->key,
                             .body_sha256 = SIGV4_EMPTY_SHA256,
                             .invocation_id = "id",
                             .attempt = 1,
                             .max_attempts = 3,
                             .wall_ms = 1440938160000};
}

static void expect_url(struct fixture *f, const char *bucket, const char *path, const char *url,
                       const char *host)
{
    struct error err;
    struct call_request request;
    struct aws_call call = {.service = AWS_S3,
                            .operation = "GetObject",
                            .method = "GET",
                            .bucket = bucket,
                            .path = path,
                            .query = "a=b"};
    struct call_try attempt = try_of(f, &call);
    assert_true(call_request_make(&attempt, &request, &err));
    assert_string_equal(request.url, url);
    assert_string_equal(request.host, host);
    assert_string_equal(request.headers[0].name, "Host");
    assert_string_equal(request.headers[0].value, host);
    call_request_done(&request);
}

static void a_bucket_is_in_the_host_name_where_it_may_be(void **state)
{
    struct fixture *f = *state;
    use_endpoint(f, NULL, false);
    expect_url(f, "bkt", "/k/../x", "https://bkt.s3.eu-central-1.amazonaws.com/k/../x?a=b",
               "bkt.s3.eu-central-1.amazonaws.com");
    expect_url(f, "bkt", "", "https://bkt.s3.eu-central-1.amazonaws.com/?a=b",
               "bkt.s3.eu-central-1.amazonaws.com");
    expect_url(f, "b.kt", "/k", "https://s3.eu-central-1.amazonaws.com/b.kt/k?a=b",
               "s3.eu-central-1.amazonaws.com");
    expect_url(f, NULL, NULL, "https://s3.eu-central-1.amazonaws.com/?a=b",
               "s3.eu-central-1.amazonaws.com");
}

static void a_custom_endpoint_keeps_its_path_and_drops_the_usual_port(void **state)
{
    struct fixture *f = *state;
    use_endpoint(f, "https://Store.Example:443/base", false);
    expect_url(f, "bkt", "/k", "https://store.example/base/bkt/k?a=b", "store.example");
    expect_url(f, "bkt", "", "https://store.example/base/bkt?a=b", "store.example");
    expect_url(f, NULL, NULL, "https://store.example/base/?a=b", "store.example");
    use_endpoint(f, "http://127.0.0.1:9000", false);
    expect_url(f, "bkt", "/k", "http://127.0.0.1:9000/bkt/k?a=b", "127.0.0.1:9000");
    use_endpoint(f, "https://store.example:8443", true);
    expect_url(f, "bkt", "/k", "https://bkt.store.example:8443/k?a=b", "bkt.store.example:8443");
}

static const char *header_of(const struct call_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

static void signs_with_the_region_of_the_try(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct call_request request;
    struct aws_call call = {.service = AWS_S3,
                            .operation = "HeadBucket",
                            .method = "HEAD",
                            .bucket = "bkt",
                            .path = ""};
    struct call_try attempt = try_of(f, &call);
    use_endpoint(f, NULL, false);
    attempt.session = f->session;
    attempt.region = "us-west-2";
    assert_true(call_request_make(&attempt, &request, &err));
    assert_string_equal(request.url, "https://bkt.s3.us-west-2.amazonaws.com/");
    assert_non_null(strstr(header_of(&request, "Authorization"),
                           "AKIDEXAMPLE/20150830/us-west-2/s3/aws4_request"));
    assert_string_equal(header_of(&request, "X-Amz-Date"), "20150830T123600Z");
    assert_string_equal(header_of(&request, "X-Amz-Content-Sha256"), SIGV4_EMPTY_SHA256);
    assert_null(header_of(&request, "X-Amz-Security-Token"));
    assert_string_equal(header_of(&request, "amz-sdk-request"), "attempt=1; max=3");
    call_request_done(&request);
}

static void without_credentials_nothing_is_signed(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct call_request request;
    struct aws_call call = {
        .service = AWS_STS, .operation = "AssumeRoleWithWebIdentity", .method = "POST"};
    struct call_try attempt = try_of(f, &call);
    use_endpoint(f, NULL, false);
    attempt.session = f->session;
    attempt.credentials = NULL;
    assert_true(call_request_make(&attempt, &request, &err));
    assert_string_equal(request.url, "https://sts.eu-central-1.amazonaws.com/");
    assert_null(header_of(&request, "Authorization"));
    assert_null(header_of(&request, "X-Amz-Date"));
    call_request_done(&request);
}

static void too_many_headers_are_an_error(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct call_request request;
    struct http_header many[SIGV4_HEADERS_MAX];
    struct aws_call call = {.service = AWS_S3,
                            .operation = "PutObject",
                            .method = "PUT",
                            .bucket = "bkt",
                            .path = "/k",
                            .headers = many,
                            .header_count = SIGV4_HEADERS_MAX};
    struct call_try attempt = try_of(f, &call);
    use_endpoint(f, NULL, false);
    attempt.session = f->session;
    for (size_t i = 0; i < SIGV4_HEADERS_MAX; i++) {
        many[i] = (struct http_header){"x-amz-meta-a", "b"};
    }
    assert_false(call_request_make(&attempt, &request, &err));
    assert_true(error_is(&err, "request_too_large"));
    call_request_done(&request);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_bucket_is_in_the_host_name_where_it_may_be),
        T(a_custom_endpoint_keeps_its_path_and_drops_the_usual_port),
        T(signs_with_the_region_of_the_try),
        T(without_credentials_nothing_is_signed),
        T(too_many_headers_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
