/* Any search or filter on any line: whatever is found lies where it says, is not empty and belongs
 * to a text that matches; and any text is drawn in the columns that are counted. The first byte
 * chooses search or filter, a newline ends what is typed. */
#include "core/base/alloc.h"
#include "tui/log_match.h"
#include "tui/log_view.h"
#include "tui/screen.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(struct str text, int cols)
{
    while (text.len > 0) {
        size_t len = log_row_len(text, cols);
        assert(len > 0 && len <= text.len);
        assert(text_columns((struct str){text.ptr, len}) <= cols);
        text = (struct str){text.ptr + len, text.len - len};
    }
}

static void check_drawing(struct str text)
{
    struct screen screen;
    struct buf out;
    screen_init(&screen, 20, 2, false);
    struct area all = area_of(&screen);
    int columns = text_columns(text);
    assert(area_put(&all, 0, 0, ROLE_TEXT, text) == (columns < 20 ? columns : 20));
    area_put(&all, -3, 1, ROLE_TEXT, text);
    buf_init(&out, 1 << 16);
    screen_text(&screen, &out);
    for (size_t i = 0; i < out.len; i++) {
        assert((unsigned char)out.ptr[i] >= ' ' || out.ptr[i] == '\n');
    }
    buf_done(&out);
    screen_done(&screen);
}

static void check_match(const struct log_match *match, struct str raw)
{
    struct log_line line = log_line_parse(raw);
    struct text_span near = {0, line.text.len}, span;
    bool is_match = log_match_line(match, &line);
    assert(!is_match || log_match_may(match, raw));
    while (log_match_find(match, line.text, near, &span)) {
        assert(span.start >= near.start && span.start < span.end && span.end <= line.text.len);
        assert(is_match || line.level < match->level);
        near.start = span.end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_match match = {.typed = NULL};
    struct error err;
    if (size < 1 || size > 4096) {
        return 0;
    }
    struct str rest = {NULL, 0};
    struct str typed = str_split((struct str){(const char *)data + 1, size - 1}, '\n', &rest);
    char *copy = xmemdup0(typed.ptr, typed.len);
    bool is_set =
        log_match_set(&match, data[0] % 2 == 0 ? LOG_MATCH_SEARCH : LOG_MATCH_FILTER, copy, &err);
    assert(is_set || err.message[0] != '\0');
    if (is_set && log_match_is_on(&match)) {
        check_match(&match, rest);
    }
    check_rows(rest, 2 + data[0] % 30);
    check_drawing(rest);
    log_match_done(&match);
    free(copy);
    return 0;
}
