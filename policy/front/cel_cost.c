/*
 * cel_cost.c: how long an expression can take, in the steps of ops.h.
 *
 * Sizes come from the declarations of attributes and from constants; what
 * has neither gets the sizes below.  Entries of one list or map share its
 * bytes, so an entry has what is its share: all costs grow at most linearly
 * with it, and loops add them up.  The bound is never under what cost.h makes
 * of the emitted code, so that the verifier accepts what passes here.
 */

#include "front/cel_ast.h"
#include "image/cost.h"
#include "image/verbs.h"

#define SIZE_TEXT     4096u     /* bytes of a claim */
#define SIZE_VALUE    8192u     /* bytes of a header, of a parameter */
#define SIZE_SHARE    16u       /* of an entry: a token has 16 KB */
#define SIZE_HEADER   128u      /* of a header among 256 */
#define SIZE_SCALAR   64u       /* of what string() makes from a number */
#define SIZE_DOUBLE   448u      /* of %f: 309 digits and the precision */
#define SIZE_MAX_     (1u << 20)

#define COST_VAR      4         /* a cheaper one is put in its place */
#define COST_ROUND    10        /* of a loop, beside its parts */
#define COST_SEARCH   40        /* of a text in a text, beside their bytes */


static uint32_t
at_least(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}


static uint32_t
at_most(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}


static void
set_size(weir_ex_t *ex, uint64_t size, uint64_t part)
{
    ex->size = size < SIZE_MAX_ ? (uint32_t) size : SIZE_MAX_;
    ex->part = part < SIZE_MAX_ ? (uint32_t) part : SIZE_MAX_;
}


static void
size_by_type(weir_ex_t *ex)
{
    switch (ex->type->kind) {

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        set_size(ex, WEIR_MAX_LIST, SIZE_SHARE);
        break;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_DYN:
    case WEIR_T_OPTIONAL:
        set_size(ex, SIZE_TEXT, SIZE_SHARE);
        break;

    default:
        set_size(ex, SIZE_SCALAR, SIZE_SCALAR);
    }
}


static void
size_of_const(weir_ex_t *ex)
{
    uint32_t            i, n, part;
    const weir_cval_t  *v;

    v = ex->value;

    switch (v->kind) {

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_REGEX:
        set_size(ex, v->s.len, 0);
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        n = v->kind == WEIR_T_MAP ? 2 * v->n : v->n;
        part = SIZE_SCALAR;

        for (i = 0; i < n; i++) {
            part = at_least(part, v->items[i].s.len
                                  ? (uint32_t) v->items[i].s.len
                                  : v->items[i].total);
        }

        set_size(ex, v->n, part);
        return;

    default:
        set_size(ex, SIZE_SCALAR, 0);
    }
}


static void
size_of_attr(weir_ex_t *ex)
{
    const weir_type_t       *t;
    const weir_attr_info_t  *attr;

    attr = &weir_attrs[ex->u.attr];
    t = ex->type;

    if (t->kind == WEIR_T_MAP && t->arg[1]->kind == WEIR_T_STRING) {
        set_size(ex, attr->max, SIZE_HEADER);

    } else if (t->kind == WEIR_T_LIST) {
        set_size(ex, attr->max, WEIR_MAX_HOST);

    } else {
        set_size(ex, attr->max, SIZE_SHARE);
    }
}


static void
size_of_local(weir_ex_t *ex)
{
    const weir_ex_t  *of;

    of = ex->u.binder->args[0];

    if (ex->u.binder->x == WEIR_X_BIND) {
        set_size(ex, of->size, of->part);
        return;
    }

    size_by_type(ex);

    if (ex->type->kind != WEIR_T_LIST && ex->type->kind != WEIR_T_MAP) {
        set_size(ex, at_least(of->part, SIZE_SHARE), SIZE_SHARE);

    } else if (of->x == WEIR_X_CONST || of->x == WEIR_X_LIST) {
        /* of what is written out, part bounds entries as well */
        set_size(ex, at_most(of->part, WEIR_MAX_LIST), of->part);
    }
}


/* The largest of its arguments from first on. */
static void
size_of_args(weir_ex_t *ex, uint32_t first)
{
    uint32_t  i, size, part;

    size = 0;
    part = 0;

    for (i = first; i < ex->n; i++) {
        size = at_least(size, ex->args[i]->size);
        part = at_least(part, ex->args[i]->part);
    }

    set_size(ex, size, part);
}


/* Entries of a list at most; of what may be one too. */
static uint32_t
entries(const weir_ex_t *list)
{
    return list->x == WEIR_X_CONST ? list->size
                                   : at_most(list->size, WEIR_MAX_LIST);
}


/* Of text that is built: it lies in the request's scratch. */
static void
set_built(weir_ex_t *ex, uint64_t size)
{
    set_size(ex, size < WEIR_MAX_SCRATCH ? size : WEIR_MAX_SCRATCH, 0);
}


/* How often replace() and split() find their second argument at most. */
static uint64_t
times(const weir_ex_t *ex)
{
    const weir_ex_t  *what;

    what = ex->args[1];

    return what->x == WEIR_X_CONST && what->size > 0
               ? ex->args[0]->size / what->size
               : (uint64_t) ex->args[0]->size + 1;
}


/* Pieces share the bytes of the text. */
static void
size_of_split(weir_ex_t *ex)
{
    uint64_t            n;
    const weir_cval_t  *limit;

    n = times(ex) + 1;
    n = n < WEIR_MAX_LIST ? n : WEIR_MAX_LIST;
    limit = ex->n > 2 ? ex->args[2]->value : NULL;

    if (ex->n > 2 && ex->args[2]->x == WEIR_X_CONST
        && limit->kind == WEIR_T_INT && limit->u.i > 0
        && (uint64_t) limit->u.i < n)
    {
        n = (uint64_t) limit->u.i;
    }

    set_size(ex, n, at_least(ex->args[0]->size / (uint32_t) n, SIZE_SHARE));
}


/* What format() makes of a value at most; a precision included. */
static uint64_t
formatted(unsigned kind, uint64_t size, uint64_t part)
{
    switch (kind) {

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_DYN:
        return 2 * size + SIZE_DOUBLE;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        return weir_sat_mul(size + 1, 2 * part + SIZE_DOUBLE);

    case WEIR_T_DOUBLE:
        return SIZE_DOUBLE;

    default:
        return SIZE_SCALAR + WEIR_MAX_PRECISION;
    }
}


static uint64_t
size_of_format(const weir_ex_t *ex)
{
    uint32_t            i;
    uint64_t            n;
    const weir_ex_t    *list, *arg;

    n = ex->args[0]->size;
    list = ex->args[1];

    if (list->x != WEIR_X_LIST) {
        return weir_sat_add(n, formatted(WEIR_T_LIST, list->size,
                                         list->part));
    }

    for (i = 0; i < list->n; i++) {
        arg = list->args[i];
        n = weir_sat_add(n, formatted(arg->type->kind, arg->size,
                                      arg->part));
    }

    return n;
}


/* Functions that build text, or a list of texts; false: another one. */
static bool
size_of_text(weir_ex_t *ex)
{
    uint32_t          sep;
    const weir_ex_t  *a;

    a = ex->n > 0 ? ex->args[0] : NULL;

    switch (ex->fn) {

    case WEIR_N_CHAR_AT:
    case WEIR_N_SUBSTRING:
    case WEIR_N_TRIM:
    case WEIR_N_REVERSE:
    case WEIR_N_BASE64_DECODE:
        set_size(ex, a->size, 0);
        return true;

    case WEIR_N_REPLACE:
        set_built(ex, weir_sat_add(a->size, weir_sat_mul(times(ex),
                                                         ex->args[2]->size)));
        set_size(ex, at_least(ex->size, a->size), 0);
        return true;

    case WEIR_N_SPLIT:
        size_of_split(ex);
        return true;

    case WEIR_N_JOIN:
        sep = ex->n > 1 ? ex->args[1]->size : 0;
        set_built(ex, weir_sat_mul(entries(a), (uint64_t) a->part + sep));
        return true;

    case WEIR_N_FORMAT:
        set_built(ex, size_of_format(ex));
        return true;

    case WEIR_N_QUOTE:
        set_built(ex, (uint64_t) a->size * 3 + 2);
        return true;

    case WEIR_N_BASE64_ENCODE:
        set_built(ex, (uint64_t) a->size / 3 * 4 + 4);
        return true;

    default:
        return false;
    }
}


static void
size_of_call(weir_ex_t *ex)
{
    const weir_ex_t  *a;

    if (size_of_text(ex)) {
        return;
    }

    a = ex->n > 0 ? ex->args[0] : NULL;

    switch (ex->fn) {

    case WEIR_N_ADD:
        set_size(ex, (uint64_t) a->size + ex->args[1]->size,
                 at_least(a->part, ex->args[1]->part));
        return;

    case WEIR_N_INDEX:
    case WEIR_N_OPT_INDEX:
        size_by_type(ex);

        if (ex->type->kind == WEIR_T_STRING) {
            set_size(ex, a->x == WEIR_X_CONST ? a->part : SIZE_VALUE, 0);
        }

        return;

    case WEIR_N_LOWER_ASCII:
    case WEIR_N_UPPER_ASCII:
    case WEIR_N_OPT_OF:
    case WEIR_N_OPT_NON_ZERO:
    case WEIR_N_VALUE:
    case WEIR_N_BYTES:
    case WEIR_N_DYN:
        set_size(ex, a->size, a->part);
        return;

    case WEIR_N_STRING:
        set_size(ex, at_least(a->size, SIZE_SCALAR), 0);
        return;

    case WEIR_N_OR_VALUE:
    case WEIR_N_OR_OPT:
        size_of_args(ex, 0);
        return;

    default:
        size_by_type(ex);
    }
}


static void
size_of_loop(weir_ex_t *ex)
{
    const weir_ex_t  *range, *result;

    range = ex->args[0];
    result = ex->args[ex->n - 1];

    if (ex->loop == WEIR_LOOP_LIST && ex->n == 1u
        + ((ex->flags & WEIR_XF_WHEN) != 0))
    {
        set_size(ex, range->size, range->part);

    } else if (ex->loop == WEIR_LOOP_MERGE) {
        set_size(ex, range->size, result->part);

    } else if (ex->loop >= WEIR_LOOP_LIST) {
        set_size(ex, range->size, result->size);

    } else {
        set_size(ex, SIZE_SCALAR, 0);
    }
}


/*
 * Entries of what a loop goes over.  The size of what is dyn is its share of
 * the bytes, and bounds them only where the entries are written out.
 */
static uint32_t
most_entries(const weir_ex_t *ex)
{
    uint32_t  a, b;

    if (ex->type->kind != WEIR_T_DYN || ex->x == WEIR_X_CONST
        || ex->x == WEIR_X_LIST || ex->x == WEIR_X_MAP)
    {
        return at_most(ex->size, WEIR_MAX_LIST);
    }

    switch (ex->x) {

    case WEIR_X_VAR:
        return most_entries(ex->u.var->expr->root);

    case WEIR_X_CALL:
        return ex->fn == WEIR_N_DYN ? most_entries(ex->args[0])
                                    : WEIR_MAX_LIST;

    case WEIR_X_BIND:
        return most_entries(ex->args[1]);

    case WEIR_X_COND:
        a = most_entries(ex->args[1]);
        b = most_entries(ex->args[2]);
        return at_least(a, b);

    case WEIR_X_LOCAL:
        return ex->u.binder->x == WEIR_X_BIND
               ? most_entries(ex->u.binder->args[0]) : WEIR_MAX_LIST;

    default:
        return WEIR_MAX_LIST;
    }
}


/* Steps for so many bytes. */
static uint64_t
bytes_cost(uint64_t n)
{
    return n / WEIR_COST_LEN_STEPS + 1;
}


/* Of the functions of size_of_text(), and of those that look for text. */
static uint64_t
text_cost(const weir_ex_t *ex)
{
    uint64_t          bytes;
    const weir_ex_t  *a;

    a = ex->args[0];
    bytes = bytes_cost((uint64_t) a->size + ex->size);

    switch (ex->fn) {

    case WEIR_N_REPLACE:
        return weir_sat_add(bytes, weir_sat_mul(times(ex), COST_SEARCH));

    case WEIR_N_SPLIT:
        return weir_sat_add(bytes, weir_sat_mul(ex->size, COST_SEARCH));

    case WEIR_N_JOIN:
        return weir_sat_add(bytes_cost(ex->size), 4 * (uint64_t) entries(a));

    case WEIR_N_FORMAT:
        /* maps are sorted */
        return weir_sat_mul(bytes, 4);

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
        entry = bytes_cost(at_most(a->size, b->part));
        cost = weir_fns[row].args[1] == WEIR_T_LIST
               ? weir_sat_mul(entries(b), entry)
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
        cost = WEIR_COST_LEN_STEPS + bytes_cost(at_most(b->size, SIZE_TEXT));
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
        cost = 4 * (uint64_t) entries(a);
        break;

    default:
        /* comparisons end with the shorter; others have one argument */
        cost = bytes_cost(at_most(a->size, b->size));

        if (ex->n == 2 && a->type->kind == WEIR_T_LIST) {
            cost = weir_sat_mul(at_most(a->size, b->size),
                                bytes_cost(at_most(a->part, b->part)));
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
    if (most_entries(loop->args[0]) < WEIR_MAX_LIST) {
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

    switch (ex->x) {

    case WEIR_X_CONST:
        size_of_const(ex);
        ex->cost = 1;
        break;

    case WEIR_X_ATTR:
        size_of_attr(ex);
        ex->cost = 1;
        break;

    case WEIR_X_PARAM:
        set_size(ex, SIZE_VALUE, 0);
        ex->cost = 1;
        break;

    case WEIR_X_VAR:
        set_size(ex, ex->u.var->expr->root->size,
                 ex->u.var->expr->root->part);
        ex->cost = COST_VAR;
        break;

    case WEIR_X_LOCAL:
        size_of_local(ex);
        ex->cost = 1;
        break;

    case WEIR_X_CALL:
        size_of_call(ex);
        ex->cost = weir_cel_fused(ex, &fused)
                   ? 1 + (uint64_t) fused.negate
                   : weir_sat_add(args_cost(ex, 0), call_cost(ex));
        break;

    case WEIR_X_OR:
    case WEIR_X_AND:
        set_size(ex, SIZE_SCALAR, 0);
        ex->cost = weir_sat_add(args_cost(ex, 0), 2 * (uint64_t) ex->n);
        break;

    case WEIR_X_COND:
        size_of_args(ex, 1);
        ex->cost = weir_sat_add(args_cost(ex, 0), 3);
        break;

    case WEIR_X_LIST:
        size_of_args(ex, 0);
        set_size(ex, ex->n, ex->size);
        ex->cost = weir_sat_add(args_cost(ex, 0), ex->n + 1);
        break;

    case WEIR_X_MAP:
        size_of_args(ex, 0);
        set_size(ex, ex->n / 2, ex->size);
        ex->cost = weir_sat_add(args_cost(ex, 0), ex->n + 1);
        break;

    case WEIR_X_LOOP:
        size_of_loop(ex);
        ex->cost = loop_cost(ex);
        break;

    case WEIR_X_BIND:
        set_size(ex, ex->args[1]->size, ex->args[1]->part);
        ex->cost = weir_sat_add(args_cost(ex, 0), 2);
        break;

    default:
        size_by_type(ex);
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


static unsigned
logarithm(uint32_t n)
{
    unsigned  log;

    for (log = 0; (1u << log) < n; log++) { }

    return log;
}


unsigned
weir_cel_rounds(const weir_ex_t *loop)
{
    uint32_t  most;

    most = most_entries(loop->args[0]);

    return logarithm(loop->flags & WEIR_XF_NESTED
                     ? at_most(most, WEIR_MAX_NESTED) : most);
}


unsigned
weir_cel_merged(const weir_ex_t *loop)
{
    return logarithm(most_entries(loop->args[loop->n - 1]));
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
