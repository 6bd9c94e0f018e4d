/*
 * lint_regex.c: patterns that are simpler than they look.
 */

#include "base/utf8.h"
#include "front/lint.h"
#include "front/re.h"

#define MAX_TEXTS  32u


typedef struct {
    weir_arena_t        *arena;
    weir_vec_t(char)     text;
    bool                 begin;
    bool                 end;
    bool                 nomem;
} plain_t;


static bool  texts(weir_lint_t *l, const weir_re_t *re, weir_strs_t *out);


static bool
put_char(plain_t *p, uint32_t cp)
{
    char    buf[4], *c;
    size_t  i, n;

    n = weir_utf8_put(buf, cp);

    for (i = 0; i < n; i++) {
        c = weir_vec_push(p->arena, &p->text);

        if (c == NULL) {
            p->nomem = true;
            return false;
        }

        *c = buf[i];
    }

    return n != 0;
}


/* The one character of a class; false: it has none, or several. */
static bool
one_char(const weir_re_class_t *cls, uint32_t *cp)
{
    if (cls->negated || cls->fold || cls->props.len != 0
        || cls->ranges.len != 1
        || cls->ranges.items[0].lo != cls->ranges.items[0].hi)
    {
        return false;
    }

    *cp = cls->ranges.items[0].lo;

    return true;
}


/* Recursion is bounded by WEIR_MAX_REGEX_DEPTH. */
static bool
plain(plain_t *p, const weir_re_t *re)
{
    size_t    i;
    uint32_t  cp;

    switch (re->kind) {

    case WEIR_RE_EMPTY:
        return true;

    case WEIR_RE_BEGIN:
        p->begin = true;
        return p->text.len == 0 && !p->end;

    case WEIR_RE_END:
        p->end = true;
        return true;

    case WEIR_RE_CLASS:
        return !p->end && one_char(re->cls, &cp) && put_char(p, cp);

    case WEIR_RE_CAT:

        for (i = 0; i < re->subs.len; i++) {
            if (!plain(p, re->subs.items[i])) {
                return false;
            }
        }

        return true;

    default:
        return false;
    }
}


const char *
weir_lint_plain(weir_lint_t *l, weir_str_t pattern, weir_str_t *text)
{
    bool              ok;
    plain_t           p;
    weir_rc_t         rc;
    weir_text_t       source;
    weir_diags_t      unheard;
    const weir_re_t  *re;

    memset(&p, 0, sizeof(p));
    memset(&unheard, 0, sizeof(unheard));
    memset(&source, 0, sizeof(source));
    p.arena = l->arena;
    unheard.arena = l->arena;
    source.text = pattern;

    rc = weir_re_parse(l->arena, &unheard, &source, 0, pattern.len, &re);
    ok = rc == WEIR_OK && plain(&p, re);
    l->nomem |= rc == WEIR_NOMEM || p.nomem;

    if (!ok || p.text.len == 0) {
        return NULL;
    }

    *text = weir_str(p.text.items, p.text.len);

    return p.begin && p.end ? "=="
           : p.begin ? "startsWith" : p.end ? "endsWith" : "contains";
}


/* What no segment of a path holds. */
static bool
is_foreign(uint32_t lo, uint32_t hi)
{
    return hi < 0x20 || (lo == hi && (lo == '/' || lo == 0x7f));
}


bool
weir_lint_universal(const weir_re_t *re)
{
    size_t                  i;
    uint32_t                next;
    const weir_re_class_t  *cls;
    const weir_re_range_t  *r;

    if (re->kind != WEIR_RE_REPEAT || re->min > 1
        || re->max != WEIR_RE_NO_MAX
        || re->subs.items[0]->kind != WEIR_RE_CLASS)
    {
        return false;
    }

    cls = re->subs.items[0]->cls;
    next = 0;

    if (cls->props.len != 0) {
        return false;
    }

    for (i = 0; i < cls->ranges.len; i++) {
        r = &cls->ranges.items[i];

        if (cls->negated ? !is_foreign(r->lo, r->hi)
            : r->lo > next && !(next == 0xd800 && r->lo == 0xe000)
              && !is_foreign(next, r->lo - 1))
        {
            return false;
        }

        next = r->hi + 1;
    }

    return cls->negated ? !cls->fold : next == WEIR_RE_MAX_CHAR + 1;
}


static bool
add_text(weir_lint_t *l, weir_strs_t *out, weir_str_t s)
{
    size_t       i;
    weir_str_t  *p;

    for (i = 0; i < out->len; i++) {
        if (weir_str_eq(out->items[i], s)) {
            return true;
        }
    }

    if (out->len == MAX_TEXTS) {
        return false;
    }

    p = weir_vec_push(l->arena, out);

    if (p == NULL) {
        l->nomem = true;
        return false;
    }

    *p = s;

    return true;
}


/* All texts of a followed by all of b, into a. */
static bool
product(weir_lint_t *l, weir_strs_t *a, const weir_strs_t *b)
{
    size_t       i, k;
    weir_str_t   s;
    weir_strs_t  all;

    memset(&all, 0, sizeof(all));

    for (i = 0; i < a->len; i++) {
        for (k = 0; k < b->len; k++) {
            s = weir_arena_printf(l->arena, "%.*s%.*s",
                                  WEIR_STR(a->items[i]),
                                  WEIR_STR(b->items[k]));

            if (s.data == NULL) {
                l->nomem = true;
                return false;
            }

            if (!add_text(l, &all, s)) {
                return false;
            }
        }
    }

    *a = all;

    return true;
}


static bool
class_texts(weir_lint_t *l, const weir_re_class_t *cls, weir_strs_t *out)
{
    char                    buf[4];
    size_t                  i;
    uint32_t                cp;
    weir_str_t              s;
    const weir_re_range_t  *r;

    if (cls->negated || cls->fold || cls->props.len != 0) {
        return false;
    }

    for (i = 0; i < cls->ranges.len; i++) {
        r = &cls->ranges.items[i];

        if (r->hi - r->lo >= MAX_TEXTS) {
            return false;
        }

        for (cp = r->lo; cp <= r->hi; cp++) {
            s = weir_arena_str(l->arena,
                               weir_str(buf, weir_utf8_put(buf, cp)));
            l->nomem |= s.data == NULL;

            if (s.data == NULL || !add_text(l, out, s)) {
                return false;
            }
        }
    }

    return true;
}


static bool
repeat_texts(weir_lint_t *l, const weir_re_t *re, weir_strs_t *out)
{
    size_t       k;
    uint32_t     i;
    weir_strs_t  one, so_far;

    memset(&one, 0, sizeof(one));
    memset(&so_far, 0, sizeof(so_far));

    if (re->max > MAX_TEXTS || !texts(l, re->subs.items[0], &one)
        || !add_text(l, &so_far, weir_string("")))
    {
        return false;
    }

    for (i = 0; /* void */ ; i++) {

        for (k = 0; i >= re->min && k < so_far.len; k++) {
            if (!add_text(l, out, so_far.items[k])) {
                return false;
            }
        }

        if (i == re->max) {
            return true;
        }

        if (!product(l, &so_far, &one)) {
            return false;
        }
    }
}


/* Recursion is bounded by WEIR_MAX_REGEX_DEPTH. */
static bool
texts(weir_lint_t *l, const weir_re_t *re, weir_strs_t *out)
{
    size_t       i;
    weir_strs_t  sub;

    switch (re->kind) {

    case WEIR_RE_EMPTY:
        return add_text(l, out, weir_string(""));

    case WEIR_RE_CLASS:
        return class_texts(l, re->cls, out);

    case WEIR_RE_CAT:

        if (!add_text(l, out, weir_string(""))) {
            return false;
        }

        for (i = 0; i < re->subs.len; i++) {
            memset(&sub, 0, sizeof(sub));

            if (!texts(l, re->subs.items[i], &sub) || !product(l, out, &sub))
            {
                return false;
            }
        }

        return true;

    case WEIR_RE_ALT:

        for (i = 0; i < re->subs.len; i++) {
            memset(&sub, 0, sizeof(sub));

            if (!texts(l, re->subs.items[i], &sub)) {
                return false;
            }

            while (sub.len > 0) {
                if (!add_text(l, out, sub.items[--sub.len])) {
                    return false;
                }
            }
        }

        return true;

    case WEIR_RE_REPEAT:
        return repeat_texts(l, re, out);

    default:
        return false;
    }
}


bool
weir_lint_texts(weir_lint_t *l, const weir_re_t *re, weir_strs_t *out)
{
    memset(out, 0, sizeof(*out));

    return texts(l, re, out);
}
