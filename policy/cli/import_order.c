/*
 * import_order.c: routes of one path that headers alone tell apart, in the
 * order of the Gateway API.
 *
 * It prefers more headers, then the older route, or the first by its name,
 * then the earlier rule; in that order they were added.  To Weir two routes of
 * as many headers tie, unless one has more tests: that there is a host, which
 * is always so, is one.
 */

#include "cli/import.h"


/* false: a header of both has two values. */
static bool
are_compatible(const imp_route_t *a, const imp_route_t *b)
{
    size_t  i, j;

    for (i = 0; i < a->headers.len; i++) {
        for (j = 0; j < b->headers.len; j++) {
            if (weir_str_eq(a->headers.items[i].name,
                            b->headers.items[j].name)
                && !weir_str_eq(a->headers.items[i].value,
                                b->headers.items[j].value))
            {
                return false;
            }
        }
    }

    return true;
}


static bool
is_before(const imp_route_t *a, const imp_route_t *b)
{
    return a->headers.len > b->headers.len
           || (a->headers.len == b->headers.len && a < b);
}


/* The routes that are told apart by headers alone, the last choice first. */
static size_t
find_group(imp_t *imp, const imp_route_t *of, imp_route_t **group)
{
    size_t        i, j, n;
    imp_route_t  *r;

    n = 0;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (r->headers.len == 0 || !weir_str_eq(r->host, of->host)
            || !weir_str_eq(r->path.text, of->path.text)
            || !weir_str_eq(r->method, of->method))
        {
            continue;
        }

        for (j = n++; j > 0 && is_before(group[j - 1], r); j--) {
            group[j] = group[j - 1];
        }

        group[j] = r;
    }

    return n;
}


/*
 * More tests than those that come behind.  There is but one that every request
 * passes: that it has a host.
 */
static void
add_tests(imp_t *imp, imp_route_t **group, size_t n)
{
    size_t    i, j;
    uint32_t  need;

    for (i = 0; i < n; i++) {
        need = (uint32_t) group[i]->headers.len;

        for (j = 0; j < i; j++) {
            if (!group[j]->out && group[j]->tests >= need
                && are_compatible(group[i], group[j]))
            {
                need = group[j]->tests + 1;
            }
        }

        group[i]->tests = need;

        if (need > group[i]->headers.len + 1) {
            weir_imp_note(imp, IMP_LEFT, group[i]->from, group[i]->span,
                          weir_string("headers"), "three rules of one path "
                          "whose headers may come together tie: routes.%.*s "
                          "is left out, and its requests get the next one",
                          WEIR_STR(group[i]->id));
            group[i]->out = true;
            group[i]->t.closed = "left out";
        }
    }
}


void
weir_imp_order(imp_t *imp)
{
    size_t         i, n;
    imp_route_t  **group;

    group = weir_arena_array(imp->arena, imp->routes.len, sizeof(*group));

    if (group == NULL) {
        imp->nomem = true;
        return;
    }

    for (i = 0; i < imp->routes.len; i++) {
        if (imp->routes.items[i].headers.len != 0
            && imp->routes.items[i].tests == 0)
        {
            n = find_group(imp, &imp->routes.items[i], group);
            add_tests(imp, group, n);
        }
    }
}
