/* SHA-256 (FIPS 180-4) by OpenSSL, the only hash that identifies data here. Any thread. */
#ifndef GATEHOUSE_BASE_DIGEST_H
#define GATEHOUSE_BASE_DIGEST_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stddef.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65, DIGEST_BASE64_SIZE = 45 };

struct digest; /* a running SHA-256 */

struct digest *digest_new(void);
struct digest *digest_copy(const struct digest *digest); /* one that goes on from here */
void digest_free(struct digest *digest);                 /* accepts NULL */
void digest_update(struct digest *digest, const void *ptr, size_t len);
/* Lower-case hex with NUL; the digest starts anew afterwards. */
void digest_finish_hex(struct digest *digest, char out_hex[DIGEST_HEX_SIZE]);
void digest_hex(struct str data, char out_hex[DIGEST_HEX_SIZE]);
void digest_base64(struct str data, char out_base64[DIGEST_BASE64_SIZE]);
/* Of a whole file; false with err when it cannot be read. */
bool digest_file_hex(const char *path, char out_hex[DIGEST_HEX_SIZE], struct error *err);

#endif
