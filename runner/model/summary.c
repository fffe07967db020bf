#include "runner/model/summary.h"

#include <string.h>

static size_t trainable(const Graph *graph, const Mark *mark)
{
    size_t sum = 0;
    for (size_t i = mark->first; i < mark->end; i++) {
        const ParamSpec *param = graph->nodes[i].param;
        if (param && param->trainable) sum += shape_count(param->shape);
    }
    return sum;
}

static double multiply_adds(const Graph *graph, const Mark *mark)
{
    double sum = 0;
    for (size_t i = mark->first; i < mark->end; i++) sum += graph->nodes[i].multiply_adds;
    return sum / (double)graph->batch;
}

/* The numbers of the options, short: "filters 32, 3x3, stride 2"; what is no number is left to the YAML. */
static const char *detail(Arena *arena, const Spec *spec)
{
    Text text = {0};
    for (const Field *field = spec->row->fields; field && field->key; field++) {
        const char *at = (const char *)spec->options + field->offset;
        const int64_t *number = (const int64_t *)(const void *)at;
        const char *comma = text.n ? ", " : "";
        if (field->kind != FIELD_INT && field->kind != FIELD_PAIR) continue;
        const bool optional = field->fallback && !*field->fallback;
        if (optional && *number == 0) continue;
        if (field->kind == FIELD_INT)
            text_add(&text, "%s%s %lld", comma, field->key, (long long)*number);
        else if (number[0] == number[1] && strcmp(field->key, "kernel") != 0) {
            if (optional || number[0] != 1) text_add(&text, "%s%s %lld", comma, field->key, (long long)number[0]);
        } else {
            bool named = strcmp(field->key, "kernel") != 0;
            text_add(&text, "%s%s%s%lldx%lld", comma, named ? field->key : "", named ? " " : "", (long long)number[0],
                     (long long)number[1]);
        }
    }
    const char *result = arena_text(arena, text.bytes ? text.bytes : "");
    text_release(&text);
    return result;
}

static Shape without_batch(Shape shape)
{
    Shape out = {.rank = shape.rank - 1};
    memcpy(out.dim, shape.dim + 1, out.rank * sizeof *out.dim);
    return out;
}

/* A layer that holds others follows them; only the inner ones carry the numbers. */
static bool holds_others(const Graph *graph, size_t at)
{
    return at > 0 && graph->marks[at - 1].end > graph->marks[at].first;
}

/* The line that made each node: inner layers come before those that hold them. -1: none. */
static int *owners_of(const Graph *graph, Arena *arena)
{
    int *owner = arena_alloc(arena, graph->n + 1, sizeof *owner);
    for (size_t i = 0; i < graph->n; i++) owner[i] = -1;
    for (size_t m = 0; m < graph->mark_count; m++)
        for (size_t i = graph->marks[m].first; i < graph->marks[m].end; i++)
            if (owner[i] < 0) owner[i] = (int)m;
    return owner;
}

static void take_from(LayerLine *line, size_t source)
{
    for (size_t i = 0; i < line->from_count; i++)
        if (line->from[i] == source) return;
    if (line->from_count == LAYER_FROM_MAX) BUG("%s.%s takes too many layers", line->section, line->name);
    line->from[line->from_count++] = source;
}

/* What the ops of line `at` take from outside of it. */
static void link_line(const Graph *graph, const int *owner, size_t at, LayerLine *line)
{
    for (size_t i = graph->marks[at].first; i < graph->marks[at].end; i++) {
        const Node *node = &graph->nodes[i];
        if (owner[i] != (int)at || !node->op) continue;
        line->computes = true;
        for (size_t k = 0; k < node->inputs; k++) {
            const int source = node->input[k];
            if (graph->nodes[source].param || owner[source] == (int)at) continue;
            if (owner[source] >= 0)
                take_from(line, (size_t)owner[source]);
            else
                line->input = graph->nodes[source].name;
        }
    }
}

LayerList model_layers(const Model *model, Arena *arena)
{
    const Graph *graph = &model->wiring.graph;
    const int *owner = owners_of(graph, arena);
    LayerList list = {.items = arena_alloc(arena, graph->mark_count + 1, sizeof *list.items)};
    for (size_t i = 0; i < graph->mark_count; i++) {
        const Mark *mark = &graph->marks[i];
        const char *dot = strchr(mark->path, '.');
        LayerLine *line = &list.items[list.n++];
        line->section = arena_text_n(arena, mark->path, dot ? (size_t)(dot - mark->path) : strlen(mark->path));
        line->name = arena_text(arena, dot ? dot + 1 : "");
        line->kind = mark->spec->row->name;
        line->detail = detail(arena, mark->spec);
        line->shape = without_batch(graph_node(graph, mark->output)->shape);
        link_line(graph, owner, i, line);
        if (holds_others(graph, i)) continue;
        line->parameters = trainable(graph, mark);
        line->multiply_adds = multiply_adds(graph, mark);
        list.parameters += line->parameters;
        list.multiply_adds += line->multiply_adds;
    }
    return list;
}
