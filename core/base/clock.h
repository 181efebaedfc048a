/* The clock port: code that must be tested takes a struct clock instead of asking the system. */
#ifndef GATEHOUSE_BASE_CLOCK_H
#define GATEHOUSE_BASE_CLOCK_H

#include "core/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(struct clock *clock);      /* Unix time in ms; may jump */
    int64_t (*monotonic_ms)(struct clock *clock); /* never goes back; its zero means nothing */
};

struct clock *clock_system(void); /* borrows a constant; any thread */

struct clock_manual { /* for tests: time moves only when told */
    struct clock clock;
    int64_t wall_ms;
    int64_t monotonic_ms;
};
void clock_manual_init(struct clock_manual *manual, int64_t wall_ms);
void clock_manual_advance(struct clock_manual *manual, int64_t ms); /* both clocks */

enum { CLOCK_TEXT_SIZE = 32 };
/* "2026-11-22T15:39:28.123Z" (RFC 3339, UTC). */
void clock_format_utc(int64_t wall_ms, char out_text[CLOCK_TEXT_SIZE]);
/* The same form back; the fraction is optional. */
bool clock_parse_utc(struct str text, int64_t *out_wall_ms);
/* "Sun, 22 Nov 2026 15:39:28 GMT" (RFC 9110 section 5.6.7, IMF-fixdate), whatever the locale. */
bool clock_parse_http(struct str text, int64_t *out_wall_ms);
/* "00:42", "14:09", "1:02:03", "2d 03:04": for people. Negative is "--:--". */
void clock_format_duration(int64_t ms, char out_text[CLOCK_TEXT_SIZE]);
/* The same, but below a minute in seconds: "0.72 s", "14.2 s". */
void clock_format_span(int64_t ms, char out_text[CLOCK_TEXT_SIZE]);

#endif
