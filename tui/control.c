/* Keys to state changes. */
#include "tui/control.h"

#include "core/base/utf8.h"
#include "tui/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHIFT_COLS = 8, PAGE_STEP = 10 };

void control_say(struct ui *ui, bool is_alert, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ui->message, sizeof(ui->message), format, args);
    va_end(args);
    ui->is_alert = is_alert;
}

/* ---- the log that belongs to the chosen stage */
static void show_log(struct ui *ui, const struct client *client)
{
    int try_number = client->has_run ? ui_shown_try(ui) : 0;
    char *path =
        try_number == 0
            ? NULL
            : client_log_path(client, client->view.run.dag->stages[ui->stage].name, try_number);
    const char *before = ui->log.file.path;
    bool is_same = path == NULL || before == NULL ? path == before : strcmp(path, before) == 0;
    if (!is_same) {
        log_file_open(&ui->log.file, path);
        ui->log.top = 0;
        ui->log.left = 0;
        ui->log.is_following = true;
        ui->log.match = 0;
    }
    free(path);
}

void control_log_grown(struct ui *ui)
{
    struct ui_log *log = &ui->log;
    if (log->is_match_due && log->file.match_count > 0) {
        size_t from = log_file_match_from(&log->file, log->top);
        log->match = from < log->file.match_count ? from : 0;
        log->top = log->file.matches[log->match];
        log->is_following = false;
        log->seen = log_file_lines(&log->file);
        log->is_match_due = false;
    }
}

void control_refreshed(struct ui *ui, struct client *client)
{
    if (ui->is_answer_due && client->command_id == 0) {
        ui->message[0] = '\0'; /* the answer is in the audit trail, which the footer shows */
        ui->is_answer_due = false;
    }
    if (client->has_run) {
        if (strcmp(ui->run_id, client->view.run.id) != 0) { /* another run */
            snprintf(ui->run_id, sizeof(ui->run_id), "%s", client->view.run.id);
            ui->is_stage_chosen = false;
            ui->try_number = 0;
            ui->message[0] = '\0';
        }
        if (!ui->is_stage_chosen) {
            ui->stage = ui_current_stage(&client->view);
        }
    }
    show_log(ui, client);
}

/* ---- moving */
static void choose_stage(struct ui *ui, const struct client *client, size_t stage)
{
    if (stage < client->view.run.dag->count) {
        ui->stage = stage;
        ui->is_stage_chosen = true;
        ui->try_number = 0;
        ui->scroll = 0;
        show_log(ui, client);
    }
}

static long step_of(enum action action, long page)
{
    switch ((int)action) {
    case ACTION_UP:
        return -1;
    case ACTION_DOWN:
        return 1;
    case ACTION_PAGE_UP:
        return -page;
    case ACTION_PAGE_DOWN:
        return page;
    case ACTION_FIRST:
        return -1000000000L;
    default:
        return 1000000000L;
    }
}

static size_t moved(size_t at, long step, size_t count)
{
    long to = (long)at + step;
    long last = count == 0 ? 0 : (long)count - 1;
    return (size_t)(to < 0 ? 0 : to > last ? last : to);
}

static void move_log(struct ui_log *log, enum action action)
{
    size_t lines = log_file_lines(&log->file);
    if (action == ACTION_LAST) {
        log->is_following = true;
        return;
    }
    if (log->is_following) {
        log->is_following = false;
        log->seen = lines;
    }
    log->top = moved(log->top, step_of(action, (long)log->page), lines);
    if (log->top + log->page >= lines && step_of(action, 1) > 0) {
        log->is_following = true; /* back at the end: it follows again */
    }
}

static void move(struct ui *ui, struct client *client, enum action action)
{
    switch ((int)ui_place(ui)) {
    case PLACE_STAGES:
        choose_stage(ui, client,
                     moved(ui->stage, step_of(action, PAGE_STEP), client->view.run.dag->count));
        break;
    case PLACE_LOG:
        move_log(&ui->log, action);
        break;
    case PLACE_HISTORY:
        ui->run_row = moved(ui->run_row, step_of(action, PAGE_STEP), client->run_count);
        break;
    default: {
        long to = ui->scroll + step_of(action, PAGE_STEP);
        ui->scroll = to < 0 ? 0 : to > 100000 ? 100000 : (int)to;
        break;
    }
    }
}

static void next_pane(struct ui *ui, bool is_back)
{
    static const enum ui_focus ring[] = {FOCUS_STAGES, FOCUS_VERDICT, FOCUS_LOG};
    size_t at = ui->focus == FOCUS_STAGES ? 0 : ui->focus == FOCUS_VERDICT ? 1 : 2;
    at = (at + (is_back ? 2 : 1)) % 3;
    if (ring[at] == FOCUS_VERDICT && !ui_has_verdict(ui)) {
        at = (at + (is_back ? 2 : 1)) % 3;
    }
    ui->focus = ring[at];
}

/* ---- pages */
static void turn_to(struct ui *ui, enum ui_page page)
{
    ui->page = ui->page == page ? PAGE_RUN : page;
    ui->scroll = 0;
}

static void go_back(struct ui *ui)
{
    if (ui->page != PAGE_RUN) {
        turn_to(ui, PAGE_RUN);
    } else if (ui->is_zoomed) {
        ui->is_zoomed = false;
    } else if (ui->log.file.needle != NULL) {
        log_file_search(&ui->log.file, "");
    } else {
        ui->focus = FOCUS_STAGES;
    }
}

static void open_chosen(struct ui *ui, struct client *client)
{
    struct error err;
    if (ui->page != PAGE_HISTORY) {
        turn_to(ui, ui_place(ui) == PLACE_VERDICT ? PAGE_VERDICT : PAGE_DETAIL);
    } else if (ui->run_row < client->run_count) {
        if (client_show(client, client->runs[ui->run_row].id, &err)) {
            turn_to(ui, PAGE_RUN);
            control_refreshed(ui, client);
        } else {
            control_say(ui, true, "%s", err.message);
        }
    }
}

static void other_try(struct ui *ui, const struct client *client, int step)
{
    int latest = client->view.run.stages[ui->stage].try_number;
    int wanted = ui_shown_try(ui) + step;
    if (wanted >= 1 && wanted <= latest) {
        ui->try_number = wanted == latest ? 0 : wanted;
        show_log(ui, client);
    } else {
        control_say(ui, false,
                    step < 0 ? "there is no try before this one" : "this is the latest try");
    }
}

static void show_pane(struct ui *ui, enum ui_focus focus)
{
    bool is_shown = ui->page == PAGE_RUN && ui->is_zoomed && ui->focus == focus;
    ui->page = PAGE_RUN;
    ui->focus = focus;
    ui->is_zoomed = !is_shown;
}

/* ---- search */
static void next_match(struct ui *ui, bool is_back)
{
    struct ui_log *log = &ui->log;
    size_t count = log->file.match_count;
    if (log->file.needle == NULL) {
        control_say(ui, false, "nothing is searched for: / starts a search");
    } else if (count == 0) {
        control_say(ui, false, "no line holds \"%s\"", log->file.needle);
    } else {
        log->match = (log->match + (is_back ? count - 1 : 1)) % count;
        log->top = log->file.matches[log->match];
        log->seen = log->is_following ? log_file_lines(&log->file) : log->seen;
        log->is_following = false;
    }
}

static void type_search(struct ui *ui, uint32_t key)
{
    struct ui_log *log = &ui->log;
    size_t len = strlen(log->search);
    struct buf bytes;
    if (key == INPUT_ESC || key == INPUT_CTRL('C')) {
        log->is_searching = false;
    } else if (key == INPUT_ENTER) {
        log->is_searching = false;
        log_file_search(&log->file, log->search);
        log->match = 0;
        log->is_match_due = true;
    } else if (key == INPUT_RUBOUT) {
        while (len > 0 && ((unsigned char)log->search[--len] & 0xc0U) == 0x80U) {
        }
        log->search[len] = '\0';
    } else if (key >= ' ' && key < INPUT_FIRST_SPECIAL) {
        buf_init(&bytes, sizeof(log->search));
        utf8_append(&bytes, key);
        if (len + bytes.len < sizeof(log->search)) {
            memcpy(log->search + len, buf_text(&bytes), bytes.len + 1);
        }
        buf_done(&bytes);
    }
}

static void start_search(struct ui *ui)
{
    ui->focus = FOCUS_LOG;
    ui->log.is_searching = true;
    ui->log.search[0] = '\0';
}

/* ---- commands */
static void ask(struct ui *ui, const struct client *client, enum action action)
{
    struct error err;
    if (client->is_read_only) {
        control_say(ui, true, "this console is read-only: no command reaches a run");
        return;
    }
    if (action == ACTION_NEW_RUN) {
        plan_new_run(ui);
        return;
    }
    if (action == ACTION_RETRY && client_is_lost(client)) {
        plan_resume(ui);
        return;
    }
    enum command_verb verb = action == ACTION_RETRY   ? COMMAND_RETRY
                             : action == ACTION_RERUN ? COMMAND_RERUN
                             : action == ACTION_STOP  ? COMMAND_STOP
                                                      : COMMAND_SKIP;
    if (!plan_command(ui, verb, &err)) {
        control_say(ui, true, "%s", err.message);
    }
}

static void carry_out(struct ui *ui, struct client *client)
{
    const struct dialog *dialog = &ui->dialog;
    struct error err;
    bool is_good = false;
    if (dialog->kind == DIALOG_NEW_RUN) {
        is_good = client_start_run(client, false, ui->now_ms, &err);
        control_say(ui, false, "a runner is being started; its run appears here");
    } else if (dialog->kind == DIALOG_RESUME) {
        is_good = client_resume(client, ui->now_ms, &err);
        control_say(ui, false, "a runner is being started; it takes the run over");
    } else {
        struct command command = {
            .verb = dialog->verb,
            .stage = dialog->stage[0] == '\0' ? NULL : dialog->stage,
            .reason = dialog->verb == COMMAND_SKIP ? dialog->fields[0].text : NULL,
        };
        is_good = client_command(client, &command, ui->now_ms, &err);
        control_say(ui, false, "%s %s is sent; waiting for the runner's answer",
                    command_verb_name(dialog->verb), dialog->stage);
        ui->is_stage_chosen = false; /* what happens now matters */
        ui->is_answer_due = is_good;
    }
    if (!is_good) {
        control_say(ui, true, "%s", err.message);
    }
}

static void dialog_pressed(struct ui *ui, struct client *client, uint32_t key)
{
    enum dialog_answer answer = dialog_key(&ui->dialog, key);
    if (answer == DIALOG_YES) {
        carry_out(ui, client);
    }
    if (answer != DIALOG_STAYS) {
        dialog_close(&ui->dialog);
    }
}

static void act_on_run(struct ui *ui, struct client *client, enum action action)
{
    switch ((int)action) {
    case ACTION_SEARCH:
        start_search(ui);
        break;
    case ACTION_NEXT_MATCH:
    case ACTION_PREVIOUS_MATCH:
        next_match(ui, action == ACTION_PREVIOUS_MATCH);
        break;
    case ACTION_FOLLOW:
        ui->log.is_following = !ui->log.is_following;
        ui->log.seen = log_file_lines(&ui->log.file);
        break;
    case ACTION_OLDER_TRY:
    case ACTION_NEWER_TRY:
        other_try(ui, client, action == ACTION_OLDER_TRY ? -1 : 1);
        break;
    case ACTION_LEFT:
        ui->log.left = ui->log.left > SHIFT_COLS ? ui->log.left - SHIFT_COLS : 0;
        break;
    case ACTION_RIGHT:
        ui->log.left =
            ui->log.left + SHIFT_COLS > LOG_LINE_SHOWN ? ui->log.left : ui->log.left + SHIFT_COLS;
        break;
    case ACTION_LOG:
        show_pane(ui, FOCUS_LOG);
        break;
    case ACTION_ZOOM:
        ui->is_zoomed = !ui->is_zoomed;
        break;
    case ACTION_NEXT_PANE:
    case ACTION_PREVIOUS_PANE:
        next_pane(ui, action == ACTION_PREVIOUS_PANE);
        break;
    default:
        ask(ui, client, action);
        break;
    }
}

static enum control_wish act(struct ui *ui, struct client *client, enum action action)
{
    switch ((int)action) {
    case ACTION_UP:
    case ACTION_DOWN:
    case ACTION_PAGE_UP:
    case ACTION_PAGE_DOWN:
    case ACTION_FIRST:
    case ACTION_LAST:
        move(ui, client, action);
        break;
    case ACTION_OPEN:
        open_chosen(ui, client);
        break;
    case ACTION_BACK:
        go_back(ui);
        break;
    case ACTION_HISTORY:
        turn_to(ui, PAGE_HISTORY);
        break;
    case ACTION_VERDICT:
        turn_to(ui, PAGE_VERDICT);
        break;
    case ACTION_HELP:
        turn_to(ui, PAGE_HELP);
        break;
    case ACTION_REPAINT:
        return CONTROL_REPAINT;
    case ACTION_SUSPEND:
        return CONTROL_SUSPEND;
    case ACTION_QUIT:
        return CONTROL_LEAVE;
    default:
        act_on_run(ui, client, action);
        break;
    }
    return CONTROL_STAY;
}

enum control_wish control_key(struct ui *ui, struct client *client, uint32_t key)
{
    if (ui->dialog.kind != DIALOG_NONE) {
        dialog_pressed(ui, client, key);
        return CONTROL_STAY;
    }
    if (ui->log.is_searching) {
        type_search(ui, key);
        return CONTROL_STAY;
    }
    ui->message[0] = '\0';
    enum action action = keymap_action(key, ui_place(ui));
    if (action == ACTION_STAGE) {
        choose_stage(ui, client, key - '1');
        return CONTROL_STAY;
    }
    return action == ACTION_NONE ? CONTROL_STAY : act(ui, client, action);
}
