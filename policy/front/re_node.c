/*
 * re_node.c: nodes of the syntax tree, with the bounds on their growth, and
 * what the parser's files share.
 */

#include "base/utf8.h"
#include "front/codes.h"
#include "front/re_parse.h"
#include "image/bounds.h"

/* what PCRE2 needs at most, in bytes of code, 6 of them for each call back */
#define SIZE_ASCII   8
#define SIZE_CHAR    12
#define SIZE_FOLD    18         /* the group that ignores case */
#define SIZE_CLASS   46
#define SIZE_RANGE   18
#define SIZE_EMPTY   18
#define SIZE_LINE    36         /* the assertion that stands for it */
#define SIZE_ALT     6
#define SIZE_BRANCH  9
#define SIZE_GROUP   20
#define SIZE_AGAIN   7          /* of a repeated group, but for the group */
#define SIZE_REPEAT  20


const weir_re_t *
weir_re_nomem(weir_re_parser_t *ps)
{
    ps->nomem = true;
    return NULL;
}


/* Reports what stands from at to here. */
void
weir_re_report(weir_re_parser_t *ps, const char *at, const char *to,
    const char *text)
{
    weir_span_t  span;

    span = weir_text_span(ps->text, (size_t) (at - ps->text->text.data),
                          (size_t) (to - at));

    (void) weir_fail(ps->diags, WEIR_EREGEX, span, "%s: \"%.*s\"", text,
                     (int) (to - at), at);
}


void
weir_re_refuse(weir_re_parser_t *ps, const char *at, const char *to,
    const char *what)
{
    weir_span_t  span;

    span = weir_text_span(ps->text, (size_t) (at - ps->text->text.data),
                          (size_t) (to - at));

    (void) weir_fail(ps->diags, WEIR_EREGEX, span,
                     "\"%.*s\" is %s, which RE2 does not have",
                     (int) (to - at), at, what);
}


/* Behind the character at p, for reports. */
const char *
weir_re_behind(const weir_re_parser_t *ps, const char *p)
{
    return p < ps->end && weir_utf8_next(&p, ps->end) >= 0 ? p : ps->end;
}


const char *
weir_re_find_refused(const weir_re_refused_t *t, size_t n, char c)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (t[i].c == c) {
            return t[i].what;
        }
    }

    return NULL;
}


weir_re_t *
weir_re_node(weir_re_parser_t *ps, weir_re_kind_t kind)
{
    weir_re_t  *re;

    re = weir_arena_alloc(ps->arena, sizeof(weir_re_t));

    if (re == NULL) {
        ps->nomem = true;
        return NULL;
    }

    re->kind = kind;
    re->repeat = 1;
    re->size = kind == WEIR_RE_BEGIN_LINE || kind == WEIR_RE_END_LINE
                   ? SIZE_LINE
               : kind == WEIR_RE_EMPTY ? SIZE_EMPTY : SIZE_CHAR;

    return re;
}


static bool
check_size(weir_re_parser_t *ps, const char *at, uint64_t size)
{
    if (size <= WEIR_MAX_REGEX_SIZE) {
        return true;
    }

    weir_re_report(ps, at, ps->p, "the pattern grows too large here");

    return false;
}


const weir_re_t *
weir_re_class(weir_re_parser_t *ps, weir_re_class_t *cls)
{
    size_t      i, n;
    weir_re_t  *re;

    re = weir_re_node(ps, WEIR_RE_CLASS);

    if (re == NULL) {
        return NULL;
    }

    weir_re_settle(&cls->ranges);

    n = cls->props.len;

    for (i = 0; i < cls->ranges.len; i++) {
        n += (cls->ranges.items[i].hi >= 0x80);
    }

    if (cls->ranges.len != 1 || n != 0
        || cls->ranges.items[0].lo != cls->ranges.items[0].hi)
    {
        re->size = SIZE_CLASS + n * SIZE_RANGE * (cls->fold ? 4 : 1)
                   + (cls->fold ? SIZE_FOLD + SIZE_RANGE : 0);

    } else {
        re->size = cls->fold ? SIZE_CHAR + SIZE_FOLD : SIZE_ASCII;
    }

    re->cls = cls;

    return re;
}


const weir_re_t *
weir_re_ranges(weir_re_parser_t *ps, uint32_t lo, uint32_t hi, bool negated)
{
    weir_re_class_t  *cls;

    cls = weir_arena_alloc(ps->arena, sizeof(weir_re_class_t));

    if (cls == NULL || !weir_re_add(ps->arena, &cls->ranges, lo, hi)) {
        return weir_re_nomem(ps);
    }

    cls->negated = negated;

    return weir_re_class(ps, cls);
}


/* Whether a character may have case variants. */
static bool
folds(uint32_t c)
{
    return c >= 0x80 || is_letter((char) c);
}


const weir_re_t *
weir_re_literal(weir_re_parser_t *ps, uint32_t c)
{
    weir_re_class_t  *cls;

    cls = weir_arena_alloc(ps->arena, sizeof(weir_re_class_t));

    if (cls == NULL || !weir_re_add(ps->arena, &cls->ranges, c, c)) {
        return weir_re_nomem(ps);
    }

    cls->fold = (ps->flags & WEIR_RE_FOLD) && folds(c);

    return weir_re_class(ps, cls);
}


const weir_re_t *
weir_re_list(weir_re_parser_t *ps, weir_re_kind_t kind,
    const weir_re_nodes_t *nodes, const char *at)
{
    size_t      i;
    weir_re_t  *re;

    if (nodes->len == 0) {
        return weir_re_node(ps, WEIR_RE_EMPTY);
    }

    if (nodes->len == 1) {
        return nodes->items[0];
    }

    re = weir_re_node(ps, kind);

    if (re == NULL) {
        return NULL;
    }

    re->subs.items = nodes->items;
    re->subs.len = nodes->len;
    re->size = kind == WEIR_RE_ALT ? SIZE_ALT : 0;

    for (i = 0; i < nodes->len; i++) {
        re->size += nodes->items[i]->size;
        re->size += kind == WEIR_RE_ALT ? SIZE_BRANCH : 0;

        if (nodes->items[i]->repeat > re->repeat) {
            re->repeat = nodes->items[i]->repeat;
        }
    }

    return check_size(ps, at, re->size) ? re : NULL;
}


/* What re_emit.c writes as a group: any character, or none. */
static bool
is_group(const weir_re_class_t *cls)
{
    const weir_re_range_t  *r;

    r = cls->ranges.items;

    return cls->props.len == 0
           && (cls->ranges.len == 0
               || (cls->ranges.len == 2 && r[0].lo == 0
                   && r[1].hi == WEIR_RE_MAX_CHAR));
}


/* at is where the repetition's operator stands, up to here. */
weir_re_t *
weir_re_repeat(weir_re_parser_t *ps, const weir_re_t *sub, uint32_t min,
    uint32_t max, bool counted, const char *at)
{
    uint32_t    n;
    weir_re_t  *re;

    if (max == 0 || sub->kind == WEIR_RE_EMPTY) {
        /* PCRE2 goes wrong on what is repeated no times */
        return weir_re_node(ps, WEIR_RE_EMPTY);
    }

    re = weir_re_node(ps, WEIR_RE_REPEAT);

    if (re == NULL) {
        return NULL;
    }

    if (weir_vec_push(ps->arena, &re->subs) == NULL) {
        (void) weir_re_nomem(ps);
        return NULL;
    }

    re->subs.items[0] = sub;
    re->min = min;
    re->max = max;
    re->repeat = sub->repeat;

    n = max == WEIR_RE_NO_MAX ? min : max;

    if (counted && n > 1) {
        /* both factors are at most WEIR_MAX_REGEX_REPEAT */
        re->repeat = n * sub->repeat;

        if (re->repeat > WEIR_MAX_REGEX_REPEAT) {
            weir_re_report(ps, at, ps->p, "more than 1000 repeats in all");
            return NULL;
        }
    }

    if (sub->kind == WEIR_RE_CLASS && !is_group(sub->cls)) {
        re->size = sub->size + SIZE_REPEAT;

    } else {
        re->size = (sub->size + (sub->kind == WEIR_RE_ALT ? SIZE_AGAIN
                                                          : SIZE_GROUP))
                   * ((uint64_t) n + 1);
    }

    return check_size(ps, at, re->size) ? re : NULL;
}


bool
weir_re_push(weir_re_parser_t *ps, weir_re_nodes_t *nodes,
    const weir_re_t *re)
{
    const weir_re_t  **slot;

    slot = weir_vec_push(ps->arena, nodes);

    if (slot == NULL) {
        ps->nomem = true;
        return false;
    }

    *slot = re;

    return true;
}
