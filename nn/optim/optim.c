#include "nn/optim/optim.h"

static const Row *const rows[] = {
#define OPTIMIZER(id) &optimizer_##id.row,
#include "nn/optim/optimizers.def"
#undef OPTIMIZER
};

const Table optimizers_table = {
    .name = "optimizers", .noun = "optimizer", .rows = rows, .n = sizeof rows / sizeof rows[0]};
