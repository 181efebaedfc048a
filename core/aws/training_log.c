/* DescribeLogStreams once a round, then GetLogEvents from each stream. A page may be empty and not
 * the last: a stream is at its end when the token does not change. What does not fit into one
 * answer waits for the next. */
#include "core/aws/training_log.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS_PER_PAGE = 1000,
    STREAMS_MAX = 1000,
    PREFIX_SIZE = 32,
    LIST_PAGES_MAX = 50,  /* of a round */
    EMPTY_PAGES_MAX = 50, /* of one read: then it is others' turn */
};

struct stream {
    char *name;
    char *token;     /* NULL: from the head */
    int64_t last_ms; /* of the last event */
    bool is_at_end;  /* for this round */
};

struct training_log {
    struct aws_session *session;
    char *job_name;
    struct stream *streams;
    size_t count, at;
    char *list_token;
    int list_pages, empty_pages;
    bool is_listed;           /* in this round */
    struct json *page;        /* of the stream `at`; NULL: none */
    const struct json *event; /* the next one of it */
    struct aws_json_call call;
    struct json *input;
    struct training_logs *req;
};

static void step(struct training_log *log);

struct training_log *training_log_new(struct aws_session *session, const char *job_name)
{
    struct training_log *log = xcalloc(1, sizeof(*log));
    log->session = session;
    log->job_name = xstrdup(job_name);
    return log;
}

void training_log_free(struct training_log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < log->count; i++) {
        free(log->streams[i].name);
        free(log->streams[i].token);
    }
    aws_json_call_done(&log->call);
    json_free(log->input);
    json_free(log->page);
    free(log->streams);
    free(log->list_token);
    free(log->job_name);
    free(log);
}

void training_log_cancel(struct training_log *log)
{
    if (op_is_active(&log->call.call.op)) {
        aws_call_cancel(&log->call.call);
    }
}

static void finish(struct training_log *log, const struct error *err)
{
    struct training_logs *req = log->req;
    log->req = NULL;
    op_finish(&req->op, err);
}

static void replace(char **text, const char *value)
{
    free(*text);
    *text = value == NULL ? NULL : xstrdup(value);
}

static void call(struct training_log *log, struct json *input, const char *target, op_done_fn done)
{
    aws_json_call_done(&log->call);
    json_free(log->input);
    log->input = input;
    log->call = (struct aws_json_call){
        .call = {.op = {.done = done, .context = log}, .is_idempotent = true}, .request = input};
    json_set_text(input, "logGroupName", TRAINING_LOG_GROUP);
    aws_json_call_start(log->session, &log->call, AWS_LOGS, target);
}

/* ---- which streams there are */

static void add_stream(struct training_log *log, const char *name)
{
    for (size_t i = 0; i < log->count; i++) {
        if (strcmp(log->streams[i].name, name) == 0) {
            return;
        }
    }
    if (log->count < STREAMS_MAX) {
        log->streams = xreallocarray(log->streams, log->count + 1, sizeof(*log->streams));
        log->streams[log->count++] = (struct stream){.name = xstrdup(name)};
    }
}

static void begin_list(struct training_log *log)
{
    replace(&log->list_token, NULL);
    log->list_pages = 0;
    log->is_listed = false;
}

static void listed(struct op *op, const struct error *err)
{
    struct training_log *log = op->context;
    if (err != NULL && !aws_error_is_not_found(err)) {
        begin_list(log); /* its token may be what is wrong */
        finish(log, err);
        return;
    }
    const struct json *streams = json_get(log->call.response, "logStreams");
    for (const struct json *at = json_first(streams); at != NULL; at = json_next(at)) {
        add_stream(log, json_text_or(at, "logStreamName", ""));
    }
    const char *token = err == NULL ? json_text_or(log->call.response, "nextToken", "") : "";
    replace(&log->list_token, token[0] == '\0' ? NULL : token);
    log->is_listed = log->list_token == NULL || ++log->list_pages >= LIST_PAGES_MAX;
    step(log);
}

static void list(struct training_log *log)
{
    struct json *input = json_object();
    char *prefix = xasprintf("%s/", log->job_name);
    json_set_text(input, "logStreamNamePrefix", prefix);
    if (log->list_token != NULL) {
        json_set_text(input, "nextToken", log->list_token);
    }
    free(prefix);
    call(log, input, "Logs_20140328.DescribeLogStreams", listed);
}

/* ---- what they hold */

/* "<job>/algo-2-1700000000" -> "algo-2 ", when there is more than one machine. */
static void machine_of(const struct training_log *log, const struct stream *stream,
                       char out_prefix[PREFIX_SIZE])
{
    const char *name = strrchr(stream->name, '/');
    name = name == NULL ? stream->name : name + 1;
    const char *end = strrchr(name, '-');
    out_prefix[0] = '\0';
    if (log->count > 1) {
        snprintf(out_prefix, PREFIX_SIZE, "%.*s ",
                 (int)(end == NULL ? strlen(name) : (size_t)(end - name)), name);
    }
}

/* One event is one line. False: it does not fit any more. */
static bool append_event(struct training_log *log, struct stream *stream, const struct json *event)
{
    struct buf *text = &log->req->text;
    char machine[PREFIX_SIZE];
    size_t before = text->len;
    const char *message = json_text_or(event, "message", "");
    machine_of(log, stream, machine);
    bool fits = buf_append_text(text, machine);
    for (; *message != '\0' && fits; message++) {
        fits = buf_append_char(text, *message == '\n' ? ' ' : *message);
    }
    fits = fits && buf_append_char(text, '\n');
    if (!fits && before > 0) {
        text->len = before;
        return false;
    }
    if (!fits) { /* longer than any answer: what fits of it */
        text->ptr[text->len - 1] = '\n';
    }
    stream->last_ms = json_int_or(event, "timestamp", stream->last_ms);
    return true;
}

/* False: the answer is full. */
static bool take_page(struct training_log *log)
{
    struct stream *stream = &log->streams[log->at];
    while (log->event != NULL) {
        if (!append_event(log, stream, log->event)) {
            return false;
        }
        log->event = json_next(log->event);
    }
    json_free(log->page);
    log->page = NULL;
    return true;
}

static void read_done(struct op *op, const struct error *err)
{
    struct training_log *log = op->context;
    struct stream *stream = &log->streams[log->at];
    if (err != NULL && error_is(err, "InvalidParameterException") && stream->token != NULL) {
        replace(&stream->token, NULL); /* it has expired: go on by time */
        stream->last_ms++;
        step(log);
        return;
    }
    if (err != NULL && !aws_error_is_not_found(err)) {
        finish(log, err);
        return;
    }
    const char *token = json_text_or(log->call.response, "nextForwardToken", "");
    stream->is_at_end = err != NULL || token[0] == '\0' ||
                        (stream->token != NULL && strcmp(stream->token, token) == 0);
    if (token[0] != '\0') {
        replace(&stream->token, token);
    }
    log->page = log->call.response;
    log->call.response = NULL;
    log->event = json_first(json_get(log->page, "events"));
    step(log);
}

static void read_stream(struct training_log *log)
{
    const struct stream *stream = &log->streams[log->at];
    struct json *input = json_object();
    json_set_text(input, "logStreamName", stream->name);
    json_set_bool(input, "startFromHead", true);
    json_set_int(input, "limit", EVENTS_PER_PAGE);
    if (stream->token != NULL) {
        json_set_text(input, "nextToken", stream->token);
    } else if (stream->last_ms > 0) {
        json_set_int(input, "startTime", stream->last_ms);
    }
    call(log, input, "Logs_20140328.GetLogEvents", read_done);
}

/* ---- a round: all streams until each is at its end, or the answer is full */

static void begin_round(struct training_log *log)
{
    begin_list(log);
    log->at = 0;
    for (size_t i = 0; i < log->count; i++) {
        log->streams[i].is_at_end = false;
    }
}

static void step(struct training_log *log)
{
    if (log->page != NULL && !take_page(log)) {
        finish(log, NULL);
        return;
    }
    if (log->req->text.len > 0) {
        finish(log, NULL);
        return;
    }
    if (!log->is_listed) {
        list(log);
        return;
    }
    while (log->at < log->count && log->streams[log->at].is_at_end) {
        log->at++;
    }
    if (log->at < log->count && log->empty_pages++ < EMPTY_PAGES_MAX) {
        read_stream(log);
        return;
    }
    if (log->at < log->count) {
        finish(log, NULL); /* the next read goes on here */
        return;
    }
    begin_round(log); /* the next read looks for new streams, too */
    finish(log, NULL);
}

void training_log_read(struct training_log *log, struct training_logs *req)
{
    log->req = req;
    log->empty_pages = 0;
    step(log);
}
