/* What ~/.aws/config and ~/.aws/credentials say together, by profile: keys of both are merged, the
 * credentials file wins, a later line wins over an earlier one, and [profile default] over
 * [default]. Reading blocks, and is short; loop thread only.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
#ifndef GATEHOUSE_AWS_SHARED_FILES_H
#define GATEHOUSE_AWS_SHARED_FILES_H

#include "core/base/error.h"

#include <stddef.h>

enum shared_section {
    SHARED_PROFILE,     /* [default], [profile NAME]; [NAME] in the credentials file */
    SHARED_SSO_SESSION, /* [sso-session NAME] */
    SHARED_SERVICES,    /* [services NAME] */
    SHARED_SECTION_COUNT
};

struct shared_files;

struct shared_value {
    const char *text; /* never empty */
    const char *path; /* of its file */
    int line;
    bool is_in_credentials_file;
};

/* $AWS_CONFIG_FILE, $AWS_SHARED_CREDENTIALS_FILE, or those of $HOME; an absent file is an empty
 * one. NULL with err (permanent, "bad_aws_config") when one cannot be read or understood. */
struct shared_files *shared_files_load(const char *const *environment, struct error *err);
void shared_files_free(struct shared_files *files); /* accepts NULL; wipes */

bool shared_files_has(const struct shared_files *files, enum shared_section section,
                      const char *name);
/* False when the key is absent or has no value; subkey NULL: a key that is not nested. Borrows. */
bool shared_files_find(const struct shared_files *files, enum shared_section section,
                       const char *name, const char *key, const char *subkey,
                       struct shared_value *out_value);
/* A profile's value that is not nested, or NULL. */
const char *shared_files_get(const struct shared_files *files, const char *profile,
                             const char *key);
/* The paths looked at, for messages; "" without a home. */
const char *shared_files_config_path(const struct shared_files *files);
const char *shared_files_credentials_path(const struct shared_files *files);
/* A leading "~/" becomes $HOME; gives memory for free(). */
char *shared_files_expand(const char *const *environment, const char *path);

#endif
