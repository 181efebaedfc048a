/* What lines are looked for: a search or a filter as the operator types it. Pure.
 *
 * A search is plain text; one that begins with '~' is a regular expression (tui/regex.h). A filter
 * is [>=LEVEL] [!]REGEX: lines of that level or worse, whose text matches, or with '!' does not.
 * Without a capital letter in it either matches both cases (of ASCII letters). */
#ifndef GATEHOUSE_TUI_LOG_MATCH_H
#define GATEHOUSE_TUI_LOG_MATCH_H

#include "core/base/error.h"
#include "tui/log_line.h"
#include "tui/regex.h"

struct log_match {
    char *typed; /* owned; NULL: nothing is looked for */
    enum log_level level;
    bool is_inverse;
    /* private: */
    char *needle; /* owned; plain text, folded when is_folded; NULL: none */
    size_t needle_len, rarest;
    bool is_folded;
    struct regex *regex; /* owned; NULL: none */
};

enum log_match_kind { LOG_MATCH_SEARCH, LOG_MATCH_FILTER };

/* False with err (permanent: what is wrong and where); *match is untouched then. Blank text looks
 * for nothing. What *match held before is freed. */
bool log_match_set(struct log_match *match, enum log_match_kind kind, const char *typed,
                   struct error *err);
void log_match_errors(struct log_match *match); /* lines of level ERROR */
void log_match_done(struct log_match *match);
static inline bool log_match_is_on(const struct log_match *match)
{
    return match->typed != NULL;
}

bool log_match_line(const struct log_match *match, const struct log_line *line);
/* False: no line within these bytes can match. Cheaper than asking for each. */
bool log_match_may(const struct log_match *match, struct str bytes);
/* The first place in text that matches and lies within `within`, for highlights; false: none. */
bool log_match_find(const struct log_match *match, struct str text, struct text_span within,
                    struct text_span *out_span);

#endif
