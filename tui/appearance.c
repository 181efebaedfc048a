/* Between the configuration and the terminal. */
#include "tui/appearance.h"

#include "core/base/alloc.h"
#include "core/loop/watch.h"
#include "tui/act.h"
#include "tui/clipboard.h"
#include "tui/term.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_MAX = 1024, ESCAPES_MAX = 4 };

static const char *environment(const struct appearance *appearance, const char *name)
{
    return config_environment(&appearance->app->request, name);
}

static bool is_choice(const struct appearance *appearance, enum config_id id, const char *choice)
{
    return strcmp(config_text(appearance->app->config, id), choice) == 0;
}

/* ---- the theme */
static char *themes_folder(const struct appearance *appearance)
{
    return config_user_folder(&appearance->app->request, "themes");
}

/* A line of the screen has no room for the folder of "folder/file:line: what". */
static const char *short_of(const char *message)
{
    const char *end = strstr(message, ": ");
    for (const char *c = end; c != NULL && c > message; c--) {
        if (c[-1] == '/') {
            return c;
        }
    }
    return message;
}

static bool read_theme(struct appearance *appearance, struct error *err)
{
    const char *name = config_text(appearance->app->config, CONFIG_console_theme);
    struct problems warnings = {.count = 0};
    char *folder = themes_folder(appearance);
    bool is_good = theme_load(name, folder, &appearance->theme, &warnings, err);
    if (is_good && warnings.count > 0) {
        act_say(appearance->ui, true, "%s", short_of(warnings.items[0].text));
    }
    if (is_good) {
        free(appearance->theme_name);
        appearance->theme_name = xstrdup(name);
    }
    problems_done(&warnings);
    free(folder);
    return is_good;
}

static void on_theme_file(void *context)
{
    struct appearance *appearance = context;
    struct error err;
    if (read_theme(appearance, &err)) {
        term_set_theme(&appearance->theme);
    } else {
        act_say(appearance->ui, true, "the old theme stays: %s", short_of(err.message));
    }
    appearance->changed(appearance->context);
}

static char *folder_of_theme(const struct appearance *appearance)
{
    char *themes = themes_folder(appearance);
    char *path = theme_path(config_text(appearance->app->config, CONFIG_console_theme), themes);
    char *slash = path == NULL ? NULL : strrchr(path, '/');
    free(themes);
    if (slash != NULL) {
        slash[slash == path ? 1 : 0] = '\0';
    }
    return path;
}

static void watch_theme(struct appearance *appearance)
{
    struct error ignored;
    char *folder = folder_of_theme(appearance);
    bool is_same =
        folder != NULL && appearance->watched != NULL && strcmp(folder, appearance->watched) == 0;
    if (is_same) {
        free(folder);
        return;
    }
    file_watch_free(appearance->watch);
    free(appearance->watched);
    appearance->watched = folder;
    appearance->watch = folder == NULL ? NULL
                                       : file_watch_new(appearance->loop, folder, on_theme_file,
                                                        appearance, &ignored);
}

static void apply_theme(struct appearance *appearance)
{
    struct error err;
    const char *name = config_text(appearance->app->config, CONFIG_console_theme);
    if (strcmp(name, appearance->theme_name) == 0) {
        return;
    }
    if (read_theme(appearance, &err)) {
        term_set_theme(&appearance->theme);
        watch_theme(appearance);
    } else {
        act_say(appearance->ui, true, "the old theme stays: %s", short_of(err.message));
        settings_set(&appearance->ui->settings, SETTING_theme,
                     json_string(str_from(appearance->theme_name)));
    }
}

/* ---- all of it */
void appearance_apply(struct appearance *appearance)
{
    const struct config *config = appearance->app->config;
    struct ui *ui = appearance->ui;
    bool is_ascii = term_is_ascii() || config_bool(config, CONFIG_console_ascii);
    bool knows_frames = is_choice(appearance, CONFIG_console_synchronized, "on") ||
                        (is_choice(appearance, CONFIG_console_synchronized, "auto") &&
                         manners_knows_frames(environment(appearance, "TERM"),
                                              environment(appearance, "TERM_PROGRAM")));
    apply_theme(appearance);
    appearance->screen->is_ascii = is_ascii;
    log_view_wrap(&ui->log, config_bool(config, CONFIG_console_wrap));
    ui->log.hides_times = !config_bool(config, CONFIG_console_times);
    term_set_mode(TERM_MODE_MOUSE, config_bool(config, CONFIG_console_mouse));
    term_set_mode(TERM_MODE_FRAME, knows_frames);
    term_set_mode(TERM_MODE_TITLE, config_bool(config, CONFIG_console_title));
    ui->settings.is_due = false;
}

bool appearance_load(struct appearance *appearance, struct error *err)
{
    return read_theme(appearance, err) || error_prefix(err, "console.theme");
}

bool appearance_open(struct appearance *appearance, struct error *err)
{
    struct color_wish wish = {
        .when = appearance->app->options->values[OPTION_COLOR],
        .no_color = environment(appearance, "NO_COLOR"),
        .clicolor = environment(appearance, "CLICOLOR"),
        .clicolor_force = environment(appearance, "CLICOLOR_FORCE"),
        .colorterm = environment(appearance, "COLORTERM"),
    };
    if (!term_open(&appearance->theme, &wish, err)) {
        return false;
    }
    appearance->is_open = true;
    watch_theme(appearance);
    appearance_apply(appearance);
    return true;
}

void appearance_close(struct appearance *appearance)
{
    if (appearance->is_open) {
        term_close();
        appearance->is_open = false;
    }
    file_watch_free(appearance->watch);
    appearance->watch = NULL;
    free(appearance->watched);
    appearance->watched = NULL;
    free(appearance->theme_name);
    appearance->theme_name = NULL;
}

void appearance_title(const struct appearance *appearance)
{
    struct buf title;
    buf_init(&title, TITLE_MAX);
    ui_print_title(appearance->ui, &title);
    term_set_title(buf_text(&title));
    buf_done(&title);
}

void appearance_notify(const struct appearance *appearance)
{
    struct buf bytes, title;
    if (is_choice(appearance, CONFIG_console_notify, "bell")) {
        term_beep();
    } else if (is_choice(appearance, CONFIG_console_notify, "osc9")) {
        buf_init(&bytes, TITLE_MAX * ESCAPES_MAX);
        buf_init(&title, TITLE_MAX);
        ui_print_title(appearance->ui, &title);
        manners_append_notice(buf_str(&title), &bytes);
        term_send(buf_str(&bytes));
        buf_done(&title);
        buf_done(&bytes);
    }
}

/* ---- copying */
void appearance_copy(struct appearance *appearance)
{
    struct ui *ui = appearance->ui;
    int64_t limit = config_int(appearance->app->config, CONFIG_console_clipboard_limit);
    enum clipboard_way way =
        clipboard_way_of(environment(appearance, "TERM"), environment(appearance, "TMUX"),
                         environment(appearance, "STY"));
    struct str text = str_from(ui->copy);
    struct buf bytes;
    buf_init(&bytes, (size_t)limit * 2 + TITLE_MAX);
    if (!term_is_emulator()) {
        act_say(ui, true, "this terminal has no clipboard that programs can reach");
    } else if ((int64_t)text.len > limit || !clipboard_encode(text, way, &bytes)) {
        act_say(ui, true,
                "not copied: %zu bytes are more than console.clipboard_limit allows (%lld)",
                text.len, (long long)limit);
    } else {
        term_send(buf_str(&bytes));
        act_say(ui, false, "copied %zu bytes%s", text.len,
                way == CLIPBOARD_TMUX ? " (tmux passes it on with: set -g allow-passthrough on)"
                                      : "");
    }
    buf_done(&bytes);
    free(ui->copy);
    ui->copy = NULL;
}
