/* A small scripted HTTP server. */
#include "tests/support/fake_http.h"

#include "core/base/alloc.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 << 20, READ_SIZE = 65536, SLOW_SIZE = 16, SLOW_MS = 5, DRIP_MS = 20 };

struct connection {
    struct fake_http *server;
    struct connection *next;
    int fd, number;
    struct fd_watch *watch;
    struct timer *timer;
    struct buf in, out;
    enum fake_fault fault;
    bool is_answering; /* until its answer is out */
    bool closes;       /* once its answer is out */
    bool is_closed;    /* its memory goes with the server */
};

struct fake_http {
    struct loop *loop;
    fake_handler_fn handle;
    void *context;
    int fd;
    char url[64];
    struct fd_watch *watch;
    struct connection *connections;
    int connection_count;
    bool is_deaf;
    struct fake_request **requests;
    size_t request_count;
};

/* ---- requests */

const char *fake_request_header(const struct fake_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

static char *copy(struct str text)
{
    return xmemdup0(text.ptr, text.len);
}

static struct str without_end(struct str line)
{
    return str_ends_with(line, STR("\r")) ? (struct str){line.ptr, line.len - 1} : line;
}

static struct fake_request *parse_head(struct str head)
{
    struct fake_request *request = xcalloc(1, sizeof(*request));
    struct str query, line = without_end(str_split(head, '\n', &head));
    request->method = copy(str_split(line, ' ', &line));
    struct str target = str_split(line, ' ', &line);
    request->path = copy(str_split(target, '?', &query));
    request->query = copy(query);
    while (head.len > 0) {
        struct str value;
        line = without_end(str_split(head, '\n', &head));
        struct str name = str_split(line, ':', &value);
        if (name.len > 0) {
            assert(request->header_count < FAKE_HEADERS_MAX);
            struct fake_header *header = &request->headers[request->header_count++];
            header->name = copy(name);
            header->value = copy(str_trim(value));
        }
    }
    return request;
}

static void request_free(struct fake_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    free(request->method);
    free(request->path);
    free(request->query);
    free((void *)(uintptr_t)request->body.ptr);
    free(request);
}

/* A whole request at the front of what was read, or NULL. */
static struct fake_request *take_request(struct connection *connection)
{
    struct buf *in = &connection->in;
    char *end = in->len == 0 ? NULL : memmem(in->ptr, in->len, "\r\n\r\n", 4);
    if (end == NULL) {
        return NULL;
    }
    uint64_t length = 0;
    size_t head = (size_t)(end - in->ptr) + 4;
    struct fake_request *request = parse_head((struct str){in->ptr, head - 2});
    const char *announced = fake_request_header(request, "content-length");
    assert(fake_request_header(request, "transfer-encoding") == NULL);
    assert(announced == NULL || str_to_u64(str_from(announced), &length));
    if (in->len < head + length) {
        request_free(request);
        return NULL;
    }
    request->body = (struct str){copy((struct str){in->ptr + head, length}), length};
    request->connection = connection->number;
    buf_consume(in, head + length);
    return request;
}

/* ---- connections */

static void close_connection(struct connection *connection, bool with_reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (connection->is_closed) {
        return;
    }
    connection->is_closed = true;
    fd_watch_free(connection->watch);
    timer_free(connection->timer);
    if (with_reset) {
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    close(connection->fd);
}

static void answer_next(struct connection *connection);

/* How much of it goes out at a time. */
static size_t piece_of(const struct buf *out, enum fake_fault fault)
{
    const char *head_end = out->len == 0 ? NULL : memmem(out->ptr, out->len, "\r\n\r\n", 4);
    size_t head = head_end == NULL ? 0 : (size_t)(head_end - out->ptr) + 4;
    size_t piece = fault == FAKE_SLOW ? SLOW_SIZE : fault == FAKE_DRIP ? head + 1 : out->len;
    return piece < out->len ? piece : out->len;
}

static void send_more(struct connection *connection)
{
    struct buf *out = &connection->out;
    bool is_slow = connection->fault == FAKE_SLOW || connection->fault == FAKE_DRIP;
    size_t wanted = piece_of(out, connection->fault);
    ssize_t sent = wanted == 0 ? 0 : send(connection->fd, out->ptr, wanted, MSG_NOSIGNAL);
    buf_consume(out, sent > 0 ? (size_t)sent : 0);
    if (out->len > 0 && is_slow) {
        timer_arm(connection->timer, connection->fault == FAKE_SLOW ? SLOW_MS : DRIP_MS);
        return;
    }
    fd_watch_set(connection->watch, true, out->len > 0);
    if (out->len > 0 || connection->fault == FAKE_STALL) {
        return;
    }
    connection->is_answering = false;
    if (connection->closes) {
        close_connection(connection, false);
    } else {
        answer_next(connection);
    }
}

static const char *reason_of(int status)
{
    return status < 300 ? "Fine" : status < 500 ? "Refused" : "Broken";
}

static void put_answer(struct connection *connection, const struct fake_request *request,
                       const struct fake_answer *answer)
{
    struct buf *out = &connection->out;
    int status = answer->status == 0 ? 200 : answer->status;
    bool has_body = strcmp(request->method, "HEAD") != 0 && status != 204 && status != 304;
    bool is_halved = answer->fault == FAKE_TRUNCATE || answer->fault == FAKE_STALL;
    size_t shown = is_halved ? answer->body.len / 2 : answer->body.len;
    const char *headers = answer->headers == NULL ? "" : answer->headers;
    if (answer->fault == FAKE_GARBAGE) {
        buf_append_text(out, "\x16\x03\x01 this is not HTTP\r\n\r\n");
    } else {
        buf_printf(out, "HTTP/1.1 %d %s\r\n%s", status, reason_of(status), headers);
        if (status != 204 && strcasestr(headers, "content-length:") == NULL) {
            buf_printf(out, "Content-Length: %zu\r\n", answer->body.len);
        }
        buf_append_text(out, "\r\n");
        buf_append(out, answer->body.ptr, has_body ? shown : 0);
    }
    connection->closes = answer->fault == FAKE_TRUNCATE || answer->fault == FAKE_GARBAGE ||
                         strcasestr(headers, "connection: close") != NULL;
}

static void answer_next(struct connection *connection)
{
    struct fake_http *server = connection->server;
    struct fake_request *request = connection->is_answering ? NULL : take_request(connection);
    struct fake_answer answer = {0};
    if (request == NULL) {
        return;
    }
    connection->is_answering = true;
    server->requests =
        xreallocarray(server->requests, server->request_count + 1, sizeof(struct fake_request *));
    server->requests[server->request_count++] = request;
    server->handle(server->context, request, &answer);
    connection->fault = answer.fault;
    if (answer.fault == FAKE_RESET || answer.fault == FAKE_CLOSE) {
        close_connection(connection, answer.fault == FAKE_RESET);
    } else if (answer.fault != FAKE_SILENT) {
        put_answer(connection, request, &answer);
        timer_arm(connection->timer, answer.delay_ms);
    }
}

static void on_timer(void *context)
{
    send_more(context);
}

static void on_ready(void *context, bool is_readable, bool is_writable)
{
    struct connection *connection = context;
    if (is_writable && connection->out.len > 0) {
        send_more(connection);
    }
    if (!is_readable || connection->is_closed) {
        return;
    }
    buf_reserve(&connection->in, READ_SIZE);
    ssize_t got =
        recv(connection->fd, connection->in.ptr + connection->in.len, READ_SIZE, MSG_DONTWAIT);
    if (got <= 0) {
        close_connection(connection, false);
        return;
    }
    connection->in.len += (size_t)got;
    answer_next(connection);
}

static void on_knock(void *context, bool is_readable, bool is_writable)
{
    struct fake_http *server = context;
    (void)is_readable;
    (void)is_writable;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    struct connection *connection = xcalloc(1, sizeof(*connection));
    connection->server = server;
    connection->next = server->connections;
    connection->fd = fd;
    connection->number = ++server->connection_count;
    connection->watch = fd_watch_new(server->loop, fd, on_ready, connection);
    connection->timer = timer_new(server->loop, on_timer, connection);
    buf_init(&connection->in, REQUEST_MAX);
    buf_init(&connection->out, REQUEST_MAX);
    server->connections = connection;
    fd_watch_set(connection->watch, !server->is_deaf, false);
}

/* ---- the server */

struct fake_http *fake_http_new(struct loop *loop, fake_handler_fn handle, void *context)
{
    struct fake_http *server = xcalloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    server->loop = loop;
    server->handle = handle;
    server->context = context;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_open = server->fd >= 0 &&
                   bind(server->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(server->fd, 64) == 0 &&
                   getsockname(server->fd, (struct sockaddr *)&address, &size) == 0;
    assert(is_open);
    (void)is_open;
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
    server->watch = fd_watch_new(loop, server->fd, on_knock, server);
    fd_watch_set(server->watch, true, false);
    return server;
}

void fake_http_free(struct fake_http *server)
{
    while (server->connections != NULL) {
        struct connection *connection = server->connections;
        server->connections = connection->next;
        close_connection(connection, false);
        buf_done(&connection->in);
        buf_done(&connection->out);
        free(connection);
    }
    for (size_t i = 0; i < server->request_count; i++) {
        request_free(server->requests[i]);
    }
    fd_watch_free(server->watch);
    close(server->fd);
    free(server->requests);
    free(server);
}

const char *fake_http_url(const struct fake_http *server)
{
    return server->url;
}

void fake_http_set_deaf(struct fake_http *server, bool is_deaf)
{
    server->is_deaf = is_deaf;
}

void fake_http_close_idle(struct fake_http *server)
{
    for (struct connection *c = server->connections; c != NULL; c = c->next) {
        if (!c->is_closed && !c->is_answering && c->in.len == 0) {
            close_connection(c, false);
        }
    }
}

size_t fake_http_request_count(const struct fake_http *server)
{
    return server->request_count;
}

const struct fake_request *fake_http_request(const struct fake_http *server, size_t index)
{
    assert(index < server->request_count);
    return server->requests[index];
}
