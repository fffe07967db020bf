#include "runner/run/link.h"

#include <stdlib.h>

#include "runner/run/state.h"

/* The list grows while it is gone through. */
static bool add_needed(RunList *list, const RunPlace *place, Err *err)
{
    for (size_t i = 0; i < list->total; i++) {
        const Experiment experiment = list->items[i].experiment;
        for (size_t k = 0; k < experiment.need_count; k++) {
            const Ref ref = experiment.needs[k].run;
            NamedRun named;
            if (runs_named(list, ref.name)) continue;
            if (!run_names_find(&list->names, ref.name, ref.loc, &named, err) || !runs_add(list, place, &named, err))
                return false;
        }
    }
    return true;
}

static void point(RunList *list)
{
    for (size_t i = 0; i < list->total; i++) {
        Run *run = &list->items[i];
        run->needs = arena_alloc(&list->arena, run->experiment.need_count + 1, sizeof *run->needs);
        for (size_t k = 0; k < run->experiment.need_count; k++)
            run->needs[k] = runs_named(list, run->experiment.needs[k].run.name);
    }
}

/* A walk through the graph of the runs, depth first. */
typedef struct Walk {
    RunList *list;
    enum { NEW, OPEN, DONE } * state;
    size_t *stack, *next, depth; /* runs whose needs are being looked at, each with the next one to look at */
} Walk;

/* "a/seed1 -> b/seed1 -> a/seed1", at the place of the last need. */
static bool report_cycle(const Walk *walk, size_t again, Err *err)
{
    const Run *items = walk->list->items;
    Arena *arena = &walk->list->arena;
    const char *text = "";
    size_t from = walk->depth, last = walk->stack[walk->depth - 1];
    while (walk->stack[--from] != again) {
    }
    for (size_t i = from; i < walk->depth; i++)
        text = arena_printf(arena, "%s%s -> ", text, items[walk->stack[i]].path);
    return err_config(err, items[last].experiment.needs[walk->next[walk->depth - 1] - 1].run.loc,
                      "runs need each other in a cycle: %s%s", text, items[again].path);
}

static void finish(RunList *list, const RunPlace *place, size_t i)
{
    Run *run = &list->items[i];
    run_identify(&list->arena, run);
    list->order[list->ordered++] = run;
    if (i < list->n || !place->lender) return;
    const char *beside = run->folder;
    run->folder = arena_printf(&list->arena, "%s/%s", place->lender, run->path);
    run->borrowed = run_is_trained(run);
    if (!run->borrowed) run->folder = beside;
}

static void open_run(Walk *walk, size_t i)
{
    walk->state[i] = OPEN;
    walk->next[walk->depth] = 0;
    walk->stack[walk->depth++] = i;
}

static bool walk_from(Walk *walk, const RunPlace *place, size_t start, Err *err)
{
    RunList *list = walk->list;
    if (walk->state[start] == NEW) open_run(walk, start);
    while (walk->depth) {
        size_t at = walk->stack[walk->depth - 1];
        const Run *run = &list->items[at];
        if (walk->next[walk->depth - 1] == run->experiment.need_count) {
            finish(list, place, at);
            walk->state[at] = DONE;
            walk->depth--;
            continue;
        }
        size_t need = (size_t)(run->needs[walk->next[walk->depth - 1]++] - list->items);
        if (walk->state[need] == OPEN) return report_cycle(walk, need, err);
        if (walk->state[need] == NEW) open_run(walk, need);
    }
    return true;
}

bool runs_link(RunList *list, const RunPlace *place, Err *err)
{
    if (!add_needed(list, place, err)) return false;
    point(list);
    list->order = arena_alloc(&list->arena, list->total + 1, sizeof *list->order);
    list->ordered = 0;
    Walk walk = {.list = list,
                 .state = mem_zeroed(list->total + 1, sizeof *walk.state),
                 .stack = mem_zeroed(list->total + 1, sizeof *walk.stack),
                 .next = mem_zeroed(list->total + 1, sizeof *walk.next)};
    bool ok = true;
    for (size_t i = 0; ok && i < list->total; i++) ok = walk_from(&walk, place, i, err);
    free(walk.state);
    free(walk.stack);
    free(walk.next);
    return ok;
}
