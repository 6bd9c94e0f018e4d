/*
 * import_keep.c: what a guard of ingress-nginx took beyond the template of its
 * route, no other route has.
 *
 * A location that is a pattern begins with it, in any letters, and the longest
 * one goes first; one of no type is the beginning of a text.  Templates are of
 * whole segments, and the more specific goes first.  Routes that would have a
 * request now that a guard had refuse it.
 */

#include "cli/import.h"

#define MAX_PATTERN  900u       /* bytes of what one rule matches */
#define MAX_RULES    8u         /* of a route */
#define MAX_BEGIN    200u


/* Whether the whole has alternatives; where that is hard to tell, it has. */
static bool
has_alternatives(weir_str_t s)
{
    size_t    i;
    unsigned  depth;

    if (memchr(s.data, '[', s.len) != NULL
        || memchr(s.data, '\\', s.len) != NULL)
    {
        return memchr(s.data, '|', s.len) != NULL;
    }

    for (i = 0, depth = 0; i < s.len; i++) {

        if (s.data[i] == '|' && depth == 0) {
            return true;
        }

        depth += s.data[i] == '(';
        depth -= s.data[i] == ')' && depth > 0;
    }

    return false;
}


/* The text that all begin with that a path takes; patterns: it is one. */
static weir_str_t
beginning(weir_str_t s, bool patterns)
{
    size_t  n;

    if (!patterns) {
        return s;
    }

    if (has_alternatives(s)) {
        return weir_string("/");
    }

    for (n = 0; n < s.len && strchr("\\^$.?*+()[]{}", s.data[n]) == NULL;
         n++) { }

    /* what may be there any number of times, or not at all */
    if (n > 0 && n < s.len && strchr("?*{", s.data[n]) != NULL) {
        n--;
    }

    return weir_str(s.data, n);
}


static weir_str_t
escaped(imp_t *imp, weir_str_t s)
{
    char    *q;
    size_t   i, n;

    q = weir_arena_alloc(imp->arena, 2 * s.len + 1);

    if (q == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    for (i = 0, n = 0; i < s.len; i++) {

        if (strchr("\\^$.|?*+()[]{}", s.data[i]) != NULL) {
            q[n++] = '\\';
        }

        q[n++] = s.data[i];
    }

    return weir_str(q, n);
}


void
weir_imp_taken(imp_t *imp, imp_route_t *r, weir_str_t path, bool patterns)
{
    weir_str_t  s;

    r->begin = beginning(path, patterns);
    r->begin.len = r->begin.len < MAX_BEGIN ? r->begin.len : MAX_BEGIN;

    if (!weir_imp_is_plain(r->begin)) {
        r->begin = weir_string("/");
    }

    s = patterns && path.len > 0 && path.data[0] == '^'
        ? weir_str(path.data + 1, path.len - 1) : path;
    s = weir_imp_printf(imp, patterns ? "(?i:^%.*s)" : "(?:^%.*s)",
                        WEIR_STR(patterns ? s : escaped(imp, s)));

    if (s.len > MAX_PATTERN || !weir_imp_is_plain(s)
        || !weir_imp_is_regex(imp, s))
    {
        s = weir_imp_printf(imp, patterns ? "(?i:^%.*s)" : "(?:^%.*s)",
                            WEIR_STR(escaped(imp, r->begin)));
    }

    r->taken = s;
}


void
weir_imp_own(imp_t *imp, imp_route_t *r)
{
    imp_route_t  text;

    if (!r->path.bare) {
        return;
    }

    if (r->taken.len == 0) {
        weir_imp_taken(imp, &text, r->asked, false);
    }

    r->own = r->taken.len != 0 ? r->taken : text.taken;
}


/* Whether ingress-nginx asks it first. */
static bool
is_before(const imp_route_t *a, const imp_route_t *b)
{
    return a->rank != b->rank ? a->rank > b->rank
           : weir_str_cmp(a->asked, b->asked) > 0;
}


/* Whether s begins so, in any letters. */
static bool
begins(weir_str_t s, weir_str_t with)
{
    size_t  i;
    char    a, b;

    if (with.len > s.len) {
        return false;
    }

    for (i = 0; i < with.len; i++) {
        a = s.data[i];
        b = with.data[i];

        if (a != b && ((a | 0x20) != (b | 0x20) || (a | 0x20) < 'a'
                       || (a | 0x20) > 'z'))
        {
            return false;
        }
    }

    return true;
}


/* Whether r may have a request that the guarded one took. */
static bool
may_have(const imp_route_t *r, const imp_route_t *guarded)
{
    weir_str_t  at;

    at = r->path.location.len > 1 ? r->path.location : weir_string("");

    return begins(r->path.location, guarded->begin)
           || (!r->path.exact && begins(guarded->begin, at)
               && (guarded->begin.len == at.len
                   || guarded->begin.data[at.len] == '/'));
}


/* false: there are too many. */
static bool
add(imp_t *imp, imp_strs_t *list, weir_str_t pattern)
{
    weir_str_t  *last;

    last = list->len > 0 ? &list->items[list->len - 1] : NULL;

    if (last != NULL && last->len + 1 + pattern.len <= MAX_PATTERN) {
        *last = weir_imp_printf(imp, "%.*s|%.*s", WEIR_STR(*last),
                                WEIR_STR(pattern));
        return true;
    }

    if (list->len == MAX_RULES) {
        return false;
    }

    last = weir_vec_push(imp->arena, list);

    if (last == NULL) {
        imp->nomem = true;
        return true;
    }

    *last = pattern;

    return true;
}


/* Of one path the older Ingress has the requests, guarded or not. */
static bool
is_same(const imp_route_t *r, const imp_route_t *guarded)
{
    return weir_str_eq(r->asked, guarded->asked)
           && r->path.exact == guarded->path.exact;
}


static void
keep_from_others(imp_t *imp, const imp_route_t *guarded)
{
    size_t        i;
    imp_route_t  *r;

    for (i = 0; i < imp->routes.len && !imp->nomem; i++) {
        r = &imp->routes.items[i];

        if (r->out || r->t.closed != NULL || r->asked.len == 0
            || r->from == guarded->from
            || !weir_str_eq(r->host, guarded->host)
            || !may_have(r, guarded) || is_same(r, guarded)
            || (is_before(r, guarded) && r->own.len == 0))
        {
            continue;
        }

        if (!add(imp, is_before(r, guarded) ? &r->spare : &r->kept,
                 guarded->taken))
        {
            weir_imp_close_route(imp, r, "it would have requests of more "
                                 "guarded paths than it can refuse");
        }
    }
}


void
weir_imp_guarded(imp_t *imp, const imp_route_t *r, bool exact)
{
    imp_route_t  *slot;

    if (r->taken.len == 0 || (r->t.closed == NULL && r->t.deny.len == 0)) {
        return;
    }

    slot = weir_vec_push(imp->arena, &imp->guards);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = *r;
    slot->path.exact = exact;
}


void
weir_imp_keep(imp_t *imp)
{
    size_t  i;

    for (i = 0; i < imp->routes.len; i++) {
        imp->routes.items[i].kept.len = 0;
        imp->routes.items[i].spare.len = 0;
    }

    for (i = 0; i < imp->guards.len; i++) {
        keep_from_others(imp, &imp->guards.items[i]);
    }
}
