/* Sentences about the verdict, other runs and the past of this one. */
#include "tui/plain_words.h"

#include "core/base/alloc.h"
#include "core/view/text.h"

#include <math.h>
#include <stdlib.h>

enum { TEXT_MAX = 1 << 16 };

/* ---- the verdict */
static void append_limits(const struct json *rule, struct buf *out)
{
    double limit = 0;
    if (json_as_number(json_get(rule, "min"), &limit)) {
        buf_printf(out, ", at least %.6g is required", limit);
    }
    if (json_as_number(json_get(rule, "max"), &limit)) {
        buf_printf(out, ", at most %.6g is allowed", limit);
    }
}

static void say_rule(const struct json *rule, struct buf *out)
{
    struct buf text;
    double number = 0;
    buf_init(&text, TEXT_MAX);
    buf_append_text(&text, json_bool_or(rule, "passed", false) ? "kept: " : "broken: ");
    text_printable(&text, json_text_or(rule, "metric", "?"));
    buf_append_text(&text, " of the split ");
    text_printable(&text, json_text_or(rule, "split", "test"));
    if (json_as_number(json_get(rule, "value"), &number)) {
        buf_printf(&text, " is %.6g", number);
    } else {
        buf_append_text(&text, " is missing");
    }
    append_limits(rule, &text);
    if (json_as_number(json_get(rule, "margin"), &number)) {
        buf_printf(&text, ", margin %s %.4g", number < 0 ? "minus" : "plus", fabs(number));
    }
    if (json_as_number(json_get(rule, "standard_error"), &number)) {
        buf_printf(&text, ", standard error %.2g", number);
    }
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

static void say_pending_rules(const struct dag *dag, struct buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < dag->count; i++) {
        count += json_count(json_get(dag->stages[i].parameters, "rules"));
    }
    words_say(out, count == 0 ? "this pipeline has no gate"
                              : "the gate has not judged yet; its rules are");
    for (size_t i = 0; i < dag->count; i++) {
        const struct json *rules = json_get(dag->stages[i].parameters, "rules");
        for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
            struct buf text;
            buf_init(&text, TEXT_MAX);
            text_printable(&text, json_text_or(rule, "metric", "?"));
            append_limits(rule, &text);
            words_say(out, "%s", buf_text(&text));
            buf_done(&text);
        }
    }
}

void words_verdict(const struct ui *ui, struct buf *out)
{
    const struct run *run = &ui->client->view.run;
    if (!ui_has_verdict(ui)) {
        say_pending_rules(run->dag, out);
        return;
    }
    const struct json *gate = ui_gate(ui);
    const struct json *rules = json_get(gate, "rules");
    words_say(out, "verdict of the gate: %s",
              run->verdict == VERDICT_PASSED ? "PASSED, the model is good enough"
                                             : "REJECTED, the model is not good enough");
    for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
        say_rule(rule, out);
    }
    words_say(out, "%s", json_text_or(gate, "message", ""));
    text_measured(out, json_get(run->evaluation, "evaluation"));
}

/* ---- other runs, the past */
static void say_past_run(const struct ui *ui, const struct run_summary *run, struct buf *out)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "run %lld, %s, verdict %s", (long long)run->number,
               run_state_name(run->state), verdict_name(run->verdict));
    if (isfinite(run->accuracy)) {
        buf_printf(&text, ", accuracy %.4f", run->accuracy);
    }
    buf_append_text(&text, ", began ");
    text_date(&text, run->created_ms, ui->utc_offset_s);
    if (run->ended_ms > 0) {
        buf_append_text(&text, ", took ");
        words_duration(&text, run->ended_ms - run->created_ms);
    }
    buf_append_text(&text, ", by ");
    text_printable(&text, run->user);
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

void words_history(const struct ui *ui, struct buf *out)
{
    const struct client *client = ui->client;
    words_say(out, client->run_count == 0 ? "there are no runs yet" : "runs, the newest first:");
    for (size_t i = 0; i < client->run_count; i++) {
        say_past_run(ui, &client->runs[i], out);
    }
}

struct placed_try {
    size_t stage;
    const struct view_try *try;
};

static int compare_begin(const void *a, const void *b)
{
    const struct placed_try *first = a, *second = b;
    int64_t difference_ms = first->try->started_ms - second->try->started_ms;
    if (difference_ms == 0) {
        return first->stage < second->stage ? -1 : first->stage > second->stage ? 1 : 0;
    }
    return difference_ms < 0 ? -1 : 1;
}

static void say_placed(const struct ui *ui, const struct placed_try *placed, struct buf *out)
{
    const struct run *run = &ui->client->view.run;
    const struct view_try *try = placed->try;
    int64_t end_ms = try->ended_ms != 0 ? try->ended_ms : ui->now_ms;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_append_text(&text, "after ");
    words_duration(&text, try->started_ms - run->created_ms);
    buf_printf(&text, ": stage %zu, %s, try %d, ", placed->stage + 1,
               run->dag->stages[placed->stage].name, try->number);
    if (try->running_since_ms > try->started_ms) {
        buf_append_text(&text, "queued for ");
        words_duration(&text, try->running_since_ms - try->started_ms);
        buf_append_text(&text, ", ");
    }
    buf_printf(&text, "%s, ", try->is_interrupted ? "lost" : words_state(try->state));
    words_duration(&text, end_ms - try->started_ms);
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

void words_timeline(const struct ui *ui, struct buf *out)
{
    const struct view *view = &ui->client->view;
    size_t count = 0, used = 0;
    for (size_t i = 0; i < view->run.dag->count; i++) {
        count += view->stages[i].try_count;
    }
    if (count == 0) {
        words_say(out, "nothing has begun yet");
        return;
    }
    struct placed_try *all = xcalloc(count, sizeof(*all));
    for (size_t i = 0; i < view->run.dag->count; i++) {
        for (size_t j = 0; j < view->stages[i].try_count; j++) {
            all[used++] = (struct placed_try){i, &view->stages[i].tries[j]};
        }
    }
    qsort(all, count, sizeof(*all), compare_begin);
    for (size_t i = 0; i < count; i++) {
        say_placed(ui, &all[i], out);
    }
    free(all);
}

void words_pipeline(const struct dag *dag, struct buf *out)
{
    for (size_t i = 0; i < dag->count; i++) {
        const struct stage_def *def = &dag->stages[i];
        struct buf text;
        buf_init(&text, TEXT_MAX);
        buf_printf(&text, "stage %zu, %s, %s", i + 1, def->name,
                   def->after_count == 0 ? "starts at once" : "waits for ");
        for (size_t j = 0; j < def->after_count; j++) {
            buf_printf(&text, "%s%s", j == 0 ? "" : " and ", dag->stages[def->after[j]].name);
        }
        words_say(out, "%s", buf_text(&text));
        buf_done(&text);
    }
}

void words_command(const struct ui *ui, const struct view_command *command, struct buf *out)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    text_clock(&text, command->ts_ms, ui->utc_offset_s);
    buf_printf(&text, ", %s: %s%s%s %s", command->user[0] == '\0' ? "a signal" : command->user,
               command->verb, command->stage[0] == '\0' ? "" : " ", command->stage,
               command->is_accepted ? "accepted" : "refused");
    if (command->reason[0] != '\0') {
        buf_printf(&text, ", reason: %s", command->reason);
    }
    if (command->message[0] != '\0') {
        buf_printf(&text, ", %s", command->message);
    }
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

static void say_entry(const struct ui *ui, const struct audit_entry *entry, struct buf *out)
{
    static const char *const answers[] = {
        [AUDIT_NONE_DUE] = "on record",
        [AUDIT_PENDING] = "not answered yet",
        [AUDIT_ACCEPTED] = "accepted",
        [AUDIT_REFUSED] = "refused",
    };
    struct buf text;
    buf_init(&text, TEXT_MAX);
    text_date(&text, entry->ts_ms, ui->utc_offset_s);
    buf_printf(&text, ", %s: %s, %s", entry->who[0] == '\0' ? "a signal" : entry->who, entry->what,
               answers[entry->answer]);
    if (entry->until_ms != 0) {
        buf_append_text(&text, ", until ");
        text_date(&text, entry->until_ms, ui->utc_offset_s);
    }
    if (entry->reason[0] != '\0') {
        buf_printf(&text, ", reason: %s", entry->reason);
    }
    if (entry->message[0] != '\0') {
        buf_printf(&text, ", %s", entry->message);
    }
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

void words_audit(const struct ui *ui, struct buf *out)
{
    const struct audit *audit = &ui->audit;
    if (audit->count == 0) {
        words_say(out, "no command was given to this run");
    }
    for (size_t i = 0; i < audit->count; i++) {
        say_entry(ui, &audit->entries[i], out);
    }
}
