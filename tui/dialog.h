/* A question that must not be answered by mistake: a plan, fields to fill in, No and Yes. Enter
 * alone never says Yes. Pure. */
#ifndef GATEHOUSE_TUI_DIALOG_H
#define GATEHOUSE_TUI_DIALOG_H

#include "core/run/run.h"
#include "tui/line.h"

enum { DIALOG_FIELDS = 2 };

struct dialog_field {
    char label[80];
    struct line line;
    char required[64]; /* the text that must be typed; empty: any */
};

enum dialog_kind { DIALOG_NONE, DIALOG_NEW_RUN, DIALOG_RESUME, DIALOG_COMMAND, DIALOG_SETTINGS };

struct dialog {
    enum dialog_kind kind;
    enum command_verb verb; /* DIALOG_COMMAND */
    char stage[STAGE_NAME_MAX + 1];
    char title[120];
    char *plan; /* owned; lines */
    struct dialog_field fields[DIALOG_FIELDS];
    size_t field_count;
    size_t focus; /* a field, then No, then Yes */
};

enum dialog_answer { DIALOG_STAYS, DIALOG_NO, DIALOG_YES };

void dialog_close(struct dialog *dialog); /* frees; kind becomes NONE */
/* Adds a field; required may be NULL. The first field takes the focus. */
void dialog_add_field(struct dialog *dialog, const char *label, const char *required);
/* Ready to be shown: focus is on the first field, else on No. */
void dialog_open(struct dialog *dialog);
/* The focus is on a field. */
bool dialog_takes_text(const struct dialog *dialog);
enum dialog_answer dialog_key(struct dialog *dialog, uint32_t key);
/* What keeps Yes from working, or NULL. */
const char *dialog_obstacle(const struct dialog *dialog);
void dialog_draw(const struct dialog *dialog, const struct area *area);

#endif
