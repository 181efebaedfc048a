/* The header: where, what, is it alive, may I, who else looks. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"

enum { TEXT_MAX = 4096, NAMED_COLS = 72 };

/* Level 0 is all there is to say; each level says less, the access mode stays longest. */
enum right_level {
    RIGHT_ALL,
    RIGHT_COUNTED,
    RIGHT_NO_CLOCK,
    RIGHT_NO_USER,
    RIGHT_MODE,
    RIGHT_LEVELS
};

static void append_watchers(const struct watchers *watchers, bool has_names, struct buf *out)
{
    if (watchers->count > 0) {
        buf_printf(out, "+%zu watching%s%s  ", watchers->count, has_names ? ": " : "",
                   has_names ? watchers->names : "");
    }
}

static void append_clock(const struct ui *ui, struct buf *out)
{
    const struct client *client = ui->client;
    if (client_is_live(client)) {
        buf_append_text(out, "  ");
        text_clock(out, ui->now_ms, ui->utc_offset_s);
    } else if (client->has_run && run_state_is_final(client->view.run.state)) {
        buf_append_text(out, "  ended ");
        text_date(out, client->view.run.ended_ms, ui->utc_offset_s);
    }
}

static void replay_right(const struct ui *ui, enum right_level level, struct buf *out)
{
    buf_append_text(out, "REPLAY ");
    replay_append_position(ui->client->replay, level < RIGHT_MODE, out);
    if (level < RIGHT_NO_CLOCK) {
        buf_append_text(out, "  ");
        text_clock(out, ui->now_ms, ui->utc_offset_s);
    }
    buf_append_char(out, ' ');
}

static void header_right(const struct ui *ui, enum right_level level, struct buf *out)
{
    const struct client *client = ui->client;
    if (client->replay != NULL) {
        replay_right(ui, level, out);
        return;
    }
    if (level < RIGHT_MODE) {
        append_watchers(&client->watchers, level == RIGHT_ALL, out);
    }
    buf_append_text(out, client->is_read_only ? "READ-ONLY" : "RW");
    if (client->elevated_until_ms != 0) {
        char left[CLOCK_TEXT_SIZE];
        clock_format_duration(client->elevated_until_ms - ui->now_ms, left);
        buf_printf(out, " %s left", left);
    }
    if (level < RIGHT_NO_USER) {
        buf_printf(out, " %s", client->user);
    }
    if (level < RIGHT_NO_CLOCK) {
        append_clock(ui, out);
    }
    buf_append_char(out, ' ');
}

static int header_run(const struct ui *ui, const struct area *area, int x, enum role role)
{
    const struct view *view = &ui->client->view;
    char elapsed[CLOCK_TEXT_SIZE];
    enum role word_role = role;
    const char *word = ui_run_word(ui, &word_role);
    clock_format_duration(view_elapsed_ms(view, ui->now_ms), elapsed);
    if (area->cols >= NAMED_COLS) {
        x = area_printf(area, x, 0, role, "| %s ", view->run.dag->pipeline);
    }
    x = area_printf(area, x, 0, role, "| run %04lld ", (long long)view->run.number);
    x = area_printf(area, x, 0, word_role, " %s ", word);
    return area_printf(area, x, 0, role, " %s ", elapsed);
}

void pane_header(const struct ui *ui, const struct area *area)
{
    enum role role = ui_is_production(ui) ? ROLE_HEADER_PRODUCTION : ROLE_HEADER;
    area_clear(area, role);
    int x = area_printf(area, 0, 0, role, " %s ", ui_environment(ui));
    if (ui->client->has_run) {
        x = header_run(ui, area, x, role);
    } else {
        x = area_printf(area, x, 0, role, "| %s | %s ",
                        config_text(ui->client->app->config, CONFIG_pipeline_name),
                        ui->client->awaited_number != 0 ? "a run is being started" : "no run yet");
    }
    for (enum right_level level = RIGHT_ALL; level < RIGHT_LEVELS; level++) {
        struct buf right;
        buf_init(&right, TEXT_MAX);
        header_right(ui, level, &right);
        int start = area->cols - text_columns(buf_str(&right));
        if (start >= x) {
            area_text(area, start, 0, role, buf_text(&right));
            level = RIGHT_LEVELS;
        }
        buf_done(&right);
    }
}
