/* The settings of a session that are not credentials: each from the spec, the environment or the
 * profile, in this order, checked and with its origin in the message when it is wrong.
 * https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html */
#ifndef GATEHOUSE_AWS_SETTINGS_H
#define GATEHOUSE_AWS_SETTINGS_H

#include "core/aws/session.h"
#include "core/aws/shared_files.h"

/* Where settings are looked for; all borrowed. */
struct aws_sources {
    const char *const *environment;
    const struct shared_files *files;
    const char *profile;
};

enum { AWS_ORIGIN_SIZE = 512 };

enum s3_addressing { S3_ADDRESSING_AUTO, S3_ADDRESSING_PATH, S3_ADDRESSING_VIRTUAL };

struct aws_settings {
    char region[AWS_REGION_SIZE];        /* "" when none is configured */
    char region_origin[AWS_ORIGIN_SIZE]; /* where it stands, for messages */
    bool use_fips, use_dualstack;
    bool ignores_endpoints; /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
    bool keeps_clock;       /* AWS_DISABLE_CLOCK_SKEW_CORRECTION */
    enum aws_retry_mode retry_mode;
    int max_attempts;
    enum s3_addressing s3_addressing;
};

struct aws_setting {
    const char *variable; /* of the environment; NULL: none */
    const char *key;      /* of the profile; NULL: none */
    int64_t least, most;  /* of a whole number */
};
/* The value, or NULL when it is nowhere. out_origin (may be NULL): where it stands, for messages.
 */
const char *aws_sources_get(const struct aws_sources *sources, const struct aws_setting *setting,
                            char out_origin[AWS_ORIGIN_SIZE]);
/* out_value is untouched when it is nowhere. False with err when it is no bool (true or false, in
 * any case) or no whole number within the limits. */
bool aws_sources_bool(const struct aws_sources *sources, const struct aws_setting *setting,
                      bool *out_value, struct error *err);
bool aws_sources_int(const struct aws_sources *sources, const struct aws_setting *setting,
                     int64_t *out_value, struct error *err);

/* region: of the spec, or NULL. False with err (permanent, "bad_aws_config"). */
bool aws_settings_resolve(const struct aws_sources *sources, const char *region,
                          struct aws_settings *out_settings, struct error *err);
struct aws_endpoint_setting {
    const char *url;              /* borrowed; NULL: none */
    char origin[AWS_ORIGIN_SIZE]; /* where it stands, for messages */
};
/* The configured endpoint of a service: AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the profile's
 * [services] section, its endpoint_url. */
bool aws_settings_endpoint(const struct aws_sources *sources, const struct aws_settings *settings,
                           enum aws_service service, struct aws_endpoint_setting *out_setting,
                           struct error *err);

#endif
