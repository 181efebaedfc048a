/* TOML 1.0 by toml++, read into JSON values with the line of each. Any thread. */
#ifndef GATEHOUSE_BASE_TOML_H
#define GATEHOUSE_BASE_TOML_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"

#include <stdbool.h>

/* What a document holds. places mirrors value: a place is
 * {"line":N} for a scalar, {"line":N,"members":{name:place..}} for a table,
 * {"line":N,"items":[place..]} for an array. Lines count from 1. Dates and times are strings. */
struct toml_document {
    struct json *value;  /* an object; owned */
    struct json *places; /* owned */
};

/* False with err (permanent, code "bad_toml", message "column C: ...") when the text is not
 * TOML, or holds a number that is not finite. A line of 0 in out_line: unknown. */
bool toml_parse(struct str text, struct toml_document *out_document, int *out_line,
                struct error *err);
void toml_document_done(struct toml_document *document);

/* Walking places; all accept NULL. */
const struct json *toml_place_member(const struct json *place, const char *name);
const struct json *toml_place_item(const struct json *place, size_t index);
int toml_place_line(const struct json *place); /* 0: unknown */

#endif
