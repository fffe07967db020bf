/* What masks promise of a whole prior: no output depends on its own cell or a later one; with a first kernel of 7x7
 * some earlier cells are out of sight, with 13x13 on a 7x7 grid none is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/exec/exec.h"
#include "tests/support/net.h"

enum { SIDE = 7, CELLS = SIDE * SIDE, CODES = 6 };

#define BLOCK                                                                                                          \
    "residual: {body: [relu, masked_conv2d: {filters: 8, kernel: 1}, relu, masked_conv2d: {filters: 16, kernel: 3}, "  \
    "gate, conv2d: {filters: 8, kernel: 1}]}"

typedef struct Prior {
    Net net;
    Params params;
    Exec exec;
    int out;
} Prior;

static void prior_make(Prior *prior, const char *first)
{
    Err err = {0};
    memset(prior, 0, sizeof *prior);
    net_begin(&prior->net, "code", (Shape){3, {1, SIDE, SIDE}});
    const NetSection section = {"prior", "code", {first, BLOCK, BLOCK, "conv2d: {filters: 6, kernel: 1}"}};
    if (!net_sections(&prior->net, &section, 1, &err)) fail_msg("%s", err.text);
    prior->out = net_node(&prior->net, "prior");
    params_add_graph(&prior->params, &prior->net.graph);
    params_allocate(&prior->params, 0);
    params_initialise(&prior->params, 5);
    exec_init(&prior->exec, &prior->net.graph, &prior->params, false, &prior->out, 1);
}

static void prior_release(Prior *prior)
{
    exec_release(&prior->exec);
    params_release(&prior->params);
    net_end(&prior->net);
}

static void run(Prior *prior, const real *code, real *out)
{
    memcpy(exec_value(&prior->exec, 0), code, CELLS * sizeof *code);
    exec_forward(&prior->exec, 1, 0);
    memcpy(out, exec_value(&prior->exec, prior->out), CELLS * CODES * sizeof *out);
}

/* depends[i][j]: the output of cell i changes in a bit when the code of cell j becomes any other. */
static void dependences(const char *first, bool depends[CELLS][CELLS])
{
    Prior prior;
    real code[CELLS], before[CELLS * CODES], after[CELLS * CODES];
    prior_make(&prior, first);
    for (size_t i = 0; i < CELLS; i++) code[i] = (real)(i * 5 % CODES);
    run(&prior, code, before);
    memset(depends, 0, CELLS * sizeof *depends);
    for (size_t j = 0; j < CELLS; j++) {
        const real own = code[j];
        for (size_t k = 1; k < CODES; k++) {
            code[j] = (real)(((size_t)own + k) % CODES);
            run(&prior, code, after);
            for (size_t i = 0; i < CELLS; i++) {
                if (memcmp(before + i * CODES, after + i * CODES, CODES * sizeof *after) != 0) depends[i][j] = true;
            }
        }
        code[j] = own;
    }
    prior_release(&prior);
}

static size_t earlier_pairs(bool depends[CELLS][CELLS])
{
    size_t seen = 0;
    for (size_t i = 0; i < CELLS; i++) {
        for (size_t j = 0; j < CELLS; j++) {
            if (j >= i && depends[i][j]) fail_msg("the output of cell %zu depends on cell %zu", i, j);
            seen += depends[i][j];
        }
    }
    return seen;
}

static void nothing_later_is_seen(void **state)
{
    (void)state;
    static bool depends[CELLS][CELLS];
    dependences("code_conv2d: {codes: 6, filters: 8, kernel: 7}", depends);
    assert_int_equal(CELLS * (CELLS - 1) / 2 - earlier_pairs(depends), 136);
}

static void a_large_kernel_sees_all_that_is_earlier(void **state)
{
    (void)state;
    static bool depends[CELLS][CELLS];
    dependences("code_conv2d: {codes: 6, filters: 8, kernel: 13}", depends);
    assert_int_equal(earlier_pairs(depends), CELLS * (CELLS - 1) / 2);
}

/* The test can fail: mask B in the first layer shows each cell to itself. */
static void mask_b_shows_the_cell_itself(void **state)
{
    (void)state;
    static bool depends[CELLS][CELLS];
    dependences("code_conv2d: {codes: 6, filters: 8, kernel: 7, mask: B}", depends);
    for (size_t i = 0; i < CELLS; i++) assert_true(depends[i][i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_later_is_seen),
        cmocka_unit_test(a_large_kernel_sees_all_that_is_earlier),
        cmocka_unit_test(mask_b_shows_the_cell_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
