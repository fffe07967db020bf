#include "nn/loss/loss.h"

static const Row *const rows[] = {
#define LOSS(id) &loss_##id.row,
#include "nn/loss/losses.def"
#undef LOSS
};

const Table losses_table = {.name = "losses", .noun = "loss", .rows = rows, .n = sizeof rows / sizeof rows[0]};

bool loss_pair(const Build *build, const Op *op, Ref first, Ref second, int *node, Err *err)
{
    Value a, b;
    if (!scope_find(build->scope, first, &a, err) || !scope_find(build->scope, second, &b, err)) return false;
    const int input[] = {a.node, b.node};
    return build_op(build, op, NULL, 2, input, node, err);
}
