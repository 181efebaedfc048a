/* The data functions on a real folder store and a scripted database. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/functions/function.h"
#include "core/local/folder_store.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a database that answers one COPY with a text, in small chunks */

struct fake_database {
    struct database database;
    const char *copy_text;
    size_t sent;
    const char *fail_open; /* message, or NULL */
    char sql[512];
    int opened;
};

static void fake_open(struct database *database, struct database_session *session)
{
    struct fake_database *fake = (struct fake_database *)database;
    struct error err;
    op_begin(&session->op, database->loop);
    if (fake->fail_open != NULL) {
        error_set(&err, ERROR_TRANSIENT, "connection_failed", "%s", fake->fail_open);
        op_finish(&session->op, &err);
        return;
    }
    fake->opened++;
    fake->sent = 0;
    session->handle = fake;
    op_finish(&session->op, NULL);
}

static void fake_close(struct database_session *session)
{
    ((struct fake_database *)session->handle)->opened--;
}

static void fake_copy_out(struct database_session *session, const char *sql)
{
    struct fake_database *fake = session->handle;
    op_begin(&session->op, fake->database.loop);
    snprintf(fake->sql, sizeof(fake->sql), "%s", sql);
    op_finish(&session->op, NULL);
}

static void fake_copy_read(struct database_session *session)
{
    struct fake_database *fake = session->handle;
    size_t left = strlen(fake->copy_text) - fake->sent;
    op_begin(&session->op, fake->database.loop);
    session->chunk = (struct str){fake->copy_text + fake->sent, left < 7 ? left : 7};
    fake->sent += session->chunk.len;
    op_finish(&session->op, NULL);
}

static const struct database_ops fake_ops = {
    .open = fake_open, .close = fake_close, .copy_out = fake_copy_out, .copy_read = fake_copy_read};

/* ---- one test's world */

struct world {
    char folder[64];
    struct function_context context;
    struct fake_database database;
    struct error err;
};

static int set_up(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    strcpy(world->folder, "/tmp/gatehouse-functions-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->context.loop = loop_new();
    world->context.clock = clock_system();
    world->context.objects = folder_store_new(world->context.loop, world->folder, &world->err);
    assert_non_null(world->context.objects);
    world->database.database = (struct database){&fake_ops, world->context.loop};
    world->context.database = &world->database.database;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    assert_int_equal(world->database.opened, 0);
    object_store_free(world->context.objects);
    loop_free(world->context.loop);
    assert_true(file_remove_tree(world->folder, &world->err));
    free(world);
    return 0;
}

static void put(struct world *world, const char *bucket, const char *key, const char *text)
{
    struct object_writer writer = {.bucket = bucket, .key = key};
    object_create_start(world->context.objects, &writer);
    assert_true(loop_await(world->context.loop, &writer.op, &world->err));
    object_write_start(&writer, str_from(text));
    assert_true(loop_await(world->context.loop, &writer.op, &world->err));
    object_commit_start(&writer);
    assert_true(loop_await(world->context.loop, &writer.op, &world->err));
}

static bool exists(struct world *world, const char *bucket, const char *key)
{
    struct object_head head = {.bucket = bucket, .key = key};
    object_head_start(world->context.objects, &head);
    return loop_await(world->context.loop, &head.op, &world->err);
}

/* The whole object as text; free(). */
static char *get(struct world *world, const char *bucket, const char *key)
{
    char *path = xasprintf("%s/%s/%s", world->folder, bucket, key);
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_true(file_read(path, &text, &world->err));
    free(path);
    return buf_take(&text);
}

static struct json *call(struct world *world, function_fn function, const char *event_text)
{
    struct json *event = json_parse(str_from(event_text), &world->err);
    assert_non_null(event);
    struct json *result = function(&world->context, event, &world->err);
    json_free(event);
    return result;
}

#define TRANSACTION_HEADER                                                                         \
    "CUSTOMER_ID,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,"     \
    "BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,"                   \
    "DEFAULT_PAYMENT_NEXT_MONTH\n"
#define PROFILE_HEADER "customer_id,limit_bal,sex,education,marriage,age\n"
#define REST           "0,0,0,0,0,100,0,0,0,0,0,10,0,0,0,0,0"

static const char clean_event[] =
    "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"source1/\"},"
    "\"destination\":{\"bucket\":\"cleaned\",\"prefix\":\"cleaned-source1/r/1/\"}}";

static void all_objects_under_the_prefix_are_cleaned(void **state)
{
    struct world *world = *state;
    put(world, "raw", "source1/a.csv", TRANSACTION_HEADER "1,0," REST ",0\n");
    put(world, "raw", "source1/b.csv", TRANSACTION_HEADER "2,0," REST ",1\n3,99," REST ",1\n");
    put(world, "raw", "source2/c.csv", TRANSACTION_HEADER "9,0," REST ",1\n");
    struct json *result = call(world, function_clean_transactions, clean_event);
    assert_non_null(result);
    assert_int_equal(json_int_or(result, "rows_in", -1), 3);
    assert_int_equal(json_int_or(result, "rows_out", -1), 2);
    assert_int_equal(json_int_or(json_get(result, "quarantined"), "unknown_code", -1), 1);
    const struct json *cleaned = json_get(result, "cleaned");
    assert_string_equal(json_text_or(cleaned, "key", ""),
                        "cleaned-source1/r/1/credit_default_s3_cleaned.csv");
    assert_int_equal(strlen(json_text_or(cleaned, "sha256", "")), 64);
    char *text = get(world, "cleaned", json_text_or(cleaned, "key", ""));
    assert_string_equal(text, TRANSACTION_HEADER "1,0," REST ",0\n2,0," REST ",1\n");
    assert_int_equal(json_int_or(cleaned, "size_bytes", -1), strlen(text));
    free(text);
    assert_true(exists(world, "cleaned", "cleaned-source1/r/1/quarantine.csv"));
    assert_true(exists(world, "cleaned", "cleaned-source1/r/1/report.json"));
    json_free(result);
}

static void repeated_customers_take_a_second_pass(void **state)
{
    struct world *world = *state;
    put(world, "raw", "source1/a.csv",
        TRANSACTION_HEADER "1,0," REST ",0\n2,0," REST ",0\n1,0," REST ",0\n2,0," REST ",1\n");
    struct json *result = call(world, function_clean_transactions, clean_event);
    assert_non_null(result);
    assert_int_equal(json_int_or(result, "rows_out", -1), 1);
    assert_int_equal(json_int_or(json_get(result, "quarantined"), "conflicting_duplicate", -1), 2);
    char *text = get(world, "cleaned", "cleaned-source1/r/1/credit_default_s3_cleaned.csv");
    assert_string_equal(text, TRANSACTION_HEADER "1,0," REST ",0\n");
    free(text);
    json_free(result);
}

static void no_input_says_what_to_do(void **state)
{
    struct world *world = *state;
    assert_null(call(world, function_clean_transactions, clean_event));
    assert_string_equal(world->err.code, "no_input");
    assert_non_null(strstr(world->err.message, "gatehouse prepare"));
}

static void failure_leaves_no_object(void **state)
{
    struct world *world = *state;
    put(world, "raw", "source1/a.csv", TRANSACTION_HEADER "1,0," REST ",0\n");
    put(world, "raw", "source1/b.csv", "this is not,the table\n1,2\n");
    assert_null(call(world, function_clean_transactions, clean_event));
    assert_int_equal(world->err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(world->err.message, "source1/b.csv"));
    assert_false(exists(world, "cleaned", "cleaned-source1/r/1/credit_default_s3_cleaned.csv"));
    assert_false(exists(world, "cleaned", "cleaned-source1/r/1/quarantine.csv"));
}

static void broken_expectation_keeps_report_but_not_the_data(void **state)
{
    struct world *world = *state;
    put(world, "raw", "source1/a.csv", TRANSACTION_HEADER "1,0," REST ",0\n");
    assert_null(call(world, function_clean_transactions,
                     "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"source1/\"},"
                     "\"destination\":{\"bucket\":\"cleaned\",\"prefix\":\"cleaned-source1/r/1/\"},"
                     "\"expectations\":{\"rows_min\":100,\"rows_max\":null}}"));
    assert_string_equal(world->err.code, "expectation_failed");
    assert_non_null(strstr(world->err.message, "100"));
    assert_false(exists(world, "cleaned", "cleaned-source1/r/1/credit_default_s3_cleaned.csv"));
    assert_true(exists(world, "cleaned", "cleaned-source1/r/1/report.json"));
}

static void events_are_checked_member_by_member(void **state)
{
    struct world *world = *state;
    static const char *const events[] = {
        "{}",
        "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"source1\"},\"destination\":{}}",
        "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"../\"}}",
        "{\"source\":{\"bucket\":\"RAW\",\"prefix\":\"a/\"}}",
        "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"a/"
        "\"},\"destination\":{\"bucket\":\"cleaned\","
        "\"prefix\":\"b/\"},\"expectations\":{\"row_min\":1}}",
        "{\"source\":{\"bucket\":\"raw\",\"prefix\":\"a/"
        "\"},\"destination\":{\"bucket\":\"cleaned\","
        "\"prefix\":\"b/\"},\"expectations\":{\"rows_min\":\"many\"}}",
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        assert_null(call(world, function_clean_transactions, events[i]));
        assert_string_equal(world->err.code, "bad_event");
    }
}

static const char profiles_event[] =
    "{\"source\":{\"table\":\"bank.customer_profile\"},"
    "\"destination\":{\"bucket\":\"cleaned\",\"prefix\":\"cleaned-source2/r/1/\"}}";

static void profiles_stream_from_the_database(void **state)
{
    struct world *world = *state;
    world->database.copy_text = PROFILE_HEADER "1,20000,2,5,0,24\n2,1000,1,1,1,30\n";
    struct json *result = call(world, function_clean_profiles, profiles_event);
    assert_non_null(result);
    assert_non_null(strstr(world->database.sql, "\"bank\".\"customer_profile\""));
    char *text = get(world, "cleaned", "cleaned-source2/r/1/credit_default_rds_cleaned.csv");
    assert_string_equal(
        text,
        "CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE\n1,20000,2,4,3,24\n2,1000,1,1,1,30\n");
    free(text);
    json_free(result);
}

static void database_trouble_keeps_its_class(void **state)
{
    struct world *world = *state;
    world->database.fail_open = "the server is away";
    assert_null(call(world, function_clean_profiles, profiles_event));
    assert_int_equal(world->err.error_class, ERROR_TRANSIENT);
    assert_false(exists(world, "cleaned", "cleaned-source2/r/1/quarantine.csv"));
    world->context.database = NULL;
    assert_null(call(world, function_clean_profiles, profiles_event));
    assert_string_equal(world->err.code, "no_database");
}

static void table_names_cannot_carry_sql(void **state)
{
    struct world *world = *state;
    static const char *const tables[] = {"a;drop table b", "a.b.c", "", ".a", "a.", "a\\\"b"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char event[300];
        snprintf(
            event, sizeof(event),
            "{\"source\":{\"table\":\"%s\"},\"destination\":{\"bucket\":\"cleaned\",\"prefix\":"
            "\"b/\"}}",
            tables[i]);
        assert_null(call(world, function_clean_profiles, event));
        assert_string_equal(world->err.code, "bad_event");
    }
}

static const char merge_event[] =
    "{\"transactions\":{\"bucket\":\"cleaned\",\"key\":\"t.csv\"},"
    "\"profiles\":{\"bucket\":\"cleaned\",\"key\":\"p.csv\"},"
    "\"destination\":{\"bucket\":\"training\",\"prefix\":\"final-dataset/r/1/\"},"
    "\"publish\":{\"bucket\":\"training\",\"key\":\"final-dataset/final.csv\"},"
    "\"split\":{\"enabled\":%s,\"train\":0.7,\"validation\":0.15,\"test\":0.15,\"seed\":1}}";

static void put_cleaned(struct world *world, int customers)
{
    struct buf transactions, profiles;
    buf_init(&transactions, 1 << 20);
    buf_init(&profiles, 1 << 20);
    buf_append_text(&transactions, TRANSACTION_HEADER);
    buf_append_text(&profiles, "CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE\n");
    for (int i = 1; i <= customers; i++) {
        buf_printf(&transactions, "%d,0," REST ",%d\n", i, i % 2);
        buf_printf(&profiles, "%d,%d,1,1,1,30\n", i, i * 10);
    }
    put(world, "cleaned", "t.csv", buf_text(&transactions));
    put(world, "cleaned", "p.csv", buf_text(&profiles));
    buf_done(&transactions);
    buf_done(&profiles);
}

static void merge_makes_the_set_its_parts_and_schema(void **state)
{
    struct world *world = *state;
    char event[700];
    snprintf(event, sizeof(event), merge_event, "true");
    put_cleaned(world, 200);
    struct json *result = call(world, function_merge, event);
    assert_non_null(result);
    int64_t rows = json_int_or(json_get(result, "train"), "rows", -1000) +
                   json_int_or(json_get(result, "validation"), "rows", -1000) +
                   json_int_or(json_get(result, "test"), "rows", -1000);
    assert_int_equal(rows, 200);
    assert_int_equal(json_int_or(json_get(result, "final"), "rows", 0), 200);
    assert_true(exists(world, "training", "final-dataset/r/1/train/train.csv"));
    assert_true(exists(world, "training", "final-dataset/r/1/schema/schema.json"));
    char *final_text =
        get(world, "training", "final-dataset/r/1/credit_default_final_training.csv");
    char *published = get(world, "training", "final-dataset/final.csv");
    assert_string_equal(final_text, published);
    assert_int_equal(strncmp(final_text, "1,10,1,1,1,30,0,", 16), 0);
    free(final_text);
    free(published);
    json_free(result);
}

static void without_a_split_all_rows_train_and_test(void **state)
{
    struct world *world = *state;
    char event[700];
    snprintf(event, sizeof(event), merge_event, "false");
    put_cleaned(world, 20);
    struct json *result = call(world, function_merge, event);
    assert_non_null(result);
    assert_true(json_is_null(json_get(result, "validation")));
    assert_true(json_equal(json_get(result, "train"), json_get(result, "final")));
    assert_true(json_equal(json_get(result, "test"), json_get(result, "final")));
    json_free(result);
}

static void object_that_changed_is_refused(void **state)
{
    struct world *world = *state;
    put_cleaned(world, 20);
    char event[900];
    snprintf(event, sizeof(event),
             "{\"transactions\":{\"bucket\":\"cleaned\",\"key\":\"t.csv\",\"sha256\":\"%064d\"},"
             "\"profiles\":{\"bucket\":\"cleaned\",\"key\":\"p.csv\"},"
             "\"destination\":{\"bucket\":\"training\",\"prefix\":\"final-dataset/r/1/\"}}",
             0);
    assert_null(call(world, function_merge, event));
    assert_string_equal(world->err.code, "changed_under_us");
    assert_false(exists(world, "training", "final-dataset/r/1/report.json"));
}

static void every_function_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (const struct function *function = function_table(); function->name != NULL; function++) {
        assert_ptr_equal(function_find(function->name), function);
    }
    assert_null(function_find("msecindustries-ingest"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(all_objects_under_the_prefix_are_cleaned),
        TEST(repeated_customers_take_a_second_pass),
        TEST(no_input_says_what_to_do),
        TEST(failure_leaves_no_object),
        TEST(broken_expectation_keeps_report_but_not_the_data),
        TEST(events_are_checked_member_by_member),
        TEST(profiles_stream_from_the_database),
        TEST(database_trouble_keeps_its_class),
        TEST(table_names_cannot_carry_sql),
        TEST(merge_makes_the_set_its_parts_and_schema),
        TEST(without_a_split_all_rows_train_and_test),
        TEST(object_that_changed_is_refused),
        cmocka_unit_test(every_function_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
