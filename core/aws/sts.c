/* Forms out, XML in. */
#include "core/aws/sts.h"

#include "core/aws/sigv4.h"
#include "core/aws/time.h"
#include "core/aws/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 4 * STS_WEB_TOKEN_MAX, RESPONSE_LIMIT = 256 * 1024, TIMEOUT_MS = 60000 };
#define VERSION "Version=2011-06-15"

static const struct http_header form_header = {"content-type",
                                               "application/x-www-form-urlencoded; charset=utf-8"};

/* All three may be sent again: a second answer is as good as the first. */
static void call_start(struct aws_session *session, struct aws_call *call)
{
    call->service = AWS_STS;
    call->method = "POST";
    call->headers = &form_header;
    call->header_count = 1;
    call->is_idempotent = true;
    call->response_limit_bytes = RESPONSE_LIMIT;
    call->total_timeout_ms = TIMEOUT_MS;
    aws_call_start(session, call);
}

/* An element's text into a field of fixed size; false when it is absent, too long or no text for a
 * line. */
static bool read_text(struct str document, const char *path, char *out_text, size_t size)
{
    char *text = xml_find(document, path);
    bool is_good = text != NULL && *text != '\0' && strlen(text) < size;
    for (const char *c = text; is_good && *c != '\0'; c++) {
        is_good = (unsigned char)*c > ' ' && *c != 0x7f;
    }
    if (is_good) {
        memcpy(out_text, text, strlen(text) + 1);
    }
    free(text);
    return is_good;
}

static bool refuse_response(struct error *err, const char *operation, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_response", "%s: the answer has no usable %s",
                     operation, what);
}

/* ---- GetCallerIdentity */
#define IDENTITY_PATH "GetCallerIdentityResponse/GetCallerIdentityResult/"

static bool read_identity(struct sts_identity *req, struct error *err)
{
    struct str xml = req->call.response;
    if (!read_text(xml, IDENTITY_PATH "Account", req->account, sizeof(req->account))) {
        return refuse_response(err, "GetCallerIdentity", "Account");
    }
    if (!read_text(xml, IDENTITY_PATH "Arn", req->arn, sizeof(req->arn))) {
        return refuse_response(err, "GetCallerIdentity", "Arn");
    }
    if (!read_text(xml, IDENTITY_PATH "UserId", req->user_id, sizeof(req->user_id))) {
        return refuse_response(err, "GetCallerIdentity", "UserId");
    }
    return true;
}

static void on_identity(struct op *op, const struct error *err)
{
    struct sts_identity *req = op->context;
    struct error failure;
    if (err == NULL && !read_identity(req, &failure)) {
        err = &failure;
    }
    aws_call_done(&req->call);
    op_finish(&req->op, err);
}

void sts_identity_start(struct aws_session *session, struct sts_identity *req)
{
    op_begin(&req->op, aws_session_loop(session));
    req->call = (struct aws_call){
        .op = {.done = on_identity, .context = req},
        .operation = "GetCallerIdentity",
        .body = STR("Action=GetCallerIdentity&" VERSION),
    };
    call_start(session, &req->call);
}

void sts_identity_cancel(struct sts_identity *req)
{
    aws_call_cancel(&req->call);
}

/* ---- roles */
static void append_field(struct buf *body, const char *name, struct str value)
{
    if (value.len > 0) {
        buf_printf(body, "&%s=", name);
        sigv4_encode(value, false, body);
    }
}

static bool has_source(const struct sts_assume *req)
{
    return req->source != NULL;
}

static const char *operation_of(const struct sts_assume *req)
{
    return has_source(req) ? "AssumeRole" : "AssumeRoleWithWebIdentity";
}

static void build_body(struct sts_assume *req)
{
    char duration[24] = "";
    if (req->duration_seconds > 0) {
        snprintf(duration, sizeof(duration), "%lld", (long long)req->duration_seconds);
    }
    buf_init(&req->body, BODY_LIMIT);
    buf_reserve(&req->body, BODY_LIMIT); /* no copy of the token stays behind */
    buf_printf(&req->body, "Action=%s&" VERSION, operation_of(req));
    append_field(&req->body, "RoleArn", str_from(req->role_arn));
    append_field(&req->body, "RoleSessionName", str_from(req->session_name));
    append_field(&req->body, "ExternalId", str_from(req->external_id));
    append_field(&req->body, "DurationSeconds", str_from(duration));
    append_field(&req->body, "WebIdentityToken", req->web_token);
}

static char *find_credential(const struct sts_assume *req, const char *name)
{
    char path[XML_PATH_SIZE];
    const char *operation = operation_of(req);
    snprintf(path, sizeof(path), "%sResponse/%sResult/Credentials/%s", operation, operation, name);
    return xml_find(req->call.response, path);
}

static bool read_secret(const struct sts_assume *req, const char *name, struct secret *out_secret)
{
    char *text = find_credential(req, name);
    bool is_good = text != NULL && *text != '\0';
    if (is_good) {
        secret_set(out_secret, str_from(text));
    }
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
    }
    free(text);
    return is_good;
}

/* The fifth word of an ARN. */
static struct str account_of(const char *arn)
{
    struct str rest = str_from(arn), word = rest;
    for (int i = 0; i < 5; i++) {
        word = str_split(rest, ':', &rest);
    }
    return word;
}

static bool read_credentials(struct sts_assume *req, struct error *err)
{
    struct aws_credentials *credentials = &req->credentials;
    struct str account = account_of(req->role_arn);
    const char *operation = operation_of(req);
    char *key_id = find_credential(req, "AccessKeyId");
    char *expiration = find_credential(req, "Expiration");
    bool has_key = key_id != NULL && *key_id != '\0' && strlen(key_id) < AWS_KEY_ID_SIZE;
    bool has_time = aws_time_parse(str_from(expiration), &credentials->expires_ms);
    snprintf(credentials->key_id, sizeof(credentials->key_id), "%s", has_key ? key_id : "");
    snprintf(credentials->account, sizeof(credentials->account), STR_FMT, STR_ARG(account));
    free(key_id);
    free(expiration);
    if (!has_key) {
        return refuse_response(err, operation, "AccessKeyId");
    }
    if (!read_secret(req, "SecretAccessKey", &credentials->secret_key)) {
        return refuse_response(err, operation, "SecretAccessKey");
    }
    if (!read_secret(req, "SessionToken", &credentials->session_token)) {
        return refuse_response(err, operation, "SessionToken");
    }
    return has_time || refuse_response(err, operation, "Expiration");
}

static void on_assumed(struct op *op, const struct error *err)
{
    struct sts_assume *req = op->context;
    struct error failure;
    if (err == NULL && !read_credentials(req, &failure)) {
        aws_credentials_done(&req->credentials);
        err = &failure;
    }
    aws_call_done(&req->call);
    buf_wipe(&req->body);
    op_finish(&req->op, err);
}

void sts_assume_start(struct aws_session *session, struct sts_assume *req)
{
    op_begin(&req->op, aws_session_loop(session));
    req->credentials = (struct aws_credentials){.key_id = ""};
    build_body(req);
    req->call = (struct aws_call){
        .op = {.done = on_assumed, .context = req},
        .operation = operation_of(req),
        .region = req->region,
        .body = buf_str(&req->body),
        .credentials = req->source,
        .is_unsigned = !has_source(req),
    };
    call_start(session, &req->call);
}

void sts_assume_cancel(struct sts_assume *req)
{
    aws_call_cancel(&req->call);
}
