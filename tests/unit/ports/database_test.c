/* Quoting by the rules of the PostgreSQL manual 4.1, and what query_done frees. */
#include "core/ports/database.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

static void expect_identifier(struct str name, const char *expected)
{
    struct buf sql;
    buf_init(&sql, 1000);
    database_append_identifier(&sql, name);
    assert_string_equal(buf_text(&sql), expected);
    buf_done(&sql);
}

static void expect_literal(struct str value, const char *expected)
{
    struct buf sql;
    buf_init(&sql, 1000);
    database_append_literal(&sql, value);
    assert_string_equal(buf_text(&sql), expected);
    buf_done(&sql);
}

static void identifiers_are_quoted_whole(void **state)
{
    (void)state;
    expect_identifier(STR("customer_profile"), "\"customer_profile\"");
    expect_identifier(STR("Mixed Case"), "\"Mixed Case\"");
    expect_identifier(STR("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
    expect_identifier(STR("\"\""), "\"\"\"\"\"\"");
    expect_identifier(STR("a'b"), "\"a'b\"");
    expect_identifier(STR("a.b"), "\"a.b\"");
    expect_identifier(STR(""), "\"\"");
}

static void literals_cannot_be_left(void **state)
{
    (void)state;
    expect_literal(STR("plain"), "'plain'");
    expect_literal(STR("it's"), "'it''s'");
    expect_literal(STR("'; DROP TABLE x; --"), "'''; DROP TABLE x; --'");
    expect_literal(STR("back\\slash\\'"), "'back\\slash\\'''");
    expect_literal(STR("a\"b"), "'a\"b'");
    expect_literal(STR("\xc3\xa4\n"), "'\xc3\xa4\n'");
    expect_literal(STR(""), "''");
}

static void quoting_appends_to_what_is_there(void **state)
{
    (void)state;
    struct buf sql;
    buf_init(&sql, 1000);
    buf_append_text(&sql, "SELECT ");
    database_append_literal(&sql, STR("a"));
    buf_append_text(&sql, " FROM ");
    database_append_identifier(&sql, STR("t"));
    assert_string_equal(buf_text(&sql), "SELECT 'a' FROM \"t\"");
    assert_false(sql.is_overflowed);
    buf_done(&sql);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    struct buf sql;
    buf_init(&sql, 4);
    database_append_literal(&sql, STR("12345"));
    assert_true(sql.is_overflowed);
    buf_done(&sql);
}

static void query_done_frees_all_rows_and_may_be_called_again(void **state)
{
    (void)state;
    struct database_query query = {0};
    query.rows.row_count = 2;
    query.rows.column_count = 2;
    query.rows.columns = xcalloc(2, sizeof(query.rows.columns[0]));
    query.rows.values = xcalloc(4, sizeof(query.rows.values[0]));
    query.rows.columns[0] = xstrdup("a");
    query.rows.columns[1] = xstrdup("b");
    query.rows.values[0] = xstrdup("1");
    query.rows.values[3] = xstrdup("4"); /* the others are SQL NULLs */
    database_query_done(&query);
    assert_int_equal(query.rows.row_count, 0);
    assert_null(query.rows.values);
    database_query_done(&query);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_quoted_whole),
        cmocka_unit_test(literals_cannot_be_left),
        cmocka_unit_test(quoting_appends_to_what_is_there),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(query_done_frees_all_rows_and_may_be_called_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
