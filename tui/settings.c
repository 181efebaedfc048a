/* Values of settings, and the way of what changed into the file. */
#include "tui/settings.h"

#include "core/app/config_value.h"
#include "core/base/alloc.h"
#include "tui/theme_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_SIZE = 4096 };

static enum config_id id_of(enum setting setting)
{
    static const enum config_id ids[SETTING_COUNT] = {
#define X(key, label) CONFIG_console_##key,
        SETTINGS(X)
#undef X
    };
    return ids[setting];
}

static const struct json *value_of(const struct settings *settings, enum setting setting)
{
    return settings->config->values[id_of(setting)].value;
}

void settings_init(struct settings *settings, struct config *config,
                   const struct config_request *request)
{
    *settings = (struct settings){.config = config, .request = request};
    for (int i = 0; i < SETTING_COUNT; i++) {
        settings->loaded[i] = json_copy(value_of(settings, (enum setting)i));
        settings->origins[i] = xstrdup(config->values[id_of((enum setting)i)].origin);
    }
}

void settings_done(struct settings *settings)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        json_free(settings->loaded[i]);
        free(settings->origins[i]);
    }
    config_edit_done(&settings->edit);
}

bool settings_is_changed(const struct settings *settings, enum setting setting)
{
    return !json_equal(settings->loaded[setting], value_of(settings, setting));
}

void settings_set(struct settings *settings, enum setting setting, struct json *value)
{
    config_replace(settings->config, id_of(setting), value, "this console");
    if (!settings_is_changed(settings, setting)) {
        config_replace(settings->config, id_of(setting), json_copy(settings->loaded[setting]),
                       settings->origins[setting]);
    }
    settings->is_due = true;
}

/* ---- turning */
static struct json *next_choice(const char *choices, const char *now, bool is_back)
{
    struct str items[16], rest = str_from(choices);
    size_t count = 0, at = 0;
    do {
        items[count] = str_split(rest, '|', &rest);
        at = str_eq(items[count], str_from(now)) ? count : at;
        count++;
    } while (rest.len > 0 && count < 16);
    return json_string(items[(at + (is_back ? count - 1 : 1)) % count]);
}

static struct json *next_theme(const struct settings *settings, const char *now, bool is_back)
{
    struct theme_list list;
    char *folder = config_user_folder(settings->request, "themes");
    theme_list_read(&list, folder);
    assert(list.count > 0);                   /* some are built in */
    size_t at = is_back ? 0 : list.count - 1; /* of a path: the first or the last is next */
    for (size_t i = 0; i < list.count; i++) {
        at = strcmp(list.names[i], now) == 0 ? i : at;
    }
    at = (at + (is_back ? list.count - 1 : 1)) % list.count;
    struct json *value = json_string(str_from(list.names[at]));
    theme_list_done(&list);
    free(folder);
    return value;
}

void settings_turn(struct settings *settings, enum setting setting, bool is_back)
{
    const struct config_key *key = config_key(id_of(setting));
    bool is_on = false;
    const char *text = "";
    if (key->type == CONFIG_BOOLEAN) {
        json_as_bool(value_of(settings, setting), &is_on);
        settings_set(settings, setting, json_bool(!is_on));
        return;
    }
    json_as_text(value_of(settings, setting), &text);
    settings_set(settings, setting,
                 setting == SETTING_theme ? next_theme(settings, text, is_back)
                                          : next_choice(key->choices, text, is_back));
}

/* ---- writing */
static bool is_from_file(const char *origin)
{
    return strcmp(origin, "--set") != 0 && strncmp(origin, "GATEHOUSE_", 10) != 0;
}

static bool collect(const struct settings *settings, struct config_change *changes,
                    size_t *out_count, struct error *err)
{
    *out_count = 0;
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting setting = (enum setting)i;
        if (!settings_is_changed(settings, setting)) {
            continue;
        }
        if (!is_from_file(settings->origins[i])) {
            return error_set(err, ERROR_PERMANENT, "bad_edit",
                             "console.%s is given by %s, which goes before the file: nothing is "
                             "written",
                             config_key(id_of(setting))->name, settings->origins[i]);
        }
        changes[(*out_count)++] =
            (struct config_change){id_of(setting), value_of(settings, setting)};
    }
    return *out_count > 0 || error_set(err, ERROR_PERMANENT, "bad_edit",
                                       "nothing has changed: there is nothing to write");
}

bool settings_plan(struct settings *settings, struct error *err)
{
    struct config_change changes[SETTING_COUNT];
    size_t count = 0;
    bool is_named = false;
    if (!collect(settings, changes, &count, err)) {
        return false;
    }
    char *path = settings->config->path != NULL ? xstrdup(settings->config->path)
                                                : config_find(settings->request, &is_named);
    path = path == NULL ? config_user_folder(settings->request, "config.toml") : path;
    if (path == NULL) {
        return error_set(err, ERROR_PERMANENT, "no_home",
                         "there is no folder for a configuration file: set HOME");
    }
    config_edit_done(&settings->edit);
    bool is_good = config_edit_plan(path, changes, count, &settings->edit, err);
    free(path);
    return is_good;
}

bool settings_write(struct settings *settings, struct error *err)
{
    if (!config_edit_write(&settings->edit, err)) {
        return false;
    }
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting setting = (enum setting)i;
        if (settings_is_changed(settings, setting)) {
            json_free(settings->loaded[i]);
            free(settings->origins[i]);
            settings->loaded[i] = json_copy(value_of(settings, setting));
            settings->origins[i] = xstrdup(settings->edit.path);
            settings_set(settings, setting, json_copy(settings->loaded[i]));
        }
    }
    return true;
}
