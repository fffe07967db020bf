#include <stdlib.h>
#include <string.h>

#include "nn/params/safetensors.h"

static const struct {
    const char *dtype;
    size_t bytes;
} dtypes[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}, {"U8", 1}};

size_t dtype_bytes(const char *dtype)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].dtype, dtype) == 0) return dtypes[i].bytes;
    }
    return 0;
}

void tensors_push(TensorList *list, const TensorEntry *entry)
{
    if (list->n == list->capacity) {
        list->capacity = list->capacity ? mem_mul(list->capacity, 2) : 32;
        list->items = mem_grow(list->items, list->capacity, sizeof *list->items);
    }
    TensorEntry *copy = &list->items[list->n++];
    *copy = *entry;
    copy->name = arena_text(&list->arena, entry->name);
    copy->dtype = arena_text(&list->arena, entry->dtype);
}

void tensors_add(TensorList *list, const char *name, const char *dtype, size_t rank, const size_t *dim,
                 const void *data)
{
    TensorEntry entry = {.name = name, .dtype = dtype, .rank = rank, .data = data, .bytes = dtype_bytes(dtype)};
    if (rank > TENSOR_RANK_MAX || entry.bytes == 0) BUG("tensor \"%s\": rank %zu, type %s", name, rank, dtype);
    for (size_t i = 0; i < rank; i++) {
        entry.dim[i] = dim[i];
        entry.bytes = mem_mul(entry.bytes, dim[i]);
    }
    tensors_push(list, &entry);
}

void tensors_metadata(TensorList *list, const char *key, const char *text)
{
    if (list->metadata_count == list->metadata_capacity) {
        list->metadata_capacity = list->metadata_capacity ? mem_mul(list->metadata_capacity, 2) : 8;
        list->metadata = mem_grow(list->metadata, list->metadata_capacity, sizeof *list->metadata);
    }
    list->metadata[list->metadata_count].key = arena_text(&list->arena, key);
    list->metadata[list->metadata_count++].text = arena_text(&list->arena, text);
}

void tensors_release(TensorList *list)
{
    arena_release(&list->arena);
    free(list->items);
    free(list->metadata);
    *list = (TensorList){0};
}

const char *tensor_shape_text(const TensorEntry *entry, char *text, size_t room)
{
    size_t at = (size_t)snprintf(text, room, "[");
    for (size_t i = 0; i < entry->rank && at < room; i++)
        at += (size_t)snprintf(text + at, room - at, "%s%zu", i ? "," : "", entry->dim[i]);
    if (at < room) snprintf(text + at, room - at, "]");
    return text;
}
