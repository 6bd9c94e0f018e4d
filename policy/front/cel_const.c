/*
 * cel_const.c: functions of constants, worked out by the compiler.
 *
 * Only what needs no table of the evaluator and has one right answer; the
 * rest is left to the request.
 */

#include "front/cel_ast.h"
#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

#define FAIL(e)  (*error = WEIR_E_##e, WEIR_ERROR)


static weir_rc_t
put_bool(weir_cval_t *out, bool b)
{
    out->kind = WEIR_T_BOOL;
    out->u.b = b;

    return WEIR_OK;
}


static weir_rc_t
put_int(weir_cval_t *out, int64_t i)
{
    out->kind = WEIR_T_INT;
    out->u.i = i;

    return WEIR_OK;
}


static weir_rc_t
put_uint(weir_cval_t *out, uint64_t u)
{
    out->kind = WEIR_T_UINT;
    out->u.u = u;

    return WEIR_OK;
}


static weir_rc_t
put_double(weir_cval_t *out, double d)
{
    out->kind = WEIR_T_DOUBLE;
    out->u.d = d;

    return WEIR_OK;
}


static weir_rc_t
int_op(unsigned fn, int64_t a, int64_t b, weir_cval_t *out,
    weir_eval_error_t *error)
{
    bool     ok;
    int64_t  r;

    if ((fn == WEIR_FN_DIV_INT || fn == WEIR_FN_MOD_INT)
        && (b == 0 || b == -1))
    {
        return b == 0 ? FAIL(DIVIDE_BY_ZERO) : WEIR_DECLINED;
    }

    ok = true;
    r = 0;

    switch (fn) {
    case WEIR_FN_ADD_INT:  ok = weir_add(a, b, &r);  break;
    case WEIR_FN_SUB_INT:  ok = weir_sub(a, b, &r);  break;
    case WEIR_FN_MUL_INT:  ok = weir_mul(a, b, &r);  break;
    case WEIR_FN_DIV_INT:  r = a / b;                break;
    default:               r = a % b;
    }

    return ok ? put_int(out, r) : FAIL(OVERFLOW);
}


static weir_rc_t
uint_op(unsigned fn, uint64_t a, uint64_t b, weir_cval_t *out,
    weir_eval_error_t *error)
{
    bool      ok;
    uint64_t  r;

    if ((fn == WEIR_FN_DIV_UINT || fn == WEIR_FN_MOD_UINT) && b == 0) {
        return FAIL(DIVIDE_BY_ZERO);
    }

    ok = true;
    r = 0;

    switch (fn) {
    case WEIR_FN_ADD_UINT:  ok = weir_add(a, b, &r);  break;
    case WEIR_FN_SUB_UINT:  ok = weir_sub(a, b, &r);  break;
    case WEIR_FN_MUL_UINT:  ok = weir_mul(a, b, &r);  break;
    case WEIR_FN_DIV_UINT:  r = a / b;                break;
    default:                r = a % b;
    }

    return ok ? put_uint(out, r) : FAIL(OVERFLOW);
}


static weir_rc_t
double_op(unsigned fn, double a, double b, weir_cval_t *out)
{
    switch (fn) {
    case WEIR_FN_ADD_DOUBLE:  return put_double(out, a + b);
    case WEIR_FN_SUB_DOUBLE:  return put_double(out, a - b);
    case WEIR_FN_MUL_DOUBLE:  return put_double(out, a * b);
    default:                  return put_double(out, a / b);
    }
}


static weir_rc_t
join_text(weir_cel_t *c, const weir_cval_t *a, const weir_cval_t *b,
    weir_cval_t *out)
{
    char  *p;

    if (a->s.len > WEIR_MAX_STRING || b->s.len > WEIR_MAX_STRING - a->s.len) {
        return WEIR_DECLINED;
    }

    p = weir_arena_alloc(c->arena, a->s.len + b->s.len + 1);

    if (p == NULL) {
        return WEIR_NOMEM;
    }

    memcpy(p, a->s.data, a->s.len);
    memcpy(p + a->s.len, b->s.data, b->s.len);

    out->kind = a->kind;
    out->s = weir_str(p, a->s.len + b->s.len);

    return WEIR_OK;
}


/* lowerAscii(), upperAscii() */
static weir_rc_t
change_case(weir_cel_t *c, weir_str_t s, char first, weir_cval_t *out)
{
    char    *p;
    size_t   i;

    p = weir_arena_alloc(c->arena, s.len + 1);

    if (p == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < s.len; i++) {
        p[i] = s.data[i] >= first && s.data[i] <= first + 25
               ? (char) (s.data[i] ^ 0x20) : s.data[i];
    }

    out->kind = WEIR_T_STRING;
    out->s = weir_str(p, s.len);

    return WEIR_OK;
}


/* string(), of what has one way to be written */
static weir_rc_t
print(weir_cel_t *c, const weir_cval_t *a, weir_cval_t *out)
{
    out->kind = WEIR_T_STRING;

    if (a->kind == WEIR_T_BOOL) {
        out->s = a->u.b ? weir_string("true") : weir_string("false");

    } else if (a->kind == WEIR_T_INT) {
        out->s = weir_arena_printf(c->arena, "%lld", (long long) a->u.i);

    } else {
        out->s = weir_arena_printf(c->arena, "%llu",
                                   (unsigned long long) a->u.u);
    }

    return out->s.data != NULL ? WEIR_OK : WEIR_NOMEM;
}


static bool
contains(weir_str_t s, weir_str_t part)
{
    size_t  i;

    for (i = 0; i + part.len <= s.len; i++) {
        if (memcmp(s.data + i, part.data, part.len) == 0) {
            return true;
        }
    }

    return false;
}


static bool
is_number(const weir_cval_t *v)
{
    return v->kind == WEIR_T_INT || v->kind == WEIR_T_UINT
           || v->kind == WEIR_T_DOUBLE;
}


/*
 * Equality of CEL; WEIR_DECLINED where numbers of two kinds meet, or maps:
 * those are the evaluator's.
 */
static weir_rc_t
equal(const weir_cval_t *a, const weir_cval_t *b, bool *out)
{
    uint32_t   i;
    weir_rc_t  rc;

    if (a->kind != b->kind) {
        *out = false;
        return is_number(a) && is_number(b) ? WEIR_DECLINED : WEIR_OK;
    }

    switch (a->kind) {

    case WEIR_T_DOUBLE:
        *out = a->u.d == b->u.d;
        return WEIR_OK;

    case WEIR_T_LIST:
        *out = a->n == b->n;

        for (i = 0; *out && i < a->n; i++) {
            rc = equal(&a->items[i], &b->items[i], out);

            if (rc != WEIR_OK) {
                return rc;
            }
        }

        return WEIR_OK;

    case WEIR_T_MAP:
    case WEIR_T_CIDRS:
    case WEIR_T_REGEX:
        return WEIR_DECLINED;

    default:
        *out = weir_cval_same(a, b);
        return WEIR_OK;
    }
}


/* <0, 0, >0 of one kind; false where the order is the evaluator's. */
static bool
order(const weir_cval_t *a, const weir_cval_t *b, int *out)
{
    if (a->kind != b->kind) {
        return false;
    }

    switch (a->kind) {

    case WEIR_T_BOOL:
        *out = a->u.b - b->u.b;
        return true;

    case WEIR_T_INT:
        *out = (a->u.i > b->u.i) - (a->u.i < b->u.i);
        return true;

    case WEIR_T_UINT:
        *out = (a->u.u > b->u.u) - (a->u.u < b->u.u);
        return true;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        *out = weir_str_cmp(a->s, b->s);
        return true;

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        *out = (a->u.i > b->u.i) - (a->u.i < b->u.i);

        if (*out == 0) {
            *out = ((int32_t) a->n > (int32_t) b->n)
                   - ((int32_t) a->n < (int32_t) b->n);
        }

        return true;

    default:
        return false;
    }
}


static weir_rc_t
compare(unsigned name, const weir_cval_t *a, const weir_cval_t *b,
    weir_cval_t *out)
{
    int  o;

    if (!order(a, b, &o)) {
        return WEIR_DECLINED;
    }

    switch (name) {
    case WEIR_N_LT:  return put_bool(out, o < 0);
    case WEIR_N_LE:  return put_bool(out, o <= 0);
    case WEIR_N_GT:  return put_bool(out, o > 0);
    default:         return put_bool(out, o >= 0);
    }
}


static weir_rc_t
in_list(const weir_cval_t *v, const weir_cval_t *list, weir_cval_t *out)
{
    bool       same;
    uint32_t   i;
    weir_rc_t  rc;

    for (i = 0; i < list->n; i++) {
        rc = equal(v, &list->items[i], &same);

        if (rc != WEIR_OK) {
            return rc;
        }

        if (same) {
            return put_bool(out, true);
        }
    }

    return put_bool(out, false);
}


static weir_rc_t
index_map(const weir_cval_t *map, const weir_cval_t *key, weir_cval_t *out,
    weir_eval_error_t *error)
{
    uint32_t  i;

    for (i = 0; i < map->n; i++) {

        if (map->items[2 * i].kind != key->kind) {
            return WEIR_DECLINED;
        }

        if (weir_cval_same(&map->items[2 * i], key)) {
            *out = map->items[2 * i + 1];
            return WEIR_OK;
        }
    }

    return FAIL(NO_SUCH_KEY);
}


/* Functions of text that give another kind. */
static weir_rc_t
parse(unsigned fn, weir_str_t s, weir_cval_t *out, weir_eval_error_t *error)
{
    int32_t      nsec;
    weir_rc_t    rc;
    weir_cidr_t  cidr;

    switch (fn) {

    case WEIR_FN_TIMESTAMP_STRING:
        out->kind = WEIR_T_TIMESTAMP;
        rc = weir_time_parse(s, &out->u.i, &out->n);
        break;

    case WEIR_FN_DURATION_STRING:
        out->kind = WEIR_T_DURATION;
        nsec = 0;
        rc = weir_duration_parse(s, &out->u.i, &nsec);
        out->n = (uint32_t) nsec;
        break;

    case WEIR_FN_IP_STRING:
        out->kind = WEIR_T_IP;
        rc = weir_ip_parse_exact(s, &out->ip);
        break;

    default:
        out->kind = WEIR_T_CIDR;
        rc = weir_cidr_parse_exact(s, &cidr);

        if (rc == WEIR_OK) {
            out->ip = cidr.ip;
            out->n = cidr.bits;
        }
    }

    return rc == WEIR_OK ? WEIR_OK : FAIL(CONVERSION);
}


static weir_rc_t
contains_ip(const weir_cval_t *cidr, const weir_cval_t *ip, weir_cval_t *out)
{
    weir_cidr_t  prefix;

    prefix.ip = cidr->ip;
    prefix.bits = (uint8_t) cidr->n;

    return put_bool(out, weir_cidr_contains(&prefix, &ip->ip));
}


/* The overload that takes these constants; WEIR_FN_COUNT: none for sure. */
static unsigned
row_of(const weir_ex_t *call)
{
    unsigned                i, k;
    const weir_fn_info_t   *f;

    for (i = 0; i < call->nmatched; i++) {
        f = &weir_fns[call->matched[i]];

        for (k = 0; k < call->n; k++) {
            if (f->args[k] != WEIR_T_DYN
                && f->args[k] != call->args[k]->value->kind)
            {
                break;
            }
        }

        if (k == call->n) {
            return call->matched[i];
        }
    }

    return WEIR_FN_COUNT;
}


/* Functions of one constant. */
static weir_rc_t
eval_one(weir_cel_t *c, unsigned fn, const weir_cval_t *a, weir_cval_t *out,
    weir_eval_error_t *error)
{
    switch (fn) {

    case WEIR_FN_NOT_BOOL:
        return put_bool(out, !a->u.b);

    case WEIR_FN_NEG_INT:
        return a->u.i == INT64_MIN ? FAIL(OVERFLOW) : put_int(out, -a->u.i);

    case WEIR_FN_NEG_DOUBLE:
        return put_double(out, -a->u.d);

    case WEIR_FN_SIZE_STRING:
    case WEIR_FN_M_SIZE_STRING:
        return put_int(out, (int64_t) weir_utf8_len(a->s));

    case WEIR_FN_SIZE_BYTES:
    case WEIR_FN_M_SIZE_BYTES:
        return put_int(out, (int64_t) a->s.len);

    case WEIR_FN_SIZE_LIST:
    case WEIR_FN_M_SIZE_LIST:
    case WEIR_FN_SIZE_MAP:
    case WEIR_FN_M_SIZE_MAP:
        return put_int(out, a->n);

    case WEIR_FN_LOWER_ASCII_S:
        return change_case(c, a->s, 'A', out);

    case WEIR_FN_UPPER_ASCII_S:
        return change_case(c, a->s, 'a', out);

    case WEIR_FN_STRING_BOOL:
    case WEIR_FN_STRING_INT:
    case WEIR_FN_STRING_UINT:
        return print(c, a, out);

    case WEIR_FN_BOOL_BOOL:
    case WEIR_FN_INT_INT:
    case WEIR_FN_UINT_UINT:
    case WEIR_FN_DOUBLE_DOUBLE:
    case WEIR_FN_STRING_STRING:
    case WEIR_FN_BYTES_BYTES:
    case WEIR_FN_TIMESTAMP_TIMESTAMP:
    case WEIR_FN_DURATION_DURATION:
    case WEIR_FN_DYN_ANY:
        *out = *a;
        return WEIR_OK;

    case WEIR_FN_INT_UINT:
        return a->u.u > INT64_MAX ? FAIL(OVERFLOW)
                                  : put_int(out, (int64_t) a->u.u);

    case WEIR_FN_UINT_INT:
        return a->u.i < 0 ? FAIL(OVERFLOW)
                          : put_uint(out, (uint64_t) a->u.i);

    case WEIR_FN_DOUBLE_INT:
        return put_double(out, (double) a->u.i);

    case WEIR_FN_DOUBLE_UINT:
        return put_double(out, (double) a->u.u);

    case WEIR_FN_BYTES_STRING:
        *out = *a;
        out->kind = WEIR_T_BYTES;
        return WEIR_OK;

    case WEIR_FN_TYPE_ANY:
        out->kind = WEIR_T_TYPE;
        out->u.i = a->kind;
        return a->kind < WEIR_T_CIDRS ? WEIR_OK : WEIR_DECLINED;

    case WEIR_FN_TIMESTAMP_STRING:
    case WEIR_FN_DURATION_STRING:
    case WEIR_FN_IP_STRING:
    case WEIR_FN_CIDR_STRING:
        return parse(fn, a->s, out, error);

    default:
        return WEIR_DECLINED;
    }
}


/* Functions of two constants. */
static weir_rc_t
eval_two(weir_cel_t *c, unsigned fn, const weir_cval_t *a,
    const weir_cval_t *b, weir_cval_t *out, weir_eval_error_t *error)
{
    bool       same;
    weir_rc_t  rc;

    switch (weir_fns[fn].name) {

    case WEIR_N_EQ:
    case WEIR_N_NE:
        rc = equal(a, b, &same);
        return rc != WEIR_OK ? rc
               : put_bool(out, same == (weir_fns[fn].name == WEIR_N_EQ));

    case WEIR_N_LT:
    case WEIR_N_LE:
    case WEIR_N_GT:
    case WEIR_N_GE:
        return compare(weir_fns[fn].name, a, b, out);

    default:
        break;
    }

    switch (fn) {

    case WEIR_FN_ADD_INT:
    case WEIR_FN_SUB_INT:
    case WEIR_FN_MUL_INT:
    case WEIR_FN_DIV_INT:
    case WEIR_FN_MOD_INT:
        return int_op(fn, a->u.i, b->u.i, out, error);

    case WEIR_FN_ADD_UINT:
    case WEIR_FN_SUB_UINT:
    case WEIR_FN_MUL_UINT:
    case WEIR_FN_DIV_UINT:
    case WEIR_FN_MOD_UINT:
        return uint_op(fn, a->u.u, b->u.u, out, error);

    case WEIR_FN_ADD_DOUBLE:
    case WEIR_FN_SUB_DOUBLE:
    case WEIR_FN_MUL_DOUBLE:
    case WEIR_FN_DIV_DOUBLE:
        return double_op(fn, a->u.d, b->u.d, out);

    case WEIR_FN_ADD_STRING:
    case WEIR_FN_ADD_BYTES:
        return join_text(c, a, b, out);

    case WEIR_FN_CONTAINS_STRING:
        return put_bool(out, contains(a->s, b->s));

    case WEIR_FN_STARTS_WITH_S:
        return put_bool(out, weir_str_starts(a->s, b->s));

    case WEIR_FN_ENDS_WITH_S:
        return put_bool(out, weir_str_ends(a->s, b->s));

    case WEIR_FN_IN_LIST:
        return in_list(a, b, out);

    case WEIR_FN_INDEX_LIST:
        if (b->u.i < 0 || b->u.i >= (int64_t) a->n) {
            return FAIL(OUT_OF_RANGE);
        }

        *out = a->items[b->u.i];
        return WEIR_OK;

    case WEIR_FN_INDEX_MAP:
        return index_map(a, b, out, error);

    case WEIR_FN_CONTAINS_IP_IP:
        return contains_ip(a, b, out);

    default:
        return WEIR_DECLINED;
    }
}


bool
weir_cval_same(const weir_cval_t *a, const weir_cval_t *b)
{
    uint32_t  i, n;

    if (a->kind != b->kind || a->n != b->n) {
        return false;
    }

    switch (a->kind) {

    case WEIR_T_NULL:
        return true;

    case WEIR_T_BOOL:
        return a->u.b == b->u.b;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return weir_str_eq(a->s, b->s);

    case WEIR_T_REGEX:
        return weir_str_eq(a->s, b->s) && weir_str_eq(a->source, b->source);

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        return a->ip.len == b->ip.len
               && memcmp(a->ip.bytes, b->ip.bytes, a->ip.len) == 0;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        n = a->kind == WEIR_T_MAP ? 2 * a->n : a->n;

        for (i = 0; i < n; i++) {
            if (!weir_cval_same(&a->items[i], &b->items[i])) {
                return false;
            }
        }

        return true;

    default:
        /* INT UINT TYPE CIDRS times; of a double, its bits */
        return a->u.u == b->u.u;
    }
}


weir_rc_t
weir_cel_eval(weir_cel_t *c, const weir_ex_t *call, weir_cval_t *out,
    weir_eval_error_t *error)
{
    unsigned      fn;
    weir_rc_t     rc;
    weir_cval_t   v;

    fn = row_of(call);

    if (fn == WEIR_FN_COUNT || call->n == 0 || call->n > 2) {
        return WEIR_DECLINED;
    }

    memset(&v, 0, sizeof(v));

    rc = call->n == 1
         ? eval_one(c, fn, call->args[0]->value, &v, error)
         : eval_two(c, fn, call->args[0]->value, call->args[1]->value, &v,
                    error);

    if (rc == WEIR_OK) {
        *out = v;
    }

    return rc;
}
