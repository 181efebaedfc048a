/* Tables of buckets, objects, uploads; one function a kind of request. */
#include "tests/support/fake_s3.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS_MAX = 8,
    OBJECTS_MAX = 4096,
    UPLOADS_MAX = 64,
    PARTS_MAX = 256,
    PAGE_SIZE = 1000,
    PART_BYTES_MIN = 5 << 20,
};

struct object {
    char *bucket, *key;
    struct buf content;
    int version; /* of the whole store: makes the ETag */
};

struct upload {
    char *bucket, *key;
    struct buf parts[PARTS_MAX]; /* by number; limit 0: not there */
    bool is_open;
};

struct fake_s3 {
    char *buckets[BUCKETS_MAX];
    struct object *objects[OBJECTS_MAX];
    size_t object_count;
    struct upload uploads[UPLOADS_MAX];
    size_t upload_count;
    size_t page_size;
    int version;
    const char *fail_method;
    int fail_at;
    struct fake_answer fail_answer;
    struct fake_answer strike_answer;
    int strike_at, strike_seen;
    bool strikes_for_good;
    size_t part_min, copy_max;
    int change_before_part;
    struct buf body, headers; /* of the answer: copied by the server */
};

struct target { /* of a request */
    char *bucket;
    const char *key; /* NULL: the bucket itself */
};

/* ---- words */

static char *decode(const char *text, size_t len)
{
    char *out = xmalloc(len + 1);
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < len && sscanf(text + i + 1, "%2x", &value) == 1) {
            out[to++] = (char)value;
            i += 2;
        } else {
            out[to++] = text[i];
        }
    }
    out[to] = '\0';
    return out;
}

/* Gives memory; NULL: not in the query. */
static char *parameter(const struct fake_request *request, const char *name)
{
    struct str rest = str_from(request->query);
    while (rest.len > 0) {
        struct str value;
        struct str pair = str_split(rest, '&', &rest);
        struct str found = str_split(pair, '=', &value);
        if (str_eq(found, str_from(name))) {
            return decode(value.ptr == NULL ? "" : value.ptr, value.len);
        }
    }
    return NULL;
}

static struct target target_of(const struct fake_request *request)
{
    struct target target;
    target.bucket = decode(request->path + 1, strlen(request->path + 1));
    char *slash = strchr(target.bucket, '/');
    target.key = slash == NULL || slash[1] == '\0' ? NULL : slash + 1;
    if (slash != NULL) {
        *slash = '\0';
    }
    return target;
}

static void answer_error(struct fake_s3 *s3, struct fake_answer *out, int status, const char *code)
{
    out->status = status;
    buf_printf(&s3->body,
               "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>fake</Message></Error>",
               code);
    out->body = buf_str(&s3->body);
}

/* ---- objects */

static bool has_bucket(const struct fake_s3 *s3, const char *bucket)
{
    for (size_t i = 0; i < BUCKETS_MAX && s3->buckets[i] != NULL; i++) {
        if (strcmp(s3->buckets[i], bucket) == 0) {
            return true;
        }
    }
    return false;
}

static int by_place(const void *left, const void *right)
{
    const struct object *a = *(struct object *const *)left;
    const struct object *b = *(struct object *const *)right;
    int order = strcmp(a->bucket, b->bucket);
    return order != 0 ? order : strcmp(a->key, b->key);
}

static struct object *find(const struct fake_s3 *s3, const char *bucket, const char *key)
{
    for (size_t i = 0; i < s3->object_count; i++) {
        struct object *object = s3->objects[i];
        if (strcmp(object->bucket, bucket) == 0 && strcmp(object->key, key) == 0) {
            return object;
        }
    }
    return NULL;
}

static struct object *make(struct fake_s3 *s3, const char *bucket, const char *key)
{
    struct object *object = find(s3, bucket, key);
    if (object == NULL) {
        assert_true(s3->object_count < OBJECTS_MAX);
        object = xcalloc(1, sizeof(*object));
        object->bucket = xstrdup(bucket);
        object->key = xstrdup(key);
        buf_init(&object->content, (size_t)1 << 32);
        s3->objects[s3->object_count++] = object;
        qsort(s3->objects, s3->object_count, sizeof(*s3->objects), by_place);
    }
    buf_reset(&object->content);
    object->version = ++s3->version;
    return object;
}

static void free_object(struct object *object)
{
    buf_done(&object->content);
    free(object->bucket);
    free(object->key);
    free(object);
}

static void add_etag(struct fake_s3 *s3, const struct object *object)
{
    buf_printf(&s3->headers, "ETag: \"v%d\"\r\nLast-Modified: Sun, 22 Nov 2026 15:39:28 GMT\r\n",
               object->version);
}

static void get_object(struct fake_s3 *s3, const struct fake_request *request,
                       const struct object *object, struct fake_answer *out)
{
    const char *range = fake_request_header(request, "range");
    const char *match = fake_request_header(request, "if-match");
    char etag[32];
    unsigned long long first = 0, last = 0;
    snprintf(etag, sizeof(etag), "\"v%d\"", object->version);
    if (match != NULL && strcmp(match, etag) != 0) {
        answer_error(s3, out, 412, "PreconditionFailed");
        return;
    }
    add_etag(s3, object);
    out->body = buf_str(&object->content);
    if (range != NULL) {
        assert_int_equal(sscanf(range, "bytes=%llu-%llu", &first, &last), 2);
        if (first >= object->content.len) {
            answer_error(s3, out, 416, "InvalidRange");
            return;
        }
        last = last >= object->content.len ? object->content.len - 1 : last;
        out->status = 206;
        out->body = (struct str){object->content.ptr + first, last - first + 1};
        buf_printf(&s3->headers, "Content-Range: bytes %llu-%llu/%zu\r\n", first, last,
                   object->content.len);
    }
    out->headers = buf_text(&s3->headers);
}

static void head_object(struct fake_s3 *s3, const struct object *object, struct fake_answer *out)
{
    add_etag(s3, object);
    buf_printf(&s3->headers, "Content-Length: %zu\r\n", object->content.len);
    out->headers = buf_text(&s3->headers);
}

/* "/bucket/key", encoded. */
static struct object *find_source(const struct fake_s3 *s3, const char *source)
{
    char *from = decode(source + 1, strlen(source + 1));
    char *slash = strchr(from, '/');
    assert_non_null(slash);
    *slash = '\0';
    struct object *object = find(s3, from, slash + 1);
    free(from);
    return object;
}

static void copy_object(struct fake_s3 *s3, const struct target *to, const char *source,
                        struct fake_answer *out)
{
    const struct object *object = find_source(s3, source);
    if (object == NULL) {
        answer_error(s3, out, 404, "NoSuchKey");
    } else if (object->content.len > s3->copy_max) {
        answer_error(s3, out, 400, "InvalidRequest");
    } else {
        struct buf content;
        buf_init(&content, (size_t)1 << 32);
        buf_append_str(&content, buf_str(&object->content));
        buf_append_str(&make(s3, to->bucket, to->key)->content, buf_str(&content));
        buf_done(&content);
        out->body = STR("<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>");
    }
}

static void remove_object(struct fake_s3 *s3, const struct target *target)
{
    for (size_t i = 0; i < s3->object_count; i++) {
        struct object *object = s3->objects[i];
        if (strcmp(object->bucket, target->bucket) == 0 && strcmp(object->key, target->key) == 0) {
            free_object(object);
            memmove(&s3->objects[i], &s3->objects[i + 1],
                    (--s3->object_count - i) * sizeof(struct object *));
            return;
        }
    }
}

/* ---- uploads */

static void begin_upload(struct fake_s3 *s3, const struct target *target, struct fake_answer *out)
{
    assert_true(s3->upload_count < UPLOADS_MAX);
    struct upload *upload = &s3->uploads[s3->upload_count++];
    *upload = (struct upload){
        .bucket = xstrdup(target->bucket), .key = xstrdup(target->key), .is_open = true};
    buf_printf(&s3->body,
               "<InitiateMultipartUploadResult><UploadId>u/%zu+=&amp;x</UploadId>"
               "</InitiateMultipartUploadResult>",
               s3->upload_count);
    out->body = buf_str(&s3->body);
}

static struct upload *find_upload(struct fake_s3 *s3, const struct target *target, const char *id)
{
    size_t number = 0;
    if (sscanf(id, "u/%zu+=&x", &number) != 1 || number == 0 || number > s3->upload_count) {
        return NULL;
    }
    struct upload *upload = &s3->uploads[number - 1];
    bool fits = upload->is_open && strcmp(upload->bucket, target->bucket) == 0 &&
                strcmp(upload->key, target->key) == 0;
    return fits ? upload : NULL;
}

static void close_upload(struct upload *upload)
{
    for (size_t i = 0; i < PARTS_MAX; i++) {
        buf_done(&upload->parts[i]);
        upload->parts[i].limit = 0;
    }
    upload->is_open = false;
}

/* Gives the memory of part `number`. */
static struct buf *new_part(struct upload *upload, int number)
{
    assert_in_range(number, 1, PARTS_MAX - 1);
    buf_done(&upload->parts[number]);
    buf_init(&upload->parts[number], (size_t)1 << 32);
    return &upload->parts[number];
}

static void put_part(struct fake_s3 *s3, const struct fake_request *request, struct upload *upload,
                     int number, struct fake_answer *out)
{
    buf_append_str(new_part(upload, number), request->body);
    buf_printf(&s3->headers, "ETag: \"p%d\"\r\n", number);
    out->headers = buf_text(&s3->headers);
}

static void copy_part(struct fake_s3 *s3, const struct fake_request *request, struct upload *upload,
                      int number, struct fake_answer *out)
{
    struct object *object = find_source(s3, fake_request_header(request, "x-amz-copy-source"));
    const char *match = fake_request_header(request, "x-amz-copy-source-if-match");
    const char *range = fake_request_header(request, "x-amz-copy-source-range");
    char etag[32] = "";
    unsigned long long first = 0, last = 0;
    if (object != NULL && number == s3->change_before_part) {
        object->version = ++s3->version;
    }
    if (object != NULL) {
        snprintf(etag, sizeof(etag), "\"v%d\"", object->version);
    }
    assert_true(range != NULL && sscanf(range, "bytes=%llu-%llu", &first, &last) == 2);
    if (object == NULL) {
        answer_error(s3, out, 404, "NoSuchKey");
    } else if (match == NULL || strcmp(match, etag) != 0) {
        answer_error(s3, out, 412, "PreconditionFailed");
    } else if (last >= object->content.len || last - first >= s3->copy_max) {
        answer_error(s3, out, 400, "InvalidArgument");
    } else {
        buf_append(new_part(upload, number), object->content.ptr + first, last - first + 1);
        buf_printf(&s3->body, "<CopyPartResult><ETag>&quot;p%d&quot;</ETag></CopyPartResult>",
                   number);
        out->body = buf_str(&s3->body);
    }
}

static void answer_part(struct fake_s3 *s3, const struct fake_request *request,
                        struct upload *upload, struct fake_answer *out)
{
    char *text = parameter(request, "partNumber");
    int number = text == NULL ? 0 : atoi(text);
    free(text);
    if (fake_request_header(request, "x-amz-copy-source") != NULL) {
        copy_part(s3, request, upload, number, out);
    } else {
        put_part(s3, request, upload, number, out);
    }
}

static void complete_upload(struct fake_s3 *s3, const struct fake_request *request,
                            struct upload *upload, struct fake_answer *out)
{
    int count = 0;
    size_t bytes = 0;
    while (count + 1 < PARTS_MAX && upload->parts[count + 1].limit > 0) {
        char tag[64];
        count++;
        snprintf(tag, sizeof(tag), "<ETag>\"p%d\"</ETag><PartNumber>%d</PartNumber>", count, count);
        if (!str_contains(request->body, str_from(tag))) {
            answer_error(s3, out, 400, "InvalidPart");
            return;
        }
        bool is_last = upload->parts[count + 1].limit == 0;
        if (!is_last && upload->parts[count].len < s3->part_min) {
            answer_error(s3, out, 400, "EntityTooSmall");
            return;
        }
        bytes += upload->parts[count].len;
    }
    struct object *object = make(s3, upload->bucket, upload->key);
    for (int i = 1; i <= count; i++) {
        buf_append_str(&object->content, buf_str(&upload->parts[i]));
    }
    assert_int_equal(object->content.len, bytes);
    close_upload(upload);
    buf_printf(&s3->body,
               "   <CompleteMultipartUploadResult><ETag>&quot;v%d&quot;</ETag>"
               "</CompleteMultipartUploadResult>",
               object->version);
    out->body = buf_str(&s3->body);
}

static void answer_upload(struct fake_s3 *s3, const struct fake_request *request,
                          const struct target *target, const char *id, struct fake_answer *out)
{
    struct upload *upload = find_upload(s3, target, id);
    if (upload == NULL) {
        answer_error(s3, out, 404, "NoSuchUpload");
    } else if (strcmp(request->method, "PUT") == 0) {
        answer_part(s3, request, upload, out);
    } else if (strcmp(request->method, "POST") == 0) {
        complete_upload(s3, request, upload, out);
    } else {
        close_upload(upload);
        out->status = 204;
    }
}

/* ---- buckets */

static void append_encoded(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        bool is_plain = strchr("/.-_", *text) != NULL || (*text >= '0' && *text <= '9') ||
                        (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        if (is_plain) {
            buf_append_char(out, *text);
        } else if (*text == ' ') {
            buf_append_char(out, '+');
        } else {
            buf_printf(out, "%%%02X", (unsigned char)*text);
        }
    }
}

static void list(struct fake_s3 *s3, const struct fake_request *request, const char *bucket,
                 struct fake_answer *out)
{
    char *prefix = parameter(request, "prefix");
    char *token = parameter(request, "continuation-token");
    size_t from = token == NULL ? 0 : strtoul(token + 1, NULL, 10);
    size_t given = 0, i = from;
    buf_append_text(&s3->body, "<ListBucketResult>");
    for (; i < s3->object_count && given < s3->page_size; i++) {
        const struct object *object = s3->objects[i];
        if (strcmp(object->bucket, bucket) == 0 &&
            (prefix == NULL || strncmp(object->key, prefix, strlen(prefix)) == 0)) {
            buf_append_text(&s3->body, "<Contents><Key>");
            append_encoded(&s3->body, object->key);
            buf_printf(&s3->body,
                       "</Key><LastModified>2026-11-22T15:39:28.000Z</LastModified><ETag>&quot;v%d"
                       "&quot;</ETag><Size>%zu</Size></Contents>",
                       object->version, object->content.len);
            given++;
        }
    }
    bool is_truncated = i < s3->object_count;
    buf_printf(&s3->body, "<IsTruncated>%s</IsTruncated>", is_truncated ? "true" : "false");
    if (is_truncated) {
        buf_printf(&s3->body, "<NextContinuationToken>+%zu/=</NextContinuationToken>", i);
    }
    buf_append_text(&s3->body, "</ListBucketResult>");
    out->body = buf_str(&s3->body);
    free(prefix);
    free(token);
}

static void answer_bucket(struct fake_s3 *s3, const struct fake_request *request,
                          const char *bucket, struct fake_answer *out)
{
    if (strcmp(request->method, "PUT") == 0) {
        fake_s3_add_bucket(s3, bucket);
    } else if (!has_bucket(s3, bucket)) {
        answer_error(s3, out, 404, "NoSuchBucket");
    } else if (strcmp(request->method, "GET") == 0) {
        list(s3, request, bucket, out);
    }
}

/* ---- one request */

static void answer_object(struct fake_s3 *s3, const struct fake_request *request,
                          const struct target *target, struct fake_answer *out)
{
    const char *method = request->method;
    const char *source = fake_request_header(request, "x-amz-copy-source");
    struct object *object = find(s3, target->bucket, target->key);
    if (source != NULL) {
        copy_object(s3, target, source, out);
    } else if (strcmp(method, "PUT") == 0) {
        object = make(s3, target->bucket, target->key);
        buf_append_str(&object->content, request->body);
        add_etag(s3, object);
        out->headers = buf_text(&s3->headers);
    } else if (strcmp(method, "DELETE") == 0) {
        remove_object(s3, target);
        out->status = 204;
    } else if (object == NULL) {
        answer_error(s3, out, 404, "NoSuchKey");
    } else if (strcmp(method, "HEAD") == 0) {
        head_object(s3, object, out);
    } else {
        get_object(s3, request, object, out);
    }
}

static void answer_key(struct fake_s3 *s3, const struct fake_request *request,
                       const struct target *target, struct fake_answer *out)
{
    char *id = parameter(request, "uploadId");
    char *uploads = parameter(request, "uploads");
    if (!has_bucket(s3, target->bucket)) {
        answer_error(s3, out, 404, "NoSuchBucket");
    } else if (uploads != NULL) {
        begin_upload(s3, target, out);
    } else if (id != NULL) {
        answer_upload(s3, request, target, id, out);
    } else {
        answer_object(s3, request, target, out);
    }
    free(id);
    free(uploads);
}

static bool strikes(struct fake_s3 *s3, const struct fake_request *request)
{
    if (s3->strike_at == 0 || strcmp(request->method, "DELETE") == 0) {
        return false;
    }
    s3->strike_seen++;
    return s3->strikes_for_good ? s3->strike_seen >= s3->strike_at
                                : s3->strike_seen == s3->strike_at;
}

static void answer(void *context, const struct fake_request *request, struct fake_answer *out)
{
    struct fake_s3 *s3 = context;
    buf_reset(&s3->body);
    buf_reset(&s3->headers);
    bool is_meant = s3->fail_at > 0 && strcmp(s3->fail_method, request->method) == 0;
    if (is_meant && --s3->fail_at == 0) {
        *out = s3->fail_answer;
        return;
    }
    bool is_struck = strikes(s3, request);
    if (is_struck && s3->strike_answer.status != 0) {
        *out = s3->strike_answer;
        return;
    }
    struct target target = target_of(request);
    if (target.key == NULL) {
        answer_bucket(s3, request, target.bucket, out);
    } else {
        answer_key(s3, request, &target, out);
    }
    free(target.bucket);
    if (strcmp(request->method, "HEAD") == 0) {
        out->body = (struct str){NULL, 0};
    }
    out->fault = is_struck ? s3->strike_answer.fault : out->fault;
}

/* ---- for the tests */

struct fake_s3 *fake_s3_new(struct fake_aws *aws)
{
    struct fake_s3 *s3 = xcalloc(1, sizeof(*s3));
    buf_init(&s3->body, (size_t)1 << 32);
    buf_init(&s3->headers, 1 << 16);
    s3->page_size = PAGE_SIZE;
    s3->part_min = PART_BYTES_MIN;
    s3->copy_max = (size_t)5 << 30;
    fake_aws_expect(aws,
                    (struct fake_exchange){
                        .service = "s3", .times = FAKE_ALWAYS, .handle = answer, .context = s3});
    return s3;
}

void fake_s3_clear(struct fake_s3 *s3)
{
    for (size_t i = 0; i < s3->object_count; i++) {
        free_object(s3->objects[i]);
    }
    for (size_t i = 0; i < s3->upload_count; i++) {
        close_upload(&s3->uploads[i]);
        free(s3->uploads[i].bucket);
        free(s3->uploads[i].key);
    }
    s3->object_count = 0;
    s3->upload_count = 0;
}

void fake_s3_free(struct fake_s3 *s3)
{
    for (size_t i = 0; i < BUCKETS_MAX; i++) {
        free(s3->buckets[i]);
    }
    fake_s3_clear(s3);
    buf_done(&s3->body);
    buf_done(&s3->headers);
    free(s3);
}

void fake_s3_add_bucket(struct fake_s3 *s3, const char *bucket)
{
    size_t i = 0;
    while (s3->buckets[i] != NULL) {
        i++;
    }
    assert_true(i + 1 < BUCKETS_MAX);
    s3->buckets[i] = xstrdup(bucket);
}

void fake_s3_put(struct fake_s3 *s3, const char *bucket, const char *key, struct str content)
{
    if (!has_bucket(s3, bucket)) {
        fake_s3_add_bucket(s3, bucket);
    }
    buf_append_str(&make(s3, bucket, key)->content, content);
}

struct str fake_s3_get(const struct fake_s3 *s3, const char *bucket, const char *key)
{
    const struct object *object = find(s3, bucket, key);
    return object == NULL ? (struct str){NULL, 0}
                          : (struct str){buf_text(&object->content), object->content.len};
}

size_t fake_s3_object_count(const struct fake_s3 *s3)
{
    return s3->object_count;
}

size_t fake_s3_upload_count(const struct fake_s3 *s3)
{
    size_t count = 0;
    for (size_t i = 0; i < s3->upload_count; i++) {
        count += s3->uploads[i].is_open;
    }
    return count;
}

size_t fake_s3_part_count(const struct fake_s3 *s3)
{
    size_t count = 0;
    for (size_t i = 0; i < s3->upload_count; i++) {
        for (size_t part = 0; part < PARTS_MAX && s3->uploads[i].is_open; part++) {
            count += s3->uploads[i].parts[part].limit > 0;
        }
    }
    return count;
}

void fake_s3_set_part_min(struct fake_s3 *s3, size_t bytes)
{
    s3->part_min = bytes;
}

void fake_s3_set_copy_max(struct fake_s3 *s3, size_t bytes)
{
    s3->copy_max = bytes;
}

void fake_s3_change_before_part(struct fake_s3 *s3, int number)
{
    s3->change_before_part = number;
}

void fake_s3_strike(struct fake_s3 *s3, int at, bool for_good, struct fake_answer answer_with)
{
    s3->strike_at = at;
    s3->strike_seen = 0;
    s3->strikes_for_good = for_good;
    s3->strike_answer = answer_with;
}

int fake_s3_struck_at(const struct fake_s3 *s3)
{
    return s3->strike_seen;
}

void fake_s3_set_page_size(struct fake_s3 *s3, size_t objects)
{
    s3->page_size = objects;
}

void fake_s3_fail(struct fake_s3 *s3, const char *method, int at, struct fake_answer answer_with)
{
    s3->fail_method = method;
    s3->fail_at = at;
    s3->fail_answer = answer_with;
}
