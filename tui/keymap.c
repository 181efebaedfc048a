/* Looking up keys. */
#include "tui/keymap.h"

enum { KEYS_SHOWN = 4 };

static bool works_in(const struct binding *binding, enum place place)
{
    return (action_spec(binding->action)->places & (unsigned)place) != 0;
}

static enum keymap_answer look_up(const struct bindings *bindings, const struct key_chord *pressed,
                                  enum place place, const struct binding **out_binding)
{
    enum keymap_answer answer = KEYMAP_NOTHING;
    for (size_t i = 0; i < bindings->count; i++) {
        const struct binding *binding = &bindings->items[i];
        if (works_in(binding, place) && key_chord_eq(&binding->chord, pressed)) {
            *out_binding = binding;
            return KEYMAP_ACTION;
        }
        if (works_in(binding, place) && key_chord_begins(&binding->chord, pressed)) {
            answer = KEYMAP_PENDING;
        }
    }
    return answer;
}

enum keymap_answer keymap_press(const struct bindings *bindings, struct key_chord *pending,
                                uint32_t key, enum place place, const struct binding **out_binding)
{
    if (pending->count == KEY_CHORD_MAX || (pending->count > 0 && key == INPUT_ESC)) {
        pending->count = 0;
        return KEYMAP_NOTHING;
    }
    pending->keys[pending->count++] = key;
    enum keymap_answer answer = look_up(bindings, pending, place, out_binding);
    if (answer != KEYMAP_PENDING) {
        pending->count = 0;
    }
    return answer;
}

void keymap_keys(const struct bindings *bindings, enum action action, struct buf *out)
{
    size_t first = 0, count = 0;
    for (size_t i = 0; i < bindings->count; i++) {
        first = bindings->items[i].action == action && count++ == 0 ? i : first;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_cut = count > KEYS_SHOWN && i == 1;
        i = is_cut ? count - 1 : i;
        buf_append_text(out, i == 0 ? "" : is_cut ? " .. " : "  ");
        key_chord_print(&bindings->items[first + i].chord, out);
    }
}

const struct key_chord *keymap_first(const struct bindings *bindings, enum action action,
                                     enum place place)
{
    for (size_t i = 0; i < bindings->count; i++) {
        if (bindings->items[i].action == action && works_in(&bindings->items[i], place)) {
            return &bindings->items[i].chord;
        }
    }
    return NULL;
}
