/* A reader for the XML that AWS answers with: elements and their text. Attributes, comments and the
 * declaration are passed over, prefixes of names are dropped; a DTD is refused, so there is nothing
 * to expand or to fetch. Pure; any thread. https://www.w3.org/TR/xml/ */
#ifndef GATEHOUSE_AWS_XML_H
#define GATEHOUSE_AWS_XML_H

#include "core/base/error.h"
#include "core/base/str.h"

enum { XML_DEPTH_MAX = 32, XML_PATH_SIZE = 512, XML_TEXT_MAX = 1 << 20 };

/* At the end of an element: its path ("ListBucketResult/Contents/Key") and the text that is
 * directly in it, entities replaced; both borrowed for the call. The end of what it contains came
 * before. False with err stops the reading. */
typedef bool (*xml_element_fn)(void *context, const char *path, struct str text, struct error *err);

/* The whole document, or false with err (permanent, code "bad_xml", message with the offset). */
bool xml_read(struct str document, xml_element_fn element, void *context, struct error *err);
/* The text of the first element of this path; gives memory for free(). NULL: not there, or the
 * document is broken before it. */
char *xml_find(struct str document, const char *path);
/* The name of the root element, borrowed from the document; empty when it does not begin like XML.
 */
struct str xml_root(struct str document);

#endif
