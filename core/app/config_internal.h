/* What the files of the configuration share. */
#ifndef GATEHOUSE_APP_CONFIG_INTERNAL_H
#define GATEHOUSE_APP_CONFIG_INTERNAL_H

#include "core/app/config.h"
#include "core/base/toml.h"

/* The blocks [[gate.rule]] and [[stage]] of a document, or the defaults where it has none; fills
 * rules, stages and dag. Values must be complete. */
void config_build_pipeline(struct config *config, const struct toml_document *document,
                           struct problems *problems);
/* A copy of parameters with every {{ config.section.key }} resolved; NULL after adding a problem.
 */
struct json *config_resolve(const struct config *config, const struct json *parameters,
                            const char *where, struct problems *problems);
/* Adds what AWS would refuse later: names of buckets that are on S3, ARNs of roles. */
void config_check_aws(const struct config *config, struct problems *problems);
/* A nearest known name as "; did you mean \"x\"?", or "". Gives memory for free(). */
char *config_suggest(const char *word, const char *const *names, size_t count);

#endif
