/* The safetensors format: u64 little-endian N, N bytes of JSON padded with spaces to 8, row-major data without holes.
 * Written atomically with entries sorted by falling size of the type, then by name, so the same tensors give the same
 * bytes. The reader trusts nothing that the file says: no size is used before it is checked. */
#ifndef NN_PARAMS_SAFETENSORS_H
#define NN_PARAMS_SAFETENSORS_H

#include <stdint.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

enum { TENSOR_RANK_MAX = 8 };

typedef struct TensorEntry {
    const char *name;
    const char *dtype; /* "F32", "F64", "I64", "U8" */
    size_t rank;
    size_t dim[TENSOR_RANK_MAX];
    const void *data; /* borrowed */
    size_t bytes;
} TensorEntry;

typedef struct TensorList {
    Arena arena; /* for names */
    TensorEntry *items;
    size_t n, capacity;
    struct {
        const char *key, *text;
    } * metadata; /* sorted by key when written */
    size_t metadata_count, metadata_capacity;
} TensorList;

/* name and text are copied, data is borrowed until the list is written. */
void tensors_add(TensorList *list, const char *name, const char *dtype, size_t rank, const size_t *dim,
                 const void *data);
void tensors_metadata(TensorList *list, const char *key, const char *text);
void tensors_push(TensorList *list, const TensorEntry *entry); /* name and dtype are copied */
void tensors_release(TensorList *list);
size_t dtype_bytes(const char *dtype); /* 0: none of ours */
/* "[3,3,1,32]" into text, which is returned. */
const char *tensor_shape_text(const TensorEntry *entry, char *text, size_t room);
bool safetensors_write(const char *path, const TensorList *list, Err *err);

typedef struct SafeTensors {
    const char *path; /* borrowed: errors point to it */
    char *bytes;      /* owned */
    TensorList list;
} SafeTensors;

/* Reads and checks a whole file: every check of the format (sizes, no holes, no overlap, unique names, types that we
 * know), and that each tensor is aligned for its type. A failure names the file and what is wrong with it. */
bool safetensors_read(SafeTensors *file, const char *path, Err *err);
void safetensors_release(SafeTensors *file);
const TensorEntry *safetensors_find(const SafeTensors *file, const char *name); /* NULL: none */
const char *safetensors_metadata(const SafeTensors *file, const char *key);     /* NULL: none */

#endif
