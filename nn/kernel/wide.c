#include "nn/kernel/wide.h"

#include "nn/kernel/blocks.h"
#ifndef MAYVAE_DOUBLE
#include "nn/kernel/exact/exact.h"
#endif

static WideLoop *variant(const Wide *loop)
{
#if defined(__x86_64__) && !defined(MAYVAE_DOUBLE)
    const ExactIsa *isa = exact_isa();
    if (isa == &exact_avx512) return loop->avx512;
    if (isa == &exact_avx2) return loop->avx2;
#endif
    return loop->portable;
}

bool wide_is_avx2(void)
{
#if defined(__x86_64__) && !defined(MAYVAE_DOUBLE)
    return exact_isa() == &exact_avx2;
#else
    return false;
#endif
}

void wide_run(size_t n, size_t block, const Wide *loop, const void *context)
{
    blocks_run(n, block, variant(loop), context);
}

void wide_call(const Wide *loop, const void *context, size_t begin, size_t end)
{
    variant(loop)(context, begin, end);
}
