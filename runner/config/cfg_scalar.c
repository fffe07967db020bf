#include "runner/config/cfg.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
    while (is_digit(*s)) s++;
    return s;
}

static const char *skip_sign(const char *s)
{
    return *s == '-' || *s == '+' ? s + 1 : s;
}

static bool one_of(const char *text, const char *a, const char *b, const char *c)
{
    return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

/* 08, 1_000, 0x1F, 0o17, 0b11: numbers to some readers of YAML and texts to others. */
static bool is_odd(const char *s)
{
    s = skip_sign(s);
    if (!is_digit(*s)) return false;
    const char *digits = "0123456789_.";
    if (s[0] == '0' && s[1] == 'x') digits = "0123456789abcdefABCDEF_";
    if (s[0] == '0' && s[1] == 'o') digits = "01234567_";
    if (s[0] == '0' && s[1] == 'b') digits = "01_";
    bool prefixed = digits[0] == '0' && s[0] == '0' && (s[1] == 'x' || s[1] == 'o' || s[1] == 'b');
    if (prefixed) s += 2;
    return *s && s[strspn(s, digits)] == '\0';
}

static ScalarKind number_kind(const char *text)
{
    const char *s = skip_sign(text);
    if (one_of(s, ".inf", ".Inf", ".INF") || one_of(text, ".nan", ".NaN", ".NAN")) return SCALAR_REAL;
    const char *whole = s;
    s = skip_digits(s);
    size_t digits = (size_t)(s - whole);
    if (digits > 1 && *whole == '0') return is_odd(text) ? SCALAR_ODD : SCALAR_TEXT;
    if (digits && !*s) return SCALAR_INT;
    if (*s == '.') {
        const char *fraction = s + 1;
        s = skip_digits(fraction);
        digits += (size_t)(s - fraction);
    }
    if (!digits) return SCALAR_TEXT;
    if (*s == 'e' || *s == 'E') {
        const char *exponent = skip_sign(s + 1);
        s = skip_digits(exponent);
        if (s == exponent) return SCALAR_TEXT;
    }
    if (!*s) return SCALAR_REAL;
    return is_odd(text) ? SCALAR_ODD : SCALAR_TEXT;
}

ScalarKind cfg_scalar_kind(const Cfg *node)
{
    if (node->null) return SCALAR_NULL;
    if (node->quoted) return SCALAR_TEXT;
    if (one_of(node->text, "true", "True", "TRUE") || one_of(node->text, "false", "False", "FALSE")) return SCALAR_BOOL;
    return number_kind(node->text);
}

bool cfg_bool(const Cfg *node, bool *value)
{
    if (node->kind != CFG_SCALAR || cfg_scalar_kind(node) != SCALAR_BOOL) return false;
    *value = node->text[0] == 't' || node->text[0] == 'T';
    return true;
}

bool cfg_int(const Cfg *node, int64_t *value)
{
    if (node->kind != CFG_SCALAR || cfg_scalar_kind(node) != SCALAR_INT) return false;
    errno = 0;
    long long number = strtoll(node->text, NULL, 10);
    if (errno) return false;
    *value = number;
    return true;
}

bool cfg_real(const Cfg *node, double *value)
{
    if (node->kind != CFG_SCALAR) return false;
    ScalarKind kind = cfg_scalar_kind(node);
    if (kind != SCALAR_INT && kind != SCALAR_REAL) return false;
    const char *s = skip_sign(node->text);
    if (s[0] == '.' && (s[1] == 'n' || s[1] == 'N'))
        *value = (double)NAN;
    else if (s[0] == '.' && (s[1] == 'i' || s[1] == 'I'))
        *value = node->text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else
        *value = strtod(node->text, NULL);
    return true;
}

const char *cfg_kind_text(const Cfg *node)
{
    if (node->kind == CFG_MAP) return "a map";
    if (node->kind == CFG_LIST) return "a list";
    switch (cfg_scalar_kind(node)) {
    case SCALAR_NULL:
        return "nothing";
    case SCALAR_BOOL:
        return "true or false";
    case SCALAR_INT:
    case SCALAR_REAL:
        return "a number";
    default:
        return "text";
    }
}

const char *cfg_quote(Arena *arena, const char *text)
{
    enum { SHOWN = 60 };
    size_t length = strlen(text);
    bool cut = length > SHOWN;
    if (cut) {
        length = SHOWN;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    }
    char *quoted = arena_printf(arena, "\"%.*s%s\"", (int)length, text, cut ? "..." : "");
    for (char *c = quoted; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return quoted;
}
