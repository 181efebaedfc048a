/* The first steps of train: is every channel's object there, as it was given, and is what is in it
 * fit to train on? Nothing is paid for before that is known. */
#include "core/stages/train_stage.h"

enum { SCHEMA_MAX_BYTES = 1 << 20 };

static const char *const channel_names[CHANNEL_COUNT] = {"train", "validation", "schema"};

void train_read_places(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    const struct json *channels = json_get(attempt->spec.parameters, "channels");
    buf_init(&stage->schema_text, SCHEMA_MAX_BYTES);
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        object_place_read(json_get(channels, channel_names[i]), &stage->places[i]);
    }
}

/* ---- look up channels: is every object there, as it was given? */

void train_channels_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->places[stage->channel].bucket == NULL) {
        stage->channel++; /* only validation may be absent, and schema follows it */
    }
    const struct object_place *place = &stage->places[stage->channel];
    stage->head = (struct object_head){.bucket = place->bucket, .key = place->key};
    attempt_await(attempt, &stage->head.op);
    object_head_start(attempt->spec.services->objects, &stage->head);
}

enum step_next train_channels_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (!object_check(&stage->places[stage->channel], &stage->head.info, 0, err)) {
        error_prefix(err, "channel %s", channel_names[stage->channel]);
        return STEP_FAIL;
    }
    stage->channel++;
    return stage->channel < CHANNEL_COUNT ? STEP_AGAIN : STEP_NEXT;
}

enum step_next train_channels_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    error_prefix(err, "channel %s: s3://%s/%.300s", channel_names[stage->channel],
                 stage->places[stage->channel].bucket, stage->places[stage->channel].key);
    return STEP_FAIL;
}

/* ---- read schema, check data */

static void start_transfer(struct attempt *attempt, enum channel channel, transfer_take_fn take,
                           void *take_context)
{
    struct train_stage *stage = attempt->state;
    const struct object_place *place = &stage->places[channel];
    stage->transfer = (struct transfer){
        .store = attempt->spec.services->objects,
        .bucket = place->bucket,
        .key = place->key,
        .sha256 = place->sha256,
        .take = take,
        .take_context = take_context,
    };
    attempt_await(attempt, &stage->transfer.op);
    transfer_start(attempt->spec.loop, &stage->transfer);
}

void train_schema_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    buf_reset(&stage->schema_text);
    start_transfer(attempt, CHANNEL_SCHEMA, buf_sink_take, &stage->schema_text);
}

enum step_next train_schema_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    stage->schema = json_parse(buf_str(&stage->schema_text), err);
    if (stage->schema == NULL || !row_scan_check_schema(stage->schema, err)) {
        return STEP_FAIL;
    }
    stage->channel = CHANNEL_TRAIN;
    return STEP_NEXT;
}

void train_data_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    row_scan_done(&stage->scan);
    row_scan_init(&stage->scan, stage->schema);
    start_transfer(attempt, (enum channel)stage->channel, row_scan_take, &stage->scan);
}

enum step_next train_data_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const char *name = channel_names[stage->channel];
    const struct json *channels = json_get(attempt->spec.parameters, "channels");
    int64_t rows = json_int_or(json_get(channels, name), "rows", -1);
    if (rows >= 0 && (uint64_t)rows != stage->scan.rows) {
        error_set(err, ERROR_PERMANENT, "bad_training_data",
                  "channel %s has %llu rows, expected %lld", name,
                  (unsigned long long)stage->scan.rows, (long long)rows);
        return STEP_FAIL;
    }
    attempt_log(attempt, "info", "channel=%s rows=%llu positives=%llu columns=%zu bytes=%llu", name,
                (unsigned long long)stage->scan.rows, (unsigned long long)stage->scan.positives,
                stage->scan.column_count, (unsigned long long)stage->transfer.size_bytes);
    bool has_more =
        stage->channel == CHANNEL_TRAIN && stage->places[CHANNEL_VALIDATION].bucket != NULL;
    stage->channel = CHANNEL_VALIDATION;
    return has_more ? STEP_AGAIN : STEP_NEXT;
}
