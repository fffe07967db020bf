/* A trained run's weights. */
#ifndef RUNNER_MODEL_WEIGHTS_H
#define RUNNER_MODEL_WEIGHTS_H

#include "nn/params/params.h"

/* Reads FOLDER/weights.safetensors into parameters that are allocated. Where FOLDER/run.yaml tells of weights of the
 * same identity, their SHA-256 must be the one it names: what has been damaged since then is an error. path: the run,
 * for messages. */
bool weights_read(const char *folder, const char *path, Params *params, Err *err);

#endif
