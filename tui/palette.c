/* Typing, completing and running a line of the palette. */
#include "tui/palette.h"

#include "tui/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words */

/* "new-run" is new_run. */
static bool begins(const char *name, struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i] == '-' ? '_' : word.ptr[i];
        if (name[i] != c) {
            return false;
        }
    }
    return true;
}

static bool refuse(struct act *act, const char *what, struct str word, const char *near)
{
    act_say(act->ui, true, "%s \"%.*s\"%s%s%s", what, STR_ARG(word),
            near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
            near == NULL ? "" : "\"?");
    return false;
}

/* The action of a name or of an unambiguous beginning of one. */
static bool find_action(struct act *act, struct str word, enum action *out_action)
{
    const char *names[ACTION_COUNT];
    struct buf like;
    size_t count = 0;
    buf_init(&like, PALETTE_WORD_SIZE);
    for (int i = 0; i < ACTION_COUNT; i++) {
        const char *name = action_spec((enum action)i)->name;
        names[i] = name;
        if (begins(name, word) && (name[word.len] == '\0' || count == 0)) {
            *out_action = (enum action)i;
        }
        if (begins(name, word)) {
            count = name[word.len] == '\0' ? 1 : count + 1;
            buf_printf(&like, "%s%s", like.len == 0 ? "" : ", ", name);
        }
    }
    bool is_exact = count > 0 && action_spec(*out_action)->name[word.len] == '\0';
    bool is_good = count == 1 || is_exact;
    if (count == 0) {
        refuse(act, "there is no command", word, str_nearest(word, names, ACTION_COUNT));
    } else if (!is_good) {
        act_say(act->ui, true, "\"%.*s\" may be %s", STR_ARG(word), buf_text(&like));
    }
    buf_done(&like);
    return is_good;
}

/* An action that does nothing where we are is done where it does something. */
static bool go_where_it_works(struct act *act, enum action action)
{
    struct ui *ui = act->ui;
    unsigned places = action_spec(action)->places;
    if ((places & ((unsigned)ui_place(ui) | PLACE_REPLAY)) != 0) {
        return true;
    }
    if (!act->client->has_run) {
        act_say(ui, true, "there is no run yet");
        return false;
    }
    if ((places & PLACE_PANES) == 0) {
        act_say(ui, true, "%s is for the view \"%s\"", action_spec(action)->name,
                place_name((enum place)(places & -places)));
        return false;
    }
    ui->page = PAGE_RUN;
    ui->scroll = 0;
    if ((places & (unsigned)ui_place(ui)) == 0) {
        ui->focus = (places & PLACE_STAGES) != 0 ? FOCUS_STAGES : FOCUS_LOG;
    }
    return true;
}

bool palette_parse(struct act *act, const char *line, enum action *out_action,
                   struct str *out_operand)
{
    struct str rest;
    struct str word = str_split(str_trim(str_from(line)), ' ', &rest);
    *out_operand = str_trim(rest);
    return word.len > 0 && find_action(act, word, out_action);
}

void palette_run(struct act *act, const char *line)
{
    char operand[LINE_SIZE];
    enum action action = ACTION_NONE;
    struct str rest;
    if (!palette_parse(act, line, &action, &rest)) {
        return;
    }
    const struct action_spec *spec = action_spec(action);
    bool needs_operand = spec->operands[0] != '\0' && spec->operands[0] != '[';
    if ((rest.len > 0 && spec->operands[0] == '\0') || (rest.len == 0 && needs_operand)) {
        act_say(act->ui, true, "usage: %s%s%s", spec->name, spec->operands[0] == '\0' ? "" : " ",
                spec->operands);
        return;
    }
    if (!go_where_it_works(act, action)) {
        return;
    }
    snprintf(operand, sizeof(operand), "%.*s", STR_ARG(rest));
    act->operand = operand;
    act->index = 0;
    act->is_typed = true;
    act_on(action, act);
    act->operand = "";
}

/* ---- typing */
void palette_open(struct palette *palette, const char *text)
{
    palette->is_open = true;
    palette->chosen = 0;
    palette->recalled = 0;
    line_set(&palette->line, text);
    snprintf(palette->stem, sizeof(palette->stem), "%s", palette->line.text);
}

void palette_done(struct palette *palette)
{
    for (size_t i = 0; i < palette->history_count; i++) {
        free(palette->history[i]);
    }
    *palette = (struct palette){.is_open = false};
}

static void recall(struct palette *palette, bool is_older)
{
    size_t to = is_older ? palette->recalled + 1 : palette->recalled - 1;
    if ((!is_older && palette->recalled == 0) || to > palette->history_count) {
        return;
    }
    if (palette->recalled == 0) {
        snprintf(palette->draft, sizeof(palette->draft), "%s", palette->line.text);
    }
    palette->recalled = to;
    line_set(&palette->line,
             to == 0 ? palette->draft : palette->history[palette->history_count - to]);
    snprintf(palette->stem, sizeof(palette->stem), "%s", palette->line.text);
    palette->chosen = 0;
}

static size_t common_len(const struct palette_candidate *candidates, size_t count)
{
    size_t len = strlen(candidates[0].word);
    for (size_t i = 1; i < count; i++) {
        size_t same = 0;
        while (same < len && candidates[i].word[same] == candidates[0].word[same]) {
            same++;
        }
        len = same;
    }
    return len;
}

/* Replaces the last word of the stem. */
static void put_word(struct palette *palette, struct str word, bool is_finished)
{
    const char *blank = strrchr(palette->stem, ' ');
    size_t head = blank == NULL ? 0 : (size_t)(blank - palette->stem) + 1;
    struct buf text;
    buf_init(&text, sizeof(palette->stem) - 1);
    buf_append(&text, palette->stem, head);
    buf_append_str(&text, word);
    buf_append_text(&text, is_finished ? " " : "");
    line_set(&palette->line, buf_text(&text));
    buf_done(&text);
}

static void keep_stem(struct palette *palette)
{
    snprintf(palette->stem, sizeof(palette->stem), "%s", palette->line.text);
    palette->chosen = 0;
}

/* First what all candidates share, then one after the other. */
static void complete(struct ui *ui, bool is_back)
{
    struct palette *palette = &ui->palette;
    struct palette_candidate candidates[PALETTE_CANDIDATES_MAX];
    size_t count = palette_candidates(ui, candidates);
    const char *blank = strrchr(palette->stem, ' ');
    size_t typed = strlen(blank == NULL ? palette->stem : blank + 1);
    if (count == 0) {
        return;
    }
    size_t common = common_len(candidates, count);
    bool takes_more = candidates[0].action == ACTION_NONE ||
                      action_spec(candidates[0].action)->operands[0] != '\0';
    if (palette->chosen == 0 && (count == 1 || common > typed)) {
        put_word(palette, (struct str){candidates[0].word, common}, count == 1 && takes_more);
        keep_stem(palette);
        return;
    }
    palette->chosen = !is_back               ? palette->chosen % count + 1
                      : palette->chosen <= 1 ? count
                                             : palette->chosen - 1;
    put_word(palette, str_from(candidates[palette->chosen - 1].word), false);
}

enum palette_answer palette_key(struct ui *ui, uint32_t key)
{
    struct palette *palette = &ui->palette;
    bool is_empty = palette->line.text[0] == '\0';
    if (key == INPUT_ESC || key == INPUT_CTRL('c') || (key == INPUT_RUBOUT && is_empty)) {
        palette->is_open = false;
        return PALETTE_CLOSED;
    }
    if (key == INPUT_ENTER) {
        palette->is_open = false;
        return PALETTE_ENTERED;
    }
    if (key == INPUT_TAB || key == INPUT_BACK_TAB) {
        complete(ui, key == INPUT_BACK_TAB);
    } else if (key == INPUT_UP_ARROW || key == INPUT_DOWN_ARROW) {
        recall(palette, key == INPUT_UP_ARROW);
    } else if (line_key(&palette->line, key)) {
        keep_stem(palette);
        palette->recalled = 0;
    }
    return PALETTE_STAYS;
}
