#include "runner/run/todo.h"

#include <stdlib.h>

#include "runner/run/needs.h"

/* By the number of a run in its list. */
typedef struct Marks {
    RunList *list;
    Todo *todo;    /* run is NULL: not to be done */
    size_t *queue; /* those whose needs are still to be looked at */
    size_t queued;
} Marks;

static void mark(Marks *marks, const Run *run, const Run *user, bool force)
{
    size_t i = (size_t)(run - marks->list->items);
    if (marks->todo[i].run || run->borrowed) return;
    RunStatus status = run_status(&marks->list->arena, run);
    if (force) status = (RunStatus){RUN_TRAIN, "--force"};
    if (status.state == RUN_CURRENT) return;
    marks->todo[i] = (Todo){.run = run, .status = status, .forced = force, .user = user};
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
static void find_waits(const Marks *marks, const size_t *number, Todo *todo)
{
    const Run **needed;
    Arena *arena = &marks->list->arena;
    size_t n = needs_closure(arena, todo->run, &needed);
    todo->waits = arena_alloc(arena, n + 1, sizeof *todo->waits);
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)(needed[k] - marks->list->items);
        if (marks->todo[i].run && marks->todo[i].status.state >= RUN_RESUME)
            todo->waits[todo->wait_count++] = number[i];
    }
}

TodoList todo_make(RunList *list, bool force)
{
    TodoList out = {.items = arena_alloc(&list->arena, list->total + 1, sizeof *out.items)};
    Marks marks = {.list = list,
                   .todo = mem_zeroed(list->total + 1, sizeof *marks.todo),
                   .queue = mem_zeroed(list->total + 1, sizeof *marks.queue)};
    size_t *number = mem_zeroed(list->total + 1, sizeof *number);
    mark_all(&marks, force);
    for (size_t k = 0; k < list->total; k++) {
        size_t i = (size_t)(list->order[k] - list->items);
        if (!marks.todo[i].run) continue;
        number[i] = out.n;
        out.targets += i < list->n;
        find_waits(&marks, number, &marks.todo[i]);
        out.items[out.n++] = marks.todo[i];
    }
    free(marks.todo);
    free(marks.queue);
    free(number);
    return out;
}
