/* UTF-8 decoding and the one filter that text from outside passes before it is shown. */
#include "core/base/utf8.h"

#include <stdio.h>

static size_t sequence_length(unsigned char lead)
{
    return lead < 0x80   ? 1
           : lead < 0xc2 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf5 ? 4
                         : 0;
}

size_t utf8_decode(struct str s, uint32_t *out_code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)s.ptr;
    size_t length = sequence_length(bytes[0]);
    *out_code_point = UTF8_REPLACEMENT;
    if (length == 0 || length > s.len) {
        return 1;
    }
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 1;
        }
        value = value << 6 | (bytes[i] & 0x3f);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest[length] || value > 0x10ffff || is_surrogate) {
        return 1;
    }
    *out_code_point = value;
    return length;
}

bool utf8_append(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t length = 0;
    if (c < 0x80) {
        bytes[length++] = (char)c;
    } else if (c < 0x800) {
        bytes[length++] = (char)(0xc0 | c >> 6);
        bytes[length++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        bytes[length++] = (char)(0xe0 | c >> 12);
        bytes[length++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[length++] = (char)(0x80 | (c & 0x3f));
    } else {
        bytes[length++] = (char)(0xf0 | c >> 18);
        bytes[length++] = (char)(0x80 | (c >> 12 & 0x3f));
        bytes[length++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[length++] = (char)(0x80 | (c & 0x3f));
    }
    return buf_append(out, bytes, length);
}

/* Control characters, and those that only tell a renderer what to do. */
static const struct {
    uint32_t first, last;
} unprintable[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c},   {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2066, 0x206f}, {0xfff9, 0xfffb}, {0x13430, 0x13438}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
};

bool utf8_is_printable(uint32_t c)
{
    for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++) {
        if (c >= unprintable[i].first && c <= unprintable[i].last) {
            return false;
        }
    }
    return true;
}

static bool append_filtered(struct buf *out, struct str s, bool (*is_unwanted)(uint32_t))
{
    size_t kept = 0; /* bytes before `i` that are already copied */
    size_t i = 0;
    while (i < s.len) {
        uint32_t c = 0;
        size_t length = utf8_decode((struct str){s.ptr + i, s.len - i}, &c);
        bool is_invalid = c == UTF8_REPLACEMENT && length == 1;
        if (is_invalid || is_unwanted(c)) {
            bool is_added = buf_append(out, s.ptr + kept, i - kept) &&
                            utf8_append(out, c == '\t' ? ' ' : UTF8_REPLACEMENT);
            if (!is_added) {
                return false;
            }
            kept = i + length;
        }
        i += length;
    }
    return buf_append(out, s.ptr + kept, s.len - kept);
}

static bool is_nul(uint32_t c)
{
    return c == 0;
}

bool utf8_append_valid(struct buf *out, struct str s)
{
    return append_filtered(out, s, is_nul);
}

static bool is_unprintable(uint32_t c)
{
    return !utf8_is_printable(c);
}

bool utf8_append_printable(struct buf *out, struct str s)
{
    return append_filtered(out, s, is_unprintable);
}

void utf8_copy_printable(struct str s, char *out_text, size_t size)
{
    struct buf text;
    buf_init(&text, 4 * size);
    s.len = s.len < size ? s.len : size - 1;
    utf8_append_printable(&text, s);
    snprintf(out_text, size, "%s", buf_text(&text));
    buf_done(&text);
}
