/* How each action of the table is heard, or why it is only for a screen; plain mode's own commands;
 * the list of both. */
#include "core/base/alloc.h"
#include "tui/plain_talk.h"
#include "tui/plain_words.h"

#include <string.h>

/* ---- voices */
static void say_nothing(struct plain *plain)
{
    (void)plain; /* a question, a message or the news of the run tell what comes of it */
}

static bool needs_run(struct plain *plain)
{
    if (!plain->client->has_run) {
        words_say(&plain->out, "there is no run yet; new_run starts one");
    }
    return plain->client->has_run;
}

static void say_stage(struct plain *plain)
{
    words_detail(&plain->ui, plain->ui.stage, &plain->out);
}

static void say_verdict(struct plain *plain)
{
    words_verdict(&plain->ui, &plain->out);
}

static void say_history(struct plain *plain)
{
    words_history(&plain->ui, &plain->out);
}

static void say_timeline(struct plain *plain)
{
    words_timeline(&plain->ui, &plain->out);
}

static void say_audit(struct plain *plain)
{
    words_audit(&plain->ui, &plain->out);
}

static void say_pipeline(struct plain *plain)
{
    words_pipeline(plain->client->view.run.dag, &plain->out);
}

static void say_times(struct plain *plain)
{
    words_say(&plain->out, "times are %s",
              plain->ui.log.hides_times ? "not said with the log" : "said with the log");
}

static void say_position(struct plain *plain)
{
    struct buf position;
    buf_init(&position, 256);
    if (plain->client->replay != NULL) {
        replay_append_position(plain->client->replay, true, &position);
        words_say(&plain->out, "replay at %s", buf_text(&position));
    }
    buf_done(&position);
}

static void say_status(struct plain *plain)
{
    if (needs_run(plain)) {
        words_status(&plain->ui, &plain->out);
    }
}

static const struct {
    void (*say)(struct plain *plain);
    const char *screen_only; /* why */
} voices[ACTION_COUNT] = {
    [ACTION_UP] = {.screen_only = "page_up goes back in the log"},
    [ACTION_DOWN] = {.screen_only = "page_down goes on in the log"},
    [ACTION_PAGE_UP] = {.say = plain_log_page},
    [ACTION_PAGE_DOWN] = {.say = plain_log_page},
    [ACTION_FIRST] = {.say = plain_log_page},
    [ACTION_LAST] = {.say = plain_log_page},
    [ACTION_LEFT] = {.screen_only = "lines are said in full"},
    [ACTION_RIGHT] = {.screen_only = "lines are said in full"},
    [ACTION_NEXT_PANE] = {.screen_only = "nothing has a focus here"},
    [ACTION_PREVIOUS_PANE] = {.screen_only = "nothing has a focus here"},
    [ACTION_STAGE] = {.say = say_stage},
    [ACTION_OPEN] = {.screen_only = "stage tells all of a stage, run shows a run"},
    [ACTION_BACK] = {.screen_only = "nothing is open here; search and filter end by an empty line"},
    [ACTION_NEW_RUN] = {.say = say_nothing},
    [ACTION_RETRY] = {.say = say_nothing},
    [ACTION_RERUN] = {.say = say_nothing},
    [ACTION_STOP] = {.say = say_nothing},
    [ACTION_SKIP] = {.say = say_nothing},
    [ACTION_SEARCH] = {.say = plain_log_match},
    [ACTION_NEXT_MATCH] = {.say = plain_log_match},
    [ACTION_PREVIOUS_MATCH] = {.say = plain_log_match},
    [ACTION_FOLLOW] = {.say = plain_log_follow},
    [ACTION_FILTER] = {.say = plain_log_page},
    [ACTION_NEXT_ERROR] = {.say = plain_log_match},
    [ACTION_PREVIOUS_ERROR] = {.say = plain_log_match},
    [ACTION_WRAP] = {.screen_only = "long lines are always broken"},
    [ACTION_TIMES] = {.say = say_times},
    [ACTION_SAVE] = {.say = say_nothing},
    [ACTION_OLDER_TRY] = {.say = plain_log_page},
    [ACTION_NEWER_TRY] = {.say = plain_log_page},
    [ACTION_LOG] = {.say = plain_log_page},
    [ACTION_HISTORY] = {.say = say_history},
    [ACTION_TIMELINE] = {.say = say_timeline},
    [ACTION_PIPELINE] = {.say = say_pipeline},
    [ACTION_VERDICT] = {.say = say_verdict},
    [ACTION_ZOOM] = {.screen_only = "there are no panes here"},
    [ACTION_RUN] = {.say = say_status},
    [ACTION_PLAY] = {.say = say_position},
    [ACTION_SEEK_BACK] = {.say = say_position},
    [ACTION_SEEK_FORWARD] = {.say = say_position},
    [ACTION_PREVIOUS_EVENT] = {.say = say_position},
    [ACTION_NEXT_EVENT] = {.say = say_position},
    [ACTION_REPLAY_START] = {.say = say_position},
    [ACTION_REPLAY_END] = {.say = say_position},
    [ACTION_SLOWER] = {.say = say_position},
    [ACTION_FASTER] = {.say = say_position},
    [ACTION_SEEK] = {.say = say_position},
    [ACTION_RW] = {.say = say_nothing},
    [ACTION_RO] = {.say = say_nothing},
    [ACTION_AUDIT] = {.say = say_audit},
    [ACTION_MOUSE] = {.screen_only = "the mouse is the terminal's own"},
    [ACTION_THEME] = {.screen_only = "nothing is coloured here"},
    [ACTION_SETTINGS] = {.screen_only = "they are about the screen"},
    [ACTION_CHANGE] = {.screen_only = "it belongs to the settings of the screen"},
    [ACTION_CHANGE_BACK] = {.screen_only = "it belongs to the settings of the screen"},
    [ACTION_WRITE] = {.screen_only = "it belongs to the settings of the screen"},
    [ACTION_COPY] = {.screen_only = "the terminal copies; save writes a log to a file"},
    [ACTION_COPY_SCREEN] = {.screen_only = "the terminal copies; save writes a log to a file"},
    [ACTION_PALETTE] = {.screen_only = "every line typed here is one of the palette"},
    [ACTION_HELP] = {.say = plain_help},
    [ACTION_REPAINT] = {.screen_only = "nothing is painted here"},
    [ACTION_SUSPEND] = {.say = say_nothing},
    [ACTION_LEAVE] = {.say = say_nothing},
    [ACTION_DETACH] = {.say = say_nothing},
    [ACTION_QUIT] = {.say = say_nothing},
};

const char *plain_screen_only(enum action action)
{
    return voices[action].screen_only;
}

bool plain_has_voice(enum action action)
{
    return voices[action].say != NULL;
}

void plain_voice(struct plain *plain, enum action action)
{
    voices[action].say(plain);
}

/* ---- plain mode's own commands */
static void say_stages(struct plain *plain)
{
    if (needs_run(plain)) {
        words_stages(&plain->ui, &plain->out);
    }
}

static void say_training(struct plain *plain)
{
    if (needs_run(plain)) {
        words_training(&plain->ui, &plain->out);
    }
}

static void wait_for_rest(struct plain *plain)
{
    plain->is_waiting = client_is_live(plain->client);
    words_say(&plain->out, plain->is_waiting ? "waiting until the run is at rest"
                                             : "there is nothing to wait for");
}

static const struct plain_command commands[] = {
    {"status", "where the run stands; an empty line says it, too", say_status},
    {"stages", "all stages of the run", say_stages},
    {"training", "the training job and its metrics", say_training},
    {"wait", "leave the next lines alone until the run is at rest", wait_for_rest},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct plain_command *plain_commands(size_t *out_count)
{
    *out_count = COMMAND_COUNT;
    return commands;
}

/* ---- the list */
static bool is_listed(const struct plain *plain, enum action action)
{
    bool is_of_replay = action_spec(action)->group == ACTION_GROUP_REPLAY;
    return plain_has_voice(action) && (!is_of_replay || plain->client->replay != NULL);
}

const char *plain_numbered(uint64_t number)
{
    if (number >= 1 && number <= COMMAND_COUNT) {
        return commands[number - 1].name;
    }
    uint64_t at = COMMAND_COUNT;
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (plain_has_voice((enum action)i) && ++at == number) {
            return action_spec((enum action)i)->name;
        }
    }
    return NULL;
}

void plain_help(struct plain *plain)
{
    size_t number = COMMAND_COUNT;
    words_say(&plain->out, "Commands: type a name, the beginning of one, or a number.");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        words_say(&plain->out, "%zu %s: %s", i + 1, commands[i].name, commands[i].sentence);
    }
    for (int i = 0; i < ACTION_COUNT; i++) {
        const struct action_spec *spec = action_spec((enum action)i);
        number += plain_has_voice((enum action)i) ? 1 : 0;
        if (is_listed(plain, (enum action)i)) {
            bool is_off = action_changes_run((enum action)i) && plain->client->is_read_only;
            words_say(&plain->out, "%zu %s%s%s: %s%s", number, spec->name,
                      spec->operands[0] == '\0' ? "" : " ", spec->operands, spec->sentence,
                      is_off ? ", which is off: read-only" : "");
        }
    }
}
