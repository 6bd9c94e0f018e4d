/*
 * diff_settle.c: changes as they are printed: those that differ in route or
 * tenant alone are one, and each has the simplest witness.
 */

#include <stdlib.h>

#include "cli/diff.h"


/* Whether the request shows the change, too. */
static bool
shows(diff_t *d, const diff_change_t *c, const diff_request_t *r)
{
    bool             same;
    uint64_t         h[2];
    weir_arena_t    *a;
    weir_decision_t  x[DIFF_SIDES];

    a = weir_arena_create();

    if (a == NULL) {
        d->nomem = true;
        return false;
    }

    same = weir_diff_decide(d, a, r, x);
    h[0] = weir_diff_hash(&x[1], weir_diff_hash(&x[0], 0, true), true);
    h[1] = weir_diff_hash(&c->d[1], weir_diff_hash(&c->d[0], 0, true), true);
    weir_arena_destroy(a);

    return same && h[0] == h[1];
}


/* Leaves out each of some texts without which the change shows as well. */
static void
leave_out(diff_t *d, diff_change_t *c, diff_text_t *texts, size_t *n)
{
    size_t       i;
    diff_text_t  t;

    for (i = *n; i-- > 0; ) {
        t = texts[i];
        memmove(&texts[i], &texts[i + 1], (*n - i - 1) * sizeof(t));
        (*n)--;

        if (!shows(d, c, c->witness)) {
            memmove(&texts[i + 1], &texts[i], (*n - i) * sizeof(t));
            texts[i] = t;
            (*n)++;
        }
    }
}


/* Where the time decides, the witness says it. */
static void
pin_time(diff_t *d, diff_change_t *c)
{
    size_t           i;
    diff_request_t  *r, late;

    static const char *const  times[] = {
        "2026-01-05T00:30:00Z", "2026-01-05T08:00:00Z",
        "2026-01-05T18:00:00Z", "2026-01-05T22:00:00Z",
        "2026-01-10T12:00:00Z", "2026-07-05T12:00:00Z",
        "2019-03-01T03:00:00Z", "2033-03-01T03:00:00Z",
    };

    r = c->witness;

    for (i = 0; i < r->nsets; i++) {

        if (weir_str_eq(r->sets[i].name, weir_string("time"))) {
            return;
        }
    }

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        late = *r;
        weir_diff_put(late.sets, &late.nsets, weir_string("time"),
            weir_cstr(times[i]));

        if (!shows(d, c, &late)) {
            weir_diff_put(r->sets, &r->nsets, weir_string("time"),
                weir_string("2026-01-05T12:00:00Z"));
            return;
        }
    }
}


/* Of both decisions, whatever route and tenant they are for. */
static uint64_t
sameness(const diff_change_t *c)
{
    size_t           i;
    uint64_t         h;
    weir_decision_t  x;

    for (i = 0, h = 0; i < DIFF_SIDES; i++) {
        x = c->d[i];
        x.tenant = x.route = weir_str("", 0);

        /* told only where they change */

#define T(name)                                                               \
        if (weir_str_eq(x.name, c->d[!i].name)) {                             \
            x.name = weir_str("", 0);                                         \
        }

        T(upstream) T(split) T(arm)
#undef T

        h = weir_diff_hash(&x, h, true);
    }

    return h;
}


static bool
same_strs(const diff_strs_t *a, const diff_strs_t *b)
{
    size_t  i;

    for (i = 0; i < a->len && a->len == b->len; i++) {

        if (!weir_str_eq(a->items[i], b->items[i])) {
            return false;
        }
    }

    return a->len == b->len;
}


/* First by tenant, then by route, so that a line names both as a product. */
static void
merge(diff_t *d, bool by_tenant)
{
    size_t          i, k;
    diff_change_t  *a, *b;

    for (i = 0; i < d->changes.len; i++) {
        a = &d->changes.items[i];

        for (k = i + 1; k < d->changes.len && !a->merged; k++) {
            b = &d->changes.items[k];

            if (b->merged || a->same != b->same
                || !(by_tenant ? weir_str_eq(a->route, b->route)
                               : same_strs(&a->tenants, &b->tenants)))
            {
                continue;
            }

            b->merged = true;
            weir_diff_push(d, by_tenant ? &a->tenants : &a->routes,
                           by_tenant ? b->tenant : b->route);

            if (b->weight < a->weight) {
                a->witness = b->witness;
                a->weight = b->weight;
            }
        }
    }
}


/* What opens comes first, then what closes. */
static int
danger(const diff_change_t *c)
{
    return c->d[DIFF_OLD].verdict == c->d[DIFF_NEW].verdict ? 0
           : c->d[DIFF_NEW].verdict == WEIR_ALLOW ? 2 : 1;
}


static int
by_danger(const void *a, const void *b)
{
    const diff_change_t  *x, *y;

    x = a;
    y = b;

    return danger(x) != danger(y) ? danger(y) - danger(x)
                                  : (x->at > y->at) - (x->at < y->at);
}


void
weir_diff_settle(diff_t *d)
{
    bool            bare, timed;
    size_t          i;
    diff_change_t  *c;
    diff_request_t *w;

    timed = weir_diff_reads(d, WEIR_A_REQUEST_TIME, weir_str(NULL, 0));
    bare = weir_diff_reads(d, WEIR_A_REQUEST_USERAGENT, weir_str(NULL, 0))
           || weir_diff_reads(d, WEIR_A_REQUEST_HEADERS,
                              weir_string("user-agent"))
           || weir_diff_reads(d, WEIR_A_REQUEST_HEADERS,
                              weir_string("accept"));

    for (i = 0; i < d->changes.len && !d->nomem; i++) {
        c = &d->changes.items[i];
        c->at = i;
        c->same = sameness(c);
        weir_diff_push(d, &c->routes, c->route);
        weir_diff_push(d, &c->tenants, c->tenant);
    }

    merge(d, true);
    merge(d, false);

    if (d->changes.len) {
        qsort(d->changes.items, d->changes.len, sizeof(diff_change_t),
              by_danger);
    }

    for (i = 0; i < d->changes.len && !d->nomem; i++) {
        c = &d->changes.items[i];
        w = c->witness;

        if (c->merged) {
            continue;
        }

        w->bare = bare;
        leave_out(d, c, w->sets, &w->nsets);
        leave_out(d, c, w->headers, &w->nheaders);
        leave_out(d, c, w->cookies, &w->ncookies);
        leave_out(d, c, w->params, &w->nparams);

        if (timed) {
            pin_time(d, c);
        }
    }
}
