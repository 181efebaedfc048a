/* polls_bench JOBS GATE_FILE: describes that many training jobs, all asked for at once, at the
 * service that the environment names (AWS_...), as a console with so many jobs would. Prints
 * {"jobs":N,"answered":N,"seconds":S,"busiest_second":N,"processor_seconds":S}. */
#include "core/aws/sagemaker_service.h"
#include "core/base/alloc.h"
#include "core/ports/training_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 32 };

struct poll {
    struct training_describe describe;
    struct bench *bench;
    char name[NAME_SIZE];
};

struct bench {
    struct loop *loop;
    struct poll *polls;
    int left, answered;
    int64_t started_ms;
    int *in_second; /* answers in each second since the start */
    int seconds;
};

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_ms(clock);
}

static void described(struct op *op, const struct error *err)
{
    struct poll *poll = op->context;
    struct bench *bench = poll->bench;
    int second = (int)((now_ms() - bench->started_ms) / 1000);
    if (err == NULL) {
        bench->answered++;
    } else if (bench->answered == 0) {
        fprintf(stderr, "polls_bench: %s\n", err->message);
    }
    while (bench->seconds <= second) {
        bench->in_second =
            xreallocarray(bench->in_second, (size_t)bench->seconds + 1, sizeof(*bench->in_second));
        bench->in_second[bench->seconds++] = 0;
    }
    bench->in_second[second]++;
    if (--bench->left == 0) {
        loop_stop(bench->loop);
    }
}

static void run(struct bench *bench, struct training_service *service, int jobs)
{
    bench->polls = xcalloc((size_t)jobs, sizeof(*bench->polls));
    bench->left = jobs;
    bench->started_ms = now_ms();
    for (int i = 0; i < jobs; i++) {
        struct poll *poll = &bench->polls[i];
        snprintf(poll->name, sizeof(poll->name), "credit-default-%d", i);
        poll->bench = bench;
        poll->describe = (struct training_describe){.op = {.done = described, .context = poll},
                                                    .name = poll->name};
        training_describe_start(service, &poll->describe);
    }
    loop_run(bench->loop);
}

static void print(const struct bench *bench, int jobs)
{
    struct timespec used;
    int busiest = 0;
    for (int i = 0; i < bench->seconds; i++) {
        busiest = bench->in_second[i] > busiest ? bench->in_second[i] : busiest;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("{\"jobs\":%d,\"answered\":%d,\"seconds\":%.3f,\"busiest_second\":%d,"
           "\"processor_seconds\":%.4f}\n",
           jobs, bench->answered, (double)(now_ms() - bench->started_ms) / 1e3, busiest,
           (double)used.tv_sec + (double)used.tv_nsec / 1e9);
}

int main(int argc, char **argv)
{
    struct error err;
    struct aws_session_spec spec = {.environment = (const char *const *)environ};
    int jobs = argc == 3 ? atoi(argv[1]) : 0;
    if (jobs <= 0) {
        fprintf(stderr, "usage: polls_bench JOBS GATE_FILE\n");
        return 64;
    }
    struct bench bench = {.loop = loop_new()};
    struct aws_session *session = aws_session_new(bench.loop, &spec, &err);
    if (session == NULL) {
        fprintf(stderr, "polls_bench: %s\n", err.message);
        return 1;
    }
    struct training_service *service =
        sagemaker_service_new(session, &(struct sagemaker_settings){.role_arn = ""}, argv[2], 0);
    run(&bench, service, jobs);
    print(&bench, jobs);
    training_service_free(service);
    aws_session_free(session);
    loop_free(bench.loop);
    free(bench.polls);
    free(bench.in_second);
    return bench.answered != jobs;
}
