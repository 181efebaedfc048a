/* Events of the data functions: whatever JSON comes in, each member is taken or refused, never
 * trusted. */
#include "core/base/file.h"
#include "core/functions/event.h"
#include "core/ports/object_store.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_objects(const struct json *event)
{
    static const char *const names[] = {"transactions", "profiles", "publish"};
    struct error err;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct event_object object;
        if (event_object(event, names[i], &object, &err)) {
            assert(file_is_safe_relative(str_from(object.key)));
            assert(object_check_bucket(object.bucket, &err));
        } else {
            assert(error_is(&err, "bad_event"));
        }
    }
}

static void read_rest(const struct json *event)
{
    struct error err;
    struct event_place place;
    struct expectations expectations;
    struct split split;
    const char *table = NULL;
    if (event_place(event, "source", &place, &err)) {
        assert(str_ends_with(str_from(place.prefix), STR("/")));
    }
    if (event_table(event, &table, &err)) {
        assert(strchr(table, '"') == NULL && strchr(table, ';') == NULL);
    }
    event_place(event, "destination", &place, &err);
    event_expectations(event, &expectations, &err);
    if (event_split(event, &split, &err) && split.is_enabled) {
        assert(split.train_end <= split.validation_end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct json *event = json_parse((struct str){(const char *)data, size}, &err);
    if (event != NULL) {
        read_objects(event);
        read_rest(event);
    }
    json_free(event);
    return 0;
}
