/* What the Runtime API says: header lines, an empty one, a body. Whatever it is, an answer can be
 * addressed to it, each function takes or refuses it, and the refusal can be told in JSON. */
#include "core/functions/runtime_event.h"
#include "core/functions/services.h"
#include "core/net/http_header.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADERS_MAX = 64 * 1024 };

/* ---- an object store and a database that refuse: as far as the event alone leads */

static void refuse(struct op *op, struct loop *loop)
{
    struct error err;
    op_begin(op, loop);
    error_set(&err, ERROR_PERMANENT, "refused", "there is nothing here");
    op_finish(op, &err);
}

static void refuse_list(struct object_store *store, struct object_list *req)
{
    refuse(&req->op, store->loop);
}

static void refuse_open(struct object_store *store, struct object_reader *reader)
{
    refuse(&reader->op, store->loop);
}

static void refuse_create(struct object_store *store, struct object_writer *writer)
{
    refuse(&writer->op, store->loop);
}

static void refuse_session(struct database *database, struct database_session *session)
{
    refuse(&session->op, database->loop);
}

static void call_each(const struct json *event, int64_t deadline_ms, struct loop *loop)
{
    static const struct object_store_ops object_ops = {
        .list = refuse_list, .open = refuse_open, .create = refuse_create};
    static const struct database_ops database_ops = {.open = refuse_session};
    struct object_store objects = {&object_ops, loop};
    struct database database = {&database_ops, loop};
    struct function_services services = {.loop = loop, .objects = &objects, .database = &database};
    for (const struct function *function = function_table(); function->name != NULL; function++) {
        struct error err = {0};
        struct error ignored;
        assert(function_call(&services, function, event, deadline_ms, &err) == NULL);
        struct json *told = function_error_json(&err);
        char *text = json_print(told);
        struct json *heard = json_parse(str_from(text), &ignored);
        assert(json_equal(told, heard) && *json_text_or(heard, "errorMessage", "") != '\0');
        json_free(heard);
        free(text);
        json_free(told);
    }
}

/* ---- the answer */

/* Lines up to an empty one, as libcurl would hand them over. */
static struct str take_headers(struct str rest, struct buf *headers)
{
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        if (line.len == 0 || !http_header_take_line(headers, line)) {
            break;
        }
    }
    return rest;
}

static void look_at(const struct runtime_event *event)
{
    size_t len = strlen(event->request_id);
    assert(len > 0 && len < sizeof(event->request_id));
    assert(strcspn(event->request_id, "/?#% \r\n") == len); /* a part of a path, whole */
    for (const char *c = event->trace_id; *c != '\0'; c++) {
        assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    assert(event->deadline_ms >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf headers;
    struct error err = {0};
    struct runtime_event event = {.deadline_ms = 0};
    buf_init(&headers, HEADERS_MAX);
    struct str body = take_headers((struct str){(const char *)data, size}, &headers);
    if (runtime_event_read(buf_str(&headers), &event, &err)) {
        look_at(&event);
    } else {
        assert(error_is(&err, "runtime_api") && event.request_id[0] == '\0');
    }
    struct json *json = runtime_event_parse(body, &err);
    if (json != NULL) {
        struct loop *loop = loop_new();
        call_each(json, event.deadline_ms, loop);
        loop_free(loop);
    } else {
        assert(strncmp(err.message, "the event: ", 11) == 0);
    }
    json_free(json);
    buf_done(&headers);
    return 0;
}
