/* The console's door to the store: what it reads, and what it may write. */
#include "core/app/client.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"
#include "tests/support/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN                                                                                       \
    "{\"pipeline\":\"p\",\"stages\":[{\"name\":\"a\",\"kind\":\"work\"},"                          \
    "{\"name\":\"b\",\"kind\":\"work\",\"after\":[\"a\"]}]}"

struct scene {
    struct store_fixture store; /* of the runner */
    struct fixture run;
    size_t stored; /* events of the run's log that are in the store */
    struct options options;
    struct app app;
    struct client client;
};

static void load(struct scene *scene)
{
    struct problems problems = {.count = 0};
    scene->app.options = &scene->options;
    scene->app.config = config_load_text(&scene->app.request, "test.toml", STR(""), &problems);
    assert_int_equal(problems.count, 0);
    scene->app.state_folder = xstrdup(scene->store.folder);
}

static void set_up(struct scene *scene)
{
    *scene = (struct scene){.stored = 0};
    store_fixture_init(&scene->store);
    load(scene);
    fixture_init(&scene->run, PLAN);
    fixture_give(&scene->run, RUN_INPUT_START);
}

static void tear_down(struct scene *scene)
{
    client_done(&scene->client);
    store_close(scene->app.store);
    config_free(scene->app.config);
    free(scene->app.state_folder);
    fixture_done(&scene->run);
    store_fixture_done(&scene->store);
}

/* The runner stores what the run has done. */
static void store_news(struct scene *scene)
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

static void open_client(struct scene *scene, bool is_read_only)
{
    struct error err;
    bool has_changed = false;
    scene->options.is_given[OPTION_READ_ONLY] = is_read_only;
    assert_true(client_init(&scene->client, &scene->app, &err));
    assert_true(client_refresh(&scene->client, 1, &has_changed, &err));
}

static void news_of_the_run_arrive_with_a_refresh(void **state)
{
    struct scene scene;
    struct error err;
    bool has_changed = true;
    (void)state;
    set_up(&scene);
    open_client(&scene, false);
    assert_int_equal(scene.client.run_count, 0);
    assert_false(client_show(&scene.client, "latest", &err));
    store_news(&scene);
    assert_true(client_refresh(&scene.client, 2, &has_changed, &err));
    assert_true(has_changed);
    assert_int_equal(scene.client.run_count, 1);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_int_equal(scene.client.view.run.stages[0].state, STAGE_RUNNING);
    fixture_end(&scene.run, "a", OUTCOME_SUCCESS);
    store_news(&scene);
    assert_true(client_refresh(&scene.client, 3, &has_changed, &err));
    assert_true(has_changed);
    assert_int_equal(scene.client.view.run.stages[0].state, STAGE_SUCCESS);
    assert_true(client_refresh(&scene.client, 4, &has_changed, &err));
    assert_false(has_changed);
    assert_false(client_is_live(&scene.client)); /* nobody holds the run's lock */
    tear_down(&scene);
}

static void an_unknown_run_leaves_the_one_that_is_shown(void **state)
{
    struct scene scene;
    struct error err;
    (void)state;
    set_up(&scene);
    store_news(&scene);
    open_client(&scene, false);
    assert_true(client_show(&scene.client, "1", &err));
    assert_false(client_show(&scene.client, "99", &err));
    assert_true(scene.client.has_run);
    assert_string_equal(scene.client.view.run.id, FIXTURE_RUN_ID);
    tear_down(&scene);
}

static void count_command(void *context, const struct command *command)
{
    size_t *count = context;
    assert_non_null(command->user);
    assert_string_equal(command->stage, "b");
    (*count)++;
}

static size_t pending(struct scene *scene)
{
    struct error err;
    size_t count = 0;
    assert_true(
        store_pending_commands(scene->store.store, FIXTURE_RUN_ID, count_command, &count, &err));
    return count;
}

static void read_only_writes_nothing(void **state)
{
    struct scene scene;
    struct error err;
    struct command command = {.verb = COMMAND_SKIP, .stage = "b", .reason = "test"};
    (void)state;
    set_up(&scene);
    store_news(&scene);
    open_client(&scene, true);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_false(client_command(&scene.client, &command, 5, &err));
    assert_true(error_is(&err, "read_only"));
    assert_false(client_start_run(&scene.client, false, 5, &err));
    assert_true(error_is(&err, "read_only"));
    assert_int_equal(pending(&scene), 0);
    tear_down(&scene);
}

/* Beside this test there is no program to start; the wish must not be lost for that. */
static void a_command_is_durable_even_if_no_runner_can_be_started(void **state)
{
    struct scene scene;
    struct error err;
    struct command command = {.verb = COMMAND_SKIP, .stage = "b", .reason = "test"};
    (void)state;
    set_up(&scene);
    store_news(&scene);
    open_client(&scene, false);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_false(client_command(&scene.client, &command, 5, &err));
    assert_non_null(strstr(err.message, "gatehouse"));
    assert_int_equal(pending(&scene), 1);
    assert_true(client_is_live(&scene.client)); /* an answer is awaited */
    tear_down(&scene);
}

static void without_a_store_a_reader_waits_for_the_first_run(void **state)
{
    struct scene scene;
    struct error err;
    bool has_changed = true;
    (void)state;
    set_up(&scene);
    free(scene.app.state_folder);
    scene.app.state_folder = xasprintf("%s/absent", scene.store.folder);
    open_client(&scene, true);
    assert_null(client_watch_path(&scene.client));
    assert_false(client_show(&scene.client, "latest", &err));
    assert_true(error_is(&err, "not_found"));
    assert_true(client_refresh(&scene.client, 2, &has_changed, &err));
    assert_false(has_changed);
    tear_down(&scene);
}

static void a_runner_that_did_not_start_is_quoted(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    open_client(&scene, false);
    assert_null(client_complaint(&scene.client));
    FILE *log = fopen(scene.client.runner_log, "w");
    assert_non_null(log);
    fputs("old trouble\n", log);
    fflush(log);
    scene.client.runner_log_size = 12;
    assert_null(client_complaint(&scene.client));
    fputs("first line\ngatehouse: the reason\n\n", log);
    fclose(log);
    char *complaint = client_complaint(&scene.client);
    assert_string_equal(complaint, "gatehouse: the reason");
    free(complaint);
    tear_down(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_of_the_run_arrive_with_a_refresh),
        cmocka_unit_test(an_unknown_run_leaves_the_one_that_is_shown),
        cmocka_unit_test(read_only_writes_nothing),
        cmocka_unit_test(a_command_is_durable_even_if_no_runner_can_be_started),
        cmocka_unit_test(without_a_store_a_reader_waits_for_the_first_run),
        cmocka_unit_test(a_runner_that_did_not_start_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
