/* Lines to commands and answers, and what is said first. */
#include "tui/plain_talk.h"

#include "core/base/alloc.h"
#include "tui/control.h"
#include "tui/plain_words.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 64 << 20 };

void plain_init(struct plain *plain, struct client *client, int utc_offset_s)
{
    *plain = (struct plain){.client = client};
    buf_init(&plain->out, OUT_MAX);
    plain->ui.client = client;
    plain->ui.utc_offset_s = utc_offset_s;
    log_view_init(&plain->ui.log);
    plain->ui.log.hides_times = !config_bool(client->app->config, CONFIG_console_times);
    settings_init(&plain->ui.settings, client->app->config, &client->app->request);
}

void plain_done(struct plain *plain)
{
    dialog_close(&plain->ui.dialog);
    log_view_done(&plain->ui.log);
    log_save_done(&plain->ui.save);
    audit_done(&plain->ui.audit);
    settings_done(&plain->ui.settings);
    buf_done(&plain->out);
}

void plain_greet(struct plain *plain)
{
    const struct client *client = plain->client;
    if (client->has_run) {
        words_status(&plain->ui, &plain->out);
    } else {
        words_say(&plain->out, "environment %s, %s", ui_environment(&plain->ui),
                  client->awaited_number != 0 ? "a run is being started"
                                              : "there is no run yet; new_run starts one");
    }
    words_say(&plain->out, "help lists the commands, quit leaves; leaving never stops a run");
}

void plain_message(struct plain *plain)
{
    char *message = plain->ui.message;
    if (message[0] != '\0') {
        words_say(&plain->out, "%s", message);
        message[0] = '\0';
    }
}

/* ---- commands */
static bool own_command(struct plain *plain, struct str word)
{
    size_t count = 0;
    const struct plain_command *commands = plain_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, str_from(commands[i].name))) {
            commands[i].say(plain);
            return true;
        }
    }
    return false;
}

/* The keys of a screen start where panes are; a line starts at the log of the chosen stage. */
static void begin_at_log(struct ui *ui)
{
    ui->page = PAGE_RUN;
    ui->focus = FOCUS_LOG;
    ui->is_zoomed = false;
    ui->message[0] = '\0';
    ui->is_alert = false;
}

static void carry_out(struct plain *plain, enum action action, const char *line)
{
    struct ui *ui = &plain->ui;
    struct act act = {.ui = ui, .client = plain->client, .operand = ""};
    log_view_fit(&ui->log, LOG_LINE_MAX, PLAIN_PAGE_LINES);
    palette_run(&act, line);
    plain->wish = act.wish;
    ui->palette.is_open = false;
    plain_message(plain);
    if (ui->dialog.kind != DIALOG_NONE) {
        plain_ask(plain);
    } else if (!ui->is_alert && !prompt_is_open(&ui->prompt)) {
        plain_voice(plain, action);
    }
}

static void command(struct plain *plain, const char *line)
{
    struct ui *ui = &plain->ui;
    struct act act = {.ui = ui, .client = plain->client, .operand = ""};
    enum action action = ACTION_NONE;
    struct str operand;
    begin_at_log(ui);
    if (own_command(plain, str_from(line))) {
        return;
    }
    if (!palette_parse(&act, line, &action, &operand)) {
        words_say(&plain->out, "%s; help lists the commands", ui->message);
    } else if (plain_screen_only(action) != NULL) {
        words_say(&plain->out, "%s is for a screen: %s", action_spec(action)->name,
                  plain_screen_only(action));
    } else {
        carry_out(plain, action, line);
    }
}

/* "7 train" becomes the name with that number in the list, and "train". */
static char *with_name(struct str line)
{
    struct str rest;
    struct str word = str_split(line, ' ', &rest);
    uint64_t number = 0;
    const char *name = str_to_u64(word, &number) ? plain_numbered(number) : NULL;
    return name == NULL    ? xmemdup0(line.ptr, line.len)
           : rest.len == 0 ? xstrdup(name)
                           : xasprintf("%s %.*s", name, STR_ARG(rest));
}

static void empty_line(struct plain *plain)
{
    if (plain->is_following) {
        plain_log_follow(plain);
    } else {
        command(plain, "status");
    }
}

void plain_line(struct plain *plain, struct str line)
{
    line = str_trim(line);
    plain->wish = ACT_STAY;
    plain->ui.now_ms = client_now_ms(plain->client);
    if (plain_question(plain) != NULL) {
        plain_answer(plain, line);
    } else if (line.len == 0) {
        empty_line(plain);
    } else {
        char *text = with_name(line);
        command(plain, text);
        free(text);
    }
}

bool plain_interrupt(struct plain *plain)
{
    bool was_asked = plain->is_asked_to_end;
    if (plain_question(plain) != NULL && !was_asked) {
        plain_drop_question(plain);
    } else if (plain->is_following || plain->is_waiting) {
        words_say(&plain->out, plain->is_following ? "the log is not followed any more"
                                                   : "not waiting any more");
        plain->is_following = false;
        plain->is_waiting = false;
    } else {
        plain->is_asked_to_end = true;
    }
    return was_asked;
}
