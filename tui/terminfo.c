/* Writing compiled terminfo. */
#include "tui/terminfo.h"

#include <string.h>

enum { MAGIC_WIDE_NUMBERS = 01036, ABSENT = -1, DIRECT_PAIRS = 256 };

#define FOREGROUND                                                                                 \
    "\033[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e%p1%{256}%<%t38;5;%p1%d%e38;2;"           \
    "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"
#define BACKGROUND                                                                                 \
    "\033[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e%p1%{256}%<%t48;5;%p1%d%e48;2;"          \
    "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"

/* Nothing may change what the palette holds. */
bool terminfo_direct_flag(const char *name, bool own)
{
    return own && strcmp(name, "ccc") != 0;
}

int terminfo_direct_number(const char *name, int own)
{
    if (strcmp(name, "colors") == 0) {
        return TERMINFO_DIRECT_COLORS;
    }
    if (strcmp(name, "pairs") == 0) {
        return DIRECT_PAIRS;
    }
    return strcmp(name, "ncv") == 0 ? ABSENT : own;
}

const char *terminfo_direct_string(const char *name, const char *own)
{
    static const struct {
        const char *name, *value;
    } table[] = {{"setaf", FOREGROUND}, {"setab", BACKGROUND}, {"op", "\033[39;49m"},
                 {"setf", NULL},        {"setb", NULL},        {"scp", NULL},
                 {"initc", NULL},       {"initp", NULL},       {"oc", NULL}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].value;
        }
    }
    return own;
}

static void put_short(struct buf *out, size_t value)
{
    buf_append_char(out, (char)(value & 0xff));
    buf_append_char(out, (char)(value >> 8 & 0xff));
}

static void put_number(struct buf *out, int number)
{
    uint32_t value = (uint32_t)(number < 0 ? ABSENT : number);
    put_short(out, value & 0xffff);
    put_short(out, value >> 16);
}

static void make_even(struct buf *out)
{
    if (out->len % 2 != 0) {
        buf_append_char(out, '\0');
    }
}

static size_t size_of_strings(const struct terminfo_entry *entry)
{
    size_t size = 0;
    for (size_t i = 0; i < entry->string_count; i++) {
        size += entry->strings[i] == NULL ? 0 : strlen(entry->strings[i]) + 1;
    }
    return size;
}

static void put_header(const struct terminfo_entry *entry, struct buf *out)
{
    put_short(out, MAGIC_WIDE_NUMBERS);
    put_short(out, strlen(entry->name) + 1);
    put_short(out, entry->flag_count);
    put_short(out, entry->number_count);
    put_short(out, entry->string_count);
    put_short(out, size_of_strings(entry));
}

static void put_strings(const struct terminfo_entry *entry, struct buf *out)
{
    size_t offset = 0;
    for (size_t i = 0; i < entry->string_count; i++) {
        const char *text = entry->strings[i];
        put_short(out, text == NULL ? (size_t)ABSENT : offset);
        offset += text == NULL ? 0 : strlen(text) + 1;
    }
    for (size_t i = 0; i < entry->string_count; i++) {
        const char *text = entry->strings[i];
        if (text != NULL) {
            buf_append(out, text, strlen(text) + 1);
        }
    }
}

/* One extended flag, no numbers, no strings; a table of one name. */
static void put_rgb(struct buf *out)
{
    make_even(out);
    put_short(out, 1);
    put_short(out, 0);
    put_short(out, 0);
    put_short(out, 1);
    put_short(out, sizeof("RGB"));
    buf_append_char(out, 1);
    make_even(out);
    put_short(out, 0);
    buf_append(out, "RGB", sizeof("RGB"));
}

bool terminfo_print(const struct terminfo_entry *entry, struct buf *out)
{
    struct buf bytes;
    buf_init(&bytes, TERMINFO_LIMIT / 4);
    put_header(entry, &bytes);
    buf_append(&bytes, entry->name, strlen(entry->name) + 1);
    for (size_t i = 0; i < entry->flag_count; i++) {
        buf_append_char(&bytes, entry->flags[i] ? 1 : 0);
    }
    make_even(&bytes);
    for (size_t i = 0; i < entry->number_count; i++) {
        put_number(&bytes, entry->numbers[i]);
    }
    put_strings(entry, &bytes);
    if (entry->has_rgb) {
        put_rgb(&bytes);
    }
    buf_append_text(out, "hex:");
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(out, "%02x", (unsigned char)bytes.ptr[i]);
    }
    bool is_good = !bytes.is_overflowed && !out->is_overflowed;
    buf_done(&bytes);
    return is_good;
}
