/* One line at a time; whatever is not exactly of the form is no round. */
#include "core/stages/round_line.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { METRICS_MAX = 32, NAME_MAX_LENGTH = 64, ROUND_MAX = 1000000000 };

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '@' || c == '.';
        if (!is_good) {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_MAX_LENGTH;
}

static struct str skip(struct str s, size_t count)
{
    return (struct str){s.ptr + count, s.len - count};
}

static bool take_separator(struct str *rest)
{
    if (str_starts_with(*rest, STR("#011"))) {
        *rest = skip(*rest, 4);
        return true;
    }
    if (rest->len > 0 && rest->ptr[0] == '\t') {
        *rest = skip(*rest, 1);
        return true;
    }
    return false;
}

static size_t length_of_metric(struct str rest)
{
    size_t length = 0;
    while (length < rest.len && rest.ptr[length] != '\t' &&
           !str_starts_with(skip(rest, length), STR("#011"))) {
        length++;
    }
    return length;
}

static bool take_metric(struct str *rest, struct json *metrics)
{
    size_t length = length_of_metric(*rest);
    struct str text;
    struct str name = str_split((struct str){rest->ptr, length}, ':', &text);
    double value;
    if (!is_name(name) || text.len == 0) {
        return false;
    }
    if (str_to_double(text, &value)) {
        char *key = xmemdup0(name.ptr, name.len);
        json_set_number(metrics, key, value);
        free(key);
    }
    *rest = skip(*rest, length);
    return true;
}

bool round_line_parse(struct str line, int64_t *out_round, struct json **out_metrics)
{
    int64_t round;
    struct str rest = str_trim(line);
    if (rest.len == 0 || rest.ptr[0] != '[') {
        return false;
    }
    struct str number = str_split(skip(rest, 1), ']', &rest);
    if (!str_to_i64(number, &round) || round < 0 || round > ROUND_MAX) {
        return false;
    }
    struct json *metrics = json_object();
    bool is_good = true;
    size_t count = 0;
    while (is_good && rest.len > 0) {
        is_good = ++count <= METRICS_MAX && take_separator(&rest) && take_metric(&rest, metrics);
    }
    if (!is_good || count == 0) {
        json_free(metrics);
        return false;
    }
    *out_round = round;
    *out_metrics = metrics;
    return true;
}
