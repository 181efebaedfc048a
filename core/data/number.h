/* Whole numbers as they are written in the wild, to int64: a fast scan for the canonical form, a
 * careful parse for the rest that says what had to be normalised or why it is no number.
 * Pure; any thread. */
#ifndef GATEHOUSE_DATA_NUMBER_H
#define GATEHOUSE_DATA_NUMBER_H

#include "core/base/str.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Forms that are unambiguous and are made canonical; each is counted. */
#define NUMBER_FORMS(X)                                                                            \
    X(BLANKS, "surrounding_blanks")                                                                \
    X(PLUS, "plus_sign")                                                                           \
    X(LEADING_ZEROS, "leading_zeros")                                                              \
    X(THOUSANDS, "thousands_separators") /* 1,000: strict groups of three */                       \
    X(DECIMALS, "zero_decimals")         /* 3913.0 */                                              \
    X(EXPONENT, "exponent")              /* 2.00E+05 */                                            \
    X(NEGATIVE_ZERO, "negative_zero")

enum number_form {
#define X(name, text) NUMBER_FORM_##name,
    NUMBER_FORMS(X)
#undef X
        NUMBER_FORM_COUNT
};

enum number_verdict {
    NUMBER_OK,
    NUMBER_MISSING, /* empty, blank, nan, NA, N/A, #N/A, null, none, \N in any case */
    NUMBER_NOT_A_NUMBER,
    NUMBER_NOT_INTEGER,
    NUMBER_TOO_LARGE, /* beyond int64 */
};

struct number {
    int64_t value;
    unsigned forms; /* bit set of 1 << enum number_form */
};

/* out_number is set only with NUMBER_OK. */
enum number_verdict number_parse(struct str text, struct number *out_number);
const char *number_form_name(enum number_form form);

enum { NUMBER_TEXT_MAX = 20, NUMBER_SCAN_SLACK = 8 };

/* Writes the canonical decimal (at most NUMBER_TEXT_MAX bytes, no NUL); gives its end. */
char *number_write(char *out, int64_t value);
char *number_write_u64(char *out, uint64_t value);

/* The value of eight decimal digits, the first in the lowest byte, each byte 0 to 9. Three
 * multiplications instead of eight (D. Lemire, "Quickly parsing eight digits", 2018). */
static inline uint64_t number_from_digits(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return ((digits & 0x000000ff000000ffu) * 0x000f424000000064u +
            (digits >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >>
           32;
}

/* Scans a canonical integer (-?[0-9]{1,18}, no leading zero, no -0) and gives its end, or NULL when
 * there is none. NUMBER_SCAN_SLACK bytes behind any byte of the text must be readable. */
static inline const char *number_scan(const char *ptr, int64_t *out_value)
{
    uint64_t digits;
    if ((unsigned char)(ptr[0] - '0') <= 9 && (unsigned char)(ptr[1] - '0') > 9) {
        *out_value = ptr[0] - '0'; /* by far the most frequent length */
        return ptr + 1;
    }
    memcpy(&digits, ptr, sizeof(digits));
    digits = le64toh(digits) ^ 0x3030303030303030u;
    uint64_t is_negative = (digits & 0xff) == ('-' ^ '0');
    /* The lowest byte that is no digit gets its high bit; carries only disturb the bytes above. The
     * end must be known early, for the next number waits for it: so the sign is masked, not
     * skipped. */
    uint64_t others = ((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u;
    others &= ~(is_negative << 7);
    unsigned len = others == 0 ? 8 : (unsigned)__builtin_ctzll(others) >> 3;
    unsigned count = len - (unsigned)is_negative;
    uint64_t first = digits >> (8 * is_negative) & 0xff;
    if (len <= is_negative || (first == 0 && len > 1)) {
        return NULL;
    }
    digits &= ~(is_negative * 0xff); /* the sign becomes a leading zero */
    uint64_t value = number_from_digits(digits << (64 - 8 * len));
    ptr += len;
    if (__builtin_expect(others == 0, 0)) {
        for (; *ptr >= '0' && *ptr <= '9'; ptr++) {
            if (++count > 18) {
                return NULL;
            }
            value = value * 10 + (uint64_t)(*ptr - '0');
        }
    }
    *out_value = (int64_t)((value ^ -is_negative) + is_negative);
    return ptr;
}

#endif
