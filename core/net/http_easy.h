/* A request in the words of libcurl: URL, method, headers, body, and how to connect. */
#ifndef GATEHOUSE_NET_HTTP_EASY_H
#define GATEHOUSE_NET_HTTP_EASY_H

#include "core/net/http.h"

#include <curl/curl.h>

/* The handle borrows *headers, which the caller frees after it, also on failure. Errors: "bad_url",
 * "bad_header". */
bool http_easy_set(CURL *easy, const struct http_request *req, struct curl_slist **headers,
                   struct error *err);

#endif
