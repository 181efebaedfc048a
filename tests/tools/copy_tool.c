/* copy_tool LIMIT BUCKET KEY TO_BUCKET TO_KEY: one copy on S3, in parts when the object has more
 * than LIMIT bytes, for the end-to-end tests. The session is that of the environment (AWS_...).
 * Prints one JSON object: empty, or "error" and "message" (exit code 1). */
#include "core/aws/s3_store.h"
#include "core/base/environment.h"
#include "core/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool copy(struct loop *loop, char **words, struct error *err)
{
    struct aws_session_spec spec = {.environment = (const char *const *)environ,
                                    .clock = clock_system()};
    struct s3_settings settings = {.copy_limit_bytes = strtoull(words[0], NULL, 10)};
    struct object_copy req = {
        .bucket = words[1], .key = words[2], .to_bucket = words[3], .to_key = words[4]};
    struct aws_session *session = aws_session_new(loop, &spec, err);
    if (session == NULL) {
        return false;
    }
    struct object_store *store = s3_store_new(session, &settings);
    object_copy_start(store, &req);
    bool is_good = loop_await(loop, &req.op, err);
    object_store_free(store);
    aws_session_free(session);
    return is_good;
}

int main(int argc, char **argv)
{
    struct error err;
    if (argc != 6) {
        return 2;
    }
    struct loop *loop = loop_new();
    struct json *out = json_object();
    bool is_good = copy(loop, argv + 1, &err);
    if (!is_good) {
        json_set_text(out, "error", err.code);
        json_set_text(out, "message", err.message);
    }
    char *text = json_print(out);
    puts(text);
    free(text);
    json_free(out);
    loop_free(loop);
    return is_good ? 0 : 1;
}
