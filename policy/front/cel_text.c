/*
 * cel_text.c: how much text format() makes of a value at most, and how many
 * doubles it finds the digits of, which takes longest.
 *
 * Of what is written out, and of what is made from it, every part counts.  Of
 * a list or map that a request brings, the parts have their share of its
 * bytes; what is dyn there is a text or a number.
 */

#include "base/num.h"
#include "front/cel_ast.h"
#include "image/verbs.h"

#define TEXT_SCALAR  (64 + WEIR_MAX_PRECISION)  /* of a number that is none of
                                                   doubles, of an address */
#define TEXT_BESIDE  2                          /* ", ", ": ", "[]" */
#define TEXT_MAX     (1u << 20)


static void
set_text(weir_ex_t *ex, uint64_t text, uint64_t numbers)
{
    ex->text = text < TEXT_MAX ? (uint32_t) text : TEXT_MAX;
    ex->numbers = numbers < TEXT_MAX ? (uint32_t) numbers : TEXT_MAX;
}


/* Whether there may be a double among its parts. */
static bool
has_numbers(const weir_type_t *t)
{
    unsigned  i;

    if (t->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_DYN) {
        return true;
    }

    for (i = 0; i < t->nargs; i++) {
        if (has_numbers(t->arg[i])) {
            return true;
        }
    }

    return false;
}


static bool
has_parts(const weir_type_t *t)
{
    return t->kind == WEIR_T_LIST || t->kind == WEIR_T_MAP
           || t->kind == WEIR_T_OPTIONAL || t->kind == WEIR_T_DYN;
}


/* Of a value of which its type and size is all that is known. */
static void
text_by_size(weir_ex_t *ex)
{
    bool      numbers;
    uint64_t  n;

    numbers = has_numbers(ex->type);

    switch (ex->type->kind) {

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_DYN:
    case WEIR_T_OPTIONAL:
        set_text(ex, 2 * (uint64_t) ex->size + WEIR_SIZE_DOUBLE, numbers);
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        n = ex->size;

        if (ex->x == WEIR_X_CONST) {
            n = weir_at_least(ex->size, ex->value->total);
        }

        set_text(ex, weir_sat_mul(n + 1, 2 * (uint64_t) ex->part
                                         + WEIR_SIZE_DOUBLE),
                 numbers ? n : 0);
        return;

    case WEIR_T_DOUBLE:
        set_text(ex, WEIR_SIZE_DOUBLE, 1);
        return;

    default:
        set_text(ex, TEXT_SCALAR, 0);
    }
}


/* At least that of a value it may be, or be a part of. */
static void
text_at_least(weir_ex_t *ex, const weir_ex_t *other)
{
    set_text(ex, weir_at_least(ex->text, other->text),
             weir_at_least(ex->numbers, other->numbers));
}


/* What is written out has all of its parts and nothing else. */
static void
text_of_parts(weir_ex_t *ex)
{
    uint32_t  i;
    uint64_t  text, numbers;

    text = TEXT_BESIDE;
    numbers = 0;

    for (i = 0; i < ex->n; i++) {
        text += ex->args[i]->text + TEXT_BESIDE;
        numbers += ex->args[i]->numbers;
    }

    set_text(ex, text, numbers);
}


/* A part of another value; the path to where that is made has no branches. */
static void
text_of_part(weir_ex_t *ex, const weir_ex_t *of)
{
    for ( ;; ) {
        switch (of->x) {

        case WEIR_X_ATTR:
            return;

        case WEIR_X_VAR:
            of = of->u.var->expr->root;
            continue;

        case WEIR_X_BIND:
            of = of->args[1];
            continue;

        case WEIR_X_LOCAL:
            if (of->u.binder->x != WEIR_X_BIND) {
                text_at_least(ex, of);
                return;
            }

            of = of->u.binder->args[0];
            continue;

        case WEIR_X_CALL:
            if (of->fn == WEIR_N_DYN || of->fn == WEIR_N_INDEX
                || of->fn == WEIR_N_OPT_INDEX)
            {
                of = of->args[0];
                continue;
            }

            break;

        case WEIR_X_LOOP:
            if (weir_cel_is_filter(of)) {
                of = of->args[0];
                continue;
            }

            /* the part is what the loop's body gave */
            of = of->args[of->n - 1];
            set_text(ex, of->text, of->numbers);
            return;

        default:
            break;
        }

        text_at_least(ex, of);
        return;
    }
}


static void
text_of_call(weir_ex_t *ex)
{
    uint32_t  i;

    switch (ex->fn) {

    case WEIR_N_INDEX:
    case WEIR_N_OPT_INDEX:
        text_of_part(ex, ex->args[0]);
        return;

    case WEIR_N_ADD:
        text_of_parts(ex);
        return;

    default:
        for (i = 0; i < ex->n; i++) {
            text_at_least(ex, ex->args[i]);
        }
    }
}


static void
text_of_loop(weir_ex_t *ex)
{
    uint64_t          rounds;
    const weir_ex_t  *result;

    if (weir_cel_is_filter(ex)) {
        text_at_least(ex, ex->args[0]);
        return;
    }

    rounds = weir_cel_range(ex->args[0]);
    result = ex->args[ex->n - 1];
    set_text(ex, weir_sat_add(ex->text, rounds * result->text),
             rounds * result->numbers);
}


void
weir_cel_text(weir_ex_t *ex)
{
    text_by_size(ex);

    if (!has_parts(ex->type)) {
        return;
    }

    switch (ex->x) {

    case WEIR_X_LIST:
    case WEIR_X_MAP:
        text_of_parts(ex);
        break;

    case WEIR_X_COND:
        text_at_least(ex, ex->args[1]);
        text_at_least(ex, ex->args[2]);
        break;

    case WEIR_X_VAR:
        text_at_least(ex, ex->u.var->expr->root);
        break;

    case WEIR_X_BIND:
        text_at_least(ex, ex->args[1]);
        break;

    case WEIR_X_LOCAL:
        if (ex->u.binder->x == WEIR_X_BIND) {
            text_at_least(ex, ex->u.binder->args[0]);

        } else {
            text_of_part(ex, ex->u.binder->args[0]);
        }

        break;

    case WEIR_X_AS:
        text_at_least(ex, ex->args[0]);
        break;

    case WEIR_X_CALL:
        text_of_call(ex);
        break;

    case WEIR_X_LOOP:
        text_of_loop(ex);
        break;

    default:
        break;
    }

    if (!has_numbers(ex->type)) {
        ex->numbers = 0;
    }
}


/* Of an argument of format(), which writes any number as %f, too. */
static bool
is_whole(const weir_type_t *t)
{
    return t->kind == WEIR_T_INT || t->kind == WEIR_T_UINT;
}


uint64_t
weir_cel_text_format(const weir_ex_t *call, uint64_t *numbers)
{
    uint32_t          i;
    uint64_t          n;
    const weir_ex_t  *list;

    n = call->args[0]->size;
    list = call->args[1];
    *numbers = 0;

    if (list->x != WEIR_X_LIST) {
        *numbers = list->type->nargs > 0 && is_whole(list->type->arg[0])
                   ? list->size : list->numbers;
        return weir_sat_add(n, list->text);
    }

    for (i = 0; i < list->n; i++) {
        n = weir_sat_add(n, list->args[i]->text);
        *numbers += is_whole(list->args[i]->type) ? 1
                    : list->args[i]->numbers;
    }

    return n;
}
