/* The console in sentences, for ears and dumb terminals: whole words, whole lines of at most 80
 * columns, all of it printable. Pure. */
#ifndef GATEHOUSE_TUI_PLAIN_WORDS_H
#define GATEHOUSE_TUI_PLAIN_WORDS_H

#include "tui/ui.h"

/* A sentence of ours, broken to lines of 80 columns. */
void words_say(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "2 hours 5 minutes", "42 seconds", "less than a second"; negative: "unknown". */
void words_duration(struct buf *out, int64_t ms);

/* "succeeded", "waiting for its next try" */
const char *words_state(enum stage_state state);

/* "stage 5 of 6, train, running, try 1 of 2, 14 minutes, 62 percent, about 5 minutes left" */
void words_stage(const struct ui *ui, size_t stage, struct buf *out);
/* The same, with what it did or why it did not. */
void words_stage_news(const struct ui *ui, size_t stage, struct buf *out);
void words_stages(const struct ui *ui, struct buf *out); /* all of them, a line each */
void words_detail(const struct ui *ui, size_t stage, struct buf *out);
/* The run in a few lines: what, where, since when, what runs, what went wrong, the verdict. */
void words_status(const struct ui *ui, struct buf *out);
void words_training(const struct ui *ui, struct buf *out);
void words_verdict(const struct ui *ui, struct buf *out);
void words_history(const struct ui *ui, struct buf *out);
/* Every try of every stage: when it began and ended after the start of the run. */
void words_timeline(const struct ui *ui, struct buf *out);
/* Every stage with those it waits for. */
void words_pipeline(const struct dag *dag, struct buf *out);
void words_audit(const struct ui *ui, struct buf *out); /* of ui->audit */
void words_command(const struct ui *ui, const struct view_command *command, struct buf *out);

#endif
