#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/params/safetensors.h"

enum { LENGTH_BYTES = 8, ALIGNMENT = 8 };
static const size_t header_limit = 100u * 1000 * 1000, file_limit = (size_t)16 << 30;

typedef struct Reader {
    Loc loc;
    SafeTensors *file;
    size_t data_bytes;
    Err *err;
} Reader;

static bool refuse(const Reader *reader, const char *name, const char *what)
{
    return err_failed(reader->err, reader->loc, "not a valid safetensors file: tensor \"%s\": %s", name, what);
}

/* A JSON integer that is not negative. */
static bool take_size(const json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

static bool take_shape(const Reader *reader, const char *name, const json_t *shape, TensorEntry *entry)
{
    if (!json_is_array(shape)) return refuse(reader, name, "no list \"shape\"");
    entry->rank = json_array_size(shape);
    if (entry->rank > TENSOR_RANK_MAX) return refuse(reader, name, "more than 8 dimensions");
    for (size_t i = 0; i < entry->rank; i++) {
        if (!take_size(json_array_get(shape, i), &entry->dim[i]))
            return refuse(reader, name, "a size is no whole number");
        if (__builtin_mul_overflow(entry->bytes, entry->dim[i], &entry->bytes))
            return refuse(reader, name, "the product of its sizes is too large");
    }
    return true;
}

/* Entries keep where they begin as a pointer into the data, which begins at `data`. */
static bool take_entry(const Reader *reader, const char *name, const json_t *object, const char *data)
{
    TensorEntry entry = {.name = name};
    size_t begin, end;
    if (!json_is_object(object)) return refuse(reader, name, "its entry is not an object");
    if (json_object_size(object) != 3) return refuse(reader, name, "its entry has other keys than the three");
    entry.dtype = json_string_value(json_object_get(object, "dtype"));
    if (!entry.dtype) return refuse(reader, name, "no text \"dtype\"");
    size_t width = entry.bytes = dtype_bytes(entry.dtype);
    if (width == 0) return refuse(reader, name, "its type is none of F32, F64, I64, U8");
    if (!take_shape(reader, name, json_object_get(object, "shape"), &entry)) return false;
    const json_t *offsets = json_object_get(object, "data_offsets");
    if (json_array_size(offsets) != 2 || !take_size(json_array_get(offsets, 0), &begin) ||
        !take_size(json_array_get(offsets, 1), &end))
        return refuse(reader, name, "\"data_offsets\" are not two whole numbers");
    if (begin > end) return refuse(reader, name, "ends before it begins");
    if (end > reader->data_bytes)
        return err_failed(reader->err, reader->loc,
                          "truncated: the header says tensor \"%s\" ends at byte %zu of the data, there are %zu", name,
                          end, reader->data_bytes);
    if (end - begin != entry.bytes) return refuse(reader, name, "its shape and its offsets tell different sizes");
    if (begin % width != 0) return refuse(reader, name, "is not aligned for its type");
    entry.data = data + begin;
    tensors_push(&reader->file->list, &entry);
    return true;
}

static bool take_metadata(const Reader *reader, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return err_failed(reader->err, reader->loc, "not a valid safetensors file: __metadata__ is not an object");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return err_failed(reader->err, reader->loc, "not a valid safetensors file: metadata \"%s\" is not a text",
                              key);
        tensors_metadata(&reader->file->list, key, json_string_value(value));
    }
    return true;
}

static int by_data(const void *left, const void *right)
{
    const TensorEntry *a = left, *b = right;
    if (a->data != b->data) return a->data < b->data ? -1 : 1;
    return a->bytes == b->bytes ? strcmp(a->name, b->name) : a->bytes < b->bytes ? -1 : 1;
}

/* In the order of their data, each must begin where the one before ends, and the last end with the file. */
static bool check_holes(const Reader *reader, const char *data)
{
    TensorList *list = &reader->file->list;
    const char *at = data;
    if (list->n > 0) qsort(list->items, list->n, sizeof *list->items, by_data);
    for (size_t i = 0; i < list->n; i++) {
        const char *begin = list->items[i].data;
        if (begin != at)
            return refuse(reader, list->items[i].name, begin < at ? "overlaps another one" : "has a hole before it");
        at = begin + list->items[i].bytes;
    }
    if (at == data + reader->data_bytes) return true;
    return err_failed(reader->err, reader->loc, "not a valid safetensors file: %zu bytes behind the last tensor",
                      (size_t)(data + reader->data_bytes - at));
}

static bool take_header(const Reader *reader, const char *text, size_t length, const char *data)
{
    bool ok = false;
    const char *name;
    json_t *value;
    json_error_t why;
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!header) {
        err_failed(reader->err, reader->loc, "not a valid safetensors file: its header: %s", why.text);
        goto done;
    }
    json_object_foreach(header, name, value)
    {
        ok = strcmp(name, "__metadata__") == 0 ? take_metadata(reader, value) : take_entry(reader, name, value, data);
        if (!ok) goto done;
    }
    ok = check_holes(reader, data);
done:
    json_decref(header);
    return ok;
}

/* Where the header lies, after the checks that need no JSON. */
static bool measure(const Reader *reader, size_t total, size_t *length)
{
    const unsigned char *bytes = (const unsigned char *)reader->file->bytes;
    if (total < LENGTH_BYTES)
        return err_failed(reader->err, reader->loc, "truncated: %zu bytes, a safetensors file has 8 at least", total);
    uint64_t n = 0;
    for (size_t i = LENGTH_BYTES; i-- > 0;) n = n << 8 | bytes[i];
    if (n > header_limit)
        return err_failed(reader->err, reader->loc,
                          "not a valid safetensors file: a header of %llu bytes is over 100 MB", (unsigned long long)n);
    if (n > total - LENGTH_BYTES)
        return err_failed(reader->err, reader->loc, "truncated: the header says %llu bytes, there are %zu",
                          (unsigned long long)n, total - LENGTH_BYTES);
    if (n == 0 || bytes[LENGTH_BYTES] != '{')
        return err_failed(reader->err, reader->loc,
                          "not a valid safetensors file: the header doesn't start with \"{\"");
    *length = (size_t)n;
    return true;
}

bool safetensors_read(SafeTensors *file, const char *path, Err *err)
{
    *file = (SafeTensors){.path = path};
    Reader reader = {.loc = loc_file(path), .file = file, .err = err};
    size_t total = 0, length = 0;
    bool ok = false;
    char *header = NULL;
    if (!file_read(path, file_limit, &file->bytes, &total, err)) goto done;
    if (!measure(&reader, total, &length)) goto done;
    /* A header that is not padded to 8 leaves the data unaligned: move them down over its end. */
    header = mem_zeroed(length, 1);
    memcpy(header, file->bytes + LENGTH_BYTES, length);
    char *from = file->bytes + LENGTH_BYTES + length, *data = from - (LENGTH_BYTES + length) % ALIGNMENT;
    reader.data_bytes = total - LENGTH_BYTES - length;
    if (data != from) memmove(data, from, reader.data_bytes);
    ok = take_header(&reader, header, length, data);
done:
    free(header);
    if (!ok) safetensors_release(file);
    return ok;
}

void safetensors_release(SafeTensors *file)
{
    free(file->bytes);
    tensors_release(&file->list);
    *file = (SafeTensors){0};
}

const TensorEntry *safetensors_find(const SafeTensors *file, const char *name)
{
    for (size_t i = 0; i < file->list.n; i++) {
        if (strcmp(file->list.items[i].name, name) == 0) return &file->list.items[i];
    }
    return NULL;
}

const char *safetensors_metadata(const SafeTensors *file, const char *key)
{
    for (size_t i = 0; i < file->list.metadata_count; i++) {
        if (strcmp(file->list.metadata[i].key, key) == 0) return file->list.metadata[i].text;
    }
    return NULL;
}
