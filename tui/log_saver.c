/* From the wish in the state to the pool and back. */
#include "tui/log_saver.h"

#include "core/view/text.h"
#include "tui/act.h"

static bool save_now(struct work *work, struct error *err)
{
    return log_save_write(&OP_CONTAINER(work, struct log_saver, work)->save, err);
}

static void on_saved(struct op *op, const struct error *err)
{
    struct log_saver *saver = op->context;
    struct buf count;
    buf_init(&count, 64);
    text_count(&count, (int64_t)saver->save.lines);
    if (err == NULL) {
        act_say(saver->ui, false, "%s lines are saved to %s", buf_text(&count), saver->save.path);
    } else {
        act_say(saver->ui, true, "the log was not saved: %s", err->message);
    }
    buf_done(&count);
    log_save_done(&saver->save);
    saver->ui->is_saving = false;
    saver->ended(saver->context);
}

void log_saver_go(struct log_saver *saver, struct loop *loop)
{
    struct ui *ui = saver->ui;
    if (ui->save.path == NULL || ui->is_saving) {
        return;
    }
    saver->save = ui->save;
    ui->save = (struct log_save){.source = NULL};
    ui->is_saving = true;
    saver->work = (struct work){.op = {.done = on_saved, .context = saver}, .run = save_now};
    work_start(loop, &saver->work);
}

void log_saver_finish(struct log_saver *saver, struct loop *loop)
{
    log_saver_go(saver, loop); /* asked for by the last keys before leaving */
    while (op_is_active(&saver->work.op)) {
        loop_run(loop);
    }
}
