/* What is said to S3 and what it answers: paths, ranges, bodies, headers. Pure; any thread. */
#ifndef GATEHOUSE_AWS_S3_MESSAGE_H
#define GATEHOUSE_AWS_S3_MESSAGE_H

#include "core/aws/call.h"
#include "core/base/buf.h"
#include "core/ports/object_store.h"

enum { S3_RANGE_SIZE = 64, S3_HEADERS_MAX = 8, S3_QUERY_LIMIT = 8192, S3_BODY_LIMIT = 2 << 20 };

/* Headers that say what an object holds, beside its bytes. */
enum { S3_DESCRIPTIONS_MAX = 5 };
extern const char *const s3_descriptions[S3_DESCRIPTIONS_MAX];

/* "/key" with every byte but A-Z a-z 0-9 - . _ ~ / encoded; gives memory for free(). */
char *s3_key_path(const char *key);
/* "bytes=first-last" for a request; length > 0. */
void s3_range(uint64_t first, uint64_t length, char out_range[S3_RANGE_SIZE]);
/* First byte and total of "bytes 0-9/200"; false when they are none or unknown. */
bool s3_content_range_read(struct str value, uint64_t *out_first, uint64_t *out_total);

/* How large part `number` (from 1) is: the size grows, so that S3_PARTS_MAX parts hold 5 TB and
 * small objects need little memory. */
size_t s3_part_size(size_t part_bytes, int number);

/* The same for an object of this size that is copied in parts of at most limit_bytes each; more
 * than limit_bytes when S3_PARTS_MAX of them do not hold it. */
uint64_t s3_copy_part_bytes(uint64_t size_bytes, uint64_t limit_bytes);

/* Fills info from the headers of the answer to HEAD, GET or PUT: etag, size (Content-Length), time.
 * The sha256 stays empty: what S3 could tell of it was said by whoever wrote the object. */
void s3_read_info(const struct aws_call *call, const char *key, struct object_info *out_info);

struct s3_part_tag {
    char etag[OBJECT_ETAG_SIZE];
};
/* <CompleteMultipartUpload>; false at the buffer's limit. */
bool s3_append_complete(const struct s3_part_tag *parts, int count, struct buf *out_body);
/* The query of one page of ListObjectsV2; token "" for the first. */
bool s3_append_list_query(const char *prefix, const char *token, struct buf *out_query);

enum { S3_PAGE_ITEMS_MAX = 1000 }; /* S3's, for one answer */
struct s3_page {                   /* of ListObjectsV2 */
    struct object_info *items;     /* owned; grows from page to page */
    size_t count;
    char *next_token; /* owned; NULL: the last page */
};
void s3_page_done(struct s3_page *page);
/* Adds the items of one answer. Errors: permanent "bad_answer". */
bool s3_page_read(struct str body, struct s3_page *page, struct error *err);
/* The UploadId of InitiateMultipartUploadResult; gives memory for free(). */
char *s3_read_upload_id(struct str body, struct error *err);
/* The ETag of CompleteMultipartUploadResult; untouched when there is none. */
void s3_read_completed_etag(struct str body, char out_etag[OBJECT_ETAG_SIZE]);
/* The ETag of CopyPartResult; false, and untouched, when there is none. */
bool s3_read_copied_etag(struct str body, char out_etag[OBJECT_ETAG_SIZE]);
/* The port's word for an error of S3, and which object it is about in front. */
void s3_name_error(struct error *err, const char *bucket, const char *key);

#endif
