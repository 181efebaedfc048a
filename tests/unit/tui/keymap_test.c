/* From keys to actions. */
#include "tui/keymap.h"

#include "tests/support/cmocka.h"

struct scene {
    struct config *config;
    struct bindings bindings;
    struct key_chord pending;
    const struct binding *found;
};

static void set_up(struct scene *scene, const char *text)
{
    static const struct config_request request = {.path = NULL};
    struct problems problems = {.count = 0};
    *scene = (struct scene){.found = NULL};
    scene->config = config_load_text(&request, "test.toml", str_from(text), &problems);
    if (problems.count > 0) {
        fail_msg("%s", problems.items[0].text);
    }
    bindings_init(&scene->bindings, scene->config);
}

static void tear_down(struct scene *scene)
{
    bindings_done(&scene->bindings);
    config_free(scene->config);
}

static enum keymap_answer press(struct scene *scene, uint32_t key, enum place place)
{
    return keymap_press(&scene->bindings, &scene->pending, key, place, &scene->found);
}

static void a_key_means_one_thing_in_a_place(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene, "");
    assert_int_equal(press(&scene, 'n', PLACE_LOG), KEYMAP_ACTION);
    assert_int_equal(scene.found->action, ACTION_NEXT_MATCH);
    assert_int_equal(press(&scene, 'n', PLACE_STAGES), KEYMAP_ACTION);
    assert_int_equal(scene.found->action, ACTION_NEW_RUN);
    assert_int_equal(press(&scene, '7', PLACE_STAGES), KEYMAP_ACTION);
    assert_int_equal(scene.found->action, ACTION_STAGE);
    assert_int_equal(scene.found->index, 6);
    assert_int_equal(press(&scene, '7', PLACE_HELP), KEYMAP_NOTHING);
    assert_int_equal(press(&scene, 0x10ffff, PLACE_STAGES), KEYMAP_NOTHING);
    tear_down(&scene);
}

static void a_chord_waits_for_its_last_key(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene, "[keys]\nrerun = \"C-x C-r\"\n");
    assert_int_equal(press(&scene, INPUT_CTRL('x'), PLACE_STAGES), KEYMAP_PENDING);
    assert_int_equal(press(&scene, INPUT_CTRL('r'), PLACE_STAGES), KEYMAP_ACTION);
    assert_int_equal(scene.found->action, ACTION_RERUN);
    assert_int_equal(scene.pending.count, 0);
    assert_int_equal(press(&scene, 'R', PLACE_STAGES), KEYMAP_NOTHING);
    tear_down(&scene);
}

static void esc_and_wrong_keys_drop_a_chord_and_do_nothing_else(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene, "[keys]\nrerun = \"C-x C-r\"\n");
    press(&scene, INPUT_CTRL('x'), PLACE_STAGES);
    assert_int_equal(press(&scene, INPUT_ESC, PLACE_STAGES), KEYMAP_NOTHING);
    assert_int_equal(scene.pending.count, 0);
    press(&scene, INPUT_CTRL('x'), PLACE_STAGES);
    assert_int_equal(press(&scene, 'q', PLACE_STAGES), KEYMAP_NOTHING);
    assert_int_equal(press(&scene, 'q', PLACE_STAGES), KEYMAP_ACTION);
    tear_down(&scene);
}

static void the_keys_shown_are_those_that_hold(void **state)
{
    struct scene scene;
    struct buf keys;
    (void)state;
    set_up(&scene, "[keys]\nretry = [\"F5\", \"C-x r\"]\nzoom = \"none\"\n");
    buf_init(&keys, 100);
    keymap_keys(&scene.bindings, ACTION_RETRY, &keys);
    assert_string_equal(buf_text(&keys), "F5  C-x r");
    buf_reset(&keys);
    keymap_keys(&scene.bindings, ACTION_ZOOM, &keys);
    assert_int_equal(keys.len, 0);
    buf_done(&keys);
    assert_int_equal(keymap_first(&scene.bindings, ACTION_RETRY, PLACE_LOG)->keys[0], INPUT_F5);
    assert_null(keymap_first(&scene.bindings, ACTION_RETRY, PLACE_HELP));
    assert_null(keymap_first(&scene.bindings, ACTION_ZOOM, PLACE_LOG));
    tear_down(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_means_one_thing_in_a_place),
        cmocka_unit_test(a_chord_waits_for_its_last_key),
        cmocka_unit_test(esc_and_wrong_keys_drop_a_chord_and_do_nothing_else),
        cmocka_unit_test(the_keys_shown_are_those_that_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
