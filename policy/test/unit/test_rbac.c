/*
 * test_rbac.c: roles and the one bit of each permission.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "run/identity.h"
#include "test/kit.h"

#define PERMISSIONS  1000
#define ROLES        100        /* of the policy; role i has i, i + 1, ... */
#define WORDS        ((PERMISSIONS + 31) / 32)

typedef struct {
    kit_t                     kit;
    weir_image_t              img;
    const weir_img_tenant_t  *tenant;
} fix_t;


static void
add_role(fix_t *f, const char *name, uint32_t tenant, uint32_t first,
    uint32_t words)
{
    uint32_t         i, bits[WORDS];
    weir_img_role_t  r;

    memset(bits, 0, sizeof(bits));

    for (i = first; i < PERMISSIONS; i += ROLES) {
        bits[i / 32] |= 1u << i % 32;
    }

    r.name = weir_build_str(f->kit.b, weir_cstr(name));
    r.tenant = tenant;
    r.bits = weir_build_refs(f->kit.b, bits, words);
    weir_build_records(f->kit.b, WEIR_S_ROLES, &r, 1);
}


static void
add_hash(fix_t *f, weir_str_t *keys, uint32_t n)
{
    weir_phash_t      h;
    weir_img_hash_t  *rec;

    assert_int_equal(weir_phash_build(f->kit.arena, keys, n, &h), WEIR_OK);
    weir_build_records(f->kit.b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);
    rec = weir_build_at(f->kit.b, WEIR_S_HASHES, WEIR_HASH_ROLES);
    rec->seed = h.seed;
    rec->displace = weir_build_refs(f->kit.b, h.displace, h.buckets);
    rec->slots = weir_build_refs(f->kit.b, h.slots, h.nslots);
}


/* The image is not verified: what is wrong with a role must not matter. */
static void
open_roles(fix_t *f)
{
    char                name[16];
    uint32_t            i;
    weir_str_t          image, keys[ROLES];
    weir_refusal_t      why;
    weir_img_tenant_t   t;

    kit_open(&f->kit);

    for (i = 0; i < ROLES; i++) {
        snprintf(name, sizeof(name), "role-%u", i);
        keys[i] = weir_arena_str(f->kit.arena, weir_cstr(name));
        add_role(f, keys[i].data, WEIR_NONE, i, i == 99 ? 1 : WORDS);
    }

    add_hash(f, keys, ROLES);
    add_role(f, "role-7", 0, 50, WORDS);
    add_role(f, "own", 0, 51, WORDS);

    memset(&t, 0, sizeof(t));
    t.id = f->kit.name;
    t.plan = WEIR_NONE;
    t.attrs = WEIR_NONE;
    t.limits = WEIR_NONE;
    t.roles = (weir_range_t) { ROLES, 2 };
    weir_build_records(f->kit.b, WEIR_S_TENANTS, &t, 1);

    image = kit_write(&f->kit);
    assert_int_equal(weir_image_open(&f->img, (const uint8_t *) image.data,
                                     f->kit.arena, &why), WEIR_OK);
    f->tenant = WEIR_REC(&f->img, TENANTS);
}


static void
close_roles(fix_t *f)
{
    weir_image_close(&f->img);
    kit_close(&f->kit);
}


typedef struct {
    bool         tenant;
    const char  *roles[3];
    uint32_t     permission;
    bool         has;
} row_t;

static const row_t  rows[] = {
    { false, { "role-0" }, 0, true },
    { false, { "role-0" }, 900, true },
    { false, { "role-0" }, 1, false },
    { false, { "role-3", "role-2" }, 2, true },
    { false, { "nobody", "", "role-2" }, 2, true },
    { false, { "role-2", "nobody" }, 3, false },
    { false, { NULL }, 0, false },
    { false, { "Role-0" }, 0, false },
    { false, { "role-" }, 0, false },

    /* beyond the bits that a role has, and beyond all */
    { false, { "role-99" }, 99, false },
    { false, { "role-0" }, PERMISSIONS, false },
    { false, { "role-0" }, UINT32_MAX, false },

    /* a tenant's own hide the policy's, for that tenant alone */
    { false, { "role-7" }, 7, true },
    { true, { "role-7" }, 7, false },
    { true, { "role-7" }, 50, true },
    { false, { "role-7" }, 50, false },
    { true, { "own" }, 51, true },
    { false, { "own" }, 51, false },
    { true, { "role-8" }, 8, true },
};


static weir_value_t
list_of(const char *const *names, weir_value_t *v)
{
    weir_value_t  list;

    list = (weir_value_t) { .kind = WEIR_T_LIST, .u.items = v };

    while (list.len < 3 && names[list.len] != NULL) {
        v[list.len] = weir_v_str(weir_cstr(names[list.len]));
        list.len++;
    }

    return list;
}


static void
permissions(void **state)
{
    fix_t         f;
    size_t        i;
    weir_value_t  v[3], list;

    (void) state;
    open_roles(&f);

    for (i = 0; i < N_OF(rows); i++) {
        list = list_of(rows[i].roles, v);

        if (weir_has_permission(&f.img, rows[i].tenant ? f.tenant : NULL,
                                &list, rows[i].permission) != rows[i].has)
        {
            fail_msg("row %zu", i);
        }
    }

    /* what is no text is no role */
    v[0] = weir_v_int(0);
    list.len = 1;
    assert_false(weir_has_permission(&f.img, NULL, &list, 0));

    close_roles(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(permissions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
