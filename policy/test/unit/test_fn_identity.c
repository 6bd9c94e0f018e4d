/*
 * test_fn_identity.c: hasPermission() over any list and any number, as
 * verified code may bring them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run/fn.h"
#include "test/kit.h"

#define MANY  200000            /* roles: more than a request may look at */

enum { P_READ, P_WRITE, P_COUNT };

static kit_t         kit;
static weir_image_t  image;
static weir_eval_t   eval;
static void         *memory;


static void
add_role(const char *name, uint32_t tenant, uint32_t bits)
{
    weir_img_role_t  r;

    r.name = weir_build_str(kit.b, weir_cstr(name));
    r.tenant = tenant;
    r.bits = weir_build_refs(kit.b, &bits, 1);
    weir_build_records(kit.b, WEIR_S_ROLES, &r, 1);
}


/* The policy's reader and writer, and a tenant whose reader writes. */
static int
open_image(void **state)
{
    uint32_t            i;
    weir_str_t          bytes;
    weir_phash_t        h;
    weir_refusal_t      why;
    weir_img_hash_t    *rec;
    weir_img_tenant_t   t;

    static const weir_str_t  names[] = { { "reader", 6 }, { "writer", 6 } };

    (void) state;

    kit_open(&kit);

    for (i = 0; i < P_COUNT; i++) {
        weir_build_records(kit.b, WEIR_S_PERMISSIONS,
                           &(weir_img_permission_t) { kit.name }, 1);
    }

    add_role("reader", WEIR_NONE, 1u << P_READ);
    add_role("writer", WEIR_NONE, 1u << P_WRITE);
    add_role("reader", 0, 1u << P_WRITE);

    memset(&t, 0, sizeof(t));
    t.id = kit.name;
    t.plan = t.attrs = t.limits = WEIR_NONE;
    t.roles = (weir_range_t) { 2, 1 };
    weir_build_records(kit.b, WEIR_S_TENANTS, &t, 1);

    assert_int_equal(weir_phash_build(kit.arena, names, 2, &h), WEIR_OK);
    weir_build_records(kit.b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);
    rec = weir_build_at(kit.b, WEIR_S_HASHES, WEIR_HASH_ROLES);
    rec->seed = h.seed;
    rec->displace = weir_build_refs(kit.b, h.displace, h.buckets);
    rec->slots = weir_build_refs(kit.b, h.slots, h.nslots);

    bytes = kit_write(&kit);
    assert_int_equal(weir_image_verify((const uint8_t *) bytes.data,
                                       bytes.len, NULL, &why), WEIR_OK);
    assert_int_equal(weir_image_open(&image, (const uint8_t *) bytes.data,
                                     kit.arena, &why), WEIR_OK);

    memory = aligned_alloc(16, (weir_eval_size(&image) + 15) & ~(size_t) 15);
    weir_eval_init(&eval, &image, memory);

    return 0;
}


static int
close_image(void **state)
{
    (void) state;

    free(memory);
    weir_image_close(&image);
    kit_close(&kit);

    return 0;
}


static weir_value_t
ask(const weir_value_t *roles, uint32_t n, int64_t permission)
{
    weir_value_t  a[2];

    a[0] = (weir_value_t) { .kind = WEIR_T_LIST, .len = n,
                            .u.items = roles };
    a[1] = weir_v_int(permission);
    eval.work = 0;

    return weir_fn_HAS_PERMISSION_OF(&eval, a);
}


static weir_value_t
role(const char *name)
{
    return weir_v_str(weir_cstr(name));
}


static void
roles_have_permissions(void **state)
{
    weir_value_t  roles[2];

    (void) state;

    roles[0] = role("nobody");
    roles[1] = role("reader");

    eval.tenant = NULL;
    assert_true(ask(roles, 2, P_READ).u.b);
    assert_false(ask(roles, 2, P_WRITE).u.b);
    assert_false(ask(roles, 1, P_READ).u.b);
    assert_false(ask(NULL, 0, P_READ).u.b);

    /* the tenant's own hides that of its name, and no other */
    eval.tenant = WEIR_REC(&image, TENANTS);
    assert_false(ask(roles, 2, P_READ).u.b);
    assert_true(ask(roles, 2, P_WRITE).u.b);
    roles[0] = role("writer");
    assert_true(ask(roles, 1, P_WRITE).u.b);
    eval.tenant = NULL;
}


static void
what_is_no_role_has_none(void **state)
{
    weir_value_t  roles[3];

    (void) state;

    roles[0] = weir_v_int(1);
    roles[1] = (weir_value_t) { .kind = WEIR_T_LIST, .len = 0 };
    roles[2] = role("");

    assert_false(ask(roles, 3, P_READ).u.b);
    assert_int_equal(ask(roles, 3, P_READ).kind, WEIR_T_BOOL);
}


static void
numbers_that_are_no_permission_fail(void **state)
{
    size_t        i;
    weir_value_t  roles, v;

    static const int64_t  numbers[] = {
        P_COUNT, 32, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 32
    };

    (void) state;
    roles = role("reader");

    for (i = 0; i < N_OF(numbers); i++) {
        v = ask(&roles, 1, numbers[i]);
        assert_int_equal(v.kind, WEIR_T_ERR);
        assert_int_equal(v.len, WEIR_E_INVALID_ARGUMENT);
    }
}


/* Constants of the image are such a list. */
static void
lists_of_the_image_are_read(void **state)
{
    weir_value_t      a[2];
    weir_img_const_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));
    c.kind = WEIR_T_INT;
    a[0] = (weir_value_t) { .kind = WEIR_T_LIST, .rep = WEIR_REP_IMAGE,
                            .len = 1, .u.consts = &c };
    a[1] = weir_v_int(P_READ);
    eval.work = 0;

    assert_int_equal(weir_fn_HAS_PERMISSION_OF(&eval, a).kind, WEIR_T_BOOL);
}


static void
the_work_is_bounded(void **state)
{
    size_t         i;
    weir_value_t  *roles, v;

    (void) state;

    roles = calloc(MANY, sizeof(weir_value_t));
    assert_non_null(roles);

    for (i = 0; i < MANY; i++) {
        roles[i] = role("nobody");
    }

    v = ask(roles, MANY, P_READ);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
    free(roles);
}


/* The checker never leaves a name in the code. */
static void
a_name_is_too_late(void **state)
{
    weir_value_t  a, v;

    (void) state;

    a = role("orders:read");
    v = weir_fn_HAS_PERMISSION_S(&eval, &a);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_INVALID_ARGUMENT);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(roles_have_permissions),
        cmocka_unit_test(what_is_no_role_has_none),
        cmocka_unit_test(numbers_that_are_no_permission_fail),
        cmocka_unit_test(lists_of_the_image_are_read),
        cmocka_unit_test(the_work_is_bounded),
        cmocka_unit_test(a_name_is_too_late)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
