/* Classifiers as judges: what a trained network says of images, real or generated. */
#ifndef RUNNER_MODEL_JUDGE_H
#define RUNNER_MODEL_JUDGE_H

#include "runner/model/model.h"

/* The section whose logits score the data's classes, one number a class; NULL: the model is no classifier. */
const char *judge_logits(const Model *model);

/* log p of each class, p = softmax(logits), in double: l - max - log(sum of exp(l - max)), summed in class order.
 * logits and log_probabilities (classes). */
void judge_log_softmax(size_t classes, const real *logits, double *log_probabilities);

/* The class of the highest score, the first of equals. */
size_t judge_class(size_t classes, const double *log_probabilities);

#endif
