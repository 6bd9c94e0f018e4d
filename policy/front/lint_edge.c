/*
 * lint_edge.c: CORS that nothing uses or that trusts anybody, maintenance
 * that is never asked, versions that have ended.
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
    size_t                 i;
    int64_t                now;
    const weir_version_t  *v;

    for (i = 0; i < l->m->cors.len; i++) {
        cors(l, &l->m->cors.items[i]);
    }

    maintenance(l);
    now = (int64_t) time(NULL);

    for (i = 0; i < l->m->routes.len; i++) {
        v = &l->m->routes.items[i].version;

        if (v->sunset.data != NULL && v->ends < now) {
            weir_warn(l->diags, WEIR_WSUNSET, v->ends_span,
                      "version \"%.*s\" of route \"%.*s\" has ended",
                      WEIR_STR(v->name.text),
                      WEIR_STR(l->m->routes.items[i].id.text));
        }
    }
}
