/* A console's state for tests, and golden screens. */
#include "tests/support/ui_fixture.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN                                                                                       \
    "{\"pipeline\":\"credit_default_pipeline\",\"stages\":["                                       \
    "{\"name\":\"check_lambda_connection\",\"kind\":\"work\",\"retries\":1},"                      \
    "{\"name\":\"invoke_clean_s3_raw\",\"kind\":\"work\",\"retries\":1,"                           \
    "\"after\":[\"check_lambda_connection\"]},"                                                    \
    "{\"name\":\"invoke_clean_rds\",\"kind\":\"work\",\"retries\":1,"                              \
    "\"after\":[\"check_lambda_connection\"]},"                                                    \
    "{\"name\":\"invoke_merge_cleaned_data\",\"kind\":\"work\",\"retries\":1,"                     \
    "\"after\":[\"invoke_clean_s3_raw\",\"invoke_clean_rds\"]},"                                   \
    "{\"name\":\"start_sagemaker_training\",\"kind\":\"job\",\"retries\":1,"                       \
    "\"after\":[\"invoke_merge_cleaned_data\"],\"parameters\":{\"job_name_prefix\":"               \
    "\"credit-default-xgboost\",\"instance_type\":\"ml.m5.xlarge\"}},"                             \
    "{\"name\":\"evaluate_model_performance\",\"kind\":\"gate\",\"retries\":1,"                    \
    "\"after\":[\"start_sagemaker_training\"],\"parameters\":{\"rules\":[{\"split\":\"test\","     \
    "\"metric\":\"accuracy\",\"min\":0.8}]}}]}"
#define JOB(secondary)                                                                             \
    "\"job\":{\"name\":\"credit-default-xgboost-20261122-153928-a1b2c3-5-1\",\"status\":"          \
    "\"InProgress\",\"secondary_status\":\"" secondary "\",\"poll_interval_ms\":30000}"
#define TRAIN "start_sagemaker_training"

enum { GOLDEN_MAX = 1 << 20 };

static void load_config(struct ui_fixture *fixture)
{
    struct problems problems = {.count = 0};
    fixture->app.options = &fixture->options;
    fixture->app.config = config_load_text(&fixture->app.request, "test.toml", STR(""), &problems);
    assert_int_equal(problems.count, 0);
    fixture->client.app = &fixture->app;
    bindings_init(&fixture->ui.bindings, fixture->app.config);
    settings_init(&fixture->ui.settings, fixture->app.config, &fixture->app.request);
    fixture->client.user = xstrdup("ana");
    fixture->app.state_folder = xstrdup("/nowhere");
    watchers_init(&fixture->client.watchers, fixture->app.state_folder);
    fixture->ui.client = &fixture->client;
    log_view_init(&fixture->ui.log);
    screen_init(&fixture->screen, 80, 24, false);
}

void ui_fixture_init_empty(struct ui_fixture *fixture)
{
    *fixture = (struct ui_fixture){.options = {.verb = VERB_NONE}};
    load_config(fixture);
}

void ui_fixture_init(struct ui_fixture *fixture)
{
    ui_fixture_init_dag(fixture, PLAN);
}

void ui_fixture_init_dag(struct ui_fixture *fixture, const char *dag_text)
{
    ui_fixture_init_empty(fixture);
    fixture_init(&fixture->run, dag_text);
    fixture_give(&fixture->run, RUN_INPUT_START);
    view_init(&fixture->client.view, FIXTURE_RUN_ID);
    fixture->client.has_run = true;
    fixture->client.has_runner = true;
    ui_fixture_follow(fixture);
    free(fixture->client.view.environment);
    fixture->client.view.environment = xstrdup("local");
}

void ui_fixture_done(struct ui_fixture *fixture)
{
    if (fixture->client.has_run) {
        view_done(&fixture->client.view);
        fixture_done(&fixture->run);
    }
    dialog_close(&fixture->ui.dialog);
    bindings_done(&fixture->ui.bindings);
    settings_done(&fixture->ui.settings);
    free(fixture->ui.copy);
    log_view_done(&fixture->ui.log);
    log_save_done(&fixture->ui.save);
    palette_done(&fixture->ui.palette);
    audit_done(&fixture->ui.audit);
    screen_done(&fixture->screen);
    watchers_done(&fixture->client.watchers);
    config_free(fixture->app.config);
    free(fixture->app.state_folder);
    free(fixture->client.user);
    free(fixture->client.runs);
}

void ui_fixture_follow(struct ui_fixture *fixture)
{
    struct error err;
    struct view *view = &fixture->client.view;
    for (size_t i = (size_t)view->run.last_seq; i < fixture->run.log.count; i++) {
        if (!view_apply(view, &fixture->run.log.items[i], &err)) {
            fail_msg("%s", err.message);
        }
    }
    fixture->ui.now_ms = fixture->run.now_ms;
    fixture->ui.stage = ui_current_stage(view);
}

void ui_fixture_progress(struct ui_fixture *fixture, const char *stage, const char *members)
{
    fixture_progress(&fixture->run, stage, members);
    ui_fixture_follow(fixture);
}

static void end_stage(struct ui_fixture *fixture, const char *stage, int64_t after_ms)
{
    fixture->run.now_ms += after_ms;
    fixture_end(&fixture->run, stage, OUTCOME_SUCCESS);
}

void ui_fixture_train(struct ui_fixture *fixture)
{
    struct buf rounds;
    end_stage(fixture, "check_lambda_connection", 2000);
    end_stage(fixture, "invoke_clean_s3_raw", 48000);
    end_stage(fixture, "invoke_clean_rds", 24000);
    end_stage(fixture, "invoke_merge_cleaned_data", 151000);
    ui_fixture_progress(fixture, TRAIN, "\"step\":\"wait for job\"," JOB("Starting"));
    fixture->run.now_ms += 20000;
    fixture_running(&fixture->run, TRAIN);
    ui_fixture_progress(fixture, TRAIN, "\"step\":\"wait for job\"," JOB("Downloading"));
    fixture->run.now_ms += 12000;
    ui_fixture_progress(fixture, TRAIN, "\"step\":\"wait for job\"," JOB("Training"));
    fixture->run.now_ms += 32000;
    buf_init(&rounds, GOLDEN_MAX);
    buf_append_text(&rounds, "\"step\":\"wait for job\",\"step_number\":2,\"step_count\":3,"
                             "\"done\":62,\"total\":100,\"unit\":\"rounds\",\"detail\":"
                             "\"Training\"," JOB("Training") ",\"rounds\":[");
    for (int i = 1; i <= 62; i++) {
        buf_printf(&rounds, "%s[%d,{\"train-error\":%.4f,\"validation-error\":%.4f}]",
                   i == 1 ? "" : ",", i, 0.16 + 0.05 / i, 0.18 + 0.04 / i);
    }
    buf_append_text(&rounds, "]");
    ui_fixture_progress(fixture, TRAIN, buf_text(&rounds));
    fixture->run.now_ms += 18000;
    fixture->ui.now_ms = fixture->run.now_ms;
    view_set_usual(&fixture->client.view, "check_lambda_connection", 2000);
    view_set_usual(&fixture->client.view, TRAIN, 1170000);
    buf_done(&rounds);
}

void ui_fixture_judge(struct ui_fixture *fixture, bool passes)
{
    ui_fixture_train(fixture);
    end_stage(fixture, TRAIN, 40000);
    fixture->run.now_ms += 500;
    fixture_judge(&fixture->run, "evaluate_model_performance", passes);
    ui_fixture_follow(fixture);
    fixture->client.has_runner = false;
}

#define RULE(metric, limits, value, margin, error, passed)                                         \
    "{\"split\":\"test\",\"metric\":\"" metric "\"," limits ",\"value\":" value                    \
    ",\"margin\":" margin ",\"standard_error\":" error ",\"passed\":" passed "}"
#define METRIC(name, value, error) "\"" name "\":{\"value\":" value ",\"standard_error\":" error "}"
#define OBJECT(name, key, sha256)                                                                  \
    "\"" name "\":{\"bucket\":\"msecindustries-training\",\"key\":\"final-dataset/1/" key          \
    "\",\"sha256\":\"" sha256 "\"}"
#define EVALUATION                                                                                                                     \
    "\"evaluation\":{\"model\":{\"features\":23,\"rounds\":100},\"xgboost_version\":\"1.7.4\","                                        \
    "\"training_job_name\":\"credit-default-xgboost-20261122-153928-a1b2c3-5-1\",\"splits\":{"                                         \
    "\"test\":{\"rows\":4390,\"positives\":1013,\"baseline_accuracy\":0.76925," METRIC("accuracy", "0.8220956", "0.00577") "," METRIC( \
        "auc", "0.78242",                                                                                                              \
        "0.00883") ",\"confusion\":{\"tp\":373,"                                                                                       \
                   "\"fp\":141,\"tn\":3236,"                                                                                           \
                   "\"fn\":640}},\"train\":{"                                                                                          \
                   "\"rows\":21051,"                                                                                                   \
                   "\"positives\":4591," METRIC("accuracy", "0.841005", "0.00252") "," METRIC(                                         \
                       "auc",                                                                                                          \
                       "0.83"                                                                                                          \
                       "091",                                                                                                          \
                       "0.00"                                                                                                          \
                       "35") "}},\"objects\":{" OBJECT("model", "model.tar.gz",                                                        \
                                                       "974c33bbd7ef7fc1") "," OBJECT("test",                                          \
                                                                                      "test/"                                          \
                                                                                      "test.csv",                                      \
                                                                                      "f91875b956"                                     \
                                                                                      "4fb54b") "," OBJECT("train",                    \
                                                                                                           "train/train.csv",          \
                                                                                                           "339bc732caf8800b") "}}"

void ui_fixture_judge_fully(struct ui_fixture *fixture, bool passes)
{
    struct error err;
    struct run *run = &fixture->client.view.run;
    ui_fixture_judge(fixture, passes);
    char *text = xasprintf(
        "{%s,\"gate\":{\"verdict\":\"%s\",\"message\":\"the tightest is "
        "accuracy\",\"rules\":[%s,%s,%s]}}",
        EVALUATION, passes ? "passed" : "rejected",
        RULE("accuracy", "\"min\":0.8", "0.8220956", "0.0221", "0.00577", "true"),
        passes ? RULE("auc", "\"min\":0.7,\"max\":0.85", "0.78242", "0.0676", "0.00883", "true")
               : RULE("auc", "\"min\":0.7,\"max\":0.85", "0.91242", "-0.0624", "0.00883", "false"),
        passes ? RULE("brier", "\"max\":0.16", "0.1343", "0.0257", "0.0035", "true")
               : RULE("brier", "\"max\":0.16", "0.1843", "-0.0243", "0.0035", "false"));
    json_free(run->evaluation);
    run->evaluation = json_parse(str_from(text), &err);
    assert_non_null(run->evaluation);
    free(text);
}

void ui_fixture_history(struct ui_fixture *fixture, size_t count)
{
    struct client *client = &fixture->client;
    client->runs = xcalloc(count + 1, sizeof(struct run_summary));
    client->run_count = count;
    for (size_t i = 0; i < count; i++) {
        struct run_summary *run = &client->runs[i];
        int64_t number = 147 - (int64_t)i;
        bool is_failed = number % 11 == 0, is_rejected = number % 7 == 0;
        *run = (struct run_summary){.number = number,
                                    .user = "ana",
                                    .environment = "local",
                                    .state = is_failed || is_rejected ? RUN_FAILED : RUN_SUCCESS,
                                    .verdict = is_failed     ? VERDICT_NONE
                                               : is_rejected ? VERDICT_REJECTED
                                                             : VERDICT_PASSED,
                                    .created_ms = 1700000000000 - (int64_t)i * 86400000,
                                    .accuracy = 0.81 + (double)(number * 37 % 19) / 1000,
                                    .auc = 0.77};
        run->ended_ms = run->created_ms + 300000 + number * 1000;
        run->accuracy = is_failed ? NAN : is_rejected ? run->accuracy - 0.03 : run->accuracy;
        snprintf(run->id, sizeof(run->id), "20261122-000000-%06d", (int)number);
    }
    if (count > 0) {
        client->runs[0] = (struct run_summary){.number = 147,
                                               .id = FIXTURE_RUN_ID,
                                               .user = "bo",
                                               .environment = "local",
                                               .state = RUN_RUNNING,
                                               .created_ms = 1700000000000,
                                               .accuracy = NAN,
                                               .auc = NAN};
    }
}

void ui_fixture_draw(struct ui_fixture *fixture, int cols, int rows)
{
    screen_resize(&fixture->screen, cols, rows);
    ui_draw(&fixture->ui, &fixture->screen);
}

static bool shows(const struct ui_fixture *fixture, const char *text, struct buf *out)
{
    buf_init(out, GOLDEN_MAX);
    screen_text(&fixture->screen, out);
    return strstr(buf_text(out), text) != NULL;
}

void ui_fixture_assert_shows(const struct ui_fixture *fixture, const char *text)
{
    struct buf out;
    if (!shows(fixture, text, &out)) {
        fail_msg("no \"%s\" in:\n%s", text, buf_text(&out));
    }
    buf_done(&out);
}

void ui_fixture_assert_hides(const struct ui_fixture *fixture, const char *text)
{
    struct buf out;
    if (shows(fixture, text, &out)) {
        fail_msg("\"%s\" in:\n%s", text, buf_text(&out));
    }
    buf_done(&out);
}

/* Under the text the roles: a letter a cell, 'A' the first role, lower case when selected. */
static void append_roles(const struct screen *screen, struct buf *out)
{
    for (int y = 0; y < screen->rows; y++) {
        for (int x = 0; x < screen->cols; x++) {
            const struct cell *cell = screen_cell(screen, x, y);
            int letter = cell->role < 26 ? 'A' + cell->role : '0' + cell->role - 26;
            buf_append_char(out, (char)(letter + (cell->is_selected && letter >= 'A' ? 32 : 0)));
        }
        buf_append_char(out, '\n');
    }
}

void ui_fixture_assert_golden(const struct ui_fixture *fixture, const char *name)
{
    struct buf drawn, kept;
    struct error err;
    char *path = xasprintf("tests/unit/tui/golden/%s.txt", name);
    const char *mode = getenv("GATEHOUSE_GOLDEN");
    buf_init(&drawn, GOLDEN_MAX);
    buf_init(&kept, GOLDEN_MAX);
    screen_text(&fixture->screen, &drawn);
    append_roles(&fixture->screen, &drawn);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        assert_true(file_write(path, buf_str(&drawn), 0644, &err));
    }
    if (!file_read(path, &kept, &err)) {
        fail_msg("%s", err.message);
    }
    if (strcmp(buf_text(&kept), buf_text(&drawn)) != 0) {
        fail_msg("%s is not what is drawn now (GATEHOUSE_GOLDEN=write replaces it):\n%s", path,
                 buf_text(&drawn));
    }
    buf_done(&drawn);
    buf_done(&kept);
    free(path);
}
