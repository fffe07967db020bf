#include "runner/cli/tables.h"

#include <string.h>

#include "nn/init/init.h"
#include "nn/kernel/numerics.h"
#include "nn/loss/loss.h"
#include "nn/op/op.h"
#include "nn/optim/optim.h"
#include "nn/schedule/schedule.h"
#include "runner/config/experiment.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/sampler/sampler.h"

#define KEY(key) static const Row key_##key

KEY(experiment) = {
    .name = "experiment", .doc = "The experiment's name, which is the file's without .yaml.", .example = "beta_vae"};
KEY(title) = {.name = "title",
              .doc = "What reports and lists call it. ${KEY} stands for a value of the matrix.",
              .example = "\"beta-VAE, ${dim} dimensions\""};
KEY(extends) = {
    .name = "extends",
    .doc = "Another file, relative to this one, that this one is laid over: maps merge key by key, lists and "
           "scalars replace, and `key: ~` takes out what it brings.",
    .example = "vae.yaml"};
KEY(matrix) = {
    .name = "matrix",
    .doc =
        "Lists of values by name: every combination of them is one variant, and they name its folder. Values are "
        "numbers, or texts fit for a folder's name (letters, digits, _ . and -); maps and lists are none. "
        "\"${NAME}\" in a value, not in a key, stands for it, and `when: {NAME: VALUE}` beside an item of a list ties "
        "that to values.",
    .example = "{dim: [2, 8, 16]}"};
KEY(seeds) = {
    .name = "seeds",
    .doc = "Each variant runs once a seed; tables give the mean and the standard deviation over seeds. Default: "
           "[1].",
    .example = "[1, 2, 3]"};
KEY(numerics) = {
    .name = "numerics",
    .doc = "The back end of the contractions: a row of `mayvae describe numerics`. Default: " NUMERICS_DEFAULT ".",
    .example = NUMERICS_DEFAULT};
KEY(data) = {.name = "data",
             .doc = "The data set and how it is fed. Beside these keys: `split`.",
             .fields = experiment_data_fields,
             .example = "{dataset: mnist, batch: 128}"};
KEY(split) = {.name = "split",
              .doc = "In `data`: holds back images of the training set as the split `valid`. Default: none.",
              .fields = experiment_split_fields,
              .example = "{train: 55000, valid: 5000}"};
KEY(network) = {.name = "network",
                .doc = "Sections by name, in any order that has no cycle. Each has these keys.",
                .fields = experiment_section_fields,
                .example = "{decoder: {input: latent, layers: [relu]}}"};
KEY(loss) = {
    .name = "loss",
    .doc = "Named terms: a row of `mayvae describe losses`, and its `weight`: a number or a schedule, 1 by default. "
           "Each term is a sum over the pixels or latents of an image and a mean over the batch.",
    .example = "{kl: {kl_divergence: {posterior: latent}, weight: 4}}"};
KEY(train) = {.name = "train",
              .doc = "How long and with what the network is trained.",
              .fields = experiment_train_fields,
              .example = "{epochs: 30, optimizer: {adam: {lr: 0.001}}}"};
KEY(evaluate) = {
    .name = "evaluate", .doc = "A list of metrics, measured on the trained network: metrics.csv.", .example = "[elbo]"};
KEY(figures) = {.name = "figures",
                .doc = "A list of figures, drawn from the trained network: figures/*.png.",
                .example = "[samples]"};

static const Row *const keys[] = {&key_experiment, &key_title,    &key_extends, &key_matrix,  &key_seeds,
                                  &key_numerics,   &key_data,     &key_split,   &key_network, &key_loss,
                                  &key_train,      &key_evaluate, &key_figures};

static Table make_table(Arena *arena, const char *name, const char *noun, size_t n, Row **rows)
{
    const Row **list = arena_alloc(arena, n, sizeof *list);
    *rows = arena_alloc(arena, n, sizeof **rows);
    for (size_t i = 0; i < n; i++) list[i] = &(*rows)[i];
    return (Table){.name = name, .noun = noun, .rows = list, .n = n};
}

static Table table_of_ops(Arena *arena)
{
    Row *rows;
    Table table = make_table(arena, "ops", "op", op_count, &rows);
    for (size_t i = 0; i < op_count; i++) rows[i] = (Row){.name = op_rows[i]->name, .doc = op_rows[i]->doc};
    return table;
}

static Table table_of_numerics(Arena *arena)
{
    Row *rows;
    Table table = make_table(arena, "numerics", "back end", numerics_count, &rows);
    for (size_t i = 0; i < numerics_count; i++)
        rows[i] = (Row){.name = numerics_names[i], .doc = numerics_find(numerics_names[i])->doc};
    return table;
}

const Topic *topics_list(Arena *arena, size_t *n)
{
    const Topic topics[] = {
        {{"experiment", "key", keys, sizeof keys / sizeof *keys, false},
         USE_KEY,
         "The keys of an experiment's file.",
         ""},
        {layers_table, USE_ITEM, "What the sections of a network are made of, one behind the other.", "layers:\n  - "},
        {losses_table, USE_TERM, "The terms of the objective.", "loss:\n  my_term: "},
        {initialisers_table, USE_VALUE, "What weights start from: the option `init` of layers.", "init: "},
        {codebook_initialisers_table, USE_VALUE, "What a codebook starts from: `init` of vector_quantize.", "init: "},
        {optimizers_table, USE_VALUE, "What makes a step out of a gradient.", "train:\n  optimizer: "},
        {schedules_table, USE_VALUE, "A number over time: a factor of the learning rate, or the weight of a loss term.",
         "train:\n  lr_schedule: "},
        {metrics_table, USE_ITEM, "What is measured on a trained network.", "evaluate:\n  - "},
        {figures_table, USE_ITEM, "What is drawn from a trained network.", "figures:\n  - "},
        {samplers_table, USE_VALUE,
         "How new images are drawn from a trained network: the option `sampler` of metrics and figures, and of "
         "`mayvae sample`.",
         "figures:\n  - samples:\n      sampler: "},
        {table_of_numerics(arena), USE_NAME, "The back ends of the contractions.", "numerics: "},
        {table_of_ops(arena), USE_NONE, "The primitives of the graph, which layers and losses are made of.", ""},
    };
    *n = sizeof topics / sizeof *topics;
    Topic *list = arena_alloc(arena, *n, sizeof *list);
    memcpy(list, topics, sizeof topics);
    return list;
}

const char *field_type_text(Arena *arena, const Field *field)
{
    switch (field->kind) {
    case FIELD_BOOL:
        return "true or false";
    case FIELD_INT:
        return "whole number";
    case FIELD_REAL:
        return "number";
    case FIELD_TEXT:
        return "text";
    case FIELD_CHOICE:
        return "choice";
    case FIELD_INTS:
        return "n or [n, ...]";
    case FIELD_PAIR:
        return "n or [n, n]";
    case FIELD_PADDING:
        return "padding";
    case FIELD_REF:
        return "name";
    case FIELD_RUN:
        return "run";
    case FIELD_SPEC:
        return arena_printf(arena, "%s", field->table->noun);
    case FIELD_SPECS:
        return arena_printf(arena, "list of %s", field->table->name);
    }
    return "";
}

bool row_is_bare(const Row *row)
{
    for (const Field *field = row->fields; field && field->key; field++)
        if (!field->fallback) return false;
    return true;
}

const char *choice_next(const char **rest, size_t *length)
{
    const char *start = *rest;
    if (!start || !*start) return NULL;
    *length = strcspn(start, "|");
    *rest = start[*length] ? start + *length + 1 : NULL;
    return start;
}
