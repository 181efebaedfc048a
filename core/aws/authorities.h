/* A bundle of certificates of authorities, taken apart as OpenSSL wants them in a folder (openssl
 * rehash): each in a file of its own, under the hash of its subject. Of a folder OpenSSL reads only
 * the one it needs; to read a whole bundle takes it tens of milliseconds. Pure; any thread. */
#ifndef GATEHOUSE_AWS_AUTHORITIES_H
#define GATEHOUSE_AWS_AUTHORITIES_H

#include "core/base/error.h"
#include "core/base/str.h"

/* name: "5ed36f99.0"; the number tells those of the same hash apart. Both are borrowed for the
 * call. False with err ends it. */
typedef bool (*authority_fn)(void *context, const char *name, struct str pem, struct error *err);
/* bundle: PEM. False with err: what `each` says; "bad_certificate" (permanent) for a bundle that
 * holds no certificate, or one that cannot be read. */
bool authorities_split(struct str bundle, authority_fn each, void *context, struct error *err);

#endif
