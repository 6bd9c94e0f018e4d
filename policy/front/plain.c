/*
 * plain.c: the kinds of plain scalars, where all readers of YAML agree.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "front/scalar.h"

#define LONGEST_NUMBER  63u


static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* Case does not matter; word is in lower case. */
static bool
same_word(weir_str_t s, const char *word)
{
    size_t  i;

    for (i = 0; i < s.len && word[i] != '\0'; i++) {
        if (s.data[i] != word[i]
            && (word[i] < 'a' || word[i] > 'z'
                || s.data[i] != word[i] - 'a' + 'A'))
        {
            return false;
        }
    }

    return i == s.len && word[i] == '\0';
}


static bool
is_word(weir_str_t s, const char *const *words)
{
    for ( /* void */ ; *words != NULL; words++) {
        if (same_word(s, *words)) {
            return true;
        }
    }

    return false;
}


/* The bytes at p of digits and underscores. */
static size_t
run_of(weir_str_t s, size_t from, const char *set)
{
    size_t  i;

    for (i = from; i < s.len && strchr(set, s.data[i]) && s.data[i]; i++) {
        /* void */
    }

    return i - from;
}


/* 12:30:45 is a number in YAML 1.1: of base 60. */
static bool
is_sexagesimal(weir_str_t s, size_t i)
{
    size_t  n;

    if (i >= s.len || s.data[i] < '1' || s.data[i] > '9') {
        return false;
    }

    i += run_of(s, i, "0123456789_");

    if (i >= s.len) {
        return false;
    }

    while (i < s.len) {
        n = s.data[i] == ':' ? run_of(s, i + 1, "0123456789") : 0;

        if (n == 0 || n > 2 || (n == 2 && s.data[i + 1] > '5')) {
            return false;
        }

        i += n + 1;
    }

    return true;
}


/* 0x1f, 0o17, 0b11; a digest in hex may begin like the last. */
static bool
is_based(weir_str_t s, size_t i)
{
    const char  *digits;

    if (s.len - i < 3 || s.data[i] != '0') {
        return false;
    }

    digits = s.data[i + 1] == 'x' ? "0123456789abcdefABCDEF_"
             : s.data[i + 1] == 'o' ? "01234567_"
             : s.data[i + 1] == 'b' ? "01_" : "";

    return i + 2 + run_of(s, i + 2, digits) == s.len;
}


/* What YAML 1.1 or 1.2 takes for a number though JSON does not. */
static bool
looks_like_number(weir_str_t s)
{
    bool    digits;
    size_t  i, n;

    static const char *const  special[] = { ".inf", ".nan", NULL };

    i = s.len > 0 && (s.data[0] == '+' || s.data[0] == '-');

    if (i == s.len) {
        return false;
    }

    if (is_word(weir_str(s.data + i, s.len - i), special)) {
        return true;
    }

    if (is_based(s, i) || is_sexagesimal(s, i)) {
        return true;
    }

    if (!is_digit(s.data[i])
        && !(s.data[i] == '.' && i + 1 < s.len && is_digit(s.data[i + 1])))
    {
        return false;
    }

    i += run_of(s, i, "0123456789_");

    if (i < s.len && s.data[i] == '.') {
        i++;
        i += run_of(s, i, "0123456789_");
    }

    if (i < s.len && (s.data[i] == 'e' || s.data[i] == 'E')) {
        i++;
        i += i < s.len && (s.data[i] == '+' || s.data[i] == '-');
        n = run_of(s, i, "0123456789");
        digits = n > 0;
        i += n;

    } else {
        digits = true;
    }

    return digits && i == s.len;
}


weir_rc_t
weir_number_parse(weir_str_t s, weir_node_t *node)
{
    bool     whole;
    char     buf[LONGEST_NUMBER + 1], *end;
    double   d;
    size_t   i, n;
    int64_t  v;

    i = s.len > 0 && s.data[0] == '-';
    n = run_of(s, i, "0123456789");

    if (n == 0 || (n > 1 && s.data[i] == '0')) {
        return WEIR_DECLINED;
    }

    i += n;
    whole = i == s.len;

    if (i < s.len && s.data[i] == '.') {
        n = run_of(s, i + 1, "0123456789");
        if (n == 0) {
            return WEIR_DECLINED;
        }

        i += n + 1;
    }

    if (i < s.len && (s.data[i] == 'e' || s.data[i] == 'E')) {
        i++;
        i += i < s.len && (s.data[i] == '+' || s.data[i] == '-');
        n = run_of(s, i, "0123456789");

        if (n == 0) {
            return WEIR_DECLINED;
        }

        i += n;
    }

    if (i != s.len) {
        return WEIR_DECLINED;
    }

    if (s.len > LONGEST_NUMBER) {
        return WEIR_ERROR;
    }

    memcpy(buf, s.data, s.len);
    buf[s.len] = '\0';
    errno = 0;

    if (whole) {
        v = strtoll(buf, &end, 10);

        if (errno != 0) {
            return WEIR_ERROR;
        }

        node->kind = WEIR_T_INT;
        node->u.i = v;

        return WEIR_OK;
    }

    d = strtod(buf, &end);

    if (*end != '\0' || !isfinite(d)) {
        return WEIR_ERROR;
    }

    node->kind = WEIR_T_DOUBLE;
    node->u.d = d;

    return WEIR_OK;
}


weir_rc_t
weir_scalar_resolve(weir_node_t *node, const char **what)
{
    weir_rc_t   rc;
    weir_str_t  s;

    static const char *const  bools[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", NULL
    };
    static const char *const  nulls[] = { "~", "null", NULL };

    s = node->text.text;

    if (s.len == 0 || weir_str_eq(s, weir_string("null"))) {
        node->kind = WEIR_T_NULL;
        return WEIR_OK;
    }

    if (weir_str_eq(s, weir_string("true"))
        || weir_str_eq(s, weir_string("false")))
    {
        node->kind = WEIR_T_BOOL;
        node->u.b = s.len == 4;
        return WEIR_OK;
    }

    rc = weir_number_parse(s, node);

    if (rc != WEIR_DECLINED) {
        *what = NULL;
        return rc;
    }

    *what = is_word(s, bools) ? "a boolean"
            : is_word(s, nulls) ? "null"
            : looks_like_number(s) ? "a number" : NULL;

    if (*what != NULL) {
        return WEIR_ERROR;
    }

    node->kind = WEIR_T_STRING;

    return WEIR_OK;
}
