/* IDX, the file format of MNIST (http://yann.lecun.com/exdb/mnist): a big-endian magic number 0, 0, type (8: bytes),
 * dimensions; then each dimension as a big-endian u32; then the bytes, row-major. */
#ifndef RUNNER_DATA_IDX_H
#define RUNNER_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "nn/base/err.h"

enum { IDX_DIMENSIONS_MAX = 4 };

typedef struct Idx {
    size_t dimensions, dimension[IDX_DIMENSIONS_MAX];
    const uint8_t *bytes; /* within the file's bytes */
} Idx;

/* Checks a whole file of bytes (length) for a header with so many dimensions (1 to IDX_DIMENSIONS_MAX) and exactly the
 * bytes it promises. path is for messages. */
bool idx_parse(const char *path, const uint8_t *file, size_t length, size_t dimensions, Idx *idx, Err *err);

#endif
