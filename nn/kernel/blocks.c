#include "nn/kernel/blocks.h"

#include "nn/base/pool.h"

typedef struct Blocks {
    size_t n, size;
    void (*loop)(const void *context, size_t begin, size_t end);
    const void *context;
} Blocks;

static void run_block(void *context, size_t task)
{
    const Blocks *blocks = context;
    const size_t begin = task * blocks->size;
    const size_t rest = blocks->n - begin;
    blocks->loop(blocks->context, begin, begin + (rest < blocks->size ? rest : blocks->size));
}

void blocks_run(size_t n, size_t size, void (*loop)(const void *context, size_t begin, size_t end), const void *context)
{
    Blocks blocks = {.n = n, .size = size, .loop = loop, .context = context};
    if (n <= size) {
        if (n > 0) loop(context, 0, n);
        return;
    }
    pool_run((n - 1) / size + 1, run_block, &blocks);
}
