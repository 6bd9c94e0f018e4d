/*
 * regex.c: the syntax of RE2, parsed.
 *
 * Takes what RE2 takes (https://github.com/google/re2/wiki/Syntax), with
 * Perl's classes, Unicode classes and one line, as CEL has it.  Stricter in
 * three places: \C is refused; so is a Unicode class under (?i), whose
 * variants PCRE2 sees otherwise; so is a repetition behind (?flags).
 */

#include "front/codes.h"
#include "front/re_parse.h"
#include "image/bounds.h"

/* behind "(?" */
static const weir_re_refused_t  groups[] = {
    { '=', "a look-ahead" },
    { '!', "a look-ahead" },
    { '>', "an atomic group" },
    { '|', "a branch reset" },
    { '(', "a conditional" },
    { '#', "a comment" },
    { 'R', "a recursion" },
    { '&', "a recursion" },
    { '+', "a recursion" },
    { 'C', "a callout" },
    { '\'', "a name in quotes" },
    { 'x', "extended syntax" },
};

static const weir_re_t *parse_alt(weir_re_parser_t *ps);


/* Groups */

/* Named groups name nothing that a policy can see, but must be right. */
static bool
parse_name(weir_re_parser_t *ps, const char *at)
{
    size_t       i;
    weir_str_t   name, *slot;

    name.data = ps->p;

    while (is_letter(peek(ps, 0)) || is_digit(peek(ps, 0))
           || peek(ps, 0) == '_')
    {
        ps->p++;
    }

    name.len = (size_t) (ps->p - name.data);

    if (name.len == 0 || peek(ps, 0) != '>') {
        weir_re_report(ps, at, weir_re_behind(ps, ps->p),
                       "a malformed name of a group");
        return false;
    }

    ps->p++;

    for (i = 0; i < ps->names.len; i++) {
        if (weir_str_eq(name, ps->names.items[i])) {
            weir_re_report(ps, at, ps->p, "two groups have one name");
            return false;
        }
    }

    slot = weir_vec_push(ps->arena, &ps->names);

    if (slot == NULL) {
        ps->nomem = true;
        return false;
    }

    *slot = name;

    return true;
}


static unsigned
flag_of(char c)
{
    switch (c) {

    case 'i':
        return WEIR_RE_FOLD;

    case 'm':
        return WEIR_RE_LINES;

    case 's':
        return WEIR_RE_DOT_ALL;

    case 'U':
        return WEIR_RE_SWAP_LAZY;

    default:
        return 0;
    }
}


/* Flags up to : or ); p is behind "(?", and ends behind the : or ). */
static bool
parse_flags(weir_re_parser_t *ps, const char *at)
{
    bool         minus, any;
    unsigned     flags, flag;
    const char  *what;

    flags = ps->flags;
    minus = false;
    any = true;

    for ( ;; ) {
        flag = flag_of(peek(ps, 0));

        if (flag != 0) {
            flags = minus ? flags & ~flag : flags | flag;
            any = true;

        } else if (peek(ps, 0) == '-' && !minus && !is_digit(peek(ps, 1))) {
            minus = true;
            any = false;

        } else {
            break;
        }

        ps->p++;
    }

    if (any && (peek(ps, 0) == ')' || peek(ps, 0) == ':')) {
        ps->p++;
        ps->flags = flags;
        return true;
    }

    what = weir_re_find_refused(groups, sizeof(groups) / sizeof(groups[0]),
                        peek(ps, 0));

    if (is_digit(peek(ps, 0))
        || (peek(ps, 0) == '-' && is_digit(peek(ps, 1))))
    {
        what = "a recursion";
    }

    if (what != NULL) {
        weir_re_refuse(ps, at, ps->p + 1, what);

    } else {
        weir_re_report(ps, at, weir_re_behind(ps, ps->p),
                       "an unknown kind of group");
    }

    return false;
}


/*
 * What stands behind "(": p ends where the group's content begins.
 * WEIR_DECLINED: it was "(?flags)", which has none.
 */
static weir_rc_t
parse_group_head(weir_re_parser_t *ps, const char *at)
{
    char  c;

    if (peek(ps, 0) == '*' && is_letter(peek(ps, 1))) {
        weir_re_refuse(ps, at, ps->p + 2, "a verb");
        return WEIR_ERROR;
    }

    if (peek(ps, 0) != '?') {
        return WEIR_OK;
    }

    ps->p++;

    if (peek(ps, 0) == 'P' && (peek(ps, 1) == '=' || peek(ps, 1) == '>')) {
        weir_re_refuse(ps, at, ps->p + 2, peek(ps, 1) == '='
                       ? "a back-reference" : "a recursion");
        return WEIR_ERROR;
    }

    ps->p += peek(ps, 0) == 'P' && peek(ps, 1) == '<';

    if (peek(ps, 0) == '<') {
        c = peek(ps, 1);
        ps->p++;

        if (c == '=' || c == '!') {
            weir_re_refuse(ps, at, ps->p + 1, "a look-behind");
            return WEIR_ERROR;
        }

        return parse_name(ps, at) ? WEIR_OK : WEIR_ERROR;
    }

    if (!parse_flags(ps, at)) {
        return WEIR_ERROR;
    }

    return ps->p[-1] == ')' ? WEIR_DECLINED : WEIR_OK;
}


/* p is at "(".  *skip: it only set flags, which stay set. */
static const weir_re_t *
parse_group(weir_re_parser_t *ps, bool *skip)
{
    unsigned          flags;
    weir_rc_t         rc;
    const char       *at;
    const weir_re_t  *re;

    at = ps->p++;
    flags = ps->flags;

    rc = parse_group_head(ps, at);

    if (rc != WEIR_OK) {
        *skip = rc == WEIR_DECLINED;
        return NULL;
    }

    if (ps->depth == WEIR_MAX_REGEX_DEPTH) {
        weir_re_report(ps, at, ps->p, "groups are nested too deeply");
        return NULL;
    }

    ps->depth++;
    re = parse_alt(ps);
    ps->depth--;

    if (re == NULL) {
        return NULL;
    }

    if (peek(ps, 0) != ')') {
        weir_re_report(ps, at, at + 1, "a group without its )");
        return NULL;
    }

    ps->p++;
    ps->flags = flags;

    return re;
}


/* Atoms and their repetitions */

static bool
parse_number(weir_re_parser_t *ps, uint32_t *n)
{
    if (!is_digit(peek(ps, 0))) {
        return false;
    }

    for (*n = 0; is_digit(peek(ps, 0)); ps->p++) {
        if (*n <= WEIR_MAX_REGEX_REPEAT) {
            *n = *n * 10 + (uint32_t) (*ps->p - '0');
        }
    }

    return true;
}


/* {n} {n,} {n,m}; p stays where it is when it is none of these. */
static bool
parse_counts(weir_re_parser_t *ps, uint32_t *min, uint32_t *max)
{
    const char  *at;

    at = ps->p++;

    if (parse_number(ps, min)) {
        *max = *min;

        if (peek(ps, 0) == ',') {
            ps->p++;

            if (!parse_number(ps, max)) {
                *max = WEIR_RE_NO_MAX;
            }
        }

        if (peek(ps, 0) == '}') {
            ps->p++;
            return true;
        }
    }

    ps->p = at;

    return false;
}


/* Whether a repetition stands at p; moves p behind it, but for a '?'. */
static bool
parse_operator(weir_re_parser_t *ps, uint32_t *min, uint32_t *max)
{
    switch (peek(ps, 0)) {

    case '*':
        *min = 0;
        *max = WEIR_RE_NO_MAX;
        break;

    case '+':
        *min = 1;
        *max = WEIR_RE_NO_MAX;
        break;

    case '?':
        *min = 0;
        *max = 1;
        break;

    case '{':
        return parse_counts(ps, min, max);

    default:
        return false;
    }

    ps->p++;

    return true;
}


/* The node repeated, when a repetition follows it, or as it is. */
static const weir_re_t *
parse_repeat(weir_re_parser_t *ps, const weir_re_t *sub)
{
    bool         lazy, counted;
    uint32_t     min, max, ignored;
    weir_re_t   *re;
    const char  *at, *second;

    at = ps->p;
    counted = peek(ps, 0) == '{';

    if (!parse_operator(ps, &min, &max)) {
        return sub;
    }

    if (min > WEIR_MAX_REGEX_REPEAT
        || (max != WEIR_RE_NO_MAX
            && (max > WEIR_MAX_REGEX_REPEAT || max < min)))
    {
        weir_re_report(ps, at, ps->p, "bad counts of a repetition");
        return NULL;
    }

    lazy = peek(ps, 0) == '?';
    ps->p += lazy;
    second = ps->p;

    if (parse_operator(ps, &ignored, &ignored)) {

        if (*second == '+') {
            weir_re_refuse(ps, at, ps->p, "a possessive repetition");

        } else {
            weir_re_report(ps, at, ps->p, "a repetition of a repetition");
        }

        return NULL;
    }

    re = weir_re_repeat(ps, sub, min, max, counted, at);

    if (re != NULL) {
        re->lazy = lazy != ((ps->flags & WEIR_RE_SWAP_LAZY) != 0);
    }

    return re;
}


/* \d \pL \A \x41 and so on; p is at the backslash. */
static const weir_re_t *
parse_backslash(weir_re_parser_t *ps)
{
    uint32_t          c;
    weir_rc_t         rc;
    weir_re_kind_t    kind;
    weir_re_class_t  *cls;

    switch (peek(ps, 1)) {

    case 'A':
        kind = WEIR_RE_BEGIN;
        break;

    case 'z':
        kind = WEIR_RE_END;
        break;

    case 'b':
        kind = WEIR_RE_WORD;
        break;

    case 'B':
        kind = WEIR_RE_NOT_WORD;
        break;

    default:
        cls = weir_arena_alloc(ps->arena, sizeof(weir_re_class_t));

        if (cls == NULL) {
            return weir_re_nomem(ps);
        }

        rc = weir_re_parse_named(ps, cls, false);

        if (rc == WEIR_OK) {
            return weir_re_class(ps, cls);
        }

        if (rc != WEIR_DECLINED || !weir_re_parse_char(ps, &c)) {
            return NULL;
        }

        return weir_re_literal(ps, c);
    }

    ps->p += 2;

    return weir_re_node(ps, kind);
}


static const weir_re_t *
parse_atom(weir_re_parser_t *ps, bool *skip)
{
    uint32_t  c;

    switch (*ps->p) {

    case '(':
        return parse_group(ps, skip);

    case '[':
        return weir_re_parse_class(ps);

    case '.':
        ps->p++;

        if (ps->flags & WEIR_RE_DOT_ALL) {
            return weir_re_ranges(ps, 0, WEIR_RE_MAX_CHAR, false);
        }

        return weir_re_ranges(ps, '\n', '\n', true);

    case '^':
        ps->p++;
        return weir_re_node(ps, ps->flags & WEIR_RE_LINES ? WEIR_RE_BEGIN_LINE
                                              : WEIR_RE_BEGIN);

    case '$':
        ps->p++;
        return weir_re_node(ps, ps->flags & WEIR_RE_LINES ? WEIR_RE_END_LINE
                                              : WEIR_RE_END);

    case '\\':
        return parse_backslash(ps);

    default:
        return weir_re_parse_char(ps, &c) ? weir_re_literal(ps, c) : NULL;
    }
}


/* The inside of \Q...\E but its last character, which may be repeated. */
static bool
parse_quoted(weir_re_parser_t *ps, weir_re_nodes_t *nodes)
{
    uint32_t          c;
    const weir_re_t  *re;

    ps->p += 2;

    while (ps->p < ps->end) {

        if (peek(ps, 0) == '\\' && peek(ps, 1) == 'E') {
            ps->p += 2;
            return true;
        }

        if (*ps->p == '\\') {
            c = '\\';
            ps->p++;

        } else if (!weir_re_parse_char(ps, &c)) {
            return false;
        }

        re = weir_re_literal(ps, c);

        if (re == NULL || !weir_re_push(ps, nodes, re)) {
            return false;
        }
    }

    return true;
}


/* Up to | or ) or the end. */
static const weir_re_t *
parse_cat(weir_re_parser_t *ps)
{
    bool              skip;
    size_t            had;
    uint32_t          ignored;
    weir_re_nodes_t           nodes = { 0 };
    const char       *at, *begin;
    const weir_re_t  *re;

    begin = ps->p;

    while (ps->p < ps->end && *ps->p != '|' && *ps->p != ')') {

        at = ps->p;
        had = nodes.len;

        if (parse_operator(ps, &ignored, &ignored)) {
            weir_re_report(ps, at, ps->p, "a repetition of nothing");
            return NULL;
        }

        if (peek(ps, 0) == '\\' && peek(ps, 1) == 'Q') {
            if (!parse_quoted(ps, &nodes)) {
                return NULL;
            }

        } else {
            skip = false;
            re = parse_atom(ps, &skip);

            if (skip) {
                continue;
            }

            if (re == NULL || !weir_re_push(ps, &nodes, re)) {
                return NULL;
            }
        }

        if (nodes.len > had) {
            re = parse_repeat(ps, nodes.items[nodes.len - 1]);

            if (re == NULL) {
                return NULL;
            }

            nodes.items[nodes.len - 1] = re;
        }
    }

    return weir_re_list(ps, WEIR_RE_CAT, &nodes, begin);
}


static const weir_re_t *
parse_alt(weir_re_parser_t *ps)
{
    weir_re_nodes_t           nodes = { 0 };
    const char       *begin;
    const weir_re_t  *re;

    begin = ps->p;

    for ( ;; ) {
        re = parse_cat(ps);

        if (re == NULL || !weir_re_push(ps, &nodes, re)) {
            return NULL;
        }

        if (peek(ps, 0) != '|') {
            return weir_re_list(ps, WEIR_RE_ALT, &nodes, begin);
        }

        ps->p++;
    }
}


weir_rc_t
weir_re_parse(weir_arena_t *a, weir_diags_t *diags, const weir_text_t *text,
    size_t offset, size_t len, const weir_re_t **out)
{
    weir_re_parser_t          ps = { 0 };
    const weir_re_t  *re;

    ps.arena = a;
    ps.diags = diags;
    ps.text = text;
    ps.p = text->text.data + offset;
    ps.end = ps.p + len;

    if (len > WEIR_MAX_REGEX) {
        return weir_fail(diags, WEIR_EREGEX, weir_text_span(text, offset, len),
                         "a pattern of %zu bytes, at most %u", len,
                         WEIR_MAX_REGEX);
    }

    if (len != 0 && memchr(ps.p, '\0', len) != NULL) {
        return weir_fail(diags, WEIR_EREGEX, weir_text_span(text, offset, len),
                         "a pattern with a NUL in it: write \\x00");
    }

    re = parse_alt(&ps);

    if (re == NULL) {
        return ps.nomem ? WEIR_NOMEM : WEIR_ERROR;
    }

    if (ps.p != ps.end) {
        weir_re_report(&ps, ps.p, ps.p + 1, "a ) without its (");
        return WEIR_ERROR;
    }

    *out = re;

    return WEIR_OK;
}
