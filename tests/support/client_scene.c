/* What a console needs around its client, made and taken away. */
#include "tests/support/client_scene.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

static void load(struct client_scene *scene, const struct client_scene_spec *spec)
{
    struct problems problems = {.count = 0};
    scene->app.request.environment = spec->environment;
    scene->app.options = &scene->options;
    scene->app.config =
        config_load_text(&scene->app.request, "test.toml", str_from(spec->config), &problems);
    assert_int_equal(problems.count, 0);
    scene->app.state_folder = xstrdup(scene->store.folder);
}

void client_scene_init(struct client_scene *scene, const struct client_scene_spec *spec)
{
    *scene = (struct client_scene){.stored = 0};
    store_fixture_init(&scene->store);
    load(scene, spec);
    fixture_init(&scene->run, spec->plan);
    fixture_give(&scene->run, RUN_INPUT_START);
    scene->now_ms = scene->run.now_ms;
}

void client_scene_done(struct client_scene *scene)
{
    client_done(&scene->client);
    store_close(scene->app.store);
    config_free(scene->app.config);
    free(scene->app.state_folder);
    fixture_done(&scene->run);
    store_fixture_done(&scene->store);
}

void client_scene_store_news(struct client_scene *scene)
{
    struct error err;
    int64_t number = 0;
    struct event *items = scene->run.log.items;
    if (scene->stored == 0) {
        assert_true(store_create_run(scene->store.store, FIXTURE_RUN_ID, &items[0], &number, &err));
        scene->stored = 1;
    }
    size_t count = scene->run.log.count - scene->stored;
    assert_true(
        store_append(scene->store.store, FIXTURE_RUN_ID, items + scene->stored, count, &err));
    scene->stored += count;
}
