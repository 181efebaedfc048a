/* Bundles of certificates, taken apart. */
#include "core/aws/authorities.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_tls.h"

#include <stdio.h>
#include <string.h>

struct seen {
    size_t count;
    char names[4][32];
    size_t pem_len[4];
    bool is_refusing;
};

static bool look(void *context, const char *name, struct str pem, struct error *err)
{
    struct seen *seen = context;
    assert_true(seen->count < 4);
    assert_true(str_starts_with(pem, STR("-----BEGIN CERTIFICATE-----\n")));
    assert_true(str_ends_with(pem, STR("-----END CERTIFICATE-----\n")));
    snprintf(seen->names[seen->count], sizeof(seen->names[0]), "%s", name);
    seen->pem_len[seen->count++] = pem.len;
    return !seen->is_refusing || error_set(err, ERROR_PERMANENT, "enough", "no more");
}

/* times: how often the certificate stands in it; between them what bundles have for people. */
static void make_bundle(struct buf *bundle, int times)
{
    struct fake_tls *server = fake_tls_new("127.0.0.1", 0);
    struct error err;
    buf_init(bundle, 1 << 20);
    for (int i = 0; i < times; i++) {
        buf_append_text(bundle, "# test\n=====\n");
        assert_true(file_read(fake_tls_ca_file(server), bundle, &err));
    }
    fake_tls_free(server);
}

static void each_certificate_has_a_name_of_its_own(void **state)
{
    (void)state;
    struct buf bundle;
    struct error err;
    struct seen seen = {.count = 0};
    make_bundle(&bundle, 3);
    assert_true(authorities_split(buf_str(&bundle), look, &seen, &err));
    assert_int_equal(seen.count, 3);
    for (size_t i = 0; i < 3; i++) {
        char end[8];
        snprintf(end, sizeof(end), ".%zu", i);
        assert_int_equal(strlen(seen.names[i]), 10);
        assert_memory_equal(seen.names[i], seen.names[0], 8);
        assert_string_equal(seen.names[i] + 8, end);
        assert_int_equal(seen.pem_len[i], seen.pem_len[0]);
    }
    buf_done(&bundle);
}

static void a_bundle_without_a_whole_certificate_is_refused(void **state)
{
    (void)state;
    struct buf bundle;
    struct error err;
    struct seen seen = {.count = 0};
    assert_false(authorities_split(STR(""), look, &seen, &err));
    assert_string_equal(err.code, "bad_certificate");
    assert_false(authorities_split(STR("no certificates here\n"), look, &seen, &err));
    assert_non_null(strstr(err.message, "no certificate"));
    make_bundle(&bundle, 2);
    struct str cut = {buf_str(&bundle).ptr, bundle.len - 40};
    assert_false(authorities_split(cut, look, &seen, &err));
    assert_string_equal(err.code, "bad_certificate");
    assert_non_null(strstr(err.message, "certificate 2"));
    assert_int_equal(seen.count, 1);
    buf_done(&bundle);
}

static void who_is_told_may_end_it(void **state)
{
    (void)state;
    struct buf bundle;
    struct error err;
    struct seen seen = {.is_refusing = true};
    make_bundle(&bundle, 2);
    assert_false(authorities_split(buf_str(&bundle), look, &seen, &err));
    assert_string_equal(err.code, "enough");
    assert_int_equal(seen.count, 1);
    buf_done(&bundle);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_certificate_has_a_name_of_its_own),
        cmocka_unit_test(a_bundle_without_a_whole_certificate_is_refused),
        cmocka_unit_test(who_is_told_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
