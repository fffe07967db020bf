#include "runner/metric/scores.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/fmath.h"
#include "runner/model/segments.h"

double score_inception(size_t n, size_t classes, const double *log_probabilities)
{
    SegmentSum *sum = mem_zeroed(classes, sizeof *sum), divergence = {0};
    double *log_mean = mem_zeroed(classes, sizeof *log_mean);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < classes; c++) segment_add(&sum[c], d_exp(log_probabilities[i * classes + c]));
    for (size_t c = 0; c < classes; c++) log_mean[c] = d_log(segment_total(&sum[c]) / (double)n);
    for (size_t i = 0; i < n; i++) {
        double kl = 0;
        for (size_t c = 0; c < classes; c++) {
            const double log_p = log_probabilities[i * classes + c], p = d_exp(log_p);
            if (p > 0) kl += p * (log_p - log_mean[c]);
        }
        segment_add(&divergence, kl);
    }
    free(log_mean);
    free(sum);
    return d_exp(segment_total(&divergence) / (double)n);
}

SplitScore score_inception_splits(size_t splits, size_t each, size_t classes, const double *log_probabilities)
{
    double *score = mem_zeroed(splits, sizeof *score), sum = 0, square = 0;
    for (size_t i = 0; i < splits; i++) {
        score[i] = score_inception(each, classes, log_probabilities + i * each * classes);
        sum += score[i];
    }
    const double mean = sum / (double)splits;
    for (size_t i = 0; i < splits; i++) square += (score[i] - mean) * (score[i] - mean);
    free(score);
    return (SplitScore){mean, splits > 1 ? sqrt(square / (double)(splits - 1)) : 0};
}

Interval score_wilson(size_t k, size_t n)
{
    const double z = 1.959963984540054, trials = (double)n, share = (double)k / trials;
    const double scale = 1 / (1 + z * z / trials), centre = share + z * z / (2 * trials);
    const double half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
    const double lower = scale * (centre - half), upper = scale * (centre + half);
    return (Interval){lower > 0 && k > 0 ? lower : 0, upper < 1 && k < n ? upper : 1};
}
