/* The palette: a line that names an action and its operands, with completion and history. Every
 * action of the table can be run from it. Its history is a file of the state folder. */
#ifndef GATEHOUSE_TUI_PALETTE_H
#define GATEHOUSE_TUI_PALETTE_H

#include "core/app/actions.h"
#include "core/base/error.h"
#include "tui/line.h"

struct act;
struct ui;

enum { PALETTE_HISTORY_MAX = 200, PALETTE_CANDIDATES_MAX = 128, PALETTE_WORD_SIZE = 80 };

struct palette { /* zero-initialised is closed and empty */
    bool is_open;
    struct line line;
    char stem[LINE_SIZE]; /* as typed: what is completed */
    size_t chosen;        /* candidate the line was completed to, from 1 on; 0: none */
    char *history[PALETTE_HISTORY_MAX]; /* owned, oldest first */
    size_t history_count;
    size_t recalled;       /* how far back in the history the line comes from; 0: it is typed */
    char draft[LINE_SIZE]; /* what was typed before */
};

void palette_open(struct palette *palette, const char *text);
void palette_done(struct palette *palette);

enum palette_answer { PALETTE_STAYS, PALETTE_CLOSED, PALETTE_ENTERED };
/* ENTERED: the line is complete; the palette is closed and its line kept. */
enum palette_answer palette_key(struct ui *ui, uint32_t key);

/* The action that a line begins with, by its name or an unambiguous beginning of it, and what
 * follows. False: there is nothing, or said in the footer what is wrong. */
bool palette_parse(struct act *act, const char *line, enum action *out_action,
                   struct str *out_operand);
/* Runs a line: "skip 3 too slow". Says in the footer what is wrong with it. */
void palette_run(struct act *act, const char *line);

struct palette_candidate {
    char word[PALETTE_WORD_SIZE]; /* replaces the last word of the stem */
    enum action action;           /* ACTION_NONE: it is an operand */
    const char *about;            /* borrowed; "" */
};
/* What may stand where the stem ends; gives how many. */
size_t palette_candidates(const struct ui *ui,
                          struct palette_candidate out_candidates[PALETTE_CANDIDATES_MAX]);

/* The line, with `below` rows left free under it, and the candidates above it. */
void palette_draw(const struct ui *ui, const struct area *area, int below);

/* The history, oldest first; an absent file is empty. Lines that are too long are left out. */
bool palette_load_history(struct palette *palette, const char *path, struct error *err);
/* Adds a line to the history and to the file (0600), which other consoles may have changed
 * meanwhile; a line that is there already moves to the end. */
bool palette_remember(struct palette *palette, const char *path, const char *line,
                      struct error *err);

#endif
