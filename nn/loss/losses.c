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

const Field quantizer_fields[] = {
    {.key = "quantizer",
     .kind = FIELD_REF,
     .offset = offsetof(QuantizerOptions, quantizer),
     .help = "a section that ends with vector_quantize"},
    {0},
};

Ref loss_quantizer(const void *options)
{
    return ((const QuantizerOptions *)options)->quantizer;
}

bool loss_of_quantizer(const Build *build, const char *name, const void *options, const char *part, int *node, Err *err)
{
    const Ref quantizer = loss_quantizer(options);
    Value value;
    if (!scope_find(build->scope, quantizer, &value, err)) return false;
    *node = value_part(&value, part);
    if (*node >= 0) return true;
    if (value_part(&value, "commitment_loss") >= 0)
        return err_config(err, quantizer.loc, "%s: the codebook of \"%s\" moves by averages; leave this term out", name,
                          quantizer.name);
    return err_config(err, quantizer.loc, "%s: \"%s\" is no quantizer (it has no %s); end it with vector_quantize",
                      name, quantizer.name, part);
}
