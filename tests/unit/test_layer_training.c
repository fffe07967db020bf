/* Layers that are not the same in training and in evaluation, and what flows through them: running statistics, masks,
 * codes; and three training steps of a small residual network against a scalar reference. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/exec/exec.h"
#include "tests/support/net.h"

/* A layer behind an input "in" of a shape, with its parameters drawn. */
typedef struct Trial {
    Net net;
    Value out;
    Params params;
    Exec exec;
} Trial;

static void begin(Trial *t, const char *layer, Shape in)
{
    Err err = {0};
    *t = (Trial){0};
    net_begin(&t->net, "in", in);
    if (!net_layer(&t->net, layer, 0, &t->out, &err)) fail_msg("%s", err.text);
    params_add_graph(&t->params, &t->net.graph);
    params_allocate(&t->params, 0);
    params_initialise(&t->params, 3);
}

static void prepare(Trial *t, bool training, const int *roots, size_t n)
{
    exec_release(&t->exec);
    exec_init(&t->exec, &t->net.graph, &t->params, training, roots, n);
}

static void end(Trial *t)
{
    exec_release(&t->exec);
    params_release(&t->params);
    net_end(&t->net);
}

static real *numbers_of(const Trial *t, const char *name, real *block)
{
    const int at = params_find(&t->params, name);
    assert_true(at >= 0);
    return block + t->params.items[at].offset;
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-5 * (1 + fabs(wanted)))) fail_msg("%.9g, not %.9g", got, wanted);
}

/* Batch (1, 2, 6), then (3, 3, 3): means 3 and 3, variances 14/3 and 0, of which the unbiased ones are 7 and 0. */
static void test_running_statistics(void **state)
{
    (void)state;
    Trial t;
    const real first[3] = {1, 2, 6};
    begin(&t, "batch_norm: {momentum: 0.5, epsilon: 0.25}", (Shape){2, {3, 1}});
    real *mean = numbers_of(&t, "test.batch_norm.running_mean", t.params.value);
    real *variance = numbers_of(&t, "test.batch_norm.running_variance", t.params.value);
    assert_true(mean[0] == 0 && variance[0] == 1);
    prepare(&t, true, &t.out.node, 1);
    memcpy(exec_value(&t.exec, 0), first, sizeof first);
    exec_forward(&t.exec, 1, 0);
    near((double)exec_value(&t.exec, t.out.node)[2], 3 / sqrt(14.0 / 3 + 0.25));
    near((double)mean[0], 1.5);
    near((double)variance[0], 4);
    for (size_t i = 0; i < 3; i++) exec_value(&t.exec, 0)[i] = 3;
    exec_forward(&t.exec, 1, 1);
    near((double)exec_value(&t.exec, t.out.node)[1], 0);
    near((double)mean[0], 2.25);
    near((double)variance[0], 2);
    prepare(&t, false, &t.out.node, 1);
    memcpy(exec_value(&t.exec, 0), first, sizeof first);
    exec_forward(&t.exec, 1, 2);
    near((double)exec_value(&t.exec, t.out.node)[2], (6 - 2.25) / 1.5);
    assert_true(mean[0] == (real)2.25 && variance[0] == 2);
    end(&t);
}

/* 100 x 100 elements at rate 0.3: the share kept is within 5 standard errors, kept ones are divided by 0.7; a step has
 * a mask of its own, which backward has too; evaluation hands everything on. */
static void test_dropout(void **state)
{
    (void)state;
    enum { N = 10000 };
    Trial t;
    real mask[2][N];
    begin(&t, "dropout: 0.3", (Shape){2, {100, 100}});
    prepare(&t, true, &t.out.node, 1);
    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < N; i++) exec_value(&t.exec, 0)[i] = 7;
        exec_forward(&t.exec, 1, (uint64_t)step);
        size_t kept = 0;
        for (size_t i = 0; i < N; i++) {
            mask[step][i] = exec_value(&t.exec, t.out.node)[i];
            assert_true(mask[step][i] == 0 || fabs((double)mask[step][i] - 10) < 1e-5);
            kept += mask[step][i] != 0;
        }
        assert_true(fabs((double)kept / N - 0.7) < 5 * sqrt(0.21 / N));
    }
    assert_true(memcmp(mask[0], mask[1], sizeof mask[0]) != 0);
    assert_true(memcmp(mask[0], mask[0] + 100, 100 * sizeof(real)) != 0);
    prepare(&t, false, &t.out.node, 1);
    for (size_t i = 0; i < N; i++) exec_value(&t.exec, 0)[i] = (real)i;
    exec_forward(&t.exec, 1, 0);
    for (size_t i = 0; i < N; i++) assert_true(exec_value(&t.exec, t.out.node)[i] == (real)i);
    end(&t);
}

/* conv2d, then the quantizer; the three things that pull: the output, the codebook's loss and the commitment's. */
static void test_each_loss_moves_its_own(void **state)
{
    (void)state;
    static const char *const layer =
        "repeat: {times: 1, body: [conv2d: {filters: 3, kernel: 3}, vector_quantize: {codes: 5, commitment: 0.5}]}";
    Trial t;
    begin(&t, layer, (Shape){4, {4, 3, 3, 2}});
    const int root[] = {t.out.node, value_part(&t.out, "codebook_loss"), value_part(&t.out, "commitment_loss"),
                        value_part(&t.out, "codes")};
    prepare(&t, true, root, 4);
    const real *codebook = numbers_of(&t, "test.repeat.1.vector_quantize.codebook", t.params.value);
    const real *book = numbers_of(&t, "test.repeat.1.vector_quantize.codebook", t.params.grad);
    const real *bias = numbers_of(&t, "test.repeat.1.conv2d.bias", t.params.grad);
    rng_normal(rng_stream(1, "in"), 0, 0, 4 * 18, exec_value(&t.exec, 0));
    exec_forward(&t.exec, 1, 0);
    const real *out = exec_value(&t.exec, root[0]), *codes = exec_value(&t.exec, root[3]);
    for (size_t i = 0; i < 4 * 27; i++) assert_true(out[i] == codebook[(size_t)codes[i / 3] * 3 + i % 3]);
    for (size_t i = 0; i < 4; i++)
        near((double)exec_value(&t.exec, root[2])[i], 0.5 * (double)exec_value(&t.exec, root[1])[i]);
    for (size_t i = 0; i < 15; i++) assert_true(fabs((double)codebook[i]) <= 0.2);
    for (int r = 0; r < 4; r++) {
        double moved_book = 0, moved_bias = 0;
        exec_backward(&t.exec, 1, 0, &root[r], &(double){1}, 1);
        for (size_t i = 0; i < 15; i++) moved_book += fabs((double)book[i]);
        for (size_t i = 0; i < 3; i++) moved_bias += fabs((double)bias[i]);
        assert_true((moved_book > 0) == (r == 1));
        assert_true((moved_bias > 0) == (r == 0 || r == 2));
        if (r == 0) assert_true(bias[0] == 36 && bias[2] == 36); /* straight through: one for each position */
    }
    end(&t);
}

/* The scalar reference, in double: parameters in one array, and the loss as a function of them. conv 3x3 to A channels,
 * batch norm, relu, max_pool 2 with stride 1, residual (conv 3x3 to B channels and batch norm beside conv 1x1 and batch
 * norm), relu, mean over the image, dense, cross-entropy. */
enum { N = 5, SIDE = 4, POOLED = 3, A = 2, B = 3, CLASSES = 3 };
enum { AT_CONV, AT_NORM = 9 * A, AT_BODY = AT_NORM + 2 * A, AT_BODY_NORM = AT_BODY + 9 * A * B };
enum { AT_SHORT = AT_BODY_NORM + 2 * B, AT_SHORT_NORM = AT_SHORT + A * B, AT_DENSE = AT_SHORT_NORM + 2 * B };
enum { COUNT = AT_DENSE + B * CLASSES + CLASSES };

static const struct {
    const char *name;
    size_t at, n;
} places[] = {
    {"net.conv2d.weight", AT_CONV, 9 * A},
    {"net.batch_norm.scale", AT_NORM, A},
    {"net.batch_norm.shift", AT_NORM + A, A},
    {"net.residual.body.conv2d.weight", AT_BODY, 9 * A *B},
    {"net.residual.body.batch_norm.scale", AT_BODY_NORM, B},
    {"net.residual.body.batch_norm.shift", AT_BODY_NORM + B, B},
    {"net.residual.shortcut.conv2d.weight", AT_SHORT, A *B},
    {"net.residual.shortcut.batch_norm.scale", AT_SHORT_NORM, B},
    {"net.residual.shortcut.batch_norm.shift", AT_SHORT_NORM + B, B},
    {"net.dense.weight", AT_DENSE, B *CLASSES},
    {"net.dense.bias", AT_DENSE + B *CLASSES, CLASSES},
};
enum { PLACES = sizeof places / sizeof places[0] };

/* y (N,side,side,to) of x (N,side,side,from): kernel k, padding same, stride 1, no bias. */
static void ref_conv(size_t side, size_t from, size_t to, size_t k, const double *x, const double *w, double *y)
{
    const size_t begin = (k - 1) / 2;
    for (size_t o = 0; o < N * side * side * to; o++) {
        const size_t f = o % to, column = o / to % side, row = o / to / side % side, image = o / to / side / side;
        y[o] = 0;
        for (size_t t = 0; t < k * k * from; t++) {
            const size_t r = row + t / from / k, c = column + t / from % k;
            if (r < begin || r - begin >= side || c < begin || c - begin >= side) continue;
            y[o] += x[((image * side + r - begin) * side + c - begin) * from + t % from] * w[t * to + f];
        }
    }
}

static void ref_norm(size_t rows, size_t channels, const double *parameters, double *x)
{
    for (size_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (size_t r = 0; r < rows; r++) mean += x[r * channels + c] / (double)rows;
        for (size_t r = 0; r < rows; r++) variance += pow(x[r * channels + c] - mean, 2) / (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double *at = &x[r * channels + c];
            *at = parameters[c] * (*at - mean) / sqrt(variance + 1e-5) + parameters[channels + c];
        }
    }
}

static void ref_pool(const double *x, double *y)
{
    for (size_t o = 0; o < N * POOLED * POOLED * A; o++) {
        const size_t c = o % A, column = o / A % POOLED, row = o / A / POOLED % POOLED, image = o / A / POOLED / POOLED;
        y[o] = -INFINITY;
        for (size_t t = 0; t < 4; t++)
            y[o] = fmax(y[o], x[((image * SIDE + row + t / 2) * SIDE + column + t % 2) * A + c]);
    }
}

/* The mean cross-entropy of the head behind x (N,POOLED,POOLED,B). */
static double ref_head(const double *parameters, const double *x)
{
    double loss = 0;
    for (size_t i = 0; i < N; i++) {
        double logit[CLASSES], sum = 0;
        for (size_t k = 0; k < CLASSES; k++) {
            logit[k] = parameters[B * CLASSES + k];
            for (size_t p = 0; p < POOLED * POOLED * B; p++)
                logit[k] +=
                    fmax(x[i * POOLED * POOLED * B + p], 0) / (POOLED * POOLED) * parameters[p % B * CLASSES + k];
            sum += exp(logit[k]);
        }
        loss += (log(sum) - logit[i % CLASSES]) / N;
    }
    return loss;
}

static double ref_loss(const double *p, const double *images)
{
    double a[N * SIDE * SIDE * A], pooled[N * POOLED * POOLED * A], b[N * POOLED * POOLED * B],
        s[N * POOLED * POOLED * B];
    const size_t rows = N * POOLED * POOLED;
    ref_conv(SIDE, 1, A, 3, images, p + AT_CONV, a);
    ref_norm(N * SIDE * SIDE, A, p + AT_NORM, a);
    for (size_t i = 0; i < N * SIDE * SIDE * A; i++) a[i] = fmax(a[i], 0);
    ref_pool(a, pooled);
    ref_conv(POOLED, A, B, 3, pooled, p + AT_BODY, b);
    ref_norm(rows, B, p + AT_BODY_NORM, b);
    ref_conv(POOLED, A, B, 1, pooled, p + AT_SHORT, s);
    ref_norm(rows, B, p + AT_SHORT_NORM, s);
    for (size_t i = 0; i < rows * B; i++) b[i] += s[i];
    return ref_head(p + AT_DENSE, b);
}

/* A step of gradient descent by central differences. */
static double ref_step(double *p, const double *images, double rate)
{
    double grad[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        const double at = p[i], h = 1e-6;
        p[i] = at + h;
        const double above = ref_loss(p, images);
        p[i] = at - h;
        grad[i] = (above - ref_loss(p, images)) / (2 * h);
        p[i] = at;
    }
    const double loss = ref_loss(p, images);
    for (size_t i = 0; i < COUNT; i++) p[i] -= rate * grad[i];
    return loss;
}

static double our_step(Params *params, Exec *exec, int loss, double rate, uint64_t step)
{
    double sum = 0;
    exec_forward(exec, 1, step);
    for (size_t i = 0; i < N; i++) sum += (double)exec_value(exec, loss)[i] / N;
    exec_backward(exec, 1, step, &loss, &(double){1.0 / N}, 1);
    for (size_t i = 0; i < params->trainable_total; i++) params->value[i] -= (real)rate * params->grad[i];
    return sum;
}

static void feed_images(const Net *net, const Exec *exec, double *images)
{
    real *to = exec_value(exec, graph_find_input(&net->graph, "image"));
    rng_normal(rng_stream(5, "images"), 0, 0, N * SIDE * SIDE, to);
    for (size_t i = 0; i < N * SIDE * SIDE; i++) images[i] = (double)to[i];
}

static void test_steps_of_a_residual_network(void **state)
{
    (void)state;
    static const char residual[] =
        "residual: {body: [conv2d: {filters: 3, kernel: 3, padding: 1, bias: false}, batch_norm], "
        "shortcut: [conv2d: {filters: 3, kernel: 1, padding: valid, bias: false}, batch_norm]}";
    static const NetSection section = {"net",
                                       "image",
                                       {"conv2d: {filters: 2, kernel: 3, padding: 1, bias: false}", "batch_norm",
                                        "relu", "max_pool: {kernel: 2, stride: 1}", residual, "relu",
                                        "global_average_pool", "dense: {units: 3}"}};
    Net net;
    Err err = {0};
    Params params = {0};
    Exec exec;
    int loss;
    double parameters[COUNT], images[N * SIDE * SIDE];
    net_begin(&net, "image", (Shape){4, {N, SIDE, SIDE, 1}});
    const Value label = {.node = graph_input(&net.graph, "label", (Shape){1, {N}}, (Loc){0})};
    scope_add(&net.scope, "label", &label);
    if (!net_sections(&net, &section, 1, &err)) fail_msg("%s", err.text);
    if (!net_loss(&net, "cross_entropy: {logits: net, target: label}", &loss, &err)) fail_msg("%s", err.text);
    params_add_graph(&params, &net.graph);
    params_allocate(&params, 0);
    params_initialise(&params, 8);
    exec_init(&exec, &net.graph, &params, true, &loss, 1);
    assert_int_equal(params_count(&params), COUNT);
    for (size_t i = 0; i < PLACES; i++) {
        const Param *param = &params.items[params_find(&params, places[i].name)];
        assert_int_equal(param->count, places[i].n);
        for (size_t k = 0; k < places[i].n; k++) parameters[places[i].at + k] = (double)params.value[param->offset + k];
    }
    double first = 0, last = 0;
    for (uint64_t step = 0; step < 3; step++) {
        feed_images(&net, &exec, images);
        for (size_t i = 0; i < N; i++) exec_value(&exec, label.node)[i] = (real)(i % CLASSES);
        last = our_step(&params, &exec, loss, 0.5, step);
        if (step == 0) first = last;
        near(last, ref_step(parameters, images, 0.5));
    }
    assert_true(last < 0.9 * first);
    exec_release(&exec);
    params_release(&params);
    net_end(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_each_loss_moves_its_own),
        cmocka_unit_test(test_steps_of_a_residual_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
