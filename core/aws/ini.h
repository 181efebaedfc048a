/* The form of the files that AWS tools share: sections of `key = value` lines, a key without a
 * value opening one level of indented ones. Says nothing of what the names mean. Pure; any thread.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html, and where that is silent the
 * parser of botocore: comments begin with # or ; (inside a line after white space), CRLF and a byte
 * order mark are accepted. */
#ifndef GATEHOUSE_AWS_INI_H
#define GATEHOUSE_AWS_INI_H

#include "core/base/error.h"
#include "core/base/secret.h"

#include <stddef.h>

enum { INI_SIZE_MAX = 1 << 20 };

struct ini_section {
    const char *name; /* what stands between the brackets, trimmed */
    int line;
};

struct ini_entry {
    size_t section;     /* index */
    const char *key;    /* as written; compare ignoring case */
    const char *subkey; /* NULL: not nested */
    const char *value;  /* trimmed; "" for a key that opens nested ones, or has no value */
    int line;
};

struct ini {
    char *path;
    struct secret text; /* what all names and values point into: wiped with the rest */
    struct ini_section *sections;
    size_t section_count, section_capacity;
    struct ini_entry *entries; /* in the order of the file */
    size_t entry_count, entry_capacity;
};

/* Copies both. NULL with err: permanent, "bad_aws_config", the message begins "path:line: ". No
 * message shows a value. */
struct ini *ini_parse(struct str text, const char *path, struct error *err);
void ini_free(struct ini *ini); /* accepts NULL */

#endif
