/*
 * value.c: constants as values, entries of lists and maps however they are
 * held, and equality.
 */

#include "run/fn.h"

#define FEW  4


void
weir_const_other(const weir_image_t *img, const weir_img_const_t *c,
    weir_value_t *out)
{
    memset(out, 0, sizeof(weir_value_t));
    out->kind = c->kind;

    switch (c->kind) {

    case WEIR_T_BYTES:
        out->len = c->n;
        out->u.s = (const char *) WEIR_REC(img, BYTES) + c->v;
        return;

    case WEIR_T_BOOL:
        out->u.b = c->v != 0;
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
    case WEIR_T_OPTIONAL:
        out->len = c->n;
        out->rep = WEIR_REP_IMAGE;
        out->u.consts = WEIR_REC(img, CONSTS) + c->v;
        return;

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        out->len = c->n >> 8;
        out->u.ip = (const weir_ip_t *) (WEIR_REC(img, BYTES) + c->v);
        return;

    case WEIR_T_CIDRS:
    case WEIR_T_REGEX:
        out->u.index = (uint32_t) c->v;
        return;

    default:
        out->len = c->n;
        out->u.u = c->v;
    }
}


void
weir_list_at(weir_eval_t *e, const weir_value_t *list, uint32_t i,
    weir_value_t *out)
{
    weir_value_t  value;

    switch (list->rep) {

    case WEIR_REP_VALUES:
        *out = list->u.items[i];
        return;

    case WEIR_REP_IMAGE:
        weir_const_value(e->image, &list->u.consts[i], out);
        return;

    default:
        *out = value = weir_v_err(WEIR_E_UNAVAILABLE);
        e->host->at(e->host_data, list->u.attr, i, out, &value);
    }
}


void
weir_map_at(weir_eval_t *e, const weir_value_t *map, uint32_t i,
    weir_value_t *key, weir_value_t *value)
{
    switch (map->rep) {

    case WEIR_REP_VALUES:
        *key = map->u.items[2 * i];
        *value = map->u.items[2 * i + 1];
        return;

    case WEIR_REP_IMAGE:
        weir_const_value(e->image, &map->u.consts[2 * i], key);
        weir_const_value(e->image, &map->u.consts[2 * i + 1], value);
        return;

    default:
        *key = *value = weir_v_err(WEIR_E_UNAVAILABLE);
        e->host->at(e->host_data, map->u.attr, i, key, value);
    }
}


void
weir_optional_get(weir_eval_t *e, const weir_value_t *v, weir_value_t *out)
{
    if (v->rep == WEIR_REP_IMAGE) {
        weir_const_value(e->image, v->u.consts, out);
        return;
    }

    *out = *v->u.items;
}


static int
compare_double(double a, double b)
{
    if (a != a || b != b) {
        return WEIR_UNORDERED;
    }

    return (a > b) - (a < b);
}


/* As doubles, like the reference: what a double cannot hold is rounded. */
static int
compare_int_double(int64_t i, double d)
{
    return compare_double((double) i, d);
}


static int
compare_uint_double(uint64_t u, double d)
{
    return compare_double((double) u, d);
}


static int
compare_int_uint(int64_t i, uint64_t u)
{
    if (i < 0) {
        return -1;
    }

    return ((uint64_t) i > u) - ((uint64_t) i < u);
}


static int
negate(int order)
{
    return order == WEIR_UNORDERED ? order : -order;
}


int
weir_compare_numbers(const weir_value_t *a, const weir_value_t *b)
{
    switch (a->kind) {

    case WEIR_T_INT:
        return b->kind == WEIR_T_INT
                   ? (a->u.i > b->u.i) - (a->u.i < b->u.i)
               : b->kind == WEIR_T_UINT
                   ? compare_int_uint(a->u.i, b->u.u)
                   : compare_int_double(a->u.i, b->u.d);

    case WEIR_T_UINT:
        return b->kind == WEIR_T_UINT
                   ? (a->u.u > b->u.u) - (a->u.u < b->u.u)
               : b->kind == WEIR_T_INT
                   ? negate(compare_int_uint(b->u.i, a->u.u))
                   : compare_uint_double(a->u.u, b->u.d);

    default:
        return b->kind == WEIR_T_DOUBLE
                   ? compare_double(a->u.d, b->u.d)
               : b->kind == WEIR_T_INT
                   ? negate(compare_int_double(b->u.i, a->u.d))
                   : negate(compare_uint_double(b->u.u, a->u.d));
    }
}


static inline bool
is_number(unsigned kind)
{
    return kind == WEIR_T_INT || kind == WEIR_T_UINT || kind == WEIR_T_DOUBLE;
}


/* Where keys of a kind stand in a sorted map; -1: nowhere. */
static int
rank(unsigned kind)
{
    switch (kind) {

    case WEIR_T_BOOL:
        return 0;

    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
        return 1;

    case WEIR_T_STRING:
        return 2;

    default:
        return -1;
    }
}


/* Order of two keys; unordered where one is not a number. */
static int
compare_keys(const weir_value_t *a, const weir_value_t *b)
{
    int  ra, rb;

    ra = rank(a->kind);
    rb = rank(b->kind);

    if (ra != rb) {
        return ra < rb ? -1 : 1;
    }

    switch (ra) {

    case 0:
        return (int) a->u.b - (int) b->u.b;

    case 1:
        return weir_compare_numbers(a, b);

    default:
        return weir_str_cmp(weir_v_text(a), weir_v_text(b));
    }
}


/* Bytes that comparing a key with an entry may look at. */
static inline size_t
key_bytes(const weir_value_t *key)
{
    return key->kind == WEIR_T_STRING ? (size_t) key->len + 16 : 16;
}


static WEIR_SELDOM weir_rc_t
search_image(weir_eval_t *e, const weir_value_t *map, const weir_value_t *key,
    weir_value_t *out)
{
    int           order;
    uint32_t      lo, hi, mid;
    weir_value_t  at;

    lo = 0;
    hi = map->len;

    while (lo < hi) {

        if (!weir_work(e, key_bytes(key))) {
            return WEIR_ERROR;
        }

        mid = lo + (hi - lo) / 2;
        weir_const_value(e->image, &map->u.consts[2 * mid], &at);
        order = compare_keys(key, &at);

        if (order == 0) {
            weir_const_value(e->image, &map->u.consts[2 * mid + 1], out);
            return WEIR_OK;
        }

        if (order < 0) {
            hi = mid;

        } else {
            lo = mid + 1;
        }
    }

    return WEIR_DECLINED;
}


static WEIR_SELDOM weir_rc_t
search_values(weir_eval_t *e, const weir_value_t *map,
    const weir_value_t *key, weir_value_t *out)
{
    uint32_t             i;
    const weir_value_t  *at;

    if (!weir_work(e, map->len * key_bytes(key))) {
        return WEIR_ERROR;
    }

    at = map->u.items;

    for (i = 0; i < map->len; i++, at += 2) {
        if (compare_keys(key, at) == 0) {
            *out = at[1];
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


/* Of a few string keys most are told by their length; a short key. */
static WEIR_SELDOM weir_rc_t
search_few(weir_eval_t *e, const weir_value_t *map, weir_str_t key,
    weir_value_t *out)
{
    const char              *text;
    const weir_img_const_t  *c, *end;

    c = map->u.consts;

    for (end = c + 2 * map->len; c < end; c += 2) {

        if (c->n != key.len || c->kind != WEIR_T_STRING) {
            continue;
        }

        if (!weir_work(e, key.len)) {
            return WEIR_ERROR;
        }

        /* keys are mostly constants, and equal ones mostly one text */
        text = weir_const_text(e->image, c).data;

        if (text == key.data
            || (key.len <= WEIR_SHORT
                && weir_same_bytes(text, key.data, key.len)))
        {
            weir_const_value(e->image, &c[1], out);
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static WEIR_SELDOM weir_rc_t
search_constants(weir_eval_t *e, const weir_value_t *map, weir_str_t key,
    weir_value_t *out)
{
    weir_value_t  v;

    v = weir_v_str(key);

    return search_image(e, map, &v, out);
}


/* Most keys are told by their length and first byte, however many. */
static inline __attribute__((always_inline)) weir_rc_t
search_texts(const weir_value_t *map, weir_str_t key, weir_value_t *out)
{
    const weir_value_t  *at, *end;

    at = map->u.items;

    for (end = at + 2 * map->len; at < end; at += 2) {
        if (at->len == key.len && at->kind == WEIR_T_STRING
            && (key.len == 0 || at->u.s[0] == key.data[0])
            && weir_same_bytes(at->u.s, key.data, key.len))
        {
            *out = at[1];
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static WEIR_SELDOM weir_rc_t
search_long(const weir_value_t *map, weir_str_t key, weir_value_t *out)
{
    return search_texts(map, key, out);
}


/* What is seldom, and what calls others, stands elsewhere: no frame here. */
weir_rc_t
weir_map_text(weir_eval_t *e, const weir_value_t *map, weir_str_t key,
    weir_value_t *out)
{
    switch (map->rep) {

    case WEIR_REP_VALUES:
        if (!weir_work(e, map->len * (key.len + 16))) {
            return WEIR_ERROR;
        }

        return key.len <= WEIR_SHORT ? search_texts(map, key, out)
                                     : search_long(map, key, out);

    case WEIR_REP_IMAGE:
        return map->len <= FEW && key.len <= WEIR_SHORT
                   ? search_few(e, map, key, out)
                   : search_constants(e, map, key, out);

    default:
        return e->host->get(e->host_data, map->u.attr, key, out);
    }
}


weir_rc_t
weir_map_get(weir_eval_t *e, const weir_value_t *map, const weir_value_t *key,
    weir_value_t *out)
{
    if (key->kind == WEIR_T_STRING) {
        return weir_map_text(e, map, weir_v_text(key), out);
    }

    if (rank(key->kind) < 0) {
        return WEIR_DECLINED;
    }

    switch (map->rep) {

    case WEIR_REP_VALUES:
        return search_values(e, map, key, out);

    case WEIR_REP_IMAGE:
        return search_image(e, map, key, out);

    default:
        return WEIR_DECLINED;
    }
}


/* WEIR_OK: equal; WEIR_DECLINED: not; WEIR_ERROR: too large to tell. */
static weir_rc_t
equal(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth);


static weir_rc_t
equal_lists(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth)
{
    uint32_t      i;
    weir_rc_t     rc;
    weir_value_t  x, y;

    if (a->len != b->len) {
        return WEIR_DECLINED;
    }

    for (i = 0; i < a->len; i++) {
        weir_list_at(e, a, i, &x);
        weir_list_at(e, b, i, &y);

        rc = equal(e, &x, &y, depth);
        if (rc != WEIR_OK) {
            return rc;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
equal_maps(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth)
{
    uint32_t      i;
    weir_rc_t     rc;
    weir_value_t  key, x, y;

    if (a->len != b->len) {
        return WEIR_DECLINED;
    }

    for (i = 0; i < a->len; i++) {
        weir_map_at(e, a, i, &key, &x);

        rc = weir_map_get(e, b, &key, &y);

        if (rc == WEIR_OK) {
            rc = equal(e, &x, &y, depth);
        }

        if (rc != WEIR_OK) {
            return rc;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
equal_optionals(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth)
{
    weir_value_t  x, y;

    if (a->len == 0 || b->len == 0) {
        return a->len == b->len ? WEIR_OK : WEIR_DECLINED;
    }

    weir_optional_get(e, a, &x);
    weir_optional_get(e, b, &y);

    return equal(e, &x, &y, depth);
}


static bool
equal_ips(const weir_ip_t *a, const weir_ip_t *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}


static bool
equal_scalars(const weir_value_t *a, const weir_value_t *b)
{
    switch (a->kind) {

    case WEIR_T_NULL:
        return true;

    case WEIR_T_BOOL:
        return a->u.b == b->u.b;

    case WEIR_T_BYTES:
        return weir_str_eq(weir_v_text(a), weir_v_text(b));

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        return a->u.i == b->u.i && a->len == b->len;

    case WEIR_T_TYPE:
        return a->u.i == b->u.i;

    case WEIR_T_IP:
        return equal_ips(a->u.ip, b->u.ip);

    case WEIR_T_CIDR:
        return a->len == b->len && equal_ips(a->u.ip, b->u.ip);

    case WEIR_T_CIDRS:
    case WEIR_T_REGEX:
        return a->u.index == b->u.index;

    default:
        return false;
    }
}


static weir_rc_t
equal_holders(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth)
{
    if (depth == WEIR_MAX_VALUE_DEPTH || !weir_work(e, 0)) {
        return WEIR_ERROR;
    }

    switch (a->kind) {

    case WEIR_T_LIST:
        return equal_lists(e, a, b, depth + 1);

    case WEIR_T_MAP:
        return equal_maps(e, a, b, depth + 1);

    default:
        return equal_optionals(e, a, b, depth + 1);
    }
}


static weir_rc_t
equal(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b,
    unsigned depth)
{
    bool      eq;
    uint32_t  bytes;

    bytes = 0;

    if (a->kind == WEIR_T_STRING && b->kind == WEIR_T_STRING) {
        eq = weir_str_eq(weir_v_text(a), weir_v_text(b));
        bytes = a->len;

    } else if (is_number(a->kind) && is_number(b->kind)) {
        eq = weir_compare_numbers(a, b) == 0;

    } else if (a->kind != b->kind) {
        eq = false;

    } else if (a->kind == WEIR_T_LIST || a->kind == WEIR_T_MAP
               || a->kind == WEIR_T_OPTIONAL)
    {
        return equal_holders(e, a, b, depth);

    } else {
        eq = equal_scalars(a, b);
        bytes = a->kind == WEIR_T_BYTES ? a->len : 0;
    }

    if (!weir_work(e, bytes)) {
        return WEIR_ERROR;
    }

    return eq ? WEIR_OK : WEIR_DECLINED;
}


weir_value_t
weir_value_equal(weir_eval_t *e, const weir_value_t *a, const weir_value_t *b)
{
    weir_rc_t  rc;

    rc = equal(e, a, b, 0);

    return rc == WEIR_ERROR ? weir_v_err(WEIR_E_TOO_LARGE)
                            : weir_v_bool(rc == WEIR_OK);
}
