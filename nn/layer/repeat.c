#include "nn/layer/layer.h"

enum { TIMES_MAX = 1000 };

typedef struct Options {
    int64_t times;
    SpecList body;
} Options;

static const Field fields[] = {
    {.key = "times",
     .kind = FIELD_INT,
     .offset = offsetof(Options, times),
     .min = 1,
     .max = TIMES_MAX,
     .help = "how often the body stands there"},
    {.key = "body",
     .kind = FIELD_SPECS,
     .offset = offsetof(Options, body),
     .table = &layers_table,
     .help = "a list of layers, each behind the one before"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    if (o->body.n == 0) return err_config(err, b->loc, "repeat \"%s\": its body has no layers", b->path);
    *out = *in;
    for (int64_t i = 1; i <= o->times; i++) {
        const char *leaf = arena_printf(&b->graph->arena, "%lld", (long long)i);
        const Build below = {.graph = b->graph, .scope = b->scope, .path = build_path(b, leaf), .loc = b->loc};
        const Value at = *out;
        if (!layers_build(&below, o->body, &at, out, err)) return false;
    }
    return true;
}

const Layer layer_repeat = {
    .row = {.name = "repeat",
            .doc = "The same layers several times in a row, each time with parameters of its own: path.1, path.2, ...",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{times: 2, body: [dense: {units: 5}, relu]}"},
    .build = build,
    .example_input = {2, {2, 5}},
};
