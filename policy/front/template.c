/*
 * template.c: path templates and host patterns.
 *
 * A template that could never match a canonical path or host is refused: a
 * rule that is never reached protects nothing.
 */

#include "front/template.h"
#include "base/reader.h"
#include "front/codes.h"
#include "front/regex.h"

#define LONGEST_LABEL  63u
#define LONGEST_HOST   253u     /* RFC 1035 without the root */


typedef weir_vec_t(weir_segment_t)  segments_t;

typedef struct {
    weir_arena_t       *arena;
    weir_diags_t       *diags;
    const weir_text_t  *text;
    segments_t          segments;
    unsigned            params;
    bool                failed;
} parser_t;


static void
fail(parser_t *p, size_t offset, size_t len, const char *what)
{
    (void) weir_fail(p->diags, WEIR_ETEMPLATE,
                     weir_text_span(p->text, offset, len),
                     "path template: %s", what);
    p->failed = true;
}


static void
fail_host(parser_t *p, size_t offset, size_t len, const char *what)
{
    (void) weir_fail(p->diags, WEIR_EHOST,
                     weir_text_span(p->text, offset, len), "host: %s", what);
    p->failed = true;
}


/*
 * The index behind the brace that closes the one at i, or s.len + 1.  Braces
 * in classes, behind backslashes and between \Q and \E count for nothing.
 */
static size_t
skip_braces(weir_str_t s, size_t i)
{
    bool      quoted, class;
    unsigned  depth;

    depth = 0;
    quoted = false;
    class = false;

    for ( /* void */ ; i < s.len; i++) {

        if (s.data[i] == '\\' && i + 1 < s.len) {
            i++;

            if (!class) {
                quoted = s.data[i] == 'Q' || (quoted && s.data[i] != 'E');
            }

        } else if (quoted) {
            continue;

        } else if (class) {

            if (s.data[i] == '[' && i + 1 < s.len && s.data[i + 1] == ':') {
                while (i + 1 < s.len && s.data[i + 1] != ']') {
                    i++;
                }

                i++;

            } else {
                class = s.data[i] != ']';
            }

        } else if (s.data[i] == '[') {
            class = true;
            i += i + 1 < s.len && s.data[i + 1] == '^';
            i += i + 1 < s.len && s.data[i + 1] == ']';

        } else if (s.data[i] == '{') {
            depth++;

        } else if (s.data[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }

    return s.len + 1;
}


static bool
is_param_name(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || c == '_'
              || (i > 0 && c >= '0' && c <= '9')))
        {
            return false;
        }
    }

    return s.len > 0;
}


/* from..to is what stands behind the colon. */
static weir_rc_t
pattern(parser_t *p, size_t from, size_t to, weir_segment_t *seg)
{
    weir_rc_t         rc;
    weir_str_t        witness;
    const weir_re_t  *re;

    rc = weir_re_parse(p->arena, p->diags, p->text, from, to - from, &re);

    if (rc != WEIR_OK) {
        p->failed = true;
        return rc == WEIR_NOMEM ? rc : WEIR_OK;
    }

    seg->regex = re;
    seg->source = weir_str(p->text->text.data + from, to - from);
    seg->pattern = weir_re_emit(p->arena, re);

    if (seg->pattern.data == NULL) {
        return WEIR_NOMEM;
    }

    rc = weir_re_common(p->arena, re, NULL, &witness);

    if (rc == WEIR_DECLINED) {
        fail(p, from, to - from, "no segment of a path matches the pattern");
    }

    return rc == WEIR_NOMEM ? rc : WEIR_OK;
}


/* "{name}" or "{name:pattern}" in [from, to). */
static weir_rc_t
param(parser_t *p, size_t from, size_t to, weir_segment_t *seg)
{
    size_t       i, end;
    weir_str_t   s, name;
    const char  *colon;

    s = p->text->text;
    colon = memchr(s.data + from, ':', to - from);
    end = colon != NULL ? (size_t) (colon - s.data) : to - 1;
    name = weir_str(s.data + from + 1, end - from - 1);

    if (!is_param_name(name)) {
        fail(p, from + 1, end - from - 1, "the name of a parameter is lower "
             "case letters, digits and '_'");
        return WEIR_OK;
    }

    for (i = 0; i < p->segments.len; i++) {
        if (weir_str_eq(p->segments.items[i].param, name)) {
            fail(p, from + 1, end - from - 1,
                 "two parameters of the same name");
            return WEIR_OK;
        }
    }

    seg->param = name;

    if (++p->params == WEIR_MAX_PARAMS + 1) {
        fail(p, from, to - from, "more than 16 parameters");
        return WEIR_OK;
    }

    if (colon == NULL) {
        return WEIR_OK;
    }

    if (end + 1 == to - 1) {
        fail(p, end, 1, "an empty pattern");
        return WEIR_OK;
    }

    return pattern(p, end + 1, to - 1, seg);
}


static const char *
bad_literal(char c)
{
    switch (c) {

    case '{':
    case '}':
        return "a parameter is a whole segment";

    case '*':
        return "a star; only \"**\" as the last segment stands for the rest";

    case '%':
        return "'%'; a template is written decoded";

    case ';':
        return "';'; no path with it reaches a route";

    case '\\':
        return "a backslash; no path with it reaches a route";

    case '?':
    case '#':
        return "a template has no query and no fragment";

    default:
        return (uint8_t) c < 0x20 || (uint8_t) c == 0x7f
               ? "a control character" : NULL;
    }
}


static void
literal(parser_t *p, size_t from, size_t to, weir_segment_t *seg)
{
    size_t       i;
    weir_str_t   s;
    const char  *why;

    s = weir_str(p->text->text.data + from, to - from);

    for (i = 0; i < s.len; i++) {
        why = bad_literal(s.data[i]);

        if (why != NULL) {
            fail(p, from + i, 1, why);
            return;
        }
    }

    if (s.len == 0 && to < p->text->text.len) {
        fail(p, to, 1, "an empty segment; no canonical path has one");

    } else if (weir_str_eq(s, weir_string("."))
               || weir_str_eq(s, weir_string("..")))
    {
        fail(p, from, s.len, "a dot segment; no canonical path has one");
    }

    seg->text = s;
}


static weir_rc_t
parse(parser_t *p, bool *rest)
{
    size_t           i, end;
    weir_rc_t        rc;
    weir_str_t       s;
    weir_segment_t  *seg;

    s = p->text->text;

    /* i is at the slash before a segment */
    for (i = 0; i < s.len; i = end) {
        end = ++i;

        if (weir_str_eq(weir_str(s.data + i, s.len - i), weir_string("**"))) {
            *rest = true;
            return WEIR_OK;
        }

        if (p->segments.len == WEIR_MAX_SEGMENTS) {
            fail(p, i, s.len - i, "more than 64 segments");
            return WEIR_OK;
        }

        seg = weir_vec_push(p->arena, &p->segments);
        if (seg == NULL) {
            return WEIR_NOMEM;
        }

        if (i < s.len && s.data[i] == '{') {
            end = skip_braces(s, i);

            if (end > s.len) {
                fail(p, i, 1, "this brace is not closed");
                return WEIR_OK;
            }

            if (end == s.len || s.data[end] == '/') {
                rc = param(p, i, end, seg);

                if (rc != WEIR_OK) {
                    return rc;
                }

                continue;
            }

            fail(p, end, 1, "a parameter is a whole segment");
        }

        while (end < s.len && s.data[end] != '/') {
            end++;
        }

        if (!p->failed) {
            literal(p, i, end, seg);
        }
    }

    return WEIR_OK;
}


/* One label at [from, to); a wildcard or a parameter is not one. */
static void
label(parser_t *p, size_t from, size_t to)
{
    char        c;
    size_t      i;
    weir_str_t  s;

    s = p->text->text;

    if (from == to) {
        fail_host(p, from, 1, "an empty label");
        return;
    }

    for (i = from; i < to; i++) {
        c = s.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || (c == '-' && i > from && i + 1 < to))
        {
            continue;
        }

        fail_host(p, i, 1, c == ':' ? "a host without port is expected"
                           : (uint8_t) c >= 0x80
                             ? "write the label in its ASCII form, xn--..."
                           : c == '*' ? "\"*.\" stands in front of a host only"
                           : c == '{' || c == '}'
                             ? "\"{tenant}\" is a whole label of \"resolve\""
                           : "a label is letters, digits, and '-' inside");
        return;
    }

    if (to - from > LONGEST_LABEL) {
        fail_host(p, from, to - from, "a label of more than 63 letters");
    }
}


static void
labels(parser_t *p, size_t from, size_t to)
{
    size_t  i, start;

    start = from;

    for (i = from; i <= to && !p->failed; i++) {
        if (i == to || p->text->text.data[i] == '.') {
            label(p, start, i);
            start = i + 1;
        }
    }

    if (to > LONGEST_HOST && !p->failed) {
        fail_host(p, from, to - from, "more than 253 letters");
    }
}


weir_str_t
weir_lower(weir_arena_t *a, weir_str_t s)
{
    char    *q;
    size_t   i;

    q = weir_arena_alloc(a, s.len);
    if (q == NULL) {
        return weir_str(NULL, 0);
    }

    for (i = 0; i < s.len; i++) {
        q[i] = s.data[i];
        q[i] = (char) (q[i] >= 'A' && q[i] <= 'Z' ? q[i] | 0x20 : q[i]);
    }

    return weir_str(q, s.len);
}


bool
weir_is_dots(weir_str_t segment)
{
    unsigned       dots;
    weir_reader_t  r;

    r = weir_reader(segment);

    for (dots = 0; r.p < r.end; dots++) {

        if (weir_skip(&r, '.')) {
            continue;
        }

        if (!weir_skip(&r, '%')) {
            return false;
        }

        while (r.end - r.p >= 2 && memcmp(r.p, "25", 2) == 0) {
            r.p += 2;
        }

        if (!weir_skip(&r, '2')
            || !(weir_skip(&r, 'e') || weir_skip(&r, 'E')))
        {
            return false;
        }
    }

    return dots == 1 || dots == 2;
}


weir_rc_t
weir_template_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, weir_template_t *out)
{
    bool       rest;
    parser_t   p;
    weir_rc_t  rc;

    p = (parser_t) { .arena = a, .diags = diags, .text = text };
    rest = false;

    if (text->text.len == 0 || text->text.data[0] != '/') {
        fail(&p, 0, 1, "it must begin with '/'");
        return WEIR_ERROR;
    }

    if (text->text.len > WEIR_MAX_PATH) {
        fail(&p, 0, text->text.len, "longer than 8192 bytes");
        return WEIR_ERROR;
    }

    rc = parse(&p, &rest);

    if (rc != WEIR_OK || p.failed) {
        return rc != WEIR_OK ? rc : WEIR_ERROR;
    }

    out->segments = p.segments.items;
    out->nsegments = p.segments.len;
    out->rest = rest;
    out->text.text = text->text;
    out->text.span = text->span;

    return WEIR_OK;
}


weir_rc_t
weir_host_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, bool wildcard, weir_name_t *out)
{
    size_t      from;
    parser_t    p;
    weir_str_t  host;

    p = (parser_t) { .arena = a, .diags = diags, .text = text };

    from = wildcard && weir_str_starts(text->text, weir_string("*.")) ? 2 : 0;
    labels(&p, from, text->text.len);

    if (p.failed) {
        return WEIR_ERROR;
    }

    host = weir_lower(a, text->text);
    if (host.data == NULL) {
        return WEIR_NOMEM;
    }

    out->text = host;
    out->span = text->span;

    return WEIR_OK;
}


weir_rc_t
weir_tenant_host_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, weir_str_t *prefix, weir_str_t *suffix)
{
    size_t      i, end;
    parser_t    p;
    weir_str_t  s, host, mark;

    p = (parser_t) { .arena = a, .diags = diags, .text = text };
    mark = weir_string("{tenant}");
    s = text->text;

    for (i = 0; i < s.len; i++) {
        if (weir_str_starts(weir_str(s.data + i, s.len - i), mark)) {
            break;
        }
    }

    end = i + mark.len;

    if (i == s.len || (i > 0 && s.data[i - 1] != '.')
        || (end < s.len && s.data[end] != '.'))
    {
        fail_host(&p, 0, s.len, "one label must be \"{tenant}\"");
        return WEIR_ERROR;
    }

    if (i > 0) {
        labels(&p, 0, i - 1);
    }

    if (end < s.len && !p.failed) {
        labels(&p, end + 1, s.len);
    }

    if (p.failed) {
        return WEIR_ERROR;
    }

    host = weir_lower(a, s);
    if (host.data == NULL) {
        return WEIR_NOMEM;
    }

    *prefix = weir_str(host.data, i);
    *suffix = weir_str(host.data + end, s.len - end);

    return WEIR_OK;
}
