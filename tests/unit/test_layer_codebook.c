/* A codebook that moves by averages, step by step against sums in double; codes that begin anew. */
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
#include "nn/op/attributes.h"
#include "tests/support/net.h"

enum { N = 37, CELLS = 3, DIM = 2, CODES = 6, POINTS = N * CELLS, STEPS = 8 };

#define CODEBOOK "test.vector_quantize.codebook"
#define KEPT "test.vector_quantize.kept"
#define UNUSED "test.vector_quantize.unused"

typedef struct Rig {
    Net net;
    Params params;
    Exec exec;
    Value value;
    int points, root[2]; /* the output, and the loss of the codebook or the commitment */
} Rig;

static void rig_begin(Rig *rig, const char *layer)
{
    Err err = {0};
    *rig = (Rig){0};
    net_begin(&rig->net, "unused", (Shape){2, {N, 1}});
    rig->points = graph_input(&rig->net.graph, "points", (Shape){3, {N, CELLS, DIM}}, (Loc){0});
    if (!net_layer(&rig->net, layer, rig->points, &rig->value, &err)) fail_msg("%s", err.text);
    rig->root[0] = rig->value.node;
    rig->root[1] = value_part(&rig->value, "codebook_loss");
    if (rig->root[1] < 0) rig->root[1] = value_part(&rig->value, "commitment_loss");
    params_add_graph(&rig->params, &rig->net.graph);
    params_allocate(&rig->params, 0);
    params_initialise(&rig->params, 1);
    exec_init(&rig->exec, &rig->net.graph, &rig->params, true, rig->root, 2);
}

static void rig_end(Rig *rig)
{
    exec_release(&rig->exec);
    params_release(&rig->params);
    net_end(&rig->net);
}

static real *param(const Rig *rig, const char *name)
{
    return rig->params.value + rig->params.items[params_find(&rig->params, name)].offset;
}

/* The points of a step, which drift; codes 4 and 5 lie where no point ever comes. */
static void feed(const Rig *rig, uint64_t step)
{
    real *x = exec_value(&rig->exec, rig->points);
    rng_normal(rng_stream(3, "points"), step, 0, POINTS * DIM, x);
    for (size_t i = 0; i < POINTS * DIM; i++) x[i] += (real)0.1 * (real)step;
}

static void place_codes(const Rig *rig)
{
    real *e = param(rig, CODEBOOK);
    rng_normal(rng_stream(4, "codes"), 0, 0, CODES * DIM, e);
    for (size_t d = 0; d < 2 * DIM; d++) e[4 * DIM + d] = 100;
}

typedef struct Reference {
    double e[CODES][DIM], count[CODES], mean[CODES][DIM];
} Reference;

static size_t nearest(const Reference *r, const real *x)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t k = 0; k < CODES; k++) {
        double sum = 0;
        for (size_t d = 0; d < DIM; d++) sum += pow((double)x[d] - r->e[k][d], 2);
        if (sum < least) least = sum, best = k;
    }
    return best;
}

static void reference_step(Reference *r, const real *x, double decay)
{
    double count[CODES] = {0}, sum[CODES][DIM] = {{0}};
    for (size_t p = 0; p < POINTS; p++) {
        const size_t k = nearest(r, x + p * DIM);
        count[k]++;
        for (size_t d = 0; d < DIM; d++) sum[k][d] += (double)x[p * DIM + d];
    }
    for (size_t k = 0; k < CODES; k++) {
        r->count[k] = decay * r->count[k] + (1 - decay) * count[k];
        for (size_t d = 0; d < DIM; d++) {
            r->mean[k][d] = decay * r->mean[k][d] + (1 - decay) * sum[k][d];
            if (r->count[k] > 0) r->e[k][d] = r->mean[k][d] / r->count[k];
        }
    }
}

static void near(double got, double wanted, const char *what, size_t step)
{
    if (!(fabs(got - wanted) <= 1e-5 * (1 + fabs(wanted))))
        fail_msg("%s, step %zu: %.9g, not %.9g", what, step, got, wanted);
}

/* Each step shows what the codebook was before it, and leaves it where the reference does. */
static void it_follows_the_means(void **state)
{
    (void)state;
    Rig rig;
    Reference r = {0};
    rig_begin(&rig, "vector_quantize: {codes: 6, update: moving_average, decay: 0.75}");
    place_codes(&rig);
    const real *e = param(&rig, CODEBOOK), *kept = param(&rig, KEPT);
    for (size_t i = 0; i < CODES * DIM; i++) r.e[i / DIM][i % DIM] = (double)e[i];
    for (size_t step = 0; step < STEPS; step++) {
        feed(&rig, step);
        real x[POINTS * DIM];
        memcpy(x, exec_value(&rig.exec, rig.points), sizeof x);
        exec_forward(&rig.exec, 1, step);
        const real *y = exec_value(&rig.exec, rig.root[0]), *loss = exec_value(&rig.exec, rig.root[1]);
        double sum = 0;
        for (size_t p = 0; p < POINTS; p++) {
            const size_t k = nearest(&r, x + p * DIM);
            for (size_t d = 0; d < DIM; d++) {
                near((double)y[p * DIM + d], r.e[k][d], "output", step);
                if (p < CELLS) sum += 0.25 * pow((double)x[p * DIM + d] - r.e[k][d], 2);
            }
        }
        near((double)loss[0], sum, "commitment", step);
        reference_step(&r, x, 0.75);
        for (size_t i = 0; i < CODES * DIM; i++) near((double)e[i], r.e[i / DIM][i % DIM], "code", step);
        for (size_t k = 0; k < CODES; k++) near((double)kept[k * (DIM + 2)], r.count[k], "count", step);
    }
    assert_true(kept[4 * (DIM + 2) + 1] == STEPS && kept[5 * (DIM + 2) + 1] == STEPS);
    assert_true(e[4 * DIM] == 100 && e[5 * DIM + 1] == 100);
    rig_end(&rig);
}

static bool is_point(const real *x, const real *code)
{
    for (size_t p = 0; p < POINTS; p++)
        if (memcmp(x + p * DIM, code, DIM * sizeof *x) == 0) return true;
    return false;
}

/* After three steps without use, codes 4 and 5 become vectors of that step's batch, and count as one of them. */
static void dead_codes_begin_anew(void **state)
{
    (void)state;
    Rig rig;
    rig_begin(&rig, "vector_quantize: {codes: 6, update: moving_average, restart: 3}");
    place_codes(&rig);
    const real *e = param(&rig, CODEBOOK), *kept = param(&rig, KEPT);
    for (size_t step = 0; step < 3; step++) {
        assert_true(e[4 * DIM] == 100 && e[5 * DIM] == 100);
        feed(&rig, step);
        exec_forward(&rig.exec, 1, step);
    }
    for (size_t k = 4; k < CODES; k++) {
        const real *mine = kept + k * (DIM + 2);
        assert_true(is_point(exec_value(&rig.exec, rig.points), e + k * DIM));
        assert_true(mine[0] == 1 && mine[1] == 0);
        assert_memory_equal(mine + 2, e + k * DIM, DIM * sizeof *e);
    }
    assert_memory_not_equal(e + 4 * DIM, e + 5 * DIM, DIM * sizeof *e);
    rig_end(&rig);
}

/* The codebook's gradient after three steps. */
static void gradient_of(const char *layer, real gradient[CODES * DIM])
{
    Rig rig;
    rig_begin(&rig, layer);
    place_codes(&rig);
    for (size_t step = 0; step < 3; step++) {
        feed(&rig, step);
        exec_forward(&rig.exec, 1, step);
    }
    exec_backward(&rig.exec, 1, 2, &rig.root[1], (const double[]){1.0 / N}, 1);
    memcpy(gradient, rig.params.grad + rig.params.items[params_find(&rig.params, CODEBOOK)].offset,
           CODES * DIM * sizeof *gradient);
    rig_end(&rig);
}

/* A codebook that its gradient moves: in the third step without use, codes 4 and 5 become vectors of that step's
 * batch, nothing else changes, and the gradient is that of the codebook before. */
static void dead_codes_of_a_gradient_begin_anew(void **state)
{
    (void)state;
    Rig rig;
    rig_begin(&rig, "vector_quantize: {codes: 6, restart: 3}");
    place_codes(&rig);
    const real *e = param(&rig, CODEBOOK), *unused = param(&rig, UNUSED);
    real before[CODES * DIM];
    memcpy(before, e, sizeof before);
    for (size_t step = 0; step < 3; step++) {
        assert_memory_equal(before, e, sizeof before);
        assert_true(unused[4] == (real)step && unused[5] == (real)step);
        feed(&rig, step);
        exec_forward(&rig.exec, 1, step);
    }
    const size_t alive = 4 * DIM;
    assert_memory_equal(before, e, alive * sizeof *e);
    for (size_t k = 4; k < CODES; k++) {
        assert_true(is_point(exec_value(&rig.exec, rig.points), e + k * DIM));
        assert_true(unused[k] == 0);
    }
    assert_memory_not_equal(e + 4 * DIM, e + 5 * DIM, DIM * sizeof *e);
    rig_end(&rig);
    real got[CODES * DIM], wanted[CODES * DIM], none[2 * DIM] = {0};
    gradient_of("vector_quantize: {codes: 6, restart: 3}", got);
    gradient_of("vector_quantize: {codes: 6}", wanted);
    assert_memory_equal(got, wanted, sizeof got);
    assert_memory_not_equal(got, (const real[CODES * DIM]){0}, sizeof got);
    assert_memory_equal(got + alive, none, sizeof none);
}

/* The same bits at any number of threads, other vectors with another seed. */
static void check_bits(const char *layer)
{
    real wanted[CODES * DIM];
    for (size_t threads = 1; threads <= 4; threads++) {
        Rig rig;
        pool_start(threads);
        rig_begin(&rig, layer);
        place_codes(&rig);
        for (size_t step = 0; step < STEPS; step++) {
            feed(&rig, step);
            exec_forward(&rig.exec, threads < 4 ? 1 : 2, step);
        }
        if (threads == 1) memcpy(wanted, param(&rig, CODEBOOK), sizeof wanted);
        assert_int_equal(memcmp(wanted, param(&rig, CODEBOOK), sizeof wanted) == 0, threads < 4);
        rig_end(&rig);
        pool_stop();
    }
}

static void bits_depend_on_the_seed_alone(void **state)
{
    (void)state;
    check_bits("vector_quantize: {codes: 6, update: moving_average, restart: 2}");
    check_bits("vector_quantize: {codes: 6, restart: 2}");
}

static void check_evaluation(const char *layer, bool trained)
{
    Rig rig;
    rig_begin(&rig, layer);
    place_codes(&rig);
    real *before = mem_zeroed(rig.params.total, sizeof *before);
    memcpy(before, rig.params.value, rig.params.total * sizeof *before);
    exec_release(&rig.exec);
    exec_init(&rig.exec, &rig.net.graph, &rig.params, false, rig.root, 2);
    feed(&rig, 0);
    exec_forward(&rig.exec, 1, 0);
    assert_memory_equal(before, rig.params.value, rig.params.total * sizeof *before);
    assert_int_equal(rig.params.trainable_total > 0, trained);
    free(before);
    rig_end(&rig);
}

/* Evaluation moves nothing; nor is a codebook that moves by averages among what an optimizer moves. */
static void only_training_moves_it(void **state)
{
    (void)state;
    check_evaluation("vector_quantize: {codes: 6, update: moving_average, restart: 1}", false);
    check_evaluation("vector_quantize: {codes: 6, restart: 1}", true);
}

static void the_loss_of_the_codebook_is_refused(void **state)
{
    (void)state;
    Rig rig;
    Err err = {0};
    int node;
    rig_begin(&rig, "vector_quantize: {codes: 6, update: moving_average}");
    scope_add(&rig.net.scope, "codes", &rig.value);
    assert_true(net_loss(&rig.net, "commitment: {quantizer: codes}", &node, &err));
    assert_false(net_loss(&rig.net, "codebook: {quantizer: codes}", &node, &err));
    assert_string_equal(err.text, "codebook: the codebook of \"codes\" moves by averages; leave this term out");
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_means),
        cmocka_unit_test(dead_codes_begin_anew),
        cmocka_unit_test(dead_codes_of_a_gradient_begin_anew),
        cmocka_unit_test(bits_depend_on_the_seed_alone),
        cmocka_unit_test(only_training_moves_it),
        cmocka_unit_test(the_loss_of_the_codebook_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
