/* Reading, judging, renewing and writing the token. */
#include "core/aws/sso_token.h"

#include "core/aws/call_state.h"
#include "core/aws/time.h"
#include "core/base/alloc.h"
#include "core/base/file.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_LIMIT = 256 * 1024,
    RESPONSE_LIMIT = 256 * 1024,
    TIMEOUT_MS = 30000,
    SHA1_SIZE = 20,
    MS_PER_S = 1000,
    LIFETIME_MAX_S = 366 * 86400, /* no login holds that long; a date has room for it */
};

static const struct http_header json_header = {"content-type", "application/json"};

/* The name of the file is what other tools make of it; nothing rests on SHA-1 being hard. */
char *sso_token_path(const char *home, const char *name)
{
    unsigned char digest[SHA1_SIZE];
    char hex[2 * SHA1_SIZE + 1];
    EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL);
    for (size_t i = 0; i < SHA1_SIZE; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[sizeof(hex) - 1] = '\0';
    return xasprintf("%s/.aws/sso/cache/%s.json", home, hex);
}

static bool read_json(struct sso_token *token, struct error *err)
{
    struct buf text;
    buf_init(&text, FILE_LIMIT);
    buf_reserve(&text, FILE_LIMIT);
    bool is_read = file_read(token->path, &text, err);
    token->json = is_read ? json_parse(buf_str(&text), err) : NULL;
    buf_wipe(&text);
    return token->json != NULL || (is_read && error_prefix(err, "%s", token->path));
}

static bool read_times(struct sso_token *token)
{
    token->access_token = json_text_or(token->json, "accessToken", "");
    return *token->access_token != '\0' &&
           aws_time_parse(str_from(json_text_or(token->json, "expiresAt", "")), &token->expires_ms);
}

bool sso_token_read(struct sso_token *token, char *path, struct error *err)
{
    *token = (struct sso_token){.path = path};
    if (file_is_absent(path)) {
        return error_set(err, ERROR_PERMANENT, "", "nobody has logged in yet (%s is not there)",
                         path);
    }
    if (!read_json(token, err)) {
        return false;
    }
    return read_times(token) ||
           error_set(err, ERROR_PERMANENT, "", "%s has no usable accessToken and expiresAt", path);
}

void sso_token_done(struct sso_token *token)
{
    json_free_wiped(token->json);
    free(token->path);
    *token = (struct sso_token){.path = NULL};
}

bool sso_token_is_renewable(const struct sso_token *token, int64_t now_ms)
{
    static const char *const needed[] = {"refreshToken", "clientId", "clientSecret"};
    int64_t registered_until_ms = 0;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (*json_text_or(token->json, needed[i], "") == '\0') {
            return false;
        }
    }
    const char *until = json_text_or(token->json, "registrationExpiresAt", "");
    return aws_time_parse(str_from(until), &registered_until_ms) && now_ms < registered_until_ms;
}

/* ---- renewal */
static void wipe_text(char *text)
{
    explicit_bzero(text, strlen(text));
    free(text);
}

static void build_body(struct sso_renewal *req)
{
    struct json *body = json_object();
    const struct json *from = req->token->json;
    json_set_text(body, "clientId", json_text_or(from, "clientId", ""));
    json_set_text(body, "clientSecret", json_text_or(from, "clientSecret", ""));
    json_set_text(body, "grantType", "refresh_token");
    json_set_text(body, "refreshToken", json_text_or(from, "refreshToken", ""));
    char *text = json_print(body);
    secret_set(&req->body, str_from(text));
    wipe_text(text);
    json_free_wiped(body);
}

static void set_secret_member(struct json *json, const char *name, const char *value)
{
    json_wipe(json_get_mutable(json, name));
    json_set_text(json, name, value);
}

/* "2026-11-22T15:39:28Z": no fraction, as the other tools write it. */
static void set_expiry(struct sso_token *token)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(token->expires_ms, text);
    memcpy(strchr(text, '.'), "Z", 2);
    json_set_text(token->json, "expiresAt", text);
}

static void write_back(const struct sso_renewal *req)
{
    struct error err;
    char *text = json_print(req->token->json);
    if (!file_write(req->token->path, str_from(text), 0600, &err)) {
        aws_session_trace(req->session, str_from(err.message));
    }
    wipe_text(text);
}

static bool take_answer(struct sso_renewal *req, struct error *err)
{
    struct sso_token *token = req->token;
    struct json *json = json_parse(req->call.response, err);
    const char *access = json_text_or(json, "accessToken", "");
    const char *refresh = json_text_or(json, "refreshToken", "");
    int64_t lifetime_s = json_int_or(json, "expiresIn", 0);
    bool is_good = *access != '\0' && lifetime_s > 0 && lifetime_s <= LIFETIME_MAX_S;
    if (is_good) {
        token->expires_ms = aws_call_state_now_ms(req->session) + lifetime_s * MS_PER_S;
        set_secret_member(token->json, "accessToken", access);
        if (*refresh != '\0') {
            set_secret_member(token->json, "refreshToken", refresh);
        }
        set_expiry(token);
        token->access_token = json_text_or(token->json, "accessToken", "");
        write_back(req);
    } else {
        error_set(err, ERROR_PERMANENT, "bad_response",
                  "CreateToken: the answer has no usable accessToken and expiresIn");
    }
    json_free_wiped(json);
    return is_good;
}

static void on_answer(struct op *op, const struct error *err)
{
    struct sso_renewal *req = op->context;
    struct error failure;
    if (err == NULL && !take_answer(req, &failure)) {
        err = &failure;
    }
    aws_call_done(&req->call);
    secret_done(&req->body);
    op_finish(&req->op, err);
}

void sso_renewal_start(struct aws_session *session, struct sso_renewal *req)
{
    op_begin(&req->op, aws_session_loop(session));
    req->session = session;
    build_body(req);
    /* Not idempotent: a refresh token may be good for one use. */
    req->call = (struct aws_call){
        .op = {.done = on_answer, .context = req},
        .service = AWS_SSO_OIDC,
        .operation = "CreateToken",
        .method = "POST",
        .path = "/token",
        .headers = &json_header,
        .header_count = 1,
        .body = {req->body.ptr, req->body.len},
        .region = req->region,
        .is_unsigned = true,
        .response_limit_bytes = RESPONSE_LIMIT,
        .total_timeout_ms = TIMEOUT_MS,
    };
    aws_call_start(session, &req->call);
}

void sso_renewal_cancel(struct sso_renewal *req)
{
    aws_call_cancel(&req->call);
}
