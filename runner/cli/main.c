#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "nn/kernel/numerics.h"
#include "runner/cli/cli.h"

enum { OWN_PAGES = 1 << 20 }; /* bytes from which a block goes back to the system when it is freed */

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

/* Where a caller closed one of the three standard streams, the next file opened would get its number, and messages
 * would go into a result. Writing to the stand-in of standard output fails, as it should; messages are lost. */
static bool open_standard_streams(void)
{
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int stream = 0; stream < 3; stream++)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", modes[stream]) != stream) return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!open_standard_streams()) return ERR_FAILED;
    mallopt(M_MMAP_THRESHOLD, OWN_PAGES); /* else glibc raises it to the size of what is freed, and keeps that */
    if (argc < 2) {
        cli_help(stderr);
        return ERR_CONFIG;
    }
    if (wants_help(argv[1]) && argc == 2) {
        cli_help(stdout);
        return flush(0);
    }
    char option[] = "--help";
    char *help_of[] = {argv[0], argv[2], option, NULL};
    if (wants_help(argv[1])) argv = help_of, argc = 3; /* `mayvae help run` is `mayvae run --help` */
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
