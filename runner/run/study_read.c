#include <fnmatch.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/study_parts.h"

static const Field panel_fields[] = {
    {.key = "run", .kind = FIELD_TEXT, .offset = offsetof(Panel, run), .help = "a run: vae/dim8/seed1"},
    {.key = "figure", .kind = FIELD_TEXT, .offset = offsetof(Panel, figure), .help = "one of its figures: samples"},
    {.key = "title",
     .kind = FIELD_TEXT,
     .offset = offsetof(Panel, title),
     .fallback = FIELD_ABSENT,
     .help = "written above it, or at its left"},
    {.key = "crop",
     .kind = FIELD_INTS,
     .offset = offsetof(Panel, crop),
     .fallback = FIELD_ABSENT,
     .min = 0,
     .max = 100000,
     .unit = "pixels",
     .help = "[left, top, width, height]: the part of the picture that is shown"},
    {.key = "span",
     .kind = FIELD_INT,
     .offset = offsetof(Panel, span),
     .fallback = "1",
     .min = 1,
     .max = 16,
     .help = "columns that it takes"},
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
    {.key = "titles",
     .kind = FIELD_CHOICE,
     .offset = offsetof(StudyFigure, titles),
     .fallback = "above",
     .choices = "above|left",
     .help = "where the panels' titles stand"},
    {0},
};

static const Field chart_fields[] = {
    {.key = "metric",
     .kind = FIELD_TEXT,
     .offset = offsetof(StudyChart, metric),
     .help = "a row of metrics.csv; each split that it has is a value of its own"},
    {.key = "spread",
     .kind = FIELD_TEXT,
     .offset = offsetof(StudyChart, spread),
     .fallback = FIELD_ABSENT,
     .help = "the row of the same split that says how far the value spreads"},
    {.key = "line",
     .kind = FIELD_TEXT,
     .offset = offsetof(StudyChart, line),
     .fallback = FIELD_ABSENT,
     .help = "the row of the same split that is drawn as a line across"},
    {.key = "label",
     .kind = FIELD_TEXT,
     .offset = offsetof(StudyChart, label),
     .fallback = FIELD_ABSENT,
     .help = "of the axis"},
    {.key = "line_title",
     .kind = FIELD_TEXT,
     .offset = offsetof(StudyChart, line_title),
     .fallback = FIELD_ABSENT,
     .help = "what the line stands for"},
    {0},
};

/* A copy of a map without one of its items. */
static Cfg *without(Arena *arena, const Cfg *map, const Cfg *item)
{
    Cfg *rest = arena_alloc(arena, 1, sizeof *rest);
    *rest = (Cfg){.kind = CFG_MAP, .loc = map->loc};
    for (size_t i = 0; i < map->n; i++)
        if (map->items[i] != item) cfg_put(arena, rest, map->items[i]->key, map->items[i]->key_loc, map->items[i]);
    return rest;
}

static Loc loc_of(const Cfg *map, const char *key)
{
    const Cfg *value = cfg_get(map, key);
    return value ? value->loc : map->loc;
}

static bool read_panel(Arena *arena, Cfg *node, int64_t columns, Panel *panel, Err *err)
{
    if (node->kind != CFG_MAP) return err_config(err, node->loc, "a panel wants {run, figure, title}");
    panel->loc = node->loc;
    panel->crop_loc = loc_of(node, "crop");
    if (!bind_fields(arena, panel_fields, "panel", node->loc, node, panel, err)) return false;
    const IntList *crop = &panel->crop;
    if (crop->n && (crop->n != 4 || crop->items[2] == 0 || crop->items[3] == 0))
        return err_config(err, panel->crop_loc,
                          "crop wants [left, top, width, height], the width and height at least 1");
    if (panel->span > columns)
        return err_config(err, cfg_get(node, "span")->loc, "span %lld of %lld column%s", (long long)panel->span,
                          (long long)columns, columns == 1 ? "" : "s");
    return true;
}

static bool read_panels(Arena *arena, Cfg *node, Cfg *panels, StudyFigure *figure, Err *err)
{
    if (!bind_fields(arena, figure_fields, node->key, node->loc, without(arena, node, panels), figure, err))
        return false;
    figure->panels = arena_alloc(arena, panels->n, sizeof *figure->panels);
    figure->n = panels->n;
    for (size_t i = 0; i < panels->n; i++)
        if (!read_panel(arena, panels->items[i], figure->columns, &figure->panels[i], err)) return false;
    return true;
}

static bool read_patterns(Arena *arena, const Cfg *chart, const Cfg *runs, StudyChart *out, Err *err)
{
    if (!runs || runs->kind != CFG_LIST || runs->n == 0)
        return err_config(err, runs ? runs->loc : chart->loc, "chart: wants `runs`, a list of runs (globs allowed)");
    out->runs = arena_alloc(arena, runs->n, sizeof *out->runs);
    out->n = runs->n;
    for (size_t i = 0; i < runs->n; i++) {
        const Cfg *item = runs->items[i];
        if (item->kind != CFG_SCALAR || item->null) return err_config(err, item->loc, "wants a run such as vae/dim8/*");
        out->runs[i] = (RunPattern){item->text, item->loc};
    }
    return true;
}

static bool read_splits(Arena *arena, const Cfg *splits, StudyChart *out, Err *err)
{
    if (!splits) return true;
    if (splits->kind != CFG_LIST || splits->n == 0)
        return err_config(err, splits->loc, "splits wants a list of names, at least one; left out: all");
    out->splits = arena_alloc(arena, splits->n, sizeof *out->splits);
    for (size_t i = 0; i < splits->n; i++) {
        const Cfg *item = splits->items[i];
        if (item->kind != CFG_SCALAR || item->null) return err_config(err, item->loc, "wants the name of a split");
        out->splits[out->split_count++] = (Ref){item->text, item->loc};
    }
    return true;
}

static bool read_chart(Arena *arena, const Cfg *node, Cfg *chart, StudyFigure *figure, Err *err)
{
    for (size_t i = 0; i < node->n; i++)
        if (node->items[i] != chart)
            return err_config(err, node->items[i]->key_loc, "%s: a figure with a chart has no \"%s\"", node->key,
                              node->items[i]->key);
    if (chart->kind != CFG_MAP) return err_config(err, chart->loc, "chart: wants {metric, runs}");
    const Cfg *runs = cfg_get(chart, "runs"), *splits = cfg_get(chart, "splits");
    Cfg *rest = without(arena, without(arena, chart, runs), splits);
    StudyChart *out = figure->chart = arena_alloc(arena, 1, sizeof *figure->chart);
    out->metric_loc = loc_of(chart, "metric");
    out->spread_loc = loc_of(chart, "spread");
    out->line_loc = loc_of(chart, "line");
    return bind_fields(arena, chart_fields, "chart", chart->loc, rest, out, err) &&
           read_patterns(arena, chart, runs, out, err) && read_splits(arena, splits, out, err);
}

static bool read_figure(Arena *arena, Cfg *node, StudyFigure *figure, Err *err)
{
    Cfg *panels = cfg_get(node, "panels"), *chart = cfg_get(node, "chart");
    figure->name = node->key;
    if (!is_name(node->key))
        return err_config(err, node->key_loc, "%s: the name of a figure is made of letters, digits, _ and -",
                          cfg_quote(arena, node->key));
    if (chart) return read_chart(arena, node, chart, figure, err);
    if (node->kind != CFG_MAP || !panels || panels->kind != CFG_LIST || panels->n == 0)
        return err_config(err, node->loc, "%s: wants `panels`, a list of {run, figure, title}, or a `chart`",
                          node->key);
    return read_panels(arena, node, panels, figure, err);
}

bool study_read(Arena *arena, const char *experiments, StudyFigure **figures, size_t *n, Err *err)
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

bool study_matches(const RunPattern *pattern, const char *path)
{
    return fnmatch(pattern->text, path, 0) == 0 || fnmatch(pattern->text, path, FNM_LEADING_DIR) == 0;
}
