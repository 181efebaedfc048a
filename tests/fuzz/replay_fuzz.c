/* A stream from outside, played: whatever it says, it is refused or can be sought through; any
 * place of it looks as if folded from the beginning. */
#include "core/app/replay_read.h"
#include "core/view/replay.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(struct replay *replay)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    replay_seek(replay, replay_end_ms(replay));
    view_render_text(replay->view, replay->at_ms, &text);
    replay_step(replay, true);
    size_t position = replay->position;
    replay_seek(replay, replay_start_ms(replay));
    while (!replay_is_at_end(replay) && replay->position < position) {
        size_t before = replay->position;
        replay_step(replay, false);
        assert(replay->position > before);
    }
    view_render_text(replay->view, replay->at_ms, &text);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_list events = {0};
    char run_id[RUN_ID_SIZE];
    struct error err;
    struct replay replay;
    struct view view;
    struct str text = {(const char *)data, size};
    if (replay_parse_stream(text, "fuzz", &events, run_id, &err) &&
        replay_init(&replay, &events, run_id, &view, NULL, &err)) {
        play(&replay);
        replay_done(&replay);
        view_done(&view);
    }
    event_list_done(&events);
    return 0;
}
