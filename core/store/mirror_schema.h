/* The mirror's side of the outbox: schema `gatehouse` in PostgreSQL, made when absent, and one
 * idempotent upsert a table. Pure. */
#ifndef GATEHOUSE_STORE_MIRROR_SCHEMA_H
#define GATEHOUSE_STORE_MIRROR_SCHEMA_H

#include "core/store/store.h"

/* Any number of statements without parameters; harmless when run again, also by two at once. */
const char *mirror_schema_script(void);
/* One statement; $1 is the row as a JSON object (see outbox.c for the members), NULL members
 * included. Run again with the same row, it changes nothing. */
const char *mirror_upsert_sql(enum outbox_kind kind);

#endif
