/* Answers of S3 read by themselves: what they leave out, and what is not taken from them. */
#include "core/aws/s3_message.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

static void expect_etag_kept(const char *text)
{
    char etag[OBJECT_ETAG_SIZE] = "before";
    char *completed =
        xasprintf("<CompleteMultipartUploadResult>%s</CompleteMultipartUploadResult>", text);
    char *copied = xasprintf("<CopyPartResult>%s</CopyPartResult>", text);
    s3_read_completed_etag(str_from(completed), etag);
    assert_string_equal(etag, "before");
    assert_false(s3_read_copied_etag(str_from(copied), etag));
    assert_string_equal(etag, "before");
    free(completed);
    free(copied);
}

static void an_etag_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    char etag[OBJECT_ETAG_SIZE] = "before";
    char *large = xasprintf("<ETag>%0*d</ETag>", OBJECT_ETAG_SIZE, 0);
    expect_etag_kept("");
    expect_etag_kept("<ETag></ETag>");
    expect_etag_kept("<ETag/>");
    expect_etag_kept(large);
    free(large);
    assert_true(s3_read_copied_etag(
        STR("<CopyPartResult><ETag>&quot;9b2c&quot;</ETag></CopyPartResult>"), etag));
    assert_string_equal(etag, "\"9b2c\"");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_etag_is_taken_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
