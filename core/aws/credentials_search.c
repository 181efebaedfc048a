/* The chain: a table of providers, asked one after the other. The first that applies decides. */
#include "core/aws/credentials_internal.h"

#include "core/aws/call_state.h"
#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCOPE_BIT(scope) (1u << (scope))
#define SESSION          SCOPE_BIT(SCOPE_SESSION)
#define SOURCE           SCOPE_BIT(SCOPE_SOURCE)
#define NOT_THERE        "not_there"

struct link {
    const struct credentials_provider *provider;
    unsigned scopes;
};

/* The order of botocore. A source profile's own keys come before its role. */
static const struct link chain[] = {
    {&credentials_profile_keys, SOURCE},
    {&credentials_environment, SESSION | SCOPE_BIT(SCOPE_ENVIRONMENT)},
    {&credentials_role, SESSION | SOURCE},
    {&credentials_web_identity, SESSION | SOURCE},
    {&credentials_sso, SESSION | SOURCE},
    {&credentials_credentials_file, SESSION},
    {&credentials_login, SESSION | SOURCE},
    {&credentials_process, SESSION | SOURCE},
    {&credentials_config_file, SESSION},
    {&credentials_container, SESSION | SCOPE_BIT(SCOPE_CONTAINER)},
    {&credentials_instance, SESSION | SCOPE_BIT(SCOPE_INSTANCE)},
};
enum {
    CHAIN_LENGTH = sizeof(chain) / sizeof(chain[0]),
    ANSWER_MAX = 140, /* of each provider: an error has room for those of all */
};

bool credentials_setting(const struct credentials_query *query, const char *key,
                         struct shared_value *out_value)
{
    return shared_files_find(query->session->files, SHARED_PROFILE, query->profile, key, NULL,
                             out_value);
}

/* From here on there is nothing to cancel: the provider lets go of what it had. */
static void finish_query(struct credentials_query *query, const struct error *err)
{
    query->handle = NULL;
    op_finish(&query->op, err);
}

/* Both become part of a header; the ID ends there at a slash. */
static bool is_sendable(const char *text, const char *forbidden)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c <= ' ' || *c >= 0x7f || strchr(forbidden, *c) != NULL) {
            return false;
        }
    }
    return true;
}

void credentials_give(struct credentials_query *query)
{
    const struct aws_credentials *given = &query->credentials;
    bool has_id = is_sendable(given->key_id, "/,");
    bool has_token = !secret_is_set(&given->session_token) ||
                     is_sendable(secret_reveal(&given->session_token), "");
    if (has_id && has_token) {
        finish_query(query, NULL);
        return;
    }
    aws_credentials_done(&query->credentials);
    credentials_refuse(query, "the %s holds bytes that cannot be sent",
                       has_id ? "session token" : "access key ID");
}

void credentials_fail(struct credentials_query *query, const struct error *err)
{
    finish_query(query, err);
}

static void answer(struct credentials_query *query, const char *code, const char *format,
                   va_list args)
{
    char text[ERROR_MESSAGE_SIZE];
    struct error err;
    vsnprintf(text, sizeof(text), format, args);
    error_set(&err, ERROR_PERMANENT, code, "%s", text);
    finish_query(query, &err);
}

void credentials_not_there(struct credentials_query *query, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    answer(query, NOT_THERE, format, args);
    va_end(args);
}

void credentials_refuse(struct credentials_query *query, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    answer(query, "credentials_refused", format, args);
    va_end(args);
}

bool credentials_is_not_there(const struct error *err)
{
    return error_is(err, NOT_THERE);
}

/* They become headers: no blanks, no control bytes. */
static bool is_graphic(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static struct str secret_view(const struct secret *secret)
{
    return (struct str){secret->ptr, secret->len};
}

/* What no provider may give. */
static bool check(const struct credentials_search *search, struct error *err)
{
    const struct aws_credentials *credentials = &search->query.credentials;
    char key_id[AWS_KEY_ID_SHORT_SIZE], time[CLOCK_TEXT_SIZE];
    int64_t now_ms = aws_call_state_now_ms(search->session);
    aws_key_id_shorten(credentials->key_id, key_id);
    if (*credentials->key_id == '\0' || credentials->secret_key.len == 0) {
        return error_set(err, ERROR_PERMANENT, "", "the access key id or its secret is empty");
    }
    if (!is_graphic(str_from(credentials->key_id)) ||
        !is_graphic(secret_view(&credentials->secret_key)) ||
        !is_graphic(secret_view(&credentials->session_token))) {
        return error_set(err, ERROR_PERMANENT, "",
                         "the key %s, its secret or its token holds a blank, a line break or "
                         "another byte that cannot be sent",
                         key_id);
    }
    if (strncmp(credentials->key_id, "ASIA", 4) == 0 &&
        !secret_is_set(&credentials->session_token)) {
        return error_set(err, ERROR_PERMANENT, "",
                         "the key %s is a temporary one, but its session token is missing", key_id);
    }
    if (credentials->expires_ms != 0 && credentials->expires_ms <= now_ms &&
        !chain[search->at].provider->is_stable) {
        clock_format_utc(credentials->expires_ms, time);
        return error_set(err, ERROR_PERMANENT, "",
                         "the key %s has expired at %s by the clock of this machine", key_id, time);
    }
    return true;
}

static void finish(struct credentials_search *search, const struct error *err)
{
    buf_done(&search->answers);
    op_finish(&search->op, err);
}

static void finish_empty(struct credentials_search *search)
{
    struct error err;
    if (search->scope == SCOPE_SESSION) {
        error_set(&err, ERROR_PERMANENT, "no_credentials",
                  "no AWS credentials are configured (name a profile with aws.profile or "
                  "AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); asked were, "
                  "for profile %.64s, %s",
                  search->profile, buf_text(&search->answers));
    } else {
        error_set(&err, ERROR_PERMANENT, "no_credentials", "no credentials there: %s",
                  buf_text(&search->answers));
        if (search->scope == SCOPE_SOURCE) {
            error_prefix(&err, "source_profile %.64s", search->profile);
        }
    }
    finish(search, &err);
}

/* The chain's word for what a provider could not do. The network's errors keep their class. */
static void finish_failed(struct credentials_search *search, const struct error *cause)
{
    struct error err = *cause;
    if (err.error_class == ERROR_PERMANENT) {
        snprintf(err.code, sizeof(err.code), "credentials_refused");
    }
    error_prefix(&err, "AWS credentials, %s", chain[search->at].provider->name);
    finish(search, &err);
}

static void ask_next(struct credentials_search *search);

static void on_answer(struct op *op, const struct error *err)
{
    struct credentials_search *search = op->context;
    struct error failure;
    if (err == NULL && check(search, &failure)) {
        search->credentials = search->query.credentials;
        search->query.credentials = (struct aws_credentials){.key_id = ""};
        search->provider = chain[search->at].provider;
        finish(search, NULL);
        return;
    }
    aws_credentials_done(&search->query.credentials);
    if (err == NULL) {
        finish_failed(search, &failure);
    } else if (!credentials_is_not_there(err)) {
        finish_failed(search, err);
    } else {
        buf_printf(&search->answers, "%s%s: %.*s", search->answers.len > 0 ? "; " : "",
                   chain[search->at].provider->name, ANSWER_MAX, err->message);
        search->at++;
        ask_next(search);
    }
}

static bool is_asked(const struct credentials_search *search, const struct link *link)
{
    bool is_barred = link->provider == &credentials_environment && search->scope == SCOPE_SESSION &&
                     search->session->is_profile_given;
    return (link->scopes & SCOPE_BIT(search->scope)) != 0 && !is_barred;
}

static void ask_next(struct credentials_search *search)
{
    struct error err;
    while (search->at < CHAIN_LENGTH && !is_asked(search, &chain[search->at])) {
        search->at++;
    }
    if (search->is_cancelled) {
        error_set(&err, ERROR_CANCELLED, "cancelled", "the search for credentials was cancelled");
        finish(search, &err);
    } else if (search->at == CHAIN_LENGTH) {
        finish_empty(search);
    } else {
        search->query = (struct credentials_query){.op = {.done = on_answer, .context = search},
                                                   .session = search->session,
                                                   .profile = search->profile,
                                                   .search = search};
        op_begin(&search->query.op, search->session->loop);
        chain[search->at].provider->start(&search->query);
    }
}

void credentials_search_start(struct credentials_search *search)
{
    op_begin(&search->op, search->session->loop);
    search->at = 0;
    search->is_cancelled = false;
    buf_init(&search->answers, ERROR_MESSAGE_SIZE);
    ask_next(search);
}

void credentials_search_cancel(struct credentials_search *search)
{
    search->is_cancelled = true;
    if (op_is_active(&search->query.op) && search->query.handle != NULL) {
        chain[search->at].provider->cancel(&search->query);
    }
}

void credentials_search_done(struct credentials_search *search)
{
    aws_credentials_done(&search->credentials);
}
