/* The configuration as text: the example made from the key table, and the effective values. */
#include "core/app/config.h"
#include "core/app/config_value.h"
#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { DURATION_LIMIT = 64 };

static void print_range(const struct config_key *key, struct buf *out)
{
    if (key->min >= key->max) {
        return;
    }
    switch (key->type) {
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
        buf_printf(out, " From %.16g to %.16g.", key->min, key->max);
        break;
    case CONFIG_DURATION:
        buf_append_text(out, " From ");
        config_print_duration((int64_t)key->min, out);
        buf_append_text(out, " to ");
        config_print_duration((int64_t)key->max, out);
        buf_append_text(out, ".");
        break;
    case CONFIG_TEXT:
    case CONFIG_SECRET:
    case CONFIG_CHOICE:
    case CONFIG_BOOLEAN:
    case CONFIG_SIZE:
    case CONFIG_TABLE:
    case CONFIG_NAMES:
    case CONFIG_BINDINGS:
    case CONFIG_TYPE_COUNT:
        break;
    }
}

/* A table becomes a section of its own, so it must be the last key of its section. */
static void print_table(const struct config_key *key, const struct json *value, struct buf *out)
{
    buf_printf(out, "#[%s.%s]\n", key->section, key->name);
    for (const struct json *m = json_first(value); m != NULL; m = json_next(m)) {
        buf_printf(out, "#%s = ", json_name(m));
        config_print_toml(m, out);
        buf_append_char(out, '\n');
    }
}

static void print_key(const struct config_key *key, struct buf *out)
{
    struct error err;
    struct json *value = config_value_from_text(key, str_from(key->fallback), &err);
    buf_printf(out, "\n# %s", key->sentence);
    print_range(key, out);
    buf_append_char(out, '\n');
    if (key->type == CONFIG_TABLE) {
        print_table(key, value, out);
    } else {
        buf_printf(out, "#%s = ", key->name);
        config_value_print(key, value, out);
        buf_append_char(out, '\n');
    }
    json_free(value);
}

/* Every line that is not empty gets a '#' in front. */
static void print_commented(const char *text, struct buf *out)
{
    struct str rest = str_from(text);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        buf_append_text(out, line.len == 0 ? "" : "#");
        buf_append_str(out, line);
        buf_append_char(out, '\n');
    }
}

static void print_block_keys(const struct config_key *keys, struct buf *out)
{
    for (; keys->name != NULL; keys++) {
        buf_printf(out, "#   %-16s %s", keys->name, keys->sentence);
        print_range(keys, out);
        buf_append_char(out, '\n');
    }
}

void config_print_example(struct buf *out)
{
    buf_append_text(
        out,
        "# gatehouse: every key with its default, commented out. Nothing needs to be set.\n"
        "# The file is TOML 1.0 and is looked for at --config, $GATEHOUSE_CONFIG,\n"
        "# ~/.config/gatehouse/config.toml and /etc/xdg/gatehouse/config.toml; the first one "
        "counts.\n"
        "# GATEHOUSE_SECTION_KEY in the environment stands over the file, and\n"
        "# --set section.key=value over both. `gatehouse config show` tells what holds and why.\n"
        "# A duration is \"500ms\", \"30s\", \"10m\", \"1h30m\", \"2d\", or an integer in "
        "seconds.\n");
    for (const struct config_section *s = config_sections(); s->name != NULL; s++) {
        buf_printf(out, "\n# %s\n[%s]\n", s->sentence, s->name);
        for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
            const struct config_key *key = config_key((enum config_id)id);
            if (strcmp(key->section, s->name) == 0) {
                print_key(key, out);
            }
        }
    }
    buf_append_text(
        out, "\n# The quality gate: a model passes if it keeps every rule, in this order. Blocks\n"
             "# given here replace all of these. Keys:\n");
    print_block_keys(config_rule_keys(), out);
    print_commented(config_default_rules(), out);
    buf_append_text(out, "\n# The stages. Blocks given here replace all of these. Keys:\n");
    print_block_keys(config_stage_keys(), out);
    buf_append_text(
        out,
        "# Parameters may hold {{ config.section.key }}, {{ config.section }},\n"
        "# {{ stages.NAME.outputs.KEY }} of a stage upstream, {{ run.id }}, {{ run.number }},\n"
        "# {{ stage.name }}, {{ stage.try }} and {{ stage.intent }}.\n");
    print_commented(config_default_stages(), out);
}

static void print_effective_section(const struct config *config, const char *section,
                                    struct buf *out)
{
    buf_printf(out, "[%s]\n", section);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        if (strcmp(key->section, section) == 0) {
            buf_printf(out, "%s = ", key->name);
            config_value_print(key, config->values[id].value, out);
            buf_printf(out, "  # %s\n", config->values[id].origin);
        }
    }
    buf_append_char(out, '\n');
}

/* Milliseconds of the dag's JSON back to the key and form of the file. */
static void print_stage_member(const struct json *member, struct buf *out)
{
    const char *name = json_name(member);
    const char *suffix = strstr(name, "_ms");
    int64_t ms = 0;
    if (suffix != NULL && suffix[3] == '\0' && json_as_int(member, &ms)) {
        buf_append(out, name, (size_t)(suffix - name));
        buf_append_text(out, " = \"");
        config_print_duration(ms, out);
        buf_append_text(out, "\"");
    } else {
        buf_printf(out, "%s = ", name);
        config_print_toml(member, out);
    }
    buf_append_char(out, '\n');
}

static void print_effective_blocks(const struct json *blocks, const char *title, const char *origin,
                                   struct buf *out)
{
    for (const struct json *block = json_first(blocks); block != NULL; block = json_next(block)) {
        buf_printf(out, "%s  # %s\n", title, origin);
        for (const struct json *m = json_first(block); m != NULL; m = json_next(m)) {
            print_stage_member(m, out);
        }
        buf_append_char(out, '\n');
    }
}

void config_print_text(const struct config *config, struct buf *out)
{
    for (const struct config_section *s = config_sections(); s->name != NULL; s++) {
        print_effective_section(config, s->name, out);
    }
    print_effective_blocks(config->rules, "[[gate.rule]]", config->rules_origin, out);
    print_effective_blocks(config->stages, "[[stage]]", config->stages_origin, out);
}

static struct json *value_json(const struct config_key *key, const struct config_value *slot)
{
    const char *text = NULL;
    bool is_hidden =
        key->type == CONFIG_SECRET && json_as_text(slot->value, &text) && *text != '\0';
    struct json *entry = json_object();
    struct json *shown = is_hidden ? json_string(STR("***")) : json_copy(slot->value);
    int64_t ms = 0;
    if (key->type == CONFIG_DURATION && json_as_int(slot->value, &ms)) { /* as the file has it */
        struct buf duration;
        buf_init(&duration, DURATION_LIMIT);
        config_print_duration(ms, &duration);
        json_free(shown);
        shown = json_string(buf_str(&duration));
        buf_done(&duration);
    }
    json_set(entry, "value", shown);
    json_set_text(entry, "origin", slot->origin);
    return entry;
}

struct json *config_print_json(const struct config *config)
{
    struct json *root = json_object();
    struct json *values = json_object();
    json_set_text(root, "file", config->path);
    json_set(root, "values", values);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        const struct config_key *key = config_key((enum config_id)id);
        char *name = xasprintf("%s.%s", key->section, key->name);
        json_set(values, name, value_json(key, &config->values[id]));
        free(name);
    }
    json_set(root, "gate_rules", json_copy(config->rules));
    json_set_text(root, "gate_rules_origin", config->rules_origin);
    json_set(root, "stages", json_copy(config->stages));
    json_set_text(root, "stages_origin", config->stages_origin);
    return root;
}
