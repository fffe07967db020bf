#include "runner/cli/show_graph.h"

#include <string.h>

void show_dot(Cli *cli, const Run *run, const LayerList *list, bool heading)
{
    (void)cli, (void)heading;
    printf("digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box];\n", run->path);
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        char shape[96];
        if (line->computes)
            printf("  \"%s.%s\" [label=\"%s\\n%s\\n%s\"];\n", line->section, line->name, line->kind, line->detail,
                   shape_text(line->shape, shape));
    }
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        if (line->input) printf("  \"%s\" -> \"%s.%s\";\n", line->input, line->section, line->name);
        for (size_t k = 0; k < line->from_count; k++) {
            const LayerLine *from = &list->items[line->from[k]];
            printf("  \"%s.%s\" -> \"%s.%s\";\n", from->section, from->name, line->section, line->name);
        }
    }
    puts("}");
}

/* A TeX text: underscores escaped. */
static void put_tex(const char *text)
{
    for (; *text; text++) printf(*text == '_' ? "\\_" : "%c", *text);
}

/* A node's name: without dots, which would be anchors. */
static void put_name(const LayerLine *line)
{
    printf("%s-", line->section);
    for (const char *at = line->name; *at; at++) putchar(*at == '.' ? '-' : *at);
}

static void put_edge(const LayerLine *from, const LayerLine *to, bool straight)
{
    printf("\\draw[->] (");
    put_name(from);
    printf(straight ? ") -- (" : ".west) to[bend right=60] (");
    put_name(to);
    puts(straight ? ");" : ".west);");
}

void show_tikz(Cli *cli, const Run *run, const LayerList *list, bool heading)
{
    (void)cli, (void)run, (void)heading;
    size_t column = 0, row = 0;
    const char *section = "";
    puts("\\begin{tikzpicture}[every node/.style={font=\\small}, layer/.style={draw, minimum width=3.4cm, "
         "align=center}]");
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        char shape[96];
        if (!line->computes) continue;
        if (*section && strcmp(section, line->section) != 0) column++, row = 0;
        section = line->section;
        printf("\\node[layer] (");
        put_name(line);
        printf(") at (%zu, -%.1f) {", column * 5, (double)row++ * 1.3);
        put_tex(line->kind);
        printf("\\\\{\\footnotesize %s}};\n\\node[anchor=west, font=\\footnotesize] at (",
               shape_text(line->shape, shape));
        put_name(line);
        printf(".east) {%s};\n", line->detail);
    }
    const LayerLine *before = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        for (size_t k = 0; k < line->from_count; k++) {
            const LayerLine *from = &list->items[line->from[k]];
            put_edge(from, line, from == before || strcmp(from->section, line->section) != 0);
        }
        if (line->computes) before = line;
    }
    puts("\\end{tikzpicture}");
}
