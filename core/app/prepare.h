/* Preparing raw data: a file, standard input or the synthetic sample becomes the raw object of the
 * transactions and the table of the profiles. Blocking; on the loop thread, outside callbacks. */
#ifndef GATEHOUSE_APP_PREPARE_H
#define GATEHOUSE_APP_PREPARE_H

#include "core/app/backend.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stdint.h>

#define PREPARE_REPORT_KEY     "gatehouse-prepare.json" /* in the raw bucket, under no prefix */
#define PREPARE_QUARANTINE_KEY "gatehouse-prepare-quarantine.csv"

enum { PREPARE_SAMPLE_ROWS = 30000, PREPARE_SAMPLE_SEED = 3 };

struct prepare_request {
    const char *path; /* NULL: standard input; "is_sample" stands over it */
    bool is_sample;
    int64_t rows, seed; /* of the sample */
};

/* The table is replaced in one transaction; the object appears only after that transaction is
 * committed. Gives the report: figures of core/data/prepare, "source", "synthetic", "object",
 * "table", "warnings":[..]; or NULL with err, then neither has changed unless the message says so.
 */
struct json *prepare_data(struct backend *backend, const struct config *config,
                          const struct prepare_request *request, struct error *err);
/* False with err when it cannot be told. */
bool prepare_has_raw_data(struct backend *backend, const struct config *config, bool *out_is_there,
                          struct error *err);
/* False with "half_prepared" (transient) while a preparation replaces table and object, or when one
 * died doing so. */
bool prepare_check_whole(struct backend *backend, const struct config *config, struct error *err);

/* The table of the profiles, in SQL: what makes it when it is absent; its name, quoted. */
void prepare_append_table(struct buf *sql, const char *table);
void prepare_append_table_name(struct buf *sql, const char *table);

/* What the raw data are, from the report of the last preparation: "synthetic sample of 30,000 rows,
 * seed 1". Gives memory for free(), or NULL when nobody knows. */
char *prepare_describe_data(struct backend *backend, const struct config *config);

#endif
