/* Saves logs on a pool thread, one at a time, for the console's state that asks for it. */
#ifndef GATEHOUSE_TUI_LOG_SAVER_H
#define GATEHOUSE_TUI_LOG_SAVER_H

#include "core/loop/work.h"
#include "tui/ui.h"

struct log_saver {
    struct ui *ui; /* borrowed: ui->save is what it asks for; how it ended is told in its footer */
    void (*ended)(void *context);
    void *context;
    /* private: */
    struct work work;
    struct log_save save;
};

/* Begins what ui->save asks for, if it asks; ended is called later from the loop. */
void log_saver_go(struct log_saver *saver, struct loop *loop);
/* Runs the loop until all that was asked for is saved. */
void log_saver_finish(struct log_saver *saver, struct loop *loop);

#endif
