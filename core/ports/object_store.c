/* Dispatch to the adapter, and the naming rules every adapter keeps. */
#include "core/ports/object_store.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKET_MIN = 3, BUCKET_MAX = 63, URI_SHOWN_MAX = 200 };

void object_head_start(struct object_store *store, struct object_head *req)
{
    store->ops->head(store, req);
}

void object_list_start(struct object_store *store, struct object_list *req)
{
    req->items = NULL;
    req->count = 0;
    store->ops->list(store, req);
}

void object_list_done(struct object_list *req)
{
    free(req->items);
    req->items = NULL;
    req->count = 0;
}

/* What cannot be closed yet is opened by work on this machine, which is short. */
static void cancel_reading(void *context)
{
    struct object_reader *reader = context;
    struct error err;
    if (reader->handle != NULL) {
        object_close(reader);
        error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
        op_finish(&reader->op, &err);
    }
}

void object_open_start(struct object_store *store, struct object_reader *reader)
{
    reader->store = store;
    reader->handle = NULL;
    store->ops->open(store, reader);
    op_on_cancel(&reader->op, cancel_reading, reader);
}

void object_read_start(struct object_reader *reader)
{
    reader->store->ops->read(reader);
    op_on_cancel(&reader->op, cancel_reading, reader);
}

void object_close(struct object_reader *reader)
{
    if (reader->handle != NULL) {
        reader->store->ops->close(reader);
        reader->handle = NULL;
    }
}

void object_create_start(struct object_store *store, struct object_writer *writer)
{
    writer->store = store;
    writer->handle = NULL;
    store->ops->create(store, writer);
}

void object_write_start(struct object_writer *writer, struct str data)
{
    writer->store->ops->write(writer, data);
}

void object_commit_start(struct object_writer *writer)
{
    writer->store->ops->commit(writer);
}

void object_abort_start(struct object_writer *writer)
{
    writer->store->ops->abort(writer);
}

void object_copy_start(struct object_store *store, struct object_copy *req)
{
    store->ops->copy(store, req);
}

void object_delete_start(struct object_store *store, struct object_delete *req)
{
    store->ops->remove(store, req);
}

void object_bucket_start(struct object_store *store, struct object_bucket *req)
{
    store->ops->make_bucket(store, req);
}

void object_store_free(struct object_store *store)
{
    if (store != NULL) {
        store->ops->free(store);
    }
}

static bool is_bucket_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool object_check_bucket(const char *bucket, struct error *err)
{
    struct str name = str_from(bucket);
    bool is_good = name.len >= BUCKET_MIN && name.len <= BUCKET_MAX &&
                   is_bucket_alnum(name.ptr[0]) && is_bucket_alnum(name.ptr[name.len - 1]) &&
                   !str_contains(name, STR(".."));
    for (size_t i = 0; is_good && i < name.len; i++) {
        is_good = is_bucket_alnum(name.ptr[i]) || name.ptr[i] == '-' || name.ptr[i] == '.';
    }
    return is_good ||
           error_set(err, ERROR_PERMANENT, "bad_key",
                     "bucket name '%.80s' must be 3 to 63 of a-z 0-9 . - and begin and end "
                     "with a letter or digit",
                     name.ptr);
}

bool object_check_key(const char *key, struct error *err)
{
    struct str name = str_from(key);
    bool is_good = name.len < OBJECT_KEY_SIZE && file_is_safe_relative(name);
    return is_good ||
           error_set(err, ERROR_PERMANENT, "bad_key",
                     "object key '%.120s' is empty, too long or not a plain relative path",
                     name.ptr);
}

bool object_check_prefix(const char *bucket, const char *prefix, struct error *err)
{
    size_t length = strlen(prefix);
    if (length > 0 && prefix[length - 1] == '/') {
        length--;
    }
    char *key = xmemdup0(prefix, length);
    bool is_good =
        object_check_bucket(bucket, err) && (*prefix == '\0' || object_check_key(key, err));
    free(key);
    return is_good;
}

bool object_parse_uri(struct str uri, char **out_bucket, char **out_key, struct error *err)
{
    struct str rest = uri;
    struct str shown = {uri.ptr, uri.len < URI_SHOWN_MAX ? uri.len : URI_SHOWN_MAX};
    if (!str_starts_with(uri, STR("s3://")) || memchr(uri.ptr, '\0', uri.len) != NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_key",
                         "'" STR_FMT "' does not begin with s3:// or holds a NUL byte",
                         STR_ARG(shown));
    }
    rest.ptr += 5;
    rest.len -= 5;
    struct str bucket = str_split(rest, '/', &rest);
    char *bucket_text = xmemdup0(bucket.ptr, bucket.len);
    char *key_text = xmemdup0(rest.ptr, rest.len);
    if (!object_check_bucket(bucket_text, err) || !object_check_key(key_text, err)) {
        free(bucket_text);
        free(key_text);
        return false;
    }
    *out_bucket = bucket_text;
    *out_key = key_text;
    return true;
}
