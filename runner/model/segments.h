/* The sum rule of all means over images: in double, segments of 32 images, segments added in ascending order. */
#ifndef RUNNER_MODEL_SEGMENTS_H
#define RUNNER_MODEL_SEGMENTS_H

#include <stddef.h>

#include "nn/base/real.h"

enum { SEGMENT_IMAGES = 32 };

/* A running sum that keeps the rule when values arrive in batches of any size. */
typedef struct SegmentSum {
    double total, segment;
    size_t in_segment;
} SegmentSum;

static inline void segment_add(SegmentSum *sum, double value)
{
    sum->segment += value;
    if (++sum->in_segment == SEGMENT_IMAGES) {
        sum->total += sum->segment;
        sum->segment = 0;
        sum->in_segment = 0;
    }
}

static inline double segment_total(const SegmentSum *sum)
{
    return sum->total + sum->segment;
}

#endif
