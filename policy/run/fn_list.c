/*
 * fn_list.c: lists, maps, optional values.
 */

#include "run/fn.h"


static weir_value_t
too_large(void)
{
    return weir_v_err(WEIR_E_TOO_LARGE);
}


WEIR_FN(ADD_LIST)
{
    uint32_t       i, n;
    weir_value_t  *items;

    if (a[1].len == 0) {
        return a[0];
    }

    if (a[0].len == 0) {
        return a[1];
    }

    if (a[0].len > WEIR_MAX_LIST || a[1].len > WEIR_MAX_LIST - a[0].len) {
        return too_large();
    }

    n = a[0].len + a[1].len;
    items = weir_scratch(e, n * sizeof(weir_value_t));

    if (items == NULL || !weir_work(e, n * sizeof(weir_value_t))) {
        return too_large();
    }

    for (i = 0; i < a[0].len; i++) {
        weir_list_at(e, &a[0], i, &items[i]);
    }

    for (i = 0; i < a[1].len; i++) {
        weir_list_at(e, &a[1], i, &items[a[0].len + i]);
    }

    return (weir_value_t) { .kind = WEIR_T_LIST, .len = n, .u.items = items };
}


static inline __attribute__((always_inline)) weir_value_t
text_among(weir_eval_t *e, const weir_img_const_t *c, uint32_t n,
    weir_str_t text)
{
    const weir_img_const_t  *end;

    for (end = c + n; c < end; c++) {

        if (c->n != text.len || c->kind != WEIR_T_STRING) {
            continue;
        }

        if (!weir_work(e, text.len)) {
            return too_large();
        }

        if (weir_same_bytes(weir_const_text(e->image, c).data, text.data,
                            text.len))
        {
            return weir_v_bool(true);
        }
    }

    return weir_v_bool(false);
}


static WEIR_SELDOM weir_value_t
long_text_among(weir_eval_t *e, const weir_img_const_t *c, uint32_t n,
    weir_str_t text)
{
    return text_among(e, c, n, text);
}


/* Short texts are compared without a call: no frame here. */
weir_value_t
weir_text_among(weir_eval_t *e, const weir_img_const_t *c, uint32_t n,
    weir_str_t text)
{
    return text.len <= WEIR_SHORT ? text_among(e, c, n, text)
                                  : long_text_among(e, c, n, text);
}


/* The same among values. */
static weir_value_t
has_text_value(weir_eval_t *e, const weir_value_t *list, weir_str_t text)
{
    uint32_t             i;
    const weir_value_t  *v;

    for (i = 0; i < list->len; i++) {
        v = &list->u.items[i];

        if (v->len != text.len || v->kind != WEIR_T_STRING) {
            continue;
        }

        if (!weir_work(e, text.len)) {
            return too_large();
        }

        if (weir_str_eq(weir_v_text(v), text)) {
            return weir_v_bool(true);
        }
    }

    return weir_v_bool(false);
}


WEIR_FN(IN_LIST)
{
    uint32_t      i;
    weir_value_t  at, eq;

    if (a[1].len > WEIR_MAX_LIST || !weir_work(e, (size_t) a[1].len * 16)) {
        return too_large();
    }

    if (a[0].kind == WEIR_T_STRING && a[1].rep == WEIR_REP_IMAGE) {
        return weir_text_among(e, a[1].u.consts, a[1].len,
                               weir_v_text(&a[0]));
    }

    if (a[0].kind == WEIR_T_STRING && a[1].rep == WEIR_REP_VALUES) {
        return has_text_value(e, &a[1], weir_v_text(&a[0]));
    }

    for (i = 0; i < a[1].len; i++) {
        weir_list_at(e, &a[1], i, &at);
        eq = weir_value_equal(e, &a[0], &at);

        if (eq.kind == WEIR_T_ERR || eq.u.b) {
            return eq;
        }
    }

    return weir_v_bool(false);
}


WEIR_FN(IN_MAP)
{
    weir_rc_t     rc;
    weir_value_t  at;

    rc = weir_map_get(e, &a[1], &a[0], &at);

    return rc == WEIR_ERROR ? too_large() : weir_v_bool(rc == WEIR_OK);
}


/* The index that a number is, whatever its kind; -1: none that can be. */
static weir_eval_error_t
as_index(const weir_value_t *v, int64_t *i)
{
    weir_value_t  n;

    switch (v->kind) {

    case WEIR_T_INT:
        *i = v->u.i;
        return WEIR_E_NONE;

    case WEIR_T_UINT:
        *i = v->u.u > INT64_MAX ? -1 : (int64_t) v->u.u;
        return WEIR_E_NONE;

    case WEIR_T_DOUBLE:
        if (!(v->u.d >= -9007199254740992.0 && v->u.d <= 9007199254740992.0))
        {
            return WEIR_E_INVALID_ARGUMENT;
        }

        n = weir_v_int((int64_t) v->u.d);

        if (weir_compare_numbers(&n, v) != 0) {
            return WEIR_E_INVALID_ARGUMENT;
        }

        *i = n.u.i;
        return WEIR_E_NONE;

    default:
        return WEIR_E_NO_SUCH_OVERLOAD;
    }
}


static weir_value_t
list_item(weir_eval_t *e, const weir_value_t *list, const weir_value_t *index)
{
    int64_t            i;
    weir_value_t       out;
    weir_eval_error_t  error;

    error = as_index(index, &i);

    if (error == WEIR_E_NONE && (i < 0 || i >= (int64_t) list->len)) {
        error = WEIR_E_OUT_OF_RANGE;
    }

    if (error != WEIR_E_NONE) {
        return weir_v_err(error);
    }

    weir_list_at(e, list, (uint32_t) i, &out);

    return out;
}


static weir_value_t
map_item(weir_eval_t *e, const weir_value_t *map, const weir_value_t *key)
{
    weir_rc_t     rc;
    weir_value_t  out;

    rc = weir_map_get(e, map, key, &out);

    if (rc == WEIR_OK) {
        return out;
    }

    return weir_v_err(rc == WEIR_DECLINED ? WEIR_E_NO_SUCH_KEY
                                          : WEIR_E_TOO_LARGE);
}


WEIR_FN(INDEX_LIST)
{
    return list_item(e, &a[0], &a[1]);
}


WEIR_FN(INDEX_LIST_ANY)
{
    return list_item(e, &a[0], &a[1]);
}


WEIR_FN(INDEX_MAP)
{
    return map_item(e, &a[0], &a[1]);
}


static weir_value_t
none(void)
{
    return (weir_value_t) { .kind = WEIR_T_OPTIONAL };
}


static weir_value_t
some(weir_eval_t *e, const weir_value_t *v)
{
    weir_value_t  *held;

    held = weir_scratch(e, sizeof(weir_value_t));
    if (held == NULL) {
        return too_large();
    }

    *held = *v;

    return (weir_value_t) { .kind = WEIR_T_OPTIONAL, .len = 1,
                            .u.items = held };
}


/* What is not there is an optional value without one, and no error. */
static weir_value_t
maybe(weir_eval_t *e, weir_value_t v)
{
    if (v.kind != WEIR_T_ERR) {
        return some(e, &v);
    }

    return v.len == WEIR_E_NO_SUCH_KEY || v.len == WEIR_E_OUT_OF_RANGE
               ? none() : v;
}


WEIR_FN(OPT_INDEX_LIST)
{
    return maybe(e, list_item(e, &a[0], &a[1]));
}


WEIR_FN(OPT_INDEX_MAP)
{
    return maybe(e, map_item(e, &a[0], &a[1]));
}


static weir_value_t
inside(weir_eval_t *e, const weir_value_t *a)
{
    weir_value_t  v;

    if (a[0].len == 0) {
        return none();
    }

    weir_optional_get(e, &a[0], &v);

    switch (v.kind) {

    case WEIR_T_LIST:
        return maybe(e, list_item(e, &v, &a[1]));

    case WEIR_T_MAP:
        return maybe(e, map_item(e, &v, &a[1]));

    default:
        return weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
    }
}


WEIR_FN(INDEX_OPT)
{
    return inside(e, a);
}


WEIR_FN(INDEX_OPT_LIST)
{
    return inside(e, a);
}


WEIR_FN(OPT_INDEX_OPT)
{
    return inside(e, a);
}


WEIR_FN(OPT_INDEX_OPT_LIST)
{
    return inside(e, a);
}


#define SIZE(id)                                                              \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_int(a[0].len);                                          \
    }

SIZE(SIZE_LIST)
SIZE(SIZE_MAP)
SIZE(M_SIZE_LIST)
SIZE(M_SIZE_MAP)


WEIR_FN(OPT_OF_ANY)
{
    return some(e, &a[0]);
}


/* What a value of its kind is where nobody said: nothing, no, no entries. */
static bool
is_zero(const weir_value_t *v)
{
    switch (v->kind) {

    case WEIR_T_NULL:
        return true;

    case WEIR_T_BOOL:
        return !v->u.b;

    case WEIR_T_DOUBLE:
        return v->u.d == 0;

    case WEIR_T_INT:
    case WEIR_T_UINT:
        return v->u.u == 0;

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        return v->u.i == 0 && v->len == 0;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_LIST:
    case WEIR_T_MAP:
    case WEIR_T_OPTIONAL:
        return v->len == 0;

    default:
        return false;
    }
}


WEIR_FN(OPT_NON_ZERO_ANY)
{
    return is_zero(&a[0]) ? none() : some(e, &a[0]);
}


WEIR_FN(OPT_NONE_)
{
    WEIR_UNUSED(e);
    WEIR_UNUSED(a);
    return none();
}


WEIR_FN(HAS_VALUE_OPT)
{
    WEIR_UNUSED(e);
    return weir_v_bool(a[0].len != 0);
}


WEIR_FN(VALUE_OPT)
{
    weir_value_t  v;

    if (a[0].len == 0) {
        return weir_v_err(WEIR_E_INVALID_ARGUMENT);
    }

    weir_optional_get(e, &a[0], &v);

    return v;
}


WEIR_FN(OR_VALUE_OPT)
{
    return a[0].len ? weir_fn_VALUE_OPT(e, a) : a[1];
}


WEIR_FN(OR_OPT_OPT)
{
    WEIR_UNUSED(e);
    return a[0].len ? a[0] : a[1];
}
