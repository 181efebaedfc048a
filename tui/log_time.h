/* How much of a try's log was there at a time: for replays. */
#ifndef GATEHOUSE_TUI_LOG_TIME_H
#define GATEHOUSE_TUI_LOG_TIME_H

#include <stdint.h>

/* Bytes of the lines up to this time, at a line's end; a line without a time belongs to the one
 * before it. Times ascend, as core/engine/try_log.h writes them. 0 when there is no such file. */
int64_t log_time_size(const char *path, int64_t until_ms);

#endif
