/* The keymap as a table in Markdown. */
#include "core/app/help.h"

#include "core/app/bindings.h"

static void print_action(enum action action, struct buf *out)
{
    const struct action_spec *spec = action_spec(action);
    buf_append_text(out, "| ");
    bindings_print_default(action, '`', out);
    buf_printf(out, " | `%s%s%s` | %s |\n", spec->name, spec->operands[0] == '\0' ? "" : " ",
               spec->operands, spec->sentence);
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
