/* Between log_view.c, which knows rows, and log_view_find.c, which knows what is looked for. */
#ifndef GATEHOUSE_TUI_LOG_VIEW_INTERNAL_H
#define GATEHOUSE_TUI_LOG_VIEW_INTERNAL_H

#include "tui/log_view.h"

/* NULL: all lines are shown. */
const struct log_scan *log_view_filter_scan(const struct log_view *view);
bool log_view_is_in_sight(struct log_view *view, const struct log_place *wanted);
void log_view_pause(struct log_view *view); /* it does not follow any more */
/* Another file, or the same from its start. */
void log_view_begin(struct log_view *view);
void log_view_restart_scans(struct log_view *view);

#endif
