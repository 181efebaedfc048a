/* The table of kinds, by name. */
#include "core/stages/kind.h"

#include <string.h>

static const struct stage_traits traits[] = {
#define X(name, starts_queued, is_adoptable, is_gate) {#name, starts_queued, is_adoptable, is_gate},
    STAGE_KINDS(X)
#undef X
        {0},
};

enum { KIND_COUNT = sizeof(traits) / sizeof(traits[0]) - 1 };

static const struct stage_kind *const kinds[KIND_COUNT] = {
#define X(name, starts_queued, is_adoptable, is_gate) &stage_kind_##name,
    STAGE_KINDS(X)
#undef X
};

const struct stage_traits *stage_kinds(void)
{
    return traits;
}

const struct stage_kind *stage_kind_find(const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(traits[i].kind, name) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

static bool fail_unknown(const char *name, struct error *err)
{
    const char *names[KIND_COUNT];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = traits[i].kind;
    }
    const char *nearest = str_nearest(str_from(name), names, KIND_COUNT);
    if (nearest == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_kind", "there is no stage kind '%.64s'", name);
    }
    return error_set(err, ERROR_PERMANENT, "bad_kind",
                     "there is no stage kind '%.64s'; did you mean '%s'?", name, nearest);
}

bool stage_kind_check(const char *name, const struct json *parameters, struct error *err)
{
    const struct stage_kind *kind = stage_kind_find(name);
    if (kind == NULL) {
        return fail_unknown(name, err);
    }
    return parameters_check(kind->parameters, kind->parameter_count, parameters, true, err) &&
           (kind->check == NULL || kind->check(parameters, err));
}
