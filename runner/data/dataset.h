/* Data sets: bytes on disk, verified by hash, as splits of images and labels. Images stay bytes until their batch. */
#ifndef RUNNER_DATA_DATASET_H
#define RUNNER_DATA_DATASET_H

#include "nn/base/real.h"
#include "runner/config/experiment.h"

typedef struct DatasetFile {
    const char *role; /* "train_images", "train_labels", "test_images", "test_labels" */
    const char *name;
    int64_t bytes;
    const char *sha256;
    Loc loc;
} DatasetFile;

/* What datasets.yaml says of one data set; needs no data on disk. */
typedef struct DatasetInfo {
    const char *name, *title;
    size_t height, width, channels, classes;
    size_t code_height, code_width, codes; /* the grid of an image's codes, and how many codes; 0: it has none */
    size_t train_count, test_count;
    DatasetFile file[4];    /* in the order of the roles above */
    char sha256[65];        /* over the four files' hashes */
    const char *fetched_by; /* the command that does */
} DatasetInfo;

/* Finds `name` in FOLDER/datasets.yaml; unknown: an error at the Ref with the nearest name. */
bool dataset_describe(Arena *arena, const char *folder, Ref name, DatasetInfo *info, Err *err);

/* What fetches a data set of FOLDER/datasets.yaml: a command for the folder that the program runs in. */
const char *dataset_fetch_command(Arena *arena, const char *folder, const char *name);

typedef struct Split {
    const char *name;      /* "train", "valid", "test" */
    const uint8_t *images; /* (n, height, width, channels) */
    const uint8_t *labels;
    const uint16_t *codes; /* (n, code_height, code_width); NULL: none */
    size_t n;
    uint32_t first; /* index of its first image within the file, for random streams */
} Split;

typedef struct Dataset {
    DatasetInfo info;
    Split train, valid, test; /* valid.n may be 0 */
    uint8_t *bytes[4];        /* the files, from mmap; NULL where not loaded */
    uint16_t *codes[3];       /* of train, valid, test; NULL: none */
} Dataset;

/* The folder: $MAYVAE_DATA, else $XDG_CACHE_HOME/mayvae, else ~/.cache/mayvae; the files lie in FOLDER/NAME/. NULL:
 * none of the three is set. */
const char *dataset_folder(Arena *arena, Err *err);

/* Whether the split that the options ask for can be cut from the training images: else an error at the options. */
bool dataset_check_split(const DatasetInfo *info, const DataOptions *options, Err *err);

/* Whether the four files are there and of the right size; the content is verified by dataset_load. */
bool dataset_present(const DatasetInfo *info, Err *err);

/* Reads, verifies (size, hash, IDX header) and splits. What is missing or altered is named with its path and what to do
 * (fetched_by). Exit kind ERR_FAILED. */
bool dataset_load(Arena *arena, Dataset *dataset, const DatasetInfo *info, const DataOptions *options, Err *err);
void dataset_release(Dataset *dataset);

/* The names that splits can have: a FIELD_CHOICE. */
#define SPLIT_CHOICES "train|valid|test"
const Split *dataset_split(const Dataset *dataset, const char *name); /* NULL: none of that name, or empty */

/* The number of images that a split will have, known before loading; 0: no such split. */
size_t dataset_split_count(const DatasetInfo *info, const DataOptions *options, const char *split);

/* The order of an epoch's images: a permutation of 0..n-1 from the stream "shuffle" (step = epoch). */
void batch_order(uint64_t seed, uint64_t epoch, size_t n, uint32_t *order);

/* n images as reals into images (n,H,W,C): byte / 255; or 0 and 1 with probability byte / 255 where binarized
 * (`static`: stream "binarize" of seed 0, step 0, so every run sees the same; `dynamic`: of the run's seed, step = 1 +
 * epoch, for the training split only: other splits are binarized as `static`). images and labels may be NULL; labels
 * else (n) class numbers. */
void batch_gather(const Dataset *dataset, const Split *split, const DataOptions *options, uint64_t seed, uint64_t epoch,
                  const uint32_t *index, size_t n, real *images, real *labels);

/* The codes of n images of a split that has them, as whole numbers: code (n, code_height, code_width). */
void batch_codes(const Dataset *dataset, const Split *split, const uint32_t *index, size_t n, real *code);

#endif
