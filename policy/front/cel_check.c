/*
 * cel_check.c: gives every node its meaning and its type.
 *
 * A part that is wrong is reported once; its type is ERR, which fits
 * everywhere, so that what contains it is still checked.
 */

#include "front/cel_check.h"

#define MAX_NAMES  4            /* dots of a known name, plus one */


static const weir_scope_t *
find_local(const weir_check_t *k, const weir_ex_t *root)
{
    size_t  i;

    if (root->flags & WEIR_XF_ROOT) {
        return NULL;
    }

    for (i = k->scopes.len; i > 0; i--) {
        if (weir_str_eq(k->scopes.items[i - 1].name, root->name)) {
            return &k->scopes.items[i - 1];
        }
    }

    return NULL;
}


static void
undeclared(weir_check_t *k, weir_ex_t *ex)
{
    size_t       i;
    weir_str_t  *locals;

    locals = weir_arena_array(k->c->arena, k->scopes.len, sizeof(weir_str_t));

    if (locals == NULL) {
        k->c->nomem = true;
        return;
    }

    for (i = 0; i < k->scopes.len; i++) {
        locals[i] = k->scopes.items[i].name;
    }

    weir_cel_undeclared(k->c, ex, locals, k->scopes.len);
}


/* x.field, where x is checked: an index of a map, or of an optional one. */
static void
field(weir_check_t *k, weir_ex_t *ex)
{
    weir_cel_t         *c;
    weir_str_t          s;
    weir_ex_t          *args[2];
    weir_cval_t         key;
    const weir_type_t  *t;

    c = k->c;
    t = weir_check_known(k, ex->args[0]->type);

    if (t->kind != WEIR_T_MAP && t->kind != WEIR_T_DYN
        && t->kind != WEIR_T_OPTIONAL && t->kind != WEIR_T_VAR)
    {
        ex->type = &weir_types[WEIR_T_ERR];

        if (t->kind == WEIR_T_ERR) {
            return;
        }

        s = weir_check_shown(k, t);

        if (weir_cel_fn(ex->name, true) != WEIR_N_COUNT) {
            weir_cel_fail_at(c, WEIR_EFIELD, ex->op, ex->name.len,
                             "%.*s has no fields; did you mean `%.*s()`?",
                             WEIR_STR(s), WEIR_STR(ex->name));
            return;
        }

        weir_cel_fail_at(c, WEIR_EFIELD, ex->op, ex->name.len,
                         "%.*s has no fields", WEIR_STR(s));
        return;
    }

    memset(&key, 0, sizeof(key));
    key.kind = WEIR_T_STRING;
    key.s = ex->name;

    args[0] = ex->args[0];
    args[1] = weir_ex_const(c, &key, ex->op, (uint32_t) ex->name.len);
    args[1]->type = &weir_types[WEIR_T_STRING];

    ex->args = weir_arena_array(c->arena, 2, sizeof(weir_ex_t *));

    if (ex->args == NULL) {
        c->nomem = true;
        ex->x = WEIR_X_ERROR;
        ex->n = 0;
        return;
    }

    memcpy(ex->args, args, sizeof(args));
    ex->x = WEIR_X_CALL;
    ex->n = 2;
    ex->fn = ex->flags & WEIR_XF_OPTIONAL ? WEIR_N_OPT_INDEX : WEIR_N_INDEX;
    ex->flags &= ~(WEIR_XF_OPTIONAL | WEIR_XF_QUOTED);

    weir_cel_resolve(c, ex);
}


/* The selects of a chain outside of its first done names. */
static void
fields(weir_check_t *k, weir_ex_t *ex, const weir_ex_t *done)
{
    if (ex == done) {
        return;
    }

    fields(k, ex->args[0], done);
    field(k, ex);
}


/*
 * a.b.c: a local variable, else the longest part that is a name, and fields
 * of it.
 */
static void
chain(weir_check_t *k, weir_ex_t *ex, uint32_t n)
{
    uint32_t             i;
    weir_ex_t           *part;
    const weir_scope_t  *local;

    part = weir_cel_prefix(ex, 1);
    local = find_local(k, part);

    if (local != NULL) {
        part->x = WEIR_X_LOCAL;
        part->u.binder = local->binder;
        part->var = local->var;
        part->type = local->type;
        fields(k, ex, part);
        return;
    }

    for (i = n < MAX_NAMES ? n : MAX_NAMES; i > 0; i--) {
        part = weir_cel_prefix(ex, i);

        if (weir_cel_name(k->c, part, weir_cel_dotted(k->c, ex, i))) {
            fields(k, ex, part);
            return;
        }
    }

    undeclared(k, ex);
    ex->x = WEIR_X_ERROR;
    ex->n = 0;
    ex->type = &weir_types[WEIR_T_ERR];
}


/*
 * Whether a receiver is not a value but a part of the function's name, *full;
 * *fn is COUNT when there is no such function.
 */
static bool
is_namespace(weir_check_t *k, const weir_ex_t *call, unsigned *fn,
    weir_str_t *full)
{
    uint32_t    n;
    weir_str_t  space, name;
    weir_ex_t  *receiver;

    receiver = call->args[0];
    n = weir_cel_chain(receiver);

    if (n == 0 || n > MAX_NAMES
        || find_local(k, weir_cel_prefix(receiver, 1)) != NULL)
    {
        return false;
    }

    space = weir_cel_dotted(k->c, receiver, n);
    name = weir_arena_printf(k->c->arena, "%.*s.%.*s", WEIR_STR(space),
                             WEIR_STR(call->name));
    *fn = weir_cel_fn_within(k->c, name);

    if (*fn == WEIR_N_COUNT && !weir_cel_is_space(space)) {
        return false;
    }

    *full = name;

    return true;
}


static void
call_of(weir_check_t *k, weir_ex_t *ex)
{
    bool        method, space;
    unsigned    fn;
    uint32_t    i;
    weir_str_t  name;

    method = (ex->flags & WEIR_XF_METHOD) != 0;
    name = ex->name;
    space = method && is_namespace(k, ex, &fn, &name);

    if (space) {
        ex->flags &= ~WEIR_XF_METHOD;
        ex->args++;
        ex->n--;

    } else {
        fn = method ? weir_cel_fn(ex->name, true)
                    : weir_cel_fn_within(k->c, ex->name);
    }

    for (i = 0; i < ex->n; i++) {
        weir_check(k, ex->args[i]);
    }

    if (k->c->env->fdecls.len > 0
        && weir_cel_resolve_declared(k->c, ex, name))
    {
        return;
    }

    if (fn == WEIR_N_COUNT) {
        if (space) {
            weir_cel_unknown_in(k->c, ex, name);
        } else {
            weir_cel_unknown_fn(k->c, ex);
        }

        ex->type = &weir_types[WEIR_T_ERR];
        return;
    }

    ex->fn = fn;
    weir_cel_resolve(k->c, ex);

    if (fn == WEIR_N_HAS_PERMISSION && ex->type->kind == WEIR_T_BOOL) {
        weir_cel_has_permission(k->c, ex);
    }
}


static void
cond(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t    i;
    weir_str_t  a, b;

    for (i = 0; i < 3; i++) {
        weir_check(k, ex->args[i]);
    }

    weir_check_bool(k, ex->args[0], "the condition of ?:");

    if (!weir_type_fits(&k->c->infer, ex->args[2]->type, ex->args[1]->type)) {
        a = weir_check_shown(k, ex->args[1]->type);
        b = weir_check_shown(k, ex->args[2]->type);
        weir_cel_fail(k->c, WEIR_ETYPE, ex,
                      "the branches of ?: are %.*s and %.*s; make them one "
                      "type, or one of them dyn()", WEIR_STR(a), WEIR_STR(b));
        ex->type = &weir_types[WEIR_T_ERR];
        return;
    }

    ex->type = weir_type_join(&k->c->infer, ex->args[1]->type,
                              ex->args[2]->type);
}


static void
logical(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t  i;

    for (i = 0; i < ex->n; i++) {
        weir_check(k, ex->args[i]);
        weir_check_bool(k, ex->args[i],
                  ex->x == WEIR_X_OR ? "an operand of ||"
                                     : "an operand of &&");
    }

    ex->type = &weir_types[WEIR_T_BOOL];
}


static void
has(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t            n;
    weir_str_t          name;
    weir_ex_t          *operand, probe;
    const weir_type_t  *t;

    operand = ex->args[0];
    ex->type = &weir_types[WEIR_T_BOOL];
    n = weir_cel_chain(operand);

    /* an attribute as a whole: it is always there */
    if (n != 0 && n < MAX_NAMES
        && find_local(k, weir_cel_prefix(operand, 1)) == NULL)
    {
        name = weir_cel_dotted(k->c, operand, n);
        name = weir_arena_printf(k->c->arena, "%.*s.%.*s", WEIR_STR(name),
                                 WEIR_STR(ex->name));
        probe = *ex;

        if (weir_cel_name(k->c, &probe, name)) {
            weir_cel_fail(k->c, WEIR_EMACRO, ex,
                          "`%.*s` is always there; has() asks for a key of a "
                          "map", WEIR_STR(name));
            ex->type = &weir_types[WEIR_T_ERR];
            return;
        }
    }

    weir_check(k, operand);
    t = weir_check_known(k, operand->type);

    if (t->kind == WEIR_T_OPTIONAL) {
        t = weir_check_known(k, t->arg[0]);
    }

    if (t->kind == WEIR_T_MAP
        && weir_type_fits(&k->c->infer, t->arg[0],
                          &weir_types[WEIR_T_STRING]))
    {
        return;
    }

    if (t->kind != WEIR_T_DYN && t->kind != WEIR_T_VAR
        && t->kind != WEIR_T_ERR)
    {
        name = weir_check_shown(k, t);
        weir_cel_fail_at(k->c, WEIR_EFIELD, ex->op, ex->name.len,
                         "%.*s has no fields", WEIR_STR(name));
    }
}


static void
message(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t  i;

    for (i = 0; i < ex->n; i++) {
        weir_check(k, ex->args[i]);
    }

    weir_cel_fail(k->c, WEIR_EUNSUPPORTED, ex,
                  "messages are not supported: `%.*s{}`", WEIR_STR(ex->name));
    ex->type = &weir_types[WEIR_T_ERR];
}


/* What is wrong becomes what fails in the request; the rest is dyn. */
static void
uncheck(weir_check_t *k, weir_ex_t *ex, size_t said)
{
    weir_cval_t   null;
    weir_ex_t   **args;

    ex->type = &weir_types[WEIR_T_DYN];

    if (!k->c->failed) {
        return;
    }

    k->c->failed = false;
    k->c->diags->list.len = said;

    memset(&null, 0, sizeof(null));
    null.kind = WEIR_T_NULL;
    args = weir_arena_alloc(k->c->arena, sizeof(weir_ex_t *));

    if (args == NULL) {
        k->c->nomem = true;
        return;
    }

    args[0] = weir_ex_const(k->c, &null, ex->off, ex->len);
    args[0]->type = &weir_types[WEIR_T_NULL];

    ex->x = WEIR_X_AS;
    ex->u.kind = WEIR_T_BOOL;
    ex->args = args;
    ex->n = 1;
}


static void
check_node(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t  n;

    switch (ex->x) {

    case WEIR_X_CONST:
        ex->type = &weir_types[ex->value->kind];
        break;

    case WEIR_X_IDENT:
    case WEIR_X_SELECT:
        n = weir_cel_chain(ex);

        if (n != 0) {
            chain(k, ex, n);
            break;
        }

        weir_check(k, ex->args[0]);
        field(k, ex);
        break;

    case WEIR_X_CALL:
        call_of(k, ex);
        break;

    case WEIR_X_OR:
    case WEIR_X_AND:
        logical(k, ex);
        break;

    case WEIR_X_COND:
        cond(k, ex);
        break;

    case WEIR_X_LIST:
        weir_check_list(k, ex);
        break;

    case WEIR_X_MAP:
        weir_check_map(k, ex);
        break;

    case WEIR_X_HAS:
        has(k, ex);
        break;

    case WEIR_X_LOOP:
        weir_check_loop(k, ex);
        break;

    case WEIR_X_BIND:
        weir_check_bind(k, ex);
        break;

    case WEIR_X_MESSAGE:
        message(k, ex);
        break;

    default:
        ex->type = &weir_types[WEIR_T_ERR];
    }
}


void
weir_check(weir_check_t *k, weir_ex_t *ex)
{
    size_t  said;

    if (k->c->nomem) {
        return;
    }

    said = k->c->diags->list.len;
    check_node(k, ex);

    if (k->c->env->mode.unchecked && !k->c->nomem) {
        uncheck(k, ex, said);
    }
}


/* What was left open when a part was checked is known by now. */
static void
settle(weir_cel_t *c, weir_ex_t *ex)
{
    uint32_t  i;

    ex->type = weir_type_final(&c->infer, ex->type);

    for (i = 0; i < ex->n; i++) {
        settle(c, ex->args[i]);
    }
}


/* "string, int or bool" */
static weir_str_t
kinds(weir_cel_t *c, uint32_t among)
{
    unsigned    k;
    weir_str_t  s;

    s = weir_str("", 0);

    for (k = 0; k < WEIR_T_COUNT; k++) {

        if (!(among & (uint32_t) 1 << k)) {
            continue;
        }

        among &= ~((uint32_t) 1 << k);
        s = weir_arena_printf(c->diags->arena, "%.*s%s%s", WEIR_STR(s),
                              s.len == 0 ? "" : among != 0 ? ", " : " or ",
                              weir_kind_name(k));
    }

    return s;
}


static void
check_among(weir_check_t *k, const weir_ex_t *root)
{
    weir_str_t          s;
    weir_cel_t         *c;
    const weir_type_t  *t;

    c = k->c;
    t = root->type;

    if (t->kind == WEIR_T_ERR
        || (t->kind < WEIR_T_COUNT
            && c->site->among & (uint32_t) 1 << t->kind))
    {
        return;
    }

    s = weir_check_shown(k, t);
    weir_cel_fail(c, WEIR_ETYPE, root, "%s is %.*s, not %.*s%s",
                  c->site->role, WEIR_STR(s),
                  WEIR_STR(kinds(c, c->site->among)),
                  t->kind == WEIR_T_DYN ? "; say which, as string(...)" : "");
}


void
weir_cel_check(weir_cel_t *c, weir_ex_t *root)
{
    weir_str_t          s;
    weir_kind_t         want;
    weir_check_t        k;
    const weir_type_t  *t;

    memset(&k, 0, sizeof(k));
    k.c = c;

    weir_check(&k, root);
    c->nomem |= c->infer.nomem;

    if (c->nomem) {
        return;
    }

    settle(c, root);
    t = root->type;

    if (c->site != NULL && c->site->among != 0) {
        check_among(&k, root);
        return;
    }

    want = c->site != NULL ? c->site->want
           : c->flag != NULL ? WEIR_T_STRING : WEIR_T_DYN;

    if (want == WEIR_T_DYN || t->kind == WEIR_T_DYN || t->kind == WEIR_T_ERR
        || t->kind == (unsigned) want)
    {
        return;
    }

    s = weir_check_shown(&k, t);

    if (c->site == NULL) {
        weir_cel_fail(c, WEIR_ETYPE, root,
                      "\"key\" of flag \"%.*s\" is %.*s, not %s",
                      WEIR_STR(c->flag->name), WEIR_STR(s),
                      weir_kind_name(want));
        return;
    }

    weir_cel_fail(c, WEIR_ETYPE, root, "%s is %.*s, not %s", c->site->role,
                  WEIR_STR(s), weir_kind_name(want));
}
