/* A small S3 in memory, as a handler of the fake AWS: buckets, objects with ranges and If-Match,
 * multipart uploads with S3's limits, listing by pages, copying whole or in
 * parts. Parts left behind are counted. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_S3_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_S3_H

#include "tests/support/fake_aws.h"

struct fake_s3;

/* Answers every request for S3 that nothing else expects; freed after the fake AWS. */
struct fake_s3 *fake_s3_new(struct fake_aws *aws);
void fake_s3_free(struct fake_s3 *s3);
void fake_s3_add_bucket(struct fake_s3 *s3, const char *bucket);
void fake_s3_put(struct fake_s3 *s3, const char *bucket, const char *key, struct str content);
/* Borrowed; ptr NULL: there is no such object. */
struct str fake_s3_get(const struct fake_s3 *s3, const char *bucket, const char *key);
size_t fake_s3_object_count(const struct fake_s3 *s3);
size_t fake_s3_upload_count(const struct fake_s3 *s3); /* begun, neither completed nor aborted */
size_t fake_s3_part_count(const struct fake_s3 *s3);   /* of those: what is billed */
void fake_s3_clear(struct fake_s3 *s3);                /* objects and uploads; buckets stay */
void fake_s3_set_part_min(struct fake_s3 *s3, size_t bytes); /* 5 MiB at first */
void fake_s3_set_copy_max(struct fake_s3 *s3, size_t bytes); /* 5 GiB at first */
/* Right before part number `number` is copied, its source becomes another object of the same bytes.
 */
void fake_s3_change_before_part(struct fake_s3 *s3, int number);
/* From now on request number `at` (1: the next) of any method but DELETE, or all from it on, is
 * done but answered with this fault; with a status it is not done. at 0: no more. */
void fake_s3_strike(struct fake_s3 *s3, int at, bool for_good, struct fake_answer answer);
int fake_s3_struck_at(const struct fake_s3 *s3); /* how many requests were counted since */
void fake_s3_set_page_size(struct fake_s3 *s3, size_t objects);
/* The request number `at` from now on (1: the next) that has this method is answered so. */
void fake_s3_fail(struct fake_s3 *s3, const char *method, int at, struct fake_answer answer);

#endif
