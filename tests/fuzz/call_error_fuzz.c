/* Answers from outside: a status, header lines, a body. Whatever they say, what is told of a
 * refusal is short, printable, and has a code. */
#include "core/aws/call.h"
#include "core/aws/call_error.h"
#include "core/aws/call_retry.h"
#include "core/aws/s3_message.h"
#include "core/base/clock.h"
#include "core/net/http.h"
#include "core/net/http_header.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_printable(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

/* Lines up to an empty one, as libcurl would hand them over. */
static struct str take_headers(struct str rest, struct buf *headers)
{
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        if (line.len == 0 || !http_header_take_line(headers, line)) {
            break;
        }
    }
    return rest;
}

static void look_at(const struct aws_refusal *refusal, int status)
{
    struct error err;
    unsigned meaning = aws_meaning_of(status, refusal->code);
    assert(refusal->code[0] != '\0');
    expect_printable(refusal->code);
    expect_printable(refusal->text);
    expect_printable(refusal->request_id);
    assert(refusal->region[0] == '\0' || aws_region_is_valid(refusal->region));
    error_set(&err, ERROR_PERMANENT, refusal->code, "%s", refusal->text);
    err.http_status = status;
    assert(aws_error_is_credentials(&err) == ((meaning & AWS_MEANS_CREDENTIALS) != 0));
    aws_error_is_not_found(&err);
}

/* Headers that tell numbers and moments. */
static void read_figures(struct str headers)
{
    uint64_t first = 0, total = 0;
    int64_t moment_ms = 0;
    s3_content_range_read(http_header_find(headers, "content-range"), &first, &total);
    clock_parse_http(http_header_find(headers, "last-modified"), &moment_ms);
    clock_parse_http(http_header_find(headers, "date"), &moment_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf headers;
    struct aws_refusal refusal;
    int status = size > 0 ? 200 + data[0] * 2 : 0;
    buf_init(&headers, HTTP_HEADERS_MAX);
    struct str body =
        take_headers(size > 0 ? (struct str){(const char *)data + 1, size - 1} : STR(""), &headers);
    aws_refusal_read(status, buf_str(&headers), body, &refusal);
    look_at(&refusal, status);
    int64_t pause_ms = retry_delay_asked_ms(buf_str(&headers), 784111777000, 100);
    assert(pause_ms >= 100 && pause_ms <= RETRY_MAX_MS);
    read_figures(buf_str(&headers));
    buf_done(&headers);
    return 0;
}
