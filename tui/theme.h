/* Themes: what each role on the screen looks like. A theme is a TOML file; the built-in ones are
 * part of the program. Pure. */
#ifndef GATEHOUSE_TUI_THEME_H
#define GATEHOUSE_TUI_THEME_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, text in theme files). Panes name roles only, never colours. */
#define ROLES(X)                                                                                   \
    X(TEXT, "text")                                                                                \
    X(MUTED, "muted")                                                                              \
    X(TITLE, "title")                                                                              \
    X(TITLE_FOCUS, "title.focus")                                                                  \
    X(HEADER, "header")                                                                            \
    X(HEADER_PRODUCTION, "header.production")                                                      \
    X(SELECTED, "selected")                                                                        \
    X(KEY, "key")                                                                                  \
    X(NOTICE, "notice")                                                                            \
    X(ALERT, "alert")                                                                              \
    X(STATE_WAITING, "state.waiting")                                                              \
    X(STATE_QUEUED, "state.queued")                                                                \
    X(STATE_RUNNING, "state.running")                                                              \
    X(STATE_RETRYING, "state.retrying")                                                            \
    X(STATE_STOPPING, "state.stopping")                                                            \
    X(STATE_SUCCESS, "state.success")                                                              \
    X(STATE_FAILED, "state.failed")                                                                \
    X(STATE_REJECTED, "state.rejected")                                                            \
    X(STATE_SKIPPED, "state.skipped")                                                              \
    X(STATE_CANCELLED, "state.cancelled")                                                          \
    X(STATE_BLOCKED, "state.blocked")                                                              \
    X(VERDICT_PASSED, "verdict.passed")                                                            \
    X(VERDICT_REJECTED, "verdict.rejected")                                                        \
    X(LOG_WARN, "log.warn")                                                                        \
    X(LOG_ERROR, "log.error")                                                                      \
    X(MATCH, "match")                                                                              \
    X(PLOT_TRAIN, "plot.train")                                                                    \
    X(PLOT_VALIDATION, "plot.validation")                                                          \
    X(PLOT_LIMIT, "plot.limit")                                                                    \
    X(DIALOG, "dialog")                                                                            \
    X(BUTTON, "button")                                                                            \
    X(BUTTON_FOCUS, "button.focus")
enum role {
#define X(name, text) ROLE_##name,
    ROLES(X)
#undef X
        ROLE_COUNT
};
const char *role_name(enum role role);

enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_UNDERLINE = 4, STYLE_REVERSE = 8 };
enum { COLOR_OF_TERMINAL = -1 }; /* the terminal's own foreground or background */

struct style {
    int16_t foreground, background; /* 0..15, or COLOR_OF_TERMINAL */
    uint8_t attributes;             /* STYLE_ bits */
};

struct theme {
    struct style roles[ROLE_COUNT];
};

/* Name of the built-in theme at index, or NULL behind the last. */
const char *theme_builtin_name(size_t index);
/* A built-in theme by name, or a file when `name` holds a slash. False with err (file, line, role);
 * out_theme is untouched then. */
bool theme_load(const char *name, struct theme *out_theme, struct error *err);
/* The same from text; `path` is what messages call it. */
bool theme_load_text(const char *path, struct str text, struct theme *out_theme, struct error *err);
/* Takes the colours away and keeps the attributes: NO_COLOR, and terminals without colours. */
void theme_drop_colors(struct theme *theme);

#endif
