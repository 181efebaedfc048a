/* The stage table's rows: what is shown of a stage at a moment. */
#include "core/view/view.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdio.h>

enum { DETAIL_MAX = 1024 };

size_t view_done_count(const struct view *view)
{
    size_t done = 0;
    for (size_t i = 0; view->run.dag != NULL && i < view->run.dag->count; i++) {
        enum stage_state state = view->run.stages[i].state;
        done += state == STAGE_SUCCESS || state == STAGE_SKIPPED ? 1 : 0;
    }
    return done;
}

int64_t view_elapsed_ms(const struct view *view, int64_t now_ms)
{
    const struct run *run = &view->run;
    int64_t end_ms = run->ended_ms != 0 ? run->ended_ms : now_ms;
    return end_ms > run->created_ms ? end_ms - run->created_ms : 0;
}

static int64_t stage_elapsed_ms(const struct stage_run *at, int64_t now_ms)
{
    if (at->try_number == 0) {
        return -1;
    }
    int64_t end_ms = stage_state_is_active(at->state) ? now_ms : at->ended_ms;
    return end_ms > at->started_ms ? end_ms - at->started_ms : 0;
}

/* Share of the work done, as the stage itself counts it. */
static double fraction_of(const struct view_stage *stage)
{
    double done = json_number_or(stage->progress, "done", -1);
    double total = json_number_or(stage->progress, "total", 0);
    if (done < 0 || total <= 0) {
        return -1;
    }
    return done < total ? done / total : 1;
}

/* By what was done when progress was told last; from then on it counts down. */
static int64_t eta_of(const struct view_row *row, const struct view_stage *stage,
                      const struct stage_run *at, int64_t now_ms)
{
    if (!stage_state_is_active(row->state)) {
        return -1;
    }
    if (row->fraction > 0) {
        int64_t since_ms = at->running_since_ms != 0 ? at->running_since_ms : at->started_ms;
        int64_t took_ms = stage->progress_ms - since_ms;
        int64_t end_ms = since_ms + (int64_t)((double)took_ms / row->fraction);
        return took_ms <= 0 ? -1 : end_ms > now_ms ? end_ms - now_ms : 0;
    }
    return row->usual_ms > row->elapsed_ms ? row->usual_ms - row->elapsed_ms : -1;
}

/* ---- the detail, by state */

static void append_first_rule(struct buf *out, const struct json *parameters)
{
    const struct json *rule = json_at(json_get(parameters, "rules"), 0);
    double limit = 0;
    if (rule == NULL) {
        return;
    }
    buf_append_text(out, "gate: ");
    text_printable(out, json_text_or(rule, "metric", "?"));
    if (json_as_number(json_get(rule, "min"), &limit)) {
        buf_printf(out, " >= %g", limit);
    } else if (json_as_number(json_get(rule, "max"), &limit)) {
        buf_printf(out, " <= %g", limit);
    }
}

static void describe_waiting(const struct view *view, size_t stage, struct buf *out)
{
    const struct stage_def *def = &view->run.dag->stages[stage];
    append_first_rule(out, def->parameters);
    for (size_t i = 0; out->len == 0 && i < def->after_count; i++) {
        enum stage_state state = view->run.stages[def->after[i]].state;
        if (state != STAGE_SUCCESS && state != STAGE_SKIPPED) {
            buf_printf(out, "after %s", view->run.dag->stages[def->after[i]].name);
        }
    }
}

static void append_progress(const struct view_stage *stage, const struct view_row *row,
                            struct buf *out)
{
    char eta[CLOCK_TEXT_SIZE];
    int64_t step_number = json_int_or(stage->progress, "step_number", 0);
    int64_t step_count = json_int_or(stage->progress, "step_count", 0);
    const char *step = json_text_or(stage->progress, "step", "");
    const char *detail = json_text_or(stage->progress, "detail", "");
    if (row->fraction >= 0) {
        buf_printf(out, "%d%%", (int)(row->fraction * 100));
    }
    if (row->eta_ms >= 0) {
        clock_format_duration(row->eta_ms, eta);
        buf_printf(out, "%sETA %s", out->len > 0 ? " " : "", eta);
    }
    if (out->len > 0 && (step_count > 1 || step[0] != '\0')) {
        buf_append_text(out, ", ");
    }
    if (step_count > 1) {
        buf_printf(out, "%lld/%lld ", (long long)step_number, (long long)step_count);
    }
    text_printable(out, step);
    if (detail[0] != '\0') {
        buf_append_text(out, ": ");
        text_printable(out, detail);
    }
}

static void describe_retrying(const struct stage_run *at, int64_t now_ms, struct buf *out)
{
    char wait[CLOCK_TEXT_SIZE];
    clock_format_duration(at->retry_at_ms > now_ms ? at->retry_at_ms - now_ms : 0, wait);
    buf_printf(out, "next try in %s: ", wait);
    text_printable(out, at->error.message);
}

static void describe_end(const struct view_stage *stage, const struct stage_run *at,
                         struct buf *out)
{
    const char *reason = stage->reason == NULL ? "" : stage->reason;
    const char *detail = json_text_or(stage->progress, "detail", "");
    if (at->state == STAGE_SUCCESS && detail[0] != '\0') {
        text_printable(out, detail);
    } else if (at->state == STAGE_SUCCESS) {
        text_outputs(out, at->outputs);
    } else if (at->state == STAGE_FAILED || at->state == STAGE_REJECTED || reason[0] == '\0' ||
               error_is(&at->error, RUN_CODE_NOT_STOPPED)) {
        text_printable(out, at->error.message);
    } else {
        text_printable(out, reason);
    }
}

static void describe(const struct view *view, size_t stage, int64_t now_ms,
                     const struct view_row *row, struct buf *out)
{
    const struct stage_run *at = &view->run.stages[stage];
    switch (at->state) {
    case STAGE_WAITING:
        describe_waiting(view, stage, out);
        break;
    case STAGE_QUEUED:
    case STAGE_RUNNING:
        append_progress(&view->stages[stage], row, out);
        break;
    case STAGE_RETRYING:
        describe_retrying(at, now_ms, out);
        break;
    case STAGE_STOPPING:
    case STAGE_SUCCESS:
    case STAGE_FAILED:
    case STAGE_REJECTED:
    case STAGE_SKIPPED:
    case STAGE_CANCELLED:
    case STAGE_BLOCKED:
        describe_end(&view->stages[stage], at, out);
        break;
    case STAGE_STATE_COUNT:
        break;
    }
}

void view_row(const struct view *view, size_t stage, int64_t now_ms, struct view_row *out_row)
{
    const struct stage_run *at = &view->run.stages[stage];
    const struct stage_def *def = &view->run.dag->stages[stage];
    struct buf detail;
    *out_row = (struct view_row){.number = stage + 1, .name = def->name, .state = at->state};
    out_row->word = stage_state_word(at->state);
    out_row->try_number = at->try_number;
    out_row->tries_max = at->try_number > def->retries + 1 ? at->try_number : def->retries + 1;
    out_row->elapsed_ms = stage_elapsed_ms(at, now_ms);
    out_row->usual_ms = view->stages[stage].usual_ms;
    out_row->fraction = fraction_of(&view->stages[stage]);
    out_row->eta_ms = eta_of(out_row, &view->stages[stage], at, now_ms);
    buf_init(&detail, DETAIL_MAX);
    describe(view, stage, now_ms, out_row, &detail);
    text_copy(out_row->detail, sizeof(out_row->detail), str_trim(buf_str(&detail)));
    buf_done(&detail);
}
