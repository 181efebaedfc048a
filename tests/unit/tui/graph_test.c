/* Drawings of pipelines: layers, and lines that do not run into each other. */
#include "tui/graph.h"

#include "core/base/buf.h"
#include "core/base/random.h"
#include "tests/support/cmocka.h"

#include <limits.h>
#include <stdlib.h>

enum { STAGES_MAX = 60, BOX = 14 };

/* A pipeline of `count` stages; after(context, stage, before) tells what waits for what. */
static struct dag *make_dag(size_t count, bool (*after)(void *context, size_t stage, size_t before),
                            void *context)
{
    struct error err;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"pipeline\":\"p\",\"stages\":[");
    for (size_t i = 0; i < count; i++) {
        const char *between = "";
        buf_printf(&text, "%s{\"name\":\"s%zu\",\"kind\":\"noop\",\"after\":[", i == 0 ? "" : ",",
                   i);
        for (size_t j = 0; j < i; j++) {
            if (after(context, i, j)) {
                buf_printf(&text, "%s\"s%zu\"", between, j);
                between = ",";
            }
        }
        buf_append_text(&text, "]}");
    }
    buf_append_text(&text, "]}");
    struct json *json = json_parse(buf_str(&text), &err);
    struct dag *dag = dag_from_json(json, NULL, &err);
    if (dag == NULL) {
        fail_msg("%s", err.message);
    }
    json_free(json);
    buf_done(&text);
    return dag;
}

static bool in_a_row(void *context, size_t stage, size_t before)
{
    (void)context;
    return before + 1 == stage;
}

static bool by_chance(void *context, size_t stage, size_t before)
{
    return random_below(context, 1 + stage - before) == 0 && random_below(context, 3) > 0;
}

static void make(const struct dag *dag, struct graph *graph)
{
    int widths[STAGES_MAX];
    for (size_t i = 0; i < dag->count; i++) {
        widths[i] = BOX + (int)(i % 5);
    }
    assert_true(graph_make(dag, widths, INT_MAX, graph));
}

static void a_chain_is_a_straight_line_down(void **state)
{
    struct graph graph;
    struct dag *dag = make_dag(6, in_a_row, NULL);
    (void)state;
    assert_true(graph_is_line(dag));
    make(dag, &graph);
    assert_int_equal(graph.layer_count, 6);
    assert_int_equal(graph.node_count, 6);
    assert_int_equal(graph.rows, 11); /* a row for each, and one between two */
    for (size_t i = 0; i < graph.net_count; i++) {
        assert_int_equal(graph.nets[i].end_count, 1);
        assert_int_equal(graph.nets[i].ends[0].x, graph_port(&graph.nodes[graph.nets[i].from]));
    }
    graph_done(&graph);
    dag_free(dag);
}

static void extent(const struct graph *graph, const struct graph_net *net, int *left, int *right)
{
    *left = *right = graph_port(&graph->nodes[net->from]);
    for (size_t i = 0; i < net->end_count; i++) {
        *left = net->ends[i].x < *left ? net->ends[i].x : *left;
        *right = net->ends[i].x > *right ? net->ends[i].x : *right;
    }
}

static void check_nodes(const struct dag *dag, const struct graph *graph)
{
    size_t stages = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        assert_true(node->x >= 0 && node->x + node->cols <= graph->cols);
        stages += node->is_passing ? 0 : 1;
        if (i > 0 && graph->nodes[i - 1].layer == node->layer) {
            assert_true(graph->nodes[i - 1].x + graph->nodes[i - 1].cols < node->x);
        }
    }
    assert_int_equal(stages, dag->count);
}

static void check_nets(const struct graph *graph)
{
    for (size_t i = 0; i < graph->net_count; i++) {
        const struct graph_net *net = &graph->nets[i];
        int layer = graph->nodes[net->from].layer, left = 0, right = 0;
        extent(graph, net, &left, &right);
        assert_true(net->row > graph->layer_rows[layer]);
        assert_true(net->row < graph->layer_rows[layer + 1]);
        for (size_t j = 0; j < net->end_count; j++) {
            assert_int_equal(graph->nodes[net->ends[j].node].layer, layer + 1);
        }
        for (size_t j = 0; j < i; j++) {
            int from = 0, to = 0;
            extent(graph, &graph->nets[j], &from, &to);
            bool is_upright = left == right || from == to; /* they only cross */
            assert_true(graph->nets[j].row != net->row || is_upright || to < left || from > right);
        }
    }
}

/* Every stage hangs below all it waits for: by a line of its own, or through those that pass. */
static void check_layers(const struct dag *dag, const struct graph *graph)
{
    int layers[STAGES_MAX] = {0};
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!graph->nodes[i].is_passing) {
            layers[graph->nodes[i].stage] = graph->nodes[i].layer;
        }
    }
    for (size_t i = 0; i < dag->count; i++) {
        for (size_t j = 0; j < dag->stages[i].after_count; j++) {
            assert_true(layers[dag->stages[i].after[j]] < layers[i]);
        }
    }
}

static void any_pipeline_has_a_drawing_without_collisions(void **state)
{
    struct random dice = {.state = 7};
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct graph graph;
        struct dag *dag = make_dag(1 + (size_t)random_below(&dice, STAGES_MAX), by_chance, &dice);
        make(dag, &graph);
        check_nodes(dag, &graph);
        check_nets(&graph);
        check_layers(dag, &graph);
        graph_done(&graph);
        dag_free(dag);
    }
}

static bool at_once(void *context, size_t stage, size_t before)
{
    (void)context, (void)stage, (void)before;
    return false;
}

static void what_is_too_wide_is_not_drawn(void **state)
{
    struct graph graph;
    int widths[4] = {10, 10, 10, 10};
    struct dag *dag = make_dag(4, at_once, NULL);
    (void)state;
    assert_false(graph_make(dag, widths, 45, &graph));
    graph_done(&graph);
    assert_true(graph_make(dag, widths, 46, &graph)); /* with two columns between them */
    graph_done(&graph);
    dag_free(dag);
}

static void too_many_stages_are_not_drawn(void **state)
{
    struct graph graph;
    static int widths[GRAPH_STAGES_MAX + 1];
    struct dag *dag = make_dag(GRAPH_STAGES_MAX + 1, in_a_row, NULL);
    (void)state;
    assert_false(graph_make(dag, widths, INT_MAX, &graph));
    graph_done(&graph);
    dag_free(dag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_a_straight_line_down),
        cmocka_unit_test(any_pipeline_has_a_drawing_without_collisions),
        cmocka_unit_test(what_is_too_wide_is_not_drawn),
        cmocka_unit_test(too_many_stages_are_not_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
