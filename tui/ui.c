/* What the state means, and the whole picture of it. */
#include "tui/ui.h"

#include "tui/graph.h"
#include "tui/layout.h"
#include "tui/panes.h"

#include <string.h>
enum place ui_place(const struct ui *ui)
{
    switch (ui->page) {
    case PAGE_DETAIL:
        return PLACE_DETAIL;
    case PAGE_HISTORY:
        return PLACE_HISTORY;
    case PAGE_VERDICT:
        return PLACE_VERDICT;
    case PAGE_HELP:
        return PLACE_HELP;
    case PAGE_AUDIT:
        return PLACE_AUDIT;
    case PAGE_TIMELINE:
    case PAGE_PIPELINE:
        return PLACE_CHART;
    case PAGE_SETTINGS:
        return PLACE_SETTINGS;
    case PAGE_RUN:
        break;
    }
    if (!ui->client->has_run) {
        return PLACE_EMPTY;
    }
    return ui->focus == FOCUS_STAGES    ? PLACE_STAGES
           : ui->focus == FOCUS_VERDICT ? PLACE_VERDICT
                                        : PLACE_LOG;
}

bool ui_offers(const struct ui *ui, enum action action)
{
    return ui->client->replay != NULL || action_spec(action)->places != PLACE_REPLAY;
}

size_t ui_current_stage(const struct view *view)
{
    size_t found = view->run.dag->count;
    for (size_t i = 0; i < view->run.dag->count; i++) {
        enum stage_state state = view->run.stages[i].state;
        if (stage_state_is_active(state) || state == STAGE_RETRYING) {
            return i;
        }
        bool is_bad = state == STAGE_FAILED || state == STAGE_REJECTED || state == STAGE_CANCELLED;
        found = is_bad && found == view->run.dag->count ? i : found;
    }
    if (found < view->run.dag->count) {
        return found;
    }
    for (size_t i = 0; i < view->run.dag->count; i++) {
        if (!stage_state_is_final(view->run.stages[i].state)) {
            return i; /* between two stages: the next one */
        }
    }
    return view->run.dag->count - 1;
}

const char *ui_environment(const struct ui *ui)
{
    const struct client *client = ui->client;
    return client->has_run ? client->view.environment
                           : config_text(client->app->config, CONFIG_pipeline_environment);
}

bool ui_is_production(const struct ui *ui)
{
    return app_is_production(ui_environment(ui));
}

bool ui_has_verdict(const struct ui *ui)
{
    return ui->client->has_run && ui->client->view.run.verdict != VERDICT_NONE &&
           ui_gate(ui) != NULL;
}

const struct json *ui_gate(const struct ui *ui)
{
    return json_get(ui->client->view.run.evaluation, "gate");
}

bool ui_gate_minimum(const struct dag *dag, const char *metric, double *out_minimum)
{
    for (size_t i = 0; i < dag->count; i++) {
        const struct json *rules = json_get(dag->stages[i].parameters, "rules");
        for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
            if (strcmp(json_text_or(r, "metric", ""), metric) == 0 &&
                json_as_number(json_get(r, "min"), out_minimum)) {
                return true;
            }
        }
    }
    return false;
}

int ui_shown_try(const struct ui *ui)
{
    return ui->try_number > 0 ? ui->try_number : ui->client->view.run.stages[ui->stage].try_number;
}

enum role ui_state_role(enum stage_state state)
{
    static const enum role roles[STAGE_STATE_COUNT] = {
        [STAGE_WAITING] = ROLE_STATE_WAITING,   [STAGE_QUEUED] = ROLE_STATE_QUEUED,
        [STAGE_RUNNING] = ROLE_STATE_RUNNING,   [STAGE_RETRYING] = ROLE_STATE_RETRYING,
        [STAGE_STOPPING] = ROLE_STATE_STOPPING, [STAGE_SUCCESS] = ROLE_STATE_SUCCESS,
        [STAGE_FAILED] = ROLE_STATE_FAILED,     [STAGE_REJECTED] = ROLE_STATE_REJECTED,
        [STAGE_SKIPPED] = ROLE_STATE_SKIPPED,   [STAGE_CANCELLED] = ROLE_STATE_CANCELLED,
        [STAGE_BLOCKED] = ROLE_STATE_BLOCKED,
    };
    return roles[state];
}

const char *ui_run_word(const struct ui *ui, enum role *out_role)
{
    const struct run *run = &ui->client->view.run;
    if (client_is_lost(ui->client)) {
        *out_role = ROLE_STATE_FAILED;
        return "LOST";
    }
    switch (run->state) {
    case RUN_CREATED:
    case RUN_RUNNING:
        *out_role = ROLE_STATE_RUNNING;
        return "RUNNING";
    case RUN_STOPPING:
        *out_role = ROLE_STATE_STOPPING;
        return "STOPPING";
    case RUN_SUCCESS:
        *out_role = ROLE_VERDICT_PASSED;
        return run->verdict == VERDICT_PASSED ? "PASSED" : "SUCCESS";
    case RUN_FAILED:
        *out_role = ROLE_VERDICT_REJECTED;
        return run->verdict == VERDICT_REJECTED ? "REJECTED" : "FAILED";
    case RUN_CANCELLED:
    case RUN_STATE_COUNT:
        break;
    }
    *out_role = ROLE_STATE_CANCELLED;
    return "CANCELLED";
}

/* ---- drawing */
static enum pane focused_pane(const struct ui *ui)
{
    return ui->focus == FOCUS_STAGES    ? PANE_STAGES
           : ui->focus == FOCUS_VERDICT ? PANE_VERDICT
                                        : PANE_LOG;
}

static void draw_run(struct ui *ui, const struct layout *layout)
{
    const struct area *panes = layout->panes;
    area_target(&panes[PANE_STAGES], 0, panes[PANE_STAGES].rows, TARGET_PANE, FOCUS_STAGES);
    area_target(&panes[PANE_VERDICT], 0, panes[PANE_VERDICT].rows, TARGET_PANE, FOCUS_VERDICT);
    area_target(&panes[PANE_LOG], 0, panes[PANE_LOG].rows, TARGET_PANE, FOCUS_LOG);
    pane_stages(ui, &panes[PANE_STAGES]);
    pane_training(ui, &panes[PANE_TRAINING]);
    pane_verdict(ui, &panes[PANE_VERDICT], false);
    pane_runs(ui, &panes[PANE_RUNS], false);
    pane_timeline(ui, &panes[PANE_TIMELINE], false);
    pane_graph(ui, &panes[PANE_GRAPH], false);
    pane_log(ui, &panes[PANE_LOG]);
}

int ui_draw_page(const struct ui *ui, const struct area *area)
{
    switch (ui->page) {
    case PAGE_DETAIL:
        return pane_detail(ui, area);
    case PAGE_VERDICT:
        return pane_verdict(ui, area, true);
    case PAGE_HELP:
        return pane_help(ui, area);
    case PAGE_AUDIT:
        return pane_audit(ui, area);
    case PAGE_HISTORY:
        pane_runs(ui, area, true);
        break;
    case PAGE_TIMELINE:
        pane_timeline(ui, area, true);
        break;
    case PAGE_PIPELINE:
        pane_graph(ui, area, true);
        break;
    case PAGE_SETTINGS:
        return pane_settings(ui, area);
    case PAGE_RUN:
        break;
    }
    return 0;
}

/* Scrolling ends where the page does. */
static void draw_scrolled(struct ui *ui, const struct area *area)
{
    int rows = ui_draw_page(ui, area);
    int most = rows > area->rows ? rows - area->rows : 0;
    if (ui->scroll > most) {
        ui->scroll = most;
        area_clear(area, ROLE_TEXT);
        ui_draw_page(ui, area);
    }
}

static void draw_main(struct ui *ui, const struct layout *layout)
{
    const struct client *client = ui->client;
    if (ui->page != PAGE_RUN) {
        draw_scrolled(ui, &layout->page);
    } else if (layout->is_line) {
        pane_line(ui, &layout->page);
    } else if (client->has_run) {
        draw_run(ui, layout);
    } else {
        pane_plan(ui, &layout->page);
    }
    if (!layout->is_line) {
        pane_header(ui, &layout->panes[PANE_HEADER]);
        pane_message(ui, &layout->panes[PANE_MESSAGE]);
        pane_hints(ui, &layout->panes[PANE_HINTS]);
    }
}

static struct layout_wish wish_of(const struct ui *ui, int cols)
{
    const struct view *view = &ui->client->view;
    struct layout_wish wish = {
        .only = ui->is_zoomed ? focused_pane(ui) : PANE_COUNT,
        .focus = focused_pane(ui),
        .message_rows = pane_message_rows(ui, cols),
    };
    if (!ui->client->has_run) {
        return wish;
    }
    wish.stages = (int)view->run.dag->count;
    wish.has_training = view->training.try_number > 0;
    wish.verdict_rows = pane_verdict_rows(ui);
    wish.timeline_rows = pane_timeline_rows(ui);
    wish.has_graph = !graph_is_line(view->run.dag);
    const struct config *config = ui->client->app->config;
    bool wants_training = config_bool(config, CONFIG_console_pane_training);
    wish.has_training = wish.has_training && wants_training;
    wish.timeline_rows = config_bool(config, CONFIG_console_pane_timeline) ? wish.timeline_rows : 0;
    wish.has_graph = wish.has_graph && config_bool(config, CONFIG_console_pane_graph);
    for (size_t i = 0; i < view->run.dag->count; i++) {
        wish.trains = wish.trains || (wants_training && view->run.dag->stages[i].starts_queued);
        wish.judges = wish.judges || view->run.dag->stages[i].is_gate;
    }
    return wish;
}

void ui_print_title(const struct ui *ui, struct buf *out)
{
    const struct client *client = ui->client;
    enum role ignored = ROLE_TEXT;
    buf_printf(out, ui_is_production(ui) ? "[%s] " : "%s ", ui_environment(ui));
    if (client->has_run) {
        buf_printf(out, "%s %04lld %s", client->view.run.dag->pipeline,
                   (long long)client->view.run.number, ui_run_word(ui, &ignored));
    } else {
        buf_append_text(out, config_text(client->app->config, CONFIG_pipeline_name));
    }
    buf_append_text(out, " - gatehouse");
}

void ui_draw(struct ui *ui, struct screen *screen)
{
    struct layout layout;
    struct layout_wish wish = wish_of(ui, screen->cols);
    int64_t now_ms = ui->now_ms;
    if (client_is_lost(ui->client)) { /* it is shown as it was when it was heard of last */
        ui->now_ms = ui->client->view.run.last_ts_ms;
    }
    screen_clear(screen);
    layout_make(screen, &wish, &layout);
    draw_main(ui, &layout);
    if (ui->palette.is_open) {
        palette_draw(ui, &layout.area, layout.is_line ? 0 : layout.panes[PANE_HINTS].rows);
    }
    if (ui->dialog.kind != DIALOG_NONE) {
        dialog_draw(&ui->dialog, &layout.area);
    }
    ui->now_ms = now_ms;
}
