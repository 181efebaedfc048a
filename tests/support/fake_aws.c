/* Expectations, keys and clock of the fake AWS. */
#include "tests/support/fake_aws.h"

#include "core/aws/call_state.h"
#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_signature.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXCHANGES_MAX = 256, KEYS_MAX = 16, SKEW_MAX_MS = 300 * 1000, ENVIRONMENT_MAX = 32 };

struct key {
    char *key_id, *secret, *token;
    bool is_expired;
};

struct exchange {
    struct fake_exchange expected;
    int used;
};

struct fake_aws {
    struct loop *loop;
    struct fake_http *http;
    struct exchange exchanges[EXCHANGES_MAX];
    size_t exchange_count;
    struct key keys[KEYS_MAX];
    size_t key_count;
    int64_t ahead_ms;
    struct buf complaints, trace;
    char answer_headers[8192], answer_body[1024];
};

static void complain(struct fake_aws *aws, const struct fake_request *request, const char *what)
{
    buf_printf(&aws->complaints, "%s %s%s%s: %s\n", request->method, request->path,
               request->query[0] == '\0' ? "" : "?", request->query, what);
}

static int64_t now_ms(const struct fake_aws *aws)
{
    struct clock *clock = clock_system();
    return clock->wall_ms(clock) + aws->ahead_ms;
}

/* ---- expectations */

static bool is_same(const char *expected, const char *text)
{
    return expected == NULL || (text != NULL && strcmp(expected, text) == 0);
}

static bool has_header(const char *expected, const struct fake_request *request)
{
    struct str value;
    char name[128];
    if (expected == NULL) {
        return true;
    }
    struct str word = str_split(str_from(expected), ':', &value);
    snprintf(name, sizeof(name), STR_FMT, STR_ARG(word));
    const char *sent = fake_request_header(request, name);
    return sent != NULL && str_eq(str_from(sent), str_trim(value));
}

static bool matches(const struct exchange *exchange, const struct fake_request *request,
                    const struct fake_signature *signature)
{
    const struct fake_exchange *e = &exchange->expected;
    int times = e->times == 0 ? 1 : e->times;
    return (times == FAKE_ALWAYS || exchange->used < times) &&
           is_same(e->method, request->method) && is_same(e->path, request->path) &&
           is_same(e->query, request->query) &&
           is_same(e->target, fake_request_header(request, "x-amz-target")) &&
           (e->body == NULL || str_contains(request->body, str_from(e->body))) &&
           has_header(e->header, request) && is_same(e->region, signature->region) &&
           is_same(e->service, signature->service);
}

static struct exchange *find_exchange(struct fake_aws *aws, const struct fake_request *request,
                                      const struct fake_signature *signature)
{
    for (size_t i = 0; i < aws->exchange_count; i++) {
        if (matches(&aws->exchanges[i], request, signature)) {
            return &aws->exchanges[i];
        }
    }
    return NULL;
}

/* ---- checks */

static struct key *find_key(struct fake_aws *aws, const char *key_id)
{
    for (size_t i = 0; i < aws->key_count; i++) {
        if (strcmp(aws->keys[i].key_id, key_id) == 0) {
            return &aws->keys[i];
        }
    }
    return NULL;
}

/* In the words of S3, of the query protocol, or of JSON. */
static void refuse(struct fake_aws *aws, const char *service, int status,
                   const char *const names[2], struct fake_answer *out)
{
    bool is_s3 = strcmp(service, "s3") == 0, is_query = strcmp(service, "sts") == 0;
    const char *before = is_s3      ? "<?xml version=\"1.0\"?><Error><Code>"
                         : is_query ? "<ErrorResponse><Error><Type>Sender</Type><Code>"
                                    : "{\"__type\":\"com.fake#";
    const char *after = is_s3      ? "</Code><Message>refused by the fake</Message></Error>"
                        : is_query ? "</Code><Message>refused by the fake</Message></Error>"
                                     "<RequestId>FAKE</RequestId></ErrorResponse>"
                                   : "\",\"message\":\"refused by the fake\"}";
    snprintf(aws->answer_body, sizeof(aws->answer_body), "%s%s%s", before,
             names[is_s3 || is_query ? 0 : 1], after);
    out->status = status;
    out->body = str_from(aws->answer_body);
}

static bool is_date_near(const struct fake_aws *aws, const struct fake_request *request)
{
    struct tm utc = {0};
    const char *date = fake_request_header(request, "x-amz-date");
    if (date == NULL || strptime(date, "%Y%m%dT%H%M%SZ", &utc) == NULL) {
        return true; /* the signature's matter */
    }
    int64_t skew_ms = (int64_t)timegm(&utc) * 1000 - now_ms(aws);
    return skew_ms < SKEW_MAX_MS && skew_ms > -SKEW_MAX_MS;
}

/* What only a client's mistake can be. */
static const char *find_mistake(const struct fake_request *request,
                                const struct fake_signature *signature, const struct key *key)
{
    const char *token = fake_request_header(request, "x-amz-security-token");
    const char *target = fake_request_header(request, "x-amz-target");
    const char *type = fake_request_header(request, "content-type");
    if ((token == NULL) != (key->token == NULL) ||
        (token != NULL && strcmp(token, key->token) != 0)) {
        return "the session token is missing, or not that of the key";
    }
    if (target != NULL && (strcmp(request->method, "POST") != 0 || type == NULL ||
                           strncmp(type, "application/x-amz-json-1.", 25) != 0 ||
                           request->body.len < 2 || request->body.ptr[0] != '{')) {
        return "a call with X-Amz-Target is a POST of application/x-amz-json-1.x with an object";
    }
    return fake_signature_check(request, signature, key->secret);
}

/* True: it may be answered as the test says. */
static bool admit(struct fake_aws *aws, const struct fake_request *request,
                  const struct fake_signature *signature, struct fake_answer *out)
{
    static const char *const unknown[] = {"InvalidAccessKeyId", "UnrecognizedClientException"};
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException"};
    static const char *const skewed[] = {"RequestTimeTooSkewed", "InvalidSignatureException"};
    static const char *const mismatch[] = {"SignatureDoesNotMatch", "InvalidSignatureException"};
    bool is_s3 = strcmp(signature->service, "s3") == 0;
    const struct key *key = find_key(aws, signature->key_id);
    const char *mistake = key == NULL ? NULL : find_mistake(request, signature, key);
    if (key == NULL) {
        refuse(aws, signature->service, is_s3 ? 403 : 400, unknown, out);
    } else if (mistake != NULL) {
        complain(aws, request, mistake);
        refuse(aws, signature->service, 403, mismatch, out);
    } else if (!is_date_near(aws, request)) {
        refuse(aws, signature->service, 403, skewed, out);
    } else if (key->is_expired) {
        refuse(aws, signature->service, 400, expired, out);
    } else {
        return true;
    }
    return false;
}

static void add_date(struct fake_aws *aws, struct fake_answer *answer)
{
    char date[64];
    struct tm utc;
    time_t seconds = (time_t)(now_ms(aws) / 1000);
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    bool has_date = answer->headers != NULL && strstr(answer->headers, "Date:") != NULL;
    snprintf(aws->answer_headers, sizeof(aws->answer_headers), "%s%s%s%s",
             answer->headers == NULL ? "" : answer->headers,
             has_date ? "" : "Date: ", has_date ? "" : date, has_date ? "" : "\r\n");
    answer->headers = aws->answer_headers;
}

static void answer(void *context, const struct fake_request *request, struct fake_answer *out)
{
    struct fake_aws *aws = context;
    struct fake_signature signature;
    bool is_signed = fake_signature_read(request, &signature);
    struct exchange *exchange = find_exchange(aws, request, &signature);
    bool wants_none = exchange != NULL && exchange->expected.is_unsigned;
    if (is_signed && !wants_none && !admit(aws, request, &signature, out)) {
        add_date(aws, out);
        return;
    }
    if (is_signed == wants_none) {
        complain(aws, request, is_signed ? "it is signed" : "it is not signed");
    }
    if (exchange == NULL) {
        complain(aws, request, "nothing expects it");
        out->status = 499;
    } else {
        exchange->used++;
        *out = exchange->expected.answer;
        if (exchange->expected.handle != NULL) {
            exchange->expected.handle(exchange->expected.context, request, out);
        }
    }
    add_date(aws, out);
}

/* ---- the server */

struct fake_aws *fake_aws_new(struct loop *loop)
{
    struct fake_aws *aws = xcalloc(1, sizeof(*aws));
    aws->loop = loop;
    aws->http = fake_http_new(loop, answer, aws);
    buf_init(&aws->complaints, 1 << 20);
    buf_init(&aws->trace, 16 << 20);
    fake_aws_add_key(aws, FAKE_KEY_ID, FAKE_SECRET, NULL);
    return aws;
}

static void complain_of_unmet(struct fake_aws *aws)
{
    for (size_t i = 0; i < aws->exchange_count; i++) {
        const struct fake_exchange *e = &aws->exchanges[i].expected;
        int times = e->times == 0 ? 1 : e->times;
        if (aws->exchanges[i].used < times) {
            buf_printf(&aws->complaints, "asked %d times instead of %d: %s %s %s\n",
                       aws->exchanges[i].used, times, e->method == NULL ? "*" : e->method,
                       e->path == NULL ? "*" : e->path, e->target == NULL ? "" : e->target);
        }
    }
}

static void complain_of_leaks(struct fake_aws *aws)
{
    for (size_t i = 0; i < aws->key_count; i++) {
        const struct key *key = &aws->keys[i];
        if (strstr(buf_text(&aws->trace), key->secret) != NULL ||
            (key->token != NULL && strstr(buf_text(&aws->trace), key->token) != NULL)) {
            buf_printf(&aws->complaints, "the trace holds a secret of %s\n", key->key_id);
        }
    }
    for (const char *at = buf_text(&aws->trace); (at = strstr(at, "Signature=")) != NULL;) {
        at += strlen("Signature=");
        if (strncmp(at, "***", 3) != 0) {
            buf_append_text(&aws->complaints, "the trace holds a signature\n");
        }
    }
}

void fake_aws_free(struct fake_aws *aws)
{
    char complaints[4096];
    complain_of_unmet(aws);
    complain_of_leaks(aws);
    snprintf(complaints, sizeof(complaints), "%s", buf_text(&aws->complaints));
    for (size_t i = 0; i < aws->key_count; i++) {
        free(aws->keys[i].key_id);
        free(aws->keys[i].secret);
        free(aws->keys[i].token);
    }
    fake_http_free(aws->http);
    buf_done(&aws->complaints);
    buf_done(&aws->trace);
    free(aws);
    assert_string_equal(complaints, "");
}

const char *fake_aws_url(const struct fake_aws *aws)
{
    return fake_http_url(aws->http);
}

void fake_aws_expect(struct fake_aws *aws, struct fake_exchange exchange)
{
    assert(aws->exchange_count < EXCHANGES_MAX);
    aws->exchanges[aws->exchange_count++].expected = exchange;
}

size_t fake_aws_count(const struct fake_aws *aws)
{
    return fake_http_request_count(aws->http);
}

const struct fake_request *fake_aws_request(const struct fake_aws *aws, size_t index)
{
    return fake_http_request(aws->http, index);
}

struct fake_http *fake_aws_http(struct fake_aws *aws)
{
    return aws->http;
}

void fake_aws_add_key(struct fake_aws *aws, const char *key_id, const char *secret,
                      const char *token)
{
    assert(aws->key_count < KEYS_MAX);
    struct key *key = &aws->keys[aws->key_count++];
    key->key_id = xstrdup(key_id);
    key->secret = xstrdup(secret);
    key->token = token == NULL ? NULL : xstrdup(token);
}

void fake_aws_expire_key(struct fake_aws *aws, const char *key_id)
{
    struct key *key = find_key(aws, key_id);
    assert(key != NULL);
    key->is_expired = true;
}

void fake_aws_set_clock_ahead(struct fake_aws *aws, int64_t ahead_ms)
{
    aws->ahead_ms = ahead_ms;
}

char *fake_aws_take_complaints(struct fake_aws *aws)
{
    return buf_take(&aws->complaints);
}

/* ---- a session */

static void keep_trace(void *context, struct str line)
{
    struct fake_aws *aws = context;
    buf_append_str(&aws->trace, line);
    buf_append_char(&aws->trace, '\n');
}

/* Later variables stand in for earlier ones of the same name. */
static void put_variable(const char **environment, const char *variable)
{
    size_t name = strcspn(variable, "=") + 1;
    size_t i = 0;
    while (environment[i] != NULL && strncmp(environment[i], variable, name) != 0) {
        i++;
    }
    assert(i + 1 < ENVIRONMENT_MAX);
    environment[i] = variable;
}

struct aws_session *fake_aws_session_with(struct fake_aws *aws, const char *const *environment)
{
    struct error err;
    const char *all[ENVIRONMENT_MAX] = {
        "HOME=/nonexistent",
        "AWS_EC2_METADATA_DISABLED=true",
        "AWS_REGION=us-east-1",
        "AWS_ACCESS_KEY_ID=" FAKE_KEY_ID,
        "AWS_SECRET_ACCESS_KEY=" FAKE_SECRET,
    };
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        put_variable(all, environment[i]);
    }
    struct aws_session_spec spec = {
        .environment = all,
        .endpoint_url = fake_aws_url(aws),
        .random_seed = 1,
        .trace = keep_trace,
        .trace_context = aws,
    };
    struct aws_session *session = aws_session_new(aws->loop, &spec, &err);
    if (session == NULL) {
        print_error("%s\n", err.message);
    }
    assert_non_null(session);
    aws_call_state_of(session)->retry_unit_ms = 2;
    return session;
}

struct aws_session *fake_aws_session(struct fake_aws *aws)
{
    return fake_aws_session_with(aws, NULL);
}

const char *fake_aws_trace(const struct fake_aws *aws)
{
    return buf_text(&aws->trace);
}
