/* A screen of our own: cells that panes draw into, so that a pane is a function from state to
 * cells. core of every golden test; term.c shows it. Whatever is drawn stays inside its area, and
 * whatever text comes from outside is made harmless here. One thread. */
#ifndef GATEHOUSE_TUI_SCREEN_H
#define GATEHOUSE_TUI_SCREEN_H

#include "core/base/buf.h"
#include "tui/theme.h"

enum { CELL_MARKS = 2, SCREEN_MAX = 1000 };

struct cell {
    uint32_t glyph;             /* code point; 0: right half of the wide character before it */
    uint32_t marks[CELL_MARKS]; /* combining characters on it; 0: none */
    uint8_t role;
    bool is_selected; /* the role "selected" lies over it */
};

/* What the pointer meets at a place. */
struct target {
    enum { TARGET_NONE, TARGET_PANE, TARGET_STAGE, TARGET_RUN, TARGET_SETTING } kind;
    size_t index; /* which one; of a pane its enum ui_focus */
    int x, y, cols, rows;
};
enum { SCREEN_TARGETS_MAX = 256 }; /* more are not met */

struct screen {
    int cols, rows; /* 1..SCREEN_MAX */
    struct cell *cells;
    bool is_ascii; /* the terminal shows ASCII only: everything else becomes '?' */
    struct target targets[SCREEN_TARGETS_MAX];
    size_t target_count;
};

void screen_init(struct screen *screen, int cols, int rows, bool is_ascii);
void screen_done(struct screen *screen);
void screen_resize(struct screen *screen, int cols, int rows); /* empties it */
void screen_clear(struct screen *screen);
const struct cell *screen_cell(const struct screen *screen, int x, int y);

/* A rectangle of the screen, always inside it; columns and rows may be 0. */
struct area {
    struct screen *screen; /* borrowed */
    int x, y, cols, rows;
};
struct area area_of(struct screen *screen);
struct area area_sub(const struct area *area, int x, int y, int cols, int rows); /* clipped */
void area_clear(const struct area *area, enum role role);
void area_clear_row(const struct area *area, int y, enum role role);
/* Draws from column x (may be negative) of row y; gives the column behind the text, also when it
 * was clipped. Control bytes, bidirectional overrides and invalid bytes show as U+FFFD. */
int area_put(const struct area *area, int x, int y, enum role role, struct str text);
int area_text(const struct area *area, int x, int y, enum role role, const char *text);
int area_printf(const struct area *area, int x, int y, enum role role, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Cut to `cols` columns, with '~' where something is missing. */
void area_cut(const struct area *area, int x, int y, enum role role, int cols, const char *text);
void area_select_row(const struct area *area, int y);
/* `rows` rows of the area stand for something; what is added later lies above. TARGET_NONE: no. */
void area_target(const struct area *area, int y, int rows, int kind, size_t index);
struct target screen_target(const struct screen *screen, int x, int y);
/* Puts another role on `cols` cells, keeping what they show. */
void area_paint(const struct area *area, int x, int y, int cols, enum role role);

/* A line with a title at its left and a remark at its right: "-Log 5 x--------FOLLOW-". */
void area_title(const struct area *area, bool is_focused, const char *title, const char *remark);

/* The first character of a text (text.len > 0) as it is drawn; gives the bytes it takes. What
 * terminals disagree on is made plain, so that all of them count the same columns: joiners,
 * variation selectors and skin tones are not drawn, a flag is its two letters. */
struct text_char {
    uint32_t glyph; /* 0: nothing is drawn */
    int columns;    /* 0: a mark on the character before it, or nothing */
};
size_t text_step(struct str text, struct text_char *out_char);
/* Columns of a text as area_put draws it. */
int text_columns(struct str text);
/* Bytes of `text` that fit into `cols` columns, broken at a blank where there is one; at least one
 * character. */
size_t screen_line_len(struct str text, int cols);

/* Signs that have an ASCII form of the same width. */
enum glyph {
    GLYPH_LINE,
    GLYPH_SIDE,
    GLYPH_BAR,
    GLYPH_BAR_REST,
    GLYPH_DOT,
    GLYPH_BIG_DOT,
    GLYPH_WAIT,
    GLYPH_COUNT
};
const char *screen_glyph(const struct screen *screen, enum glyph glyph);

/* The screen as text, rows ended by newlines, without blanks at their ends; for tests. */
void screen_text(const struct screen *screen, struct buf *out);

#endif
