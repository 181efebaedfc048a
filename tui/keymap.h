/* The one table of keys: what a key does where, and the words for the help and the hint bar. Pure.
 */
#ifndef GATEHOUSE_TUI_KEYMAP_H
#define GATEHOUSE_TUI_KEYMAP_H

#include "core/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Keys beside characters. A character is its code point; ctrl('L') is 0x0c. */
enum key {
    INPUT_ENTER = 0x0d,
    INPUT_TAB = 0x09,
    INPUT_ESC = 0x1b,
    INPUT_FIRST_SPECIAL = 0x200000, /* beyond Unicode */
    INPUT_UP_ARROW,
    INPUT_DOWN_ARROW,
    INPUT_LEFT_ARROW,
    INPUT_RIGHT_ARROW,
    INPUT_PAGE_UP,
    INPUT_PAGE_DOWN,
    INPUT_TO_START,
    INPUT_TO_END,
    INPUT_BACK_TAB,
    INPUT_RUBOUT,
    INPUT_UNKNOWN,
};
#define INPUT_CTRL(letter) ((uint32_t)(letter)&0x1fU)

/* X(name, sentence of the help, word of the hint bar or NULL, changes a run) */
#define ACTIONS(X)                                                                                 \
    X(UP, "move up", NULL, false)                                                                  \
    X(DOWN, "move down", NULL, false)                                                              \
    X(PAGE_UP, "a page up", NULL, false)                                                           \
    X(PAGE_DOWN, "a page down", NULL, false)                                                       \
    X(FIRST, "to the first line", NULL, false)                                                     \
    X(LAST, "to the last line", NULL, false)                                                       \
    X(LEFT, "shift the log to the left", NULL, false)                                              \
    X(RIGHT, "shift the log to the right", NULL, false)                                            \
    X(NEXT_PANE, "next pane", "pane", false)                                                       \
    X(PREVIOUS_PANE, "previous pane", NULL, false)                                                 \
    X(STAGE, "choose stage 1 to 9", NULL, false)                                                   \
    X(OPEN, "open what is chosen: details of a stage, a run of the history", "open", false)        \
    X(BACK, "back", "back", false)                                                                 \
    X(NEW_RUN, "start a new run", "new run", true)                                                 \
    X(RETRY, "retry the stage", "retry", true)                                                     \
    X(RERUN, "rerun from the stage on", "Rerun", true)                                             \
    X(STOP, "stop the run", "stop", true)                                                          \
    X(SKIP, "skip the stage, with a reason", "skip", true)                                         \
    X(SEARCH, "search the log", "find", false)                                                     \
    X(NEXT_MATCH, "next match", "next", false)                                                     \
    X(PREVIOUS_MATCH, "previous match", "previous", false)                                         \
    X(FOLLOW, "follow the log, or stop following", "follow", false)                                \
    X(OLDER_TRY, "log of the try before", NULL, false)                                             \
    X(NEWER_TRY, "log of the try after", NULL, false)                                              \
    X(LOG, "the log alone, or back", "Log", false)                                                 \
    X(HISTORY, "history of runs", "History", false)                                                \
    X(VERDICT, "verdict of the gate, in full", "Verdict", false)                                   \
    X(ZOOM, "the pane alone, or back", "Zoom", false)                                              \
    X(HELP, "this help", "help", false)                                                            \
    X(REPAINT, "repaint the screen", NULL, false)                                                  \
    X(SUSPEND, "suspend the console; fg brings it back", NULL, false)                              \
    X(QUIT, "leave; the run goes on", "quit", false)
enum action {
#define X(name, sentence, hint, changes) ACTION_##name,
    ACTIONS(X)
#undef X
        ACTION_COUNT,
    ACTION_NONE = ACTION_COUNT
};

/* Where a key is pressed; a bit each. */
enum place {
    PLACE_STAGES = 1,
    PLACE_LOG = 2,
    PLACE_VERDICT = 4,
    PLACE_DETAIL = 8,
    PLACE_HISTORY = 16,
    PLACE_HELP = 32,
    PLACE_EMPTY = 64, /* there is no run */
};

const char *action_sentence(enum action action);
const char *action_hint(enum action action); /* NULL: not in the hint bar */
bool action_changes_run(enum action action);

/* What a key does in a place; ACTION_NONE. */
enum action keymap_action(uint32_t key, enum place place);
/* The keys of an action as the help shows them: "j Down"; nothing when it has none. */
void keymap_keys(enum action action, struct buf *out);
/* The first key of an action that works in a place; 0: none. */
uint32_t keymap_first_key(enum action action, enum place place);
void keymap_key_name(uint32_t key, struct buf *out);

#endif
