/* The console's door to the store: what it reads, and what it may write. */
#include "core/app/client.h"

#include "core/base/alloc.h"
#include "tests/support/client_scene.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN                                                                                       \
    "{\"pipeline\":\"p\",\"stages\":[{\"name\":\"a\",\"kind\":\"work\"},"                          \
    "{\"name\":\"b\",\"kind\":\"work\",\"after\":[\"a\"]}]}"

static void set_up(struct client_scene *scene)
{
    client_scene_init(scene, &(struct client_scene_spec){.plan = PLAN});
}

static void open_client(struct client_scene *scene, bool is_read_only)
{
    struct error err;
    bool has_changed = false;
    scene->options.is_given[OPTION_READ_ONLY] = is_read_only;
    assert_true(client_init(&scene->client, &scene->app, &err));
    assert_true(client_refresh(&scene->client, 1, &has_changed, &err));
}

static void news_of_the_run_arrive_with_a_refresh(void **state)
{
    struct client_scene scene;
    struct error err;
    bool has_changed = true;
    (void)state;
    set_up(&scene);
    open_client(&scene, false);
    assert_int_equal(scene.client.run_count, 0);
    assert_false(client_show(&scene.client, "latest", &err));
    client_scene_store_news(&scene);
    assert_true(client_refresh(&scene.client, 2, &has_changed, &err));
    assert_true(has_changed);
    assert_int_equal(scene.client.run_count, 1);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_int_equal(scene.client.view.run.stages[0].state, STAGE_RUNNING);
    fixture_end(&scene.run, "a", OUTCOME_SUCCESS);
    client_scene_store_news(&scene);
    assert_true(client_refresh(&scene.client, 3, &has_changed, &err));
    assert_true(has_changed);
    assert_int_equal(scene.client.view.run.stages[0].state, STAGE_SUCCESS);
    assert_true(client_refresh(&scene.client, 4, &has_changed, &err));
    assert_false(has_changed);
    assert_false(client_is_live(&scene.client)); /* nobody holds the run's lock */
    client_scene_done(&scene);
}

static void an_unknown_run_leaves_the_one_that_is_shown(void **state)
{
    struct client_scene scene;
    struct error err;
    (void)state;
    set_up(&scene);
    client_scene_store_news(&scene);
    open_client(&scene, false);
    assert_true(client_show(&scene.client, "1", &err));
    assert_false(client_show(&scene.client, "99", &err));
    assert_true(scene.client.has_run);
    assert_string_equal(scene.client.view.run.id, FIXTURE_RUN_ID);
    client_scene_done(&scene);
}

static void count_command(void *context, const struct command *command)
{
    size_t *count = context;
    assert_non_null(command->user);
    assert_string_equal(command->stage, "b");
    (*count)++;
}

static size_t pending(struct client_scene *scene)
{
    struct error err;
    size_t count = 0;
    assert_true(
        store_pending_commands(scene->store.store, FIXTURE_RUN_ID, count_command, &count, &err));
    return count;
}

static void read_only_writes_nothing(void **state)
{
    struct client_scene scene;
    struct error err;
    struct command command = {.verb = COMMAND_SKIP, .stage = "b", .reason = "test"};
    (void)state;
    set_up(&scene);
    client_scene_store_news(&scene);
    open_client(&scene, true);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_false(client_command(&scene.client, &command, 5, &err));
    assert_true(error_is(&err, "read_only"));
    assert_false(client_start_run(&scene.client, false, 5, &err));
    assert_true(error_is(&err, "read_only"));
    assert_int_equal(pending(&scene), 0);
    client_scene_done(&scene);
}

/* Beside this test there is no program to start; the wish must not be lost for that. */
static void a_command_is_durable_even_if_no_runner_can_be_started(void **state)
{
    struct client_scene scene;
    struct error err;
    struct command command = {.verb = COMMAND_SKIP, .stage = "b", .reason = "test"};
    (void)state;
    set_up(&scene);
    client_scene_store_news(&scene);
    open_client(&scene, false);
    assert_true(client_show(&scene.client, "latest", &err));
    assert_false(client_command(&scene.client, &command, 5, &err));
    assert_non_null(strstr(err.message, "gatehouse"));
    assert_int_equal(pending(&scene), 1);
    assert_true(client_is_live(&scene.client)); /* an answer is awaited */
    client_scene_done(&scene);
}

static void without_a_store_a_reader_waits_for_the_first_run(void **state)
{
    struct client_scene scene;
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
    client_scene_done(&scene);
}

static void a_runner_that_did_not_start_is_quoted(void **state)
{
    struct client_scene scene;
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
    client_scene_done(&scene);
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
