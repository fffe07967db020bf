/* The images that metrics with a judge ask for, by what `images` and `sampler` say. Those of a dear sampler are kept,
 * since a second judge may want them; others are drawn again. */
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

/* The dear ones, once they have been drawn. Zeroed: holds none. */
typedef struct Pictures {
    struct Picture *items;
    size_t n;
} Pictures;

void pictures_release(Pictures *pictures);

/* Images that are read part by part, so that few are in memory at a time. */
typedef struct PictureReader {
    const UseContext *use;
    const PictureSource *source;
    const struct Kind *kind;
    Drawing drawing;
    const real *kept; /* all of them, drawn before; NULL: none are */
    real *drawn;      /* all of them where they are dear, else the latest part */
    bool dear;
} PictureReader;

/* How many images a part has, but for the last: a multiple of the run's batch. */
size_t pictures_part(const UseContext *use);

/* To be closed, unless it failed; use and source live as long. Parts are read in their order, from 0 on; pixels
 * (n,H,W,C) live until the next. `whole`: all have been read. */
bool pictures_open(Pictures *pictures, const UseContext *use, const PictureSource *source, PictureReader *reader,
                   Err *err);
bool pictures_read(PictureReader *reader, size_t first, size_t n, const real **pixels, Err *err);
void pictures_close(Pictures *pictures, PictureReader *reader, bool whole);

#endif
