/* What the files of the exact back end share. Drivers cut the work into tiles of outputs; a kernel of the chosen
 * instruction set keeps a tile in registers while it runs down the tile's chains. Lanes and rows of a tile are
 * different outputs, so that no width, tile or task changes a bit. */
#ifndef NN_KERNEL_EXACT_EXACT_H
#define NN_KERNEL_EXACT_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "nn/kernel/numerics.h"

/* How many columns a tile has: two vectors, one, or the first few lanes of one. */
enum { EXACT_TWO, EXACT_ONE, EXACT_PART, EXACT_KINDS };

enum { EXACT_ROWS_MAX = 14, EXACT_WIDTH_MAX = 16 };

/* An element that a chain takes in: `a` behind where its run begins, and `b`, which is that times the vector's width.
 */
typedef struct ExactLink {
    uint32_t a, b;
} ExactLink;

enum { EXACT_LINK = sizeof(ExactLink) / sizeof(float) }; /* elements of scratch */

/* A stretch of a chain: `n` neighbours in the source, from `a` on, meet rows of the panel from `b` on. With links, only
 * those `n` of them that these list; `b` may then lie before the panel. */
typedef struct ExactRun {
    size_t a;
    ptrdiff_t b;
    size_t n;
    const ExactLink *links;   /* NULL: all */
    size_t line, cell, cells; /* of the source: the line, the first cell (or place) of it, and how many */
} ExactRun;

/* c[r][j] = (load ? c[r][j] : 0) + the runs' sum of a[r][k] b[k][j], -0 being +0; at last what Ending says. */
typedef struct ExactTile {
    const float *a; /* row r lies r * a_stride behind */
    size_t a_stride;
    const float *b; /* a panel: its rows are as long as the tile is wide, in whole vectors */
    const ExactRun *runs;
    size_t run_count;
    float *c;
    size_t c_stride;
    const float *bias;      /* may be NULL */
    const float *rectified; /* may be NULL; its rows lie as those of c */
    size_t columns;         /* of EXACT_PART */
    bool load, rectify;
} ExactTile;

/* c[r][j] = (load ? c[r][j] : 0) + the sum over images, lines and steps of a[r] b[j], which move by their strides. A
 * step in [first, last) sees all rows; any other one sees the rows r with low <= r + step * a_step < high. `start` is
 * where row 0 would lie at the first step of all: it may be before the image where the rows are not seen, so it is an
 * offset. */
typedef struct ExactOuter {
    const float *a, *b;
    ptrdiff_t start;
    size_t images, lines, steps;
    size_t a_image, a_line, a_step;
    size_t b_image, b_line, b_step;
    size_t first, last;
    ptrdiff_t low, high;
    float *c;
    size_t c_stride;
    size_t columns; /* of EXACT_PART */
    bool load;
} ExactOuter;

/* Columns [begin, end) of a matrix, of which the live ones have their bits set: column j in byte j / 8, the first one
 * lowest; 4 bytes more may be read. Row i is rows[i] (NULL: i) times the stride behind. */
typedef struct ExactSpan {
    const unsigned char *bits;
    size_t begin, end;
    const uint32_t *rows;
    size_t stride;
} ExactSpan;

/* c[3 i + j][k] = (load ? that : 0) + the sum over the grid (images,oh,ow) of b[k] and what tap (i,j) of a kernel of
 * 3x3 sees of an image of one channel. */
typedef struct ExactTaps {
    const ConvShape *shape;
    const float *a, *b;
    float *c;
    size_t columns; /* of EXACT_PART; else one vector */
    bool load;
} ExactTaps;

/* A place of the grid, and what tap (0,0) sees from it, in elements behind those of the first place; and 1, or 0 where
 * the taps (.,2) are outside the image. */
typedef struct ExactPlace {
    uint32_t grid, image;
    float inside;
} ExactPlace;

enum { EXACT_PICKED_FILTERS = 32, EXACT_PICKED_PLACES = 64 };

/* c[j][3 a + b] (a vector or two of the image's channels) += the sum over a stretch of the grid of its filter j, where
 * that is not 0, times what tap (a,b) sees. If something that a place sees, or the grid, is not finite, then some of c
 * isn't afterwards: the driver then has all products made. Behind the image another place's elements are read. */
typedef struct ExactPicked {
    const float *grid;
    size_t grid_step, filters, places; /* filters: whole vectors, up to EXACT_PICKED_FILTERS; places: up to .._PLACES */
    const float *image;                /* what tap (0,0) of the first place sees */
    size_t image_step, image_line;
    const ExactPlace *map; /* of the places */
    size_t bottom;         /* the places from here on see `zeros` through the taps (2,.) */
    const float *zeros;
    float *c;                            /* (filters, 9, the vector or two) */
    const float *next_image, *next_grid; /* needed soon: only asked for */
    size_t next_places;                  /* of the image */
} ExactPicked;

/* c[r] (a vector) += the runs' sum of w[k * w_stride] a[r][k] (a vector): outputs of few channels, with an image in
 * each lane. Offsets and strides of `a` count vectors. */
typedef struct ExactLanes {
    const float *a;
    size_t a_stride;
    const float *w;
    size_t w_stride;
    const ExactRun *runs;
    size_t run_count;
    float *c; /* (rows, lanes) */
} ExactLanes;

enum { EXACT_LANES_ROWS = 8 };

/* The sums of the image's elements, with an image in each lane, += what a line of the grid adds to them through kernels
 * of 3x3, from the last place to the first. */
typedef struct ExactScatter {
    const float *from; /* (images, places, channels), images lying `image` apart */
    size_t image, images, places, channels;
    const float *w;   /* (columns, channels, 9) */
    float *turned;    /* room for a place: (channels, lanes) */
    ExactLink *links; /* all channels, or room for those that are not zero in all images */
    bool live;        /* only those */
    float *sums;      /* tap (i,j) of place k adds to lines[i] + k * step, j vectors behind */
    size_t lines[3], step;
    size_t columns, column; /* the image's channels, whose sums lie `column` apart */
} ExactScatter;

/* The kernels of one instruction set, by kind and rows of the tile. */
typedef struct ExactIsa {
    const char *name;
    size_t width; /* floats in a vector */
    size_t rows;  /* most rows of a tile */
    bool (*supported)(void);
    void (*const (*tile)[EXACT_ROWS_MAX + 1])(const ExactTile *tile);
    void (*const (*outer)[EXACT_ROWS_MAX + 1])(const ExactOuter *outer);
    void (*const *taps)(const ExactTaps *taps);       /* by kind, one vector at most */
    void (*const *picked)(const ExactPicked *picked); /* by kind, not EXACT_PART */
    void (*const *lanes)(const ExactLanes *lanes);    /* by rows */
    void (*scatter)(const ExactScatter *scatter);
    /* panel (k, width) = columns [0, columns) of b (k, .), whose rows lie b_stride apart; zeros behind them.
     * width is in whole vectors. Returns whether all are finite. */
    bool (*pack)(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel);
    /* The same from b (., k): the panel is its transpose. */
    bool (*pack_transposed)(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel);
    /* Of n neighbours those that are not zero in each of `rows` rows, `stride` apart: the links that list them, as if
     * the first were `first` behind. Returns how many; room for one vector more is needed. */
    size_t (*live)(size_t n, const float *from, size_t stride, size_t rows, size_t first, ExactLink *links);
    /* to (rows, width) = the span's live columns, one behind the other; what lies behind them is left. */
    void (*squeeze)(size_t rows, const ExactSpan *span, const float *from, float *to, size_t width);
    /* The span's live columns = those of from (rows, width), and the others +0, or with `add` what they are, + 0; a
     * vector more may be read. */
    void (*spread)(size_t rows, const ExactSpan *span, const float *from, size_t width, bool add, float *to);
} ExactIsa;

extern const ExactIsa exact_avx512, exact_avx2, exact_portable;

/* The one in use: what exact_isa_select has chosen, else the best that the processor has. */
const ExactIsa *exact_isa(void);

/* Columns cut into panels of two vectors, then one, then part of one. */
typedef struct ExactPanel {
    size_t begin, columns;
    size_t width; /* of a packed row */
    int kind;
} ExactPanel;

/* How many panels n columns make, the i-th, and the one that begins at a column. */
size_t exact_panels(size_t n, size_t vector);
ExactPanel exact_panel(size_t n, size_t vector, size_t i);
ExactPanel exact_panel_at(size_t n, size_t vector, size_t begin);
/* [0, n) cut into `parts` nearly equal parts: where part i begins. */
size_t exact_part(size_t n, size_t parts, size_t i);

/* The first address in scratch that a cache line begins at. */
float *exact_aligned(float *scratch);
enum { EXACT_ALIGN = 16 }; /* elements that exact_aligned may skip */

/* Contractions of images: outputs (n,oh,ow,cout) from the image, or image elements (n,ih,iw,cin) from the grid, `to`
 * being set or added to as the ending says. scratch: as many elements as the function beside it tells. */
typedef struct ExactGather {
    const ConvShape *shape;
    bool backward; /* to the image */
    const float *from, *w;
    float *to;
    Ending ending;
} ExactGather;

size_t exact_gather_scratch(const ConvShape *shape, bool backward);
void exact_gather(const ExactGather *gather, float *scratch);

/* The chain of destination position (h,w): runs that begin at an element of a source image and at a row of the weight
 * as a matrix (taps x channels). They come in pieces of up to EXACT_RUNS, each to be added before the next. */
enum { EXACT_RUNS = 48 };
typedef void ExactRunsUser(void *context, const ExactRun *runs, size_t n, bool first, bool last);
void exact_runs(const ConvShape *shape, bool backward, size_t h, size_t w, ExactRunsUser *use, void *context);

/* First source line that line h of the destination can see, and how many lines one can see at most. */
size_t exact_first_line(const ConvShape *shape, bool backward, size_t h);
size_t exact_lines_seen(const ConvShape *shape, bool backward);

/* The elements of a tile's source that are not zero in all of its images, line by line. A product with one of the
 * others is a zero, which changes no sum but perhaps the sign of a sum of 0 (and no sum is stored as -0), as long as
 * the weight is finite. Behind a relu about half of the elements are zero, and a tile's images mostly agree on which.
 */
typedef struct ExactLive {
    const float *from;    /* the first image */
    size_t images, image; /* of the tile; elements of one */
    size_t line, cell;    /* elements; runs begin and end at whole cells, or the line's end */
    size_t ring;          /* so many lines are kept, a power of two: line i at i % ring */
    float *lists;         /* exact_live_scratch elements for each */
    size_t begins, list;  /* in one: where the cells' beginnings lie, and its size (exact_live sets both) */
} ExactLive;

bool exact_live_fits(size_t line);
size_t exact_live_scratch(size_t line, size_t cell);
ExactLive exact_live(ExactLive live);
void exact_live_list(const ExactLive *live, size_t line);
/* The run, within a line that is listed and still kept, without what is zero (if that is not too little): a, b, n and
 * links. */
void exact_live_run(const ExactLive *live, const ExactRun *run, ExactRun *to);

/* The same for few channels, with an image in each lane. */
bool exact_lanes_fit(const ConvShape *shape, bool backward);
size_t exact_lanes_scratch(const ConvShape *shape, bool backward);
void exact_lanes(const ExactGather *gather, float *scratch);

/* The same from the grid by kernels of 3x3. */
bool exact_scatter_fits(const ConvShape *shape, bool backward);
size_t exact_scatter_scratch(const ConvShape *shape);
void exact_scatter(const ExactGather *gather, float *scratch);

/* Products with a large weight of images of one pixel. */
bool exact_flat_fits(const ConvShape *shape);
size_t exact_flat_scratch(const ConvShape *shape, bool backward);
void exact_flat(const ExactGather *gather, float *scratch);

/* One of conv_is_pointwise with so many images whose places are all in one line. */
ConvShape exact_line(const ConvShape *shape, size_t images);

/* dw as the weight, the sum over images and outputs of x dy; add: to what is there. */
typedef struct ExactProducts {
    const ConvShape *shape;
    const float *x, *dy;
    bool add;
    float *dw;
} ExactProducts;

void exact_products(const ExactProducts *products);

/* The same for kernels of 3x3 over one channel. */
bool exact_taps_fit(const ConvShape *shape);
void exact_taps(const ExactProducts *products);

/* The same for images of one pixel. */
bool exact_flat_products_fit(const ConvShape *shape);
size_t exact_flat_products_scratch(const ConvShape *shape);
void exact_flat_products(const ExactProducts *products, float *scratch);

/* The columns of an operand (steps, n) of images of one pixel that are live: not zero in all steps. */
typedef struct ExactColumns {
    const float *from;
    size_t n, live;
    uint32_t *list;      /* the live ones; first, the largest magnitude of each: its bits, without the sign's */
    unsigned char *bits; /* as in ExactSpan */
} ExactColumns;

size_t exact_columns_scratch(size_t n);
/* Looks for them in both operands; columns whose products with the other's wouldn't all be zeros stay. Without any in
 * dy, x has none either. Returns false where (nearly) all are live: then nothing is listed. */
bool exact_columns(size_t steps, ExactColumns *x, ExactColumns *dy);
ExactColumns exact_columns_in(const float *from, size_t n, float *scratch);

/* The same for small grids with many channels. */
bool exact_small_fits(const ConvShape *shape);
void exact_small(const ExactProducts *products);

/* The same for kernels of 3x3 without padding at the beginning, from the elements of the grid that are not 0. Returns
 * false, and leaves dw as it is, where most are, or where something is not finite. */
bool exact_picked_fits(const ConvShape *shape);
size_t exact_picked_scratch(const ConvShape *shape);
bool exact_picked(const ExactProducts *products, float *scratch);

/* The same for few filters. */
bool exact_turned_fits(const ConvShape *shape);
size_t exact_turned_scratch(const ConvShape *shape);
void exact_turned(const ExactProducts *products, float *scratch);

/* How many images, with their grids, stay in the second cache while all tiles go through them; 1 at least. */
size_t exact_block(const ConvShape *shape);

#endif
