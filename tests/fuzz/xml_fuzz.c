/* Any bytes as an XML answer: read or refused, and what is read lies in its limits; the same for
 * what S3 says in XML. */
#include "core/aws/s3_message.h"
#include "core/aws/xml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    size_t elements;
};

static bool look(void *context, const char *path, struct str text, struct error *err)
{
    struct seen *seen = context;
    (void)err;
    assert(strlen(path) < XML_PATH_SIZE + 1 && text.len <= XML_TEXT_MAX);
    seen->elements++;
    return true;
}

/* As the second page of a list, so that one that is broken leaves the first one whole. */
static void read_page(struct str document)
{
    struct s3_page page = {.count = 0};
    struct error err = {0};
    for (int i = 0; i < 2; i++) {
        bool is_read = s3_page_read(document, &page, &err);
        assert(is_read || error_is(&err, "bad_answer") || error_is(&err, "bad_xml"));
        assert(is_read || err.message[0] != '\0');
    }
    for (size_t i = 0; i < page.count; i++) {
        size_t len = strlen(page.items[i].key);
        assert(len > 0 && len < OBJECT_KEY_SIZE);
        assert(strlen(page.items[i].etag) < OBJECT_ETAG_SIZE);
    }
    s3_page_done(&page);
}

static void read_upload(struct str document)
{
    char etag[OBJECT_ETAG_SIZE] = "before";
    struct error err = {0};
    char *id = s3_read_upload_id(document, &err);
    assert(id != NULL ? *id != '\0' : err.message[0] != '\0');
    free(id);
    s3_read_completed_etag(document, etag);
    assert(s3_read_copied_etag(document, etag) || etag[0] != '\0');
    assert(strlen(etag) < OBJECT_ETAG_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str document = {(const char *)data, size};
    struct seen seen = {0};
    struct error err = {0};
    bool is_read = xml_read(document, look, &seen, &err);
    assert(is_read ? seen.elements > 0 : error_is(&err, "bad_xml"));
    struct str root = xml_root(document);
    assert(!is_read || root.len > 0);
    free(xml_find(document, "Error/Code"));
    read_page(document);
    read_upload(document);
    return 0;
}
