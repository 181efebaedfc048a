/* One CSV line a refused row. */
#include "core/data/quarantine.h"

void quarantine_begin(struct writer *writer)
{
    writer_put(writer, STR("object,line,customer_id,reason,column,value,row\n"));
}

void quarantine_put(struct writer *writer, const struct quarantine_entry *entry)
{
    char line[NUMBER_TEXT_MAX];
    char *end = entry->line == 0 ? line : number_write_u64(line, entry->line);
    const struct str fields[] = {
        entry->object,
        {line, (size_t)(end - line)},
        entry->customer_id,
        str_from(reason_name(entry->reason)),
        str_from(entry->column),
        entry->value,
        entry->row,
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        writer_put(writer, i == 0 ? STR("") : STR(","));
        writer_put_field(writer, fields[i]);
    }
    writer_put(writer, STR("\n"));
}
