/*
 * lint_roles.c: what routes require, against what roles have.
 */

#include "front/codes.h"
#include "front/lint.h"


static void
add_roles(uint32_t *bits, uint32_t words, const weir_roles_t *roles)
{
    size_t    i;
    uint32_t  k;

    for (i = 0; i < roles->len; i++) {
        for (k = 0; k < words; k++) {
            bits[k] |= roles->items[i].bits[k];
        }
    }
}


/* What the author may have meant: a permission that some role has. */
static weir_str_t
near_granted(weir_lint_t *l, const uint32_t *bits, weir_str_t name)
{
    size_t               i, n;
    weir_str_t          *names;
    const weir_model_t  *m;

    m = l->m;

    names = weir_arena_array(l->arena, m->permissions.len,
                             sizeof(weir_str_t));
    if (names == NULL) {
        l->nomem = true;
        return weir_str("", 0);
    }

    for (i = 0, n = 0; i < m->permissions.len; i++) {
        if (bits[i / 32] >> i % 32 & 1) {
            names[n++] = m->permissions.items[i].text;
        }
    }

    return weir_nearest(name, names, n);
}


static void
permissions(weir_lint_t *l)
{
    size_t               i;
    uint32_t            *bits, words;
    weir_str_t           near;
    const weir_name_t   *p;
    const weir_model_t  *m;

    m = l->m;
    words = WEIR_ROLE_WORDS(m->permissions.len);

    bits = weir_arena_array(l->arena, words, sizeof(uint32_t));
    if (bits == NULL) {
        l->nomem = true;
        return;
    }

    add_roles(bits, words, &m->roles);

    for (i = 0; i < m->tenants.len; i++) {
        add_roles(bits, words, &m->tenants.items[i].roles);
    }

    for (i = 0; i < m->permissions.len; i++) {

        if (bits[i / 32] >> i % 32 & 1) {
            continue;
        }

        p = &m->permissions.items[i];
        near = near_granted(l, bits, p->text);

        weir_warn(l->diags, WEIR_WNOROLE, p->span,
                  "no role has permission \"%.*s\"%s%.*s%s",
                  WEIR_STR(p->text), near.len ? "; did you mean \"" : "",
                  WEIR_STR(near), near.len ? "\"?" : "");
    }
}


/* Who nobody asks has neither roles nor a token. */
static void
unasked(weir_lint_t *l)
{
    size_t               i;
    const weir_route_t  *r;

    for (i = 0; i < l->m->routes.len; i++) {
        r = &l->m->routes.items[i];

        if ((r->require.permissions.len != 0 || r->require.scopes.len != 0)
            && (r->auth == NULL || r->auth->ways.len == 0))
        {
            weir_warn(l->diags, WEIR_WCLOSED, r->id.span,
                      "route \"%.*s\" lets nobody in: it requires what only "
                      "callers have who are asked to prove who they are",
                      WEIR_STR(r->id.text));
        }
    }
}


static void
conditions(weir_lint_t *l)
{
    bool                   value;
    size_t                 i;
    const weir_require_t  *r;

    for (i = 0; i < l->m->routes.len; i++) {
        r = &l->m->routes.items[i].require;

        if (r->when != NULL && weir_expr_is_bool(r->when, &value)) {
            weir_warn(l->diags, WEIR_WCONSTANT, r->text.span,
                      "\"when\" of \"require\" is always %s: %s",
                      value ? "true" : "false",
                      value ? "it asks for nothing" : "nobody gets in");
        }
    }
}


void
weir_lint_roles(weir_lint_t *l)
{
    permissions(l);
    unasked(l);
    conditions(l);
}
