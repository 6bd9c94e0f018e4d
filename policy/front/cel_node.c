/*
 * cel_node.c: making the nodes of an expression, within its bounds.
 *
 * What passes a bound is reported once; from then on nodes are the sink,
 * which has no parts, so that the tree stays a tree.
 */

#include "front/cel_ast.h"

#define MAX_HEIGHT  256         /* of a row of operators, as in a + b + c */


static weir_ex_t *
sink(weir_cel_t *c)
{
    c->sink = (weir_ex_t) { .x = WEIR_X_ERROR, .height = 1,
                            .type = &weir_types[WEIR_T_ERR] };

    return &c->sink;
}


weir_ex_t *
weir_ex_new(weir_cel_t *c, weir_x_t x, uint32_t off, uint32_t len)
{
    weir_ex_t  *ex;

    if (c->nodes == WEIR_MAX_CEL_NODES) {
        weir_cel_fail_at(c, WEIR_EBIG, 0, c->text->text.len,
                         "the expression has more than %d parts",
                         WEIR_MAX_CEL_NODES);
    }

    if (++c->nodes > WEIR_MAX_CEL_NODES) {
        return sink(c);
    }

    ex = weir_arena_alloc(c->arena, sizeof(weir_ex_t));

    if (ex == NULL) {
        c->nomem = true;
        return sink(c);
    }

    ex->x = (uint8_t) x;
    ex->height = 1;
    ex->off = off;
    ex->len = len;
    ex->op = off;
    ex->type = &weir_types[WEIR_T_ERR];

    return ex;
}


weir_ex_t *
weir_ex_make(weir_cel_t *c, weir_x_t x, uint32_t off, uint32_t len,
    weir_ex_t *const *args, uint32_t n)
{
    uint32_t    i;
    weir_ex_t  *ex;

    ex = weir_ex_new(c, x, off, len);

    if (ex == &c->sink) {
        return ex;
    }

    ex->args = weir_arena_array(c->arena, n, sizeof(weir_ex_t *));

    if (ex->args == NULL) {
        c->nomem = true;
        return sink(c);
    }

    for (i = 0; i < n; i++) {
        ex->args[i] = args[i];

        if (args[i]->height >= ex->height) {
            ex->height = (uint16_t) (args[i]->height + 1);
        }
    }

    ex->n = n;

    if (ex->height > MAX_HEIGHT) {
        /* once: whatever holds the sink is low again */
        weir_cel_fail_at(c, WEIR_EBIG, off, len,
                         "the expression has more than %d operators in a row",
                         MAX_HEIGHT);
        return sink(c);
    }

    return ex;
}


weir_ex_t *
weir_ex_const(weir_cel_t *c, const weir_cval_t *v, uint32_t off, uint32_t len)
{
    weir_ex_t    *ex;
    weir_cval_t  *value;

    ex = weir_ex_new(c, WEIR_X_CONST, off, len);
    value = weir_arena_alloc(c->arena, sizeof(weir_cval_t));

    if (value == NULL) {
        c->nomem = true;
        return sink(c);
    }

    *value = *v;
    ex->value = value;

    return ex;
}


weir_ex_t *
weir_ex_call(weir_cel_t *c, const char *name, const weir_ex_t *at,
    weir_ex_t *const *args, uint32_t n)
{
    weir_ex_t  *ex;

    ex = weir_ex_make(c, WEIR_X_CALL, at->off, at->len, args, n);

    ex->op = at->op;
    ex->flags = name[0] == '.' ? WEIR_XF_METHOD : 0;
    ex->name = weir_cstr(name + (name[0] == '.'));

    return ex;
}


unsigned
weir_cel_fn(weir_str_t name, bool method)
{
    unsigned     i;
    const char  *fn;

    for (i = 0; i < WEIR_N_COUNT; i++) {
        fn = weir_fn_name(i);

        if ((fn[0] == '.') == method
            && weir_str_eq(weir_cstr(fn + method), name))
        {
            return i;
        }
    }

    return WEIR_N_COUNT;
}
