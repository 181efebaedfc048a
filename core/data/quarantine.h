/* The quarantine object: a CSV of the rows that were refused, each with where it came from and why:
 * object,line,customer_id,reason,column,value,row. One thread at a time. */
#ifndef GATEHOUSE_DATA_QUARANTINE_H
#define GATEHOUSE_DATA_QUARANTINE_H

#include "core/data/report.h"
#include "core/data/writer.h"

/* What is unknown is empty; line 0 is left out. */
struct quarantine_entry {
    struct str object;
    uint64_t line;
    struct str customer_id; /* as written */
    enum reason reason;
    const char *column; /* may be NULL */
    struct str value;   /* of that column, as written */
    struct str row;     /* the record as it came */
};

/* The header line; once, before the first entry. */
void quarantine_begin(struct writer *writer);
void quarantine_put(struct writer *writer, const struct quarantine_entry *entry);

#endif
