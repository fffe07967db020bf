#include <inttypes.h>

#include "runner/config/experiment.h"

static void print_text(Text *text, const char *key, const char *value)
{
    text_add(text, "%s: ", key);
    print_scalar(text, value);
    text_add(text, "\n");
}

static void print_data(Text *text, const DataOptions *data)
{
    text_add(text, "data:\n");
    print_fields(text, 2, experiment_data_fields, data);
    if (!data->split_train && !data->split_valid) return;
    text_add(text, "  split:\n");
    print_fields(text, 4, experiment_split_fields, data);
}

static void print_network(Text *text, const Experiment *experiment)
{
    text_add(text, "network:\n");
    for (size_t i = 0; i < experiment->section_count; i++) {
        const Section *section = &experiment->sections[i];
        text_add(text, "  ");
        print_scalar(text, section->name);
        text_add(text, ":\n");
        print_fields(text, 4, experiment_section_fields, section);
    }
}

static void print_losses(Text *text, const Experiment *experiment)
{
    text_add(text, "loss:\n");
    for (size_t i = 0; i < experiment->loss_count; i++) {
        const LossTerm *term = &experiment->losses[i];
        text_add(text, "  ");
        print_scalar(text, term->name);
        text_add(text, ":\n");
        print_spec(text, 4, &term->loss);
        text_add(text, "    weight:\n");
        print_spec(text, 6, &term->weight);
    }
}

static void print_list(Text *text, const char *key, const SpecList *specs)
{
    text_add(text, specs->n ? "%s:\n" : "%s: []\n", key);
    if (specs->n) print_specs(text, 2, specs);
}

void experiment_print(Text *text, const Experiment *experiment, bool weights_only)
{
    if (!weights_only) {
        print_text(text, "experiment", experiment->name);
        print_text(text, "variant", experiment->variant);
        print_text(text, "title", experiment->title);
    }
    text_add(text, "seed: %" PRIu64 "\n", experiment->seed);
    print_text(text, "numerics", experiment->numerics);
    print_data(text, &experiment->data);
    print_network(text, experiment);
    print_losses(text, experiment);
    text_add(text, "train:\n");
    print_fields(text, 2, experiment_train_fields, &experiment->train);
    if (weights_only) return;
    print_list(text, "evaluate", &experiment->evaluate);
    print_list(text, "figures", &experiment->figures);
}
