/* Encoding and decoding for S3, without a connection.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, UploadPart,
 * CompleteMultipartUpload */
#include "core/aws/s3_message.h"

#include "core/aws/s3_store.h"
#include "core/aws/sigv4.h"
#include "core/aws/xml.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTS_BEFORE_GROWTH = 1000,
    COPY_PARTS = 8,
    TEXT_SHOWN_SIZE = 200,
    PATH_LIMIT = 3 * OBJECT_KEY_SIZE + 2
};

const char *const s3_descriptions[S3_DESCRIPTIONS_MAX] = {
    "content-type", "content-encoding", "content-disposition", "content-language", "cache-control",
};

char *s3_key_path(const char *key)
{
    struct buf path;
    buf_init(&path, PATH_LIMIT);
    buf_append_char(&path, '/');
    sigv4_encode(str_from(key), true, &path);
    char *text = xstrdup(buf_text(&path));
    buf_done(&path);
    return text;
}

void s3_range(uint64_t first, uint64_t length, char out_range[S3_RANGE_SIZE])
{
    snprintf(out_range, S3_RANGE_SIZE, "bytes=%" PRIu64 "-%" PRIu64, first, first + length - 1);
}

bool s3_content_range_read(struct str value, uint64_t *out_first, uint64_t *out_total)
{
    struct str total, last;
    struct str range = str_split(value, '/', &total);
    if (!str_starts_with(range, STR("bytes "))) {
        return false;
    }
    range = (struct str){range.ptr + strlen("bytes "), range.len - strlen("bytes ")};
    struct str first = str_split(range, '-', &last);
    return str_to_u64(first, out_first) && str_to_u64(total, out_total);
}

size_t s3_part_size(size_t part_bytes, int number)
{
    int doublings = (number - 1) / PARTS_BEFORE_GROWTH;
    return part_bytes << (doublings > 9 ? 9 : doublings);
}

uint64_t s3_copy_part_bytes(uint64_t size_bytes, uint64_t limit_bytes)
{
    uint64_t least = size_bytes / S3_PARTS_MAX + (size_bytes % S3_PARTS_MAX != 0);
    return least > limit_bytes / COPY_PARTS ? least : limit_bytes / COPY_PARTS;
}

/* It goes into headers: printable ASCII. False, and untouched, when it is none or does not fit. */
static bool copy_etag(struct str text, char out_etag[OBJECT_ETAG_SIZE])
{
    bool is_good = text.len > 0 && text.len < OBJECT_ETAG_SIZE;
    for (size_t i = 0; is_good && i < text.len; i++) {
        is_good = text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    }
    if (is_good) {
        memcpy(out_etag, text.ptr, text.len);
        out_etag[text.len] = '\0';
    }
    return is_good;
}

void s3_read_info(const struct aws_call *call, const char *key, struct object_info *out_info)
{
    struct object_info info = {0};
    snprintf(info.key, sizeof(info.key), "%s", key);
    copy_etag(aws_call_header(call, "etag"), info.etag);
    str_to_u64(aws_call_header(call, "content-length"), &info.size_bytes);
    if (!clock_parse_http(aws_call_header(call, "last-modified"), &info.modified_ms)) {
        clock_parse_http(aws_call_header(call, "date"), &info.modified_ms);
    }
    *out_info = info;
}

/* ---- multipart uploads */

static bool append_escaped(struct buf *out, const char *text)
{
    bool fits = true;
    for (; *text != '\0' && fits; text++) {
        fits = *text == '&'   ? buf_append_text(out, "&amp;")
               : *text == '<' ? buf_append_text(out, "&lt;")
               : *text == '>' ? buf_append_text(out, "&gt;")
                              : buf_append_char(out, *text);
    }
    return fits;
}

bool s3_append_complete(const struct s3_part_tag *parts, int count, struct buf *out_body)
{
    bool fits = buf_append_text(out_body, "<CompleteMultipartUpload "
                                          "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (int i = 0; i < count && fits; i++) {
        fits = buf_append_text(out_body, "<Part><ETag>") &&
               append_escaped(out_body, parts[i].etag) &&
               buf_printf(out_body, "</ETag><PartNumber>%d</PartNumber></Part>", i + 1);
    }
    return fits && buf_append_text(out_body, "</CompleteMultipartUpload>");
}

static bool encode_text(const char *text, struct buf *out)
{
    return sigv4_encode(str_from(text), false, out);
}

char *s3_read_upload_id(struct str body, struct error *err)
{
    char *id = xml_find(body, "InitiateMultipartUploadResult/UploadId");
    char *encoded = NULL;
    if (id != NULL && id[0] != '\0') {
        struct buf text;
        buf_init(&text, S3_QUERY_LIMIT);
        encoded = encode_text(id, &text) ? xstrdup(buf_text(&text)) : NULL;
        buf_done(&text);
    }
    free(id);
    if (encoded == NULL) {
        error_set(err, ERROR_TRANSIENT, "bad_answer",
                  "CreateMultipartUpload: the answer has no UploadId");
    }
    return encoded;
}

static bool read_etag(struct str body, const char *path, char out_etag[OBJECT_ETAG_SIZE])
{
    char *etag = xml_find(body, path);
    bool is_there = etag != NULL && copy_etag(str_from(etag), out_etag);
    free(etag);
    return is_there;
}

void s3_read_completed_etag(struct str body, char out_etag[OBJECT_ETAG_SIZE])
{
    read_etag(body, "CompleteMultipartUploadResult/ETag", out_etag);
}

bool s3_read_copied_etag(struct str body, char out_etag[OBJECT_ETAG_SIZE])
{
    return read_etag(body, "CopyPartResult/ETag", out_etag);
}

/* ---- listing */

bool s3_append_list_query(const char *prefix, const char *token, struct buf *out_query)
{
    bool fits = true;
    if (token[0] != '\0') {
        fits = buf_append_text(out_query, "continuation-token=") && encode_text(token, out_query) &&
               buf_append_char(out_query, '&');
    }
    fits = fits && buf_append_text(out_query, "encoding-type=url&list-type=2");
    if (prefix[0] != '\0') {
        fits = fits && buf_append_text(out_query, "&prefix=") && encode_text(prefix, out_query);
    }
    return fits;
}

void s3_page_done(struct s3_page *page)
{
    free(page->items);
    free(page->next_token);
    *page = (struct s3_page){0};
}

/* encoding-type=url: percent-encoding, and a plus is a blank. */
static bool decode_key(struct str text, char out_key[OBJECT_KEY_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++, len++) {
        char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? str_hex_digit(text.ptr[i + 1]) : -1;
            int low = high < 0 ? -1 : str_hex_digit(text.ptr[i + 2]);
            if (low < 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (len + 1 >= OBJECT_KEY_SIZE || c == '\0') {
            return false;
        }
        out_key[len] = c;
    }
    out_key[len] = '\0';
    return len > 0;
}

struct page_reader {
    struct s3_page *page;
    struct object_info item;
    size_t count; /* of this page */
    bool is_truncated;
};

static bool bad_page(struct error *err, const char *what, struct str text)
{
    char shown[TEXT_SHOWN_SIZE];
    utf8_copy_printable(text, shown, sizeof(shown));
    return error_set(err, ERROR_PERMANENT, "bad_answer", "ListObjectsV2: %s '%s'", what, shown);
}

static void keep_item(struct page_reader *reader)
{
    struct s3_page *page = reader->page;
    if ((page->count & (page->count - 1)) == 0) { /* full: the capacity is a power of two */
        size_t capacity = page->count == 0 ? 1 : page->count * 2;
        page->items = xreallocarray(page->items, capacity, sizeof(*page->items));
    }
    page->items[page->count++] = reader->item;
    reader->item = (struct object_info){0};
}

static bool take_element(void *context, const char *path, struct str text, struct error *err)
{
    struct page_reader *reader = context;
    struct object_info *item = &reader->item;
    const char *name = strchr(path, '/') == NULL ? "" : strchr(path, '/') + 1;
    if (strcmp(name, "Contents/Key") == 0) {
        return decode_key(text, item->key) || bad_page(err, "a key that cannot be", text);
    }
    if (strcmp(name, "Contents/Size") == 0) {
        return str_to_u64(text, &item->size_bytes) || bad_page(err, "a size that is none:", text);
    }
    if (strcmp(name, "Contents/LastModified") == 0) {
        clock_parse_utc(text, &item->modified_ms);
    } else if (strcmp(name, "Contents/ETag") == 0) {
        copy_etag(text, item->etag);
    } else if (strcmp(name, "Contents") == 0) {
        if (item->key[0] == '\0') {
            return bad_page(err, "an object without key", STR(""));
        }
        if (++reader->count > S3_PAGE_ITEMS_MAX) {
            return bad_page(err, "more objects than a page may have", STR(""));
        }
        keep_item(reader);
    } else if (strcmp(name, "IsTruncated") == 0) {
        reader->is_truncated = str_eq(text, STR("true"));
    } else if (strcmp(name, "NextContinuationToken") == 0) {
        free(reader->page->next_token);
        reader->page->next_token = xmemdup0(text.ptr, text.len);
    }
    return true;
}

bool s3_page_read(struct str body, struct s3_page *page, struct error *err)
{
    struct page_reader reader = {.page = page};
    free(page->next_token);
    page->next_token = NULL;
    if (!str_eq(xml_root(body), STR("ListBucketResult"))) {
        return bad_page(err, "not a list:", xml_root(body));
    }
    if (!xml_read(body, take_element, &reader, err)) {
        err->error_class = ERROR_TRANSIENT; /* most likely cut off on its way */
        return error_prefix(err, "ListObjectsV2");
    }
    if (!reader.is_truncated) {
        free(page->next_token);
        page->next_token = NULL;
    } else if (page->next_token == NULL) {
        return bad_page(err, "it is truncated, but has no token", STR(""));
    }
    return true;
}

void s3_name_error(struct error *err, const char *bucket, const char *key)
{
    bool is_denied = error_is(err, "AccessDenied") || error_is(err, "Forbidden");
    aws_error_name_for_port(err);
    if (err->http_status == 412) {
        snprintf(err->code, sizeof(err->code), "precondition_failed");
    }
    error_prefix(err, "s3://%s/%.300s%s", bucket, key == NULL ? "" : key,
                 is_denied ? " (or it is not there, and s3:ListBucket is not allowed)" : "");
}
