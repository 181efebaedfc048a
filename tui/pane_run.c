/* Where a run stands in one line. */
#include "tui/panes.h"

#include "core/base/clock.h"

void pane_line(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    struct view_row row;
    char eta[CLOCK_TEXT_SIZE];
    enum role role = ROLE_TEXT;
    if (!ui->client->has_run || view->run.dag == NULL) {
        area_text(area, 0, 0, ROLE_TEXT, "no run yet");
        return;
    }
    const char *word = ui_run_word(ui, &role);
    if (run_state_is_final(view->run.state) || client_is_lost(ui->client)) {
        int x = area_text(area, 0, 0, role, word);
        area_printf(area, x + 1, 0, ROLE_TEXT, "%zu/%zu run %lld", view_done_count(view),
                    view->run.dag->count, (long long)view->run.number);
        return;
    }
    view_row(view, ui_current_stage(view), ui->now_ms, &row);
    int x = area_printf(area, 0, 0, ROLE_TEXT, "%zu/%zu ", row.number, view->run.dag->count);
    x = area_text(area, x, 0, ui_state_role(row.state), row.word);
    if (row.fraction >= 0) {
        x = area_printf(area, x, 0, ROLE_TEXT, " %d%%", (int)(row.fraction * 100));
    }
    if (row.eta_ms >= 0) {
        clock_format_duration(row.eta_ms, eta);
        x = area_printf(area, x, 0, ROLE_TEXT, " ETA %s", eta);
    }
    area_cut(area, x + 1, 0, ROLE_MUTED, area->cols - x - 1, row.name);
}
