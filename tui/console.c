/* Wakes for keys, for news of the store and the log, and once a second while a run is alive; draws
 * once after each batch of them. With nothing alive it sleeps. */
#include "tui/console.h"

#include "core/app/client.h"
#include "core/base/clock.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"
#include "tui/appearance.h"
#include "tui/control.h"
#include "tui/log_saver.h"
#include "tui/session.h"
#include "tui/term.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MS = 100,       /* news are drawn at most this often */
    RESIZE_MS = 40,       /* a storm of resizes is one ... */
    RESIZE_MOST_MS = 200, /* ... but something is shown now and then */
    CHORD_MS = 2000,      /* a chord that was begun waits so long for its next key */
    LOG_REST_MS = 1,      /* between slices of work on the log: keys come in between */
    KEYS_PER_TURN = 4096,
    COPY_MAX = 1 << 24,
    SIGNAL_EXIT = 128,
    SIGNALS_MAX = 8,
};

struct console {
    struct app *app;
    struct client client;
    struct ui ui;
    struct appearance appearance;
    struct screen screen;
    struct loop *loop;
    struct fd_watch *keys;
    struct file_watch *store_watch, *log_watch, *watchers_watch;
    char *log_folder; /* watched by log_watch */
    struct timer *tick, *frame, *resize, *chord, *log_work;
    struct log_saver saver;
    struct signal_watch *signals[SIGNALS_MAX];
    size_t signal_count;
    int64_t resized_ms; /* monotonic, of the first resize that was not drawn yet; 0: none */
    int64_t live_run;   /* number of the run that is shown, while it is not at its end */
    int64_t framed_ms;  /* monotonic, of the latest frame that news caused */
    int64_t newest;     /* number of the newest run known */
    int64_t started;    /* number of the run this console was to start; 0: none */
    int exit_code;
    bool is_leaving;
};

static void draw(struct console *console)
{
    console->ui.now_ms = client_now_ms(&console->client);
    if (console->resized_ms != 0) {
        return; /* the terminal has another size than the screen: soon */
    }
    if (console->ui.settings.is_due) {
        appearance_apply(&console->appearance);
    }
    ui_draw(&console->ui, &console->screen);
    appearance_title(&console->appearance);
    term_show(&console->screen);
}

static void leave(struct console *console, int code)
{
    console->exit_code = code;
    console->is_leaving = true;
    loop_stop(console->loop);
}

/* ---- news */
static void on_news(void *context);

static void draw_soon(struct console *console)
{
    if (!timer_is_armed(console->frame)) {
        int64_t now_ms = clock_system()->monotonic_ms(clock_system());
        timer_arm(console->frame, console->framed_ms + FRAME_MS - now_ms);
    }
}

static void watch_files(struct console *console)
{
    struct error err;
    const struct client *client = &console->client;
    if (console->store_watch == NULL && client_watch_path(client) != NULL) {
        console->store_watch =
            file_watch_new(console->loop, client_watch_path(client), on_news, console, &err);
    }
    if (console->watchers_watch == NULL && client->watchers.fd >= 0) {
        console->watchers_watch =
            file_watch_new(console->loop, client->watchers.folder, on_news, console, &err);
    }
    if (!client->has_run) {
        return;
    }
    char *folder = client_log_folder(client);
    bool is_watched = console->log_watch != NULL && console->log_folder != NULL &&
                      strcmp(folder, console->log_folder) == 0;
    if (is_watched) {
        free(folder);
        return;
    }
    file_watch_free(console->log_watch);
    free(console->log_folder);
    console->log_folder = folder;
    console->log_watch = file_watch_new(console->loop, folder, on_news, console, &err);
}

static void arm_tick(struct console *console)
{
    int64_t wait_ms = client_wait_ms(&console->client);
    if (wait_ms >= 0) {
        bool is_replay = console->client.replay != NULL;
        timer_arm(console->tick, is_replay && wait_ms < FRAME_MS ? FRAME_MS : wait_ms);
    }
}

static void notice_the_end(struct console *console)
{
    const struct client *client = &console->client;
    if (!client->has_run || client->replay != NULL) {
        return;
    }
    const struct run *run = &client->view.run;
    bool is_final = run_state_is_final(run->state);
    if (is_final && console->live_run == run->number) {
        appearance_notify(&console->appearance);
    }
    console->live_run = is_final ? 0 : run->number;
}

static void greet_new_run(struct console *console)
{
    const struct client *client = &console->client;
    if (client->run_count == 0 || client->runs[0].number <= console->newest) {
        return;
    }
    bool is_shown = client->has_run && client->view.run.number == client->runs[0].number;
    if (console->newest > 0 && !is_shown) {
        act_say(&console->ui, false, "run %04lld has started: H, Enter shows it",
                (long long)client->runs[0].number);
    }
    console->newest = client->runs[0].number;
}

/* A slice of indexing and searching; the next one waits for keys that have come meanwhile. */
static void work_on_log(void *context)
{
    struct console *console = context;
    struct log_work work = log_view_work(&console->ui.log, clock_system());
    if (work.is_in_vain) {
        act_say(&console->ui, false, "there is no such line in the log");
    }
    if (work.has_news) {
        draw_soon(console);
    }
    if (work.has_more) {
        timer_arm(console->log_work, LOG_REST_MS);
    }
}

/* Keys may have asked for something that takes longer than a key may. */
static void begin_log_work(struct console *console)
{
    if (!timer_is_armed(console->log_work)) {
        timer_arm(console->log_work, LOG_REST_MS);
    }
    log_saver_go(&console->saver, console->loop);
}

static void on_log_saved(void *context)
{
    struct console *console = context;
    draw_soon(console);
    if (console->is_leaving) {
        loop_stop(console->loop);
    }
}

static void refresh_run(struct console *console)
{
    session_refresh(&console->ui, &console->client);
    notice_the_end(console);
    greet_new_run(console);
    work_on_log(console);
    watch_files(console);
    arm_tick(console);
}

static void on_frame(void *context)
{
    struct console *console = context;
    console->framed_ms = clock_system()->monotonic_ms(clock_system());
    refresh_run(console);
    draw(console);
}

static void on_news(void *context)
{
    draw_soon(context);
}

static void on_tick(void *context)
{
    refresh_run(context);
    draw(context);
}

/* ---- the terminal */
static void on_resize(void *context)
{
    struct console *console = context;
    int cols = 0, rows = 0;
    console->resized_ms = 0;
    term_size(&cols, &rows);
    screen_resize(&console->screen, cols, rows);
    term_forget();
    draw(console);
}

static void suspend(struct console *console)
{
    struct sigaction ours, standard = {.sa_handler = SIG_DFL};
    term_suspend();
    sigaction(SIGTSTP, &standard, &ours);
    kill(0, SIGTSTP); /* the whole job, as the terminal would */
    sigaction(SIGTSTP, &ours, NULL);
    term_resume();
    on_resize(console);
    draw_soon(console);
}

static void obey(struct console *console, enum act_wish wish)
{
    switch (wish) {
    case ACT_STAY:
        break;
    case ACT_LEAVE:
        leave(console, EXIT_CODE_OK);
        break;
    case ACT_SUSPEND:
        suspend(console);
        break;
    case ACT_REPAINT:
        term_forget();
        break;
    case ACT_COPY: {
        struct buf text;
        buf_init(&text, COPY_MAX);
        screen_text(&console->screen, &text);
        free(console->ui.copy);
        console->ui.copy = buf_take(&text);
        break;
    }
    }
}

static void on_theme(void *context)
{
    draw(context);
}

static void on_chord(void *context)
{
    struct console *console = context;
    control_drop_chord(&console->ui);
    draw(console);
}

static void arm_chord(struct console *console)
{
    if (console->ui.pending.count > 0) {
        timer_arm(console->chord, CHORD_MS);
    } else {
        timer_disarm(console->chord);
    }
}

static void press(struct console *console, uint32_t key)
{
    if (key == INPUT_POINTER) {
        control_point(&console->ui, &console->client, &console->screen, term_pointer());
    } else {
        obey(console, control_key(&console->ui, &console->client, key));
    }
    if (console->ui.copy != NULL) {
        appearance_copy(&console->appearance);
    }
}

static void on_keys(void *context, bool is_readable, bool is_writable)
{
    struct console *console = context;
    uint32_t key = 0;
    bool is_gone = false;
    (void)is_writable;
    for (int i = 0; is_readable && i < KEYS_PER_TURN && term_key(&key, &is_gone); i++) {
        press(console, key);
        if (console->is_leaving) {
            return; /* what was typed ahead is for the shell */
        }
    }
    if (is_gone) {
        leave(console, SIGNAL_EXIT + SIGHUP);
        return;
    }
    arm_chord(console);
    if (console->ui.log.file.lines == 0) {
        work_on_log(console); /* another log was opened: it is not shown empty first */
    }
    begin_log_work(console);
    watch_files(console);
    arm_tick(console);
    draw(console);
}

static void await_resize(struct console *console)
{
    int64_t now_ms = clock_system()->monotonic_ms(clock_system());
    console->resized_ms = console->resized_ms == 0 ? now_ms : console->resized_ms;
    int64_t left_ms = console->resized_ms + RESIZE_MOST_MS - now_ms;
    timer_arm(console->resize, left_ms < 0 ? 0 : left_ms < RESIZE_MS ? left_ms : RESIZE_MS);
}

static void on_signal(void *context, int signum)
{
    struct console *console = context;
    switch (signum) {
    case SIGWINCH:
        await_resize(console);
        break;
    case SIGTSTP:
        suspend(console);
        break;
    case SIGCONT:
        term_resume();
        on_resize(console);
        draw_soon(console);
        break;
    default:
        leave(console, SIGNAL_EXIT + signum);
        break;
    }
}

/* Before the terminal is opened: curses takes over only signals that nobody wants. */
static void watch_signals(struct console *console)
{
    static const int wanted[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        console->signals[console->signal_count++] =
            signal_watch_new(console->loop, wanted[i], on_signal, console);
    }
}

/* ---- starting and leaving */
static void start(struct console *console)
{
    int cols = 0, rows = 0;
    console->loop = loop_new();
    console->tick = timer_new(console->loop, on_tick, console);
    console->frame = timer_new(console->loop, on_frame, console);
    console->resize = timer_new(console->loop, on_resize, console);
    console->chord = timer_new(console->loop, on_chord, console);
    console->log_work = timer_new(console->loop, work_on_log, console);
    console->saver = (struct log_saver){&console->ui, on_log_saved, console, .work = {{0}}};
    watch_signals(console);
    term_size(&cols, &rows);
    screen_init(&console->screen, cols, rows,
                term_is_ascii() || config_bool(console->app->config, CONFIG_console_ascii));
    settings_init(&console->ui.settings, console->app->config, &console->app->request);
    console->appearance.loop = console->loop;
    console->ui.client = &console->client;
    bindings_init(&console->ui.bindings, console->app->config);
    control_load_history(&console->ui, &console->client);
    console->ui.utc_offset_s = session_utc_offset_s();
    log_view_init(&console->ui.log);
}

static void finish(struct console *console)
{
    for (size_t i = 0; i < console->signal_count; i++) {
        signal_watch_free(console->signals[i]);
    }
    fd_watch_free(console->keys);
    file_watch_free(console->store_watch);
    file_watch_free(console->log_watch);
    file_watch_free(console->watchers_watch);
    timer_free(console->tick);
    timer_free(console->frame);
    timer_free(console->resize);
    timer_free(console->chord);
    timer_free(console->log_work);
    appearance_close(&console->appearance);
    loop_free(console->loop);
    dialog_close(&console->ui.dialog);
    bindings_done(&console->ui.bindings);
    log_view_done(&console->ui.log);
    log_save_done(&console->ui.save);
    palette_done(&console->ui.palette);
    audit_done(&console->ui.audit);
    settings_done(&console->ui.settings);
    free(console->ui.copy);
    screen_done(&console->screen);
    free(console->log_folder);
}

static int show(struct console *console)
{
    struct error err;
    start(console);
    if (appearance_open(&console->appearance, &err)) {
        console->keys = fd_watch_new(console->loop, term_fd(), on_keys, console);
        fd_watch_set(console->keys, true, false);
        refresh_run(console);
        draw(console);
        loop_run(console->loop);
        fd_watch_free(console->keys);
        console->keys = NULL;
        appearance_close(&console->appearance);
        log_saver_finish(&console->saver, console->loop);
        console->exit_code = session_close(&console->client, console->started, console->exit_code);
    } else {
        complain("%s", err.message);
        console->exit_code = EXIT_CODE_USAGE;
    }
    finish(console);
    return console->exit_code;
}

int console_run(struct app *app)
{
    struct console console = {.app = app};
    struct error err;
    if (!term_check(&err)) {
        complain("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    console.appearance = (struct appearance){.app = app,
                                             .ui = &console.ui,
                                             .screen = &console.screen,
                                             .changed = on_theme,
                                             .context = &console};
    if (!appearance_load(&console.appearance, &err)) {
        complain("%s", err.message);
        return EXIT_CODE_CONFIG;
    }
    bool is_open = session_open(app, &console.client, &console.started, &err);
    console.newest = console.client.run_count > 0 ? console.client.runs[0].number : 0;
    code = is_open ? show(&console) : app_fail(&err, "");
    appearance_close(&console.appearance);
    client_done(&console.client);
    return code;
}
