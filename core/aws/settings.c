/* Looking settings up and checking them. */
#include "core/aws/settings.h"

#include "core/base/environment.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_ATTEMPTS_DEFAULT = 3, MAX_ATTEMPTS_MOST = 100, VARIABLE_SIZE = 64 };

static void describe(const struct shared_value *value, const char *key,
                     char out_origin[AWS_ORIGIN_SIZE])
{
    snprintf(out_origin, AWS_ORIGIN_SIZE, "%s:%d: %s", value->path, value->line, key);
}

const char *aws_sources_get(const struct aws_sources *sources, const struct aws_setting *setting,
                            char out_origin[AWS_ORIGIN_SIZE])
{
    char unused[AWS_ORIGIN_SIZE];
    char *origin = out_origin != NULL ? out_origin : unused;
    struct shared_value value;
    const char *text =
        setting->variable == NULL ? NULL : environment_get(sources->environment, setting->variable);
    if (text != NULL) {
        snprintf(origin, AWS_ORIGIN_SIZE, "%s", setting->variable);
        return text;
    }
    if (setting->key == NULL || !shared_files_find(sources->files, SHARED_PROFILE, sources->profile,
                                                   setting->key, NULL, &value)) {
        return NULL;
    }
    describe(&value, setting->key, origin);
    return value.text;
}

bool aws_sources_bool(const struct aws_sources *sources, const struct aws_setting *setting,
                      bool *out_value, struct error *err)
{
    char origin[AWS_ORIGIN_SIZE];
    const char *text = aws_sources_get(sources, setting, origin);
    if (text == NULL) {
        return true;
    }
    bool is_true = strcasecmp(text, "true") == 0;
    if (!is_true && strcasecmp(text, "false") != 0) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "%s must be true or false, not \"%s\"", origin, text);
    }
    *out_value = is_true;
    return true;
}

bool aws_sources_int(const struct aws_sources *sources, const struct aws_setting *setting,
                     int64_t *out_value, struct error *err)
{
    char origin[AWS_ORIGIN_SIZE];
    int64_t value = 0;
    const char *text = aws_sources_get(sources, setting, origin);
    if (text == NULL) {
        return true;
    }
    if (!str_to_i64(str_from(text), &value) || value < setting->least || value > setting->most) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "%s must be a whole number from %lld to %lld, not \"%s\"", origin,
                         (long long)setting->least, (long long)setting->most, text);
    }
    *out_value = value;
    return true;
}

static bool resolve_region(const struct aws_sources *sources, const char *given,
                           struct aws_settings *settings, struct error *err)
{
    static const struct aws_setting places[] = {
        {.variable = "AWS_REGION"}, {.variable = "AWS_DEFAULT_REGION"}, {.key = "region"}};
    char origin[AWS_ORIGIN_SIZE] = "aws.region";
    const char *region = given != NULL && *given != '\0' ? given : NULL;
    for (size_t i = 0; region == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        region = aws_sources_get(sources, &places[i], origin);
    }
    if (region == NULL) {
        return true;
    }
    if (!aws_region_is_valid(region)) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "%s: \"%s\" is no AWS region: expected a-z, 0-9 and -, as in eu-central-1",
                         origin, region);
    }
    snprintf(settings->region, sizeof(settings->region), "%s", region);
    memcpy(settings->region_origin, origin, sizeof(origin));
    return true;
}

/* "legacy" is what older tools call their default; its users mean "retry", and get standard. */
static bool resolve_retries(const struct aws_sources *sources, struct aws_settings *settings,
                            struct error *err)
{
    static const struct aws_setting mode_setting = {"AWS_RETRY_MODE", "retry_mode", 0, 0};
    static const struct aws_setting attempts_setting = {"AWS_MAX_ATTEMPTS", "max_attempts", 1,
                                                        MAX_ATTEMPTS_MOST};
    char origin[AWS_ORIGIN_SIZE];
    int64_t attempts = MAX_ATTEMPTS_DEFAULT;
    const char *mode = aws_sources_get(sources, &mode_setting, origin);
    bool is_adaptive = mode != NULL && strcasecmp(mode, "adaptive") == 0;
    if (mode != NULL && !is_adaptive && strcasecmp(mode, "standard") != 0 &&
        strcasecmp(mode, "legacy") != 0) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "%s must be standard, adaptive or legacy, not \"%s\"", origin, mode);
    }
    if (!aws_sources_int(sources, &attempts_setting, &attempts, err)) {
        return false;
    }
    settings->retry_mode = is_adaptive ? AWS_RETRY_ADAPTIVE : AWS_RETRY_STANDARD;
    settings->max_attempts = (int)attempts;
    return true;
}

static bool resolve_s3(const struct aws_sources *sources, struct aws_settings *settings,
                       struct error *err)
{
    static const char *const words[] = {"auto", "path", "virtual"};
    struct shared_value value;
    if (!shared_files_find(sources->files, SHARED_PROFILE, sources->profile, "s3",
                           "addressing_style", &value)) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (strcasecmp(value.text, words[i]) == 0) {
            settings->s3_addressing = (enum s3_addressing)i;
            return true;
        }
    }
    return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                     "%s:%d: addressing_style must be auto, path or virtual, not \"%s\"",
                     value.path, value.line, value.text);
}

bool aws_settings_resolve(const struct aws_sources *sources, const char *region,
                          struct aws_settings *out_settings, struct error *err)
{
    static const struct aws_setting fips = {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", 0, 0};
    static const struct aws_setting dualstack = {"AWS_USE_DUALSTACK_ENDPOINT",
                                                 "use_dualstack_endpoint", 0, 0};
    static const struct aws_setting ignores = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                               "ignore_configured_endpoint_urls", 0, 0};
    static const struct aws_setting keeps_clock = {"AWS_DISABLE_CLOCK_SKEW_CORRECTION", NULL, 0, 0};
    struct aws_settings settings = {.s3_addressing = S3_ADDRESSING_AUTO};
    if (!aws_sources_bool(sources, &fips, &settings.use_fips, err) ||
        !aws_sources_bool(sources, &dualstack, &settings.use_dualstack, err) ||
        !aws_sources_bool(sources, &ignores, &settings.ignores_endpoints, err) ||
        !aws_sources_bool(sources, &keeps_clock, &settings.keeps_clock, err) ||
        !resolve_region(sources, region, &settings, err) ||
        !resolve_retries(sources, &settings, err) || !resolve_s3(sources, &settings, err)) {
        return false;
    }
    *out_settings = settings;
    return true;
}

/* The endpoint in the section that the profile's `services` names; untouched when it has none. */
static bool find_in_services(const struct aws_sources *sources, const char *id,
                             struct aws_endpoint_setting *out_setting, struct error *err)
{
    struct shared_value services, url;
    if (!shared_files_find(sources->files, SHARED_PROFILE, sources->profile, "services", NULL,
                           &services)) {
        return true;
    }
    if (!shared_files_has(sources->files, SHARED_SERVICES, services.text)) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "%s:%d: there is no section [services %s]", services.path, services.line,
                         services.text);
    }
    if (shared_files_find(sources->files, SHARED_SERVICES, services.text, id, "endpoint_url",
                          &url)) {
        out_setting->url = url.text;
        describe(&url, "endpoint_url", out_setting->origin);
    }
    return true;
}

bool aws_settings_endpoint(const struct aws_sources *sources, const struct aws_settings *settings,
                           enum aws_service service, struct aws_endpoint_setting *out_setting,
                           struct error *err)
{
    static const struct aws_setting of_all = {"AWS_ENDPOINT_URL", NULL, 0, 0};
    static const struct aws_setting of_profile = {NULL, "endpoint_url", 0, 0};
    char variable[VARIABLE_SIZE];
    const struct aws_setting of_service = {variable, NULL, 0, 0};
    struct aws_endpoint_setting found = {.url = NULL};
    if (settings->ignores_endpoints) {
        *out_setting = found;
        return true;
    }
    snprintf(variable, sizeof(variable), "AWS_ENDPOINT_URL_%s", aws_service_id(service));
    for (char *c = variable; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    found.url = aws_sources_get(sources, &of_service, found.origin);
    if (found.url == NULL) {
        found.url = aws_sources_get(sources, &of_all, found.origin);
    }
    if (found.url == NULL && !find_in_services(sources, aws_service_id(service), &found, err)) {
        return false;
    }
    if (found.url == NULL) {
        found.url = aws_sources_get(sources, &of_profile, found.origin);
    }
    *out_setting = found;
    return true;
}
