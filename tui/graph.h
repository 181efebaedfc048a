/* Where the stages of a pipeline lie when it is drawn from top to bottom: in layers by the longest
 * path to them, ordered so that few lines cross (after Sugiyama, Tagawa, Toda 1981), with a way for
 * every line between two layers. Columns and rows count from the drawing's own corner. Pure. */
#ifndef GATEHOUSE_TUI_GRAPH_H
#define GATEHOUSE_TUI_GRAPH_H

#include "core/run/dag.h"

enum { GRAPH_STAGES_MAX = 200 }; /* more are told as a list */

struct graph_node { /* a stage, or a line that passes by its layer */
    size_t stage;   /* whose line, when it passes */
    bool is_passing;
    int layer, x, cols;
};

struct graph_net { /* the line from a node of a layer to those below that wait for it */
    size_t from;   /* index of the node; it begins at its port */
    struct graph_end {
        size_t node;
        int x; /* where it comes in */
    } * ends;
    size_t end_count;
    int row; /* on which it runs sideways */
};

struct graph {
    struct graph_node *nodes; /* by layer, from left to right */
    size_t node_count;
    struct graph_net *nets;
    size_t net_count;
    int *layer_rows; /* the row of each layer */
    int layer_count;
    int cols, rows;
};

/* widths: columns of each stage's box. False, and nothing made, when there are too many stages or
 * it is wider than most_cols. */
bool graph_make(const struct dag *dag, const int *widths, int most_cols, struct graph *out_graph);
void graph_done(struct graph *graph); /* harmless after graph_make has failed */
/* Column in which a node's line begins. */
int graph_port(const struct graph_node *node);
/* Every stage but the first waits for exactly the one before: nothing that a list does not tell. */
bool graph_is_line(const struct dag *dag);

#endif
