#include <stdlib.h>
#include <string.h>

#include "nn/kernel/numerics.h"
#include "runner/cli/cli.h"

static bool wants_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Output that could not be written (a full disk, a closed pipe) is a failure too. */
static int flush(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fputs("can't write to standard output\n", stderr);
    return code ? code : ERR_FAILED;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        cli_help(stderr);
        return ERR_CONFIG;
    }
    if (wants_help(argv[1])) {
        cli_help(stdout);
        return flush(0);
    }
    Cli cli = {0};
    Err err = {0};
    int code = ERR_CONFIG;
    if (!numerics_select_isa(getenv("MAYVAE_ISA"), &err) || !cli_parse(&cli, argc, argv, &err)) {
        err_print(&err, stderr);
    } else if (cli.help) {
        cli_help_command(cli.command, stdout);
        code = 0;
    } else {
        code = cli.command->run(&cli, &err);
        if (err.kind != ERR_NONE) err_print(&err, stderr);
    }
    arena_release(&cli.arena);
    return flush(code);
}
