/*
 * audit_tenant.c: conditions of rules for one tenant: what is known of it
 * takes the place of the attributes, and the compiler works out the rest.
 *
 * What the compiler does not work out depends on the request.  Trees are as
 * high as the compiler allows them to be, which bounds the recursion.
 */

#include "cli/audit.h"
#include "front/cel_ast.h"

typedef struct {
    weir_cel_t            c;
    const weir_tenant_t  *tenant;
} known_t;


static void
literal(known_t *k, const weir_literal_t *l, weir_cval_t *out)
{
    size_t        i, n;
    weir_cval_t  *items;

    out->kind = (uint8_t) l->kind;
    out->s = l->s;

    switch (l->kind) {

    case WEIR_T_BOOL:
        out->u.b = l->u.b;
        return;

    case WEIR_T_INT:
        out->u.i = l->u.i;
        return;

    case WEIR_T_DOUBLE:
        out->u.d = l->u.d;
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        break;

    default:
        return;
    }

    n = l->kind == WEIR_T_MAP ? 2 * l->nitems : l->nitems;
    items = weir_arena_array(k->c.arena, n, sizeof(weir_cval_t));

    if (items == NULL) {
        k->c.nomem = true;
        out->kind = WEIR_T_NULL;
        return;
    }

    out->depth = 1;

    for (i = 0; i < n; i++) {
        literal(k, &l->items[i], &items[i]);
        out->total += 1 + items[i].total;
        out->depth = items[i].depth >= out->depth
                     ? (uint8_t) (items[i].depth + 1) : out->depth;
    }

    out->items = items;
    out->n = (uint32_t) l->nitems;
}


static weir_ex_t *
constant(known_t *k, const weir_ex_t *at, const weir_cval_t *v)
{
    weir_ex_t  *ex;

    ex = weir_ex_const(&k->c, v, at->off, at->len);
    ex->type = at->type;
    ex->kind = at->kind;

    return ex;
}


static weir_ex_t *
boolean(known_t *k, const weir_ex_t *at, bool b)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_BOOL;
    v.u.b = b;

    return constant(k, at, &v);
}


/* What the attribute is for the tenant; NULL: that is not known. */
static weir_ex_t *
attribute(known_t *k, const weir_ex_t *ex)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_STRING;

    switch (ex->u.attr) {

    case WEIR_A_TENANT_ID:
        v.s = k->tenant->id.text;
        break;

    case WEIR_A_TENANT_PLAN:
        v.s = k->tenant->plan.text.data != NULL ? k->tenant->plan.text
                                                : weir_string("");
        break;

    case WEIR_A_TENANT_ATTRS:
        v.kind = WEIR_T_MAP;
        v.depth = 1;

        if (k->tenant->attrs != NULL) {
            literal(k, k->tenant->attrs, &v);
        }

        break;

    default:
        return NULL;
    }

    return constant(k, ex, &v);
}


static bool
is_const(const weir_ex_t *ex, weir_kind_t kind)
{
    return ex->x == WEIR_X_CONST && ex->value->kind == (unsigned) kind;
}


static bool
is_call(const weir_ex_t *ex, unsigned fn)
{
    return ex->x == WEIR_X_CALL && ex->fn == fn;
}


/* The value of a key in a constant map; NULL: it has none. */
static const weir_cval_t *
lookup(const weir_ex_t *map, weir_str_t key)
{
    uint32_t  i;

    for (i = 0; i < map->value->n; i++) {
        if (map->value->items[2 * i].kind == WEIR_T_STRING
            && weir_str_eq(map->value->items[2 * i].s, key))
        {
            return &map->value->items[2 * i + 1];
        }
    }

    return NULL;
}


/* Questions about a constant map that the compiler never meets. */
static weir_ex_t *
settled(known_t *k, weir_ex_t *ex)
{
    const weir_ex_t    *opt;
    const weir_cval_t  *v;

    if (ex->x == WEIR_X_HAS && is_const(ex->args[0], WEIR_T_MAP)) {
        return boolean(k, ex, lookup(ex->args[0], ex->name) != NULL);
    }

    if (is_call(ex, WEIR_N_IN) && is_const(ex->args[0], WEIR_T_STRING)
        && is_const(ex->args[1], WEIR_T_MAP))
    {
        return boolean(k, ex, lookup(ex->args[1], ex->args[0]->value->s)
                              != NULL);
    }

    if (!is_call(ex, WEIR_N_OR_VALUE) && !is_call(ex, WEIR_N_HAS_VALUE)) {
        return ex;
    }

    opt = ex->args[0];

    if (!is_call(opt, WEIR_N_OPT_INDEX)
        || !is_const(opt->args[0], WEIR_T_MAP)
        || !is_const(opt->args[1], WEIR_T_STRING))
    {
        return ex;
    }

    v = lookup(opt->args[0], opt->args[1]->value->s);

    if (is_call(ex, WEIR_N_HAS_VALUE)) {
        return boolean(k, ex, v != NULL);
    }

    return v != NULL ? constant(k, ex, v) : ex->args[1];
}


/* A copy in which the tenant is known, without vars. */
static weir_ex_t *
copy(known_t *k, const weir_ex_t *ex)
{
    uint32_t    i;
    weir_ex_t  *out, **args;

    if (ex->x == WEIR_X_VAR) {
        return copy(k, ex->u.var->expr->root);
    }

    out = ex->x == WEIR_X_ATTR ? attribute(k, ex) : NULL;

    if (out != NULL) {
        return out;
    }

    out = weir_ex_new(&k->c, (weir_x_t) ex->x, ex->off, ex->len);
    args = weir_arena_array(k->c.arena, ex->n, sizeof(weir_ex_t *));

    if (out == &k->c.sink || args == NULL) {
        k->c.nomem |= args == NULL;
        return out;
    }

    *out = *ex;
    out->args = args;

    for (i = 0; i < ex->n; i++) {
        args[i] = copy(k, ex->args[i]);

        if (args[i] == &k->c.sink) {
            return args[i];
        }
    }

    return settled(k, out);
}


/* Whether it fails whatever the request is: a key that the tenant lacks. */
static bool
fails(const weir_ex_t *ex)
{
    uint32_t  i;

    if (is_call(ex, WEIR_N_INDEX) && is_const(ex->args[0], WEIR_T_MAP)
        && is_const(ex->args[1], WEIR_T_STRING))
    {
        return lookup(ex->args[0], ex->args[1]->value->s) == NULL;
    }

    if (ex->x == WEIR_X_CALL || ex->x == WEIR_X_AS) {

        for (i = 0; i < ex->n; i++) {
            if (fails(ex->args[i])) {
                return true;
            }
        }
    }

    return false;
}


weir_rc_t
weir_audit_outcome(weir_arena_t *a, const weir_rule_t *rule,
    const weir_tenant_t *tenant, audit_outcome_t *out)
{
    bool           value;
    known_t        k;
    weir_ex_t     *root;
    weir_diags_t   unheard;

    if (rule->when == NULL) {
        *out = AUDIT_ALWAYS;
        return WEIR_OK;
    }

    if (weir_expr_is_bool(rule->when, &value)) {
        *out = value ? AUDIT_ALWAYS : AUDIT_NEVER;
        return WEIR_OK;
    }

    if (tenant == NULL) {
        *out = AUDIT_DEPENDS;
        return WEIR_OK;
    }

    memset(&k, 0, sizeof(k));
    memset(&unheard, 0, sizeof(unheard));
    unheard.arena = a;
    k.tenant = tenant;
    k.c.env = rule->when->env;
    k.c.arena = a;
    k.c.diags = &unheard;
    k.c.text = rule->when->text;
    k.c.infer.arena = a;

    root = copy(&k, rule->when->root);

    if (!k.c.nomem && root != &k.c.sink) {
        root = weir_cel_fold(&k.c, root);
    }

    if (k.c.nomem) {
        return WEIR_NOMEM;
    }

    *out = is_const(root, WEIR_T_BOOL)
           ? (root->value->u.b ? AUDIT_ALWAYS : AUDIT_NEVER)
           : root != &k.c.sink && fails(root) ? AUDIT_FAILS : AUDIT_DEPENDS;

    return WEIR_OK;
}
