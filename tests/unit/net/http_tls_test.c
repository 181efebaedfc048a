/* Whom https trusts. */
#include "core/net/http.h"

#include "core/aws/authorities.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_tls.h"
#include "tests/support/folder.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The error code of a request to a server whose certificate is for `name`; "" when it is fine. */
static struct error ask(const char *name, int highest, bool is_trusted)
{
    struct error err = {0};
    struct loop *loop = loop_new();
    struct fake_tls *server = fake_tls_new(name, highest);
    struct http_settings settings = {.ca_file = is_trusted ? fake_tls_ca_file(server) : NULL};
    struct http *http = http_new(loop, &settings);
    struct http_request req = {.method = "GET",
                               .url = fake_tls_url(server),
                               .response_limit_bytes = 100,
                               .total_timeout_ms = 10000};
    http_request_start(http, &req);
    if (loop_await(loop, &req.op, &err)) {
        assert_string_equal(buf_text(&req.response), "secure");
    } else {
        assert_false(req.has_sent_request);
    }
    http_request_done(&req);
    http_free(http);
    fake_tls_free(server);
    loop_free(loop);
    return err;
}

static void a_certificate_of_the_given_authority_is_trusted(void **state)
{
    (void)state;
    assert_string_equal(ask("127.0.0.1", 0, true).code, "");
}

static void an_unknown_authority_is_refused_for_good(void **state)
{
    (void)state;
    struct error err = ask("127.0.0.1", 0, false);
    assert_string_equal(err.code, "tls_failed");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
}

static void a_certificate_for_another_name_is_refused_for_good(void **state)
{
    (void)state;
    struct error err = ask("other.example", 0, true);
    assert_string_equal(err.code, "tls_failed");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
}

static void versions_before_1_2_are_refused(void **state)
{
    (void)state;
    assert_string_not_equal(ask("127.0.0.1", TLS1_1_VERSION, true).code, "");
}

static void a_missing_authority_file_is_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct loop *loop = loop_new();
    struct http *http = http_new(loop, &(struct http_settings){.ca_file = "/nonexistent/ca.pem"});
    struct fake_tls *server = fake_tls_new("127.0.0.1", 0);
    struct http_request req = {.method = "GET", .url = fake_tls_url(server)};
    http_request_start(http, &req);
    assert_false(loop_await(loop, &req.op, &err));
    assert_string_equal(err.code, "tls_failed");
    assert_non_null(strstr(err.message, "/nonexistent/ca.pem"));
    http_request_done(&req);
    http_free(http);
    fake_tls_free(server);
    loop_free(loop);
}

static bool keep(void *context, const char *name, struct str pem, struct error *err)
{
    char *path = file_join(context, name);
    bool is_kept = file_write(path, pem, 0644, err);
    free(path);
    return is_kept;
}

/* What the folder holds, or does not, is what is trusted: the error code, "" when it is fine. */
static void ask_with_folder(bool is_in_it, char out_code[ERROR_CODE_SIZE])
{
    struct error err = {0};
    struct buf bundle;
    struct loop *loop = loop_new();
    struct fake_tls *server = fake_tls_new("127.0.0.1", 0);
    char *folder = test_folder_new();
    buf_init(&bundle, 1 << 20);
    assert_true(file_read(fake_tls_ca_file(server), &bundle, &err));
    assert_true(!is_in_it || authorities_split(buf_str(&bundle), keep, folder, &err));
    struct http *http = http_new(loop, &(struct http_settings){.ca_file = folder});
    struct http_request req = {
        .method = "GET", .url = fake_tls_url(server), .response_limit_bytes = 100};
    http_request_start(http, &req);
    bool is_answered = loop_await(loop, &req.op, &err);
    snprintf(out_code, ERROR_CODE_SIZE, "%s", is_answered ? "" : err.code);
    http_request_done(&req);
    http_free(http);
    buf_done(&bundle);
    test_folder_free(folder);
    fake_tls_free(server);
    loop_free(loop);
}

static void a_folder_of_authorities_says_who_is_trusted(void **state)
{
    (void)state;
    char code[ERROR_CODE_SIZE];
    ask_with_folder(true, code);
    assert_string_equal(code, "");
    ask_with_folder(false, code);
    assert_string_equal(code, "tls_failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_of_the_given_authority_is_trusted),
        cmocka_unit_test(an_unknown_authority_is_refused_for_good),
        cmocka_unit_test(a_certificate_for_another_name_is_refused_for_good),
        cmocka_unit_test(versions_before_1_2_are_refused),
        cmocka_unit_test(a_missing_authority_file_is_named),
        cmocka_unit_test(a_folder_of_authorities_says_who_is_trusted),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
