#include "runner/model/codebook.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "runner/model/use.h"

/* A quantizer's value has both parts. */
static bool describe(const Model *model, const char *section, const Value *value, Codebook *codebook)
{
    const Graph *graph = &model->wiring.graph;
    const int codes = value_part(value, "codes");
    if (codes < 0 || value_part(value, "commitment_loss") < 0) return false;
    const Node *parameter = graph_node(graph, graph_node(graph, codes)->input[1]);
    if (!parameter->param) parameter = graph_node(graph, parameter->input[0]); /* behind a copy */
    *codebook = (Codebook){.section = section,
                           .parameter = parameter->param->name,
                           .codes = parameter->shape.dim[0],
                           .dim = parameter->shape.dim[1],
                           .cells = shape_count(graph_node(graph, codes)->shape) / graph->batch};
    return true;
}

bool codebook_of(const Model *model, const char *section, Codebook *codebook)
{
    const Scope *scope = &model->wiring.scope;
    for (size_t i = 0; i < scope->n; i++)
        if (strcmp(scope->items[i].name, section) == 0)
            return describe(model, section, &scope->items[i].value, codebook);
    return false;
}

bool codebook_find(const Model *model, Codebook *codebook)
{
    const Experiment *experiment = model->experiment;
    for (size_t i = 0; i < experiment->section_count; i++)
        if (codebook_of(model, experiment->sections[i].name, codebook)) return true;
    return false;
}

void codebook_encode(Model *model, const Dataset *dataset, const Split *split, size_t n, const Codebook *codebook,
                     real *code)
{
    Arena arena = {0};
    model_encode(model, dataset, split, n, arena_printf(&arena, "%s.codes", codebook->section), code);
    arena_release(&arena);
}

void codebook_count(Model *model, const Dataset *dataset, const Split *split, const Codebook *codebook, size_t *count)
{
    const size_t positions = mem_mul(split->n, codebook->cells);
    real *code = mem_zeroed(positions, sizeof *code);
    codebook_encode(model, dataset, split, split->n, codebook, code);
    memset(count, 0, codebook->codes * sizeof *count);
    for (size_t p = 0; p < positions; p++) count[(size_t)code[p]]++;
    free(code);
}

typedef struct Brightness {
    const Codebook *codebook;
    const real *vectors; /* (codes,dim) */
    bool sigmoid;
    double *sum; /* (codes) */
} Brightness;

static void feed(void *context, size_t first, size_t n, real *input, real *label)
{
    const Brightness *brightness = context;
    const Codebook *codebook = brightness->codebook;
    (void)label;
    for (size_t p = 0; p < n * codebook->cells; p++)
        memcpy(input + p * codebook->dim, brightness->vectors + (first + p / codebook->cells) * codebook->dim,
               codebook->dim * sizeof *input);
}

static void take(void *context, size_t first, size_t n, const Pass *pass)
{
    const Brightness *brightness = context;
    const real *value = exec_value(&pass->exec, pass->output[0]);
    const size_t pixels = shape_count(graph_node(&pass->wiring.graph, pass->output[0])->shape) / n;
    for (size_t i = 0; i < n * pixels; i++)
        brightness->sum[first + i / pixels] += (double)(brightness->sigmoid ? r_sigmoid(value[i]) : value[i]);
}

void codebook_rank(Model *model, const Codebook *codebook, size_t *rank)
{
    const LossTerm *term = model_term(model, "reconstruction");
    if (!model_decodes(model, codebook->section)) BUG("nothing decodes the codes of \"%s\"", codebook->section);
    const Param *parameter = &model->params.items[params_find(&model->params, codebook->parameter)];
    Brightness brightness = {.codebook = codebook,
                             .vectors = model->params.value + parameter->offset,
                             .sigmoid = ((const Loss *)term->loss.row)->logits,
                             .sum = mem_zeroed(codebook->codes, sizeof *brightness.sum)};
    const Sweep sweep = {codebook->codes, (size_t)model->experiment->data.batch, EVALUATION_STEP, feed, take,
                         &brightness};
    model_sweep(model, &(PassSpec){.feed = codebook->section, .output = {model_subject(model, "reconstruction")}},
                &sweep);
    for (size_t i = 0; i < codebook->codes; i++) {
        rank[i] = 0;
        for (size_t j = 0; j < codebook->codes; j++) {
            const double mine = brightness.sum[i], other = brightness.sum[j];
            rank[i] += other < mine || (other == mine && j < i);
        }
    }
    free(brightness.sum);
}
