/* What AWS would refuse, found while the configuration is read: names of buckets, ARNs of roles. */
#include "core/app/config_internal.h"

#include <ctype.h>
#include <string.h>

enum { ARN_PARTS = 6 };

/* arn:PARTITION:iam::ACCOUNT:role/NAME */
static bool is_role_arn(struct str arn)
{
    static const char *const fixed[ARN_PARTS] = {"arn", NULL, "iam", "", NULL, NULL};
    struct str rest = arn, part = {NULL, 0};
    bool is_good = true;
    for (size_t i = 0; i < ARN_PARTS; i++) {
        part = i + 1 < ARN_PARTS ? str_split(rest, ':', &rest) : rest;
        is_good = is_good && (fixed[i] == NULL ? part.len > 0 : str_eq(part, str_from(fixed[i])));
    }
    return is_good && str_starts_with(part, STR("role/")) && part.len > strlen("role/");
}

static void check_role(const struct config *config, enum config_id id, struct problems *problems)
{
    const char *role = config_text(config, id);
    if (*role != '\0' && !is_role_arn(str_from(role))) {
        problems_add(problems,
                     "%s: %s.role \"%s\" is not the ARN of a role: "
                     "arn:aws:iam::111122223333:role/NAME",
                     config->values[id].origin, config_key(id)->section, role);
    }
}

static bool is_alphanumeric(char byte)
{
    return islower((unsigned char)byte) || isdigit((unsigned char)byte);
}

/* https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; the length is the
 * matter of the table of keys. */
static void check_bucket(const struct config *config, enum config_id id, struct problems *problems)
{
    const char *name = config_text(config, id);
    size_t len = strlen(name);
    bool is_good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len && len > 0 &&
                   is_alphanumeric(name[0]) && is_alphanumeric(name[len - 1]) &&
                   strstr(name, "..") == NULL;
    if (!is_good) {
        problems_add(
            problems,
            "%s: data.%s \"%s\" is no name of a bucket on S3: a-z, 0-9, \"-\" and \".\", a "
            "letter or digit at both ends",
            config->values[id].origin, config_key(id)->name, name);
    }
}

void config_check_aws(const struct config *config, struct problems *problems)
{
    static const enum config_id buckets[] = {CONFIG_data_raw_bucket, CONFIG_data_cleaned_bucket,
                                             CONFIG_data_training_bucket,
                                             CONFIG_data_models_bucket};
    bool is_on_s3 = strcmp(config_text(config, CONFIG_backend_object_store), "aws") == 0;
    check_role(config, CONFIG_functions_role, problems);
    check_role(config, CONFIG_training_role, problems);
    for (size_t i = 0; is_on_s3 && i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        check_bucket(config, buckets[i], problems);
    }
}
