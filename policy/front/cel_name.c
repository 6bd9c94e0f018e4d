/*
 * cel_name.c: what the names of a policy stand for.
 */

#include "front/cel_ast.h"


static bool
has_param(const weir_cel_site_t *site, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < site->nparams; i++) {
        if (weir_str_eq(site->params[i], name)) {
            return true;
        }
    }

    return false;
}


static void
need_param(weir_cel_t *c, weir_str_t name, weir_cel_var_t *via)
{
    size_t        i;
    weir_need_t  *need;

    for (i = 0; i < c->expr->params.len; i++) {
        if (weir_str_eq(c->expr->params.items[i].name, name)) {
            return;
        }
    }

    need = weir_vec_push(c->arena, &c->expr->params);

    if (need == NULL) {
        c->nomem = true;
        return;
    }

    need->name = name;
    need->via = via;
}


/* What the expression needs is there from a phase on; who says so. */
static void
need_phase(weir_cel_t *c, unsigned phase, weir_str_t attr)
{
    if (phase > (unsigned) c->expr->phase || c->expr->latest.len == 0) {
        c->expr->phase = (weir_phase_t) phase;
        c->expr->latest = attr;
    }
}


static bool
attribute(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    unsigned  i;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        if (weir_str_eq(weir_cstr(weir_attrs[i].name), name)) {
            break;
        }
    }

    if (i == WEIR_A_COUNT) {
        return false;
    }

    ex->x = WEIR_X_ATTR;
    ex->n = 0;
    ex->u.attr = i;
    ex->type = c->env->attrs[i];
    need_phase(c, weir_attrs[i].phase, weir_cstr(weir_attrs[i].name));

    if (c->site != NULL && weir_attrs[i].phase > (unsigned) c->site->phase) {
        weir_cel_fail(c, WEIR_EPHASE, ex,
                      "`%s` is not available in phase `%s`; it is from phase "
                      "`%s` on", weir_attrs[i].name,
                      weir_phase_name(c->site->phase),
                      weir_phase_name(weir_attrs[i].phase));
    }

    return true;
}


static void
report_param(weir_cel_t *c, const weir_ex_t *ex, weir_str_t name)
{
    size_t      i;
    weir_str_t  has;

    if (c->site->nparams == 0) {
        weir_cel_fail(c, WEIR_EPARAM, ex,
                      "`path.%.*s` is known only in rules of a route whose "
                      "path has {%.*s}", WEIR_STR(name), WEIR_STR(name));
        return;
    }

    has = weir_string("");

    for (i = 0; i < c->site->nparams; i++) {
        has = weir_arena_printf(c->arena, "%.*s%s{%.*s}", WEIR_STR(has),
                                i ? ", " : "",
                                WEIR_STR(c->site->params[i]));
    }

    weir_cel_fail(c, WEIR_EPARAM, ex,
                  "the path of this route has no {%.*s}; it has %.*s",
                  WEIR_STR(name), WEIR_STR(has));
}


static void
parameter(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    ex->x = WEIR_X_PARAM;
    ex->n = 0;
    ex->name = name;
    ex->type = &weir_types[WEIR_T_STRING];

    need_phase(c, WEIR_PHASE_PREAUTH, weir_string("path"));

    if (c->site == NULL) {
        need_param(c, name, NULL);

    } else if (!has_param(c->site, name)) {
        report_param(c, ex, name);
    }
}


/* What a var needs must be there where it is used. */
static void
check_var_use(weir_cel_t *c, const weir_ex_t *ex, weir_cel_var_t *var)
{
    size_t              i;
    const weir_expr_t  *e;
    const weir_need_t  *need;

    e = var->expr;

    need_phase(c, e->phase, e->latest);

    if (c->site != NULL && e->phase > c->site->phase) {
        weir_cel_fail(c, WEIR_EPHASE, ex,
                      "`%s.%.*s` is not available in phase `%s`: it uses "
                      "`%.*s`, which is from phase `%s` on", var->group,
                      WEIR_STR(var->name), weir_phase_name(c->site->phase),
                      WEIR_STR(e->latest), weir_phase_name(e->phase));
    }

    for (i = 0; i < e->params.len; i++) {
        need = &e->params.items[i];

        if (c->site == NULL) {
            need_param(c, need->name, var);

        } else if (!has_param(c->site, need->name)) {
            weir_cel_fail(c, WEIR_EPARAM, ex,
                          "`%s.%.*s` uses `path.%.*s`, and no {%.*s} is in "
                          "the path here", var->group, WEIR_STR(var->name),
                          WEIR_STR(need->name), WEIR_STR(need->name));
        }
    }
}


static void
report_cycle(weir_cel_t *c, const weir_ex_t *ex, const weir_cel_var_t *var)
{
    bool                   in, flags;
    size_t                 i;
    weir_str_t             s;
    const weir_cel_var_t  *open;

    s = weir_string("");
    in = false;
    flags = false;

    for (i = 0; i < c->env->open.len; i++) {
        open = c->env->open.items[i];
        in |= open == var;

        if (in) {
            flags |= open->flag;
            s = weir_arena_printf(c->arena, "%.*s%s.%.*s -> ", WEIR_STR(s),
                                  open->group, WEIR_STR(open->name));
        }
    }

    weir_cel_fail(c, WEIR_ECYCLE, ex, "%s need each other: %.*s%s.%.*s",
                  flags ? "vars and flags" : "vars", WEIR_STR(s), var->group,
                  WEIR_STR(var->name));
}


static void
variable(weir_cel_t *c, weir_ex_t *ex, weir_cel_var_t *var)
{
    weir_cel_var_t  **slot;

    ex->x = WEIR_X_VAR;
    ex->n = 0;
    ex->u.var = var;
    ex->name = var->name;
    ex->type = &weir_types[WEIR_T_ERR];

    if (var->state == WEIR_VAR_NEW) {

        if (c->env->open.len > WEIR_MAX_VAR_LEVEL) {
            weir_cel_fail(c, WEIR_ECYCLE, ex,
                          "vars use each other more than %d deep",
                          WEIR_MAX_VAR_LEVEL);
            return;
        }

        weir_cel_open_var(c->env, var);
    }

    if (var->state == WEIR_VAR_OPEN) {
        report_cycle(c, ex, var);
        return;
    }

    if (var->state != WEIR_VAR_DONE) {
        c->failed = true;
        return;
    }

    ex->type = var->expr->type;
    check_var_use(c, ex, var);

    if (var->expr->level >= c->expr->level) {
        c->expr->level = var->expr->level + 1;

        if (c->expr->level > WEIR_MAX_VAR_LEVEL) {
            weir_cel_fail(c, WEIR_ECYCLE, ex,
                          "vars use each other more than %d deep",
                          WEIR_MAX_VAR_LEVEL);
        }
    }

    slot = weir_vec_push(c->arena, &c->expr->vars);

    if (slot == NULL) {
        c->nomem = true;
        return;
    }

    *slot = var;
}


static void
constant(weir_cel_t *c, weir_ex_t *ex, weir_kind_t kind, int64_t i)
{
    weir_cval_t  *v;

    ex->x = WEIR_X_CONST;
    ex->n = 0;
    v = weir_arena_alloc(c->arena, sizeof(weir_cval_t));

    if (v == NULL) {
        c->nomem = true;
        ex->x = WEIR_X_ERROR;
        return;
    }

    v->kind = (uint8_t) kind;
    v->u.i = i;
    ex->value = v;
    ex->type = &weir_types[kind];
}


static bool
type_name(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    unsigned            kind;
    const weir_type_t  *dyn, *of;

    for (kind = WEIR_T_NULL; kind < WEIR_T_CIDRS; kind++) {

        if (weir_str_eq(weir_cstr(weir_kind_name(kind)), name)) {
            dyn = &weir_types[WEIR_T_DYN];
            of = kind == WEIR_T_LIST || kind == WEIR_T_MAP
                 ? weir_type_make(&c->infer, (weir_kind_t) kind, dyn,
                                  kind == WEIR_T_MAP ? dyn : NULL)
                 : &weir_types[kind];
            constant(c, ex, WEIR_T_TYPE, kind);
            ex->type = weir_type_make(&c->infer, WEIR_T_TYPE, of, NULL);
            return true;
        }
    }

    return false;
}


uint32_t
weir_cel_chain(const weir_ex_t *ex)
{
    uint32_t  n;

    for (n = 1; ex->x == WEIR_X_SELECT; n++) {
        if (ex->flags & (WEIR_XF_OPTIONAL | WEIR_XF_QUOTED)) {
            return 0;
        }

        ex = ex->args[0];
    }

    return ex->x == WEIR_X_IDENT ? n : 0;
}


weir_ex_t *
weir_cel_prefix(weir_ex_t *ex, uint32_t k)
{
    uint32_t  n;

    for (n = weir_cel_chain(ex); n > k; n--) {
        ex = ex->args[0];
    }

    return ex;
}


weir_str_t
weir_cel_dotted(weir_cel_t *c, weir_ex_t *ex, uint32_t k)
{
    uint32_t    i;
    weir_str_t  s;

    s = weir_cel_prefix(ex, 1)->name;

    for (i = 2; i <= k; i++) {
        s = weir_arena_printf(c->arena, "%.*s.%.*s", WEIR_STR(s),
                              WEIR_STR(weir_cel_prefix(ex, i)->name));
    }

    return s;
}


/* What was declared: an entry of the claims, whose type is known. */
static bool
declared(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    static const uint16_t  rows[] = { WEIR_FN_INDEX_MAP };

    size_t                  i;
    uint32_t                k, base;
    weir_cval_t             key;
    weir_ex_t              *args[2], *call;
    const weir_cel_decl_t  *decl;

    for (i = 0; i < c->env->decls.len; i++) {
        if (weir_str_eq(c->env->decls.items[i].name, name)) {
            break;
        }
    }

    if (i == c->env->decls.len) {
        return false;
    }

    decl = &c->env->decls.items[i];
    base = (uint32_t) c->infer.bound.len;

    for (k = 0; k < decl->nvars; k++) {
        (void) weir_type_fresh(&c->infer);
    }

    memset(&key, 0, sizeof(key));
    key.kind = WEIR_T_STRING;
    key.s = name;

    args[0] = weir_ex_new(c, WEIR_X_ATTR, ex->off, ex->len);
    args[0]->u.attr = WEIR_A_PRINCIPAL_CLAIMS;
    args[0]->type = c->env->attrs[WEIR_A_PRINCIPAL_CLAIMS];
    args[1] = weir_ex_const(c, &key, ex->off, ex->len);
    args[1]->type = &weir_types[WEIR_T_STRING];
    call = weir_ex_make(c, WEIR_X_CALL, ex->off, ex->len, args, 2);

    call->op = ex->op;
    call->fn = WEIR_N_INDEX;
    call->matched = rows;
    call->nmatched = 1;
    call->type = weir_type_instance(&c->infer, decl->type, base);
    *ex = *call;
    need_phase(c, WEIR_PHASE_ACCESS, name);

    return true;
}


bool
weir_cel_within(weir_cel_t *c, weir_str_t name, size_t *level,
    weir_str_t *full)
{
    size_t      i, len;
    weir_str_t  box;

    box = c->env->mode.container;
    len = box.len;

    /* levels: all of the container, less its last name, ..., none of it */
    for (i = 0; i < *level && len > 0; i++) {
        for (len--; len > 0 && box.data[len] != '.'; len--) { }
    }

    if (i < *level) {
        return false;
    }

    *full = len == 0 ? name
            : weir_arena_printf(c->arena, "%.*s.%.*s", (int) len, box.data,
                                WEIR_STR(name));
    *level += 1;

    return true;
}


unsigned
weir_cel_fn_within(weir_cel_t *c, weir_str_t name)
{
    size_t      level;
    unsigned    fn;
    weir_str_t  full;

    level = 0;
    fn = WEIR_N_COUNT;

    while (fn == WEIR_N_COUNT && weir_cel_within(c, name, &level, &full)) {
        fn = weir_cel_fn(full, false);
    }

    return fn;
}


static bool
named(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    weir_str_t           rest;
    weir_names_entry_t  *entry;

    if (declared(c, ex, name) || attribute(c, ex, name)
        || type_name(c, ex, name))
    {
        return true;
    }

    if (weir_str_starts(name, weir_string("path."))) {
        rest = weir_str(name.data + 5, name.len - 5);

        if (memchr(rest.data, '.', rest.len) != NULL) {
            return false;
        }

        parameter(c, ex, rest);

        return true;
    }

    entry = weir_names_find(&c->env->names, name);

    if (entry == NULL) {
        return false;
    }

    if (weir_str_starts(name, weir_string("vars."))
        || weir_str_starts(name, weir_string("flags.")))
    {
        variable(c, ex, c->env->vars.items[entry->value]);
        return true;
    }

    constant(c, ex, WEIR_T_CIDRS, c->env->lists.items[entry->value].index);

    return true;
}


bool
weir_cel_name(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    size_t      level;
    weir_str_t  full;

    if (c->env->mode.container.len == 0
        || (weir_cel_prefix(ex, 1)->flags & WEIR_XF_ROOT))
    {
        return named(c, ex, name);
    }

    level = 0;

    while (weir_cel_within(c, name, &level, &full)) {
        if (named(c, ex, full)) {
            return true;
        }
    }

    return false;
}
