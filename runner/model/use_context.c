#include "runner/model/use_context.h"

bool use_progress(const UseContext *use, size_t done, size_t total, Err *err)
{
    return !use->progress || use->progress(use->progress_context, done, total, err);
}
