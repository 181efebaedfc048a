/* The panes: each draws one part of a run into its area. Pure. */
#ifndef GATEHOUSE_TUI_PANES_H
#define GATEHOUSE_TUI_PANES_H

#include "tui/ui.h"

void pane_header(const struct ui *ui, const struct area *area);
void pane_stages(const struct ui *ui, const struct area *area);
void pane_training(const struct ui *ui, const struct area *area);
/* is_full: as a page of its own. Pages are scrolled by ui->scroll and give their lines. */
int pane_verdict(const struct ui *ui, const struct area *area, bool is_full);
/* Rows that pane_verdict needs to show every rule. */
int pane_verdict_rows(const struct ui *ui);
void pane_runs(const struct ui *ui, const struct area *area, bool is_page);
/* When each try ran; the rows it would like. */
void pane_timeline(const struct ui *ui, const struct area *area, bool is_page);
int pane_timeline_rows(const struct ui *ui);
/* What waits for what, drawn, or as a list where it is too wide. */
void pane_graph(const struct ui *ui, const struct area *area, bool is_page);
void pane_log(struct ui *ui, const struct area *area); /* sets what scrolling needs */
int pane_detail(const struct ui *ui, const struct area *area);
int pane_audit(const struct ui *ui, const struct area *area);
int pane_help(const struct ui *ui, const struct area *area);
void pane_plan(const struct ui *ui, const struct area *area); /* there is no run yet */
void pane_message(const struct ui *ui, const struct area *area);
int pane_message_rows(const struct ui *ui, int cols); /* that it would like */
void pane_hints(const struct ui *ui, const struct area *area);
/* The whole run in one line: "5/6 train 62% ETA 05:21". */
void pane_line(const struct ui *ui, const struct area *area);

/* Lines that scroll: drawn from ui->scroll on. */
struct page {
    const struct area *area;
    int y; /* of the next line */
};
int page_line(struct page *page, enum role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void page_wrap(struct page *page, enum role role, int indent, const char *text);
void page_wrap_str(struct page *page, enum role role, int indent, struct str text);

#endif
