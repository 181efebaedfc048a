/* Three bytes are four characters. */
#include "core/base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct str bytes, struct buf *out)
{
    size_t len = (bytes.len + 2) / 3 * 4;
    if (!buf_reserve(out, len)) {
        return false;
    }
    char *to = out->ptr + out->len;
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (i + j < bytes.len ? (unsigned char)bytes.ptr[i + j] : 0);
        }
        for (size_t j = 0; j < 4; j++) {
            *to++ = i + j <= bytes.len ? alphabet[group >> (18 - 6 * j) & 0x3f] : '=';
        }
    }
    out->len += len;
    out->ptr[out->len] = '\0';
    return true;
}

/* 0..63, or -1. */
static int value_of(char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

static bool decode(struct str text, size_t padding, struct buf *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_padding = i + padding >= text.len;
        int value = is_padding ? 0 : value_of(text.ptr[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3) {
            continue;
        }
        size_t count = i + 1 == text.len ? 3 - padding : 3;
        uint32_t unused = count == 3 ? 0 : bits & ((1U << 8 * (3 - count)) - 1);
        const char bytes[3] = {(char)(bits >> 16 & 0xff), (char)(bits >> 8 & 0xff),
                               (char)(bits & 0xff)};
        if (unused != 0 || !buf_append(out, bytes, count)) {
            return false;
        }
        bits = 0;
    }
    return true;
}

bool base64_decode(struct str text, struct buf *out)
{
    size_t before = out->len;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=') {
        padding++;
    }
    if (text.len % 4 == 0 && decode(text, padding, out)) {
        return true;
    }
    out->len = before;
    if (out->ptr != NULL) {
        out->ptr[before] = '\0';
    }
    return false;
}
