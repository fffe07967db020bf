#include "nn/plan/plan.h"

#include <stdlib.h>

/* Time: 0 is when inputs are fed, forward of node i runs at 1 + i, gradients are seeded at n + 1, backward of node i
 * runs at 2n + 1 - i, and 2n + 2 is when roots are read. Without training forward is followed by the reading. */

enum { PLAN_ALIGN = 16 };

/* A buffer alive from `from` to `to`, both included; *place is where its offset goes. */
typedef struct Buffer {
    size_t size, from, to, offset;
    size_t *place;
    size_t order; /* as found: makes the layout a function of the graph */
} Buffer;

typedef struct Layout {
    const Graph *graph;
    bool training;
    int *owner;       /* node -> the node whose storage it has: views resolved */
    bool *root;       /* of owners */
    bool *needed;     /* owners: roots, and what roots are computed from */
    bool *reached;    /* owners that backward from a root comes to */
    size_t *last;     /* owners: the last time their value is read */
    size_t *top_user; /* owners: the greatest id of a user that passes a gradient; 0: none */
    size_t *passing;  /* owners: how many users pass a gradient */
    Buffer *buffers;
    size_t n;
} Layout;

/* A relu is applied by the op before it where that can do so and nothing else sees what it would have made. */
static bool is_applied_before(const Graph *graph, const size_t *users, const bool *root, const Node *node)
{
    if (!node->op->relu) return false;
    const int before = node->input[0];
    const Op *op = graph->nodes[before].op;
    return op && op->takes_relu && users[before] == 1 && !root[before];
}

/* Sets owner and relu of every node. */
static void find_owners(const Graph *graph, const int *roots, size_t root_count, Arena *arena, NodePlan *nodes)
{
    size_t *users = arena_alloc(arena, graph->n, sizeof *users);
    bool *root = arena_alloc(arena, graph->n, sizeof *root);
    for (size_t i = 0; i < root_count; i++) root[graph_node(graph, roots[i]) - graph->nodes] = true;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->inputs; k++) users[node->input[k]]++;
    }
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        nodes[i] = (NodePlan){.value = PLAN_NONE, .grad = PLAN_NONE, .keep = PLAN_NONE, .owner = (int)i, .relu = -1};
        if (!node->op) continue;
        const bool applied = is_applied_before(graph, users, root, node);
        if (applied || node->op->view) nodes[i].owner = nodes[node->input[0]].owner;
        if (applied) nodes[nodes[i].owner].relu = (int)i;
    }
}

static size_t round_up(size_t size)
{
    return mem_add(size, PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

static size_t forward_time(size_t node)
{
    return 1 + node;
}

static size_t backward_time(const Layout *layout, size_t node)
{
    return 2 * layout->graph->n + 1 - node;
}

static size_t end_time(const Layout *layout)
{
    return 2 * layout->graph->n + 2;
}

static bool owns_memory(const Layout *layout, size_t node)
{
    return layout->owner[node] == (int)node && !layout->graph->nodes[node].param;
}

static bool has_backward(const Layout *layout, size_t node)
{
    return layout->training && layout->graph->nodes[node].wants_grad && layout->reached[node];
}

static void raise(size_t *value, size_t to)
{
    if (*value < to) *value = to;
}

/* Runs down the nodes, so that whether a node is reached is known before its inputs are looked at. */
static void find_lives(Layout *layout)
{
    const Graph *graph = layout->graph;
    for (size_t i = graph->n; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        if (layout->owner[i] != (int)i) continue;
        layout->needed[i] = layout->needed[i] || layout->root[i] || !node->op;
        if (!layout->needed[i]) continue;
        raise(&layout->last[i], layout->root[i] ? end_time(layout) : node->op ? forward_time(i) : 0);
        layout->reached[i] = layout->reached[i] || layout->root[i];
        bool backward = node->op && has_backward(layout, i);
        if (backward) raise(&layout->last[i], backward_time(layout, i));
        for (size_t k = 0; k < node->inputs; k++) {
            size_t in = (size_t)layout->owner[node->input[k]];
            layout->needed[in] = true;
            raise(&layout->last[in], backward ? backward_time(layout, i) : forward_time(i));
            if (!backward || !graph->nodes[in].wants_grad || !op_passes(node->op, k)) continue;
            layout->reached[in] = true;
            raise(&layout->top_user[in], i);
            layout->passing[in]++;
        }
    }
}

static void want(Layout *layout, size_t size, size_t from, size_t to, size_t *place)
{
    if (size == 0) return;
    layout->buffers[layout->n] =
        (Buffer){.size = round_up(size), .from = from, .to = to, .place = place, .order = layout->n};
    layout->n++;
}

static void list_buffers(Layout *layout, Plan *plan)
{
    const Graph *graph = layout->graph;
    size_t scratch = 0;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        NodePlan *at = &plan->nodes[i];
        if (!owns_memory(layout, i) || !layout->needed[i]) continue;
        want(layout, shape_count(node->shape), node->op ? forward_time(i) : 0, layout->last[i], &at->value);
        if (!node->op) continue;
        bool backward = has_backward(layout, i);
        want(layout, node->keep, forward_time(i), backward ? backward_time(layout, i) : forward_time(i), &at->keep);
        raise(&scratch, node->scratch);
        if (!backward) continue;
        size_t first = layout->root[i] ? graph->n + 1 : backward_time(layout, layout->top_user[i]);
        want(layout, shape_count(node->shape), first, backward_time(layout, i), &at->grad);
    }
    want(layout, scratch, 0, end_time(layout), &plan->scratch);
}

static int larger_first(const void *left, const void *right)
{
    const Buffer *a = left, *b = right;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* The largest first, each at the lowest offset where nothing that lives at the same time is in the way. `placed` holds
 * the ones that have a place, by rising offset. */
static size_t place_buffers(Buffer *buffers, size_t n)
{
    size_t total = 0;
    const Buffer **placed = mem_zeroed(n, sizeof *placed);
    qsort(buffers, n, sizeof *buffers, larger_first);
    for (size_t i = 0; i < n; i++) {
        Buffer *buffer = &buffers[i];
        size_t offset = 0;
        for (size_t k = 0; k < i; k++) {
            const Buffer *other = placed[k];
            if (other->to < buffer->from || buffer->to < other->from) continue;
            if (other->offset >= offset && other->offset - offset >= buffer->size) break;
            raise(&offset, other->offset + other->size);
        }
        buffer->offset = *buffer->place = offset;
        raise(&total, mem_add(offset, buffer->size));
        size_t at = i;
        for (; at > 0 && placed[at - 1]->offset > offset; at--) placed[at] = placed[at - 1];
        placed[at] = buffer;
    }
    free(placed);
    return total;
}

void plan_make(Plan *plan, const Graph *graph, bool training, const int *roots, size_t root_count)
{
    *plan = (Plan){.nodes = mem_zeroed(graph->n, sizeof *plan->nodes), .scratch = PLAN_NONE};
    Arena arena = {0};
    Layout layout = {.graph = graph, .training = training};
    layout.owner = arena_alloc(&arena, graph->n, sizeof *layout.owner);
    layout.root = arena_alloc(&arena, graph->n, sizeof *layout.root);
    layout.needed = arena_alloc(&arena, graph->n, sizeof *layout.needed);
    layout.reached = arena_alloc(&arena, graph->n, sizeof *layout.reached);
    layout.last = arena_alloc(&arena, graph->n, sizeof *layout.last);
    layout.top_user = arena_alloc(&arena, graph->n, sizeof *layout.top_user);
    layout.passing = arena_alloc(&arena, graph->n, sizeof *layout.passing);
    layout.buffers = arena_alloc(&arena, mem_add(mem_mul(graph->n, 3), 1), sizeof *layout.buffers);
    find_owners(graph, roots, root_count, &arena, plan->nodes);
    for (size_t i = 0; i < graph->n; i++) layout.owner[i] = plan->nodes[i].owner;
    for (size_t i = 0; i < root_count; i++) layout.root[layout.owner[roots[i]]] = true;

    find_lives(&layout);
    list_buffers(&layout, plan);
    plan->total = place_buffers(layout.buffers, layout.n);
    for (size_t i = 0; i < graph->n; i++) {
        size_t owner = (size_t)layout.owner[i];
        plan->nodes[i].value = plan->nodes[owner].value;
        plan->nodes[i].grad = plan->nodes[owner].grad;
        plan->nodes[i].once = layout.passing[i] == 1 && !layout.root[i];
    }
    arena_release(&arena);
}

void plan_release(Plan *plan)
{
    free(plan->nodes);
    *plan = (Plan){0};
}
