/* The credentials that are kept: given out, renewed ahead of expiry, one search for many waiters.
 */
#include "core/aws/credentials.h"

#include "core/aws/call_state.h"
#include "core/aws/credentials_internal.h"
#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_MS = 60000,
    ADVISORY_MS = 15 * MINUTE_MS,
    MANDATORY_MS = 10 * MINUTE_MS,
    QUIET_MS = MINUTE_MS,             /* after an advisory renewal that failed */
    JUST_RENEWED_MS = 10000,          /* calls refused together renew once */
    STABLE_MS = 15 * MINUTE_MS,       /* how long overdue instance credentials go on ... */
    STABLE_LEAST_MS = 2 * MINUTE_MS,  /* ... plus this much */
    STABLE_SPREAD_MS = 8 * MINUTE_MS, /* ... plus at most this much, by chance */
    KEY_ID_ENDS = 4,
};

void aws_credentials_done(struct aws_credentials *credentials)
{
    secret_done(&credentials->secret_key);
    secret_done(&credentials->session_token);
    *credentials = (struct aws_credentials){.key_id = ""};
}

static void copy_secret(struct secret *to, const struct secret *from)
{
    if (secret_is_set(from)) {
        secret_set(to, (struct str){from->ptr, from->len});
    } else {
        secret_done(to);
    }
}

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from)
{
    struct aws_credentials copy = *from;
    copy.secret_key = to->secret_key;
    copy.session_token = to->session_token;
    copy_secret(&copy.secret_key, &from->secret_key);
    copy_secret(&copy.session_token, &from->session_token);
    *to = copy;
}

void aws_key_id_shorten(const char *key_id, char out_text[AWS_KEY_ID_SHORT_SIZE])
{
    size_t length = strlen(key_id);
    if (length < 4 * KEY_ID_ENDS) { /* what is shown must stay the smaller part */
        snprintf(out_text, AWS_KEY_ID_SHORT_SIZE, "%.*s...", length < KEY_ID_ENDS ? 0 : 2, key_id);
    } else {
        snprintf(out_text, AWS_KEY_ID_SHORT_SIZE, "%.*s...%s", KEY_ID_ENDS, key_id,
                 key_id + length - KEY_ID_ENDS);
    }
}

static int64_t monotonic_ms(const struct aws_session *session)
{
    return session->clock->monotonic_ms(session->clock);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Short-lived ones have shorter windows: they would be renewed for every call otherwise. */
static void set_windows(struct credentials_cache *cache, int64_t now_ms)
{
    int64_t expires_ms = cache->present.expires_ms;
    int64_t life_ms = expires_ms - now_ms;
    cache->advisory_ms = expires_ms == 0 ? 0 : expires_ms - least(ADVISORY_MS, life_ms / 2);
    cache->mandatory_ms = expires_ms == 0 ? 0 : expires_ms - least(MANDATORY_MS, life_ms / 3);
}

static bool is_before(int64_t now_ms, int64_t limit_ms)
{
    return limit_ms == 0 || now_ms < limit_ms;
}

static void finish_with_present(struct aws_session *session, struct aws_credentials_get *req)
{
    aws_credentials_copy(&req->credentials, &session->credentials.present);
    op_finish(&req->op, NULL);
}

static void on_found(struct op *op, const struct error *err);

static void start_search(struct aws_session *session)
{
    struct credentials_search *search = xcalloc(1, sizeof(*search));
    search->op.done = on_found;
    search->op.context = session;
    search->session = session;
    search->profile = session->profile;
    search->scope = SCOPE_SESSION;
    session->credentials.search = search;
    credentials_search_start(search);
}

/* A provider that is_stable may be out of order, and its credentials often live longer than they
 * say: they go on being used for a while. */
static void extend(struct aws_session *session)
{
    struct credentials_cache *cache = &session->credentials;
    int64_t spread_ms = (int64_t)random_below(&session->random, STABLE_SPREAD_MS);
    cache->mandatory_ms = aws_call_state_now_ms(session) + STABLE_MS + STABLE_LEAST_MS + spread_ms;
    cache->advisory_ms = cache->mandatory_ms;
}

static void store(struct aws_session *session, struct credentials_search *search)
{
    struct credentials_cache *cache = &session->credentials;
    aws_credentials_done(&cache->present);
    cache->present = search->credentials;
    search->credentials = (struct aws_credentials){.key_id = ""};
    cache->has_present = true;
    cache->provider = search->provider;
    cache->quiet_until_ms = 0;
    cache->forced_until_ms = cache->is_forced ? monotonic_ms(session) + JUST_RENEWED_MS : 0;
    set_windows(cache, aws_call_state_now_ms(session));
    if (!is_before(aws_call_state_now_ms(session), cache->mandatory_ms)) {
        extend(session);
    }
}

/* What a waiter gets when nothing new was found. */
static void finish_failed(struct aws_session *session, struct aws_credentials_get *req,
                          const struct error *err)
{
    struct credentials_cache *cache = &session->credentials;
    bool is_usable =
        cache->has_present && is_before(aws_call_state_now_ms(session), cache->mandatory_ms);
    if (is_usable && !req->must_renew) {
        finish_with_present(session, req);
    } else {
        op_finish(&req->op, err);
    }
}

static void take_result(struct aws_session *session, struct credentials_search *search,
                        const struct error *err)
{
    struct credentials_cache *cache = &session->credentials;
    if (err == NULL) {
        store(session, search);
        return;
    }
    cache->quiet_until_ms = monotonic_ms(session) + QUIET_MS;
    if (cache->has_present && cache->provider->is_stable && err->error_class != ERROR_CANCELLED &&
        !is_before(aws_call_state_now_ms(session), cache->mandatory_ms)) {
        extend(session);
    }
}

/* Whoever came after the last one had cancelled still wants an answer. */
static bool has_live_waiter(const struct credentials_cache *cache)
{
    for (struct aws_credentials_get *at = cache->first_waiter; at != NULL; at = at->next_waiter) {
        if (!at->is_cancelled) {
            return true;
        }
    }
    return false;
}

static void on_found(struct op *op, const struct error *err)
{
    struct aws_session *session = op->context;
    struct credentials_cache *cache = &session->credentials;
    struct credentials_search *search = cache->search;
    struct aws_credentials_get *waiter = cache->first_waiter;
    struct error cancelled;
    error_set(&cancelled, ERROR_CANCELLED, "cancelled", "the wait for credentials was cancelled");
    cache->search = NULL;
    cache->first_waiter = NULL;
    take_result(session, search, err);
    bool is_cancelled = err != NULL && err->error_class == ERROR_CANCELLED;
    while (waiter != NULL) {
        struct aws_credentials_get *next = waiter->next_waiter;
        if (waiter->is_cancelled) {
            op_finish(&waiter->op, &cancelled);
        } else if (is_cancelled) {
            waiter->next_waiter = cache->first_waiter;
            cache->first_waiter = waiter;
        } else if (err == NULL) {
            finish_with_present(session, waiter);
        } else {
            finish_failed(session, waiter, err);
        }
        waiter = next;
    }
    credentials_search_done(search);
    free(search);
    if (has_live_waiter(cache)) {
        start_search(session);
    }
}

/* True when what is kept will do; false: the caller waits for a search. */
static bool is_good_enough(struct aws_session *session, bool must_renew)
{
    const struct credentials_cache *cache = &session->credentials;
    int64_t now_ms = aws_call_state_now_ms(session);
    if (!cache->has_present) {
        return false;
    }
    if (must_renew) {
        return cache->search == NULL && monotonic_ms(session) < cache->forced_until_ms;
    }
    bool is_quiet = cache->search != NULL || monotonic_ms(session) < cache->quiet_until_ms;
    return is_before(now_ms, cache->advisory_ms) ||
           (is_before(now_ms, cache->mandatory_ms) && is_quiet);
}

void aws_credentials_get_start(struct aws_session *session, struct aws_credentials_get *req)
{
    struct credentials_cache *cache = &session->credentials;
    struct error err;
    op_begin(&req->op, session->loop);
    req->session = session;
    req->is_cancelled = false;
    req->credentials = (struct aws_credentials){.key_id = ""};
    if (is_good_enough(session, req->must_renew)) {
        finish_with_present(session, req);
        return;
    }
    /* Whoever renews keys in a file has written there by now. */
    if (cache->search == NULL && req->must_renew && !aws_session_reload(session, &err)) {
        op_finish(&req->op, &err);
        return;
    }
    req->next_waiter = cache->first_waiter;
    cache->first_waiter = req;
    if (cache->search == NULL) {
        cache->is_forced = req->must_renew;
        start_search(session);
    }
}

void aws_credentials_get_cancel(struct aws_credentials_get *req)
{
    struct aws_session *session = req->session;
    struct credentials_cache *cache = &session->credentials;
    struct error err;
    struct aws_credentials_get **at = &cache->first_waiter;
    while (*at != NULL && *at != req) {
        at = &(*at)->next_waiter;
    }
    if (*at == NULL || req->is_cancelled) {
        return; /* its done is on the way */
    }
    req->is_cancelled = true;
    if (has_live_waiter(cache)) {
        *at = req->next_waiter;
        error_set(&err, ERROR_CANCELLED, "cancelled", "the wait for credentials was cancelled");
        op_finish(&req->op, &err);
    } else {
        credentials_search_cancel(cache->search);
    }
}

void credentials_cache_done(struct credentials_cache *cache)
{
    aws_credentials_done(&cache->present);
}
