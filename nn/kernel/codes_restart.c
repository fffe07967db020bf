#include "nn/kernel/codes_restart.h"

#include <string.h>

bool codes_restart(const CodesRestart *restart, size_t k, bool used, real *unused, real *code)
{
    *unused = used ? 0 : *unused + 1;
    if (restart->after == 0 || *unused < (real)restart->after) return false;
    uint32_t word[4];
    rng_block(restart->rng, restart->step, (uint32_t)k, 0, word);
    const uint64_t position = (uint64_t)word[0] * restart->positions >> 32;
    memcpy(code, restart->x + position * restart->dim, restart->dim * sizeof *code);
    *unused = 0;
    return true;
}
