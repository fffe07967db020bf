/* Any bytes as an IDX file, with the number of dimensions taken from the first byte. */
#include <stdlib.h>

#include "runner/data/idx.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    Err err = {0};
    Idx idx = {0};
    size_t dimensions = 1 + data[0] % IDX_DIMENSIONS_MAX;
    uint8_t *copy = scratch_copy(data + 1, size - 1);
    if (idx_parse("fuzz.idx", copy, size - 1, dimensions, &idx, &err)) {
        size_t count = 1;
        for (size_t i = 0; i < dimensions; i++) count *= idx.dimension[i];
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < count; i++) sum = (uint8_t)(sum + idx.bytes[i]);
    } else if (err.kind == ERR_NONE) {
        abort();
    }
    free(copy);
    return 0;
}
