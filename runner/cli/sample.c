#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"
#include "runner/cli/cli.h"
#include "runner/figure/figure.h"
#include "runner/run/state.h"

/* Draws the row "samples" from trained weights, as the run itself would. */
static bool draw(Cli *cli, Run *run, const char *path, Err *err)
{
    Model model = {0};
    SafeTensors file = {0};
    Canvas canvas = {0};
    Spec spec = {.row = table_find(&figures_table, "samples")};
    const Figure *figure = (const Figure *)spec.row;
    void *options = arena_alloc(&cli->arena, 1, spec.row->size);
    spec.options = options;
    bool ok = bind_fields(&cli->arena, spec.row->fields, "samples", (Loc){0}, NULL, options, err) &&
              model_init(&model, &run->experiment, &run->info, err) && figure->check(&model, &spec, err);
    if (ok && !run_has_weights(run))
        ok = err_failed(err, (Loc){0}, "%s has no weights of this configuration; `mayvae run %s` makes them", run->path,
                        run->path);
    if (ok) {
        model_allocate(&model, 0);
        if (cli->has_sample_seed) run->experiment.seed = cli->sample_seed;
        ok = safetensors_read(&file, arena_printf(&cli->arena, "%s/weights.safetensors", run->folder), err) &&
             params_take(&model.params, "", model.params.value, &file, err) &&
             figure->draw(&(FigureContext){.model = &model, .spec = &spec}, &canvas, err) &&
             canvas_write(&canvas, path, err);
    }
    canvas_release(&canvas);
    safetensors_release(&file);
    model_release(&model);
    return ok;
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    const char *path = "samples.png";
    size_t n = cli->target_count;
    if (n > 1 && strlen(cli->targets[n - 1]) > 4 &&
        strcmp(cli->targets[n - 1] + strlen(cli->targets[n - 1]) - 4, ".png") == 0)
        path = cli->targets[--cli->target_count];
    bool ok = cli->target_count > 0 ||
              err_config(err, (Loc){0}, "sample: wants a run, e.g. `mayvae sample vae/dim8/seed1 new.png`");
    ok = ok && cli_runs(cli, &list, err);
    if (ok && list.n != 1)
        ok = err_config(err, (Loc){0}, "sample: wants one run, %zu match; name one of them, e.g. %s", list.n,
                        list.items[0].path);
    if (ok) {
        pool_start(cli_threads(cli));
        ok = draw(cli, &list.items[0], path, err);
        pool_stop();
    }
    if (ok) printf("%s\n", path);
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_sample = {
    .name = "sample",
    .arguments = "RUN [FILE.png] ",
    .summary = "decodes new images from a trained run into a PNG",
    .help = "The latents come from the prior, by the seed given with --sample-seed or the\n"
            "run's own. Without a file: samples.png.",
    .options = "threads sample-seed",
    .run = run,
};
