/* Read-only consoles, elevations by a clock of ours, and what is on record of them. */
#include "core/app/audit.h"
#include "core/app/client.h"
#include "core/base/file.h"
#include "tests/support/client_scene.h"
#include "tests/support/cmocka.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PLAN "{\"pipeline\":\"p\",\"stages\":[{\"name\":\"a\",\"kind\":\"work\"}]}"

enum { MINUTE_MS = 60000 };

/* A store with one run, and a console on it. */
static void set_up(struct client_scene *scene, const char *config, const char *const *environment)
{
    struct error err;
    client_scene_init(scene, &(struct client_scene_spec){PLAN, config, environment});
    client_scene_store_news(scene);
    assert_true(client_init(&scene->client, &scene->app, &err));
    assert_true(client_show(&scene->client, "latest", &err));
}

static void refresh(struct client_scene *scene, int64_t after_ms)
{
    struct error err;
    bool has_changed = false;
    scene->now_ms += after_ms;
    assert_true(client_refresh(&scene->client, scene->now_ms, &has_changed, &err));
}

static void count_command(void *context, const struct command *command)
{
    (void)command;
    ++*(size_t *)context;
}

static size_t pending(struct client_scene *scene)
{
    struct error err;
    size_t count = 0;
    assert_true(
        store_pending_commands(scene->store.store, FIXTURE_RUN_ID, count_command, &count, &err));
    return count;
}

/* Is it let through? No runner can be started here, so its answer is not awaited. */
static bool command(struct client_scene *scene)
{
    struct command stop = {.verb = COMMAND_STOP};
    struct error err = {.code = ""};
    client_command(&scene->client, &stop, scene->now_ms, &err);
    scene->client.command_id = 0;
    return !error_is(&err, "read_only");
}

static void assert_reason(const char *config, const char *const *environment, const char *reason)
{
    struct client_scene scene;
    struct error err;
    set_up(&scene, config, environment);
    assert_true(scene.client.is_read_only);
    assert_false(client_may_command(&scene.client, &err));
    if (strstr(err.message, reason) == NULL) {
        fail_msg("%s", err.message);
    }
    assert_false(command(&scene));
    assert_int_equal(pending(&scene), 0);
    client_scene_done(&scene);
}

static void it_opens_read_only_by_configuration_environment_and_production(void **state)
{
    static const char *const environment[] = {"GATEHOUSE_CONSOLE_READ_ONLY=true", NULL};
    struct client_scene scene;
    (void)state;
    assert_reason("[console]\nread_only = true\n", NULL, "console.read_only, test.toml:2");
    assert_reason("", environment, "console.read_only, GATEHOUSE_CONSOLE_READ_ONLY");
    assert_reason("[pipeline]\nenvironment = \"Prod\"\n", NULL,
                  "\"Prod\" is production: console.read_only_production, default");
    set_up(&scene, "[pipeline]\nenvironment = \"prod\"\n[console]\nread_only_production = false\n",
           NULL);
    assert_false(scene.client.is_read_only);
    client_scene_done(&scene);
    set_up(&scene, "[pipeline]\nenvironment = \"product\"\n", NULL);
    assert_false(scene.client.is_read_only);
    client_scene_done(&scene);
}

static void an_elevation_lets_commands_through_until_its_time_is_up(void **state)
{
    struct client_scene scene;
    struct error err;
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    assert_int_equal(client_wait_ms(&scene.client), -1);
    assert_true(client_elevate(&scene.client, 10 * MINUTE_MS, "mend it", scene.now_ms, &err));
    assert_true(client_wait_ms(&scene.client) > 0); /* the clock ticks, and nothing faster */
    refresh(&scene, 10 * MINUTE_MS - 1);
    assert_false(scene.client.is_read_only);
    assert_true(command(&scene));
    assert_int_equal(pending(&scene), 1);
    refresh(&scene, 1);
    assert_true(scene.client.is_read_only);
    assert_int_equal(scene.client.elevated_until_ms, 0);
    assert_false(command(&scene));
    assert_int_equal(pending(&scene), 1);
    client_scene_done(&scene);
}

static void a_clock_that_is_set_back_ends_an_elevation(void **state)
{
    struct client_scene scene;
    struct error err;
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "mend it", scene.now_ms, &err));
    refresh(&scene, -1);
    assert_true(scene.client.is_read_only);
    client_scene_done(&scene);
}

static void an_elevation_needs_a_reason_and_has_a_limit(void **state)
{
    static const struct {
        int64_t duration_ms;
        const char *reason, *message;
    } rows[] = {
        {MINUTE_MS, "", "needs a reason"},
        {MINUTE_MS, "  ", "needs a reason"},
        {0, "r", "at most 8h"},
        {-1, "r", "at most 8h"},
        {8 * 60 * MINUTE_MS + 1, "r", "at most 8h (console.elevation_max)"},
        {INT64_MAX, "r", "at most 8h"},
    };
    struct client_scene scene;
    struct error err;
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(
            client_elevate(&scene.client, rows[i].duration_ms, rows[i].reason, scene.now_ms, &err));
        assert_non_null(strstr(err.message, rows[i].message));
        assert_true(scene.client.is_read_only);
    }
    client_scene_done(&scene);
    set_up(&scene, "[console]\nread_only = true\nelevation_max = \"0s\"\n", NULL);
    assert_false(client_elevate(&scene.client, 1, "r", scene.now_ms, &err));
    assert_non_null(strstr(err.message, "console.elevation_max is 0 (test.toml:3)"));
    client_scene_done(&scene);
    set_up(&scene, "", NULL);
    assert_false(client_elevate(&scene.client, MINUTE_MS, "r", scene.now_ms, &err));
    assert_non_null(strstr(err.message, "may command runs as it is"));
    client_scene_done(&scene);
}

static void what_cannot_be_put_on_record_does_not_happen(void **state)
{
    struct client_scene scene;
    struct error err;
    sqlite3 *db = NULL;
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    assert_int_equal(sqlite3_open(scene.store.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(client_elevate(&scene.client, MINUTE_MS, "mend it", scene.now_ms, &err));
    assert_true(error_is(&err, "store_locked"));
    assert_true(scene.client.is_read_only);
    assert_int_equal(scene.client.elevated_until_ms, 0);
    sqlite3_close(db);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "mend it", scene.now_ms, &err));
    client_scene_done(&scene);
}

static void a_console_without_a_store_can_be_elevated_to_start_the_first_run(void **state)
{
    struct client_scene scene;
    struct error err;
    bool has_changed = false;
    (void)state;
    client_scene_init(&scene,
                      &(struct client_scene_spec){PLAN, "[console]\nread_only = true\n", NULL});
    store_close(scene.store.store);
    scene.store.store = NULL;
    free(scene.app.state_folder);
    scene.app.state_folder = file_join(scene.store.folder, "fresh");
    assert_true(client_init(&scene.client, &scene.app, &err));
    assert_null(scene.app.store);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "first run", scene.now_ms, &err));
    assert_non_null(scene.app.store);
    assert_true(client_refresh(&scene.client, scene.now_ms + MINUTE_MS, &has_changed, &err));
    assert_true(scene.client.is_read_only);
    client_scene_done(&scene);
}

/* ---- the operator log */
static const struct audit_entry *entry(const struct audit *audit, size_t index)
{
    assert_true(index < audit->count);
    return &audit->entries[index];
}

static void the_operator_log_tells_who_what_why_and_the_answer(void **state)
{
    struct client_scene scene;
    struct error err;
    struct audit audit = {.count = 0};
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "mend it", ++scene.now_ms, &err));
    scene.now_ms++;
    assert_true(command(&scene));
    assert_true(audit_read(&audit, scene.app.store, &scene.client.view, &err));
    assert_int_equal(audit.count, 2);
    assert_string_equal(entry(&audit, 0)->what, "read-only lifted");
    assert_string_equal(entry(&audit, 0)->reason, "mend it");
    assert_string_equal(entry(&audit, 0)->who, scene.client.user);
    assert_true(entry(&audit, 0)->until_ms > entry(&audit, 0)->ts_ms);
    assert_string_equal(entry(&audit, 1)->what, "stop");
    assert_int_equal(entry(&audit, 1)->answer, AUDIT_PENDING);
    refresh(&scene, MINUTE_MS);
    store_fixture_must_append(scene.store.store, FIXTURE_RUN_ID, EVENT_COMMAND,
                              "{\"id\":1,\"verb\":\"stop\",\"accepted\":false,\"message\":\"no\"}");
    refresh(&scene, 0);
    assert_true(audit_read(&audit, scene.app.store, &scene.client.view, &err));
    assert_int_equal(audit.count, 3);
    assert_int_equal(entry(&audit, 1)->answer, AUDIT_REFUSED);
    assert_string_equal(entry(&audit, 1)->message, "no");
    assert_string_equal(entry(&audit, 2)->what, "read-only again");
    assert_string_equal(entry(&audit, 2)->reason, "its time was up");
    audit_done(&audit);
    client_scene_done(&scene);
}

static void leaving_and_asking_end_an_elevation_on_record(void **state)
{
    struct client_scene scene;
    struct error err;
    struct audit audit = {.count = 0};
    (void)state;
    set_up(&scene, "[console]\nread_only = true\n", NULL);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "once", scene.now_ms, &err));
    client_fall_back(&scene.client, "asked for", scene.now_ms);
    assert_true(scene.client.is_read_only);
    assert_true(client_elevate(&scene.client, MINUTE_MS, "twice", scene.now_ms, &err));
    assert_true(audit_read(&audit, scene.app.store, &scene.client.view, &err));
    assert_int_equal(audit.count, 3);
    assert_string_equal(entry(&audit, 1)->reason, "asked for");
    audit_done(&audit);
    client_scene_done(&scene);
}

static void a_console_that_may_command_can_be_made_read_only(void **state)
{
    struct client_scene scene;
    struct error err;
    (void)state;
    set_up(&scene, "", NULL);
    client_fall_back(&scene.client, "asked for", scene.now_ms);
    assert_false(command(&scene));
    assert_true(client_elevate(&scene.client, MINUTE_MS, "again", scene.now_ms, &err));
    assert_true(command(&scene));
    client_scene_done(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_read_only_by_configuration_environment_and_production),
        cmocka_unit_test(an_elevation_lets_commands_through_until_its_time_is_up),
        cmocka_unit_test(a_clock_that_is_set_back_ends_an_elevation),
        cmocka_unit_test(an_elevation_needs_a_reason_and_has_a_limit),
        cmocka_unit_test(what_cannot_be_put_on_record_does_not_happen),
        cmocka_unit_test(a_console_without_a_store_can_be_elevated_to_start_the_first_run),
        cmocka_unit_test(the_operator_log_tells_who_what_why_and_the_answer),
        cmocka_unit_test(leaving_and_asking_end_an_elevation_on_record),
        cmocka_unit_test(a_console_that_may_command_can_be_made_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
