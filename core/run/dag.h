/* The pipeline as a plan: stages and what they wait for. Pure. A dag never changes during a run;
 * its JSON form is part of the run's first event, so that a run can be taken over without the
 * configuration it came from. */
#ifndef GATEHOUSE_RUN_DAG_H
#define GATEHOUSE_RUN_DAG_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DAG_STAGES_MAX = 1000, STAGE_NAME_MAX = 64 };

struct stage_def {
    char *name;    /* 1..64 of a-z A-Z 0-9 _ - */
    char *kind;    /* function_check, function_invoke, train, evaluate, command, noop */
    size_t *after; /* indexes of the stages it waits for */
    size_t after_count;
    int retries;               /* further tries after transient failures, >= 0 */
    int64_t retry_delay_ms;    /* first backoff */
    int64_t queued_timeout_ms; /* three clocks of one try; 0: no limit */
    int64_t running_timeout_ms;
    int64_t total_timeout_ms;
    bool starts_queued; /* the kind has a provisioning phase: its running clock starts with RUNNING
                         */
    bool is_adoptable;  /* the kind can find its remote work again after the runner died */
    bool is_gate;       /* the kind gives a verdict */
    struct json *parameters; /* object; may hold {{ stages.NAME.outputs.KEY }} */
};

struct dag {
    char *pipeline;           /* its name, of the same characters as a stage's */
    struct stage_def *stages; /* in topological order, otherwise as given: all of stage i's upstream
                                 have smaller indexes */
    size_t count;
    int max_parallel; /* stages at a time, >= 1 */
};

/* Traits of a kind, told by core/stages; the domain knows kinds only by them. A NULL kind ends the
 * table. */
struct stage_traits {
    const char *kind;
    bool starts_queued, is_adoptable, is_gate;
};

/* {"pipeline":"..","max_parallel":4,"stages":[{"name","kind","after":["name"..],"retries","retry_delay_ms",
 * "queued_timeout_ms","running_timeout_ms","total_timeout_ms","parameters":{}}]}. Members but name,
 * kind and pipeline may be absent. Gives the checked dag; errors (permanent, "bad_dag") name the
 * stage, the nearest known name for an unknown one, and every stage of a cycle ("a -> b -> a"). */
struct dag *dag_from_json(const struct json *json, const struct stage_traits *traits,
                          struct error *err);
struct json *dag_to_json(
    const struct dag *dag);     /* with the traits; dag_from_json(.., NULL, ..) reads them back */
void dag_free(struct dag *dag); /* accepts NULL */
struct dag *dag_copy(const struct dag *dag);
size_t dag_find(const struct dag *dag, struct str name); /* index of the stage, or dag->count */
/* True when `stage` waits for `upstream`, directly or through others. */
bool dag_is_upstream(const struct dag *dag, size_t upstream, size_t stage);

#endif
