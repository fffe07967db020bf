#include "nn/kernel/numerics.h"

#include <string.h>

#ifndef MAYVAE_DOUBLE
#include "nn/kernel/exact/isa.h"
#endif

const char *const numerics_names[] = {
#define NUMERICS(id) #id,
#include "nn/kernel/numerics.def"
#undef NUMERICS
};

const size_t numerics_count = sizeof numerics_names / sizeof numerics_names[0];

/* The double build checks formulas, not speed: there every back end is the naive one. */
static const Numerics *const back_ends[] = {
#ifdef MAYVAE_DOUBLE
#define NUMERICS(id) &numerics_naive,
#else
#define NUMERICS(id) &numerics_##id,
#endif
#include "nn/kernel/numerics.def"
#undef NUMERICS
};

const Numerics *numerics_find(const char *name)
{
    for (size_t i = 0; i < numerics_count; i++) {
        if (strcmp(name, numerics_names[i]) == 0) return back_ends[i];
    }
    return NULL;
}

bool numerics_select_isa(const char *name, Err *err)
{
#ifdef MAYVAE_DOUBLE
    (void)name, (void)err;
    return true;
#else
    return exact_isa_select(name, err);
#endif
}
