/* Only processes that carry exactly this intent are found and signalled. And the whole way: a
 * runner is killed, what its `command` stage left behind is ended by the next runner. */
#include "core/stages/leftovers.h"

#include "core/base/file.h"
#include "core/engine/engine.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t start_sleeper(const char *variable)
{
    int pipes[2];
    char byte;
    assert_int_equal(pipe2(pipes, 02000000), 0); /* O_CLOEXEC: it ends with the exec */
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {strdup("sleep"), strdup("60"), NULL};
        char *env[] = {strdup(variable), NULL};
        execve("/bin/sleep", argv, env);
        _exit(1);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    return pid;
}

static bool is_alive(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void wait_for_end(pid_t pid)
{
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void only_exact_intents_are_signalled(void **state)
{
    (void)state;
    const char *const intents[] = {"20261122-153928-a1b2c3-1-1", "20261122-153928-a1b2c3-2-1"};
    pid_t ours = start_sleeper("GATEHOUSE_INTENT=20261122-153928-a1b2c3-2-1");
    pid_t longer = start_sleeper("GATEHOUSE_INTENT=20261122-153928-a1b2c3-2-10");
    pid_t other = start_sleeper("XGATEHOUSE_INTENT=20261122-153928-a1b2c3-2-1");
    assert_int_equal(leftovers_signal(intents, 2, SIGTERM), 1);
    wait_for_end(ours);
    assert_int_equal(leftovers_signal(intents, 2, SIGTERM), 0);
    assert_true(is_alive(longer));
    assert_true(is_alive(other));
    kill(longer, SIGKILL);
    kill(other, SIGKILL);
    wait_for_end(longer);
    wait_for_end(other);
}

/* ---- the whole way */
struct listener {
    struct loop *loop;
    int exit_code;
};

static void hear_rest(void *context, int exit_code)
{
    struct listener *listener = context;
    listener->exit_code = exit_code;
    loop_stop(listener->loop);
}

static struct dag *make_dag(const char *folder, struct error *err)
{
    char text[1024];
    /* The first try leaves a grandchild in a session of its own and waits; the next succeeds. */
    snprintf(text, sizeof text,
             "{\"pipeline\":\"x\",\"max_parallel\":1,\"stages\":[{\"name\":\"a\",\"kind\":"
             "\"command\",\"parameters\":{\"argv\":[\"/bin/sh\",\"-c\","
             "\"test -e %s/pid && exit 0; (trap '' TERM; exec setsid sleep 60) & "
             "echo $! > %s/pid.new; mv %s/pid.new %s/pid; sleep 60\"]}}]}",
             folder, folder, folder, folder);
    struct json *json = json_parse(str_from(text), err);
    struct dag *dag = dag_from_json(json, stage_kinds(), err);
    json_free(json);
    return dag;
}

static int run(const char *folder, bool is_resumed)
{
    struct error err = {0};
    struct listener listener = {loop_new(), -1};
    struct services services = {0};
    char *path = file_join(folder, "runs.db");
    struct store *store = store_open(path, STORE_WRITE, &err);
    struct engine_spec spec = {.loop = listener.loop,
                               .clock = clock_system(),
                               .store = store,
                               .services = &services,
                               .state_folder = folder,
                               .attempts = &attempt_real_ops,
                               .listener = {.context = &listener, .rest = hear_rest}};
    struct engine *engine = engine_new(&spec);
    struct dag *dag = make_dag(folder, &err);
    struct json *hello = json_object();
    assert_true(is_resumed ? engine_open_run(engine, "latest", hello, &err)
                           : engine_create_run(engine, dag, hello, &err));
    engine_start(engine);
    loop_run(listener.loop);
    json_free(hello);
    dag_free(dag);
    engine_free(engine);
    store_close(store);
    free(path);
    loop_free(listener.loop);
    return listener.exit_code;
}

static pid_t wait_for_grandchild(const char *folder)
{
    struct timespec pause = {0, 20000000};
    for (int i = 0; i < 500; i++) {
        char *text = test_file_read(folder, "pid");
        if (text != NULL) {
            pid_t pid = (pid_t)atoi(text);
            free(text);
            return pid;
        }
        nanosleep(&pause, NULL);
    }
    return 0;
}

/* Whoever inherits it may not have waited for it yet: a zombie has ended. */
static bool has_ended(pid_t pid)
{
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return true;
    }
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state == 'Z' || state == 'X';
}

static void what_a_killed_runner_left_behind_is_ended_before_the_next_try(void **state)
{
    (void)state;
    char *folder = test_folder_new();
    pid_t runner = fork();
    if (runner == 0) {
        _exit(run(folder, false));
    }
    pid_t grandchild = wait_for_grandchild(folder);
    assert_true(grandchild > 0);
    kill(runner, SIGKILL);
    waitpid(runner, NULL, 0);
    assert_false(has_ended(grandchild));
    assert_int_equal(run(folder, true), 0);
    assert_true(has_ended(grandchild));
    test_folder_free(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_exact_intents_are_signalled),
        cmocka_unit_test(what_a_killed_runner_left_behind_is_ended_before_the_next_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
