/* Layers, order, columns, and the rows between layers. */
#include "tui/graph.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { BETWEEN_COLS = 2, PORT_COLS = 2, SWEEPS = 7 };

bool graph_is_line(const struct dag *dag)
{
    for (size_t i = 0; i < dag->count; i++) {
        const struct stage_def *def = &dag->stages[i];
        bool follows =
            i == 0 ? def->after_count == 0 : def->after_count == 1 && def->after[0] == i - 1;
        if (!follows) {
            return false;
        }
    }
    return true;
}

int graph_port(const struct graph_node *node)
{
    return node->x + node->cols / 2;
}

/* ---- layers */

/* What is known while it is made. */
struct making {
    const struct dag *dag;
    struct graph *graph;
    int *layers;    /* of each stage */
    int *last;      /* the lowest layer that waits for a stage */
    size_t *starts; /* of each layer in nodes; layer_count + 1 */
    double *wishes; /* where each node would like to be */
};

static void find_layers(struct making *making)
{
    const struct dag *dag = making->dag;
    for (size_t i = 0; i < dag->count; i++) {
        for (size_t j = 0; j < dag->stages[i].after_count; j++) {
            int below = making->layers[dag->stages[i].after[j]] + 1;
            making->layers[i] = below > making->layers[i] ? below : making->layers[i];
        }
        making->last[i] = making->layers[i];
        making->graph->layer_count = making->layers[i] + 1 > making->graph->layer_count
                                         ? making->layers[i] + 1
                                         : making->graph->layer_count;
    }
    for (size_t i = 0; i < dag->count; i++) {
        for (size_t j = 0; j < dag->stages[i].after_count; j++) {
            size_t before = dag->stages[i].after[j];
            making->last[before] =
                making->layers[i] > making->last[before] ? making->layers[i] : making->last[before];
        }
    }
}

/* A stage has a node in its layer, and one that passes in each layer between it and the lowest that
 * waits for it. */
static bool has_node(const struct making *making, size_t stage, int layer)
{
    return layer == making->layers[stage] ||
           (layer > making->layers[stage] && layer < making->last[stage]);
}

static void make_nodes(struct making *making, const int *widths)
{
    struct graph *graph = making->graph;
    size_t count = 0;
    for (size_t i = 0; i < making->dag->count; i++) {
        int passing = making->last[i] - making->layers[i] - 1;
        count += 1 + (passing > 0 ? (size_t)passing : 0);
    }
    graph->nodes = xcalloc(count, sizeof(*graph->nodes));
    making->starts = xcalloc((size_t)graph->layer_count + 1, sizeof(*making->starts));
    making->wishes = xcalloc(count, sizeof(*making->wishes));
    for (int layer = 0; layer < graph->layer_count; layer++) {
        making->starts[layer] = graph->node_count;
        for (size_t i = 0; i < making->dag->count; i++) {
            bool is_passing = layer != making->layers[i];
            if (has_node(making, i, layer)) {
                graph->nodes[graph->node_count++] =
                    (struct graph_node){i, is_passing, layer, 0, is_passing ? 1 : widths[i]};
            }
        }
    }
    making->starts[graph->layer_count] = graph->node_count;
}

static bool waits_for(const struct making *making, size_t stage, size_t before)
{
    const struct stage_def *def = &making->dag->stages[stage];
    for (size_t i = 0; i < def->after_count; i++) {
        if (def->after[i] == before) {
            return true;
        }
    }
    return false;
}

/* A line goes from the node `above` to the node `below` of the next layer. */
static bool is_joined(const struct making *making, const struct graph_node *above,
                      const struct graph_node *below)
{
    return below->is_passing ? below->stage == above->stage
                             : waits_for(making, below->stage, above->stage);
}

/* ---- order and columns */

/* Where a node would like to be: the middle of those it is joined to in the layer beside it. */
static double wish_of(const struct making *making, size_t index, int beside)
{
    const struct graph_node *nodes = making->graph->nodes;
    double sum = 0;
    int count = 0;
    for (size_t i = making->starts[beside]; i < making->starts[beside + 1]; i++) {
        bool joined = beside < nodes[index].layer ? is_joined(making, &nodes[i], &nodes[index])
                                                  : is_joined(making, &nodes[index], &nodes[i]);
        sum += joined ? graph_port(&nodes[i]) : 0;
        count += joined ? 1 : 0;
    }
    return count == 0 ? graph_port(&nodes[index]) : sum / count;
}

/* Sorted by wish; equal ones keep their order. */
static void sort_layer(struct making *making, int layer)
{
    struct graph_node *nodes = making->graph->nodes;
    for (size_t i = making->starts[layer] + 1; i < making->starts[layer + 1]; i++) {
        struct graph_node node = nodes[i];
        double wish = making->wishes[i];
        size_t to = i;
        while (to > making->starts[layer] && making->wishes[to - 1] > wish) {
            nodes[to] = nodes[to - 1];
            making->wishes[to] = making->wishes[to - 1];
            to--;
        }
        nodes[to] = node;
        making->wishes[to] = wish;
    }
}

/* As near to the wishes as the neighbours allow: the mean of pushing from the left and from the
 * right, both of which keep the distances, keeps them, too. */
static void place_layer(struct making *making, int layer)
{
    struct graph_node *nodes = making->graph->nodes;
    size_t first = making->starts[layer], end = making->starts[layer + 1];
    for (size_t i = first; i < end; i++) {
        int wish = (int)(making->wishes[i] + 1000.5) - 1000 - nodes[i].cols / 2;
        int least = i == first ? wish : nodes[i - 1].x + nodes[i - 1].cols + BETWEEN_COLS;
        nodes[i].x = wish > least ? wish : least;
    }
    int right = 0;
    for (size_t i = end; i-- > first;) {
        int wish = (int)(making->wishes[i] + 1000.5) - 1000 - nodes[i].cols / 2;
        int most = i + 1 == end ? wish : right - BETWEEN_COLS - nodes[i].cols;
        right = wish < most ? wish : most;
        making->wishes[i] = right; /* from the right */
    }
    for (size_t i = first; i < end; i++) {
        int sum = nodes[i].x + (int)making->wishes[i];
        nodes[i].x = sum >= 0 ? sum / 2 : -((1 - sum) / 2);
    }
}

static void arrange_layer(struct making *making, int layer, int beside, bool is_sorted)
{
    for (size_t i = making->starts[layer]; i < making->starts[layer + 1]; i++) {
        making->wishes[i] = beside < 0 || beside >= making->graph->layer_count
                                ? graph_port(&making->graph->nodes[i])
                                : wish_of(making, i, beside);
    }
    if (is_sorted) {
        sort_layer(making, layer);
    }
    place_layer(making, layer);
}

/* The last sweep goes down: a line that passes by stays under where it comes from. */
static void arrange(struct making *making)
{
    struct graph *graph = making->graph;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        bool is_down = sweep % 2 == 0, is_sorted = sweep + 3 < SWEEPS;
        for (int i = 0; i < graph->layer_count; i++) {
            int layer = is_down ? i : graph->layer_count - 1 - i;
            arrange_layer(making, layer, is_down ? layer - 1 : layer + 1, is_sorted);
        }
    }
    int left = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        left = i == 0 || graph->nodes[i].x < left ? graph->nodes[i].x : left;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        graph->nodes[i].x -= left;
        int end = graph->nodes[i].x + graph->nodes[i].cols;
        graph->cols = end > graph->cols ? end : graph->cols;
    }
}

/* ---- lines */
static void add_net(struct making *making, size_t from)
{
    struct graph *graph = making->graph;
    int below = graph->nodes[from].layer + 1;
    struct graph_net net = {.from = from};
    for (size_t i = making->starts[below]; i < making->starts[below + 1]; i++) {
        if (is_joined(making, &graph->nodes[from], &graph->nodes[i])) {
            net.ends = xreallocarray(net.ends, net.end_count + 1, sizeof(*net.ends));
            net.ends[net.end_count++] = (struct graph_end){i, graph_port(&graph->nodes[i])};
        }
    }
    if (net.end_count > 0) {
        graph->nets = xreallocarray(graph->nets, graph->net_count + 1, sizeof(*graph->nets));
        graph->nets[graph->net_count++] = net;
    }
}

static struct graph_end *end_at(struct graph_net *net, size_t node)
{
    for (size_t i = 0; i < net->end_count; i++) {
        if (net->ends[i].node == node) {
            return &net->ends[i];
        }
    }
    return NULL;
}

/* Lines that come into one node get columns of their own, from left to right, while it is wide
 * enough. */
static void spread_ends(struct graph *graph, size_t node, size_t first_net)
{
    int count = 0, given = 0;
    for (size_t i = first_net; i < graph->net_count; i++) {
        count += end_at(&graph->nets[i], node) != NULL ? 1 : 0;
    }
    if (count * PORT_COLS >= graph->nodes[node].cols) {
        return;
    }
    for (size_t i = first_net; i < graph->net_count; i++) {
        struct graph_end *end = end_at(&graph->nets[i], node);
        if (end != NULL) {
            end->x += PORT_COLS * given++ - PORT_COLS * (count - 1) / 2;
        }
    }
}

static bool is_straight(const struct graph *graph, const struct graph_net *net)
{
    return net->end_count == 1 && net->ends[0].x == graph_port(&graph->nodes[net->from]);
}

/* Below another net must run what ends where that one begins: else they would share a column. */
static bool must_wait(const struct graph *graph, const struct graph_net *net,
                      const struct graph_net *other)
{
    for (size_t i = 0; i < net->end_count; i++) {
        if (net->ends[i].x == graph_port(&graph->nodes[other->from])) {
            return true;
        }
    }
    return false;
}

/* The next net to get a row: one that no other must be above of; in a circle, just the first. */
static size_t next_net(const struct graph *graph, size_t first, size_t end)
{
    size_t fallback = end;
    for (size_t i = first; i < end; i++) {
        bool is_free = graph->nets[i].row < 0;
        fallback = is_free && fallback == end ? i : fallback;
        for (size_t j = first; is_free && j < end; j++) {
            is_free = j == i || graph->nets[j].row >= 0 ||
                      !must_wait(graph, &graph->nets[i], &graph->nets[j]);
        }
        if (is_free) {
            return i;
        }
    }
    return fallback;
}

static void extent(const struct graph *graph, const struct graph_net *net, int *out_left,
                   int *out_right)
{
    *out_left = *out_right = graph_port(&graph->nodes[net->from]);
    for (size_t i = 0; i < net->end_count; i++) {
        *out_left = net->ends[i].x < *out_left ? net->ends[i].x : *out_left;
        *out_right = net->ends[i].x > *out_right ? net->ends[i].x : *out_right;
    }
}

/* The first row from `row` on where it touches none that has a row, and is below those it must. */
static int free_row(const struct graph *graph, const struct graph_net *net, size_t first,
                    size_t end, int row)
{
    int left = 0, right = 0, found = row;
    extent(graph, net, &left, &right);
    for (size_t i = first; i < end; i++) {
        const struct graph_net *other = &graph->nets[i];
        if (other != net && other->row >= found && must_wait(graph, net, other)) {
            found = other->row + 1;
        }
    }
    for (size_t i = first; i < end; i++) {
        const struct graph_net *other = &graph->nets[i];
        int from = 0, to = 0;
        extent(graph, other, &from, &to);
        if (other != net && other->row == found && from <= right + 1 && to + 1 >= left) {
            found++;
            i = first - 1; /* look at all of them again */
        }
    }
    return found;
}

/* Gives each net of nets[first..end) a row from `row` on; gives the row of the next layer. */
static int route(struct graph *graph, size_t first, size_t end, int row)
{
    int last = row;
    for (size_t i = first; i < end; i++) {
        graph->nets[i].row = -1;
    }
    for (size_t i = next_net(graph, first, end); i < end; i = next_net(graph, first, end)) {
        struct graph_net *net = &graph->nets[i];
        net->row = is_straight(graph, net) ? row : free_row(graph, net, first, end, row);
        last = net->row > last ? net->row : last;
    }
    return last + 1;
}

static void draw_lines(struct making *making)
{
    struct graph *graph = making->graph;
    int row = 0;
    graph->layer_rows = xcalloc((size_t)graph->layer_count, sizeof(*graph->layer_rows));
    for (int layer = 0; layer < graph->layer_count; layer++) {
        size_t first = graph->net_count;
        graph->layer_rows[layer] = row++;
        for (size_t i = making->starts[layer];
             layer + 1 < graph->layer_count && i < making->starts[layer + 1]; i++) {
            add_net(making, i);
        }
        for (size_t i = making->starts[layer + 1];
             layer + 1 < graph->layer_count && i < making->starts[layer + 2]; i++) {
            spread_ends(graph, i, first);
        }
        if (layer + 1 < graph->layer_count) {
            row = route(graph, first, graph->net_count, row);
        }
    }
    graph->rows = row;
}

/* Before any work goes into the order: does a layer fit at all? */
static bool is_too_wide(const struct making *making, int most_cols)
{
    const struct graph *graph = making->graph;
    int cols = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        bool is_first = i == 0 || graph->nodes[i].layer != graph->nodes[i - 1].layer;
        cols = (is_first ? 0 : cols + BETWEEN_COLS) + graph->nodes[i].cols;
        if (cols > most_cols) {
            return true;
        }
    }
    return false;
}

bool graph_make(const struct dag *dag, const int *widths, int most_cols, struct graph *out_graph)
{
    struct making making = {.dag = dag, .graph = out_graph};
    *out_graph = (struct graph){.nodes = NULL};
    if (dag->count > GRAPH_STAGES_MAX) {
        return false;
    }
    making.layers = xcalloc(dag->count, sizeof(*making.layers));
    making.last = xcalloc(dag->count, sizeof(*making.last));
    find_layers(&making);
    make_nodes(&making, widths);
    bool fits = !is_too_wide(&making, most_cols);
    if (fits) {
        arrange(&making);
        fits = out_graph->cols <= most_cols;
    }
    if (fits) {
        draw_lines(&making);
    } else {
        graph_done(out_graph);
    }
    free(making.layers);
    free(making.last);
    free(making.starts);
    free(making.wishes);
    return fits;
}

void graph_done(struct graph *graph)
{
    for (size_t i = 0; i < graph->net_count; i++) {
        free(graph->nets[i].ends);
    }
    free(graph->nets);
    free(graph->nodes);
    free(graph->layer_rows);
    *graph = (struct graph){.nodes = NULL};
}
