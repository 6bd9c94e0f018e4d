/*
 * lint_edge.c: CORS that nothing uses, that trusts anybody or keeps browsers
 * from what a route is for, maintenance that is never asked, versions that
 * have ended.
 */

#include <time.h>

#include "front/codes.h"
#include "front/lint.h"


static void
cors(weir_lint_t *l, const weir_cors_t *c)
{
    size_t              i;
    const weir_page_t  *page;

    if (!c->used) {
        weir_warn(l->diags, WEIR_WUNUSED, c->name.span,
                  "cors \"%.*s\" is never used: no route names it",
                  WEIR_STR(c->name.text));
    }

    for (i = 0; i < c->origins.len; i++) {
        page = &c->origins.items[i];

        if (c->credentials && page->kind == WEIR_ORIGIN_EXACT
            && weir_str_eq(page->text, weir_string("null")))
        {
            weir_warn(l->diags, WEIR_WORIGIN, page->span,
                      "any page can make its origin \"null\", in a frame, "
                      "and so read what cookies of cors \"%.*s\" give",
                      WEIR_STR(c->name.text));
        }
    }
}


/* Whether a header's list of names has one of them, or any. */
static bool
lists(weir_str_t list, weir_str_t name)
{
    size_t      i, start;
    weir_str_t  s;

    start = 0;

    for (i = 0; i <= list.len && list.len != 0; i++) {

        if (i < list.len && list.data[i] != ',') {
            continue;
        }

        s = weir_str(list.data + start, i - start);

        if (weir_str_eq(s, name) || weir_str_eq(s, weir_string("*"))) {
            return true;
        }

        start = i + 2;          /* behind the blank */
    }

    return false;
}


static void
unlisted(weir_lint_t *l, const weir_route_t *r, weir_str_t method)
{
    const weir_cors_t  *c;

    c = &l->m->cors.items[r->cors];

    if (!lists(c->methods, method)) {
        weir_warn(l->diags, WEIR_WMETHOD, r->id.span,
                  "route \"%.*s\" takes %.*s, which \"methods\" of cors "
                  "\"%.*s\" does not list: no browser sends it",
                  WEIR_STR(r->id.text), WEIR_STR(method),
                  WEIR_STR(c->name.text));
    }
}


/* Methods that a browser sends to another origin only where it is told. */
static void
methods(weir_lint_t *l, const weir_route_t *r)
{
    size_t  i;

    static const struct {
        uint32_t     bit;
        const char  *name;
    } asked[] = {
        { 1u << WEIR_METHOD_BIT_PUT, "PUT" },
        { 1u << WEIR_METHOD_BIT_DELETE, "DELETE" },
        { 1u << WEIR_METHOD_BIT_PATCH, "PATCH" }
    };

    for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        if (r->methods & asked[i].bit) {
            unlisted(l, r, weir_cstr(asked[i].name));
        }
    }

    for (i = 0; i < r->other.len; i++) {
        unlisted(l, r, r->other.items[i].text);
    }
}


/*
 * What stands behind an item that always holds is never asked.  A constant is
 * how an item is switched on and off.
 */
static void
maintenance(weir_lint_t *l)
{
    bool                 b;
    size_t               i;
    const weir_pause_t  *p, *always;

    always = NULL;

    for (i = 0; i < l->m->maintenance.len; i++) {
        p = &l->m->maintenance.items[i];

        if (always != NULL) {
            weir_warn(l->diags, WEIR_WSHADOWED, p->id.span,
                      "maintenance \"%.*s\" never decides: \"%.*s\" in front "
                      "of it always holds", WEIR_STR(p->id.text),
                      WEIR_STR(always->id.text));
            continue;
        }

        if (p->when == NULL || (weir_expr_is_bool(p->when, &b) && b)) {
            always = p;
        }
    }
}


void
weir_lint_edge(weir_lint_t *l)
{
    size_t               i;
    int64_t              now;
    const weir_route_t  *r;

    for (i = 0; i < l->m->cors.len; i++) {
        cors(l, &l->m->cors.items[i]);
    }

    maintenance(l);
    now = (int64_t) time(NULL);

    for (i = 0; i < l->m->routes.len; i++) {
        r = &l->m->routes.items[i];

        if (r->cors != WEIR_NONE) {
            methods(l, r);
        }

        if (r->version.sunset.data != NULL && r->version.ends < now) {
            weir_warn(l->diags, WEIR_WSUNSET, r->version.ends_span,
                      "version \"%.*s\" of route \"%.*s\" has ended",
                      WEIR_STR(r->version.name.text), WEIR_STR(r->id.text));
        }
    }
}
