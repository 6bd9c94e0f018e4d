/*
 * emit_const.c: constants of expressions as constants of the image.
 */

#include <stdlib.h>

#include "front/emit_code.h"


static weir_img_const_t  make(weir_emit_t *m, const weir_cval_t *v);


/* n values in a row of their own; NULL when memory is short. */
static weir_img_const_t *
make_all(weir_emit_t *m, const weir_cval_t *items, uint32_t n)
{
    uint32_t           i;
    weir_img_const_t  *c;

    c = weir_arena_array(m->arena, n, sizeof(weir_img_const_t));

    if (c == NULL) {
        m->nomem = true;
        return NULL;
    }

    for (i = 0; i < n; i++) {
        c[i] = make(m, &items[i]);
    }

    return c;
}


static uint32_t
regex(weir_emit_t *m, const weir_cval_t *v)
{
    uint32_t             key[2], index;
    weir_str_t           text;
    weir_span_t          none;
    weir_img_regex_t     rec;
    weir_names_entry_t  *same;

    memset(&none, 0, sizeof(none));
    memset(&rec, 0, sizeof(rec));
    rec.pattern = weir_build_str(m->b, v->s);
    rec.source = weir_build_str(m->b, v->source);

    /* equal texts are one record of the image */
    key[0] = rec.pattern;
    key[1] = rec.source;
    text = weir_str((const char *) key, sizeof(key));
    same = weir_names_find(&m->regexes, text);

    if (same != NULL) {
        return same->value;
    }

    index = weir_build_records(m->b, WEIR_S_REGEXES, &rec, 1);
    text = weir_arena_str(m->arena, text);

    if (text.data == NULL
        || weir_names_add(&m->regexes, text, none, index, &same) != WEIR_OK)
    {
        m->nomem = true;
    }

    return index;
}


static weir_img_const_t
address(weir_emit_t *m, const weir_cval_t *v)
{
    weir_ip_t         ip;
    weir_img_const_t  c;

    /* what is behind the bytes of an IPv4 address is zero in an image */
    memset(&ip, 0, sizeof(ip));
    ip.len = v->ip.len;
    memcpy(ip.bytes, v->ip.bytes, v->ip.len);

    memset(&c, 0, sizeof(c));
    c.kind = v->kind;
    c.n = v->kind == WEIR_T_CIDR ? v->n << 8 | v->ip.len : v->ip.len;
    c.v = weir_build_bytes(m->b, &ip, sizeof(ip));

    return c;
}


static weir_img_const_t
container(weir_emit_t *m, const weir_cval_t *v)
{
    uint32_t           index;
    weir_img_const_t   c, *items;

    memset(&c, 0, sizeof(c));
    c.kind = v->kind;
    c.n = v->n;

    items = make_all(m, v->items, v->kind == WEIR_T_MAP ? 2 * v->n : v->n);

    if (items == NULL) {
        return c;
    }

    if (v->kind == WEIR_T_LIST) {
        c.v = weir_build_consts(m->b, items, v->n);
        return c;
    }

    index = weir_build_map(m->b, items, v->n);

    return index == WEIR_NONE
           ? c : *(weir_img_const_t *) weir_build_at(m->b, WEIR_S_CONSTS,
                                                     index);
}


/* A constant, not yet added. */
static weir_img_const_t
make(weir_emit_t *m, const weir_cval_t *v)
{
    weir_img_const_t  c;

    memset(&c, 0, sizeof(c));
    c.kind = v->kind;

    switch (v->kind) {

    case WEIR_T_NULL:
        return c;

    case WEIR_T_BOOL:
        c.v = v->u.b;
        return c;

    case WEIR_T_STRING:
        return weir_build_string(m->b, v->s);

    case WEIR_T_BYTES:
        c.n = (uint32_t) v->s.len;
        c.v = weir_build_bytes(m->b, v->s.data, (uint32_t) v->s.len);
        return c;

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        c.n = v->n;
        c.v = (uint64_t) v->u.i;
        return c;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        return container(m, v);

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        return address(m, v);

    case WEIR_T_REGEX:
        c.v = regex(m, v);
        return c;

    default:
        /* INT UINT DOUBLE TYPE CIDRS */
        c.v = v->u.u;
        return c;
    }
}


static int
by_bytes(const void *a, const void *b)
{
    return weir_str_cmp(((const weir_cval_t *) a)->s,
                        ((const weir_cval_t *) b)->s);
}


uint32_t
weir_emit_const(weir_emit_t *m, const weir_cval_t *v)
{
    weir_img_const_t  c;

    c = make(m, v);

    return weir_build_const(m->b, &c);
}


uint32_t
weir_emit_set(weir_emit_t *m, const weir_cval_t *list)
{
    uint32_t      i, n;
    weir_cval_t   set, *items;

    items = weir_arena_array(m->arena, list->n, sizeof(weir_cval_t));

    if (items == NULL) {
        m->nomem = true;
        return WEIR_NONE;
    }

    if (list->n > 0) {
        memcpy(items, list->items, list->n * sizeof(weir_cval_t));
        qsort(items, list->n, sizeof(weir_cval_t), by_bytes);
    }

    for (i = 0, n = 0; i < list->n; i++) {
        if (n == 0 || !weir_str_eq(items[n - 1].s, items[i].s)) {
            items[n++] = items[i];
        }
    }

    set = *list;
    set.items = items;
    set.n = n;

    return weir_emit_const(m, &set);
}
