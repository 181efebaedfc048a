/* Reading what was typed, and looking for it. */
#include "tui/log_match.h"

#include "core/base/alloc.h"
#include "tui/regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { REGEX_MARK = '~' };

void log_match_done(struct log_match *match)
{
    free(match->typed);
    free(match->needle);
    regex_free(match->regex);
    *match = (struct log_match){.typed = NULL};
}

/* ---- reading */
/* Capitals ask for themselves; those behind a backslash (\W) do not count in an expression. */
static bool has_capitals(struct str text, bool is_regex)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_escaped = is_regex && i > 0 && text.ptr[i - 1] == '\\';
        if (isupper((unsigned char)text.ptr[i]) && !is_escaped) {
            return true;
        }
    }
    return false;
}

/* Where to begin looking: the byte that logs hold least often. */
static size_t rarest_byte(struct str needle)
{
    static const char common[] = " etaoinsrldcumpfg0123456789.hby=-:/_wvkxjqz";
    size_t best = 0, best_rank = 0;
    for (size_t i = 0; i < needle.len; i++) {
        const char *at = strchr(common, needle.ptr[i]);
        size_t rank = at == NULL ? sizeof(common) : (size_t)(at - common);
        if (rank >= best_rank) {
            best_rank = rank;
            best = i;
        }
    }
    return best;
}

static void set_needle(struct log_match *match, struct str text)
{
    match->is_folded = !has_capitals(text, false);
    match->needle = xmemdup0(text.ptr, text.len);
    match->needle_len = text.len;
    match->rarest = rarest_byte(text);
}

static bool is_plain(struct str pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (strchr("\\.[](){}*+?|^$", pattern.ptr[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* A regular expression without signs is text, which is found faster. */
static bool set_pattern(struct log_match *match, struct str pattern, struct error *err)
{
    if (is_plain(pattern)) {
        set_needle(match, pattern);
        return true;
    }
    match->regex = regex_new(pattern, !has_capitals(pattern, true), err);
    return match->regex != NULL;
}

static bool set_search(struct log_match *match, struct str text, struct error *err)
{
    if (text.len > 1 && text.ptr[0] == REGEX_MARK) {
        return set_pattern(match, (struct str){text.ptr + 1, text.len - 1}, err);
    }
    if (text.len > 1 && text.ptr[0] == '\\' && text.ptr[1] == REGEX_MARK) {
        text = (struct str){text.ptr + 1, text.len - 1}; /* a '~' that is meant */
    }
    set_needle(match, text);
    return true;
}

static bool set_filter(struct log_match *match, struct str text, struct error *err)
{
    text = str_trim(text);
    if (str_starts_with(text, STR(">="))) {
        struct str rest = {NULL, 0};
        struct str word = str_split((struct str){text.ptr + 2, text.len - 2}, ' ', &rest);
        if (!log_level_parse(word, &match->level)) {
            return error_set(err, ERROR_PERMANENT, "bad_filter",
                             "\"" STR_FMT "\" is no level: >=DEBUG, >=INFO, >=WARN or >=ERROR",
                             STR_ARG(word));
        }
        text = str_trim(rest);
    }
    if (text.len > 0 && text.ptr[0] == '!') {
        match->is_inverse = true;
        text = (struct str){text.ptr + 1, text.len - 1};
        if (text.len == 0) {
            return error_set(err, ERROR_PERMANENT, "bad_filter",
                             "nothing follows the !: which lines are to be hidden?");
        }
    }
    return text.len == 0 || set_pattern(match, text, err);
}

bool log_match_set(struct log_match *match, enum log_match_kind kind, const char *typed,
                   struct error *err)
{
    struct log_match made = {.typed = NULL};
    struct str text = str_from(typed);
    if (str_trim(text).len > 0) {
        bool is_good =
            kind == LOG_MATCH_SEARCH ? set_search(&made, text, err) : set_filter(&made, text, err);
        if (!is_good) {
            return false;
        }
        made.typed = xstrdup(typed);
    }
    log_match_done(match);
    *match = made;
    return true;
}

void log_match_errors(struct log_match *match)
{
    log_match_done(match);
    match->typed = xstrdup(">=ERROR");
    match->level = LEVEL_ERROR;
}

/* ---- looking */
static bool equals_folded(const char *bytes, const char *folded, size_t len)
{
    size_t i = 0;
    while (i < len && (char)tolower((unsigned char)bytes[i]) == folded[i]) {
        i++;
    }
    return i == len;
}

static const char *find_byte(const char *from, const char *end, char byte)
{
    const char *at = from < end ? memchr(from, byte, (size_t)(end - from)) : NULL;
    return at == NULL ? end : at;
}

/* Either case of the rarest byte, whichever comes first, then the rest of the needle there. */
static const char *find_folded(const struct log_match *match, struct str text)
{
    char lower = match->needle[match->rarest];
    char upper = (char)toupper((unsigned char)lower);
    const char *first = text.ptr + match->rarest;
    const char *end = text.ptr + text.len - (match->needle_len - match->rarest) + 1;
    const char *low = find_byte(first, end, lower);
    const char *high = upper == lower ? end : find_byte(first, end, upper);
    while (low < end || high < end) {
        const char *at = low < high ? low : high;
        if (equals_folded(at - match->rarest, match->needle, match->needle_len)) {
            return at - match->rarest;
        }
        low = low <= at ? find_byte(at + 1, end, lower) : low;
        high = high <= at ? find_byte(at + 1, end, upper) : high;
    }
    return NULL;
}

static const char *find_needle(const struct log_match *match, struct str text)
{
    if (text.len < match->needle_len) {
        return NULL;
    }
    return match->is_folded ? find_folded(match, text)
                            : memmem(text.ptr, text.len, match->needle, match->needle_len);
}

bool log_match_line(const struct log_match *match, const struct log_line *line)
{
    if (line->level < match->level) {
        return false;
    }
    bool is_there = match->needle != NULL  ? find_needle(match, line->text) != NULL
                    : match->regex != NULL ? regex_matches(match->regex, line->text)
                                           : !match->is_inverse;
    return is_there != match->is_inverse;
}

bool log_match_may(const struct log_match *match, struct str bytes)
{
    return match->needle == NULL || match->is_inverse || find_needle(match, bytes) != NULL;
}

bool log_match_find(const struct log_match *match, struct str text, struct text_span within,
                    struct text_span *out_span)
{
    size_t end = within.end < text.len ? within.end : text.len;
    if (match->is_inverse || within.start >= end) {
        return false;
    }
    if (match->regex != NULL) {
        return regex_find(match->regex, text, within, out_span);
    }
    const char *at =
        match->needle == NULL
            ? NULL
            : find_needle(match, (struct str){text.ptr + within.start, end - within.start});
    if (at == NULL) {
        return false;
    }
    size_t start = (size_t)(at - text.ptr);
    *out_span = (struct text_span){start, start + match->needle_len};
    return true;
}
