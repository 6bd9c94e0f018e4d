/*
 * index_tenants.c: tenants with their attributes, found by id and by host.
 */

#include "front/codes.h"
#include "front/write.h"

static const weir_span_t  nowhere;


static weir_rc_t
literal(weir_writer_t *w, const weir_literal_t *l, unsigned depth,
    weir_img_const_t *out);


/* The constants of n literals in a row; NULL with *rc on failure. */
static weir_img_const_t *
literals(weir_writer_t *w, const weir_literal_t *items, size_t n,
    unsigned depth, weir_rc_t *rc)
{
    size_t             i;
    weir_img_const_t  *row;

    row = weir_arena_array(w->arena, n, sizeof(weir_img_const_t));
    *rc = row != NULL ? WEIR_OK : WEIR_NOMEM;

    for (i = 0; *rc == WEIR_OK && i < n; i++) {
        *rc = literal(w, &items[i], depth, &row[i]);
    }

    return *rc == WEIR_OK ? row : NULL;
}


static weir_rc_t
literal_holder(weir_writer_t *w, const weir_literal_t *l, unsigned depth,
    weir_img_const_t *out)
{
    size_t             n;
    uint32_t           map;
    weir_rc_t          rc;
    weir_img_const_t  *row;

    if (depth == 0 || l->nitems > WEIR_MAX_LIST) {
        return weir_fail(w->diags, WEIR_EBOUND, nowhere,
                         "a tenant's attributes are nested deeper than %u or "
                         "hold more than %u values",
                         WEIR_MAX_VALUE_DEPTH, WEIR_MAX_LIST);
    }

    n = l->kind == WEIR_T_MAP ? 2 * l->nitems : l->nitems;

    row = literals(w, l->items, n, depth - 1, &rc);
    if (row == NULL) {
        return rc;
    }

    if (l->kind == WEIR_T_MAP) {
        map = weir_build_map(w->b, row, (uint32_t) l->nitems);
        *out = *(weir_img_const_t *) weir_build_at(w->b, WEIR_S_CONSTS, map);
        return WEIR_OK;
    }

    out->n = (uint32_t) n;
    out->v = weir_build_consts(w->b, row, (uint32_t) n);

    return WEIR_OK;
}


static weir_rc_t
literal(weir_writer_t *w, const weir_literal_t *l, unsigned depth,
    weir_img_const_t *out)
{
    memset(out, 0, sizeof(weir_img_const_t));
    out->kind = (uint8_t) l->kind;

    switch (l->kind) {

    case WEIR_T_BOOL:
        out->v = l->u.b;
        return WEIR_OK;

    case WEIR_T_INT:
        out->v = (uint64_t) l->u.i;
        return WEIR_OK;

    case WEIR_T_DOUBLE:
        memcpy(&out->v, &l->u.d, sizeof(out->v));
        return WEIR_OK;

    case WEIR_T_STRING:
        *out = weir_build_string(w->b, l->s);
        return WEIR_OK;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        return literal_holder(w, l, depth, out);

    default:
        return WEIR_OK;
    }
}


static weir_rc_t
write_tenant(weir_writer_t *w, const weir_tenant_t *t, uint32_t index)
{
    weir_rc_t          rc;
    weir_img_const_t   attrs;
    weir_img_tenant_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.id = weir_build_str(w->b, t->id.text);
    rec.plan = weir_write_opt_str(w, &t->plan);
    rec.attrs = WEIR_NONE;
    rec.limits = w->model->has_plans ? t->limits : WEIR_NONE;
    rec.roles = weir_write_own_roles(w, t, index);

    if (t->attrs != NULL) {

        rc = literal(w, t->attrs, WEIR_MAX_VALUE_DEPTH, &attrs);
        if (rc != WEIR_OK) {
            return rc;
        }

        rec.attrs = weir_build_const(w->b, &attrs);
    }

    rc = weir_write_rules(w, "tenant", t->id.text, &t->deny, &rec.deny);

    if (rc == WEIR_OK) {
        rc = weir_write_rules(w, "tenant", t->id.text, &t->allow, &rec.allow);
    }

    weir_build_records(w->b, WEIR_S_TENANTS, &rec, 1);

    return rc;
}


static weir_rc_t
write_tenant_hosts(weir_writer_t *w)
{
    size_t                   i, j, n;
    weir_str_t              *keys;
    const weir_model_t      *m;
    const weir_tenant_t     *t;
    weir_img_tenant_host_t   rec;

    m = w->model;
    n = 0;

    for (i = 0; i < m->tenants.len; i++) {
        n += m->tenants.items[i].nhosts;
    }

    keys = weir_arena_array(w->arena, n, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    n = 0;

    for (i = 0; i < m->tenants.len; i++) {
        t = &m->tenants.items[i];

        for (j = 0; j < t->nhosts; j++) {
            keys[n++] = t->hosts[j].text;
            rec.host = weir_build_str(w->b, t->hosts[j].text);
            rec.tenant = (uint32_t) i;
            weir_build_records(w->b, WEIR_S_TENANT_HOSTS, &rec, 1);
        }
    }

    return weir_write_hash(w, WEIR_HASH_TENANT_HOSTS, keys, (uint32_t) n);
}


weir_rc_t
weir_write_tenants(weir_writer_t *w)
{
    size_t               i, n;
    weir_rc_t            rc;
    weir_str_t          *keys;
    const weir_model_t  *m;

    m = w->model;
    n = m->tenants.len;

    keys = weir_arena_array(w->arena, n, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < n; i++) {
        keys[i] = m->tenants.items[i].id.text;

        rc = write_tenant(w, &m->tenants.items[i], (uint32_t) i);
        if (rc != WEIR_OK) {
            return rc;
        }
    }

    rc = weir_write_hash(w, WEIR_HASH_TENANTS, keys, (uint32_t) n);

    return rc == WEIR_OK ? write_tenant_hosts(w) : rc;
}
