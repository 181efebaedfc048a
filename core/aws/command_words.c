/* One pass over the text with one word in the making. */
#include "core/aws/command_words.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct splitting {
    struct str rest;
    struct buf word;
    char **words;
    size_t count;
};

static char take(struct splitting *splitting)
{
    char c = splitting->rest.ptr[0];
    splitting->rest.ptr++;
    splitting->rest.len--;
    return c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_command", "%s", what);
}

/* Up to the closing quote. Between double quotes a backslash stands before itself and before a
 * quote only. */
static bool take_quoted(struct splitting *splitting, char quote, struct error *err)
{
    while (splitting->rest.len > 0) {
        char c = take(splitting);
        if (c == quote) {
            return true;
        }
        bool is_escape = quote == '"' && c == '\\' && splitting->rest.len > 0 &&
                         strchr("\"\\", splitting->rest.ptr[0]) != NULL;
        buf_append_char(&splitting->word, is_escape ? take(splitting) : c);
    }
    return refuse(err, "a quote is not closed");
}

static bool take_word(struct splitting *splitting, struct error *err)
{
    while (splitting->rest.len > 0 && !is_blank(splitting->rest.ptr[0])) {
        char c = take(splitting);
        if (c == '\\' && splitting->rest.len == 0) {
            return refuse(err, "a backslash ends it");
        }
        if (c == '\'' || c == '"') {
            if (!take_quoted(splitting, c, err)) {
                return false;
            }
        } else {
            buf_append_char(&splitting->word, c == '\\' ? take(splitting) : c);
        }
    }
    return true;
}

static void keep_word(struct splitting *splitting)
{
    splitting->words =
        xreallocarray(splitting->words, splitting->count + 2, sizeof(*splitting->words));
    splitting->words[splitting->count++] = xmemdup0(splitting->word.ptr, splitting->word.len);
    splitting->words[splitting->count] = NULL;
    buf_reset(&splitting->word);
}

char **command_words_split(struct str text, struct error *err)
{
    struct splitting splitting = {.rest = str_trim(text)};
    bool is_good = memchr(text.ptr, '\0', text.len) == NULL || refuse(err, "it holds a NUL byte");
    buf_init(&splitting.word, text.len + 1);
    if (is_good && splitting.rest.len == 0) {
        is_good = refuse(err, "there is no command");
    }
    while (is_good && splitting.rest.len > 0) {
        is_good = take_word(&splitting, err);
        keep_word(&splitting);
        splitting.rest = str_trim(splitting.rest);
    }
    buf_done(&splitting.word);
    if (!is_good) {
        command_words_free(splitting.words);
        return NULL;
    }
    return splitting.words;
}

void command_words_free(char **words)
{
    for (char **at = words; at != NULL && *at != NULL; at++) {
        free(*at);
    }
    free(words);
}
