/* The lines in which XGBoost's container tells a round:
 * "[12]#011train-error:0.1#011validation-error:0.2" ("#011" is how syslog writes a tab). Pure. */
#ifndef GATEHOUSE_STAGES_ROUND_LINE_H
#define GATEHOUSE_STAGES_ROUND_LINE_H

#include "core/base/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Gives the round and its metrics {"train-error":0.1,..}, those that are finite numbers; false for
 * any other line. */
bool round_line_parse(struct str line, int64_t *out_round, struct json **out_metrics);

#endif
