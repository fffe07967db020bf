#include <stdlib.h>
#include <string.h>

#include "runner/run/link.h"

/* Open addressing: a slot holds the number of a run and 1 more, or 0. At least half of the slots are free. */

static size_t slot_of(const RunList *list, const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *c = path; *c; c++) hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)hash & (list->slot_count - 1);
    while (list->slots[slot] && strcmp(list->items[list->slots[slot] - 1].path, path) != 0)
        slot = (slot + 1) & (list->slot_count - 1);
    return slot;
}

/* Takes in the runs that were added since the last call. */
static void catch_up(RunList *list)
{
    if (!list->slot_count || list->total > list->slot_count / 2) {
        runs_forget(list);
        list->slot_count = 64;
        while (list->total > list->slot_count / 4) list->slot_count = mem_mul(list->slot_count, 2);
        list->slots = mem_zeroed(list->slot_count, sizeof *list->slots);
    }
    for (; list->indexed < list->total; list->indexed++)
        list->slots[slot_of(list, list->items[list->indexed].path)] = list->indexed + 1;
}

Run *runs_named(RunList *list, const char *path)
{
    catch_up(list);
    const size_t slot = slot_of(list, path);
    return list->slots[slot] ? &list->items[list->slots[slot] - 1] : NULL;
}

void runs_forget(RunList *list)
{
    free(list->slots);
    list->slots = NULL;
    list->slot_count = list->indexed = 0;
}
