/* s3_server FOLDER: as much of S3 as uploads and downloads need, as fast as loopback allows, so
 * that a figure is the client's and not the server's. A thread a connection. FOLDER/bucket/key is
 * served by sendfile; what is uploaded is counted and thrown away in the kernel. No signature is
 * looked at. Prints its port, and ends with its standard input. Only for figures: never a test. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEAD_MAX = 32 * 1024,
    PATH_SIZE = 1024,
    ANSWER_SIZE = 1024,
    DISCARD = 1 << 20,
    BACKLOG = 256,
    PAGE = 1000 /* S3's */
};

struct connection {
    int fd;
    char head[HEAD_MAX + 1]; /* what was received and not used yet; at first a request's head */
    size_t len;
};

static const char *folder;

static bool send_all(int fd, const char *ptr, size_t len, int flags)
{
    while (len > 0) {
        ssize_t sent = send(fd, ptr, len, MSG_NOSIGNAL | flags);
        if (sent <= 0) {
            return false;
        }
        ptr += sent;
        len -= (size_t)sent;
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static bool say(int fd, const char *format, ...)
{
    char text[ANSWER_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return send_all(fd, text, (size_t)len, 0);
}

static bool say_body(int fd, const char *body, size_t len)
{
    return say(fd,
               "HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef0123456789abcdef\"\r\nContent-Type: "
               "application/xml\r\n"
               "Content-Length: %zu\r\n\r\n",
               len) &&
           send_all(fd, body, len, 0);
}

/* ---- the request */

/* Up to the empty line; gives its end. 0: the client has gone. */
static size_t read_head(struct connection *connection)
{
    for (;;) {
        connection->head[connection->len] = '\0';
        char *end = strstr(connection->head, "\r\n\r\n");
        if (end != NULL) {
            return (size_t)(end - connection->head) + 4;
        }
        ssize_t got = connection->len == HEAD_MAX
                          ? 0
                          : recv(connection->fd, connection->head + connection->len,
                                 HEAD_MAX - connection->len, 0);
        if (got <= 0) {
            return 0;
        }
        connection->len += (size_t)got;
    }
}

/* The value of a header in the head that ends at `end`, or NULL. */
static const char *header(struct connection *connection, const char *name)
{
    char *at = strcasestr(connection->head, name);
    return at == NULL ? NULL : at + strlen(name);
}

/* TCP throws away what is asked for with MSG_TRUNC, without a copy (tcp(7)). */
static bool discard(struct connection *connection, size_t used, uint64_t body)
{
    size_t here = connection->len - used;
    here = here < body ? here : (size_t)body;
    memmove(connection->head, connection->head + used + here, connection->len - used - here);
    connection->len -= used + here;
    for (uint64_t left = body - here; left > 0;) {
        ssize_t got =
            recv(connection->fd, NULL, left < DISCARD ? (size_t)left : DISCARD, MSG_TRUNC);
        if (got <= 0) {
            return false;
        }
        left -= (uint64_t)got;
    }
    return true;
}

/* ---- answers */

static bool send_object(int fd, const char *path, const char *range, bool is_head)
{
    char place[PATH_SIZE];
    struct stat status;
    snprintf(place, sizeof(place), "%s%s", folder, path);
    int file = open(place, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        if (file >= 0) {
            close(file);
        }
        return say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    unsigned long long size = (unsigned long long)status.st_size, first = 0, last = size - 1;
    if (range != NULL && sscanf(range, "%llu-%llu", &first, &last) >= 1) {
        last = last < size ? last : size - 1;
    }
    off_t at = (off_t)first;
    unsigned long long left = last + 1 - first;
    char text[ANSWER_SIZE];
    int len = snprintf(
        text, sizeof(text),
        "HTTP/1.1 %s\r\nETag: \"0123456789abcdef0123456789abcdef\"\r\nAccept-Ranges: bytes\r\n"
        "Last-Modified: Sun, 22 Nov 2026 15:39:28 GMT\r\nContent-Length: %llu\r\n",
        range == NULL ? "200 OK" : "206 Partial Content", left);
    if (range != NULL) {
        len += snprintf(text + len, sizeof(text) - (size_t)len,
                        "Content-Range: bytes %llu-%llu/%llu\r\n", first, last, size);
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
    bool is_sent = send_all(fd, text, (size_t)len, is_head ? 0 : MSG_MORE);
    while (is_sent && !is_head && left > 0) {
        ssize_t sent = sendfile(fd, file, &at, left);
        is_sent = sent > 0;
        left -= sent > 0 ? (unsigned long long)sent : 0;
    }
    close(file);
    return is_sent;
}

/* One page of the keys under the prefix (that ends with '/'); a token is how many came before. */
static bool send_list(int fd, const char *bucket, const char *query)
{
    char prefix[PATH_SIZE] = "", place[PATH_SIZE * 3];
    const char *found = strstr(query, "prefix=");
    size_t len = 0;
    for (const char *c = found == NULL ? "" : found + 7;
         *c != '\0' && *c != '&' && len + 1 < PATH_SIZE; c++) {
        bool is_slash = strncmp(c, "%2F", 3) == 0;
        prefix[len++] = (char)(is_slash ? '/' : *c);
        prefix[len] = '\0';
        c += is_slash ? 2 : 0;
    }
    char *body = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&body, &size);
    snprintf(place, sizeof(place), "%s%s/%s", folder, bucket, prefix);
    DIR *entries = opendir(place);
    const char *token = strstr(query, "continuation-token=");
    long number = 0, first = token == NULL ? 0 : strtol(token + 19, NULL, 10);
    fprintf(out, "<ListBucketResult><Name>%s</Name><Prefix>%s</Prefix>", bucket + 1, prefix);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        struct stat status;
        if (entry->d_type == DT_REG && number++ >= first && number <= first + PAGE &&
            fstatat(dirfd(entries), entry->d_name, &status, 0) == 0) {
            fprintf(out,
                    "<Contents><Key>%s%s</Key><LastModified>2026-11-22T15:39:28.000Z</LastModified>"
                    "<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>%lld</Size>"
                    "<StorageClass>STANDARD</StorageClass></Contents>",
                    prefix, entry->d_name, (long long)status.st_size);
        }
    }
    if (number > first + PAGE) {
        fprintf(out, "<NextContinuationToken>%ld</NextContinuationToken>", first + PAGE);
    }
    fprintf(out, "<IsTruncated>%s</IsTruncated></ListBucketResult>",
            number > first + PAGE ? "true" : "false");
    fclose(out);
    if (entries != NULL) {
        closedir(entries);
    }
    bool is_sent = say_body(fd, body, size);
    free(body);
    return is_sent;
}

static bool answer_post(int fd, const char *query)
{
    static const char begun[] =
        "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>u1</UploadId>"
        "</InitiateMultipartUploadResult>";
    static const char completed[] = "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>"
                                    "<ETag>&quot;0123456789abcdef0123456789abcdef-1&quot;</ETag></"
                                    "CompleteMultipartUploadResult>";
    bool is_begin = strncmp(query, "uploads", 7) == 0;
    return is_begin ? say_body(fd, begun, sizeof(begun) - 1)
                    : say_body(fd, completed, sizeof(completed) - 1);
}

static bool answer(int fd, const char *method, char *target, const char *range)
{
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query++ = '\0';
    }
    if (strcmp(method, "PUT") == 0) {
        return say_body(fd, "", 0);
    }
    if (strcmp(method, "POST") == 0) {
        return answer_post(fd, query == NULL ? "" : query);
    }
    if (strcmp(method, "DELETE") == 0) {
        return say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    if (query != NULL && strstr(query, "list-type=2") != NULL) {
        return send_list(fd, target, query);
    }
    return send_object(fd, target, range, strcmp(method, "HEAD") == 0);
}

static bool serve_one(struct connection *connection)
{
    char method[16], target[PATH_SIZE], range_text[64];
    size_t used = read_head(connection);
    if (used == 0 || sscanf(connection->head, "%15s %1023s", method, target) != 2) {
        return false;
    }
    char kept = connection->head[used];
    connection->head[used] = '\0'; /* headers are not looked for in the body */
    const char *length = header(connection, "\r\ncontent-length:");
    const char *range = header(connection, "\r\nrange: bytes=");
    bool is_expecting = header(connection, "\r\nexpect: 100-continue") != NULL;
    if (header(connection, "\r\ntransfer-encoding:") != NULL) {
        fprintf(stderr, "s3_server: a chunked body: not understood\n");
        return false;
    }
    if (range != NULL) {
        snprintf(range_text, sizeof(range_text), "%.*s", (int)strcspn(range, "\r"), range);
        range = range_text;
    }
    uint64_t body = length == NULL ? 0 : strtoull(length, NULL, 10);
    connection->head[used] = kept;
    return (!is_expecting || say(connection->fd, "HTTP/1.1 100 Continue\r\n\r\n")) &&
           discard(connection, used, body) && answer(connection->fd, method, target, range);
}

static void *serve(void *context)
{
    struct connection *connection = context;
    while (serve_one(connection)) {
    }
    close(connection->fd);
    free(connection);
    return NULL;
}

static void *accept_all(void *context)
{
    const int *listener = context;
    for (;;) {
        int fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        if (fd < 0) {
            return NULL;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct connection *connection = calloc(1, sizeof(*connection));
        connection->fd = fd;
        pthread_create(&thread, NULL, serve, connection);
        pthread_detach(thread);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    pthread_t acceptor;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 2 || bind(listener, (struct sockaddr *)(void *)&address, size) != 0 ||
        listen(listener, BACKLOG) != 0) {
        fprintf(stderr, "usage: s3_server FOLDER: %s\n", strerror(errno));
        return 64;
    }
    folder = argv[1];
    getsockname(listener, (struct sockaddr *)(void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pthread_create(&acceptor, NULL, accept_all, &listener);
    while (getchar() != EOF) {
    }
    return 0;
}
