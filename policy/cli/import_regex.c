/*
 * import_regex.c: paths that are patterns, to templates.
 *
 * A pattern is taken apart at its slashes: what stands between two is a
 * literal or the pattern of one segment, and the forms of "whatever follows"
 * are the rest.  What does not come apart so is refused.
 */

#include "cli/import.h"
#include "front/regex.h"
#include "front/template.h"

typedef struct {
    imp_t       *imp;
    imp_path_t  *out;
    bool         caseless;
    bool         letters;       /* a literal segment has some */
    uint32_t     params;
    bool         plain;         /* no pattern so far */
} parts_t;

/* How patterns end that stand for whatever follows. */
typedef struct {
    const char  *text;
    int          slash;         /* group that is "/" or nothing; 0: none */
    int          all;           /* group of the rest with its slash */
    int          rest;          /* group of the rest */
    int          groups;
    const char  *near;
} ending_t;

#define PARTS_OF  "it took parts of a segment, too"
#define NOT_BARE  "the path without a rest matches now, too"

/* the longest first */
static const ending_t  endings[] = {
    { "(?:/|$)(.*)", 0, 0, 1, 1, NULL },
    { "(/|$)(.*)", 1, 0, 2, 2, NULL },
    { "(/(.*))?", 0, 1, 2, 2, NULL },
    { "(/(.*)|$)", 0, 1, 2, 2, NULL },
    { "(/.*)?", 0, 1, 0, 1, NULL },
    { "(/.*|$)", 0, 1, 0, 1, NULL },
    { "(/|$).*", 1, 0, 0, 1, NULL },
    { "(/|$)", 1, 0, 0, 1, NULL },
    { "/?(.*)", 0, 0, 1, 1, PARTS_OF },
    { "/?.*", 0, 0, 0, 0, PARTS_OF },
    { "/(.*)", 0, 0, 1, 1, NOT_BARE },
    { "/(.+)", 0, 0, 1, 1, NOT_BARE },
    { "(/.*)", 0, 1, 0, 1, NOT_BARE },
    { "/.*", 0, 0, 0, 0, NOT_BARE },
    { "/.+", 0, 0, 0, 0, NOT_BARE },
    { "/*", 0, 0, 0, 0, PARTS_OF },
    { "(.*)", 0, 1, 0, 1, PARTS_OF },
    { ".*", 0, 0, 0, 0, PARTS_OF },
    { "/", 0, 0, 0, 0, NOT_BARE },
};


static void
capture(imp_path_t *out, int group, imp_piece_kind_t kind, uint32_t n,
    const char *probe)
{
    if (group > 0 && (uint32_t) group + out->ncaptures <= IMP_MAX_CAPTURES) {
        out->captures[out->ncaptures + (uint32_t) group - 1] =
            (imp_piece_t) { kind, n, weir_cstr(probe) };
    }
}


/* A path that ends with its last segment ends there. */
static const ending_t *
ending(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (weir_str_ends(s, weir_cstr(endings[i].text))) {
            return &endings[i];
        }
    }

    return NULL;
}


/*
 * Where the segment that begins at i ends: a slash outside of groups and
 * classes.  false: a slash is inside, a group stays open, or the whole path
 * has alternatives.
 */
static bool
segment_end(weir_str_t s, size_t i, size_t *end)
{
    bool      class;
    unsigned  depth;

    class = false;
    depth = 0;

    for ( /* void */ ; i < s.len; i++) {

        switch (s.data[i]) {

        case '\\':
            i++;
            break;

        case '[':
            class = true;
            break;

        case ']':
            class = false;
            break;

        case '(':
            depth += !class;
            break;

        case ')':
            if (!class && depth-- == 0) {
                return false;
            }

            break;

        case '|':
            if (!class && depth == 0) {
                return false;
            }

            break;

        case '/':
            if (!class && depth == 0) {
                *end = i;
                return true;
            }

            if (!class) {
                return false;
            }

            break;

        default:
            break;
        }
    }

    *end = s.len;

    return !class && depth == 0;
}


/* The text that a pattern stands for; false: it is more than text. */
static bool
literal_of(parts_t *p, weir_str_t s, weir_str_t *out)
{
    char    *q;
    size_t   i, n;

    q = weir_arena_alloc(p->imp->arena, s.len + 1);
    if (q == NULL) {
        p->imp->nomem = true;
        return false;
    }

    for (i = 0, n = 0; i < s.len; i++) {

        if (s.data[i] == '\\' && i + 1 < s.len
            && strchr(".-_~+", s.data[i + 1]) != NULL)
        {
            q[n++] = s.data[++i];

        } else if (s.data[i] == '.'
                   && (i + 1 == s.len
                       || strchr("*+?{", s.data[i + 1]) == NULL))
        {
            q[n++] = '.';       /* any letter, but a dot is what was meant */

        } else if (strchr("\\^$.|?*+()[]{}%;#", s.data[i]) != NULL) {
            return false;

        } else {
            q[n++] = s.data[i];
        }
    }

    *out = weir_str(q, n);

    return true;
}


/* Groups that capture, -1: there are some inside of others. */
static int
groups_in(weir_str_t s, bool *whole)
{
    int       n;
    size_t    i;
    bool      class, nested;
    unsigned  depth;

    n = 0;
    class = false;
    nested = false;
    depth = 0;
    *whole = s.len > 1 && s.data[0] == '(' && s.data[1] != '?';

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '\\') {
            i++;

        } else if (class) {
            class = s.data[i] != ']';

        } else if (s.data[i] == '[') {
            class = true;

        } else if (s.data[i] == '(') {
            nested |= depth > 0;
            depth++;
            n += i + 1 >= s.len || s.data[i + 1] != '?';

        } else if (s.data[i] == ')') {
            depth--;

            if (depth == 0 && i + 1 < s.len) {
                *whole = false;
            }
        }
    }

    return nested ? -n : n;
}


/* A text that the pattern takes as a whole. */
static bool
witness(parts_t *p, weir_str_t pattern, weir_str_t *out)
{
    weir_rc_t         rc;
    weir_text_t       text;
    weir_diags_t      diags;
    const weir_re_t  *re;

    memset(&diags, 0, sizeof(diags));
    memset(&text, 0, sizeof(text));
    diags.arena = p->imp->arena;
    text.text = pattern;

    rc = weir_re_parse(p->imp->arena, &diags, &text, 0, pattern.len, &re);

    if (rc == WEIR_OK) {
        rc = weir_re_common(p->imp->arena, re, NULL, out);
    }

    p->imp->nomem |= rc == WEIR_NOMEM;

    return rc == WEIR_OK;
}


static bool
pattern_segment(parts_t *p, weir_str_t s, bool open, const char **why)
{
    int          i, n;
    bool         whole;
    weir_str_t   pattern, probe;
    imp_path_t  *out;

    out = p->out;
    n = groups_in(s, &whole);

    /* a bare ".*" between slashes is any segment */
    pattern = weir_imp_printf(p->imp, "%s%.*s)%s",
                              p->caseless ? "(?i:" : "(?:", WEIR_STR(s),
                              open ? ".*" : "");

    if (!weir_imp_is_plain(pattern)
        || !weir_imp_is_regex(p->imp, pattern)
        || !witness(p, pattern, &probe))
    {
        *why = "a part of it is no pattern of RE2 that a segment can match";
        return false;
    }

    for (i = 0; i < (n < 0 ? -n : n); i++) {
        capture(out, i + 1, n == 1 && whole && !open ? IMP_PARAM : IMP_UNKNOWN,
                p->params, probe.data);

        if (n == 1 && whole && !open) {
            out->captures[out->ncaptures].text = probe;
        }
    }

    out->ncaptures += (uint32_t) (n < 0 ? -n : n);
    out->text = weir_imp_printf(p->imp, "%.*s/{p%u:%.*s}",
                                WEIR_STR(out->text), p->params++,
                                WEIR_STR(pattern));
    out->probe = weir_imp_printf(p->imp, "%.*s/%.*s", WEIR_STR(out->probe),
                                 WEIR_STR(probe));
    p->plain = false;

    return true;
}


static void
literal_segment(parts_t *p, weir_str_t s)
{
    size_t       i;
    imp_path_t  *out;

    out = p->out;

    for (i = 0; i < s.len; i++) {
        p->letters |= (s.data[i] | 0x20) >= 'a' && (s.data[i] | 0x20) <= 'z';
    }

    out->text = weir_imp_printf(p->imp, "%.*s/%.*s", WEIR_STR(out->text),
                                WEIR_STR(s));
    out->probe = weir_imp_printf(p->imp, "%.*s/%.*s", WEIR_STR(out->probe),
                                 WEIR_STR(s));

    if (p->plain) {
        out->location = out->text;
    }
}


/* Segments of s, of which the last may go on where open. */
static bool
segments(parts_t *p, weir_str_t s, bool open, const char **why)
{
    size_t       i, end;
    weir_str_t   part, text;

    for (i = 0; i < s.len; i = end) {

        if (!segment_end(s, i + 1, &end)) {
            *why = "a group or an alternative goes over a slash";
            return false;
        }

        part = weir_str(s.data + i + 1, end - i - 1);

        if (part.len == 0) {
            continue;
        }

        if (literal_of(p, part, &text)) {
            literal_segment(p, text);

        } else if (!pattern_segment(p, part, open && end == s.len, why)) {
            return false;
        }

        p->out->fixed++;
    }

    return true;
}


bool
weir_imp_pattern(imp_t *imp, weir_str_t s, bool caseless, imp_path_t *out,
    const char **why)
{
    bool             ends;
    parts_t          p;
    const ending_t  *e;

    memset(out, 0, sizeof(imp_path_t));
    out->text = weir_string("");
    out->probe = weir_string("");
    out->location = weir_string("");
    p = (parts_t) { .imp = imp, .out = out, .caseless = caseless,
                    .plain = true };

    if (s.len > 0 && s.data[0] == '^') {
        s = weir_str(s.data + 1, s.len - 1);
    }

    ends = s.len > 1 && s.data[s.len - 1] == '$' && s.data[s.len - 2] != '\\'
           && s.data[s.len - 2] != '|';

    if (ends) {
        s.len--;
    }

    if (s.len == 0 || (s.data[0] != '/' && s.data[0] != '(')) {
        *why = "it does not begin with a slash";
        out->location = weir_string("/");
        return false;
    }

    e = ends && weir_str_ends(s, weir_string("/")) ? NULL : ending(s);

    if (e != NULL) {
        s.len -= strlen(e->text);
        out->near = e->near;
    }

    if (s.len > 0 && s.data[0] != '/') {
        *why = "it does not begin with a slash";
        out->location = weir_string("/");
        return false;
    }

    if (!segments(&p, s, !ends && e == NULL, why)) {
        out->location = out->location.len ? out->location : weir_string("/");
        return false;
    }

    out->location = out->location.len ? out->location : weir_string("/");
    out->rest = e != NULL || !ends;
    out->exact = !out->rest && p.plain;

    if (e == NULL && !ends) {
        out->near = p.plain ? PARTS_OF : NULL;
    }

    if (e != NULL) {
        capture(out, e->slash, IMP_LITERAL, 0, "/");
        capture(out, e->all, p.plain ? IMP_TAIL : IMP_UNKNOWN,
                (uint32_t) out->text.len, "/x/y");
        capture(out, e->rest, IMP_REST, out->fixed, "x/y");
        out->ncaptures += (uint32_t) e->groups;
    }

    /* the root has no segment to be a part of */
    if (out->fixed == 0) {
        out->near = NULL;
    }

    if (out->rest) {
        out->text = weir_imp_printf(imp, "%.*s/**", WEIR_STR(out->text));
        out->probe = weir_imp_printf(imp, "%.*s/x/y", WEIR_STR(out->probe));

    } else if (ends && weir_str_ends(s, weir_string("/"))) {
        out->text = weir_imp_printf(imp, "%.*s/", WEIR_STR(out->text));
        out->probe = weir_imp_printf(imp, "%.*s/", WEIR_STR(out->probe));
    }

    if (out->near == NULL && caseless && p.letters) {
        out->near = "literal segments tell capitals from small letters";
    }

    out->bare = out->near != NULL && strcmp(out->near, NOT_BARE) == 0;
    out->narrow = (caseless && p.letters)
                  || (out->near != NULL && strcmp(out->near, PARTS_OF) == 0);

    if (!weir_imp_is_plain(out->text) || out->ncaptures > IMP_MAX_CAPTURES
        || p.params > WEIR_MAX_PARAMS || out->fixed >= WEIR_MAX_SEGMENTS)
    {
        *why = "it has too many parts, or bytes that are not printable ASCII";
        return false;
    }

    return weir_imp_is_template(imp, out->text, why);
}
