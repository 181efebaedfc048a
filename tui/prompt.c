/* What ends a line that is typed. */
#include "tui/prompt.h"

#include "core/app/keys.h"

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text)
{
    prompt->kind = kind;
    line_set(&prompt->line, text);
}

enum prompt_answer prompt_key(struct prompt *prompt, uint32_t key)
{
    if (prompt->kind == PROMPT_REPLACE) {
        return key == 'y' ? PROMPT_DONE : PROMPT_DROPPED;
    }
    if (key == INPUT_ESC || key == INPUT_CTRL('C')) {
        return PROMPT_DROPPED;
    }
    if (key == INPUT_ENTER) {
        return PROMPT_DONE;
    }
    line_key(&prompt->line, key);
    return PROMPT_STAYS;
}
