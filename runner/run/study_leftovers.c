#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/study_parts.h"

/* NAME of NAME.png, if a figure of the study can be called so; else NULL. */
static const char *name_of(Arena *arena, const char *file)
{
    const size_t length = strlen(file);
    if (length < 4 || strcmp(file + length - 4, ".png") != 0) return NULL;
    const char *name = arena_text_n(arena, file, length - 4);
    return is_name(name) ? name : NULL;
}

static bool is_made(const StudyFigure *figures, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(figures[i].name, name) == 0) return true;
    return false;
}

bool study_remove_leftovers(Arena *arena, const RunPlace *place, const StudyFigure *figures, size_t n, FILE *tell,
                            Err *err)
{
    struct dirent **entries = NULL;
    const char *folder = arena_printf(arena, "%s/figures", place->results);
    const char *report = arena_printf(arena, "%s/report.yaml", place->experiments);
    if (!place->paired || !file_exists(report)) return true;
    const int count = scandir(folder, &entries, NULL, alphasort);
    bool ok = true;
    for (int i = 0; i < count; i++) {
        const char *name = name_of(arena, entries[i]->d_name);
        const char *path = arena_printf(arena, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (!ok || !name || is_made(figures, n, name) || !canvas_wrote(path)) continue;
        ok = file_remove(path, err);
        if (ok && tell) fprintf(tell, "%s: removed, since %s has no figure of that name\n", path, report);
    }
    free(entries);
    return ok;
}
