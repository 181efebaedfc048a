/* Signature Version 4: the three stages, header signing and query signing. How paths, queries and
 * headers become canonical is the matter of sigv4_canonical.c. */
#include "core/aws/sigv4.h"

#include "core/aws/sigv4_canonical.h"
#include "core/base/alloc.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAC_SIZE = DIGEST_SIZE,
    SCOPE_SIZE = 160,
    PREFIX_LEN = 4,
    TEXT_MAX = 256 * 1024,
    EXPIRES_MAX_S = 7 * 24 * 3600,
};

/* Everything that costs time to make, made once: OpenSSL looks algorithms up by name, which takes
 * longer than the hashing itself. */
struct sigv4_signer {
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    EVP_MAC *hmac;
    EVP_MAC_CTX *mac; /* keyed with the signing key when scope is set */
    struct secret secret_key;
    char scope[SCOPE_SIZE]; /* "YYYYMMDD/region/service" of the signing key */
    unsigned char key[MAC_SIZE];
    struct buf canonical, signed_headers, to_sign; /* working memory */
};

static void to_hex(const unsigned char raw[DIGEST_SIZE], char out_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out_hex[2 * i] = digits[raw[i] >> 4];
        out_hex[2 * i + 1] = digits[raw[i] & 15];
    }
    out_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

/* ---- the signer */

static struct sigv4_signer *signer_of(struct sigv4_key *key)
{
    if (key->signer == NULL) {
        struct sigv4_signer *signer = xcalloc(1, sizeof(*signer));
        signer->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        signer->hash = EVP_MD_CTX_new();
        signer->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        signer->mac = EVP_MAC_CTX_new(signer->hmac);
        assert(signer->sha256 != NULL && signer->hash != NULL && signer->mac != NULL);
        EVP_DigestInit_ex(signer->hash, signer->sha256, NULL);
        buf_init(&signer->canonical, TEXT_MAX);
        buf_init(&signer->signed_headers, TEXT_MAX);
        buf_init(&signer->to_sign, TEXT_MAX);
        key->signer = signer;
    }
    return key->signer;
}

void sigv4_key_done(struct sigv4_key *key)
{
    struct sigv4_signer *signer = key->signer;
    if (signer != NULL) {
        EVP_MD_CTX_free(signer->hash);
        EVP_MD_free(signer->sha256);
        EVP_MAC_CTX_free(signer->mac);
        EVP_MAC_free(signer->hmac);
        secret_done(&signer->secret_key);
        buf_done(&signer->canonical);
        buf_done(&signer->signed_headers);
        buf_done(&signer->to_sign);
        OPENSSL_cleanse(signer, sizeof(*signer));
        free(signer);
        key->signer = NULL;
    }
}

static void mac_set_key(struct sigv4_signer *signer, const void *key, size_t length)
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    int is_keyed = EVP_MAC_init(signer->mac, key, length, params);
    assert(is_keyed == 1);
    (void)is_keyed;
}

/* With the key that is set; afterwards the context is ready for the next text under it. */
static void mac_text(struct sigv4_signer *signer, struct str text, unsigned char out[MAC_SIZE])
{
    size_t length = 0;
    EVP_MAC_update(signer->mac, (const unsigned char *)text.ptr, text.len);
    int is_done = EVP_MAC_final(signer->mac, out, &length, MAC_SIZE);
    assert(is_done == 1 && length == MAC_SIZE);
    (void)is_done;
    EVP_MAC_init(signer->mac, NULL, 0, NULL);
}

static void derive_key(struct sigv4_signer *signer, const struct sigv4_request *request)
{
    struct str day = {request->date, 8};
    struct str words[] = {day, str_from(request->region), str_from(request->service),
                          STR("aws4_request")};
    size_t length = PREFIX_LEN + signer->secret_key.len;
    char *first = xmalloc(length);
    memcpy(first, "AWS4", PREFIX_LEN);
    memcpy(first + PREFIX_LEN, secret_reveal(&signer->secret_key), signer->secret_key.len);
    mac_set_key(signer, first, length);
    OPENSSL_cleanse(first, length);
    free(first);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        mac_text(signer, words[i], signer->key);
        mac_set_key(signer, signer->key, MAC_SIZE);
    }
}

static bool set_scope(const struct sigv4_request *request, char out_scope[SCOPE_SIZE])
{
    int length = snprintf(out_scope, SCOPE_SIZE, "%.8s/%s/%s", request->date, request->region,
                          request->service);
    return length > 0 && length < SCOPE_SIZE;
}

static bool has_same_secret(const struct sigv4_signer *signer, const struct secret *secret_key)
{
    return signer->secret_key.len == secret_key->len &&
           CRYPTO_memcmp(secret_reveal(&signer->secret_key), secret_reveal(secret_key),
                         secret_key->len) == 0;
}

static void use_key(struct sigv4_signer *signer, const struct sigv4_request *request,
                    const struct secret *secret_key)
{
    char scope[SCOPE_SIZE];
    bool is_short = set_scope(request, scope);
    if (!is_short || strcmp(scope, signer->scope) != 0 || !has_same_secret(signer, secret_key)) {
        secret_set(&signer->secret_key, (struct str){secret_reveal(secret_key), secret_key->len});
        derive_key(signer, request);
        memcpy(signer->scope, is_short ? scope : "", is_short ? strlen(scope) + 1 : 1);
    }
}

/* ---- the stages */

static bool append_to_sign(const struct sigv4_request *request, const char *canonical_sha256,
                           struct buf *out)
{
    return buf_append_text(out, "AWS4-HMAC-SHA256\n") && buf_append_text(out, request->date) &&
           buf_append_char(out, '\n') && buf_append(out, request->date, 8) &&
           buf_append_char(out, '/') && buf_append_text(out, request->region) &&
           buf_append_char(out, '/') && buf_append_text(out, request->service) &&
           buf_append_text(out, "/aws4_request\n") && buf_append_text(out, canonical_sha256);
}

bool sigv4_string_to_sign(const struct sigv4_request *request, struct str canonical_request,
                          struct buf *out_text)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(canonical_request, hex);
    return append_to_sign(request, hex, out_text);
}

void sigv4_signature(struct sigv4_key *key, const struct sigv4_request *request,
                     const struct secret *secret_key, struct str string_to_sign,
                     char out_hex[SIGV4_SIGNATURE_SIZE])
{
    unsigned char raw[MAC_SIZE];
    struct sigv4_signer *signer = signer_of(key);
    use_key(signer, request, secret_key);
    mac_text(signer, string_to_sign, raw);
    to_hex(raw, out_hex);
}

/* All of them, in working memory that is kept. */
static bool sign(struct sigv4_key *key, const struct sigv4_request *request,
                 const struct secret *secret_key, char out_hex[SIGV4_SIGNATURE_SIZE])
{
    struct sigv4_signer *signer = signer_of(key);
    unsigned char raw[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    buf_reset(&signer->canonical);
    buf_reset(&signer->signed_headers);
    buf_reset(&signer->to_sign);
    if (!sigv4_canonical_request(request, &signer->canonical, &signer->signed_headers)) {
        return false;
    }
    EVP_DigestInit_ex(signer->hash, NULL, NULL);
    EVP_DigestUpdate(signer->hash, signer->canonical.ptr, signer->canonical.len);
    EVP_DigestFinal_ex(signer->hash, raw, NULL);
    to_hex(raw, hex);
    if (!append_to_sign(request, hex, &signer->to_sign)) {
        return false;
    }
    sigv4_signature(key, request, secret_key, buf_str(&signer->to_sign), out_hex);
    return true;
}

/* ---- what is sent */

bool sigv4_authorization(struct sigv4_key *key, const struct sigv4_request *request,
                         const struct aws_credentials *credentials, struct buf *out_value)
{
    char signature[SIGV4_SIGNATURE_SIZE];
    if (!sign(key, request, &credentials->secret_key, signature)) {
        return false;
    }
    return buf_append_text(out_value, "AWS4-HMAC-SHA256 Credential=") &&
           buf_append_text(out_value, credentials->key_id) && buf_append_char(out_value, '/') &&
           buf_append(out_value, request->date, 8) && buf_append_char(out_value, '/') &&
           buf_append_text(out_value, request->region) && buf_append_char(out_value, '/') &&
           buf_append_text(out_value, request->service) &&
           buf_append_text(out_value, "/aws4_request, SignedHeaders=") &&
           buf_append_str(out_value, buf_str(&key->signer->signed_headers)) &&
           buf_append_text(out_value, ", Signature=") && buf_append_text(out_value, signature);
}

static bool append_parameter(struct buf *query, const char *name, struct str value)
{
    return (query->len == 0 || buf_append_char(query, '&')) && buf_append_text(query, name) &&
           buf_append_char(query, '=') && sigv4_encode(value, false, query);
}

static bool append_own_parameters(const struct sigv4_request *request,
                                  const struct aws_credentials *credentials, int expires_s,
                                  struct buf *query)
{
    char text[AWS_KEY_ID_SIZE + SCOPE_SIZE + 16], seconds[16], scope[SCOPE_SIZE];
    struct str token = {secret_reveal(&credentials->session_token), credentials->session_token.len};
    struct buf names;
    buf_init(&names, TEXT_MAX);
    if (!set_scope(request, scope) || !sigv4_canonical_headers(request, NULL, &names)) {
        buf_done(&names);
        return false;
    }
    snprintf(text, sizeof(text), "%s/%s/aws4_request", credentials->key_id, scope);
    snprintf(seconds, sizeof(seconds), "%d", expires_s);
    bool is_added = append_parameter(query, "X-Amz-Algorithm", STR("AWS4-HMAC-SHA256")) &&
                    append_parameter(query, "X-Amz-Credential", str_from(text)) &&
                    append_parameter(query, "X-Amz-Date", str_from(request->date)) &&
                    append_parameter(query, "X-Amz-Expires", str_from(seconds)) &&
                    append_parameter(query, "X-Amz-SignedHeaders", buf_str(&names)) &&
                    (token.len == 0 || append_parameter(query, "X-Amz-Security-Token", token));
    buf_done(&names);
    return is_added;
}

bool sigv4_presign(struct sigv4_key *key, const struct sigv4_request *request,
                   const struct aws_credentials *credentials, int expires_s, struct buf *out_query)
{
    struct buf query;
    char signature[SIGV4_SIGNATURE_SIZE];
    struct sigv4_request full = *request;
    if (expires_s < 1 || expires_s > EXPIRES_MAX_S) {
        return false;
    }
    buf_init(&query, TEXT_MAX);
    bool is_signed = buf_append_text(&query, request->query == NULL ? "" : request->query) &&
                     append_own_parameters(request, credentials, expires_s, &query);
    full.query = buf_text(&query);
    is_signed = is_signed && sign(key, &full, &credentials->secret_key, signature) &&
                sigv4_canonical_query(full.query, out_query) &&
                buf_append_text(out_query, "&X-Amz-Signature=") &&
                buf_append_text(out_query, signature);
    if (query.ptr != NULL) {
        OPENSSL_cleanse(query.ptr, query.len); /* it may hold the session token */
    }
    buf_done(&query);
    return is_signed;
}

void sigv4_date(int64_t wall_ms, char out_date[SIGV4_DATE_SIZE])
{
    struct tm utc;
    time_t seconds = (time_t)(wall_ms / 1000);
    gmtime_r(&seconds, &utc);
    strftime(out_date, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc);
}
