/* The shared files of AWS tools: never a crash, and what is read reads the same again when it is
 * written in the plainest form. The values go through the splitter of commands, too. */
#include "core/aws/command_words.h"
#include "core/aws/ini.h"

#include "core/base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void write_entry(const struct ini *ini, size_t index, struct buf *out)
{
    const struct ini_entry *entry = &ini->entries[index];
    assert(entry->section < ini->section_count && *entry->key != '\0');
    buf_printf(out, "%s%s=%s\n", entry->subkey == NULL ? "" : "  ",
               entry->subkey == NULL ? entry->key : entry->subkey, entry->value);
}

static void write_plainly(const struct ini *ini, struct buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < ini->section_count; i++) {
        buf_printf(out, "[%s]\n", ini->sections[i].name);
        for (; at < ini->entry_count && ini->entries[at].section == i; at++) {
            write_entry(ini, at, out);
        }
    }
    assert(at == ini->entry_count);
}

static void check_same(const struct ini *a, const struct ini *b)
{
    assert(a->section_count == b->section_count && a->entry_count == b->entry_count);
    for (size_t i = 0; i < a->entry_count; i++) {
        assert(strcmp(a->entries[i].key, b->entries[i].key) == 0);
        assert(strcmp(or_empty(a->entries[i].subkey), or_empty(b->entries[i].subkey)) == 0);
        assert(strcmp(a->entries[i].value, b->entries[i].value) == 0);
    }
}

static void split_values(const struct ini *ini)
{
    struct error err;
    for (size_t i = 0; i < ini->entry_count; i++) {
        command_words_free(command_words_split(str_from(ini->entries[i].value), &err));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct buf text;
    struct ini *ini = ini_parse((struct str){(const char *)data, size}, "fuzz", &err);
    if (ini == NULL) {
        assert(strncmp(err.message, "fuzz:", 5) == 0);
        return 0;
    }
    buf_init(&text, 64 << 20);
    write_plainly(ini, &text);
    struct ini *again = ini_parse(buf_str(&text), "again", &err);
    assert(again != NULL);
    check_same(ini, again);
    split_values(ini);
    ini_free(again);
    ini_free(ini);
    buf_done(&text);
    return 0;
}
