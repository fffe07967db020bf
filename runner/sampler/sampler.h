/* A sampler: how new images are drawn from a trained model. One file each, and one row in samplers.def. Metrics and
 * figures about generated images take one as their option `sampler`. */
#ifndef RUNNER_SAMPLER_SAMPLER_H
#define RUNNER_SAMPLER_SAMPLER_H

#include "runner/model/use_context.h"

/* A sampler at work. */
typedef struct Drawing {
    Arena arena;
    const UseContext *use; /* borrowed */
    Spec spec;
    const char *stream; /* of the run's seed; borrowed */
    void *state;
} Drawing;

typedef struct Sampler {
    Row row;
    /* Whether it is what an experiment means that names none; the first row that says so is taken. NULL: never. */
    bool (*natural)(const Model *model);
    bool images; /* it reads the data set */
    bool dear;   /* an image takes so long that it is better kept than drawn again */
    /* As Metric's check: an error has the place of the spec. */
    bool (*check)(const UseContext *use, const Spec *spec, Err *err);
    /* What is found out once for all images, in drawing->state; release frees it. Both NULL: nothing. */
    bool (*prepare)(Drawing *drawing, Err *err);
    void (*release)(void *state);
    /* As drawing_images. */
    bool (*draw)(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err);
} Sampler;

extern const Table samplers_table;

/* The spec, or, where it is absent (its row is NULL), the model's natural sampler with its defaults: `prior` where
 * there is a KL term. loc: the place of what holds the spec; arena: for the defaults. */
Spec sampler_or_default(Arena *arena, const Model *model, const Spec *spec, Loc loc);

/* Sampler's check on sampler_or_default: what metrics, figures and `sample` call before they draw. */
bool sampler_check(const UseContext *use, const Spec *spec, Loc loc, Err *err);

/* Begins a drawing by sampler_or_default; to be ended, unless it failed. */
bool drawing_begin(Drawing *drawing, const UseContext *use, const Spec *spec, const char *stream, Err *err);
void drawing_end(Drawing *drawing);

/* Images first, first + 1, ... (n,H,W,C), the mean of each pixel in [0, 1]. Image i depends on the model, the spec, the
 * stream and i alone, wherever a part begins or ends; first is a multiple of the batch of the run. */
bool drawing_images(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err);

/* The first n images in one go. */
bool sampler_draw(const UseContext *use, const Spec *spec, const char *stream, size_t n, real *pixels, Err *err);

/* The option `sampler` of a row whose options' struct has a member `sampler` of type Spec. */
#define SAMPLER_FIELD(Options)                                                                                         \
    {                                                                                                                  \
        .key = "sampler", .kind = FIELD_SPEC, .offset = offsetof(Options, sampler), .fallback = FIELD_ABSENT,          \
        .table = &samplers_table, .help = "how images are drawn; default: the model's own way, `prior` for a VAE",     \
    }

#endif
