/* Refusals of AWS services: reading them, and the table of what their codes mean. */
#include "core/aws/call_error.h"

#include "core/aws/call.h"
#include "core/aws/xml.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/net/http_header.h"

#include <stdio.h>
#include <string.h>

/* ---- what codes and statuses mean */

static const struct {
    const char *code;
    unsigned meaning;
} codes[] = {
    {"Throttling", AWS_MEANS_THROTTLED},
    {"ThrottlingException", AWS_MEANS_THROTTLED},
    {"ThrottledException", AWS_MEANS_THROTTLED},
    {"RequestThrottled", AWS_MEANS_THROTTLED},
    {"RequestThrottledException", AWS_MEANS_THROTTLED},
    {"TooManyRequestsException", AWS_MEANS_THROTTLED},
    {"ProvisionedThroughputExceededException", AWS_MEANS_THROTTLED},
    {"TransactionInProgressException", AWS_MEANS_THROTTLED},
    {"RequestLimitExceeded", AWS_MEANS_THROTTLED},
    {"BandwidthLimitExceeded", AWS_MEANS_THROTTLED},
    {"LimitExceededException", AWS_MEANS_THROTTLED},
    {"SlowDown", AWS_MEANS_THROTTLED},
    {"PriorRequestNotComplete", AWS_MEANS_THROTTLED},
    {"EC2ThrottledException", AWS_MEANS_THROTTLED},
    {"RequestTimeout", AWS_MEANS_TRANSIENT},
    {"RequestTimeoutException", AWS_MEANS_TRANSIENT},
    {"IDPCommunicationError", AWS_MEANS_TRANSIENT},
    {"OperationAborted", AWS_MEANS_TRANSIENT},           /* two at once on one bucket */
    {"ConditionalRequestConflict", AWS_MEANS_TRANSIENT}, /* ... or one object */
    {"InternalError", AWS_MEANS_TRANSIENT},              /* S3 also says it after a 200 */
    /* Lambda, before it runs a function.
     * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
     */
    {"ResourceNotReadyException", AWS_MEANS_TRANSIENT | AWS_MEANS_NOT_BEGUN},
    {"EC2UnexpectedException", AWS_MEANS_TRANSIENT | AWS_MEANS_NOT_BEGUN},
    {"ExpiredToken", AWS_MEANS_EXPIRED | AWS_MEANS_CREDENTIALS},
    {"ExpiredTokenException", AWS_MEANS_EXPIRED | AWS_MEANS_CREDENTIALS},
    {"RequestTimeTooSkewed", AWS_MEANS_CLOCK},
    {"RequestExpired", AWS_MEANS_CLOCK},
    {"RequestInTheFuture", AWS_MEANS_CLOCK},
    {"SignatureDoesNotMatch", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
    {"InvalidSignatureException", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
    {"AuthFailure", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
    {"AccessDenied", AWS_MEANS_CREDENTIALS},
    {"AccessDeniedException", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
    {"Forbidden", AWS_MEANS_CREDENTIALS},
    {"InvalidAccessKeyId", AWS_MEANS_CREDENTIALS},
    {"InvalidClientTokenId", AWS_MEANS_CREDENTIALS},
    {"InvalidToken", AWS_MEANS_CREDENTIALS},
    {"UnrecognizedClientException", AWS_MEANS_CREDENTIALS},
    {"MissingAuthenticationToken", AWS_MEANS_CREDENTIALS},
    {"MissingAuthenticationTokenException", AWS_MEANS_CREDENTIALS},
    {"IncompleteSignature", AWS_MEANS_CREDENTIALS},
    {"IncompleteSignatureException", AWS_MEANS_CREDENTIALS},
    {"UnauthorizedException", AWS_MEANS_CREDENTIALS},
    {"no_credentials", AWS_MEANS_CREDENTIALS},
    {"credentials_refused", AWS_MEANS_CREDENTIALS},
    {"NoSuchKey", AWS_MEANS_NOT_FOUND},
    {"NoSuchBucket", AWS_MEANS_NOT_FOUND},
    {"NoSuchUpload", AWS_MEANS_NOT_FOUND},
    {"NotFound", AWS_MEANS_NOT_FOUND},
    {"ResourceNotFound", AWS_MEANS_NOT_FOUND},
    {"ResourceNotFoundException", AWS_MEANS_NOT_FOUND},
    {"PermanentRedirect", AWS_MEANS_OTHER_REGION},
    {"TemporaryRedirect", AWS_MEANS_OTHER_REGION},
    {"AuthorizationHeaderMalformed", AWS_MEANS_OTHER_REGION},
    {"IllegalLocationConstraintException", AWS_MEANS_OTHER_REGION},
    {"BadRequest", AWS_MEANS_OTHER_REGION}, /* another one */
};

static const struct {
    int status;
    const char *code; /* when nothing else says it */
    unsigned meaning;
} statuses[] = {
    {301, "PermanentRedirect", AWS_MEANS_OTHER_REGION},
    {302, "TemporaryRedirect", AWS_MEANS_OTHER_REGION},
    {304, "NotModified", 0},
    {307, "TemporaryRedirect", AWS_MEANS_OTHER_REGION},
    {400, "BadRequest", 0},
    {401, "UnauthorizedException", AWS_MEANS_CREDENTIALS},
    {403, "Forbidden", 0},
    {404, "NotFound", AWS_MEANS_NOT_FOUND},
    {409, "Conflict", 0},
    {412, "PreconditionFailed", 0},
    {416, "InvalidRange", 0},
    {429, "TooManyRequestsException", AWS_MEANS_THROTTLED},
    {500, "InternalError", AWS_MEANS_TRANSIENT},
    {502, "BadGateway", AWS_MEANS_TRANSIENT},
    {503, "ServiceUnavailable", AWS_MEANS_TRANSIENT},
    {504, "GatewayTimeout", AWS_MEANS_TRANSIENT},
};

unsigned aws_meaning_of(int status, const char *code)
{
    unsigned meaning = 0;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) == 0) {
            meaning |= codes[i].meaning;
        }
    }
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            meaning |= statuses[i].meaning;
        }
    }
    return meaning;
}

bool aws_error_is_credentials(const struct error *err)
{
    return (aws_meaning_of(err->http_status, err->code) & AWS_MEANS_CREDENTIALS) != 0;
}

bool aws_error_is_not_found(const struct error *err)
{
    /* SageMaker has no code of its own for it. */
    static const char *const words[] = {"Requested resource not found", "Could not find"};
    if ((aws_meaning_of(err->http_status, err->code) & AWS_MEANS_NOT_FOUND) != 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (error_is(err, "ValidationException") && strstr(err->message, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- reading them */

/* "com.amazonaws.x#Code:http://..." is Code. */
static void put_code(struct str code, struct aws_refusal *out)
{
    struct str rest;
    code = str_split(code, ':', &rest);
    const char *hash = code.len == 0 ? NULL : memrchr(code.ptr, '#', code.len);
    if (hash != NULL) {
        code = (struct str){hash + 1, code.len - (size_t)(hash + 1 - code.ptr)};
    }
    utf8_copy_printable(str_trim(code), out->code, sizeof(out->code));
}

static bool is_region(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_plain && (c != '-' || i == 0 || i + 1 == text.len)) {
            return false;
        }
    }
    return text.len > 0 && text.len < AWS_REGION_SIZE;
}

static void put_region(struct str text, struct aws_refusal *out)
{
    if (is_region(text)) {
        utf8_copy_printable(text, out->region, sizeof(out->region));
    }
}

static bool take_element(void *context, const char *path, struct str text, struct error *err)
{
    struct aws_refusal *out = context;
    struct str where = str_from(path);
    (void)err;
    if (str_ends_with(where, STR("Error/Code"))) {
        put_code(text, out);
    } else if (str_ends_with(where, STR("Error/Message"))) {
        utf8_copy_printable(text, out->text, sizeof(out->text));
    } else if (str_ends_with(where, STR("Error/Region"))) {
        put_region(text, out);
    } else if (str_ends_with(where, STR("Error/ServerTime"))) {
        clock_parse_utc(text, &out->server_time_ms);
    } else if (str_ends_with(where, STR("/RequestId"))) {
        utf8_copy_printable(text, out->request_id, sizeof(out->request_id));
    }
    return true;
}

static const char *first_text(const struct json *json, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = json_text_or(json, names[i], NULL);
        if (text != NULL) {
            return text;
        }
    }
    return NULL;
}

static void read_json(struct str body, struct aws_refusal *out)
{
    static const char *const code_names[] = {"__type", "code", "Code", "error"};
    static const char *const text_names[] = {"message", "Message", "errorMessage",
                                             "error_description"};
    struct error err;
    struct json *json = json_parse(body, &err);
    const char *code = first_text(json, code_names, 4);
    const char *text = first_text(json, text_names, 4);
    put_code(str_from(code), out);
    utf8_copy_printable(str_from(text), out->text, sizeof(out->text));
    json_free(json);
}

int64_t aws_server_time_ms(struct str headers)
{
    int64_t time_ms = 0;
    if (http_header_find(headers, "age").len == 0) {
        clock_parse_http(http_header_find(headers, "date"), &time_ms);
    }
    return time_ms;
}

static void read_headers(struct str headers, struct aws_refusal *out)
{
    static const char *const id_names[] = {"x-amzn-requestid", "x-amz-request-id"};
    struct str type = http_header_find(headers, "x-amzn-errortype");
    if (type.len > 0) {
        put_code(type, out);
    }
    for (size_t i = 0; i < 2; i++) {
        struct str id = http_header_find(headers, id_names[i]);
        if (id.len > 0) {
            utf8_copy_printable(id, out->request_id, sizeof(out->request_id));
        }
    }
    put_region(http_header_find(headers, "x-amz-bucket-region"), out);
    if (http_header_find(headers, "age").len > 0) {
        out->server_time_ms = 0;
    } else if (out->server_time_ms == 0) {
        out->server_time_ms = aws_server_time_ms(headers);
    }
}

static void read_status(int status, struct aws_refusal *out)
{
    snprintf(out->code, sizeof(out->code), "HttpStatus%d", status);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            snprintf(out->code, sizeof(out->code), "%s", statuses[i].code);
        }
    }
}

void aws_refusal_read(int status, struct str headers, struct str body,
                      struct aws_refusal *out_refusal)
{
    struct str content = str_trim(body);
    struct error err;
    *out_refusal = (struct aws_refusal){0};
    if (str_starts_with(content, STR("<"))) {
        xml_read(content, take_element, out_refusal, &err); /* what is broken may say enough */
    } else if (str_starts_with(content, STR("{"))) {
        read_json(content, out_refusal);
    }
    read_headers(headers, out_refusal);
    if (out_refusal->code[0] == '\0') {
        read_status(status, out_refusal);
    }
}

void aws_error_name_for_port(struct error *err)
{
    unsigned meaning = aws_meaning_of(err->http_status, err->code);
    const char *code = (meaning & AWS_MEANS_CREDENTIALS) != 0 && !error_is(err, "no_credentials")
                           ? "credentials_refused"
                       : aws_error_is_not_found(err)          ? "not_found"
                       : (meaning & AWS_MEANS_THROTTLED) != 0 ? "throttled"
                       : (meaning & AWS_MEANS_TRANSIENT) != 0 ? "unavailable"
                                                              : NULL;
    if (code != NULL) {
        snprintf(err->code, sizeof(err->code), "%s", code);
    }
}
