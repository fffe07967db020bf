/* Cuts [0, n) into blocks of a fixed size and runs them on the pool; one block runs on the caller. */
#ifndef NN_KERNEL_BLOCKS_H
#define NN_KERNEL_BLOCKS_H

#include <stddef.h>

/* Calls loop(context, begin, end) for consecutive ranges of `size` elements (the last may be shorter). */
void blocks_run(size_t n, size_t size, void (*loop)(const void *context, size_t begin, size_t end),
                const void *context);

/* Elements of a block of an elementwise loop: long enough to pay for handing it to a thread, short enough for L1. */
enum { BLOCK_ELEMENTS = 16384 };

/* As many rows of so many elements as make such a block; at least one. */
static inline size_t block_rows(size_t elements)
{
    return elements < BLOCK_ELEMENTS ? BLOCK_ELEMENTS / elements : 1;
}

#endif
