/* The one table of what an operator can do in the console: keys, help, hint bar, palette, man page,
 * README and the [keys] section of the configuration are all made from it. Pure. */
#ifndef GATEHOUSE_APP_ACTIONS_H
#define GATEHOUSE_APP_ACTIONS_H

#include <stdbool.h>

/* X(id, what help calls it) Where a key is pressed. A bit each: see PLACE_. */
#define PLACES(X)                                                                                  \
    X(STAGES, "stages")                                                                            \
    X(LOG, "log")                                                                                  \
    X(VERDICT, "verdict")                                                                          \
    X(DETAIL, "stage detail")                                                                      \
    X(HISTORY, "history")                                                                          \
    X(HELP, "help")                                                                                \
    X(AUDIT, "operator log")                                                                       \
    X(CHART, "timeline and pipeline")                                                              \
    X(SETTINGS, "settings")                                                                        \
    X(EMPTY, "plan, while there is no run")                                                        \
    X(REPLAY, "replay, before all others")
enum place_index {
#define X(id, name) PLACE_INDEX_##id,
    PLACES(X)
#undef X
        PLACE_COUNT
};
enum place {
#define X(id, name) PLACE_##id = 1 << PLACE_INDEX_##id,
    PLACES(X)
#undef X
};
#define PLACE_PAGES                                                                                \
    (PLACE_VERDICT | PLACE_DETAIL | PLACE_HISTORY | PLACE_HELP | PLACE_AUDIT | PLACE_CHART |       \
     PLACE_SETTINGS)
#define PLACE_SCROLLS  (PLACE_PAGES | PLACE_STAGES | PLACE_LOG)
#define PLACE_PANES    (PLACE_STAGES | PLACE_LOG | PLACE_VERDICT)
#define PLACE_OF_RUN   (PLACE_PANES | PLACE_DETAIL | PLACE_AUDIT | PLACE_CHART)
#define PLACE_ANYWHERE (PLACE_SCROLLS | PLACE_EMPTY)
#define PLACE_BUT_LOG  (PLACE_ANYWHERE & ~PLACE_LOG)

/* X(id, title) in the order of the help. Only what is in COMMANDS changes a run. */
#define ACTION_GROUPS(X)                                                                           \
    X(MOVING, "Moving")                                                                            \
    X(COMMANDS, "Commands: each opens its plan first")                                             \
    X(LOG, "Log")                                                                                  \
    X(VIEWS, "Views")                                                                              \
    X(REPLAY, "Replay: its keys come before all others")                                           \
    X(SETTINGS, "Settings")                                                                        \
    X(CONSOLE, "Console")
enum action_group {
#define X(id, title) ACTION_GROUP_##id,
    ACTION_GROUPS(X)
#undef X
        ACTION_GROUP_COUNT
};

/* X(id, name, keys, places, group, operands, hint, sentence)
 * name: in [keys] of the configuration and in the palette. keys: as --set would write them.
 * operands: what the palette takes behind the name, "" nothing. hint: its word in the hint bar, ""
 * when it is not there. For each row tui/act.h declares a function act_<name>. */
#define ACTIONS(X)                                                                                 \
    X(UP, up, "['k', 'Up']", PLACE_SCROLLS, MOVING, "", "", "move up")                             \
    X(DOWN, down, "['j', 'Down']", PLACE_SCROLLS, MOVING, "", "", "move down")                     \
    X(PAGE_UP, page_up, "['C-u', 'PgUp']", PLACE_SCROLLS, MOVING, "", "", "a page up")             \
    X(PAGE_DOWN, page_down, "['C-d', 'PgDn']", PLACE_SCROLLS, MOVING, "", "", "a page down")       \
    X(FIRST, first, "['g', 'Home']", PLACE_SCROLLS, MOVING, "", "", "to the first line")           \
    X(LAST, last, "['G', 'End']", PLACE_SCROLLS, MOVING, "", "", "to the last line")               \
    X(LEFT, left, "['h', 'Left']", PLACE_LOG, MOVING, "", "", "shift the log to the left")         \
    X(RIGHT, right, "['l', 'Right']", PLACE_LOG, MOVING, "", "", "shift the log to the right")     \
    X(NEXT_PANE, next_pane, "Tab", PLACE_PANES, MOVING, "", "pane", "next pane")                   \
    X(PREVIOUS_PANE, previous_pane, "BackTab", PLACE_PANES, MOVING, "", "", "previous pane")       \
    X(STAGE, stage, "['1', '2', '3', '4', '5', '6', '7', '8', '9']", PLACE_OF_RUN, MOVING,         \
      "STAGE", "", "choose a stage; the first key chooses the first one, and so on")               \
    X(OPEN, open, "Enter", PLACE_STAGES | PLACE_HISTORY | PLACE_VERDICT | PLACE_CHART, MOVING, "", \
      "open", "open what is chosen: details of a stage, a run of the history")                     \
    X(BACK, back, "Esc", PLACE_ANYWHERE, MOVING, "", "back", "back")                               \
    X(NEW_RUN, new_run, "n", PLACE_BUT_LOG, COMMANDS, "", "new run", "start a new run")            \
    X(RETRY, retry, "r", PLACE_OF_RUN, COMMANDS, "[STAGE]", "retry",                               \
      "retry the stage; resume a run that lost its runner")                                        \
    X(RERUN, rerun, "R", PLACE_OF_RUN, COMMANDS, "[STAGE]", "Rerun", "rerun from the stage on")    \
    X(STOP, stop, "s", PLACE_OF_RUN, COMMANDS, "", "stop", "stop the run")                         \
    X(SKIP, skip, "x", PLACE_OF_RUN, COMMANDS, "[STAGE [REASON]]", "skip",                         \
      "skip the stage, with a reason")                                                             \
    X(RW, rw, "none", PLACE_ANYWHERE, CONSOLE, "DURATION REASON", "",                              \
      "let commands through for a time: rw 10m REASON")                                            \
    X(RO, ro, "none", PLACE_ANYWHERE, CONSOLE, "", "", "make this console read-only")              \
    X(AUDIT, audit, "A", PLACE_OF_RUN, VIEWS, "", "",                                              \
      "operator log: who, when, what, why, what the runner said")                                  \
    X(SEARCH, search, "/", PLACE_STAGES | PLACE_LOG, LOG, "[TEXT or ~REGEX]", "find",              \
      "search the log")                                                                            \
    X(NEXT_MATCH, next_match, "n", PLACE_LOG, LOG, "", "next", "next match")                       \
    X(PREVIOUS_MATCH, previous_match, "N", PLACE_LOG, LOG, "", "previous", "previous match")       \
    X(FOLLOW, follow, "F", PLACE_STAGES | PLACE_LOG, LOG, "", "follow",                            \
      "follow the log, or stop following")                                                         \
    X(FILTER, filter, "&", PLACE_STAGES | PLACE_LOG, LOG, "[[>=LEVEL] [!]REGEX]", "filter",        \
      "show only the lines that match")                                                            \
    X(NEXT_ERROR, next_error, "e", PLACE_STAGES | PLACE_LOG, LOG, "", "error", "next error line")  \
    X(PREVIOUS_ERROR, previous_error, "E", PLACE_STAGES | PLACE_LOG, LOG, "", "",                  \
      "previous error line")                                                                       \
    X(WRAP, wrap, "w", PLACE_STAGES | PLACE_LOG, LOG, "", "wrap", "wrap long lines, or not")       \
    X(TIMES, times, "t", PLACE_STAGES | PLACE_LOG, LOG, "", "", "show the times, or not")          \
    X(SAVE, save, "C-s", PLACE_STAGES | PLACE_LOG, LOG, "[FILE]", "save",                          \
      "save the log, or what the filter leaves of it")                                             \
    X(OLDER_TRY, older_try, "[", PLACE_STAGES | PLACE_LOG, LOG, "", "", "log of the try before")   \
    X(NEWER_TRY, newer_try, "]", PLACE_STAGES | PLACE_LOG, LOG, "", "", "log of the try after")    \
    X(LOG, log, "L", PLACE_OF_RUN, VIEWS, "[STAGE]", "Log", "the log alone, or back")              \
    X(HISTORY, history, "H", PLACE_ANYWHERE, VIEWS, "", "History", "history of runs")              \
    X(TIMELINE, timeline, "T", PLACE_OF_RUN, VIEWS, "", "Timeline",                                \
      "timeline: when each try was queued, ran, waited")                                           \
    X(PIPELINE, pipeline, "P", PLACE_OF_RUN, VIEWS, "", "Pipeline",                                \
      "the pipeline drawn: what waits for what")                                                   \
    X(VERDICT, verdict, "V", PLACE_OF_RUN, VIEWS, "", "Verdict", "verdict of the gate, in full")   \
    X(ZOOM, zoom, "Z", PLACE_PANES, VIEWS, "", "Zoom", "the pane alone, or back")                  \
    X(RUN, run, "none", PLACE_ANYWHERE, VIEWS, "RUN", "",                                          \
      "show another run: latest, a number, an id")                                                 \
    X(PLAY, play, "Space", PLACE_REPLAY, REPLAY, "", "play", "play, or pause")                     \
    X(SEEK_BACK, seek_back, "Left", PLACE_REPLAY, REPLAY, "", "", "10 seconds back")               \
    X(SEEK_FORWARD, seek_forward, "Right", PLACE_REPLAY, REPLAY, "", "", "10 seconds on")          \
    X(PREVIOUS_EVENT, previous_event, "{", PLACE_REPLAY, REPLAY, "", "event back",                 \
      "back to the event before")                                                                  \
    X(NEXT_EVENT, next_event, "}", PLACE_REPLAY, REPLAY, "", "event on", "on to the next event")   \
    X(REPLAY_START, replay_start, "Home", PLACE_REPLAY, REPLAY, "", "", "to the start of the run") \
    X(REPLAY_END, replay_end, "End", PLACE_REPLAY, REPLAY, "", "", "to the end of the run")        \
    X(SLOWER, slower, "-", PLACE_REPLAY, REPLAY, "", "slower", "half the speed")                   \
    X(FASTER, faster, "+", PLACE_REPLAY, REPLAY, "", "faster",                                     \
      "twice the speed, up to as fast as possible")                                                \
    X(SEEK, seek, "none", PLACE_REPLAY, REPLAY, "TIME", "",                                        \
      "to a time of the run, as 90 or 1:30 or 1:02:03")                                            \
    X(MOUSE, mouse, "M", PLACE_ANYWHERE, SETTINGS, "", "", "take the mouse, or give it back")      \
    X(THEME, theme, "none", PLACE_ANYWHERE, SETTINGS, "[THEME]", "",                               \
      "another theme: the next one, or the one that is named")                                     \
    X(SETTINGS, settings, ",", PLACE_ANYWHERE, SETTINGS, "", "",                                   \
      "settings: theme, panes, mouse and more, live")                                              \
    X(CHANGE, change, "['Enter', 'Space', 'l', 'Right']", PLACE_SETTINGS, SETTINGS, "", "change",  \
      "change the setting")                                                                        \
    X(CHANGE_BACK, change_back, "['h', 'Left']", PLACE_SETTINGS, SETTINGS, "", "",                 \
      "change the setting the other way")                                                          \
    X(WRITE, write, "w", PLACE_SETTINGS, SETTINGS, "", "write",                                    \
      "write the settings to the configuration file")                                              \
    X(PALETTE, palette, ":", PLACE_ANYWHERE, CONSOLE, "", "cmd", "type any command of this list")  \
    X(COPY, copy, "y", PLACE_ANYWHERE, CONSOLE, "", "", "copy the line, the stage or the page")    \
    X(COPY_SCREEN, copy_screen, "Y", PLACE_ANYWHERE, CONSOLE, "", "", "copy all that is shown")    \
    X(HELP, help, "?", PLACE_ANYWHERE, CONSOLE, "", "help", "this help")                           \
    X(REPAINT, repaint, "C-l", PLACE_ANYWHERE, CONSOLE, "", "", "repaint the screen")              \
    X(SUSPEND, suspend, "C-z", PLACE_ANYWHERE, CONSOLE, "", "",                                    \
      "suspend the console; fg brings it back")                                                    \
    X(LEAVE, leave, "C-c", PLACE_ANYWHERE, CONSOLE, "", "", "ask to leave; a second time leaves")  \
    X(DETACH, detach, "D", PLACE_ANYWHERE, CONSOLE, "", "", "leave the console; the run goes on")  \
    X(QUIT, quit, "q", PLACE_ANYWHERE, CONSOLE, "", "quit",                                        \
      "leave the view, and at last the console; the run goes on")
enum action {
#define X(id, name, keys, places, group, operands, hint, sentence) ACTION_##id,
    ACTIONS(X)
#undef X
        ACTION_COUNT,
    ACTION_NONE = ACTION_COUNT
};

struct action_spec {
    const char *name;
    const char *keys; /* by default */
    unsigned places;
    enum action_group group;
    const char *operands, *hint, *sentence;
};

const struct action_spec *action_spec(enum action action);
const char *action_group_title(enum action_group group);
bool action_changes_run(enum action action);
const char *place_name(enum place place);

#endif
