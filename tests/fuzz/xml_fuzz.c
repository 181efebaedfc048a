/* Any bytes as an XML answer: read or refused, and what is read lies in its limits. */
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
    return 0;
}
