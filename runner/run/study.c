#include "runner/run/study.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/run/study_parts.h"

static bool no_name(const Panel *panel, const char *noun, const char *name, const char *const *names, size_t n,
                    Err *err)
{
    const char *nearest = nearest_name(name, names, n);
    if (nearest) return err_config(err, panel->loc, "no %s \"%s\"; did you mean \"%s\"?", noun, name, nearest);
    return err_config(err, panel->loc, "no %s \"%s\"", noun, name);
}

/* The run is one of the list, and has that figure. */
static bool check_panel(Arena *arena, const Panel *panel, const RunList *list, Err *err)
{
    const char **paths = arena_alloc(arena, list->n + 1, sizeof *paths);
    const Run *run = NULL;
    for (size_t i = 0; i < list->n; i++) {
        paths[i] = list->items[i].path;
        if (strcmp(paths[i], panel->run) == 0) run = &list->items[i];
    }
    if (!run) return no_name(panel, "run", panel->run, paths, list->n, err);
    const SpecList *figures = &run->experiment.figures;
    const char **names = arena_alloc(arena, figures->n + 1, sizeof *names);
    for (size_t i = 0; i < figures->n; i++) {
        names[i] = figure_name(arena, figures, i);
        if (strcmp(names[i], panel->figure) == 0) return true;
    }
    return no_name(panel, "figure", panel->figure, names, figures->n, err);
}

static bool check_pattern(const RunPattern *pattern, const RunList *list, Err *err)
{
    for (size_t i = 0; i < list->n; i++)
        if (study_matches(pattern, list->items[i].path)) return true;
    return err_config(err, pattern->loc, "no run matches \"%s\"", pattern->text);
}

static bool is_of_chart(const StudyChart *chart, const Run *run)
{
    for (size_t k = 0; k < chart->n; k++)
        if (study_matches(&chart->runs[k], run->path)) return true;
    return false;
}

/* The names that are no patterns, behind the n that are there. */
static const char **add_names(Arena *arena, const char **names, size_t *n, const Experiment *experiment,
                              const Spec *item)
{
    size_t more;
    const char **those = metric_names(arena, experiment, item, &more);
    const char **all = arena_alloc(arena, *n + more + 1, sizeof *all);
    if (*n) memcpy(all, names, *n * sizeof *all);
    for (size_t i = 0; i < more; i++)
        if (!strchr(those[i], '#')) all[(*n)++] = those[i];
    return all;
}

/* A name of rows, or NULL, is one of those that the chart's runs measure. */
static bool check_measured(Arena *arena, const StudyChart *chart, const char *name, Loc loc, const RunList *list,
                           Err *err)
{
    const char **names = NULL;
    size_t n = 0;
    if (!name) return true;
    for (size_t i = 0; i < list->n; i++) {
        const Experiment *experiment = &list->items[i].experiment;
        if (!is_of_chart(chart, &list->items[i])) continue;
        for (size_t k = 0; k < experiment->evaluate.n; k++) {
            const Spec *item = &experiment->evaluate.items[k];
            if (metric_writes(experiment, item, name)) return true;
            names = add_names(arena, names, &n, experiment, item);
        }
    }
    const char *nearest = nearest_name(name, names, n);
    return err_config(err, loc, "no run of the chart measures \"%s\"%s", name,
                      nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "");
}

static bool check_chart(Arena *arena, const StudyChart *chart, const RunList *list, Err *err)
{
    for (size_t i = 0; i < chart->n; i++)
        if (!check_pattern(&chart->runs[i], list, err)) return false;
    return check_measured(arena, chart, chart->metric, chart->metric_loc, list, err) &&
           check_measured(arena, chart, chart->spread, chart->spread_loc, list, err) &&
           check_measured(arena, chart, chart->line, chart->line_loc, list, err);
}

static bool check_figure(Arena *arena, const StudyFigure *figure, const RunList *list, Err *err)
{
    for (size_t i = 0; i < figure->n; i++)
        if (!check_panel(arena, &figure->panels[i], list, err)) return false;
    return !figure->chart || check_chart(arena, figure->chart, list, err);
}

bool study_check(const char *experiments, const RunList *list, Err *err)
{
    Arena arena = {0};
    StudyFigure *figures = NULL;
    size_t n;
    bool ok = study_read(&arena, experiments, &figures, &n, err);
    for (size_t i = 0; ok && list && i < n; i++) ok = check_figure(&arena, &figures[i], list, err);
    arena_release(&arena);
    return ok;
}

/* An old picture stays while a run is missing; it goes where the runs that are there don't make it any more. */
static bool drop_figure(const char *name, const char *path, const Err *lacks, bool whole, FILE *tell, Err *err)
{
    const bool stale = lacks->kind == ERR_CONFIG && file_exists(path);
    if (stale && !file_remove(path, err)) return false;
    if (!tell || (!stale && !whole)) return true;
    fprintf(tell, "%s: not drawn%s: ", name, stale ? ", and its old picture removed" : "");
    err_print(lacks, tell);
    return true;
}

static bool draw_figure(Arena *arena, const RunPlace *place, const StudyFigure *figure, bool whole, FILE *tell,
                        Err *err)
{
    Canvas out = {0};
    Err lacks = {0};
    const char *folder = arena_printf(arena, "%s/figures", place->results);
    const char *path = arena_printf(arena, "%s/%s.png", folder, figure->name);
    bool ok = figure->chart ? study_draw_chart(arena, place, figure, &out, &lacks, err)
                            : study_draw_panels(arena, place, figure, &out, &lacks, err);
    if (ok && lacks.kind == ERR_NONE)
        ok = file_make_folder(folder, err) && canvas_write(&out, path, err);
    else if (ok)
        ok = drop_figure(figure->name, path, &lacks, whole, tell, err);
    canvas_release(&out);
    return ok;
}

bool study_draw(const RunPlace *place, bool whole, FILE *tell, Err *err)
{
    Arena arena = {0};
    StudyFigure *figures = NULL;
    size_t n;
    bool ok = study_read(&arena, place->experiments, &figures, &n, err);
    for (size_t i = 0; ok && i < n; i++) ok = draw_figure(&arena, place, &figures[i], whole, tell, err);
    arena_release(&arena);
    return ok;
}
