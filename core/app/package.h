/* The package that AWS Lambda runs: a zip with `bootstrap`, gatehouse-function, the loader and
 * every library it needs, and certificates of authorities. The same files give the same bytes:
 * names are sorted, times and owners fixed. Blocking.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html */
#ifndef GATEHOUSE_APP_PACKAGE_H
#define GATEHOUSE_APP_PACKAGE_H

#include "core/base/buf.h"
#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/loop/loop.h"

#include <stdint.h>

/* Where the certificates are in the package, below $LAMBDA_TASK_ROOT. */
#define PACKAGE_CA_FOLDER        "etc/certificates" /* see core/aws/authorities.h */
#define PACKAGE_DATABASE_CA_FILE "etc/database-ca.pem"

enum { PACKAGE_UNPACKED_MAX = 250 << 20 }; /* docs.aws.amazon.com/lambda, "Lambda quotas" */

struct package_spec { /* paths, borrowed */
    const char *function_program, *bootstrap_program;
    const char *ca_file;
    const char *database_ca_file; /* "": none */
};

struct package {
    struct buf zip;
    char sha256[DIGEST_HEX_SIZE];
    const char *architecture; /* in Lambda's words: "x86_64", "arm64" */
    size_t files;
    uint64_t unpacked_bytes;
};

/* False with err (permanent: "bad_program", "library_missing", "package_too_large"; and those of
 * reading files); package_done is owed either way. */
bool package_make(struct loop *loop, const struct package_spec *spec, struct package *out_package,
                  struct error *err);
void package_done(struct package *package);

#endif
