/* Cells, clipping and the widths of characters. */
#include "tui/screen.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { TEXT_LIMIT = 1 << 16, ASCII_MAX = 0x7f };

static const struct cell blank = {.glyph = ' ', .role = ROLE_TEXT};

void screen_init(struct screen *screen, int cols, int rows, bool is_ascii)
{
    *screen = (struct screen){.is_ascii = is_ascii};
    screen_resize(screen, cols, rows);
}

void screen_done(struct screen *screen)
{
    free(screen->cells);
    screen->cells = NULL;
}

static int limited(int value)
{
    return value < 1 ? 1 : value > SCREEN_MAX ? SCREEN_MAX : value;
}

void screen_resize(struct screen *screen, int cols, int rows)
{
    screen->cols = limited(cols);
    screen->rows = limited(rows);
    free(screen->cells);
    screen->cells = xcalloc((size_t)screen->cols * (size_t)screen->rows, sizeof(struct cell));
    screen_clear(screen);
}

void screen_clear(struct screen *screen)
{
    screen->target_count = 0;
    for (int i = 0; i < screen->cols * screen->rows; i++) {
        screen->cells[i] = blank;
    }
}

static struct cell *cell_at(const struct screen *screen, int x, int y)
{
    assert(x >= 0 && x < screen->cols && y >= 0 && y < screen->rows);
    return &screen->cells[y * screen->cols + x];
}

const struct cell *screen_cell(const struct screen *screen, int x, int y)
{
    return cell_at(screen, x, y);
}

struct area area_of(struct screen *screen)
{
    return (struct area){screen, 0, 0, screen->cols, screen->rows};
}

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

struct area area_sub(const struct area *area, int x, int y, int cols, int rows)
{
    int left = clamp(x, 0, area->cols), top = clamp(y, 0, area->rows);
    int right = clamp(x + cols, left, area->cols), bottom = clamp(y + rows, top, area->rows);
    return (struct area){area->screen, area->x + left, area->y + top, right - left, bottom - top};
}

/* What is overwritten by half loses its other half. */
static void detach(const struct area *area, int x, int y)
{
    struct screen *screen = area->screen;
    int at_x = area->x + x, at_y = area->y + y;
    if (cell_at(screen, at_x, at_y)->glyph == 0 && at_x > 0) {
        cell_at(screen, at_x - 1, at_y)->glyph = ' ';
    }
    if (at_x + 1 < screen->cols && cell_at(screen, at_x + 1, at_y)->glyph == 0) {
        cell_at(screen, at_x + 1, at_y)->glyph = ' ';
    }
}

/* Invisible, or joining characters to one picture on some terminals only. */
static bool is_joining(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff ||
           c == 0x034f || c == 0x180e || (c >= 0xfe00 && c <= 0xfe0f) ||
           (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0000 && c <= 0xe0fff);
}

/* By the characters of the C locale's UTF-8 tables; 1 where they say nothing. */
static struct text_char drawn_as(uint32_t c)
{
    enum { SOFT_HYPHEN = 0xad, FLAG_A = 0x1f1e6, FLAG_Z = 0x1f1ff };
    if (c >= ' ' && c < ASCII_MAX) {
        return (struct text_char){c, 1};
    }
    if (is_joining(c)) {
        return (struct text_char){0, 0};
    }
    if (c == '\t' || c == SOFT_HYPHEN) {
        return (struct text_char){c == '\t' ? ' ' : '-', 1};
    }
    if (c >= FLAG_A && c <= FLAG_Z) {
        return (struct text_char){'A' + c - FLAG_A, 1};
    }
    int columns = utf8_is_printable(c) && c != UTF8_REPLACEMENT ? wcwidth((wchar_t)c) : -1;
    return columns < 0 ? (struct text_char){UTF8_REPLACEMENT, 1} : (struct text_char){c, columns};
}

size_t text_step(struct str text, struct text_char *out_char)
{
    uint32_t c = 0;
    size_t len = utf8_decode(text, &c);
    *out_char = drawn_as(c);
    return len;
}

static void add_mark(const struct area *area, int x, int y, uint32_t mark)
{
    if (x < 1 || x > area->cols || area->screen->is_ascii) {
        return;
    }
    struct cell *cell = cell_at(area->screen, area->x + x - 1, area->y + y);
    if (cell->glyph == 0 && area->x + x >= 2) {
        cell--;
    }
    for (int i = 0; i < CELL_MARKS; i++) {
        if (cell->marks[i] == 0) {
            cell->marks[i] = mark;
            return;
        }
    }
}

/* One visible character at x; a wide one that only half fits becomes blanks. */
static void put_char(const struct area *area, int x, int y, struct text_char c, enum role role)
{
    bool is_foreign = area->screen->is_ascii && c.glyph > ASCII_MAX;
    bool fits = x >= 0 && x + c.columns <= area->cols;
    uint32_t left = !fits ? ' ' : is_foreign ? '?' : c.glyph;
    for (int i = 0; i < c.columns; i++) {
        if (x + i >= 0 && x + i < area->cols) {
            detach(area, x + i, y);
        }
    }
    for (int i = 0; i < c.columns; i++) {
        if (x + i >= 0 && x + i < area->cols) {
            uint32_t part = i == 0 || !fits || is_foreign ? left : 0;
            *cell_at(area->screen, area->x + x + i, area->y + y) =
                (struct cell){.glyph = part, .role = (uint8_t)role};
        }
    }
}

int area_put(const struct area *area, int x, int y, enum role role, struct str text)
{
    if (y < 0 || y >= area->rows) {
        return x;
    }
    while (text.len > 0 && x < area->cols) {
        struct text_char c;
        size_t len = text_step(text, &c);
        text = (struct str){text.ptr + len, text.len - len};
        if (c.columns > 0) {
            put_char(area, x, y, c, role);
            x += c.columns;
        } else if (c.glyph != 0) {
            add_mark(area, x, y, c.glyph);
        }
    }
    return x < area->cols ? x : area->cols;
}

int area_text(const struct area *area, int x, int y, enum role role, const char *text)
{
    return area_put(area, x, y, role, str_from(text));
}

int area_printf(const struct area *area, int x, int y, enum role role, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, TEXT_LIMIT);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    x = area_put(area, x, y, role, buf_str(&text));
    buf_done(&text);
    return x;
}

void area_clear_row(const struct area *area, int y, enum role role)
{
    for (int x = 0; x < area->cols; x++) {
        area_put(area, x, y, role, STR(" "));
    }
}

void area_clear(const struct area *area, enum role role)
{
    for (int y = 0; y < area->rows; y++) {
        area_clear_row(area, y, role);
    }
}

int text_columns(struct str text)
{
    int columns = 0;
    while (text.len > 0) {
        struct text_char c;
        size_t len = text_step(text, &c);
        columns += c.columns;
        text = (struct str){text.ptr + len, text.len - len};
    }
    return columns;
}

void area_cut(const struct area *area, int x, int y, enum role role, int cols, const char *text)
{
    struct area window = area_sub(area, x, y, cols, 1);
    if (window.rows == 0 || window.cols == 0 || y < 0) {
        return;
    }
    area_text(&window, 0, 0, role, text);
    if (text_columns(str_from(text)) > window.cols) {
        area_text(&window, window.cols - 1, 0, role, "~");
    }
}

size_t screen_line_len(struct str text, int cols)
{
    size_t len = 0, at_blank = 0;
    int used = 0;
    while (len < text.len) {
        struct text_char c;
        size_t step = text_step((struct str){text.ptr + len, text.len - len}, &c);
        used += c.columns;
        if (used > cols) {
            return at_blank > 0 ? at_blank : len > 0 ? len : step;
        }
        at_blank = c.glyph == ' ' ? len : at_blank;
        len += step;
    }
    return len;
}

void area_select_row(const struct area *area, int y)
{
    for (int x = 0; x < area->cols && y >= 0 && y < area->rows; x++) {
        cell_at(area->screen, area->x + x, area->y + y)->is_selected = true;
    }
}

void area_target(const struct area *area, int y, int rows, int kind, size_t index)
{
    struct area window = area_sub(area, 0, y, area->cols, rows);
    struct screen *screen = area->screen;
    if (kind != TARGET_NONE && window.rows > 0 && screen->target_count < SCREEN_TARGETS_MAX) {
        screen->targets[screen->target_count++] =
            (struct target){kind, index, window.x, window.y, window.cols, window.rows};
    }
}

struct target screen_target(const struct screen *screen, int x, int y)
{
    for (size_t i = screen->target_count; i > 0; i--) {
        const struct target *target = &screen->targets[i - 1];
        bool is_met = x >= target->x && x < target->x + target->cols && y >= target->y &&
                      y < target->y + target->rows;
        if (is_met) {
            return *target;
        }
    }
    return (struct target){.kind = TARGET_NONE};
}

void area_paint(const struct area *area, int x, int y, int cols, enum role role)
{
    struct area window = area_sub(area, x, y, cols, y < 0 ? 0 : 1);
    for (int i = 0; i < window.cols && window.rows > 0; i++) {
        cell_at(window.screen, window.x + i, window.y)->role = (uint8_t)role;
    }
}

void area_title(const struct area *area, bool is_focused, const char *title, const char *remark)
{
    enum role role = is_focused ? ROLE_TITLE_FOCUS : ROLE_TITLE;
    const char *line = screen_glyph(area->screen, GLYPH_LINE);
    for (int x = 0; x < area->cols; x++) {
        area_text(area, x, 0, role, line);
    }
    int remark_columns = text_columns(str_from(remark));
    int start = area->cols - remark_columns - 1;
    int room = remark_columns > 0 && start > 1 ? start - 2 : area->cols - 2;
    area_cut(area, 1, 0, role, room, title);
    if (remark_columns > 0 && start > 1) {
        area_text(area, start, 0, role, remark);
    }
}

const char *screen_glyph(const struct screen *screen, enum glyph glyph)
{
    static const char *const unicode[GLYPH_COUNT] = {
        [GLYPH_LINE] = "─", [GLYPH_SIDE] = "│",    [GLYPH_BAR] = "█",  [GLYPH_BAR_REST] = "░",
        [GLYPH_DOT] = "·",  [GLYPH_BIG_DOT] = "•", [GLYPH_WAIT] = "·",
    };
    static const char *const ascii[GLYPH_COUNT] = {
        [GLYPH_LINE] = "-", [GLYPH_SIDE] = "|",    [GLYPH_BAR] = "#",  [GLYPH_BAR_REST] = ".",
        [GLYPH_DOT] = ".",  [GLYPH_BIG_DOT] = "o", [GLYPH_WAIT] = "-",
    };
    return screen->is_ascii ? ascii[glyph] : unicode[glyph];
}

static void append_row(const struct screen *screen, int y, struct buf *out)
{
    size_t end = out->len;
    for (int x = 0; x < screen->cols; x++) {
        const struct cell *cell = screen_cell(screen, x, y);
        if (cell->glyph != 0) {
            utf8_append(out, cell->glyph);
        }
        for (int i = 0; i < CELL_MARKS && cell->marks[i] != 0; i++) {
            utf8_append(out, cell->marks[i]);
        }
        end = cell->glyph != ' ' ? out->len : end;
    }
    out->len = end;
    buf_append_char(out, '\n');
}

void screen_text(const struct screen *screen, struct buf *out)
{
    for (int y = 0; y < screen->rows; y++) {
        append_row(screen, y, out);
    }
}
