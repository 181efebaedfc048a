/* An object, streamed from the store through a consumer, its digest checked on the way. Reading
 * happens on the loop, consuming and hashing on pool threads, one chunk at a time. */
#ifndef GATEHOUSE_STAGES_TRANSFER_H
#define GATEHOUSE_STAGES_TRANSFER_H

#include "core/base/digest.h"
#include "core/loop/work.h"
#include "core/ports/object_store.h"

#include <stdint.h>

/* On a pool thread, never two at a time. A chunk of length 0 is the end and comes exactly once. */
typedef bool (*transfer_take_fn)(void *context, struct str chunk, struct error *err);

struct transfer {
    struct op op;
    /* set by the caller, borrowed until done */
    struct object_store *store;
    const char *bucket, *key;
    const char *sha256;  /* what it must be: permanent "changed_under_us" if not; NULL or "": any */
    uint64_t size_limit; /* permanent "too_large" beyond; 0: none */
    transfer_take_fn take;
    void *take_context;
    /* results */
    uint64_t size_bytes;
    char digest_hex[DIGEST_HEX_SIZE];
    /* private */
    struct loop *loop;
    struct object_reader reader;
    struct work work;
    struct digest *digest;
    struct error failure;
    bool is_cancelled;
};

/* A cancel ends what is being read at once; done comes when the consumer has given up its chunk. */
void transfer_start(struct loop *loop, struct transfer *transfer);

/* A consumer that writes a new file (0600); context: struct file_sink. file_sink_done is owed. */
struct file_sink {
    const char *path; /* borrowed */
    bool is_open;
    int fd;
};
bool file_sink_take(void *context, struct str chunk, struct error *err);
void file_sink_done(struct file_sink *sink); /* accepts one that was never opened */

/* A consumer that keeps it all; context: struct buf with its limit set. */
bool buf_sink_take(void *context, struct str chunk, struct error *err);

#endif
