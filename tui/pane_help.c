/* The help: the table of actions with the keys that hold. */
#include "tui/panes.h"

enum { KEYS_MAX = 4096, KEYS_COLS = 16 };

static void put_action(struct page *page, const struct ui *ui, enum action action)
{
    struct buf keys;
    bool is_off = action_changes_run(action) && ui->client->is_read_only;
    buf_init(&keys, KEYS_MAX);
    keymap_keys(&ui->bindings, action, &keys);
    if (keys.len == 0) {
        buf_printf(&keys, ":%s", action_spec(action)->name);
    }
    int y = page->y;
    area_cut(page->area, 2, y, ROLE_KEY, KEYS_COLS - 1, buf_text(&keys));
    area_printf(page->area, 2 + KEYS_COLS, y, ROLE_TEXT, "%s%s", action_spec(action)->sentence,
                is_off ? " (off: this console is read-only)" : "");
    page->y++;
    buf_done(&keys);
}

static bool is_offered(const struct ui *ui, enum action_group group)
{
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (action_spec((enum action)i)->group == group && ui_offers(ui, (enum action)i)) {
            return true;
        }
    }
    return false;
}

static void put_group(struct page *page, const struct ui *ui, enum action_group group)
{
    page_line(page, ROLE_TITLE, "%s", action_group_title(group));
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (action_spec((enum action)i)->group == group && ui_offers(ui, (enum action)i)) {
            put_action(page, ui, (enum action)i);
        }
    }
    page_line(page, ROLE_TEXT, "%s", "");
}

int pane_help(const struct ui *ui, const struct area *area)
{
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, -ui->scroll};
    area_title(area, true, "Help", "Esc: back");
    for (int group = 0; group < ACTION_GROUP_COUNT; group++) {
        if (is_offered(ui, (enum action_group)group)) {
            put_group(&page, ui, (enum action_group)group);
        }
    }
    page_wrap(
        &page, ROLE_MUTED, 2,
        "Keys that change a run only open a dialog with the exact plan; it says No unless you "
        "choose Yes. A run belongs to its runner, not to this console: leaving never stops "
        "it. Keys are bound in [keys] of the configuration.");
    return page.y + ui->scroll + 1;
}
