/* The words of a function's failure, made printable. */
#include "core/ports/function_failure.h"

#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

bool function_call_check(const char *name, const char *event, struct error *err)
{
    if (name == NULL || *name == '\0' || *name == '-' || strlen(name) >= FUNCTION_NAME_SIZE) {
        return error_set(err, ERROR_PERMANENT, "bad_name", "'%.140s' is not a function's name",
                         name == NULL ? "" : name);
    }
    if (strlen(event) > FUNCTION_PAYLOAD_MAX) {
        return error_set(err, ERROR_PERMANENT, "event_too_large",
                         "%s: the event has %zu bytes, %d are allowed", name, strlen(event),
                         FUNCTION_PAYLOAD_MAX);
    }
    return true;
}

static void take_error_type(struct str type, struct error *err)
{
    struct str code = {0};
    enum error_class error_class = ERROR_PERMANENT;
    bool is_ours = error_class_from_name(str_split(type, ':', &code), &error_class) &&
                   code.len > 0 &&
                   (error_class == ERROR_TRANSIENT || error_class == ERROR_PERMANENT);
    struct str word = is_ours ? code : type.len > 0 ? type : STR("function_failed");
    err->error_class = is_ours ? error_class : ERROR_PERMANENT;
    snprintf(err->code, sizeof(err->code), STR_FMT, STR_ARG(word));
}

bool function_failure_read(const char *name, const struct json *answer, struct error *err)
{
    struct buf text;
    struct str message = str_from(json_text_or(answer, "errorMessage", "no message"));
    buf_init(&text, 4 * message.len + 1);
    utf8_append_printable(&text, message);
    error_set(err, ERROR_PERMANENT, "", "%s: %s", name, buf_text(&text));
    buf_done(&text);
    buf_init(&text, 4 * ERROR_CODE_SIZE);
    utf8_append_printable(&text, str_from(json_text_or(answer, "errorType", "")));
    take_error_type(buf_str(&text), err);
    buf_done(&text);
    return false;
}
