#include "nn/kernel/exact/isa.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "nn/kernel/exact/exact.h"

/* The best first. */
static const ExactIsa *const isas[] = {
#ifdef __x86_64__
    &exact_avx512, &exact_avx2,
#endif
    &exact_portable};

enum { ISAS = sizeof isas / sizeof isas[0] };

/* Set at start, before there are threads; later only tests change it. */
static _Atomic(const ExactIsa *) chosen;

static const ExactIsa *best(void)
{
    for (size_t i = 0; i + 1 < ISAS; i++) {
        if (isas[i]->supported()) return isas[i];
    }
    return &exact_portable;
}

const ExactIsa *exact_isa(void)
{
    const ExactIsa *isa = atomic_load(&chosen);
    if (isa) return isa;
    isa = best();
    atomic_store(&chosen, isa);
    return isa;
}

bool exact_isa_select(const char *name, Err *err)
{
    if (!name || !*name) {
        atomic_store(&chosen, best());
        return true;
    }
    for (size_t i = 0; i < ISAS; i++) {
        if (strcmp(isas[i]->name, name) != 0) continue;
        if (!isas[i]->supported()) {
            return err_config(err, (Loc){0}, "MAYVAE_ISA=%s: this processor doesn't have it; the best it has is %s",
                              name, best()->name);
        }
        atomic_store(&chosen, isas[i]);
        return true;
    }
    return err_config(err, (Loc){0}, "MAYVAE_ISA=%s: there is no such instruction set; use avx512, avx2 or portable",
                      name);
}

size_t exact_panels(size_t n, size_t vector)
{
    const size_t rest = n % (2 * vector);
    return n / (2 * vector) + (rest >= vector) + (rest % vector > 0);
}

ExactPanel exact_panel_at(size_t n, size_t vector, size_t begin)
{
    const size_t left = n - begin;
    if (left >= 2 * vector) return (ExactPanel){begin, 2 * vector, 2 * vector, EXACT_TWO};
    if (left >= vector) return (ExactPanel){begin, vector, vector, EXACT_ONE};
    return (ExactPanel){begin, left, vector, EXACT_PART};
}

ExactPanel exact_panel(size_t n, size_t vector, size_t i)
{
    const size_t twos = n / (2 * vector), behind = twos * 2 * vector;
    if (i < twos) return exact_panel_at(n, vector, i * 2 * vector);
    return exact_panel_at(n, vector, i == twos ? behind : behind + vector);
}

size_t exact_part(size_t n, size_t parts, size_t i)
{
    return n / parts * i + n % parts * i / parts;
}

float *exact_aligned(float *scratch)
{
    const uintptr_t behind = (uintptr_t)scratch / sizeof *scratch % EXACT_ALIGN;
    return behind ? scratch + (EXACT_ALIGN - behind) : scratch;
}
