#include "tests/support/toy_rows.h"

typedef struct Number {
    double value;
} Number;

static const Field number_fields[] = {
    {.key = "value", .kind = FIELD_REAL, .offset = offsetof(Number, value), .fallback = "1", .help = "the value"},
    {0},
};

static const Row number = {
    .name = "number", .doc = "a number", .fields = number_fields, .size = sizeof(Number), .shorthand = "value"};
static const Row nothing = {.name = "nothing", .doc = "no number"};
static const Row *const numbers[] = {&number, &nothing};
const Table toy_numbers = {.name = "numbers", .noun = "number", .rows = numbers, .n = 2};

#define AT(member) .offset = offsetof(ToyOptions, member)

const Field toy_fields[] = {
    {.key = "flag", .kind = FIELD_BOOL, AT(flag), .fallback = "true", .help = "a switch"},
    {.key = "count", .kind = FIELD_INT, AT(count), .min = 1, .max = 10, .help = "how many"},
    {.key = "ratio", .kind = FIELD_REAL, AT(ratio), .fallback = "0.5", .max = 1, .above_min = true, .help = "a part"},
    {.key = "free", .kind = FIELD_REAL, AT(free), .fallback = FIELD_ABSENT, .help = "any number"},
    {.key = "text", .kind = FIELD_TEXT, AT(text), .fallback = FIELD_ABSENT, .help = "words"},
    {.key = "choice", .kind = FIELD_CHOICE, AT(choice), .fallback = "red", .choices = "red|green", .help = "a colour"},
    {.key = "ints", .kind = FIELD_INTS, AT(ints), .fallback = FIELD_ABSENT, .min = 1, .max = 99, .help = "numbers"},
    {.key = "pair", .kind = FIELD_PAIR, AT(pair), .fallback = "1", .min = 1, .max = 9, .help = "two numbers"},
    {.key = "padding", .kind = FIELD_PADDING, AT(padding), .fallback = "valid", .help = "a border"},
    {.key = "ref", .kind = FIELD_REF, AT(ref), .fallback = FIELD_ABSENT, .help = "a section"},
    {.key = "spec", .kind = FIELD_SPEC, AT(spec), .fallback = "nothing", .table = &toy_numbers, .help = "a number"},
    {.key = "body", .kind = FIELD_SPECS, AT(body), .fallback = "[]", .table = &toy_table, .help = "more of them"},
    {0},
};

static const Row all = {
    .name = "all", .doc = "everything", .fields = toy_fields, .size = sizeof(ToyOptions), .example = "{count: 3}"};
static const Row plain = {.name = "plain", .doc = "nothing"};

typedef struct Short {
    IntList sizes;
} Short;

static const Field short_fields[] = {
    {.key = "sizes", .kind = FIELD_INTS, .offset = offsetof(Short, sizes), .help = "sizes"},
    {0},
};

static const Row shorter = {.name = "short",
                            .doc = "a shorthand",
                            .fields = short_fields,
                            .size = sizeof(Short),
                            .shorthand = "sizes",
                            .example = "[1]"};

typedef struct Nest {
    SpecList body;
} Nest;

static const Field nest_fields[] = {
    {.key = "body", .kind = FIELD_SPECS, .offset = offsetof(Nest, body), .table = &toy_table, .help = "a chain"},
    {0},
};

static const Row nest = {
    .name = "nest", .doc = "a chain", .fields = nest_fields, .size = sizeof(Nest), .example = "{body: [plain]}"};

static const Row *const rows[] = {&all, &plain, &shorter, &nest};
const Table toy_table = {.name = "toys", .noun = "toy", .rows = rows, .n = 4, .named = true};
