/* How an engine comes to its run: a new one, or one of the store whose runner is gone. */
#include "core/engine/engine_internal.h"
#include "core/stages/leftovers.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

enum { READ_BATCH = 500 };

char *engine_run_folder_path(const char *state_folder, const char *run_id)
{
    return xasprintf("%s/runs/%s", state_folder, run_id);
}

bool engine_run_is_owned(const char *state_folder, const char *run_id)
{
    struct run_owner owner;
    char *folder = engine_run_folder_path(state_folder, run_id);
    bool is_owned = run_lock_owner(folder, &owner);
    free(folder);
    return is_owned;
}

static bool make_folders(struct engine *engine, const char *run_id, struct error *err)
{
    free(engine->run_folder);
    engine->run_folder = engine_run_folder_path(engine->spec.state_folder, run_id);
    char *logs = file_join(engine->run_folder, "logs");
    bool is_ok = file_make_folders(logs, 0700, err);
    free(logs);
    return is_ok;
}

/* Time goes on from the run's latest event, even when the wall clock was set back since. */
static void set_clock(struct engine *engine)
{
    struct clock *clock = engine->spec.clock;
    int64_t wall_ms = clock->wall_ms(clock);
    engine->base_wall_ms = wall_ms > engine->run.last_ts_ms ? wall_ms : engine->run.last_ts_ms;
    engine->base_monotonic_ms = clock->monotonic_ms(clock);
}

static struct json *hello_body(const struct json *hello, const struct dag *dag, bool is_resumed)
{
    struct json *body = json_copy(hello);
    json_set_text(body, "pipeline", dag->pipeline);
    json_set_bool(body, "resumed", is_resumed);
    json_set(body, "dag", dag_to_json(dag));
    return body;
}

/* The hello is durable: the run takes it over; the listener hears of it after the start. */
static bool take_hello(struct engine *engine, struct event_list *list, struct error *err)
{
    bool is_ok = run_apply(&engine->run, &list->items[0], err);
    engine->untold = *list;
    *list = (struct event_list){0};
    return is_ok;
}

static void forget_run(struct engine *engine)
{
    run_done(&engine->run);
    run_lock_release(&engine->lock);
    event_list_done(&engine->untold);
    engine->untold = (struct event_list){0};
}

static bool finish_opening(struct engine *engine, bool is_ok)
{
    bool is_new = engine->run.state == RUN_CREATED;
    if (is_ok) {
        engine_make_tries(engine);
        engine_add_input(engine,
                         &(struct run_input){.kind = is_new ? RUN_INPUT_START : RUN_INPUT_ATTACH});
        engine_set_phase(engine, ENGINE_READY);
    } else {
        forget_run(engine);
    }
    return is_ok;
}

/* ---- a new run */
static bool store_new_run(struct engine *engine, const struct dag *dag, const struct json *hello,
                          struct error *err)
{
    int64_t number = 0;
    struct event_list list = {0};
    event_list_add(&list, engine_now_ms(engine), EVENT_HELLO, hello_body(hello, dag, false));
    bool is_ok =
        store_create_run(engine->spec.store, engine->run.id, &list.items[0], &number, err) &&
        take_hello(engine, &list, err);
    event_list_done(&list);
    return is_ok;
}

/* The run is ours before anybody can see it. */
static bool create(struct engine *engine, const struct dag *dag, const struct json *hello,
                   struct error *err)
{
    return make_folders(engine, engine->run.id, err) &&
           run_lock_take(&engine->lock, engine->run_folder, engine_now_ms(engine), err) &&
           store_new_run(engine, dag, hello, err);
}

bool engine_create_run(struct engine *engine, const struct dag *dag, const struct json *hello,
                       struct error *err)
{
    char id[RUN_ID_SIZE];
    struct error ignored;
    assert(engine->phase == ENGINE_IDLE);
    set_clock(engine);
    store_make_run_id(engine_now_ms(engine), random_next(&engine->random), id);
    run_init(&engine->run, id);
    bool is_ok = create(engine, dag, hello, err);
    if (!is_ok) {
        file_remove_tree(engine->run_folder, &ignored);
    }
    return finish_opening(engine, is_ok);
}

/* ---- a run of the store */
static bool apply_all(struct engine *engine, const struct event_list *list, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!run_apply(&engine->run, &list->items[i], err)) {
            return error_prefix(err, "run %s", engine->run.id);
        }
    }
    return true;
}

static bool load_events(struct engine *engine, struct error *err)
{
    bool is_ok = true;
    size_t count = READ_BATCH;
    while (is_ok && count == READ_BATCH) {
        struct event_list list = {0};
        is_ok = store_read_events(engine->spec.store, engine->run.id, engine->run.last_seq,
                                  READ_BATCH, &list, err) &&
                apply_all(engine, &list, err);
        count = list.count;
        event_list_done(&list);
    }
    if (is_ok && engine->run.last_seq == 0) {
        is_ok = error_set(err, ERROR_PERMANENT, "not_found", "run %s has no events in the store",
                          engine->run.id);
    }
    return is_ok;
}

static bool store_takeover(struct engine *engine, const struct json *hello, struct error *err)
{
    struct event_list list = {0};
    struct json *body = hello_body(hello, engine->run.dag, true);
    json_set_int(body, "number", engine->run.number);
    event_list_add(&list, engine_now_ms(engine), EVENT_HELLO, body);
    bool is_ok = store_append(engine->spec.store, engine->run.id, list.items, 1, err) &&
                 take_hello(engine, &list, err);
    event_list_done(&list);
    return is_ok;
}

/* What the dead runner's tries worked with is of no use to anybody. */
static void remove_work(struct engine *engine)
{
    struct error err;
    char *work = file_join(engine->run_folder, "work");
    if (!file_remove_tree(work, &err)) {
        engine_notice(engine, &err);
    }
    free(work);
}

static bool take_over(struct engine *engine, const struct json *hello, struct error *err)
{
    if (!load_events(engine, err)) {
        return false;
    }
    set_clock(engine);
    remove_work(engine);
    return store_takeover(engine, hello, err);
}

bool engine_open_run(struct engine *engine, const char *run_id, const struct json *hello,
                     struct error *err)
{
    struct run_summary found = {0};
    assert(engine->phase == ENGINE_IDLE);
    if (!store_find_run(engine->spec.store, run_id, &found, err)) {
        return false;
    }
    set_clock(engine);
    run_init(&engine->run, found.id);
    return finish_opening(
        engine, make_folders(engine, found.id, err) &&
                    run_lock_take(&engine->lock, engine->run_folder, engine_now_ms(engine), err) &&
                    take_over(engine, hello, err));
}

/* ---- what the dead runner left running */
/* Remote work is adopted; work on this machine dies with its runner, but for grandchildren that
 * left their group. */
static size_t find_lost_intents(const struct engine *engine, const char **intents)
{
    size_t count = 0;
    for (size_t i = 0; i < engine->run.dag->count; i++) {
        const struct stage_run *stage = &engine->run.stages[i];
        if (stage_state_is_active(stage->state) && !engine->run.dag->stages[i].is_adoptable) {
            intents[count++] = stage->intent;
        }
    }
    return count;
}

bool engine_clear_leftovers(struct engine *engine)
{
    int64_t waited_ms = engine_now_ms(engine) - engine->clearing_since_ms;
    const char **intents = xcalloc(engine->run.dag->count, sizeof *intents);
    size_t count = find_lost_intents(engine, intents);
    int signum = waited_ms < LEFTOVERS_PATIENCE_MS ? SIGTERM : SIGKILL;
    size_t found = count == 0 ? 0 : leftovers_signal(intents, count, signum);
    free(intents);
    if (found == 0) {
        return true;
    }
    struct error err;
    if (waited_ms < LEFTOVERS_DEADLINE_MS) {
        return false;
    }
    error_set(&err, ERROR_TRANSIENT, "leftovers",
              "%zu processes of an interrupted try do not end; going on without them", found);
    engine_notice(engine, &err);
    return true;
}
