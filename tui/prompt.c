/* Editing one line. */
#include "tui/prompt.h"

#include "core/app/keys.h"
#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

void prompt_open(struct prompt *prompt, enum prompt_kind kind, const char *text)
{
    prompt->kind = kind;
    snprintf(prompt->text, sizeof(prompt->text), "%s", text);
}

static void rub_out(struct prompt *prompt)
{
    size_t len = strlen(prompt->text);
    while (len > 0 && ((unsigned char)prompt->text[--len] & 0xc0U) == 0x80U) {
    }
    prompt->text[len] = '\0';
}

static void add(struct prompt *prompt, uint32_t key)
{
    size_t len = strlen(prompt->text);
    struct buf bytes;
    buf_init(&bytes, sizeof(prompt->text));
    utf8_append(&bytes, key);
    if (len + bytes.len < sizeof(prompt->text)) {
        memcpy(prompt->text + len, buf_text(&bytes), bytes.len + 1);
    }
    buf_done(&bytes);
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
    if (key == INPUT_RUBOUT) {
        rub_out(prompt);
    } else if (key == INPUT_CTRL('U')) {
        prompt->text[0] = '\0';
    } else if (key >= ' ' && key < INPUT_FIRST_SPECIAL && utf8_is_printable(key)) {
        add(prompt, key);
    }
    return PROMPT_STAYS;
}
