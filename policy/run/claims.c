/*
 * claims.c: JSON of a token's claims as values of CEL.
 */

#include "image/attrs.h"
#include "run/claims.h"
#include "run/json.h"

typedef struct {
    size_t  values;             /* of JSON */
    size_t  slots;              /* they take, with the names */
    size_t  text;
} room_t;

typedef struct {
    weir_value_t  *slots;
    size_t         used;
    char          *text;
} fill_t;


/* As deep as weir_json_read() lets it be. */
static void
measure(const weir_json_value_t *v, room_t *room)
{
    void                     *it;
    weir_str_t                name;
    const weir_json_value_t  *child;

    room->values++;
    room->slots++;

    switch (weir_json_kind(v)) {

    case WEIR_JSON_TEXT:
        room->text += weir_json_text(v).len;
        return;

    case WEIR_JSON_LIST:
        for (it = NULL; (child = weir_json_step(v, &it, &name)) != NULL;) {
            measure(child, room);
        }

        return;

    case WEIR_JSON_OBJECT:
        for (it = NULL; (child = weir_json_step(v, &it, &name)) != NULL;) {
            room->slots++;
            room->text += name.len;
            measure(child, room);
        }

        return;

    default:
        return;
    }
}


static weir_value_t
copy_text(fill_t *f, weir_str_t s)
{
    weir_value_t  v;

    v = weir_v_str(weir_str(f->text, s.len));

    if (s.len) {
        memcpy(f->text, s.data, s.len);
        f->text += s.len;
    }

    return v;
}


/* A list or object keeps its JSON in the slot until fill_entries(). */
static weir_value_t
copy_value(fill_t *f, const weir_json_value_t *json)
{
    weir_value_t  v;

    memset(&v, 0, sizeof(v));

    switch (weir_json_kind(json)) {

    case WEIR_JSON_BOOL:
        return weir_v_bool(weir_json_bool(json));

    case WEIR_JSON_INT:
        return weir_v_int(weir_json_int(json));

    case WEIR_JSON_REAL:
        v.kind = WEIR_T_DOUBLE;
        v.u.d = weir_json_real(json);
        return v;

    case WEIR_JSON_TEXT:
        return copy_text(f, weir_json_text(json));

    case WEIR_JSON_LIST:
    case WEIR_JSON_OBJECT:
        v.kind = weir_json_kind(json) == WEIR_JSON_LIST ? WEIR_T_LIST
                                                        : WEIR_T_MAP;
        v.rep = WEIR_REP_VALUES;
        v.len = (uint32_t) weir_json_size(json);
        v.u.s = (const char *) json;
        return v;

    default:
        v.kind = WEIR_T_NULL;
        return v;
    }
}


/* Shell's: nothing to allocate, and WEIR_MAX_CLAIMS is the most. */
static void
sort_pairs(weir_value_t *v, size_t n)
{
    size_t        gap, i, j;
    weir_value_t  pair[2];

    for (gap = n > 16 ? n / 3 : 1; gap > 0;
         gap = gap > 1 ? (gap + 1) / 3 : 0)
    {
        for (i = gap; i < n; i++) {
            memcpy(pair, &v[2 * i], sizeof(pair));

            for (j = i; j >= gap
                        && weir_str_cmp(weir_v_text(&v[2 * (j - gap)]),
                                        weir_v_text(pair)) > 0;
                 j -= gap)
            {
                memcpy(&v[2 * j], &v[2 * (j - gap)], sizeof(pair));
            }

            memcpy(&v[2 * j], pair, sizeof(pair));
        }
    }
}


static void
fill_entries(fill_t *f, weir_value_t *v)
{
    void                     *it;
    weir_str_t                name;
    weir_value_t             *items;
    const weir_json_value_t  *json, *child;

    json = (const weir_json_value_t *) v->u.s;
    items = &f->slots[f->used];
    v->u.items = items;

    for (it = NULL; (child = weir_json_step(json, &it, &name)) != NULL;) {

        if (v->kind == WEIR_T_MAP) {
            f->slots[f->used++] = copy_text(f, name);
        }

        f->slots[f->used++] = copy_value(f, child);
    }

    if (v->kind == WEIR_T_MAP) {
        sort_pairs(items, v->len);
    }
}


static weir_token_fault_t
copy_claims(const weir_json_value_t *root, const weir_memory_t *m,
    weir_value_t *out)
{
    size_t  i;
    fill_t  f;
    room_t  room;

    memset(&room, 0, sizeof(room));

    if (weir_json_kind(root) != WEIR_JSON_OBJECT
        || weir_json_size(root) > weir_attrs[WEIR_A_PRINCIPAL_CLAIMS].max)
    {
        return WEIR_TOKEN_CLAIMS;
    }

    measure(root, &room);

    /* the claims themselves are one value more */
    if (room.values > WEIR_MAX_CLAIMS + 1) {
        return WEIR_TOKEN_CLAIMS;
    }

    f.slots = m->alloc(m->data, room.slots * sizeof(weir_value_t) + room.text);

    if (f.slots == NULL) {
        return WEIR_TOKEN_MEMORY;
    }

    f.text = (char *) (f.slots + room.slots);
    f.slots[0] = copy_value(&f, root);
    f.used = 1;

    for (i = 0; i < f.used; i++) {
        if (f.slots[i].kind == WEIR_T_LIST || f.slots[i].kind == WEIR_T_MAP) {
            fill_entries(&f, &f.slots[i]);
        }
    }

    *out = f.slots[0];

    return WEIR_TOKEN_NONE;
}


weir_token_fault_t
weir_claims_read(weir_str_t text, const weir_memory_t *m, weir_value_t *out)
{
    weir_rc_t            rc;
    const char          *why;
    weir_json_value_t   *root;
    weir_token_fault_t   fault;

    rc = weir_json_read(text, &root, &why);

    if (rc != WEIR_OK) {
        return rc == WEIR_NOMEM ? WEIR_TOKEN_MEMORY : WEIR_TOKEN_CLAIMS;
    }

    fault = copy_claims(root, m, out);
    weir_json_free(root);

    return fault;
}


const weir_value_t *
weir_claims_get(const weir_value_t *map, weir_str_t name)
{
    int                  order;
    uint32_t             lo, hi, mid;
    const weir_value_t  *at;

    if (map->kind != WEIR_T_MAP) {
        return NULL;
    }

    lo = 0;
    hi = map->len;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;
        at = &map->u.items[2 * mid];
        order = weir_str_cmp(name, weir_v_text(at));

        if (order == 0) {
            return at + 1;
        }

        if (order < 0) {
            hi = mid;

        } else {
            lo = mid + 1;
        }
    }

    return NULL;
}


bool
weir_claims_time(const weir_value_t *v, bool up, int64_t *out)
{
    int64_t  s;

    if (v == NULL) {
        *out = WEIR_NO_TIME;
        return true;
    }

    if (v->kind == WEIR_T_DOUBLE) {

        if (!(v->u.d >= 0 && v->u.d <= (double) WEIR_MAX_TIME)) {
            return false;
        }

        s = (int64_t) v->u.d;
        *out = up && (double) s < v->u.d ? s + 1 : s;
        return true;
    }

    if (v->kind != WEIR_T_INT || v->u.i < 0 || v->u.i > WEIR_MAX_TIME) {
        return false;
    }

    *out = v->u.i;

    return true;
}


bool
weir_claims_text(const weir_value_t *v, weir_str_t *out)
{
    *out = v && v->kind == WEIR_T_STRING ? weir_v_text(v) : weir_str("", 0);

    return v == NULL || v->kind == WEIR_T_STRING;
}
