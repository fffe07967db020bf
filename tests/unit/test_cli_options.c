/* The command line: every form of an option, what is refused, and where results go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/cli/cli.h"

enum { WORDS_MAX = 80 };

static Cli cli;
static Err err;

static int teardown(void **state)
{
    (void)state;
    arena_release(&cli.arena);
    return 0;
}

static bool parse_words(const char *const *words)
{
    static char text[WORDS_MAX][64];
    char *argv[WORDS_MAX + 1] = {text[0]};
    int argc = 1;
    strcpy(text[0], "mayvae");
    for (; words[argc - 1]; argc++) {
        assert_true(argc < WORDS_MAX);
        snprintf(text[argc], sizeof text[argc], "%s", words[argc - 1]);
        argv[argc] = text[argc];
    }
    arena_release(&cli.arena);
    cli = (Cli){0};
    err = (Err){0};
    return cli_parse(&cli, argc, argv, &err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PARSE(...)                                                                                                     \
    do {                                                                                                               \
        if (!parse_words(WORDS(__VA_ARGS__))) fail_msg("%s", err.text);                                                \
    } while (0)
#define REFUSE(message, ...)                                                                                           \
    do {                                                                                                               \
        assert_false(parse_words(WORDS(__VA_ARGS__)));                                                                 \
        assert_int_equal(err.kind, ERR_CONFIG);                                                                        \
        assert_null(err.loc.file);                                                                                     \
        assert_string_equal(err.text, message);                                                                        \
    } while (0)

static void every_form_of_an_option(void **state)
{
    (void)state;
    PARSE("run", "--jobs=4");
    assert_int_equal(cli.jobs, 4);
    PARSE("run", "--jobs", "4");
    assert_int_equal(cli.jobs, 4);
    PARSE("run", "-j4");
    assert_int_equal(cli.jobs, 4);
    PARSE("run", "-j", "4");
    assert_int_equal(cli.jobs, 4);
    assert_int_equal(cli.target_count, 0);
    PARSE("run", "--force", "-k", "-q", "--threads=3");
    assert_true(cli.force && cli.keep_going && cli.quiet);
    assert_int_equal(cli.threads, 3);
    assert_false(cli.help);
    PARSE("diff", "a", "b", "--atol", "1e-3", "--rtol=0.5", "--md");
    assert_true(cli.absolute == 1e-3 && cli.relative == 0.5 && cli.markdown);
    PARSE("run", "--help");
    assert_true(cli.help);
    PARSE("run", "-h");
    assert_true(cli.help);
    PARSE("run", "--seed", "9223372036854775807");
    assert_true(cli.place.resolve.has_seed && cli.place.resolve.seed == INT64_MAX);
    PARSE("run", "--seed=0");
    assert_true(cli.place.resolve.has_seed && cli.place.resolve.seed == 0);
    PARSE("run");
    assert_false(cli.place.resolve.has_seed);
    assert_string_equal(cli.command->name, "run");
}

static void targets_stand_anywhere(void **state)
{
    (void)state;
    PARSE("run", "vae", "--force", "ae/*", "-j", "2", "-");
    assert_int_equal(cli.target_count, 3);
    assert_string_equal(cli.targets[0], "vae");
    assert_string_equal(cli.targets[1], "ae/*");
    assert_string_equal(cli.targets[2], "-");
    PARSE("run", "--", "--force", "-j", "--");
    assert_false(cli.force);
    assert_int_equal(cli.target_count, 3);
    assert_string_equal(cli.targets[0], "--force");
    assert_string_equal(cli.targets[2], "--");
}

static void overrides_are_kept_in_order(void **state)
{
    (void)state;
    PARSE("run", "-o", "train.epochs=2", "--override=figures=[]", "-oa=b=c");
    assert_int_equal(cli.place.resolve.override_count, 3);
    assert_string_equal(cli.place.resolve.overrides[0], "train.epochs=2");
    assert_string_equal(cli.place.resolve.overrides[1], "figures=[]");
    assert_string_equal(cli.place.resolve.overrides[2], "a=b=c");
    const char *words[WORDS_MAX] = {"run"};
    for (size_t i = 1; i <= 64; i++) words[i] = "-oa=1";
    assert_true(parse_words(words));
    words[65] = "-oa=1";
    assert_false(parse_words(words));
    assert_string_equal(err.text, "-o: at most 64 of them");
}

static void names_of_folders_are_one_line(void **state)
{
    (void)state;
    static const char message[] =
        "--results: wants the name of a folder without control characters, such as a line's end";
    REFUSE(message, "run", "--results", "a\nb");
    REFUSE(message, "list", "--results=out\x7f");
    PARSE("run", "--results", "br\xc3\xbct \xc2\xa0=x");
}

static void results_never_go_over_committed_ones(void **state)
{
    (void)state;
    PARSE("run");
    assert_string_equal(cli.place.results, "results");
    assert_string_equal(cli.place.experiments, "experiments");
    assert_string_equal(cli.place.resolve.folder, "experiments");
    assert_null(cli.place.lender);
    PARSE("run", "-o", "a=1");
    assert_string_equal(cli.place.results, "build/override");
    assert_string_equal(cli.place.lender, "results");
    PARSE("run", "--profile", "quick");
    assert_string_equal(cli.place.results, "build/quick/results");
    assert_null(cli.place.lender);
    assert_string_equal(cli.place.resolve.profile, "quick");
    PARSE("run", "--profile", "quick", "-o", "a=1");
    assert_string_equal(cli.place.results, "build/override");
    assert_string_equal(cli.place.lender, "build/quick/results");
    PARSE("run", "--results", "out", "--profile", "quick", "-o", "a=1");
    assert_string_equal(cli.place.results, "out");
    PARSE("run", "-o", "a=1", "--results=results");
    assert_null(cli.place.lender);
    PARSE("run", "-o", "a=1", "--results=out", "--experiments=mine");
    assert_string_equal(cli.place.results, "out");
    assert_string_equal(cli.place.lender, "results");
    assert_string_equal(cli.place.experiments, "mine");
    assert_string_equal(cli.place.resolve.folder, "mine");
}

/* The options and targets with which the name of a run isn't enough to call for it again. */
static void a_name_is_enough_without_options(void **state)
{
    (void)state;
    const Run run = {.path = "vae/seed1"};
    PARSE("run", "vae", "--quiet", "-j", "2", "--force");
    assert_null(cli.place.again);
    assert_string_equal(cli_call(&cli, &run, "run"), "`mayvae run vae/seed1`");
    const char *const words[][4] = {{"run", "-o", "a=1"},          {"run", "--profile", "quick"},
                                    {"run", "--seed", "1"},        {"run", "--results", "other"},
                                    {"run", "--experiments", "x"}, {"run", "x/vae.yaml"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!parse_words(words[i])) fail_msg("%s", err.text);
        assert_string_equal(cli.place.again, "the same command");
        assert_string_equal(cli_call(&cli, &run, "explain"), "`mayvae explain` with the same targets and options");
    }
    PARSE("run", "--force", "--seed", "1"); /* which would begin anew */
    assert_string_equal(cli.place.again, "the same command without --force");
}

static void commands_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const Command *command = command_rows[i];
        PARSE(command->name, "--quiet");
        assert_ptr_equal(cli.command, command);
        if (!command->summary || !command->arguments || !command->run) fail_msg("%s lacks a part", command->name);
    }
    REFUSE("unknown command \"rnu\"; did you mean \"run\"?", "rnu");
    REFUSE("unknown command \"frobnicate\"; `mayvae help` lists them", "frobnicate");
}

/* Every word in a command's list of options is an option. */
static void commands_name_options_that_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        char words[256], option[64], with_value[80];
        snprintf(words, sizeof words, "%s", command_rows[i]->options ? command_rows[i]->options : "");
        for (char *rest = words, *word; (word = strtok_r(rest, " ", &rest));) {
            snprintf(option, sizeof option, "--%s", word);
            snprintf(with_value, sizeof with_value, "%s=1", option);
            if (!parse_words(WORDS(command_rows[i]->name, option)) &&
                !parse_words(WORDS(command_rows[i]->name, with_value)))
                fail_msg("%s takes no %s: %s", command_rows[i]->name, option, err.text);
        }
    }
}

static void unknown_options_are_refused(void **state)
{
    (void)state;
    REFUSE("run: unknown option --thread; did you mean --threads?", "run", "--thread", "2");
    REFUSE("run: unknown option --resutls; did you mean --results?", "run", "--resutls=somewhere/else");
    REFUSE("run: unknown option -z; `mayvae run --help` lists them", "run", "-z");
    REFUSE("run: unknown option --frobnicate; `mayvae run --help` lists them", "run", "--frobnicate");
    /* another command's option is none of this one's; hidden ones are not suggested */
    REFUSE("check: has no use for --force; `mayvae check --help` lists what it takes", "check", "--force");
    REFUSE("check: has no use for --jobs; `mayvae check --help` lists what it takes", "check", "-j2");
    REFUSE("diff: has no use for --override; `mayvae diff --help` lists what it takes", "diff", "-o", "x=1");
    REFUSE("schema: has no use for --profile; `mayvae schema --help` lists what it takes", "schema", "--profile", "q");
    REFUSE("describe: has no use for --results; `mayvae describe --help` lists what it takes", "describe",
           "--results=r");
    REFUSE("check: unknown option --frozen; `mayvae check --help` lists them", "check", "--frozen");
    REFUSE("run: unknown option --froze; `mayvae run --help` lists them", "run", "--froze");
    REFUSE("run: unknown option ---force; did you mean --force?", "run", "---force");
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    static const char *const counts[] = {"0", "-1", "x", "", " 2", "2x", "1025", "99999999999999999999", "1.5", "+2"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char message[100];
        snprintf(message, sizeof message, "--jobs: wants a whole number from 1 to 1024, got \"%s\"", counts[i]);
        REFUSE(message, "run", "--jobs", counts[i]);
    }
    PARSE("run", "-j", "1024");
    static const char *const numbers[] = {"-1", "x", "", "nan", "inf", "1e301", "2x"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char message[100];
        snprintf(message, sizeof message, "--atol: wants a number of at least 0, got \"%s\"", numbers[i]);
        REFUSE(message, "diff", "--atol", numbers[i]);
    }
    static const char *const seeds[] = {"-1", "x", "1.5", "9223372036854775808", "99999999999999999999"};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        char message[100];
        snprintf(message, sizeof message, "--seed: wants a whole number from 0 to 2^63 - 1, got \"%s\"", seeds[i]);
        REFUSE(message, "run", "--seed", seeds[i]);
    }
}

static void missing_and_superfluous_values_are_refused(void **state)
{
    (void)state;
    REFUSE("--jobs: wants a value, N", "run", "-j");
    REFUSE("--results: wants a value, DIR", "run", "--results");
    REFUSE("--override: wants a value, KEY=VALUE", "run", "vae", "-o");
    REFUSE("--results: wants a value, DIR, got an empty one", "run", "--results=");
    REFUSE("--results: wants a value, DIR, got an empty one", "run", "--results", "");
    REFUSE("--profile: wants a value, NAME, got an empty one", "run", "--profile=");
    REFUSE("--force takes no value, got \"1\"", "run", "--force=1");
    REFUSE("--quiet takes no value, got \"k\"", "run", "-qk");
}

static void threads_are_shared_by_jobs(void **state)
{
    (void)state;
    PARSE("run", "--threads", "7", "-j", "3");
    assert_int_equal(cli_threads(&cli), 7);
    PARSE("run", "-j", "1024");
    assert_int_equal(cli_threads(&cli), 1);
    PARSE("run");
    assert_true(cli_threads(&cli) >= 1);
}

static void help_lists_what_a_command_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);
        cli_help_command(command_rows[i], out);
        fclose(out);
        assert_non_null(strstr(text, command_rows[i]->summary));
        assert_int_equal(strstr(text, "--override KEY=VALUE") != NULL,
                         command_rows[i]->options && strstr(command_rows[i]->options, "override"));
        assert_non_null(strstr(text, "--quiet"));
        assert_null(strstr(text, "--frozen"));
        const bool jobs = command_rows[i]->options && strstr(command_rows[i]->options, "jobs");
        assert_int_equal(strstr(text, "-j, --jobs N") != NULL, jobs);
        free(text);
    }
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    cli_help(out);
    fclose(out);
    for (size_t i = 0; i < command_count; i++) assert_non_null(strstr(text, command_rows[i]->summary));
    free(text);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_form_of_an_option),
        TEST(targets_stand_anywhere),
        TEST(overrides_are_kept_in_order),
        TEST(names_of_folders_are_one_line),
        TEST(results_never_go_over_committed_ones),
        TEST(a_name_is_enough_without_options),
        TEST(commands_are_found),
        TEST(commands_name_options_that_exist),
        TEST(unknown_options_are_refused),
        TEST(wrong_values_are_refused),
        TEST(missing_and_superfluous_values_are_refused),
        TEST(threads_are_shared_by_jobs),
        TEST(help_lists_what_a_command_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
