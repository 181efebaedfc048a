/* Reading an event: every member is checked, and an error names it. */
#ifndef GATEHOUSE_FUNCTIONS_EVENT_H
#define GATEHOUSE_FUNCTIONS_EVENT_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/data/expectations.h"
#include "core/data/split.h"

/* All return false with err (permanent, code "bad_event") naming the member; texts are borrowed
 * from the event. */

struct event_place { /* a bucket and a prefix that ends in '/' */
    const char *bucket;
    const char *prefix;
};
bool event_place(const struct json *event, const char *name, struct event_place *out_place,
                 struct error *err);

struct event_object {
    const char *bucket;
    const char *key;
    const char *sha256; /* hex, or NULL when the event does not say */
};
bool event_object(const struct json *event, const char *name, struct event_object *out_object,
                  struct error *err);

/* "table" or "schema.table", of [A-Za-z0-9_]. */
bool event_table(const struct json *event, const char **out_table, struct error *err);
/* {"rows_min":1,"rows_max":2,"label_rate_min":0.1, ..}; absent or null: no limit. */
bool event_expectations(const struct json *event, struct expectations *out_expectations,
                        struct error *err);
/* {"enabled":true,"train":0.7,"validation":0.15,"test":0.15,"seed":0}; absent: the default. */
bool event_split(const struct json *event, struct split *out_split, struct error *err);

#endif
