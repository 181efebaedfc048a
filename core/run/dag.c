/* Reading, checking and writing the plan. Stages are kept in topological order, otherwise in the
 * order given, so that one forward pass meets every stage after all it waits for. */
#include "core/run/dag.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RETRIES_MAX = 100, CYCLE_TEXT_MAX = 600 };
static const int64_t TIMEOUT_MAX_MS = 366LL * 24 * 3600 * 1000;
static const int64_t RETRY_DELAY_MAX_MS = 24LL * 3600 * 1000;

struct int_rule {
    const char *name;
    int64_t min, max, otherwise;
};

struct name_entry {
    const char *name;
    size_t index;
};

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len >= 1 && len <= STAGE_NAME_MAX && text[len] == '\0';
}

static bool bad_dag(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_dag", "%s", what);
}

static bool read_name(const struct json *object, const char *member, char **out_name,
                      struct error *err)
{
    const char *name = NULL;
    if (!json_as_text(json_get(object, member), &name)) {
        return error_set(err, ERROR_PERMANENT, "bad_dag", "%s is missing or not a text", member);
    }
    if (!is_name(name)) {
        return error_set(err, ERROR_PERMANENT, "bad_dag",
                         "%s \"%.80s\" must be 1 to %d of a-z A-Z 0-9 _ -", member, name,
                         STAGE_NAME_MAX);
    }
    *out_name = xstrdup(name);
    return true;
}

static bool read_int(const struct json *object, const struct int_rule *rule, int64_t *out_value,
                     struct error *err)
{
    const struct json *member = json_get(object, rule->name);
    int64_t value = rule->otherwise;
    if (member != NULL && !json_as_int(member, &value)) {
        return error_set(err, ERROR_PERMANENT, "bad_dag", "%s is not an integer", rule->name);
    }
    if (value < rule->min || value > rule->max) {
        return error_set(err, ERROR_PERMANENT, "bad_dag", "%s is %lld; it must be %lld to %lld",
                         rule->name, (long long)value, (long long)rule->min, (long long)rule->max);
    }
    *out_value = value;
    return true;
}

static bool read_limits(const struct json *json, struct stage_def *stage, struct error *err)
{
    int64_t retries = 0;
    if (!read_int(json, &(struct int_rule){"retries", 0, RETRIES_MAX, 0}, &retries, err) ||
        !read_int(json, &(struct int_rule){"retry_delay_ms", 0, RETRY_DELAY_MAX_MS, 1000},
                  &stage->retry_delay_ms, err) ||
        !read_int(json, &(struct int_rule){"queued_timeout_ms", 0, TIMEOUT_MAX_MS, 0},
                  &stage->queued_timeout_ms, err) ||
        !read_int(json, &(struct int_rule){"running_timeout_ms", 0, TIMEOUT_MAX_MS, 0},
                  &stage->running_timeout_ms, err) ||
        !read_int(json, &(struct int_rule){"total_timeout_ms", 0, TIMEOUT_MAX_MS, 0},
                  &stage->total_timeout_ms, err)) {
        return false;
    }
    stage->retries = (int)retries;
    return true;
}

static bool unknown_kind(const char *kind, const struct stage_traits *traits, struct error *err)
{
    size_t count = 0;
    while (traits[count].kind != NULL) {
        count++;
    }
    const char **kinds = xcalloc(count + 1, sizeof(kinds[0]));
    for (size_t i = 0; i < count; i++) {
        kinds[i] = traits[i].kind;
    }
    const char *nearest = str_nearest(str_from(kind), kinds, count);
    error_set(err, ERROR_PERMANENT, "bad_dag", "unknown kind \"%s\"%s%s%s", kind,
              nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
              nearest == NULL ? "" : "\"?");
    free(kinds);
    return false;
}

/* From the table of kinds, or, without one, as the dag was written. */
static bool read_traits(const struct json *json, const struct stage_traits *traits,
                        struct stage_def *stage, struct error *err)
{
    if (traits == NULL) {
        stage->starts_queued = json_bool_or(json, "starts_queued", false);
        stage->is_adoptable = json_bool_or(json, "is_adoptable", false);
        stage->is_gate = json_bool_or(json, "is_gate", false);
        return true;
    }
    const struct stage_traits *found = traits;
    while (found->kind != NULL && strcmp(found->kind, stage->kind) != 0) {
        found++;
    }
    if (found->kind == NULL) {
        return unknown_kind(stage->kind, traits, err);
    }
    stage->starts_queued = found->starts_queued;
    stage->is_adoptable = found->is_adoptable;
    stage->is_gate = found->is_gate;
    return true;
}

static bool read_parameters(const struct json *json, struct stage_def *stage, struct error *err)
{
    const struct json *parameters = json_get(json, "parameters");
    if (parameters != NULL && !json_is_object(parameters)) {
        return bad_dag(err, "parameters is not an object");
    }
    stage->parameters = parameters == NULL ? json_object() : json_copy(parameters);
    return true;
}

static bool read_stage(const struct json *json, const struct stage_traits *traits,
                       struct stage_def *stage, struct error *err)
{
    if (!read_name(json, "name", &stage->name, err)) {
        return false;
    }
    if (!read_name(json, "kind", &stage->kind, err) || !read_traits(json, traits, stage, err) ||
        !read_limits(json, stage, err) || !read_parameters(json, stage, err)) {
        return error_prefix(err, "stage \"%s\"", stage->name);
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    const struct name_entry *left = a;
    const struct name_entry *right = b;
    return strcmp(left->name, right->name);
}

/* Gives the stages' names in alphabetical order, or NULL when two are the same. */
static struct name_entry *index_names(const struct dag *dag, struct error *err)
{
    struct name_entry *names = xcalloc(dag->count, sizeof(names[0]));
    for (size_t i = 0; i < dag->count; i++) {
        names[i] = (struct name_entry){dag->stages[i].name, i};
    }
    qsort(names, dag->count, sizeof(names[0]), compare_names);
    for (size_t i = 1; i < dag->count; i++) {
        if (strcmp(names[i - 1].name, names[i].name) == 0) {
            error_set(err, ERROR_PERMANENT, "bad_dag",
                      "two stages are named \"%s\"; names must be unique", names[i].name);
            free(names);
            return NULL;
        }
    }
    return names;
}

static bool unknown_upstream(const struct dag *dag, const char *name, struct error *err)
{
    const char **names = xcalloc(dag->count, sizeof(names[0]));
    for (size_t i = 0; i < dag->count; i++) {
        names[i] = dag->stages[i].name;
    }
    const char *nearest = str_nearest(str_from(name), names, dag->count);
    error_set(err, ERROR_PERMANENT, "bad_dag", "after names an unknown stage \"%.80s\"%s%s%s", name,
              nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
              nearest == NULL ? "" : "\"?");
    free(names);
    return false;
}

static bool is_in_after(const struct stage_def *stage, size_t index)
{
    for (size_t i = 0; i < stage->after_count; i++) {
        if (stage->after[i] == index) {
            return true;
        }
    }
    return false;
}

static bool add_upstream(const struct dag *dag, const struct name_entry *names,
                         struct stage_def *stage, const struct json *element, struct error *err)
{
    const char *name = NULL;
    if (!json_as_text(element, &name)) {
        return bad_dag(err, "after must be a list of stage names");
    }
    const struct name_entry *found =
        bsearch(&(struct name_entry){name, 0}, names, dag->count, sizeof(names[0]), compare_names);
    if (found == NULL) {
        return unknown_upstream(dag, name, err);
    }
    if (&dag->stages[found->index] == stage) {
        return bad_dag(err, "it waits for itself");
    }
    if (is_in_after(stage, found->index)) {
        return error_set(err, ERROR_PERMANENT, "bad_dag", "after names \"%s\" twice", name);
    }
    stage->after[stage->after_count++] = found->index;
    return true;
}

static bool link_stage(const struct dag *dag, const struct name_entry *names,
                       struct stage_def *stage, const struct json *json, struct error *err)
{
    const struct json *after = json_get(json, "after");
    size_t count = json_count(after);
    if (after != NULL && (!json_is_array(after) || count >= DAG_STAGES_MAX)) {
        bad_dag(err, "after must be a list of stage names");
        return error_prefix(err, "stage \"%s\"", stage->name);
    }
    stage->after = xcalloc(count + 1, sizeof(stage->after[0]));
    for (const struct json *element = json_first(after); element != NULL;
         element = json_next(element)) {
        if (!add_upstream(dag, names, stage, element, err)) {
            return error_prefix(err, "stage \"%s\"", stage->name);
        }
    }
    return true;
}

/* Depth-first order. `path` holds the stages being visited, the last of which waits for nobody on
 * it, unless there is a cycle. */
struct ordering {
    const struct dag *dag;
    enum { UNSEEN, ON_PATH, ORDERED } * marks;
    size_t *path;
    size_t depth;
    size_t *order; /* order[new index] = old index */
    size_t count;
};

static bool report_cycle(const struct ordering *ordering, size_t stage, struct error *err)
{
    struct buf text;
    buf_init(&text, CYCLE_TEXT_MAX);
    buf_append_text(&text, ordering->dag->stages[stage].name);
    /* The path goes upstream; people read downstream. */
    size_t i = ordering->depth;
    do {
        i--;
        buf_printf(&text, " -> %s", ordering->dag->stages[ordering->path[i]].name);
    } while (ordering->path[i] != stage);
    error_set(err, ERROR_PERMANENT, "bad_dag", "stages wait for each other in a cycle: %s%s",
              buf_text(&text), text.is_overflowed ? " ..." : "");
    buf_done(&text);
    return false;
}

static bool visit(struct ordering *ordering, size_t stage, struct error *err)
{
    if (ordering->marks[stage] == ORDERED) {
        return true;
    }
    if (ordering->marks[stage] == ON_PATH) {
        return report_cycle(ordering, stage, err);
    }
    const struct stage_def *def = &ordering->dag->stages[stage];
    ordering->marks[stage] = ON_PATH;
    ordering->path[ordering->depth++] = stage;
    for (size_t i = 0; i < def->after_count; i++) {
        if (!visit(ordering, def->after[i], err)) {
            return false;
        }
    }
    ordering->depth--;
    ordering->marks[stage] = ORDERED;
    ordering->order[ordering->count++] = stage;
    return true;
}

static void reorder(struct dag *dag, const size_t *order)
{
    struct stage_def *stages = xcalloc(dag->count, sizeof(stages[0]));
    size_t *new_index = xcalloc(dag->count, sizeof(new_index[0]));
    for (size_t i = 0; i < dag->count; i++) {
        stages[i] = dag->stages[order[i]];
        new_index[order[i]] = i;
    }
    for (size_t i = 0; i < dag->count; i++) {
        for (size_t k = 0; k < stages[i].after_count; k++) {
            stages[i].after[k] = new_index[stages[i].after[k]];
        }
    }
    free(dag->stages);
    free(new_index);
    dag->stages = stages;
}

static bool order_stages(struct dag *dag, struct error *err)
{
    struct ordering ordering = {.dag = dag};
    ordering.marks = xcalloc(dag->count, sizeof(ordering.marks[0]));
    ordering.path = xcalloc(dag->count, sizeof(ordering.path[0]));
    ordering.order = xcalloc(dag->count, sizeof(ordering.order[0]));
    bool is_ordered = true;
    for (size_t i = 0; i < dag->count && is_ordered; i++) {
        is_ordered = visit(&ordering, i, err);
    }
    if (is_ordered) {
        reorder(dag, ordering.order);
    }
    free(ordering.marks);
    free(ordering.path);
    free(ordering.order);
    return is_ordered;
}

static bool link_stages(struct dag *dag, const struct json *stages, struct error *err)
{
    struct name_entry *names = index_names(dag, err);
    bool is_linked = names != NULL;
    const struct json *json = json_first(stages);
    for (size_t i = 0; i < dag->count && is_linked; i++, json = json_next(json)) {
        is_linked = link_stage(dag, names, &dag->stages[i], json, err);
    }
    free(names);
    return is_linked;
}

static bool read_stages(struct dag *dag, const struct json *stages,
                        const struct stage_traits *traits, struct error *err)
{
    size_t count = json_count(stages);
    if (!json_is_array(stages) || count == 0) {
        return bad_dag(err, "there is no stage; give at least one");
    }
    if (count > DAG_STAGES_MAX) {
        return error_set(err, ERROR_PERMANENT, "bad_dag", "%zu stages are more than the limit, %d",
                         count, DAG_STAGES_MAX);
    }
    dag->stages = xcalloc(count, sizeof(dag->stages[0]));
    for (const struct json *json = json_first(stages); json != NULL; json = json_next(json)) {
        size_t index = dag->count++;
        if (!read_stage(json, traits, &dag->stages[index], err)) {
            return dag->stages[index].name != NULL ? false
                                                   : error_prefix(err, "stage %zu", index + 1);
        }
    }
    return true;
}

struct dag *dag_from_json(const struct json *json, const struct stage_traits *traits,
                          struct error *err)
{
    struct dag *dag = xcalloc(1, sizeof(*dag));
    const struct json *stages = json_get(json, "stages");
    int64_t max_parallel = 0;
    if (!read_name(json, "pipeline", &dag->pipeline, err) ||
        !read_int(json, &(struct int_rule){"max_parallel", 1, DAG_STAGES_MAX, 4}, &max_parallel,
                  err) ||
        !read_stages(dag, stages, traits, err) || !link_stages(dag, stages, err) ||
        !order_stages(dag, err)) {
        dag_free(dag);
        return NULL;
    }
    dag->max_parallel = (int)max_parallel;
    return dag;
}

static struct json *stage_to_json(const struct dag *dag, const struct stage_def *stage)
{
    struct json *json = json_object();
    struct json *after = json_array();
    for (size_t i = 0; i < stage->after_count; i++) {
        json_append(after, json_string(str_from(dag->stages[stage->after[i]].name)));
    }
    json_set_text(json, "name", stage->name);
    json_set_text(json, "kind", stage->kind);
    json_set(json, "after", after);
    json_set_int(json, "retries", stage->retries);
    json_set_int(json, "retry_delay_ms", stage->retry_delay_ms);
    json_set_int(json, "queued_timeout_ms", stage->queued_timeout_ms);
    json_set_int(json, "running_timeout_ms", stage->running_timeout_ms);
    json_set_int(json, "total_timeout_ms", stage->total_timeout_ms);
    json_set_bool(json, "starts_queued", stage->starts_queued);
    json_set_bool(json, "is_adoptable", stage->is_adoptable);
    json_set_bool(json, "is_gate", stage->is_gate);
    json_set(json, "parameters", json_copy(stage->parameters));
    return json;
}

struct json *dag_to_json(const struct dag *dag)
{
    struct json *json = json_object();
    struct json *stages = json_array();
    for (size_t i = 0; i < dag->count; i++) {
        json_append(stages, stage_to_json(dag, &dag->stages[i]));
    }
    json_set_text(json, "pipeline", dag->pipeline);
    json_set_int(json, "max_parallel", dag->max_parallel);
    json_set(json, "stages", stages);
    return json;
}

void dag_free(struct dag *dag)
{
    if (dag == NULL) {
        return;
    }
    for (size_t i = 0; i < dag->count; i++) {
        free(dag->stages[i].name);
        free(dag->stages[i].kind);
        free(dag->stages[i].after);
        json_free(dag->stages[i].parameters);
    }
    free(dag->stages);
    free(dag->pipeline);
    free(dag);
}

struct dag *dag_copy(const struct dag *dag)
{
    struct error err;
    struct json *json = dag_to_json(dag);
    struct dag *copy = dag_from_json(json, NULL, &err);
    assert(copy != NULL);
    json_free(json);
    return copy;
}

size_t dag_find(const struct dag *dag, struct str name)
{
    size_t i = 0;
    while (i < dag->count && !str_eq(name, str_from(dag->stages[i].name))) {
        i++;
    }
    return i;
}

bool dag_is_upstream(const struct dag *dag, size_t upstream, size_t stage)
{
    bool is_reached[DAG_STAGES_MAX] = {false};
    assert(dag->count <= DAG_STAGES_MAX && stage < dag->count);
    is_reached[stage] = true;
    for (size_t i = stage; i > upstream; i--) {
        for (size_t k = 0; is_reached[i] && k < dag->stages[i].after_count; k++) {
            is_reached[dag->stages[i].after[k]] = true;
        }
    }
    return upstream < stage && is_reached[upstream];
}
