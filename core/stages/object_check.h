/* Is an object what somebody said it is? By head, without reading it. Loop thread only. */
#ifndef GATEHOUSE_STAGES_OBJECT_CHECK_H
#define GATEHOUSE_STAGES_OBJECT_CHECK_H

#include "core/base/json.h"
#include "core/ports/object_store.h"

#include <stdint.h>

/* Clocks of machines differ, and stores keep time in whole seconds. */
enum { OBJECT_CHECK_TOLERANCE_MS = 60000 };

/* {"bucket","key","sha256"?,"size_bytes"?}, as functions give it and stages pass it on. */
struct object_place {
    const char *bucket, *key; /* borrowed from the JSON */
    const char *sha256;       /* "" when not given */
    int64_t size_bytes;       /* -1 when not given */
};

/* False when json is no object with the texts bucket and key: not a place at all. */
bool object_place_read(const struct json *json, struct object_place *out_place);
/* Compares what head found: size, sha256 (when both sides know it), and that it was modified at
 * not_before_ms or later (0: any time) within the tolerance. err is permanent, "output_mismatch",
 * and says which object and what differs. */
bool object_check(const struct object_place *place, const struct object_info *info,
                  int64_t not_before_ms, struct error *err);

#endif
