/* engine_bench STAGES [FOLDER]: a chain of no-op stages through the engine with the durable store
 * (synchronous=FULL); prints the time a stage takes, from the event that starts it to the event
 * that ends it and starts the next: {"stages":N,"p50_ms":..,"p99_ms":..,"max_ms":..}. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench {
    struct loop *loop;
    double *durations_ms, last_ms;
    size_t count;
};

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void hear_event(void *context, const struct event *event)
{
    struct bench *bench = context;
    if (event->type != EVENT_STAGE_STATE) {
        return;
    }
    const char *to = json_text_or(event->body, "to", "");
    if (strcmp(to, "success") == 0) {
        bench->durations_ms[bench->count++] = now_ms() - bench->last_ms;
        bench->last_ms = now_ms();
    } else if (bench->count == 0) {
        bench->last_ms = now_ms();
    }
}

static void hear_rest(void *context, int exit_code)
{
    struct bench *bench = context;
    loop_stop(bench->loop);
    if (exit_code != 0) {
        fprintf(stderr, "the run failed: exit code %d\n", exit_code);
    }
}

static struct dag *make_chain(int stages, struct error *err)
{
    struct json *json = json_object(), *list = json_array();
    json_set_text(json, "pipeline", "bench");
    json_set_int(json, "max_parallel", 4);
    for (int i = 0; i < stages; i++) {
        char name[32];
        struct json *stage = json_object(), *after = json_array();
        snprintf(name, sizeof name, "noop_%d", i);
        json_set_text(stage, "name", name);
        json_set_text(stage, "kind", "noop");
        snprintf(name, sizeof name, "noop_%d", i - 1);
        if (i > 0) {
            json_append(after, json_string(str_from(name)));
        }
        json_set(stage, "after", after);
        json_append(list, stage);
    }
    json_set(json, "stages", list);
    struct dag *dag = dag_from_json(json, stage_kinds(), err);
    json_free(json);
    return dag;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print(struct bench *bench)
{
    double *all = bench->durations_ms;
    qsort(all, bench->count, sizeof *all, compare);
    printf("{\"stages\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", bench->count,
           all[bench->count / 2], all[bench->count * 99 / 100], all[bench->count - 1]);
}

static bool run(struct bench *bench, const char *folder, int stages, struct error *err)
{
    struct services services = {0};
    char *path = file_join(folder, "runs.db");
    struct store *store = store_open(path, STORE_WRITE, err);
    struct dag *dag = make_chain(stages, err);
    free(path);
    if (store == NULL || dag == NULL) {
        return false;
    }
    struct engine_spec spec = {
        .loop = bench->loop,
        .clock = clock_system(),
        .store = store,
        .services = &services,
        .state_folder = folder,
        .attempts = &attempt_real_ops,
        .listener = {.context = bench, .event = hear_event, .rest = hear_rest},
        .seed = 1,
    };
    struct engine *engine = engine_new(&spec);
    struct json *hello = json_object();
    bool is_ok = engine_create_run(engine, dag, hello, err);
    if (is_ok) {
        engine_start(engine);
        loop_run(bench->loop);
    }
    json_free(hello);
    engine_free(engine);
    dag_free(dag);
    store_close(store);
    return is_ok;
}

int main(int argc, char **argv)
{
    struct error err;
    char folder[] = "/tmp/gatehouse-bench-XXXXXX";
    int stages = argc > 1 ? atoi(argv[1]) : 400;
    const char *where = argc > 2 ? argv[2] : mkdtemp(folder);
    if (stages < 1 || stages > DAG_STAGES_MAX || where == NULL) {
        fprintf(stderr, "usage: engine_bench STAGES(1..%d) [FOLDER]\n", DAG_STAGES_MAX);
        return 64;
    }
    struct bench bench = {.loop = loop_new()};
    bench.durations_ms = xcalloc((size_t)stages + 1, sizeof(double));
    bool is_ok = run(&bench, where, stages, &err);
    if (is_ok && bench.count > 0) {
        print(&bench);
    } else {
        fprintf(stderr, "%s\n", err.message);
    }
    free(bench.durations_ms);
    loop_free(bench.loop);
    if (argc <= 2) {
        file_remove_tree(where, &err);
    }
    return is_ok ? 0 : 1;
}
