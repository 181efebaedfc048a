/* Lines to standard output, complaints to standard error. */
#include "core/app/printer.h"

#include "core/base/file.h"
#include "core/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMPLAINT_LIMIT = 1 << 16 };

static bool wants_color(int fd, const char *when)
{
    if (when != NULL && strcmp(when, "auto") != 0) {
        return strcmp(when, "always") == 0;
    }
    const char *never = getenv("NO_COLOR");
    const char *always = getenv("CLICOLOR_FORCE");
    const char *term = getenv("TERM");
    if (never != NULL && *never != '\0') {
        return false;
    }
    if (always != NULL && *always != '\0' && strcmp(always, "0") != 0) {
        return true;
    }
    return isatty(fd) != 0 && term != NULL && strcmp(term, "dumb") != 0;
}

void printer_init(struct printer *printer, int fd, const char *when)
{
    *printer = (struct printer){.fd = fd, .has_color = wants_color(fd, when)};
    buf_init(&printer->line, PRINTER_LINE_LIMIT);
}

void printer_done(struct printer *printer)
{
    buf_done(&printer->line);
}

void printer_bytes(struct printer *printer, struct str bytes)
{
    struct error err;
    if (printer->is_gone || printer->os_errno != 0 || bytes.len == 0) {
        return;
    }
    if (!file_write_all(printer->fd, bytes, &err)) {
        printer->is_gone = err.os_errno == EPIPE;
        printer->os_errno = err.os_errno == EPIPE ? 0 : err.os_errno;
    }
}

void printer_line(struct printer *printer, const char *format, ...)
{
    struct buf raw;
    va_list args;
    buf_init(&raw, PRINTER_LINE_LIMIT);
    va_start(args, format);
    buf_vprintf(&raw, format, args);
    va_end(args);
    buf_reset(&printer->line);
    utf8_append_printable(&printer->line, buf_str(&raw));
    buf_append_char(&printer->line, '\n');
    printer_bytes(printer, buf_str(&printer->line));
    buf_done(&raw);
}

void printer_text_line(struct printer *printer, const char *text)
{
    buf_reset(&printer->line);
    buf_append_text(&printer->line, text);
    buf_append_char(&printer->line, '\n');
    printer_bytes(printer, buf_str(&printer->line));
}

void printer_json(struct printer *printer, const struct json *json)
{
    char *text = json_print(json);
    printer_text_line(printer, text);
    free(text);
}

void printer_append_count(int64_t count, struct buf *out)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)count);
    for (int i = 0; i < len; i++) {
        int left = len - 1 - i;
        buf_append_char(out, digits[i]);
        if (digits[i] != '-' && left > 0 && left % 3 == 0) {
            buf_append_char(out, ',');
        }
    }
}

/* The terminal's own 16 colours, so that it is readable on any background. */
static const char *color_of(const char *word)
{
    static const char *const colors[][2] = {
        {"OK", "32"},        {"success", "1;32"},  {"passed", "1;32"}, {"RUN", "36"},
        {"RETRY", "33"},     {"WARN", "33"},       {"SKIP", "33"},     {"CANCEL", "33"},
        {"cancelled", "33"}, {"FAILED", "31"},     {"BLOCKED", "31"},  {"failed", "1;31"},
        {"REJECT", "1;35"},  {"rejected", "1;35"},
    };
    for (size_t i = 0; word != NULL && i < sizeof(colors) / sizeof(colors[0]); i++) {
        if (strcmp(colors[i][0], word) == 0) {
            return colors[i][1];
        }
    }
    return NULL;
}

void printer_colored(struct printer *printer, const char *word, struct str text)
{
    const char *color = printer->has_color ? color_of(word) : NULL;
    if (color == NULL) {
        printer_bytes(printer, text);
        return;
    }
    buf_reset(&printer->line);
    while (text.len > 0) {
        struct str line = str_split(text, '\n', &text);
        buf_printf(&printer->line, "\033[%sm%.*s\033[0m\n", color, STR_ARG(line));
    }
    printer_bytes(printer, buf_str(&printer->line));
}

void printer_state_word(const struct printer *printer, const char *word, struct buf *out)
{
    const char *color = printer->has_color ? color_of(word) : NULL;
    if (color == NULL) {
        buf_printf(out, "%-7s", word);
    } else {
        buf_printf(out, "\033[%sm%-7s\033[0m", color, word);
    }
}

bool printer_is_good(const struct printer *printer)
{
    return printer->os_errno == 0;
}

void complain(const char *format, ...)
{
    struct buf raw, line;
    struct error ignored;
    va_list args;
    buf_init(&raw, COMPLAINT_LIMIT);
    buf_init(&line, (size_t)COMPLAINT_LIMIT * 4);
    va_start(args, format);
    buf_vprintf(&raw, format, args);
    va_end(args);
    buf_append_text(&line, "gatehouse: ");
    utf8_append_printable(&line, buf_str(&raw));
    buf_append_char(&line, '\n');
    file_write_all(STDERR_FILENO, buf_str(&line), &ignored);
    buf_done(&raw);
    buf_done(&line);
}
