#include <string.h>

#include "runner/cli/cli.h"
#include "runner/cli/describe_json.h"
#include "runner/cli/tables.h"

enum { WIDTH = 80, COLUMNS = 5, LIST_LIMIT = 1024, CHOICES_WIDTH = 22 };

static void pad(size_t n)
{
    while (n-- > 0) putchar(' ');
}

/* Prints words from column `at` on, further lines indented, and a newline behind the last. */
static void wrap(const char *text, size_t bytes, size_t at, size_t indent)
{
    bool first = true;
    for (const char *end = text + bytes; text < end;) {
        while (text < end && *text == ' ') text++;
        size_t length = 0;
        while (text + length < end && text[length] != ' ') length++;
        if (length == 0) break;
        size_t columns = text_columns(text, length);
        if (!first && at + 1 + columns > WIDTH) {
            putchar('\n');
            pad(indent);
            at = indent;
            first = true;
        }
        if (!first) putchar(' ');
        fwrite(text, 1, length, stdout);
        at += columns + !first;
        first = false;
        text += length;
    }
    putchar('\n');
}

static void paragraph(const char *text, size_t indent)
{
    pad(indent);
    wrap(text, strlen(text), indent, indent);
}

/* Bytes of the first sentence: up to a full stop before a capital letter. */
static size_t first_sentence(const char *doc)
{
    for (const char *stop = doc; (stop = strstr(stop, ". ")); stop++)
        if (stop[2] >= 'A' && stop[2] <= 'Z') return (size_t)(stop - doc) + 1;
    return strlen(doc);
}

static size_t widest_name(const Table *table)
{
    size_t widest = 0;
    for (size_t i = 0; i < table->n; i++)
        if (strlen(table->rows[i]->name) > widest) widest = strlen(table->rows[i]->name);
    return widest;
}

static void describe_all(const Topic *topics, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const Table *table = &topics[i].table;
        size_t indent = widest_name(table) + 4;
        printf("%s%s: ", i ? "\n" : "", table->name);
        wrap(topics[i].doc, strlen(topics[i].doc), strlen(table->name) + 2, 2);
        for (size_t k = 0; k < table->n; k++) {
            const Row *row = table->rows[k];
            printf("  %-*s", (int)indent - 2, row->name);
            wrap(row->doc, first_sentence(row->doc), indent, indent);
        }
    }
    printf("\n");
    paragraph("`mayvae describe ROW` (or `mayvae describe TABLE ROW`) tells a row's options, with an example.", 0);
}

static void describe_table(const Topic *topic)
{
    paragraph(topic->doc, 0);
    for (size_t i = 0; i < topic->table.n; i++) {
        printf("\n%s\n", topic->table.rows[i]->name);
        paragraph(topic->table.rows[i]->doc, 2);
    }
}

static const char *choices_text(Arena *arena, const Field *field)
{
    const char *rest = field->choices, *text = "";
    size_t length;
    for (const char *name; (name = choice_next(&rest, &length));)
        text = arena_printf(arena, "%s%s%.*s", text, *text ? ", " : "", (int)length, name);
    return text;
}

static const char *bounds_text(Arena *arena, const Field *field)
{
    double low, high;
    bool has_low = field_lower(field, &low), has_high = field_upper(field, &high);
    const char *above = field->above_min ? "> " : ">= ";
    if (field->kind == FIELD_CHOICE) {
        const char *choices = choices_text(arena, field);
        return strlen(choices) <= CHOICES_WIDTH ? choices : "";
    }
    if (has_low && has_high && !field->above_min) return arena_printf(arena, "%.15g to %.15g", low, high);
    if (has_low && has_high) return arena_printf(arena, "> %.15g, <= %.15g", low, high);
    if (has_low) return arena_printf(arena, "%s%.15g", above, low);
    return has_high ? arena_printf(arena, "<= %.15g", high) : "";
}

/* The help, and what had no room in the row. */
static const char *help_text(Arena *arena, const Field *field)
{
    const char *help = field->help ? field->help : "";
    if (field->kind == FIELD_PADDING)
        return arena_printf(arena, "%s (same, valid, n, [height, width] or [top, bottom, left, right])", help);
    if (field->kind == FIELD_RUN)
        return arena_printf(arena, "%s (EXPERIMENT[/VARIANT][/seedN]; it is made first)", help);
    const char *choices = field->kind == FIELD_CHOICE ? choices_text(arena, field) : "";
    if (strlen(choices) > CHOICES_WIDTH) return arena_printf(arena, "%s (one of %s)", help, choices);
    return help;
}

static void describe_fields(Arena *arena, const Field *fields)
{
    size_t n = 0, width[COLUMNS] = {0};
    while (fields[n].key) n++;
    const char *(*cells)[COLUMNS] = arena_alloc(arena, n + 1, sizeof *cells);
    static const char *const heading[COLUMNS] = {"option", "type", "default", "bounds", "unit"};
    memcpy(cells[0], heading, sizeof heading);
    for (size_t i = 0; i < n; i++) {
        const Field *field = &fields[i];
        const char *fallback = field->fallback ? (*field->fallback ? field->fallback : "none") : "required";
        const char *row[COLUMNS] = {field->key, field_type_text(arena, field), fallback, bounds_text(arena, field),
                                    field->unit ? field->unit : ""};
        memcpy(cells[i + 1], row, sizeof row);
    }
    for (size_t i = 0; i <= n; i++)
        for (size_t k = 0; k < COLUMNS; k++)
            if (strlen(cells[i][k]) > width[k]) width[k] = strlen(cells[i][k]);
    for (size_t i = 0; i <= n; i++) {
        size_t last = COLUMNS - 1;
        while (last > 0 && !cells[i][last][0]) last--;
        printf("  ");
        for (size_t k = 0; k <= last; k++) printf("%-*s", k == last ? 0 : (int)width[k] + 2, cells[i][k]);
        printf("\n");
        if (i > 0) paragraph(help_text(arena, &fields[i - 1]), 6);
    }
}

static void describe_example(const Topic *topic, const Row *row)
{
    if (topic->use == USE_NONE) return;
    bool braces = topic->use == USE_TERM || (topic->use == USE_VALUE && row->example);
    printf("\nExample:\n  ");
    for (const char *c = topic->before; *c; c++) printf(*c == '\n' ? "\n  " : "%c", *c);
    printf("%s%s%s%s", braces ? "{" : "", row->name, row->example ? ": " : "", row->example ? row->example : "");
    printf("%s%s\n", topic->use == USE_TERM ? ", weight: 1" : "", braces ? "}" : "");
}

static void describe_row(Arena *arena, const Topic *topic, const Row *row)
{
    printf("%s (%s)\n\n", row->name, topic->table.name);
    paragraph(row->doc, 0);
    if (row->fields && row->fields->key) {
        printf("\nOptions:\n");
        describe_fields(arena, row->fields);
    }
    bool listed = topic->use == USE_ITEM;
    if (topic->table.named || listed || row->shorthand) printf("\n");
    if (topic->table.named) paragraph("`name:` among the options gives it a name of its own.", 0);
    if (listed) paragraph("`when: {KEY: VALUE}` among the options ties it to values of the matrix.", 0);
    if (row->shorthand)
        paragraph(
            arena_printf(arena, "`%s: VALUE` is short for `%s: {%s: VALUE}`.", row->name, row->name, row->shorthand),
            0);
    describe_example(topic, row);
}

/* The nearest of all names of tables and rows. */
static bool unknown(const Topic *topics, size_t n, const char *name, Err *err)
{
    const char *names[LIST_LIMIT];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (count < LIST_LIMIT) names[count++] = topics[i].table.name;
        for (size_t k = 0; k < topics[i].table.n && count < LIST_LIMIT; k++)
            names[count++] = topics[i].table.rows[k]->name;
    }
    const char *nearest = nearest_name(name, names, count);
    if (nearest)
        return err_config(err, (Loc){0}, "describe: nothing is named \"%.100s\"; did you mean \"%s\"?", name, nearest);
    return err_config(err, (Loc){0}, "describe: nothing is named \"%.100s\"; `mayvae describe` lists what there is",
                      name);
}

static const Topic *find_topic(const Topic *topics, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(topics[i].table.name, name) == 0) return &topics[i];
    return NULL;
}

/* A row by its bare name: what files name goes before what is inside of the program. */
static bool describe_named(Arena *arena, const Topic *topics, size_t n, const char *name, Err *err)
{
    const Topic *found = NULL;
    const char *where = "";
    size_t matches = 0;
    for (size_t i = 0; i < n; i++) {
        if (!table_find(&topics[i].table, name) || (topics[i].use == USE_NONE && found)) continue;
        where = arena_printf(arena, "%s%s%s", where, matches++ ? ", " : "", topics[i].table.name);
        if (!found) found = &topics[i];
    }
    if (!found) return unknown(topics, n, name, err);
    if (matches > 1)
        return err_config(err, (Loc){0},
                          "describe: %s is a row of several tables (%s); say which: `mayvae describe %s %s`", name,
                          where, found->table.name, name);
    describe_row(arena, found, table_find(&found->table, name));
    return true;
}

static bool describe_pair(Arena *arena, const Topic *topics, size_t n, const char *table, const char *name, Err *err)
{
    const Topic *topic = find_topic(topics, n, table);
    if (!topic && find_topic(topics, n, name))
        return err_config(err, (Loc){0}, "describe: the table comes first: `mayvae describe %s %s`", name, table);
    if (!topic) return unknown(topics, n, table, err);
    const Row *row = table_find(&topic->table, name);
    if (row) {
        describe_row(arena, topic, row);
        return true;
    }
    const char *nearest = table_nearest(&topic->table, name);
    if (nearest)
        return err_config(err, (Loc){0}, "describe: no %s is named \"%.100s\"; did you mean \"%s\"?", topic->table.noun,
                          name, nearest);
    return err_config(err, (Loc){0}, "describe: no %s is named \"%.100s\"; `mayvae describe %s` lists them",
                      topic->table.noun, name, table);
}

/* Every row of what was asked for; a name that isn't there is an error as without --json. */
static bool print_json(Arena *arena, const Topic *topics, size_t n, char *const *target, size_t targets, Err *err)
{
    const char *row = targets ? target[targets - 1] : NULL, *table = targets == 2 ? target[0] : NULL;
    if (targets == 1 && find_topic(topics, n, row)) table = row, row = NULL;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (table && strcmp(topics[i].table.name, table) != 0) continue;
        for (size_t k = 0; k < topics[i].table.n; k++) {
            const Row *other = topics[i].table.rows[k];
            if (row && strcmp(other->name, row) != 0) continue;
            describe_json(arena, &topics[i], other);
            found++;
        }
    }
    return found || unknown(topics, n, row ? row : table, err);
}

static int run(Cli *cli, Err *err)
{
    size_t n;
    const Topic *topics = topics_list(&cli->arena, &n), *topic;
    char *const *target = cli->targets;
    bool ok = true;
    if (cli->target_count > 2)
        ok = err_config(err, (Loc){0}, "describe: wants [TABLE [ROW]], got %zu names", cli->target_count);
    else if (cli->json)
        ok = print_json(&cli->arena, topics, n, target, cli->target_count, err);
    else if (cli->target_count == 0)
        describe_all(topics, n);
    else if (cli->target_count == 2)
        ok = describe_pair(&cli->arena, topics, n, target[0], target[1], err);
    else if ((topic = find_topic(topics, n, target[0])))
        describe_table(topic);
    else
        ok = describe_named(&cli->arena, topics, n, target[0], err);
    return ok ? 0 : cli_fail(err);
}

const Command command_describe = {
    .name = "describe",
    .arguments = "[TABLE [ROW]] ",
    .summary = "what experiments are made of: every row and its options",
    .help = "Without a name: all tables with their rows. A row's own name is enough where\n"
            "only one table has it: `mayvae describe conv2d`.",
    .options = "json",
    .run = run,
};
