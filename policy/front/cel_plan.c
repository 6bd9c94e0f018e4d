/*
 * cel_plan.c: which overload each call runs, and of what kind the verifier
 * will find each value to be.
 *
 * The checker may know more: an element of list<string> is a string to it,
 * to the verifier any value, until the emitter puts AS behind it.
 */

#include "front/cel_ast.h"


/* The overload that takes these kinds as they are, else the only one. */
static unsigned
choose(const weir_ex_t *ex)
{
    unsigned               i, k;
    const weir_fn_info_t  *f;

    if (ex->nmatched == 1) {
        return ex->matched[0];
    }

    for (i = 0; i < ex->nmatched; i++) {
        f = &weir_fns[ex->matched[i]];

        for (k = 0; k < ex->n; k++) {
            if (f->args[k] != WEIR_T_DYN && f->args[k] != ex->args[k]->kind) {
                break;
            }
        }

        if (k == ex->n) {
            return ex->matched[i];
        }
    }

    return WEIR_FN_COUNT;
}


static void
plan_call(weir_ex_t *ex)
{
    weir_fused_t  fused;

    ex->row = choose(ex);

    if (weir_cel_fused(ex, &fused)) {
        ex->kind = fused.op == WEIR_OP_ATTR_GET ? WEIR_T_DYN : WEIR_T_BOOL;

    } else if (ex->row == WEIR_FN_DYN_ANY) {
        ex->kind = ex->args[0]->kind;

    } else {
        ex->kind = ex->row == WEIR_FN_COUNT
                   ? WEIR_T_DYN : (uint8_t) weir_fns[ex->row].result;
    }
}


static uint8_t
plan_loop(weir_ex_t *ex)
{
    uint8_t  range;

    /* what is no list, and known, is made sure to be one */
    range = ex->args[0]->kind;
    range = range == WEIR_T_MAP || range == WEIR_T_DYN ? range : WEIR_T_LIST;
    ex->kinds[0] = WEIR_T_DYN;
    ex->kinds[1] = WEIR_T_DYN;

    if (ex->nvars == 2 && range == WEIR_T_LIST) {
        ex->kinds[0] = WEIR_T_INT;
    }

    switch (ex->loop) {

    case WEIR_LOOP_LIST:
        return WEIR_T_LIST;

    case WEIR_LOOP_MAP:
    case WEIR_LOOP_ENTRY:
    case WEIR_LOOP_MERGE:
        return WEIR_T_MAP;

    default:
        return WEIR_T_BOOL;
    }
}


void
weir_cel_plan(weir_ex_t *ex)
{
    uint32_t  i;

    for (i = 0; i < ex->n; i++) {
        weir_cel_plan(ex->args[i]);

        /* what a binder binds is known before its body is looked at */
        if (i == 0 && ex->x == WEIR_X_LOOP) {
            ex->kind = plan_loop(ex);

        } else if (i == 0 && ex->x == WEIR_X_BIND) {
            ex->kinds[0] = ex->args[0]->kind;
        }
    }

    switch (ex->x) {

    case WEIR_X_CONST:
        ex->kind = ex->value->kind;
        break;

    case WEIR_X_ATTR:
        ex->kind = (uint8_t) weir_attrs[ex->u.attr].kind;
        break;

    case WEIR_X_PARAM:
        ex->kind = WEIR_T_STRING;
        break;

    case WEIR_X_VAR:
        ex->kind = ex->u.var->expr->root->kind;
        break;

    case WEIR_X_LOCAL:
        ex->kind = ex->u.binder->kinds[ex->var];
        break;

    case WEIR_X_CALL:
        plan_call(ex);
        break;

    case WEIR_X_COND:
        ex->kind = ex->args[1]->kind == ex->args[2]->kind
                   ? ex->args[1]->kind : WEIR_T_DYN;
        break;

    case WEIR_X_LIST:
        ex->kind = WEIR_T_LIST;
        break;

    case WEIR_X_MAP:
        ex->kind = WEIR_T_MAP;
        break;

    case WEIR_X_BIND:
        ex->kind = ex->args[1]->kind;
        break;

    case WEIR_X_AS:
        ex->kind = (uint8_t) ex->u.kind;
        break;

    case WEIR_X_LOOP:
        break;

    default:
        ex->kind = WEIR_T_BOOL;
    }
}


static bool
is_attr(const weir_ex_t *ex, weir_kind_t kind)
{
    return ex->x == WEIR_X_ATTR
           && weir_attrs[ex->u.attr].kind == (unsigned) kind;
}


static bool
is_const(const weir_ex_t *ex, weir_kind_t kind)
{
    return ex->x == WEIR_X_CONST && ex->value->kind == (unsigned) kind;
}


static bool
all_strings(const weir_cval_t *list)
{
    uint32_t  i;

    for (i = 0; i < list->n; i++) {
        if (list->items[i].kind != WEIR_T_STRING) {
            return false;
        }
    }

    return true;
}


bool
weir_cel_fused(const weir_ex_t *ex, weir_fused_t *out)
{
    bool              equality;
    const weir_ex_t  *a, *b;

    if (ex->x != WEIR_X_CALL || ex->n != 2) {
        return false;
    }

    a = ex->args[0];
    b = ex->args[1];
    equality = ex->fn == WEIR_N_EQ || ex->fn == WEIR_N_NE;

    if (equality && b->x == WEIR_X_ATTR) {
        a = ex->args[1];
        b = ex->args[0];
    }

    if (equality && is_attr(a, WEIR_T_STRING) && is_const(b, WEIR_T_STRING))
    {
        out->op = WEIR_OP_ATTR_EQ;

    } else if (ex->fn == WEIR_N_IN && is_attr(a, WEIR_T_STRING)
               && is_const(b, WEIR_T_LIST) && all_strings(b->value))
    {
        out->op = WEIR_OP_ATTR_IN;

    } else if (ex->fn == WEIR_N_CONTAINS && is_const(a, WEIR_T_CIDRS)
               && is_attr(b, WEIR_T_IP))
    {
        out->op = WEIR_OP_ATTR_IN;
        a = ex->args[1];
        b = ex->args[0];

    } else if (ex->fn == WEIR_N_INDEX && is_attr(a, WEIR_T_MAP)
               && is_const(b, WEIR_T_STRING))
    {
        out->op = WEIR_OP_ATTR_GET;

    } else {
        return false;
    }

    out->attr = a->u.attr;
    out->value = b->value;
    out->negate = ex->fn == WEIR_N_NE;

    return true;
}


bool
weir_cel_is_has(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CALL && ex->fn == WEIR_N_IN
           && is_const(ex->args[0], WEIR_T_STRING)
           && ex->args[1]->type->kind == WEIR_T_MAP;
}
