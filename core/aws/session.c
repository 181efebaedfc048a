/* Making a session of environment, files and spec. */
#include "core/aws/session_internal.h"

#include "core/base/alloc.h"
#include "core/base/environment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct aws_sources aws_session_sources(const struct aws_session *session, const char *profile)
{
    return (struct aws_sources){(const char *const *)session->environment, session->files, profile};
}

const char *aws_session_variable(const struct aws_session *session, const char *name)
{
    return environment_get((const char *const *)session->environment, name);
}

static char **copy_environment(const char *const *environment)
{
    size_t count = 0;
    while (environment != NULL && environment[count] != NULL) {
        count++;
    }
    char **copy = xcalloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = xstrdup(environment[i]);
    }
    return copy;
}

/* It may hold keys. */
static void wipe_environment(char **environment)
{
    for (char **at = environment; *at != NULL; at++) {
        explicit_bzero(*at, strlen(*at));
        free(*at);
    }
    free(environment);
}

static const char *chosen_profile(const struct aws_session *session, const char *given)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    for (size_t i = 0; given == NULL && i < sizeof(variables) / sizeof(variables[0]); i++) {
        given = aws_session_variable(session, variables[i]);
    }
    return given == NULL ? "default" : given;
}

static bool check_profile(const struct aws_session *session, struct error *err)
{
    if (strcmp(session->profile, "default") == 0 ||
        shared_files_has(session->files, SHARED_PROFILE, session->profile)) {
        return true;
    }
    return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                     "there is no AWS profile \"%s\": expected [profile %s] in %s, or [%s] in %s",
                     session->profile, session->profile, shared_files_config_path(session->files),
                     session->profile, shared_files_credentials_path(session->files));
}

static void make_http(struct aws_session *session)
{
    static const struct aws_setting bundle = {"AWS_CA_BUNDLE", "ca_bundle", 0, 0};
    struct aws_sources sources = aws_session_sources(session, session->profile);
    const char *path = aws_sources_get(&sources, &bundle, NULL);
    char *expanded = path == NULL ? NULL : shared_files_expand(sources.environment, path);
    struct http_settings settings = {.ca_file = expanded, .user_agent = "gatehouse"};
    session->http = http_new(session->loop, &settings);
    free(expanded);
}

static bool fill(struct aws_session *session, const struct aws_session_spec *spec,
                 struct error *err)
{
    const char *given = spec->profile != NULL && *spec->profile != '\0' ? spec->profile : NULL;
    session->environment = copy_environment(spec->environment);
    session->files = shared_files_load((const char *const *)session->environment, err);
    if (session->files == NULL) {
        return false;
    }
    session->is_profile_given = given != NULL;
    session->profile = xstrdup(chosen_profile(session, given));
    struct aws_sources sources = aws_session_sources(session, session->profile);
    if (!check_profile(session, err) ||
        !aws_settings_resolve(&sources, spec->region, &session->settings, err)) {
        return false;
    }
    if (spec->endpoint_url != NULL && *spec->endpoint_url != '\0') {
        session->endpoint_url = xstrdup(spec->endpoint_url);
    }
    make_http(session);
    return true;
}

struct aws_session *aws_session_new(struct loop *loop, const struct aws_session_spec *spec,
                                    struct error *err)
{
    struct aws_session *session = xcalloc(1, sizeof(*session));
    session->loop = loop;
    session->clock = spec->clock != NULL ? spec->clock : clock_system();
    session->random.state = spec->random_seed != 0 ? spec->random_seed : random_system_seed();
    session->force_virtual_host = spec->force_virtual_host;
    session->trace = spec->trace;
    session->trace_context = spec->trace_context;
    if (!fill(session, spec, err)) {
        aws_session_free(session);
        return NULL;
    }
    return session;
}

void aws_session_free(struct aws_session *session)
{
    if (session != NULL) {
        credentials_cache_done(&session->credentials);
        aws_call_state_free(session->call_state);
        http_free(session->http);
        shared_files_free(session->files);
        wipe_environment(session->environment);
        free(session->profile);
        free(session->endpoint_url);
        free(session);
    }
}

bool aws_session_reload(struct aws_session *session, struct error *err)
{
    struct shared_files *files = shared_files_load((const char *const *)session->environment, err);
    if (files == NULL) {
        return false;
    }
    shared_files_free(session->files);
    session->files = files;
    return true;
}

struct loop *aws_session_loop(const struct aws_session *session)
{
    return session->loop;
}

struct http *aws_session_http(struct aws_session *session)
{
    return session->http;
}

struct clock *aws_session_clock(const struct aws_session *session)
{
    return session->clock;
}

struct random *aws_session_random(struct aws_session *session)
{
    return &session->random;
}

const char *aws_session_region(const struct aws_session *session)
{
    return session->settings.region;
}

const char *aws_session_profile(const struct aws_session *session)
{
    return session->profile;
}

enum aws_retry_mode aws_session_retry_mode(const struct aws_session *session)
{
    return session->settings.retry_mode;
}

bool aws_session_corrects_clock(const struct aws_session *session)
{
    return !session->settings.keeps_clock;
}

int aws_session_max_attempts(const struct aws_session *session)
{
    return session->settings.max_attempts;
}

/* The endpoint that is configured for a service, of the spec or else of environment and files. */
static bool configured_endpoint(const struct aws_session *session, enum aws_service service,
                                struct aws_endpoint_setting *out_setting, struct error *err)
{
    struct aws_sources sources = aws_session_sources(session, session->profile);
    if (session->endpoint_url == NULL) {
        return aws_settings_endpoint(&sources, &session->settings, service, out_setting, err);
    }
    *out_setting =
        (struct aws_endpoint_setting){.url = session->endpoint_url, .origin = "aws.endpoint_url"};
    return true;
}

bool aws_session_endpoint(const struct aws_session *session, enum aws_service service,
                          const char *region, struct aws_endpoint *out_endpoint, struct error *err)
{
    struct aws_endpoint_setting configured;
    if (!configured_endpoint(session, service, &configured, err)) {
        return false;
    }
    struct aws_endpoint_options options = {
        .region = region != NULL ? region : session->settings.region,
        .override_url = configured.url,
        .use_fips = session->settings.use_fips,
        .use_dualstack = session->settings.use_dualstack,
    };
    return aws_endpoint_resolve(service, &options, out_endpoint, err);
}

void aws_session_tell_host(const struct aws_session *session, enum aws_service service,
                           const char *region, char out_text[AWS_HOST_ORIGIN_SIZE])
{
    const struct aws_settings *settings = &session->settings;
    struct aws_endpoint_setting configured;
    struct error ignored;
    if (configured_endpoint(session, service, &configured, &ignored) && configured.url != NULL) {
        snprintf(out_text, AWS_HOST_ORIGIN_SIZE, "the host is of %.200s", configured.origin);
    } else if (strcmp(region, settings->region) == 0) {
        snprintf(out_text, AWS_HOST_ORIGIN_SIZE, "the host is that of region %s, of %.200s", region,
                 settings->region_origin);
    } else {
        snprintf(out_text, AWS_HOST_ORIGIN_SIZE, "the host is that of region %s", region);
    }
}

bool aws_session_uses_virtual_host(const struct aws_session *session,
                                   const struct aws_endpoint *endpoint, const char *bucket)
{
    enum s3_addressing style = session->settings.s3_addressing;
    bool is_wanted =
        !endpoint->is_custom || session->force_virtual_host || style == S3_ADDRESSING_VIRTUAL;
    return is_wanted && (style != S3_ADDRESSING_PATH || session->force_virtual_host) &&
           !aws_endpoint_has_ip_host(endpoint) && aws_bucket_is_host_label(bucket);
}

void aws_session_join_trace(struct aws_session *session, const char *trace_id)
{
    bool is_whole = strlen(trace_id) < sizeof(session->trace_id);
    snprintf(session->trace_id, sizeof(session->trace_id), "%s", is_whole ? trace_id : "");
}

const char *aws_session_trace_id(const struct aws_session *session)
{
    return session->trace_id;
}

bool aws_session_is_traced(const struct aws_session *session)
{
    return session->trace != NULL;
}

void aws_session_trace(struct aws_session *session, struct str line)
{
    if (session->trace != NULL) {
        session->trace(session->trace_context, line);
    }
}

struct aws_call_state **aws_session_call_state(struct aws_session *session)
{
    return &session->call_state;
}
