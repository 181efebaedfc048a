/* The view as one JSON object, for programs. */
#include "core/view/view.h"

static void set_copy(struct json *object, const char *name, const struct json *value)
{
    json_set(object, name, value == NULL ? json_null() : json_copy(value));
}

static void set_text_or_null(struct json *object, const char *name, const char *text)
{
    json_set_text(object, name, text[0] == '\0' ? NULL : text);
}

/* A try that led to a retry has failed, whatever the stage does next. */
static const char *try_state(const struct view_try *of)
{
    if (of->is_interrupted) {
        return "interrupted";
    }
    return stage_state_name(of->state == STAGE_RETRYING ? STAGE_FAILED : of->state);
}

static struct json *try_to_json(const struct view_try *of, int64_t now_ms)
{
    struct json *json = json_object();
    bool has_error = of->ended_ms != 0 && of->error.message[0] != '\0';
    int64_t end_ms = of->ended_ms != 0 ? of->ended_ms : now_ms;
    json_set_int(json, "try", of->number);
    json_set_text(json, "state", try_state(of));
    json_set_time(json, "start", of->started_ms);
    json_set_time(json, "end", of->ended_ms);
    json_set_int(json, "elapsed_ms", end_ms > of->started_ms ? end_ms - of->started_ms : 0);
    json_set(json, "error", has_error ? event_error_json(&of->error) : json_null());
    set_copy(json, "outputs", of->outputs);
    json_set_text(json, "intent", of->intent);
    return json;
}

static struct json *stage_to_json(const struct view *view, size_t index, int64_t now_ms)
{
    const struct view_stage *stage = &view->stages[index];
    struct json *json = json_object();
    struct json *tries = json_array();
    for (size_t i = 0; i < stage->try_count; i++) {
        json_append(tries, try_to_json(&stage->tries[i], now_ms));
    }
    json_set_text(json, "name", view->run.dag->stages[index].name);
    json_set_text(json, "kind", view->run.dag->stages[index].kind);
    json_set_text(json, "state", stage_state_name(view->run.stages[index].state));
    json_set(json, "tries", tries);
    return json;
}

static struct json *command_to_json(const struct view_command *command)
{
    struct json *json = json_object();
    json_set_time(json, "ts", command->ts_ms);
    json_set_int(json, "id", command->id);
    json_set_text(json, "verb", command->verb);
    set_text_or_null(json, "stage", command->stage);
    set_text_or_null(json, "user", command->user);
    set_text_or_null(json, "tty", command->tty);
    set_text_or_null(json, "reason", command->reason);
    json_set_bool(json, "accepted", command->is_accepted);
    set_text_or_null(json, "message", command->message);
    return json;
}

static struct json *stages_to_json(const struct view *view, int64_t now_ms)
{
    struct json *stages = json_array();
    for (size_t i = 0; view->run.dag != NULL && i < view->run.dag->count; i++) {
        json_append(stages, stage_to_json(view, i, now_ms));
    }
    return stages;
}

static struct json *commands_to_json(const struct view *view)
{
    struct json *commands = json_array();
    for (size_t i = 0; i < view->command_count; i++) {
        json_append(commands, command_to_json(&view->commands[i]));
    }
    return commands;
}

struct json *view_to_json(const struct view *view, int64_t now_ms)
{
    const struct run *run = &view->run;
    struct json *json = json_object();
    bool is_at_rest = run_state_is_final(run->state);
    json_set_text(json, "run", run->id);
    json_set_int(json, "number", run->number);
    json_set_text(json, "pipeline", run->dag == NULL ? NULL : run->dag->pipeline);
    set_text_or_null(json, "environment", view->environment);
    set_text_or_null(json, "data", view->data);
    json_set_text(json, "state", run_state_name(run->state));
    json_set_text(json, "verdict", verdict_name(run->verdict));
    json_set(json, "exit_code", is_at_rest ? json_int(run_exit_code(run)) : json_null());
    json_set_time(json, "created", run->created_ms);
    json_set_time(json, "ended", run->ended_ms);
    json_set_int(json, "elapsed_ms", view_elapsed_ms(view, now_ms));
    json_set(json, "stages", stages_to_json(view, now_ms));
    set_copy(json, "evaluation", json_get(run->evaluation, "evaluation"));
    set_copy(json, "gate", json_get(run->evaluation, "gate"));
    json_set(json, "commands", commands_to_json(view));
    return json;
}
