/* Comparing figures with limits. */
#include "core/data/expectations.h"

#include "core/base/buf.h"

#include <math.h>

enum { MESSAGE_LIMIT = 900 };

static const char *const figure_names[EXPECTED_COUNT] = {
#define X(name, text) [EXPECTED_##name] = text,
    EXPECTED_FIGURES(X)
#undef X
};

struct expectations expectations_none(void)
{
    struct expectations none;
    for (int i = 0; i < EXPECTED_COUNT; i++) {
        none.min[i] = NAN;
        none.max[i] = NAN;
    }
    return none;
}

struct figures figures_none(void)
{
    struct figures none;
    for (int i = 0; i < EXPECTED_COUNT; i++) {
        none.values[i] = NAN;
    }
    return none;
}

const char *expected_figure_name(enum expected_figure figure)
{
    return figure_names[figure];
}

static void add_broken(struct json *broken, int figure, double value, const char *limit_name,
                       double limit)
{
    struct json *entry = json_object();
    json_set_text(entry, "figure", figure_names[figure]);
    json_set_number(entry, "value", value);
    json_set_number(entry, limit_name, limit);
    json_append(broken, entry);
}

struct json *expectations_broken(const struct expectations *expectations,
                                 const struct figures *figures)
{
    struct json *broken = json_array();
    for (int i = 0; i < EXPECTED_COUNT; i++) { /* a comparison with NAN is false */
        double value = figures->values[i];
        if (value < expectations->min[i]) {
            add_broken(broken, i, value, "min", expectations->min[i]);
        }
        if (value > expectations->max[i]) {
            add_broken(broken, i, value, "max", expectations->max[i]);
        }
    }
    return broken;
}

bool expectations_check(const struct expectations *expectations, const struct figures *figures,
                        struct error *err)
{
    struct buf text;
    struct json *broken = expectations_broken(expectations, figures);
    bool is_good = json_count(broken) == 0;
    buf_init(&text, MESSAGE_LIMIT);
    for (const struct json *at = json_first(broken); at != NULL; at = json_next(at)) {
        bool is_min = json_get(at, "min") != NULL;
        buf_printf(&text, "%s%s is %.9g, %s %.9g", text.len == 0 ? "" : "; ",
                   json_text_or(at, "figure", ""), json_number_or(at, "value", NAN),
                   is_min ? "at least" : "at most",
                   json_number_or(at, is_min ? "min" : "max", NAN));
    }
    if (!is_good) {
        error_set(err, ERROR_PERMANENT, "expectation_failed", "expectation not met: %s",
                  buf_text(&text));
    }
    buf_done(&text);
    json_free(broken);
    return is_good;
}
