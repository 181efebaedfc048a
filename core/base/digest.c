/* SHA-256 behind a type of our own; OpenSSL uses the processor's SHA instructions. */
#include "core/base/digest.h"

#include "core/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 17 };

struct digest {
    EVP_MD_CTX *context;
};

static void restart(struct digest *digest)
{
    int is_started = EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL);
    assert(is_started == 1);
    (void)is_started;
}

struct digest *digest_new(void)
{
    struct digest *digest = xcalloc(1, sizeof(*digest));
    digest->context = EVP_MD_CTX_new();
    assert(digest->context != NULL);
    restart(digest);
    return digest;
}

struct digest *digest_copy(const struct digest *digest)
{
    struct digest *copy = digest_new();
    int is_copied = EVP_MD_CTX_copy_ex(copy->context, digest->context);
    assert(is_copied == 1);
    (void)is_copied;
    return copy;
}

void digest_free(struct digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}

void digest_update(struct digest *digest, const void *ptr, size_t len)
{
    if (len > 0) {
        EVP_DigestUpdate(digest->context, ptr, len);
    }
}

void digest_finish_hex(struct digest *digest, char out_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[DIGEST_SIZE];
    EVP_DigestFinal_ex(digest->context, raw, NULL);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out_hex[2 * i] = digits[raw[i] >> 4];
        out_hex[2 * i + 1] = digits[raw[i] & 15];
    }
    out_hex[DIGEST_HEX_SIZE - 1] = '\0';
    restart(digest);
}

void digest_hex(struct str data, char out_hex[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_new();
    digest_update(digest, data.ptr, data.len);
    digest_finish_hex(digest, out_hex);
    digest_free(digest);
}

void digest_base64(struct str data, char out_base64[DIGEST_BASE64_SIZE])
{
    unsigned char raw[DIGEST_SIZE];
    int is_made = EVP_Digest(data.ptr, data.len, raw, NULL, EVP_sha256(), NULL);
    assert(is_made == 1);
    (void)is_made;
    EVP_EncodeBlock((unsigned char *)out_base64, raw, DIGEST_SIZE);
}

static bool digest_fd(struct digest *digest, int fd)
{
    char *chunk = xmalloc(READ_SIZE);
    ssize_t got = 0;
    do {
        got = read(fd, chunk, READ_SIZE);
        digest_update(digest, chunk, got > 0 ? (size_t)got : 0);
    } while (got > 0 || (got < 0 && errno == EINTR));
    free(chunk);
    return got == 0;
}

bool digest_file_hex(const char *path, char out_hex[DIGEST_HEX_SIZE], struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "%s", path);
    }
    struct digest *digest = digest_new();
    bool is_read = digest_fd(digest, fd);
    int read_errno = errno;
    if (is_read) {
        digest_finish_hex(digest, out_hex);
    }
    digest_free(digest);
    close(fd);
    return is_read || error_set_errno(err, read_errno, "%s", path);
}
