/* `describe --json`: rows for other programs. */
#ifndef RUNNER_CLI_DESCRIBE_JSON_H
#define RUNNER_CLI_DESCRIBE_JSON_H

#include "runner/cli/tables.h"

/* One row as one line on standard output: {"table", "row", "doc", "options": [{"option", "type", "required", "default",
 * "least" or "above", "most", "choices", "table", "unit", "help"}], "shorthand", "example"}; what isn't there is left
 * out. */
void describe_json(Arena *arena, const Topic *topic, const Row *row);

#endif
