/* What libcurl says about a failed transfer, in the words of http.h. Pure. */
#ifndef GATEHOUSE_NET_HTTP_ERROR_H
#define GATEHOUSE_NET_HTTP_ERROR_H

#include "core/base/error.h"

#include <curl/curl.h>

enum { HTTP_TARGET_SIZE = 256 };

/* detail: libcurl's error buffer, may be empty. */
void http_error_of_curl(struct error *out_err, CURLcode code, const char *detail);
/* "GET https://host/path", without the query, printable, cut where it is long. */
void http_error_target(const char *method, const char *url, char out_target[HTTP_TARGET_SIZE]);

#endif
