/* HTTPS on loopback by OpenSSL's blocking calls. */
#include "tests/support/fake_tls.h"

#include "core/base/alloc.h"
#include "tests/support/folder.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_tls {
    int fd;
    pthread_t thread;
    SSL_CTX *context;
    char *folder;
    char url[64], ca_file[512];
};

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    char names[128];
    bool is_address = isdigit((unsigned char)name[0]) != 0;
    snprintf(names, sizeof(names), "%s:%s", is_address ? "IP" : "DNS", name);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

static void set_certificate(struct fake_tls *server, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(key, name);
    SSL_CTX_use_certificate(server->context, certificate);
    SSL_CTX_use_PrivateKey(server->context, key);
    server->folder = test_folder_new();
    snprintf(server->ca_file, sizeof(server->ca_file), "%s/ca.pem", server->folder);
    FILE *file = fopen(server->ca_file, "w");
    assert(file != NULL);
    PEM_write_X509(file, certificate);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void answer_one(SSL *tls)
{
    static const char answer[] =
        "HTTP/1.1 200 Fine\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecure";
    char request[4096];
    if (SSL_accept(tls) == 1 && SSL_read(tls, request, sizeof(request)) > 0) {
        SSL_write(tls, answer, sizeof(answer) - 1);
        SSL_shutdown(tls);
    }
}

static void *serve(void *context)
{
    struct fake_tls *server = context;
    int fd = -1;
    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        SSL *tls = SSL_new(server->context);
        SSL_set_fd(tls, fd);
        answer_one(tls);
        SSL_free(tls);
        close(fd);
    }
    return NULL;
}

struct fake_tls *fake_tls_new(const char *name, int highest)
{
    struct fake_tls *server = xcalloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    server->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(server->context, 0);
    SSL_CTX_set_max_proto_version(server->context, highest);
    SSL_CTX_set_security_level(server->context, 0);
    set_certificate(server, name);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = bind(server->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(server->fd, 8) == 0 &&
                   getsockname(server->fd, (struct sockaddr *)&address, &size) == 0;
    assert(is_open);
    (void)is_open;
    snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
    pthread_create(&server->thread, NULL, serve, server);
    return server;
}

void fake_tls_free(struct fake_tls *server)
{
    shutdown(server->fd, SHUT_RDWR); /* ends its accept */
    pthread_join(server->thread, NULL);
    close(server->fd);
    SSL_CTX_free(server->context);
    test_folder_free(server->folder);
    free(server);
}

const char *fake_tls_url(const struct fake_tls *server)
{
    return server->url;
}

const char *fake_tls_ca_file(const struct fake_tls *server)
{
    return server->ca_file;
}
