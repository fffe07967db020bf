#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/params/safetensors.h"

enum { LENGTH_BYTES = 8, HEADER_ALIGN = 8 };

static int wider_first(const void *left, const void *right)
{
    const TensorEntry *a = left, *b = right;
    size_t wide_a = dtype_bytes(a->dtype), wide_b = dtype_bytes(b->dtype);
    if (wide_a != wide_b) return wide_a > wide_b ? -1 : 1;
    return strcmp(a->name, b->name);
}

typedef struct Pair {
    const char *key, *text;
} Pair;

static int by_key(const void *left, const void *right)
{
    const Pair *a = left, *b = right;
    return strcmp(a->key, b->key);
}

/* jansson's setters give -1 for text that is not UTF-8 (which makes a NULL value). */
static bool add_metadata(json_t *header, const TensorList *list)
{
    if (list->metadata_count == 0) return true;
    bool ok = true;
    json_t *metadata = json_object();
    Pair *pairs = mem_zeroed(list->metadata_count, sizeof *pairs);
    for (size_t i = 0; i < list->metadata_count; i++) pairs[i] = (Pair){list->metadata[i].key, list->metadata[i].text};
    qsort(pairs, list->metadata_count, sizeof *pairs, by_key);
    for (size_t i = 0; i < list->metadata_count && ok; i++) {
        if (i > 0 && strcmp(pairs[i].key, pairs[i - 1].key) == 0) BUG("metadata \"%s\" is there twice", pairs[i].key);
        ok = json_object_set_new(metadata, pairs[i].key, json_string(pairs[i].text)) == 0;
    }
    free(pairs);
    return json_object_set_new(header, "__metadata__", metadata) == 0 && ok;
}

static bool add_entry(json_t *header, const TensorEntry *entry, size_t begin)
{
    json_t *shape = json_array();
    for (size_t i = 0; i < entry->rank; i++) json_array_append_new(shape, json_integer((json_int_t)entry->dim[i]));
    json_t *object = json_object();
    json_object_set_new(object, "dtype", json_string(entry->dtype));
    json_object_set_new(object, "shape", shape);
    json_t *offsets = json_array();
    json_array_append_new(offsets, json_integer((json_int_t)begin));
    json_array_append_new(offsets, json_integer((json_int_t)(begin + entry->bytes)));
    json_object_set_new(object, "data_offsets", offsets);
    return json_object_set_new(header, entry->name, object) == 0;
}

/* The header as text, or NULL where a name or a text is not UTF-8. free() it. */
static char *header_text(const TensorEntry *sorted, const TensorList *list)
{
    json_t *header = json_object();
    bool ok = add_metadata(header, list);
    size_t begin = 0;
    for (size_t i = 0; i < list->n && ok; i++) {
        if (json_object_get(header, sorted[i].name)) BUG("tensor \"%s\" is there twice", sorted[i].name);
        ok = add_entry(header, &sorted[i], begin);
        begin = mem_add(begin, sorted[i].bytes);
    }
    char *text = ok ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    return text;
}

static bool put(FILE *stream, const void *bytes, size_t n)
{
    return n == 0 || fwrite(bytes, 1, n, stream) == n;
}

static bool put_all(FILE *stream, const char *header, const TensorEntry *sorted, size_t n)
{
    const size_t length = strlen(header);
    const size_t padded = mem_add(length, HEADER_ALIGN - 1) / HEADER_ALIGN * HEADER_ALIGN;
    unsigned char prefix[LENGTH_BYTES];
    for (size_t i = 0; i < LENGTH_BYTES; i++) prefix[i] = (unsigned char)(padded >> (8 * i));
    bool ok =
        put(stream, prefix, sizeof prefix) && put(stream, header, length) && put(stream, "        ", padded - length);
    for (size_t i = 0; i < n && ok; i++) ok = put(stream, sorted[i].data, sorted[i].bytes);
    return ok;
}

bool safetensors_write(const char *path, const TensorList *list, Err *err)
{
    bool ok = false;
    AtomicFile file = {0};
    char *header = NULL;
    TensorEntry *sorted = mem_zeroed(list->n, sizeof *sorted);
    if (list->n > 0) memcpy(sorted, list->items, list->n * sizeof *sorted);
    if (list->n > 0) qsort(sorted, list->n, sizeof *sorted, wider_first);
    header = header_text(sorted, list);
    if (!header) {
        err_failed(err, loc_file(path), "a tensor's name or a metadata text is not UTF-8");
        goto done;
    }
    if (!file_begin(&file, path, err)) goto done;
    if (!put_all(file.stream, header, sorted, list->n)) {
        err_failed(err, loc_file(path), "can't write: %s", strerror(errno));
        goto done;
    }
    ok = file_commit(&file, err);
done:
    file_abandon(&file);
    free(header);
    free(sorted);
    return ok;
}
