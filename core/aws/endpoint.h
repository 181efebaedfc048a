/* Which host answers for a service in a region, and how its requests are signed. Pure; any thread.
 * Rules: the endpoint rule sets of botocore; all its partitions (aws, aws-cn, aws-us-gov ...). */
#ifndef GATEHOUSE_AWS_ENDPOINT_H
#define GATEHOUSE_AWS_ENDPOINT_H

#include "core/base/error.h"

/* X(name, id in environment and files, host prefix, signing name) */
#define AWS_SERVICES(X)                                                                            \
    X(S3, "s3", "s3", "s3")                                                                        \
    X(LAMBDA, "lambda", "lambda", "lambda")                                                        \
    X(SAGEMAKER, "sagemaker", "api.sagemaker", "sagemaker")                                        \
    X(LOGS, "cloudwatch_logs", "logs", "logs")                                                     \
    X(STS, "sts", "sts", "sts")                                                                    \
    X(SECRETS_MANAGER, "secrets_manager", "secretsmanager", "secretsmanager")                      \
    X(SERVICE_QUOTAS, "service_quotas", "servicequotas", "servicequotas")                          \
    X(SSO, "sso", "portal.sso", "")                                                                \
    X(SSO_OIDC, "sso_oidc", "oidc", "")
enum aws_service {
#define X(name, id, host, signing) AWS_##name,
    AWS_SERVICES(X)
#undef X
        AWS_SERVICE_COUNT
};
const char *aws_service_id(enum aws_service service);           /* "s3" */
const char *aws_service_signing_name(enum aws_service service); /* "s3"; "" is never signed */

enum { AWS_ENDPOINT_URL_SIZE = 512, AWS_REGION_SIZE = 64 };

struct aws_endpoint {
    char url[AWS_ENDPOINT_URL_SIZE]; /* "https://host[:port][/prefix]", without a final slash */
    char signing_region[AWS_REGION_SIZE];
    bool is_custom; /* configured, not made by the rules */
};

struct aws_endpoint_options {
    const char *region;
    const char *override_url; /* NULL or "": by the rules */
    bool use_fips, use_dualstack;
};

/* Errors, all permanent: "no_region", "bad_region", "bad_aws_config" (an override that is no base
 * URL, or with FIPS or dual-stack; FIPS of S3 in China). */
bool aws_endpoint_resolve(enum aws_service service, const struct aws_endpoint_options *options,
                          struct aws_endpoint *out_endpoint, struct error *err);
/* "aws", "aws-cn", "aws-us-gov" ...: also the second word of ARNs. */
const char *aws_partition(const char *region);
bool aws_region_is_valid(const char *region);
bool aws_endpoint_has_ip_host(const struct aws_endpoint *endpoint);
/* 3 to 63 of a-z 0-9 -: it may stand in a host name. A dot would break the TLS wildcard. */
bool aws_bucket_is_host_label(const char *bucket);

#endif
