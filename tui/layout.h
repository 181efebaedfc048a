/* Where the panes of a run lie on a screen of any size: degrades, never refuses. Pure. */
#ifndef GATEHOUSE_TUI_LAYOUT_H
#define GATEHOUSE_TUI_LAYOUT_H

#include "tui/screen.h"

/* An absent pane has no rows. */
enum pane {
    PANE_HEADER,
    PANE_STAGES,
    PANE_TRAINING,
    PANE_VERDICT,
    PANE_RUNS,
    PANE_TIMELINE,
    PANE_GRAPH,
    PANE_LOG,
    PANE_MESSAGE,
    PANE_HINTS,
    PANE_COUNT
};

struct layout_wish {
    int stages;          /* how many there are */
    bool has_training;   /* it has told something */
    bool trains, judges; /* the pipeline has such stages */
    int verdict_rows;    /* 0: no verdict to show */
    int timeline_rows;   /* to show every stage */
    int message_rows;    /* to show all that is said; 0 counts as 1 */
    bool has_graph;      /* the pipeline is not a line */
    enum pane only;      /* the pane that has the screen alone; PANE_COUNT: none */
    enum pane focus;     /* the pane that is kept when there is room for one */
};

struct layout {
    bool is_line; /* there is room for one line only: see area */
    struct area area;
    struct area panes[PANE_COUNT];
    struct area page; /* between header and footer: for pages that fill it */
};

void layout_make(struct screen *screen, const struct layout_wish *wish, struct layout *out_layout);

#endif
