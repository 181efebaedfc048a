/* Credentials that a program prints: credential_process of a profile. Its standard output is never
 * shown, its complaints are.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html */
#include "core/aws/command_words.h"
#include "core/aws/credentials_internal.h"
#include "core/aws/credentials_json.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/loop/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 60000, OUTPUT_LIMIT = 64 * 1024, COMPLAINT_LIMIT = 300 };

struct helper {
    struct credentials_query *query;
    char **words;
    char *where; /* "/home/ana/.aws/config:3" */
    struct process process;
};

static void helper_free(struct helper *helper)
{
    buf_wipe(&helper->process.output);
    process_done(&helper->process);
    command_words_free(helper->words);
    free(helper->where);
    free(helper);
}

/* The last line that it wrote to its standard error. */
static void append_complaint(struct str text, struct buf *out)
{
    text = str_trim(text);
    const char *newline = text.len == 0 ? NULL : memrchr(text.ptr, '\n', text.len);
    struct str line = newline == NULL
                          ? text
                          : (struct str){newline + 1, text.len - 1 - (size_t)(newline - text.ptr)};
    if (line.len > 0) {
        buf_append_text(out, ": ");
        utf8_append_printable(
            out, (struct str){line.ptr, line.len < COMPLAINT_LIMIT ? line.len : COMPLAINT_LIMIT});
    }
}

static bool read_output(struct helper *helper, struct error *err)
{
    struct json *json = credentials_json_parse(buf_str(&helper->process.output), err);
    bool is_read = json != NULL;
    if (is_read && json_int_or(json, "Version", 0) != 1) {
        is_read = error_set(err, ERROR_PERMANENT, "", "the answer's Version must be 1");
    }
    is_read = is_read && credentials_json_read(json, &credentials_json_of_process,
                                               &helper->query->credentials, err);
    json_free_wiped(json);
    return is_read;
}

static bool judge(struct helper *helper, struct error *err)
{
    if (helper->process.exit_code == 0) {
        return read_output(helper, err);
    }
    struct buf text;
    char how[64];
    process_describe_exit(&helper->process, how, sizeof(how));
    buf_init(&text, ERROR_MESSAGE_SIZE);
    buf_printf(&text, "the command failed with %s", how);
    append_complaint(buf_str(&helper->process.error_tail), &text);
    error_set(err, ERROR_PERMANENT, "", "%s", buf_text(&text));
    buf_done(&text);
    return false;
}

static void on_exit_of(struct op *op, const struct error *err)
{
    struct helper *helper = op->context;
    struct credentials_query *query = helper->query;
    struct error failure;
    bool is_good = err == NULL;
    if (!is_good) {
        failure = *err;
    } else {
        is_good = judge(helper, &failure);
    }
    if (is_good) {
        snprintf(query->credentials.source, sizeof(query->credentials.source),
                 "credential_process of profile %s (%s)", query->profile, helper->where);
        credentials_give(query);
    } else {
        error_prefix(&failure, "%s: credential_process of profile %s", helper->where,
                     query->profile);
        credentials_fail(query, &failure);
    }
    helper_free(helper);
}

static void start(struct credentials_query *query)
{
    struct shared_value setting;
    struct error err;
    if (!credentials_setting(query, "credential_process", &setting)) {
        credentials_not_there(query, "no command");
        return;
    }
    char **words = command_words_split(str_from(setting.text), &err);
    if (words == NULL) {
        credentials_refuse(query, "%s:%d: credential_process of profile %s: %s", setting.path,
                           setting.line, query->profile, err.message);
        return;
    }
    struct helper *helper = xcalloc(1, sizeof(*helper));
    helper->query = query;
    helper->words = words;
    helper->where = xasprintf("%s:%d", setting.path, setting.line);
    query->handle = helper;
    helper->process = (struct process){
        .op = {.done = on_exit_of, .context = helper},
        .argv = (const char *const *)words,
        .env = (const char *const *)query->session->environment,
        .output_limit = OUTPUT_LIMIT,
        .deadline_ms = DEADLINE_MS,
    };
    process_start(query->session->loop, &helper->process);
}

static void cancel(struct credentials_query *query)
{
    struct helper *helper = query->handle;
    process_cancel(&helper->process);
}

const struct credentials_provider credentials_process = {
    .name = "credential_process",
    .start = start,
    .cancel = cancel,
};
