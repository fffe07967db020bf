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

bool metric_name_taken(const char *name)
{
    for (size_t i = 0; i < metrics_table.n; i++)
        for (const char *const *names = ((const Metric *)metrics_table.rows[i])->names; *names; names++)
            if (fits(*names, name)) return true;
    return false;
}
