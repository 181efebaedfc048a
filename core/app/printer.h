/* Standard output of the batch face and the verbs: whole lines, no control bytes from outside,
 * colours only where they are wanted, and a reader that goes away hurts nobody. */
#ifndef GATEHOUSE_APP_PRINTER_H
#define GATEHOUSE_APP_PRINTER_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/run/run.h"

#include <stdbool.h>

enum { PRINTER_LINE_LIMIT = 64 << 20 };

struct printer {
    int fd;
    bool has_color;
    bool is_gone;    /* the reader closed it: what follows is dropped */
    int os_errno;    /* another write error: what follows is dropped */
    struct buf line; /* scratch of printer_line */
};

/* when: "auto", "always", "never" or NULL (auto). Auto follows NO_COLOR, CLICOLOR_FORCE and the
 * terminal. SIGPIPE must be ignored. */
void printer_init(struct printer *printer, int fd, const char *when);
void printer_done(struct printer *printer);
/* One line, made printable, written at once. */
void printer_line(struct printer *printer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Bytes as they are: what we made ourselves. */
void printer_bytes(struct printer *printer, struct str bytes);
/* A JSON value on one line. */
void printer_json(struct printer *printer, const struct json *json);
/* A line that we made ourselves, as it is. */
void printer_text_line(struct printer *printer, const char *text);
/* Whole lines that we made ourselves, all in the colour of this word (NULL: none). */
void printer_colored(struct printer *printer, const char *word, struct str text);
/* "1,234,567" */
void printer_append_count(int64_t count, struct buf *out);
/* The state's word, padded to 7, in its colour. Written through printer_bytes only. */
void printer_state_word(const struct printer *printer, const char *word, struct buf *out);
/* True when everything was written or the reader went away by itself. */
bool printer_is_good(const struct printer *printer);

/* "gatehouse: <message>" on standard error, printable. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
