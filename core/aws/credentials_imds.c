/* Credentials of the EC2 instance we run on: a session token (IMDSv2), the name of the role, its
 * keys. Without a token the first version of the protocol is spoken, unless that is forbidden.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
 */
#include "core/aws/credentials_internal.h"
#include "core/aws/credentials_json.h"
#include "core/aws/metadata_request.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_PATH "/latest/api/token"
#define ROLE_PATH  "/latest/meta-data/iam/security-credentials/"

enum { ROLE_SIZE = 129, CODE_SHOWN_SIZE = 100, MS_PER_S = 1000 };
enum step { STEP_TOKEN, STEP_ROLE, STEP_KEYS };

struct imds {
    struct credentials_query *query;
    enum step step;
    char *base, *url;
    int64_t timeout_s, attempts;
    bool is_v1_forbidden;
    bool has_renewed_token;
    struct secret token; /* not set: version 1 */
    char role[ROLE_SIZE];
    struct http_header header;
    struct metadata_request request;
};

static void imds_free(struct imds *imds)
{
    metadata_request_done(&imds->request);
    secret_done(&imds->token);
    free(imds->base);
    free(imds->url);
    free(imds);
}

static void ask(struct imds *imds, enum step step);

/* A status that no step expects. */
static void fail_status(struct imds *imds)
{
    struct error err;
    int status = imds->request.http.status;
    error_set(&err, status >= 500 ? ERROR_TRANSIENT : ERROR_PERMANENT, "instance_metadata_failed",
              "%s answers with HTTP status %d", imds->base, status);
    err.http_status = status;
    credentials_fail(imds->query, &err);
    imds_free(imds);
}

static void give_up(struct imds *imds, const char *reason)
{
    credentials_not_there(imds->query, "%s: %s", imds->base, reason);
    imds_free(imds);
}

static void fall_back(struct imds *imds, const char *reason)
{
    secret_done(&imds->token);
    if (imds->is_v1_forbidden) {
        give_up(imds, reason);
    } else {
        ask(imds, STEP_ROLE);
    }
}

static void take_token(struct imds *imds)
{
    int status = imds->request.http.status;
    struct str token = str_trim(buf_str(&imds->request.http.response));
    if (status == 200 && token.len > 0) {
        secret_set(&imds->token, token);
        ask(imds, STEP_ROLE);
    } else if (status == 403 || status == 404 || status == 405) {
        fall_back(imds, "it gives no session token, and version 1 is forbidden");
    } else {
        fail_status(imds);
    }
}

static void take_role(struct imds *imds)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+=,.@-";
    struct str rest = str_trim(buf_str(&imds->request.http.response));
    struct str role = str_trim(str_split(rest, '\n', &rest));
    if (role.len == 0) {
        give_up(imds, "no role is attached to this instance");
        return;
    }
    snprintf(imds->role, sizeof(imds->role), STR_FMT, STR_ARG(role));
    if (role.len >= sizeof(imds->role) || strspn(imds->role, letters) != role.len) {
        credentials_refuse(imds->query, "%s names a role that cannot be one", imds->base);
        imds_free(imds);
        return;
    }
    ask(imds, STEP_KEYS);
}

static bool read_keys(struct imds *imds, struct error *err)
{
    struct aws_credentials *credentials = &imds->query->credentials;
    struct json *json = credentials_json_parse(buf_str(&imds->request.http.response), err);
    const char *code = json_text_or(json, "Code", "Success");
    bool is_read = json != NULL;
    if (is_read && strcmp(code, "Success") != 0) {
        char shown[CODE_SHOWN_SIZE];
        utf8_copy_printable(str_from(code), shown, sizeof(shown));
        is_read = error_set(err, ERROR_PERMANENT, "", "the answer for role %s is \"%s\"",
                            imds->role, shown);
    }
    is_read =
        is_read && credentials_json_read(json, &credentials_json_of_metadata, credentials, err);
    json_free_wiped(json);
    snprintf(credentials->source, sizeof(credentials->source), "instance metadata (role %s)",
             imds->role);
    return is_read;
}

static void take_keys(struct imds *imds)
{
    struct error err;
    if (read_keys(imds, &err)) {
        credentials_give(imds->query);
    } else {
        error_prefix(&err, "%s", imds->base);
        credentials_fail(imds->query, &err);
    }
    imds_free(imds);
}

static void take_answer(struct imds *imds)
{
    int status = imds->request.http.status;
    if (imds->step == STEP_TOKEN) {
        take_token(imds);
    } else if (status == 401 && secret_is_set(&imds->token) && !imds->has_renewed_token) {
        imds->has_renewed_token = true;
        ask(imds, STEP_TOKEN);
    } else if (status == 404 && imds->step == STEP_ROLE) {
        give_up(imds, "no role is attached to this instance");
    } else if (status != 200) {
        fail_status(imds);
    } else if (imds->step == STEP_ROLE) {
        take_role(imds);
    } else {
        take_keys(imds);
    }
}

/* Inside of a container the answer to the first question is lost on its way (its hop limit is 1),
 * but the connection is made; where there is no such service, it is not. */
static void on_answer(struct op *op, const struct error *err)
{
    struct imds *imds = op->context;
    if (err == NULL) {
        take_answer(imds);
    } else if (err->error_class == ERROR_CANCELLED) {
        credentials_fail(imds->query, err);
        imds_free(imds);
    } else if (imds->step == STEP_TOKEN && imds->request.http.has_sent_request &&
               error_is(err, "timeout")) {
        fall_back(imds, "the session token does not arrive, and version 1 is forbidden (in a "
                        "container, the hop limit of the instance must be 2)");
    } else {
        give_up(imds, err->message);
    }
}

static void ask(struct imds *imds, enum step step)
{
    bool is_token = step == STEP_TOKEN;
    imds->step = step;
    metadata_request_done(&imds->request);
    free(imds->url);
    imds->url = xasprintf("%s%s%s", imds->base, is_token ? TOKEN_PATH : ROLE_PATH,
                          step == STEP_KEYS ? imds->role : "");
    imds->header =
        is_token ? (struct http_header){"x-aws-ec2-metadata-token-ttl-seconds", "21600"}
                 : (struct http_header){"x-aws-ec2-metadata-token", secret_reveal(&imds->token)};
    imds->request = (struct metadata_request){
        .op = {.done = on_answer, .context = imds},
        .method = is_token ? "PUT" : "GET",
        .url = imds->url,
        .headers = &imds->header,
        .header_count = is_token || secret_is_set(&imds->token) ? 1 : 0,
        .timeout_ms = imds->timeout_s * MS_PER_S,
        .max_attempts = (int)imds->attempts,
    };
    metadata_request_start(imds->query->session, &imds->request);
}

/* Gives the base URL without a final slash; NULL with err. */
static char *find_base(const struct aws_sources *sources, struct error *err)
{
    static const struct aws_setting endpoint = {"AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                                "ec2_metadata_service_endpoint", 0, 0};
    static const struct aws_setting mode = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                            "ec2_metadata_service_endpoint_mode", 0, 0};
    char origin[AWS_ORIGIN_SIZE];
    const char *url = aws_sources_get(sources, &endpoint, origin);
    const char *family = aws_sources_get(sources, &mode, url == NULL ? origin : NULL);
    if (url == NULL && family != NULL && strcasecmp(family, "IPv4") != 0 &&
        strcasecmp(family, "IPv6") != 0) {
        error_set(err, ERROR_PERMANENT, "", "%s must be IPv4 or IPv6, not \"%s\"", origin, family);
        return NULL;
    }
    if (url == NULL) {
        return xstrdup(family != NULL && strcasecmp(family, "IPv6") == 0
                           ? "http://[fd00:ec2::254]"
                           : "http://169.254.169.254");
    }
    struct str text = str_from(url);
    if (!str_starts_with(text, STR("http://")) && !str_starts_with(text, STR("https://"))) {
        error_set(err, ERROR_PERMANENT, "", "%s must be http(s)://host[:port]", origin);
        return NULL;
    }
    while (str_ends_with(text, STR("/"))) {
        text.len--;
    }
    return xmemdup0(text.ptr, text.len);
}

static bool configure(struct imds *imds, struct error *err)
{
    static const struct aws_setting timeout = {"AWS_METADATA_SERVICE_TIMEOUT",
                                               "metadata_service_timeout", 1, 60};
    static const struct aws_setting attempts = {"AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                                "metadata_service_num_attempts", 1, 20};
    static const struct aws_setting v1 = {"AWS_EC2_METADATA_V1_DISABLED",
                                          "ec2_metadata_v1_disabled", 0, 0};
    struct aws_sources sources = aws_session_sources(imds->query->session, imds->query->profile);
    imds->timeout_s = 1;
    imds->attempts = 1;
    imds->base = find_base(&sources, err);
    return imds->base != NULL && aws_sources_int(&sources, &timeout, &imds->timeout_s, err) &&
           aws_sources_int(&sources, &attempts, &imds->attempts, err) &&
           aws_sources_bool(&sources, &v1, &imds->is_v1_forbidden, err);
}

static void start(struct credentials_query *query)
{
    const char *disabled = aws_session_variable(query->session, "AWS_EC2_METADATA_DISABLED");
    struct error err;
    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        credentials_not_there(query, "switched off by AWS_EC2_METADATA_DISABLED");
        return;
    }
    struct imds *imds = xcalloc(1, sizeof(*imds));
    imds->query = query;
    query->handle = imds;
    if (!configure(imds, &err)) {
        credentials_fail(query, &err);
        imds_free(imds);
        return;
    }
    ask(imds, STEP_TOKEN);
}

static void cancel(struct credentials_query *query)
{
    struct imds *imds = query->handle;
    metadata_request_cancel(&imds->request);
}

const struct credentials_provider credentials_instance = {
    .name = "instance metadata",
    .start = start,
    .cancel = cancel,
    .is_stable = true,
};
