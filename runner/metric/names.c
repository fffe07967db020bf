/* What the rows of metrics.csv are called: the names that metrics write, and the columns of summary.csv that they make.
 */
#include <string.h>

#include "runner/metric/metric.h"

/* Whether a text is of a pattern, in which # stands for a number. */
static bool fits(const char *pattern, const char *text)
{
    for (; *pattern; pattern++) {
        const size_t length = *pattern == '#' ? strspn(text, "0123456789#") : *pattern == *text;
        if (length == 0) return false;
        text += length;
    }
    return *text == '\0';
}

const char **metric_names(Arena *arena, const Experiment *experiment, const Spec *spec, size_t *n)
{
    const Metric *metric = (const Metric *)spec->row;
    size_t fixed = 0;
    while (metric->names[fixed]) fixed++;
    const char **names = arena_alloc(arena, fixed + experiment->loss_count + 1, sizeof *names);
    memcpy(names, metric->names, fixed * sizeof *names);
    for (size_t i = 0; metric->terms && i < experiment->loss_count; i++) names[fixed++] = experiment->losses[i].name;
    *n = fixed;
    return names;
}

bool metric_writes(const Experiment *experiment, const Spec *spec, const char *name)
{
    Arena arena = {0};
    size_t n;
    const char **names = metric_names(&arena, experiment, spec, &n);
    bool found = false;
    for (size_t i = 0; i < n && !found; i++) found = fits(names[i], name);
    arena_release(&arena);
    return found;
}

bool metric_name_taken(const Experiment *experiment, const char *name)
{
    if (strcmp(name, "objective") == 0) return true; /* of history.csv */
    for (size_t i = 0; i < experiment->evaluate.n; i++) {
        const Metric *metric = (const Metric *)experiment->evaluate.items[i].row;
        for (const char *const *names = metric ? metric->names : NULL; names && *names; names++)
            if (fits(*names, name)) return true;
    }
    return false;
}

static const char *label_of(Arena *arena, const UseContext *use, const Spec *spec)
{
    const Metric *metric = (const Metric *)spec->row;
    if (spec->name) return spec->name;
    if (metric->label) return metric->label(arena, use, spec);
    for (const Field *field = spec->row->fields; field && field->key; field++)
        if (strcmp(field->key, "split") == 0)
            return *(const char *const *)((const char *)spec->options + field->offset);
    return "";
}

/* The columns of summary.csv that an item's rows make. */
static const char **columns_of(Arena *arena, const char **names, size_t n, const char *label)
{
    const char **columns = arena_alloc(arena, n + 1, sizeof *columns);
    for (size_t i = 0; i < n; i++) columns[i] = label[0] ? arena_printf(arena, "%s_%s", names[i], label) : names[i];
    return columns;
}

/* Two items of one row and one label; or labels that end so as the other one's names do. */
static bool check_two(Arena *arena, const UseContext *use, const Spec *spec, const Spec *other, Err *err)
{
    const Experiment *experiment = use->model->experiment;
    const char *label = label_of(arena, use, spec), *other_label = label_of(arena, use, other);
    if (spec->row == other->row && strcmp(label, other_label) == 0)
        return err_config(err, spec->loc, "two %s write rows of the name \"%s\"; give one another with `name:`",
                          spec->row->name, label);
    size_t n, m;
    const char **names = metric_names(arena, experiment, spec, &n),
               **others = metric_names(arena, experiment, other, &m);
    const char **columns = columns_of(arena, names, n, label), **rest = columns_of(arena, others, m, other_label);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            if (fits(columns[i], rest[k]) || fits(rest[k], columns[i]))
                return err_config(err, spec->loc,
                                  "%s of \"%s\" and %s of \"%s\" would both be the column %s of summary.csv; give one "
                                  "of them another `name:`",
                                  names[i], label, others[k], other_label,
                                  fits(columns[i], rest[k]) ? rest[k] : columns[i]);
    return true;
}

bool metric_check_names(const UseContext *use, const Spec *spec, Err *err)
{
    Arena arena = {0};
    const SpecList *items = &use->model->experiment->evaluate;
    bool ok = true;
    for (size_t i = 0; ok && i < items->n && &items->items[i] != spec; i++)
        ok = check_two(&arena, use, spec, &items->items[i], err);
    arena_release(&arena);
    return ok;
}
