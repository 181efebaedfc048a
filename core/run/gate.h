/* The quality gate: rules over an evaluation's metrics. Pure. */
#ifndef GATEHOUSE_RUN_GATE_H
#define GATEHOUSE_RUN_GATE_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>

/* rules: [{"metric":"accuracy","split":"test","min":0.80}..] in order; at least one, each with min
 * or max or both. evaluation:
 * {"splits":{"test":{"accuracy":{"value":0.81,"standard_error":0.006},..},"train":{..}}, ..}. A
 * metric that is missing or not finite rejects: the gate never passes what it cannot see. Gives
 * {"verdict":"passed|rejected",
 * "rules":[{split,metric,min,max,value,standard_error,margin,passed}..],"message":".."}; margin:
 * distance to the nearest limit, negative when broken; message names each broken rule with value,
 * limit and margin. Gives NULL with err when the rules themselves are wrong. */
struct json *gate_judge(const struct json *rules, const struct json *evaluation, struct error *err);
bool gate_check_rules(const struct json *rules, struct error *err);
bool gate_check_rule(const struct json *rule, struct error *err);
bool gate_has_passed(const struct json *gate);

#endif
