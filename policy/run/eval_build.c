/*
 * eval_build.c: lists and maps that programs make, in the request's scratch.
 */

#include "run/fn.h"


/*
 * Takes an element or value on its way into a list or map: WEIR_OK; or
 * WEIR_DECLINED, an optional one without a value; or WEIR_ERROR and the error
 * in *v.
 */
static weir_rc_t
take(weir_eval_t *e, const weir_value_t *from, bool optional, weir_value_t *v)
{
    *v = *from;

    if (optional && v->kind == WEIR_T_OPTIONAL) {

        if (v->len == 0) {
            return WEIR_DECLINED;
        }

        weir_optional_get(e, from, v);

    } else if (optional && v->kind != WEIR_T_ERR) {
        *v = weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
    }

    return v->kind == WEIR_T_ERR ? WEIR_ERROR : WEIR_OK;
}


weir_value_t
weir_eval_list(weir_eval_t *e, const weir_insn_t *in, const weir_value_t *a)
{
    uint32_t       i, n;
    weir_rc_t      rc;
    weir_value_t   v, *items;

    items = weir_scratch(e, in->c * sizeof(weir_value_t));
    if (items == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    n = 0;

    for (i = 0; i < in->c; i++) {
        rc = take(e, &a[i], in->a, &v);

        if (rc == WEIR_ERROR) {
            return v;
        }

        if (rc == WEIR_OK) {
            items[n++] = v;
        }
    }

    return (weir_value_t) { .kind = WEIR_T_LIST, .len = n, .u.items = items };
}


/* Puts a pair behind those of a map that has room for it. */
static weir_eval_error_t
add_pair(weir_eval_t *e, weir_value_t *map, weir_value_t *items,
    const weir_value_t *key, const weir_value_t *value)
{
    weir_rc_t     rc;
    weir_value_t  old;

    if (key->kind != WEIR_T_STRING && key->kind != WEIR_T_BOOL
        && key->kind != WEIR_T_INT && key->kind != WEIR_T_UINT)
    {
        return WEIR_E_NO_SUCH_OVERLOAD;
    }

    rc = weir_map_get(e, map, key, &old);

    if (rc != WEIR_DECLINED) {
        return rc == WEIR_OK ? WEIR_E_DUPLICATE_KEY : WEIR_E_TOO_LARGE;
    }

    items[2 * map->len] = *key;
    items[2 * map->len + 1] = *value;
    map->len++;

    return WEIR_E_NONE;
}


weir_value_t
weir_eval_map(weir_eval_t *e, const weir_insn_t *in, const weir_value_t *a)
{
    uint32_t           i;
    weir_rc_t          rc;
    weir_value_t       map, v, *items;
    weir_eval_error_t  error;

    items = weir_scratch(e, 2 * in->c * sizeof(weir_value_t));
    if (items == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    map = (weir_value_t) { .kind = WEIR_T_MAP, .u.items = items };

    for (i = 0; i < in->c; i++, a += 2) {

        if (a->kind == WEIR_T_ERR) {
            return *a;
        }

        rc = take(e, &a[1], in->a, &v);

        if (rc == WEIR_ERROR) {
            return v;
        }

        error = rc == WEIR_OK ? add_pair(e, &map, items, a, &v)
                              : WEIR_E_NONE;
        if (error != WEIR_E_NONE) {
            return weir_v_err(error);
        }
    }

    return map;
}


weir_value_t
weir_eval_build(weir_eval_t *e, unsigned kind, const weir_value_t *range)
{
    uint32_t       n;
    weir_value_t  *items;

    n = kind == WEIR_T_MAP ? 2 * range->len : range->len;

    items = weir_scratch(e, n * sizeof(weir_value_t));
    if (items == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    return (weir_value_t) { .kind = (uint8_t) kind, .u.items = items,
                            .room = (uint16_t) range->len };
}


/*
 * Room is what BUILD allotted behind the entries, so writing there is safe;
 * two copies of one list may overwrite each other's entries, which no program
 * of the compiler has.
 */
weir_value_t
weir_eval_append(const weir_value_t *list, const weir_value_t *v)
{
    weir_value_t   out;
    weir_value_t  *items;

    if (list->kind == WEIR_T_ERR) {
        return *list;
    }

    if (v->kind == WEIR_T_ERR) {
        return *v;
    }

    if (list->room == 0) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    out = *list;
    items = (weir_value_t *) out.u.items;
    items[out.len++] = *v;
    out.room--;

    return out;
}


weir_value_t
weir_eval_insert(weir_eval_t *e, const weir_value_t *a)
{
    unsigned           i;
    weir_value_t       out;
    weir_eval_error_t  error;

    for (i = 0; i < 3; i++) {
        if (a[i].kind == WEIR_T_ERR) {
            return a[i];
        }
    }

    if (a->room == 0) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    out = *a;
    error = add_pair(e, &out, (weir_value_t *) out.u.items, &a[1], &a[2]);

    if (error != WEIR_E_NONE) {
        return weir_v_err(error);
    }

    out.room--;

    return out;
}
