/*
 * test_verify_bounds.c: numbers, lengths and depths at a bound and beyond it,
 * each in an image of its own.
 */

#include "verify_fixture.h"


static void
counts_are_checked(void **state)
{
    kit_t  k;

    (void) state;

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_HASHES, NULL, 2);
    refuse_own(&k, "1 policies and 2 hashes");

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_POLICY, NULL, 2);
    refuse_own(&k, "2 policies and 7 hashes");

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_POS, NULL, 2);
    refuse_own(&k, "2 places of 0 instructions");
}


static void
lengths_are_bounded(void **state)
{
    kit_t                   k;
    char                    text[300], *large;
    uint32_t                s;
    weir_img_str_t          str = { 0, WEIR_MAX_STRING + 1 };
    weir_img_host_t         host = { 0, 0 };
    weir_img_tenant_t       tenant;
    weir_img_tenant_host_t  th = { 0, 0 };

    (void) state;

    memset(text, 'x', sizeof(text));
    memset(&tenant, 0, sizeof(tenant));
    tenant.plan = tenant.attrs = tenant.limits = WEIR_NONE;

    kit_open(&k);
    large = weir_arena_alloc(k.arena, str.length);
    str.offset = weir_build_bytes(k.b, large, str.length);
    weir_build_records(k.b, WEIR_S_STRS, &str, 1);
    refuse_own(&k, "strs[1] is bytes 4 to +65536");

    kit_open(&k);
    host.key = weir_build_str(k.b, weir_str(text, WEIR_MAX_HOST + 1));
    weir_build_records(k.b, WEIR_S_HOSTS, &host, 1);
    weir_build_records(k.b, WEIR_S_NODES, NULL, 1);
    refuse_own(&k, "hosts[0] has more than 255 bytes");

    kit_open(&k);
    s = weir_build_str(k.b, weir_str(text, WEIR_MAX_TENANT_ID + 1));
    tenant.id = s;
    weir_build_records(k.b, WEIR_S_TENANTS, &tenant, 1);
    refuse_own(&k, "tenants[0] has an id of more than 128 bytes");

    kit_open(&k);
    s = weir_build_str(k.b, weir_str(text, WEIR_MAX_HOST + 1));
    tenant.id = 0;
    th.host = s;
    weir_build_records(k.b, WEIR_S_TENANTS, &tenant, 1);
    weir_build_records(k.b, WEIR_S_TENANT_HOSTS, &th, 1);
    refuse_own(&k, "tenant_hosts[0] has more than 255 bytes");
}


static void
add_rules(kit_t *k, uint32_t n)
{
    uint32_t          i;
    weir_img_rule_t  *r;

    weir_build_records(k->b, WEIR_S_RULES, NULL, n);

    for (i = 0; i < n; i++) {
        r = weir_build_at(k->b, WEIR_S_RULES, i);
        r->when = r->message = WEIR_NONE;
        r->status = 403;
    }
}


static void
numbers_are_bounded(void **state)
{
    kit_t                k;
    uint32_t             refs[WEIR_MAX_SEGMENTS + 1];
    weir_img_route_t     route;
    weir_img_policy_t    policy;
    weir_img_tenant_t    tenant;
    weir_img_resolve_t   resolve;

    (void) state;

    memset(refs, 0, sizeof(refs));
    memset(&route, 0, sizeof(route));
    memset(&policy, 0, sizeof(policy));
    memset(&tenant, 0, sizeof(tenant));
    memset(&resolve, 0, sizeof(resolve));
    route.upstream = route.require = route.mfa = WEIR_NONE;
    route.split = route.cors = route.version = route.path = WEIR_NONE;
    tenant.plan = tenant.attrs = tenant.limits = WEIR_NONE;
    policy.any_host = WEIR_NONE;
    policy.unmatched = policy.unknown_tenant = 404;

    kit_open(&k);
    route.params = weir_build_refs(k.b, refs, WEIR_MAX_PARAMS + 1);
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);
    refuse_own(&k, "routes[0] has 17 parameters");

    kit_open(&k);
    route.params.count = 0;
    route.headers.count = WEIR_MAX_HEADER_TESTS + 1;
    weir_build_records(k.b, WEIR_S_HEADER_TESTS, NULL,
                       WEIR_MAX_HEADER_TESTS + 1);
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);
    refuse_own(&k, "routes[0] has 0 parameters, 17 header tests");

    kit_open(&k);
    route.headers.count = 0;
    route.deny.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);
    refuse_own(&k, "65536 and 0 rules");

    kit_open(&k);
    route.deny.count = 0;
    route.allow.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);
    refuse_own(&k, "0 and 65536 rules");

    kit_open(&k);
    tenant.allow.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_TENANTS, &tenant, 1);
    refuse_own(&k, "more than 65535 rules of a kind");

    kit_open(&k);
    tenant.allow.count = 0;
    tenant.deny.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_TENANTS, &tenant, 1);
    refuse_own(&k, "more than 65535 rules of a kind");

    kit_open(&k);
    policy.allow.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_POLICY, &policy, 1);
    refuse_own(&k, "the policy has 0 and 65536 rules");

    kit_open(&k);
    policy.allow.count = 0;
    policy.deny.count = WEIR_MAX_RULES + 1;
    add_rules(&k, WEIR_MAX_RULES + 1);
    weir_build_records(k.b, WEIR_S_POLICY, &policy, 1);
    refuse_own(&k, "the policy has 65536 and 0 rules");

    kit_open(&k);
    resolve.segments = weir_build_refs(k.b, refs, WEIR_MAX_SEGMENTS + 1);
    weir_build_records(k.b, WEIR_S_RESOLVES, &resolve, 1);
    refuse_own(&k, "resolves[0] has 65 segments");
}


/* A path of n edges, one after another. */
static void
chain(kit_t *k, uint32_t n)
{
    uint32_t         i;
    weir_img_node_t  node;
    weir_img_edge_t  edge = { 0, WEIR_NONE, WEIR_NONE, 0 };

    memset(&node, 0, sizeof(node));

    for (i = 0; i < n; i++) {
        node.params = (weir_range_t) { i, 1 };
        edge.node = i + 1;
        weir_build_records(k->b, WEIR_S_NODES, &node, 1);
        weir_build_records(k->b, WEIR_S_EDGES, &edge, 1);
    }

    weir_build_records(k->b, WEIR_S_NODES, NULL, 1);
}


static void
the_tree_of_paths_has_a_depth(void **state)
{
    kit_t       k;
    weir_str_t  image;

    (void) state;

    kit_open(&k);
    chain(&k, WEIR_MAX_SEGMENTS + 1);
    image = kit_write(&k);
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_OK);
    kit_close(&k);

    kit_open(&k);
    chain(&k, WEIR_MAX_SEGMENTS + 2);
    refuse_own(&k, "a tree of at most 65 levels");
}


/* Lists in lists, n levels. */
static void
nest(kit_t *k, uint32_t n)
{
    uint32_t  i, inner;

    inner = kit_const(k, WEIR_T_INT, 0, 1);

    for (i = 0; i < n; i++) {
        inner = kit_const(k, i % 2 ? WEIR_T_OPTIONAL : WEIR_T_LIST, 1, inner);
    }
}


static void
constants_nest_so_deep(void **state)
{
    kit_t       k;
    weir_str_t  image;

    (void) state;

    kit_open(&k);
    nest(&k, WEIR_MAX_VALUE_DEPTH);
    image = kit_write(&k);
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_OK);
    kit_close(&k);

    kit_open(&k);
    nest(&k, WEIR_MAX_VALUE_DEPTH + 1);
    refuse_own(&k, "consts[17] is no constant");
}


static void
rows_of_constants_are_looked_at_once(void **state)
{
    kit_t             k;
    uint32_t          i;
    weir_str_t        image;
    weir_img_const_t  row[2];

    (void) state;

    /* the same row a thousand times */
    kit_open(&k);

    for (i = 0; i < 1000; i++) {
        kit_const(&k, WEIR_T_INT, 0, i);
    }

    memset(row, 0, sizeof(row));
    row[0].kind = WEIR_T_LIST;
    row[0].n = 1000;
    row[1].kind = WEIR_T_UINT;

    for (i = 0; i < 1000; i++) {
        row[1].v = i;
        weir_build_consts(k.b, row, 2);
    }

    image = kit_write(&k);
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_OK);
    kit_close(&k);

    /* another row each time */
    kit_open(&k);

    for (i = 0; i < 2000; i++) {
        kit_const(&k, WEIR_T_INT, 0, i);
    }

    for (i = 0; i < 1000; i++) {
        kit_const(&k, WEIR_T_LIST, 1000, i);
    }

    refuse_own(&k, "is no constant: kind list, n 1000");
}


static const struct {
    unsigned  kind[2];
    uint64_t  v[2];
    bool      sorted;
} keys[] = {
    { { WEIR_T_BOOL, WEIR_T_BOOL }, { 0, 1 }, true },
    { { WEIR_T_BOOL, WEIR_T_BOOL }, { 1, 0 }, false },
    { { WEIR_T_BOOL, WEIR_T_INT }, { 1, (uint64_t) -1 }, true },
    { { WEIR_T_INT, WEIR_T_BOOL }, { 0, 1 }, false },
    { { WEIR_T_INT, WEIR_T_INT }, { (uint64_t) -2, (uint64_t) -1 }, true },
    { { WEIR_T_INT, WEIR_T_INT }, { (uint64_t) -1, (uint64_t) -2 }, false },
    { { WEIR_T_INT, WEIR_T_UINT }, { (uint64_t) -1, 0 }, true },
    { { WEIR_T_INT, WEIR_T_UINT }, { 1, 1 }, false },
    { { WEIR_T_UINT, WEIR_T_INT }, { (uint64_t) -1, 5 }, false },
    { { WEIR_T_UINT, WEIR_T_INT }, { 4, 5 }, true },
    { { WEIR_T_DOUBLE, WEIR_T_INT }, { 4, 5 }, false },
    { { WEIR_T_NULL, WEIR_T_NULL }, { 0, 0 }, false }
};


static void
keys_of_maps_are_sorted(void **state)
{
    kit_t             k;
    size_t            i;
    weir_str_t        image;
    weir_img_const_t  row[4];

    (void) state;

    for (i = 0; i < N_OF(keys); i++) {
        kit_open(&k);
        memset(row, 0, sizeof(row));
        row[0].kind = (uint8_t) keys[i].kind[0];
        row[0].v = keys[i].v[0];
        row[1].kind = row[3].kind = WEIR_T_NULL;
        row[2].kind = (uint8_t) keys[i].kind[1];
        row[2].v = keys[i].v[1];
        kit_const(&k, WEIR_T_MAP, 2, weir_build_consts(k.b, row, 4));

        image = kit_write(&k);

        assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                           image.len, NULL, &why),
                         keys[i].sorted ? WEIR_OK : WEIR_ERROR);
        kit_close(&k);
    }

    /* strings, by bytes */
    kit_open(&k);
    memset(row, 0, sizeof(row));
    row[0] = weir_build_string(k.b, weir_string("b"));
    row[2] = weir_build_string(k.b, weir_string("a"));
    row[1].kind = row[3].kind = WEIR_T_NULL;
    kit_const(&k, WEIR_T_MAP, 2, weir_build_consts(k.b, row, 4));
    refuse_own(&k, "is no constant: kind map");
}


/* Long keys that differ in their last byte, over shared bytes. */
static void
comparing_is_bounded(void **state)
{
    kit_t             k;
    char             *text;
    uint32_t          i, n, offset;
    weir_img_const_t  row[2 * WEIR_MAX_LIST];

    (void) state;

    kit_open(&k);
    n = 60000 + WEIR_MAX_LIST;
    text = weir_arena_alloc(k.arena, n + 1);
    memset(text, 'a', n);
    text[n] = 'b';
    offset = weir_build_bytes(k.b, text, n + 1);
    memset(row, 0, sizeof(row));

    for (i = 0; i < WEIR_MAX_LIST; i++) {
        row[2 * i].kind = WEIR_T_STRING;
        row[2 * i].v = offset + i;
        row[2 * i].n = n + 1 - i;
        row[2 * i + 1].kind = WEIR_T_NULL;
    }

    kit_const(&k, WEIR_T_MAP, WEIR_MAX_LIST,
              weir_build_consts(k.b, row, 2 * WEIR_MAX_LIST));
    refuse_own(&k, "is no constant: kind map, n 1024");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(counts_are_checked),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(the_tree_of_paths_has_a_depth),
        cmocka_unit_test(constants_nest_so_deep),
        cmocka_unit_test(rows_of_constants_are_looked_at_once),
        cmocka_unit_test(keys_of_maps_are_sorted),
        cmocka_unit_test(comparing_is_bounded)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
