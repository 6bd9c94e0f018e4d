/*
 * diff_run.c: the steps of a comparison, and the memory that they share.
 */

#include <stdarg.h>

#include "cli/diff.h"

#define MOST_NAMES  8           /* of routes in a line */


void *
weir_diff_pushed(diff_t *d, void *p)
{
    d->nomem |= p == NULL;

    return p;
}


void *
weir_diff_alloc(diff_t *d, size_t n)
{
    return weir_diff_pushed(d, weir_arena_alloc(d->arena, n));
}


weir_str_t
weir_diff_text(diff_t *d, const char *fmt, ...)
{
    va_list     args;
    weir_str_t  s;

    va_start(args, fmt);
    s = weir_arena_vprintf(d->arena, fmt, args);
    va_end(args);

    if (s.data == NULL) {
        d->nomem = true;
        return weir_str("", 0);
    }

    return s;
}


void
weir_diff_push(diff_t *d, diff_strs_t *v, weir_str_t s)
{
    weir_str_t  *p;

    p = diff_push(d, v);

    if (p != NULL) {
        *p = s;
    }
}


bool
weir_diff_has(const diff_strs_t *v, weir_str_t s)
{
    size_t  i;

    for (i = 0; i < v->len; i++) {

        if (weir_str_eq(v->items[i], s)) {
            return true;
        }
    }

    return false;
}


static bool
is_open(const diff_pair_t *p, weir_str_t why)
{
    return p->why.len != 0 && !p->reached
           && (why.len == 0 || weir_str_eq(p->why, why));
}


/* Routes of one reason, from the first on. */
static void
add_routes(diff_t *d, size_t first)
{
    size_t              i, n;
    weir_str_t          s;
    const diff_pair_t  *p;

    s = weir_str("", 0);

    for (i = first, n = 0; i < d->pairs.len; i++) {
        p = &d->pairs.items[i];

        if (is_open(p, d->pairs.items[first].why) && n++ < MOST_NAMES) {
            s = weir_diff_text(d, "%.*s%s%.*s", WEIR_STR(s), s.len ? ", " : "",
                               WEIR_STR(p->id));
        }
    }

    if (n > MOST_NAMES) {
        s = weir_diff_text(d, "%.*s and %zu more", WEIR_STR(s),
                           n - MOST_NAMES);
    }

    weir_diff_push(d, &d->mays,
                   weir_diff_text(d, "route %.*s: %.*s", WEIR_STR(s),
                                  WEIR_STR(d->pairs.items[first].why)));
}


/* What is neither proved nor found. */
static void
add_mays(diff_t *d)
{
    size_t              i;
    diff_strs_t         said;
    const diff_pair_t  *p;
    const diff_kind_t  *k;

    memset(&said, 0, sizeof(said));

    for (i = 0; i < d->pairs.len; i++) {
        p = &d->pairs.items[i];

        if (is_open(p, weir_str("", 0)) && !weir_diff_has(&said, p->why)) {
            weir_diff_push(d, &said, p->why);
            add_routes(d, i);
        }
    }

    for (i = 0; i < d->kinds.len; i++) {
        k = &d->kinds.items[i];

        if (k->matters && !k->reached) {
            weir_diff_push(d, &d->mays,
                           k->count > 1
                           ? weir_diff_text(d, "tenant %.*s and %zu more "
                                            "like it: the records differ",
                                            WEIR_STR(k->id), k->count - 1)
                           : weir_diff_text(d, "tenant %.*s: its record "
                                            "differs", WEIR_STR(k->id)));
        }
    }

    if (d->none.why.len && !d->none.reached) {
        weir_diff_push(d, &d->mays,
                       weir_diff_text(d, "requests of no route: %.*s",
                                      WEIR_STR(d->none.why)));
    }
}


bool
weir_diff_run(diff_t *d)
{
    size_t  i;

    d->keep = d->arena;
    d->budget = d->budget ? d->budget : DIFF_MAX_PROBES;

    for (i = 0; i < DIFF_SIDES; i++) {
        weir_diff_sums(d, &d->side[i]);
        weir_diff_atoms(d, &d->side[i]);
    }

    if (!d->nomem) {
        weir_diff_prove(d);
    }

    for (i = 0; i < DIFF_SIDES && !d->nomem; i++) {
        weir_diff_rules(d, &d->side[i]);
        weir_diff_limits(d, &d->side[i]);
        weir_diff_splits(d, &d->side[i]);
        weir_diff_routes(d, &d->side[i]);
    }

    if (!d->nomem) {
        weir_diff_parts(d);
    }

    if (!d->nomem && weir_diff_counting(d, CLI_COUNT_ONE)) {
        weir_diff_cells(d);
    }

    if (!d->nomem) {
        weir_diff_settle(d);
        add_mays(d);
    }

    return !d->nomem;
}


bool
weir_diff_found(const diff_t *d)
{
    return d->changes.len != 0 || d->mays.len != 0;
}
