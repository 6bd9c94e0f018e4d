/*
 * write_roles.c: permissions, roles, and what a route requires.
 */

#include "front/write.h"


static void
write_permissions(weir_writer_t *w)
{
    size_t                 i;
    const weir_model_t    *m;
    weir_img_permission_t  rec;

    m = w->model;

    for (i = 0; i < m->permissions.len; i++) {
        rec.name = weir_build_str(w->b, m->permissions.items[i].text);
        weir_build_records(w->b, WEIR_S_PERMISSIONS, &rec, 1);
    }
}


/* Equal bits are one row of refs. */
static void
write_role(weir_writer_t *w, const weir_role_t *r, uint32_t tenant)
{
    weir_img_role_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.name = weir_build_str(w->b, r->name.text);
    rec.tenant = tenant;
    rec.bits = weir_build_refs(w->b, r->bits,
                               WEIR_ROLE_WORDS(w->model->permissions.len));
    weir_build_records(w->b, WEIR_S_ROLES, &rec, 1);
}


weir_rc_t
weir_write_roles(weir_writer_t *w)
{
    size_t               i;
    weir_str_t          *keys;
    const weir_model_t  *m;

    m = w->model;

    keys = weir_arena_array(w->arena, m->roles.len, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    write_permissions(w);

    for (i = 0; i < m->roles.len; i++) {
        keys[i] = m->roles.items[i].name.text;
        write_role(w, &m->roles.items[i], WEIR_NONE);
    }

    return weir_write_hash(w, WEIR_HASH_ROLES, keys, (uint32_t) m->roles.len);
}


weir_range_t
weir_write_own_roles(weir_writer_t *w, const weir_tenant_t *t,
    uint32_t tenant)
{
    size_t        i;
    weir_range_t  out;

    memset(&out, 0, sizeof(out));

    if (t->roles.len == 0) {
        return out;
    }

    out.first = weir_build_count(w->b, WEIR_S_ROLES);
    out.count = (uint32_t) t->roles.len;

    for (i = 0; i < t->roles.len; i++) {
        write_role(w, &t->roles.items[i], tenant);
    }

    return out;
}


weir_rc_t
weir_write_require(weir_writer_t *w, const weir_require_t *r,
    weir_img_route_t *rec)
{
    weir_rc_t  rc;

    rc = weir_write_names(w, r->scopes.items, r->scopes.len, &rec->scopes);

    rec->permissions = weir_build_refs(w->b, r->permissions.items,
                                       (uint32_t) r->permissions.len);
    rec->require = WEIR_NONE;

    if (rc == WEIR_OK && r->when != NULL) {
        rc = weir_write_expr(w, r->when, &r->text, &rec->require);
    }

    return rc;
}
