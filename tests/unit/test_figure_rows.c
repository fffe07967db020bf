/* Every figure by its row: drawn, not empty, the same pixels twice; and what can't be drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/figure/figure.h"
#include "tests/support/tiny.h"

static Tiny tiny;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

static const char *const columns[] = {"epoch", "learning_rate", "objective_train", "kl_weight", "objective_test"};
static const double values[] = {1, 0.01, 20, 2, 21, 2, 0.01, 18, 2, 19.5, 3, 0.01, 17, 2, 19};
static const HistoryView history = {.columns = 5, .rows = 3, .column = columns, .values = values};

static void draw_with(Tiny *t, const HistoryView *view, const char *yaml, Canvas *canvas)
{
    Err err = {0};
    const Spec spec = tiny_spec(t, &figures_table, yaml);
    const Figure *figure = (const Figure *)spec.row;
    const UseContext use = {.model = &t->model, .dataset = &t->dataset};
    const FigureContext context = {&use, view, &spec};
    *canvas = (Canvas){0};
    if (figure->check && !figure->check(&use, &spec, &err)) fail_msg("%s: %s", yaml, err.text);
    if (!figure->draw(&context, canvas, &err)) fail_msg("%s: %s", yaml, err.text);
}

static size_t colours_but_paper(const Canvas *canvas)
{
    size_t n = 0;
    for (size_t i = 0; i < canvas->width * canvas->height; i++) n += memcmp(canvas->rgb + i * 3, &color_paper, 3) != 0;
    return n;
}

static void expect_same(const Canvas *a, const Canvas *b, bool same)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(memcmp(a->rgb, b->rgb, a->width * a->height * 3) == 0, same);
}

/* Figures of codes are drawn from a model that has a grid of them. */
#define QUANTIZED                                                                                                      \
    TINY_WITH("network.latent=~", "loss.kl=~", "loss.codebook={codebook: codes}",                                      \
              "network.encoder.layers=[conv2d: {filters: 2, kernel: 3, stride: 2}]",                                   \
              "network.codes={input: encoder, layers: [vector_quantize: 5]}",                                          \
              "network.decoder={input: codes, layers: [flatten, dense: {units: 20}, reshape: [4, 5, 1]]}")

static Tiny *model_for(const Row *row, Tiny *quantized)
{
    return strncmp(row->name, "code", 4) == 0 ? quantized : &tiny;
}

static void every_row_is_described_and_draws(void **state)
{
    (void)state;
    Tiny quantized;
    tiny_make(&quantized, QUANTIZED);
    assert_true(figures_table.n > 0);
    for (size_t i = 0; i < figures_table.n; i++) {
        const Row *row = figures_table.rows[i];
        char yaml[512];
        Canvas canvas, again;
        if (!row->doc || !row->doc[0]) fail_msg("%s has no doc", row->name);
        for (const Field *field = row->fields; field && field->key; field++)
            if (!field->help || !field->help[0]) fail_msg("%s: %s has no help", row->name, field->key);
        if (row->fields && !row->example) fail_msg("%s has no example", row->name);
        snprintf(yaml, sizeof yaml, "%s: %s", row->name, row->example ? row->example : "{}");
        draw_with(model_for(row, &quantized), &history, yaml, &canvas);
        if (colours_but_paper(&canvas) < 100) fail_msg("%s is empty", row->name);
        draw_with(model_for(row, &quantized), &history, yaml, &again);
        expect_same(&canvas, &again, true);
        canvas_release(&canvas);
        canvas_release(&again);
    }
    tiny_release(&quantized);
}

static void expect_size(const char *yaml, size_t width, size_t height)
{
    Canvas canvas;
    draw_with(&tiny, &history, yaml, &canvas);
    if (canvas.width != width || canvas.height != height)
        fail_msg("%s: %zu x %zu, not %zu x %zu", yaml, canvas.width, canvas.height, width, height);
    canvas_release(&canvas);
}

/* Images of 4 x 5 pixels, twice as large, 2 apart; the manifold as large as they are, without a gap. */
static void grids_have_their_cells(void **state)
{
    (void)state;
    expect_size("samples: {rows: 3, cols: 7}", 2 + 7 * 12, 2 + 3 * 10);
    expect_size("reconstructions: {pairs: 3}", 124 + 2 + 3 * 12, 2 + 2 * 10);
    expect_size("reconstructions: {pairs: 9, split: train}", 124 + 2 + 8 * 12, 2 + 4 * 10);
    expect_size("latent_manifold: {size: 5}", 25, 20);
    expect_size("latent_traversal: {steps: 7}", 124 + 2 + 7 * 12, 26 + 2 + 2 * 10);
    expect_size("latent_traversal: {steps: 4, dims: 1}", 124 + 2 + 4 * 12, 26 + 2 + 10);
}

/* The upper row of a pair holds the images themselves. */
static void reconstructions_stand_under_their_images(void **state)
{
    (void)state;
    Canvas canvas;
    draw_with(&tiny, &history, "reconstructions: {pairs: 2}", &canvas);
    for (size_t image = 0; image < 2; image++) {
        const size_t x = 124 + 2 + image * 12, y = 2;
        for (size_t p = 0; p < TINY_PIXELS; p++) {
            const size_t at = (y + p / TINY_WIDTH * 2) * canvas.width + x + p % TINY_WIDTH * 2;
            assert_int_equal(canvas.rgb[at * 3], tiny_pixel(true, image, p));
        }
    }
    canvas_release(&canvas);
}

/* Which images they are stands beside them: the label differs by split, not the images alone. */
static void the_label_names_the_split(void **state)
{
    (void)state;
    Canvas test, train;
    draw_with(&tiny, &history, "reconstructions: {pairs: 2}", &test);
    draw_with(&tiny, &history, "reconstructions: {pairs: 2, split: train}", &train);
    size_t differ = 0;
    for (size_t y = 0; y < test.height; y++)
        differ += memcmp(test.rgb + y * test.width * 3, train.rgb + y * test.width * 3, 124 * 3) != 0;
    assert_true(differ > 0);
    canvas_release(&test);
    canvas_release(&train);
}

/* Whatever the weights are, a picture depends on them, and on the seed where it draws samples. */
static void pictures_depend_on_the_weights(void **state)
{
    (void)state;
    static const char *const rows[] = {"samples", "reconstructions", "latent_manifold", "latent_scatter",
                                       "latent_traversal"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Canvas one, other;
        params_initialise(&tiny.model.params, 1);
        draw_with(&tiny, &history, rows[i], &one);
        params_initialise(&tiny.model.params, 2);
        draw_with(&tiny, &history, rows[i], &other);
        if (one.width == other.width) expect_same(&one, &other, false);
        canvas_release(&one);
        canvas_release(&other);
    }
}

/* Every mean at one point: still a picture. */
static void a_collapsed_posterior_is_drawn(void **state)
{
    (void)state;
    for (size_t dim = 2; dim <= 3; dim++) {
        Tiny other;
        Canvas canvas;
        size_t n;
        tiny_make(&other, dim == 3 ? TINY_WITH("network.latent.layers=[gaussian_posterior: {dim: 3}]") : NULL);
        real *weight = tiny_param(&other, "latent.gaussian_posterior.mean.weight", &n);
        memset(weight, 0, n * sizeof *weight);
        draw_with(&other, &history, "latent_scatter", &canvas);
        assert_true(colours_but_paper(&canvas) > 100);
        canvas_release(&canvas);
        tiny_release(&other);
    }
}

/* All means vary in one unit alone, by pixel 3. */
static void vary_one_unit(Tiny *t, size_t unit)
{
    size_t n;
    real *weight = tiny_param(t, "latent.gaussian_posterior.mean.weight", &n);
    assert_int_equal(n, TINY_PIXELS * 3);
    memset(weight, 0, n * sizeof *weight);
    weight[3 * 3 + unit] = 1;
}

/* Whichever unit it is that varies, it is the first principal component. */
static void principal_components_follow_the_variance(void **state)
{
    (void)state;
    static const char *const texts[] = {"latent_scatter", "latent_scatter: {projection: none}"};
    Tiny other;
    tiny_make(&other,
              TINY_WITH("network.encoder.layers=[flatten]", "network.latent.layers=[gaussian_posterior: {dim: 3}]"));
    for (size_t k = 0; k < 2; k++) {
        Canvas first, third;
        vary_one_unit(&other, 0);
        draw_with(&other, &history, texts[k], &first);
        vary_one_unit(&other, 2);
        draw_with(&other, &history, texts[k], &third);
        expect_same(&first, &third, k == 0);
        canvas_release(&first);
        canvas_release(&third);
    }
    tiny_release(&other);
}

static void a_scatter_shows_the_first_points(void **state)
{
    (void)state;
    Tiny fewer;
    Canvas all, some, limited;
    tiny_make(&fewer, TINY_WITH("data.limit=20"));
    draw_with(&tiny, &history, "latent_scatter", &all);
    draw_with(&tiny, &history, "latent_scatter: {points: 20}", &some);
    draw_with(&fewer, &history, "latent_scatter", &limited);
    expect_same(&some, &limited, true);
    expect_same(&some, &all, false);
    canvas_release(&all);
    canvas_release(&some);
    canvas_release(&limited);
    tiny_release(&fewer);
}

/* A value in the middle moves no axis, only a line. */
static void every_value_is_in_the_curve(void **state)
{
    (void)state;
    static const size_t middle[] = {5 + 2, 5 + 4};
    for (size_t i = 0; i < 2; i++) {
        double moved[sizeof values / sizeof *values];
        Canvas one, other;
        memcpy(moved, values, sizeof values);
        moved[middle[i]] += 1;
        const HistoryView view = {.columns = 5, .rows = 3, .column = columns, .values = moved};
        draw_with(&tiny, &history, "learning_curve", &one);
        draw_with(&tiny, &view, "learning_curve", &other);
        expect_same(&one, &other, false);
        canvas_release(&one);
        canvas_release(&other);
    }
}

/* Whether the vertical axis's labels are the same. */
static bool same_axis(const Canvas *a, const Canvas *b)
{
    enum { LABELS = 60 };
    for (size_t y = 0; y < a->height; y++)
        if (memcmp(a->rgb + y * a->width * 3, b->rgb + y * b->width * 3, LABELS * 3) != 0) return false;
    return true;
}

static void a_first_epoch_flattens_no_curve(void **state)
{
    (void)state;
    static const double first[] = {19.5, 25, 1000}; /* as the others; somewhat above them; far above them */
    Canvas canvas[3];
    for (size_t i = 0; i < 3; i++) {
        double moved[sizeof values / sizeof *values];
        memcpy(moved, values, sizeof values);
        moved[2] = moved[4] = first[i];
        const HistoryView view = {.columns = 5, .rows = 3, .column = columns, .values = moved};
        draw_with(&tiny, &view, "learning_curve", &canvas[i]);
    }
    assert_false(same_axis(&canvas[0], &canvas[1]));
    assert_true(same_axis(&canvas[0], &canvas[2]));
    for (size_t i = 0; i < 3; i++) canvas_release(&canvas[i]);
}

static void one_term_is_one_curve(void **state)
{
    (void)state;
    static const char *const two[] = {"epoch", "learning_rate", "objective_train", "kl_weight", "reconstruction_train"};
    double moved[sizeof values / sizeof *values];
    Tiny plain;
    Canvas one, other;
    memcpy(moved, values, sizeof values);
    moved[7] = 18.5;
    const HistoryView view = {.columns = 5, .rows = 3, .column = two, .values = values};
    const HistoryView changed = {.columns = 5, .rows = 3, .column = two, .values = moved};
    tiny_make(&plain, TINY_WITH("loss.kl=~"));
    draw_with(&plain, &view, "learning_curve", &one);
    draw_with(&plain, &changed, "learning_curve", &other);
    expect_same(&one, &other, true);
    canvas_release(&one);
    canvas_release(&other);
    draw_with(&tiny, &view, "learning_curve", &one);
    draw_with(&tiny, &changed, "learning_curve", &other);
    expect_same(&one, &other, false);
    canvas_release(&one);
    canvas_release(&other);
    tiny_release(&plain);
}

/* A dimension that the decoder doesn't look at changes nothing along its row; that with the larger KL term is above. */
static void a_traversal_goes_along_dimensions(void **state)
{
    (void)state;
    for (size_t live = 0; live < 2; live++) {
        Tiny other;
        Canvas canvas;
        size_t n;
        tiny_make(&other, TINY_WITH("network.encoder.layers=[flatten]"));
        real *mean = tiny_param(&other, "latent.gaussian_posterior.mean.weight", &n);
        for (size_t i = 0; i < n; i++) mean[i] = i % 2 == live ? 1 : 0;
        real *weight = tiny_param(&other, "decoder.dense.weight", &n);
        for (size_t i = 0; i < n; i++) weight[i] = i / TINY_PIXELS == live ? 1 : 0;
        draw_with(&other, &history, "latent_traversal: {steps: 3, around: origin}", &canvas);
        for (size_t row = 0; row < 2; row++) {
            const uint8_t *at = canvas.rgb + ((26 + 2 + row * 10) * canvas.width + 126) * 3;
            if (row == 0)
                assert_true(at[0] < at[12 * 3] && at[12 * 3] < at[24 * 3]);
            else
                assert_true(at[0] == at[12 * 3] && at[12 * 3] == at[24 * 3]);
        }
        canvas_release(&canvas);
        tiny_release(&other);
    }
}

/* A plain autoencoder has a code in place of a posterior. */
static void an_autoencoder_has_figures(void **state)
{
    (void)state;
    static const char *const rows[] = {"latent_scatter", "reconstructions", "samples: {sampler: region}",
                                       "latent_traversal"};
    Tiny plain;
    tiny_make(&plain, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 2}]"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Canvas canvas;
        draw_with(&plain, &history, rows[i], &canvas);
        assert_true(colours_but_paper(&canvas) > 100);
        canvas_release(&canvas);
    }
    tiny_release(&plain);
}

static void samples_are_drawn_as_the_sampler_says(void **state)
{
    (void)state;
    Canvas natural, prior, region;
    draw_with(&tiny, &history, "samples", &natural);
    draw_with(&tiny, &history, "samples: {sampler: prior}", &prior);
    draw_with(&tiny, &history, "samples: {sampler: {region: {scale: 2}}}", &region);
    expect_same(&natural, &prior, true);
    expect_same(&natural, &region, false);
    canvas_release(&natural);
    canvas_release(&prior);
    canvas_release(&region);
}

static void one_epoch_is_a_curve(void **state)
{
    (void)state;
    Canvas one, three;
    const HistoryView first = {.columns = 5, .rows = 1, .column = columns, .values = values};
    draw_with(&tiny, &first, "learning_curve", &one);
    draw_with(&tiny, &history, "learning_curve", &three);
    assert_true(colours_but_paper(&one) > 100);
    expect_same(&one, &three, false);
    canvas_release(&one);
    canvas_release(&three);
}

static void refuse(const char *const *overrides, const char *yaml, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = tiny_spec(&other, &figures_table, yaml);
    if (((const Figure *)spec.row)->check(&(UseContext){.model = &other.model}, &spec, &err))
        fail_msg("%s is not refused", yaml);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "spec.yaml");
    assert_int_equal(err.loc.line, 1);
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_cannot_be_drawn_is_refused(void **state)
{
    (void)state;
    refuse(TINY_WITH("network.latent.layers=[gaussian_posterior: {dim: 3}]"), "latent_manifold",
           "latent_manifold: wants 2 latent dimensions, got 3; tie it to them with `when`");
    refuse(TINY_WITH("loss.kl=~"), "latent_manifold",
           "latent_manifold: needs a reconstruction and a KL term in the loss");
    refuse(TINY_WITH("network.latent.layers=[gaussian_posterior: {dim: 1}]"), "latent_scatter",
           "latent_scatter: wants at least 2 latent dimensions, got 1");
    refuse(
        TINY_WITH("loss.kl=~", "network.latent=~", "network.encoder=~", "network.decoder.input=image",
                  "network.decoder.layers=[flatten, dense: {units: 20}, reshape: [4, 5, 1]]"),
        "latent_scatter",
        "latent_scatter: the experiment has no latent space: no kl_divergence term, and no section between the image "
        "and a reconstruction term");
    refuse(TINY_WITH("data.split=~", "train.history=none"), "latent_scatter: {split: valid}",
           "latent_scatter: the experiment has no images in split \"valid\"");
    refuse(
        TINY_WITH("loss.kl=~"), "samples",
        "prior: the loss has no KL term, so nothing draws the latents to N(0, I); add one, or sample in another way, "
        "e.g. `sampler: region`");
    refuse(NULL, "code_maps", "code_maps: no section of the network ends with vector_quantize");
    refuse(NULL, "codebook_usage", "codebook_usage: no section of the network ends with vector_quantize");
    refuse(TINY_WITH("network.codes={input: encoder, layers: [vector_quantize: 4]}",
                     "loss.codebook={codebook: {quantizer: codes}}"),
           "code_maps", "code_maps: the codes of \"codes\" are no grid [height,width]");
    refuse(TINY_WITH("network.codes={input: image, layers: [vector_quantize: 4]}",
                     "loss.codebook={codebook: {quantizer: codes}}"),
           "code_maps", "code_maps: no reconstruction term judges what is decoded from \"codes\"");
    refuse(NULL, "latent_traversal: {image: 37}", "latent_traversal: wants image 37 of split \"test\", which has 37");
    refuse(
        TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "latent_traversal",
        "latent_traversal: needs a reconstruction term in the loss and a section between the image and the pixels, to "
        "know what to decode");
    refuse(NULL, "reconstructions: {pairs: 38}", "reconstructions: wants 38 images of split \"test\", which has 37");
    refuse(TINY_WITH("data.limit=7"), "reconstructions: {pairs: 8}",
           "reconstructions: wants 8 images of split \"test\", which has 7");
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "reconstructions",
           "reconstructions: the experiment has no reconstruction term; add one to its loss");
}

static void names_are_numbered_by_kind(void **state)
{
    (void)state;
    Spec items[5] = {{0}};
    static const char *const kinds[] = {"samples", "reconstructions", "samples", "reconstructions", "samples"};
    static const char *const names[] = {"samples", "reconstructions", "samples-2", "reconstructions-2", "samples-3"};
    for (size_t i = 0; i < 5; i++) items[i].row = table_find(&figures_table, kinds[i]);
    const SpecList list = {items, 5};
    for (size_t i = 0; i < 5; i++) assert_string_equal(figure_name(&tiny.arena, &list, i), names[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_described_and_draws),
        TEST(grids_have_their_cells),
        TEST(reconstructions_stand_under_their_images),
        TEST(the_label_names_the_split),
        TEST(pictures_depend_on_the_weights),
        TEST(a_collapsed_posterior_is_drawn),
        TEST(principal_components_follow_the_variance),
        TEST(a_scatter_shows_the_first_points),
        TEST(every_value_is_in_the_curve),
        TEST(a_first_epoch_flattens_no_curve),
        TEST(one_term_is_one_curve),
        TEST(a_traversal_goes_along_dimensions),
        TEST(an_autoencoder_has_figures),
        TEST(samples_are_drawn_as_the_sampler_says),
        TEST(one_epoch_is_a_curve),
        TEST(what_cannot_be_drawn_is_refused),
        TEST(names_are_numbered_by_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
