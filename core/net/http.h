/* HTTP/1.1 and 2 requests by libcurl's multi interface, driven by the loop. Loop thread only. What
 * is asked is what is sent: no redirects, no cookies, no header of libcurl's own but Accept and
 * User-Agent, no path squashing. TLS is verified (1.2 or newer); plain http is refused but for
 * loopback addresses and for requests that say allow_plain (the link-local metadata services).
 * The proxies of the environment are used, but never for loopback addresses. Bodies are in memory,
 * with a limit: large objects travel in parts. */
#ifndef GATEHOUSE_NET_HTTP_H
#define GATEHOUSE_NET_HTTP_H

#include "core/base/buf.h"
#include "core/loop/op.h"

#include <stdint.h>

enum { HTTP_CONNECT_TIMEOUT_MS = 10000, HTTP_HEADERS_MAX = 64 * 1024 };

struct http; /* connections, kept and shared by all its requests */

struct http_settings {
    /* PEM, or a folder of them as `openssl rehash` names them; NULL: the system's, wherever the
     * distribution keeps it; copied */
    const char *ca_file;
    const char *user_agent; /* copied */
    int max_connections;    /* to one host; 0: 32 */
};

struct http_header {
    const char *name, *value;
};

struct http_request {
    struct op op;
    /* in, borrowed until done */
    const char *method; /* "GET" */
    const char *url;    /* sent as it is */
    const struct http_header *headers;
    size_t header_count;
    struct str body;             /* a body of length 0 sends Content-Length: 0 with PUT and POST */
    size_t response_limit_bytes; /* a longer body fails: code "response_too_large" */
    int64_t connect_timeout_ms;  /* 0: HTTP_CONNECT_TIMEOUT_MS */
    int64_t stall_timeout_ms;    /* no byte either way for so long fails; 0: never */
    int64_t low_speed;           /* fewer bytes a second for so long are as good as none; 0: not */
    int64_t total_timeout_ms;    /* 0: none */
    bool allow_plain;            /* http to a host that is not loopback */
    bool without_proxy;          /* never through a proxy */
    /* libcurl may send it a second time by itself when a kept connection proves dead. Without it,
     * all but GET and HEAD get a connection of their own. */
    bool is_idempotent;
    struct buf memory; /* taken: an answer of an earlier request, whose memory is used again */
    /* results, valid until http_request_done */
    int status;            /* of the final answer; 0: there was none */
    struct buf headers_in; /* "name: value\n" a line, names in lower case, bytes made printable */
    struct buf response;   /* the body, also of an answer with an error status */
    bool has_sent_request; /* it may have left whole: the server may have acted on it */
    void *handle;          /* private */
};

/* The system's certificates of authorities, wherever the distribution keeps them; gives memory for
 * free(). When there are none, the path where Debian has them. root: in front of each place, "" is
 * this system. */
char *http_find_ca_file(const char *root);
/* Gives the client; http_free releases it, when none of its requests is active. */
struct http *http_new(struct loop *loop, const struct http_settings *settings);
void http_free(struct http *http); /* accepts NULL */

/* Any status is a success of the request; the caller judges it. Errors, all transient unless said:
 * "host_not_found", "proxy_not_found" (of https_proxy and its like), "connection_failed",
 * "connect_timeout", "connection_lost" (reset, short body), "timeout" (total), "stalled",
 * "tls_failed" (permanent: certificate, name), "response_too_large" (permanent; also of headers),
 * "bad_url", "bad_header" (permanent), cancelled. No message holds a header, a query or a body. */
void http_request_start(struct http *http, struct http_request *req);
void http_request_cancel(struct http_request *req);
void http_request_done(struct http_request *req); /* releases the results */
/* A header of the answer by its lower-case name, or an empty str; borrowed from headers_in. */
struct str http_response_header(const struct http_request *req, const char *name);

#endif
