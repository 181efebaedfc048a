/* Credentials by IAM Identity Center: the token of `aws sso login`, renewed when it is about to
 * end, is changed for the keys of a role in an account.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html */
#include "core/aws/call_state.h"
#include "core/aws/credentials_internal.h"
#include "core/aws/credentials_json.h"
#include "core/aws/sigv4.h"
#include "core/aws/sso_token.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_MS = 60000,
    RENEW_AHEAD_MS = 15 * MINUTE_MS,
    RENEW_PAUSE_MS = MINUTE_MS,
    QUERY_LIMIT = 4096,
    RESPONSE_LIMIT = 256 * 1024,
    TIMEOUT_MS = 60000,
};

struct sso {
    struct credentials_query *query;
    const char *account, *role; /* borrowed from the files, like the next three */
    const char *session_name;   /* NULL: the legacy form */
    const char *start_url, *region;
    struct sso_token token;
    struct sso_renewal renewal;
    struct buf url_query;
    struct http_header header;
    struct aws_call call;
};

static const struct credentials_json_names portal_names = {"accessKeyId", "secretAccessKey",
                                                           "sessionToken", NULL, NULL};

static void sso_free(struct sso *sso)
{
    sso_token_done(&sso->token);
    buf_done(&sso->url_query);
    free(sso);
}

static void fail(struct sso *sso, const struct error *err)
{
    struct error failure = *err;
    error_prefix(&failure, "profile %s", sso->query->profile);
    credentials_fail(sso->query, &failure);
    sso_free(sso);
}

static void fail_login(struct sso *sso, const char *why)
{
    struct error err;
    error_set(&err, ERROR_PERMANENT, "", "%s: run `aws sso login --profile %s`", why,
              sso->query->profile);
    fail(sso, &err);
}

/* ---- settings */
static bool need(const struct sso *sso, const char *key, const char **out_text, struct error *err)
{
    *out_text = shared_files_get(sso->query->session->files, sso->query->profile, key);
    return *out_text != NULL ||
           error_set(err, ERROR_PERMANENT, "", "%s is not set: SSO needs it", key);
}

/* Of the [sso-session]; the profile may repeat it, but not contradict. */
static bool need_in_session(const struct sso *sso, const char *key, const char **out_text,
                            struct error *err)
{
    const struct shared_files *files = sso->query->session->files;
    struct shared_value value;
    const char *own = shared_files_get(files, sso->query->profile, key);
    if (!shared_files_find(files, SHARED_SSO_SESSION, sso->session_name, key, NULL, &value)) {
        return error_set(err, ERROR_PERMANENT, "", "%s is not set in [sso-session %s]", key,
                         sso->session_name);
    }
    if (own != NULL && strcmp(own, value.text) != 0) {
        return error_set(err, ERROR_PERMANENT, "", "%s is not what [sso-session %s] says (%s:%d)",
                         key, sso->session_name, value.path, value.line);
    }
    *out_text = value.text;
    return true;
}

static bool read_settings(struct sso *sso, struct error *err)
{
    const struct shared_files *files = sso->query->session->files;
    sso->session_name = shared_files_get(files, sso->query->profile, "sso_session");
    if (!need(sso, "sso_account_id", &sso->account, err) ||
        !need(sso, "sso_role_name", &sso->role, err)) {
        return false;
    }
    if (sso->session_name == NULL) {
        return need(sso, "sso_start_url", &sso->start_url, err) &&
               need(sso, "sso_region", &sso->region, err);
    }
    if (!shared_files_has(files, SHARED_SSO_SESSION, sso->session_name)) {
        return error_set(err, ERROR_PERMANENT, "", "there is no section [sso-session %s] in %s",
                         sso->session_name, shared_files_config_path(files));
    }
    return need_in_session(sso, "sso_start_url", &sso->start_url, err) &&
           need_in_session(sso, "sso_region", &sso->region, err);
}

/* ---- keys for the token */
static bool read_keys(struct sso *sso, struct error *err)
{
    struct aws_credentials *credentials = &sso->query->credentials;
    struct json *json = credentials_json_parse(sso->call.response, err);
    const struct json *keys = json_get(json, "roleCredentials");
    int64_t expires_ms = json_int_or(keys, "expiration", 0);
    bool is_read = json != NULL && credentials_json_read(keys, &portal_names, credentials, err);
    if (is_read && expires_ms <= 0) {
        is_read = error_set(err, ERROR_PERMANENT, "", "the answer has no expiration");
    }
    credentials->expires_ms = expires_ms;
    snprintf(credentials->account, sizeof(credentials->account), "%s", sso->account);
    snprintf(credentials->source, sizeof(credentials->source),
             "SSO (profile %.64s, role %.64s in account %.12s)", sso->query->profile, sso->role,
             sso->account);
    json_free_wiped(json);
    return is_read || error_prefix(err, "GetRoleCredentials");
}

static void on_keys(struct op *op, const struct error *err)
{
    struct sso *sso = op->context;
    struct error failure;
    bool is_refused = err != NULL && err->http_status == 401;
    if (err == NULL && !read_keys(sso, &failure)) {
        err = &failure;
    }
    aws_call_done(&sso->call);
    if (is_refused) {
        fail_login(sso, "the SSO session is not valid any more");
    } else if (err != NULL) {
        fail(sso, err);
    } else {
        credentials_give(sso->query);
        sso_free(sso);
    }
}

static void ask_for_keys(struct sso *sso)
{
    buf_init(&sso->url_query, QUERY_LIMIT);
    buf_append_text(&sso->url_query, "role_name=");
    sigv4_encode(str_from(sso->role), false, &sso->url_query);
    buf_append_text(&sso->url_query, "&account_id=");
    sigv4_encode(str_from(sso->account), false, &sso->url_query);
    sso->header = (struct http_header){"x-amz-sso_bearer_token", sso->token.access_token};
    sso->call = (struct aws_call){
        .op = {.done = on_keys, .context = sso},
        .service = AWS_SSO,
        .operation = "GetRoleCredentials",
        .method = "GET",
        .path = "/federation/credentials",
        .query = buf_text(&sso->url_query),
        .headers = &sso->header,
        .header_count = 1,
        .region = sso->region,
        .is_idempotent = true,
        .is_unsigned = true,
        .response_limit_bytes = RESPONSE_LIMIT,
        .total_timeout_ms = TIMEOUT_MS,
    };
    aws_call_start(sso->query->session, &sso->call);
}

/* ---- the token */
static int64_t now_ms(const struct sso *sso)
{
    return aws_call_state_now_ms(sso->query->session);
}

static void on_renewed(struct op *op, const struct error *err)
{
    struct sso *sso = op->context;
    if (err == NULL ||
        (err->error_class != ERROR_CANCELLED && now_ms(sso) < sso->token.expires_ms)) {
        ask_for_keys(sso);
    } else if (err->error_class == ERROR_PERMANENT) {
        fail_login(sso, "the SSO session has expired and could not be renewed");
    } else {
        fail(sso, err);
    }
}

/* At most once a minute: a token that cannot be renewed would be tried for each search. */
static bool may_renew(const struct sso *sso)
{
    const struct aws_session *session = sso->query->session;
    int64_t monotonic_ms = session->clock->monotonic_ms(session->clock);
    return sso->session_name != NULL && sso_token_is_renewable(&sso->token, now_ms(sso)) &&
           (session->sso_renewed_ms == 0 ||
            monotonic_ms - session->sso_renewed_ms >= RENEW_PAUSE_MS);
}

static void use_token(struct sso *sso)
{
    struct aws_session *session = sso->query->session;
    int64_t left_ms = sso->token.expires_ms - now_ms(sso);
    if (left_ms < RENEW_AHEAD_MS && may_renew(sso)) {
        session->sso_renewed_ms = session->clock->monotonic_ms(session->clock);
        sso->renewal = (struct sso_renewal){.op = {.done = on_renewed, .context = sso},
                                            .token = &sso->token,
                                            .region = sso->region};
        sso_renewal_start(session, &sso->renewal);
    } else if (left_ms > 0) {
        ask_for_keys(sso);
    } else {
        fail_login(sso, "the SSO session has expired");
    }
}

static void start(struct credentials_query *query)
{
    struct shared_value value;
    struct error err;
    const char *home = aws_session_variable(query->session, "HOME");
    if (!credentials_setting(query, "sso_account_id", &value) &&
        !credentials_setting(query, "sso_role_name", &value)) {
        credentials_not_there(query, "no sso_account_id");
        return;
    }
    struct sso *sso = xcalloc(1, sizeof(*sso));
    sso->query = query;
    query->handle = sso;
    if (!read_settings(sso, &err)) {
        fail(sso, &err);
        return;
    }
    char *path = sso_token_path(home == NULL ? "" : home,
                                sso->session_name != NULL ? sso->session_name : sso->start_url);
    if (!sso_token_read(&sso->token, path, &err)) {
        fail_login(sso, err.message);
        return;
    }
    use_token(sso);
}

static void cancel(struct credentials_query *query)
{
    struct sso *sso = query->handle;
    if (op_is_active(&sso->renewal.op)) {
        sso_renewal_cancel(&sso->renewal);
    } else {
        aws_call_cancel(&sso->call);
    }
}

const struct credentials_provider credentials_sso = {
    .name = "SSO",
    .start = start,
    .cancel = cancel,
};
