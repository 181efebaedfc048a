/* Plans in words. */
#include "tui/plan.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_MAX = 1 << 16, STAGES_LISTED = 12 };

static void ask_environment(struct ui *ui)
{
    if (ui_is_production(ui)) {
        dialog_add_field(&ui->dialog, "This is production. Type the environment's name",
                         ui_environment(ui));
    }
}

/* The longest chain of usual times through the stages that would run; out_is_complete: all known.
 */
static int64_t usual_total(const struct dag *dag, const bool *will_run, const int64_t *usual_ms,
                           bool *out_is_complete)
{
    int64_t *end_ms = xcalloc(dag->count, sizeof(*end_ms));
    int64_t total_ms = 0;
    *out_is_complete = true;
    for (size_t i = 0; i < dag->count; i++) {
        for (size_t j = 0; j < dag->stages[i].after_count; j++) {
            int64_t before_ms = end_ms[dag->stages[i].after[j]];
            end_ms[i] = before_ms > end_ms[i] ? before_ms : end_ms[i];
        }
        end_ms[i] += will_run[i] ? usual_ms[i] : 0;
        *out_is_complete = *out_is_complete && (!will_run[i] || usual_ms[i] > 0);
        total_ms = end_ms[i] > total_ms ? end_ms[i] : total_ms;
    }
    free(end_ms);
    return total_ms;
}

struct planned {
    const struct dag *dag;
    const struct run *run; /* NULL: a new one */
    bool *will_run;
    int64_t *usual_ms;
};

/* What becomes of a stage when a plan is carried out. */
enum fate { FATE_RUNS, FATE_GOES_ON, FATE_IS_USED, FATE_STAYS };

static enum fate fate_of(const struct planned *planned, size_t stage)
{
    if (planned->will_run[stage] || planned->run == NULL) {
        return FATE_RUNS;
    }
    enum stage_state state = planned->run->stages[stage].state;
    return stage_state_is_active(state)                       ? FATE_GOES_ON
           : state == STAGE_SUCCESS || state == STAGE_SKIPPED ? FATE_IS_USED
                                                              : FATE_STAYS;
}

static void list_stage(const struct planned *planned, size_t stage, enum fate fate, struct buf *out)
{
    char usual[CLOCK_TEXT_SIZE];
    buf_printf(out, "  %2zu ", stage + 1);
    if (fate == FATE_RUNS && planned->usual_ms[stage] > 0) {
        clock_format_span(planned->usual_ms[stage], usual);
        buf_printf(out, "%-30s usually %s\n", planned->dag->stages[stage].name, usual);
    } else {
        buf_printf(out, "%s\n", planned->dag->stages[stage].name);
    }
}

/* The stages of this fate, under a heading when there are any. */
static void list_stages(const struct planned *planned, enum fate fate, const char *heading,
                        struct buf *out)
{
    int listed = 0;
    for (size_t i = 0; i < planned->dag->count; i++) {
        if (fate_of(planned, i) != fate) {
            continue;
        }
        if (listed == 0) {
            buf_printf(out, "%s\n", heading);
        }
        if (listed < STAGES_LISTED) {
            list_stage(planned, i, fate, out);
        }
        listed++;
    }
    if (listed > STAGES_LISTED) {
        buf_printf(out, "  and %d more\n", listed - STAGES_LISTED);
    }
}

static void append_total(const struct planned *planned, struct buf *out)
{
    char total[CLOCK_TEXT_SIZE];
    bool is_complete = false;
    int64_t total_ms =
        usual_total(planned->dag, planned->will_run, planned->usual_ms, &is_complete);
    clock_format_span(total_ms, total);
    if (total_ms > 0) {
        buf_printf(out, "By past runs this takes %s%s.", is_complete ? "about " : "at least ",
                   total);
    } else {
        buf_append_text(out, "No past run tells how long this takes.");
    }
}

static void planned_done(struct planned *planned)
{
    free(planned->will_run);
    free(planned->usual_ms);
}

void plan_new_run(struct ui *ui)
{
    const struct config *config = ui->client->app->config;
    struct planned planned = {.dag = config->dag};
    struct buf text;
    planned.will_run = xcalloc(config->dag->count, sizeof(bool));
    planned.usual_ms = xcalloc(config->dag->count, sizeof(int64_t));
    for (size_t i = 0; i < config->dag->count; i++) {
        planned.will_run[i] = true;
        planned.usual_ms[i] = client_usual_ms(ui->client, config->dag->stages[i].name);
    }
    buf_init(&text, PLAN_MAX);
    buf_printf(&text, "Environment %s; training %s, functions %s, objects %s, database %s.\n",
               config_text(config, CONFIG_pipeline_environment),
               config_text(config, CONFIG_backend_training_service),
               config_text(config, CONFIG_backend_function_service),
               config_text(config, CONFIG_backend_object_store),
               config_text(config, CONFIG_backend_database));
    buf_printf(&text, "Buckets %s, %s, %s, %s.\n", config_text(config, CONFIG_data_raw_bucket),
               config_text(config, CONFIG_data_cleaned_bucket),
               config_text(config, CONFIG_data_training_bucket),
               config_text(config, CONFIG_data_models_bucket));
    list_stages(&planned, FATE_RUNS, "These stages run:", &text);
    append_total(&planned, &text);
    dialog_close(&ui->dialog);
    ui->dialog.kind = DIALOG_NEW_RUN;
    snprintf(ui->dialog.title, sizeof(ui->dialog.title), "Start a new run of %s?",
             config->dag->pipeline);
    ui->dialog.plan = buf_take(&text);
    ask_environment(ui);
    dialog_open(&ui->dialog);
    planned_done(&planned);
}

/* ---- commands to a run */
static bool runs_any(const struct planned *planned)
{
    for (size_t i = 0; i < planned->dag->count; i++) {
        if (planned->will_run[i]) {
            return true;
        }
    }
    return false;
}

/* What a new runner finds: what is done stays, work that outlived its runner is adopted. */
static void describe_resume(const struct ui *ui, const struct planned *planned, struct buf *text)
{
    const struct run *run = &ui->client->view.run;
    buf_append_text(text, "The runner of this run is gone. Another one takes the run over and goes "
                          "on:\n");
    for (size_t i = 0; i < run->dag->count; i++) {
        if (stage_state_is_active(run->stages[i].state)) {
            buf_printf(text, "  %2zu %-30s %s\n", i + 1, run->dag->stages[i].name,
                       run->dag->stages[i].is_adoptable ? "adopted if it still runs"
                                                        : "was lost: runs again");
        }
    }
    list_stages(planned, FATE_RUNS, "Then these stages run:", text);
    buf_append_text(text, "What is done stays done.");
}

void plan_resume(struct ui *ui)
{
    const struct view *view = &ui->client->view;
    struct planned planned = {.dag = view->run.dag, .run = &view->run};
    struct buf text;
    planned.will_run = xcalloc(view->run.dag->count, sizeof(bool));
    planned.usual_ms = xcalloc(view->run.dag->count, sizeof(int64_t));
    for (size_t i = 0; i < view->run.dag->count; i++) {
        enum stage_state state = view->run.stages[i].state;
        planned.will_run[i] = state == STAGE_WAITING || state == STAGE_RETRYING;
        planned.usual_ms[i] = view->stages[i].usual_ms;
    }
    buf_init(&text, PLAN_MAX);
    describe_resume(ui, &planned, &text);
    dialog_close(&ui->dialog);
    ui->dialog.kind = DIALOG_RESUME;
    ui->dialog.plan = buf_take(&text);
    snprintf(ui->dialog.title, sizeof(ui->dialog.title), "%s, resume run %04lld?",
             ui_environment(ui), (long long)view->run.number);
    ask_environment(ui);
    dialog_open(&ui->dialog);
    planned_done(&planned);
}

static void describe_command(const struct ui *ui, enum command_verb verb,
                             const struct planned *planned, struct buf *text)
{
    const struct run *run = &ui->client->view.run;
    if (verb == COMMAND_STOP) {
        buf_append_text(text, "The run is stopped, with the work that is going on:\n");
        for (size_t i = 0; i < run->dag->count; i++) {
            if (stage_state_is_active(run->stages[i].state)) {
                buf_printf(text, "  %2zu %s\n", i + 1, run->dag->stages[i].name);
            }
        }
        buf_append_text(text, "What is done stays done; rerun starts again from a stage on.");
        return;
    }
    if (verb == COMMAND_SKIP) {
        buf_printf(text, "%s counts as done without having run.\n",
                   run->dag->stages[ui->stage].name);
    }
    bool is_any = runs_any(planned);
    if (!is_any) {
        buf_append_text(text, "No stage runs.\n");
    }
    list_stages(planned, FATE_RUNS, "These stages run:", text);
    list_stages(planned, FATE_GOES_ON, "These are going on and are left alone:", text);
    list_stages(planned, FATE_IS_USED, "These do not run, what they gave is used:", text);
    list_stages(planned, FATE_STAYS, "These do not run:", text);
    if (is_any) {
        append_total(planned, text);
    }
}

bool plan_command(struct ui *ui, enum command_verb verb, struct error *err)
{
    const struct view *view = &ui->client->view;
    const char *stage = view->run.dag->stages[ui->stage].name;
    struct command command = {.verb = verb, .stage = verb == COMMAND_STOP ? NULL : stage};
    struct planned planned = {.dag = view->run.dag, .run = &view->run};
    struct buf text;
    command.reason = verb == COMMAND_SKIP ? "asked for" : NULL; /* the dialog asks for it */
    planned.will_run = xcalloc(view->run.dag->count, sizeof(bool));
    planned.usual_ms = xcalloc(view->run.dag->count, sizeof(int64_t));
    if (!run_plan_command(&view->run, &command, planned.will_run, err)) {
        planned_done(&planned);
        return false;
    }
    for (size_t i = 0; i < view->run.dag->count; i++) {
        planned.usual_ms[i] = view->stages[i].usual_ms;
    }
    buf_init(&text, PLAN_MAX);
    describe_command(ui, verb, &planned, &text);
    dialog_close(&ui->dialog);
    ui->dialog.kind = DIALOG_COMMAND;
    ui->dialog.verb = verb;
    ui->dialog.plan = buf_take(&text);
    snprintf(ui->dialog.stage, sizeof(ui->dialog.stage), "%s", verb == COMMAND_STOP ? "" : stage);
    snprintf(ui->dialog.title, sizeof(ui->dialog.title), "%s, %s %s%sof run %04lld?",
             ui_environment(ui), command_verb_name(verb), ui->dialog.stage,
             verb == COMMAND_STOP ? "" : " ", (long long)view->run.number);
    if (verb == COMMAND_STOP) {
        snprintf(ui->dialog.title, sizeof(ui->dialog.title), "%s, stop run %04lld?",
                 ui_environment(ui), (long long)view->run.number);
    }
    if (verb == COMMAND_SKIP) {
        dialog_add_field(&ui->dialog, "Reason", NULL);
    }
    ask_environment(ui);
    dialog_open(&ui->dialog);
    planned_done(&planned);
    return true;
}
