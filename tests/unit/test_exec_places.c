/* A prior run place by place against the whole pass: the same bits, in any batch; and what can't run so. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/exec/exec.h"
#include "nn/exec/places.h"
#include "tests/support/net.h"

enum { N = 19, HEIGHT = 5, WIDTH = 7, CELLS = HEIGHT * WIDTH, CODES = 11 };

static const NetSection prior = {
    "prior",
    "code",
    {"code_conv2d: {codes: 11, filters: 24, kernel: 13}",
     "repeat: {times: 2, body: [residual: {body: [leaky_relu, masked_conv2d: {filters: 34, kernel: [3, 5]}, gate, "
     "dropout: 0.3, conv2d: {filters: 24, kernel: 1}]}]}",
     "batch_norm", "elu", "masked_conv2d: {filters: 8, kernel: 3, mask: A, bias: false}", "tanh", "softplus", "sigmoid",
     "relu", "masked_conv2d: {filters: 11, kernel: 1}"}};

static void build(Net *net, size_t n, size_t height, size_t width)
{
    Err err = {0};
    net_begin(net, "code", (Shape){3, {n, height, width}});
    if (!net_sections(net, &prior, 1, &err)) fail_msg("%s", err.text);
}

static void draw_codes(real *code, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rng_uniform(rng_stream(3, "code"), 0, (uint32_t)i, CELLS, code + i * CELLS);
        for (size_t c = 0; c < CELLS; c++) code[i * CELLS + c] = (real)(int)(code[i * CELLS + c] * CODES);
    }
}

/* out (n, CELLS, CODES) from one pass over the whole grid. */
static void whole_pass(Params *params, size_t n, const real *code, real *out)
{
    Net net;
    Exec exec;
    build(&net, n, HEIGHT, WIDTH);
    const int root = net_node(&net, "prior");
    if (!params->allocated) {
        params_add_graph(params, &net.graph);
        params_allocate(params, 0);
        params_initialise(params, 5);
    }
    exec_init(&exec, &net.graph, params, false, &root, 1);
    memcpy(exec_value(&exec, net_node(&net, "code")), code, n * CELLS * sizeof *code);
    exec_forward(&exec, 1, 0);
    memcpy(out, exec_value(&exec, root), n * CELLS * CODES * sizeof *out);
    exec_release(&exec);
    net_end(&net);
}

/* The same, place by place; what comes later holds nonsense until its turn. */
static void by_places(Params *params, size_t n, const real *code, real *out)
{
    Net net;
    Places places;
    Err err = {0};
    build(&net, n, 1, 1);
    const int root = net_node(&net, "prior"), input = net_node(&net, "code");
    if (!places_init(&places, &net.graph, params, HEIGHT, WIDTH, root, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < n * CELLS; i++) places_value(&places, input, 0)[i] = NAN;
    for (size_t place = 0; place < CELLS; place++) {
        places_forward(&places, place);
        for (size_t i = 0; i < n; i++) {
            memcpy(out + (i * CELLS + place) * CODES, places_value(&places, root, place) + i * CODES,
                   CODES * sizeof *out);
            places_value(&places, input, place)[i] = code[i * CELLS + place];
        }
    }
    places_release(&places);
    net_end(&net);
}

static void places_give_the_bits_of_the_whole_pass(void **state)
{
    (void)state;
    static real code[N * CELLS], whole[N * CELLS * CODES], placed[N * CELLS * CODES], few[3 * CELLS * CODES];
    Params params = {0};
    draw_codes(code, N);
    pool_start(3);
    whole_pass(&params, N, code, whole);
    by_places(&params, N, code, placed);
    assert_memory_equal(placed, whole, sizeof whole);
    by_places(&params, 3, code, few);
    assert_memory_equal(few, whole, sizeof few);
    pool_stop();
    params_release(&params);
}

static const struct {
    const char *layer, *message;
} refused[] = {
    {"conv2d: {filters: 2, kernel: 3}", "conv2d \"prior.conv2d\": can't be sampled place by place"},
    {"masked_conv2d: {filters: 2, kernel: 3, mask: none}", "\"prior.masked_conv2d\": can't be sampled"},
    {"conv2d: {filters: 2, kernel: 1, padding: 1}", "\"prior.conv2d\": can't be sampled"},
    {"flatten", "reshape \"prior.flatten\": can't be sampled"},
    {"max_pool: {kernel: 1}", "\"prior.max_pool\": can't be sampled"},
};

static void what_sees_later_places_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        Net net;
        Params params = {0};
        Places places;
        Err err = {0};
        const NetSection section = {
            "prior", "code", {"code_conv2d: {codes: 3, filters: 2, kernel: 3}", refused[i].layer}};
        net_begin(&net, "code", (Shape){3, {2, 1, 1}});
        assert_true(net_sections(&net, &section, 1, &err));
        params_add_graph(&params, &net.graph);
        params_allocate(&params, 0);
        assert_false(places_init(&places, &net.graph, &params, 4, 4, net_node(&net, "prior"), &err));
        if (!strstr(err.text, refused[i].message)) fail_msg("%s: %s", refused[i].layer, err.text);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_true(err.loc.line > 0);
        places_release(&places);
        params_release(&params);
        net_end(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_give_the_bits_of_the_whole_pass),
        cmocka_unit_test(what_sees_later_places_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
