/* From an experiment's file to its variants: extends, profile, overrides, seeds, matrix, ${}, when. */
#ifndef RUNNER_CONFIG_RESOLVE_H
#define RUNNER_CONFIG_RESOLVE_H

#include <stdint.h>

#include "runner/config/cfg.h"

/* How the command line changes what the files say. */
typedef struct ResolveOptions {
    const char *folder;           /* of the experiments */
    const char *profile;          /* NULL: none; else FOLDER/profiles/NAME.yaml */
    const char *const *overrides; /* KEY=VALUE */
    size_t override_count;
    bool has_seed;
    uint64_t seed; /* replaces `seeds` */
} ResolveOptions;

/* One variant of an experiment: the tree that is left after everything above, without extends, matrix, seeds, when. */
typedef struct Variant {
    const char *experiment; /* the file's `experiment:` */
    const char *name;       /* "dim8-beta2" by the matrix keys in file order; "" without a matrix */
    const uint64_t *seeds;
    size_t seed_count;
    Cfg *root;
    const struct Report
        *pending; /* what is wrong already; experiment_bind reports it in its turn (design: the order) */
} Variant;

typedef struct VariantList {
    Variant *items;
    size_t n;
} VariantList;

/* Reads path and what it extends (relative to its own folder; a cycle is an error at the line that closes it), merges
 * the profile (a map over each experiment; its optional key `experiments` holds maps for single ones, merged after) and
 * the overrides, expands the matrix (at most 10,000 variants, and as many runs over all seeds), puts the values in for
 * ${key} (a whole scalar takes the value's type; an unknown key is an error with the nearest), and drops list items
 * whose `when` doesn't hold (a `when` compares matrix keys with a value or a list of values). Two variants of one name,
 * or a name that isn't [a-z0-9_.-]+ as a folder, are errors. A problem that leaves a tree to bind is kept in
 * Variant.pending, so that an unknown key elsewhere is reported before it: bind the first variant to see it. The
 * experiment's name must be the file's. */
bool resolve_file(Arena *arena, const char *path, const ResolveOptions *options, VariantList *list, Err *err);

/* Whether a problem is pending; then the variants and seeds may be others than the file means. */
bool variants_are_pending(const VariantList *list);

#endif
