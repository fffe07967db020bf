/* A bound experiment: what one run (a variant with a seed) is made of. */
#ifndef RUNNER_CONFIG_EXPERIMENT_H
#define RUNNER_CONFIG_EXPERIMENT_H

#include "nn/layer/layer.h"
#include "runner/config/bind.h"
#include "runner/config/run_names.h"

typedef struct DataOptions {
    Ref dataset; /* a name in datasets.yaml */
    int64_t batch;
    const char *binarize;             /* "none", "static", "dynamic" */
    int64_t limit;                    /* the first N images of each split; 0: all */
    double outliers;                  /* the share of training images that are replaced by ones of no class */
    int64_t split_train, split_valid; /* 0, 0: all for training, no validation split */
    Ref codes; /* the run of a VQ-VAE whose codes of the images are the input "code"; absent: none */
    Loc loc;   /* of `split` where it is given, else of `data` */
} DataOptions;

/* A named term of the objective. */
typedef struct LossTerm {
    const char *name;
    Spec loss;   /* a row of losses */
    Spec weight; /* a row of schedules */
    Loc loc;
} LossTerm;

typedef struct TrainOptions {
    int64_t epochs;
    Spec optimizer;   /* a row of optimizers */
    Spec lr_schedule; /* a row of schedules; a factor of the optimizer's rate */
    const char
        *history; /* "none", "valid", "test", "both": the splits that history.csv tracks beside train; default none */
    Loc loc;      /* of `history` where it is given, else of `train` */
} TrainOptions;

/* Another run that this one needs: a FIELD_RUN somewhere in its configuration. */
typedef struct NeededRun {
    Ref run;      /* its path; the place is that of its first mention */
    bool weights; /* it decides the weights (data, network, loss or train name it), not only what is made from them */
} NeededRun;

typedef struct Experiment {
    const char *name, *title, *variant; /* variant "" without a matrix */
    uint64_t seed;
    const char *numerics;
    DataOptions data;
    Section *sections; /* sorted: each follows its input */
    size_t section_count;
    LossTerm *losses; /* in name order */
    size_t loss_count;
    TrainOptions train;
    SpecList evaluate, figures;
    const NeededRun *needs; /* each run once, by path */
    size_t need_count;
    Loc loc;
} Experiment;

/* What binding looks things up in: the tables of rooms above this one, and what the names of runs stand for; NULL: they
 * are paths already, as in a frozen configuration. */
typedef struct ExperimentTables {
    const Table *metrics, *figures;
    RunNames *runs;
    /* Whether the results have other rows or columns of a loss term's name; NULL: none. */
    bool (*name_taken)(const Experiment *experiment, const char *name);
} ExperimentTables;

/* Binds one variant of a seed. Checks everything that needs no data and no shapes: unknown keys, types, bounds, names
 * of sections (loss terms' Refs and sections' inputs), missing keys, sections that nothing uses, a learning rate that
 * the schedule kills (zero over a whole epoch). Inputs of the network: "image" and "label". */
bool experiment_bind(Arena *arena, const Variant *variant, uint64_t seed, const ExperimentTables *tables,
                     Experiment *experiment, Err *err);

/* The canonical configuration: config.yaml. weights_only leaves out what doesn't decide the weights (title, evaluate,
 * figures, and the names experiment and variant): the first stage of the identity is its hash. */
void experiment_print(Text *text, const Experiment *experiment, bool weights_only);

/* Binds a frozen config.yaml again (keys experiment, variant, seed instead of matrix and seeds). */
bool experiment_read(Arena *arena, const char *path, const ExperimentTables *tables, Experiment *experiment, Err *err);

/* The keys of data (beside `split`, a map), of its split, of train and of a section, for `describe` and the schema. */
extern const Field experiment_data_fields[];
extern const Field experiment_split_fields[];
extern const Field experiment_train_fields[];
extern const Field experiment_section_fields[];

/* The inputs that a network is fed. */
extern const char *const experiment_inputs[];
extern const size_t experiment_input_count;

#endif
