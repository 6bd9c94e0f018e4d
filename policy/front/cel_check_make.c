/*
 * cel_check_make.c: the types of what makes values: lists, maps, loops,
 * binders.
 */

#include "front/cel_check.h"


static void
push_scope(weir_check_t *k, weir_ex_t *binder, uint8_t var,
    const weir_type_t *t)
{
    weir_scope_t  *s;

    s = weir_vec_push(k->c->arena, &k->scopes);

    if (s == NULL) {
        k->c->nomem = true;
        return;
    }

    *s = (weir_scope_t) { binder->vars[var], binder, var, t };
}


/* The type that an element adds: of [?x], what the optional holds. */
static const weir_type_t *
element_type(weir_check_t *k, const weir_ex_t *ex)
{
    weir_str_t          s;
    const weir_type_t  *t, *held;

    if (!(ex->flags & WEIR_XF_ABSENT)) {
        return ex->type;
    }

    held = weir_type_fresh(&k->c->infer);
    t = weir_type_make(&k->c->infer, WEIR_T_OPTIONAL, held, NULL);

    if (!weir_type_fits(&k->c->infer, ex->type, t)) {
        s = weir_check_shown(k, ex->type);
        weir_cel_fail(k->c, WEIR_ETYPE, ex,
                      "an element after ? is %.*s, not optional_type",
                      WEIR_STR(s));
        return &weir_types[WEIR_T_ERR];
    }

    return held;
}


static const weir_type_t *
join(weir_check_t *k, const weir_type_t *all, const weir_type_t *t)
{
    return all == NULL ? t : weir_type_join(&k->c->infer, all, t);
}


void
weir_check_list(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t            i;
    const weir_type_t  *all;

    all = NULL;

    for (i = 0; i < ex->n; i++) {
        weir_check(k, ex->args[i]);
        all = join(k, all, element_type(k, ex->args[i]));
    }

    if (all == NULL) {
        all = weir_type_fresh(&k->c->infer);
    }

    ex->type = weir_type_make(&k->c->infer, WEIR_T_LIST, all, NULL);
}


static void
want_key(weir_check_t *k, const weir_ex_t *ex)
{
    weir_str_t  s;

    switch (weir_check_known(k, ex->type)->kind) {

    case WEIR_T_BOOL:
    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_STRING:
    case WEIR_T_DYN:
    case WEIR_T_ERR:
    case WEIR_T_VAR:
        return;

    default:
        s = weir_check_shown(k, ex->type);
        weir_cel_fail(k->c, WEIR_ETYPE, ex,
                      "a key of a map is %.*s; it can be string, int, uint "
                      "or bool", WEIR_STR(s));
    }
}


void
weir_check_map(weir_check_t *k, weir_ex_t *ex)
{
    uint32_t            i;
    const weir_type_t  *keys, *values;

    keys = NULL;
    values = NULL;

    for (i = 0; i + 1 < ex->n; i += 2) {
        weir_check(k, ex->args[i]);
        want_key(k, ex->args[i]);
        keys = join(k, keys, ex->args[i]->type);

        weir_check(k, ex->args[i + 1]);
        values = join(k, values, element_type(k, ex->args[i + 1]));
    }

    if (keys == NULL) {
        keys = weir_type_fresh(&k->c->infer);
        values = weir_type_fresh(&k->c->infer);
    }

    ex->type = weir_type_make(&k->c->infer, WEIR_T_MAP, keys, values);
}


/* The types of the variables of a loop, from its range. */
static void
loop_vars(weir_check_t *k, const weir_ex_t *ex, const weir_type_t *vars[2])
{
    weir_str_t          s;
    const weir_type_t  *t;

    t = weir_check_known(k, ex->args[0]->type);
    vars[0] = &weir_types[WEIR_T_DYN];
    vars[1] = &weir_types[WEIR_T_DYN];

    switch (t->kind) {

    case WEIR_T_LIST:
        vars[0] = ex->nvars == 2 ? &weir_types[WEIR_T_INT] : t->arg[0];
        vars[1] = t->arg[0];
        break;

    case WEIR_T_MAP:
        vars[0] = t->arg[0];
        vars[1] = t->arg[1];
        break;

    case WEIR_T_DYN:
    case WEIR_T_VAR:
        break;

    case WEIR_T_ERR:
        vars[0] = &weir_types[WEIR_T_ERR];
        vars[1] = &weir_types[WEIR_T_ERR];
        break;

    default:
        s = weir_check_shown(k, t);
        weir_cel_fail(k->c, WEIR_ETYPE, ex->args[0],
                      "%.*s() goes over lists and maps, not %.*s",
                      WEIR_STR(ex->name), WEIR_STR(s));
        vars[0] = &weir_types[WEIR_T_ERR];
        vars[1] = &weir_types[WEIR_T_ERR];
    }
}


/* The map that each round's is added to. */
static void
merge(weir_check_t *k, weir_ex_t *ex, const weir_ex_t *map,
    const weir_type_t *t)
{
    weir_str_t          s;
    const weir_type_t  *maps;

    maps = weir_type_fresh(&k->c->infer);
    maps = weir_type_make(&k->c->infer, WEIR_T_MAP, maps,
                          weir_type_fresh(&k->c->infer));
    ex->type = maps;

    if (!weir_type_fits(&k->c->infer, t, maps)) {
        s = weir_check_shown(k, t);
        weir_cel_fail(k->c, WEIR_ETYPE, map,
                      "transformMapEntry() adds maps, as in {key: value}, not "
                      "%.*s", WEIR_STR(s));
    }
}


void
weir_check_loop(weir_check_t *k, weir_ex_t *ex)
{
    uint8_t             i;
    uint32_t            next;
    weir_str_t          role;
    const weir_type_t  *vars[2], *result;

    weir_check(k, ex->args[0]);
    loop_vars(k, ex, vars);

    for (i = 0; i < ex->nvars; i++) {
        push_scope(k, ex, i, vars[i]);
    }

    for (next = 1; next < ex->n; next++) {
        weir_check(k, ex->args[next]);
    }

    if (k->c->nomem) {
        return;
    }

    k->scopes.len -= ex->nvars;
    next = 1;

    if (ex->flags & WEIR_XF_WHEN) {
        role = weir_arena_printf(k->c->arena, "the condition of %.*s()",
                                 WEIR_STR(ex->name));

        if (role.data != NULL) {
            weir_check_bool(k, ex->args[next], role.data);
        }

        next++;
    }

    result = next < ex->n ? ex->args[ex->n - 1]->type : vars[0];

    switch (ex->loop) {

    case WEIR_LOOP_LIST:
        ex->type = weir_type_make(&k->c->infer, WEIR_T_LIST, result, NULL);
        break;

    case WEIR_LOOP_MAP:
        ex->type = weir_type_make(&k->c->infer, WEIR_T_MAP, vars[0], result);
        break;

    case WEIR_LOOP_ENTRY:
        want_key(k, ex->args[next]);
        ex->type = weir_type_make(&k->c->infer, WEIR_T_MAP,
                                  ex->args[next]->type, result);
        break;

    case WEIR_LOOP_MERGE:
        merge(k, ex, ex->args[next], result);
        break;

    default:
        ex->type = &weir_types[WEIR_T_BOOL];
    }
}


void
weir_check_bind(weir_check_t *k, weir_ex_t *ex)
{
    weir_check(k, ex->args[0]);
    push_scope(k, ex, 0, ex->args[0]->type);
    weir_check(k, ex->args[1]);

    if (!k->c->nomem) {
        k->scopes.len--;
    }

    ex->type = ex->args[1]->type;
}


void
weir_check_bool(weir_check_t *k, const weir_ex_t *ex, const char *role)
{
    weir_str_t          s;
    const weir_type_t  *t;

    t = ex->type;

    if (!weir_type_fits(&k->c->infer, t, &weir_types[WEIR_T_BOOL])) {
        s = weir_check_shown(k, t);
        weir_cel_fail(k->c, WEIR_ETYPE, ex, "%s is %.*s, not bool", role,
                      WEIR_STR(s));
    }
}
