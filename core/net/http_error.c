/* Error codes of libcurl as error classes. */
#include "core/net/http_error.h"

#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct {
    CURLcode curl;
    enum error_class error_class;
    const char *code;
} table[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERROR_TRANSIENT, "host_not_found"},
    {CURLE_COULDNT_RESOLVE_PROXY, ERROR_TRANSIENT, "proxy_not_found"},
    {CURLE_COULDNT_CONNECT, ERROR_TRANSIENT, "connection_failed"},
    {CURLE_PROXY, ERROR_TRANSIENT, "connection_failed"},
    {CURLE_SSL_CONNECT_ERROR, ERROR_TRANSIENT, "connection_failed"}, /* a reset in the handshake */
    {CURLE_OPERATION_TIMEDOUT, ERROR_TRANSIENT, "connect_timeout"},  /* its only time limit here */
    {CURLE_PEER_FAILED_VERIFICATION, ERROR_PERMANENT, "tls_failed"},
    {CURLE_SSL_CERTPROBLEM, ERROR_PERMANENT, "tls_failed"},
    {CURLE_SSL_CIPHER, ERROR_PERMANENT, "tls_failed"},
    {CURLE_SSL_CACERT_BADFILE, ERROR_PERMANENT, "tls_failed"},
    {CURLE_SSL_ISSUER_ERROR, ERROR_PERMANENT, "tls_failed"},
    {CURLE_SSL_INVALIDCERTSTATUS, ERROR_PERMANENT, "tls_failed"},
    {CURLE_URL_MALFORMAT, ERROR_PERMANENT, "bad_url"},
};

void http_error_of_curl(struct error *out_err, CURLcode code, const char *detail)
{
    struct buf text;
    enum error_class error_class = ERROR_TRANSIENT;
    const char *name = "connection_lost"; /* or what came was no HTTP */
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].curl == code) {
            error_class = table[i].error_class;
            name = table[i].code;
        }
    }
    buf_init(&text, 4 * (size_t)CURL_ERROR_SIZE);
    utf8_append_printable(&text, str_from(detail[0] != '\0' ? detail : curl_easy_strerror(code)));
    error_set(out_err, error_class, name, "%s", buf_text(&text));
    buf_done(&text);
}

void http_error_target(const char *method, const char *url, char out_target[HTTP_TARGET_SIZE])
{
    struct buf text;
    buf_init(&text, 4 * (size_t)HTTP_TARGET_SIZE);
    size_t shown = strcspn(url, "?#");
    bool is_cut = shown > HTTP_TARGET_SIZE / 2;
    utf8_append_printable(&text, (struct str){url, is_cut ? HTTP_TARGET_SIZE / 2 : shown});
    snprintf(out_target, HTTP_TARGET_SIZE, "%s %.200s%s", method, buf_text(&text),
             is_cut ? "..." : "");
    buf_done(&text);
}
