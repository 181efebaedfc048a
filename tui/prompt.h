/* A line that is typed at the foot of the screen: a search, a filter, the name of a file. Pure. */
#ifndef GATEHOUSE_TUI_PROMPT_H
#define GATEHOUSE_TUI_PROMPT_H

#include "tui/line.h"

enum prompt_kind {
    PROMPT_NONE,
    PROMPT_SEARCH,
    PROMPT_FILTER,
    PROMPT_SAVE,
    PROMPT_REPLACE, /* the line is a file that exists: y replaces it, every other key does not */
};

struct prompt {
    enum prompt_kind kind;
    struct line line;
};

enum prompt_answer { PROMPT_STAYS, PROMPT_DROPPED, PROMPT_DONE };

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text);
/* What is typed; the caller closes the prompt when the answer is not PROMPT_STAYS. */
enum prompt_answer prompt_key(struct prompt *prompt, uint32_t key);
/* Text may be pasted into it. */
static inline bool prompt_takes_text(const struct prompt *prompt)
{
    return prompt->kind != PROMPT_NONE && prompt->kind != PROMPT_REPLACE;
}
static inline bool prompt_is_open(const struct prompt *prompt)
{
    return prompt->kind != PROMPT_NONE;
}

#endif
