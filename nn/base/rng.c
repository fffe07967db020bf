#include "nn/base/rng.h"

#include "nn/base/err.h"
#include "nn/base/fmath.h"

enum { ROUNDS = 10, WORDS = 4, CHUNK = 64 * WORDS };

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = UINT64_C(0xd2511f53) * c0, b = UINT64_C(0xcd9e8d57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += UINT32_C(0x9e3779b9);
        k1 += UINT32_C(0xbb67ae85);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* One step of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
static uint64_t splitmix64(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

Rng rng_stream(uint64_t seed, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    uint64_t key = splitmix64(splitmix64(seed) ^ hash);
    return (Rng){{(uint32_t)key, (uint32_t)(key >> 32)}};
}

void rng_block(Rng rng, uint64_t step, uint32_t example, uint32_t block, uint32_t out[4])
{
    uint32_t counter[4] = {block, example, (uint32_t)step, (uint32_t)(step >> 32)};
    philox4x32_10(counter, rng.key, out);
}

static void check_length(size_t n)
{
    if (n / WORDS > UINT32_MAX) BUG("%zu random numbers of one example: the block counter has 32 bits", n);
}

/* The first n uniforms, up to a chunk, from block on. */
static void uniform_chunk(Rng rng, uint64_t step, uint32_t example, size_t block, size_t n, real out[CHUNK])
{
    uint32_t words[CHUNK];
    for (size_t i = 0; i * WORDS < n; i++) rng_block(rng, step, example, (uint32_t)(block + i), words + i * WORDS);
    for (size_t i = 0; i < n; i++) out[i] = (real)(int32_t)(words[i] >> 8) * (real)0x1p-24;
}

static size_t chunk_of(size_t n)
{
    return n < CHUNK ? n : CHUNK;
}

void rng_uniform(Rng rng, uint64_t step, uint32_t example, size_t n, real *out)
{
    check_length(n);
    for (size_t begin = 0; begin < n; begin += CHUNK) {
        real uniforms[CHUNK];
        const size_t count = chunk_of(n - begin);
        uniform_chunk(rng, step, example, begin / WORDS, count, uniforms);
        for (size_t i = 0; i < count; i++) out[begin + i] = uniforms[i];
    }
}

/* Box-Muller: sqrt(-2 log u) (cos, sin)(2 pi v), with 1 - u in (0, 1] for u, so that the logarithm is finite; n is
 * even. */
static void normal_chunk(size_t n, real values[CHUNK])
{
    for (size_t i = 0; i < n; i += 2) {
        real radius = r_sqrt(-2 * r_log(1 - values[i]));
        real sine, cosine;
        r_sincos((real)6.283185307179586477 * values[i + 1], &sine, &cosine);
        values[i] = radius * cosine;
        values[i + 1] = radius * sine;
    }
}

void rng_normal(Rng rng, uint64_t step, uint32_t example, size_t n, real *out)
{
    check_length(n);
    for (size_t begin = 0; begin < n; begin += CHUNK) {
        real normals[CHUNK] = {0};
        const size_t count = chunk_of(n - begin), even = count + count % 2;
        uniform_chunk(rng, step, example, begin / WORDS, even, normals);
        normal_chunk(even, normals);
        for (size_t i = 0; i < count; i++) out[begin + i] = normals[i];
    }
}

/* Words of one stream in order. */
typedef struct Words {
    Rng rng;
    uint64_t step;
    uint32_t block;
    size_t used;
    uint32_t words[WORDS];
} Words;

static uint32_t next_word(Words *words)
{
    if (words->used == WORDS) {
        rng_block(words->rng, words->step, 0, words->block++, words->words);
        words->used = 0;
    }
    return words->words[words->used++];
}

/* Uniform in 0 .. bound-1 (Lemire, "Fast random integer generation in an interval", 2019): the high half of x bound,
 * with the first 2^32 mod bound values of the low half refused. */
static uint32_t bounded(Words *words, uint32_t bound)
{
    uint32_t refused = (0u - bound) % bound;
    uint64_t product;
    do product = (uint64_t)next_word(words) * bound;
    while ((uint32_t)product < refused);
    return (uint32_t)(product >> 32);
}

void rng_shuffle(Rng rng, uint64_t step, size_t n, uint32_t *items)
{
    if (n > UINT32_MAX) BUG("%zu items to shuffle: n must be below 2^32", n);
    Words words = {.rng = rng, .step = step, .used = WORDS};
    for (size_t i = n; i > 1; i--) {
        uint32_t j = bounded(&words, (uint32_t)i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
