/* libcurl's multi interface on the loop. Its callbacks only note what it wants to be told; whatever
 * changes the multi happens outside of them, since libcurl refuses it inside. */
#include "core/net/http_multi.h"

#include "core/base/alloc.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"

#include <assert.h>
#include <stdlib.h>

enum { KEPT_CONNECTIONS = 64 };

struct http_multi {
    struct loop *loop;
    CURLM *curl;
    struct timer *timer;
    http_multi_done_fn done;
};

struct socket_watch {
    struct http_multi *multi;
    curl_socket_t socket;
    struct fd_watch *fd;
};

/* After every action: a transfer that ended by its time-out is told nowhere else. */
static void hand_out_finished(struct http_multi *multi)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL) {
        CURL *easy = message->easy_handle; /* message is gone once the handle is removed */
        CURLcode code = message->data.result;
        void *transfer = NULL;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(multi->curl, easy);
        multi->done(transfer, code);
    }
}

static void act(struct http_multi *multi, curl_socket_t socket, int events)
{
    int running = 0;
    curl_multi_socket_action(multi->curl, socket, events, &running);
    hand_out_finished(multi);
}

static void on_socket_ready(void *context, bool is_readable, bool is_writable)
{
    struct socket_watch *watch = context; /* may be gone after the action */
    act(watch->multi, watch->socket,
        (is_readable ? CURL_CSELECT_IN : 0) | (is_writable ? CURL_CSELECT_OUT : 0));
}

static void on_timer(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int want_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct http_multi *multi = context;
    struct socket_watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            fd_watch_free(watch->fd);
            free(watch);
            curl_multi_assign(multi->curl, socket, NULL);
        }
        return 0;
    }
    if (watch == NULL) {
        watch = xcalloc(1, sizeof(*watch));
        watch->multi = multi;
        watch->socket = socket;
        watch->fd = fd_watch_new(multi->loop, socket, on_socket_ready, watch);
        curl_multi_assign(multi->curl, socket, watch);
    }
    fd_watch_set(watch->fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
    return 0;
}

static int want_timer(CURLM *curl, long timeout_ms, void *context)
{
    struct http_multi *multi = context;
    (void)curl;
    if (timeout_ms < 0) {
        timer_disarm(multi->timer);
    } else {
        timer_arm(multi->timer, timeout_ms);
    }
    return 0;
}

struct http_multi *http_multi_new(struct loop *loop, long max_host_connections,
                                  http_multi_done_fn done)
{
    struct http_multi *multi = xcalloc(1, sizeof(*multi));
    multi->loop = loop;
    multi->done = done;
    multi->timer = timer_new(loop, on_timer, multi);
    multi->curl = curl_multi_init();
    assert(multi->curl != NULL);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS, max_host_connections);
    curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    return multi;
}

void http_multi_free(struct http_multi *multi)
{
    if (multi != NULL) {
        curl_multi_cleanup(multi->curl); /* closing connections still calls want_socket */
        timer_free(multi->timer);
        free(multi);
    }
}

void http_multi_add(struct http_multi *multi, CURL *easy)
{
    CURLMcode code = curl_multi_add_handle(multi->curl, easy);
    assert(code == CURLM_OK);
    (void)code;
}

void http_multi_remove(struct http_multi *multi, CURL *easy)
{
    curl_multi_remove_handle(multi->curl, easy);
}
