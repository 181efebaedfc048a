/* The parts of a canonical request. Pure; any thread. */
#ifndef GATEHOUSE_AWS_SIGV4_CANONICAL_H
#define GATEHOUSE_AWS_SIGV4_CANONICAL_H

#include "core/aws/sigv4.h"

/* All append; false at a buffer's limit or when there are more headers than can be signed. */
bool sigv4_canonical_path(const struct sigv4_request *request, struct buf *out);
bool sigv4_canonical_query(const char *query, struct buf *out); /* NULL: nothing */
/* "name:value\n" for each, and "a;b;c"; out_text may be NULL. */
bool sigv4_canonical_headers(const struct sigv4_request *request, struct buf *out_text,
                             struct buf *out_names);

#endif
