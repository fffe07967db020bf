#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runner/cli/cli.h"

typedef enum OptionKind { OPTION_FLAG, OPTION_TEXT, OPTION_COUNT, OPTION_NUMBER, OPTION_OVERRIDE } OptionKind;

typedef struct Option {
    const char *name;
    char letter; /* or 0 */
    OptionKind kind;
    size_t offset;        /* in Cli */
    const char *argument; /* NULL for flags */
    const char *help;     /* NULL: not listed */
    bool common;          /* every command takes it */
} Option;

#define HELP_INDENT "                             "

static const Option options[] = {
    {"threads", 0, OPTION_COUNT, offsetof(Cli, threads), "N", "threads of each run; the bits don't depend on it",
     false},
    {"jobs", 'j', OPTION_COUNT, offsetof(Cli, jobs), "N", "runs side by side (default: 1)", false},
    {"force", 0, OPTION_FLAG, offsetof(Cli, force), NULL, "train and evaluate again even what is up to date", false},
    {"keep-going", 'k', OPTION_FLAG, offsetof(Cli, keep_going), NULL, "go on with other runs when one fails", false},
    {"json", 0, OPTION_FLAG, offsetof(Cli, json), NULL, "the table as JSON, one object a line", false},
    {"format", 0, OPTION_TEXT, offsetof(Cli, format), "FORMAT", "text, csv, dot or tikz", false},
    {"atol", 0, OPTION_NUMBER, offsetof(Cli, absolute), "X", "absolute tolerance (default: 0)", false},
    {"rtol", 0, OPTION_NUMBER, offsetof(Cli, relative), "X", "relative tolerance (default: 0)", false},
    {"md", 0, OPTION_FLAG, offsetof(Cli, markdown), NULL, "the table as Markdown", false},
    {"sample-seed", 0, OPTION_TEXT, offsetof(Cli, sample_seed_text), "N", "draw other samples than the run's own",
     false},
    {"sampler", 0, OPTION_TEXT, offsetof(Cli, sampler_text), "YAML", "a row of `mayvae describe samplers`, e.g. region",
     false},
    {"layers", 0, OPTION_FLAG, offsetof(Cli, layers), NULL, "time by layer", false},
    {"steps", 0, OPTION_COUNT, offsetof(Cli, steps), "N", "time N steps (default: a few seconds of them)", false},
    {"csv", 0, OPTION_FLAG, offsetof(Cli, csv), NULL, "CSV", false},
    {"override", 'o', OPTION_OVERRIDE, 0, "KEY=VALUE", "set a key to a YAML value (dotted path); repeatable", false},
    {"profile", 0, OPTION_TEXT, offsetof(Cli, place.resolve.profile), "NAME",
     "lay experiments/profiles/NAME.yaml over them", false},
    {"seed", 0, OPTION_TEXT, offsetof(Cli, seed_text), "N", "this seed in place of the file's seeds", false},
    {"results", 0, OPTION_TEXT, offsetof(Cli, results_option), "DIR",
     "where results lie (default: results; with --profile\n" HELP_INDENT "build/NAME/results; with -o build/override)",
     false},
    {"experiments", 0, OPTION_TEXT, offsetof(Cli, place.experiments), "DIR",
     "where experiments lie (default: experiments, or\n" HELP_INDENT "those that were installed)", false},
    {"quiet", 'q', OPTION_FLAG, offsetof(Cli, quiet), NULL, "no progress", true},
    {"help", 'h', OPTION_FLAG, offsetof(Cli, help), NULL, "this text", true},
    {"frozen", 0, OPTION_TEXT, offsetof(Cli, frozen), "FILE", NULL, false},
    {"needs", 0, OPTION_TEXT, offsetof(Cli, needs), "LINES", NULL, false},
    {"again", 0, OPTION_TEXT, offsetof(Cli, again), "TEXT", NULL, false},
    {"report", 0, OPTION_COUNT, offsetof(Cli, report), "N", NULL, false},
};

enum { OPTIONS = sizeof options / sizeof *options };

static bool has_option(const Command *command, const char *option)
{
    size_t length = strlen(option);
    for (const char *words = command->options, *at = words; at && (at = strstr(at, option)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

static bool takes(const Command *command, const Option *option)
{
    return option->common || has_option(command, option->name);
}

static const Option *find_long(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0) return &options[i];
    return NULL;
}

static const Option *find_letter(char letter)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].letter == letter) return &options[i];
    return NULL;
}

static bool unknown(Cli *cli, const char *argument, const Option *known, Err *err)
{
    if (known && known->help)
        return err_config(err, (Loc){0}, "%s: has no use for --%s; `mayvae %s --help` lists what it takes",
                          cli->command->name, known->name, cli->command->name);
    const char *word = arena_text_n(&cli->arena, argument, strcspn(argument, "="));
    const char *names[OPTIONS];
    size_t n = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].help && takes(cli->command, &options[i])) names[n++] = options[i].name;
    const char *bare = word + strspn(word, "-");
    const char *nearest = nearest_name(bare, names, n);
    if (nearest)
        return err_config(err, (Loc){0}, "%s: unknown option %s; did you mean --%s?", cli->command->name, word,
                          nearest);
    return err_config(err, (Loc){0}, "%s: unknown option %s; `mayvae %s --help` lists them", cli->command->name, word,
                      cli->command->name);
}

static bool set_count(size_t *target, const Option *option, const char *value, Err *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || !isdigit((unsigned char)value[0]) || *end || number < 1 || number > 1024)
        return err_config(err, (Loc){0}, "--%s: wants a whole number from 1 to 1024, got \"%s\"", option->name, value);
    *target = (size_t)number;
    return true;
}

static bool set_number(double *target, const Option *option, const char *value, Err *err)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !(number >= 0) || number > 1e300)
        return err_config(err, (Loc){0}, "--%s: wants a number of at least 0, got \"%s\"", option->name, value);
    *target = number;
    return true;
}

static bool set(Cli *cli, const Option *option, const char *value, Err *err)
{
    char *at = (char *)cli + option->offset;
    if (!value && option->kind != OPTION_FLAG) BUG("--%s without its value", option->name);
    switch (option->kind) {
    case OPTION_FLAG:
        memcpy(at, &(bool){true}, sizeof(bool));
        return true;
    case OPTION_TEXT:
        memcpy(at, &value, sizeof value);
        return true;
    case OPTION_COUNT:
        return set_count((size_t *)(void *)at, option, value, err);
    case OPTION_NUMBER:
        return set_number((double *)(void *)at, option, value, err);
    case OPTION_OVERRIDE:
        break;
    }
    if (cli->override_count == sizeof cli->overrides / sizeof *cli->overrides)
        return err_config(err, (Loc){0}, "-o: at most %zu of them", cli->override_count);
    cli->overrides[cli->override_count++] = value;
    return true;
}

/* One option at argv[*i], with its value in the same word or the next. */
static bool parse_option(Cli *cli, int argc, char **argv, int *i, Err *err)
{
    const char *word = argv[*i], *value = NULL;
    const Option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find_long(word + 2, length);
        if (word[2 + length] == '=') value = word + 3 + length;
    } else {
        option = find_letter(word[1]);
        if (word[2]) value = word + 2;
    }
    if (!option || !takes(cli->command, option)) return unknown(cli, word, option, err);
    if (!option->argument && value)
        return err_config(err, (Loc){0}, "--%s takes no value, got \"%s\"", option->name, value);
    if (option->argument && !value) {
        if (*i + 1 >= argc) return err_config(err, (Loc){0}, "--%s: wants a value, %s", option->name, option->argument);
        value = argv[++*i];
    }
    if (option->kind == OPTION_TEXT && value && !*value)
        return err_config(err, (Loc){0}, "--%s: wants a value, %s, got an empty one", option->name, option->argument);
    return set(cli, option, value, err);
}

static bool parse_seed(const char *option, const char *text, uint64_t *seed, Err *err)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || !isdigit((unsigned char)text[0]) || *end || value > INT64_MAX)
        return err_config(err, (Loc){0}, "--%s: wants a whole number from 0 to 2^63 - 1, got \"%s\"", option, text);
    *seed = value;
    return true;
}

/* A profile is a name, since results are written to a folder of that name. */
static bool check_profile(const char *name, Err *err)
{
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name)) return true;
    return err_config(err, (Loc){0},
                      "--profile: wants the name of a file in experiments/profiles/ without .yaml, got \"%s\"", name);
}

/* Runs are told of each other's folders line by line. */
static bool check_results(const char *folder, Err *err)
{
    for (const char *c = folder; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return err_config(err, (Loc){0},
                              "--results: wants the name of a folder without control characters, such as a line's end");
    return true;
}

static bool check_values(Cli *cli, Err *err)
{
    ResolveOptions *resolve = &cli->place.resolve;
    resolve->has_seed = cli->seed_text != NULL;
    cli->has_sample_seed = cli->sample_seed_text != NULL;
    return (!cli->seed_text || parse_seed("seed", cli->seed_text, &resolve->seed, err)) &&
           (!cli->sample_seed_text || parse_seed("sample-seed", cli->sample_seed_text, &cli->sample_seed, err)) &&
           (!resolve->profile || check_profile(resolve->profile, err)) &&
           (!cli->results_option || check_results(cli->results_option, err));
}

static bool find_command(Cli *cli, const char *name, Err *err)
{
    const char *names[64];
    for (size_t i = 0; i < command_count; i++) {
        names[i] = command_rows[i]->name;
        if (strcmp(names[i], name) == 0) cli->command = command_rows[i];
    }
    if (cli->command) return true;
    const char *nearest = nearest_name(name, names, command_count);
    if (nearest) return err_config(err, (Loc){0}, "unknown command \"%s\"; did you mean \"%s\"?", name, nearest);
    return err_config(err, (Loc){0}, "unknown command \"%s\"; `mayvae help` lists them", name);
}

bool cli_parse(Cli *cli, int argc, char **argv, Err *err)
{
    if (!find_command(cli, argv[1], err)) return false;
    cli->targets = arena_alloc(&cli->arena, (size_t)argc, sizeof *cli->targets);
    bool options_end = false;
    for (int i = 2; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0)
            options_end = true;
        else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
            if (!parse_option(cli, argc, argv, &i, err)) return false;
        } else
            cli->targets[cli->target_count++] = argv[i];
    }
    if (cli->help) return true;
    if (!check_values(cli, err)) return false;
    cli_place(cli);
    return true;
}

static void help_options(const Command *command, bool common, FILE *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const Option *option = &options[i];
        if (!option->help || option->common != common || !takes(command, option)) continue;
        char left[40];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", option->letter ? "-" : " ", option->letter ? option->letter : ' ',
                 option->letter ? ", " : "  ", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        fprintf(out, "  %-26s %s\n", left, option->help);
    }
}

void cli_help_command(const Command *command, FILE *out)
{
    fprintf(out, "mayvae %s %s[OPTION...]\n\n%s.\n", command->name, command->arguments, command->summary);
    if (command->help) fprintf(out, "\n%s\n", command->help);
    fputs("\nOptions:\n", out);
    help_options(command, false, out);
    help_options(command, true, out);
}

void cli_help(FILE *out)
{
    fputs("mayvae COMMAND [TARGET...] [OPTION...]\n\n"
          "Runs experiments with variational autoencoders, each described by a YAML file.\n"
          "A target is a YAML file, an experiment's name, or a run (vae/dim8/seed1, globs\n"
          "allowed); no target means all in experiments/.\n\n",
          out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-9s %s\n", command_rows[i]->name, command_rows[i]->summary);
    fputs("\n`mayvae COMMAND --help` tells a command's options.\n"
          "Exit: 0 done, 1 failed, 2 usage or configuration, 128+signal.\n",
          out);
}
