/* All that the console shows, as plain state: panes draw from it, the console changes it by keys
 * and by news of the run. No terminal, no store, no clock. */
#ifndef GATEHOUSE_TUI_UI_H
#define GATEHOUSE_TUI_UI_H

#include "core/app/audit.h"
#include "core/app/client.h"
#include "tui/dialog.h"
#include "tui/keymap.h"
#include "tui/log_save.h"
#include "tui/log_view.h"
#include "tui/palette.h"
#include "tui/prompt.h"
#include "tui/screen.h"
#include "tui/settings.h"

/* What fills the screen between header and footer. */
enum ui_page {
    PAGE_RUN,
    PAGE_DETAIL,
    PAGE_HISTORY,
    PAGE_VERDICT,
    PAGE_HELP,
    PAGE_AUDIT,
    PAGE_TIMELINE,
    PAGE_PIPELINE,
    PAGE_SETTINGS
};
/* Which pane of PAGE_RUN the keys go to. */
enum ui_focus { FOCUS_STAGES, FOCUS_VERDICT, FOCUS_LOG };

struct ui {
    const struct client *client; /* borrowed */
    int64_t now_ms;
    int utc_offset_s;
    enum ui_page page;
    enum ui_focus focus;
    bool is_zoomed;           /* the focused pane alone */
    char run_id[RUN_ID_SIZE]; /* that the rest is about; empty: none */
    size_t stage;             /* chosen */
    bool is_stage_chosen;     /* by the operator: else the running one is shown */
    int try_number;           /* whose log is shown; 0: the latest */
    size_t run_row;           /* chosen in the history */
    int scroll;               /* of help, detail and verdict */
    struct log_view log;
    struct log_save save; /* asked for when it has a path: whoever has a loop takes it */
    bool is_saving;       /* one that was asked for before */
    struct prompt prompt;
    struct audit audit; /* of PAGE_AUDIT */
    struct dialog dialog;
    struct palette palette;
    struct bindings bindings;
    struct key_chord pending; /* keys of a chord that is not complete */
    bool is_pasting;          /* the terminal sends pasted text */
    size_t paste_lost;        /* characters of it that nobody took */
    struct settings settings;
    char *copy;          /* for the terminal's clipboard: whoever has it takes it; owned */
    char message[256];   /* of the footer */
    bool is_alert;       /* the message is bad news */
    bool is_leaving;     /* it was asked whether to leave; the key before was that */
    bool is_elevated;    /* as was last seen */
    int64_t sent_id;     /* command of ours that waits for its answer; 0: none */
    int64_t answered_id; /* one whose answer is news; 0: none */
};

enum place ui_place(const struct ui *ui);
/* The stage that matters now: the running one, else the one that went wrong, else the last. */
size_t ui_current_stage(const struct view *view);
/* False: an action that has no meaning in this console at all, such as those of a replay. */
bool ui_offers(const struct ui *ui, enum action action);
bool ui_is_production(const struct ui *ui);
const char *ui_environment(const struct ui *ui);
bool ui_has_verdict(const struct ui *ui);
/* The latest evaluation's gate, or NULL. */
const struct json *ui_gate(const struct ui *ui);
/* The least value that the gate of this pipeline lets pass; false: it has no such rule. */
bool ui_gate_minimum(const struct dag *dag, const char *metric, double *out_minimum);
/* The try whose log is shown; 0: the stage has not started. */
int ui_shown_try(const struct ui *ui);
enum role ui_state_role(enum stage_state state);
/* The run's state as one word, "LOST" when its runner is. */
const char *ui_run_word(const struct ui *ui, enum role *out_role);

/* Draws the page that is shown; gives its lines, 0 when it does not scroll. */
int ui_draw_page(const struct ui *ui, const struct area *area);
/* What the terminal's title says. */
void ui_print_title(const struct ui *ui, struct buf *out);
/* Draws everything. Changes only what scrolling needs to know of the size. */
void ui_draw(struct ui *ui, struct screen *screen);

#endif
