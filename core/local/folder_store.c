/* The object store port on the lake: which file work runs when, and who waits for it. */
#include "core/local/folder_store.h"

#include "core/base/alloc.h"
#include "core/local/lake.h"
#include "core/loop/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder_store {
    struct object_store base;
    struct lake lake;
};

static struct lake *lake_of(struct object_store *store)
{
    return &((struct folder_store *)store)->lake;
}

/* ---- calls that are one piece of work */

struct call {
    struct work work;
    struct op *op;
    const struct lake *lake;
    void *request; /* the pool thread fills in its results: nobody else looks before done */
};

static void call_done(struct op *op, const struct error *err)
{
    struct call *call = OP_CONTAINER(op, struct call, work.op);
    struct op *outer = call->op;
    free(call);
    op_finish(outer, err);
}

static void call_start(struct object_store *store, struct op *op, void *request, work_fn run)
{
    struct call *call = xcalloc(1, sizeof(*call));
    op_begin(op, store->loop);
    call->op = op;
    call->lake = lake_of(store);
    call->request = request;
    call->work.run = run;
    call->work.op.done = call_done;
    work_start(store->loop, &call->work);
}

static struct call *call_of(struct work *work)
{
    return (struct call *)(void *)((char *)work - offsetof(struct call, work));
}

static bool head_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    struct object_head *req = call->request;
    int fd = -1;
    if (!lake_open_object(call->lake, (struct lake_name){req->bucket, req->key}, &fd, err)) {
        return false;
    }
    bool is_known = lake_describe(fd, req->key, &req->info, err);
    close(fd);
    return is_known;
}

static void folder_head(struct object_store *store, struct object_head *req)
{
    call_start(store, &req->op, req, head_run);
}

static bool list_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    struct object_list *req = call->request;
    const char *prefix = req->prefix == NULL ? "" : req->prefix;
    return lake_list(call->lake, (struct lake_name){req->bucket, prefix}, &req->items, &req->count,
                     err);
}

static void folder_list(struct object_store *store, struct object_list *req)
{
    call_start(store, &req->op, req, list_run);
}

static bool copy_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    const struct object_copy *req = call->request;
    return lake_copy(call->lake, (struct lake_name){req->bucket, req->key},
                     (struct lake_name){req->to_bucket, req->to_key}, err);
}

static void folder_copy(struct object_store *store, struct object_copy *req)
{
    call_start(store, &req->op, req, copy_run);
}

static bool remove_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    const struct object_delete *req = call->request;
    return lake_remove(call->lake, (struct lake_name){req->bucket, req->key}, err);
}

static void folder_remove(struct object_store *store, struct object_delete *req)
{
    call_start(store, &req->op, req, remove_run);
}

static bool bucket_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    const struct object_bucket *req = call->request;
    return lake_make_bucket(call->lake, req->bucket, err);
}

static void folder_make_bucket(struct object_store *store, struct object_bucket *req)
{
    call_start(store, &req->op, req, bucket_run);
}

/* ---- reading: one chunk is shown to the consumer while the next is fetched */

struct folder_reader {
    struct object_reader *reader; /* NULL: closed during a fetch, whose end frees this */
    const struct lake *lake;      /* for the opening only */
    struct work work;
    struct object_info info;
    int fd;
    uint64_t position, end;
    char *ahead, *shown; /* LAKE_CHUNK_SIZE or, of a small object, all of it */
    size_t ahead_len;
    bool is_wanted;  /* a read waits for the fetch */
    bool has_failed; /* the fetch did; work.op has the error */
    struct error err;
};

static struct folder_reader *reader_of(struct work *work)
{
    return (struct folder_reader *)(void *)((char *)work - offsetof(struct folder_reader, work));
}

static void reader_free(struct folder_reader *handle)
{
    if (handle->fd >= 0) {
        close(handle->fd);
    }
    free(handle->ahead);
    free(handle->shown);
    free(handle);
}

/* The file may have been cut by somebody's hand since it was described. */
static bool fetch(struct folder_reader *handle, struct error *err)
{
    uint64_t left = handle->end - handle->position;
    size_t wanted = left < LAKE_CHUNK_SIZE ? (size_t)left : LAKE_CHUNK_SIZE;
    size_t length = 0;
    while (length < wanted) {
        ssize_t got = pread(handle->fd, handle->ahead + length, wanted - length,
                            (off_t)(handle->position + length));
        if (got == 0) {
            return error_set(err, ERROR_TRANSIENT, "changing", "%s: it became shorter meanwhile",
                             handle->info.key);
        }
        if (got < 0 && errno != EINTR) {
            return error_set_errno(err, errno, "cannot read %s", handle->info.key);
        }
        length += got > 0 ? (size_t)got : 0;
    }
    handle->position += length;
    handle->ahead_len = length;
    return true;
}

static bool fetch_run(struct work *work, struct error *err)
{
    return fetch(reader_of(work), err);
}

static bool choose_range(struct folder_reader *handle, struct error *err)
{
    const struct object_reader *reader = handle->reader;
    uint64_t size = handle->info.size_bytes;
    if (reader->if_match != NULL && strcmp(reader->if_match, handle->info.etag) != 0) {
        return error_set(err, ERROR_PERMANENT, "precondition_failed",
                         "%s/%s: its content has changed (etag %s, wanted %s)", reader->bucket,
                         reader->key, handle->info.etag, reader->if_match);
    }
    if (reader->offset > size) {
        return error_set(err, ERROR_PERMANENT, "bad_range",
                         "%s/%s: has %llu bytes, cannot begin at %llu", reader->bucket, reader->key,
                         (unsigned long long)size, (unsigned long long)reader->offset);
    }
    uint64_t left = size - reader->offset;
    handle->position = reader->offset;
    handle->end =
        reader->offset + (reader->length > 0 && reader->length < left ? reader->length : left);
    return true;
}

/* Opening fetches the first chunk, too: one trip to the pool less for each object. */
static bool open_run(struct work *work, struct error *err)
{
    struct folder_reader *handle = reader_of(work);
    const struct object_reader *reader = handle->reader;
    struct lake_name name = {reader->bucket, reader->key};
    if (!lake_open_object(handle->lake, name, &handle->fd, err) ||
        !lake_describe(handle->fd, reader->key, &handle->info, err) || !choose_range(handle, err)) {
        return false;
    }
    uint64_t left = handle->end - handle->position;
    size_t size = left < LAKE_CHUNK_SIZE ? (size_t)left + 1 : LAKE_CHUNK_SIZE;
    handle->ahead = xmalloc(size);
    handle->shown = left > LAKE_CHUNK_SIZE ? xmalloc(size) : NULL;
    posix_fadvise(handle->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return fetch(handle, err);
}

static void open_done(struct op *op, const struct error *err)
{
    struct folder_reader *handle = OP_CONTAINER(op, struct folder_reader, work.op);
    struct object_reader *reader = handle->reader;
    if (err != NULL) {
        reader_free(handle);
    } else {
        reader->info = handle->info;
        reader->handle = handle;
    }
    op_finish(&reader->op, err);
}

static void folder_open(struct object_store *store, struct object_reader *reader)
{
    struct folder_reader *handle = xcalloc(1, sizeof(*handle));
    op_begin(&reader->op, store->loop);
    handle->reader = reader;
    handle->lake = lake_of(store);
    handle->fd = -1;
    handle->work.run = open_run;
    handle->work.op.done = open_done;
    work_start(store->loop, &handle->work);
}

static void deliver(struct folder_reader *handle);

static void fetch_done(struct op *op, const struct error *err)
{
    struct folder_reader *handle = OP_CONTAINER(op, struct folder_reader, work.op);
    if (handle->reader == NULL) {
        reader_free(handle);
        return;
    }
    if (err != NULL) {
        handle->has_failed = true;
        handle->err = *err;
    }
    if (handle->is_wanted) {
        handle->is_wanted = false;
        deliver(handle);
    }
}

/* Shows what was fetched and fetches on; the work is idle. */
static void deliver(struct folder_reader *handle)
{
    struct object_reader *reader = handle->reader;
    if (handle->has_failed) {
        op_finish(&reader->op, &handle->err);
        return;
    }
    char *shown = handle->ahead;
    reader->chunk = (struct str){shown, handle->ahead_len};
    handle->ahead = handle->shown;
    handle->shown = shown;
    handle->ahead_len = 0;
    if (handle->position < handle->end) {
        handle->work.run = fetch_run;
        handle->work.op.done = fetch_done;
        work_start(reader->store->loop, &handle->work);
    }
    op_finish(&reader->op, NULL);
}

static void folder_read(struct object_reader *reader)
{
    struct folder_reader *handle = reader->handle;
    op_begin(&reader->op, reader->store->loop);
    if (op_is_active(&handle->work.op)) {
        handle->is_wanted = true;
    } else {
        deliver(handle);
    }
}

static void folder_close(struct object_reader *reader)
{
    struct folder_reader *handle = reader->handle;
    if (op_is_active(&handle->work.op)) {
        handle->reader = NULL;
    } else {
        reader_free(handle);
    }
}

/* ---- writing: one chunk is hashed and written while the producer fills the next */

enum ending { ENDING_NONE, ENDING_COMMIT, ENDING_ABORT };

struct folder_writer {
    struct object_writer *writer;
    const struct lake *lake;
    struct work work;
    struct lake_file file;
    struct object_info info;
    char *filling, *flushing; /* LAKE_CHUNK_SIZE each; the second is made when it is needed */
    size_t filling_len, flushing_len;
    struct str pending; /* of the write that waits for room */
    bool is_writing;    /* a write waits */
    enum ending ending; /* waits for the flush */
    bool has_failed;
    struct error err;
};

static struct folder_writer *writer_of(struct work *work)
{
    return (struct folder_writer *)(void *)((char *)work - offsetof(struct folder_writer, work));
}

static void writer_free(struct folder_writer *handle)
{
    free(handle->filling);
    free(handle->flushing);
    free(handle);
}

static bool create_run(struct work *work, struct error *err)
{
    struct folder_writer *handle = writer_of(work);
    return object_check_bucket(handle->writer->bucket, err) &&
           object_check_key(handle->writer->key, err) &&
           lake_create(handle->lake, &handle->file, err);
}

static void create_done(struct op *op, const struct error *err)
{
    struct folder_writer *handle = OP_CONTAINER(op, struct folder_writer, work.op);
    struct object_writer *writer = handle->writer;
    if (err != NULL) {
        writer_free(handle);
    } else {
        writer->handle = handle;
    }
    op_finish(&writer->op, err);
}

static void folder_create(struct object_store *store, struct object_writer *writer)
{
    struct folder_writer *handle = xcalloc(1, sizeof(*handle));
    op_begin(&writer->op, store->loop);
    handle->writer = writer;
    handle->lake = lake_of(store);
    handle->filling = xmalloc(LAKE_CHUNK_SIZE);
    handle->file.fd = -1;
    handle->work.run = create_run;
    handle->work.op.done = create_done;
    work_start(store->loop, &handle->work);
}

static bool flush_run(struct work *work, struct error *err)
{
    struct folder_writer *handle = writer_of(work);
    return lake_write(&handle->file, (struct str){handle->flushing, handle->flushing_len}, err);
}

static void take_pending(struct folder_writer *handle);
static void end_start(struct folder_writer *handle);

static void flush_done(struct op *op, const struct error *err)
{
    struct folder_writer *handle = OP_CONTAINER(op, struct folder_writer, work.op);
    if (err != NULL) {
        handle->has_failed = true;
        handle->err = *err;
        error_prefix(&handle->err, "%s/%s", handle->writer->bucket, handle->writer->key);
    }
    if (handle->is_writing) {
        take_pending(handle);
    } else if (handle->ending != ENDING_NONE) {
        end_start(handle);
    }
}

static void flush_start(struct folder_writer *handle)
{
    char *full = handle->filling;
    handle->filling = handle->flushing == NULL ? xmalloc(LAKE_CHUNK_SIZE) : handle->flushing;
    handle->flushing = full;
    handle->flushing_len = handle->filling_len;
    handle->filling_len = 0;
    handle->work.run = flush_run;
    handle->work.op.done = flush_done;
    work_start(handle->writer->store->loop, &handle->work);
}

/* Takes as much of the waiting write as there is room for; ends it when all is taken. */
static void take_pending(struct folder_writer *handle)
{
    struct str *pending = &handle->pending;
    while (!handle->has_failed && pending->len > 0) {
        size_t room = LAKE_CHUNK_SIZE - handle->filling_len;
        size_t length = pending->len < room ? pending->len : room;
        memcpy(handle->filling + handle->filling_len, pending->ptr, length);
        handle->filling_len += length;
        pending->ptr += length;
        pending->len -= length;
        if (handle->filling_len < LAKE_CHUNK_SIZE) {
            continue;
        }
        if (!op_is_active(&handle->work.op)) {
            flush_start(handle);
        } else if (pending->len > 0) {
            handle->is_writing = true;
            return;
        }
    }
    handle->is_writing = false;
    op_finish(&handle->writer->op, handle->has_failed ? &handle->err : NULL);
}

static void folder_write(struct object_writer *writer, struct str data)
{
    struct folder_writer *handle = writer->handle;
    op_begin(&writer->op, writer->store->loop);
    handle->pending = data;
    take_pending(handle);
}

static bool commit_run(struct work *work, struct error *err)
{
    struct folder_writer *handle = writer_of(work);
    struct lake_name name = {handle->writer->bucket, handle->writer->key};
    if (handle->has_failed) {
        lake_discard(handle->lake, &handle->file);
        *err = handle->err;
        return false;
    }
    if (!lake_write(&handle->file, (struct str){handle->filling, handle->filling_len}, err)) {
        lake_discard(handle->lake, &handle->file);
        return error_prefix(err, "%s/%s", name.bucket, name.key);
    }
    return lake_publish(handle->lake, &handle->file, name, &handle->info, err);
}

static bool abort_run(struct work *work, struct error *err)
{
    struct folder_writer *handle = writer_of(work);
    (void)err;
    lake_discard(handle->lake, &handle->file);
    return true;
}

static void end_done(struct op *op, const struct error *err)
{
    struct folder_writer *handle = OP_CONTAINER(op, struct folder_writer, work.op);
    struct object_writer *writer = handle->writer;
    if (err == NULL && handle->ending == ENDING_COMMIT) {
        writer->info = handle->info;
    }
    writer->handle = NULL;
    writer_free(handle);
    op_finish(&writer->op, err);
}

static void end_start(struct folder_writer *handle)
{
    handle->work.run = handle->ending == ENDING_COMMIT ? commit_run : abort_run;
    handle->work.op.done = end_done;
    work_start(handle->writer->store->loop, &handle->work);
}

static void end(struct object_writer *writer, enum ending ending)
{
    struct folder_writer *handle = writer->handle;
    op_begin(&writer->op, writer->store->loop);
    handle->ending = ending;
    if (!op_is_active(&handle->work.op)) {
        end_start(handle);
    }
}

static void folder_commit(struct object_writer *writer)
{
    end(writer, ENDING_COMMIT);
}

static void folder_abort(struct object_writer *writer)
{
    if (writer->handle == NULL) { /* nothing was begun, or commit has cleaned up */
        op_begin(&writer->op, writer->store->loop);
        op_finish(&writer->op, NULL);
        return;
    }
    end(writer, ENDING_ABORT);
}

/* ---- the store */

static void folder_free(struct object_store *store)
{
    lake_close(lake_of(store));
    free(store);
}

static const struct object_store_ops folder_store_ops = {
    .head = folder_head,
    .list = folder_list,
    .open = folder_open,
    .read = folder_read,
    .close = folder_close,
    .create = folder_create,
    .write = folder_write,
    .commit = folder_commit,
    .abort = folder_abort,
    .copy = folder_copy,
    .remove = folder_remove,
    .make_bucket = folder_make_bucket,
    .free = folder_free,
};

struct object_store *folder_store_new(struct loop *loop, const char *lake_path, struct error *err)
{
    struct folder_store *store = xcalloc(1, sizeof(*store));
    if (!lake_open(&store->lake, lake_path, err)) {
        free(store);
        return NULL;
    }
    store->base.ops = &folder_store_ops;
    store->base.loop = loop;
    return &store->base;
}
