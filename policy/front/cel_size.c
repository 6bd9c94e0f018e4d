/*
 * cel_size.c: how large a value can be: the bytes of text, the entries of
 * lists and maps.
 *
 * Sizes come from the declarations of attributes and from constants; what
 * has neither gets the sizes below.  Entries of one list or map share its
 * bytes, so an entry has what is its share.
 */

#include "base/num.h"
#include "front/cel_ast.h"
#include "image/verbs.h"

#define SIZE_VALUE    8192u     /* bytes of a header, of a parameter */
#define SIZE_SHARE    16u       /* of an entry: a token has 16 KB */
#define SIZE_HEADER   128u      /* of a header among 256 */
#define SIZE_SCALAR   64u       /* of what string() makes from a number */
#define SIZE_MAX_     (1u << 20)


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
        set_size(ex, WEIR_SIZE_TEXT, SIZE_SHARE);
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
            part = weir_at_least(part, v->items[i].s.len
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
        set_size(ex, weir_at_least(of->part, SIZE_SHARE), SIZE_SHARE);

    } else if (of->x == WEIR_X_CONST || of->x == WEIR_X_LIST) {
        /* of what is written out, part bounds entries as well */
        set_size(ex, weir_at_most(of->part, WEIR_MAX_LIST), of->part);
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
        size = weir_at_least(size, ex->args[i]->size);
        part = weir_at_least(part, ex->args[i]->part);
    }

    set_size(ex, size, part);
}


/* Entries of a list at most; of what may be one too. */
uint32_t
weir_cel_entries(const weir_ex_t *list)
{
    return list->x == WEIR_X_CONST ? list->size
                                   : weir_at_most(list->size, WEIR_MAX_LIST);
}


/* Of text that is built: it lies in the request's scratch. */
static void
set_built(weir_ex_t *ex, uint64_t size)
{
    set_size(ex, size < WEIR_MAX_SCRATCH ? size : WEIR_MAX_SCRATCH, 0);
}


/* How often replace() and split() find their second argument at most. */
uint64_t
weir_cel_times(const weir_ex_t *ex)
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

    n = weir_cel_times(ex) + 1;
    n = n < WEIR_MAX_LIST ? n : WEIR_MAX_LIST;
    limit = ex->n > 2 ? ex->args[2]->value : NULL;

    if (ex->n > 2 && ex->args[2]->x == WEIR_X_CONST
        && limit->kind == WEIR_T_INT && limit->u.i > 0
        && (uint64_t) limit->u.i < n)
    {
        n = (uint64_t) limit->u.i;
    }

    set_size(ex, n, weir_at_least(ex->args[0]->size / (uint32_t) n,
                                  SIZE_SHARE));
}


/* Functions that build text, or a list of texts; false: another one. */
static bool
size_of_text(weir_ex_t *ex)
{
    uint32_t          sep;
    uint64_t          numbers;
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
        set_built(ex, weir_sat_add(a->size, weir_sat_mul(weir_cel_times(ex),
                                                         ex->args[2]->size)));
        set_size(ex, weir_at_least(ex->size, a->size), 0);
        return true;

    case WEIR_N_SPLIT:
        size_of_split(ex);
        return true;

    case WEIR_N_JOIN:
        sep = ex->n > 1 ? ex->args[1]->size : 0;
        set_built(ex, weir_sat_mul(weir_cel_entries(a),
                                   (uint64_t) a->part + sep));
        return true;

    case WEIR_N_FORMAT:
        set_built(ex, weir_cel_text_format(ex, &numbers));
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
                 weir_at_least(a->part, ex->args[1]->part));
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
        set_size(ex, weir_at_least(a->size, SIZE_SCALAR), 0);
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

    if (weir_cel_is_filter(ex)) {
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
uint32_t
weir_cel_range(const weir_ex_t *ex)
{
    uint32_t  a, b;

    if (ex->type->kind != WEIR_T_DYN || ex->x == WEIR_X_CONST
        || ex->x == WEIR_X_LIST || ex->x == WEIR_X_MAP)
    {
        return weir_at_most(ex->size, WEIR_MAX_LIST);
    }

    switch (ex->x) {

    case WEIR_X_VAR:
        return weir_cel_range(ex->u.var->expr->root);

    case WEIR_X_CALL:
        return ex->fn == WEIR_N_DYN ? weir_cel_range(ex->args[0])
                                    : WEIR_MAX_LIST;

    case WEIR_X_BIND:
        return weir_cel_range(ex->args[1]);

    case WEIR_X_COND:
        a = weir_cel_range(ex->args[1]);
        b = weir_cel_range(ex->args[2]);
        return weir_at_least(a, b);

    case WEIR_X_LOCAL:
        return ex->u.binder->x == WEIR_X_BIND
               ? weir_cel_range(ex->u.binder->args[0]) : WEIR_MAX_LIST;

    default:
        return WEIR_MAX_LIST;
    }
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

    most = weir_cel_range(loop->args[0]);

    return logarithm(loop->flags & WEIR_XF_NESTED
                     ? weir_at_most(most, WEIR_MAX_NESTED) : most);
}


unsigned
weir_cel_merged(const weir_ex_t *loop)
{
    return logarithm(weir_cel_range(loop->args[loop->n - 1]));
}


static void
size_of(weir_ex_t *ex)
{
    switch (ex->x) {

    case WEIR_X_CONST:
        size_of_const(ex);
        return;

    case WEIR_X_ATTR:
        size_of_attr(ex);
        return;

    case WEIR_X_PARAM:
        set_size(ex, SIZE_VALUE, 0);
        return;

    case WEIR_X_VAR:
        set_size(ex, ex->u.var->expr->root->size,
                 ex->u.var->expr->root->part);
        return;

    case WEIR_X_LOCAL:
        size_of_local(ex);
        return;

    case WEIR_X_CALL:
        size_of_call(ex);
        return;

    case WEIR_X_OR:
    case WEIR_X_AND:
        set_size(ex, SIZE_SCALAR, 0);
        return;

    case WEIR_X_COND:
        size_of_args(ex, 1);
        return;

    case WEIR_X_LIST:
        size_of_args(ex, 0);
        set_size(ex, ex->n, ex->size);
        return;

    case WEIR_X_MAP:
        size_of_args(ex, 0);
        set_size(ex, ex->n / 2, ex->size);
        return;

    case WEIR_X_LOOP:
        size_of_loop(ex);
        return;

    case WEIR_X_BIND:
        set_size(ex, ex->args[1]->size, ex->args[1]->part);
        return;

    default:
        size_by_type(ex);
    }
}


void
weir_cel_size(weir_ex_t *ex)
{
    size_of(ex);
    weir_cel_text(ex);
}
