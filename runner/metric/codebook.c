#include "runner/model/codebook.h"

#include <stdlib.h>

#include "nn/base/fmath.h"
#include "runner/metric/metric.h"

typedef struct CodebookOptions {
    const char *split;
} CodebookOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(CodebookOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images whose cells are counted, all of them"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const CodebookOptions *options = spec->options;
    Codebook codebook;
    if (!codebook_find(model, &codebook))
        return err_config(err, spec->loc, "codebook: no section of the network ends with vector_quantize");
    return metric_check_split(model, options->split, spec->loc, err);
}

/* exp of the entropy of the counts' shares, the code `without` left out (codes: none is); 1 where nothing is left. */
static double perplexity(size_t codes, const size_t *count, size_t without)
{
    double total = 0, entropy = 0;
    for (size_t i = 0; i < codes; i++) total += i == without ? 0 : (double)count[i];
    for (size_t i = 0; i < codes; i++) {
        if (i == without || count[i] == 0) continue;
        const double share = (double)count[i] / total;
        entropy -= share * d_log(share);
    }
    return d_exp(entropy);
}

static void add_rows(const Codebook *codebook, const Split *split, const size_t *count, MetricList *list)
{
    size_t used = 0, commonest = 0;
    const size_t codes = codebook->codes, cells = split->n * codebook->cells;
    for (size_t i = 0; i < codes; i++) {
        used += count[i] > 0;
        if (count[i] > count[commonest]) commonest = i;
    }
    const char *all = arena_printf(&list->arena, "of %zu; all %zu cells of the %s split", codes, cells, split->name);
    const char *rest = arena_printf(&list->arena, "of %zu; the %zu cells of the %s split that are not of code %zu",
                                    codes - 1, cells - count[commonest], split->name, commonest);
    MetricValue value = {.metric = "codes_used", .split = split->name, .unit = "codes", .n = split->n};
    value.value = (double)used;
    value.detail = all;
    metric_add(list, &value);
    value.metric = "dead_codes";
    value.value = (double)(codes - used);
    metric_add(list, &value);
    value.metric = "codebook_perplexity";
    value.value = perplexity(codes, count, codes);
    metric_add(list, &value);
    value.metric = "codes_used_without_commonest";
    value.value = (double)(used - (used > 0));
    value.detail = rest;
    metric_add(list, &value);
    value.metric = "codebook_perplexity_without_commonest";
    value.value = perplexity(codes, count, commonest);
    metric_add(list, &value);
    value.metric = "commonest_code_share";
    value.unit = "share";
    value.value = (double)count[commonest] / (double)cells;
    value.detail = arena_printf(&list->arena, "code %zu; all %zu cells of the %s split", commonest, cells, split->name);
    metric_add(list, &value);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const CodebookOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    Codebook codebook;
    if (!codebook_find(use->model, &codebook)) BUG("no codebook");
    size_t *count = mem_zeroed(codebook.codes, sizeof *count);
    codebook_count(use->model, use->dataset, split, &codebook, count);
    add_rows(&codebook, split, count, list);
    free(count);
    return true;
}

const Metric metric_codebook = {
    .row = {.name = "codebook",
            .doc =
                "How much of a codebook is in use over a whole split: how many codes are the nearest one of a cell at "
                "all, how many never (dead), and the perplexity, exp of the entropy of the codes' shares. An even "
                "background takes one code for most cells, which caps the perplexity, so both stand there without "
                "the commonest code too.",
            .fields = fields,
            .size = sizeof(CodebookOptions),
            .example = "{split: test}"},
    .names = METRIC_NAMES("codes_used", "dead_codes", "codebook_perplexity", "codes_used_without_commonest",
                          "codebook_perplexity_without_commonest", "commonest_code_share"),
    .check = check,
    .measure = measure,
};
