/* GetSecretValue, then words added to the DSN. */
#include "core/functions/database_secret.h"

#include "core/aws/call.h"
#include "core/aws/sigv4.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { DSN_LIMIT = 16 << 10 };

struct database_secret {
    struct aws_session *session;
    char *dsn, *secret_id;
};

struct asking {
    const struct database_secret *secret;
    struct pg_dsn_request *request;
    struct aws_json_call call;
    struct json *input;
};

struct database_secret *database_secret_new(struct aws_session *session, const char *dsn,
                                            const char *secret_id)
{
    struct database_secret *secret = xcalloc(1, sizeof(*secret));
    secret->session = session;
    secret->dsn = xstrdup(dsn);
    secret->secret_id = xstrdup(secret_id);
    return secret;
}

void database_secret_free(void *context)
{
    struct database_secret *secret = context;
    if (secret != NULL) {
        free(secret->dsn);
        free(secret->secret_id);
        free(secret);
    }
}

/* ---- the DSN */

static bool is_uri(const char *dsn)
{
    return strncmp(dsn, "postgres://", strlen("postgres://")) == 0 ||
           strncmp(dsn, "postgresql://", strlen("postgresql://")) == 0;
}

/* A parameter of a URI, percent-encoded, or a quoted word. */
static bool append_word(struct buf *dsn, bool in_uri, const char *name, const char *value)
{
    if (in_uri) {
        char separator = memchr(dsn->ptr, '?', dsn->len) == NULL ? '?' : '&';
        return buf_append_char(dsn, separator) && buf_append_text(dsn, name) &&
               buf_append_char(dsn, '=') && sigv4_encode(str_from(value), false, dsn);
    }
    bool fits = buf_printf(dsn, " %s='", name);
    for (; *value != '\0' && fits; value++) {
        bool is_special = *value == '\'' || *value == '\\';
        fits = (!is_special || buf_append_char(dsn, '\\')) && buf_append_char(dsn, *value);
    }
    return fits && buf_append_char(dsn, '\'');
}

bool database_secret_apply(const char *dsn, struct str secret, struct secret *out_dsn,
                           struct error *err)
{
    struct error ignored;
    struct json *json = json_parse(secret, &ignored);
    const char *user = json_text_or(json, "username", "");
    const char *password = json_text_or(json, "password", "");
    struct buf text;
    buf_init(&text, DSN_LIMIT);
    buf_reserve(&text, DSN_LIMIT); /* growing would leave copies behind */
    bool is_good = user[0] != '\0' && password[0] != '\0' && buf_append_text(&text, dsn) &&
                   append_word(&text, is_uri(dsn), "user", user) &&
                   append_word(&text, is_uri(dsn), "password", password);
    if (is_good) {
        secret_set(out_dsn, buf_str(&text));
    } else {
        error_set(err, ERROR_PERMANENT, "bad_secret",
                  "the database's secret is not {\"username\":..,\"password\":..}");
    }
    buf_wipe(&text);
    json_free_wiped(json);
    return is_good;
}

/* ---- asking */

static void answered(struct op *op, const struct error *err)
{
    struct asking *asking = op->context;
    struct pg_dsn_request *request = asking->request;
    struct error failure;
    const char *text = NULL;
    bool is_good = err == NULL;
    if (!is_good) {
        failure = *err;
    } else if (!json_as_text(json_get(asking->call.response, "SecretString"), &text)) {
        is_good = error_set(&failure, ERROR_PERMANENT, "bad_secret", "it is not a text");
    } else {
        is_good =
            database_secret_apply(asking->secret->dsn, str_from(text), &request->dsn, &failure);
    }
    if (!is_good) {
        error_prefix(&failure, "secret %.200s", asking->secret->secret_id);
    }
    json_wipe(asking->call.response);
    aws_json_call_done(&asking->call);
    json_free(asking->input);
    free(asking);
    op_finish(&request->op, is_good ? NULL : &failure);
}

void database_secret_provide(void *context, struct pg_dsn_request *request)
{
    const struct database_secret *secret = context;
    struct asking *asking = xcalloc(1, sizeof(*asking));
    op_begin(&request->op, aws_session_loop(secret->session));
    asking->secret = secret;
    asking->request = request;
    asking->input = json_object();
    json_set_text(asking->input, "SecretId", secret->secret_id);
    asking->call.request = asking->input;
    asking->call.call.is_idempotent = true;
    asking->call.call.op = (struct op){.done = answered, .context = asking};
    aws_json_call_start(secret->session, &asking->call, AWS_SECRETS_MANAGER,
                        "secretsmanager.GetSecretValue");
}
