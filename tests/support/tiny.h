/* A tiny experiment, bound from YAML, on images made up in memory: for the tests of models, metrics, figures and runs.
 * A Tiny must not move: its model borrows the experiment. */
#ifndef TESTS_SUPPORT_TINY_H
#define TESTS_SUPPORT_TINY_H

#include "runner/model/needs.h"
#include "runner/run/runs.h"

enum { TINY_TRAIN = 60, TINY_VALID = 10, TINY_TEST = 37, TINY_BATCH = 16, TINY_CLASSES = 3 };
enum { TINY_HEIGHT = 4, TINY_WIDTH = 5, TINY_PIXELS = TINY_HEIGHT * TINY_WIDTH };

/* A VAE of 2 latent dimensions, its KL term weighted by 2, 2 epochs of Adam; neither the splits nor a segment of 32
 * images are multiples of the batch. */
extern const char tiny_yaml[];

typedef struct Tiny {
    Arena arena;
    Experiment experiment;
    DatasetInfo info;
    Dataset dataset; /* in the arena */
    Model model;
} Tiny;

/* Overrides as behind -o, or NULL: TINY_WITH("train.epochs=3", "loss.kl=~"); a null takes the key out. */
#define TINY_WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Binds text (NULL: tiny_yaml) with overrides and describes the data; no model yet. */
bool tiny_bind(Tiny *tiny, const char *text, const char *const *overrides, Err *err);

/* Binds, loads the images and wires the model, with parameters and the optimizer's slots; what is refused is a BUG. */
void tiny_make(Tiny *tiny, const char *const *overrides);
void tiny_make_of(Tiny *tiny, const char *text, const char *const *overrides); /* text: as for tiny_bind */
void tiny_release(Tiny *tiny);

/* Makes up the images of a bound experiment alone. */
void tiny_load(Tiny *tiny);

/* The bytes of an image, by its number within the file. */
uint8_t tiny_pixel(bool test, size_t image, size_t pixel);

/* Overrides that put a classifier, a dense layer on the pixels, beside the VAE: loss and sections `class`,
 * `classifier`.
 */
#define TINY_CLASSIFIER                                                                                                \
    "network.classifier={input: image, layers: [flatten, dense: {units: 3}]}",                                         \
        "loss.class={cross_entropy: {logits: classifier, target: label}, weight: 1}"

/* A needed run, trained already, that is this one. Borrows it: not to be released. */
NeededModel tiny_needed(Tiny *tiny, const char *path);

/* The run of the bound experiment with its results in folder. */
Run tiny_run(Tiny *tiny, const char *folder);

/* A row's use, bound from YAML; refused: BUG. Its place is in "spec.yaml". */
Spec tiny_spec(Tiny *tiny, const Table *table, const char *yaml);

/* A parameter's numbers and how many there are. */
real *tiny_param(Tiny *tiny, const char *name, size_t *n);

#endif
