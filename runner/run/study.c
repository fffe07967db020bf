#include "runner/run/study.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/figure/figure.h"
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

static bool check_figure(Arena *arena, const StudyFigure *figure, const RunList *list, Err *err)
{
    for (size_t i = 0; i < figure->n; i++)
        if (!check_panel(arena, &figure->panels[i], list, err)) return false;
    for (size_t i = 0; figure->chart && i < figure->chart->n; i++)
        if (!check_pattern(&figure->chart->runs[i], list, err)) return false;
    return true;
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

static bool draw_figure(Arena *arena, const RunPlace *place, const StudyFigure *figure, bool tell, Err *err)
{
    Canvas out = {0};
    bool ready = false;
    bool ok = figure->chart ? study_draw_chart(arena, place, figure, &out, &ready, err)
                            : study_draw_panels(arena, place, figure, &out, &ready, err);
    if (ok && ready)
        ok = file_make_folder(arena_printf(arena, "%s/figures", place->results), err) &&
             canvas_write(&out, arena_printf(arena, "%s/figures/%s.png", place->results, figure->name), err);
    if (ok && !ready && tell)
        fprintf(stderr, "%s: not drawn, since the results have not all that it shows\n", figure->name);
    canvas_release(&out);
    return ok;
}

bool study_draw(const RunPlace *place, bool tell, Err *err)
{
    Arena arena = {0};
    StudyFigure *figures = NULL;
    size_t n;
    bool ok = study_read(&arena, place->experiments, &figures, &n, err);
    for (size_t i = 0; ok && i < n; i++) ok = draw_figure(&arena, place, &figures[i], tell, err);
    arena_release(&arena);
    return ok;
}
