/* Names of keys, both ways. */
#include "core/app/keys.h"

#include "core/base/utf8.h"

#include <string.h>

/* Keys with a name; the first name of a key is the one that is shown. */
static const struct {
    const char *name;
    uint32_t key;
} named[] = {{"Enter", INPUT_ENTER},
             {"Esc", INPUT_ESC},
             {"Tab", INPUT_TAB},
             {"Space", ' '},
#define X(id, name) {name, INPUT_##id},
             SPECIAL_KEYS(X)
#undef X
};
enum { NAMED_COUNT = sizeof(named) / sizeof(named[0]), KEY_TEXT_MAX = 64 };

static bool find_named(struct str text, uint32_t *out_key)
{
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        if (str_eq_ignoring_case(text, str_from(named[i].name))) {
            *out_key = named[i].key;
            return true;
        }
    }
    return false;
}

static bool find_character(struct str text, uint32_t *out_key)
{
    uint32_t code_point = 0;
    size_t len = text.len == 0 ? 0 : utf8_decode(text, &code_point);
    bool is_one = len == text.len && code_point > ' ' && code_point != 0x7f &&
                  !(code_point >= 0x80 && code_point < 0xa0) && code_point != UTF8_REPLACEMENT;
    *out_key = is_one ? code_point : *out_key;
    return is_one;
}

static bool find_control(struct str text, uint32_t *out_key)
{
    char letter = text.len == 3 && str_starts_with(text, STR("C-")) ? text.ptr[2] : '\0';
    if (!((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
          (letter != '\0' && strchr("@\\]^_", letter) != NULL))) {
        return false;
    }
    *out_key = INPUT_CTRL(letter);
    return true;
}

static bool find_key(struct str text, uint32_t *out_key)
{
    uint32_t key = 0;
    if (text.len > 2 && str_starts_with(text, STR("M-")) &&
        find_key((struct str){text.ptr + 2, text.len - 2}, &key) && (key & INPUT_META) == 0) {
        *out_key = key | INPUT_META;
        return true;
    }
    return find_character(text, out_key) || find_control(text, out_key) ||
           find_named(text, out_key);
}

static bool refuse(struct str word, struct error *err)
{
    const char *names[NAMED_COUNT];
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        names[i] = named[i].name;
    }
    struct str shown = {word.ptr, word.len > KEY_TEXT_MAX ? KEY_TEXT_MAX : word.len};
    const char *near = str_nearest(shown, names, NAMED_COUNT);
    if (near != NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_key",
                         "names no key: \"%.*s\"; did you mean \"%s\"?", STR_ARG(shown), near);
    }
    return error_set(err, ERROR_PERMANENT, "bad_key",
                     "names no key: \"%.*s\"; a key is a character, C-x, M-x, Space, Tab, Enter, "
                     "Esc, Up, PgUp, Home, F1 and the like, and \"g g\" is one after the other",
                     STR_ARG(shown));
}

bool key_chord_parse(struct str text, struct key_chord *out_chord, struct error *err)
{
    struct key_chord chord = {.count = 0};
    struct str rest = str_trim(text);
    if (rest.len == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_key",
                         "names no key: \"\"; \"none\" takes all keys away, \"Space\" is the key");
    }
    while (rest.len > 0) {
        struct str word = str_split(rest, ' ', &rest);
        rest = str_trim(rest);
        if (chord.count == KEY_CHORD_MAX) {
            return error_set(err, ERROR_PERMANENT, "bad_key", "has more than %d keys in a row",
                             KEY_CHORD_MAX);
        }
        if (!find_key(word, &chord.keys[chord.count++])) {
            return refuse(word, err);
        }
    }
    for (size_t i = 0; chord.count > 1 && i < chord.count; i++) {
        if (chord.keys[i] == INPUT_ESC) {
            return error_set(err, ERROR_PERMANENT, "bad_key",
                             "has Esc among several keys; Esc drops them");
        }
    }
    *out_chord = chord;
    return true;
}

void key_print(uint32_t key, struct buf *out)
{
    if ((key & INPUT_META) != 0) {
        buf_append_text(out, "M-");
        key &= ~(uint32_t)INPUT_META;
    }
    for (size_t i = 0; i < NAMED_COUNT; i++) {
        if (named[i].key == key) {
            buf_append_text(out, named[i].name);
            return;
        }
    }
    if (key < ' ') {
        char letter = (char)(key | 0x40U);
        buf_printf(out, "C-%c", letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
    } else if (key < INPUT_FIRST_SPECIAL) {
        utf8_append(out, key);
    }
}

void key_chord_print(const struct key_chord *chord, struct buf *out)
{
    for (size_t i = 0; i < chord->count; i++) {
        buf_append_text(out, i == 0 ? "" : " ");
        key_print(chord->keys[i], out);
    }
}

bool key_chord_eq(const struct key_chord *a, const struct key_chord *b)
{
    return a->count == b->count && memcmp(a->keys, b->keys, a->count * sizeof(a->keys[0])) == 0;
}

bool key_chord_begins(const struct key_chord *chord, const struct key_chord *begin)
{
    return begin->count < chord->count &&
           memcmp(chord->keys, begin->keys, begin->count * sizeof(begin->keys[0])) == 0;
}
