#include "runner/figure/figure.h"

#define FIGURE(id) extern const Figure figure_##id;
#include "runner/figure/figures.def"
#undef FIGURE

static const Row *const rows[] = {
#define FIGURE(id) &figure_##id.row,
#include "runner/figure/figures.def"
#undef FIGURE
};

const Table figures_table = {.name = "figures", .noun = "figure", .rows = rows, .n = sizeof rows / sizeof *rows};

const char *figure_name(Arena *arena, const SpecList *figures, size_t i)
{
    size_t earlier = 0;
    for (size_t j = 0; j < i; j++) earlier += figures->items[j].row == figures->items[i].row;
    const char *name = figures->items[i].row->name;
    return earlier ? arena_printf(arena, "%s-%zu", name, earlier + 1) : arena_text(arena, name);
}
