/* References in parameters. A value that was put in is never looked at again for references: what
 * a stage gave cannot make another stage read more than its author wrote. */
#include "core/run/template.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20, PATH_MAX_LEN = 400, NAMES_SHOWN_MAX = 300 };

enum reference_kind {
    REFERENCE_OUTPUT,
    REFERENCE_RUN_ID,
    REFERENCE_RUN_NUMBER,
    REFERENCE_STAGE_NAME,
    REFERENCE_STAGE_TRY,
    REFERENCE_STAGE_INTENT,
};

static const struct {
    const char *text;
    enum reference_kind kind;
} plain_references[] = {
    {"run.id", REFERENCE_RUN_ID},
    {"run.number", REFERENCE_RUN_NUMBER},
    {"stage.name", REFERENCE_STAGE_NAME},
    {"stage.try", REFERENCE_STAGE_TRY},
    {"stage.intent", REFERENCE_STAGE_INTENT},
};

struct reference {
    enum reference_kind kind;
    size_t stage;   /* OUTPUT: whose */
    struct str key; /* OUTPUT: by dots */
};

/* A text is literal, reference, literal, reference .. */
struct part {
    struct str literal;
    struct str reference; /* between the braces, trimmed */
    bool has_reference;
};

/* Where a walk is: for whom, and which parameter it has reached. */
struct walk {
    const struct dag *dag;
    const struct run *run; /* NULL: only check */
    size_t stage;
    int try_number;
    struct buf path;
};

static bool bad_reference(struct error *err, struct str text, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_reference", "{{ " STR_FMT " }} %s", STR_ARG(text),
                     what);
}

static size_t find(struct str text, const char *part)
{
    const char *at = text.len == 0 ? NULL : memmem(text.ptr, text.len, part, strlen(part));
    return at == NULL ? text.len : (size_t)(at - text.ptr);
}

static struct str drop(struct str text, size_t count)
{
    return (struct str){text.ptr + count, text.len - count};
}

static bool next_part(struct str *rest, struct part *out_part, struct error *err)
{
    size_t open = find(*rest, "{{");
    *out_part = (struct part){.literal = {rest->ptr, open}};
    *rest = drop(*rest, open);
    if (rest->len == 0) {
        return true;
    }
    *rest = drop(*rest, 2);
    size_t close = find(*rest, "}}");
    if (close == rest->len) {
        return error_set(err, ERROR_PERMANENT, "bad_reference", "a {{ has no }}");
    }
    out_part->has_reference = true;
    out_part->reference = str_trim((struct str){rest->ptr, close});
    *rest = drop(*rest, close + 2);
    return true;
}

static bool unknown_stage(const struct walk *walk, struct str text, struct str name,
                          struct error *err)
{
    const char **names = xcalloc(walk->dag->count, sizeof(names[0]));
    for (size_t i = 0; i < walk->dag->count; i++) {
        names[i] = walk->dag->stages[i].name;
    }
    const char *nearest = str_nearest(name, names, walk->dag->count);
    char *what = nearest == NULL
                     ? xstrdup("names an unknown stage")
                     : xasprintf("names an unknown stage; did you mean \"%s\"?", nearest);
    bad_reference(err, text, what);
    free(what);
    free(names);
    return false;
}

static bool parse_output(const struct walk *walk, struct str text, struct reference *out,
                         struct error *err)
{
    struct str rest = text;
    str_split(rest, '.', &rest); /* "stages" */
    struct str name = str_split(rest, '.', &rest);
    struct str word = str_split(rest, '.', &rest);
    if (!str_eq(word, STR("outputs")) || rest.len == 0) {
        return bad_reference(err, text, "must be stages.NAME.outputs.KEY");
    }
    size_t stage = dag_find(walk->dag, name);
    if (stage == walk->dag->count) {
        return unknown_stage(walk, text, name, err);
    }
    if (!dag_is_upstream(walk->dag, stage, walk->stage)) {
        return bad_reference(err, text,
                             "names a stage that does not come before this one; add it to after");
    }
    *out = (struct reference){REFERENCE_OUTPUT, stage, rest};
    return true;
}

static bool parse_reference(const struct walk *walk, struct str text, struct reference *out,
                            struct error *err)
{
    if (str_starts_with(text, STR("stages."))) {
        return parse_output(walk, text, out, err);
    }
    for (size_t i = 0; i < sizeof(plain_references) / sizeof(plain_references[0]); i++) {
        if (str_eq(text, str_from(plain_references[i].text))) {
            *out = (struct reference){.kind = plain_references[i].kind};
            return true;
        }
    }
    return bad_reference(err, text,
                         "is unknown; there are stages.NAME.outputs.KEY, run.id, run.number, "
                         "stage.name, stage.try and stage.intent");
}

/* ---- values */

static bool no_output(const struct walk *walk, const struct reference *reference, struct str text,
                      struct error *err)
{
    struct buf what;
    const struct json *outputs = walk->run->stages[reference->stage].outputs;
    buf_init(&what, NAMES_SHOWN_MAX);
    if (outputs == NULL) {
        buf_printf(&what, "has no value: the stage is %s and has no outputs",
                   stage_state_name(walk->run->stages[reference->stage].state));
    } else {
        buf_append_text(&what, "has no value; the stage's outputs are:");
    }
    for (const struct json *member = json_first(outputs); member != NULL;
         member = json_next(member)) {
        buf_printf(&what, " %s", json_name(member));
    }
    bad_reference(err, text, buf_text(&what));
    buf_done(&what);
    return false;
}

static struct json *output_value(const struct walk *walk, const struct reference *reference,
                                 struct str text, struct error *err)
{
    char *key = xmemdup0(reference->key.ptr, reference->key.len);
    const struct json *value = json_path(walk->run->stages[reference->stage].outputs, key);
    free(key);
    if (json_is_null(value)) {
        no_output(walk, reference, text, err);
        return NULL;
    }
    return json_copy(value);
}

static struct json *intent_value(const struct walk *walk)
{
    char intent[RUN_INTENT_SIZE];
    run_intent(walk->run, walk->stage, walk->try_number, intent);
    return json_string(str_from(intent));
}

/* Gives the value of {{ text }}. */
static struct json *reference_value(const struct walk *walk, struct str text, struct error *err)
{
    struct reference reference;
    if (!parse_reference(walk, text, &reference, err)) {
        return NULL;
    }
    switch (reference.kind) {
    case REFERENCE_RUN_ID:
        return json_string(str_from(walk->run->id));
    case REFERENCE_RUN_NUMBER:
        return json_int(walk->run->number);
    case REFERENCE_STAGE_NAME:
        return json_string(str_from(walk->dag->stages[walk->stage].name));
    case REFERENCE_STAGE_TRY:
        return json_int(walk->try_number);
    case REFERENCE_STAGE_INTENT:
        return intent_value(walk);
    case REFERENCE_OUTPUT:
        break;
    }
    return output_value(walk, &reference, text, err);
}

static void append_value(struct buf *out, const struct json *value)
{
    const char *text = NULL;
    if (json_as_text(value, &text)) {
        buf_append_text(out, text);
        return;
    }
    char *printed = json_print(value);
    buf_append_text(out, printed);
    free(printed);
}

/* Gives the text with values put in, or NULL. */
static struct json *resolve_mixed(const struct walk *walk, struct str text, struct error *err)
{
    struct buf out;
    struct part part;
    buf_init(&out, TEXT_MAX);
    while (text.len > 0) {
        if (!next_part(&text, &part, err)) {
            buf_done(&out);
            return NULL;
        }
        buf_append_str(&out, part.literal);
        struct json *value = part.has_reference ? reference_value(walk, part.reference, err) : NULL;
        if (part.has_reference && value == NULL) {
            buf_done(&out);
            return NULL;
        }
        if (value != NULL) {
            append_value(&out, value);
        }
        json_free(value);
    }
    struct json *json = json_string(buf_str(&out));
    if (out.is_overflowed) {
        error_set(err, ERROR_PERMANENT, "too_large", "with its values the text is over %d bytes",
                  TEXT_MAX);
        json_free(json);
        json = NULL;
    }
    buf_done(&out);
    return json;
}

static struct json *resolve_text(const struct walk *walk, struct str text, struct error *err)
{
    struct part part;
    struct str rest = text;
    if (!next_part(&rest, &part, err)) {
        return NULL;
    }
    if (part.has_reference && part.literal.len == 0 && rest.len == 0) {
        return reference_value(walk, part.reference, err);
    }
    return resolve_mixed(walk, text, err);
}

static bool check_text(const struct walk *walk, struct str text, struct error *err)
{
    struct part part;
    struct reference reference;
    while (text.len > 0) {
        if (!next_part(&text, &part, err)) {
            return false;
        }
        if (part.has_reference && !parse_reference(walk, part.reference, &reference, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the walk through all parameters */

static void enter(struct walk *walk, const char *name, size_t index, bool is_member)
{
    if (is_member) {
        buf_printf(&walk->path, "%s%s", walk->path.len == 0 ? "" : ".", name);
    } else {
        buf_printf(&walk->path, "[%zu]", index);
    }
}

static void leave(struct walk *walk, size_t path_len)
{
    walk->path.len = path_len;
    if (walk->path.ptr != NULL) {
        walk->path.ptr[path_len] = '\0';
    }
}

/* Gives the resolved value; when the walk only checks, a JSON null stands for it. */
static struct json *visit(struct walk *walk, const struct json *json, struct error *err);

static struct json *visit_members(struct walk *walk, const struct json *json, struct error *err)
{
    bool is_object = json_is_object(json);
    struct json *out = is_object ? json_object() : json_array();
    size_t path_len = walk->path.len;
    size_t index = 0;
    for (const struct json *member = json_first(json); member != NULL; member = json_next(member)) {
        enter(walk, json_name(member), index++, is_object);
        struct json *value = visit(walk, member, err);
        if (value == NULL) {
            json_free(out);
            return NULL;
        }
        leave(walk, path_len);
        if (is_object) {
            json_set(out, json_name(member), value);
        } else {
            json_append(out, value);
        }
    }
    return out;
}

static struct json *visit(struct walk *walk, const struct json *json, struct error *err)
{
    const char *text = NULL;
    if (json_is_object(json) || json_is_array(json)) {
        return visit_members(walk, json, err);
    }
    if (!json_as_text(json, &text)) {
        return json_copy(json);
    }
    struct str value = str_from(text);
    if (walk->run == NULL) {
        return check_text(walk, value, err) ? json_null() : NULL;
    }
    return resolve_text(walk, value, err);
}

static struct json *walk_parameters(struct walk *walk, struct error *err)
{
    buf_init(&walk->path, PATH_MAX_LEN);
    struct json *out = visit(walk, walk->dag->stages[walk->stage].parameters, err);
    if (out == NULL) {
        error_prefix(err, "parameter %s", buf_text(&walk->path));
    }
    buf_done(&walk->path);
    return out;
}

struct json *template_resolve(const struct run *run, size_t stage, int try_number,
                              struct error *err)
{
    struct walk walk = {.dag = run->dag, .run = run, .stage = stage, .try_number = try_number};
    assert(stage < run->dag->count);
    return walk_parameters(&walk, err);
}

bool template_check(const struct dag *dag, struct error *err)
{
    for (size_t i = 0; i < dag->count; i++) {
        struct walk walk = {.dag = dag, .stage = i};
        struct json *checked = walk_parameters(&walk, err);
        if (checked == NULL) {
            return error_prefix(err, "stage \"%s\"", dag->stages[i].name);
        }
        json_free(checked);
    }
    return true;
}
