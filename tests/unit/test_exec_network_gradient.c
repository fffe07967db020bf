/* A whole small VAE: the gradient of its weighted loss against central differences (in the build whose real is double),
 * and that its bits depend on neither the number of threads nor on what ran before. */
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
#include "tests/support/net.h"

enum { BATCH = 3, SAMPLES = 12, LOSSES = 3 };

static const Shape image = {4, {BATCH, 7, 6, 2}};
static const double weights[LOSSES] = {0.7 / BATCH, 0.4 / BATCH, 1.3 / BATCH};

/* Smooth layers but for the leaky relu, whose inputs keep away from its kink by more than the step of the differences
 * with any seed that we tried; conv2d with an odd size, so that the padding is not symmetric. The second encoder has
 * layers that are others in evaluation; dropout draws the same mask in every pass, since the step is the same. */
static const NetSection encoders[] = {
    {"encoder",
     "image",
     {"conv2d: {filters: 4, kernel: 3, stride: 2}", "softplus", "conv2d: {filters: 3, kernel: [3, 2], bias: false}",
      "tanh", "flatten", "dense: {units: 8}", "leaky_relu: 0.2"}},
    {"encoder",
     "image",
     {"conv2d: {filters: 4, kernel: 3, stride: 2}",
      "residual: {body: [batch_norm, elu, conv2d: {filters: 4, kernel: 3}], shortcut: [softplus]}",
      "average_pool: {kernel: 2, stride: 1, padding: same}",
      "repeat: {times: 2, body: [conv2d: {filters: 3, kernel: 2}]}", "tanh", "flatten", "dropout: 0.2",
      "dense: {units: 8}"}},
};
enum { PLAIN, TRAINED, ENCODERS };

static const NetSection others[] = {
    {"latent", "encoder", {"gaussian_posterior: {dim: 3}"}},
    {"decoder",
     "latent",
     {"dense: {units: 16}", "tanh", "reshape: [2, 2, 4]", "conv2d_transpose: {filters: 3, kernel: 3, stride: 2}",
      "softplus", "conv2d_transpose: {filters: 2, kernel: [4, 3], padding: [0, 0]}"}},
    {"pixels", "decoder", {"sigmoid"}},
};

typedef struct Vae {
    Net net;
    Params params;
    Exec exec;
    int loss[LOSSES];
} Vae;

static void begin(Vae *vae, int encoder)
{
    *vae = (Vae){0};
    Err err = {0};
    const char *losses[LOSSES] = {"binary_cross_entropy: {logits: decoder, target: image}",
                                  "squared_error: {prediction: pixels, target: image}",
                                  "kl_divergence: {posterior: latent}"};
    net_begin(&vae->net, "image", image);
    if (!net_sections(&vae->net, &encoders[encoder], 1, &err)) fail_msg("%s", err.text);
    if (!net_sections(&vae->net, others, sizeof others / sizeof others[0], &err)) fail_msg("%s", err.text);
    for (int i = 0; i < LOSSES; i++) {
        if (!net_loss(&vae->net, losses[i], &vae->loss[i], &err)) fail_msg("%s", err.text);
    }
    params_add_graph(&vae->params, &vae->net.graph);
    params_allocate(&vae->params, 0);
    params_initialise(&vae->params, 11);
    exec_init(&vae->exec, &vae->net.graph, &vae->params, true, vae->loss, LOSSES);
}

static void end(Vae *vae)
{
    exec_release(&vae->exec);
    params_release(&vae->params);
    net_end(&vae->net);
}

static double objective(Vae *vae)
{
    double sum = 0;
    rng_uniform(rng_stream(2, "image"), 0, 0, shape_count(image), exec_value(&vae->exec, net_node(&vae->net, "image")));
    exec_forward(&vae->exec, 5, 3);
    for (int i = 0; i < LOSSES; i++) {
        for (size_t n = 0; n < BATCH; n++) sum += weights[i] * (double)exec_value(&vae->exec, vae->loss[i])[n];
    }
    return sum;
}

static void backward(Vae *vae)
{
    exec_backward(&vae->exec, 5, 3, vae->loss, weights, LOSSES);
}

#ifdef MAYVAE_DOUBLE
static void check_gradient(int encoder)
{
    Vae vae;
    begin(&vae, encoder);
    objective(&vae);
    backward(&vae);
    for (size_t i = 0; i < vae.params.n; i++) {
        const Param *param = &vae.params.items[i];
        for (size_t k = 0; k < SAMPLES; k++) {
            size_t at =
                param->offset + (k < param->count ? k * (param->count / (size_t)SAMPLES + 1) % param->count : 0);
            const double start = vae.params.value[at], h = 1e-5;
            vae.params.value[at] = start + h;
            double above = objective(&vae);
            vae.params.value[at] = start - h;
            double below = objective(&vae);
            vae.params.value[at] = start;
            double wanted = (above - below) / (2 * h), got = vae.params.grad[at];
            if (fabs(got - wanted) > 1e-7 * (1 + fabs(wanted)))
                fail_msg("%s[%zu]: %.12g, differences give %.12g", param->spec.name, at - param->offset, got, wanted);
        }
    }
    end(&vae);
}

static void test_gradient_against_differences(void **state)
{
    (void)state;
    for (int encoder = 0; encoder < ENCODERS; encoder++) check_gradient(encoder);
}
#endif

static void check_every_parameter_moves(int encoder)
{
    Vae vae;
    begin(&vae, encoder);
    objective(&vae);
    backward(&vae);
    for (size_t i = 0; i < vae.params.n; i++) {
        const Param *param = &vae.params.items[i];
        double sum = 0;
        if (!param->spec.trainable) continue;
        for (size_t k = 0; k < param->count; k++) sum += fabs((double)vae.params.grad[param->offset + k]);
        if (!(sum > 1e-8)) fail_msg("%s has no gradient", param->spec.name);
    }
    end(&vae);
}

static void test_every_parameter_moves(void **state)
{
    (void)state;
    for (int encoder = 0; encoder < ENCODERS; encoder++) check_every_parameter_moves(encoder);
}

static void check_the_same_bits(int encoder)
{
    Vae once, again;
    begin(&once, encoder);
    begin(&again, encoder);
    objective(&once);
    backward(&once);
    pool_start(3);
    for (int pass = 0; pass < 3; pass++) {
        assert_true(objective(&once) == objective(&again));
        backward(&again);
        assert_memory_equal(once.params.grad, again.params.grad, once.params.total * sizeof(real));
    }
    pool_stop();
    end(&once);
    end(&again);
}

static void test_the_same_bits_again_and_with_threads(void **state)
{
    (void)state;
    for (int encoder = 0; encoder < ENCODERS; encoder++) check_the_same_bits(encoder);
}

/* The plan of evaluation shares memory in another way; what it computes is the same. */
static void test_evaluation_agrees_with_training(void **state)
{
    (void)state;
    Vae vae;
    begin(&vae, PLAIN);
    double wanted = objective(&vae);
    size_t slab = vae.exec.plan.total;
    exec_release(&vae.exec);
    exec_init(&vae.exec, &vae.net.graph, &vae.params, false, vae.loss, LOSSES);
    assert_true(objective(&vae) == wanted);
    assert_true(vae.exec.plan.total < slab);
    end(&vae);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MAYVAE_DOUBLE
        cmocka_unit_test(test_gradient_against_differences),
#endif
        cmocka_unit_test(test_every_parameter_moves),
        cmocka_unit_test(test_the_same_bits_again_and_with_threads),
        cmocka_unit_test(test_evaluation_agrees_with_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
