#include "tests/support/small_set.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/temporary.h"

uint8_t small_pixel(size_t file, size_t image, size_t pixel)
{
    return (uint8_t)(image * 37 + pixel * 13 + file * 101);
}

uint8_t small_label(size_t file, size_t image)
{
    return (uint8_t)((image / 5 + file) % SMALL_CLASSES);
}

Ref small_ref(const char *name)
{
    return (Ref){.name = name, .loc = {"a.yaml", 3, 9}};
}

static void must(bool ok, const Err *err)
{
    if (!ok) BUG("small set: %s", err->text);
}

static void fill(SmallFile *file, size_t i)
{
    const bool images = i % 2 == 0;
    const uint32_t n = i < 2 ? SMALL_TRAIN : SMALL_TEST;
    const uint32_t words[] = {images ? 0x803 : 0x801, n, SMALL_HEIGHT, SMALL_WIDTH};
    file->n = 0;
    for (size_t w = 0; w < (images ? 4 : 2); w++)
        for (int shift = 24; shift >= 0; shift -= 8) file->bytes[file->n++] = (uint8_t)(words[w] >> shift);
    for (size_t image = 0; image < n; image++) {
        if (!images) file->bytes[file->n++] = small_label(i, image);
        for (size_t p = 0; images && p < SMALL_PIXELS; p++) file->bytes[file->n++] = small_pixel(i, image, p);
    }
}

void small_set_init(SmallSet *set)
{
    static const char *const names[][2] = {{"train_images", "train-images"},
                                           {"train_labels", "train-labels"},
                                           {"test_images", "test-images"},
                                           {"test_labels", "test-labels"}};
    *set = (SmallSet){0};
    Err err = {0};
    const char *folder = set->folder = temporary_folder(&set->arena, "test", &err);
    must(folder != NULL, &err);
    setenv("MAYVAE_DATA", folder, 1);
    must(file_make_folder(arena_printf(&set->arena, "%s/small", folder), &err), &err);
    for (size_t i = 0; i < 4; i++) {
        set->file[i].role = names[i][0];
        set->file[i].name = names[i][1];
        set->file[i].path = arena_printf(&set->arena, "%s/small/%s", folder, names[i][1]);
        fill(&set->file[i], i);
    }
}

void small_set_write(const SmallSet *set, size_t file)
{
    Err err = {0};
    must(file_write(set->file[file].path, set->file[file].bytes, set->file[file].n, &err), &err);
}

void small_set_publish(const SmallSet *set)
{
    Arena arena = {0};
    Err err = {0};
    const char *yaml = arena_printf(&arena,
                                    "other:\n  title: nothing\nsmall:\n  title: made up\n  shape: [%d, %d, 1]\n"
                                    "  classes: %d\n  train: %d\n  test: %d\n  files:\n",
                                    SMALL_HEIGHT, SMALL_WIDTH, SMALL_CLASSES, SMALL_TRAIN, SMALL_TEST);
    for (size_t i = 0; i < 4; i++) {
        const SmallFile *file = &set->file[i];
        char hex[65];
        small_set_write(set, i);
        sha256_hex(file->bytes, file->n, hex);
        yaml = arena_printf(&arena, "%s    - {role: %s, name: %s, bytes: %zu, sha256: \"%s\"}\n", yaml, file->role,
                            file->name, file->n, hex);
    }
    yaml = arena_printf(&arena, "%s  sources:\n    - {from: url, at: \"file:///nowhere/\", packing: none}\n", yaml);
    must(file_write(arena_printf(&arena, "%s/datasets.yaml", set->folder), yaml, strlen(yaml), &err), &err);
    arena_release(&arena);
}

void small_set_release(SmallSet *set)
{
    Err err = {0};
    must(temporary_remove(set->folder, &err), &err);
    arena_release(&set->arena);
    unsetenv("MAYVAE_DATA");
}
