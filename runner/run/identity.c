#include <string.h>

#include "nn/base/file.h"
#include "runner/run/runs.h"

/* SHA-256 over what a stage rests on (the version of the numerics and the data set's hash, or the stage before), the
 * identities of the needed runs' weights, and the canonical configuration, as text. */
static void hash_stage(const Run *run, bool weights, const char *base, const char *config, char hex[65])
{
    Text text = {0};
    text_add(&text, "%s\n", base);
    for (size_t i = 0; run->needs && i < run->experiment.need_count; i++)
        if (run->needs[i] && run->experiment.needs[i].weights == weights)
            text_add(&text, "need %s %s\n", run->needs[i]->path, run->needs[i]->weights_identity);
    text_add(&text, "%s", config);
    sha256_hex(text.bytes, text.n, hex);
    text_release(&text);
}

void run_identify(Arena *arena, Run *run)
{
    Text weights = {0}, all = {0};
    experiment_print(&weights, &run->experiment, true);
    experiment_print(&all, &run->experiment, false);
    const char *base = arena_printf(arena, "numerics %d\ndata %s", NUMERICS_VERSION, run->info.sha256);
    hash_stage(run, true, base, weights.bytes, run->weights_identity);
    hash_stage(run, false, run->weights_identity, all.bytes, run->identity);
    run->config = arena_text(arena, all.bytes);
    text_release(&weights);
    text_release(&all);
}
