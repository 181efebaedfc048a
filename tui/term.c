/* ncurses behind our own words, and the way back to a sane terminal from everywhere. */
#include "tui/term.h"

#include "core/app/keys.h"
#include "core/base/alloc.h"
#include "tui/rescue.h"
#include "tui/shown.h"
#include "tui/terminfo.h"

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

enum {
    ESC_DELAY_MS = 25,
    GLYPH_PARTS = CELL_MARKS + 2,
    FIRST_PAIR = 1,
    FRAME_ROWS = 2, /* a change of so many rows needs no frame around it */
};
/* Codes of our own for what curses does not know, or does not do as we want it. */
enum { CODE_PASTE_BEGIN = KEY_MAX + 1, CODE_PASTE_END, CODE_POINTER, CODE_OLD_POINTER };

static struct {
    SCREEN *curses;
    int fd; /* see term_fd */
    bool is_emulator;
    bool modes[TERM_MODE_COUNT];
    bool is_suspended;
    char title[256];
    attr_t attributes[ROLE_COUNT];
    int pairs[ROLE_COUNT];
    enum color_depth depth;
    struct shown shown;
    struct pointer_report report; /* as far as it has arrived */
    struct pointer pointer;
} term;

static const char *capability(const char *name)
{
    const char *bytes = tigetstr(name);
    return bytes == (const char *)-1 ? NULL : bytes;
}

/* Without the pauses "$<5>" of old terminals. */
static void append_capability(const char *name, struct buf *out)
{
    const char *bytes = capability(name);
    for (const char *c = bytes; c != NULL && *c != '\0'; c++) {
        const char *end = c[0] == '$' && c[1] == '<' ? strchr(c, '>') : NULL;
        if (end != NULL) {
            c = end;
        } else {
            buf_append_char(out, *c);
        }
    }
}

/* curses resets the margins to the size it knows, which a resize under way has made wrong; setting
 * them moves the cursor. */
static void append_margins(struct buf *out)
{
    const char *margins = capability("csr");
    if (margins != NULL && strncmp(margins, "\033[", 2) == 0) {
        append_capability("sc", out);
        buf_append_text(out, "\033[r");
        append_capability("rc", out);
    }
}

/* What leaves all modes that are on, and the margins. */
static void append_leaving(struct buf *out)
{
    for (int i = 0; i < TERM_MODE_COUNT; i++) {
        buf_append_text(out, term.modes[i] ? term_mode_bytes((enum term_mode)i, false) : "");
    }
    append_margins(out);
}

static void prepare_rescue(void)
{
    struct buf bytes;
    buf_init(&bytes, RESCUE_BYTES_MAX);
    append_leaving(&bytes);
    append_capability("sgr0", &bytes);
    append_capability("rmkx", &bytes);
    append_capability("cnorm", &bytes);
    append_capability("rmcup", &bytes);
    rescue_set_bytes(buf_str(&bytes));
    buf_done(&bytes);
}

/* ---- modes */
bool term_is_emulator(void)
{
    return term.is_emulator;
}

void term_send(struct str bytes)
{
    if (term.is_emulator && rescue_is_armed()) {
        rescue_write(bytes);
    }
}

static void send_text(const char *text)
{
    term_send(str_from(text));
}

static void send_title(void)
{
    struct buf bytes;
    buf_init(&bytes, sizeof(term.title) * 4);
    manners_append_title(str_from(term.title), &bytes);
    term_send(buf_str(&bytes));
    buf_done(&bytes);
}

void term_set_mode(enum term_mode mode, bool is_on)
{
    if (!term.is_emulator || term.modes[mode] == is_on) {
        return;
    }
    if (is_on) { /* before it is sent: a signal may come between */
        term.modes[mode] = true;
        prepare_rescue();
    }
    if (mode != TERM_MODE_FRAME) {
        send_text(term_mode_bytes(mode, is_on));
    }
    term.modes[mode] = is_on;
    prepare_rescue();
    term.title[0] = mode == TERM_MODE_TITLE ? '\0' : term.title[0];
}

void term_set_title(const char *title)
{
    if (term.modes[TERM_MODE_TITLE] && strcmp(term.title, title) != 0) {
        snprintf(term.title, sizeof(term.title), "%s", title);
        send_title();
    }
}

void term_beep(void)
{
    beep();
}

/* ---- opening and closing */
bool term_check(struct error *err)
{
    const char *name = getenv("TERM");
    int status = 0;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return error_set(err, ERROR_PERMANENT, "no_terminal",
                         "the console needs a terminal; without one run the pipeline with "
                         "gatehouse --batch, follow a run with gatehouse watch, or use "
                         "gatehouse --plain");
    }
    if (name == NULL || *name == '\0' || strcmp(name, "dumb") == 0 ||
        setupterm(name, STDOUT_FILENO, &status) != OK) {
        return error_set(err, ERROR_PERMANENT, "no_terminal",
                         "the terminal \"%s\" cannot show the console (TERM); run the pipeline "
                         "with gatehouse --batch, or use gatehouse --plain",
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
    return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || capability("RGB") != NULL ||
           tigetflag("Tc") > 0;
}

/* Direct colours from 256 on: what is below means the palette. A colour that the palette holds
 * takes fewer bytes from there. */
static int curses_color(color_t color)
{
    if (color < COLOR_PALETTE) {
        return (int)color;
    }
    int rgb = (int)color_rgb(color);
    color_t nearest = color_nearest_256((uint32_t)rgb);
    bool is_exact = color_rgb(nearest) == (uint32_t)rgb;
    return is_exact ? (int)nearest : rgb < COLOR_PALETTE ? rgb | COLOR_PALETTE : rgb;
}

/* Roles of the same colours share a pair, so that curses need not change it between them. */
static int pair_of(const struct look *look, enum role role, const struct look *looks)
{
    for (int other = 0; other < (int)role; other++) {
        if (looks[other].foreground == look->foreground &&
            looks[other].background == look->background) {
            return term.pairs[other];
        }
    }
    int pair = (int)role + FIRST_PAIR;
    init_extended_pair(pair, curses_color(look->foreground), curses_color(look->background));
    return pair;
}

static attr_t attributes_of(const struct look *look)
{
    attr_t attributes = 0;
    attributes |= (look->attributes & STYLE_BOLD) != 0 ? A_BOLD : 0;
    attributes |= (look->attributes & STYLE_DIM) != 0 ? A_DIM : 0;
    attributes |= (look->attributes & STYLE_UNDERLINE) != 0 ? A_UNDERLINE : 0;
    attributes |= (look->attributes & STYLE_REVERSE) != 0 ? A_REVERSE : 0;
    return attributes;
}

void term_set_theme(const struct theme *theme)
{
    struct look looks[ROLE_COUNT];
    for (int i = 0; i < ROLE_COUNT; i++) {
        looks[i] = theme_look(theme, (enum role)i, term.depth);
        bool is_colored =
            looks[i].foreground != COLOR_OF_TERMINAL || looks[i].background != COLOR_OF_TERMINAL;
        term.attributes[i] = attributes_of(&looks[i]);
        term.pairs[i] = is_colored ? pair_of(&looks[i], (enum role)i, looks) : 0;
    }
    term_forget();
}

/* ---- a description with the colours that are wanted */
enum { CAPABILITIES_MAX = 512 };

static size_t count_names(NCURSES_CONST char *const *names)
{
    size_t count = 0;
    while (count < CAPABILITIES_MAX && names[count] != NULL) {
        count++;
    }
    return count;
}

/* The terminal's own description, from the current one, with direct colours put in. */
static bool describe_colored(const char *name, struct buf *out)
{
    bool flags[CAPABILITIES_MAX];
    int numbers[CAPABILITIES_MAX];
    const char *strings[CAPABILITIES_MAX];
    struct terminfo_entry entry = {
        .name = name,
        .flags = flags,
        .flag_count = count_names(boolnames),
        .numbers = numbers,
        .number_count = count_names(numnames),
        .strings = strings,
        .string_count = count_names(strnames),
        .has_rgb = true,
    };
    for (size_t i = 0; i < entry.flag_count; i++) {
        flags[i] = terminfo_direct_flag(boolnames[i], tigetflag(boolnames[i]) > 0);
    }
    for (size_t i = 0; i < entry.number_count; i++) {
        numbers[i] = terminfo_direct_number(numnames[i], tigetnum(numnames[i]));
    }
    for (size_t i = 0; i < entry.string_count; i++) {
        strings[i] = terminfo_direct_string(strnames[i], capability(strnames[i]));
    }
    return terminfo_print(&entry, out);
}

/* curses reads descriptions from the environment only. */
static SCREEN *new_colored(const char *name)
{
    struct buf description;
    const char *set = getenv("TERMINFO");
    char *before = set == NULL ? NULL : xstrdup(set);
    SCREEN *made = NULL;
    buf_init(&description, TERMINFO_LIMIT);
    if (describe_colored(name, &description)) {
        setenv("TERMINFO", buf_text(&description), 1);
        made = newterm(name, stdout, stdin);
        if (before == NULL) {
            unsetenv("TERMINFO");
        } else {
            setenv("TERMINFO", before, 1);
        }
    }
    buf_done(&description);
    free(before);
    return made;
}

static enum color_depth wanted_depth(const struct color_wish *wish, bool *out_is_own)
{
    struct color_wish whole = *wish;
    whole.terminal_colors = tigetnum("colors");
    whole.has_direct = has_direct_colors();
    enum color_depth depth = color_depth_of(&whole);
    int enough = depth == COLOR_DEPTH_8 ? 8 : COLOR_BASIC;
    *out_is_own =
        depth == COLOR_DEPTH_TRUE || (depth != COLOR_DEPTH_NONE && whole.terminal_colors < enough);
    return depth;
}

static enum color_depth limited_depth(enum color_depth depth)
{
    bool has_pairs =
        start_color() == OK && use_default_colors() == OK && COLOR_PAIRS >= ROLE_COUNT + FIRST_PAIR;
    enum color_depth most = !has_pairs                         ? COLOR_DEPTH_NONE
                            : COLORS >= TERMINFO_DIRECT_COLORS ? COLOR_DEPTH_TRUE
                            : COLORS >= COLOR_PALETTE          ? COLOR_DEPTH_256
                            : COLORS >= COLOR_BASIC            ? COLOR_DEPTH_16
                                                               : COLOR_DEPTH_8;
    return depth < most ? depth : most;
}

static bool open_curses(const struct color_wish *wish)
{
    const char *name = getenv("TERM");
    bool is_own = false;
    setupterm(name, STDOUT_FILENO, &(int){0}); /* term_check has seen that it can */
    TERMINAL *asked = cur_term;
    const char *mouse = capability("kmous");
    enum color_depth depth = wanted_depth(wish, &is_own);
    term.is_emulator = mouse != NULL && !str_starts_with(str_from(name), STR("linux"));
    term.curses = is_own ? new_colored(name) : NULL;
    if (term.curses == NULL) {
        term.curses = newterm(NULL, stdout, stdin);
    }
    TERMINAL *used = cur_term;
    if (asked != used) {
        del_curterm(asked);
        set_curterm(used);
    }
    if (term.curses != NULL) {
        term.depth = limited_depth(depth);
    }
    return term.curses != NULL;
}

/* ---- opening and closing, second part */
static void define_keys(void)
{
    if (term.is_emulator) {
        keyok(KEY_MOUSE, FALSE); /* curses would wait for clicks that belong together */
        define_key("\033[200~", CODE_PASTE_BEGIN);
        define_key("\033[201~", CODE_PASTE_END);
        define_key("\033[<", CODE_POINTER);
        define_key("\033[M", CODE_OLD_POINTER);
    }
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
    rescue_remember();
    if (!open_curses(wish)) {
        return error_set(err, ERROR_PERMANENT, "no_terminal", "the terminal cannot be set up");
    }
    int own = open("/proc/self/fd/0", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    term.fd = own < 0 ? STDIN_FILENO : own;
    prepare_rescue();
    rescue_arm();
    rescue_watch();
    set_modes();
    define_keys();
    term_set_theme(theme);
    term_set_mode(TERM_MODE_PASTE, true);
    return true;
}

void term_close(void)
{
    if (term.curses == NULL) {
        return;
    }
    term_suspend();
    rescue_unwatch();
    if (term.fd != STDIN_FILENO) {
        close(term.fd);
    }
    memset(term.modes, 0, sizeof(term.modes));
    delscreen(term.curses);
    term.curses = NULL;
    shown_forget(&term.shown);
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
    bool is_loud = (attributes & A_REVERSE) != 0; /* is kept as it is */
    if (cell->is_selected && term.pairs[ROLE_SELECTED] != 0 && !is_loud) {
        attributes = term.attributes[ROLE_SELECTED];
        pair = term.pairs[ROLE_SELECTED];
    } else if (cell->is_selected) {
        attributes |= term.attributes[ROLE_SELECTED];
    }
    setcchar(&shown, text, attributes, (short)pair, &pair);
    mvadd_wchnstr(y, x, &shown, 1);
}

static void make_room(const struct screen *screen)
{
    if (shown_fits(&term.shown, screen)) {
        return;
    }
    if (term.shown.rows != screen->rows || term.shown.cols != screen->cols ||
        LINES != screen->rows || COLS != screen->cols) {
        resizeterm(screen->rows, screen->cols);
    }
    shown_reset(&term.shown, screen);
    clearok(stdscr, TRUE);
}

static void put_changes(const struct screen *screen)
{
    for (int y = 0; y < screen->rows; y++) {
        for (int x = 0; x < screen->cols; x++) {
            const struct cell *cell = screen_cell(screen, x, y);
            if (cell->glyph != 0 && shown_must_put(&term.shown, screen, x, y)) {
                put_cell(x, y, cell);
            }
        }
    }
}

void term_show(const struct screen *screen)
{
    make_room(screen);
    bool has_frame =
        term.modes[TERM_MODE_FRAME] && shown_changed_rows(&term.shown, screen) > FRAME_ROWS;
    put_changes(screen);
    shown_take(&term.shown, screen);
    if (has_frame) {
        send_text(term_mode_bytes(TERM_MODE_FRAME, true));
    }
    refresh();
    if (has_frame) {
        send_text(term_mode_bytes(TERM_MODE_FRAME, false));
    }
}

void term_forget(void)
{
    shown_forget(&term.shown);
}

/* ---- keys */
static uint32_t special_key(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } table[] = {
        {KEY_UP, INPUT_UP_ARROW},
        {KEY_DOWN, INPUT_DOWN_ARROW},
        {KEY_LEFT, INPUT_LEFT_ARROW},
        {KEY_RIGHT, INPUT_RIGHT_ARROW},
        {KEY_PPAGE, INPUT_PAGE_UP},
        {KEY_NPAGE, INPUT_PAGE_DOWN},
        {KEY_HOME, INPUT_TO_START},
        {KEY_END, INPUT_TO_END},
        {KEY_BTAB, INPUT_BACK_TAB},
        {KEY_BACKSPACE, INPUT_RUBOUT},
        {KEY_ENTER, INPUT_ENTER},
        {KEY_IC, INPUT_INSERT},
        {KEY_DC, INPUT_DELETE},
        {CODE_PASTE_BEGIN, INPUT_PASTE_BEGIN},
        {CODE_PASTE_END, INPUT_PASTE_END},
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

int term_fd(void)
{
    return term.fd;
}

/* ---- the pointer */
struct pointer term_pointer(void)
{
    return term.pointer;
}

/* Reads one key; false: none, or only part of one, has arrived. */
static bool read_key(uint32_t *out_key, bool *out_is_nothing)
{
    wint_t code = 0;
    int kind = get_wch(&code);
    *out_is_nothing = kind == ERR;
    if (kind == ERR) {
        return false;
    }
    if (kind == KEY_CODE_YES && (code == CODE_POINTER || code == CODE_OLD_POINTER)) {
        pointer_begin(&term.report, code == CODE_OLD_POINTER);
        return false;
    }
    if (term.report.kind != POINTER_REPORT_NONE) {
        *out_key = INPUT_POINTER;
        return pointer_take(&term.report, kind == KEY_CODE_YES ? 0 : code, &term.pointer);
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

bool term_key(uint32_t *out_key, bool *out_is_gone)
{
    bool is_nothing = false;
    *out_is_gone = false;
    while (!read_key(out_key, &is_nothing)) {
        if (is_nothing) {
            *out_is_gone = has_hung_up();
            return false;
        }
    }
    return true;
}

/* ---- suspending */
void term_suspend(void)
{
    struct buf bytes;
    buf_init(&bytes, RESCUE_BYTES_MAX);
    append_leaving(&bytes);
    rescue_write(buf_str(&bytes));
    buf_done(&bytes);
    endwin();
    rescue_disarm();
    term.is_suspended = true;
}

/* Stopped from outside, it was never suspended: its title is still on the terminal's stack. */
static bool must_switch_on(enum term_mode mode)
{
    return term.modes[mode] && mode != TERM_MODE_FRAME &&
           (mode != TERM_MODE_TITLE || term.is_suspended);
}

void term_resume(void)
{
    rescue_arm();
    for (int i = 0; i < TERM_MODE_COUNT; i++) {
        send_text(must_switch_on((enum term_mode)i) ? term_mode_bytes((enum term_mode)i, true)
                                                    : "");
    }
    term.is_suspended = false;
    if (term.modes[TERM_MODE_TITLE]) {
        send_title();
    }
    reset_prog_mode();
    term_forget();
    clearok(stdscr, TRUE);
    refresh();
}
