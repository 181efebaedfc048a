/* The headers of an answer as text: "name: value\n" a line, names in lower case, every byte
 * printable, so that they can be looked up and shown. Pure; any thread. */
#ifndef GATEHOUSE_NET_HTTP_HEADER_H
#define GATEHOUSE_NET_HTTP_HEADER_H

#include "core/base/buf.h"

/* Takes one line as it came, with or without its end. A status line empties headers (what came
 * before belongs to an interim answer), a folded line (RFC 9112 section 5.2) lengthens the one
 * before, an empty line and one that is no header are dropped. False at the limit of headers. */
bool http_header_take_line(struct buf *headers, struct str line);
/* The first value of the name (lower case), or an empty str; borrowed from headers. */
struct str http_header_find(struct str headers, const char *name);
/* Whether a header may be sent: the name is a token (RFC 9110 section 5.6.2), the value has no
 * control byte but tab. */
bool http_header_is_sendable(const char *name, const char *value);

#endif
