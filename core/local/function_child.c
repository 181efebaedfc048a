/* Functions as child processes: the environment, the verdict on how the child ended. */
#include "core/local/function_child.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/loop/process.h"
#include "core/ports/function_failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_DEADLINE_MS = 10000,
    LIST_OUTPUT_MAX = 1 << 16,
    LAST_LINE_MAX = 512, /* of what a message quotes */
    ENVIRONMENT_SLOTS = 6,
};

struct function_child {
    struct function_service base;
    char *program, *lake;
    struct secret dsn;
    pg_dsn_fn provide_dsn;
    void *provider_context;
    void (*provider_free)(void *context);
    char **dsn_for; /* NULL: every function */
    size_t dsn_for_count;
    int64_t timeout_ms;
    uint64_t memory_limit_bytes;
};

static struct function_child *child_of(struct function_service *service)
{
    return (struct function_child *)service;
}

/* ---- the child's environment */

struct environment {
    char *entries[ENVIRONMENT_SLOTS]; /* NULL-terminated */
};

static bool gets_dsn(const struct function_child *child, const char *name)
{
    if (!secret_is_set(&child->dsn) && child->provide_dsn == NULL) {
        return false;
    }
    for (size_t i = 0; i < child->dsn_for_count; i++) {
        if (strcmp(child->dsn_for[i], name) == 0) {
            return true;
        }
    }
    return child->dsn_for == NULL;
}

/* dsn: NULL for a child that gets none */
static void environment_fill(struct environment *environment, const struct function_child *child,
                             const struct secret *dsn)
{
    char **entry = environment->entries;
    *entry++ = xstrdup("LANG=C.UTF-8");
    *entry++ = xstrdup("TZ=UTC");
    *entry++ = xasprintf("GATEHOUSE_LAKE=%s", child->lake);
    *entry++ =
        xasprintf("GATEHOUSE_MEMORY_LIMIT=%llu", (unsigned long long)child->memory_limit_bytes);
    if (dsn != NULL) {
        *entry++ = xasprintf("GATEHOUSE_DATABASE_DSN=%s", secret_reveal(dsn));
    }
    *entry = NULL;
}

static void environment_done(struct environment *environment)
{
    for (char **entry = environment->entries; *entry != NULL; entry++) { /* none: not filled yet */
        explicit_bzero(*entry, strlen(*entry)); /* one of them holds the DSN */
        free(*entry);
    }
}

/* ---- list and check: both ask the program what it has */

struct listing {
    struct process process;
    const char *argv[3];
    struct environment environment;
    struct function_child *child;
    struct function_list *list; /* one of these two */
    struct function_check *check;
};

static bool next_name(struct str *rest, struct str *out_name)
{
    while (rest->len > 0) {
        *out_name = str_trim(str_split(*rest, '\n', rest));
        if (out_name->len > 0) {
            return true;
        }
    }
    return false;
}

static void fill_list(struct function_list *list, struct str output)
{
    struct str name;
    while (next_name(&output, &name)) {
        list->names = xreallocarray(list->names, list->count + 1, sizeof(list->names[0]));
        list->names[list->count++] = xmemdup0(name.ptr, name.len);
    }
}

static bool fill_check(const struct function_child *child, struct function_check *check,
                       struct str output, struct error *err)
{
    struct str name;
    while (next_name(&output, &name)) {
        if (str_eq(name, str_from(check->name))) {
            snprintf(check->state, sizeof(check->state), "Active");
            check->timeout_ms = child->timeout_ms;
            check->memory_bytes = child->memory_limit_bytes;
            return true;
        }
    }
    return error_set(err, ERROR_PERMANENT, "not_found", "%s has no function '%.140s'",
                     child->program, check->name);
}

static bool judge_listing(struct listing *listing, const struct error *failure, struct error *err)
{
    const struct process *process = &listing->process;
    if (failure != NULL) {
        /* Not "not_found": that would say of each function that it is missing. */
        return error_set(err, failure->error_class, "function_list_failed",
                         "the functions cannot be listed: %s; see local.function_program",
                         failure->message);
    }
    if (process->exit_code != 0) {
        char how[64];
        process_describe_exit(process, how, sizeof(how));
        return error_set(err, process->term_signal != 0 ? ERROR_TRANSIENT : ERROR_PERMANENT,
                         "function_list_failed", "%s --list: %s", listing->child->program, how);
    }
    if (listing->list != NULL) {
        fill_list(listing->list, buf_str(&process->output));
        return true;
    }
    return fill_check(listing->child, listing->check, buf_str(&process->output), err);
}

static void listing_done(struct op *op, const struct error *failure)
{
    struct listing *listing = OP_CONTAINER(op, struct listing, process.op);
    struct op *outer = listing->list != NULL ? &listing->list->op : &listing->check->op;
    struct error err;
    bool is_ok = judge_listing(listing, failure, &err);
    process_done(&listing->process);
    environment_done(&listing->environment);
    free(listing);
    op_finish(outer, is_ok ? NULL : &err);
}

static void listing_start(struct function_child *child, struct function_list *list,
                          struct function_check *check)
{
    struct listing *listing = xcalloc(1, sizeof(*listing));
    *listing = (struct listing){
        .argv = {child->program, "--list", NULL}, .child = child, .list = list, .check = check};
    environment_fill(&listing->environment, child, NULL);
    listing->process.argv = listing->argv;
    listing->process.env = (const char *const *)listing->environment.entries;
    listing->process.output_limit = LIST_OUTPUT_MAX;
    listing->process.deadline_ms = LIST_DEADLINE_MS;
    listing->process.op.done = listing_done;
    process_start(child->base.loop, &listing->process);
}

static void child_list(struct function_service *service, struct function_list *req)
{
    op_begin(&req->op, service->loop);
    listing_start(child_of(service), req, NULL);
}

static void child_check(struct function_service *service, struct function_check *req)
{
    op_begin(&req->op, service->loop);
    listing_start(child_of(service), NULL, req);
}

/* ---- invoke */

struct invocation {
    struct process process;
    struct pg_dsn_request dsn; /* asked before the process starts */
    struct function_child *child;
    bool is_cancelled; /* before the process was started */
    const char *argv[3];
    struct environment environment;
    struct function_invoke *req;
    char *event;
    struct buf last_line; /* of its log, printable: the best hint when it ends without a word */
};

static void keep_line(struct buf *last_line, struct str line)
{
    if (line.len > LAST_LINE_MAX / 4) { /* printable text may be longer than the bytes it shows */
        line.len = LAST_LINE_MAX / 4;
    }
    buf_reset(last_line);
    utf8_append_printable(last_line, line);
}

static void on_log_line(void *context, struct str line)
{
    struct invocation *invocation = context;
    struct function_invoke *req = invocation->req;
    keep_line(&invocation->last_line, line);
    if (req->on_log_line != NULL) {
        req->on_log_line(req->log_context, line);
    }
}

static bool fail_without_a_word(const struct invocation *invocation, struct error *err)
{
    const struct process *process = &invocation->process;
    char how[64];
    process_describe_exit(process, how, sizeof(how));
    bool is_killed = process->term_signal != 0;
    return error_set(err, is_killed ? ERROR_TRANSIENT : ERROR_PERMANENT,
                     is_killed ? "function_crashed" : "function_failed",
                     "%s: ended by %s; the last line of its log is '%s'", invocation->req->name,
                     how, buf_text(&invocation->last_line));
}

static bool judge_exit(struct invocation *invocation, struct error *err)
{
    const struct process *process = &invocation->process;
    struct error parse_err;
    if (process->term_signal != 0) {
        return fail_without_a_word(invocation, err);
    }
    struct json *answer = json_parse(buf_str(&process->output), &parse_err);
    bool is_ok = process->exit_code == 0 && json_is_object(answer);
    if (is_ok) {
        invocation->req->result = answer;
        return true;
    }
    if (process->exit_code == 0) {
        error_set(err, ERROR_PERMANENT, "bad_result", "%s: its result is not a JSON object%s%s",
                  invocation->req->name, answer == NULL ? ": " : "",
                  answer == NULL ? parse_err.message : "");
    } else if (json_get(answer, "errorType") != NULL) {
        function_failure_read(invocation->req->name, answer, err);
    } else {
        fail_without_a_word(invocation, err);
    }
    json_free(answer);
    return false;
}

static bool judge_invocation(struct invocation *invocation, const struct error *failure,
                             struct error *err)
{
    const char *name = invocation->req->name;
    if (failure == NULL) {
        return judge_exit(invocation, err);
    }
    if (error_is(failure, "deadline")) {
        return error_set(err, ERROR_TRANSIENT, "timeout",
                         "%s: ran longer than %lld ms and was stopped", name,
                         (long long)invocation->process.deadline_ms);
    }
    *err = *failure;
    return error_prefix(err, "%s", name);
}

static void invocation_free(struct invocation *invocation)
{
    process_done(&invocation->process);
    environment_done(&invocation->environment);
    secret_done(&invocation->dsn.dsn);
    buf_done(&invocation->last_line);
    free(invocation->event);
    free(invocation);
}

static void invocation_done(struct op *op, const struct error *failure)
{
    struct invocation *invocation = OP_CONTAINER(op, struct invocation, process.op);
    struct function_invoke *req = invocation->req;
    struct error err;
    bool is_ok = judge_invocation(invocation, failure, &err);
    invocation_free(invocation);
    op_finish(&req->op, is_ok ? NULL : &err);
}

static void process_begin(struct invocation *invocation, const struct secret *dsn)
{
    struct process *process = &invocation->process;
    struct function_child *child = invocation->child;
    int64_t timeout_ms = invocation->req->timeout_ms;
    environment_fill(&invocation->environment, child, dsn);
    process->argv = invocation->argv;
    process->env = (const char *const *)invocation->environment.entries;
    process->input = str_from(invocation->event);
    process->output_limit = FUNCTION_PAYLOAD_MAX;
    process->on_error_line = on_log_line;
    process->deadline_ms = timeout_ms > 0 ? timeout_ms : child->timeout_ms;
    process->memory_limit_bytes = child->memory_limit_bytes;
    process->op.done = invocation_done;
    process->op.context = invocation;
    process_start(child->base.loop, process);
}

static void dsn_known(struct op *op, const struct error *failure)
{
    struct invocation *invocation = op->context;
    struct function_invoke *req = invocation->req;
    struct error err;
    if (failure == NULL && !invocation->is_cancelled) {
        process_begin(invocation, &invocation->dsn.dsn);
        return;
    }
    if (failure != NULL) {
        err = *failure;
        error_prefix(&err, "%s", req->name);
    } else {
        error_set(&err, ERROR_CANCELLED, "cancelled", "%s: cancelled", req->name);
    }
    invocation_free(invocation);
    op_finish(&req->op, &err);
}

static void cancel_invocation(void *context)
{
    struct invocation *invocation = context;
    if (op_is_active(&invocation->dsn.op)) {
        invocation->is_cancelled = true;
    } else {
        process_cancel(&invocation->process);
    }
}

static void invocation_start(struct function_child *child, struct function_invoke *req, char *event)
{
    struct invocation *invocation = xcalloc(1, sizeof(*invocation));
    invocation->child = child;
    invocation->req = req;
    invocation->event = event;
    invocation->argv[0] = child->program;
    invocation->argv[1] = req->name;
    buf_init(&invocation->last_line, LAST_LINE_MAX);
    op_on_cancel(&req->op, cancel_invocation, invocation);
    if (!gets_dsn(child, req->name)) {
        process_begin(invocation, NULL);
    } else if (child->provide_dsn == NULL) {
        process_begin(invocation, &child->dsn);
    } else {
        invocation->dsn.op.done = dsn_known;
        invocation->dsn.op.context = invocation;
        child->provide_dsn(child->provider_context, &invocation->dsn);
    }
}

static void child_invoke(struct function_service *service, struct function_invoke *req)
{
    struct error err;
    op_begin(&req->op, service->loop);
    char *event = req->event == NULL ? xstrdup("{}") : json_print(req->event);
    if (!function_call_check(req->name, event, &err)) {
        free(event);
        op_finish(&req->op, &err);
        return;
    }
    invocation_start(child_of(service), req, event);
}

static void child_free(struct function_service *service)
{
    struct function_child *child = child_of(service);
    for (size_t i = 0; i < child->dsn_for_count; i++) {
        free(child->dsn_for[i]);
    }
    free(child->dsn_for);
    if (child->provider_free != NULL) {
        child->provider_free(child->provider_context);
    }
    secret_done(&child->dsn);
    free(child->program);
    free(child->lake);
    free(child);
}

static const struct function_service_ops function_child_ops = {
    .list = child_list,
    .check = child_check,
    .invoke = child_invoke,
    .free = child_free,
};

static void copy_names(struct function_child *child, const char *const *names)
{
    if (names == NULL) {
        return;
    }
    child->dsn_for = xcalloc(1, sizeof(child->dsn_for[0])); /* empty is not the same as absent */
    for (; *names != NULL; names++) {
        child->dsn_for =
            xreallocarray(child->dsn_for, child->dsn_for_count + 1, sizeof(child->dsn_for[0]));
        child->dsn_for[child->dsn_for_count++] = xstrdup(*names);
    }
}

struct function_service *function_child_new(struct loop *loop,
                                            const struct function_child_spec *spec)
{
    struct function_child *child = xcalloc(1, sizeof(*child));
    child->base.ops = &function_child_ops;
    child->base.loop = loop;
    child->program = xstrdup(spec->program);
    child->lake = xstrdup(spec->lake);
    if (spec->dsn != NULL && spec->dsn->len > 0) {
        secret_set(&child->dsn, (struct str){spec->dsn->ptr, spec->dsn->len});
    }
    child->provide_dsn = spec->provide_dsn;
    child->provider_context = spec->provider_context;
    child->provider_free = spec->provider_free;
    copy_names(child, spec->dsn_for);
    child->timeout_ms = spec->timeout_ms;
    child->memory_limit_bytes = spec->memory_limit_bytes;
    return &child->base;
}
