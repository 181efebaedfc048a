/* Reading PEM one certificate at a time, and naming each. */
#include "core/aws/authorities.h"

#include "core/base/alloc.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct splitting {
    authority_fn each;
    void *context;
    unsigned long *hashes; /* of those that are done */
    size_t count;
};

/* How many of this hash there are already. */
static size_t number_of(const struct splitting *splitting, unsigned long hash)
{
    size_t number = 0;
    for (size_t i = 0; i < splitting->count; i++) {
        number += splitting->hashes[i] == hash ? 1 : 0;
    }
    return number;
}

static bool tell(struct splitting *splitting, X509 *certificate, struct error *err)
{
    char name[32];
    char *text = NULL;
    BIO *pem = BIO_new(BIO_s_mem());
    unsigned long hash = X509_subject_name_hash(certificate);
    snprintf(name, sizeof(name), "%08lx.%zu", hash, number_of(splitting, hash));
    PEM_write_bio_X509(pem, certificate);
    long len = BIO_get_mem_data(pem, &text);
    bool is_told = splitting->each(splitting->context, name, (struct str){text, (size_t)len}, err);
    BIO_free(pem);
    splitting->hashes =
        xreallocarray(splitting->hashes, splitting->count + 1, sizeof(*splitting->hashes));
    splitting->hashes[splitting->count++] = hash;
    return is_told;
}

static bool check_end(const struct splitting *splitting, struct error *err)
{
    bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return (is_at_end && splitting->count > 0) ||
           error_set(err, ERROR_PERMANENT, "bad_certificate",
                     is_at_end ? "there is no certificate in it"
                               : "certificate %zu of it cannot be read",
                     splitting->count + 1);
}

bool authorities_split(struct str bundle, authority_fn each, void *context, struct error *err)
{
    struct splitting splitting = {.each = each, .context = context};
    X509 *certificate = NULL;
    bool is_good = true;
    int len = bundle.len > INT_MAX ? INT_MAX : (int)bundle.len;
    BIO *bio = BIO_new_mem_buf(bundle.len == 0 ? "" : bundle.ptr, len);
    ERR_clear_error();
    while (is_good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        is_good = tell(&splitting, certificate, err);
        X509_free(certificate);
    }
    is_good = is_good && check_end(&splitting, err);
    BIO_free(bio);
    free(splitting.hashes);
    return is_good;
}
