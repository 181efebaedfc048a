/* Object streams, waited for in place. */
#include "core/functions/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool feed_all(struct function_context *context, struct object_reader *reader,
                     struct digest *digest, input_feed_fn feed, void *consumer, struct error *err)
{
    for (;;) {
        object_read_start(reader);
        if (!loop_await(context->loop, &reader->op, err) || !function_has_time(context, err)) {
            return false;
        }
        if (reader->chunk.len == 0) {
            return true;
        }
        if (digest != NULL) {
            digest_update(digest, reader->chunk.ptr, reader->chunk.len);
        }
        if (!feed(consumer, reader->chunk, err)) {
            return false;
        }
    }
}

static bool check_sha256(const struct event_object *object, const char *found, struct error *err)
{
    if (strcmp(object->sha256, found) != 0) {
        return error_set(
            err, ERROR_PERMANENT, "changed_under_us",
            "s3://%s/%s is not the object this run made: sha256 %.16s..., expected %.16s...",
            object->bucket, object->key, found, object->sha256);
    }
    return true;
}

/* A store that knows the digest of its objects saves us computing it again. */
static bool stream_open(struct function_context *context, struct object_reader *reader,
                        const struct event_object *object, input_feed_fn feed, void *consumer,
                        struct error *err)
{
    char found[DIGEST_HEX_SIZE];
    if (object->sha256 == NULL) {
        return feed_all(context, reader, NULL, feed, consumer, err);
    }
    if (reader->info.sha256[0] != '\0') {
        return check_sha256(object, reader->info.sha256, err) &&
               feed_all(context, reader, NULL, feed, consumer, err);
    }
    struct digest *digest = digest_new();
    bool is_fed = feed_all(context, reader, digest, feed, consumer, err);
    digest_finish_hex(digest, found);
    digest_free(digest);
    return is_fed && check_sha256(object, found, err);
}

bool input_stream(struct function_context *context, const struct event_object *object,
                  input_feed_fn feed, void *consumer, struct error *err)
{
    struct object_reader reader = {.bucket = object->bucket, .key = object->key};
    object_open_start(context->objects, &reader);
    if (!loop_await(context->loop, &reader.op, err)) {
        return false;
    }
    bool is_fed = stream_open(context, &reader, object, feed, consumer, err);
    object_close(&reader);
    return is_fed;
}

bool output_open(struct output *output, struct function_context *context,
                 const struct event_place *place, const char *name, struct error *err)
{
    *output = (struct output){.context = context};
    int length = snprintf(output->key, sizeof(output->key), "%s%s", place->prefix, name);
    if (length < 0 || (size_t)length >= sizeof(output->key)) {
        return error_set(err, ERROR_PERMANENT, "bad_event",
                         "event: destination.prefix is too long");
    }
    output->writer.bucket = place->bucket;
    output->writer.key = output->key;
    output->writer.needs_sha256 = true;
    object_create_start(context->objects, &output->writer);
    output->bucket = place->bucket;
    if (!loop_await(context->loop, &output->writer.op, err)) {
        output_abort(output);
        return false;
    }
    return true;
}

static bool write_bytes(void *context, struct str bytes, struct error *err)
{
    struct output *output = context;
    object_write_start(&output->writer, bytes);
    return loop_await(output->context->loop, &output->writer.op, err);
}

struct sink output_sink(struct output *output)
{
    return (struct sink){write_bytes, output};
}

bool output_commit(struct output *output, struct error *err)
{
    object_commit_start(&output->writer);
    if (!loop_await(output->context->loop, &output->writer.op, err)) {
        output_abort(output);
        return false;
    }
    output->bucket = NULL;
    return true;
}

void output_abort(struct output *output)
{
    struct error ignored;
    if (output->bucket != NULL && output->writer.handle != NULL) {
        object_abort_start(&output->writer);
        loop_await(output->context->loop, &output->writer.op, &ignored);
    }
    output->bucket = NULL;
}

struct json *output_json(const struct output *output, uint64_t rows)
{
    struct json *json = json_object();
    json_set_text(json, "bucket", output->writer.bucket);
    json_set_text(json, "key", output->key);
    json_set_text(json, "sha256", output->writer.info.sha256);
    json_set_int(json, "size_bytes", (int64_t)output->writer.info.size_bytes);
    json_set_int(json, "rows", (int64_t)rows);
    return json;
}

bool output_write_json(struct function_context *context, const struct event_place *place,
                       const char *name, const struct json *content, struct json *result,
                       const char *member, struct error *err)
{
    struct output output;
    if (!output_open(&output, context, place, name, err)) {
        return false;
    }
    char *text = json_print_pretty(content);
    bool is_written = write_bytes(&output, str_from(text), err);
    free(text);
    if (!is_written) {
        output_abort(&output);
        return false;
    }
    if (!output_commit(&output, err)) {
        return false;
    }
    struct json *description = output_json(&output, 0);
    json_remove(description, "rows");
    json_set(result, member, description);
    return true;
}
