#include "runner/sampler/sampler.h"

#include "runner/config/bind.h"

#define SAMPLER(id) extern const Sampler sampler_##id;
#include "runner/sampler/samplers.def"
#undef SAMPLER

static const Row *const rows[] = {
#define SAMPLER(id) &sampler_##id.row,
#include "runner/sampler/samplers.def"
#undef SAMPLER
};

const Table samplers_table = {.name = "samplers", .noun = "sampler", .rows = rows, .n = sizeof rows / sizeof *rows};

/* The first row where none is natural: its check tells what is missing. */
static const Row *natural(const Model *model)
{
    for (size_t i = 0; i < samplers_table.n; i++) {
        const Sampler *sampler = (const Sampler *)rows[i];
        if (sampler->natural && sampler->natural(model)) return rows[i];
    }
    return rows[0];
}

Spec sampler_or_default(Arena *arena, const Model *model, const Spec *spec, Loc loc)
{
    if (spec->row) return *spec;
    Err err = {0};
    const Row *row = natural(model);
    void *options = arena_alloc(arena, row->size ? row->size : 1, 1);
    if (!bind_fields(arena, row->fields, row->name, loc, NULL, options, &err))
        BUG("%s can't stand without options: %s", row->name, err.text);
    return (Spec){.row = row, .options = options, .loc = loc};
}

bool sampler_check(const UseContext *use, const Spec *spec, Loc loc, Err *err)
{
    Arena arena = {0};
    const Spec chosen = sampler_or_default(&arena, use->model, spec, loc);
    const bool ok = ((const Sampler *)chosen.row)->check(use, &chosen, err);
    arena_release(&arena);
    return ok;
}

bool drawing_begin(Drawing *drawing, const UseContext *use, const Spec *spec, const char *stream, Err *err)
{
    *drawing = (Drawing){.use = use, .stream = stream};
    drawing->spec = sampler_or_default(&drawing->arena, use->model, spec, (Loc){0});
    const Sampler *sampler = (const Sampler *)drawing->spec.row;
    if (!sampler->prepare || sampler->prepare(drawing, err)) return true;
    arena_release(&drawing->arena);
    return false;
}

void drawing_end(Drawing *drawing)
{
    const Sampler *sampler = (const Sampler *)drawing->spec.row;
    if (sampler->release) sampler->release(drawing->state);
    arena_release(&drawing->arena);
}

bool drawing_images(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err)
{
    return ((const Sampler *)drawing->spec.row)->draw(drawing, first, n, pixels, err);
}

bool sampler_draw(const UseContext *use, const Spec *spec, const char *stream, size_t n, real *pixels, Err *err)
{
    Drawing drawing;
    if (!drawing_begin(&drawing, use, spec, stream, err)) return false;
    const bool ok = drawing_images(&drawing, 0, n, pixels, err);
    drawing_end(&drawing);
    return ok;
}
