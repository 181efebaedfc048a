/* Checks a signature step by step as AWS describes it; slow and plain. */
#include "tests/support/fake_signature.h"

#include "core/base/alloc.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LISTED_MAX = 128 };

bool fake_signature_read(const struct fake_request *request, struct fake_signature *out)
{
    const char *value = fake_request_header(request, "authorization");
    *out = (struct fake_signature){.key_id = ""};
    return value != NULL &&
           sscanf(value,
                  "AWS4-HMAC-SHA256 Credential=%159[^/]/%159[^/]/%159[^/]/%159[^/]/aws4_request, "
                  "SignedHeaders=%1023[^,], Signature=%159s",
                  out->key_id, out->day, out->region, out->service, out->signed_headers,
                  out->signature) == 6;
}

static void hex(const unsigned char *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++) {
        sprintf(out + 2 * i, "%02x", bytes[i]);
    }
}

static void sha256_hex(const void *bytes, size_t count, char out[65])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    EVP_Digest(bytes, count, raw, NULL, EVP_sha256(), NULL);
    hex(raw, 32, out);
}

static void hmac(const void *key, size_t key_len, const char *text, unsigned char out[32])
{
    unsigned int length = 0;
    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out, &length);
}

/* ---- URI encoding */

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) || strchr("-._~", c) != NULL;
}

static void encode(const char *text, size_t length, const char *also_plain, struct buf *out)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\0' && (is_plain(text[i]) || strchr(also_plain, text[i]) != NULL)) {
            buf_append_char(out, text[i]);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
        }
    }
}

static char *decoded(struct str text)
{
    char *out = xmalloc(text.len + 1);
    size_t used = 0;
    for (size_t i = 0; i < text.len; i++) {
        char pair[3] = {0};
        if (text.ptr[i] == '%' && i + 2 < text.len) {
            memcpy(pair, text.ptr + i + 1, 2);
            out[used++] = (char)strtol(pair, NULL, 16);
            i += 2;
        } else {
            out[used++] = text.ptr[i];
        }
    }
    out[used] = '\0';
    return out;
}

/* Segments are resolved from the left; S3 signs the path as it is. */
static void put_path(const struct fake_request *request, const char *service, struct buf *out)
{
    const char *segments[LISTED_MAX];
    size_t lengths[LISTED_MAX], count = 0;
    const char *path = request->path;
    if (strcmp(service, "s3") == 0) {
        buf_append_text(out, path);
        return;
    }
    for (const char *at = path; *at != '\0';) {
        size_t length = strcspn(at, "/");
        bool is_up = length == 2 && strncmp(at, "..", 2) == 0;
        if (is_up && count > 0) {
            count--;
        } else if (!is_up && length > 0 && !(length == 1 && *at == '.') && count < LISTED_MAX) {
            segments[count] = at;
            lengths[count++] = length;
        }
        at += length + (at[length] == '/' ? 1 : 0);
    }
    for (size_t i = 0; i < count; i++) {
        buf_append_char(out, '/');
        encode(segments[i], lengths[i], "", out);
    }
    if (count == 0 || path[strlen(path) - 1] == '/') {
        buf_append_char(out, '/');
    }
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted by name, then value: a byte below all others stands between them while sorting. */
static void put_query(const struct fake_request *request, struct buf *out)
{
    char *pairs[LISTED_MAX];
    size_t count = 0;
    struct str rest = str_from(request->query);
    while (rest.len > 0 && count < LISTED_MAX) {
        struct str value;
        struct str name = str_split(str_split(rest, '&', &rest), '=', &value);
        char *plain_name = decoded(name), *plain_value = decoded(value);
        struct buf pair;
        buf_init(&pair, 1 << 16);
        encode(plain_name, strlen(plain_name), "", &pair);
        buf_append_char(&pair, '\x01');
        encode(plain_value, strlen(plain_value), "", &pair);
        pairs[count++] = buf_take(&pair);
        free(plain_name);
        free(plain_value);
    }
    qsort(pairs, count, sizeof(pairs[0]), compare_text);
    for (size_t i = 0; i < count; i++) {
        *strchr(pairs[i], '\x01') = '=';
        buf_printf(out, "%s%s", i == 0 ? "" : "&", pairs[i]);
        free(pairs[i]);
    }
}

/* ---- headers */

static void put_folded(const char *value, struct buf *out)
{
    while (isspace((unsigned char)*value)) {
        value++;
    }
    for (; *value != '\0'; value++) {
        if (!isspace((unsigned char)*value)) {
            buf_append_char(out, *value);
        } else if (value[1] != '\0' && !isspace((unsigned char)value[1])) {
            buf_append_char(out, ' ');
        }
    }
}

static const char *put_headers(const struct fake_request *request, const char *listed,
                               struct buf *out)
{
    char last[FAKE_WORD_SIZE] = "";
    for (struct str rest = str_from(listed); rest.len > 0;) {
        struct str name = str_split(rest, ';', &rest);
        char text[FAKE_WORD_SIZE];
        size_t found = 0;
        snprintf(text, sizeof(text), STR_FMT, STR_ARG(name));
        if (strcmp(last, text) >= 0) {
            return "SignedHeaders are not sorted";
        }
        memcpy(last, text, sizeof(last));
        for (size_t i = 0; i < request->header_count; i++) {
            if (strcasecmp(request->headers[i].name, text) == 0) {
                buf_printf(out, "%s%s", found == 0 ? text : "", found == 0 ? ":" : ",");
                found++;
                put_folded(request->headers[i].value, out);
            }
        }
        if (found == 0) {
            return "a signed header was not sent";
        }
        buf_append_char(out, '\n');
    }
    return NULL;
}

static bool is_listed(const char *listed, const char *name)
{
    for (struct str rest = str_from(listed); rest.len > 0;) {
        if (str_eq_ignoring_case(str_split(rest, ';', &rest), str_from(name))) {
            return true;
        }
    }
    return false;
}

/* S3 refuses these, the others ignore them: neither is what was meant. */
static const char *find_unsigned(const struct fake_request *request, const char *listed)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = request->headers[i].name;
        bool must_be = strncasecmp(name, "x-amz-", 6) == 0 || strcasecmp(name, "host") == 0 ||
                       strcasecmp(name, "content-type") == 0 || strcasecmp(name, "range") == 0;
        if (must_be && !is_listed(listed, name)) {
            return "a header that must be signed is not";
        }
    }
    return NULL;
}

static const char *check_body(const struct fake_request *request, const char *service,
                              char out_hash[65])
{
    const char *told = fake_request_header(request, "x-amz-content-sha256");
    sha256_hex(request->body.ptr, request->body.len, out_hash);
    if (told == NULL) {
        return strcmp(service, "s3") == 0 ? "x-amz-content-sha256 is missing" : NULL;
    }
    if (strcmp(service, "s3") == 0 && strcmp(told, "UNSIGNED-PAYLOAD") == 0) {
        strcpy(out_hash, told);
        return NULL;
    }
    return strcmp(told, out_hash) == 0 ? NULL : "x-amz-content-sha256 is not that of the body";
}

/* ---- the signature */

static void sign(const struct fake_signature *s, const char *secret, const char *date,
                 struct str canonical, char out[65])
{
    unsigned char key[32];
    char first[512], to_sign[1024], hash[65];
    sha256_hex(canonical.ptr, canonical.len, hash);
    snprintf(to_sign, sizeof(to_sign), "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", date,
             s->day, s->region, s->service, hash);
    snprintf(first, sizeof(first), "AWS4%s", secret);
    hmac(first, strlen(first), s->day, key);
    hmac(key, 32, s->region, key);
    hmac(key, 32, s->service, key);
    hmac(key, 32, "aws4_request", key);
    hmac(key, 32, to_sign, key);
    hex(key, 32, out);
}

const char *fake_signature_check(const struct fake_request *request,
                                 const struct fake_signature *signature, const char *secret)
{
    struct buf canonical;
    char body_hash[65], expected[65];
    const char *date = fake_request_header(request, "x-amz-date");
    if (date == NULL || strncmp(date, signature->day, 8) != 0) {
        return "x-amz-date is missing, or of another day than the scope";
    }
    const char *complaint = find_unsigned(request, signature->signed_headers);
    if (complaint == NULL) {
        complaint = check_body(request, signature->service, body_hash);
    }
    if (complaint != NULL) {
        return complaint;
    }
    buf_init(&canonical, 1 << 20);
    buf_printf(&canonical, "%s\n", request->method);
    put_path(request, signature->service, &canonical);
    buf_append_char(&canonical, '\n');
    put_query(request, &canonical);
    buf_append_char(&canonical, '\n');
    complaint = put_headers(request, signature->signed_headers, &canonical);
    buf_printf(&canonical, "\n%s\n%s", signature->signed_headers, body_hash);
    sign(signature, secret, date, buf_str(&canonical), expected);
    buf_done(&canonical);
    if (complaint != NULL) {
        return complaint;
    }
    return strcmp(expected, signature->signature) == 0 ? NULL : "the signature does not match";
}
