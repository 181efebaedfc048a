/* Editing a line. A character moves and dies together with the combining marks on it. */
#include "tui/line.h"

#include "core/app/keys.h"
#include "core/base/utf8.h"

#include <string.h>
#include <wchar.h>

void line_set(struct line *line, const char *text)
{
    *line = (struct line){.cursor = 0};
    line_insert(line, str_from(text));
}

/* Where the character at `at` ends, with its marks. */
static size_t next_of(const struct line *line, size_t at)
{
    struct str rest = str_from(line->text + at);
    uint32_t code_point = 0;
    size_t len = rest.len == 0 ? 0 : utf8_decode(rest, &code_point);
    while (len < rest.len) {
        struct str after = {rest.ptr + len, rest.len - len};
        size_t mark = utf8_decode(after, &code_point);
        if (wcwidth((wchar_t)code_point) != 0) {
            break;
        }
        len += mark;
    }
    return at + len;
}

static size_t previous_of(const struct line *line, size_t at)
{
    size_t previous = 0;
    for (size_t i = 0; i < at; i = next_of(line, i)) {
        previous = i;
    }
    return previous;
}

static void erase(struct line *line, size_t from, size_t to)
{
    memmove(line->text + from, line->text + to, strlen(line->text + to) + 1);
    line->cursor = from;
}

static size_t word_before(const struct line *line)
{
    size_t at = line->cursor;
    while (at > 0 && line->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && line->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

void line_insert(struct line *line, struct str text)
{
    struct buf clean;
    size_t len = strlen(line->text);
    buf_init(&clean, LINE_SIZE);
    utf8_append_printable(&clean, text);
    if (len + clean.len < sizeof(line->text) && !clean.is_overflowed) {
        memmove(line->text + line->cursor + clean.len, line->text + line->cursor,
                len - line->cursor + 1);
        memcpy(line->text + line->cursor, buf_text(&clean), clean.len);
        line->cursor += clean.len;
    }
    buf_done(&clean);
}

static bool insert_key(struct line *line, uint32_t key)
{
    struct buf bytes;
    if (key < ' ' || key >= INPUT_FIRST_SPECIAL || !utf8_is_printable(key)) {
        return false;
    }
    buf_init(&bytes, LINE_SIZE);
    utf8_append(&bytes, key);
    line_insert(line, buf_str(&bytes));
    buf_done(&bytes);
    return true;
}

bool line_key(struct line *line, uint32_t key)
{
    switch (key) {
    case INPUT_CTRL('a'):
    case INPUT_TO_START:
        line->cursor = 0;
        break;
    case INPUT_CTRL('e'):
    case INPUT_TO_END:
        line->cursor = strlen(line->text);
        break;
    case INPUT_LEFT_ARROW:
        line->cursor = previous_of(line, line->cursor);
        break;
    case INPUT_RIGHT_ARROW:
        line->cursor = next_of(line, line->cursor);
        break;
    case INPUT_RUBOUT:
        erase(line, previous_of(line, line->cursor), line->cursor);
        break;
    case INPUT_DELETE:
        erase(line, line->cursor, next_of(line, line->cursor));
        break;
    case INPUT_CTRL('u'):
        erase(line, 0, line->cursor);
        break;
    case INPUT_CTRL('k'):
        line->text[line->cursor] = '\0';
        break;
    case INPUT_CTRL('w'):
        erase(line, word_before(line), line->cursor);
        break;
    default:
        return insert_key(line, key);
    }
    return true;
}

void line_draw(const struct line *line, const struct area *area, int x, int y, enum role role)
{
    struct area room = area_sub(area, x, y, area->cols - x, 1);
    struct str before = {line->text, line->cursor};
    size_t end = next_of(line, line->cursor);
    int cursor = text_columns(before);
    int shift = cursor + 2 > room.cols ? cursor + 2 - room.cols : 0;
    area_text(&room, -shift, 0, role, line->text);
    struct str under = {line->text + line->cursor, end - line->cursor};
    area_put(&room, cursor - shift, 0, ROLE_BUTTON_FOCUS, under.len == 0 ? STR(" ") : under);
}
