/* Streaming objects through a function: whole objects in by chunks, new objects out through sinks.
 */
#ifndef GATEHOUSE_FUNCTIONS_TRANSFER_H
#define GATEHOUSE_FUNCTIONS_TRANSFER_H

#include "core/data/writer.h"
#include "core/functions/event.h"
#include "core/functions/function.h"

typedef bool (*input_feed_fn)(void *consumer, struct str bytes, struct error *err);

/* Feeds the whole object. When object->sha256 is set, the content must be just that: else
 * permanent, code "changed_under_us". */
bool input_stream(struct function_context *context, const struct event_object *object,
                  input_feed_fn feed, void *consumer, struct error *err);

struct output { /* an object being written */
    struct function_context *context;
    struct object_writer writer;
    char key[OBJECT_KEY_SIZE];
    const char *bucket; /* borrowed; NULL: not open */
};

/* Creates PREFIX/NAME. After success either output_commit or output_abort is owed. */
bool output_open(struct output *output, struct function_context *context,
                 const struct event_place *place, const char *name, struct error *err);
struct sink output_sink(struct output *output);
bool output_commit(struct output *output, struct error *err);
void output_abort(struct output *output); /* accepts one that is not open */
/* {"bucket","key","sha256","size_bytes","rows"} of a committed output. */
struct json *output_json(const struct output *output, uint64_t rows);
/* Writes a small JSON object in one go and adds its description to `result` as `member`. */
bool output_write_json(struct function_context *context, const struct event_place *place,
                       const char *name, const struct json *content, struct json *result,
                       const char *member, struct error *err);

#endif
