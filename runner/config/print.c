#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runner/config/bind.h"
#include "runner/config/report.h"

/* Options are printed in flow style, on one line, unless a list of specs lies in them (the body of a residual block):
 * then in block style. The recursion is as deep as the tree was that the options were bound from. */

static bool print_flow_spec(Text *text, const Spec *spec);

/* Words that some reader of YAML takes for something other than text. */
static bool is_reserved(const char *value)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(value, words[i])) return true;
    return false;
}

static bool is_plain(const char *value)
{
    if (is_reserved(value) || strspn(value, "0123456789-.") != 0) return false;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    return *value && value[strspn(value, allowed)] == '\0';
}

/* The code point at *s, which is moved behind it. Texts come from libyaml, so they are valid UTF-8. */
static uint32_t next_point(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    size_t more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more ? p[0] & (0x3fu >> more) : p[0];
    size_t i = 1;
    for (; i <= more && p[i]; i++) point = point << 6 | (p[i] & 0x3f);
    *s += i;
    return point;
}

/* YAML allows no control characters as they are, and takes U+0085, U+2028 and U+2029 for line breaks. */
static bool is_printable(uint32_t point)
{
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return false;
    return point != 0x2028 && point != 0x2029 && point != 0xfeff && point != 0xfffe && point != 0xffff;
}

void print_scalar(Text *text, const char *value)
{
    if (is_plain(value)) {
        text_add(text, "%s", value);
        return;
    }
    text_add(text, "\"");
    while (*value) {
        const char *start = value;
        uint32_t point = next_point(&value);
        if (point == '"' || point == '\\')
            text_add(text, "\\%c", (int)point);
        else if (point == '\n')
            text_add(text, "\\n");
        else if (is_printable(point))
            text_add(text, "%.*s", (int)(value - start), start);
        else
            text_add(text, "\\u%04" PRIX32, point);
    }
    text_add(text, "\"");
}

void print_real(Text *text, double value)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.9g", value);
    if (strtod(digits, NULL) != value) snprintf(digits, sizeof digits, "%.17g", value);
    text_add(text, "%s", digits);
}

static void print_ints(Text *text, const int64_t *items, size_t n)
{
    text_add(text, "[");
    for (size_t i = 0; i < n; i++) text_add(text, "%s%" PRId64, i ? ", " : "", items[i]);
    text_add(text, "]");
}

static void print_padding(Text *text, const Padding *padding)
{
    if (padding->mode)
        text_add(text, "%s", padding->mode);
    else
        print_ints(text, (const int64_t[]){padding->top, padding->bottom, padding->left, padding->right}, 4);
}

/* Whether a field that may be left out was: then it isn't printed either. */
static bool is_absent(const Field *field, const void *at)
{
    if (!field->fallback || *field->fallback) return false;
    switch (field->kind) {
    case FIELD_BOOL:
        return !*(const bool *)at;
    case FIELD_INT:
        return *(const int64_t *)at == 0;
    case FIELD_REAL:
        return *(const double *)at == 0;
    case FIELD_TEXT:
    case FIELD_CHOICE:
        return !*(const char *const *)at;
    case FIELD_INTS:
        return ((const IntList *)at)->n == 0;
    case FIELD_PAIR:
        return ((const int64_t *)at)[0] == 0 && ((const int64_t *)at)[1] == 0;
    case FIELD_PADDING: {
        const Padding *padding = at;
        return !padding->mode && !padding->top && !padding->bottom && !padding->left && !padding->right;
    }
    case FIELD_REF:
    case FIELD_RUN:
        return !((const Ref *)at)->name;
    case FIELD_SPEC:
        return !((const Spec *)at)->row;
    case FIELD_SPECS:
        return ((const SpecList *)at)->n == 0;
    }
    return false;
}

static void print_value(Text *text, const Field *field, const void *at)
{
    switch (field->kind) {
    case FIELD_BOOL:
        text_add(text, "%s", *(const bool *)at ? "true" : "false");
        break;
    case FIELD_INT:
        text_add(text, "%" PRId64, *(const int64_t *)at);
        break;
    case FIELD_REAL:
        print_real(text, *(const double *)at);
        break;
    case FIELD_TEXT:
    case FIELD_CHOICE:
        print_scalar(text, *(const char *const *)at);
        break;
    case FIELD_INTS:
        print_ints(text, ((const IntList *)at)->items, ((const IntList *)at)->n);
        break;
    case FIELD_PAIR:
        print_ints(text, at, 2);
        break;
    case FIELD_PADDING:
        print_padding(text, at);
        break;
    case FIELD_REF:
    case FIELD_RUN:
        print_scalar(text, ((const Ref *)at)->name);
        break;
    case FIELD_SPEC: {
        const Spec *spec = at;
        bool bare = !spec->name && !(spec->row->fields && spec->row->fields->key);
        text_add(text, bare ? "" : "{");
        print_flow_spec(text, spec);
        text_add(text, bare ? "" : "}");
        break;
    }
    case FIELD_SPECS: {
        const SpecList *specs = at;
        text_add(text, "[");
        for (size_t i = 0; i < specs->n; i++) {
            Field item = {.kind = FIELD_SPEC};
            text_add(text, "%s", i ? ", " : "");
            print_value(text, &item, &specs->items[i]);
        }
        text_add(text, "]");
        break;
    }
    }
}

/* `dense: {units: 8}` or `relu`; true where there are options. */
static bool print_flow_spec(Text *text, const Spec *spec)
{
    const char *separator = "";
    text_add(text, "%s", spec->row->name);
    Text options = {0};
    if (spec->name) {
        text_add(&options, "name: ");
        print_scalar(&options, spec->name);
        separator = ", ";
    }
    for (const Field *field = spec->row->fields; field && field->key; field++) {
        const void *at = (const char *)spec->options + field->offset;
        if (is_absent(field, at)) continue;
        text_add(&options, "%s%s: ", separator, field->key);
        print_value(&options, field, at);
        separator = ", ";
    }
    bool any = options.n > 0;
    if (any || (spec->row->fields && spec->row->fields->key)) text_add(text, ": {%s}", any ? options.bytes : "");
    text_release(&options);
    return any;
}

static bool holds_specs(const Spec *spec)
{
    for (const Field *field = spec->row->fields; field && field->key; field++)
        if (field->kind == FIELD_SPECS) return true;
    return false;
}

/* A file's name, or the text of an override, may hold any byte, a comment may not: such a place is left out. */
static bool fits_comment(const char *name)
{
    while (*name >= 0x20 && *name < 0x7f) name++;
    return *name == '\0';
}

static void end_line(Text *text, Loc loc)
{
    if (text->places && loc.file && fits_comment(loc.file)) text_add(text, "  # %s:%d:%d", loc.file, loc.line, loc.col);
    text_add(text, "\n");
}

/* A spec whose first line is begun already; further lines stand at indent + 4. */
static void print_item(Text *text, int indent, const Spec *spec)
{
    if (!holds_specs(spec)) {
        print_flow_spec(text, spec);
        end_line(text, spec->loc);
        return;
    }
    text_add(text, "%s:", spec->row->name);
    end_line(text, spec->loc);
    if (spec->name) {
        text_add(text, "%*sname: ", indent + 4, "");
        print_scalar(text, spec->name);
        text_add(text, "\n");
    }
    print_fields(text, indent + 4, spec->row->fields, spec->options);
}

void print_fields(Text *text, int indent, const Field *fields, const void *options)
{
    for (const Field *field = fields; field && field->key; field++) {
        const void *at = (const char *)options + field->offset;
        if (is_absent(field, at)) continue;
        const SpecList *specs = at;
        if (field->kind == FIELD_SPECS && specs->n) {
            text_add(text, "%*s%s:\n", indent, "", field->key);
            print_specs(text, indent + 2, specs);
            continue;
        }
        text_add(text, "%*s%s: ", indent, "", field->key);
        print_value(text, field, at);
        end_line(text, field->kind == FIELD_SPEC ? ((const Spec *)at)->loc : (Loc){0});
    }
}

void print_spec(Text *text, int indent, const Spec *spec)
{
    text_add(text, "%*s", indent, "");
    print_item(text, indent, spec);
}

void print_specs(Text *text, int indent, const SpecList *specs)
{
    if (!specs->n) text_add(text, "%*s[]\n", indent, "");
    for (size_t i = 0; i < specs->n; i++) {
        text_add(text, "%*s- ", indent, "");
        print_item(text, indent, &specs->items[i]);
    }
}
