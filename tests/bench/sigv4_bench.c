/* sigv4_bench [SECONDS]: how many S3 requests one core signs in its own processor time, each for
 * another key of the bucket; prints {"signatures":N,"seconds":S,"per_second":R}. */
#include "core/aws/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long sign_for(double seconds, struct buf *value, double *out_took)
{
    struct sigv4_key key = {0};
    struct aws_credentials credentials = {.key_id = "AKIDEXAMPLE"};
    char path[64], token[] = "FwoGZXIvYXdzEXAMPLETOKENofaboutthesizethatthelongonesreallyhave";
    struct sigv4_header headers[] = {
        {"Host", "examplebucket.s3.eu-central-1.amazonaws.com"},
        {"Range", "bytes=0-8388607"},
        {"x-amz-content-sha256", SIGV4_EMPTY_SHA256},
        {"x-amz-date", "20260830T123600Z"},
        {"x-amz-security-token", token},
    };
    struct sigv4_request request = {
        .method = "GET",
        .path = path,
        .query = "partNumber=7&versionId=3HL4kqtJvjVBH40Nrjfkd",
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
        .payload_hash = SIGV4_EMPTY_SHA256,
        .region = "eu-central-1",
        .service = "s3",
        .date = "20260830T123600Z",
        .is_s3 = true,
    };
    long count = 0;
    double start = now_s();
    secret_set(&credentials.secret_key, STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    do {
        for (int i = 0; i < 1000; i++, count++) {
            snprintf(path, sizeof(path), "/cleaned-source1/part-%08ld.csv", count);
            buf_reset(value);
            if (!sigv4_authorization(&key, &request, &credentials, value)) {
                abort();
            }
        }
        *out_took = now_s() - start;
    } while (*out_took < seconds);
    secret_done(&credentials.secret_key);
    sigv4_key_done(&key);
    return count;
}

int main(int argc, char **argv)
{
    struct buf value;
    double took = 0;
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    buf_init(&value, 4096);
    long count = sign_for(seconds, &value, &took);
    printf("{\"signatures\":%ld,\"seconds\":%.3f,\"per_second\":%.0f}\n", count, took,
           (double)count / took);
    buf_done(&value);
    return 0;
}
