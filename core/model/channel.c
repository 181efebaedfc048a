/* Channels of a training job: configuration and files. */
#include "core/model/channel.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/json.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX_BYTES = 1 << 20, LEVELS_MAX = 3 };

static bool bad_content_type(const char *name, const struct json *channel, struct error *err)
{
    const char *type = json_text_or(channel, "ContentType", NULL);
    if (type != NULL && (strcmp(type, "text/csv") == 0 || strcmp(type, "csv") == 0)) {
        return false;
    }
    error_set(err, ERROR_PERMANENT, "bad_channel",
              "Channel configuration for '%s' channel is not supported: ContentType is %s; set it "
              "to text/csv",
              name, type == NULL ? "missing, which means libsvm" : type);
    return true;
}

static bool read_channels(const struct json *root, struct channels *channels, struct error *err)
{
    if (!json_is_object(json_get(root, "train"))) {
        return error_set(err, ERROR_PERMANENT, "bad_channel", "Missing required channel: train");
    }
    for (const struct json *at = json_first(root); at != NULL; at = json_next(at)) {
        const char *name = json_name(at);
        bool is_validation = strcmp(name, "validation") == 0;
        bool is_data = is_validation || strcmp(name, "train") == 0;
        bool is_schema = strcmp(name, "schema") == 0;
        if (!is_data && !is_schema) {
            return error_set(err, ERROR_PERMANENT, "bad_channel",
                             "Extraneous channel found: %s; there are train, validation and schema",
                             name);
        }
        if (is_data && bad_content_type(name, at, err)) {
            return false;
        }
        channels->has_validation = channels->has_validation || is_validation;
        channels->has_schema = channels->has_schema || is_schema;
    }
    return true;
}

bool channels_read(const char *root, struct channels *out_channels, struct error *err)
{
    struct channels channels = {0};
    struct buf text;
    struct json *json = NULL;
    char *path = file_join(root, "input/config/inputdataconfig.json");
    buf_init(&text, CONFIG_MAX_BYTES);
    bool is_good = file_read(path, &text, err);
    if (is_good) {
        json = json_parse(buf_str(&text), err);
        is_good = json != NULL || error_prefix(err, "inputdataconfig.json");
    }
    is_good = is_good && read_channels(json, &channels, err);
    json_free(json);
    buf_done(&text);
    free(path);
    if (is_good) {
        *out_channels = channels;
    }
    return is_good;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static bool add_entry(FTSENT *entry, struct dataset *dataset, struct error *err)
{
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        return error_set(err, ERROR_PERMANENT, "bad_channel",
                         "Hidden file found in the data path! Remove that before training: %s",
                         entry->fts_path);
    }
    switch (entry->fts_info) {
    case FTS_DP:
        return true;
    case FTS_D:
        return entry->fts_level <= LEVELS_MAX ||
               error_set(err, ERROR_PERMANENT, "bad_channel", "%s: more than %d folders deep",
                         entry->fts_path, LEVELS_MAX);
    case FTS_F:
        return dataset_add_file(dataset, entry->fts_accpath, err);
    case FTS_NS:
        if (entry->fts_level == 0 && entry->fts_errno == ENOENT) {
            return true; /* nothing read: the caller says that there is no data */
        }
        return error_set_errno(err, entry->fts_errno, "cannot read %s", entry->fts_path);
    case FTS_DNR:
    case FTS_ERR:
        return error_set_errno(err, entry->fts_errno, "cannot read %s", entry->fts_path);
    default:
        return error_set(err, ERROR_PERMANENT, "bad_channel", "%s is not a regular file",
                         entry->fts_path);
    }
}

static bool add_tree(char *folder, struct dataset *dataset, struct error *err)
{
    char *const folders[] = {folder, NULL};
    FTS *walk = fts_open(folders, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        return error_set_errno(err, errno, "cannot read %s", folder);
    }
    bool is_good = true;
    for (FTSENT *entry = NULL; is_good && (entry = fts_read(walk)) != NULL;) {
        is_good = add_entry(entry, dataset, err);
    }
    fts_close(walk);
    return is_good;
}

bool channel_load(const char *root, const char *name, struct dataset *dataset, struct error *err)
{
    char *data = file_join(root, "input/data");
    char *folder = file_join(data, name);
    bool is_good = add_tree(folder, dataset, err);
    if (is_good && dataset->size_bytes == 0) {
        is_good = error_set(err, ERROR_PERMANENT, "bad_channel", "No data in %s channel path %s",
                            name, folder);
    }
    is_good = is_good && dataset_finish(dataset, name, err);
    free(folder);
    free(data);
    return is_good;
}
