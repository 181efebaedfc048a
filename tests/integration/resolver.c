/* Loaded in front of libc by the tests (resolver.py): answers for one name as a test says, and
 * makes libcurl ask for it at each request, as it would on the first one. In the environment:
 *   RESOLVER_NAME     the name; it is 127.0.0.1. All others are libc's business.
 *   RESOLVER_EVERY, RESOLVER_OFFSET   of EVERY questions the one number OFFSET (from 0) fails
 *   RESOLVER_HANG_S   how long a question that fails takes
 *   RESOLVER_COUNTS   a file shared by all processes: two int64_t, questions and failures */
#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static long number(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

/* True: this question fails. */
static int fails(void)
{
    int64_t counts[2] = {0, 0};
    int is_failure = 0;
    int fd = open(getenv("RESOLVER_COUNTS"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        abort();
    }
    if (pread(fd, counts, sizeof(counts), 0) < 0) {
        abort();
    }
    is_failure = counts[0] % number("RESOLVER_EVERY") == number("RESOLVER_OFFSET");
    counts[0]++;
    counts[1] += is_failure;
    if (pwrite(fd, counts, sizeof(counts), 0) != (ssize_t)sizeof(counts)) {
        abort();
    }
    close(fd);
    return is_failure;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    const char *ours = getenv("RESOLVER_NAME");
    *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || ours == NULL || strcmp(name, ours) != 0) {
        return libc(name, service, hints, out);
    }
    if (fails()) {
        sleep((unsigned)number("RESOLVER_HANG_S"));
        return EAI_AGAIN;
    }
    return libc("127.0.0.1", service, hints, out);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    CURLMcode (*add)(CURLM *, CURL *);
    CURLcode (*set)(CURL *, CURLoption, ...);
    *(void **)&add = dlsym(RTLD_NEXT, "curl_multi_add_handle");
    *(void **)&set = dlsym(RTLD_NEXT, "curl_easy_setopt");
    set(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
    return add(multi, easy);
}
