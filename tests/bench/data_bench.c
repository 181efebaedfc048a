/* The data plane on real files, one thread: seconds, MB/s and peak memory of each step.
 *   data_bench prepare RAW.csv OUT_FOLDER    raw.csv -> transactions.csv, profiles.csv
 *   data_bench clean FOLDER                  -> clean-transactions.csv, clean-profiles.csv
 *   data_bench merge FOLDER                  -> final.csv, train.csv, validation.csv, test.csv
 *   data_bench sample ROWS SEED OUT.csv */
#include "core/data/clean.h"
#include "core/data/merge.h"
#include "core/data/prepare.h"
#include "core/data/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, PATH_SIZE = 4096 };

typedef bool (*feed_fn)(void *object, struct str bytes, struct error *err);

static void die(const char *what, const struct error *err)
{
    fprintf(stderr, "data_bench: %s: %s\n", what, err == NULL ? "failed" : err->message);
    exit(1);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static void tell(const char *what, double seconds, uint64_t bytes)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double user = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec;
    printf("%s: %.3f s, %.1f MB in, %.0f MB/s, user time so far %.3f s, peak %ld KiB\n", what,
           seconds, (double)bytes / 1e6, (double)bytes / 1e6 / seconds, user, usage.ru_maxrss);
}

static bool write_fd(void *context, struct str bytes, struct error *err)
{
    int fd = *(int *)context;
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0) {
            return error_set(err, ERROR_TRANSIENT, "write", "write failed");
        }
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return true;
}

static struct sink create(const char *folder, const char *name, int *out_fd)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
    *out_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (*out_fd < 0) {
        die(path, NULL);
    }
    return (struct sink){write_fd, out_fd};
}

static uint64_t feed_file(const char *folder, const char *name, feed_fn feed, void *object)
{
    static char chunk[CHUNK];
    char path[PATH_SIZE];
    struct error err;
    uint64_t total = 0;
    snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        die(path, NULL);
    }
    for (ssize_t got; (got = read(fd, chunk, sizeof(chunk))) > 0; total += (uint64_t)got) {
        if (!feed(object, (struct str){chunk, (size_t)got}, &err)) {
            die(path, &err);
        }
    }
    close(fd);
    return total;
}

static void show(struct json *json)
{
    char *text = json_print_pretty(json);
    fputs(text, stdout);
    free(text);
    json_free(json);
}

static bool feed_prepare(void *object, struct str bytes, struct error *err)
{
    return prepare_feed(object, bytes, err);
}

static void run_prepare(const char *raw, const char *folder)
{
    int fds[3];
    struct error err;
    struct prepare_sinks sinks = {create(folder, "transactions.csv", &fds[0]),
                                  create(folder, "profiles.csv", &fds[1]),
                                  create(folder, "prepare-quarantine.csv", &fds[2])};
    double begun = now();
    struct prepare *prepare = prepare_new(str_from(raw), &sinks);
    uint64_t bytes = feed_file("", raw, feed_prepare, prepare);
    if (!prepare_finish(prepare, &err)) {
        die("prepare", &err);
    }
    tell("prepare", now() - begun, bytes);
    show(prepare_report_json(prepare_figures(prepare)));
    prepare_free(prepare);
}

static bool feed_clean(void *object, struct str bytes, struct error *err)
{
    return clean_feed(object, bytes, err);
}

static uint64_t clean_pass(struct clean *clean, const char *folder, const char *name,
                           bool *out_again)
{
    struct error err;
    clean_begin_object(clean, str_from(name));
    uint64_t bytes = feed_file(folder, name, feed_clean, clean);
    if (!clean_end_object(clean, &err) || !clean_finish(clean, out_again, &err)) {
        die(name, &err);
    }
    return bytes;
}

static void run_clean(const char *folder, const struct clean_kind *kind, const char *name)
{
    int fds[2];
    char clean_name[PATH_SIZE];
    char quarantine_name[PATH_SIZE];
    bool is_again = false;
    snprintf(clean_name, sizeof(clean_name), "clean-%s", name);
    snprintf(quarantine_name, sizeof(quarantine_name), "quarantine-%s", name);
    struct clean_sinks sinks = {create(folder, clean_name, &fds[0]),
                                create(folder, quarantine_name, &fds[1])};
    double begun = now();
    struct clean *clean = clean_new(kind, &sinks);
    uint64_t bytes = clean_pass(clean, folder, name, &is_again);
    if (is_again) {
        printf("second pass\n");
        sinks = (struct clean_sinks){create(folder, clean_name, &fds[0]),
                                     create(folder, quarantine_name, &fds[1])};
        clean_restart(clean, &sinks);
        bytes = clean_pass(clean, folder, name, &is_again);
    }
    tell(name, now() - begun, bytes);
    show(report_json(clean_report(clean)));
    clean_free(clean);
}

static bool feed_profiles(void *object, struct str bytes, struct error *err)
{
    return merge_feed_profiles(object, bytes, err);
}

static bool feed_transactions(void *object, struct str bytes, struct error *err)
{
    return merge_feed_transactions(object, bytes, err);
}

static void run_merge(const char *folder)
{
    int fds[5];
    struct error err;
    struct split_options split = split_default_options();
    struct merge_options options = {
        .final_set = create(folder, "final.csv", &fds[0]),
        .parts = {create(folder, "train.csv", &fds[1]), create(folder, "validation.csv", &fds[2]),
                  create(folder, "test.csv", &fds[3])},
        .quarantine = create(folder, "quarantine-merge.csv", &fds[4]),
        .profiles_name = "clean-profiles.csv",
        .transactions_name = "clean-transactions.csv",
    };
    if (!split_init(&options.split, &split, &err)) {
        die("split", &err);
    }
    double begun = now();
    struct merge *merge = merge_new(&options);
    uint64_t bytes = feed_file(folder, options.profiles_name, feed_profiles, merge);
    if (!merge_end_profiles(merge, &err)) {
        die("merge", &err);
    }
    bytes += feed_file(folder, options.transactions_name, feed_transactions, merge);
    if (!merge_finish(merge, &err)) {
        die("merge", &err);
    }
    tell("merge", now() - begun, bytes);
    show(merge_report_json(merge_figures(merge)));
    merge_free(merge);
}

static void run_sample(const char *rows, const char *seed, const char *path)
{
    int fd;
    struct error err;
    struct sample_options options = {strtoull(rows, NULL, 10), strtoull(seed, NULL, 10)};
    double begun = now();
    struct sample *sample = sample_new(&options, create("", path, &fd));
    while (!sample_is_done(sample)) {
        if (!sample_run(sample, 10000, &err)) {
            die("sample", &err);
        }
    }
    tell("sample", now() - begun, sample_bytes(sample));
    sample_free(sample);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "prepare") == 0) {
        run_prepare(argv[2], argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "clean") == 0) {
        run_clean(argv[2], &clean_profiles, "profiles.csv");
        run_clean(argv[2], &clean_transactions, "transactions.csv");
    } else if (argc == 3 && strcmp(argv[1], "merge") == 0) {
        run_merge(argv[2]);
    } else if (argc == 5 && strcmp(argv[1], "sample") == 0) {
        run_sample(argv[2], argv[3], argv[4]);
    } else {
        fprintf(stderr, "usage: see the head of tests/bench/data_bench.c\n");
        return 64;
    }
    return 0;
}
