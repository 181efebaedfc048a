/* JSON that AWS, its metadata services and functions answer with: whatever it is, what is read lies
 * in its limits and is printable where it is shown, and a refusal says why. */
#include "core/aws/credentials_json.h"
#include "core/aws/lambda.h"
#include "core/aws/sagemaker_message.h"
#include "core/ports/function_failure.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_printable(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

static void read_credentials(const struct json *json, const struct credentials_json_names *names)
{
    struct aws_credentials credentials = {.expires_ms = 0};
    struct error err = {0};
    if (credentials_json_read(json, names, &credentials, &err)) {
        assert(credentials.key_id[0] != '\0' && secret_is_set(&credentials.secret_key));
    } else {
        assert(err.message[0] != '\0' && !secret_is_set(&credentials.secret_key));
    }
    aws_credentials_done(&credentials);
}

static void read_job(const struct json *json)
{
    struct training_job job = {.created_ms = -1};
    struct error err = {0};
    if (!sagemaker_read_job(json, &job, &err)) {
        assert(error_is(&err, "bad_answer") || error_is(&err, "unknown_status"));
        assert(job.created_ms == -1);
        return;
    }
    assert(job.name[0] != '\0' && job.created_ms >= 0 && job.ended_ms >= 0 && job.billable_ms >= 0);
    expect_printable(job.name);
    expect_printable(job.secondary_status);
    expect_printable(job.status_message);
    expect_printable(job.failure_reason);
}

static void read_function(const struct json *json)
{
    struct lambda_state state;
    struct error err = {0};
    lambda_state_read(json, &state);
    expect_printable(state.state);
    expect_printable(state.state_reason);
    assert(!function_failure_read("f", json, &err));
    assert(err.code[0] != '\0');
    expect_printable(err.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct json *json = credentials_json_parse((struct str){(const char *)data, size}, &err);
    if (json == NULL) {
        assert(err.message[0] != '\0');
        return 0;
    }
    read_credentials(json, &credentials_json_of_process);
    read_credentials(json, &credentials_json_of_metadata);
    read_job(json);
    read_function(json);
    json_free_wiped(json);
    return 0;
}
