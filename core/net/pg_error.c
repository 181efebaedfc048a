/* Errors of PostgreSQL: classes by SQLSTATE, one-line messages. */
#include "core/net/pg_error.h"

#include "core/base/utf8.h"

#include <string.h>

enum { TEXT_LIMIT = 8192, FIELD_MAX = 400 };

enum error_class pg_error_class(const char *sqlstate)
{
    static const char *const transient[] = {"40001", "40P01", "08", "53", "57"};
    for (size_t i = 0; i < sizeof(transient) / sizeof(transient[0]); i++) {
        if (strncmp(sqlstate, transient[i], strlen(transient[i])) == 0) {
            return ERROR_TRANSIENT;
        }
    }
    return ERROR_PERMANENT;
}

/* "FATAL:  " is translated by the server, the code behind it is not. */
bool pg_error_find_sqlstate(const char *message, char out_sqlstate[PG_SQLSTATE_SIZE])
{
    enum { SIZE = PG_SQLSTATE_SIZE - 1 };
    bool is_found = false;
    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SIZE && code[SIZE] == ':') {
            memcpy(out_sqlstate, code, SIZE);
            out_sqlstate[SIZE] = '\0';
            is_found = true;
        }
    }
    return is_found;
}

/* Lines joined by semicolons, without the "LOCATION:" lines of the verbose form. */
static void append_lines(struct buf *out, const char *text)
{
    struct str rest = str_from(text);
    while (rest.len > 0) {
        struct str line = str_trim(str_split(rest, '\n', &rest));
        if (line.len > 0 && !str_starts_with(line, STR("LOCATION:"))) {
            buf_append_text(out, out->len > 0 ? "; " : "");
            utf8_append_printable(out, line);
        }
    }
}

bool pg_error_of_connect(const char *libpq_message, struct error *err)
{
    char sqlstate[PG_SQLSTATE_SIZE];
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    append_lines(&text, libpq_message);
    if (pg_error_find_sqlstate(libpq_message, sqlstate)) {
        error_set(err, pg_error_class(sqlstate), sqlstate, "PostgreSQL refused the session: %s",
                  buf_text(&text));
    } else if (strstr(libpq_message, "certificate") != NULL) { /* of another authority, or name */
        error_set(err, ERROR_PERMANENT, "tls_failed", "PostgreSQL is not trusted: %s",
                  buf_text(&text));
    } else {
        error_set(err, ERROR_TRANSIENT, "connection_failed", "PostgreSQL cannot be reached: %s",
                  buf_text(&text));
    }
    buf_done(&text);
    return false;
}

bool pg_error_of_loss(const char *libpq_message, struct error *err)
{
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    append_lines(&text, libpq_message);
    error_set(err, ERROR_TRANSIENT, "connection_lost", "the PostgreSQL session was lost: %s",
              buf_text(&text));
    buf_done(&text);
    return false;
}

static void append_field(struct buf *out, const char *name, const char *value)
{
    if (value != NULL && *value != '\0') {
        buf_append_text(out, name);
        utf8_append_printable(out, (struct str){value, strnlen(value, FIELD_MAX)});
    }
}

bool pg_error_of_server(const struct pg_server_error *fields, struct error *err)
{
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    append_field(&text, "", fields->primary);
    append_field(&text, "; ", fields->detail);
    append_field(&text, "; ", fields->context);
    append_field(&text, "; hint: ", fields->hint);
    error_set(err, pg_error_class(fields->sqlstate), fields->sqlstate,
              "PostgreSQL: %.900s (SQLSTATE %s)", buf_text(&text), fields->sqlstate);
    buf_done(&text);
    return false;
}
