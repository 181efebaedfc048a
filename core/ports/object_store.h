/* Port: objects in buckets (S3's model). Adapters: local/folder_store, aws/s3. Loop thread only.
 * Strings in requests are borrowed until done. Errors: code "not_found" (permanent),
 * "precondition_failed", "access_denied", "credentials_refused", "bad_key", "disk_full",
 * "throttled", "unavailable" (these three transient) ... */
#ifndef GATEHOUSE_PORTS_OBJECT_STORE_H
#define GATEHOUSE_PORTS_OBJECT_STORE_H

#include "core/base/digest.h"
#include "core/loop/op.h"

#include <stdint.h>

enum { OBJECT_KEY_SIZE = 1025, OBJECT_ETAG_SIZE = 96 };

struct object_info {
    char key[OBJECT_KEY_SIZE];
    char etag[OBJECT_ETAG_SIZE];  /* identifies the content; local: its sha256 in hex */
    char sha256[DIGEST_HEX_SIZE]; /* empty when the store does not know it */
    uint64_t size_bytes;
    int64_t modified_ms; /* Unix time */
};

struct object_head { /* what is there? */
    struct op op;
    const char *bucket, *key;
    struct object_info info; /* result */
};

struct object_list { /* all objects under a prefix, sorted by key; pages are the adapter's business
                      */
    struct op op;
    const char *bucket, *prefix;
    struct object_info *items; /* result: object_list_done frees */
    size_t count;
};

/* Reading: open, then read until a chunk of length 0, then close. One operation at a time on a
 * reader; one that is cancelled closes it. The adapter reads ahead, so that the consumer's work and
 * the transfer overlap. */
struct object_reader {
    struct op op;
    const char *bucket, *key;
    uint64_t offset;         /* first byte */
    uint64_t length;         /* 0: to the end */
    const char *if_match;    /* etag, or NULL */
    struct object_info info; /* result of open */
    struct str chunk;        /* result of read; borrowed until the next read or close */
    void *handle;            /* private to the adapter; NULL: closed */
    struct object_store *store;
};

/* Writing: create, write any number of times, then commit (the object appears, whole) or abort
 * (nothing stays). One operation at a time. If create or write fails, abort is still owed when
 * handle is not NULL. */
struct object_writer {
    struct op op;
    const char *bucket, *key;
    bool needs_sha256;       /* costs a store that does not need it a pass over the bytes */
    bool stays_in_place;     /* what is written stays as it is until commit or abort has ended, so
                                that it need not be copied */
    struct object_info info; /* result of commit: size always set, sha256 if it was needed */
    void *handle;
    struct object_store *store;
};

struct object_copy { /* within one store, server-side; replaces the target */
    struct op op;
    const char *bucket, *key, *to_bucket, *to_key;
};

struct object_delete { /* absent is success */
    struct op op;
    const char *bucket, *key;
};

struct object_bucket { /* create it if it does not exist */
    struct op op;
    const char *bucket;
};

struct object_store {
    const struct object_store_ops *ops;
    struct loop *loop;
};

struct object_store_ops {
    void (*head)(struct object_store *store, struct object_head *req);
    void (*list)(struct object_store *store, struct object_list *req);
    void (*open)(struct object_store *store, struct object_reader *reader);
    void (*read)(struct object_reader *reader);
    /* At once; frees handle. An operation that is active is forgotten: it is the port that ends it.
     */
    void (*close)(struct object_reader *reader);
    void (*create)(struct object_store *store, struct object_writer *writer);
    void (*write)(struct object_writer *writer, struct str data); /* data is borrowed until done */
    void (*commit)(struct object_writer *writer);
    void (*abort)(struct object_writer *writer); /* always succeeds */
    void (*copy)(struct object_store *store, struct object_copy *req);
    void (*remove)(struct object_store *store, struct object_delete *req);
    void (*make_bucket)(struct object_store *store, struct object_bucket *req);
    void (*free)(struct object_store *store);
};

void object_head_start(struct object_store *store, struct object_head *req);
void object_list_start(struct object_store *store, struct object_list *req);
void object_list_done(struct object_list *req);
void object_open_start(struct object_store *store, struct object_reader *reader);
void object_read_start(struct object_reader *reader);
void object_close(struct object_reader *reader); /* accepts one that is not open */
void object_create_start(struct object_store *store, struct object_writer *writer);
void object_write_start(struct object_writer *writer, struct str data);
void object_commit_start(struct object_writer *writer);
void object_abort_start(struct object_writer *writer);
void object_copy_start(struct object_store *store, struct object_copy *req);
void object_delete_start(struct object_store *store, struct object_delete *req);
void object_bucket_start(struct object_store *store, struct object_bucket *req);
void object_store_free(struct object_store *store); /* accepts NULL */

/* S3's naming rules, kept by every adapter: bucket 3..63 of a-z 0-9 . - with a letter or
 * digit at both ends; key 1..1024 bytes that file_is_safe_relative accepts. prefix may be empty or
 * end in '/'. code "bad_key". */
bool object_check_bucket(const char *bucket, struct error *err);
bool object_check_key(const char *key, struct error *err);
/* Of a list: bucket and prefix. */
bool object_check_prefix(const char *bucket, const char *prefix, struct error *err);
/* "s3://bucket/key" taken apart; outputs are given (free()). */
bool object_parse_uri(struct str uri, char **out_bucket, char **out_key, struct error *err);

#endif
