/* A log from outside: lines of the stream, parsed and applied. Whatever they say, nothing crashes;
 * what was applied prints and replays to the same state, and the view can show it. */
#include "core/run/run.h"
#include "core/view/view.h"

#include "core/base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool apply_line(struct view *view, struct run *twin, struct str line, struct buf *text)
{
    struct error err = {0};
    struct event event = {0};
    char *run_id = NULL;
    if (!event_parse(line, &event, &run_id, &err)) {
        return false;
    }
    free(run_id);
    event.seq = view->run.last_seq + 1; /* so that chance gets past the first check */
    bool is_applied = view_apply(view, &event, &err);
    bool is_applied_twin = run_apply(twin, &event, &err);
    assert(is_applied == is_applied_twin);
    if (is_applied) {
        view_event_text(view, &event, text);
        free(event_print(&event, view->run.id));
    }
    event_done(&event);
    return is_applied;
}

static void decide_something(const struct run *run)
{
    static const enum run_input_kind kinds[] = {RUN_INPUT_START, RUN_INPUT_ATTACH, RUN_INPUT_TICK};
    for (size_t i = 0; run->dag != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct decision decision = {0};
        run_decide(run, &(struct run_input){.kind = kinds[i]}, run->last_ts_ms + 1, &decision);
        decision_done(&decision);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view view;
    struct run twin;
    struct buf text;
    struct str rest = {(const char *)data, size};
    view_init(&view, "fuzz");
    run_init(&twin, "fuzz");
    buf_init(&text, 1 << 20);
    while (rest.len > 0) {
        apply_line(&view, &twin, str_split(rest, '\n', &rest), &text);
    }
    assert(view.run.last_seq == twin.last_seq && view.run.state == twin.state);
    view_render_text(&view, view.run.last_ts_ms, &text);
    json_free(view_to_json(&view, view.run.last_ts_ms));
    decide_something(&view.run);
    buf_done(&text);
    run_done(&twin);
    view_done(&view);
    return 0;
}
