/* A profile that assumes a role: role_arn, with the credentials of source_profile (which may itself
 * assume a role) or of credential_source.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html */
#include "core/aws/credentials_role.h"
#include "core/aws/credentials_internal.h"
#include "core/aws/sts.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DURATION_LEAST = 900, DURATION_MOST = 43200, SESSION_NAME_LEAST = 2 };

struct role {
    struct credentials_query *query;
    struct role_settings settings;
    struct credentials_search source;
    struct sts_assume assume;
};

static bool refuse(struct error *err, const struct shared_value *value, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "", "%s:%d: %s", value->path, value->line, what);
}

static bool is_session_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+=,.@-";
    size_t length = strlen(name);
    return length >= SESSION_NAME_LEAST && length < ROLE_SESSION_NAME_SIZE &&
           strspn(name, letters) == length;
}

bool role_settings_name(struct role_settings *settings, const struct aws_session *session,
                        const char *name, const char *where, struct error *err)
{
    long long now_s = (long long)(session->clock->wall_ms(session->clock) / 1000);
    if (name == NULL) {
        snprintf(settings->session_name, sizeof(settings->session_name), "gatehouse-%lld", now_s);
        return true;
    }
    if (!is_session_name(name)) {
        return error_set(err, ERROR_PERMANENT, "",
                         "%s: a role session name has 2 to 64 of A-Z a-z 0-9 _ + = , . @ -", where);
    }
    snprintf(settings->session_name, sizeof(settings->session_name), "%s", name);
    return true;
}

bool role_settings_arn(struct role_settings *settings, const char *arn, const char *where,
                       struct error *err)
{
    if (strncmp(arn, "arn:", 4) != 0 || strstr(arn, ":role/") == NULL ||
        strlen(arn) >= sizeof(settings->arn)) {
        return error_set(err, ERROR_PERMANENT, "",
                         "%s: \"%.100s\" is no role: expected arn:aws:iam::ACCOUNT:role/NAME",
                         where, arn);
    }
    snprintf(settings->arn, sizeof(settings->arn), "%s", arn);
    return true;
}

bool role_settings_duration(struct role_settings *settings, const struct credentials_query *query,
                            struct error *err)
{
    static const struct aws_setting duration = {NULL, "duration_seconds", DURATION_LEAST,
                                                DURATION_MOST};
    struct aws_sources sources = aws_session_sources(query->session, query->profile);
    return aws_sources_int(&sources, &duration, &settings->duration_seconds, err);
}

static void role_free(struct role *role)
{
    credentials_search_done(&role->source);
    free(role);
}

/* ---- reading the profile */
static bool read_settings(struct role *role, const struct shared_value *arn, struct error *err)
{
    struct credentials_query *query = role->query;
    struct shared_value value;
    char where[AWS_ORIGIN_SIZE];
    if (credentials_setting(query, "mfa_serial", &value)) {
        return refuse(err, &value,
                      "the role asks for the code of an MFA device (mfa_serial), and there is "
                      "nobody to ask: use a profile whose keys were made with the code, as "
                      "`aws sts get-session-token` does");
    }
    snprintf(where, sizeof(where), "%s:%d", arn->path, arn->line);
    if (!role_settings_arn(&role->settings, arn->text, where, err) ||
        !role_settings_duration(&role->settings, query, err)) {
        return false;
    }
    bool has_name = credentials_setting(query, "role_session_name", &value);
    if (has_name) {
        snprintf(where, sizeof(where), "%s:%d", value.path, value.line);
    }
    return role_settings_name(&role->settings, query->session, has_name ? value.text : NULL, where,
                              err);
}

static bool is_known(const struct credentials_query *query, const char *profile)
{
    for (const struct credentials_search *at = query->search; at != NULL; at = at->parent) {
        if (strcmp(at->profile, profile) == 0) {
            return true;
        }
    }
    return false;
}

/* A profile may be its own source when it has keys. */
static bool check_source_profile(const struct credentials_query *query,
                                 const struct shared_value *source, struct error *err)
{
    struct shared_value key_id;
    if (!shared_files_has(query->session->files, SHARED_PROFILE, source->text)) {
        return error_set(err, ERROR_PERMANENT, "", "%s:%d: there is no profile \"%s\"",
                         source->path, source->line, source->text);
    }
    bool is_own = strcmp(source->text, query->profile) == 0;
    if (is_known(query, source->text) &&
        !(is_own && credentials_setting(query, "aws_access_key_id", &key_id))) {
        return error_set(err, ERROR_PERMANENT, "",
                         "%s:%d: source_profile goes round in a circle back to \"%s\"",
                         source->path, source->line, source->text);
    }
    return true;
}

static bool take_credential_source(struct credentials_search *search,
                                   const struct shared_value *source, struct error *err)
{
    static const struct {
        const char *name;
        enum credentials_scope scope;
    } sources[] = {{"Environment", SCOPE_ENVIRONMENT},
                   {"EcsContainer", SCOPE_CONTAINER},
                   {"Ec2InstanceMetadata", SCOPE_INSTANCE}};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(source->text, sources[i].name) == 0) {
            search->scope = sources[i].scope;
            return true;
        }
    }
    return refuse(err, source,
                  "credential_source must be Environment, EcsContainer or Ec2InstanceMetadata");
}

static bool choose_source(struct role *role, const struct shared_value *arn, struct error *err)
{
    const struct credentials_query *query = role->query;
    struct credentials_search *search = &role->source;
    struct shared_value profile, source;
    bool has_profile = credentials_setting(query, "source_profile", &profile);
    bool has_source = credentials_setting(query, "credential_source", &source);
    search->session = query->session;
    search->parent = query->search;
    search->profile = query->profile;
    if (has_profile == has_source) {
        return refuse(err, arn,
                      has_profile ? "a role has source_profile or credential_source, not both"
                                  : "a role needs source_profile or credential_source");
    }
    if (has_source) {
        return take_credential_source(search, &source, err);
    }
    snprintf(role->settings.source_profile, sizeof(role->settings.source_profile), "%s",
             profile.text);
    search->scope = SCOPE_SOURCE;
    search->profile = role->settings.source_profile;
    return check_source_profile(query, &profile, err);
}

/* ---- source, then role */
static void fail(struct role *role, const struct error *err)
{
    struct error failure = *err;
    error_prefix(&failure, "profile %s", role->query->profile);
    credentials_fail(role->query, &failure);
    role_free(role);
}

static void on_assumed(struct op *op, const struct error *err)
{
    struct role *role = op->context;
    struct aws_credentials *credentials = &role->query->credentials;
    if (err != NULL) {
        fail(role, err);
        return;
    }
    *credentials = role->assume.credentials;
    snprintf(credentials->source, sizeof(credentials->source),
             "role %.200s of profile %.100s, by %.600s", role->settings.arn, role->query->profile,
             role->source.credentials.source);
    credentials_give(role->query);
    role_free(role);
}

static void on_source(struct op *op, const struct error *err)
{
    struct role *role = op->context;
    struct shared_value external_id;
    if (err != NULL) {
        fail(role, err);
        return;
    }
    bool has_external_id = credentials_setting(role->query, "external_id", &external_id);
    role->assume = (struct sts_assume){
        .op = {.done = on_assumed, .context = role},
        .role_arn = role->settings.arn,
        .session_name = role->settings.session_name,
        .external_id = has_external_id ? external_id.text : NULL,
        .duration_seconds = role->settings.duration_seconds,
        .region = role_settings_region(role->query),
        .source = &role->source.credentials,
    };
    sts_assume_start(role->query->session, &role->assume);
}

const char *role_settings_region(const struct credentials_query *query)
{
    const char *region = aws_session_region(query->session);
    const char *own = shared_files_get(query->session->files, query->profile, "region");
    return *region == '\0' && own != NULL ? own : NULL;
}

/* With a token file the role is a matter of web identity. */
static bool is_for_web_identity(const struct credentials_query *query)
{
    struct shared_value value;
    bool has_source = credentials_setting(query, "source_profile", &value) ||
                      credentials_setting(query, "credential_source", &value);
    return credentials_setting(query, "web_identity_token_file", &value) ||
           (!has_source && query->search->scope == SCOPE_SESSION &&
            aws_session_variable(query->session, "AWS_WEB_IDENTITY_TOKEN_FILE") != NULL);
}

static void start(struct credentials_query *query)
{
    struct shared_value arn;
    struct error err;
    if (!credentials_setting(query, "role_arn", &arn) || is_for_web_identity(query)) {
        credentials_not_there(query, "no role_arn");
        return;
    }
    struct role *role = xcalloc(1, sizeof(*role));
    role->query = query;
    query->handle = role;
    if (!read_settings(role, &arn, &err) || !choose_source(role, &arn, &err)) {
        fail(role, &err);
        return;
    }
    role->source.op = (struct op){.done = on_source, .context = role};
    credentials_search_start(&role->source);
}

static void cancel(struct credentials_query *query)
{
    struct role *role = query->handle;
    if (op_is_active(&role->source.op)) {
        credentials_search_cancel(&role->source);
    } else {
        sts_assume_cancel(&role->assume);
    }
}

const struct credentials_provider credentials_role = {
    .name = "role",
    .start = start,
    .cancel = cancel,
};
