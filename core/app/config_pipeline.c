/* The blocks of the configuration: gate rules, stages, and the dag made from them. References to
 * configuration keys are resolved here; references to a run's values stay for the run. */
#include "core/app/config_internal.h"
#include "core/app/config_value.h"
#include "core/base/alloc.h"
#include "core/run/gate.h"
#include "core/run/template.h"
#include "core/stages/attempt.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLVED_TEXT_LIMIT = 1 << 16 };

/* ---- {{ config.section.key }} */
static struct json *section_object(const struct config *config, struct str section)
{
    struct json *object = NULL;
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        if (str_eq(section, str_from(key->section)) && key->type != CONFIG_SECRET) {
            object = object == NULL ? json_object() : object;
            json_set(object, key->name, json_copy(config->values[id].value));
        }
    }
    return object;
}

/* The value behind "config.section.key" or "config.section"; NULL: none, or a secret. */
static struct json *look_up(const struct config *config, struct str reference)
{
    struct str section = {NULL, 0}, name = {NULL, 0};
    str_split(reference, '.', &section);
    section = str_split(section, '.', &name);
    if (str_eq(section, STR("gate")) && str_eq(name, STR("rule"))) {
        return json_copy(config->rules);
    }
    struct json *object = section_object(config, section);
    if (name.len == 0 || object == NULL) {
        return object;
    }
    char *path = xmemdup0(name.ptr, name.len);
    struct json *value = json_copy(json_path(object, path));
    free(path);
    json_free(object);
    return value;
}

/* The next "{{ config.x }}" in text: false when there is none. */
static bool next_reference(struct str text, struct str *out_whole, struct str *out_name)
{
    for (size_t i = 0; i + 4 <= text.len; i++) {
        if (text.ptr[i] != '{' || text.ptr[i + 1] != '{') {
            continue;
        }
        const char *end = memmem(text.ptr + i, text.len - i, "}}", 2);
        if (end == NULL) {
            return false;
        }
        struct str inner = {text.ptr + i + 2, (size_t)(end - text.ptr) - i - 2};
        inner = str_trim(inner);
        if (str_starts_with(inner, STR("config."))) {
            *out_name = inner;
            *out_whole = (struct str){text.ptr + i, (size_t)(end - text.ptr) + 2 - i};
            return true;
        }
    }
    return false;
}

static bool append_value(struct buf *out, const struct json *value)
{
    const char *text = NULL;
    if (json_as_text(value, &text)) {
        return buf_append_text(out, text);
    }
    char *printed = json_print(value);
    bool fits = buf_append_text(out, printed);
    free(printed);
    return fits;
}

struct resolving {
    const struct config *config;
    const char *where;
    struct problems *problems;
    bool is_good;
};

static struct json *resolve_text(struct resolving *resolving, const char *text)
{
    struct str rest = str_from(text), whole = {NULL, 0}, name = {NULL, 0};
    struct json *result = NULL;
    struct buf out;
    buf_init(&out, RESOLVED_TEXT_LIMIT);
    while (result == NULL && next_reference(rest, &whole, &name)) {
        struct json *value = look_up(resolving->config, name);
        if (value == NULL) {
            problems_add(resolving->problems, "%s: {{ %.*s }} names no key that a stage may use",
                         resolving->where, STR_ARG(name));
            resolving->is_good = false;
            result = json_null();
        } else if (whole.len == strlen(text)) {
            result = value;
            value = NULL;
        } else {
            buf_append(&out, rest.ptr, (size_t)(whole.ptr - rest.ptr));
            append_value(&out, value);
        }
        json_free(value);
        size_t used = (size_t)(whole.ptr + whole.len - rest.ptr);
        rest = (struct str){rest.ptr + used, rest.len - used};
    }
    if (result == NULL) {
        buf_append_str(&out, rest);
        result = json_string(buf_str(&out));
    }
    if (out.is_overflowed) {
        problems_add(resolving->problems, "%s: a text is longer than %d bytes", resolving->where,
                     RESOLVED_TEXT_LIMIT);
        resolving->is_good = false;
    }
    buf_done(&out);
    return result;
}

static struct json *resolve(struct resolving *resolving, const struct json *value)
{
    const char *text = NULL;
    if (json_as_text(value, &text)) {
        return resolve_text(resolving, text);
    }
    if (!json_is_object(value) && !json_is_array(value)) {
        return json_copy(value);
    }
    bool is_object = json_is_object(value);
    struct json *copy = is_object ? json_object() : json_array();
    for (const struct json *m = json_first(value); m != NULL; m = json_next(m)) {
        if (is_object) {
            json_set(copy, json_name(m), resolve(resolving, m));
        } else {
            json_append(copy, resolve(resolving, m));
        }
    }
    return copy;
}

struct json *config_resolve(const struct config *config, const struct json *parameters,
                            const char *where, struct problems *problems)
{
    struct resolving resolving = {config, where, problems, true};
    struct json *resolved = resolve(&resolving, parameters);
    if (!resolving.is_good) {
        json_free(resolved);
        return NULL;
    }
    return resolved;
}

/* ---- blocks: [[gate.rule]] and [[stage]] are arrays of tables with known keys */
struct block {
    const char *file; /* what messages call the document */
    const char *title;
    const struct config_key *keys;
    const struct json *value;
    const struct json *place;
    bool is_default; /* ours, not the operator's */
};

static const struct config_key *find_block_key(const struct config_key *keys, const char *name)
{
    while (keys->name != NULL && strcmp(keys->name, name) != 0) {
        keys++;
    }
    return keys->name == NULL ? NULL : keys;
}

static void complain_about_key(const struct block *block, const char *name, int line,
                               struct problems *problems)
{
    const char *names[16];
    size_t count = 0;
    for (const struct config_key *key = block->keys; key->name != NULL; key++) {
        names[count++] = key->name;
    }
    char *hint = config_suggest(name, names, count);
    problems_add_at(problems, block->file, line, "%s: there is no key \"%s\"%s", block->title, name,
                    hint);
    free(hint);
}

/* Gives an object of checked values; keys that are wrong are reported and left out. */
static struct json *read_block(const struct block *block, struct problems *problems)
{
    struct json *object = json_object();
    if (!json_is_object(block->value)) {
        problems_add_at(problems, block->file, toml_place_line(block->place), "%s must be a table",
                        block->title);
        return object;
    }
    for (const struct json *m = json_first(block->value); m != NULL; m = json_next(m)) {
        const char *name = json_name(m);
        int line = toml_place_line(toml_place_member(block->place, name));
        const struct config_key *key = find_block_key(block->keys, name);
        struct error err;
        if (key == NULL) {
            complain_about_key(block, name, line, problems);
            continue;
        }
        struct json *value = config_value_from_json(key, m, &err);
        if (value == NULL) {
            problems_add_at(problems, block->file, line, "%s %s: %s", block->title, name,
                            err.message);
        } else {
            json_set(object, name, value);
        }
    }
    return object;
}

static struct toml_document parse_default(const char *text)
{
    struct toml_document document = {NULL, NULL};
    struct error err;
    int line = 0;
    bool is_good = toml_parse(str_from(text), &document, &line, &err);
    assert(is_good);
    return document;
}

/* ---- gate rules */
static void read_rules(struct config *config, const char *file, const struct json *rules,
                       const struct json *places, struct problems *problems)
{
    size_t index = 0;
    for (const struct json *rule = json_first(rules); rule != NULL;
         rule = json_next(rule), index++) {
        struct block block = {
            file, "[[gate.rule]]", config_rule_keys(), rule, toml_place_item(places, index), false};
        struct json *object = read_block(&block, problems);
        if (json_get(object, "split") == NULL) {
            json_set_text(object, "split", "test");
        }
        struct error err;
        if (!gate_check_rule(object, &err)) {
            problems_add_at(problems, file, toml_place_line(block.place), "[[gate.rule]]: %s",
                            err.message);
        }
        json_append(config->rules, object);
    }
}

static void build_rules(struct config *config, const struct toml_document *document,
                        struct problems *problems)
{
    const struct json *gate = json_get(document->value, "gate");
    const struct json *gate_place = toml_place_member(document->places, "gate");
    config->rules = json_array();
    for (const struct json *m = json_first(gate); m != NULL; m = json_next(m)) {
        if (json_name(m) == NULL || strcmp(json_name(m), "rule") != 0 || !json_is_array(m)) {
            problems_add_at(problems, config->path, toml_place_line(gate_place),
                            "gate holds only blocks of the form [[gate.rule]]");
            return;
        }
    }
    const struct json *rules = json_get(gate, "rule");
    if (json_count(rules) > 0) {
        const struct json *places = toml_place_member(gate_place, "rule");
        config->rules_origin =
            xasprintf("%s:%d", config->path, toml_place_line(toml_place_item(places, 0)));
        read_rules(config, config->path, rules, places, problems);
        return;
    }
    struct toml_document fallback = parse_default(config_default_rules());
    config->rules_origin = xstrdup("default");
    read_rules(config, "default", json_path(fallback.value, "gate.rule"),
               toml_place_member(toml_place_member(fallback.places, "gate"), "rule"), problems);
    toml_document_done(&fallback);
}

/* ---- stages */
static void set_unless_given(struct json *stage, const char *name, const char *key_name,
                             const struct json *otherwise)
{
    const struct json *given = json_get(stage, key_name);
    struct json *value = json_copy(given != NULL ? given : otherwise);
    json_remove(stage, key_name);
    json_set(stage, name, value);
}

/* The block's keys become those of the dag's JSON. */
static void complete_stage(const struct config *config, struct json *stage)
{
    const struct config_value *values = config->values;
    set_unless_given(stage, "retries", "retries", values[CONFIG_pipeline_retries].value);
    set_unless_given(stage, "retry_delay_ms", "retry_delay",
                     values[CONFIG_pipeline_retry_delay].value);
    set_unless_given(stage, "queued_timeout_ms", "queued_timeout",
                     values[CONFIG_pipeline_queued_timeout].value);
    set_unless_given(stage, "running_timeout_ms", "running_timeout",
                     values[CONFIG_pipeline_running_timeout].value);
    set_unless_given(stage, "total_timeout_ms", "total_timeout",
                     values[CONFIG_pipeline_total_timeout].value);
    if (json_get(stage, "after") == NULL) {
        json_set(stage, "after", json_array());
    }
    if (json_get(stage, "parameters") == NULL) {
        json_set(stage, "parameters", json_object());
    }
}

static void check_parameters(const struct block *block, const struct json *stage,
                             struct problems *problems)
{
    struct error err;
    const struct json *place = toml_place_member(block->place, "parameters");
    int line = toml_place_line(place);
    if (!stage_kind_check(json_text_or(stage, "kind", ""), json_get(stage, "parameters"), &err)) {
        problems_add_at(problems, block->file, line > 0 ? line : toml_place_line(block->place),
                        "stage \"%s\": %s", json_text_or(stage, "name", ""), err.message);
    }
}

/* Without a split the merge gives no validation set, so the default pipeline must not ask for it.
 */
static void drop_validation(struct json *parameters)
{
    struct json *channels = json_get_mutable(parameters, "channels");
    if (channels != NULL) {
        json_remove(channels, "validation");
    }
}

/* False: something is wrong and was reported. */
static bool read_stage(struct config *config, const struct block *block, struct problems *problems)
{
    size_t before = problems->count;
    struct json *stage = read_block(block, problems);
    static const char *const wanted[] = {"name", "kind"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (json_get(block->value, wanted[i]) == NULL) {
            problems_add_at(problems, block->file, toml_place_line(block->place),
                            "[[stage]] needs a %s", wanted[i]);
        }
    }
    complete_stage(config, stage);
    char *where = xasprintf("%s:%d: stage \"%s\"", block->file, toml_place_line(block->place),
                            json_text_or(stage, "name", ""));
    struct json *parameters =
        config_resolve(config, json_get(stage, "parameters"), where, problems);
    if (parameters != NULL) {
        if (block->is_default && !config_bool(config, CONFIG_split_enabled)) {
            drop_validation(parameters);
        }
        json_set(stage, "parameters", parameters);
    }
    free(where);
    if (problems->count == before && config->are_rules_good) {
        check_parameters(block, stage, problems);
    }
    json_append(config->stages, stage);
    return problems->count == before;
}

static bool read_stages(struct config *config, const struct json *stages, const struct json *places,
                        bool is_default, struct problems *problems)
{
    const char *file = is_default ? "default" : config->path;
    bool are_good = true;
    size_t index = 0;
    for (const struct json *stage = json_first(stages); stage != NULL;
         stage = json_next(stage), index++) {
        struct block block = {
            file,      "[[stage]]", config_stage_keys(), stage, toml_place_item(places, index),
            is_default};
        are_good = read_stage(config, &block, problems) && are_good;
    }
    return are_good;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Where the name stands in the message as a word of its own; NULL: nowhere. */
static const char *find_word(const char *message, const char *name)
{
    size_t len = strlen(name);
    const char *at = len == 0 ? NULL : strstr(message, name);
    while (at != NULL && ((at > message && is_name_char(at[-1])) || is_name_char(at[len]))) {
        at = strstr(at + 1, name);
    }
    return at;
}

/* The line of the stage that the message names first; 0: none. */
static int line_of_message(const struct config *config, const struct json *places,
                           const char *message)
{
    const char *colon = strchr(message, ':'); /* "stages wait .. in a cycle: a -> b -> a" */
    const char *names = strchr(message, '"');
    const char *first = NULL;
    size_t index = 0;
    int line = 0;
    names = names != NULL ? names : colon != NULL ? colon : message;
    for (const struct json *stage = json_first(config->stages); stage != NULL;
         stage = json_next(stage), index++) {
        const char *at = find_word(names, json_text_or(stage, "name", ""));
        if (at != NULL && (first == NULL || at < first)) {
            first = at;
            line = toml_place_line(toml_place_item(places, index));
        }
    }
    return line;
}

/* ---- names that do not fit: all of them at once, where the dag stops at its first */
struct naming {
    const char *file;
    const char **names;
    size_t count;
    struct problems *problems;
};

static size_t find_name(const struct naming *naming, const char *name, size_t count)
{
    size_t index = 0;
    while (index < count && strcmp(naming->names[index], name) != 0) {
        index++;
    }
    return index;
}

static void check_upstream(const struct naming *naming, const struct json *stage, int line)
{
    const struct json *after = json_get(stage, "after");
    for (const struct json *item = json_first(after); item != NULL; item = json_next(item)) {
        const char *name = "";
        if (!json_as_text(item, &name) || find_name(naming, name, naming->count) < naming->count) {
            continue;
        }
        char *hint = config_suggest(name, naming->names, naming->count);
        problems_add_at(naming->problems, naming->file, line,
                        "stage \"%s\": after names an unknown stage \"%s\"%s",
                        json_text_or(stage, "name", ""), name, hint);
        free(hint);
    }
}

/* False: something is wrong and was reported. */
static bool check_names(const struct config *config, const struct json *places,
                        struct problems *problems)
{
    size_t before = problems->count;
    struct naming naming = {.file = config->path == NULL ? "default" : config->path,
                            .names = xcalloc(json_count(config->stages) + 1, sizeof(char *)),
                            .problems = problems};
    const struct json *stage = json_first(config->stages);
    for (; stage != NULL; stage = json_next(stage)) {
        naming.names[naming.count++] = json_text_or(stage, "name", "");
    }
    stage = json_first(config->stages);
    for (size_t i = 0; i < naming.count; i++, stage = json_next(stage)) {
        int line = toml_place_line(toml_place_item(places, i));
        if (naming.names[i][0] != '\0' && find_name(&naming, naming.names[i], i) < i) {
            problems_add_at(problems, naming.file, line,
                            "two stages are named \"%s\"; names must be unique", naming.names[i]);
        }
        check_upstream(&naming, stage, line);
    }
    free(naming.names);
    return problems->count == before;
}

static void build_dag(struct config *config, const struct json *places, struct problems *problems)
{
    struct error err;
    struct json *json = json_object();
    json_set_text(json, "pipeline", config_text(config, CONFIG_pipeline_name));
    json_set_int(json, "max_parallel", config_int(config, CONFIG_pipeline_max_parallel));
    json_set(json, "stages", json_copy(config->stages));
    config->dag = dag_from_json(json, stage_kinds(), &err);
    json_free(json);
    if (config->dag == NULL || !template_check(config->dag, &err)) {
        const char *file = config->path == NULL ? "default" : config->path;
        problems_add_at(problems, file, line_of_message(config, places, err.message), "%s",
                        err.message);
    }
}

void config_build_pipeline(struct config *config, const struct toml_document *document,
                           struct problems *problems)
{
    const struct json *stages = json_get(document->value, "stage");
    const struct json *places = toml_place_member(document->places, "stage");
    struct toml_document fallback = {NULL, NULL};
    bool are_good = false;
    size_t before = problems->count;
    build_rules(config, document, problems);
    config->are_rules_good = problems->count == before;
    config->stages = json_array();
    if (stages != NULL && !json_is_array(stages)) {
        problems_add_at(problems, config->path, toml_place_line(places),
                        "stages are blocks of the form [[stage]]");
        return;
    }
    if (stages != NULL) {
        config->stages_origin =
            xasprintf("%s:%d", config->path, toml_place_line(toml_place_item(places, 0)));
        are_good = read_stages(config, stages, places, false, problems);
    } else {
        fallback = parse_default(config_default_stages());
        config->stages_origin = xstrdup("default");
        are_good = read_stages(config, json_get(fallback.value, "stage"),
                               toml_place_member(fallback.places, "stage"), true, problems);
    }
    are_good = check_names(config, places, problems) && are_good;
    if (are_good) {
        build_dag(config, places, problems);
    }
    toml_document_done(&fallback);
}
