#include <math.h>
#include <string.h>

#include "runner/run/board.h"

enum { CELL_MAX = 48, BAR_MIN = 4, BAR_MAX = 30, LABEL_MIN = 12 };

/* Columns right of the bar. The order is that of a line; left out first is what tells least. */
enum { CELL_EPOCH, CELL_LOSS, CELL_RATE, CELL_LEFT, CELLS };
static const int dispensable[] = {CELL_RATE, CELL_LOSS, CELL_LEFT};

typedef struct Layout {
    size_t label, bar, cell[CELLS];
} Layout;

static bool has_steps(const BoardLine *line)
{
    return line->record.epochs > 0 && !line->record.note[0];
}

static void cell_text(const BoardLine *line, int cell, char text[CELL_MAX])
{
    const ProgressRecord *record = &line->record;
    char duration[32];
    if (cell == CELL_EPOCH)
        snprintf(text, CELL_MAX, "%llu/%llu", (unsigned long long)record->epoch + 1,
                 (unsigned long long)record->epochs);
    else if (cell == CELL_LOSS)
        snprintf(text, CELL_MAX, fabs(record->loss) < 1e7 ? "loss %.2f" : "loss %.2e", record->loss);
    else if (cell == CELL_RATE)
        snprintf(text, CELL_MAX, "%.0f images/s", record->rate);
    else
        snprintf(text, CELL_MAX, "%s left", duration_text(record->left, duration));
}

/* What a line takes without its bar. */
static size_t columns_taken(const Layout *layout)
{
    size_t sum = layout->label;
    for (int i = 0; i < CELLS; i++) sum += layout->cell[i] ? 2 + layout->cell[i] : 0;
    return sum;
}

/* Columns are left out, and then labels cut, until all fits; the bar takes what is left. */
static Layout lay_out(const BoardLine *lines, size_t n, size_t room)
{
    Layout layout = {0};
    for (size_t i = 0; i < n; i++) {
        size_t label = text_columns(lines[i].label, strlen(lines[i].label));
        if (label > layout.label) layout.label = label;
        for (int k = 0; has_steps(&lines[i]) && k < CELLS; k++) {
            char text[CELL_MAX];
            cell_text(&lines[i], k, text);
            if (strlen(text) > layout.cell[k]) layout.cell[k] = strlen(text);
        }
    }
    for (size_t i = 0; columns_taken(&layout) > room && i < sizeof dispensable / sizeof *dispensable; i++) {
        size_t others = columns_taken(&layout) - layout.label;
        if (dispensable[i] == CELL_LEFT && others + LABEL_MIN <= room) break;
        layout.cell[dispensable[i]] = 0;
    }
    size_t others = columns_taken(&layout) - layout.label;
    if (others + layout.label > room) layout.label = room > others ? room - others : 0;
    size_t taken = columns_taken(&layout) + strlen("  []");
    if (layout.cell[CELL_EPOCH] && taken + BAR_MIN <= room) layout.bar = room - taken;
    if (layout.bar > BAR_MAX) layout.bar = BAR_MAX;
    return layout;
}

/* The label in its column; of one that is too long the end, which tells runs apart. */
static void add_label(Text *text, const Layout *layout, const char *label)
{
    size_t columns = text_columns(label, strlen(label));
    if (columns <= layout->label) {
        text_add(text, "%s%*s", label, (int)(layout->label - columns), "");
        return;
    }
    size_t dots = layout->label < 2 ? layout->label : 2;
    for (size_t skip = columns - layout->label + dots; skip > 0 || ((unsigned char)*label & 0xC0) == 0x80; label++)
        skip -= ((unsigned char)*label & 0xC0) != 0x80;
    text_add(text, "%.*s%s", (int)dots, "..", label);
}

static void add_bar(Text *text, size_t cells, double part)
{
    size_t filled = part > 0 ? (size_t)(fmin(part, 1) * (double)cells) : 0;
    text_add(text, "  [");
    for (size_t i = 0; i < cells; i++) text_add(text, i < filled ? "#" : "-");
    text_add(text, "]");
}

static void add_line(Text *text, const Layout *layout, const BoardLine *line)
{
    add_label(text, layout, line->label);
    if (!has_steps(line)) {
        text_add(text, "  %s", line->record.note[0] ? line->record.note : "starting");
        return;
    }
    if (layout->bar) add_bar(text, layout->bar, line->record.part);
    for (int i = 0; i < CELLS; i++) {
        char cell[CELL_MAX];
        if (!layout->cell[i]) continue;
        cell_text(line, i, cell);
        text_add(text, "  %*s", (int)layout->cell[i], cell);
    }
}

/* Cuts what was added from `start` on. */
static void cut(Text *text, size_t start, size_t room)
{
    size_t columns = 0;
    for (size_t i = start; i < text->n; i++) {
        bool begins = ((unsigned char)text->bytes[i] & 0xC0) != 0x80;
        if (begins && columns++ == room) text->bytes[text->n = i] = '\0';
    }
}

void board_text(Text *text, const BoardLine *lines, size_t n, size_t width, size_t height)
{
    /* A character in the last column may or may not move the cursor to the next line. */
    size_t room = width > 1 ? width - 1 : 1;
    size_t whole = n <= height ? n : height > 1 ? height - 1 : 0;
    Layout layout = lay_out(lines, whole, room);
    for (size_t i = 0; i < whole; i++) {
        size_t start = text->n;
        add_line(text, &layout, &lines[i]);
        cut(text, start, room);
        if (i + 1 < n) text_add(text, "\n");
    }
    if (whole == n) return;
    size_t start = text->n;
    text_add(text, whole ? "... and %zu more" : "%zu runs", n - whole);
    cut(text, start, room);
}
