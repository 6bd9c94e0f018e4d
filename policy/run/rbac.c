/*
 * rbac.c: whether a role may do something: a probe for the role, and one bit.
 */

#include "run/identity.h"


static const weir_img_role_t *
find_role(const weir_image_t *img, const weir_img_tenant_t *tenant,
    weir_str_t name)
{
    uint32_t                i, n;
    const weir_img_role_t  *r;

    if (tenant != NULL) {
        r = WEIR_REC(img, ROLES) + tenant->roles.first;
        n = tenant->roles.count;

        for (i = 0; i < n; i++) {

            if (weir_str_eq(weir_img_str(img, r[i].name), name)) {
                return &r[i];
            }
        }
    }

    i = weir_phash_find(&img->hash[WEIR_HASH_ROLES], name);

    if (i == WEIR_NONE) {
        return NULL;
    }

    r = &WEIR_REC(img, ROLES)[i];

    return r->tenant == WEIR_NONE
           && weir_str_eq(weir_img_str(img, r->name), name) ? r : NULL;
}


bool
weir_has_permission(const weir_image_t *img, const weir_img_tenant_t *tenant,
    const weir_value_t *roles, uint32_t permission)
{
    uint32_t                i;
    const weir_value_t     *v;
    const weir_img_role_t  *r;

    v = roles->u.items;

    for (i = 0; i < roles->len; i++) {

        r = v[i].kind == WEIR_T_STRING
            ? find_role(img, tenant, weir_v_text(&v[i])) : NULL;

        if (r != NULL && permission / 32 < r->bits.count
            && WEIR_REC(img, REFS)[r->bits.first + permission / 32]
               >> permission % 32 & 1)
        {
            return true;
        }
    }

    return false;
}
