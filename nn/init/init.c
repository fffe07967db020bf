#include "nn/init/init.h"

static const Row *const rows[] = {
#define INITIALISER(id) &initialiser_##id.row,
#include "nn/init/initialisers.def"
#undef INITIALISER
};

static const Row *const codebook_rows[] = {
#define INITIALISER(id) &initialiser_##id.row,
#include "nn/init/codebook_initialisers.def"
#undef INITIALISER
};

const Table initialisers_table = {
    .name = "initialisers", .noun = "initialiser", .rows = rows, .n = sizeof rows / sizeof rows[0]};

const Table codebook_initialisers_table = {.name = "codebook_initialisers",
                                           .noun = "initialiser of codebooks",
                                           .rows = codebook_rows,
                                           .n = sizeof codebook_rows / sizeof codebook_rows[0]};

Spec initialiser_named(const char *name)
{
    const Row *row = table_find(&initialisers_table, name);
    if (!row || row->fields) BUG("no initialiser \"%s\" that needs no options", name);
    return (Spec){.row = row};
}

Spec initialiser_of_bias(Spec weight)
{
    const Initialiser *initialiser = (const Initialiser *)weight.row;
    return initialiser->bias ? weight : initialiser_named("zeros");
}
