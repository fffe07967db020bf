/* Random streams by name: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
 * counter based, so there is no state: a draw is a function of (seed, stream's name, step, example, block). Adding a
 * stream moves no other one, and a resumed run needs nothing saved. */
#ifndef NN_BASE_RNG_H
#define NN_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "nn/base/real.h"

typedef struct Rng {
    uint32_t key[2];
} Rng;

/* The stream `name` of a seed: the key is splitmix64(splitmix64(seed) ^ h), low word first, with h the 64-bit FNV-1a
 * hash of the name. */
Rng rng_stream(uint64_t seed, const char *name);

/* One block of four words. The counter's words are, in the paper's order, block, example, step's low half, its high
 * half. */
void rng_block(Rng rng, uint64_t step, uint32_t example, uint32_t block, uint32_t out[4]);

/* The raw function of the paper, for the known-answer test. */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* n uniforms in [0, 1), each (x >> 8) x 2^-24; element i comes from word i % 4 of block i / 4. n < 2^34. */
void rng_uniform(Rng rng, uint64_t step, uint32_t example, size_t n, real *out);

/* n standard normals by Box-Muller, with our own log and sincos: elements 2i and 2i+1 are the cosine's and the sine's
 * of uniforms 2i and 2i+1. n < 2^34. */
void rng_normal(Rng rng, uint64_t step, uint32_t example, size_t n, real *out);

/* Fisher-Yates with unbiased bounded draws; permutes items (N). n < 2^32. Draws are example 0's words in order. */
void rng_shuffle(Rng rng, uint64_t step, size_t n, uint32_t *items);

#endif
