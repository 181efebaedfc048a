/* The operator log as a page, and the header of an elevated console. */
#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/ui_fixture.h"
#include "tui/control.h"

#include <locale.h>
#include <stdlib.h>

struct row {
    int64_t ts_ms, until_ms;
    const char *who, *tty, *what, *reason;
    enum audit_answer answer;
    const char *message;
};

static void add(struct ui_fixture *fixture, const struct row *row)
{
    struct audit *audit = &fixture->ui.audit;
    audit->entries = xrealloc(audit->entries, (audit->count + 1) * sizeof(struct audit_entry));
    audit->entries[audit->count++] = (struct audit_entry){
        .ts_ms = row->ts_ms,
        .until_ms = row->until_ms,
        .who = xstrdup(row->who),
        .tty = xstrdup(row->tty),
        .what = xstrdup(row->what),
        .reason = xstrdup(row->reason),
        .answer = row->answer,
        .message = xstrdup(row->message),
    };
}

static void each_entry_tells_who_when_what_why_and_the_answer(void **state)
{
    static const struct row rows[] = {
        {1000000, 1600000, "ana", "/dev/pts/3", "read-only lifted", "the RDS instance was moved",
         AUDIT_NONE_DUE, ""},
        {1060000, 0, "ana", "/dev/pts/3", "skip invoke_clean_rds",
         "its rows are those of yesterday", AUDIT_ACCEPTED, ""},
        {1090000, 0, "bo", "", "retry start_sagemaker_training", "", AUDIT_REFUSED,
         "start_sagemaker_training is running"},
        {1100000, 0, "", "", "stop", "", AUDIT_PENDING, ""},
    };
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        add(&fixture, &rows[i]);
    }
    fixture.ui.page = PAGE_AUDIT;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_golden(&fixture, "audit_80x24");
    ui_fixture_draw(&fixture, 40, 10);
    ui_fixture_draw(&fixture, 1, 1);
    ui_fixture_done(&fixture);
}

static void a_run_that_nobody_commanded_says_so(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.ui.page = PAGE_AUDIT;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "Nobody has commanded this run.");
    ui_fixture_done(&fixture);
}

static void the_header_counts_an_elevation_down(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.client.elevated_until_ms = fixture.ui.now_ms + 581000;
    control_refreshed(&fixture.ui, &fixture.client);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "RW 09:41 left");
    fixture.client.elevated_until_ms = 0;
    fixture.client.is_read_only = true;
    control_refreshed(&fixture.ui, &fixture.client);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "READ-ONLY");
    ui_fixture_assert_shows(&fixture, "read-only again");
    ui_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_tells_who_when_what_why_and_the_answer),
        cmocka_unit_test(a_run_that_nobody_commanded_says_so),
        cmocka_unit_test(the_header_counts_an_elevation_down),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
