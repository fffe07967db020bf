#include "runner/config/report.h"

#include <stdarg.h>
#include <string.h>

static bool stands_before(Loc a, Loc b)
{
    if (!a.file || !b.file || strcmp(a.file, b.file) != 0) return false;
    return a.line < b.line || (a.line == b.line && a.col < b.col);
}

void report_merge(Report *report, const Report *other)
{
    if (other->rank == RANK_NONE) return;
    bool earlier = other->rank == report->rank && stands_before(other->err.loc, report->err.loc);
    if (report->rank == RANK_NONE || other->rank < report->rank || earlier) *report = *other;
}

void report_add(Report *report, Rank rank, Loc loc, const char *format, ...)
{
    Report one = {.rank = rank, .err = {.kind = ERR_CONFIG, .loc = loc}};
    va_list args;
    va_start(args, format);
    vsnprintf(one.err.text, sizeof one.err.text, format, args);
    va_end(args);
    report_merge(report, &one);
}

void report_take(Report *report, Rank rank, Arena *arena, const Err *err)
{
    Loc loc = err->loc;
    if (loc.file) loc.file = arena_text(arena, loc.file);
    report_add(report, rank, loc, "%s", err->text);
}

bool report_flush(const Report *report, Err *err)
{
    if (report->rank == RANK_NONE) return true;
    return err_config(err, report->err.loc, "%s", report->err.text);
}
