/* Keys that stand in a profile. The chain asks the two shared files at different places; of a
 * source profile both are asked at once. */
#include "core/aws/credentials_internal.h"

#include <stdio.h>
#include <string.h>

static void fill(struct credentials_query *query, const struct shared_value *key_id,
                 const struct shared_value *secret)
{
    struct aws_credentials *credentials = &query->credentials;
    struct shared_value token, account;
    snprintf(credentials->key_id, sizeof(credentials->key_id), "%s", key_id->text);
    secret_set(&credentials->secret_key, str_from(secret->text));
    if (credentials_setting(query, "aws_session_token", &token) ||
        credentials_setting(query, "aws_security_token", &token)) {
        secret_set(&credentials->session_token, str_from(token.text));
    }
    if (credentials_setting(query, "aws_account_id", &account)) {
        snprintf(credentials->account, sizeof(credentials->account), "%s", account.text);
    }
    snprintf(credentials->source, sizeof(credentials->source), "profile %s (%s)", query->profile,
             key_id->path);
    credentials_give(query);
}

static void take_keys(struct credentials_query *query, const struct shared_value *key_id)
{
    struct shared_value secret;
    if (!credentials_setting(query, "aws_secret_access_key", &secret)) {
        credentials_refuse(query,
                           "%s:%d: profile %s has aws_access_key_id, but no "
                           "aws_secret_access_key",
                           key_id->path, key_id->line, query->profile);
    } else if (strlen(key_id->text) >= AWS_KEY_ID_SIZE) {
        credentials_refuse(query, "%s:%d: aws_access_key_id is longer than %d bytes", key_id->path,
                           key_id->line, AWS_KEY_ID_SIZE - 1);
    } else {
        fill(query, key_id, &secret);
    }
}

static void start_file(struct credentials_query *query, bool is_credentials_file)
{
    struct shared_value key_id;
    if (credentials_setting(query, "aws_access_key_id", &key_id) &&
        key_id.is_in_credentials_file == is_credentials_file) {
        take_keys(query, &key_id);
        return;
    }
    const char *path = is_credentials_file ? shared_files_credentials_path(query->session->files)
                                           : shared_files_config_path(query->session->files);
    credentials_not_there(query, "no aws_access_key_id%s%s", *path == '\0' ? "" : " in ", path);
}

static void start_credentials_file(struct credentials_query *query)
{
    start_file(query, true);
}

static void start_config_file(struct credentials_query *query)
{
    start_file(query, false);
}

static void start_both(struct credentials_query *query)
{
    struct shared_value key_id;
    if (credentials_setting(query, "aws_access_key_id", &key_id)) {
        take_keys(query, &key_id);
    } else {
        credentials_not_there(query, "no aws_access_key_id");
    }
}

const struct credentials_provider credentials_profile_keys = {
    .name = "keys of the profile",
    .start = start_both,
};
const struct credentials_provider credentials_credentials_file = {
    .name = "credentials file",
    .start = start_credentials_file,
};
const struct credentials_provider credentials_config_file = {
    .name = "config file",
    .start = start_config_file,
};
