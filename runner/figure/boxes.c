#include "runner/figure/boxes.h"

#include <string.h>

/* Whether the line stands in the box whose last line is `before`. */
static bool joins(const LayerList *list, size_t before, const LayerLine *line)
{
    const LayerLine *last = &list->items[before];
    if (line->from_count != 1 || line->from[0] != before || line->input) return false;
    if (line->detail[0] || strcmp(last->section, line->section) != 0 || last->shape.rank != line->shape.rank)
        return false;
    return memcmp(last->shape.dim, line->shape.dim, line->shape.rank * sizeof *line->shape.dim) == 0;
}

static void open_box(Boxes *boxes, const LayerLine *line)
{
    const Box *before = boxes->n ? &boxes->items[boxes->n - 1] : NULL;
    const bool same = before && strcmp(before->section, line->section) == 0;
    boxes->items[boxes->n++] = (Box){.section = line->section,
                                     .kinds = line->kind,
                                     .detail = line->detail,
                                     .column = same ? before->column : boxes->columns,
                                     .row = same ? before->row + 1 : 0};
    if (!same) boxes->columns++;
}

static void add_side(Boxes *boxes, Side side)
{
    boxes->sides[boxes->side_count++] = side;
}

/* The arrows to a box whose first line is `line`. */
static void add_arrows(Boxes *boxes, const LayerLine *line, const size_t *box_of, size_t to)
{
    const Box *box = &boxes->items[to];
    bool from_input = line->input != NULL;
    for (size_t i = 0; i < line->from_count; i++) {
        const size_t from = box_of[line->from[i]];
        if (boxes->items[from].column != box->column)
            from_input = true;
        else if (from + 1 == to)
            boxes->items[to].straight = true;
        else
            add_side(boxes, (Side){.from = from, .to = to});
    }
    if (from_input && box->row == 0)
        boxes->items[to].straight = true;
    else if (from_input)
        add_side(boxes, (Side){.from_input = true, .from = to - box->row, .to = to});
}

static size_t length_of(const Side *side)
{
    return side->to - side->from + (side->from_input ? 1 : 0);
}

/* Where one ends another may begin. An arrow from the input begins above its column. */
static bool overlap(const Side *a, const Side *b)
{
    const size_t a_begin = 2 * a->from + 1 - a->from_input, b_begin = 2 * b->from + 1 - b->from_input;
    return a_begin < 2 * b->to + 1 && b_begin < 2 * a->to + 1;
}

/* Shorter ones lie nearer to the boxes. */
static void choose_lanes(Boxes *boxes)
{
    for (size_t length = 1; length <= boxes->n + 1; length++) {
        for (size_t i = 0; i < boxes->side_count; i++) {
            Side *side = &boxes->sides[i];
            if (length_of(side) != length) continue;
            for (size_t k = 0; k < boxes->side_count; k++) {
                const Side *other = &boxes->sides[k];
                const bool chosen = length_of(other) < length || (length_of(other) == length && k < i);
                if (chosen && overlap(side, other) && other->lane >= side->lane) side->lane = other->lane + 1;
            }
            if (side->lane + 1 > boxes->lanes) boxes->lanes = side->lane + 1;
        }
    }
}

Boxes boxes_of(const LayerList *list, Arena *arena)
{
    Boxes boxes = {.items = arena_alloc(arena, list->n + 1, sizeof *boxes.items),
                   .sides = arena_alloc(arena, mem_mul(list->n + 1, LAYER_FROM_MAX + 1), sizeof *boxes.sides)};
    size_t *box_of = arena_alloc(arena, list->n + 1, sizeof *box_of), before = 0;
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        if (!line->computes) continue;
        if (boxes.n > 0 && joins(list, before, line)) {
            Box *box = &boxes.items[boxes.n - 1];
            box->kinds = arena_printf(arena, "%s, %s", box->kinds, line->kind);
        } else {
            open_box(&boxes, line);
        }
        before = i;
        box_of[i] = boxes.n - 1;
        Box *box = &boxes.items[boxes.n - 1];
        box->shape = line->shape;
        if (box->row + 1 > boxes.rows) boxes.rows = box->row + 1;
    }
    for (size_t i = 0, done = 0; i < list->n; i++) {
        if (!list->items[i].computes || box_of[i] < done) continue;
        add_arrows(&boxes, &list->items[i], box_of, box_of[i]);
        done = box_of[i] + 1;
    }
    choose_lanes(&boxes);
    return boxes;
}
