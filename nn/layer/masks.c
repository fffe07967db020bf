#include "nn/layer/masks.h"

#include <string.h>

bool masks_attributes(const Build *build, const char *layer, const char *mask, const int64_t kernel[2],
                      ConvAttributes **attributes, Err *err)
{
    const size_t kh = (size_t)kernel[0], kw = (size_t)kernel[1], centre = (kh - 1) / 2 * kw + (kw - 1) / 2;
    ConvAttributes *a = arena_alloc(&build->graph->arena, 1, sizeof *a);
    *a = (ConvAttributes){.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {kh, kw}};
    a->taps = strcmp(mask, "none") == 0 ? kh * kw : strcmp(mask, "B") == 0 ? centre + 1 : centre;
    if (a->taps == 0)
        return err_config(err, build->loc,
                          "%s \"%s\": mask A leaves nothing of a kernel of %zux%zu; use mask B or a larger kernel",
                          layer, build->path, kh, kw);
    *attributes = a;
    return true;
}
