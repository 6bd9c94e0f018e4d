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


/* Whether a request may have both places. */
static bool
places_meet(const diff_side_t *ps, const diff_place_t *p,
    const diff_side_t *qs, const diff_place_t *q)
{
    uint32_t  i, n;

    n = p->n < q->n ? p->n : q->n;

    if (!hosts_meet(p->host, q->host)
        || (p->n < q->n && !p->rest) || (q->n < p->n && !q->rest))
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


static const weir_img_route_t *
record(const diff_t *d, unsigned s, const diff_route_t *r)
{
    return &WEIR_REC(d->side[s].img, ROUTES)[r->index];
}


/* ranked: a place that surely comes behind does not count. */
static bool
any_meet(const diff_t *d, unsigned s, const diff_route_t *r,
    const diff_route_t *q, bool ranked)
{
    size_t               i, k;
    const diff_side_t   *side;
    const diff_place_t  *x, *y;

    side = &d->side[s];

    for (i = 0; i < r->places.len; i++) {
        for (k = 0; k < q->places.len; k++) {
            x = &r->places.items[i];
            y = &q->places.items[k];

            if (places_meet(side, x, side, y)
                && (!ranked || place_rank(x, y) >= 0))
            {
                return true;
            }
        }
    }

    return false;
}


/* Whether route q, of side s, may take requests that p has in the other. */
static bool
may_take(const diff_t *d, const diff_pair_t *p, unsigned s,
    const diff_route_t *q)
{
    return methods_meet(record(d, s, p->route[s]), record(d, s, q))
           && any_meet(d, s, p->route[s], q, true);
}


/*
 * A preflight is looked up by the method that it asks for: a route with CORS
 * answers those of its methods, whatever takes OPTIONS there.
 */
static bool
may_answer(const diff_t *d, const diff_pair_t *p, unsigned s,
    const diff_route_t *q)
{
    const weir_img_route_t  *r;

    r = record(d, s, p->route[s]);

    return record(d, s, q)->cors != WEIR_NONE
           && ((r->methods == 0 && r->other.count == 0)
               || (r->methods & 1u << WEIR_METHOD_BIT_OPTIONS) != 0)
           && any_meet(d, s, p->route[s], q, false);
}


/* Whether it has CORS in one policy alone. */
static bool
cors_differs(const diff_t *d, const diff_pair_t *q)
{
    return q->route[DIFF_OLD] != NULL && q->route[DIFF_NEW] != NULL
           && (record(d, DIFF_OLD, q->route[DIFF_OLD])->cors == WEIR_NONE)
              != (record(d, DIFF_NEW, q->route[DIFF_NEW])->cors == WEIR_NONE);
}


static bool
steals(const diff_t *d, const diff_pair_t *p, const diff_pair_t *q)
{
    unsigned  s;

    for (s = 0; s < DIFF_SIDES; s++) {

        if (q->route[s] == NULL) {
            continue;
        }

        if (!q->same_match && may_take(d, p, s, q->route[s])) {
            return true;
        }

        if ((!q->same_match || cors_differs(d, q))
            && may_answer(d, p, s, q->route[s]))
        {
            return true;
        }
    }

    return false;
}


weir_str_t
weir_diff_thief(diff_t *d, const diff_pair_t *p)
{
    size_t              i;
    const diff_pair_t  *q;

    for (i = 0; i < d->pairs.len; i++) {
        q = &d->pairs.items[i];

        if (q != p && steals(d, p, q)) {
            return weir_diff_text(d, "route %.*s may take its requests",
                                  WEIR_STR(q->id));
        }
    }

    return weir_str("", 0);
}
