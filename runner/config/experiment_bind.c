#include <stdlib.h>
#include <string.h>

#include "nn/kernel/numerics.h"
#include "nn/loss/loss.h"
#include "nn/optim/optim.h"
#include "nn/schedule/schedule.h"
#include "runner/config/experiment.h"
#include "runner/config/learning_rate.h"
#include "runner/config/report.h"

enum { BATCH_MAX = 1000000, IMAGES_MAX = 1000000000, EPOCHS_MAX = 1000000 };

const char *const experiment_inputs[] = {"image", "label", "code"};
const size_t experiment_input_count = 3;

const Field experiment_data_fields[] = {
    {.key = "dataset",
     .kind = FIELD_REF,
     .offset = offsetof(DataOptions, dataset),
     .help = "a name in datasets.yaml, such as mnist"},
    {.key = "batch",
     .kind = FIELD_INT,
     .offset = offsetof(DataOptions, batch),
     .fallback = "128",
     .min = 1,
     .max = BATCH_MAX,
     .unit = "images",
     .help = "images in a training step; the last one of an epoch may have fewer"},
    {.key = "binarize",
     .kind = FIELD_CHOICE,
     .offset = offsetof(DataOptions, binarize),
     .fallback = "none",
     .choices = "none|static|dynamic",
     .help = "grey pixels as they are, drawn as 0 or 1 once, or drawn anew each epoch"},
    {.key = "limit",
     .kind = FIELD_INT,
     .offset = offsetof(DataOptions, limit),
     .fallback = "0",
     .min = 0,
     .max = IMAGES_MAX,
     .unit = "images",
     .help = "only the first N images of each split; 0: all"},
    {.key = "outliers",
     .kind = FIELD_REAL,
     .offset = offsetof(DataOptions, outliers),
     .fallback = FIELD_ABSENT,
     .min = 0,
     .max = 0.9,
     .help = "the probability that a training image is replaced by one of no class (its pixels or blocks shuffled, or "
             "noise), labelled with a class of its own, behind those of the data: a classifier learns to say neither"},
    {.key = "codes",
     .kind = FIELD_RUN,
     .offset = offsetof(DataOptions, codes),
     .fallback = FIELD_ABSENT,
     .help =
         "a trained VQ-VAE, such as vqvae/codes128-dim16, whose codes of each image are the network's input `code`"},
    {0},
};

const Field experiment_split_fields[] = {
    {.key = "train",
     .kind = FIELD_INT,
     .offset = offsetof(DataOptions, split_train),
     .min = 1,
     .max = IMAGES_MAX,
     .unit = "images",
     .help = "the first images of the training set are trained on"},
    {.key = "valid",
     .kind = FIELD_INT,
     .offset = offsetof(DataOptions, split_valid),
     .min = 1,
     .max = IMAGES_MAX,
     .unit = "images",
     .help = "those behind them are held out"},
    {0},
};

const Field experiment_train_fields[] = {
    {.key = "epochs",
     .kind = FIELD_INT,
     .offset = offsetof(TrainOptions, epochs),
     .min = 1,
     .max = EPOCHS_MAX,
     .unit = "epochs",
     .help = "how often the training images are gone through"},
    {.key = "optimizer",
     .kind = FIELD_SPEC,
     .offset = offsetof(TrainOptions, optimizer),
     .table = &optimizers_table,
     .help = "for example {adam: {lr: 0.001}}"},
    {.key = "lr_schedule",
     .kind = FIELD_SPEC,
     .offset = offsetof(TrainOptions, lr_schedule),
     .table = &schedules_table,
     .fallback = "constant",
     .help = "a factor of the optimizer's learning rate over time"},
    {.key = "history",
     .kind = FIELD_CHOICE,
     .offset = offsetof(TrainOptions, history),
     .fallback = "none",
     .choices = "none|valid|test|both",
     .help = "the splits that history.csv follows beside train, evaluated after every epoch"},
    {0},
};

const Field experiment_section_fields[] = {
    {.key = "input",
     .kind = FIELD_REF,
     .offset = offsetof(Section, input),
     .help = "a section's name, or the network's input: image, label, or, where the data has codes, code"},
    {.key = "layers",
     .kind = FIELD_SPECS,
     .offset = offsetof(Section, layers),
     .table = &layers_table,
     .help = "a list of layers, each behind the one before"},
    {0},
};

/* Binds the map under a key of the root; what: its name in messages. */
static const Cfg *root_map(Binder *binder, const Cfg *root, const char *key, const char *hint)
{
    const Cfg *map = cfg_get(root, key);
    if (!map)
        binder_missing(binder, key, NULL, hint, root->loc, root);
    else if (map->kind != CFG_MAP && !map->unresolved)
        report_add(binder->report, RANK_VALUE, map->loc, "%s: wants a map, %s", key, binder_got(binder->arena, map));
    return map && map->kind == CFG_MAP ? map : NULL;
}

static void bind_data(Binder *binder, const Cfg *root, DataOptions *data)
{
    const char *const extra[] = {"split", NULL};
    const Cfg *map = root_map(binder, root, "data", "for example {dataset: mnist}");
    if (!map) return;
    data->loc = map->loc;
    binder_fields(binder, experiment_data_fields, extra, "data", map->loc, map, data);
    binder->ref_count = 0;
    const Cfg *split = cfg_get(map, "split");
    if (!split) return;
    data->loc = split->loc;
    binder_fields(binder, experiment_split_fields, NULL, "split", split->loc, split, data);
}

static void bind_train(Binder *binder, const Cfg *root, TrainOptions *train)
{
    const Cfg *map = root_map(binder, root, "train", "for example {epochs: 10, optimizer: {adam: {lr: 0.001}}}");
    if (!map) return;
    train->loc = map->loc;
    binder_fields(binder, experiment_train_fields, NULL, "train", map->loc, map, train);
    const Cfg *schedule = cfg_get(map, "lr_schedule"), *history = cfg_get(map, "history");
    if (history) train->loc = history->loc;
    train->lr_schedule.loc = schedule ? schedule->loc : map->loc;
}

static void check_name(Binder *binder, const Cfg *item, const char *noun)
{
    if (!is_name(item->key))
        report_add(binder->report, RANK_VALUE, item->key_loc,
                   "%s: the name of a %s is made of letters, digits, _ and -", cfg_quote(binder->arena, item->key),
                   noun);
}

/* "code" is one only where the data has codes. */
static size_t input_count(const Experiment *experiment)
{
    return experiment->data.codes.name ? experiment_input_count : experiment_input_count - 1;
}

static void bind_network(Binder *binder, const Cfg *root, Experiment *experiment)
{
    const Cfg *map =
        root_map(binder, root, "network", "a map of sections, such as encoder: {input: image, layers: []}");
    if (!map) return;
    if (!map->n) report_add(binder->report, RANK_MISSING, map->loc, "network: no section; give one or more");
    experiment->sections = arena_alloc(binder->arena, map->n, sizeof(Section));
    experiment->section_count = map->n;
    for (size_t i = 0; i < map->n; i++) {
        const Cfg *item = map->items[i];
        Section *section = &experiment->sections[i];
        section->name = item->key;
        section->loc = item->key_loc;
        check_name(binder, item, "section");
        for (size_t k = 0; k < input_count(experiment); k++)
            if (!strcmp(item->key, experiment_inputs[k]))
                report_add(binder->report, RANK_VALUE, item->key_loc,
                           "\"%s\" is an input of the network; name the section otherwise", item->key);
        binder_fields(binder, experiment_section_fields, NULL, arena_printf(binder->arena, "section %s", item->key),
                      item->key_loc, item, section);
    }
}

static int compare_terms(const void *a, const void *b)
{
    return strcmp(((const LossTerm *)a)->name, ((const LossTerm *)b)->name);
}

/* Rows and columns of the results are called by the terms' names, and a reconstruction is one whatever its name. */
static void check_term_names(Binder *binder, const Experiment *experiment, const ExperimentTables *tables)
{
    static const char own[] = "reconstruction";
    const LossTerm *named = NULL, *first = NULL;
    for (size_t i = 0; i < experiment->loss_count; i++) {
        const LossTerm *term = &experiment->losses[i];
        const Loss *loss = (const Loss *)term->loss.row;
        const bool is_one = loss && loss->role && strcmp(loss->role, own) == 0, is_named = strcmp(term->name, own) == 0;
        if (is_one && !first) first = term;
        if (is_named && !is_one) named = term;
        if (!is_named && tables->name_taken && tables->name_taken(experiment, term->name))
            report_add(binder->report, RANK_VALUE, term->loc,
                       "\"%s\" is what other rows or columns of the results are called; name the term otherwise",
                       term->name);
    }
    if (named && first)
        report_add(binder->report, RANK_VALUE, named->loc,
                   "\"%s\" is what metrics.csv calls the term \"%s\"; name this one otherwise", own, first->name);
}

/* kl: {kl_divergence: {posterior: latent}, weight: 2} */
static void bind_losses(Binder *binder, const Cfg *root, Experiment *experiment)
{
    static const char *const extra[] = {"weight", NULL};
    static const Cfg one = {.kind = CFG_SCALAR, .text = "constant"};
    const Cfg *map = root_map(binder, root, "loss",
                              "for example reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}");
    if (!map) return;
    if (!map->n) report_add(binder->report, RANK_MISSING, map->loc, "loss: no term; give one or more");
    experiment->losses = arena_alloc(binder->arena, map->n, sizeof(LossTerm));
    experiment->loss_count = map->n;
    for (size_t i = 0; i < map->n; i++) {
        const Cfg *item = map->items[i];
        LossTerm *term = &experiment->losses[i];
        term->name = item->key;
        term->loc = item->key_loc;
        check_name(binder, item, "loss term");
        binder_spec(binder, &losses_table, item, extra, &term->loss);
        const Cfg *weight = cfg_get(item, "weight");
        binder_spec(binder, &schedules_table, weight ? weight : &one, NULL, &term->weight);
        if (!weight) term->weight.loc = item->key_loc;
    }
    qsort(experiment->losses, map->n, sizeof(LossTerm), compare_terms);
}

/* Tables and figures show it as one line. */
static void check_title(Binder *binder, const Cfg *title)
{
    for (const char *c = title && title->text ? title->text : ""; *c; c++) {
        if ((unsigned char)*c >= ' ' && *c != 0x7f) continue;
        report_add(binder->report, RANK_VALUE, title->loc, "title: wants one line of text, %s with a control character",
                   binder_got(binder->arena, title));
        return;
    }
}

/* title, numerics, evaluate and figures: what stands at the top as single keys. keys: all that may stand there. */
static void bind_top(Binder *binder, const Cfg *root, const char *const *keys, const ExperimentTables *tables,
                     Experiment *experiment)
{
    const char *choices = "";
    for (size_t i = 0; i < numerics_count; i++)
        choices = arena_printf(binder->arena, "%s%s%s", choices, i ? "|" : "", numerics_names[i]);
    const Field fields[] = {
        {.key = "title", .kind = FIELD_TEXT, .offset = offsetof(Experiment, title), .fallback = "\"\""},
        {.key = "numerics",
         .kind = FIELD_CHOICE,
         .offset = offsetof(Experiment, numerics),
         .fallback = NUMERICS_DEFAULT,
         .choices = choices},
        {.key = "evaluate",
         .kind = FIELD_SPECS,
         .offset = offsetof(Experiment, evaluate),
         .fallback = "[]",
         .table = tables->metrics},
        {.key = "figures",
         .kind = FIELD_SPECS,
         .offset = offsetof(Experiment, figures),
         .fallback = "[]",
         .table = tables->figures},
        {0},
    };
    binder_check_keys(binder, root, NULL, keys, NULL, "the experiment");
    binder_fields(binder, fields, keys, "the experiment", root->loc, root, experiment);
    check_title(binder, cfg_get(root, "title"));
}

/* Every Ref but the data set's must name a section or an input. */
static void check_refs(Binder *binder, const Experiment *experiment)
{
    size_t n = 0;
    const char **names =
        arena_alloc(binder->arena, mem_add(experiment->section_count, experiment_input_count), sizeof(char *));
    for (size_t i = 0; i < experiment->section_count; i++) names[n++] = experiment->sections[i].name;
    for (size_t i = 0; i < input_count(experiment); i++) names[n++] = experiment_inputs[i];
    for (size_t r = 0; r < binder->ref_count; r++) {
        Ref ref = binder->refs[r];
        bool known = false;
        for (size_t i = 0; i < n && !known; i++) known = !strcmp(names[i], ref.name);
        if (!known && !strcmp(ref.name, "code"))
            report_add(binder->report, RANK_NAME, ref.loc,
                       "the input \"code\" holds the codes of a trained VQ-VAE; name it in data, for example data: "
                       "{dataset: mnist, codes: vqvae/codes128-dim16}");
        else if (!known)
            report_add(binder->report, RANK_NAME, ref.loc, "no section or input is named %s%s",
                       cfg_quote(binder->arena, ref.name), binder_suggest(binder->arena, ref.name, names, n));
    }
}

static void check_used(Binder *binder, const Experiment *experiment)
{
    for (size_t i = 0; i < experiment->section_count; i++) {
        const Section *section = &experiment->sections[i];
        bool used = false;
        for (size_t r = 0; r < binder->ref_count && !used; r++) used = !strcmp(binder->refs[r].name, section->name);
        if (!used)
            report_add(binder->report, RANK_UNUSED, section->loc,
                       "unused section \"%s\": no section, loss, metric or figure takes it; use it or take it out",
                       section->name);
    }
}

/* Sorting finds cycles; it needs every input to be known. */
static void sort_sections(Binder *binder, Experiment *experiment)
{
    Err err = {0};
    if (binder->report->rank != RANK_NONE && binder->report->rank <= RANK_MISSING) return;
    if (!network_sort(experiment->sections, experiment->section_count, experiment_inputs, input_count(experiment),
                      &err))
        report_take(binder->report, RANK_NAME, binder->arena, &err);
}

static int compare_needs(const void *a, const void *b)
{
    const NeededRun *one = a, *two = b;
    int order = strcmp(one->run.name, two->run.name);
    return order ? order : (int)two->weights - (int)one->weights;
}

/* The runs that were bound, each once. The first `deciding` of them decide the weights. */
static void collect_needs(const Binder *binder, size_t deciding, Experiment *experiment)
{
    NeededRun *needs = arena_alloc(binder->arena, binder->run_count + 1, sizeof *needs);
    size_t n = 0;
    for (size_t i = 0; i < binder->run_count; i++) needs[i] = (NeededRun){binder->runs[i], i < deciding};
    qsort(needs, binder->run_count, sizeof *needs, compare_needs);
    for (size_t i = 0; i < binder->run_count; i++)
        if (n == 0 || strcmp(needs[n - 1].run.name, needs[i].run.name) != 0) needs[n++] = needs[i];
    experiment->needs = needs;
    experiment->need_count = n;
}

static void bind_all(Binder *binder, const Cfg *root, const char *const *keys, const ExperimentTables *tables,
                     Experiment *experiment)
{
    bind_data(binder, root, &experiment->data);
    bind_network(binder, root, experiment);
    bind_losses(binder, root, experiment);
    bind_train(binder, root, &experiment->train);
    const size_t deciding = binder->run_count;
    bind_top(binder, root, keys, tables, experiment);
    check_term_names(binder, experiment, tables);
    check_refs(binder, experiment);
    check_used(binder, experiment);
    sort_sections(binder, experiment);
    collect_needs(binder, deciding, experiment);
    if (binder->report->rank == RANK_NONE) check_learning_rate(&experiment->train, binder->report);
}

bool experiment_bind(Arena *arena, const Variant *variant, uint64_t seed, const ExperimentTables *tables,
                     Experiment *experiment, Err *err)
{
    static const char *const keys[] = {"experiment", "title", "extends", "matrix",   "seeds",   "numerics", "data",
                                       "network",    "loss",  "train",   "evaluate", "figures", NULL};
    Report report = {0};
    Binder binder = {.arena = arena, .report = &report, .names = tables->runs};
    *experiment =
        (Experiment){.name = variant->experiment, .variant = variant->name, .seed = seed, .loc = variant->root->loc};
    if (variant->pending) report_merge(&report, variant->pending);
    bind_all(&binder, variant->root, keys, tables, experiment);
    binder_release(&binder);
    return report_flush(&report, err);
}

bool experiment_read(Arena *arena, const char *path, const ExperimentTables *tables, Experiment *experiment, Err *err)
{
    static const char *const keys[] = {"experiment", "variant", "title", "seed",     "numerics", "data",
                                       "network",    "loss",    "train", "evaluate", "figures",  NULL};
    *experiment = (Experiment){0};
    const Cfg *root = cfg_parse_file(arena, path, err);
    if (!root) return false;
    if (root->kind != CFG_MAP) return err_config(err, root->loc, "wants a map at the top, got %s", cfg_kind_text(root));

    const Cfg *name = cfg_get(root, "experiment"), *variant = cfg_get(root, "variant"), *seed = cfg_get(root, "seed");
    int64_t number;
    if (!name || name->kind != CFG_SCALAR) return err_config(err, root->loc, "missing key \"experiment\"");
    if (!variant || variant->kind != CFG_SCALAR) return err_config(err, root->loc, "missing key \"variant\"");
    if (!seed || !cfg_int(seed, &number) || number < 0)
        return err_config(err, seed ? seed->loc : root->loc, "seed: wants a whole number from 0 to 2^63 - 1");

    Report report = {0};
    Binder binder = {.arena = arena, .report = &report, .names = tables->runs};
    *experiment =
        (Experiment){.name = name->text, .variant = variant->text, .seed = (uint64_t)number, .loc = root->loc};
    bind_all(&binder, root, keys, tables, experiment);
    binder_release(&binder);
    return report_flush(&report, err);
}
