/* The pipeline as a drawing from top to bottom: each stage a box with its state, lines to what
 * waits for it. Where it is too wide for that, a list says what each stage waits for. */
#include "tui/panes.h"

#include "core/base/alloc.h"
#include "tui/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_COLS = 7, /* the longest word of a state */
    BOX_COLS = 6,  /* "[", number, blanks, "]" without name and word */
    NAME_COLS_MAX = 32,
    NAME_COLS_MIN = 8,
    NAME_COLS_STEP = 4,
    NAME_LIST_COLS = 28,
    SIGN_UP = 1,
    SIGN_DOWN = 2,
    SIGN_LEFT = 4,
    SIGN_RIGHT = 8,
    SIGN_COUNT = 16,
};

struct canvas {
    const struct ui *ui;
    const struct graph *graph;
    struct area area;
    int top; /* the first row of the drawing that is shown */
};

static int digits_of(size_t number)
{
    return number < 10 ? 1 : number < 100 ? 2 : 3;
}

static int box_columns(const struct dag *dag, size_t stage, int name_cols)
{
    int len = (int)strlen(dag->stages[stage].name);
    return BOX_COLS + digits_of(stage + 1) + WORD_COLS + (len < name_cols ? len : name_cols);
}

/* With names as long as the columns allow; false when even short ones do not fit. */
static bool make_fitting(const struct dag *dag, int cols, struct graph *out_graph)
{
    int *widths = xcalloc(dag->count, sizeof(*widths));
    bool fits = false;
    for (int names = NAME_COLS_MAX; names >= NAME_COLS_MIN && !fits; names -= NAME_COLS_STEP) {
        for (size_t i = 0; i < dag->count; i++) {
            widths[i] = box_columns(dag, i, names);
        }
        fits = graph_make(dag, widths, cols, out_graph);
    }
    free(widths);
    return fits;
}

/* ---- lines */
static const char *sign_of(const struct screen *screen, int mask)
{
    static const char *const unicode[SIGN_COUNT] = {" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                                    "─", "└", "┌", "├", "─", "┴", "┬", "┼"};
    static const char *const ascii[SIGN_COUNT] = {" ", "|", "|", "|", "-", "+", "+", "+",
                                                  "-", "+", "+", "+", "-", "+", "+", "+"};
    return screen->is_ascii ? ascii[mask] : unicode[mask];
}

static void put_sign(const struct canvas *canvas, int x, int row, int mask, enum role role)
{
    int y = row - canvas->top;
    if (y >= 0 && y < canvas->area.rows) {
        area_text(&canvas->area, x, y, role, sign_of(canvas->area.screen, mask));
    }
}

/* The lines of the chosen stage stand out. */
static enum role net_role(const struct canvas *canvas, const struct graph_net *net)
{
    const struct graph_node *nodes = canvas->graph->nodes;
    bool is_chosen = nodes[net->from].stage == canvas->ui->stage;
    for (size_t i = 0; i < net->end_count; i++) {
        const struct graph_node *end = &nodes[net->ends[i].node];
        is_chosen = is_chosen || (!end->is_passing && end->stage == canvas->ui->stage);
    }
    return is_chosen ? ROLE_KEY : ROLE_MUTED;
}

static bool ends_at(const struct graph_net *net, int x)
{
    for (size_t i = 0; i < net->end_count; i++) {
        if (net->ends[i].x == x) {
            return true;
        }
    }
    return false;
}

static void draw_sideways(const struct canvas *canvas, const struct graph_net *net)
{
    int port = graph_port(&canvas->graph->nodes[net->from]), left = port, right = port;
    for (size_t i = 0; i < net->end_count; i++) {
        left = net->ends[i].x < left ? net->ends[i].x : left;
        right = net->ends[i].x > right ? net->ends[i].x : right;
    }
    for (int x = left; x <= right; x++) {
        int mask = (x == port ? SIGN_UP : 0) | (ends_at(net, x) ? SIGN_DOWN : 0) |
                   (x > left ? SIGN_LEFT : 0) | (x < right ? SIGN_RIGHT : 0);
        put_sign(canvas, x, net->row, mask, net_role(canvas, net));
    }
}

/* Drawn over what runs sideways: a line that crosses is not joined. */
static void draw_upright(const struct canvas *canvas, const struct graph_net *net)
{
    const struct graph *graph = canvas->graph;
    const struct graph_node *from = &graph->nodes[net->from];
    int begin = graph->layer_rows[from->layer] + 1, end = graph->layer_rows[from->layer + 1];
    for (int row = begin; row < net->row; row++) {
        put_sign(canvas, graph_port(from), row, SIGN_UP | SIGN_DOWN, net_role(canvas, net));
    }
    for (size_t i = 0; i < net->end_count; i++) {
        for (int row = net->row + 1; row < end; row++) {
            put_sign(canvas, net->ends[i].x, row, SIGN_UP | SIGN_DOWN, net_role(canvas, net));
        }
    }
}

/* ---- boxes */
static void draw_box(const struct canvas *canvas, const struct graph_node *node)
{
    const struct view *view = &canvas->ui->client->view;
    enum stage_state state = view->run.stages[node->stage].state;
    int y = canvas->graph->layer_rows[node->layer] - canvas->top;
    if (y < 0 || y >= canvas->area.rows) {
        return;
    }
    struct area box = area_sub(&canvas->area, node->x, y, node->cols, 1);
    bool is_chosen = node->stage == canvas->ui->stage;
    enum role frame = is_chosen ? ROLE_KEY : ROLE_MUTED;
    int x = area_printf(&box, 0, 0, frame, "[%s", is_chosen ? ">" : " ");
    x = area_printf(&box, x, 0, ROLE_TEXT, "%zu ", node->stage + 1);
    int names = node->cols - x - WORD_COLS - 3;
    area_cut(&box, x, 0, ROLE_TEXT, names, view->run.dag->stages[node->stage].name);
    area_text(&box, x + names + 1, 0, ui_state_role(state), stage_state_word(state));
    area_text(&box, node->cols - 1, 0, frame, "]");
}

static void draw_passing(const struct canvas *canvas, const struct graph_node *node)
{
    put_sign(canvas, node->x, canvas->graph->layer_rows[node->layer], SIGN_UP | SIGN_DOWN,
             node->stage == canvas->ui->stage ? ROLE_KEY : ROLE_MUTED);
}

/* The chosen stage stays in sight, in the middle when there is more than fits. */
static int top_for(const struct ui *ui, const struct graph *graph, int rows)
{
    int row = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].stage == ui->stage && !graph->nodes[i].is_passing) {
            row = graph->layer_rows[graph->nodes[i].layer];
        }
    }
    int most = graph->rows - rows, top = row - rows / 2;
    return most <= 0 || top < 0 ? 0 : top > most ? most : top;
}

static void draw_graph(const struct ui *ui, const struct graph *graph, const struct area *area)
{
    struct canvas canvas = {.ui = ui, .graph = graph, .top = top_for(ui, graph, area->rows)};
    canvas.area = area_sub(area, (area->cols - graph->cols) / 2, 0, graph->cols, area->rows);
    for (size_t i = 0; i < graph->net_count; i++) {
        draw_sideways(&canvas, &graph->nets[i]);
    }
    for (size_t i = 0; i < graph->net_count; i++) {
        draw_upright(&canvas, &graph->nets[i]);
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].is_passing) {
            draw_passing(&canvas, &graph->nodes[i]);
        } else {
            draw_box(&canvas, &graph->nodes[i]);
        }
    }
}

/* ---- the list */
static void append_names(const struct dag *dag, const struct stage_def *def, struct buf *out)
{
    for (size_t i = 0; i < def->after_count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", dag->stages[def->after[i]].name);
    }
}

static void draw_list(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    const struct dag *dag = view->run.dag;
    size_t shown = (size_t)area->rows;
    size_t first = ui->stage >= shown && shown > 0 ? ui->stage - shown + 1 : 0;
    int names = area->cols / 3 < NAME_LIST_COLS ? area->cols / 3 : NAME_LIST_COLS;
    for (size_t i = first; i < dag->count && i - first < shown; i++) {
        struct buf after;
        int y = (int)(i - first);
        enum stage_state state = view->run.stages[i].state;
        buf_init(&after, 1 << 16);
        append_names(dag, &dag->stages[i], &after);
        area_printf(area, 0, y, ROLE_KEY, "%s", i == ui->stage ? ">" : " ");
        area_printf(area, 1, y, ROLE_TEXT, "%3zu", i + 1);
        area_cut(area, 5, y, ROLE_TEXT, names, dag->stages[i].name);
        area_text(area, names + 6, y, ui_state_role(state), stage_state_word(state));
        int x = area_text(area, names + 7 + WORD_COLS, y, ROLE_MUTED,
                          after.len == 0 ? "at once" : "after ");
        area_cut(area, x, y, ROLE_TEXT, area->cols - x, buf_text(&after));
        buf_done(&after);
    }
}

void pane_graph(const struct ui *ui, const struct area *area, bool is_page)
{
    const struct dag *dag = ui->client->view.run.dag;
    struct graph graph;
    struct buf remark;
    if (area->rows == 0) {
        return;
    }
    buf_init(&remark, 1 << 16);
    append_names(dag, &dag->stages[ui->stage], &remark);
    char *after = xasprintf("%zu %s %s", ui->stage + 1,
                            remark.len == 0 ? "starts at once" : "after", buf_text(&remark));
    bool has_room = text_columns(str_from(after)) < area->cols - 16;
    area_title(area, is_page, "Pipeline", has_room ? after : "");
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    if (make_fitting(dag, area->cols, &graph)) {
        draw_graph(ui, &graph, &body);
        graph_done(&graph);
    } else {
        draw_list(ui, &body);
    }
    free(after);
    buf_done(&remark);
}
