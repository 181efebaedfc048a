/* The CSV parser: every input in every chunking, the dialects, the limits, what is refused. */
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/data/csv.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

struct capture {
    struct buf text; /* "line:field|field\n" of each row */
    bool is_fast;    /* lines() takes lines that hold no quote */
};

static bool capture_row(void *context, const struct csv_row *row, struct error *err)
{
    struct capture *capture = context;
    (void)err;
    buf_printf(&capture->text, "%llu%s:", (unsigned long long)row->line,
               row->is_badly_quoted ? "!" : "");
    for (size_t i = 0; i < row->count; i++) {
        buf_append_text(&capture->text, i == 0 ? "" : "|");
        buf_append_str(&capture->text, row->fields[i]);
    }
    return buf_append_char(&capture->text, '\n');
}

static size_t capture_lines(void *context, struct str lines, uint64_t *line)
{
    struct capture *capture = context;
    size_t taken = 0;
    assert_true(lines.ptr[lines.len - 1] == '\n');
    while (capture->is_fast && taken < lines.len) {
        const char *at = lines.ptr + taken;
        size_t len = (size_t)((const char *)memchr(at, '\n', lines.len - taken) - at);
        if (len == 0 || memchr(at, '"', len) != NULL || memchr(at, '\r', len) != NULL) {
            break;
        }
        buf_printf(&capture->text, "%llu:", (unsigned long long)(*line)++);
        for (size_t i = 0; i < len; i++) {
            buf_append_char(&capture->text, at[i] == ',' ? '|' : at[i]);
        }
        buf_append_char(&capture->text, '\n');
        taken += len + 1;
    }
    return taken;
}

/* Chunks are heap blocks of their exact size, so that reading past one is seen. */
static bool feed(struct csv *csv, struct str bytes, size_t chunk, struct error *err)
{
    bool is_good = true;
    while (is_good && bytes.len > 0) {
        size_t len = chunk == 0 || chunk > bytes.len ? bytes.len : chunk;
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, bytes.ptr, len);
        is_good = csv_feed(csv, (struct str){copy, len}, err);
        free(copy);
        bytes = (struct str){bytes.ptr + len, bytes.len - len};
    }
    return is_good && csv_end(csv, err);
}

static bool parse(struct str bytes, size_t chunk, bool is_fast, struct buf *out, struct error *err)
{
    struct capture capture = {.is_fast = is_fast};
    struct csv_handler handler = {capture_row, capture_lines, &capture};
    buf_init(&capture.text, 64u << 20);
    struct csv *csv = csv_new(&handler);
    bool is_good = feed(csv, bytes, chunk, err);
    csv_free(csv);
    *out = capture.text;
    return is_good;
}

static void parses_to(struct str bytes, const char *expected)
{
    for (size_t chunk = 0; chunk <= bytes.len && chunk < 40; chunk++) {
        struct buf rows;
        struct error err = {.message = ""};
        bool is_good = parse(bytes, chunk, false, &rows, &err);
        assert_string_equal(err.message, "");
        assert_true(is_good);
        assert_string_equal(buf_text(&rows), expected);
        buf_done(&rows);
    }
}

static void fails_with(struct str bytes, const char *code, const char *part)
{
    for (size_t chunk = 0; chunk < 3; chunk++) {
        struct buf rows;
        struct error err = {.message = ""};
        assert_false(parse(bytes, chunk == 0 ? 0 : chunk * 50000, false, &rows, &err));
        assert_string_equal(err.code, code);
        assert_int_equal(err.error_class, ERROR_PERMANENT);
        assert_non_null(strstr(err.message, part));
        buf_done(&rows);
    }
}

static void rows_come_with_their_line_numbers(void **state)
{
    (void)state;
    parses_to(STR("a,b\n1,2\n\n3,4\n"), "1:a|b\n2:1|2\n4:3|4\n");
    parses_to(STR("a,b\r\n1,2\r\n3,4"), "1:a|b\n2:1|2\n3:3|4\n");
    parses_to(STR("a,b\r1,2\r\r3,4\r"), "1:a|b\n2:1|2\n4:3|4\n");
    parses_to(STR("\xef\xbb\xbf"
                  "a,b\n1,2\n"),
              "1:a|b\n2:1|2\n");
    parses_to(STR("\n\na,b\n,\n"), "3:a|b\n4:|\n");
    parses_to(STR("a"), "1:a\n");
    parses_to(STR("a,b\n  \n1,\n"), "1:a|b\n3:1|\n");
}

static void delimiter_is_found_in_the_first_line(void **state)
{
    (void)state;
    parses_to(STR("a\tb\n1,5\t2\n"), "1:a|b\n2:1,5|2\n");
    parses_to(STR("a;b;c\n1;2,2;3\n"), "1:a|b|c\n2:1|2,2|3\n");
    parses_to(STR("\"a;b;c\",d\n1,2\n"), "1:a;b;c|d\n2:1|2\n");
}

static void quotes_follow_the_rfc(void **state)
{
    (void)state;
    parses_to(STR("a,b\n\"1\",\"x \"\"y\"\" z\"\n"), "1:a|b\n2:1|x \"y\" z\n");
    parses_to(STR("a,b\n\"1\n2\r\n3\",\",\"\n4,5\n"), "1:a|b\n2:1\n2\r\n3|,\n5:4|5\n");
    parses_to(STR("a,b\n\"\",\"\"\"\"\n"), "1:a|b\n2:|\"\n");
    parses_to(STR("\"a\",\"b\"\r\n\"1\",\"2\"\r\n"), "1:a|b\n2:1|2\n");
}

static void bad_quoting_marks_the_row_and_the_next_rows_are_good(void **state)
{
    (void)state;
    parses_to(STR("a,b\n\"1\"x,2\n3,4\n"), "1:a|b\n2!:1x|2\n3:3|4\n");
    parses_to(STR("a,b\n1\"x,2\n3,4\n"), "1:a|b\n2!:1\"x|2\n3:3|4\n");
    parses_to(STR("a,b\n\"1\"x\"y,2\n3,4\n"), "1:a|b\n2!:1x\"y|2\n3:3|4\n");
}

static void lines_taken_early_give_the_same_rows(void **state)
{
    struct buf input;
    struct buf slow;
    struct buf fast;
    struct error err;
    (void)state;
    buf_init(&input, 8u << 20);
    buf_append_text(&input, "h,i\n");
    for (int i = 0; i < 30000; i++) {
        const char *before = i % 997 == 0 ? "\"" : i % 1009 == 0 ? "\n" : "";
        const char *after = i % 997 == 0 ? "\n\",\"q\"\"\"\n" : i % 1013 == 0 ? ",x\r\n" : ",x\n";
        buf_printf(&input, "%s%d%s", before, i, after);
    }
    for (size_t chunk = 0; chunk < 100000; chunk = chunk * 3 + 777) {
        assert_true(parse(buf_str(&input), 0, false, &slow, &err));
        assert_true(parse(buf_str(&input), chunk, true, &fast, &err));
        assert_string_equal(buf_text(&slow), buf_text(&fast));
        buf_done(&slow);
        buf_done(&fast);
    }
    buf_done(&input);
}

static void other_formats_are_named(void **state)
{
    (void)state;
    fails_with(STR("\xff\xfe"
                   "a\0,\0b\0\n\0"),
               "not_csv", "UTF-16");
    fails_with(STR("PK\x03\x04"
                   "0123456789abcdef"),
               "not_csv", ".xlsx");
    fails_with(STR("\xd0\xcf\x11\xe0"
                   "0123456789abcdef"),
               "not_csv", ".xls");
    fails_with(STR("PAR1"
                   "0123456789abcdef"),
               "not_csv", "Parquet");
    fails_with(STR("\x1f\x8b"
                   "0123456789abcdef"),
               "not_csv", "gzip");
    fails_with(STR("<?xml version=\"1.0\"?><Error/>"), "not_csv", "XML");
    fails_with(STR("\x89PNG\r\n\x1a\n0123456789"), "not_csv", "binary");
}

static void nul_bytes_are_refused_with_their_place(void **state)
{
    (void)state;
    fails_with(STR("a,b\n1,2\n30000,40000\n3,\0004\n"), "not_csv", "line 4, byte 22");
}

static void a_file_that_ends_inside_quotes_is_truncated(void **state)
{
    (void)state;
    fails_with(STR("a,b\n1,2\n\"3,4\n5,6\n"), "truncated", "line 3");
}

static void nothing_at_all_is_an_empty_input(void **state)
{
    (void)state;
    fails_with(STR(""), "empty_input", "empty");
    fails_with(STR("\n\n  \n"), "empty_input", "empty");
    fails_with(STR("\xef\xbb\xbf"), "empty_input", "empty");
}

static void an_endless_line_fails_early_with_bounded_memory(void **state)
{
    struct capture capture = {.is_fast = false};
    struct csv_handler handler = {capture_row, NULL, &capture};
    (void)state;
    for (int is_quoted = 0; is_quoted < 3; is_quoted++) {
        char chunk[3000];
        struct error err = {.message = ""};
        struct csv *csv = csv_new(&handler);
        size_t fed = 0;
        bool is_good =
            is_quoted == 0 || csv_feed(csv, is_quoted == 1 ? STR("a,b\n\"") : STR("\""), &err);
        memset(chunk, 'x', sizeof(chunk));
        buf_init(&capture.text, 4096);
        while (is_good && fed < 100u << 20) {
            is_good = csv_feed(csv, (struct str){chunk, sizeof(chunk)}, &err);
            fed += sizeof(chunk);
        }
        assert_false(is_good);
        assert_string_equal(err.code, "line_too_long");
        assert_true(fed <= 4u * CSV_LINE_MAX);
        csv_free(csv);
        buf_done(&capture.text);
    }
}

static void too_many_fields_are_refused(void **state)
{
    struct buf line;
    (void)state;
    buf_init(&line, 4096);
    for (int i = 0; i < CSV_FIELDS_MAX - 1; i++) {
        buf_append_char(&line, ',');
    }
    struct buf rows;
    struct error err;
    assert_true(parse(buf_str(&line), 0, false, &rows, &err));
    buf_done(&rows);
    buf_append_char(&line, ',');
    fails_with(buf_str(&line), "not_csv", "256 fields");
    buf_done(&line);
}

static bool refuse_row(void *context, const struct csv_row *row, struct error *err)
{
    (void)context;
    return row->line < 2 || error_set(err, ERROR_CANCELLED, "enough", "stopped");
}

static void an_error_of_the_handler_ends_the_parsing(void **state)
{
    struct csv_handler handler = {refuse_row, NULL, NULL};
    struct csv *csv = csv_new(&handler);
    struct error err;
    (void)state;
    assert_false(feed(csv, STR("a,b\n1,2\n"), 0, &err));
    assert_string_equal(err.code, "enough");
    csv_free(csv);
}

static void a_reset_parser_takes_another_dialect(void **state)
{
    struct capture capture = {.is_fast = false};
    struct csv_handler handler = {capture_row, NULL, &capture};
    struct csv *csv = csv_new(&handler);
    struct error err;
    (void)state;
    buf_init(&capture.text, 4096);
    assert_true(feed(csv, STR("a;b\r1;2\r"), 0, &err));
    csv_reset(csv);
    assert_true(feed(csv, STR("c\td\n3\t4\n"), 0, &err));
    assert_string_equal(buf_text(&capture.text), "1:a|b\n2:1|2\n1:c|d\n2:3|4\n");
    csv_free(csv);
    buf_done(&capture.text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_with_their_line_numbers),
        cmocka_unit_test(delimiter_is_found_in_the_first_line),
        cmocka_unit_test(quotes_follow_the_rfc),
        cmocka_unit_test(bad_quoting_marks_the_row_and_the_next_rows_are_good),
        cmocka_unit_test(lines_taken_early_give_the_same_rows),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(nul_bytes_are_refused_with_their_place),
        cmocka_unit_test(a_file_that_ends_inside_quotes_is_truncated),
        cmocka_unit_test(nothing_at_all_is_an_empty_input),
        cmocka_unit_test(an_endless_line_fails_early_with_bounded_memory),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(an_error_of_the_handler_ends_the_parsing),
        cmocka_unit_test(a_reset_parser_takes_another_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
