/* Signature Version 4 from the side of the service: is this request signed as it should be? Written
 * from the description of AWS; shares nothing with core/aws.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_SIGNATURE_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_SIGNATURE_H

#include "tests/support/fake_http.h"

enum { FAKE_WORD_SIZE = 160 };

struct fake_signature { /* the words of an Authorization header */
    char key_id[FAKE_WORD_SIZE], day[FAKE_WORD_SIZE], region[FAKE_WORD_SIZE],
        service[FAKE_WORD_SIZE];
    char signed_headers[1024];
    char signature[FAKE_WORD_SIZE];
};

/* False: there is none, or it is malformed. */
bool fake_signature_read(const struct fake_request *request, struct fake_signature *out);
/* NULL when the request is signed by this secret; else what is wrong, for people. */
const char *fake_signature_check(const struct fake_request *request,
                                 const struct fake_signature *signature, const char *secret);

#endif
