/* Reading a stream: what fits is taken, what does not is told with its line and what was expected.
 */
#include "core/app/replay_read.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>
#include <string.h>

#define LINE(seq, run)                                                                             \
    "{\"v\":\"1.0\",\"ts\":\"2026-11-22T15:39:28.123Z\",\"run\":\"" run "\",\"seq\":" #seq         \
    ",\"type\":\"run.state\",\"from\":\"created\",\"to\":\"running\"}\n"

static bool parse(const char *text, struct event_list *list, struct error *err)
{
    char run_id[RUN_ID_SIZE] = "";
    *list = (struct event_list){0};
    bool is_good = replay_parse_stream(str_from(text), "s.jsonl", list, run_id, err);
    assert_true(!is_good || strcmp(run_id, "r-1") == 0);
    return is_good;
}

static void lines_become_events_in_order(void **state)
{
    (void)state;
    struct event_list list;
    struct error err;
    assert_true(parse(LINE(1, "r-1") LINE(2, "r-1") LINE(3, "r-1"), &list, &err));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[2].seq, 3);
    assert_int_equal(list.items[2].type, EVENT_RUN_STATE);
    event_list_done(&list);
}

static void a_last_line_without_newline_is_whole_or_refused(void **state)
{
    (void)state;
    struct event_list list;
    struct error err;
    char text[] = LINE(1, "r-1") LINE(2, "r-1");
    text[strlen(text) - 1] = '\0';
    assert_true(parse(text, &list, &err));
    assert_int_equal(list.count, 2);
    event_list_done(&list);
    text[strlen(text) - 9] = '\0';
    assert_false(parse(text, &list, &err));
    assert_non_null(strstr(err.message, "s.jsonl:2: the line is cut off"));
    event_list_done(&list);
}

static void what_does_not_fit_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "s.jsonl: the stream is empty, expected"},
        {"\n", "s.jsonl:1: event: not valid JSON"},
        {LINE(1, "r-1") "garbage\n" LINE(2, "r-1"), "s.jsonl:2: event: not valid JSON"},
        {LINE(1, "r-1") "[]\n", "s.jsonl:2: event: the line is not a JSON object"},
        {LINE(1, "r-1") LINE(3, "r-1"), "s.jsonl:2: seq is 3, expected 2"},
        {LINE(1, "r-1") LINE(1, "r-1"), "s.jsonl:2: seq is 1, expected 2"},
        {LINE(31, "r-1"), "s.jsonl:1: the stream begins with seq 31, expected 1"},
        {LINE(1, "r-1") LINE(2, "r-2"), "s.jsonl:2: the line is of run r-2, those before"},
        {LINE(1, "a\\u001b[31m"), "s.jsonl:1: \"run\" is not the id of a run"},
        {LINE(1, "a23456789-123456789-123456789-12"), "s.jsonl:1: \"run\" is not the id"},
        {"{\"v\":\"2.0\",\"ts\":\"2026-11-22T15:39:28.123Z\",\"run\":\"r-1\",\"seq\":1}\n",
         "s.jsonl:1: event: stream version \"2.0\" is not understood, only 1.0 is"},
        {"{\"v\":\"1.0\",\"ts\":\"yesterday\",\"run\":\"r-1\",\"seq\":1}\n",
         "s.jsonl:1: event: \"ts\" is not a time"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event_list list;
        struct error err;
        assert_false(parse(cases[i].text, &list, &err));
        if (strstr(err.message, cases[i].said) != err.message) {
            fail_msg("\"%s\" does not begin with \"%s\"", err.message, cases[i].said);
        }
        event_list_done(&list);
    }
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    struct event_list list;
    struct error err;
    size_t len = REPLAY_LINE_MAX + 1;
    char *text = malloc(len + 1);
    memset(text, '[', len);
    text[len] = '\0';
    assert_false(parse(text, &list, &err));
    assert_non_null(strstr(err.message, "longer than 4 MiB"));
    event_list_done(&list);
    free(text);
}

static bool read_operand(struct replay_source *source, const char *operand, struct error *err)
{
    struct options options = {.operands = {operand}, .operand_count = 1};
    char state_folder[] = "/nowhere";
    struct app app = {.options = &options, .in = -1, .state_folder = state_folder};
    return replay_source_read(source, &app, err);
}

static void a_file_is_a_stream_and_another_word_a_run(void **state)
{
    (void)state;
    struct replay_source source;
    struct error err;
    char *folder = test_folder_new();
    char *path = file_join(folder, "run.jsonl");
    test_file_write(folder, "run.jsonl", LINE(1, "r-1") LINE(2, "r-1"), 0600);
    assert_true(read_operand(&source, path, &err));
    assert_int_equal(source.events.count, 2);
    assert_false(source.is_stored);
    replay_source_done(&source);
    assert_false(read_operand(&source, "/nowhere/run.jsonl", &err));
    assert_non_null(strstr(err.message, "/nowhere/run.jsonl: there is no such file"));
    replay_source_done(&source);
    assert_false(read_operand(&source, "latest", &err)); /* of a store that is not there */
    replay_source_done(&source);
    free(path);
    test_folder_free(folder);
}

static void lines_that_are_no_run_are_told_with_their_line(void **state)
{
    (void)state;
    struct replay_source source;
    struct replay replay;
    struct view view;
    struct error err;
    char *folder = test_folder_new();
    char *path = file_join(folder, "run.jsonl");
    test_file_write(folder, "run.jsonl", LINE(1, "r-1") LINE(2, "r-1"), 0600);
    assert_true(read_operand(&source, path, &err));
    assert_false(replay_source_open(&source, &replay, &view, &err));
    assert_non_null(strstr(err.message, "run.jsonl:1: event 1 (run.state) does not fit the run"));
    replay_source_done(&source);
    free(path);
    test_folder_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_events_in_order),
        cmocka_unit_test(a_last_line_without_newline_is_whole_or_refused),
        cmocka_unit_test(what_does_not_fit_is_told_with_its_line),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(a_file_is_a_stream_and_another_word_a_run),
        cmocka_unit_test(lines_that_are_no_run_are_told_with_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
