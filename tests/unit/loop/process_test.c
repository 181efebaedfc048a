/* Child processes: results, limits, deadlines, and that nothing of them stays. */
#include "core/base/alloc.h"
#include "core/loop/process.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lines {
    int count;
    size_t longest;
    char last[64];
};

static void count_line(void *context, struct str line)
{
    struct lines *lines = context;
    lines->count++;
    lines->longest = line.len > lines->longest ? line.len : lines->longest;
    size_t kept = line.len < sizeof(lines->last) - 1 ? line.len : sizeof(lines->last) - 1;
    memcpy(lines->last, line.ptr, kept);
    lines->last[kept] = '\0';
}

static bool run(struct process *process, struct error *err)
{
    struct loop *loop = loop_new();
    process_start(loop, process);
    bool is_ok = loop_await(loop, &process->op, err);
    loop_free(loop);
    return is_ok;
}

static const char *const *shell(const char *script)
{
    static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
    argv[2] = script;
    return argv;
}

static void input_reaches_it_and_output_comes_back(void **state)
{
    (void)state;
    struct error err;
    char *big = xmalloc(1 << 20);
    memset(big, 'a', 1 << 20);
    const char *const argv[] = {"cat", NULL};
    struct process process = {.argv = argv, .input = {big, 1 << 20}, .output_limit = 2 << 20};
    assert_true(run(&process, &err));
    assert_int_equal(process.exit_code, 0);
    assert_int_equal(process.output.len, 1 << 20);
    assert_memory_equal(process.output.ptr, big, 1 << 20);
    process_done(&process);
    free(big);
}

static void exit_code_is_a_result_not_an_error(void **state)
{
    (void)state;
    struct error err;
    char text[64];
    struct process process = {.argv = shell("echo oops >&2; exit 3"), .output_limit = 10};
    assert_true(run(&process, &err));
    assert_int_equal(process.exit_code, 3);
    assert_string_equal(buf_text(&process.error_tail), "oops\n");
    process_describe_exit(&process, text, sizeof(text));
    assert_string_equal(text, "exit 3");
    process_done(&process);
}

static void signal_is_told_from_exit(void **state)
{
    (void)state;
    struct error err;
    struct process process = {.argv = shell("kill -9 $$"), .output_limit = 10};
    assert_true(run(&process, &err));
    assert_int_equal(process.exit_code, -1);
    assert_int_equal(process.term_signal, SIGKILL);
    process_done(&process);
}

static void lines_are_split_and_the_last_needs_no_newline(void **state)
{
    (void)state;
    struct error err;
    struct lines lines = {0};
    struct process process = {.argv = shell("echo one; echo; printf three"),
                              .on_output_line = count_line,
                              .op = {.context = &lines}};
    assert_true(run(&process, &err));
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.last, "three");
    process_done(&process);
}

static void endless_line_comes_in_bounded_pieces(void **state)
{
    (void)state;
    struct error err;
    struct lines lines = {0};
    struct process process = {.argv = shell("head -c 3000000 /dev/zero"),
                              .on_output_line = count_line,
                              .op = {.context = &lines}};
    assert_true(run(&process, &err));
    assert_int_equal(lines.count, 3);
    assert_int_equal(lines.longest, PROCESS_LINE_MAX);
    process_done(&process);
}

static void too_much_output_stops_it(void **state)
{
    (void)state;
    struct error err = {0};
    struct process process = {.argv = shell("yes"), .output_limit = 1000};
    assert_false(run(&process, &err));
    assert_string_equal(err.code, "output_too_large");
    assert_true(process.output.len <= 1000);
    process_done(&process);
}

static void deadline_ends_it_even_if_it_ignores_term(void **state)
{
    (void)state;
    struct error err = {0};
    struct process process = {.argv = shell("trap '' TERM; while :; do sleep 0.05; done"),
                              .deadline_ms = 50,
                              .kill_after_ms = 50};
    assert_false(run(&process, &err));
    assert_string_equal(err.code, "deadline");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_int_equal(process.term_signal, SIGKILL);
    process_done(&process);
}

static void missing_program_is_a_clear_error(void **state)
{
    (void)state;
    struct error err = {0};
    const char *const argv[] = {"/nonexistent/program", NULL};
    struct process process = {.argv = argv};
    assert_false(run(&process, &err));
    assert_string_equal(err.code, "not_found");
    assert_non_null(strstr(err.message, "/nonexistent/program"));
    process_done(&process);
}

static void nothing_is_inherited(void **state)
{
    (void)state;
    struct error err;
    int extra = dup(0);
    setenv("SECRET_TEST", "must-not-arrive", 1);
    struct process process = {.argv = shell("/bin/ls /proc/self/fd | wc -l; echo [$SECRET_TEST]"),
                              .output_limit = 100};
    assert_true(run(&process, &err));
    /* 0, 1, 2 and the folder that ls itself opened */
    assert_string_equal(buf_text(&process.output), "4\n[]\n");
    process_done(&process);
    close(extra);
}

static void grandchildren_do_not_stay_behind(void **state)
{
    (void)state;
    struct error err;
    struct process process = {.argv = shell("sleep 300 & echo $!"), .output_limit = 100};
    assert_true(run(&process, &err));
    pid_t grandchild = (pid_t)atoi(buf_text(&process.output));
    assert_true(grandchild > 0);
    for (int i = 0; i < 100 && kill(grandchild, 0) == 0; i++) {
        char path[64], line[256] = "";
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            size_t got = fread(line, 1, sizeof(line) - 1, file);
            line[got] = '\0';
            fclose(file);
        }
        if (strstr(line, ") Z") != NULL) { /* dead; waits for init */
            break;
        }
        usleep(10000);
        assert_true(i < 99);
    }
    process_done(&process);
}

static void detached_program_writes_its_log(void **state)
{
    (void)state;
    struct error err;
    char path[] = "/tmp/gatehouse-detached-XXXXXX";
    close(mkstemp(path));
    struct process_detached spec = {.argv = shell("echo hello"), .log_path = path};
    assert_true(process_spawn_detached(&spec, &err));
    struct stat info = {0};
    for (int i = 0; i < 200 && info.st_size < 6; i++) {
        usleep(10000);
        stat(path, &info);
    }
    assert_int_equal(info.st_size, 6);
    unlink(path);
    const char *const missing[] = {"/nonexistent/program", NULL};
    struct process_detached bad = {.argv = missing};
    assert_false(process_spawn_detached(&bad, &err));
    assert_string_equal(err.code, "not_found");
}

static void detached_program_is_known_to_live_until_it_ends(void **state)
{
    (void)state;
    struct error err;
    char path[] = "/tmp/gatehouse-detached-XXXXXX", gate[] = "/tmp/gatehouse-gate-XXXXXX";
    char command[128];
    close(mkstemp(path));
    close(mkstemp(gate));
    assert_false(process_detached_lives(path));
    snprintf(command, sizeof(command), "while [ -e %s ]; do sleep 0.02; done", gate);
    struct process_detached spec = {.argv = shell(command), .log_path = path};
    assert_true(process_spawn_detached(&spec, &err));
    assert_true(process_detached_lives(path));
    unlink(gate);
    for (int i = 0; i < 500 && process_detached_lives(path); i++) {
        usleep(10000);
    }
    assert_false(process_detached_lives(path));
    unlink(path);
    assert_false(process_detached_lives(path)); /* no log: nobody */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_reaches_it_and_output_comes_back),
        cmocka_unit_test(exit_code_is_a_result_not_an_error),
        cmocka_unit_test(signal_is_told_from_exit),
        cmocka_unit_test(lines_are_split_and_the_last_needs_no_newline),
        cmocka_unit_test(endless_line_comes_in_bounded_pieces),
        cmocka_unit_test(too_much_output_stops_it),
        cmocka_unit_test(deadline_ends_it_even_if_it_ignores_term),
        cmocka_unit_test(missing_program_is_a_clear_error),
        cmocka_unit_test(nothing_is_inherited),
        cmocka_unit_test(grandchildren_do_not_stay_behind),
        cmocka_unit_test(detached_program_writes_its_log),
        cmocka_unit_test(detached_program_is_known_to_live_until_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
