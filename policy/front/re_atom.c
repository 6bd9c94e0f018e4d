/*
 * re_atom.c: the parts of a pattern that stand for one character: literals,
 * escapes, classes.
 */

#include "base/utf8.h"
#include "front/re_parse.h"

/* behind a backslash */
static const weir_re_refused_t  escapes[] = {
    { 'C', "a single byte" },
    { 'E', "an end without \\Q" },
    { 'G', "the place of the last match" },
    { 'K', "a reset of the match's start" },
    { 'N', "a class of Perl" },
    { 'H', "a class of Perl" },
    { 'R', "a line break of any kind" },
    { 'V', "a class of Perl" },
    { 'X', "a grapheme cluster" },
    { 'Z', "an end before a last newline" },
    { 'c', "a control character by its letter" },
    { 'e', "an escape character by its letter" },
    { 'g', "a back-reference" },
    { 'h', "a class of Perl" },
    { 'k', "a back-reference" },
};

#define NESCAPES  (sizeof(escapes) / sizeof(escapes[0]))


static bool
is_octal(char c)
{
    return c >= '0' && c <= '7';
}


static int
hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* \ and an octal number; a lone digit but 0 is a back-reference. */
static bool
parse_octal(weir_re_parser_t *ps, const char *at, uint32_t *c)
{
    int  i;

    if (peek(ps, 0) != '0'
        && (!is_octal(peek(ps, 0)) || !is_octal(peek(ps, 1))))
    {
        do {
            ps->p++;
        } while (is_digit(peek(ps, 0)));

        weir_re_refuse(ps, at, ps->p, "a back-reference");
        return false;
    }

    *c = 0;

    for (i = 0; i < 3 && is_octal(peek(ps, 0)); i++) {
        *c = *c * 8 + (uint32_t) (*ps->p++ - '0');
    }

    return true;
}


/* \x7F, \x{10FFFF}; p is behind the x. */
static bool
parse_hex(weir_re_parser_t *ps, const char *at, uint32_t *c)
{
    int   digits, limit;
    bool  braces;

    *c = 0;
    digits = 0;
    braces = peek(ps, 0) == '{';
    limit = braces ? 8 : 2;
    ps->p += braces;

    while (digits < limit && hex_value(peek(ps, 0)) >= 0) {
        *c = *c << 4 | (uint32_t) hex_value(*ps->p++);
        digits++;
    }

    if (braces ? digits == 0 || peek(ps, 0) != '}' : digits != 2) {
        weir_re_report(ps, at, weir_re_behind(ps, ps->p), "a malformed \\x");
        return false;
    }

    ps->p += braces;

    if (*c > WEIR_RE_MAX_CHAR || (*c >= 0xd800 && *c <= 0xdfff)) {
        weir_re_report(ps, at, ps->p, "no Unicode character");
        return false;
    }

    return true;
}


/* An escape that stands for one character; p is behind the backslash. */
static bool
parse_escape(weir_re_parser_t *ps, uint32_t *c)
{
    char         ch;
    const char  *at, *what;

    static const char  names[] = "afnrtv";
    static const char  values[] = "\a\f\n\r\t\v";

    at = ps->p - 1;

    if (ps->p == ps->end) {
        weir_re_report(ps, at, ps->p, "a backslash at the end");
        return false;
    }

    ch = *ps->p;

    if (is_digit(ch)) {
        return parse_octal(ps, at, c);
    }

    if (ch == 'x') {
        ps->p++;
        return parse_hex(ps, at, c);
    }

    if (is_letter(ch)) {
        what = strchr(names, ch);

        if (what != NULL) {
            ps->p++;
            *c = (uint32_t) values[what - names];
            return true;
        }

        what = weir_re_find_refused(escapes, NESCAPES, ch);

    } else if ((unsigned char) ch < 0x80) {
        ps->p++;
        *c = (uint32_t) ch;
        return true;

    } else {
        what = NULL;
    }

    if (what != NULL) {
        weir_re_refuse(ps, at, ps->p + 1, what);

    } else {
        weir_re_report(ps, at, weir_re_behind(ps, ps->p), "an unknown escape");
    }

    return false;
}


/* \pN \p{Greek} \P{^Greek}; p is behind the p. */
static bool
parse_prop(weir_re_parser_t *ps, weir_re_class_t *cls, const char *at)
{
    bool            negated;
    weir_str_t      name;
    weir_re_use_t  *use;

    negated = ps->p[-1] == 'P';

    if (peek(ps, 0) == '{') {
        name.data = ++ps->p;

        while (ps->p < ps->end && *ps->p != '}') {
            ps->p++;
        }

        if (ps->p == ps->end) {
            weir_re_report(ps, at, ps->p, "a Unicode class without its }");
            return false;
        }

        name.len = (size_t) (ps->p++ - name.data);

    } else {
        name.data = ps->p;
        ps->p = weir_re_behind(ps, ps->p);
        name.len = (size_t) (ps->p - name.data);
    }

    if (name.len != 0 && name.data[0] == '^') {
        negated = !negated;
        name.data++;
        name.len--;
    }

    if (weir_str_eq(name, weir_string("Any"))) {
        if (!negated && !weir_re_add(ps->arena, &cls->ranges, 0,
                                     WEIR_RE_MAX_CHAR))
        {
            ps->nomem = true;
            return false;
        }

        return true;
    }

    if (ps->flags & WEIR_RE_FOLD) {
        weir_re_report(ps, at, ps->p, "a Unicode class under (?i): put it into "
               "(?-i:...)");
        return false;
    }

    use = weir_vec_push(ps->arena, &cls->props);

    if (use == NULL) {
        ps->nomem = true;
        return false;
    }

    use->negated = negated;
    use->prop = weir_re_prop(name);

    if (use->prop == NULL) {
        weir_re_report(ps, at, ps->p, "an unknown Unicode class");
        return false;
    }

    return true;
}


/*
 * A class that stands for itself, in brackets or out of them: \d \pL [:alpha:]
 * WEIR_DECLINED: p is at none.
 */
weir_rc_t
weir_re_parse_named(weir_re_parser_t *ps, weir_re_class_t *cls,
    bool brackets)
{
    char         c;
    bool         negated;
    weir_rc_t    rc;
    weir_str_t   name;
    const char  *at, *p;

    at = ps->p;

    if (peek(ps, 0) == '\\') {
        c = peek(ps, 1);

        if (c == 'p' || c == 'P') {
            ps->p += 2;
            return parse_prop(ps, cls, at) ? WEIR_OK : WEIR_ERROR;
        }

        if (c == '\0' || strchr("dDsSwW", c) == NULL) {
            return WEIR_DECLINED;
        }

        ps->p += 2;
        negated = (c & 0x20) == 0;
        c |= 0x20;
        name = weir_str(&c, 1);

    } else if (brackets && peek(ps, 0) == '[' && peek(ps, 1) == ':') {
        negated = peek(ps, 2) == '^';
        name.data = at + 2 + negated;

        for (p = name.data; p + 1 < ps->end; p++) {
            if (p[0] == ':' && p[1] == ']') {
                break;
            }
        }

        if (p + 1 >= ps->end) {
            return WEIR_DECLINED;
        }

        name.len = (size_t) (p - name.data);
        ps->p = p + 2;

        if (name.len < 2) {
            weir_re_report(ps, at, ps->p, "an unknown class");
            return WEIR_ERROR;
        }

    } else {
        return WEIR_DECLINED;
    }

    rc = weir_re_add_group(ps->arena, &cls->ranges, name, negated,
                           ps->flags & WEIR_RE_FOLD);

    if (rc == WEIR_DECLINED) {
        weir_re_report(ps, at, ps->p, "an unknown class");
        return WEIR_ERROR;
    }

    ps->nomem = ps->nomem || rc == WEIR_NOMEM;

    return rc;
}


bool
weir_re_parse_char(weir_re_parser_t *ps, uint32_t *c)
{
    int32_t  cp;

    if (*ps->p == '\\') {
        ps->p++;
        return parse_escape(ps, c);
    }

    cp = weir_utf8_next(&ps->p, ps->end);

    if (cp < 0) {
        weir_re_report(ps, ps->p, ps->p + 1, "not UTF-8");
        return false;
    }

    *c = (uint32_t) cp;

    return true;
}


/* c or c-d inside of brackets */
static bool
parse_range(weir_re_parser_t *ps, weir_re_class_t *cls)
{
    uint32_t     lo, hi;
    const char  *at;

    at = ps->p;

    if (!weir_re_parse_char(ps, &lo)) {
        return false;
    }

    hi = lo;

    if (peek(ps, 0) == '-' && ps->end - ps->p >= 2 && ps->p[1] != ']') {
        ps->p++;

        if (!weir_re_parse_char(ps, &hi)) {
            return false;
        }
    }

    if (hi < lo) {
        weir_re_report(ps, at, ps->p, "a range that ends before it begins");
        return false;
    }

    if (!weir_re_add(ps->arena, &cls->ranges, lo, hi)) {
        ps->nomem = true;
        return false;
    }

    return true;
}


/* p is at the opening bracket. */
const weir_re_t *
weir_re_parse_class(weir_re_parser_t *ps)
{
    bool              first;
    weir_rc_t         rc;
    const char       *at;
    weir_re_class_t  *cls;

    cls = weir_arena_alloc(ps->arena, sizeof(weir_re_class_t));

    if (cls == NULL) {
        return weir_re_nomem(ps);
    }

    at = ps->p++;

    if (peek(ps, 0) == '^') {
        cls->negated = true;
        ps->p++;
    }

    for (first = true; first || peek(ps, 0) != ']'; first = false) {

        if (ps->p == ps->end) {
            weir_re_report(ps, at, ps->p, "a class without its ]");
            return NULL;
        }

        rc = weir_re_parse_named(ps, cls, true);

        if (rc == WEIR_DECLINED) {
            rc = parse_range(ps, cls) ? WEIR_OK : WEIR_ERROR;
        }

        if (rc != WEIR_OK) {
            return NULL;
        }
    }

    ps->p++;
    cls->fold = (ps->flags & WEIR_RE_FOLD) != 0;

    return weir_re_class(ps, cls);
}
