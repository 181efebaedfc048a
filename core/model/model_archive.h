/* model.tar.gz: packing it, and unpacking one that nobody vouches for. Blocking; one thread. */
#ifndef GATEHOUSE_MODEL_MODEL_ARCHIVE_H
#define GATEHOUSE_MODEL_MODEL_ARCHIVE_H

#include "core/base/error.h"
#include "core/model/booster.h"

#include <stdbool.h>
#include <stdint.h>

/* Writes model_folder's xgboost-model and, if there, schema.json to archive_path, atomically. The
 * same contents give the same bytes: fixed order, owner, mode and time. */
bool model_archive_pack(const char *model_folder, const char *archive_path, struct error *err);

struct model_archive_limits {
    uint64_t member_bytes; /* of one member */
    uint64_t total_bytes;  /* of the whole unpacked archive */
    uint64_t members;      /* headers of any kind */
    uint64_t ratio;        /* unpacked to packed bytes, looked at beyond 1 MiB */
};
struct model_archive_limits model_archive_default_limits(void);

/* What was unpacked; owns its strings. */
struct model_archive_files {
    char *model;  /* path of the model file */
    char *schema; /* path of schema.json, or NULL */
    enum model_format format;
    uint64_t model_bytes;
};
void model_archive_files_done(struct model_archive_files *files);

/* Unpacks archive_path, a gzip-compressed tar, into `folder`, which is created (mode 0700) and must
 * not exist. Only regular members at the root named xgboost-model* (one of them must be there, and
 * no second one) and schema.json are written, under the names xgboost-model and schema.json; other
 * regular members and folders are passed over. Permanent errors: "bad_archive" (not a gzip-
 * compressed tar, truncated, wrong checksum, more than one gzip stream), "unsafe_archive" (a link,
 * a device, an absolute name, "..", a name with control bytes), "archive_too_large" (a limit),
 * "no_model", "two_models", "pickle", "bad_model". On failure the folder is removed. */
bool model_archive_unpack(const char *archive_path, const char *folder,
                          const struct model_archive_limits *limits,
                          struct model_archive_files *out_files, struct error *err);

#endif
