/* Themes: what each role on the screen looks like. A theme is a TOML file; the built-in ones are
 * part of the program. Blocking, short: it may read files. */
#ifndef GATEHOUSE_TUI_THEME_H
#define GATEHOUSE_TUI_THEME_H

#include "core/app/problems.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "tui/color.h"

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

struct style {
    struct color foreground, background;
    uint8_t attributes; /* STYLE_ bits */
    uint8_t mono;       /* STYLE_ bits where there are no colours */
    bool is_set;        /* by the theme or one it inherits; else it looks like "text" */
    bool has_mono;      /* an attribute for monochrome was given */
};

struct theme {
    struct style roles[ROLE_COUNT];
};

/* Name of the built-in theme at index, or NULL behind the last. */
const char *theme_builtin_name(size_t index);
/* The file that a name means: itself when it holds a slash, else <folder>/<name>.toml. NULL: a
 * built-in theme (those go first), or folder is NULL. Gives memory for free(). */
char *theme_path(const char *name, const char *folder);
/* A theme by name: built in, a file of `folder` (may be NULL), or the path of a file when the name
 * holds a slash. What can be left out (an unknown role) is added to warnings; anything else wrong
 * gives false with err (file and line), and out_theme is untouched then. */
bool theme_load(const char *name, const char *folder, struct theme *out_theme,
                struct problems *warnings, struct error *err);
/* The same from text; `path` is what messages call it. */
bool theme_load_text(const char *path, struct str text, struct theme *out_theme,
                     struct problems *warnings, struct error *err);

/* What a role looks like at a depth. Eight colours: a bright one is bold. The palette's black is
 * never bold: many terminals make it grey. As in monochrome where
 * foreground and background are the same: the terminal's own, or what the depth made of them. */
struct look {
    color_t foreground, background;
    uint8_t attributes; /* STYLE_ bits */
};
struct look theme_look(const struct theme *theme, enum role role, enum color_depth depth);

/* The attributes as a theme file writes them, for messages: "bold, reverse" or "none". */
void theme_print_attributes(uint8_t attributes, struct buf *out);

#endif
