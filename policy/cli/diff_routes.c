/*
 * diff_routes.c: which routes may take requests of others, by their places in
 * the tree of paths.
 *
 * A route takes no request of another that it is surely less specific than,
 * or that no request fits both of.  What is not sure counts as "may".
 */

#include "cli/diff.h"
#include "run/regex.h"


static int
host_rank(weir_str_t host)
{
    return host.len == 0 ? 0 : host.data[0] == '.' ? 1 : 2;
}


static bool
hosts_meet(weir_str_t a, weir_str_t b)
{
    weir_str_t  s;

    if (host_rank(a) == 2 && host_rank(b) == 2) {
        return weir_str_eq(a, b);
    }

    if (a.len < b.len) {
        s = a;
        a = b;
        b = s;
    }

    return weir_str_ends(a, b);
}


static bool
elems_meet(const diff_side_t *ps, const diff_elem_t *p,
    const diff_side_t *qs, const diff_elem_t *q)
{
    const diff_side_t  *s;
    const diff_elem_t  *e;

    if (p->literal.data != NULL && q->literal.data != NULL) {
        return weir_str_eq(p->literal, q->literal);
    }

    e = p->literal.data == NULL ? q : p;    /* the literal, or neither */
    s = e == q ? ps : qs;                   /* of the other */

    if (e->literal.data == NULL) {
        return true;
    }

    p = e == q ? p : q;

    return e->literal.len != 0
           && (p->regex == WEIR_NONE
               || weir_regex_match(s->img->regex[p->regex], e->literal)
                  != WEIR_DECLINED);
}


static int
elem_rank(const diff_elem_t *e)
{
    return e->literal.data != NULL ? 3 : e->regex != WEIR_NONE ? 2 : 1;
}


/* > 0: q is more specific by its place; 0: that does not tell. */
static int
place_rank(const diff_place_t *p, const diff_place_t *q)
{
    int       c;
    uint32_t  i;

    c = host_rank(q->host) - host_rank(p->host);

    if (c == 0 && host_rank(q->host) == 1) {
        c = (q->host.len > p->host.len) - (q->host.len < p->host.len);
    }

    for (i = 0; c == 0 && (i < p->n || i < q->n); i++) {
        c = (i < q->n ? elem_rank(&q->elems[i]) : 0)
            - (i < p->n ? elem_rank(&p->elems[i]) : 0);
    }

    return c;
}


static bool
comes_between(const diff_side_t *ps, const diff_place_t *p,
    const diff_side_t *qs, const diff_place_t *q)
{
    uint32_t  i, n;

    n = p->n < q->n ? p->n : q->n;

    if (!hosts_meet(p->host, q->host)
        || (p->n < q->n && !p->rest) || (q->n < p->n && !q->rest)
        || place_rank(p, q) < 0)
    {
        return false;
    }

    for (i = 0; i < n; i++) {
        if (!elems_meet(ps, &p->elems[i], qs, &q->elems[i])) {
            return false;
        }
    }

    return true;
}


static bool
methods_meet(const weir_img_route_t *a, const weir_img_route_t *b)
{
    return a->methods == 0 || b->methods == 0 || a->other.count != 0
           || b->other.count != 0 || (a->methods & b->methods) != 0;
}


/* Whether route q, of side s, may take requests that p has in the other. */
static bool
may_take(const diff_t *d, const diff_pair_t *p, unsigned s,
    const diff_route_t *q)
{
    size_t               i, k;
    const diff_side_t   *side;
    const diff_route_t  *r;

    side = &d->side[s];
    r = p->route[s];

    if (!methods_meet(&WEIR_REC(side->img, ROUTES)[r->index],
                      &WEIR_REC(side->img, ROUTES)[q->index]))
    {
        return false;
    }

    for (i = 0; i < r->places.len; i++) {
        for (k = 0; k < q->places.len; k++) {
            if (comes_between(side, &r->places.items[i], side,
                              &q->places.items[k]))
            {
                return true;
            }
        }
    }

    return false;
}


weir_str_t
weir_diff_thief(diff_t *d, const diff_pair_t *p)
{
    size_t              i, s;
    const diff_pair_t  *q;

    for (i = 0; i < d->pairs.len; i++) {
        q = &d->pairs.items[i];

        for (s = 0; s < DIFF_SIDES && !q->same_match; s++) {
            if (q->route[s] != NULL && may_take(d, p, s, q->route[s])) {
                return weir_diff_text(d, "route %.*s may take its requests",
                                      WEIR_STR(q->id));
            }
        }
    }

    return weir_str("", 0);
}
