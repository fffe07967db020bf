#include <string.h>

#include "nn/base/file.h"
#include "runner/data/dataset.h"

typedef struct SetOptions {
    const char *title;
    IntList shape;
    int64_t classes, train, test;
} SetOptions;

enum { SIDE_MAX = 4096, COUNT_MAX = 100000000 };

static const Field set_fields[] = {
    {.key = "title", .kind = FIELD_TEXT, .offset = offsetof(SetOptions, title), .help = "one line"},
    {.key = "shape",
     .kind = FIELD_INTS,
     .offset = offsetof(SetOptions, shape),
     .min = 1,
     .max = SIDE_MAX,
     .help = "[height, width, channels] of an image"},
    {.key = "classes",
     .kind = FIELD_INT,
     .offset = offsetof(SetOptions, classes),
     .min = 1,
     .max = 256,
     .help = "labels are 0 .. classes-1"},
    {.key = "train",
     .kind = FIELD_INT,
     .offset = offsetof(SetOptions, train),
     .min = 1,
     .max = COUNT_MAX,
     .help = "training images"},
    {.key = "test",
     .kind = FIELD_INT,
     .offset = offsetof(SetOptions, test),
     .min = 1,
     .max = COUNT_MAX,
     .help = "test images"},
    {.key = NULL},
};

typedef struct FileOptions {
    const char *role, *name, *sha256;
    int64_t bytes;
} FileOptions;

static const Field file_fields[] = {
    {.key = "role",
     .kind = FIELD_CHOICE,
     .offset = offsetof(FileOptions, role),
     .choices = "train_images|train_labels|test_images|test_labels",
     .help = "what it holds"},
    {.key = "name", .kind = FIELD_TEXT, .offset = offsetof(FileOptions, name), .help = "the file's name, unpacked"},
    {.key = "bytes",
     .kind = FIELD_INT,
     .offset = offsetof(FileOptions, bytes),
     .min = 1,
     .max = 1e12,
     .help = "its size, unpacked",
     .unit = "bytes"},
    {.key = "sha256", .kind = FIELD_TEXT, .offset = offsetof(FileOptions, sha256), .help = "its SHA-256, unpacked"},
    {.key = NULL},
};

typedef struct SourceOptions {
    const char *from, *at, *folder, *packing;
} SourceOptions;

/* Read by fetch.sh; bound here so that a slip is found with its place. */
static const Field source_fields[] = {
    {.key = "from",
     .kind = FIELD_CHOICE,
     .offset = offsetof(SourceOptions, from),
     .choices = "url|npm|debian",
     .help = "what `at` is"},
    {.key = "at", .kind = FIELD_TEXT, .offset = offsetof(SourceOptions, at), .help = "an address or a package"},
    {.key = "folder",
     .kind = FIELD_TEXT,
     .offset = offsetof(SourceOptions, folder),
     .fallback = FIELD_ABSENT,
     .help = "where the files lie inside a package"},
    {.key = "packing",
     .kind = FIELD_CHOICE,
     .offset = offsetof(SourceOptions, packing),
     .choices = "none|gzip",
     .help = "how the files are packed there"},
    {.key = NULL},
};

static const char *const roles[] = {"train_images", "train_labels", "test_images", "test_labels"};
enum { ROLES = sizeof roles / sizeof *roles };

/* Takes a list out of a map, so that what is left binds to Field rows; an error where it is absent or no list. */
static const Cfg *take_list(Cfg *map, const char *key, const char *what, Err *err)
{
    for (size_t i = 0; i < map->n; i++) {
        const Cfg *item = map->items[i];
        if (strcmp(item->key, key) != 0) continue;
        if (item->kind != CFG_LIST || item->n == 0) {
            err_config(err, item->loc, "%s of %s: wants a list, got %s", key, what, cfg_kind_text(item));
            return NULL;
        }
        memmove(map->items + i, map->items + i + 1, (map->n - i - 1) * sizeof *map->items);
        map->n--;
        return item;
    }
    err_config(err, map->key_loc, "missing key \"%s\" in %s", key, what);
    return NULL;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool bind_file(Arena *arena, Cfg *map, const char *what, DatasetInfo *info, Err *err)
{
    FileOptions options = {0};
    if (!bind_fields(arena, file_fields, what, map->loc, map, &options, err)) return false;
    const Cfg *name = cfg_get(map, "name"), *sha256 = cfg_get(map, "sha256");
    if (options.name[0] == '\0' || options.name[0] == '.' || strchr(options.name, '/'))
        return err_config(err, name->loc, "name in %s: wants the name of a file, without a folder", what);
    if (!is_sha256(options.sha256)) return err_config(err, sha256->loc, "sha256 in %s: wants 64 digits 0-9a-f", what);

    size_t role = 0;
    while (strcmp(roles[role], options.role) != 0) role++;
    if (info->file[role].name) return err_config(err, map->loc, "%s: a second file of the role %s", what, options.role);
    info->file[role] = (DatasetFile){
        .role = roles[role], .name = options.name, .bytes = options.bytes, .sha256 = options.sha256, .loc = map->loc};
    return true;
}

static bool bind_set(Arena *arena, Cfg *set, const char *name, DatasetInfo *info, Err *err)
{
    const char *what = arena_printf(arena, "data set \"%s\"", name);
    if (set->kind != CFG_MAP) return err_config(err, set->loc, "%s: wants a map, got %s", what, cfg_kind_text(set));
    const Cfg *files = take_list(set, "files", what, err);
    const Cfg *sources = files ? take_list(set, "sources", what, err) : NULL;
    if (!sources) return false;

    SetOptions options = {0};
    if (!bind_fields(arena, set_fields, what, set->key_loc, set, &options, err)) return false;
    const int64_t channels = options.shape.n == 3 ? options.shape.items[2] : 0;
    if (channels != 1 && channels != 3) /* what pictures of them can show */
        return err_config(err, cfg_get(set, "shape")->loc,
                          "shape in %s: wants [height, width, channels] with 1 or 3 channels", what);
    *info = (DatasetInfo){.name = arena_text(arena, name),
                          .title = options.title,
                          .height = (size_t)options.shape.items[0],
                          .width = (size_t)options.shape.items[1],
                          .channels = (size_t)options.shape.items[2],
                          .classes = (size_t)options.classes,
                          .train_count = (size_t)options.train,
                          .test_count = (size_t)options.test};
    for (size_t i = 0; i < files->n; i++)
        if (!bind_file(arena, files->items[i], arena_printf(arena, "a file of %s", what), info, err)) return false;
    for (size_t i = 0; i < sources->n; i++) {
        Cfg *source = sources->items[i];
        SourceOptions unread = {0};
        if (!bind_fields(arena, source_fields, arena_printf(arena, "a source of %s", what), source->loc, source,
                         &unread, err))
            return false;
    }
    const char *hashes = "";
    for (size_t i = 0; i < ROLES; i++) {
        if (!info->file[i].name) return err_config(err, files->loc, "files of %s: none of the role %s", what, roles[i]);
        hashes = arena_printf(arena, "%s%s\n", hashes, info->file[i].sha256);
    }
    sha256_hex(hashes, strlen(hashes), info->sha256);
    return true;
}

bool dataset_describe(Arena *arena, const char *folder, Ref name, DatasetInfo *info, Err *err)
{
    const char *path = arena_printf(arena, "%s/datasets.yaml", folder);
    Cfg *root = cfg_parse_file(arena, path, err);
    if (!root) return false;
    if (root->kind != CFG_MAP)
        return err_config(err, root->loc, "wants a map of data sets, got %s", cfg_kind_text(root));
    Cfg *set = cfg_get(root, name.name);
    if (set) {
        if (!bind_set(arena, set, name.name, info, err)) return false;
        info->fetched_by = dataset_fetch_command(arena, folder, name.name);
        return true;
    }

    const char **names = arena_alloc(arena, root->n, sizeof *names);
    const char *known = "";
    for (size_t i = 0; i < root->n; i++) {
        names[i] = root->items[i]->key;
        known = arena_printf(arena, "%s%s%s", known, i ? ", " : "", names[i]);
    }
    const char *nearest = nearest_name(name.name, names, root->n);
    return err_config(err, name.loc, "unknown data set \"%s\"%s (valid: %s)", name.name,
                      nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "", known);
}
