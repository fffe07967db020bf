#include "runner/data/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runner/data/idx.h"
#include "runner/data/verify.h"

const char *dataset_folder(Arena *arena, Err *err)
{
    const char *data = getenv("MAYVAE_DATA"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (data && *data) return arena_text(arena, data);
    if (cache && *cache) return arena_printf(arena, "%s/mayvae", cache);
    if (home && *home) return arena_printf(arena, "%s/.cache/mayvae", home);
    err_config(err, (Loc){0}, "HOME is not set; name the folder of the data by MAYVAE_DATA");
    return NULL;
}

/* How many images `split` has before any limit, and in *first where it begins. 0: no such split. */
static size_t split_range(const DatasetInfo *info, const DataOptions *options, const char *split, size_t *first)
{
    const size_t valid = (size_t)options->split_valid;
    size_t train = (size_t)options->split_train;
    if (train == 0) train = valid < info->train_count ? info->train_count - valid : 0;
    *first = strcmp(split, "valid") == 0 ? train : 0;
    if (strcmp(split, "train") == 0) return train;
    if (strcmp(split, "valid") == 0) return valid;
    return strcmp(split, "test") == 0 ? info->test_count : 0;
}

size_t dataset_split_count(const DatasetInfo *info, const DataOptions *options, const char *split)
{
    size_t first;
    const size_t n = split_range(info, options, split, &first), limit = (size_t)options->limit;
    return limit && limit < n ? limit : n;
}

static const char *path_of(Arena *arena, const DatasetInfo *info, const DatasetFile *file, Err *err)
{
    const char *folder = dataset_folder(arena, err);
    return folder ? arena_printf(arena, "%s/%s/%s", folder, info->name, file->name) : NULL;
}

static bool labels_valid(const char *path, const Idx *labels, size_t classes, Err *err)
{
    for (size_t i = 0; i < labels->dimension[0]; i++) {
        if (labels->bytes[i] >= classes)
            return err_failed(err, loc_file(path), "label %zu is %d, but there are %zu classes", i, labels->bytes[i],
                              classes);
    }
    return true;
}

/* Both files of the training set (pair 0) or the test set (pair 2): `count` images of the right shape, as many labels.
 */
static bool load_pair(Arena *arena, Dataset *dataset, size_t pair, size_t count, Split *split, Err *err)
{
    const DatasetInfo *info = &dataset->info;
    const size_t dimensions = info->channels == 1 ? 3 : 4;
    const size_t shape[] = {count, info->height, info->width, info->channels};
    const char *path[2];
    Idx idx[2];
    for (size_t i = 0; i < 2; i++) {
        const DatasetFile *file = &info->file[pair + i];
        path[i] = path_of(arena, info, file, err);
        if (!path[i]) return false;
        uint8_t *bytes = verify_read(arena, path[i], file->bytes, file->sha256, info->fetched_by, err);
        dataset->bytes[pair + i] = bytes;
        if (!bytes || !idx_parse(path[i], bytes, (size_t)file->bytes, i == 0 ? dimensions : 1, &idx[i], err))
            return false;
        if (idx[i].dimension[0] != count)
            return err_failed(err, loc_file(path[i]), "holds %zu %s, expected %zu", idx[i].dimension[0],
                              i == 0 ? "images" : "labels", count);
    }
    for (size_t i = 1; i < dimensions; i++) {
        if (idx[0].dimension[i] != shape[i])
            return err_failed(err, loc_file(path[0]), "dimension %zu of its images is %zu, expected %zu", i,
                              idx[0].dimension[i], shape[i]);
    }
    *split = (Split){.images = idx[0].bytes, .labels = idx[1].bytes, .n = count};
    return labels_valid(path[1], &idx[1], info->classes, err);
}

static Split cut(const Dataset *dataset, const DataOptions *options, const Split *whole, const char *name)
{
    const DatasetInfo *info = &dataset->info;
    size_t first;
    split_range(info, options, name, &first);
    return (Split){.name = name,
                   .images = whole->images + first * info->height * info->width * info->channels,
                   .labels = whole->labels + first,
                   .n = dataset_split_count(info, options, name),
                   .first = (uint32_t)first};
}

bool dataset_check_split(const DatasetInfo *info, const DataOptions *options, Err *err)
{
    const size_t train = (size_t)options->split_train, valid = (size_t)options->split_valid;
    if (train <= info->train_count && valid <= info->train_count - train && valid < info->train_count) return true;
    return err_config(err, options->loc, "split: %zu training and %zu validation images, but \"%s\" has %zu for both",
                      train, valid, info->name, info->train_count);
}

bool dataset_present(const DatasetInfo *info, Err *err)
{
    Arena arena = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof info->file / sizeof *info->file; i++) {
        const DatasetFile *file = &info->file[i];
        const char *path = path_of(&arena, info, file, err);
        ok = path && verify_size(path, file->bytes, info->fetched_by, err);
    }
    arena_release(&arena);
    return ok;
}

bool dataset_load(Arena *arena, Dataset *dataset, const DatasetInfo *info, const DataOptions *options, Err *err)
{
    *dataset = (Dataset){.info = *info};
    if (!dataset_check_split(info, options, err)) return false;
    Split whole_train = {0}, whole_test = {0};
    if (!load_pair(arena, dataset, 0, info->train_count, &whole_train, err) ||
        !load_pair(arena, dataset, 2, info->test_count, &whole_test, err)) {
        dataset_release(dataset);
        return false;
    }
    dataset->train = cut(dataset, options, &whole_train, "train");
    dataset->valid = cut(dataset, options, &whole_train, "valid");
    dataset->test = cut(dataset, options, &whole_test, "test");
    return true;
}

void dataset_release(Dataset *dataset)
{
    for (size_t i = 0; i < 4; i++)
        if (dataset->bytes[i]) munmap(dataset->bytes[i], (size_t)dataset->info.file[i].bytes);
    for (size_t i = 0; i < 3; i++) free(dataset->codes[i]);
    *dataset = (Dataset){0};
}

const Split *dataset_split(const Dataset *dataset, const char *name)
{
    const Split *splits[] = {&dataset->train, &dataset->valid, &dataset->test};
    for (size_t i = 0; i < 3; i++)
        if (splits[i]->n && strcmp(splits[i]->name, name) == 0) return splits[i];
    return NULL;
}
