/* An HTTPS server of one answer a connection, on a thread, with a certificate of its own making. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_TLS_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_TLS_H

struct fake_tls;
/* name: whom the certificate is for, "127.0.0.1" or a host name. highest: the newest version it
 * speaks, 0: any (TLS1_1_VERSION of OpenSSL). */
struct fake_tls *fake_tls_new(const char *name, int highest);
void fake_tls_free(struct fake_tls *server);
const char *fake_tls_url(const struct fake_tls *server);     /* "https://127.0.0.1:12345" */
const char *fake_tls_ca_file(const struct fake_tls *server); /* PEM of who signed the certificate */

#endif
