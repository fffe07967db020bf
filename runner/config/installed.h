/* What lies where the program does. */
#ifndef RUNNER_CONFIG_INSTALLED_H
#define RUNNER_CONFIG_INSTALLED_H

#include "nn/base/alloc.h"

/* PREFIX/share/mayvae/PATH of a program PREFIX/bin/mayvae, be it there or not; NULL: nobody knows where the program is.
 */
const char *installed_path(Arena *arena, const char *path);

/* FOLDER/PATH of the nearest folder above the program that has it, as the repository does where the program was built;
 * NULL: none. */
const char *built_path(Arena *arena, const char *path);

#endif
