/* gatehouse aws whoami. */
#include "core/app/aws_session.h"
#include "core/app/verbs.h"
#include "core/aws/sts.h"

struct whoami {
    struct app *app;
    struct loop *loop;
    struct aws_session *session;
    struct aws_endpoint endpoint;
    struct aws_credentials_get get;
    struct sts_identity identity;
};

/* "2026-11-22T18:00:00.000Z, in 5:59:00" */
static void describe_expiry(const struct whoami *whoami, struct buf *out)
{
    char time[CLOCK_TEXT_SIZE], span[CLOCK_TEXT_SIZE];
    struct clock *clock = aws_session_clock(whoami->session);
    int64_t expires_ms = whoami->get.credentials.expires_ms;
    if (expires_ms == 0) {
        buf_append_text(out, "never, as far as is known");
        return;
    }
    clock_format_utc(expires_ms, time);
    clock_format_duration(expires_ms - clock->wall_ms(clock), span);
    buf_printf(out, "%s, in %s", time, span);
}

static void print_text(const struct whoami *whoami)
{
    const struct aws_credentials *credentials = &whoami->get.credentials;
    struct printer *out = &whoami->app->out;
    char key_id[AWS_KEY_ID_SHORT_SIZE];
    struct buf expiry;
    buf_init(&expiry, 128);
    describe_expiry(whoami, &expiry);
    aws_key_id_shorten(credentials->key_id, key_id);
    printer_line(out, "account   %s", whoami->identity.account);
    printer_line(out, "arn       %s", whoami->identity.arn);
    printer_line(out, "user id   %s", whoami->identity.user_id);
    printer_line(out, "source    %s", credentials->source);
    printer_line(out, "key       %s", key_id);
    printer_line(out, "expires   %s", buf_text(&expiry));
    printer_line(out, "profile   %s", aws_session_profile(whoami->session));
    printer_line(out, "region    %s", aws_session_region(whoami->session));
    printer_line(out, "endpoint  %s", whoami->endpoint.url);
    buf_done(&expiry);
}

static void print_json(const struct whoami *whoami)
{
    const struct aws_credentials *credentials = &whoami->get.credentials;
    struct json *json = json_object();
    char key_id[AWS_KEY_ID_SHORT_SIZE], time[CLOCK_TEXT_SIZE];
    aws_key_id_shorten(credentials->key_id, key_id);
    clock_format_utc(credentials->expires_ms, time);
    json_set_text(json, "account", whoami->identity.account);
    json_set_text(json, "arn", whoami->identity.arn);
    json_set_text(json, "user_id", whoami->identity.user_id);
    json_set_text(json, "source", credentials->source);
    json_set_text(json, "key_id", key_id);
    json_set_text(json, "expires", credentials->expires_ms == 0 ? NULL : time);
    json_set_text(json, "profile", aws_session_profile(whoami->session));
    json_set_text(json, "region", aws_session_region(whoami->session));
    json_set_text(json, "endpoint", whoami->endpoint.url);
    printer_json(&whoami->app->out, json);
    json_free(json);
}

/* The credentials first: what is wrong with them is told in their words. */
static bool ask(struct whoami *whoami, struct error *err)
{
    if (!aws_session_endpoint(whoami->session, AWS_STS, NULL, &whoami->endpoint, err)) {
        return false;
    }
    aws_credentials_get_start(whoami->session, &whoami->get);
    if (!loop_await(whoami->loop, &whoami->get.op, err)) {
        return false;
    }
    sts_identity_start(whoami->session, &whoami->identity);
    return loop_await(whoami->loop, &whoami->identity.op, err);
}

static void print_trace(void *context, struct str line)
{
    (void)context;
    complain(STR_FMT, STR_ARG(line));
}

int verb_aws(struct app *app)
{
    struct whoami whoami = {.app = app};
    struct error err;
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    struct aws_session_spec spec =
        aws_session_spec_of_config(app->config, app->request.environment);
    spec.trace = app->options->is_given[OPTION_VERBOSE] ? print_trace : NULL;
    whoami.loop = loop_new();
    whoami.session = aws_session_new(whoami.loop, &spec, &err);
    if (whoami.session == NULL || !ask(&whoami, &err)) {
        code = app_fail(&err, "aws whoami");
    } else if (app_is_json(app)) {
        print_json(&whoami);
    } else {
        print_text(&whoami);
    }
    aws_credentials_done(&whoami.get.credentials);
    aws_session_free(whoami.session);
    loop_free(whoami.loop);
    return code;
}
