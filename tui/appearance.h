/* What the configuration says about the terminal, put in force: theme (again whenever its file
 * changes), ASCII, log lines, mouse, title, frames; copies and notices. Loop thread. */
#ifndef GATEHOUSE_TUI_APPEARANCE_H
#define GATEHOUSE_TUI_APPEARANCE_H

#include "core/loop/loop.h"
#include "tui/ui.h"

struct appearance {
    const struct app *app; /* borrowed, like all of these */
    struct ui *ui;
    struct screen *screen;
    struct loop *loop;
    void (*changed)(void *context); /* a theme file was read again: draw */
    void *context;
    struct theme theme; /* in force */
    char *theme_name, *watched;
    struct file_watch *watch; /* of the folder of the theme's file: editors replace files */
    bool is_open;
};

/* Loads the theme; the terminal is not open yet. False with err when it cannot be read. */
bool appearance_load(struct appearance *appearance, struct error *err);
/* Opens the terminal and puts everything in force. */
bool appearance_open(struct appearance *appearance, struct error *err);
void appearance_close(struct appearance *appearance);
/* Puts changed settings in force. A theme that cannot be read is told; the old one stays. */
void appearance_apply(struct appearance *appearance);
/* Sends what was copied to the terminal, and says how much it was. */
void appearance_copy(struct appearance *appearance);
/* The run that is shown has ended. */
void appearance_notify(const struct appearance *appearance);
void appearance_title(const struct appearance *appearance);

#endif
