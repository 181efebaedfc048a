/* Lines from standard input, news of the store, words to standard output. Editing a line is the
 * terminal's own business. */
#include "tui/plain.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"
#include "tui/log_saver.h"
#include "tui/plain_talk.h"
#include "tui/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BYTES = 4096,
    LINE_BYTES_MAX = 1 << 20,
    NEWS_MS = 200, /* news are said at most this often */
    TICK_MS = 1000,
    SIGNAL_EXIT = 128,
    SIGNALS_MAX = 6,
};

struct plain_loop {
    struct app *app;
    struct client client;
    struct plain plain;
    struct log_saver saver;
    struct loop *loop;
    struct fd_watch *lines; /* NULL: standard input cannot be watched */
    struct timer *reading;  /* then it is read by turns */
    struct timer *news, *tick;
    struct file_watch *store_watch, *log_watch;
    char *log_folder; /* watched by log_watch */
    struct signal_watch *signals[SIGNALS_MAX];
    size_t signal_count;
    struct buf input;
    int64_t started; /* number of the run this console was to start; 0: none */
    int exit_code;
    bool is_terminal;     /* standard input is one: prompts are shown */
    bool is_prompt_shown; /* and the cursor stands behind it */
    bool has_ended;       /* standard input */
    bool is_leaving;
};

static int64_t real_ms(void)
{
    return clock_system()->monotonic_ms(clock_system());
}

static void leave(struct plain_loop *all, int code)
{
    all->exit_code = code;
    all->is_leaving = true;
    loop_stop(all->loop);
}

/* ---- saying */
static void prompt(struct plain_loop *all)
{
    const char *question = plain_question(&all->plain);
    if (all->is_prompt_shown || all->plain.is_waiting || all->is_leaving ||
        (question == NULL && !all->is_terminal)) {
        return;
    }
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    buf_append_text(&text, question == NULL ? "gatehouse>" : question);
    if (text.len > 0 && strchr(":>", text.ptr[text.len - 1]) == NULL) {
        buf_append_char(&text, ':');
    }
    buf_append_char(&text, all->is_terminal ? ' ' : '\n');
    printer_bytes(&all->app->out, buf_str(&text));
    all->is_prompt_shown = all->is_terminal;
    buf_done(&text);
}

/* Words never stand behind a prompt: they begin a line, and the prompt comes again below. */
static void speak(struct plain_loop *all)
{
    struct buf *out = &all->plain.out;
    if (out->len > 0) {
        if (all->is_prompt_shown) {
            printer_bytes(&all->app->out, STR("\n"));
            all->is_prompt_shown = false;
        }
        printer_bytes(&all->app->out, buf_str(out));
        buf_reset(out);
    }
    prompt(all);
    if (all->app->out.is_gone || !printer_is_good(&all->app->out)) {
        leave(all, all->app->out.is_gone ? EXIT_CODE_OK : SIGNAL_EXIT + SIGHUP);
    }
}

/* ---- news */
static void on_news(void *context)
{
    struct plain_loop *all = context;
    if (!timer_is_armed(all->news)) {
        timer_arm(all->news, NEWS_MS);
    }
}

static void watch_files(struct plain_loop *all)
{
    struct error err;
    const struct client *client = &all->client;
    if (all->store_watch == NULL && client_watch_path(client) != NULL) {
        all->store_watch = file_watch_new(all->loop, client_watch_path(client), on_news, all, &err);
    }
    char *folder = client->has_run && all->plain.is_following ? client_log_folder(client) : NULL;
    bool is_same = folder == NULL ? all->log_folder == NULL
                                  : all->log_folder != NULL && strcmp(folder, all->log_folder) == 0;
    if (is_same) {
        free(folder);
        return;
    }
    file_watch_free(all->log_watch);
    free(all->log_folder);
    all->log_folder = folder;
    all->log_watch = folder == NULL ? NULL : file_watch_new(all->loop, folder, on_news, all, &err);
}

/* A replay goes by its own clock; a live run is looked after in case no news come. */
static void arm_tick(struct plain_loop *all)
{
    int64_t wait_ms = client_wait_ms(&all->client);
    if (wait_ms >= 0) {
        timer_arm(all->tick, all->client.replay != NULL && wait_ms < NEWS_MS ? NEWS_MS : wait_ms);
    }
}

static void take_lines(struct plain_loop *all);

static void refresh(struct plain_loop *all)
{
    session_refresh(&all->plain.ui, &all->client);
    plain_news(&all->plain, real_ms());
    watch_files(all);
    arm_tick(all);
    speak(all);
    take_lines(all); /* the run may be at rest now */
}

static void on_tick(void *context)
{
    refresh(context);
}

/* ---- lines */
/* The whole job, as the terminal would; without one nobody could bring it back. */
static void suspend(struct plain_loop *all)
{
    if (all->is_terminal) {
        kill(0, SIGTSTP);
    } else {
        buf_append_text(&all->plain.out, "there is no terminal to go back to\n");
    }
}

static void take_line(struct plain_loop *all, struct str line)
{
    all->is_prompt_shown = false; /* the terminal has gone to the next line */
    plain_line(&all->plain, line);
    session_refresh(&all->plain.ui, &all->client);
    log_saver_go(&all->saver, all->loop);
    watch_files(all);
    arm_tick(all);
    if (all->plain.wish == ACT_SUSPEND) {
        suspend(all);
    } else if (all->plain.wish == ACT_LEAVE) {
        leave(all, EXIT_CODE_OK);
    }
    speak(all);
}

/* All lines that are complete; what stands before the end of input is one, too. */
static void take_lines(struct plain_loop *all)
{
    struct buf *input = &all->input;
    while (!all->plain.is_waiting && !all->is_leaving && input->len > 0) {
        const char *end = memchr(input->ptr, '\n', input->len);
        if (end == NULL && !all->has_ended) {
            return;
        }
        size_t len = end == NULL ? input->len : (size_t)(end - input->ptr);
        char *line = xmemdup0(input->ptr, len);
        buf_consume(input, end == NULL ? len : len + 1);
        take_line(all, (struct str){line, len});
        free(line);
    }
    if (all->has_ended && all->client.replay != NULL && client_is_live(&all->client)) {
        all->plain.is_waiting = true; /* nobody says more, but it is not over yet */
    }
    if (all->has_ended && !all->plain.is_waiting && !all->is_leaving) {
        leave(all, EXIT_CODE_OK);
    }
}

static void read_lines(struct plain_loop *all)
{
    struct buf *input = &all->input;
    if (!buf_reserve(input, READ_BYTES)) {
        complain("a line of more than 1 MiB is no command");
        leave(all, EXIT_CODE_USAGE);
        return;
    }
    ssize_t got = read(STDIN_FILENO, input->ptr + input->len, READ_BYTES);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (got < 0) {
        leave(all, SIGNAL_EXIT + SIGHUP); /* the terminal is gone */
        return;
    }
    input->len += (size_t)got;
    all->has_ended = got == 0;
    take_lines(all);
}

static void on_lines(void *context, bool is_readable, bool is_writable)
{
    struct plain_loop *all = context;
    (void)is_writable;
    if (is_readable) {
        read_lines(all);
    }
    if (all->has_ended) {
        fd_watch_free(all->lines);
        all->lines = NULL;
    }
}

static void on_reading(void *context)
{
    struct plain_loop *all = context;
    read_lines(all);
    if (!all->has_ended && !all->is_leaving) {
        timer_arm(all->reading, 0);
    }
}

/* ---- signals */
static void on_signal(void *context, int signum)
{
    struct plain_loop *all = context;
    if (signum == SIGCONT) {
        all->is_prompt_shown = false;
        prompt(all);
    } else if (signum != SIGINT || !all->is_terminal || plain_interrupt(&all->plain)) {
        leave(all, SIGNAL_EXIT + signum);
    } else {
        printer_bytes(&all->app->out, STR("\n")); /* behind ^C */
        all->is_prompt_shown = false;
        speak(all);
    }
}

static void watch_signals(struct plain_loop *all)
{
    static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        all->signals[all->signal_count++] = signal_watch_new(all->loop, wanted[i], on_signal, all);
    }
}

/* ---- beginning and end */
static void on_saved(void *context)
{
    struct plain_loop *all = context;
    plain_message(&all->plain);
    speak(all);
}

/* A file or /dev/null is always readable, and the loop has no word for that. */
static bool can_be_watched(int fd)
{
    struct stat status;
    return isatty(fd) ||
           (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)));
}

static void start(struct plain_loop *all)
{
    all->loop = loop_new();
    all->news = timer_new(all->loop, on_tick, all);
    all->tick = timer_new(all->loop, on_tick, all);
    all->reading = timer_new(all->loop, on_reading, all);
    all->is_terminal = isatty(STDIN_FILENO) != 0;
    all->saver = (struct log_saver){.ui = &all->plain.ui, .ended = on_saved, .context = all};
    buf_init(&all->input, LINE_BYTES_MAX);
    watch_signals(all);
    if (can_be_watched(STDIN_FILENO)) {
        all->lines = fd_watch_new(all->loop, STDIN_FILENO, on_lines, all);
        fd_watch_set(all->lines, true, false);
    } else {
        timer_arm(all->reading, 0);
    }
    plain_init(&all->plain, &all->client, session_utc_offset_s());
}

static void finish(struct plain_loop *all)
{
    for (size_t i = 0; i < all->signal_count; i++) {
        signal_watch_free(all->signals[i]);
    }
    fd_watch_free(all->lines);
    file_watch_free(all->store_watch);
    file_watch_free(all->log_watch);
    timer_free(all->news);
    timer_free(all->tick);
    timer_free(all->reading);
    loop_free(all->loop);
    plain_done(&all->plain);
    buf_done(&all->input);
    free(all->log_folder);
}

static int talk(struct plain_loop *all)
{
    start(all);
    session_refresh(&all->plain.ui, &all->client);
    plain_heard_all(&all->plain, real_ms());
    plain_greet(&all->plain);
    watch_files(all);
    arm_tick(all);
    speak(all);
    if (!all->is_leaving) {
        loop_run(all->loop);
    }
    if (all->is_prompt_shown) {
        printer_bytes(&all->app->out, STR("\n"));
    }
    log_saver_finish(&all->saver, all->loop);
    int code = session_close(&all->client, all->started, all->exit_code);
    finish(all);
    return code;
}

int plain_run(struct app *app)
{
    struct plain_loop all = {.app = app};
    struct error err;
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    code = session_open(app, &all.client, &all.started, &err) ? talk(&all) : app_fail(&err, "");
    client_done(&all.client);
    return code;
}
