/* The engine's wheel: an input is decided on, the decision made durable, applied, told, and only
 * then carried out. One timer wakes it for whatever is due next. */
#include "core/engine/engine_internal.h"

#include "core/base/alloc.h"
#include "core/base/backoff.h"

#include <assert.h>
#include <stdlib.h>

static void wake_by_timer(void *context);

#define TO(phase) (1U << (phase))
static const unsigned legal_moves[ENGINE_PHASE_COUNT] = {
    [ENGINE_IDLE] = TO(ENGINE_READY),
    [ENGINE_READY] = TO(ENGINE_CLEARING) | TO(ENGINE_HANDING_OVER),
    [ENGINE_CLEARING] = TO(ENGINE_RUNNING) | TO(ENGINE_HANDING_OVER),
    [ENGINE_RUNNING] = TO(ENGINE_STALLED) | TO(ENGINE_RESTING) | TO(ENGINE_HANDING_OVER),
    [ENGINE_STALLED] = TO(ENGINE_RUNNING) | TO(ENGINE_HANDING_OVER),
    [ENGINE_RESTING] = TO(ENGINE_RUNNING) | TO(ENGINE_RESTED),
    [ENGINE_RESTED] = 0,
    [ENGINE_HANDING_OVER] = TO(ENGINE_HANDED_OVER),
    [ENGINE_HANDED_OVER] = 0,
};

void engine_set_phase(struct engine *engine, enum engine_phase phase)
{
    assert((legal_moves[engine->phase] & TO(phase)) != 0);
    engine->phase = phase;
}

/* ---- life cycle */
struct engine *engine_new(const struct engine_spec *spec)
{
    struct engine *engine = xcalloc(1, sizeof *engine);
    engine->spec = *spec;
    engine->lock.fd = -1;
    engine->random.state = spec->seed;
    engine->timer = timer_new(spec->loop, wake_by_timer, engine);
    store_set_busy_timeout(spec->store, ENGINE_BUSY_TIMEOUT_MS);
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    assert(!engine->is_pumping && !op_is_active(&engine->flush.op));
    timer_free(engine->timer);
    file_watch_free(engine->watch);
    engine_free_tries(engine);
    for (struct engine_input *input; (input = engine_take_input(engine)) != NULL;) {
        engine_input_free(input);
    }
    decision_done(&engine->waiting);
    event_list_done(&engine->untold);
    run_done(&engine->run);
    run_lock_release(&engine->lock);
    free(engine->run_folder);
    free(engine);
}

const struct run *engine_run(const struct engine *engine)
{
    return &engine->run;
}

const char *engine_run_folder(const struct engine *engine)
{
    return engine->run_folder;
}

int64_t engine_now_ms(const struct engine *engine)
{
    struct clock *clock = engine->spec.clock;
    return engine->base_wall_ms + clock->monotonic_ms(clock) - engine->base_monotonic_ms;
}

void engine_notice(struct engine *engine, const struct error *err)
{
    const struct engine_listener *listener = &engine->spec.listener;
    if (listener->notice != NULL) {
        listener->notice(listener->context, err);
    }
}

/* ---- letting go */
void engine_hand_over(struct engine *engine, const struct error *err)
{
    engine_set_phase(engine, ENGINE_HANDING_OVER);
    engine->has_handover_error = err != NULL;
    if (err != NULL) {
        engine->handover_error = *err;
    }
    engine_kill_tries(engine);
    engine_rearm(engine);
}

/* What the attempts said last is worth a try; that they ended is not: the next runner sees it. */
static void store_last_progress(struct engine *engine)
{
    struct error ignored;
    struct event_list list = {0};
    for (size_t i = 0; i < engine->run.dag->count; i++) {
        engine_take_progress(engine, i, &list);
    }
    if (list.count > 0 && !engine->has_handover_error) {
        store_append(engine->spec.store, engine->run.id, list.items, list.count, &ignored);
    }
    event_list_done(&list);
}

static void finish_handing_over(struct engine *engine)
{
    const struct engine_listener *listener = &engine->spec.listener;
    store_last_progress(engine);
    engine_set_phase(engine, ENGINE_HANDED_OVER);
    timer_disarm(engine->timer);
    file_watch_free(engine->watch);
    engine->watch = NULL;
    if (listener->handed_over != NULL) {
        listener->handed_over(listener->context,
                              engine->has_handover_error ? &engine->handover_error : NULL);
    }
}

/* ---- decisions */
static void tell(struct engine *engine, const struct event *event)
{
    const struct engine_listener *listener = &engine->spec.listener;
    if (listener->event != NULL) {
        listener->event(listener->context, event);
    }
}

static void stall(struct engine *engine, struct decision *decision, const struct error *err)
{
    static const struct backoff backoff = {.first_ms = 100, .max_ms = 2000};
    int64_t now_ms = engine_now_ms(engine);
    if (engine->phase == ENGINE_RUNNING) {
        engine_set_phase(engine, ENGINE_STALLED);
        engine->stalled_since_ms = now_ms;
        engine->append_failures = 0;
        engine_notice(engine, err);
    }
    if (err->error_class != ERROR_TRANSIENT ||
        now_ms - engine->stalled_since_ms >= APPEND_PATIENCE_MS) {
        decision_done(decision);
        engine_hand_over(engine, err);
        return;
    }
    engine->waiting = *decision;
    engine->append_failures++;
    engine->append_at_ms =
        now_ms + backoff_delay_ms(backoff, engine->append_failures, random_next(&engine->random));
}

static void apply_and_carry_out(struct engine *engine, struct decision *decision)
{
    struct error err;
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < decision->events.count; i++) {
        is_ok = run_apply(&engine->run, &decision->events.items[i], &err);
        if (is_ok) {
            tell(engine, &decision->events.items[i]);
        }
    }
    /* A listener may have let go of the run: then the intents stay for the next runner. */
    if (!is_ok && engine->phase == ENGINE_RUNNING) {
        engine_hand_over(engine, &err);
    }
    for (size_t i = 0; i < decision->effect_count && engine->phase == ENGINE_RUNNING; i++) {
        engine_carry_out(engine, &decision->effects[i]);
    }
    decision_done(decision);
}

/* Takes the decision: durable and carried out, or kept until the store can be written. */
static void commit(struct engine *engine, struct decision *decision)
{
    struct error err;
    if (decision->events.count > 0 &&
        !store_append(engine->spec.store, engine->run.id, decision->events.items,
                      decision->events.count, &err)) {
        stall(engine, decision, &err);
        return;
    }
    if (engine->phase == ENGINE_STALLED) {
        engine_set_phase(engine, ENGINE_RUNNING);
    }
    apply_and_carry_out(engine, decision);
}

/* Puts the events of `first` in front; takes them. */
static void put_in_front(struct decision *decision, struct event_list *first)
{
    for (size_t i = 0; i < decision->events.count; i++) {
        struct event *event = &decision->events.items[i];
        event_list_add(first, event->ts_ms, event->type, event->body);
        event->body = NULL;
    }
    event_list_done(&decision->events);
    decision->events = *first;
}

static void handle(struct engine *engine, const struct run_input *input)
{
    struct decision decision = {0};
    struct event_list progress = {0};
    if (input->kind == RUN_INPUT_OUTCOME) {
        engine_take_progress(engine, input->stage, &progress);
    }
    run_decide(&engine->run, input, engine_now_ms(engine), &decision);
    if (progress.count > 0) {
        put_in_front(&decision, &progress);
    }
    commit(engine, &decision);
}

/* ---- coming to rest */
static void rested(struct op *op, const struct error *err)
{
    struct engine *engine = op->context;
    const struct engine_listener *listener = &engine->spec.listener;
    if (err != NULL) {
        engine_notice(engine, err);
    }
    engine_read_commands(engine);
    if (engine->first_input != NULL) {
        engine_set_phase(engine, ENGINE_RUNNING);
        engine_pump(engine);
        return;
    }
    engine_set_phase(engine, ENGINE_RESTED);
    timer_disarm(engine->timer);
    file_watch_free(engine->watch);
    engine->watch = NULL;
    if (listener->rest != NULL) {
        listener->rest(listener->context, run_exit_code(&engine->run));
    }
}

static void begin_rest(struct engine *engine)
{
    engine_set_phase(engine, ENGINE_RESTING);
    engine->flush = (struct mirror_flush){
        .op = {.done = rested, .context = engine},
        .store = engine->spec.store,
        .database = engine->spec.mirror,
        .deadline_ms = MIRROR_PATIENCE_MS,
    };
    mirror_flush_start(engine->spec.loop, &engine->flush);
}

static bool is_at_rest(struct engine *engine)
{
    if (engine->phase != ENGINE_RUNNING || engine->live_count > 0 ||
        !run_state_is_final(engine->run.state)) {
        return false;
    }
    engine_read_commands(engine);
    if (engine->first_input == NULL && !engine->run.has_result) {
        engine_add_input(engine, &(struct run_input){.kind = RUN_INPUT_TICK});
    }
    return engine->first_input == NULL;
}

void engine_pump(struct engine *engine)
{
    if (engine->is_pumping) {
        return;
    }
    engine->is_pumping = true;
    bool is_resting = false;
    do {
        while (engine->phase == ENGINE_RUNNING && engine->first_input != NULL) {
            struct engine_input *input = engine_take_input(engine);
            handle(engine, &input->input);
            engine_input_free(input);
        }
        is_resting = is_at_rest(engine);
    } while (engine->phase == ENGINE_RUNNING && engine->first_input != NULL);
    engine->is_pumping = false;
    if (is_resting) {
        begin_rest(engine);
    }
    engine_rearm(engine);
}

/* ---- waking */
static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_due_ms(const struct engine *engine, int64_t now_ms)
{
    switch (engine->phase) {
    case ENGINE_CLEARING:
        return engine->clearing_since_ms == 0 ? now_ms : now_ms + LEFTOVERS_LOOK_MS;
    case ENGINE_STALLED:
        return engine->append_at_ms;
    case ENGINE_RUNNING:
        return earlier(now_ms + POLL_MS,
                       earlier(engine_progress_due_ms(engine), run_next_deadline_ms(&engine->run)));
    case ENGINE_HANDING_OVER:
        return engine->live_count == 0 ? now_ms : INT64_MAX;
    case ENGINE_IDLE:
    case ENGINE_READY:
    case ENGINE_RESTING:
    case ENGINE_RESTED:
    case ENGINE_HANDED_OVER:
    case ENGINE_PHASE_COUNT:
        break;
    }
    return INT64_MAX;
}

void engine_rearm(struct engine *engine)
{
    if (engine->is_pumping) {
        return;
    }
    int64_t now_ms = engine_now_ms(engine);
    int64_t due_ms = next_due_ms(engine, now_ms);
    if (due_ms == INT64_MAX) {
        timer_disarm(engine->timer);
    } else {
        timer_arm(engine->timer, due_ms > now_ms ? due_ms - now_ms : 0);
    }
}

static void look_at_store(struct engine *engine)
{
    engine->poll_at_ms = engine_now_ms(engine) + POLL_MS;
    if (store_has_changed(engine->spec.store) || engine->must_read_commands) {
        engine_read_commands(engine);
    }
    store_tidy(engine->spec.store);
}

static void begin_running(struct engine *engine)
{
    engine_set_phase(engine, ENGINE_RUNNING);
    for (size_t i = 0; i < engine->untold.count; i++) {
        tell(engine, &engine->untold.items[i]);
    }
    look_at_store(engine);
}

static void look_at_clock(struct engine *engine)
{
    struct decision decision = {0};
    engine_take_due_progress(engine, &decision.events);
    if (decision.events.count > 0) {
        commit(engine, &decision);
    }
    if (engine->phase == ENGINE_RUNNING &&
        run_next_deadline_ms(&engine->run) <= engine_now_ms(engine)) {
        engine_add_input(engine, &(struct run_input){.kind = RUN_INPUT_TICK});
    }
}

static void clear(struct engine *engine)
{
    if (engine->clearing_since_ms == 0) {
        engine->clearing_since_ms = engine_now_ms(engine);
    }
    if (engine_clear_leftovers(engine)) {
        begin_running(engine);
    }
}

static void append_again(struct engine *engine)
{
    if (engine_now_ms(engine) < engine->append_at_ms) {
        return;
    }
    struct decision decision = engine->waiting;
    engine->waiting = (struct decision){0};
    commit(engine, &decision);
}

void engine_wake(struct engine *engine)
{
    if (engine->is_pumping) {
        return;
    }
    engine->is_pumping = true; /* what listeners ask for waits until we are through */
    if (engine->phase == ENGINE_CLEARING) {
        clear(engine);
    } else if (engine->phase == ENGINE_STALLED) {
        append_again(engine);
    } else if (engine->phase == ENGINE_RUNNING) {
        look_at_clock(engine);
        look_at_store(engine);
    }
    engine->is_pumping = false;
    if (engine->phase == ENGINE_HANDING_OVER && engine->live_count == 0) {
        finish_handing_over(engine);
    } else {
        engine_pump(engine);
    }
}

static void wake_by_timer(void *context)
{
    engine_wake(context);
}

static void wake_by_store(void *context)
{
    struct engine *engine = context;
    if (engine->phase == ENGINE_RUNNING && store_has_changed(engine->spec.store)) {
        engine_read_commands(engine);
        engine_pump(engine);
    }
}

/* ---- the face's wishes */
void engine_start(struct engine *engine)
{
    struct error ignored; /* without a watch the poll finds the commands, later */
    engine_set_phase(engine, ENGINE_CLEARING);
    engine->watch = file_watch_new(engine->spec.loop, store_watch_path(engine->spec.store),
                                   wake_by_store, engine, &ignored);
    engine_rearm(engine);
}

void engine_command(struct engine *engine, const struct command *command)
{
    engine_add_input(engine, &(struct run_input){.kind = RUN_INPUT_COMMAND, .command = command});
    engine_pump(engine);
}

void engine_stop_now(struct engine *engine)
{
    switch (engine->phase) {
    case ENGINE_READY:
    case ENGINE_CLEARING:
    case ENGINE_RUNNING:
    case ENGINE_STALLED:
        engine_hand_over(engine, NULL);
        break;
    case ENGINE_RESTING:
        mirror_flush_cancel(&engine->flush);
        break;
    case ENGINE_IDLE:
    case ENGINE_RESTED:
    case ENGINE_HANDING_OVER:
    case ENGINE_HANDED_OVER:
    case ENGINE_PHASE_COUNT:
        break;
    }
}
