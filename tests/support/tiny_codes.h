/* A tiny VQ-VAE and a prior over its codes, on the made-up images of tiny.h: for the tests of what works on codes. It
 * must not move. */
#ifndef TESTS_SUPPORT_TINY_CODES_H
#define TESTS_SUPPORT_TINY_CODES_H

#include "runner/model/use_context.h"
#include "tests/support/tiny.h"

enum { TINY_CODES = 5, TINY_GRID_HEIGHT = 2, TINY_GRID_WIDTH = 3, TINY_CELLS = 6 };

typedef struct TinyCodes {
    Tiny vqvae, prior; /* prior: of the needed run vq/seed1 */
    NeededModel item;
    Needs needs;
    UseContext use;
} TinyCodes;

extern const char tiny_vqvae_yaml[], tiny_prior_yaml[];

/* Both are wired, with parameters, and the prior's data has codes. vqvae, prior: overrides, or NULL. */
void tiny_codes_make(TinyCodes *tiny, const char *const *vqvae, const char *const *prior);
/* The same up to the prior's model_init, whose error is given back; true: there was none. */
bool tiny_codes_try(TinyCodes *tiny, const char *const *vqvae, const char *const *prior, Err *err);
void tiny_codes_release(TinyCodes *tiny);

#endif
