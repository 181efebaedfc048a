/* The careful parse: exact decimal arithmetic, so that 2.00E+05 is 200000 and 0.5 is refused. */
#include "core/data/number.h"

#include <stdbool.h>

enum { DIGITS_MAX = 64, EXPONENT_MAX = 1000, INT64_DIGITS = 19 };

/* value = digits * 10^scale */
struct decimal {
    uint8_t digits[DIGITS_MAX];
    int count;
    int scale;
    bool is_negative;
    unsigned forms;
};

static const char *const form_names[NUMBER_FORM_COUNT] = {
#define X(name, text) [NUMBER_FORM_##name] = text,
    NUMBER_FORMS(X)
#undef X
};

const char *number_form_name(enum number_form form)
{
    return form_names[form];
}

static bool is_digit(struct str s)
{
    return s.len > 0 && s.ptr[0] >= '0' && s.ptr[0] <= '9';
}

static void skip(struct str *s, size_t count)
{
    s->ptr += count;
    s->len -= count;
}

static size_t take_digits(struct str *s, struct decimal *decimal)
{
    size_t count = 0;
    for (; is_digit(*s); count++) {
        decimal->digits[decimal->count++] = (uint8_t)(s->ptr[0] - '0');
        skip(s, 1);
    }
    return count;
}

static bool is_missing(struct str s)
{
    static const char *const words[] = {"nan", "na", "n/a", "#n/a", "null", "none", "\\n"};
    if (s.len > 0 && s.ptr[0] < 'A' && s.ptr[0] != '#') { /* most likely a number */
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq_ignoring_case(s, str_from(words[i]))) {
            return true;
        }
    }
    return s.len == 0;
}

/* 1,000 and 12,345,678: one to three digits, then groups of exactly three. */
static bool take_groups(struct str *s, struct decimal *decimal, size_t first)
{
    if (s->len == 0 || s->ptr[0] != ',') {
        return true;
    }
    if (first == 0 || first > 3) {
        return false;
    }
    while (s->len > 0 && s->ptr[0] == ',') {
        skip(s, 1);
        if (take_digits(s, decimal) != 3) {
            return false;
        }
    }
    decimal->forms |= 1u << NUMBER_FORM_THOUSANDS;
    return true;
}

static bool take_exponent(struct str *s, struct decimal *decimal)
{
    int exponent = 0;
    if (s->len == 0 || (s->ptr[0] != 'e' && s->ptr[0] != 'E')) {
        return true;
    }
    skip(s, 1);
    bool is_negative = s->len > 0 && s->ptr[0] == '-';
    if (is_negative || (s->len > 0 && s->ptr[0] == '+')) {
        skip(s, 1);
    }
    if (!is_digit(*s)) {
        return false;
    }
    for (; is_digit(*s); skip(s, 1)) {
        exponent = exponent > EXPONENT_MAX ? exponent : exponent * 10 + (s->ptr[0] - '0');
    }
    decimal->scale += is_negative ? -exponent : exponent;
    decimal->forms |= 1u << NUMBER_FORM_EXPONENT;
    return true;
}

static bool take_decimal(struct str s, struct decimal *decimal)
{
    decimal->is_negative = s.ptr[0] == '-';
    if (s.ptr[0] == '-' || s.ptr[0] == '+') {
        decimal->forms |= s.ptr[0] == '+' ? 1u << NUMBER_FORM_PLUS : 0;
        skip(&s, 1);
    }
    size_t whole = take_digits(&s, decimal);
    if (whole > 1 && decimal->digits[0] == 0) {
        decimal->forms |= 1u << NUMBER_FORM_LEADING_ZEROS;
    }
    if (!take_groups(&s, decimal, whole)) {
        return false;
    }
    if (s.len > 0 && s.ptr[0] == '.') {
        skip(&s, 1);
        decimal->scale = -(int)take_digits(&s, decimal);
        decimal->forms |= 1u << NUMBER_FORM_DECIMALS;
    }
    return decimal->count > 0 && take_exponent(&s, decimal) && s.len == 0;
}

static enum number_verdict decimal_to_i64(const struct decimal *decimal, int64_t *out_value)
{
    int first = 0;
    int count = decimal->count;
    int scale = decimal->scale;
    uint64_t magnitude = 0;
    uint64_t limit = (uint64_t)INT64_MAX + (decimal->is_negative ? 1 : 0);
    while (first < count && decimal->digits[first] == 0) {
        first++;
    }
    while (count > first && decimal->digits[count - 1] == 0) {
        count--;
        scale++;
    }
    if (count == first) {
        *out_value = 0;
        return NUMBER_OK;
    }
    if (scale < 0) {
        return NUMBER_NOT_INTEGER;
    }
    if (count - first + scale > INT64_DIGITS) {
        return NUMBER_TOO_LARGE;
    }
    for (int i = first; i < count + scale; i++) { /* 19 digits fit into 64 bits */
        magnitude = magnitude * 10 + (i < count ? decimal->digits[i] : 0u);
    }
    if (magnitude > limit) {
        return NUMBER_TOO_LARGE;
    }
    *out_value = decimal->is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return NUMBER_OK;
}

enum number_verdict number_parse(struct str text, struct number *out_number)
{
    struct decimal decimal = {.count = 0};
    struct number number = {0};
    struct str trimmed = str_trim(text);
    if (is_missing(trimmed)) {
        return NUMBER_MISSING;
    }
    if (trimmed.len > DIGITS_MAX || !take_decimal(trimmed, &decimal)) {
        return NUMBER_NOT_A_NUMBER;
    }
    enum number_verdict verdict = decimal_to_i64(&decimal, &number.value);
    if (verdict != NUMBER_OK) {
        return verdict;
    }
    number.forms = decimal.forms;
    number.forms |= trimmed.len < text.len ? 1u << NUMBER_FORM_BLANKS : 0;
    number.forms |= decimal.is_negative && number.value == 0 ? 1u << NUMBER_FORM_NEGATIVE_ZERO : 0;
    *out_number = number;
    return NUMBER_OK;
}

char *number_write_u64(char *out, uint64_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char text[NUMBER_TEXT_MAX];
    char *at = text + sizeof(text);
    for (; value >= 100; value /= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (value % 100), 2);
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, pairs + 2 * value, 2);
    } else {
        *--at = (char)('0' + value);
    }
    size_t len = (size_t)(text + sizeof(text) - at);
    memcpy(out, at, len);
    return out + len;
}

char *number_write(char *out, int64_t value)
{
    if (value < 0) {
        *out++ = '-';
        return number_write_u64(out, 0 - (uint64_t)value);
    }
    return number_write_u64(out, (uint64_t)value);
}
