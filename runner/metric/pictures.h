/* The images that metrics with a judge ask for, by what `images` and `sampler` say. Those of the model are kept, since
 * a second judge may want them and they are dear to make. */
#ifndef RUNNER_METRIC_PICTURES_H
#define RUNNER_METRIC_PICTURES_H

#include "runner/metric/judged.h"

typedef struct PictureSource {
    const char *images; /* as in ImageOptions, or "train" */
    Spec sampler;       /* of samples: the spec or the model's own */
    const char *text;   /* canonical: two of one text give the same images */
    size_t n;
} PictureSource;

/* n: `samples`, but at most data.limit where that is set, and of images of a split at most as many as there are. */
PictureSource picture_source(Arena *arena, const UseContext *use, const ImageOptions *images);

/* Zeroed: holds none. */
typedef struct Pictures {
    struct Picture *items;
    size_t n;
} Pictures;

/* n images (n,H,W,C), until pictures_done: drawn, or those drawn before. */
bool pictures_draw(Pictures *pictures, const UseContext *use, const PictureSource *source, const real **pixels,
                   Err *err);
void pictures_done(Pictures *pictures); /* lets go of those that are cheap to make again */
void pictures_release(Pictures *pictures);

#endif
