/* Stage parameters checked against small tables. Pure; any thread. */
#ifndef GATEHOUSE_STAGES_PARAMETERS_H
#define GATEHOUSE_STAGES_PARAMETERS_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum parameter_type {
    PARAMETER_TEXT,    /* min..max: bytes */
    PARAMETER_INTEGER, /* min..max: the value */
    PARAMETER_TEXTS,   /* a list of strings; min..max: how many */
    PARAMETER_LIST,    /* of anything; min..max: how many */
    PARAMETER_OBJECT,  /* with the members of its own table, or of any when it has none */
};

struct parameter {
    const char *name;
    enum parameter_type type;
    bool is_required;
    int64_t min, max;                /* both 0: no limits */
    const struct parameter *members; /* PARAMETER_OBJECT */
    size_t member_count;
    bool is_open; /* PARAMETER_OBJECT: members that the table does not name are welcome */
};

/* Whether `object` fits the table. may_refer: at configuration time a string with "{{" stands for a
 * value that is not known yet and fits everywhere. err (permanent, "bad_parameter") names the
 * parameter by its path and, when it is unknown, the nearest known one. NULL counts as {}, a member
 * that is null as absent. */
bool parameters_check(const struct parameter *table, size_t count, const struct json *object,
                      bool may_refer, struct error *err);
/* A string that holds a reference still to be resolved. */
bool parameters_is_reference(const struct json *value);

/* {"bucket","key","sha256"?..}: the place of an object, as stages give it on. */
enum { PARAMETERS_PLACE_COUNT = 5 };
extern const struct parameter parameters_place[PARAMETERS_PLACE_COUNT];
/* A member of a table that is such a place; what else a stage has put there is welcome. */
#define PARAMETER_PLACE(name_text, required)                                                       \
    {                                                                                              \
        .name = name_text, .type = PARAMETER_OBJECT, .is_required = required,                      \
        .members = parameters_place, .member_count = PARAMETERS_PLACE_COUNT, .is_open = true       \
    }

#endif
