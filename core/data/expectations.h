/* Expectations on a data set: limits an operator sets; a broken one fails the stage and says which.
 * Pure; any thread. */
#ifndef GATEHOUSE_DATA_EXPECTATIONS_H
#define GATEHOUSE_DATA_EXPECTATIONS_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>

/* Rows are a count, the others shares from 0 to 1. */
#define EXPECTED_FIGURES(X)                                                                        \
    X(ROWS, "rows")                           /* out */                                            \
    X(LABEL_RATE, "label_rate")               /* rows with label 1 among rows out */               \
    X(QUARANTINED_SHARE, "quarantined_share") /* rows quarantined among rows in */                 \
    X(UNMATCHED_SHARE, "unmatched_share")     /* keys of one side only among all keys */

enum expected_figure {
#define X(name, text) EXPECTED_##name,
    EXPECTED_FIGURES(X)
#undef X
        EXPECTED_COUNT
};

/* NAN: no such limit, no such figure. */
struct expectations {
    double min[EXPECTED_COUNT];
    double max[EXPECTED_COUNT];
};

struct figures {
    double values[EXPECTED_COUNT];
};

struct expectations expectations_none(void);
struct figures figures_none(void);
const char *expected_figure_name(enum expected_figure figure);
/* Gives an array of the broken ones: {"figure":"rows","value":12,"min":100} or "max"; empty = all
 * hold. A limit on a figure that is not known is left out. */
struct json *expectations_broken(const struct expectations *expectations,
                                 const struct figures *figures);
/* False with err (permanent, code "expectation_failed") naming each broken one, value and limit. */
bool expectations_check(const struct expectations *expectations, const struct figures *figures,
                        struct error *err);

#endif
