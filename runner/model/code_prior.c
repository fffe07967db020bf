#include "runner/model/code_prior.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "nn/base/rng.h"
#include "nn/exec/places.h"
#include "nn/kernel/blocks.h"
#include "nn/op/attributes.h"
#include "runner/model/wiring.h"

enum { DRAW_IMAGES = 16 }; /* of a task */

const char *code_prior_section(const Model *model)
{
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Spec *spec = &model->experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        if (loss->classes && strcmp(loss->classes(spec->options).name, "code") == 0)
            return loss->subject(spec->options).name;
    }
    return NULL;
}

/* The network on a grid of one cell: its layers and parameters are those of any grid. Returns the node of the logits.
 */
static int wire_cell(Wiring *wiring, const Model *model, size_t n, Err *err)
{
    DatasetInfo cell = model->info;
    cell.code_height = cell.code_width = 1;
    wiring_begin(wiring, model->experiment, model->numerics, n);
    wiring_images(wiring, &cell);
    if (!wiring_network(wiring, model->experiment, false, err)) return -1;
    return wiring_find(wiring, code_prior_section(model));
}

/* What looks codes up must not see those it predicts: taps end before the kernel's centre. */
static bool check_masks(const Model *model, Err *err)
{
    const Graph *graph = &model->wiring.graph;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = graph_node(graph, (int)i);
        if (node->op != &op_code_conv2d || node->input[0] != model->wiring.code) continue;
        const ConvAttributes *attributes = node->attributes;
        const size_t before = (attributes->kernel[0] - 1) / 2 * attributes->kernel[1] + (attributes->kernel[1] - 1) / 2;
        if (attributes->taps > before)
            return err_config(err, node->loc,
                              "code_conv2d \"%s\": shows each cell the code that is to be predicted; take "
                              "`mask: A`",
                              node->name);
    }
    return true;
}

bool code_prior_check(const Model *model, Err *err)
{
    if (!check_masks(model, err)) return false;
    Wiring wiring = {0};
    const int logits = wire_cell(&wiring, model, 1, err);
    const bool ok = logits >= 0 && places_check(&wiring.graph, logits, err);
    wiring_release(&wiring);
    return ok;
}

/* One cell of all images. */
typedef struct Draw {
    size_t classes, cells, cell;
    const real *logits;  /* (n, classes) */
    const real *uniform; /* (n, cells) */
    real inverse_temperature;
    real *input; /* (n): where the network reads the cell's codes */
    real *code;  /* (n, cells) */
} Draw;

/* The first class whose share of the distribution function lies above u. */
static size_t invert(size_t classes, const real *logits, real inverse_temperature, double u)
{
    real most = logits[0];
    double sum = 0, below = 0;
    for (size_t k = 1; k < classes; k++) most = logits[k] > most ? logits[k] : most;
    for (size_t k = 0; k < classes; k++) sum += (double)r_exp((logits[k] - most) * inverse_temperature);
    for (size_t k = 0; k + 1 < classes; k++) {
        below += (double)r_exp((logits[k] - most) * inverse_temperature);
        if (below > u * sum) return k;
    }
    return classes - 1;
}

static void draw_images(const void *context, size_t begin, size_t end)
{
    const Draw *d = context;
    for (size_t i = begin; i < end; i++) {
        const size_t at = i * d->cells + d->cell;
        d->input[i] = d->code[at] =
            (real)invert(d->classes, d->logits + i * d->classes, d->inverse_temperature, (double)d->uniform[at]);
    }
}

void code_prior_sample(Model *model, const char *stream, size_t first, size_t n, double temperature, real *code)
{
    Wiring wiring = {0};
    Places places;
    Err err = {0};
    const size_t cells = model->info.code_height * model->info.code_width;
    const Rng rng = rng_stream(model->experiment->seed, stream);
    real *uniform = mem_zeroed(mem_mul(n, cells), sizeof *uniform);
    for (size_t i = 0; i < n; i++) rng_uniform(rng, 0, (uint32_t)(first + i), cells, uniform + i * cells);
    const int logits = wire_cell(&wiring, model, n, &err);
    if (logits < 0 || !places_init(&places, &wiring.graph, &model->params, model->info.code_height,
                                   model->info.code_width, logits, &err))
        BUG("a checked prior: %s", err.text);
    const Shape shape = graph_node(&wiring.graph, logits)->shape;
    Draw draw = {.classes = shape.dim[shape.rank - 1],
                 .cells = cells,
                 .uniform = uniform,
                 .inverse_temperature = (real)(1 / temperature),
                 .code = code};
    for (draw.cell = 0; draw.cell < cells; draw.cell++) {
        places_forward(&places, draw.cell);
        draw.logits = places_value(&places, logits, draw.cell);
        draw.input = places_value(&places, wiring.code, draw.cell);
        blocks_run(n, DRAW_IMAGES, draw_images, &draw);
    }
    places_release(&places);
    wiring_release(&wiring);
    free(uniform);
}
