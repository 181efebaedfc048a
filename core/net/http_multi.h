/* libcurl's multi interface on the loop: sockets and its timer are watched, finished transfers
 * handed out. Loop thread only. */
#ifndef GATEHOUSE_NET_HTTP_MULTI_H
#define GATEHOUSE_NET_HTTP_MULTI_H

#include "core/loop/loop.h"

#include <curl/curl.h>

struct http_multi;
/* The transfer is over and its handle no longer in the multi; called outside of libcurl's
 * callbacks. transfer is the handle's CURLOPT_PRIVATE. */
typedef void (*http_multi_done_fn)(void *transfer, CURLcode code);

struct http_multi *http_multi_new(struct loop *loop, long max_host_connections,
                                  http_multi_done_fn done);
void http_multi_free(struct http_multi *multi); /* accepts NULL; no transfer may be in it */
void http_multi_add(struct http_multi *multi, CURL *easy);
void http_multi_remove(struct http_multi *multi, CURL *easy);

#endif
