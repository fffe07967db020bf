#include <string.h>

#include "nn/base/file.h"
#include "runner/run/runs.h"

/* SHA-256 over: the version of the numerics, the data set's hash, and the canonical configuration, as text. */
static void hash_text(char hex[65], const char *first, const char *second)
{
    Text text = {0};
    text_add(&text, "%s\n%s", first, second);
    sha256_hex(text.bytes, text.n, hex);
    text_release(&text);
}

void run_identify(Arena *arena, Run *run)
{
    Text weights = {0}, all = {0};
    experiment_print(&weights, &run->experiment, true);
    experiment_print(&all, &run->experiment, false);
    const char *base = arena_printf(arena, "numerics %d\ndata %s", NUMERICS_VERSION, run->info.sha256);
    hash_text(run->weights_identity, base, weights.bytes);
    hash_text(run->identity, run->weights_identity, all.bytes);
    run->config = arena_text(arena, all.bytes);
    text_release(&weights);
    text_release(&all);
}
