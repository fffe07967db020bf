#include <stdlib.h>
#include <string.h>

#include "nn/layer/layer.h"

static int by_name(const void *left, const void *right)
{
    const Section *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static bool among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

static bool refuse_unknown(const Section *section, const char *const *inputs, size_t input_count,
                           const Section *sections, size_t n, Err *err)
{
    const char **names = mem_zeroed(mem_add(n, input_count), sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < input_count; i++) names[count++] = inputs[i];
    for (size_t i = 0; i < n; i++) names[count++] = sections[i].name;
    const char *near = nearest_name(section->input.name, names, count);
    if (near)
        err_config(err, section->input.loc, "no section or input is named \"%s\"; did you mean \"%s\"?",
                   section->input.name, near);
    else
        err_config(err, section->input.loc, "no section or input is named \"%s\"", section->input.name);
    free(names);
    return false;
}

/* parent[i]: the section that section i takes its input from, or -1 where it is fed. sections are sorted by name. */
static bool find_parents(const Section *sections, size_t n, const char *const *inputs, size_t input_count, long *parent,
                         Err *err)
{
    for (size_t i = 0; i < n; i++) {
        const Section *section = &sections[i];
        if (among(section->name, inputs, input_count))
            return err_config(err, section->loc, "section \"%s\" has the name of an input", section->name);
        if (i > 0 && strcmp(section->name, sections[i - 1].name) == 0)
            return err_config(err, section->loc, "two sections are named \"%s\"", section->name);
        if (!section->input.name) return err_config(err, section->loc, "section \"%s\" says no input", section->name);
        const Section key = {.name = section->input.name};
        const Section *found = bsearch(&key, sections, n, sizeof *sections, by_name);
        parent[i] = found ? (long)(found - sections) : -1;
        if (!found && !among(section->input.name, inputs, input_count))
            return refuse_unknown(section, inputs, input_count, sections, n, err);
    }
    return true;
}

/* From any section that never became ready, n steps towards the inputs end on a cycle. */
static bool refuse_cycle(const Section *sections, size_t n, const long *parent, const bool *done, Err *err)
{
    long at = 0;
    while (done[at]) at++;
    for (size_t i = 0; i < n; i++) at = parent[at];
    return err_config(err, sections[at].input.loc, "section \"%s\" is fed by itself, through \"%s\"", sections[at].name,
                      sections[at].input.name);
}

bool network_sort(Section *sections, size_t n, const char *const *inputs, size_t input_count, Err *err)
{
    bool ok = false;
    long *parent = mem_zeroed(n, sizeof *parent);
    bool *done = mem_zeroed(n, sizeof *done);
    Section *sorted = mem_zeroed(n, sizeof *sorted);
    if (n > 0) qsort(sections, n, sizeof *sections, by_name);
    if (!find_parents(sections, n, inputs, input_count, parent, err)) goto done;
    for (size_t count = 0; count < n; count++) {
        size_t next = 0;
        while (next < n && (done[next] || (parent[next] >= 0 && !done[parent[next]]))) next++;
        if (next == n) {
            refuse_cycle(sections, n, parent, done, err);
            goto done;
        }
        done[next] = true;
        sorted[count] = sections[next];
    }
    if (n > 0) memcpy(sections, sorted, n * sizeof *sections);
    ok = true;
done:
    free(parent);
    free(done);
    free(sorted);
    return ok;
}

static bool in_scope(const Scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->n; i++) {
        if (strcmp(scope->items[i].name, name) == 0) return true;
    }
    return false;
}

bool network_build(Graph *graph, const Network *network, Scope *scope, Err *err)
{
    for (size_t i = 0; i < network->n; i++) {
        const Section *section = &network->sections[i];
        if (in_scope(scope, section->name) || !in_scope(scope, section->input.name)) continue;
        const Build build = {.graph = graph, .scope = scope, .path = section->name, .loc = section->loc};
        Value in, out;
        if (!scope_find(scope, section->input, &in, err)) return false;
        if (!layers_build(&build, section->layers, &in, &out, err)) return false;
        scope_add(scope, section->name, &out);
    }
    return true;
}
