/* The settings screen: keys of the section [console] that change while it is open, and can be
 * written back to the configuration file. The configuration in memory holds what is in force. */
#ifndef GATEHOUSE_TUI_SETTINGS_H
#define GATEHOUSE_TUI_SETTINGS_H

#include "core/app/config_edit.h"

struct ui;
struct area;

/* X(key of [console], what the screen calls it) */
#define SETTINGS(X)                                                                                \
    X(theme, "theme")                                                                              \
    X(ascii, "ASCII only")                                                                         \
    X(wrap, "wrap long lines")                                                                     \
    X(times, "times of log lines")                                                                 \
    X(pane_training, "training pane")                                                              \
    X(pane_timeline, "timeline pane")                                                              \
    X(pane_graph, "pipeline pane")                                                                 \
    X(mouse, "mouse")                                                                              \
    X(title, "terminal's title")                                                                   \
    X(synchronized, "whole frames")                                                                \
    X(notify, "at the end of a run")
enum setting {
#define X(key, label) SETTING_##key,
    SETTINGS(X)
#undef X
        SETTING_COUNT
};

struct settings {
    struct config *config;                /* borrowed; changed in place */
    const struct config_request *request; /* borrowed */
    size_t row;
    struct json *loaded[SETTING_COUNT]; /* as the layers of the configuration gave them; owned */
    char *origins[SETTING_COUNT];       /* owned */
    bool is_due;                        /* something changed: whoever has the terminal applies it */
    struct config_edit edit;            /* shown in the dialog, to be written */
};

void settings_init(struct settings *settings, struct config *config,
                   const struct config_request *request);
void settings_done(struct settings *settings);
/* The next value (or the one before) of a setting. */
void settings_turn(struct settings *settings, enum setting setting, bool is_back);
void settings_set(struct settings *settings, enum setting setting, struct json *value); /* takes */
bool settings_is_changed(const struct settings *settings, enum setting setting);
/* Makes the edit that writes what has changed; false with err when nothing has, when a value comes
 * from the environment or the command line, or the file cannot be changed. */
bool settings_plan(struct settings *settings, struct error *err);
/* Writes the planned edit; what is in force is then what the file says. */
bool settings_write(struct settings *settings, struct error *err);

/* Pages give their lines. */
int pane_settings(const struct ui *ui, const struct area *area);

#endif
