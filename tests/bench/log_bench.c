/* The log viewer on a big log: how long each thing takes, and the longest that the loop is held up.
 *   log_bench generate LINES OUT.log   lines as a try's log has them, a needle in the last one
 *   log_bench view FILE                index, search, filter, errors, wrap, jumps, memory */
#include "core/base/clock.h"
#include "tui/log_view.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { COLS = 111, ROWS = 45 };

static void die(const char *what)
{
    fprintf(stderr, "log_bench: %s\n", what);
    exit(1);
}

static double now_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return 1e3 * (double)at.tv_sec + 1e-6 * (double)at.tv_nsec;
}

static void generate(long lines, const char *path)
{
    static const char *const words[] = {"stage",  "rows",    "merged", "bucket",
                                        "object", "wrote",   "column", "reading",
                                        "retry",  "timeout", "lambda", "value"};
    FILE *out = fopen(path, "w");
    unsigned seed = 1;
    if (out == NULL) {
        die("the file cannot be made");
    }
    for (long i = 1; i <= lines; i++) {
        const char *level = i % 5000 == 17 ? "error" : i % 700 == 3 ? "warn" : "info";
        fprintf(out, "2026-11-22T15:%02ld:%02ld.%03ldZ %s [%ld]", i / 60000 % 60, i / 1000 % 60,
                i % 1000, i % 3 == 0 ? "out" : level, i);
        for (int word = 0; word < 8; word++) {
            seed = seed * 1664525U + 1013904223U;
            fprintf(out, " %s", words[(seed >> 16) % 12]);
        }
        fprintf(out, "%s rc=%ld\n", i == lines ? " the Needle" : "", i % 7);
    }
    if (fclose(out) != 0) {
        die("the file cannot be written");
    }
}

/* Works until `is_enough` (NULL: until nothing is left), as the loop would. */
static double work(struct log_view *view, bool (*is_enough)(const struct log_view *),
                   double *longest)
{
    double begun = now_ms();
    bool has_more = true;
    *longest = 0;
    while (has_more && (is_enough == NULL || !is_enough(view))) {
        double before = now_ms();
        has_more = log_view_work(view, clock_system()).has_more;
        log_view_fit(view, COLS, ROWS);
        double taken = now_ms() - before;
        *longest = taken > *longest ? taken : *longest;
    }
    return now_ms() - begun;
}

static void tell(const char *what, double ms, double longest)
{
    printf("%-34s %9.2f ms   longest slice %.2f ms\n", what, ms, longest);
}

static bool has_hit(const struct log_view *view)
{
    return view->match != LOG_NO_LINE;
}

static void search(struct log_view *view, const char *typed,
                   bool (*is_enough)(const struct log_view *))
{
    struct error err;
    double longest = 0;
    char what[80];
    double begun = now_ms();
    if (!log_view_search(view, typed, &err)) {
        die(err.message);
    }
    double set_ms = now_ms() - begun, ms = work(view, is_enough, &longest);
    snprintf(what, sizeof(what), "search %s%s", typed, is_enough == NULL ? "" : ", first hit");
    tell(what, set_ms + ms, longest);
}

static void filter(struct log_view *view, const char *typed)
{
    struct error err;
    double longest = 0;
    char what[80];
    if (!log_view_filter(view, typed, &err)) {
        die(err.message);
    }
    double ms = work(view, NULL, &longest);
    snprintf(what, sizeof(what), "filter %s: %zu lines", typed, log_view_count(view));
    tell(what, ms, longest);
}

static void timed(struct log_view *view, const char *what, void (*act)(struct log_view *))
{
    double begun = now_ms();
    act(view);
    log_view_fit(view, COLS, ROWS);
    tell(what, now_ms() - begun, 0);
}

static void wrap(struct log_view *view)
{
    log_view_wrap(view, !view->is_wrapped);
}

static void to_end(struct log_view *view)
{
    log_view_follow(view, true);
}

static void page_up(struct log_view *view)
{
    log_view_scroll(view, -ROWS);
}

static void page_down(struct log_view *view)
{
    log_view_scroll(view, ROWS);
}

static void view_file(const char *path)
{
    struct log_view view;
    struct rusage usage;
    double longest = 0;
    log_view_init(&view);
    log_view_fit(&view, COLS, ROWS);
    log_view_open(&view, path);
    double ms = work(&view, NULL, &longest);
    printf("%zu lines, %.1f MB\n", view.file.lines, (double)view.file.size / 1e6);
    tell("index", ms, longest);
    log_view_first(&view);
    log_view_fit(&view, COLS, ROWS);
    search(&view, "needle", has_hit);
    timed(&view, "jump to the end", to_end);
    timed(&view, "a page up", page_up);
    timed(&view, "wrap on, at the end", wrap);
    timed(&view, "a page up, wrapped", page_up);
    timed(&view, "a page down, wrapped", page_down);
    timed(&view, "to the first line", log_view_first);
    timed(&view, "wrap off", wrap);
    search(&view, "timeout", has_hit);
    search(&view, "timeout", NULL);
    search(&view, "Needle", NULL);
    search(&view, "~retry.*(timeout|wrote)", NULL);
    search(&view, "", NULL);
    filter(&view, "rc=[1-3]$");
    filter(&view, "!timeout");
    filter(&view, ">=WARN");
    filter(&view, "(a|b|c|d|e|.)*.*.*.*.*.{20}zzz");
    filter(&view, "");
    log_view_next_error(&view, false);
    tell("next error", work(&view, has_hit, &longest), longest);
    getrusage(RUSAGE_SELF, &usage);
    printf("peak memory of this program: %.1f MiB\n", (double)usage.ru_maxrss / 1024);
    log_view_done(&view);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc == 4 && strcmp(argv[1], "generate") == 0) {
        generate(atol(argv[2]), argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "view") == 0) {
        view_file(argv[2]);
    } else {
        die("usage: log_bench generate LINES OUT.log | log_bench view FILE");
    }
    return 0;
}
