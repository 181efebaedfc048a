/* AWS Signature Version 4, pure; any thread. The three stages are apart, so that each can be
 * tested.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#ifndef GATEHOUSE_AWS_SIGV4_H
#define GATEHOUSE_AWS_SIGV4_H

#include "core/aws/credentials.h"
#include "core/base/buf.h"
#include "core/base/digest.h"

#include <stdint.h>

enum { SIGV4_DATE_SIZE = 17, SIGV4_SIGNATURE_SIZE = DIGEST_HEX_SIZE, SIGV4_HEADERS_MAX = 100 };
#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define SIGV4_EMPTY_SHA256     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sigv4_header {
    const char *name, *value; /* as sent; the signer folds them */
};

struct sigv4_request { /* borrowed */
    const char *method;
    const char *path;  /* as on the wire, encoded once; "" is "/" */
    const char *query; /* as on the wire without '?', or NULL */
    const struct sigv4_header *headers;
    size_t header_count; /* with host; those that may not be signed are left out by the signer */
    const char *payload_hash; /* hex SHA-256 of the body, or SIGV4_UNSIGNED_PAYLOAD */
    const char *region, *service;
    char date[SIGV4_DATE_SIZE]; /* YYYYMMDDTHHMMSSZ */
    bool is_s3;     /* the path is taken as it is: neither squashed nor encoded a second time */
    bool keep_path; /* not S3, and yet dots and slashes are kept (a switch of the official suite) */
};

/* What signing keeps from one request to the next: the signing key, which belongs to a secret, a
 * day, a region and a service and is derived anew when one differs, and working memory. Zeroed at
 * first, wiped by sigv4_key_done; one thread at a time. One for each service signs fastest. */
struct sigv4_key {
    struct sigv4_signer *signer; /* private */
};

void sigv4_date(int64_t wall_ms, char out_date[SIGV4_DATE_SIZE]);
/* Stage 1; also gives "a;b;c". False at a buffer's limit, and when there are more than
 * SIGV4_HEADERS_MAX headers to sign. */
bool sigv4_canonical_request(const struct sigv4_request *request, struct buf *out_text,
                             struct buf *out_signed_headers);
/* Stage 2. */
bool sigv4_string_to_sign(const struct sigv4_request *request, struct str canonical_request,
                          struct buf *out_text);
/* Stage 3. */
void sigv4_signature(struct sigv4_key *key, const struct sigv4_request *request,
                     const struct secret *secret_key, struct str string_to_sign,
                     char out_hex[SIGV4_SIGNATURE_SIZE]);
void sigv4_key_done(struct sigv4_key *key);

/* All three: the value of the header Authorization. The caller has put x-amz-date and, with a
 * session token, x-amz-security-token among the headers. */
bool sigv4_authorization(struct sigv4_key *key, const struct sigv4_request *request,
                         const struct aws_credentials *credentials, struct buf *out_value);
/* Query signing: appends the whole signed query, X-Amz-Signature last. The URL is a secret for
 * expires_s (1..604800) seconds; false for any other time, too. */
bool sigv4_presign(struct sigv4_key *key, const struct sigv4_request *request,
                   const struct aws_credentials *credentials, int expires_s, struct buf *out_query);

/* Percent-encoding of AWS: all but A-Z a-z 0-9 - . _ ~ as %XX, upper case. keep_slash for S3 keys.
 */
bool sigv4_encode(struct str text, bool keep_slash, struct buf *out);

#endif
