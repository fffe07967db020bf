/* The command line: one subcommand a file, and one row in commands.def. */
#ifndef RUNNER_CLI_CLI_H
#define RUNNER_CLI_CLI_H

#include "runner/run/spawn.h"

/* What the options of a call say. */
typedef struct Cli {
    const struct Command *command;
    RunPlace place;
    const char *overrides[64];
    size_t override_count;
    const char *results_option, *seed_text, *sample_seed_text, *sampler_text, *format, *frozen, *needs, *again;
    size_t threads, jobs, steps; /* 0: not given */
    uint64_t sample_seed;
    double absolute, relative;
    bool has_sample_seed, force, keep_going, quiet, json, markdown, layers, csv, help;
    char **targets;
    size_t target_count;
    size_t report; /* the descriptor for records of progress; 0: none */
    Arena arena;
} Cli;

/* The options of commands that take targets: all of them, so that a call of `run` can be checked by another word. */
#define CLI_TARGET_OPTIONS "override profile seed results experiments"

typedef struct Command {
    const char *name;
    const char *arguments; /* "[TARGET...]" */
    const char *summary;   /* one line */
    const char *help;      /* a paragraph more, or NULL */
    const char *options;   /* names of the options that it takes beside --quiet and --help: "force jobs" */
    /* Results on standard output, messages on standard error. Returns the exit code: 0 done, 1 failed, 2 usage or
     * configuration, 128+signal. An err that it sets is printed by main. */
    int (*run)(Cli *cli, Err *err);
} Command;

extern const Command *const command_rows[];
extern const size_t command_count;

/* The exit code of an error, 1 where none is set; prints nothing. */
int cli_fail(const Err *err);

/* Parses everything behind the program's name; the first word is the command. */
bool cli_parse(Cli *cli, int argc, char **argv, Err *err);
/* Settles where things lie: the part of cli_parse that comes last. */
void cli_place(Cli *cli);
void cli_help(FILE *out);                                 /* of the program */
void cli_help_command(const Command *command, FILE *out); /* of one command */

/* Whether results can lie where the call says: a file there is an error. */
bool cli_check_results(const Cli *cli, Err *err);

/* The runs of the call's targets. */
bool cli_runs(Cli *cli, RunList *list, Err *err);

/* "`mayvae VERB vae/dim8/seed1`", for messages; where options or files say more than the name does, that they are to be
 * given again. */
const char *cli_call(Cli *cli, const Run *run, const char *verb);

/* Whether the call means every run as the files say it: no targets, no -o, no --seed. */
bool cli_is_whole(const Cli *cli);

/* Checks report.yaml, which a run of any target ends with; that its runs are in the list and have what it shows only
 * where the call means all of them, and no profile takes from them what it shows. */
bool cli_check_study(const Cli *cli, const RunList *list, Err *err);

/* Threads of a run: as given, else the processors divided by the jobs, at least 1. */
size_t cli_threads(const Cli *cli);

/* How the call wants its runs to be launched. */
SpawnOptions cli_spawn_options(const Cli *cli);

/* A table on standard output: columns as wide as their widest cell, or JSON objects one a line with --json. Cells are
 * row by row; the first row holds the headings. right: the columns to align right, by a 1 bit each. numbers: likewise
 * the columns of numbers, which JSON has as such, an empty cell as null; what is no number there stays text. */
void cli_table(const Cli *cli, size_t columns, size_t rows, const char *const *cells, unsigned right, unsigned numbers);

#endif
