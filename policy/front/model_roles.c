/*
 * model_roles.c: roles, what routes require, and which of the permissions
 * that are asked for each role has.
 *
 * Roles say what they may do with wildcards; what is asked for has none.  So
 * a role becomes a row of bits, one for each permission that any expression
 * or route of the policy asks for.
 */

#include "front/codes.h"
#include "front/load.h"
#include "front/permission.h"

#define SHOWN  16               /* roles of a circle in a message */

enum { ROLE_NEW, ROLE_OPEN, ROLE_DONE };

/* A role on the way down to its parents. */
typedef struct {
    uint32_t   role;
    uint32_t   next;            /* of what it inherits */
    uint32_t  *bits;
} open_t;

typedef struct {
    weir_load_t                  *l;
    uint32_t                      words;    /* of a row of bits */
    weir_names_t                  rows;     /* rows by content */
    weir_names_t                  grants;   /* wildcards; value: in wild */
    weir_vec_t(const uint32_t *)  wild;
    /* of the roles that are being worked on */
    const weir_roles_t           *roles;
    weir_vec_t(uint8_t)           state;
    weir_vec_t(open_t)            open;     /* kept bits: each place has some */
    size_t                        depth;    /* places of open in use */
} grants_t;


/* Loading */


static void
load_names(weir_load_t *l, const weir_node_t *node, weir_name_t **out,
    size_t *n)
{
    uint32_t      i;
    weir_name_t  *names;

    if (node == NULL || node->n == 0) {
        return;
    }

    names = weir_arena_array(l->arena, node->n, sizeof(weir_name_t));
    if (names == NULL) {
        l->nomem = true;
        return;
    }

    *out = names;

    for (i = 0; i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            names[(*n)++] = weir_load_name(&node->u.items[i]);
        }
    }
}


static void
load_role(weir_load_t *l, const weir_name_t *name, const weir_node_t *body,
    weir_roles_t *out)
{
    weir_role_t  *r;

    r = weir_load_push(l, out);
    if (r == NULL) {
        return;
    }

    r->name = *name;
    load_names(l, weir_node_get(body, "inherits"), &r->inherits,
               &r->ninherits);
    load_names(l, weir_node_get(body, "permissions"), &r->permissions,
               &r->npermissions);
}


static void
require_permission(weir_load_t *l, const weir_node_t *node,
    weir_require_t *out)
{
    size_t     i;
    uint32_t   index, *slot;
    weir_rc_t  rc;

    if (!weir_permission_is(node->text.text)) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         weir_grant_is(node->text.text)
                         ? "\"%.*s\" has a wildcard: roles have wildcards, "
                           "what is required is one permission%s"
                         : "\"%.*s\" is not %s", WEIR_STR(node->text.text),
                         weir_grant_is(node->text.text) ? ""
                                                        : WEIR_PERMISSION);
        return;
    }

    rc = weir_cel_permission(l->env, node->text.text, node->text.span, &index);
    l->nomem |= rc == WEIR_NOMEM;

    if (rc != WEIR_OK) {
        return;
    }

    for (i = 0; i < out->permissions.len; i++) {
        if (out->permissions.items[i] == index) {
            (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                             "\"%.*s\" stands twice in one \"require\"",
                             WEIR_STR(node->text.text));
            return;
        }
    }

    slot = weir_load_push(l, &out->permissions);

    if (slot != NULL) {
        *slot = index;
    }
}


/* RFC 6749, chapter 3.3: what a scope is made of. */
static bool
is_scope(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] > '~' || s.data[i] == '"'
            || s.data[i] == '\\')
        {
            return false;
        }
    }

    return s.len > 0;
}


static void
require_scope(weir_load_t *l, const weir_node_t *node, weir_require_t *out)
{
    weir_name_t  *name;

    if (!is_scope(node->text.text)) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"%.*s\" is no scope: a word of ASCII without "
                         "blanks, quotes and backslashes; several are a list",
                         WEIR_STR(node->text.text));
        return;
    }

    name = weir_load_push(l, &out->scopes);

    if (name != NULL) {
        *name = weir_load_name(node);
    }
}


/* fn for text, or for each item of a list. */
static void
each(weir_load_t *l, const weir_node_t *node, weir_require_t *out,
    void (*fn)(weir_load_t *l, const weir_node_t *node, weir_require_t *out))
{
    uint32_t  i;

    if (node == NULL) {
        return;
    }

    if (node->kind != WEIR_T_LIST) {
        fn(l, node, out);
        return;
    }

    for (i = 0; i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            fn(l, &node->u.items[i], out);
        }
    }
}


void
weir_load_require(weir_load_t *l, const weir_node_t *node,
    const weir_template_t *path, weir_require_t *out)
{
    weir_rc_t           rc;
    weir_text_t        *text;
    weir_cel_site_t     site;
    const weir_node_t  *when;

    if (node == NULL) {
        return;
    }

    if (node->n == 0) {
        (void) weir_fail(l->diags, WEIR_EPLACE, node->text.span,
                         "\"require\" has none of permission, scope, when; "
                         "it needs one or more");
        return;
    }

    out->given = true;
    each(l, weir_node_get(node, "permission"), out, require_permission);
    each(l, weir_node_get(node, "scope"), out, require_scope);

    when = weir_node_get(node, "when");
    if (when == NULL) {
        return;
    }

    memset(&site, 0, sizeof(weir_cel_site_t));
    weir_load_params(l, path, &site);
    site.role = "\"when\" of \"require\"";
    site.want = WEIR_T_BOOL;
    site.phase = WEIR_PHASE_ACCESS;

    text = weir_arena_alloc(l->arena, sizeof(weir_text_t));
    if (text == NULL) {
        l->nomem = true;
        return;
    }

    *text = when->text;
    out->text = when->text;

    rc = weir_cel_compile(l->env, text, &site, &out->when);
    l->nomem |= rc == WEIR_NOMEM;
}


void
weir_load_roles(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET || e->value.kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&e->key);

        if (weir_load_unique(l, &l->roles, "role", &name,
                             (uint32_t) l->model->roles.len))
        {
            load_role(l, &name, &e->value, &l->model->roles);
        }
    }
}


void
weir_load_own_roles(weir_load_t *l, const weir_node_t *node,
    weir_tenant_t *t)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    if (node == NULL) {
        return;
    }

    if (node->n > WEIR_MAX_ROLES) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "tenant \"%.*s\" has %u roles of its own, the most "
                         "is %d", WEIR_STR(t->id.text), (unsigned) node->n,
                         WEIR_MAX_ROLES);
        return;
    }

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind != WEIR_T_UNSET && e->value.kind != WEIR_T_UNSET) {
            name = weir_load_name(&e->key);
            load_role(l, &name, &e->value, &t->roles);
        }
    }
}


/* Bits */


/* The one row that has these bits; NULL: memory is short. */
static const uint32_t *
keep(grants_t *g, const uint32_t *bits)
{
    weir_rc_t            rc;
    weir_str_t           s;
    weir_span_t          nowhere;
    weir_names_entry_t  *e;

    s = weir_str((const char *) bits, g->words * sizeof(uint32_t));
    e = weir_names_find(&g->rows, s);

    if (e == NULL) {
        memset(&nowhere, 0, sizeof(nowhere));
        s = weir_arena_str(g->l->arena, s);
        rc = s.data != NULL ? weir_names_add(&g->rows, s, nowhere, 0, &e)
                            : WEIR_NOMEM;

        if (rc != WEIR_OK) {
            g->l->nomem = true;
            return NULL;
        }

        return (const uint32_t *) (const void *) s.data;
    }

    return (const uint32_t *) (const void *) e->text.data;
}


/* The permissions that a wildcard stands for; NULL: memory is short. */
static const uint32_t *
expand(grants_t *g, weir_str_t grant)
{
    size_t                i;
    uint32_t             *bits;
    weir_span_t           nowhere;
    const uint32_t      **slot;
    const weir_model_t   *m;
    weir_names_entry_t   *e;

    e = weir_names_find(&g->grants, grant);

    if (e != NULL) {
        return g->wild.items[e->value];
    }

    m = g->l->model;
    memset(&nowhere, 0, sizeof(nowhere));

    bits = weir_arena_array(g->l->arena, g->words, sizeof(uint32_t));
    slot = weir_vec_push(g->l->arena, &g->wild);

    if (bits == NULL || slot == NULL
        || weir_names_add(&g->grants, grant, nowhere,
                          (uint32_t) g->wild.len - 1, &e) != WEIR_OK)
    {
        g->l->nomem = true;
        return NULL;
    }

    for (i = 0; i < m->permissions.len; i++) {
        if (weir_grant_covers(grant, m->permissions.items[i].text)) {
            bits[i / 32] |= (uint32_t) 1 << i % 32;
        }
    }

    *slot = bits;

    return bits;
}


static void
add_bits(const grants_t *g, uint32_t *to, const uint32_t *bits)
{
    uint32_t  i;

    for (i = 0; bits != NULL && i < g->words; i++) {
        to[i] |= bits[i];
    }
}


static void
add_grant(grants_t *g, uint32_t *to, weir_str_t grant)
{
    const weir_names_entry_t  *e;

    if (memchr(grant.data, '*', grant.len) != NULL) {
        add_bits(g, to, expand(g, grant));
        return;
    }

    e = weir_names_find(weir_cel_permissions(g->l->env), grant);

    if (e != NULL) {
        to[e->value / 32] |= (uint32_t) 1 << e->value % 32;
    }
}


/* Enters a role. */
static void
enter(grants_t *g, uint32_t role)
{
    size_t              i;
    open_t             *o;
    const weir_role_t  *r;

    if (g->depth == g->open.len) {
        o = weir_vec_push(g->l->arena, &g->open);

        if (o == NULL) {
            g->l->nomem = true;
            return;
        }

        o->bits = weir_arena_array(g->l->arena, g->words, sizeof(uint32_t));

        if (o->bits == NULL) {
            g->l->nomem = true;
            return;
        }
    }

    o = &g->open.items[g->depth++];
    o->role = role;
    o->next = 0;
    memset(o->bits, 0, g->words * sizeof(uint32_t));

    g->state.items[role] = ROLE_OPEN;
    r = &g->roles->items[role];

    for (i = 0; i < r->npermissions; i++) {
        add_grant(g, o->bits, r->permissions[i].text);
    }
}


static void
report_circle(grants_t *g, const weir_name_t *parent)
{
    bool                in;
    size_t              i, n;
    weir_str_t          s;
    const weir_name_t  *name;

    s = weir_string("");
    in = false;
    n = 0;

    for (i = 0; i < g->depth; i++) {
        name = &g->roles->items[g->open.items[i].role].name;
        in |= weir_str_eq(name->text, parent->text);

        if (in && n++ < SHOWN) {
            s = weir_arena_printf(g->l->diags->arena, "%.*s%.*s -> ",
                                  WEIR_STR(s), WEIR_STR(name->text));
        }
    }

    (void) weir_fail(g->l->diags, WEIR_ECIRCLE, parent->span,
                     "roles inherit each other: %.*s%s%.*s", WEIR_STR(s),
                     n > SHOWN ? "... -> " : "", WEIR_STR(parent->text));
}


static void
report_unknown(grants_t *g, const weir_name_t *parent)
{
    size_t               i, n;
    weir_str_t          *names, near;
    const weir_roles_t  *policy;

    policy = &g->l->model->roles;
    n = policy == g->roles ? 0 : g->roles->len;
    names = weir_arena_array(g->l->arena, n + policy->len,
                             sizeof(weir_str_t));
    near = weir_str("", 0);

    if (names != NULL) {

        for (i = 0; i < n; i++) {
            names[i] = g->roles->items[i].name.text;
        }

        for (i = 0; i < policy->len; i++) {
            names[n + i] = policy->items[i].name.text;
        }

        near = weir_nearest(parent->text, names, n + policy->len);
    }

    (void) weir_fail(g->l->diags, WEIR_EUNKNOWN, parent->span,
                     "there is no role \"%.*s\"%s%.*s%s",
                     WEIR_STR(parent->text), near.len ? "; did you mean \""
                                                      : "",
                     WEIR_STR(near), near.len ? "\"?" : "");
}


/* The role of that name among those that are worked on; WEIR_NONE: none. */
static uint32_t
find_among(const grants_t *g, weir_str_t name)
{
    uint32_t                   i;
    const weir_names_entry_t  *e;

    if (g->roles == &g->l->model->roles) {
        e = weir_names_find(&g->l->roles, name);
        return e != NULL ? e->value : WEIR_NONE;
    }

    for (i = 0; i < g->roles->len; i++) {
        if (weir_str_eq(g->roles->items[i].name.text, name)) {
            return i;
        }
    }

    return WEIR_NONE;
}


/* The policy's role, which was worked on before; NULL: there is none. */
static const weir_role_t *
find_policys(const grants_t *g, weir_str_t name)
{
    const weir_names_entry_t  *e;

    if (g->roles == &g->l->model->roles) {
        return NULL;
    }

    e = weir_names_find(&g->l->roles, name);

    return e != NULL ? &g->l->model->roles.items[e->value] : NULL;
}


/*
 * Takes over what the role at the top has of a parent.  false: the parent was
 * entered, come again.  A tenant's role that inherits its own name means the
 * policy's that it hides.
 */
static bool
take_over(grants_t *g, const weir_name_t *parent)
{
    uint32_t            i;
    open_t             *top;
    const weir_role_t  *p;

    top = &g->open.items[g->depth - 1];
    p = find_policys(g, parent->text);
    i = find_among(g, parent->text);

    if (i != WEIR_NONE && (i != top->role || p == NULL)) {

        if (g->state.items[i] == ROLE_NEW) {
            enter(g, i);
            return false;
        }

        if (g->state.items[i] == ROLE_OPEN) {
            report_circle(g, parent);
            return true;
        }

        p = &g->roles->items[i];
    }

    if (p != NULL) {
        add_bits(g, top->bits, p->bits);

    } else {
        report_unknown(g, parent);
    }

    return true;
}


static void
walk(grants_t *g)
{
    open_t       *top;
    weir_role_t  *r;

    while (g->depth > 0 && !g->l->nomem) {
        top = &g->open.items[g->depth - 1];
        r = &g->roles->items[top->role];

        if (top->next < r->ninherits) {

            /* entering a parent may move top */
            if (take_over(g, &r->inherits[top->next])) {
                g->open.items[g->depth - 1].next++;
            }

            continue;
        }

        r->bits = keep(g, top->bits);
        g->state.items[top->role] = ROLE_DONE;
        g->depth--;
    }
}


/* Gives each of some roles its bits. */
static void
close_roles(grants_t *g, const weir_roles_t *roles)
{
    uint32_t  i;

    g->roles = roles;

    while (g->state.len < roles->len) {
        if (weir_load_push(g->l, &g->state) == NULL) {
            return;
        }
    }

    for (i = 0; i < roles->len; i++) {
        g->state.items[i] = ROLE_NEW;
    }

    for (i = 0; i < roles->len && !g->l->nomem; i++) {
        if (g->state.items[i] == ROLE_NEW) {
            enter(g, i);
            walk(g);
        }
    }
}


/* From the set of the environment to the model's list. */
static bool
take_permissions(weir_load_t *l)
{
    size_t                     i;
    const weir_names_t        *set;
    const weir_names_entry_t  *e;

    set = weir_cel_permissions(l->env);

    for (i = 0; i < set->used; i++) {
        if (weir_load_push(l, &l->model->permissions) == NULL) {
            return false;
        }
    }

    for (i = 0; i < set->size; i++) {
        e = &set->slots[i];

        if (e->text.data != NULL) {
            l->model->permissions.items[e->value] =
                (weir_name_t) { e->text, e->span };
        }
    }

    return true;
}


void
weir_load_grants(weir_load_t *l)
{
    size_t    i;
    grants_t  g;

    if (!take_permissions(l)) {
        return;
    }

    memset(&g, 0, sizeof(g));
    g.l = l;
    g.words = WEIR_ROLE_WORDS(l->model->permissions.len);
    g.rows.arena = l->arena;
    g.grants.arena = l->arena;

    close_roles(&g, &l->model->roles);

    for (i = 0; i < l->model->tenants.len && !l->nomem; i++) {
        close_roles(&g, &l->model->tenants.items[i].roles);
    }
}
