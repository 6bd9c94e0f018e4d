/*
 * cel_cost.c: how long an expression can take, in the steps of ops.h.
 *
 * All costs grow at most linearly with sizes, and loops add them up.  The
 * bound is never under what cost.h makes of the emitted code, so that the
 * verifier accepts what passes here.
 */

#include "front/cel_ast.h"
#include "image/cost.h"

#define COST_VAR      4         /* a cheaper one is put in its place */
#define COST_ROUND    10        /* of a loop, beside its parts */
#define COST_SEARCH   40        /* of a text in a text, beside their bytes */
#define COST_NUMBER   122       /* of a double's digits, and one for each */


/* Steps for so many bytes. */
static uint64_t
bytes_cost(uint64_t n)
{
    return n / WEIR_COST_LEN_STEPS + 1;
}


/* Maps are sorted, and digits take longer than what is copied. */
static uint64_t
format_cost(const weir_ex_t *ex)
{
    uint64_t  bytes, numbers, digits;

    (void) weir_cel_text_format(ex, &numbers);
    bytes = bytes_cost((uint64_t) ex->args[0]->size + ex->size);
    digits = weir_sat_mul(numbers, WEIR_SIZE_DOUBLE);

    return weir_sat_add(weir_sat_add(weir_sat_mul(bytes, 4),
                                     weir_sat_mul(numbers, COST_NUMBER)),
                        digits < ex->size ? digits : ex->size);
}


/* Of functions that build text, and of those that look for text. */
static uint64_t
text_cost(const weir_ex_t *ex)
{
    uint64_t          bytes;
    const weir_ex_t  *a;

    a = ex->args[0];
    bytes = bytes_cost((uint64_t) a->size + ex->size);

    switch (ex->fn) {

    case WEIR_N_REPLACE:
        return weir_sat_add(bytes, weir_sat_mul(weir_cel_times(ex),
                                                COST_SEARCH));

    case WEIR_N_SPLIT:
        return weir_sat_add(bytes, weir_sat_mul(ex->size, COST_SEARCH));

    case WEIR_N_JOIN:
        return weir_sat_add(bytes_cost(ex->size),
                            4 * (uint64_t) weir_cel_entries(a));

    case WEIR_N_FORMAT:
        return format_cost(ex);

    case WEIR_N_INDEX_OF:
        return bytes_cost((uint64_t) a->size + ex->args[1]->size);

    case WEIR_N_LAST_INDEX_OF:
        return weir_sat_mul(bytes_cost(a->size),
                            ex->args[1]->size / 16 + 1);

    default:
        return bytes;
    }
}


/* What one overload of a name costs, over these arguments. */
static uint64_t
row_cost(const weir_ex_t *ex, unsigned row)
{
    uint64_t          cost, entry;
    const weir_ex_t  *a, *b;

    if (weir_fns[row].cost != WEIR_COST_LEN) {
        return weir_fns[row].cost;
    }

    a = ex->args[0];
    b = ex->n > 1 ? ex->args[1] : a;

    switch (ex->fn) {

    case WEIR_N_IN:
        entry = bytes_cost(weir_at_most(a->size, b->part));
        cost = weir_fns[row].args[1] == WEIR_T_LIST
               ? weir_sat_mul(weir_cel_entries(b), entry)
               : WEIR_COST_LEN_STEPS + entry;
        break;

    case WEIR_N_ADD:
        cost = weir_fns[row].args[0] == WEIR_T_LIST
               ? (uint64_t) a->size + b->size
               : bytes_cost((uint64_t) a->size + b->size);
        break;

    case WEIR_N_CONTAINS:
        cost = bytes_cost((uint64_t) a->size + b->size);
        break;

    case WEIR_N_MATCHES:
    case WEIR_N_M_MATCHES:
        cost = weir_sat_mul(bytes_cost(a->size), b->size / 4 + 1);
        break;

    case WEIR_N_INDEX:
    case WEIR_N_OPT_INDEX:
        cost = WEIR_COST_LEN_STEPS
               + bytes_cost(weir_at_most(b->size, WEIR_SIZE_TEXT));
        break;

    case WEIR_N_CHAR_AT:
    case WEIR_N_INDEX_OF:
    case WEIR_N_LAST_INDEX_OF:
    case WEIR_N_FORMAT:
    case WEIR_N_JOIN:
    case WEIR_N_REPLACE:
    case WEIR_N_SPLIT:
    case WEIR_N_SUBSTRING:
    case WEIR_N_TRIM:
    case WEIR_N_REVERSE:
    case WEIR_N_QUOTE:
    case WEIR_N_BASE64_ENCODE:
    case WEIR_N_BASE64_DECODE:
        cost = text_cost(ex);
        break;

    case WEIR_N_GREATEST:
    case WEIR_N_LEAST:
        cost = 4 * (uint64_t) weir_cel_entries(a);
        break;

    default:
        /* comparisons end with the shorter; others have one argument */
        cost = bytes_cost(weir_at_most(a->size, b->size));

        if (ex->n == 2 && a->type->kind == WEIR_T_LIST) {
            cost = weir_sat_mul(weir_at_most(a->size, b->size),
                                bytes_cost(weir_at_most(a->part, b->part)));
        }
    }

    return cost < WEIR_COST_LEN_STEPS ? WEIR_COST_LEN_STEPS : cost;
}


static uint64_t
call_cost(const weir_ex_t *ex)
{
    unsigned  i;
    uint64_t  cost, most;

    /* CALLD counts every overload of the name, fitting or not */
    most = ex->nmatched > 1 ? weir_name_cost(ex->fn, ex->n) : 0;

    for (i = 0; i < ex->nmatched; i++) {
        cost = row_cost(ex, ex->matched[i]);
        most = cost > most ? cost : most;
    }

    return most;
}


/* The parts, and a step each to make sure of their kinds. */
static uint64_t
args_cost(const weir_ex_t *ex, uint32_t first)
{
    uint32_t  i;
    uint64_t  cost;

    cost = 0;

    for (i = first; i < ex->n; i++) {
        cost = weir_sat_add(cost, weir_sat_add(ex->args[i]->cost, 1));
    }

    return cost;
}


static uint64_t
loop_cost(const weir_ex_t *ex)
{
    uint64_t  round;

    round = weir_sat_add(args_cost(ex, 1), COST_ROUND);

    if (ex->loop == WEIR_LOOP_MERGE) {
        round = weir_sat_add(round, COST_ROUND + ((uint64_t) COST_ROUND
                                                  << weir_cel_merged(ex)));
    }

    round = weir_sat_mul(round, (uint64_t) 1 << weir_cel_rounds(ex));

    return weir_sat_add(weir_sat_add(ex->args[0]->cost, COST_ROUND), round);
}


/*
 * One loop in another over lists of any length is more than the budget has:
 * then both get fewer rounds, and a list that is longer is an error.
 */
static weir_ex_t *
nest(weir_ex_t *loop, weir_ex_t *outer)
{
    if (weir_cel_range(loop->args[0]) < WEIR_MAX_LIST) {
        return outer;
    }

    if (outer != NULL) {
        loop->flags |= WEIR_XF_NESTED;
        outer->flags |= WEIR_XF_NESTED;
    }

    return loop;
}


/* outer: a loop around it over a list of any length, or NULL */
static void
measure(weir_ex_t *ex, weir_ex_t *outer)
{
    uint32_t      i;
    weir_fused_t  fused;

    for (i = 0; i < ex->n; i++) {

        if (i == 1 && ex->x == WEIR_X_LOOP) {
            outer = nest(ex, outer);
        }

        measure(ex->args[i], outer);
    }

    weir_cel_size(ex);

    switch (ex->x) {

    case WEIR_X_CONST:
    case WEIR_X_ATTR:
    case WEIR_X_PARAM:
    case WEIR_X_LOCAL:
        ex->cost = 1;
        break;

    case WEIR_X_VAR:
        ex->cost = COST_VAR;
        break;

    case WEIR_X_CALL:
        ex->cost = weir_cel_fused(ex, &fused)
                   ? 1 + (uint64_t) fused.negate
                   : weir_sat_add(args_cost(ex, 0), call_cost(ex));
        break;

    case WEIR_X_OR:
    case WEIR_X_AND:
        ex->cost = weir_sat_add(args_cost(ex, 0), 2 * (uint64_t) ex->n);
        break;

    case WEIR_X_COND:
        ex->cost = weir_sat_add(args_cost(ex, 0), 3);
        break;

    case WEIR_X_LIST:
    case WEIR_X_MAP:
        ex->cost = weir_sat_add(args_cost(ex, 0), ex->n + 1);
        break;

    case WEIR_X_LOOP:
        ex->cost = loop_cost(ex);
        break;

    case WEIR_X_BIND:
        ex->cost = weir_sat_add(args_cost(ex, 0), 2);
        break;

    default:
        ex->cost = weir_sat_add(args_cost(ex, 0), 1);
    }
}


/* What the vars cost that are named: each is worked out once. */
static uint64_t
vars_cost(const weir_expr_t *e, const weir_cel_var_t **dearest)
{
    size_t    i, k;
    uint64_t  cost;

    cost = 0;
    *dearest = NULL;

    for (i = 0; i < e->vars.len; i++) {

        for (k = 0; k < i && e->vars.items[k] != e->vars.items[i]; k++) { }

        if (k < i) {
            continue;
        }

        cost = weir_sat_add(cost, e->vars.items[i]->expr->cost);

        if (*dearest == NULL
            || e->vars.items[i]->expr->cost > (*dearest)->expr->cost)
        {
            *dearest = e->vars.items[i];
        }
    }

    return cost;
}


static void
report(weir_cel_t *c, const weir_ex_t *ex)
{
    uint32_t          i;
    const weir_ex_t  *part;

    /* the innermost part that is over the budget by itself */
    for ( ;; ) {
        part = NULL;

        for (i = 0; i < ex->n; i++) {
            if (ex->args[i]->cost > WEIR_MAX_COST) {
                part = ex->args[i];
            }
        }

        if (part == NULL) {
            break;
        }

        ex = part;
    }

    if (ex->x == WEIR_X_LOOP) {
        weir_cel_fail(c, WEIR_ECOST, ex,
                      "this may take %llu steps in up to %u rounds; %d steps "
                      "are allowed", (unsigned long long) ex->cost,
                      1u << weir_cel_rounds(ex), WEIR_MAX_COST);
        return;
    }

    weir_cel_fail(c, WEIR_ECOST, ex,
                  "this may take %llu steps; %d are allowed",
                  (unsigned long long) ex->cost, WEIR_MAX_COST);
}


void
weir_cel_cost(weir_cel_t *c, weir_ex_t *root)
{
    uint64_t               vars;
    const weir_cel_var_t  *dearest;

    measure(root, NULL);

    if (root->cost > WEIR_MAX_COST) {
        report(c, root);
        return;
    }

    vars = vars_cost(c->expr, &dearest);
    c->expr->cost = weir_sat_add(root->cost, vars);

    if (c->expr->cost > WEIR_MAX_COST) {
        weir_cel_fail(c, WEIR_ECOST, root,
                      "this may take %llu steps, %llu of them for the vars it "
                      "names, most in `vars.%.*s`; %d are allowed",
                      (unsigned long long) c->expr->cost,
                      (unsigned long long) vars, WEIR_STR(dearest->name),
                      WEIR_MAX_COST);
    }
}
