/* The priors of experiments/, as they are written there: what each output depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/config/resolve.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/model/model.h"

enum { SIDE = 7, CELLS = SIDE * SIDE, PAIRS = CELLS * (CELLS - 1) / 2 };

static const ExperimentTables tables = {.metrics = &metrics_table, .figures = &figures_table};

typedef struct Prior {
    Arena arena;
    Experiment experiment;
    Model model;
    Pass pass;
    size_t codes;
} Prior;

/* The last variant of a file, drawn from its seed, for images of CELLS codes. */
static void prior_make(Prior *prior, const char *path)
{
    ResolveOptions options = {.folder = "experiments"};
    VariantList list;
    Err err = {0};
    memset(prior, 0, sizeof *prior);
    if (!resolve_file(&prior->arena, path, &options, &list, &err)) fail_msg("%s", err.text);
    const Variant *variant = &list.items[list.n - 1];
    if (!experiment_bind(&prior->arena, variant, variant->seeds[0], &tables, &prior->experiment, &err))
        fail_msg("%s", err.text);
    const DatasetInfo info = {.name = "made_up",
                              .height = 28,
                              .width = 28,
                              .channels = 1,
                              .classes = 10,
                              .code_height = SIDE,
                              .code_width = SIDE,
                              .codes = 128};
    if (!model_init(&prior->model, &prior->experiment, &info, &err)) fail_msg("%s", err.text);
    model_allocate(&prior->model, 0);
    pass_init(&prior->pass, &prior->model, &(PassSpec){.batch = 1, .output = {"prior"}});
    Shape shape;
    assert_true(model_shape(&prior->model, "prior", &shape));
    prior->codes = shape.dim[2];
}

static void prior_release(Prior *prior)
{
    pass_release(&prior->pass);
    model_release(&prior->model);
    arena_release(&prior->arena);
}

static const real *run(Prior *prior, const real *code)
{
    memcpy(exec_value(&prior->pass.exec, prior->pass.wiring.code), code, CELLS * sizeof *code);
    exec_forward(&prior->pass.exec, 1, 0);
    return exec_value(&prior->pass.exec, prior->pass.output[0]);
}

/* How many pairs of cells there are whose second output changes in a bit when the first code becomes another; a cell
 * that changes its own output or an earlier one fails. */
static size_t pairs_seen(const char *path)
{
    Prior prior;
    real code[CELLS];
    size_t seen = 0;
    prior_make(&prior, path);
    const size_t width = prior.codes;
    real *before = mem_zeroed(CELLS * width, sizeof *before);
    for (size_t i = 0; i < CELLS; i++) code[i] = (real)(i * 5 % width);
    memcpy(before, run(&prior, code), CELLS * width * sizeof *before);
    for (size_t j = 0; j < CELLS; j++) {
        const real own = code[j];
        code[j] = (real)(((size_t)own + width / 2) % width);
        const real *after = run(&prior, code);
        code[j] = own;
        for (size_t i = 0; i < CELLS; i++) {
            if (memcmp(before + i * width, after + i * width, width * sizeof *after) == 0) continue;
            if (i <= j) fail_msg("%s: the output of cell %zu depends on cell %zu", path, i, j);
            seen++;
        }
    }
    free(before);
    prior_release(&prior);
    return seen;
}

/* The figure that its file and the report state. */
static void the_examples_prior_misses_a_ninth(void **state)
{
    (void)state;
    assert_int_equal(PAIRS - pairs_seen("experiments/pixelcnn.yaml"), 136);
}

static void the_full_prior_sees_all_that_is_earlier(void **state)
{
    (void)state;
    assert_int_equal(pairs_seen("experiments/pixelcnn_full.yaml"), PAIRS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_prior_misses_a_ninth),
        cmocka_unit_test(the_full_prior_sees_all_that_is_earlier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
