#include "runner/run/due.h"

#include <stdlib.h>

#include "runner/run/needs.h"

/* By the number of a run in its list. */
typedef struct Marks {
    RunList *list;
    Due *due;      /* run is NULL: not to be done */
    size_t *queue; /* those whose needs are still to be looked at */
    size_t queued;
} Marks;

static void mark(Marks *marks, const Run *run, const Run *user, bool force)
{
    size_t i = (size_t)(run - marks->list->items);
    if (marks->due[i].run || run->borrowed) return;
    RunStatus status = run_status(&marks->list->arena, run);
    if (force) status = (RunStatus){RUN_TRAIN, "--force"};
    if (status.state == RUN_CURRENT) return;
    marks->due[i] = (Due){.run = run, .status = status, .forced = force, .user = user};
    marks->queue[marks->queued++] = i;
}

static void mark_all(Marks *marks, bool force)
{
    RunList *list = marks->list;
    for (size_t i = 0; i < list->n; i++) mark(marks, &list->items[i], NULL, force);
    for (size_t at = 0; at < marks->queued; at++) {
        const Run *user = &list->items[marks->queue[at]], **needed;
        size_t n = needs_closure(&list->arena, user, &needed);
        for (size_t k = 0; k < n; k++) mark(marks, needed[k], user, false);
    }
}

/* number: of each run of the list among those to be done. */
static void find_waits(const Marks *marks, const size_t *number, Due *due)
{
    const Run **needed;
    Arena *arena = &marks->list->arena;
    size_t n = needs_closure(arena, due->run, &needed);
    due->waits = arena_alloc(arena, n + 1, sizeof *due->waits);
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)(needed[k] - marks->list->items);
        if (marks->due[i].run && marks->due[i].status.state >= RUN_RESUME) due->waits[due->wait_count++] = number[i];
    }
}

DueList due_make(RunList *list, bool force)
{
    DueList out = {.items = arena_alloc(&list->arena, list->total + 1, sizeof *out.items)};
    Marks marks = {.list = list,
                   .due = mem_zeroed(list->total + 1, sizeof *marks.due),
                   .queue = mem_zeroed(list->total + 1, sizeof *marks.queue)};
    size_t *number = mem_zeroed(list->total + 1, sizeof *number);
    mark_all(&marks, force);
    for (size_t k = 0; k < list->total; k++) {
        size_t i = (size_t)(list->order[k] - list->items);
        if (!marks.due[i].run) continue;
        number[i] = out.n;
        out.targets += i < list->n;
        find_waits(&marks, number, &marks.due[i]);
        out.items[out.n++] = marks.due[i];
    }
    free(marks.due);
    free(marks.queue);
    free(number);
    return out;
}
