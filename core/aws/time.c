/* The offset is taken off, the rest is UTC. */
#include "core/aws/time.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>

enum { OFFSET_SIZE = 6 /* "+01:00" */, MS_PER_MINUTE = 60000 };

/* Minutes east of Greenwich. */
static bool parse_offset(struct str text, int64_t *out_minutes)
{
    uint64_t hours = 0, minutes = 0;
    if (text.len != OFFSET_SIZE || (text.ptr[0] != '+' && text.ptr[0] != '-') ||
        text.ptr[3] != ':' || !str_to_u64((struct str){text.ptr + 1, 2}, &hours) ||
        !str_to_u64((struct str){text.ptr + 4, 2}, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *out_minutes = (int64_t)(hours * 60 + minutes) * (text.ptr[0] == '-' ? -1 : 1);
    return true;
}

bool aws_time_parse(struct str text, int64_t *out_wall_ms)
{
    char utc[CLOCK_TEXT_SIZE];
    int64_t minutes = 0, wall_ms = 0;
    size_t kept = 0;
    struct str end = {NULL, 0};
    if (str_ends_with(text, STR("Z"))) {
        kept = text.len - 1;
    } else if (str_ends_with(text, STR("UTC"))) {
        kept = text.len - 3;
    } else if (text.len > OFFSET_SIZE) {
        kept = text.len - OFFSET_SIZE;
        end = (struct str){text.ptr + kept, OFFSET_SIZE};
    }
    if (kept == 0 || kept + 2 > sizeof(utc) || (end.len > 0 && !parse_offset(end, &minutes))) {
        return false;
    }
    memcpy(utc, text.ptr, kept);
    memcpy(utc + kept, "Z", 2);
    if (!clock_parse_utc(str_from(utc), &wall_ms)) {
        return false;
    }
    *out_wall_ms = wall_ms - minutes * MS_PER_MINUTE;
    return true;
}
