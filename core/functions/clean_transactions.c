/* msecindustries-ingest-clean-s3-raw: every object under the input prefix, in key order, into one
 * cleaned set. */
#include "core/functions/cleaning.h"

struct raw_source {
    struct event_place place;
    struct object_list list;
};

static bool feed_clean(void *consumer, struct str bytes, struct error *err)
{
    return clean_feed(consumer, bytes, err);
}

/* The listed version is the one that is read: the listing's digest, when known, must still hold. */
static bool feed_object(struct cleaning *cleaning, struct clean *clean, const char *bucket,
                        const struct object_info *info, struct error *err)
{
    struct event_object object = {
        .bucket = bucket,
        .key = info->key,
        .sha256 = info->sha256[0] == '\0' ? NULL : info->sha256,
    };
    clean_begin_object(clean, str_from(info->key));
    return input_stream(cleaning->context, &object, feed_clean, clean, err) &&
           clean_end_object(clean, err);
}

static bool feed_source(struct cleaning *cleaning, struct clean *clean, struct error *err)
{
    struct raw_source *source = cleaning->source;
    for (size_t i = 0; i < source->list.count; i++) {
        const struct object_info *info = &source->list.items[i];
        bool is_folder_marker =
            info->size_bytes == 0 && str_ends_with(str_from(info->key), STR("/"));
        if (!is_folder_marker && !feed_object(cleaning, clean, source->place.bucket, info, err)) {
            return false;
        }
    }
    return true;
}

static bool list_source(struct function_context *context, struct raw_source *source,
                        struct error *err)
{
    source->list.bucket = source->place.bucket;
    source->list.prefix = source->place.prefix;
    object_list_start(context->objects, &source->list);
    bool is_listed = loop_await(context->loop, &source->list.op, err);
    if (!is_listed && !error_is(err, "not_found")) {
        return false;
    }
    if (source->list.count == 0) { /* or no such bucket */
        return error_set(
            err, ERROR_PERMANENT, "no_input",
            "no object under s3://%s/%s: prepare the data set first (gatehouse prepare)",
            source->place.bucket, source->place.prefix);
    }
    return true;
}

struct json *function_clean_transactions(struct function_context *context, const struct json *event,
                                         struct error *err)
{
    struct raw_source source = {0};
    struct cleaning cleaning = {
        .context = context,
        .kind = &clean_transactions,
        .cleaned_name = "credit_default_s3_cleaned.csv",
        .feed = feed_source,
        .source = &source,
    };
    struct json *result = NULL;
    if (event_place(event, "source", &source.place, err) && cleaning_init(&cleaning, event, err) &&
        list_source(context, &source, err)) {
        result = cleaning_run(&cleaning, err);
    }
    object_list_done(&source.list);
    return result;
}
