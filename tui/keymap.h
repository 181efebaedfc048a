/* From keys pressed to actions, by the configured bindings; and the keys of an action in words.
 * Pure. */
#ifndef GATEHOUSE_TUI_KEYMAP_H
#define GATEHOUSE_TUI_KEYMAP_H

#include "core/app/bindings.h"

enum keymap_answer {
    KEYMAP_NOTHING, /* no action; what was pending is dropped */
    KEYMAP_PENDING, /* the beginning of a longer chord */
    KEYMAP_ACTION,
};

/* Adds a key to what was pressed before it (`pending`, empty at first) and looks it up. Esc drops
 * what is pending. */
enum keymap_answer keymap_press(const struct bindings *bindings, struct key_chord *pending,
                                uint32_t key, enum place place, const struct binding **out_binding);
/* The keys of an action as the help shows them: "j  Down", "1 .. 9" when they are many, nothing
 * when it has none. */
void keymap_keys(const struct bindings *bindings, enum action action, struct buf *out);
/* The first keys of an action that works in a place; NULL: none. */
const struct key_chord *keymap_first(const struct bindings *bindings, enum action action,
                                     enum place place);

#endif
