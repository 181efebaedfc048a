/* Hosts by the rule sets of botocore: one rule for all services, and a table of those that differ.
 */
#include "core/aws/endpoint.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const service_ids[AWS_SERVICE_COUNT] = {
#define X(name, id, host, signing) id,
    AWS_SERVICES(X)
#undef X
};

static const char *const service_hosts[AWS_SERVICE_COUNT] = {
#define X(name, id, host, signing) host,
    AWS_SERVICES(X)
#undef X
};

static const char *const service_signing_names[AWS_SERVICE_COUNT] = {
#define X(name, id, host, signing) signing,
    AWS_SERVICES(X)
#undef X
};

struct partition {
    const char *name;
    const char *region_prefix; /* the first row that fits; the last one fits all */
    const char *suffix, *dualstack_suffix;
};

static const struct partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws", "", "amazonaws.com", "api.aws"},
};

enum variant { VARIANT_PLAIN, VARIANT_FIPS, VARIANT_DUALSTACK, VARIANT_BOTH };

/* The rule is <host>[-fips].<region>.<suffix, that of dual-stack when asked for>. These differ: */
struct exception {
    enum aws_service service;
    enum variant variant;
    const char *partition; /* NULL: all */
    const char *host;
};

/* All of them end in the plain suffix of their partition. */
static const struct exception exceptions[] = {
    {AWS_S3, VARIANT_DUALSTACK, NULL, "s3.dualstack"},
    {AWS_S3, VARIANT_BOTH, NULL, "s3-fips.dualstack"},
    {AWS_SAGEMAKER, VARIANT_FIPS, "aws", "api-fips.sagemaker"},
    {AWS_SAGEMAKER, VARIANT_FIPS, "aws-us-gov", "api-fips.sagemaker"},
    {AWS_LOGS, VARIANT_FIPS, "aws-us-gov", "logs"},
    {AWS_STS, VARIANT_FIPS, "aws-us-gov", "sts"},
    {AWS_SERVICE_QUOTAS, VARIANT_FIPS, "aws-us-gov", "servicequotas"},
    {AWS_SSO, VARIANT_FIPS, "aws-us-gov", "portal.sso"},
    {AWS_SSO_OIDC, VARIANT_FIPS, "aws-us-gov", "oidc"},
    {AWS_SECRETS_MANAGER, VARIANT_DUALSTACK, "aws", "secretsmanager"},
    {AWS_SECRETS_MANAGER, VARIANT_DUALSTACK, "aws-cn", "secretsmanager"},
    {AWS_SECRETS_MANAGER, VARIANT_DUALSTACK, "aws-us-gov", "secretsmanager"},
    {AWS_SECRETS_MANAGER, VARIANT_BOTH, "aws", "secretsmanager-fips"},
    {AWS_SECRETS_MANAGER, VARIANT_BOTH, "aws-us-gov", "secretsmanager-fips"},
};

const char *aws_service_id(enum aws_service service)
{
    assert(service < AWS_SERVICE_COUNT);
    return service_ids[service];
}

const char *aws_service_signing_name(enum aws_service service)
{
    assert(service < AWS_SERVICE_COUNT);
    return service_signing_names[service];
}

static const struct partition *find_partition(const char *region)
{
    const struct partition *partition = partitions;
    while (!str_starts_with(str_from(region), str_from(partition->region_prefix))) {
        partition++;
    }
    return partition;
}

const char *aws_partition(const char *region)
{
    return find_partition(region)->name;
}

/* It becomes part of a host name. */
bool aws_region_is_valid(const char *region)
{
    size_t length = strlen(region);
    return length > 0 && length < AWS_REGION_SIZE && region[0] != '-' &&
           region[length - 1] != '-' &&
           strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static const struct exception *find_exception(enum aws_service service, enum variant variant,
                                              const char *partition)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        const struct exception *exception = &exceptions[i];
        if (exception->service == service && exception->variant == variant &&
            (exception->partition == NULL || strcmp(exception->partition, partition) == 0)) {
            return exception;
        }
    }
    return NULL;
}

static bool resolve_by_rules(enum aws_service service, const struct aws_endpoint_options *options,
                             struct aws_endpoint *endpoint, struct error *err)
{
    const struct partition *partition = find_partition(options->region);
    enum variant variant = options->use_fips && options->use_dualstack ? VARIANT_BOTH
                           : options->use_fips                         ? VARIANT_FIPS
                           : options->use_dualstack                    ? VARIANT_DUALSTACK
                                                                       : VARIANT_PLAIN;
    if (service == AWS_S3 && options->use_fips && strcmp(partition->name, "aws-cn") == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "there are no FIPS endpoints of S3 in %s: switch use_fips_endpoint off",
                         options->region);
    }
    const struct exception *exception = find_exception(service, variant, partition->name);
    if (exception != NULL) {
        snprintf(endpoint->url, sizeof(endpoint->url), "https://%s.%s.%s", exception->host,
                 options->region, partition->suffix);
    } else {
        snprintf(endpoint->url, sizeof(endpoint->url), "https://%s%s.%s.%s", service_hosts[service],
                 options->use_fips ? "-fips" : "", options->region,
                 options->use_dualstack ? partition->dualstack_suffix : partition->suffix);
    }
    return true;
}

/* scheme://host[:port][/prefix]: what may be put in front of a path. */
static bool is_base_url(struct str url)
{
    struct str rest = url;
    size_t scheme = str_starts_with(url, STR("https://"))  ? strlen("https://")
                    : str_starts_with(url, STR("http://")) ? strlen("http://")
                                                           : 0;
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("?#@\\\"<>", c) != NULL) {
            return false;
        }
    }
    rest.ptr += scheme;
    rest.len -= scheme;
    return scheme > 0 && str_split(rest, '/', &rest).len > 0;
}

static bool take_override(const struct aws_endpoint_options *options, struct aws_endpoint *endpoint,
                          struct error *err)
{
    struct str url = str_from(options->override_url);
    while (url.len > 0 && url.ptr[url.len - 1] == '/') {
        url.len--;
    }
    if (!is_base_url(url) || url.len >= sizeof(endpoint->url)) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "an endpoint must be http(s)://host[:port][/path], of at most %zu bytes "
                         "and without user, query or fragment",
                         sizeof(endpoint->url) - 1);
    }
    if (options->use_fips || options->use_dualstack) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config",
                         "a configured endpoint (%s) excludes %s: switch one of them off",
                         options->override_url,
                         options->use_fips ? "use_fips_endpoint" : "use_dualstack_endpoint");
    }
    memcpy(endpoint->url, url.ptr, url.len);
    endpoint->is_custom = true;
    return true;
}

bool aws_endpoint_resolve(enum aws_service service, const struct aws_endpoint_options *options,
                          struct aws_endpoint *out_endpoint, struct error *err)
{
    struct aws_endpoint endpoint = {.is_custom = false};
    assert(service < AWS_SERVICE_COUNT);
    if (options->region == NULL || *options->region == '\0') {
        return error_set(err, ERROR_PERMANENT, "no_region",
                         "no AWS region is configured: set aws.region, AWS_REGION, or `region` in "
                         "the profile");
    }
    if (!aws_region_is_valid(options->region)) {
        return error_set(err, ERROR_PERMANENT, "bad_region",
                         "\"%s\" is no AWS region: expected a-z, 0-9 and -, as in eu-central-1",
                         options->region);
    }
    bool has_override = options->override_url != NULL && *options->override_url != '\0';
    if (!(has_override ? take_override(options, &endpoint, err)
                       : resolve_by_rules(service, options, &endpoint, err))) {
        return false;
    }
    snprintf(endpoint.signing_region, sizeof(endpoint.signing_region), "%s", options->region);
    *out_endpoint = endpoint;
    return true;
}

/* Digits and dots, or [IPv6]. */
static bool is_ip_host(struct str host)
{
    size_t i = 0;
    while (i < host.len && strchr("0123456789.", host.ptr[i]) != NULL) {
        i++;
    }
    return host.len > 0 && (host.ptr[0] == '[' || i == host.len);
}

bool aws_endpoint_has_ip_host(const struct aws_endpoint *endpoint)
{
    struct str rest = str_from(strstr(endpoint->url, "://") + 3);
    struct str authority = str_split(rest, '/', &rest);
    return is_ip_host(str_starts_with(authority, STR("[")) ? authority
                                                           : str_split(authority, ':', &rest));
}

bool aws_bucket_is_host_label(const char *bucket)
{
    size_t length = strlen(bucket);
    return length >= 3 && length <= 63 && bucket[0] != '-' && bucket[length - 1] != '-' &&
           strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}
