/*
 * lint.c: the last look at a model: errors between routes, and advice.
 */

#include "front/codes.h"
#include "front/load.h"


typedef struct {
    const weir_model_t  *m;
    weir_diags_t        *diags;
    weir_names_t         used;      /* "lists.NAME" and "vars.NAME" */
    bool                 nomem;
} lint_t;


static bool
is_ident(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_';
}


static void
use(lint_t *l, weir_str_t name)
{
    weir_names_entry_t  *e;

    if (weir_names_add(&l->used, name, (weir_span_t) { 0 }, 0, &e)
        == WEIR_NOMEM)
    {
        l->nomem = true;
    }
}


/*
 * lists.NAME and vars.NAME anywhere in an expression.  A name in a string
 * counts too: advice may be missing, but is never wrong.
 */
static void
scan(lint_t *l, weir_str_t s)
{
    size_t  i, start, end;

    for (i = 0; i < s.len; i = end + 1) {

        for (start = i; start < s.len && !is_ident(s.data[start]); start++) {
            /* void */
        }

        for (end = start; end < s.len && is_ident(s.data[end]); end++) {
            /* void */
        }

        if (end < s.len && s.data[end] == '.'
            && (weir_str_eq(weir_str(s.data + start, end - start),
                            weir_string("lists"))
                || weir_str_eq(weir_str(s.data + start, end - start),
                               weir_string("vars"))))
        {
            for (end++; end < s.len && is_ident(s.data[end]); end++) {
                /* void */
            }

            use(l, weir_str(s.data + start, end - start));
            end--;
        }
    }
}


static void
scan_rules(lint_t *l, const weir_rules_t *rules)
{
    size_t  i;

    for (i = 0; i < rules->len; i++) {
        scan(l, rules->items[i].text.text);
    }
}


static void
use_list(lint_t *l, uint32_t index)
{
    weir_str_t  name;

    name = weir_arena_printf(l->used.arena, "lists.%.*s",
                             WEIR_STR(l->m->lists.items[index].name.text));

    if (name.data == NULL) {
        l->nomem = true;
        return;
    }

    use(l, name);
}


static void
gather(lint_t *l)
{
    size_t               i, k;
    const weir_model_t  *m;

    m = l->m;

    scan_rules(l, &m->deny);
    scan_rules(l, &m->allow);

    for (i = 0; i < m->vars.len; i++) {
        scan(l, m->vars.items[i].text.text);
    }

    for (i = 0; i < m->tenants.len; i++) {
        scan_rules(l, &m->tenants.items[i].deny);
        scan_rules(l, &m->tenants.items[i].allow);
    }

    for (i = 0; i < m->routes.len; i++) {
        scan_rules(l, &m->routes.items[i].deny);
        scan_rules(l, &m->routes.items[i].allow);
    }

    for (i = 0; i < m->resolve.len; i++) {
        for (k = 0; k < m->resolve.items[i].ntrust; k++) {
            use_list(l, m->resolve.items[i].trust[k]);
        }
    }
}


static void
unused(lint_t *l, const char *section, const weir_name_t *name)
{
    weir_str_t  full;

    full = weir_arena_printf(l->used.arena, "%s.%.*s", section,
                             WEIR_STR(name->text));

    if (full.data == NULL) {
        l->nomem = true;
        return;
    }

    if (weir_names_find(&l->used, full) == NULL) {
        weir_warn(l->diags, WEIR_WUNUSED, name->span,
                  "`%.*s` is never used", WEIR_STR(full));
    }
}


static void
unused_names(lint_t *l)
{
    size_t  i;

    gather(l);

    for (i = 0; i < l->m->lists.len; i++) {
        unused(l, "lists", &l->m->lists.items[i].name);
    }

    for (i = 0; i < l->m->vars.len; i++) {
        unused(l, "vars", &l->m->vars.items[i].name);
    }
}


/* Routes that are neither public nor allow anybody in. */
static void
closed_routes(lint_t *l)
{
    size_t               i;
    const weir_model_t  *m;
    const weir_route_t  *r;

    m = l->m;

    if (m->allow.len != 0) {
        return;
    }

    for (i = 0; i < m->tenants.len; i++) {
        if (m->tenants.items[i].allow.len != 0) {
            return;
        }
    }

    for (i = 0; i < m->routes.len; i++) {
        r = &m->routes.items[i];

        if (!r->public && r->allow.len == 0) {
            weir_warn(l->diags, WEIR_WCLOSED, r->id.span,
                      "route \"%.*s\" lets nobody in: it is not public, and "
                      "no \"allow\" applies to it", WEIR_STR(r->id.text));
        }
    }
}


weir_rc_t
weir_model_check(const weir_model_t *m, weir_diags_t *diags, bool lint)
{
    lint_t     l;
    weir_rc_t  rc;

    rc = weir_ties_check(m, diags);

    if (rc == WEIR_NOMEM || !lint) {
        return rc;
    }

    memset(&l, 0, sizeof(lint_t));
    l.m = m;
    l.diags = diags;
    l.used.arena = weir_arena_create();

    if (l.used.arena == NULL) {
        return WEIR_NOMEM;
    }

    unused_names(&l);
    closed_routes(&l);
    weir_arena_destroy(l.used.arena);

    return l.nomem ? WEIR_NOMEM : rc;
}
