/* Any text as an experiment: parsed, resolved, bound. What binds is printed, and what is printed parses again. */
#include <stdlib.h>

#include "runner/config/experiment.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "tests/fuzz/scratch.h"

static const ExperimentTables tables = {&metrics_table, &figures_table};

static void bind_variant(Arena *arena, const Variant *variant)
{
    Err err = {0};
    Experiment experiment = {0};
    if (!experiment_bind(arena, variant, 1, &tables, &experiment, &err)) {
        if (err.kind == ERR_NONE) abort();
        return;
    }
    Text text = {0};
    experiment_print(&text, &experiment, false);
    Err again = {0};
    if (!cfg_parse_text(arena, "printed", text.bytes, &again)) {
        err_print(&again, stderr);
        abort();
    }
    text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { VARIANTS = 4 };
    Arena arena = {0};
    Err err = {0};
    VariantList list = {0};
    const char *path = scratch_write("fuzz.yaml", data, size);
    ResolveOptions options = {.folder = scratch_folder()};
    if (resolve_file(&arena, path, &options, &list, &err)) {
        for (size_t i = 0; i < list.n && i < VARIANTS; i++) bind_variant(&arena, &list.items[i]);
    } else if (err.kind == ERR_NONE) {
        abort();
    }
    arena_release(&arena);
    return 0;
}
