/* The forms in which AWS and its tools write a moment. Pure. */
#ifndef GATEHOUSE_AWS_TIME_H
#define GATEHOUSE_AWS_TIME_H

#include "core/base/str.h"

/* RFC 3339 with Z or an offset ("2026-11-22T16:39:28.5+01:00"), and the "...UTC" of old SSO caches;
 * gives Unix time in ms. */
bool aws_time_parse(struct str text, int64_t *out_wall_ms);

#endif
