#include "runner/model/codes.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "nn/kernel/codes.h"
#include "runner/model/codebook.h"
#include "runner/model/use.h"

enum { DECODE_BATCH = 128 };

bool codes_grid(const Model *model, CodeGrid *grid)
{
    for (size_t i = 0; i < model->experiment->section_count; i++) {
        const char *section = model->experiment->sections[i].name;
        Codebook codebook;
        Shape shape;
        if (!codebook_of(model, section, &codebook) || !model_shape(model, section, &shape) || shape.rank != 3)
            continue;
        *grid = (CodeGrid){section, shape.dim[0], shape.dim[1], codebook.codes, codebook.dim};
        return true;
    }
    return false;
}

bool codes_model_init(Model *model, const Experiment *experiment, const DatasetInfo *info, Needs *needs, Err *err)
{
    const Ref run = experiment->data.codes;
    const Model *vqvae;
    CodeGrid grid;
    if (!run.name) return model_init(model, experiment, info, err);
    *model = (Model){0};
    if (!needs_network(needs, run, &vqvae, err)) return false;
    if (!codes_grid(vqvae, &grid))
        return err_config(err, run.loc,
                          "codes: %s has no grid of codes; name a VQ-VAE, whose encoder ends in vector_quantize",
                          run.name);
    if (strcmp(vqvae->info.name, info->name) != 0)
        return err_config(err, run.loc, "codes: %s was trained on %s, not on %s", run.name, vqvae->info.name,
                          info->name);
    DatasetInfo with = *info;
    with.code_height = grid.height;
    with.code_width = grid.width;
    with.codes = grid.codes;
    return model_init(model, experiment, &with, err);
}

static void load_split(Split *split, Model *vqvae, const Dataset *dataset, const char *name, size_t cells,
                       uint16_t **codes)
{
    const size_t count = mem_mul(split->n, cells);
    if (count == 0) return;
    real *code = mem_zeroed(count, sizeof *code);
    model_encode(vqvae, dataset, split, split->n, name, code);
    uint16_t *to = mem_zeroed(count, sizeof *to);
    for (size_t i = 0; i < count; i++) to[i] = (uint16_t)code[i];
    free(code);
    split->codes = *codes = to;
}

bool codes_load(Dataset *dataset, const Model *model, Needs *needs, Err *err)
{
    const Ref run = model->experiment->data.codes;
    Model *vqvae;
    CodeGrid grid;
    if (!run.name) return true;
    if (!needs_model(needs, run, &vqvae, err)) return false;
    if (!codes_grid(vqvae, &grid)) BUG("checked codes are gone");
    Arena arena = {0};
    const char *name = arena_printf(&arena, "%s.codes", grid.section);
    Split *splits[] = {&dataset->train, &dataset->valid, &dataset->test};
    for (size_t i = 0; i < 3; i++)
        load_split(splits[i], vqvae, dataset, name, grid.height * grid.width, &dataset->codes[i]);
    dataset->info.code_height = grid.height;
    dataset->info.code_width = grid.width;
    dataset->info.codes = grid.codes;
    arena_release(&arena);
    return true;
}

bool codes_can_decode(const Model *model)
{
    CodeGrid grid;
    Codebook codebook;
    return codes_grid(model, &grid) && codebook_of(model, grid.section, &codebook) &&
           model_decodes(model, grid.section);
}

typedef struct Decoding {
    CodeGrid grid;
    const real *code, *codebook;
    size_t cells, image;
    bool logits;
    real *pixels;
} Decoding;

static void read_vectors(void *context, size_t first, size_t n, real *input, real *label)
{
    const Decoding *d = context;
    (void)label;
    codes_take(n * d->cells, d->grid.dim, d->codebook, d->code + first * d->cells, input);
}

static void write_pixels(void *context, size_t first, size_t n, const Pass *pass)
{
    const Decoding *d = context;
    const real *value = exec_value(&pass->exec, pass->output[0]);
    real *to = d->pixels + first * d->image;
    for (size_t i = 0; i < n * d->image; i++) to[i] = d->logits ? r_sigmoid(value[i]) : value[i];
}

void codes_decode(Model *model, size_t n, const real *code, real *pixels)
{
    Decoding d = {.code = code, .pixels = pixels};
    Codebook codebook;
    if (!codes_grid(model, &d.grid) || !codebook_of(model, d.grid.section, &codebook)) BUG("no grid of codes");
    d.codebook = model->params.value + model->params.items[params_find(&model->params, codebook.parameter)].offset;
    d.cells = d.grid.height * d.grid.width;
    const LossTerm *term = model_term(model, "reconstruction");
    const Loss *loss = (const Loss *)term->loss.row;
    const char *output = loss->subject(term->loss.options).name;
    Shape shape;
    if (!model_shape(model, output, &shape)) BUG("no picture");
    d.image = shape_count(shape);
    d.logits = loss->logits;
    Sweep sweep = {.n = n,
                   .batch = DECODE_BATCH,
                   .first_step = EVALUATION_STEP,
                   .from = read_vectors,
                   .to = write_pixels,
                   .context = &d};
    model_sweep(model, &(PassSpec){.feed = d.grid.section, .output = {output}}, &sweep);
}
