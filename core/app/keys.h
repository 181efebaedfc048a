/* Keys and chords of the console by name: "g", "C-d", "M-x", "PgUp", "g g". The configuration is
 * written with these names, and everything that shows a key shows them. Pure. */
#ifndef GATEHOUSE_APP_KEYS_H
#define GATEHOUSE_APP_KEYS_H

#include "core/base/buf.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* X(id, name) keys that are no character */
#define SPECIAL_KEYS(X)                                                                            \
    X(UP_ARROW, "Up")                                                                              \
    X(DOWN_ARROW, "Down")                                                                          \
    X(LEFT_ARROW, "Left")                                                                          \
    X(RIGHT_ARROW, "Right")                                                                        \
    X(PAGE_UP, "PgUp")                                                                             \
    X(PAGE_DOWN, "PgDn")                                                                           \
    X(TO_START, "Home")                                                                            \
    X(TO_END, "End")                                                                               \
    X(BACK_TAB, "BackTab")                                                                         \
    X(RUBOUT, "Backspace")                                                                         \
    X(INSERT, "Insert")                                                                            \
    X(DELETE, "Delete")                                                                            \
    X(F1, "F1")                                                                                    \
    X(F2, "F2")                                                                                    \
    X(F3, "F3")                                                                                    \
    X(F4, "F4")                                                                                    \
    X(F5, "F5")                                                                                    \
    X(F6, "F6")                                                                                    \
    X(F7, "F7")                                                                                    \
    X(F8, "F8")                                                                                    \
    X(F9, "F9")                                                                                    \
    X(F10, "F10")                                                                                  \
    X(F11, "F11")                                                                                  \
    X(F12, "F12")

/* A character is its code point, C-l is 0x0c; the others lie beyond Unicode. */
enum key {
    INPUT_TAB = 0x09,
    INPUT_ENTER = 0x0d,
    INPUT_ESC = 0x1b,
    INPUT_FIRST_SPECIAL = 0x200000,
#define X(id, name) INPUT_##id,
    SPECIAL_KEYS(X)
#undef X
        INPUT_PASTE_BEGIN, /* what follows, up to the end, is pasted text */
    INPUT_PASTE_END,
    INPUT_POINTER, /* the pointer did something, somewhere */
    INPUT_UNKNOWN,
    INPUT_META = 0x400000, /* a bit: Alt or Esc was pressed with it */
};
#define INPUT_CTRL(letter) ((uint32_t)(letter)&0x1fU)

enum { KEY_CHORD_MAX = 4 };

/* Keys pressed one after the other. */
struct key_chord {
    uint32_t keys[KEY_CHORD_MAX];
    size_t count;
};

/* One key, or up to KEY_CHORD_MAX with blanks between them. False with err (permanent, "bad_key")
 * that names the nearest key. */
bool key_chord_parse(struct str text, struct key_chord *out_chord, struct error *err);
void key_chord_print(const struct key_chord *chord, struct buf *out);
bool key_chord_eq(const struct key_chord *a, const struct key_chord *b);
/* The keys of `begin` are the first of `chord`, which is longer. */
bool key_chord_begins(const struct key_chord *chord, const struct key_chord *begin);
void key_print(uint32_t key, struct buf *out);

#endif
