/* Classifiers as judges: what a trained network says of images, real or generated. */
#ifndef RUNNER_MODEL_JUDGE_H
#define RUNNER_MODEL_JUDGE_H

#include "runner/model/use_context.h"

/* The section whose logits score the data's classes, one number a class; NULL: the model is no classifier. */
const char *judge_logits(const Model *model);

/* Of a classifier: its classes, and the size of its features, which are what the last dense layer below the logits
 * takes in; 0: there is no such layer. */
size_t judge_classes(const Model *judge);
size_t judge_features(const Model *judge);

/* log p of each class, p = softmax(logits), in double: l - max - log(sum of exp(l - max)), summed in class order.
 * logits and log_probabilities (classes). */
void judge_log_softmax(size_t classes, const real *logits, double *log_probabilities);

/* The class of the highest score, the first of equals. */
size_t judge_class(size_t classes, const double *log_probabilities);

/* n images (n,H,W,C) in [0, 1] through a trained classifier in evaluation mode (running statistics, no dropout):
 * log_probabilities (n, classes) and, unless NULL, features (n, judge_features). Tells use how far it is; false: it was
 * stopped. */
bool judge_classify(const UseContext *use, Model *judge, size_t n, const real *pixels, double *log_probabilities,
                    real *features, Err *err);

#endif
