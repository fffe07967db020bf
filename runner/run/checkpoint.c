#include "runner/run/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"

void train_state_init(TrainState *state, const Experiment *experiment)
{
    *state = (TrainState){.sums = experiment->loss_count + 1};
    state->sum = mem_zeroed(state->sums, sizeof *state->sum);
    history_init(&state->history, experiment);
}

void train_state_release(TrainState *state)
{
    free(state->sum);
    history_release(&state->history);
    *state = (TrainState){0};
}

static const char *slot_prefix(char text[32], size_t slot)
{
    snprintf(text, 32, "optimizer.%zu.", slot);
    return text;
}

/* A segment sum as three numbers. */
enum { SUM_NUMBERS = 3 };

static double *pack_sums(const TrainState *state)
{
    double *numbers = mem_zeroed(state->sums * SUM_NUMBERS, sizeof *numbers);
    for (size_t i = 0; i < state->sums; i++) {
        numbers[i * SUM_NUMBERS] = state->sum[i].total;
        numbers[i * SUM_NUMBERS + 1] = state->sum[i].segment;
        numbers[i * SUM_NUMBERS + 2] = (double)state->sum[i].in_segment;
    }
    return numbers;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const TensorEntry *)a)->name, ((const TensorEntry *)b)->name);
}

/* SHA-256 over the hashes of all tensors in name order: a bit that flipped on the disk is seen. */
static void checksum(const TensorList *list, char hex[65])
{
    TensorEntry *sorted = mem_zeroed(list->n + 1, sizeof *sorted);
    Text text = {0};
    if (list->n) memcpy(sorted, list->items, list->n * sizeof *sorted);
    qsort(sorted, list->n, sizeof *sorted, by_name);
    for (size_t i = 0; i < list->n; i++) {
        sha256_hex(sorted[i].data, sorted[i].bytes, hex);
        text_add(&text, "%s %s\n", sorted[i].name, hex);
    }
    sha256_hex(text.bytes ? text.bytes : "", text.n, hex);
    text_release(&text);
    free(sorted);
}

static bool check_sum(const SafeTensors *file, Err *err)
{
    char hex[65];
    const char *expected = safetensors_metadata(file, "checksum");
    checksum(&file->list, hex);
    if (expected && strcmp(expected, hex) == 0) return true;
    return err_failed(err, loc_file(file->path), "its checksum doesn't agree with its contents");
}

bool checkpoint_save(const char *path, const char *identity, const Params *params, const TrainState *state, Err *err)
{
    TensorList list = {0};
    int64_t position[2] = {(int64_t)state->epoch, (int64_t)state->step};
    double *sums = pack_sums(state);
    char prefix[32];
    tensors_metadata(&list, "identity", identity);
    params_list(params, "value.", params->value, &list);
    for (size_t i = 0; i < params->slots; i++) params_list(params, slot_prefix(prefix, i), params->slot[i], &list);
    tensors_add(&list, "train.position", "I64", 1, (size_t[]){2}, position);
    tensors_add(&list, "train.sums", "F64", 2, (size_t[]){state->sums, SUM_NUMBERS}, sums);
    if (state->history.rows)
        tensors_add(&list, "train.history", "F64", 2, (size_t[]){state->history.rows, state->history.columns},
                    state->history.values);
    char hex[65];
    checksum(&list, hex);
    tensors_metadata(&list, "checksum", hex);
    bool ok = safetensors_write(path, &list, err);
    tensors_release(&list);
    free(sums);
    return ok;
}

/* A table of so many columns; a list of so many numbers where rank is 1. */
static const TensorEntry *entry(const SafeTensors *file, const char *name, const char *dtype, size_t rank,
                                size_t columns, Err *err)
{
    const TensorEntry *found = safetensors_find(file, name);
    if (found && strcmp(found->dtype, dtype) == 0 && found->rank == rank && found->dim[rank - 1] == columns)
        return found;
    err_failed(err, loc_file(file->path), "\"%s\" is missing or has another shape", name);
    return NULL;
}

static bool take_history(const SafeTensors *file, TrainState *state, Err *err)
{
    if (!safetensors_find(file, "train.history")) return true;
    const TensorEntry *history = entry(file, "train.history", "F64", 2, state->history.columns, err);
    if (!history) return false;
    for (size_t row = 0; row < history->dim[0]; row++)
        memcpy(history_add(&state->history), (const double *)history->data + row * state->history.columns,
               state->history.columns * sizeof(double));
    return true;
}

static bool take_state(const SafeTensors *file, TrainState *state, Err *err)
{
    const TensorEntry *position = entry(file, "train.position", "I64", 1, 2, err);
    const TensorEntry *sums = position ? entry(file, "train.sums", "F64", 2, SUM_NUMBERS, err) : NULL;
    if (!sums) return false;
    if (sums->dim[0] != state->sums) return err_failed(err, loc_file(file->path), "\"train.sums\" has another shape");
    state->epoch = (uint64_t)((const int64_t *)position->data)[0];
    state->step = (uint64_t)((const int64_t *)position->data)[1];
    const double *numbers = sums->data;
    for (size_t i = 0; i < state->sums; i++)
        if (!(numbers[i * SUM_NUMBERS + 2] >= 0 && numbers[i * SUM_NUMBERS + 2] < SEGMENT_IMAGES))
            return err_failed(err, loc_file(file->path), "\"train.sums\" holds what can't be");
    for (size_t i = 0; i < state->sums; i++)
        state->sum[i] =
            (SegmentSum){numbers[i * SUM_NUMBERS], numbers[i * SUM_NUMBERS + 1], (size_t)numbers[i * SUM_NUMBERS + 2]};
    return take_history(file, state, err);
}

static bool take_all(const SafeTensors *file, Params *params, TrainState *state, Err *err)
{
    char prefix[32];
    if (!params_take(params, "value.", params->value, file, err)) return false;
    for (size_t i = 0; i < params->slots; i++)
        if (!params_take(params, slot_prefix(prefix, i), params->slot[i], file, err)) return false;
    return take_state(file, state, err);
}

/* A damaged file's message, with what to do about it. */
static bool damaged(const char *path, const Err *cause, Err *err)
{
    return err_failed(err, loc_file(path),
                      "damaged checkpoint: %.700s; delete it, or use --force, to train from the start", cause->text);
}

bool checkpoint_load(const char *path, const char *identity, Params *params, TrainState *state, bool *found, Err *err)
{
    *found = false;
    if (!file_exists(path)) return true;
    SafeTensors file = {0};
    Err cause = {0};
    bool ok = safetensors_read(&file, path, &cause);
    const char *theirs = ok ? safetensors_metadata(&file, "identity") : NULL;
    if (ok && theirs && strcmp(theirs, identity) == 0) {
        ok = take_all(&file, params, state, &cause) && check_sum(&file, &cause);
        *found = ok;
    }
    safetensors_release(&file);
    return ok || damaged(path, &cause, err);
}

bool checkpoint_peek(const char *path, const char *identity, uint64_t *epoch, uint64_t *step)
{
    SafeTensors file = {0};
    Err ignored = {0};
    bool ok = file_exists(path) && safetensors_read(&file, path, &ignored);
    const char *theirs = ok ? safetensors_metadata(&file, "identity") : NULL;
    const TensorEntry *position = ok ? safetensors_find(&file, "train.position") : NULL;
    ok = theirs && (!identity || strcmp(theirs, identity) == 0) && position && strcmp(position->dtype, "I64") == 0 &&
         position->bytes == 16;
    if (ok) {
        *epoch = (uint64_t)((const int64_t *)position->data)[0];
        *step = (uint64_t)((const int64_t *)position->data)[1];
    }
    safetensors_release(&file);
    return ok;
}
