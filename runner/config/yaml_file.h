/* Which files are experiments by their names: those that end in .yaml, and in nothing like it. */
#ifndef RUNNER_CONFIG_YAML_FILE_H
#define RUNNER_CONFIG_YAML_FILE_H

#include "nn/base/err.h"

/* A path that ends in a name and .yaml. */
bool is_yaml_file(const char *path);

/* false, with an error that says what to name it, for a path that ends in .yml; else true. */
bool yaml_file_check(const char *path, Err *err);

#endif
