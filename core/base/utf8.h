/* UTF-8 (RFC 3629): decoding, and making text from outside harmless. Pure; any thread. */
#ifndef GATEHOUSE_BASE_UTF8_H
#define GATEHOUSE_BASE_UTF8_H

#include "core/base/buf.h"
#include "core/base/str.h"

#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xfffd };

/* Decodes the first code point of s (s.len > 0); gives the bytes it takes (1 to 4). An invalid,
 * overlong or surrogate sequence is one byte long and decodes to UTF8_REPLACEMENT. */
size_t utf8_decode(struct str s, uint32_t *out_code_point);
bool utf8_append(struct buf *out, uint32_t code_point);
/* Copies s; NUL bytes and invalid sequences become U+FFFD. */
bool utf8_append_valid(struct buf *out, struct str s);
/* Copies s for a terminal or a one-line log: control bytes (C0, DEL, C1, newline, ESC),
 * bidirectional overrides and invalid bytes become visible U+FFFD; a tab becomes one blank. */
bool utf8_append_printable(struct buf *out, struct str s);
/* The same into a field of fixed size, cut to what fits. */
void utf8_copy_printable(struct str s, char *out_text, size_t size);
/* Neither a control byte, nor a bidirectional mark or override, nor a separator of lines. */
bool utf8_is_printable(uint32_t code_point);

#endif
