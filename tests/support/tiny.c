#include "tests/support/tiny.h"

#include <string.h>

#include "nn/optim/optim.h"

const char tiny_yaml[] = "experiment: tiny\n"
                         "title: A tiny VAE\n"
                         "data: {dataset: made_up, batch: 16, split: {train: 60, valid: 10}}\n"
                         "network:\n"
                         "  encoder:\n"
                         "    input: image\n"
                         "    layers: [conv2d: {filters: 3, kernel: 3, stride: 2}, relu, flatten, dense: {units: 6}]\n"
                         "  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}\n"
                         "  decoder: {input: latent, layers: [dense: {units: 20}, reshape: [4, 5, 1]]}\n"
                         "loss:\n"
                         "  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}, weight: 1}\n"
                         "  kl: {kl_divergence: {posterior: latent}, weight: 2}\n"
                         "train: {epochs: 2, optimizer: {adam: {lr: 0.01}}, history: both}\n"
                         "evaluate: [elbo, active_units]\n"
                         "figures: [learning_curve, samples: {rows: 1, cols: 2}, samples: {rows: 2, cols: 1}]\n";

uint8_t tiny_pixel(bool test, size_t image, size_t pixel)
{
    return (uint8_t)(image * 37 + pixel * 13 + (test ? 101 : 0) + image * image * pixel);
}

static void describe(DatasetInfo *info)
{
    *info = (DatasetInfo){.name = "made_up",
                          .title = "made up",
                          .height = TINY_HEIGHT,
                          .width = TINY_WIDTH,
                          .channels = 1,
                          .classes = TINY_CLASSES,
                          .train_count = TINY_TRAIN + TINY_VALID,
                          .test_count = TINY_TEST};
    memset(info->sha256, 'd', sizeof info->sha256 - 1);
}

static Split make_split(Arena *arena, const char *name, bool test, size_t first, size_t n)
{
    uint8_t *images = arena_alloc(arena, n, TINY_PIXELS), *labels = arena_alloc(arena, n, 1);
    for (size_t i = 0; i < n; i++) {
        for (size_t p = 0; p < TINY_PIXELS; p++) images[i * TINY_PIXELS + p] = tiny_pixel(test, first + i, p);
        labels[i] = (uint8_t)((first + i) % TINY_CLASSES);
    }
    return (Split){.name = name, .images = images, .labels = labels, .n = n, .first = (uint32_t)first};
}

void tiny_load(Tiny *tiny)
{
    const DataOptions *data = &tiny->experiment.data;
    const size_t train = dataset_split_count(&tiny->info, data, "train");
    tiny->dataset.info = tiny->info;
    tiny->dataset.train = make_split(&tiny->arena, "train", false, 0, train);
    tiny->dataset.valid =
        make_split(&tiny->arena, "valid", false, train, dataset_split_count(&tiny->info, data, "valid"));
    tiny->dataset.test = make_split(&tiny->arena, "test", true, 0, dataset_split_count(&tiny->info, data, "test"));
}

/* KEY=~ takes the key out, as a file that extends another does. */
static bool lay_over(Arena *arena, Cfg **root, const char *assignment, Err *err)
{
    const size_t length = strlen(assignment);
    if (length < 2 || strcmp(assignment + length - 2, "=~") != 0) return cfg_override(arena, *root, assignment, err);
    Cfg *over = cfg_parse_text(arena, "tiny.yaml", "{}", err);
    if (!over || !cfg_override(arena, over, assignment, err)) return false;
    *root = cfg_merge(arena, *root, over);
    return true;
}

bool tiny_bind(Tiny *tiny, const char *text, const char *const *overrides, Err *err)
{
    *tiny = (Tiny){0};
    describe(&tiny->info);
    Cfg *root = cfg_parse_text(&tiny->arena, "tiny.yaml", text ? text : tiny_yaml, err);
    if (!root) return false;
    for (size_t i = 0; overrides && overrides[i]; i++)
        if (!lay_over(&tiny->arena, &root, overrides[i], err)) return false;
    const Variant variant = {.experiment = "tiny", .name = "", .root = root};
    return experiment_bind(&tiny->arena, &variant, 1, &experiment_tables, &tiny->experiment, err);
}

void tiny_make(Tiny *tiny, const char *const *overrides)
{
    tiny_make_of(tiny, NULL, overrides);
}

void tiny_make_of(Tiny *tiny, const char *text, const char *const *overrides)
{
    Err err = {0};
    if (!tiny_bind(tiny, text, overrides, &err)) BUG("%s:%d: %s", err.loc.file, err.loc.line, err.text);
    tiny_load(tiny);
    if (!model_init(&tiny->model, &tiny->experiment, &tiny->info, &err)) BUG("%s", err.text);
    model_allocate(&tiny->model, ((const Optimizer *)tiny->experiment.train.optimizer.row)->slots);
}

void tiny_release(Tiny *tiny)
{
    model_release(&tiny->model);
    arena_release(&tiny->arena);
    *tiny = (Tiny){0};
}

NeededModel tiny_needed(Tiny *tiny, const char *path)
{
    return (NeededModel){.path = path,
                         .folder = "",
                         .experiment = &tiny->experiment,
                         .info = &tiny->info,
                         .model = tiny->model,
                         .wired = true,
                         .loaded = true};
}

Run tiny_run(Tiny *tiny, const char *folder)
{
    Run run = {.path = "tiny/seed1",
               .folder = arena_text(&tiny->arena, folder),
               .experiment = tiny->experiment,
               .info = tiny->info};
    run_identify(&tiny->arena, &run);
    return run;
}

Spec tiny_spec(Tiny *tiny, const Table *table, const char *yaml)
{
    Err err = {0};
    Spec spec = {0};
    Cfg *node = cfg_parse_text(&tiny->arena, "spec.yaml", yaml, &err);
    if (!node || !bind_spec(&tiny->arena, table, node, NULL, &spec, &err)) BUG("%s: %s", yaml, err.text);
    return spec;
}

real *tiny_param(Tiny *tiny, const char *name, size_t *n)
{
    const Params *params = &tiny->model.params;
    const int i = params_find(params, name);
    if (i < 0) BUG("no parameter %s", name);
    if (n) *n = params->items[i].count;
    return params->value + params->items[i].offset;
}
