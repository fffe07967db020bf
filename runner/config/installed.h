/* What was installed with the program. */
#ifndef RUNNER_CONFIG_INSTALLED_H
#define RUNNER_CONFIG_INSTALLED_H

#include "nn/base/alloc.h"

/* PREFIX/share/mayvae/PATH of a program PREFIX/bin/mayvae, be it there or not; NULL: nobody knows where the program is.
 */
const char *installed_path(Arena *arena, const char *path);

#endif
