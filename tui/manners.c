/* Tables and forms of escape sequences. */
#include "tui/manners.h"

#include "core/base/utf8.h"

#include <string.h>

enum {
    WHEEL = 64,
    BUTTON_MASK = 0x43,
    REPORT_NUMBERS = 3,
    COORDINATE_MAX = 10000,
    OLD_REPORT_SIZE = 3
};

const char *term_mode_bytes(enum term_mode mode, bool is_on)
{
    static const struct {
        const char *on, *off;
    } bytes[TERM_MODE_COUNT] = {
#define X(id, on, off) {on, off},
        TERM_MODES(X)
#undef X
    };
    return is_on ? bytes[mode].on : bytes[mode].off;
}

static struct pointer pointer_of(int button, int column, int row)
{
    struct pointer pointer = {.kind = POINTER_OTHER, .x = column - 1, .y = row - 1};
    int pressed = button & BUTTON_MASK; /* without Shift, Alt, Ctrl */
    bool is_motion = (button & 32) != 0;
    if (column < 1 || row < 1 || is_motion) {
        return pointer;
    }
    if (pressed == 0) {
        pointer.kind = POINTER_PRESS;
    } else if (pressed == WHEEL || pressed == WHEEL + 1) {
        pointer.kind = pressed == WHEEL ? POINTER_WHEEL_UP : POINTER_WHEEL_DOWN;
    }
    return pointer;
}

static bool pointer_parse(struct str report, struct pointer *out_pointer)
{
    int64_t numbers[REPORT_NUMBERS];
    char final = report.len == 0 ? '\0' : report.ptr[report.len - 1];
    struct str rest = {report.ptr, report.len == 0 ? 0 : report.len - 1};
    if (final != 'M' && final != 'm') {
        return false;
    }
    for (size_t i = 0; i < REPORT_NUMBERS; i++) {
        if (!str_to_i64(str_split(rest, ';', &rest), &numbers[i]) || numbers[i] < 0 ||
            numbers[i] > COORDINATE_MAX) {
            return false;
        }
    }
    struct pointer pointer = pointer_of((int)numbers[0], (int)numbers[1], (int)numbers[2]);
    pointer.kind = final == 'm' ? POINTER_OTHER : pointer.kind; /* released */
    *out_pointer = pointer;
    return rest.len == 0;
}

void pointer_begin(struct pointer_report *report, bool is_old)
{
    *report = (struct pointer_report){.kind = is_old ? POINTER_REPORT_OLD : POINTER_REPORT_NEW};
}

bool pointer_take(struct pointer_report *report, uint32_t character, struct pointer *out_pointer)
{
    bool is_old = report->kind == POINTER_REPORT_OLD;
    bool is_whole = false;
    report->text[report->len++] = (char)(character > 0x7e ? '?' : character);
    bool is_end = is_old ? report->len == OLD_REPORT_SIZE : character == 'M' || character == 'm';
    if (is_end && is_old) {
        *out_pointer =
            pointer_of(report->text[0] - ' ', report->text[1] - ' ', report->text[2] - ' ');
        is_whole = true;
    } else if (is_end) {
        is_whole = pointer_parse((struct str){report->text, report->len}, out_pointer);
    }
    if (is_end || report->len == sizeof(report->text)) {
        report->kind = POINTER_REPORT_NONE;
    }
    return is_whole;
}

static bool is_among(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strncmp(word, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

bool manners_knows_frames(const char *term, const char *term_program)
{
    static const char *const terms[] = {"alacritty",   "contour",      "foot",    "ghostty",
                                        "mintty",      "rio",          "wezterm", "kitty",
                                        "xterm-kitty", "xterm-ghostty"};
    static const char *const programs[] = {"iTerm.app", "WezTerm", "ghostty", "mintty", "rio"};
    return is_among(term, terms, sizeof(terms) / sizeof(terms[0])) ||
           is_among(term_program, programs, sizeof(programs) / sizeof(programs[0]));
}

void manners_append_notice(struct str text, struct buf *out)
{
    buf_append_text(out, "\033]9;");
    utf8_append_printable(out, text);
    buf_append_char(out, '\a');
}

void manners_append_title(struct str text, struct buf *out)
{
    buf_append_text(out, "\033]2;");
    utf8_append_printable(out, text);
    buf_append_char(out, '\a');
}
