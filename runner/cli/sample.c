#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"
#include "runner/cli/cli.h"
#include "runner/figure/figure.h"
#include "runner/model/codes.h"
#include "runner/model/weights.h"
#include "runner/run/needs.h"
#include "runner/run/state.h"
#include "runner/sampler/sampler.h"

/* The row "samples" with the sampler of the command line, as it would stand in a file. */
static bool bind(Cli *cli, Spec *spec, Spec *sampler, Err *err)
{
    static const char from[] = "--sampler";
    Cfg *map = cfg_parse_text(&cli->arena, from, "{}", err), *node = NULL;
    if (!map) return false;
    if (cli->sampler_text) {
        node = cfg_parse_text(&cli->arena, from, cli->sampler_text, err);
        if (!node || !bind_spec(&cli->arena, &samplers_table, node, NULL, sampler, err)) return false;
        cfg_put(&cli->arena, map, "sampler", node->loc, node);
    }
    spec->row = table_find(&figures_table, "samples");
    void *options = arena_alloc(&cli->arena, 1, spec->row->size);
    spec->options = options;
    spec->loc = node ? node->loc : (Loc){0};
    return bind_fields(&cli->arena, spec->row->fields, spec->row->name, (Loc){0}, map, options, err);
}

/* The images, where the sampler looks at them. */
static bool load_data(Cli *cli, const Run *run, const Model *model, const Spec *sampler, Dataset *dataset, Err *err)
{
    const Spec chosen = sampler_or_default(&cli->arena, model, sampler, (Loc){0});
    return !((const Sampler *)chosen.row)->images ||
           dataset_load(&cli->arena, dataset, &run->info, &run->experiment.data, err);
}

/* Draws the row "samples" from trained weights, as the run itself would. */
static bool draw(Cli *cli, Run *run, const char *path, Err *err)
{
    Model model = {0};
    Dataset dataset = {0};
    Canvas canvas = {0};
    Spec spec = {0}, sampler = {0};
    Needs needs;
    needs_models(&cli->arena, run, &needs);
    bool ok = bind(cli, &spec, &sampler, err) && codes_model_init(&model, &run->experiment, &run->info, &needs, err);
    const Figure *figure = (const Figure *)spec.row;
    const UseContext use = {.model = &model, .dataset = &dataset, .needs = &needs};
    ok = ok && figure->check(&use, &spec, err);
    if (ok && !run_has_weights(run))
        ok = err_failed(err, (Loc){0}, "%s has no weights of this configuration; %s makes them", run->path,
                        cli_call(cli, run, "run"));
    ok = ok && load_data(cli, run, &model, &sampler, &dataset, err);
    if (ok) {
        model_allocate_values(&model);
        if (cli->has_sample_seed) run->experiment.seed = cli->sample_seed;
        ok = weights_read(run->folder, run->path, &model.params, err) &&
             figure->draw(&(FigureContext){.use = &use, .spec = &spec}, &canvas, err) &&
             canvas_write(&canvas, path, err);
    }
    canvas_release(&canvas);
    dataset_release(&dataset);
    needs_release(&needs);
    model_release(&model);
    return ok;
}

static bool is_picture(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".png") == 0;
}

/* The picture's name out of the call's words; the rest of them is for runs. */
static bool take_path(Cli *cli, const char **path, Err *err)
{
    const size_t n = cli->target_count;
    if (n == 0 || (n == 1 && is_picture(cli->targets[0])))
        return err_config(err, (Loc){0}, "sample: wants a run, e.g. `mayvae sample vae/dim8/seed1 new.png`");
    if (n == 1) return true;
    if (n > 2 && is_picture(cli->targets[n - 2]))
        return err_config(err, (Loc){0}, "sample: wants one picture, got \"%s\" and \"%s\"", cli->targets[n - 2],
                          cli->targets[n - 1]);
    *path = cli->targets[--cli->target_count];
    return is_picture(*path) || err_config(err, (Loc){0}, "sample: the picture's name ends in .png, got \"%s\"", *path);
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    const char *path = "samples.png";
    bool ok = take_path(cli, &path, err) && cli_runs(cli, &list, err);
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
    .help = "They are drawn as --sampler says, or in the model's own way (the prior of a\n"
            "VAE), by the seed given with --sample-seed or the run's own. Without a file:\n"
            "samples.png.",
    .options = CLI_TARGET_OPTIONS " threads sample-seed sampler",
    .run = run,
};
