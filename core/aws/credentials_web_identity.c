/* A role by the token of an identity provider (EKS service accounts, OIDC of a CI): the token is in
 * a file that others renew, so it is read each time; STS is asked without a signature.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html */
#include "core/aws/credentials_role.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LEAST = 4 };

struct web_identity {
    struct credentials_query *query;
    struct role_settings settings;
    char *path; /* of the token */
    struct buf token;
    struct sts_assume assume;
};

static void web_identity_free(struct web_identity *identity)
{
    buf_wipe(&identity->token);
    free(identity->path);
    free(identity);
}

/* Of the environment, but for a source profile; else of the profile. */
static const char *find(const struct credentials_query *query, const char *variable,
                        const char *key, char out_where[AWS_ORIGIN_SIZE])
{
    struct aws_sources sources = aws_session_sources(query->session, query->profile);
    struct aws_setting setting = {.variable = variable, .key = key};
    if (query->search->scope != SCOPE_SESSION || query->session->is_profile_given) {
        setting.variable = NULL;
    }
    return aws_sources_get(&sources, &setting, out_where);
}

static bool read_token(struct web_identity *identity, struct error *err)
{
    buf_init(&identity->token, STS_WEB_TOKEN_MAX + 2);
    buf_reserve(&identity->token, STS_WEB_TOKEN_MAX);
    if (!file_read(identity->path, &identity->token, err)) {
        return false;
    }
    struct str token = str_trim(buf_str(&identity->token));
    if (token.len < TOKEN_LEAST || token.len > STS_WEB_TOKEN_MAX) {
        return error_set(err, ERROR_PERMANENT, "", "%s: a token has %d to %d bytes, not %zu",
                         identity->path, TOKEN_LEAST, STS_WEB_TOKEN_MAX, token.len);
    }
    return true;
}

static bool read_settings(struct web_identity *identity, struct error *err)
{
    const struct credentials_query *query = identity->query;
    char where[AWS_ORIGIN_SIZE] = "role_session_name";
    const char *arn = find(query, "AWS_ROLE_ARN", "role_arn", where);
    if (arn == NULL) {
        return error_set(err, ERROR_PERMANENT, "",
                         "a token file is set, but neither AWS_ROLE_ARN nor role_arn of profile %s",
                         query->profile);
    }
    if (!role_settings_arn(&identity->settings, arn, where, err)) {
        return false;
    }
    const char *name = find(query, "AWS_ROLE_SESSION_NAME", "role_session_name", where);
    return role_settings_name(&identity->settings, query->session, name, where, err) &&
           role_settings_duration(&identity->settings, query, err) && read_token(identity, err);
}

static void fail(struct web_identity *identity, const struct error *err)
{
    credentials_fail(identity->query, err);
    web_identity_free(identity);
}

static void on_assumed(struct op *op, const struct error *err)
{
    struct web_identity *identity = op->context;
    struct aws_credentials *credentials = &identity->query->credentials;
    if (err != NULL) {
        fail(identity, err);
        return;
    }
    *credentials = identity->assume.credentials;
    snprintf(credentials->source, sizeof(credentials->source),
             "role %.200s by web identity (%.600s)", identity->settings.arn, identity->path);
    credentials_give(identity->query);
    web_identity_free(identity);
}

static void start(struct credentials_query *query)
{
    struct error err;
    const char *path = find(query, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file", NULL);
    if (path == NULL) {
        credentials_not_there(query, "no token file is set");
        return;
    }
    struct web_identity *identity = xcalloc(1, sizeof(*identity));
    identity->query = query;
    identity->path = shared_files_expand((const char *const *)query->session->environment, path);
    query->handle = identity;
    if (!read_settings(identity, &err)) {
        fail(identity, &err);
        return;
    }
    identity->assume = (struct sts_assume){
        .op = {.done = on_assumed, .context = identity},
        .role_arn = identity->settings.arn,
        .session_name = identity->settings.session_name,
        .duration_seconds = identity->settings.duration_seconds,
        .region = role_settings_region(query),
        .web_token = str_trim(buf_str(&identity->token)),
    };
    sts_assume_start(query->session, &identity->assume);
}

static void cancel(struct credentials_query *query)
{
    struct web_identity *identity = query->handle;
    sts_assume_cancel(&identity->assume);
}

const struct credentials_provider credentials_web_identity = {
    .name = "web identity",
    .start = start,
    .cancel = cancel,
};
