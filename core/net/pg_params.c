/* DSN -> keyword and value pairs, with host names resolved. */
#include "core/net/pg_params.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOSTS_MAX = 32, LIST_LIMIT = 64 * 1024 };

/* What a DSN may say otherwise. gssencmode: a Kerberos ticket would be looked for by blocking
 * calls. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    {"fallback_application_name", "gatehouse"},
    {"client_encoding", "UTF8"},
    {"gssencmode", "disable"},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"},
};

static bool is_set(const char *value)
{
    return value != NULL && *value != '\0';
}

static size_t find(const struct pg_params *params, const char *keyword)
{
    size_t i = 0;
    while (i < params->count && strcmp(params->keywords[i], keyword) != 0) {
        i++;
    }
    return i;
}

const char *pg_params_get(const struct pg_params *params, const char *keyword)
{
    return params->values[find(params, keyword)];
}

static void wipe(char *value)
{
    if (value != NULL) {
        explicit_bzero(value, strlen(value));
        free(value);
    }
}

/* keyword: a constant; value: taken. */
static void set(struct pg_params *params, const char *keyword, char *value)
{
    size_t i = find(params, keyword);
    if (i == params->count) {
        assert(params->count < PG_PARAMS_MAX);
        params->count++;
    }
    params->keywords[i] = keyword;
    wipe(params->values[i]);
    params->values[i] = value;
}

void pg_params_done(struct pg_params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        wipe(params->values[i]);
    }
    *params = (struct pg_params){0};
}

/* A password with an unquoted '@', ':' or '/' spills into what follows it in a URI: what looks like
 * that is refused without being shown. */
static bool has_spilt(const struct pg_params *params, const char *dsn)
{
    const char *port = pg_params_get(params, "port");
    if (is_set(port) && port[strspn(port, "0123456789,")] != '\0') {
        return true;
    }
    const char *authority = strstr(dsn, "://");
    if (authority == NULL) {
        return false;
    }
    authority += 3;
    size_t length = strcspn(authority, "/?");
    const char *first = memchr(authority, '@', strcspn(authority, "?"));
    const char *last = memrchr(authority, '@', strcspn(authority, "?"));
    return first != last || (first != NULL && first > authority + length);
}

static bool check_spill(const struct pg_params *params, const char *dsn, struct error *err)
{
    return !has_spilt(params, dsn) ||
           error_set(err, ERROR_PERMANENT, "bad_dsn",
                     "the database DSN has a wrong host or port; if its password has '@', ':' or "
                     "'/', write them as %%40, %%3A, %%2F");
}

static bool take_options(struct pg_params *params, const char *dsn, struct error *err)
{
    PQconninfoOption *options = PQconninfoParse(dsn, NULL);
    if (options == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_dsn",
                         "the database DSN cannot be read: write "
                         "postgresql://user:password@host:port/database (special characters as "
                         "%%XX) or host=... port=... user=... password='...' dbname=...");
    }
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL) {
            set(params, option->keyword, xstrdup(option->val));
            explicit_bzero(option->val, strlen(option->val));
        }
    }
    PQconninfoFree(options);
    if (is_set(pg_params_get(params, "service"))) {
        return error_set(err, ERROR_PERMANENT, "bad_dsn",
                         "the database DSN names a service: write its host, port, user and "
                         "database out");
    }
    return check_spill(params, dsn, err);
}

/* What libpq verifies the server's certificate by; gives memory for free(), NULL: nothing it would
 * miss. */
static char *authorities_file(const struct pg_params *params)
{
    const char *mode = pg_params_get(params, "sslmode");
    const char *path = pg_params_get(params, "sslrootcert");
    const char *home = getenv("HOME");
    mode = is_set(mode) ? mode : getenv("PGSSLMODE");
    path = is_set(path) ? path : getenv("PGSSLROOTCERT");
    if (!is_set(mode) || strncmp(mode, "verify-", strlen("verify-")) != 0) {
        return NULL;
    }
    if (!is_set(path)) {
        return xasprintf("%s/.postgresql/root.crt", is_set(home) ? home : "~");
    }
    return strcmp(path, "system") == 0 ? NULL : xstrdup(path);
}

/* libpq would take it for a failure of the connection. */
static bool check_authorities(const struct pg_params *params, struct error *err)
{
    char *path = authorities_file(params);
    bool is_readable = path == NULL || access(path, R_OK) == 0;
    if (!is_readable) {
        error_set(err, ERROR_PERMANENT, "bad_dsn",
                  "the database cannot be verified without its authority's certificates: %s: %s; "
                  "name the file by sslrootcert in the database DSN, for Lambda by "
                  "functions.database_ca_file",
                  path, strerror(errno));
    }
    free(path);
    return is_readable;
}

static void add_defaults(struct pg_params *params, int64_t statement_timeout_ms)
{
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (pg_params_get(params, defaults[i].keyword) == NULL) {
            set(params, defaults[i].keyword, xstrdup(defaults[i].value));
        }
    }
    if (statement_timeout_ms > 0) {
        const char *options = pg_params_get(params, "options");
        set(params, "options",
            xasprintf("-c statement_timeout=%lld %s", (long long)statement_timeout_ms,
                      options == NULL ? "" : options));
    }
    const char *host = getenv("PGHOST");
    if (!is_set(pg_params_get(params, "host")) && is_set(host)) {
        set(params, "host", xstrdup(host));
    }
}

bool pg_params_parse(struct pg_params *params, const char *dsn, int64_t statement_timeout_ms,
                     struct error *err)
{
    *params = (struct pg_params){0};
    if (!take_options(params, dsn, err) || !check_authorities(params, err)) {
        pg_params_done(params);
        return false;
    }
    add_defaults(params, statement_timeout_ms);
    return true;
}

static bool is_socket(struct str host)
{
    return host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@';
}

bool pg_params_need_resolving(const struct pg_params *params)
{
    struct str rest = str_from(pg_params_get(params, "host"));
    bool need = false;
    while (rest.len > 0) {
        need = !is_socket(str_split(rest, ',', &rest)) || need;
    }
    return need && !is_set(pg_params_get(params, "hostaddr")) && getenv("PGHOSTADDR") == NULL;
}

struct lists { /* comma-separated, in step */
    struct buf hosts, addresses, ports;
    size_t count;
};

static void add_entry(struct lists *lists, struct str host, const char *address, struct str port)
{
    const char *comma = lists->count == 0 ? "" : ",";
    buf_printf(&lists->hosts, "%s" STR_FMT, comma, STR_ARG(host));
    buf_printf(&lists->addresses, "%s%s", comma, address);
    buf_printf(&lists->ports, "%s" STR_FMT, comma, STR_ARG(port));
    lists->count++;
}

static bool resolve_host(struct lists *lists, struct str host, struct str port, struct error *err)
{
    char name[NI_MAXHOST];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    snprintf(name, sizeof(name), STR_FMT, STR_ARG(host));
    int status = getaddrinfo(name, NULL, &hints, &found);
    if (status != 0) {
        bool is_lasting = status == EAI_NONAME || status == EAI_FAIL;
        return error_set(err, is_lasting ? ERROR_PERMANENT : ERROR_TRANSIENT, "host_not_found",
                         "the database host '%s' has no address: %s", name, gai_strerror(status));
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        char address[NI_MAXHOST];
        if (lists->count < HOSTS_MAX &&
            getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST) == 0) {
            add_entry(lists, host, address, port);
        }
    }
    freeaddrinfo(found);
    return true;
}

static bool resolve_all(struct lists *lists, const struct pg_params *params, struct error *err)
{
    struct str hosts = str_from(pg_params_get(params, "host"));
    struct str ports = str_from(pg_params_get(params, "port"));
    bool has_one_port = memchr(ports.ptr == NULL ? "" : ports.ptr, ',', ports.len) == NULL;
    bool is_ok = true;
    while (is_ok && hosts.len > 0) {
        struct str host = str_split(hosts, ',', &hosts);
        struct str port = has_one_port ? ports : str_split(ports, ',', &ports);
        if (is_socket(host)) {
            add_entry(lists, host, "", port);
        } else {
            is_ok = resolve_host(lists, host, port, err);
        }
    }
    return is_ok;
}

bool pg_params_resolve(struct pg_params *params, struct error *err)
{
    struct lists lists = {0};
    buf_init(&lists.hosts, LIST_LIMIT);
    buf_init(&lists.addresses, LIST_LIMIT);
    buf_init(&lists.ports, LIST_LIMIT);
    bool is_ok = resolve_all(&lists, params, err);
    if (is_ok) {
        set(params, "host", buf_take(&lists.hosts));
        set(params, "hostaddr", buf_take(&lists.addresses));
        if (is_set(pg_params_get(params, "port"))) {
            set(params, "port", buf_take(&lists.ports));
        }
    }
    buf_done(&lists.hosts);
    buf_done(&lists.addresses);
    buf_done(&lists.ports);
    return is_ok;
}
