/* What is said of a run by itself: every move of a stage, commands that are answered, the end; of
 * progress at most a word a minute. */
#include "core/view/text.h"
#include "tui/plain_talk.h"
#include "tui/plain_words.h"

#include <stdio.h>
#include <string.h>

/* ---- what was said */
static void take_note(struct plain_heard *heard, const struct client *client)
{
    const struct run *run = &client->view.run;
    memcpy(heard->run_id, run->id, sizeof(heard->run_id));
    for (size_t i = 0; i < run->dag->count; i++) {
        heard->states[i] = run->stages[i].state;
        heard->tries[i] = run->stages[i].try_number;
    }
    heard->run_state = run->state;
    heard->ended_ms = run->ended_ms;
    heard->verdict = run->verdict;
    heard->commands = client->view.command_count;
    heard->is_lost = client_is_lost(client);
}

/* ---- what is new */
static bool stage_news(struct plain *plain)
{
    const struct run *run = &plain->client->view.run;
    bool has_news = false;
    for (size_t i = 0; i < run->dag->count; i++) {
        bool is_same = plain->heard.states[i] == run->stages[i].state &&
                       plain->heard.tries[i] == run->stages[i].try_number;
        /* That stages wait for one that runs again goes without saying. */
        if (is_same || run->stages[i].state == STAGE_WAITING) {
            continue;
        }
        words_stage_news(&plain->ui, i, &plain->out);
        has_news = true;
    }
    return has_news;
}

static void command_news(struct plain *plain)
{
    const struct view *view = &plain->client->view;
    for (size_t i = plain->heard.commands; i < view->command_count; i++) {
        words_command(&plain->ui, &view->commands[i], &plain->out);
    }
}

static void begin_news(struct plain *plain)
{
    const struct run *run = &plain->client->view.run;
    bool is_new = run->state != plain->heard.run_state;
    if (is_new && (run->state == RUN_RUNNING || run->state == RUN_STOPPING)) {
        words_say(&plain->out, "run %lld is %s", (long long)run->number,
                  run->state == RUN_RUNNING ? "running" : "stopping");
    }
}

static void run_news(struct plain *plain)
{
    const struct client *client = plain->client;
    const struct run *run = &client->view.run;
    enum role role = ROLE_TEXT;
    if (run->verdict != plain->heard.verdict && run->verdict != VERDICT_NONE) {
        words_verdict(&plain->ui, &plain->out);
    }
    if (run_state_is_final(run->state) && run->ended_ms != plain->heard.ended_ms) {
        words_say(&plain->out, "run %lld is at rest: %s", (long long)run->number,
                  ui_run_word(&plain->ui, &role));
    }
    if (client_is_lost(client) && !plain->heard.is_lost) {
        words_say(&plain->out, "run %lld has lost its runner; retry makes another one go on",
                  (long long)run->number);
    }
}

static void progress_news(struct plain *plain, int64_t real_ms)
{
    const struct view *view = &plain->client->view;
    size_t stage = ui_current_stage(view);
    if (stage_state_is_active(view->run.stages[stage].state) &&
        real_ms - plain->heard.progress_ms >= PLAIN_PROGRESS_MS) {
        words_stage(&plain->ui, stage, &plain->out);
        plain->heard.progress_ms = real_ms;
    }
}

static void other_runs(struct plain *plain)
{
    const struct client *client = plain->client;
    int64_t newest = client->run_count == 0 ? 0 : client->runs[0].number;
    bool is_shown = client->has_run && client->view.run.number == newest;
    if (newest > plain->heard.newest && !is_shown) {
        words_say(&plain->out, "run %lld has started; run %lld goes to it", (long long)newest,
                  (long long)newest);
    }
    plain->heard.newest = newest;
}

static void this_run(struct plain *plain, int64_t real_ms)
{
    struct plain_heard *heard = &plain->heard;
    const struct client *client = plain->client;
    if (strcmp(heard->run_id, client->view.run.id) != 0) { /* another one: it was started by us */
        words_status(&plain->ui, &plain->out);
        heard->progress_ms = real_ms;
    } else {
        command_news(plain);
        begin_news(plain);
        if (stage_news(plain)) {
            heard->progress_ms = real_ms;
        }
        progress_news(plain, real_ms);
        run_news(plain);
    }
    take_note(heard, client);
}

void plain_heard_all(struct plain *plain, int64_t real_ms)
{
    const struct client *client = plain->client;
    if (client->has_run) {
        take_note(&plain->heard, client);
    }
    plain->heard.newest = client->run_count == 0 ? 0 : client->runs[0].number;
    plain->heard.progress_ms = real_ms;
}

void plain_news(struct plain *plain, int64_t real_ms)
{
    plain_message(plain);
    other_runs(plain);
    if (plain->client->has_run) {
        this_run(plain, real_ms);
    }
    if (plain->is_following) {
        plain_log_news(plain);
    }
    plain->is_waiting = plain->is_waiting && client_is_live(plain->client);
}
