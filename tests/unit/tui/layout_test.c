/* Layouts: whatever the size, panes lie inside the screen and not on each other. */
#include "tui/layout.h"

#include "tests/support/cmocka.h"

static bool overlap(const struct area *a, const struct area *b)
{
    return a->rows > 0 && b->rows > 0 && a->cols > 0 && b->cols > 0 && a->x < b->x + b->cols &&
           b->x < a->x + a->cols && a->y < b->y + b->rows && b->y < a->y + a->rows;
}

static void check(const struct screen *screen, const struct layout *layout)
{
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct area *area = &layout->panes[i];
        assert_true(area->x >= 0 && area->x + area->cols <= screen->cols);
        assert_true(area->y >= 0 && area->y + area->rows <= screen->rows);
        for (int j = 0; j < i; j++) {
            assert_false(overlap(area, &layout->panes[j]));
        }
    }
}

static void make(struct screen *screen, int cols, int rows, const struct layout_wish *wish,
                 struct layout *out_layout)
{
    screen_resize(screen, cols, rows);
    layout_make(screen, wish, out_layout);
    check(screen, out_layout);
}

static const struct layout_wish judged = {
    .stages = 6,
    .has_training = true,
    .trains = true,
    .judges = true,
    .verdict_rows = 11,
    .timeline_rows = 8,
    .only = PANE_COUNT,
    .focus = PANE_STAGES,
};

static void panes_never_lie_on_each_other(void **state)
{
    struct screen screen;
    struct layout layout;
    (void)state;
    screen_init(&screen, 1, 1, false);
    for (unsigned bits = 0; bits < 64; bits++) {
        struct layout_wish wish = {
            .stages = (bits & 1U) != 0 ? 6 : 44,
            .has_training = (bits & 2U) != 0,
            .trains = (bits & 2U) != 0,
            .judges = (bits & 4U) != 0,
            .verdict_rows = (bits & 8U) != 0 ? 11 : 0,
            .timeline_rows = (bits & 1U) != 0 ? 8 : 46,
            .has_graph = (bits & 16U) != 0,
            .only = (bits & 32U) != 0 ? PANE_LOG : PANE_COUNT,
            .focus = PANE_STAGES,
        };
        for (int rows = 1; rows <= 100; rows += rows < 50 ? 3 : 17) {
            for (int cols = 1; cols <= 300; cols += cols < 45 ? 11 : 31) {
                make(&screen, cols, rows, &wish, &layout);
            }
        }
    }
    screen_done(&screen);
}

static void little_room_shows_one_pane_then_one_line(void **state)
{
    struct screen screen;
    struct layout layout;
    (void)state;
    screen_init(&screen, 1, 1, false);
    make(&screen, 59, 40, &judged, &layout);
    assert_int_equal(layout.panes[PANE_STAGES].rows, 37);
    assert_int_equal(layout.panes[PANE_LOG].rows, 0);
    make(&screen, 80, 14, &judged, &layout);
    assert_int_equal(layout.panes[PANE_STAGES].rows, 11);
    make(&screen, 39, 40, &judged, &layout);
    assert_true(layout.is_line);
    make(&screen, 80, 9, &judged, &layout);
    assert_true(layout.is_line);
    make(&screen, 1, 1, &judged, &layout);
    assert_true(layout.is_line);
    screen_done(&screen);
}

static void fewer_rows_cost_the_training_first_then_the_log(void **state)
{
    struct layout_wish running = judged;
    struct screen screen;
    struct layout layout;
    int before = 100;
    (void)state;
    running.verdict_rows = 0;
    screen_init(&screen, 1, 1, false);
    for (int rows = 40; rows >= 15; rows--) {
        make(&screen, 80, rows, &running, &layout);
        assert_true(layout.panes[PANE_TRAINING].rows <= before);
        assert_true(layout.panes[PANE_LOG].rows >= 2);
        assert_int_equal(layout.panes[PANE_STAGES].rows, 8);
        before = layout.panes[PANE_TRAINING].rows;
    }
    make(&screen, 80, 24, &judged, &layout); /* the verdict before the training */
    assert_int_equal(layout.panes[PANE_VERDICT].rows, 11);
    assert_int_equal(layout.panes[PANE_TRAINING].rows, 0);
    screen_done(&screen);
}

static void wide_screens_have_panes_beside_each_other_and_a_log_of_full_width(void **state)
{
    static const enum pane shown[] = {PANE_STAGES,  PANE_RUNS,     PANE_TRAINING,
                                      PANE_VERDICT, PANE_TIMELINE, PANE_LOG};
    struct screen screen;
    struct layout layout;
    (void)state;
    screen_init(&screen, 1, 1, false);
    make(&screen, 160, 45, &judged, &layout);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        assert_true(layout.panes[shown[i]].rows >= 8);
    }
    assert_int_equal(layout.panes[PANE_LOG].cols, 160);
    assert_int_equal(layout.panes[PANE_STAGES].y, layout.panes[PANE_RUNS].y);
    assert_int_equal(layout.panes[PANE_TRAINING].y, layout.panes[PANE_VERDICT].y);
    screen_done(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panes_never_lie_on_each_other),
        cmocka_unit_test(little_room_shows_one_pane_then_one_line),
        cmocka_unit_test(fewer_rows_cost_the_training_first_then_the_log),
        cmocka_unit_test(wide_screens_have_panes_beside_each_other_and_a_log_of_full_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
