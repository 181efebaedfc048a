/* ncurses behind our own words, and the way back to a sane terminal from everywhere. */
#include "tui/term.h"

#include "core/base/alloc.h"
#include "tui/keymap.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { ESC_DELAY_MS = 25, RESTORE_MAX = 256, GLYPH_PARTS = CELL_MARKS + 2 };
enum { FATAL_STACK = 64 << 10, ASCII_MAX = 0x7f, FIRST_PAIR = 1 };

/* Crashes, and what ends a program that expects none of it. */
static const int fatal_signals[] = {
    SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,    SIGILL,  SIGSYS,  SIGTRAP,
    SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ,
};
enum { FATAL_COUNT = sizeof(fatal_signals) / sizeof(fatal_signals[0]) };

static struct {
    bool is_open;
    SCREEN *curses;
    struct termios saved;
    char restore[RESTORE_MAX]; /* bytes that leave the alternate screen */
    size_t restore_len;
    size_t margins_len; /* the first of them: they make the whole screen scroll */
    attr_t attributes[ROLE_COUNT];
    int pairs[ROLE_COUNT];
    enum color_depth depth;
    struct cell *shown; /* as the terminal shows it */
    int cols, rows;
    struct sigaction before[FATAL_COUNT];
    void *stack; /* for handlers: the crash may be an overflow of the other one */
    stack_t stack_before;
} term;

/* ---- the way back; only async-signal-safe calls */
static void send_restore(size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t put = write(STDOUT_FILENO, term.restore + done, len - done);
        if (put <= 0) {
            break;
        }
        done += (size_t)put;
    }
}

static void restore_now(void)
{
    if (term.is_open) {
        send_restore(term.restore_len);
        tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
        term.is_open = false;
    }
}

static void on_fatal(int signum)
{
    restore_now();
    signal(signum, SIG_DFL);
    raise(signum);
}

static void watch_fatal(void)
{
    struct sigaction action = {.sa_handler = on_fatal,
                               .sa_flags = (int)(SA_ONSTACK | SA_NODEFER | SA_RESETHAND)};
    term.stack = xmalloc(FATAL_STACK);
    stack_t stack = {.ss_sp = term.stack, .ss_size = FATAL_STACK};
    sigaltstack(&stack, &term.stack_before);
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        sigaction(fatal_signals[i], &action, &term.before[i]);
    }
    alloc_set_fatal_hook(restore_now);
}

static void unwatch_fatal(void)
{
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        sigaction(fatal_signals[i], &term.before[i], NULL);
    }
    sigaltstack(&term.stack_before, NULL);
    free(term.stack);
    term.stack = NULL;
    alloc_set_fatal_hook(NULL);
}

static const char *capability(const char *name)
{
    const char *bytes = tigetstr(name);
    return bytes == NULL || bytes == (const char *)-1 ? "" : bytes;
}

static void remember(const char *bytes)
{
    size_t len = strlen(bytes);
    if (term.restore_len + len < RESTORE_MAX) {
        memcpy(term.restore + term.restore_len, bytes, len);
        term.restore_len += len;
    }
}

/* curses resets the margins to the size it knows, which a resize under way has made wrong; setting
 * them moves the cursor. */
static void remember_all(void)
{
    term.restore_len = 0;
    if (strncmp(capability("csr"), "\033[", 2) == 0) {
        remember(capability("sc"));
        remember("\033[r");
        remember(capability("rc"));
    }
    term.margins_len = term.restore_len;
    remember(capability("sgr0"));
    remember(capability("rmkx"));
    remember(capability("cnorm"));
    remember(capability("rmcup"));
}

/* ---- opening and closing */
bool term_check(struct error *err)
{
    const char *name = getenv("TERM");
    int status = 0;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return error_set(err, ERROR_PERMANENT, "no_terminal",
                         "the console needs a terminal; without one run the pipeline with "
                         "gatehouse --batch, or follow a run with gatehouse watch");
    }
    if (name == NULL || *name == '\0' || strcmp(name, "dumb") == 0 ||
        setupterm(name, STDOUT_FILENO, &status) != OK) {
        return error_set(err, ERROR_PERMANENT, "no_terminal",
                         "the terminal \"%s\" cannot show the console (TERM); run the pipeline "
                         "with gatehouse --batch, or follow a run with gatehouse watch",
                         name == NULL ? "" : name);
    }
    const char *cup = tigetstr("cup");
    bool can_move = cup != NULL && cup != (const char *)-1;
    del_curterm(cur_term); /* term_open makes its own */
    if (!can_move) {
        return error_set(err, ERROR_PERMANENT, "no_terminal",
                         "the terminal \"%s\" cannot move its cursor; run the pipeline with "
                         "gatehouse --batch",
                         name);
    }
    return true;
}

/* ---- colours */
static bool has_direct_colors(void)
{
    return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || tigetflag("Tc") > 0;
}

static void apply_look(const struct look *look, enum role role)
{
    attr_t attributes = 0;
    attributes |= (look->attributes & STYLE_BOLD) != 0 ? A_BOLD : 0;
    attributes |= (look->attributes & STYLE_DIM) != 0 ? A_DIM : 0;
    attributes |= (look->attributes & STYLE_UNDERLINE) != 0 ? A_UNDERLINE : 0;
    attributes |= (look->attributes & STYLE_REVERSE) != 0 ? A_REVERSE : 0;
    bool is_colored =
        look->foreground != COLOR_OF_TERMINAL || look->background != COLOR_OF_TERMINAL;
    term.pairs[role] = 0;
    if (is_colored) {
        int pair = (int)role + FIRST_PAIR;
        init_extended_pair(pair, look->foreground, look->background);
        term.pairs[role] = pair;
    }
    term.attributes[role] = attributes;
}

void term_set_theme(const struct theme *theme)
{
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct look look = theme_look(theme, (enum role)i, term.depth);
        apply_look(&look, (enum role)i);
    }
    term_forget();
}

static void start_colors(const struct color_wish *wish)
{
    struct color_wish whole = *wish;
    bool has_pairs =
        start_color() == OK && use_default_colors() == OK && COLOR_PAIRS >= ROLE_COUNT + FIRST_PAIR;
    whole.terminal_colors = has_pairs ? COLORS : 0;
    whole.has_direct = has_direct_colors();
    term.depth = color_depth_of(&whole);
}

static void set_modes(void)
{
    raw(); /* ^C, ^Z and ^S are keys like others */
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESC_DELAY_MS);
    leaveok(stdscr, TRUE);
    curs_set(0);
}

bool term_open(const struct theme *theme, const struct color_wish *wish, struct error *err)
{
    if (!term_check(err)) {
        return false;
    }
    tcgetattr(STDIN_FILENO, &term.saved);
    term.curses = newterm(NULL, stdout, stdin);
    if (term.curses == NULL) {
        return error_set(err, ERROR_PERMANENT, "no_terminal", "the terminal cannot be set up");
    }
    remember_all();
    term.is_open = true;
    watch_fatal();
    set_modes();
    start_colors(wish);
    term_set_theme(theme);
    return true;
}

static void leave_curses(void)
{
    send_restore(term.margins_len);
    endwin();
    tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
    term.is_open = false;
}

void term_close(void)
{
    if (term.curses == NULL) {
        return;
    }
    leave_curses();
    unwatch_fatal();
    delscreen(term.curses);
    term.curses = NULL;
    free(term.shown);
    term.shown = NULL;
}

bool term_is_ascii(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void term_size(int *out_cols, int *out_rows)
{
    struct winsize size;
    bool is_known =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *out_cols = is_known ? size.ws_col : 80;
    *out_rows = is_known ? size.ws_row : 24;
    *out_cols = *out_cols > SCREEN_MAX ? SCREEN_MAX : *out_cols;
    *out_rows = *out_rows > SCREEN_MAX ? SCREEN_MAX : *out_rows;
}

/* ---- showing */
static void put_cell(int x, int y, const struct cell *cell)
{
    wchar_t text[GLYPH_PARTS] = {(wchar_t)cell->glyph};
    attr_t attributes = term.attributes[cell->role];
    int pair = term.pairs[cell->role];
    cchar_t shown;
    for (int i = 0; i < CELL_MARKS; i++) {
        text[i + 1] = (wchar_t)cell->marks[i];
    }
    if (cell->is_selected) {
        bool is_loud = (attributes & A_REVERSE) != 0; /* keep what is reverse already */
        attributes |= term.attributes[ROLE_SELECTED];
        pair = is_loud ? pair : term.pairs[ROLE_SELECTED];
    }
    setcchar(&shown, text, attributes, (short)pair, &pair);
    mvadd_wchnstr(y, x, &shown, 1);
}

static bool cells_equal(const struct cell *a, const struct cell *b)
{
    return a->glyph == b->glyph && a->role == b->role && a->is_selected == b->is_selected &&
           memcmp(a->marks, b->marks, sizeof(a->marks)) == 0;
}

/* A changed cell beside a wide character: both halves are put again. */
static bool must_put(const struct screen *screen, int x, int y, int index)
{
    const struct cell *now = screen_cell(screen, x, y);
    if (!cells_equal(now, &term.shown[index])) {
        return true;
    }
    bool was_wide = x + 1 < screen->cols &&
                    (screen_cell(screen, x + 1, y)->glyph == 0 || term.shown[index + 1].glyph == 0);
    bool follows_wide = x > 0 && term.shown[index].glyph != 0 &&
                        !cells_equal(screen_cell(screen, x - 1, y), &term.shown[index - 1]);
    return (was_wide && !cells_equal(screen_cell(screen, x + 1, y), &term.shown[index + 1])) ||
           follows_wide;
}

static void make_room(const struct screen *screen)
{
    size_t count = (size_t)screen->cols * (size_t)screen->rows;
    if (term.shown != NULL && term.cols == screen->cols && term.rows == screen->rows) {
        return;
    }
    free(term.shown);
    term.shown = xcalloc(count, sizeof(*term.shown));
    memset(term.shown, 0xff, count * sizeof(*term.shown));
    if (term.rows != screen->rows || term.cols != screen->cols || LINES != screen->rows ||
        COLS != screen->cols) {
        resizeterm(screen->rows, screen->cols);
    }
    term.cols = screen->cols;
    term.rows = screen->rows;
    clearok(stdscr, TRUE);
}

void term_show(const struct screen *screen)
{
    make_room(screen);
    for (int y = 0; y < screen->rows; y++) {
        for (int x = 0; x < screen->cols; x++) {
            int index = y * screen->cols + x;
            const struct cell *cell = screen_cell(screen, x, y);
            if (cell->glyph != 0 && must_put(screen, x, y, index)) {
                put_cell(x, y, cell);
            }
        }
    }
    memcpy(term.shown, screen->cells,
           (size_t)screen->cols * (size_t)screen->rows * sizeof(*term.shown));
    refresh();
}

void term_forget(void)
{
    free(term.shown);
    term.shown = NULL;
}

/* ---- keys */
static uint32_t special_key(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } table[] = {
        {KEY_UP, INPUT_UP_ARROW},       {KEY_DOWN, INPUT_DOWN_ARROW}, {KEY_LEFT, INPUT_LEFT_ARROW},
        {KEY_RIGHT, INPUT_RIGHT_ARROW}, {KEY_PPAGE, INPUT_PAGE_UP},   {KEY_NPAGE, INPUT_PAGE_DOWN},
        {KEY_HOME, INPUT_TO_START},     {KEY_END, INPUT_TO_END},      {KEY_BTAB, INPUT_BACK_TAB},
        {KEY_BACKSPACE, INPUT_RUBOUT},  {KEY_ENTER, INPUT_ENTER},     {KEY_IC, INPUT_INSERT},
        {KEY_DC, INPUT_DELETE},
    };
    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        return INPUT_F1 + (uint32_t)(code - KEY_F(1));
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].code == code) {
            return table[i].key;
        }
    }
    return INPUT_UNKNOWN;
}

/* curses hides the end of file: a terminal that hung up is readable but gives nothing. */
static bool has_hung_up(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static uint32_t key_of(int kind, wint_t code)
{
    if (kind == KEY_CODE_YES) {
        return special_key(code);
    }
    if (code == 0x7f || code == 0x08) {
        return INPUT_RUBOUT;
    }
    return code == '\n' ? INPUT_ENTER : (uint32_t)code;
}

bool term_key(uint32_t *out_key, bool *out_is_gone)
{
    wint_t code = 0;
    int kind = get_wch(&code);
    *out_is_gone = false;
    if (kind == ERR) {
        *out_is_gone = has_hung_up();
        return false;
    }
    *out_key = key_of(kind, code);
    if (*out_key == INPUT_ESC && (kind = get_wch(&code)) != ERR) {
        if (kind != KEY_CODE_YES && code == INPUT_ESC) {
            unget_wch((wchar_t)code);
        } else {
            *out_key = key_of(kind, code) | INPUT_META;
        }
    }
    return true;
}

/* ---- suspending */
void term_suspend(void)
{
    leave_curses();
}

void term_resume(void)
{
    term.is_open = true;
    reset_prog_mode();
    term_forget();
    clearok(stdscr, TRUE);
    refresh();
}
