/* Inputs of the run machine, kept with all they point to until their turn. */
#include "core/engine/engine_internal.h"

#include "core/base/alloc.h"

#include <stdlib.h>

static const char *keep_text(struct engine_input *input, int slot, const char *text)
{
    input->texts[slot] = text == NULL ? NULL : xstrdup(text);
    return input->texts[slot];
}

static void keep_command(struct engine_input *input, const struct command *command)
{
    input->command = (struct command){
        .id = command->id,
        .verb = command->verb,
        .stage = keep_text(input, 0, command->stage),
        .user = keep_text(input, 1, command->user),
        .tty = keep_text(input, 2, command->tty),
        .reason = keep_text(input, 3, command->reason),
    };
    input->input.command = &input->command;
}

void engine_add_input(struct engine *engine, const struct run_input *source)
{
    struct engine_input *input = xcalloc(1, sizeof *input);
    input->input = *source;
    input->input.random = random_next(&engine->random);
    input->input.outputs = input->outputs = json_copy(source->outputs);
    input->input.evaluation = input->evaluation = json_copy(source->evaluation);
    if (source->error != NULL) {
        input->error = *source->error;
        input->input.error = &input->error;
    }
    if (source->command != NULL) {
        keep_command(input, source->command);
    }
    if (engine->first_input == NULL) {
        engine->first_input = input;
    } else {
        engine->last_input->next = input;
    }
    engine->last_input = input;
}

struct engine_input *engine_take_input(struct engine *engine)
{
    struct engine_input *input = engine->first_input;
    if (input != NULL) {
        engine->first_input = input->next;
    }
    return input;
}

void engine_input_free(struct engine_input *input)
{
    json_free(input->outputs);
    json_free(input->evaluation);
    for (size_t i = 0; i < sizeof input->texts / sizeof input->texts[0]; i++) {
        free(input->texts[i]);
    }
    free(input);
}

static void add_command(void *context, const struct command *command)
{
    struct engine *engine = context;
    if (command->id <= engine->last_command_id) {
        return; /* taken before, its answer is not stored yet */
    }
    engine->last_command_id = command->id;
    engine_add_input(engine, &(struct run_input){.kind = RUN_INPUT_COMMAND, .command = command});
}

void engine_read_commands(struct engine *engine)
{
    struct error err;
    engine->must_read_commands =
        !store_pending_commands(engine->spec.store, engine->run.id, add_command, engine, &err);
    if (engine->must_read_commands) {
        engine_notice(engine, &err);
    }
}
