/* struct str: a borrowed view of bytes, not NUL-terminated. Pure; any thread. */
#ifndef GATEHOUSE_BASE_STR_H
#define GATEHOUSE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_FMT      "%.*s" /* printf("..." STR_FMT, STR_ARG(s)) */
#define STR_ARG(s)   (int)(s).len, (s).ptr

struct str str_from(const char *text); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_eq_ignoring_case(struct str a, struct str b); /* ASCII only */
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);
struct str str_trim(struct str s); /* ASCII white space at both ends */
/* One of the words of choices, "a|b|c". */
bool str_is_one_of(struct str word, const char *choices);
/* Bytes of s up to the first `separator`; *rest is what follows it (empty when there is none). */
struct str str_split(struct str s, char separator, struct str *rest);

/* The value of a hexadecimal digit, of either case; -1 when c is none. */
int str_hex_digit(char c);

/* Strict: the whole of s is the number, no white space, no overflow; else false, out untouched. */
bool str_to_i64(struct str s, int64_t *out_value);
bool str_to_u64(struct str s, uint64_t *out_value);
bool str_to_double(struct str s, double *out_value); /* finite, decimal, C locale */

/* Levenshtein distance; strings longer than 64 bytes count by their first 64. */
size_t str_distance(struct str a, struct str b);
/* The candidate nearest to `word`, or NULL when none is near enough to be a likely misspelling. */
const char *str_nearest(struct str word, const char *const *candidates, size_t count);

#endif
