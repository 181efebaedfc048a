/* Looking up keys. */
#include "tui/keymap.h"

#include "core/base/utf8.h"

#include <stddef.h>

#define SCROLLS                                                                                    \
    (PLACE_STAGES | PLACE_LOG | PLACE_VERDICT | PLACE_DETAIL | PLACE_HISTORY | PLACE_HELP)
#define OF_RUN   (PLACE_STAGES | PLACE_LOG | PLACE_VERDICT | PLACE_DETAIL)
#define ANYWHERE (SCROLLS | PLACE_EMPTY)

static const struct binding {
    uint32_t key;
    enum action action;
    unsigned places;
} bindings[] = {
    {'j', ACTION_DOWN, SCROLLS},
    {INPUT_DOWN_ARROW, ACTION_DOWN, SCROLLS},
    {'k', ACTION_UP, SCROLLS},
    {INPUT_UP_ARROW, ACTION_UP, SCROLLS},
    {INPUT_CTRL('D'), ACTION_PAGE_DOWN, SCROLLS},
    {INPUT_PAGE_DOWN, ACTION_PAGE_DOWN, SCROLLS},
    {INPUT_CTRL('U'), ACTION_PAGE_UP, SCROLLS},
    {INPUT_PAGE_UP, ACTION_PAGE_UP, SCROLLS},
    {'g', ACTION_FIRST, SCROLLS},
    {INPUT_TO_START, ACTION_FIRST, SCROLLS},
    {'G', ACTION_LAST, SCROLLS},
    {INPUT_TO_END, ACTION_LAST, SCROLLS},
    {'h', ACTION_LEFT, PLACE_LOG},
    {INPUT_LEFT_ARROW, ACTION_LEFT, PLACE_LOG},
    {'l', ACTION_RIGHT, PLACE_LOG},
    {INPUT_RIGHT_ARROW, ACTION_RIGHT, PLACE_LOG},
    {INPUT_TAB, ACTION_NEXT_PANE, PLACE_STAGES | PLACE_LOG | PLACE_VERDICT},
    {INPUT_BACK_TAB, ACTION_PREVIOUS_PANE, PLACE_STAGES | PLACE_LOG | PLACE_VERDICT},
    {INPUT_ENTER, ACTION_OPEN, PLACE_STAGES | PLACE_HISTORY | PLACE_VERDICT},
    {INPUT_ESC, ACTION_BACK, ANYWHERE},
    {'n', ACTION_NEXT_MATCH, PLACE_LOG},
    {'N', ACTION_PREVIOUS_MATCH, PLACE_LOG},
    {'n', ACTION_NEW_RUN, ANYWHERE},
    {'r', ACTION_RETRY, OF_RUN},
    {'R', ACTION_RERUN, OF_RUN},
    {'s', ACTION_STOP, OF_RUN},
    {'x', ACTION_SKIP, OF_RUN},
    {'/', ACTION_SEARCH, PLACE_STAGES | PLACE_LOG},
    {'F', ACTION_FOLLOW, PLACE_STAGES | PLACE_LOG},
    {'[', ACTION_OLDER_TRY, PLACE_STAGES | PLACE_LOG},
    {']', ACTION_NEWER_TRY, PLACE_STAGES | PLACE_LOG},
    {'L', ACTION_LOG, OF_RUN},
    {'H', ACTION_HISTORY, ANYWHERE},
    {'V', ACTION_VERDICT, OF_RUN},
    {'Z', ACTION_ZOOM, PLACE_STAGES | PLACE_LOG | PLACE_VERDICT},
    {'?', ACTION_HELP, ANYWHERE},
    {INPUT_CTRL('L'), ACTION_REPAINT, ANYWHERE},
    {INPUT_CTRL('Z'), ACTION_SUSPEND, ANYWHERE},
    {'q', ACTION_QUIT, ANYWHERE},
    {INPUT_CTRL('C'), ACTION_QUIT, ANYWHERE},
};
enum { BINDING_COUNT = sizeof(bindings) / sizeof(bindings[0]) };

static const struct {
    const char *sentence, *hint;
    bool changes_run;
} actions[ACTION_COUNT] = {
#define X(name, sentence, hint, changes) {sentence, hint, changes},
    ACTIONS(X)
#undef X
};

const char *action_sentence(enum action action)
{
    return actions[action].sentence;
}

const char *action_hint(enum action action)
{
    return actions[action].hint;
}

bool action_changes_run(enum action action)
{
    return actions[action].changes_run;
}

enum action keymap_action(uint32_t key, enum place place)
{
    if (key >= '1' && key <= '9' && (place & OF_RUN) != 0) {
        return ACTION_STAGE;
    }
    for (size_t i = 0; i < BINDING_COUNT; i++) {
        if (bindings[i].key == key && (bindings[i].places & (unsigned)place) != 0) {
            return bindings[i].action;
        }
    }
    return ACTION_NONE;
}

void keymap_key_name(uint32_t key, struct buf *out)
{
    static const char *const special[] = {"Up",   "Down", "Left",      "Right",  "PgUp", "PgDn",
                                          "Home", "End",  "Shift-Tab", "Rubout", "?"};
    if (key > INPUT_FIRST_SPECIAL) {
        buf_append_text(out, special[key - INPUT_FIRST_SPECIAL - 1]);
    } else if (key == INPUT_ENTER || key == INPUT_TAB || key == INPUT_ESC) {
        buf_append_text(out, key == INPUT_ENTER ? "Enter" : key == INPUT_TAB ? "Tab" : "Esc");
    } else if (key < ' ') {
        buf_printf(out, "^%c", (char)(key | 0x40U));
    } else {
        utf8_append(out, key);
    }
}

void keymap_keys(enum action action, struct buf *out)
{
    const char *between = "";
    if (action == ACTION_STAGE) {
        buf_append_text(out, "1-9");
    }
    for (size_t i = 0; i < BINDING_COUNT; i++) {
        if (bindings[i].action == action) {
            buf_append_text(out, between);
            keymap_key_name(bindings[i].key, out);
            between = " ";
        }
    }
}

uint32_t keymap_first_key(enum action action, enum place place)
{
    for (size_t i = 0; i < BINDING_COUNT; i++) {
        if (bindings[i].action == action && keymap_action(bindings[i].key, place) == action) {
            return bindings[i].key;
        }
    }
    return 0;
}
