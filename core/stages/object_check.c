/* Comparing a place with what the store knows of it. */
#include "core/stages/object_check.h"

#include "core/base/clock.h"

#include <inttypes.h>
#include <string.h>

bool object_place_read(const struct json *json, struct object_place *out_place)
{
    struct object_place place = {
        .sha256 = json_text_or(json, "sha256", ""),
        .size_bytes = json_int_or(json, "size_bytes", -1),
    };
    if (!json_is_object(json) || !json_as_text(json_get(json, "bucket"), &place.bucket) ||
        !json_as_text(json_get(json, "key"), &place.key)) {
        return false;
    }
    *out_place = place;
    return true;
}

static bool fail_old(const struct object_place *place, const struct object_info *info,
                     int64_t not_before_ms, struct error *err)
{
    char modified[CLOCK_TEXT_SIZE];
    char began[CLOCK_TEXT_SIZE];
    clock_format_utc(info->modified_ms, modified);
    clock_format_utc(not_before_ms, began);
    return error_set(err, ERROR_PERMANENT, "output_mismatch",
                     "s3://%s/%.400s is older than this try: modified %s, the try began %s; it was "
                     "not written by it",
                     place->bucket, place->key, modified, began);
}

bool object_check(const struct object_place *place, const struct object_info *info,
                  int64_t not_before_ms, struct error *err)
{
    if (place->size_bytes >= 0 && info->size_bytes != (uint64_t)place->size_bytes) {
        return error_set(err, ERROR_PERMANENT, "output_mismatch",
                         "s3://%s/%.400s has %" PRIu64 " bytes, expected %" PRId64, place->bucket,
                         place->key, info->size_bytes, place->size_bytes);
    }
    if (place->sha256[0] != '\0' && info->sha256[0] != '\0' &&
        strcmp(place->sha256, info->sha256) != 0) {
        return error_set(err, ERROR_PERMANENT, "output_mismatch",
                         "s3://%s/%.400s has sha256 %s, expected %.64s", place->bucket, place->key,
                         info->sha256, place->sha256);
    }
    if (not_before_ms > 0 && info->modified_ms < not_before_ms - OBJECT_CHECK_TOLERANCE_MS) {
        return fail_old(place, info, not_before_ms, err);
    }
    return true;
}
