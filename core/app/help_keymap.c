/* The keymap as a table in Markdown. */
#include "core/app/help.h"

#include "core/app/bindings.h"

enum { KEYS_MAX = 1024 };

/* A bar ends a cell, also inside of `code`. */
static void print_cell(const char *text, struct buf *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        buf_append_text(out, *c == '|' ? "\\" : "");
        buf_append_char(out, *c);
    }
}

static void print_action(enum action action, struct buf *out)
{
    const struct action_spec *spec = action_spec(action);
    struct buf keys;
    buf_init(&keys, KEYS_MAX);
    bindings_print_default(action, '`', &keys);
    buf_append_text(out, "| ");
    print_cell(buf_text(&keys), out);
    buf_printf(out, " | `%s%s", spec->name, spec->operands[0] == '\0' ? "" : " ");
    print_cell(spec->operands, out);
    buf_append_text(out, "` | ");
    print_cell(spec->sentence, out);
    buf_append_text(out, " |\n");
    buf_done(&keys);
}

void help_print_keymap(struct buf *out)
{
    buf_append_text(out, "| keys | command | |\n|---|---|---|\n");
    for (int group = 0; group < ACTION_GROUP_COUNT; group++) {
        buf_printf(out, "| | | **%s** |\n", action_group_title((enum action_group)group));
        for (int i = 0; i < ACTION_COUNT; i++) {
            if (action_spec((enum action)i)->group == (enum action_group)group) {
                print_action((enum action)i, out);
            }
        }
    }
}
