/* Base64 (RFC 4648 section 4), with padding and without line breaks. Pure; any thread. */
#ifndef GATEHOUSE_BASE_BASE64_H
#define GATEHOUSE_BASE_BASE64_H

#include "core/base/buf.h"

bool base64_encode(struct str bytes, struct buf *out); /* false: beyond out's limit */
/* Strict; false, with out as it was, for anything that the encoder could not have made. */
bool base64_decode(struct str text, struct buf *out);

#endif
