/* An HTTP/1.1 server on loopback for tests, on the test's own loop: it reads whole requests, asks a
 * handler what to answer, and can answer badly. Nothing in it is shared with core/net/http. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_HTTP_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_HTTP_H

#include "core/base/buf.h"
#include "core/loop/loop.h"

#include <stdint.h>

enum { FAKE_HEADERS_MAX = 64 };

struct fake_header {
    char *name, *value; /* as sent */
};

struct fake_request { /* valid while the server is */
    char *method;
    char *path;  /* as on the wire, without the query */
    char *query; /* as on the wire, "" when there is none */
    struct fake_header headers[FAKE_HEADERS_MAX];
    size_t header_count;
    struct str body;
    int connection; /* 1, 2, 3 ...: tells which requests shared one */
};
/* The first value of a header, whatever its case, or NULL. */
const char *fake_request_header(const struct fake_request *request, const char *name);

enum fake_fault {
    FAKE_FINE,
    FAKE_RESET,    /* the request is read, then the connection is reset */
    FAKE_CLOSE,    /* the request is read, then the connection is closed */
    FAKE_SILENT,   /* the request is read, and nothing ever comes */
    FAKE_TRUNCATE, /* half of the body, then closed */
    FAKE_STALL,    /* half of the body, then nothing */
    FAKE_SLOW,     /* 16 bytes each 5 ms */
    FAKE_DRIP,     /* the body by one byte each 20 ms */
    FAKE_GARBAGE,  /* no HTTP at all */
};

struct fake_answer {
    int status;          /* 0: 200 */
    const char *headers; /* "Name: value\r\n" for each, or NULL; copied */
    struct str body;     /* copied */
    enum fake_fault fault;
    int64_t delay_ms; /* before it is sent */
};

/* out_answer is zeroed. */
typedef void (*fake_handler_fn)(void *context, const struct fake_request *request,
                                struct fake_answer *out_answer);

struct fake_http;
struct fake_http *fake_http_new(struct loop *loop, fake_handler_fn handle, void *context);
void fake_http_free(struct fake_http *server);             /* drops its connections */
const char *fake_http_url(const struct fake_http *server); /* "http://127.0.0.1:12345" */
/* Connections are accepted by the kernel, but nothing is read from them. */
void fake_http_set_deaf(struct fake_http *server, bool is_deaf);
/* Closes the connections that wait for their next request, as servers do after a while. */
void fake_http_close_idle(struct fake_http *server);
size_t fake_http_request_count(const struct fake_http *server);
const struct fake_request *fake_http_request(const struct fake_http *server, size_t index);

#endif
