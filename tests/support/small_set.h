/* A made-up data set in a temporary folder: 20 training and 7 test images of 4 x 5 bytes, in 3 classes. */
#ifndef TESTS_SUPPORT_SMALL_SET_H
#define TESTS_SUPPORT_SMALL_SET_H

#include "runner/data/dataset.h"

enum { SMALL_TRAIN = 20, SMALL_TEST = 7, SMALL_HEIGHT = 4, SMALL_WIDTH = 5, SMALL_CLASSES = 3, SMALL_PIXELS = 20 };
enum { SMALL_HEADER_IMAGES = 16, SMALL_HEADER_LABELS = 8 };

typedef struct SmallFile {
    const char *role, *name, *path; /* the path is where a loader looks for it */
    uint8_t bytes[1024];
    size_t n;
} SmallFile;

typedef struct SmallSet {
    Arena arena;
    const char *folder; /* holds datasets.yaml; the data lie in FOLDER/small, and MAYVAE_DATA says so */
    SmallFile file[4];
} SmallSet;

/* In memory; nothing is described or put on disk before the calls below. */
void small_set_init(SmallSet *set);
void small_set_write(const SmallSet *set, size_t file); /* one file, as it is in memory */
/* All files, and a datasets.yaml that agrees with them. */
void small_set_publish(const SmallSet *set);
void small_set_release(SmallSet *set); /* removes the folder */

uint8_t small_pixel(size_t file, size_t image, size_t pixel);
uint8_t small_label(size_t file, size_t image);
Ref small_ref(const char *name);

#endif
