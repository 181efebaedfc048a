/* Lines of a page, and the page that shows the plan when there is no run. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16 };

int page_line(struct page *page, enum role role, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, TEXT_MAX);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    area_cut(page->area, 0, page->y, role, page->area->cols, buf_text(&text));
    buf_done(&text);
    return page->y++;
}

void page_wrap(struct page *page, enum role role, int indent, const char *text)
{
    page_wrap_str(page, role, indent, str_from(text));
}

void page_wrap_str(struct page *page, enum role role, int indent, struct str text)
{
    struct str rest = text;
    int cols = page->area->cols - indent;
    while (rest.len > 0 && cols > 0) {
        size_t len = screen_line_len(rest, cols);
        area_put(page->area, indent, page->y++, role, (struct str){rest.ptr, len});
        while (len < rest.len && rest.ptr[len] == ' ') {
            len++;
        }
        rest = (struct str){rest.ptr + len, rest.len - len};
    }
}

/* ---- there is no run yet */
static void put_how_to_start(struct page *page, const struct ui *ui)
{
    const struct key_chord *start = keymap_first(&ui->bindings, ACTION_NEW_RUN, ui_place(ui));
    struct buf text;
    if (ui->client->awaited_number != 0) {
        page_wrap(page, ROLE_NOTICE, 2,
                  "A run is being started; it appears here. On first use the data are prepared "
                  "before.");
        return;
    }
    if (ui->client->is_read_only) {
        page_wrap(page, ROLE_NOTICE, 2,
                  "There is no run yet, and this console is read-only. The first run appears here "
                  "when it starts.");
        return;
    }
    buf_init(&text, TEXT_MAX);
    buf_append_text(&text, "There is no run yet. Press ");
    if (start != NULL) {
        key_chord_print(start, &text);
    } else {
        buf_append_text(&text, ":new_run");
    }
    buf_append_text(&text, " to see what a run does and to start one.");
    page_wrap(page, ROLE_NOTICE, 2, buf_text(&text));
    page_wrap(page, ROLE_TEXT, 2,
              "It needs raw data: gatehouse prepare FILE takes yours; gatehouse --prepare-sample "
              "makes synthetic ones and starts a run on them.");
    buf_done(&text);
}

/* "after 1, 2" */
static void append_after(const struct stage_def *def, struct buf *out)
{
    for (size_t i = 0; i < def->after_count; i++) {
        buf_printf(out, i == 0 ? "after %zu" : ", %zu", def->after[i] + 1);
    }
}

void pane_plan(const struct ui *ui, const struct area *area)
{
    const struct dag *dag = ui->client->app->config->dag;
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, 1};
    area_title(area, true, "Plan of the pipeline",
               ui->client->awaited_number != 0 ? "a run is being started" : "no run yet");
    put_how_to_start(&page, ui);
    page_line(&page, ROLE_TEXT, "%s", "");
    page_line(&page, ROLE_MUTED, "   # %-28s %-16s %-8s", "STAGE", "KIND", "TRIES");
    for (size_t i = 0; i < dag->count; i++) {
        const struct stage_def *def = &dag->stages[i];
        struct buf after;
        buf_init(&after, TEXT_MAX);
        append_after(def, &after);
        page_line(&page, ROLE_TEXT, "  %2zu %-28s %-16s %-8d%s", i + 1, def->name, def->kind,
                  def->retries + 1, buf_text(&after));
        buf_done(&after);
    }
}
