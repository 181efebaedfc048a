/* The page of settings: value, where it comes from, what it is for, and how the theme looks. */
#include "tui/panes.h"

#include "core/app/config_value.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 4096, VALUE_COLUMN = 24, ORIGIN_COLUMN = 44 };

static const char *const labels[SETTING_COUNT] = {
#define X(key, label) label,
    SETTINGS(X)
#undef X
};
static const enum config_id ids[SETTING_COUNT] = {
#define X(key, label) CONFIG_console_##key,
    SETTINGS(X)
#undef X
};

/* Of a long path the end says more than the begin. */
static void put_origin(const struct area *area, int y, const char *origin)
{
    int room = area->cols - ORIGIN_COLUMN;
    int skip = (int)strlen(origin) - room;
    if (skip > 0 && room > 1) {
        area_printf(area, ORIGIN_COLUMN, y, ROLE_MUTED, "~%s", origin + skip + 1);
    } else {
        area_text(area, ORIGIN_COLUMN, y, ROLE_MUTED, origin);
    }
}

static void put_value(const struct settings *settings, enum setting setting, struct page *page,
                      int y)
{
    const struct config_value *value = &settings->config->values[ids[setting]];
    bool is_on = false;
    const char *text = "";
    bool is_bool = json_as_bool(value->value, &is_on);
    json_as_text(value->value, &text);
    area_cut(page->area, VALUE_COLUMN, y, ROLE_KEY, ORIGIN_COLUMN - VALUE_COLUMN - 1,
             is_bool ? (is_on ? "yes" : "no") : text);
    if (settings_is_changed(settings, setting)) {
        area_text(page->area, ORIGIN_COLUMN, y, ROLE_NOTICE, "changed, not written");
    } else {
        put_origin(page->area, y, value->origin);
    }
}

static void put_setting(const struct ui *ui, enum setting setting, struct page *page)
{
    bool is_chosen = ui->settings.row == (size_t)setting;
    int y = page_line(page, ROLE_TEXT, "%s %s", is_chosen ? ">" : " ", labels[setting]);
    put_value(&ui->settings, setting, page, y);
    area_target(page->area, y, 1, TARGET_SETTING, (size_t)setting);
    if (is_chosen) {
        area_select_row(page->area, y);
    }
}

/* A word in each role of a state: what a theme is judged by. */
static void put_sample(struct page *page)
{
    int x = 2;
    for (int role = ROLE_STATE_WAITING; role <= ROLE_VERDICT_REJECTED; role++) {
        const char *name = role_name((enum role)role);
        const char *word = strchr(name, '.') + 1;
        if (x + (int)strlen(word) > page->area->cols) {
            x = 2;
            page->y++;
        }
        x = area_text(page->area, x, page->y, (enum role)role, word) + 2;
    }
    page->y++;
}

int pane_settings(const struct ui *ui, const struct area *area)
{
    struct page page = {area, -ui->scroll};
    const struct config_key *key = config_key(ids[ui->settings.row]);
    struct area title = area_sub(area, 0, page.y++, area->cols, 1);
    area_title(&title, true, "Settings", "");
    for (int i = 0; i < SETTING_COUNT; i++) {
        put_setting(ui, (enum setting)i, &page);
    }
    page_line(&page, ROLE_TEXT, "%s", "");
    page_wrap(&page, ROLE_TEXT, 2, key->sentence);
    put_sample(&page);
    page_line(&page, ROLE_TEXT, "%s", "");
    page_wrap(&page, ROLE_MUTED, 2,
              "A change holds at once, for this console. Written, it holds for the next ones too: "
              "the lines that would change are shown first.");
    return page.y + ui->scroll;
}
