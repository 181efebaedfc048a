/* What the palette offers, and how it looks. */
#include "tui/palette.h"

#include "core/app/config_value.h"
#include "tui/theme.h"
#include "tui/theme_list.h"
#include "tui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 8, NAME_COLS = 26, KEYS_MAX = 256, KEYS_COLS = 12, ROOM_LEAST = 40 };

struct offer {
    struct palette_candidate *candidates;
    size_t count;
    struct str typed; /* the word that is completed */
};

static void add(struct offer *offer, const char *word, enum action action, const char *about)
{
    bool fits = offer->count < PALETTE_CANDIDATES_MAX && strlen(word) < PALETTE_WORD_SIZE;
    if (fits && str_starts_with(str_from(word), offer->typed)) {
        struct palette_candidate *candidate = &offer->candidates[offer->count++];
        *candidate = (struct palette_candidate){.action = action, .about = about};
        snprintf(candidate->word, sizeof(candidate->word), "%s", word);
    }
}

static void add_stages(const struct ui *ui, struct offer *offer)
{
    const struct client *client = ui->client;
    for (size_t i = 0; client->has_run && i < client->view.run.dag->count; i++) {
        add(offer, client->view.run.dag->stages[i].name, ACTION_NONE,
            stage_state_word(client->view.run.stages[i].state));
    }
}

static void add_runs(const struct ui *ui, struct offer *offer)
{
    const struct client *client = ui->client;
    for (size_t i = 0; i < client->run_count; i++) {
        char number[32];
        snprintf(number, sizeof(number), "%lld", (long long)client->runs[i].number);
        add(offer, number, ACTION_NONE, run_state_name(client->runs[i].state));
    }
}

static void add_themes(const struct ui *ui, struct offer *offer)
{
    struct theme_list themes;
    char *folder = config_user_folder(ui->settings.request, "themes");
    theme_list_read(&themes, folder);
    for (size_t i = 0; i < themes.count; i++) {
        add(offer, themes.names[i], ACTION_NONE, "");
    }
    theme_list_done(&themes);
    free(folder);
}

/* The first operand; what follows it is free text. */
static void add_operands(const struct ui *ui, const char *operands, struct offer *offer)
{
    struct str kind = str_from(*operands == '[' ? operands + 1 : operands);
    if (str_starts_with(kind, STR("STAGE"))) {
        add_stages(ui, offer);
    } else if (str_starts_with(kind, STR("RUN"))) {
        add_runs(ui, offer);
    } else if (str_starts_with(kind, STR("THEME"))) {
        add_themes(ui, offer);
    } else if (str_starts_with(kind, STR("DURATION"))) {
        static const char *const usual[] = {"10m", "30m", "1h"};
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
            add(offer, usual[i], ACTION_NONE, "and a reason");
        }
    }
}

static void add_actions(const struct ui *ui, struct offer *offer)
{
    static const enum action_group order[] = {
        ACTION_GROUP_COMMANDS, ACTION_GROUP_VIEWS,  ACTION_GROUP_LOG,    ACTION_GROUP_CONSOLE,
        ACTION_GROUP_SETTINGS, ACTION_GROUP_REPLAY, ACTION_GROUP_MOVING,
    };
    _Static_assert(sizeof(order) / sizeof(order[0]) == ACTION_GROUP_COUNT, "every group");
    for (size_t g = 0; g < ACTION_GROUP_COUNT; g++) {
        for (int i = 0; i < ACTION_COUNT; i++) {
            const struct action_spec *spec = action_spec((enum action)i);
            if (spec->group == order[g] && ui_offers(ui, (enum action)i)) {
                add(offer, spec->name, (enum action)i, spec->sentence);
            }
        }
    }
}

size_t palette_candidates(const struct ui *ui,
                          struct palette_candidate out_candidates[PALETTE_CANDIDATES_MAX])
{
    struct offer offer = {.candidates = out_candidates, .count = 0};
    const char *stem = ui->palette.stem;
    const char *blank = strchr(stem, ' ');
    if (blank == NULL) {
        offer.typed = str_from(stem);
        add_actions(ui, &offer);
    } else if (strchr(blank + 1, ' ') == NULL) {
        offer.typed = str_from(blank + 1);
        for (int i = 0; i < ACTION_COUNT; i++) {
            const struct action_spec *spec = action_spec((enum action)i);
            if (str_eq(str_from(spec->name), (struct str){stem, (size_t)(blank - stem)})) {
                add_operands(ui, spec->operands, &offer);
            }
        }
    }
    return offer.count;
}

static void draw_candidate(const struct ui *ui, const struct palette_candidate *candidate,
                           const struct area *area, int y)
{
    struct buf keys;
    char name[PALETTE_WORD_SIZE * 2];
    bool is_action = candidate->action != ACTION_NONE;
    bool is_off = is_action && action_changes_run(candidate->action) && ui->client->is_read_only;
    buf_init(&keys, KEYS_MAX);
    if (is_action) {
        keymap_keys(&ui->bindings, candidate->action, &keys);
    }
    snprintf(name, sizeof(name), "%s %s", candidate->word,
             is_action ? action_spec(candidate->action)->operands : "");
    area_cut(area, 1, y, ROLE_DIALOG, NAME_COLS, name);
    area_cut(area, NAME_COLS + 2, y, ROLE_KEY, KEYS_COLS, buf_text(&keys));
    int x = NAME_COLS + KEYS_COLS + 3;
    area_cut(area, x, y, is_off ? ROLE_MUTED : ROLE_DIALOG, area->cols > x ? area->cols - x : 0,
             is_off ? "off: this console is read-only" : candidate->about);
    buf_done(&keys);
}

/* At the bottom of the area, the chosen one in view; gives how many there are. */
static int draw_candidates(const struct ui *ui, const struct area *area)
{
    struct palette_candidate candidates[PALETTE_CANDIDATES_MAX];
    int count = (int)palette_candidates(ui, candidates);
    int rows = count < ROWS_MAX ? count : ROWS_MAX;
    rows = rows < area->rows ? rows : area->rows;
    int chosen = (int)ui->palette.chosen - 1;
    int first = chosen >= rows ? chosen - rows + 1 : 0;
    struct area list = area_sub(area, 0, area->rows - rows, area->cols, rows);
    area_clear(&list, ROLE_DIALOG);
    for (int i = 0; i < rows; i++) {
        draw_candidate(ui, &candidates[first + i], &list, i);
        if (first + i == chosen) {
            area_select_row(&list, i);
        }
    }
    return count - rows;
}

void palette_draw(const struct ui *ui, const struct area *area, int below)
{
    char more[32] = "";
    int y = area->rows - 1 - below;
    struct area above = area_sub(area, 0, 1, area->cols, y - 1);
    int hidden = draw_candidates(ui, &above);
    area_clear_row(area, y, ROLE_TEXT);
    if (hidden > 0) {
        snprintf(more, sizeof(more), " %d more ", hidden);
    }
    int room = area->cols - (int)strlen(more);
    room = room < ROOM_LEAST ? area->cols : room;
    area_text(area, room, y, ROLE_MUTED, more);
    struct area line = area_sub(area, 0, y, room, 1);
    area_text(&line, 0, 0, ROLE_KEY, ":");
    line_draw(&ui->palette.line, &line, 1, 0, ROLE_TEXT);
}
