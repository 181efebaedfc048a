/* File, descriptor and signal watches. */
#include "core/loop/watch.h"

#include "core/base/alloc.h"
#include "core/loop/internal.h"

#include <stdlib.h>

struct file_watch {
    uv_fs_event_t uv;
    void (*changed)(void *context);
    void *context;
};

struct fd_watch {
    uv_poll_t uv;
    fd_watch_fn ready;
    void *context;
};

struct signal_watch {
    uv_signal_t uv;
    void (*came)(void *context, int signum);
    void *context;
};

static void free_handle_data(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_change(uv_fs_event_t *uv, const char *name, int events, int status)
{
    struct file_watch *watch = uv->data;
    (void)name;
    (void)events;
    (void)status; /* an error is worth a look, too */
    watch->changed(watch->context);
}

struct file_watch *file_watch_new(struct loop *loop, const char *path,
                                  void (*changed)(void *context), void *context, struct error *err)
{
    struct file_watch *watch = xcalloc(1, sizeof(*watch));
    uv_fs_event_init(&loop->uv, &watch->uv);
    watch->uv.data = watch;
    watch->changed = changed;
    watch->context = context;
    int status = uv_fs_event_start(&watch->uv, on_change, path, 0);
    if (status != 0) {
        error_set_errno(err, -status, "cannot watch %s", path);
        file_watch_free(watch);
        return NULL;
    }
    return watch;
}

void file_watch_free(struct file_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->uv, free_handle_data);
    }
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
    struct fd_watch *watch = uv->data;
    bool is_broken = status < 0 || (events & UV_DISCONNECT) != 0;
    watch->ready(watch->context, is_broken || (events & UV_READABLE) != 0,
                 is_broken || (events & UV_WRITABLE) != 0);
}

struct fd_watch *fd_watch_new(struct loop *loop, int fd, fd_watch_fn ready, void *context)
{
    struct fd_watch *watch = xcalloc(1, sizeof(*watch));
    uv_poll_init(&loop->uv, &watch->uv, fd);
    watch->uv.data = watch;
    watch->ready = ready;
    watch->context = context;
    return watch;
}

void fd_watch_set(struct fd_watch *watch, bool want_read, bool want_write)
{
    int events = (want_read ? UV_READABLE : 0) | (want_write ? UV_WRITABLE : 0);
    if (events == 0) {
        uv_poll_stop(&watch->uv);
    } else {
        uv_poll_start(&watch->uv, events, on_ready);
    }
}

void fd_watch_free(struct fd_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->uv, free_handle_data);
    }
}

static void on_signal(uv_signal_t *uv, int signum)
{
    struct signal_watch *watch = uv->data;
    watch->came(watch->context, signum);
}

struct signal_watch *signal_watch_new(struct loop *loop, int signum,
                                      void (*came)(void *context, int signum), void *context)
{
    struct signal_watch *watch = xcalloc(1, sizeof(*watch));
    uv_signal_init(&loop->uv, &watch->uv);
    watch->uv.data = watch;
    watch->came = came;
    watch->context = context;
    uv_signal_start(&watch->uv, on_signal, signum);
    uv_unref((uv_handle_t *)&watch->uv);
    return watch;
}

void signal_watch_free(struct signal_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->uv, free_handle_data);
    }
}
