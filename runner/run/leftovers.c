#include "runner/run/leftovers.h"

#include <dirent.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/figure/figure.h"

/* Whether it is the name of a figure's picture: of a row, or of a row with a number. */
static bool is_picture(Arena *arena, const char *file)
{
    size_t length = strlen(file);
    if (length < 4 || strcmp(file + length - 4, ".png") != 0) return false;
    char *name = arena_text_n(arena, file, length - 4), *dash = strrchr(name, '-');
    if (dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1)) *dash = '\0';
    return table_find(&figures_table, name) != NULL;
}

const char *leftover_picture(Arena *arena, const Run *run)
{
    const SpecList *figures = &run->experiment.figures;
    const char *found = NULL;
    DIR *folder = opendir(arena_printf(arena, "%s/figures", run->folder));
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        bool made = !is_picture(arena, entry->d_name);
        for (size_t i = 0; !made && i < figures->n; i++)
            made = strcmp(arena_printf(arena, "%s.png", figure_name(arena, figures, i)), entry->d_name) == 0;
        if (!made) found = arena_printf(arena, "figures/%s", entry->d_name);
    }
    if (folder) closedir(folder);
    return found;
}

bool leftovers_remove(Arena *arena, const Run *run, Err *err)
{
    const char *name;
    while ((name = leftover_picture(arena, run)))
        if (!file_remove(arena_printf(arena, "%s/%s", run->folder, name), err)) return false;
    return true;
}
