/* System and manual clocks, and the two ways time is written. */
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, S_PER_DAY = 86400 };

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static int64_t system_wall(struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_MONOTONIC);
}

struct clock *clock_system(void)
{
    static struct clock clock = {.wall_ms = system_wall, .monotonic_ms = system_monotonic};
    return &clock;
}

static int64_t manual_wall(struct clock *clock)
{
    return ((struct clock_manual *)clock)->wall_ms;
}

static int64_t manual_monotonic(struct clock *clock)
{
    return ((struct clock_manual *)clock)->monotonic_ms;
}

void clock_manual_init(struct clock_manual *manual, int64_t wall_ms)
{
    *manual = (struct clock_manual){
        .clock = {.wall_ms = manual_wall, .monotonic_ms = manual_monotonic},
        .wall_ms = wall_ms,
    };
}

void clock_manual_advance(struct clock_manual *manual, int64_t ms)
{
    manual->wall_ms += ms;
    manual->monotonic_ms += ms;
}

void clock_format_utc(int64_t wall_ms, char out_text[CLOCK_TEXT_SIZE])
{
    int64_t ms = wall_ms % MS_PER_S;
    time_t seconds = (time_t)(wall_ms / MS_PER_S);
    if (ms < 0) {
        ms += MS_PER_S;
        seconds--;
    }
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t length = strftime(out_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out_text + length, CLOCK_TEXT_SIZE - length, ".%03dZ", (int)ms);
}

bool clock_parse_utc(struct str text, int64_t *out_wall_ms)
{
    char copy[CLOCK_TEXT_SIZE];
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct tm utc = {0};
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &utc);
    if (rest == NULL) {
        return false;
    }
    int64_t ms = 0;
    if (*rest == '.') {
        int64_t weight = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, weight /= 10) {
            ms += (*rest - '0') * weight;
        }
    }
    if (strcmp(rest, "Z") != 0) {
        return false;
    }
    *out_wall_ms = (int64_t)timegm(&utc) * MS_PER_S + ms;
    return true;
}

bool clock_parse_http(struct str text, int64_t *out_wall_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[CLOCK_TEXT_SIZE], month[4], zone[4];
    struct tm utc = {0};
    int end = 0;
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]%n", &utc.tm_mday, month,
               &utc.tm_year, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, zone, &end) != 7 ||
        copy[end] != '\0' || strcmp(zone, "GMT") != 0) {
        return false;
    }
    const char *found = strstr(months, month);
    if (found == NULL || (found - months) % 3 != 0 || utc.tm_mday < 1 || utc.tm_mday > 31 ||
        utc.tm_hour > 23 || utc.tm_min > 59 || utc.tm_sec > 60) {
        return false;
    }
    utc.tm_mon = (int)(found - months) / 3;
    utc.tm_year -= 1900;
    *out_wall_ms = (int64_t)timegm(&utc) * MS_PER_S;
    return true;
}

void clock_format_duration(int64_t ms, char out_text[CLOCK_TEXT_SIZE])
{
    int64_t s = ms / MS_PER_S;
    long long days = s / S_PER_DAY;
    int hours = (int)(s / 3600 % 24);
    int minutes = (int)(s / 60 % 60);
    if (ms < 0) {
        snprintf(out_text, CLOCK_TEXT_SIZE, "--:--");
    } else if (days > 0) {
        snprintf(out_text, CLOCK_TEXT_SIZE, "%lldd %02d:%02d", days, hours, minutes);
    } else if (hours > 0) {
        snprintf(out_text, CLOCK_TEXT_SIZE, "%d:%02d:%02d", hours, minutes, (int)(s % 60));
    } else {
        snprintf(out_text, CLOCK_TEXT_SIZE, "%02d:%02d", minutes, (int)(s % 60));
    }
}

void clock_format_span(int64_t ms, char out_text[CLOCK_TEXT_SIZE])
{
    if (ms < 0 || ms >= (int64_t)60 * MS_PER_S) {
        clock_format_duration(ms, out_text);
        return;
    }
    /* Cut, not rounded, as the longer form is: 59.99 s is not "60.0 s". */
    bool is_short = ms < (int64_t)10 * MS_PER_S;
    int64_t unit_ms = is_short ? 10 : 100;
    snprintf(out_text, CLOCK_TEXT_SIZE, "%.*f s", is_short ? 2 : 1,
             (double)(ms - ms % unit_ms) / MS_PER_S);
}
