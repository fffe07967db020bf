/* The arithmetic of scores that a classifier gives to images: everything in double, means over images in segments of
 * 32. log_probabilities (n, classes) are a judge's log p(y|x), one row an image (runner/model/judge.h). */
#ifndef RUNNER_METRIC_SCORES_H
#define RUNNER_METRIC_SCORES_H

#include <stddef.h>

/* exp of the mean over n images of KL(p(y|x) || p(y)), p(y) the mean of p(y|x) over the same n: the Inception Score
 * (Salimans et al., Improved Techniques for Training GANs, 2016, section 4), between 1 and classes. No epsilon: a
 * probability of 0 adds 0. Finite n lowers the expected score by a factor of about exp(-(classes - 1) / (2 n)). */
double score_inception(size_t n, size_t classes, const double *log_probabilities);

typedef struct SplitScore {
    double mean, sd; /* over splits; sd by splits - 1, 0 for one split */
} SplitScore;

/* The scores of the first `splits` runs of `each` consecutive images. */
SplitScore score_inception_splits(size_t splits, size_t each, size_t classes, const double *log_probabilities);

typedef struct Interval {
    double lower, upper;
} Interval;

/* The 95% interval of a share by Wilson's score, of k successes in n > 0 trials (Wilson, Probable Inference, the Law of
 * Succession, and Statistical Inference, 1927; z = 1.959963985). */
Interval score_wilson(size_t k, size_t n);

#endif
