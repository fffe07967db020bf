/* `show --format dot` and `tikz`: a run's layers as a graph, on the standard output. */
#ifndef RUNNER_CLI_SHOW_GRAPH_H
#define RUNNER_CLI_SHOW_GRAPH_H

#include "runner/cli/cli.h"
#include "runner/model/summary.h"

void show_dot(Cli *cli, const Run *run, const LayerList *list, bool heading);
void show_tikz(Cli *cli, const Run *run, const LayerList *list, bool heading);

#endif
