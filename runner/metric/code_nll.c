#include "runner/metric/code_nll.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "runner/model/code_prior.h"
#include "runner/model/segments.h"

enum { CODES_MAX = 1024 }; /* their pairs are counted at each cell */

typedef struct CodeNllOptions {
    const char *split;
} CodeNllOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(CodeNllOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images whose codes are scored"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const CodeNllOptions *options = spec->options;
    if (!code_prior_section(use->model))
        return err_config(err, spec->loc,
                          "code_nll: the experiment is no prior over codes; it wants a cross_entropy whose target is "
                          "`code`");
    if (!code_prior_check(use->model, err)) return false;
    if (use->model->info.codes > CODES_MAX)
        return err_config(err, spec->loc,
                          "code_nll: counts pairs of codes, of which %zu make too many; at most %d codes",
                          use->model->info.codes, CODES_MAX);
    return metric_check_split(use->model, options->split, spec->loc, err);
}

/* Counts on the training split, and what is made of them. A cell's context is the code of a neighbour. */
typedef struct Counts {
    size_t height, width, codes;
    size_t back; /* the neighbour is so many cells before; 0: none */
    double *one; /* (cells, codes): how often a cell has a code, plus one */
    double *two; /* (cells, codes, codes): the same, by the neighbour's code; NULL: no neighbour */
    size_t n;    /* images counted */
} Counts;

/* The weight, in images, of the cell's own distribution where the neighbour's code was seen seldom. */
static const double PRIOR_IMAGES = 20;

static bool has_neighbour(const Counts *counts, size_t cell)
{
    if (counts->back == 0) return false;
    return counts->back == 1 ? cell % counts->width > 0 : cell >= counts->back;
}

static void count(Counts *counts, const Split *train)
{
    const size_t cells = counts->height * counts->width, k = counts->codes;
    for (size_t i = 0; i < cells * k; i++) counts->one[i] = 1;
    for (size_t n = 0; n < train->n; n++) {
        const uint16_t *code = train->codes + n * cells;
        for (size_t c = 0; c < cells; c++) {
            counts->one[c * k + code[c]]++;
            if (has_neighbour(counts, c)) counts->two[(c * k + code[c - counts->back]) * k + code[c]]++;
        }
    }
    counts->n = train->n;
}

/* p(code of the cell), or p(code | the neighbour's). */
static double probability(const Counts *counts, const double *context_total, const uint16_t *code, size_t cell)
{
    const size_t k = counts->codes;
    const double own = counts->one[cell * k + code[cell]] / ((double)counts->n + (double)k);
    if (!has_neighbour(counts, cell)) return own;
    const size_t context = cell * k + code[cell - counts->back];
    return (counts->two[context * k + code[cell]] + PRIOR_IMAGES * own) / (context_total[context] + PRIOR_IMAGES);
}

/* Nats an image of a split under counts of the training split. */
static double score(const Dataset *dataset, const Split *split, size_t back)
{
    const DatasetInfo *info = &dataset->info;
    Counts counts = {.height = info->code_height, .width = info->code_width, .codes = info->codes, .back = back};
    const size_t cells = counts.height * counts.width, contexts = mem_mul(cells, counts.codes);
    counts.one = mem_zeroed(contexts, sizeof *counts.one);
    counts.two = back ? mem_zeroed(mem_mul(contexts, counts.codes), sizeof *counts.two) : NULL;
    count(&counts, &dataset->train);
    double *total = mem_zeroed(contexts, sizeof *total);
    for (size_t c = 0; c < contexts && back; c++)
        for (size_t k = 0; k < counts.codes; k++) total[c] += counts.two[c * counts.codes + k];
    SegmentSum sum = {0};
    for (size_t n = 0; n < split->n; n++) {
        double nats = 0;
        for (size_t c = 0; c < cells; c++) nats -= d_log(probability(&counts, total, split->codes + n * cells, c));
        segment_add(&sum, nats);
    }
    free(counts.one);
    free(counts.two);
    free(total);
    return segment_total(&sum) / (double)split->n;
}

double code_nll_mean(const UseContext *use, const Split *split)
{
    const Experiment *experiment = use->model->experiment;
    const char *section = code_prior_section(use->model);
    double *mean = mem_zeroed(experiment->loss_count, sizeof *mean), nats = 0;
    measure_losses(use->model, use->dataset, split, EVALUATION_STEP, mean);
    for (size_t i = 0; i < experiment->loss_count; i++) {
        const Spec *spec = &experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        if (loss->classes && strcmp(loss->subject(spec->options).name, section) == 0) nats = mean[i];
    }
    free(mean);
    return nats;
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const CodeNllOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    const DatasetInfo *info = &use->dataset->info;
    const size_t backs[] = {0, 1, info->code_width};
    static const char *const names[] = {"code_nll_unigram", "code_nll_left", "code_nll_above"};
    static const char *const details[] = {
        "each cell's own frequencies in train, one added to each count; sum over cells",
        "each cell's frequencies in train given the code at its left; the cell's own (one added) weigh as 20 images; "
        "sum over cells",
        "each cell's frequencies in train given the code above it; the cell's own (one added) weigh as 20 images; sum "
        "over cells"};
    MetricValue value = {.metric = "code_nll", .split = split->name, .unit = "nats/image", .n = split->n};
    value.detail = arena_printf(&list->arena, "-log p of the %zux%zu codes of %s, sum over cells", info->code_height,
                                info->code_width, use->model->experiment->data.codes.name);
    value.value = code_nll_mean(use, split);
    metric_add(list, &value);
    for (size_t i = 0; i < 3; i++) {
        value.metric = names[i];
        value.detail = details[i];
        value.value = score(use->dataset, split, backs[i]);
        metric_add(list, &value);
    }
    return true;
}

const Metric metric_code_nll = {
    .row = {.name = "code_nll",
            .doc = "-log p of the codes of a split's images under a prior over codes, in nats an image, and beside it "
                   "what simpler models fitted to train pay: each cell's own frequencies (unigram), and those given "
                   "the code at the left or above (Markov).",
            .fields = fields,
            .size = sizeof(CodeNllOptions),
            .example = "{split: test}"},
    .names = METRIC_NAMES("code_nll", "code_nll_unigram", "code_nll_left", "code_nll_above"),
    .check = check,
    .measure = measure,
};
