/* Layers of the configuration, one over the other: defaults, file, environment, --set. */
#include "core/app/config.h"

#include "core/app/bindings.h"
#include "core/app/config_internal.h"
#include "core/app/config_value.h"
#include "core/base/alloc.h"
#include "core/base/environment.h"
#include "core/base/file.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_FILE_LIMIT = 4 << 20, VARIABLE_SIZE = 128 };

static void set_value(struct config *config, enum config_id id, struct json *value, char *origin)
{
    struct config_value *slot = &config->values[id];
    if (config_key(id)->type == CONFIG_TABLE && slot->value != NULL) {
        for (const struct json *m = json_first(value); m != NULL; m = json_next(m)) {
            json_set(slot->value, json_name(m), json_copy(m));
        }
        json_free(value);
    } else {
        json_free(slot->value);
        slot->value = value;
    }
    free(slot->origin);
    slot->origin = origin;
}

void config_replace(struct config *config, enum config_id id, struct json *value,
                    const char *origin)
{
    json_free(config->values[id].value);
    free(config->values[id].origin);
    config->values[id] = (struct config_value){value, xstrdup(origin)};
}

static void set_defaults(struct config *config)
{
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        struct error err;
        struct json *value = config_value_from_text(key, str_from(key->fallback), &err);
        assert(value != NULL);
        set_value(config, (enum config_id)id, value, xstrdup("default"));
    }
}

static bool find_key(const char *section, const char *name, enum config_id *out_id)
{
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0) {
            *out_id = (enum config_id)id;
            return true;
        }
    }
    return false;
}

char *config_suggest(const char *word, const char *const *names, size_t count)
{
    const char *near = str_nearest(str_from(word), names, count);
    return near == NULL ? xstrdup("") : xasprintf("; did you mean \"%s\"?", near);
}

static char *suggest_key(const char *section, const char *name)
{
    const char *names[CONFIG_KEY_COUNT];
    size_t count = 0;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        if (strcmp(key->name, name) == 0) {
            return xasprintf("; did you mean \"%s.%s\"?", key->section, key->name);
        }
        if (strcmp(key->section, section) == 0) {
            names[count++] = key->name;
        }
    }
    return config_suggest(name, names, count);
}

static char *suggest_section(const char *section)
{
    const char *names[64] = {"stage", "gate"};
    size_t count = 2;
    for (const struct config_section *s = config_sections(); s->name != NULL; s++) {
        names[count++] = s->name;
    }
    return config_suggest(section, names, count);
}

static bool is_section(const char *name)
{
    for (const struct config_section *s = config_sections(); s->name != NULL; s++) {
        if (strcmp(s->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- backend = "aws": every port of [backend] at once */
static void set_backend(struct config *config, const struct json *word, const char *origin,
                        struct problems *problems)
{
    struct error err;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        if (strcmp(key->section, "backend") != 0) {
            continue;
        }
        struct json *value = config_value_from_json(key, word, &err);
        if (value == NULL) {
            problems_add(problems, "%s: backend %s", origin, err.message);
            return;
        }
        set_value(config, (enum config_id)id, value, xstrdup(origin));
    }
}

static void set_backend_text(struct config *config, struct str text, const char *origin,
                             struct problems *problems)
{
    struct json *word = json_string(text);
    set_backend(config, word, origin, problems);
    json_free(word);
}

/* ---- the file */
static void read_key(struct config *config, const char *section, const struct json *member,
                     int line, struct problems *problems)
{
    enum config_id id = CONFIG_KEY_COUNT;
    struct error err;
    const char *name = json_name(member);
    if (!find_key(section, name, &id)) {
        char *hint = suggest_key(section, name);
        problems_add_at(problems, config->path, line, "%s.%s: there is no such key%s", section,
                        name, hint);
        free(hint);
        return;
    }
    struct json *value = config_value_from_json(config_key(id), member, &err);
    if (value == NULL) {
        problems_add_at(problems, config->path, line, "%s.%s %s", section, name, err.message);
        return;
    }
    set_value(config, id, value, xasprintf("%s:%d", config->path, line));
}

static void read_section(struct config *config, const struct json *section,
                         const struct json *place, struct problems *problems)
{
    const char *name = json_name(section);
    if (!is_section(name)) {
        char *hint = suggest_section(name);
        problems_add_at(problems, config->path, toml_place_line(place),
                        "%s: there is no such section%s", name, hint);
        free(hint);
        return;
    }
    if (!json_is_object(section)) {
        problems_add_at(problems, config->path, toml_place_line(place),
                        "%s must be a section: [%s]", name, name);
        return;
    }
    for (const struct json *member = json_first(section); member != NULL;
         member = json_next(member)) {
        read_key(config, name, member, toml_place_line(toml_place_member(place, json_name(member))),
                 problems);
    }
}

static void read_document(struct config *config, const struct toml_document *document,
                          struct problems *problems)
{
    for (const struct json *section = json_first(document->value); section != NULL;
         section = json_next(section)) {
        const char *name = json_name(section);
        const struct json *place = toml_place_member(document->places, name);
        if (strcmp(name, "backend") == 0 && json_is_string(section)) {
            char *origin = xasprintf("%s:%d", config->path, toml_place_line(place));
            set_backend(config, section, origin, problems);
            free(origin);
        } else if (strcmp(name, "stage") != 0 && strcmp(name, "gate") != 0) {
            read_section(config, section, place, problems);
        }
    }
}

/* ---- the environment */
const char *config_environment(const struct config_request *request, const char *name)
{
    return environment_get(request->environment, name);
}

static void variable_name(const char *section, const char *name, char out_text[VARIABLE_SIZE])
{
    struct buf text;
    buf_init(&text, VARIABLE_SIZE - 1);
    buf_printf(&text, "GATEHOUSE_%s_%s", section, name);
    size_t len = 0;
    for (; len < text.len; len++) {
        out_text[len] = (char)toupper((unsigned char)text.ptr[len]);
    }
    out_text[len] = '\0';
    buf_done(&text);
}

static void read_variable(struct config *config, enum config_id id, const char *variable,
                          const char *text, struct problems *problems)
{
    const struct config_key *key = config_key(id);
    struct error err;
    struct json *value = config_value_from_text(key, str_from(text), &err);
    if (value == NULL) {
        problems_add(problems, "%s: %s.%s %s", variable, key->section, key->name, err.message);
        return;
    }
    set_value(config, id, value, xstrdup(variable));
}

/* A variable that begins like a section but names no key of it is a misspelling. */
static void complain_about_variable(const char *entry, struct problems *problems)
{
    const char *names[CONFIG_KEY_COUNT];
    char variables[CONFIG_KEY_COUNT][VARIABLE_SIZE];
    struct str name = str_from(entry);
    struct str rest = {NULL, 0};
    name = str_split(name, '=', &rest);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        variable_name(key->section, key->name, variables[id]);
        names[id] = variables[id];
        if (str_eq(name, str_from(variables[id]))) {
            return;
        }
    }
    char *word = xmemdup0(name.ptr, name.len);
    char *hint = config_suggest(word, names, CONFIG_KEY_COUNT);
    problems_add(problems, "%s: there is no such key%s", word, hint);
    free(hint);
    free(word);
}

static void check_variables(const struct config_request *request, struct problems *problems)
{
    for (const char *const *entry = request->environment; entry != NULL && *entry != NULL;
         entry++) {
        if (strncmp(*entry, "GATEHOUSE_STATE_DIR=", strlen("GATEHOUSE_STATE_DIR=")) == 0) {
            continue;
        }
        for (const struct config_section *s = config_sections(); s->name != NULL; s++) {
            char prefix[VARIABLE_SIZE];
            variable_name(s->name, "", prefix);
            if (strncmp(*entry, prefix, strlen(prefix)) == 0) {
                complain_about_variable(*entry, problems);
            }
        }
    }
}

static void read_environment(struct config *config, const struct config_request *request,
                             struct problems *problems)
{
    const char *backend = config_environment(request, "GATEHOUSE_BACKEND");
    if (backend != NULL) {
        set_backend_text(config, str_from(backend), "GATEHOUSE_BACKEND", problems);
    }
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        char variable[VARIABLE_SIZE];
        variable_name(key->section, key->name, variable);
        const char *text = config_environment(request, variable);
        if (text != NULL) {
            read_variable(config, (enum config_id)id, variable, text, problems);
        }
    }
    check_variables(request, problems);
}

/* ---- --set section.key=value, or section.table.member=value */
static bool set_member(struct config *config, const char *section, char *name, struct str text)
{
    char *dot = strchr(name, '.');
    enum config_id id = CONFIG_KEY_COUNT;
    struct error err;
    if (dot == NULL) {
        return false;
    }
    *dot = '\0';
    bool is_table = find_key(section, name, &id) && config_key(id)->type == CONFIG_TABLE;
    const char *member_name = is_table ? dot + 1 : "";
    *dot = '.';
    if (!is_table || *member_name == '\0') {
        return false;
    }
    char *inner = xasprintf("{\"%s\" = %.*s}", member_name, STR_ARG(text));
    struct json *table = config_value_from_text(config_key(id), str_from(inner), &err);
    free(inner);
    if (table == NULL) { /* a bare word is a string */
        table = json_object();
        json_set_str(table, member_name, text);
    }
    set_value(config, id, table, xstrdup("--set"));
    return true;
}

static void read_setting(struct config *config, const char *setting, struct problems *problems)
{
    enum config_id id = CONFIG_KEY_COUNT;
    struct error err;
    struct str value_text = {NULL, 0}, name_text = {NULL, 0};
    struct str path = str_split(str_from(setting), '=', &value_text);
    struct str section_text = str_split(path, '.', &name_text);
    if (str_eq(path, STR("backend")) && value_text.len > 0) {
        set_backend_text(config, value_text, "--set", problems);
        return;
    }
    char *section = xmemdup0(section_text.ptr, section_text.len);
    char *name = xmemdup0(name_text.ptr, name_text.len);
    if (strchr(setting, '=') == NULL || *section == '\0' || *name == '\0') {
        problems_add(problems, "--set %s: it must be section.key=value", setting);
    } else if (find_key(section, name, &id)) {
        struct json *value = config_value_from_text(config_key(id), value_text, &err);
        if (value == NULL) {
            problems_add(problems, "--set: %s.%s %s", section, name, err.message);
        } else {
            set_value(config, id, value, xstrdup("--set"));
        }
    } else if (!set_member(config, section, name, value_text)) {
        char *hint = is_section(section) ? suggest_key(section, name) : suggest_section(section);
        problems_add(problems, "--set: %s.%s: there is no such key%s", section, name, hint);
        free(hint);
    }
    free(section);
    free(name);
}

/* ---- what no single key can tell */
static double number_of(const struct config *config, enum config_id id)
{
    double number = NAN;
    json_as_number(config->values[id].value, &number);
    return number;
}

static void check_order(const struct config *config, enum config_id low, enum config_id high,
                        struct problems *problems)
{
    if (number_of(config, low) > number_of(config, high)) {
        problems_add(problems, "%s: %s.%s is above %s.%s", config->values[low].origin,
                     config_key(low)->section, config_key(low)->name, config_key(high)->section,
                     config_key(high)->name);
    }
}

static void check_together(const struct config *config, struct problems *problems)
{
    double sum = number_of(config, CONFIG_split_train) +
                 number_of(config, CONFIG_split_validation) + number_of(config, CONFIG_split_test);
    if (fabs(sum - 1) > 1e-9) {
        problems_add(problems,
                     "split.train (%s), split.validation (%s) and split.test (%s) add up to %g; "
                     "they must add up to 1",
                     config->values[CONFIG_split_train].origin,
                     config->values[CONFIG_split_validation].origin,
                     config->values[CONFIG_split_test].origin, sum);
    }
    const char *key = config_text(config, CONFIG_data_raw_key);
    const char *prefix = config_text(config, CONFIG_data_raw_prefix);
    if (!str_ends_with(str_from(prefix), STR("/"))) {
        problems_add(problems, "%s: data.raw_prefix \"%s\" must end in a slash",
                     config->values[CONFIG_data_raw_prefix].origin, prefix);
    }
    if (!str_starts_with(str_from(key), str_from(prefix))) {
        problems_add(problems, "%s: data.raw_key \"%s\" is not under data.raw_prefix \"%s\" (%s)",
                     config->values[CONFIG_data_raw_key].origin, key, prefix,
                     config->values[CONFIG_data_raw_prefix].origin);
    }
    check_order(config, CONFIG_expectations_rows_min, CONFIG_expectations_rows_max, problems);
    check_order(config, CONFIG_expectations_label_rate_min, CONFIG_expectations_label_rate_max,
                problems);
    if (strcmp(config_text(config, CONFIG_backend_database), "aws") == 0 &&
        *config_text(config, CONFIG_database_dsn) == '\0') {
        problems_add(problems, "%s: backend.database is \"aws\", so database.dsn must name it",
                     config->values[CONFIG_backend_database].origin);
    }
    config_check_aws(config, problems);
    bindings_check(config, problems);
}

/* ---- all of it */
static struct config *load(const struct config_request *request, const char *path, struct str text,
                           struct problems *problems)
{
    struct config *config = xcalloc(1, sizeof(*config));
    struct toml_document document = {NULL, NULL};
    struct error err;
    int line = 0;
    config->path = path == NULL ? NULL : xstrdup(path);
    set_defaults(config);
    if (text.len > 0) {
        if (!toml_parse(text, &document, &line, &err)) {
            problems_add_at(problems, path, line, "%s", err.message);
        } else {
            read_document(config, &document, problems);
        }
    }
    read_environment(config, request, problems);
    for (size_t i = 0; i < request->setting_count; i++) {
        read_setting(config, request->settings[i], problems);
    }
    check_together(config, problems);
    config_build_pipeline(config, &document, problems);
    problems_sort(problems);
    toml_document_done(&document);
    return config;
}

struct config *config_load_text(const struct config_request *request, const char *path,
                                struct str text, struct problems *problems)
{
    return load(request, path, text, problems);
}

struct config *config_load(const struct config_request *request, struct problems *problems)
{
    struct config *config = NULL;
    struct error err;
    struct buf text;
    bool is_named = false;
    char *path = config_find(request, &is_named);
    buf_init(&text, CONFIG_FILE_LIMIT);
    if (path == NULL || (!is_named && !file_exists(path))) {
        config = load(request, NULL, STR(""), problems);
    } else if (!file_read(path, &text, &err)) {
        problems_add(problems, "configuration: %s", err.message);
    } else {
        config = load(request, path, buf_str(&text), problems);
    }
    buf_done(&text);
    free(path);
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        json_free(config->values[id].value);
        free(config->values[id].origin);
    }
    json_free(config->rules);
    json_free(config->stages);
    free(config->rules_origin);
    free(config->stages_origin);
    dag_free(config->dag);
    free(config->path);
    free(config);
}

const char *config_text(const struct config *config, enum config_id id)
{
    const char *text = NULL;
    bool is_text = json_as_text(config->values[id].value, &text);
    assert(is_text);
    return text;
}

int64_t config_int(const struct config *config, enum config_id id)
{
    int64_t value = 0;
    bool is_int = json_as_int(config->values[id].value, &value);
    assert(is_int);
    return value;
}

bool config_bool(const struct config *config, enum config_id id)
{
    bool value = false;
    bool is_bool = json_as_bool(config->values[id].value, &value);
    assert(is_bool);
    return value;
}

double config_number(const struct config *config, enum config_id id)
{
    double value = 0;
    bool is_number = json_as_number(config->values[id].value, &value);
    assert(is_number);
    return value;
}
