/* A line that is typed at the foot of the screen: a search, a filter, the name of a file. Pure. */
#ifndef GATEHOUSE_TUI_PROMPT_H
#define GATEHOUSE_TUI_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

enum prompt_kind {
    PROMPT_NONE,
    PROMPT_SEARCH,
    PROMPT_FILTER,
    PROMPT_SAVE,
    PROMPT_REPLACE, /* text is a file that exists: y replaces it, every other key does not */
};

enum { PROMPT_TEXT_SIZE = 256 };

struct prompt {
    enum prompt_kind kind;
    char text[PROMPT_TEXT_SIZE]; /* UTF-8 */
};

enum prompt_answer { PROMPT_STAYS, PROMPT_DROPPED, PROMPT_DONE };

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text);
/* What is typed; the caller closes the prompt when the answer is not PROMPT_STAYS. */
enum prompt_answer prompt_key(struct prompt *prompt, uint32_t key);
static inline bool prompt_is_open(const struct prompt *prompt)
{
    return prompt->kind != PROMPT_NONE;
}

#endif
