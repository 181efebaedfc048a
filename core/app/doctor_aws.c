/* What gatehouse doctor asks of AWS. Nothing is changed, and nothing that is asked costs more than
 * a request. */
#include "core/app/doctor.h"

#include "core/aws/call.h"
#include "core/aws/sts.h"
#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_TIMEOUT_MS = 20000, QUOTA_PAGES_MAX = 20, QUOTA_PAGE = 100, MS_PER_S = 1000 };
/* Half of what AWS tolerates: time to act. */
enum { CLOCK_WARN_S = 150 };

static bool ask(struct doctor *doctor, struct aws_call *call, struct error *err)
{
    call->is_idempotent = true;
    call->total_timeout_ms = ASK_TIMEOUT_MS;
    aws_call_start(doctor->backend.aws, call);
    return loop_await(doctor->backend.loop, &call->op, err);
}

/* ---- who are we */

static bool check_identity(struct doctor *doctor)
{
    struct sts_identity identity = {.op = {.context = NULL}};
    struct aws_credentials_get get = {.op = {.context = NULL}};
    struct error err;
    aws_credentials_get_start(doctor->backend.aws, &get);
    bool is_good = loop_await(doctor->backend.loop, &get.op, &err);
    if (is_good) {
        sts_identity_start(doctor->backend.aws, &identity);
        is_good = loop_await(doctor->backend.loop, &identity.op, &err);
    }
    if (is_good) {
        char *text = xasprintf("%s, from %s", identity.arn, get.credentials.source);
        doctor_tell(doctor, CHECK_OK, "credentials", text, "");
        free(text);
    } else {
        doctor_tell(doctor, CHECK_FAIL, "credentials", err.message,
                    aws_error_is_credentials(&err)
                        ? "see gatehouse aws whoami, and the README on AWS credentials"
                        : "is the network there, and aws.region right?");
    }
    aws_credentials_done(&get.credentials);
    return is_good;
}

static bool check_region(struct doctor *doctor)
{
    const char *region = aws_session_region(doctor->backend.aws);
    bool is_there = *region != '\0';
    doctor_tell(doctor, is_there ? CHECK_OK : CHECK_FAIL, "region", is_there ? region : "none",
                is_there ? "" : "set aws.region, or AWS_REGION");
    return is_there;
}

/* ---- buckets, and the clock of those who answer */

static void check_offset(struct doctor *doctor, const struct aws_call *call)
{
    struct clock *clock = aws_session_clock(doctor->backend.aws);
    int64_t theirs_ms = 0;
    if (!clock_parse_http(aws_call_header(call, "date"), &theirs_ms)) {
        return;
    }
    long long offset_s = (long long)((clock->wall_ms(clock) - theirs_ms) / MS_PER_S);
    bool is_close = llabs(offset_s) < CLOCK_WARN_S;
    char *text =
        xasprintf("%lld s %s AWS's", llabs(offset_s), offset_s < 0 ? "behind" : "ahead of");
    doctor_tell(doctor, is_close ? CHECK_OK : CHECK_WARN, "clock of AWS", text,
                is_close ? ""
                         : "set the clock: signatures are refused from 15 minutes on; "
                           "gatehouse corrects for it, others do not");
    free(text);
}

/* SageMaker reads and writes only buckets of its own region. */
static void tell_bucket(struct doctor *doctor, const char *bucket, const struct aws_call *call)
{
    const char *ours = aws_session_region(doctor->backend.aws);
    struct str region = aws_call_header(call, "x-amz-bucket-region");
    bool is_near = region.len == 0 || str_eq(region, str_from(ours)) ||
                   !backend_trains_in(doctor->app->config, bucket);
    char *text =
        xasprintf("s3://%s%s" STR_FMT, bucket, region.len > 0 ? " in " : "", STR_ARG(region));
    doctor_tell(doctor, is_near ? CHECK_OK : CHECK_FAIL, "bucket", text,
                is_near ? "" : "SageMaker wants its buckets in its own region: use another bucket");
    free(text);
}

static void check_bucket(struct doctor *doctor, const char *bucket, bool is_first)
{
    struct error err;
    struct aws_call call = {.service = AWS_S3,
                            .operation = "HeadBucket",
                            .method = "HEAD",
                            .bucket = bucket,
                            .path = ""};
    if (ask(doctor, &call, &err)) {
        tell_bucket(doctor, bucket, &call);
    } else {
        char *text = xasprintf("s3://%s: %s", bucket, err.message);
        doctor_tell(doctor, CHECK_FAIL, "bucket", text,
                    aws_error_is_not_found(&err)
                        ? "gatehouse provision makes it"
                        : "it is somebody else's (choose another name), or s3:ListBucket is not "
                          "allowed");
        free(text);
    }
    if (is_first) {
        check_offset(doctor, &call);
    }
    aws_call_done(&call);
}

static void check_buckets(struct doctor *doctor)
{
    static const enum config_id keys[] = {CONFIG_data_raw_bucket, CONFIG_data_cleaned_bucket,
                                          CONFIG_data_training_bucket, CONFIG_data_models_bucket};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *bucket = config_text(doctor->app->config, keys[i]);
        bool is_told = false;
        for (size_t before = 0; before < i; before++) {
            is_told =
                is_told || strcmp(config_text(doctor->app->config, keys[before]), bucket) == 0;
        }
        if (!is_told) {
            check_bucket(doctor, bucket, i == 0);
        }
    }
}

/* ---- training */

static void check_role(struct doctor *doctor)
{
    const char *role = config_text(doctor->app->config, CONFIG_training_role);
    struct error err;
    bool is_there = backend_check_role(doctor->app->config, &err);
    if (is_there && *role == '\0') {
        return; /* nothing is trained */
    }
    char *text = is_there ? xasprintf("%s; whether we may pass it (iam:PassRole) shows only when a "
                                      "job is made",
                                      role)
                          : xstrdup(err.message);
    doctor_tell(doctor, is_there ? CHECK_OK : CHECK_FAIL, "training role", text, "");
    free(text);
}

/* The value of the quota with this name on a page; false when it is not there. */
static bool find_quota(const struct json *page, const char *name, double *out_value)
{
    const struct json *quotas = json_get(page, "Quotas");
    for (const struct json *at = json_first(quotas); at != NULL; at = json_next(at)) {
        if (strcmp(json_text_or(at, "QuotaName", ""), name) == 0) {
            *out_value = json_number_or(at, "Value", 0);
            return true;
        }
    }
    return false;
}

/* One page; *token is replaced by that of the next page, NULL after the last. */
static bool ask_quotas(struct doctor *doctor, const char *name, char **token, double *out_value,
                       struct error *err)
{
    struct json *request = json_object();
    struct aws_json_call call = {
        .call = {.is_idempotent = true, .total_timeout_ms = ASK_TIMEOUT_MS}, .request = request};
    json_set_text(request, "ServiceCode", "sagemaker");
    json_set_int(request, "MaxResults", QUOTA_PAGE);
    if (*token != NULL) {
        json_set_text(request, "NextToken", *token);
    }
    aws_json_call_start(doctor->backend.aws, &call, AWS_SERVICE_QUOTAS,
                        "ServiceQuotasV20190624.ListServiceQuotas");
    bool is_good = loop_await(doctor->backend.loop, &call.call.op, err);
    free(*token);
    *token = NULL;
    if (is_good && !find_quota(call.response, name, out_value)) {
        const char *next = json_text_or(call.response, "NextToken", "");
        *token = *next == '\0' ? NULL : xstrdup(next);
    }
    aws_json_call_done(&call);
    json_free(request);
    return is_good;
}

static void tell_quota(struct doctor *doctor, const char *name, double value)
{
    int64_t wanted = config_int(doctor->app->config, CONFIG_training_instance_count);
    bool is_known = value >= 0, is_enough = value >= (double)wanted;
    char *text = is_known ? xasprintf("%s: %.0f, a job takes %lld", name, value, (long long)wanted)
                          : xasprintf("%s: not in the list of the account's quotas", name);
    doctor_tell(doctor,
                !is_known   ? CHECK_WARN
                : is_enough ? CHECK_OK
                            : CHECK_FAIL,
                "quota", text,
                !is_known   ? "is training.instance_type a machine of SageMaker?"
                : is_enough ? ""
                            : "ask for more in Service Quotas, or set training.instance_type");
    free(text);
}

static void check_quota(struct doctor *doctor)
{
    const struct config *config = doctor->app->config;
    struct error err;
    double value = -1;
    char *token = NULL;
    char *name =
        xasprintf("%s for %straining job usage", config_text(config, CONFIG_training_instance_type),
                  config_bool(config, CONFIG_training_spot) ? "spot " : "");
    bool is_good = true;
    for (int pages = 0; is_good && (pages == 0 || token != NULL) && pages < QUOTA_PAGES_MAX;
         pages++) {
        is_good = ask_quotas(doctor, name, &token, &value, &err);
    }
    if (is_good) {
        tell_quota(doctor, name, value);
    } else {
        doctor_tell(doctor, CHECK_WARN, "quota", err.message,
                    "to see it, allow servicequotas:ListServiceQuotas; a run does not need it");
    }
    free(token);
    free(name);
}

bool doctor_check_aws(struct doctor *doctor)
{
    const struct config *config = doctor->app->config;
    if (!check_region(doctor) || !check_identity(doctor)) {
        return false;
    }
    if (backend_is_aws(config, CONFIG_backend_object_store)) {
        check_buckets(doctor);
    }
    if (backend_is_aws(config, CONFIG_backend_training_service)) {
        check_role(doctor);
        check_quota(doctor);
    }
    return true;
}
