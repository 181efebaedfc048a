/* Taking a line apart, and the level of lines that have none. */
#include "tui/log_line.h"

#include <ctype.h>
#include <stddef.h>

enum { TIME_LEN = 24, WORDS_LOOKED_AT = 160 /* bytes of the text */ };

static const struct {
    struct str word;
    enum log_level level;
} words[] = {
    {{"ERROR", 5}, LEVEL_ERROR}, {{"FATAL", 5}, LEVEL_ERROR},  {{"CRITICAL", 8}, LEVEL_ERROR},
    {{"WARN", 4}, LEVEL_WARN},   {{"WARNING", 7}, LEVEL_WARN}, {{"INFO", 4}, LEVEL_INFO},
    {{"DEBUG", 5}, LEVEL_DEBUG}, {{"TRACE", 5}, LEVEL_DEBUG},
};
enum { WORD_COUNT = sizeof(words) / sizeof(words[0]) };

const char *log_level_name(enum log_level level)
{
    static const char *const names[LEVEL_COUNT] = {"DEBUG", "INFO", "WARN", "ERROR"};
    return names[level];
}

bool log_level_parse(struct str word, enum log_level *out_level)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (str_eq_ignoring_case(word, words[i].word)) {
            *out_level = words[i].level;
            return true;
        }
    }
    return false;
}

static bool is_time(struct str raw)
{
    return raw.len > TIME_LEN && raw.ptr[4] == '-' && raw.ptr[10] == 'T' && raw.ptr[19] == '.' &&
           raw.ptr[TIME_LEN - 1] == 'Z' && raw.ptr[TIME_LEN] == ' ';
}

/* "validation-error" and "0_errors" are words of their own. */
static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool is_exception(struct str word, struct str rest)
{
    return (str_ends_with(word, STR("Error")) || str_ends_with(word, STR("Exception")) ||
            str_eq(word, STR("Traceback"))) &&
           rest.len > 0 && (rest.ptr[0] == ':' || rest.ptr[0] == ' ');
}

static bool is_capitals(struct str word)
{
    return word.len > 0 && isupper((unsigned char)word.ptr[0]) &&
           (word.len < 2 || isupper((unsigned char)word.ptr[1]));
}

static enum log_level level_of_words(struct str text)
{
    size_t end = text.len < WORDS_LOOKED_AT ? text.len : WORDS_LOOKED_AT;
    bool is_first = true;
    for (size_t at = 0; at < end; at++) {
        size_t start = at;
        while (at < end && is_of_word(text.ptr[at])) {
            at++;
        }
        struct str word = {text.ptr + start, at - start};
        enum log_level level = LEVEL_INFO;
        bool is_named = start >= 6 && str_eq((struct str){word.ptr - 6, 6}, STR("level="));
        if (word.len == 0) {
            continue;
        }
        if (is_first && is_exception(word, (struct str){text.ptr + at, text.len - at})) {
            return LEVEL_ERROR;
        }
        if ((is_first || is_named || is_capitals(word)) && log_level_parse(word, &level)) {
            return level;
        }
        is_first = false;
    }
    return LEVEL_INFO;
}

struct log_line log_line_parse(struct str raw)
{
    struct log_line line = {.text = raw, .level = LEVEL_INFO};
    if (!is_time(raw)) {
        line.level = level_of_words(raw);
        return line;
    }
    struct str rest = {raw.ptr + TIME_LEN + 1, raw.len - TIME_LEN - 1}, text = {NULL, 0};
    struct str word = str_split(rest, ' ', &text);
    line.time = (struct str){raw.ptr, TIME_LEN};
    if (str_eq(word, STR("out"))) {
        line.text = text;
        line.level = level_of_words(text);
    } else if (log_level_parse(word, &line.level)) {
        line.text = line.level > LEVEL_INFO ? rest : text;
    } else {
        line.text = rest;
        line.level = level_of_words(rest);
    }
    return line;
}
