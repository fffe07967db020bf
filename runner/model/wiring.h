/* How model.c and pass.c put an experiment's network into a graph. */
#ifndef RUNNER_MODEL_WIRING_H
#define RUNNER_MODEL_WIRING_H

#include "runner/model/model.h"

void wiring_begin(Wiring *wiring, const Experiment *experiment, const Numerics *numerics, size_t batch);
/* Adds the inputs "image" (N,H,W,C), "label" (N) and, where the data has codes, "code" (N,h,w) to the scope. */
void wiring_images(Wiring *wiring, const DatasetInfo *info);
/* Adds every section that can be built from what the scope holds, then the loss terms where wanted. */
bool wiring_network(Wiring *wiring, const Experiment *experiment, bool losses, Err *err);
/* Refuses a loss term whose gradient comes to no parameter that is trained, and such a parameter that no term's
 * gradient comes to. Wants a network with its terms. */
bool wiring_check_trained(const Wiring *wiring, const Experiment *experiment, Err *err);
void wiring_release(Wiring *wiring);
/* The node of "section" or "section.part", or -1. */
int wiring_find(const Wiring *wiring, const char *name);
/* The input of the nearest dense op at or below a node, along first inputs; -1: none. */
int wiring_features(const Wiring *wiring, int node);

#endif
