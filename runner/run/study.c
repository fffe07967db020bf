#include "runner/run/study.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/canvas/canvas.h"
#include "runner/figure/figure.h"

typedef struct Panel {
    const char *run, *figure, *title;
    Loc loc;
} Panel;

typedef struct StudyFigure {
    const char *name;
    int64_t columns;
    Panel *panels;
    size_t n;
} StudyFigure;

static const Field panel_fields[] = {
    {.key = "run", .kind = FIELD_TEXT, .offset = offsetof(Panel, run), .help = "a run: vae/dim8/seed1"},
    {.key = "figure", .kind = FIELD_TEXT, .offset = offsetof(Panel, figure), .help = "one of its figures: samples"},
    {.key = "title",
     .kind = FIELD_TEXT,
     .offset = offsetof(Panel, title),
     .fallback = FIELD_ABSENT,
     .help = "written above it"},
    {0},
};

static const Field figure_fields[] = {
    {.key = "columns",
     .kind = FIELD_INT,
     .offset = offsetof(StudyFigure, columns),
     .fallback = "2",
     .min = 1,
     .max = 16,
     .help = "panels side by side"},
    {0},
};

enum { TITLE_SIZE = 16, TITLE_ROOM = 28, MARGIN = 12 };

static bool read_figure(Arena *arena, Cfg *node, StudyFigure *figure, Err *err)
{
    Cfg *panels = cfg_get(node, "panels");
    if (node->kind != CFG_MAP || !panels || panels->kind != CFG_LIST || panels->n == 0)
        return err_config(err, node->loc, "%s: wants `panels`, a list of {run, figure, title}", node->key);
    figure->name = node->key;
    Cfg rest = {.kind = CFG_MAP, .loc = node->loc};
    for (size_t i = 0; i < node->n; i++)
        if (node->items[i] != panels)
            cfg_put(arena, &rest, node->items[i]->key, node->items[i]->key_loc, node->items[i]);
    if (!bind_fields(arena, figure_fields, node->key, node->loc, &rest, figure, err)) return false;
    figure->panels = arena_alloc(arena, panels->n, sizeof *figure->panels);
    figure->n = panels->n;
    for (size_t i = 0; i < panels->n; i++) {
        Cfg *panel = panels->items[i];
        if (panel->kind != CFG_MAP) return err_config(err, panel->loc, "a panel wants {run, figure, title}");
        figure->panels[i].loc = panel->loc;
        if (!bind_fields(arena, panel_fields, "panel", panel->loc, panel, &figure->panels[i], err)) return false;
    }
    return true;
}

static bool read_study(Arena *arena, const char *experiments, StudyFigure **figures, size_t *n, Err *err)
{
    const char *path = arena_printf(arena, "%s/report.yaml", experiments);
    *n = 0;
    if (!file_exists(path)) return true;
    Cfg *root = cfg_parse_file(arena, path, err);
    if (!root) return false;
    if (root->kind != CFG_MAP) return err_config(err, root->loc, "wants a map of figures by name");
    *figures = arena_alloc(arena, root->n + 1, sizeof **figures);
    for (size_t i = 0; i < root->n; i++)
        if (!read_figure(arena, root->items[i], &(*figures)[i], err)) return false;
    *n = root->n;
    return true;
}

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

bool study_check(const char *experiments, const RunList *list, Err *err)
{
    Arena arena = {0};
    StudyFigure *figures = NULL;
    size_t n;
    bool ok = read_study(&arena, experiments, &figures, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; ok && k < figures[i].n; k++) ok = check_panel(&arena, &figures[i].panels[k], list, err);
    arena_release(&arena);
    return ok;
}

/* Rows of panels: each row as high as its highest panel, each column as wide as its widest. */
static void compose(const StudyFigure *figure, const Canvas *panel, Canvas *out)
{
    size_t columns = (size_t)figure->columns < figure->n ? (size_t)figure->columns : figure->n;
    if (columns == 0) BUG("%s has no panels", figure->name);
    size_t rows = (figure->n + columns - 1) / columns, *x = mem_zeroed(columns + 1, sizeof *x),
           *y = mem_zeroed(rows + 1, sizeof *y);
    for (size_t i = 0; i < figure->n; i++) {
        size_t title = figure->panels[i].title ? (size_t)canvas_text_width(TITLE_SIZE, figure->panels[i].title) : 0;
        size_t width = panel[i].width > title ? panel[i].width : title;
        if (width > x[i % columns + 1]) x[i % columns + 1] = width;
        if (panel[i].height + TITLE_ROOM > y[i / columns + 1]) y[i / columns + 1] = panel[i].height + TITLE_ROOM;
    }
    for (size_t i = 0; i < columns; i++) x[i + 1] += x[i] + MARGIN;
    for (size_t i = 0; i < rows; i++) y[i + 1] += y[i] + MARGIN;
    canvas_init(out, x[columns] + MARGIN, y[rows] + MARGIN);
    for (size_t i = 0; i < figure->n; i++) {
        size_t left = x[i % columns] + MARGIN, top = y[i / columns] + MARGIN,
               room = x[i % columns + 1] - x[i % columns] - MARGIN;
        if (figure->panels[i].title)
            canvas_text(out, (double)left + (double)room / 2, (double)top + 18, TITLE_SIZE, ALIGN_CENTER, color_ink,
                        figure->panels[i].title);
        canvas_paste(out, left + (room - panel[i].width) / 2, top + TITLE_ROOM, &panel[i]);
    }
    free(x);
    free(y);
}

static bool draw_figure(Arena *arena, const RunPlace *place, const StudyFigure *figure, Err *err)
{
    Canvas *panel = arena_alloc(arena, figure->n, sizeof *panel), out = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < figure->n; i++) {
        const char *path = arena_printf(arena, "%s/%s/figures/%s.png", place->results, figure->panels[i].run,
                                        figure->panels[i].figure);
        ok = canvas_read(&panel[i], path, err);
    }
    if (ok) {
        compose(figure, panel, &out);
        ok = file_make_folder(arena_printf(arena, "%s/figures", place->results), err) &&
             canvas_write(&out, arena_printf(arena, "%s/figures/%s.png", place->results, figure->name), err);
    }
    for (size_t i = 0; i < figure->n; i++) canvas_release(&panel[i]);
    canvas_release(&out);
    return ok;
}

static bool all_there(Arena *arena, const RunPlace *place, const StudyFigure *figure)
{
    for (size_t i = 0; i < figure->n; i++)
        if (!file_exists(arena_printf(arena, "%s/%s/figures/%s.png", place->results, figure->panels[i].run,
                                      figure->panels[i].figure)))
            return false;
    return true;
}

bool study_draw(const RunPlace *place, Err *err)
{
    Arena arena = {0};
    StudyFigure *figures = NULL;
    size_t n;
    bool ok = read_study(&arena, place->experiments, &figures, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        if (all_there(&arena, place, &figures[i])) ok = draw_figure(&arena, place, &figures[i], err);
    arena_release(&arena);
    return ok;
}
