/*
 * test_verify_identity.c: one image of a policy that knows its callers in
 * every way; then all that may be wrong with it, a thing at a time.
 */

#include "test/unit/verify_fixture.h"

#define ASKED  33               /* permissions: they take two words */

enum { S_NAME, S_A, S_B, S_EMPTY, S_JTI, S_SUB, S_KID, S_ODD, S_COUNT };

enum { I_URL, I_FILE, I_DISCOVERY, I_SECRET, I_COUNT };

enum { M_JWT, M_JWT_OTHER, M_APIKEY, M_MTLS, M_JWT_AGAIN, M_COUNT };

enum { R_CLERK, R_VIEWER, R_OWN, R_OWN_OTHER, R_COUNT };


static void
add_strings(void)
{
    size_t  i;

    static const weir_str_t  texts[] = {
        { "a", 1 }, { "b", 1 }, { "", 0 }, { "main\0jti\0x", 10 },
        { "main\0sub\0x", 10 }, { "main\0kid\0", 9 }, { "main\0iss\0x", 10 }
    };

    for (i = 0; i < N_OF(texts); i++) {
        weir_build_str(kit.b, texts[i]);
    }

    assert_int_equal(weir_build_count(kit.b, WEIR_S_STRS), S_COUNT);
}


static weir_range_t
strings(uint32_t n)
{
    uint32_t  i, refs[WEIR_MAX_CLAIMS + 1];

    for (i = 0; i < n; i++) {
        refs[i] = i % 2 ? S_B : S_A;
    }

    return weir_build_refs(kit.b, refs, n);
}


static void
add_issuers(void)
{
    uint32_t           i;
    weir_img_issuer_t  s[I_COUNT];

    static const weir_img_source_t  sources[] = {
        { WEIR_SOURCE_BEARER, S_EMPTY }, { WEIR_SOURCE_HEADER, S_A },
        { WEIR_SOURCE_COOKIE, S_B }
    };
    static const uint8_t  keys[I_COUNT] = {
        WEIR_KEYS_URL, WEIR_KEYS_FILE, WEIR_KEYS_DISCOVERY, WEIR_KEYS_SECRET
    };

    memset(s, 0, sizeof(s));

    for (i = 0; i < I_COUNT; i++) {
        s[i].name = S_A;
        s[i].iss = S_B;
        s[i].aud = s[i].typ = s[i].claims = s[i].sub = strings(1);
        s[i].roles = s[i].tenant = s[i].acr = s[i].amr = strings(2);
        s[i].sources = (weir_range_t) { 0, 3 };
        s[i].url = i == I_URL || i == I_DISCOVERY ? S_A : WEIR_NONE;
        s[i].file = i != I_DISCOVERY ? S_B : WEIR_NONE;
        s[i].algs = i == I_SECRET ? WEIR_ALGS_SECRET : WEIR_ALGS_PUBLIC;
        s[i].keys = keys[i];
        s[i].dpop = WEIR_DPOP_REQUIRED;
        s[i].skew = WEIR_MAX_SKEW;
        s[i].max_age = WEIR_MAX_TOKEN_AGE;
        s[i].ttl = WEIR_MAX_KEYS_TTL;
        s[i].stale_max = WEIR_MAX_KEYS_STALE;
        s[i].refresh = WEIR_MAX_KEYS_REFRESH;
        s[i].wait = WEIR_MAX_KEYS_WAIT;
        s[i].revoked = i == I_FILE ? WEIR_REVOKED_HERE : WEIR_REVOKED_ALLOW;

        if (s[i].revoked != WEIR_REVOKED_HERE) {
            s[i].revoked_every = WEIR_MAX_REVOKED_EVERY;
            s[i].revoked_max = WEIR_MAX_REVOKED_STALE;
        }
    }

    weir_build_records(kit.b, WEIR_S_SOURCES, sources, 3);
    weir_build_records(kit.b, WEIR_S_ISSUERS, s, I_COUNT);
}


static void
add_callers(void)
{
    weir_img_apikey_t    key;
    weir_img_identity_t  known = { S_A, WEIR_NONE, { 0, 0 } };

    static const weir_img_revoked_t  revoked[] = {
        { S_JTI }, { S_SUB }, { S_KID }
    };
    static const weir_img_mtls_t     mtls = { WEIR_CERT_CN, S_A, S_B, 1 };
    static const weir_img_bind_t     binds[] = {
        { WEIR_BIND_CLAIM, 0, { 0, 1 } }, { WEIR_BIND_APIKEY, 0, { 0, 0 } }
    };
    static const weir_img_mfa_t      mfas[] = {
        { { 0, 1 }, { 0, 0 }, 0, 0 }, { { 0, 0 }, { 0, 1 }, 0, 0 },
        { { 0, 0 }, { 0, 0 }, 60, 0 }
    };

    memset(&key, 0, sizeof(key));
    key.not_after = INT64_MAX;
    key.id = key.tenant = S_A;
    key.roles = known.roles = strings(WEIR_MAX_ROLES);

    weir_build_records(kit.b, WEIR_S_REVOKED, revoked, 3);
    weir_build_records(kit.b, WEIR_S_APIKEYS, &key, 1);
    weir_build_records(kit.b, WEIR_S_IDENTITIES, &known, 1);
    weir_build_records(kit.b, WEIR_S_MTLS, &mtls, 1);
    weir_build_records(kit.b, WEIR_S_BINDS, binds, 2);
    weir_build_records(kit.b, WEIR_S_MFAS, mfas, 3);
}


static void
add_roles(void)
{
    uint32_t           i;
    weir_range_t       bits;
    weir_img_role_t    roles[R_COUNT];
    weir_img_tenant_t  t[3];

    static const uint32_t  rows[] = { 0x80000001, 1 };

    for (i = 0; i < ASKED; i++) {
        weir_build_records(kit.b, WEIR_S_PERMISSIONS,
                           &(weir_img_permission_t) { S_A }, 1);
    }

    bits = weir_build_refs(kit.b, rows, 2);

    for (i = 0; i < R_COUNT; i++) {
        roles[i].name = S_A;
        roles[i].tenant = i < R_OWN ? WEIR_NONE : i == R_OWN ? 0 : 2;
        roles[i].bits = bits;
    }

    memset(t, 0, sizeof(t));

    for (i = 0; i < 3; i++) {
        t[i].id = S_A;
        t[i].plan = t[i].attrs = t[i].limits = WEIR_NONE;
    }

    t[0].roles = (weir_range_t) { R_OWN, 1 };
    t[2].roles = (weir_range_t) { R_OWN_OTHER, 1 };

    weir_build_records(kit.b, WEIR_S_ROLES, roles, R_COUNT);
    weir_build_records(kit.b, WEIR_S_TENANTS, t, 3);
}


/* A route of each kind of auth: any, all, optional, none. */
static void
add_routes(void)
{
    uint32_t          i, refs[2];
    weir_img_route_t  r[5];

    static const weir_insn_t        code[] = {
        OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, 0), RET
    };
    static const weir_img_method_t  methods[M_COUNT] = {
        { WEIR_BY_JWT, I_URL }, { WEIR_BY_JWT, I_SECRET },
        { WEIR_BY_APIKEY, WEIR_NONE }, { WEIR_BY_MTLS, WEIR_NONE },
        { WEIR_BY_JWT, I_URL }
    };

    kit_str(&kit, "GET");
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, code, N_OF(code));
    weir_build_records(kit.b, WEIR_S_POS, NULL, N_OF(code));
    weir_build_records(kit.b, WEIR_S_METHODS, methods, M_COUNT);

    refs[0] = 0;
    refs[1] = ASKED - 1;

    for (i = 0; i < N_OF(r); i++) {
        r[i] = kit_route(&kit);
        r[i].id = S_A;
    }

    r[0].auth = WEIR_AUTH_ANY;
    r[0].auth_methods.count = 4;
    r[0].forward = 1;
    r[0].permissions = weir_build_refs(kit.b, refs, 2);
    r[0].scopes = strings(2);
    r[0].require = 0;
    r[0].mfa = 2;
    r[1].auth = WEIR_AUTH_ALL;
    r[1].auth_methods = (weir_range_t) { M_APIKEY, 3 };
    r[2].auth = WEIR_AUTH_OPTIONAL;
    r[2].auth_methods = (weir_range_t) { M_JWT_AGAIN, 1 };
    r[3].auth = WEIR_AUTH_OPTIONAL;

    weir_build_records(kit.b, WEIR_S_ROUTES, r, N_OF(r));
}


static void
add_policy(void)
{
    weir_img_policy_t  p;

    memset(&p, 0, sizeof(p));
    p.any_host = WEIR_NONE;
    p.unmatched = p.unknown_tenant = 404;
    p.key_sources = (weir_range_t) { 1, 1 };
    p.bind.count = 2;
    weir_build_records(kit.b, WEIR_S_POLICY, &p, 1);
}


static int
make_image(void **state)
{
    (void) state;

    kit_open(&kit);
    add_strings();
    add_issuers();
    add_callers();
    add_roles();
    add_routes();
    add_policy();

    return finish_image();
}


#define DEEP  (WEIR_MAX_JSON_DEPTH + 1)
#define MANY  ((uint64_t) WEIR_MAX_ROLES + 1)    /* of a range from 0 */

static const spoil_t  records[] = {
    REC(METHODS, M_JWT, method, by, 4, "methods[0].by is 4"),
    REC(METHODS, M_JWT, method, issuer, I_COUNT, "methods[0].issuer is 4"),
    REC(METHODS, M_APIKEY, method, by, WEIR_BY_ANONYMOUS,
        "methods[2] is of kind 0"),
    REC(METHODS, M_APIKEY, method, issuer, 0,
        "methods[2] is of kind 2 and of issuer 0"),
    REC(METHODS, M_JWT, method, issuer, WEIR_NONE,
        "methods[0] is of kind 1 and of issuer 4294967295: tokens have an "
        "issuer"),

    REC(SOURCES, 0, source, kind, WEIR_SOURCE_COUNT, "sources[0].kind is 3"),
    REC(SOURCES, 0, source, name, S_COUNT, "sources[0].name is 8"),
    REC(SOURCES, 1, source, name, S_EMPTY,
        "sources[1] is of kind 1 with a name of 0 bytes"),
    REC(SOURCES, 2, source, name, S_EMPTY,
        "sources[2] is of kind 2 with a name of 0 bytes"),
    REC(SOURCES, 0, source, name, S_A,
        "sources[0] is of kind 0 with a name of 1 bytes"),

    REC(ISSUERS, 0, issuer, name, 99, "issuers[0].name is 99"),
    REC(ISSUERS, 0, issuer, iss, 99, "issuers[0].iss is 99"),
    REC(ISSUERS, 0, issuer, aud.count, 999, "issuers[0].aud is 0, 999 more"),
    REC(ISSUERS, 0, issuer, typ.count, 999, "issuers[0].typ is 0, 999"),
    REC(ISSUERS, 0, issuer, claims.count, 999, "issuers[0].claims is 0, 999"),
    REC(ISSUERS, 0, issuer, sub.count, 999, "issuers[0].sub is 0, 999"),
    REC(ISSUERS, 0, issuer, roles.count, 999, "issuers[0].roles is 1, 999"),
    REC(ISSUERS, 0, issuer, tenant.count, 999, "issuers[0].tenant is 1, 999"),
    REC(ISSUERS, 0, issuer, acr.count, 999, "issuers[0].acr is 1, 999"),
    REC(ISSUERS, 0, issuer, amr.count, 999, "issuers[0].amr is 1, 999"),
    REC(ISSUERS, 0, issuer, sources.count, 4, "issuers[0].sources is 0, 4"),
    REC(ISSUERS, 0, issuer, url, 99, "issuers[0].url is 99"),
    REC(ISSUERS, 0, issuer, file, 99, "issuers[0].file is 99"),
    REC(ISSUERS, 0, issuer, algs, 1u << WEIR_ALG_COUNT,
        "issuers[0].algs is 16384"),
    REC(ISSUERS, 0, issuer, keys, WEIR_KEYS_COUNT, "issuers[0].keys is 4"),
    REC(ISSUERS, 0, issuer, dpop, WEIR_DPOP_COUNT, "issuers[0].dpop is 2"),

    REC(ISSUERS, I_URL, issuer, url, WEIR_NONE,
        "issuers[0] has keys of kind 1, which need a URL"),
    REC(ISSUERS, I_DISCOVERY, issuer, url, WEIR_NONE,
        "issuers[2] has keys of kind 2, which need a URL"),
    REC(ISSUERS, I_FILE, issuer, url, S_A,
        "issuers[1] has keys of kind 0, which need a file and no URL"),
    REC(ISSUERS, I_FILE, issuer, file, WEIR_NONE,
        "issuers[1] has keys of kind 0, which need a file and no URL"),
    REC(ISSUERS, I_SECRET, issuer, url, S_A,
        "issuers[3] has keys of kind 3, which need a file and no URL"),
    REC(ISSUERS, I_SECRET, issuer, file, WEIR_NONE,
        "issuers[3] has keys of kind 3, which need a file and no URL"),
    REC(ISSUERS, I_URL, issuer, algs, 0, "issuers[0] has algorithms 0x0"),
    REC(ISSUERS, I_URL, issuer, algs, WEIR_ALG_BIT(HS256),
        "issuers[0] has algorithms 0x1; keys of kind 1 are for some of "
        "0x3ff8"),
    REC(ISSUERS, I_SECRET, issuer, algs,
        WEIR_ALG_BIT(HS256) | WEIR_ALG_BIT(RS256),
        "issuers[3] has algorithms 0x9; keys of kind 3 are for some of 0x7"),
    REC(ISSUERS, I_FILE, issuer, sources.count, 0,
        "issuers[1] has 0 places for its token"),
    REC(ISSUERS, I_URL, issuer, sub.count, DEEP,
        "issuers[0] looks for a claim 21 levels deep, at most 20"),
    REC(ISSUERS, I_URL, issuer, roles.count, DEEP, "21 levels deep"),
    REC(ISSUERS, I_URL, issuer, tenant.count, DEEP, "21 levels deep"),
    REC(ISSUERS, I_URL, issuer, acr.count, DEEP, "21 levels deep"),
    REC(ISSUERS, I_URL, issuer, amr.count, DEEP, "21 levels deep"),
    REC(ISSUERS, I_URL, issuer, skew, WEIR_MAX_SKEW + 1,
        "issuers[0].skew is 601, at least 0 and at most 600"),
    REC(ISSUERS, I_URL, issuer, max_age, WEIR_MAX_TOKEN_AGE + 1,
        "issuers[0].max_age is 31536001"),
    REC(ISSUERS, I_URL, issuer, ttl, WEIR_MAX_KEYS_TTL + 1,
        "issuers[0].ttl is 2592001"),
    REC(ISSUERS, I_URL, issuer, ttl, 0, "issuers[0].ttl is 0, at least 1"),
    REC(ISSUERS, I_URL, issuer, stale_max, 0, "issuers[0].stale_max is 0"),
    REC(ISSUERS, I_URL, issuer, stale_max, WEIR_MAX_KEYS_STALE + 1,
        "issuers[0].stale_max is 31536001"),
    REC(ISSUERS, I_URL, issuer, refresh, 0, "issuers[0].refresh is 0"),
    REC(ISSUERS, I_URL, issuer, refresh, WEIR_MAX_KEYS_REFRESH + 1,
        "issuers[0].refresh is 86401"),
    REC(ISSUERS, I_URL, issuer, wait, WEIR_MAX_KEYS_WAIT + 1,
        "issuers[0].wait is 30001"),
    REC(ISSUERS, I_URL, issuer, revoked, WEIR_REVOKED_COUNT,
        "issuers[0].revoked is 3"),
    REC(ISSUERS, I_URL, issuer, reserved, 1, "issuers[0].reserved is 1"),
    REC(ISSUERS, I_URL, issuer, revoked_every, 0,
        "issuers[0].revoked_every is 0, at least 1"),
    REC(ISSUERS, I_URL, issuer, revoked_every, WEIR_MAX_REVOKED_EVERY + 1,
        "issuers[0].revoked_every is 3601"),
    REC(ISSUERS, I_URL, issuer, revoked_max, 0,
        "issuers[0].revoked_max is 0, at least 1"),
    REC(ISSUERS, I_URL, issuer, revoked_max, WEIR_MAX_REVOKED_STALE + 1,
        "issuers[0].revoked_max is 31536001"),
    REC(ISSUERS, I_FILE, issuer, revoked_every, 1,
        "issuers[1].revoked_every is 1, at least 0 and at most 0"),
    REC(ISSUERS, I_FILE, issuer, revoked_max, 1,
        "issuers[1].revoked_max is 1, at least 0 and at most 0"),

    REC(REVOKED, 0, revoked, key, 99, "revoked[0].key is 99"),
    REC(REVOKED, 1, revoked, key, S_ODD, "revoked[1] is no issuer's jti"),
    REC(REVOKED, 1, revoked, key, S_A, "revoked[1] is no issuer's jti"),
    REC(REVOKED, 1, revoked, key, S_EMPTY, "revoked[1] is no issuer's jti"),
    REC(APIKEYS, 0, apikey, id, 99, "apikeys[0].id is 99"),
    REC(APIKEYS, 0, apikey, tenant, 99, "apikeys[0].tenant is 99"),
    REC(APIKEYS, 0, apikey, roles.count, 999, "apikeys[0].roles is"),
    REC(APIKEYS, 0, apikey, roles, MANY << 32,
        "apikeys[0] has an id of 1 bytes and 65 roles, at most 255 and 64"),
    REC(IDENTITIES, 0, identity, name, 99, "identities[0].name is 99"),
    REC(IDENTITIES, 0, identity, tenant, 99, "identities[0].tenant is 99"),
    REC(IDENTITIES, 0, identity, roles.count, 999, "identities[0].roles is"),
    REC(IDENTITIES, 0, identity, roles, MANY << 32,
        "identities[0] has 65 roles, at most 64"),
    REC(MTLS, 0, mtls, sub, WEIR_CERT_COUNT, "mtls[0].sub is 5"),
    REC(MTLS, 0, mtls, prefix, 99, "mtls[0].prefix is 99"),
    REC(MTLS, 0, mtls, suffix, 99, "mtls[0].suffix is 99"),
    REC(MTLS, 0, mtls, rest, 2, "mtls[0].rest is 2"),
    REC(MTLS, 0, mtls, prefix, WEIR_NONE, "one of prefix and suffix"),
    REC(MTLS, 0, mtls, suffix, WEIR_NONE, "one of prefix and suffix"),
    REC(BINDS, 0, bind, kind, WEIR_BIND_COUNT, "binds[0].kind is 5"),
    REC(BINDS, 0, bind, reserved, 1, "binds[0].reserved is 1"),
    REC(BINDS, 0, bind, path.count, 999, "binds[0].path is 0, 999 more"),
    REC(BINDS, 0, bind, path.count, 0,
        "binds[0] is of kind 0 with 0 names of a claim"),
    REC(BINDS, 0, bind, path.count, DEEP, "binds[0] is of kind 0 with 21"),
    REC(BINDS, 1, bind, path.count, 1, "binds[1] is of kind 1 with 1 names"),

    REC(PERMISSIONS, 0, permission, name, 99, "permissions[0].name is 99"),
    REC(ROLES, 0, role, name, 99, "roles[0].name is 99"),
    REC(ROLES, 2, role, tenant, 99, "roles[2].tenant is 99"),
    REC(ROLES, 0, role, bits.count, 9999, "roles[0].bits is"),
    REC(ROLES, 0, role, bits.count, 1,
        "roles[0] has 1 words of bits; 33 permissions take 2"),
    REC(ROLES, R_CLERK, role, tenant, 1,
        "roles[0] of tenant 1 stands among others"),
    REC(ROLES, R_VIEWER, role, tenant, 0,
        "roles[1] of tenant 0 stands among others"),
    REC(ROLES, R_OWN, role, tenant, 2,
        "roles[2] of tenant 2 stands among others"),
    REC(ROLES, R_OWN_OTHER, role, tenant, 0,
        "roles[3] of tenant 0 stands among others"),
    REC(ROLES, R_OWN_OTHER, role, tenant, WEIR_NONE,
        "roles[3] of tenant 4294967295 stands among others"),
    REC(TENANTS, 0, tenant, roles.count, 3, "tenants[0].roles is 2, 3 more"),
    REC(TENANTS, 0, tenant, roles.count, 2,
        "tenants have 3 roles of 2 that are theirs"),
    REC(TENANTS, 1, tenant, roles, UINT64_C(1) << 32,
        "tenants have 3 roles of 2 that are theirs"),

    REC(MFAS, 0, mfa, acr.count, 999, "mfas[0].acr is 0, 999 more"),
    REC(MFAS, 0, mfa, amr.count, 999, "mfas[0].amr is 0, 999 more"),
    REC(MFAS, 0, mfa, reserved, 1, "mfas[0].reserved is 1"),
    REC(MFAS, 0, mfa, acr.count, 0, "mfas[0] asks for nothing"),

    REC(ROUTES, 0, route, auth, WEIR_AUTH_COUNT, "routes[0].auth is 4"),
    REC(ROUTES, 0, route, forward, 2, "routes[0].forward is 2"),
    REC(ROUTES, 0, route, auth_methods.count, 9, "routes[0].auth_methods is"),
    REC(ROUTES, 0, route, permissions.count, 999, "routes[0].permissions is"),
    REC(ROUTES, 0, route, scopes.count, 999, "routes[0].scopes is"),
    REC(ROUTES, 0, route, require, 1, "routes[0].require is 1"),
    REC(ROUTES, 0, route, mfa, 3, "routes[0].mfa is 3"),
    REC(ROUTES, 0, route, auth_methods.count, M_COUNT,
        "routes[0] has a method twice"),
    REC(METHODS, M_MTLS, method, by, WEIR_BY_APIKEY,
        "routes[0] has a method twice"),
    REC(ROUTES, 0, route, auth_methods.count, 0,
        "routes[0] has 0 methods for auth of kind 1"),
    REC(ROUTES, 1, route, auth_methods.count, 0,
        "routes[1] has 0 methods for auth of kind 2"),
    REC(ROUTES, 0, route, auth, WEIR_AUTH_NONE,
        "routes[0] has 4 methods for auth of kind 0"),
    REC(PROGS, 0, prog, phase, WEIR_PHASE_LOG,
        "routes[0] requires what its program needs phase log for"),

    REC(POLICY, 0, policy, key_sources.count, 3,
        "policy[0].key_sources is 1, 3 more"),
    REC(POLICY, 0, policy, bind.count, 3, "policy[0].bind is 0, 3 more")
};


static void
a_bad_record_is_refused(void **state)
{
    (void) state;

    refuse_each(records, N_OF(records));
}


/* Every row of the table has a case above that breaks it. */
static void
no_row_of_the_table_is_forgotten(void **state)
{
    (void) state;

    spoil_none_forgotten(records, N_OF(records), SPOIL_IDENTITY);
}


/* What is known in fewer ways is taken too. */
static void
what_is_left_out_is_not_asked_for(void **state)
{
    weir_img_mtls_t  *m;

    (void) state;

    m = kit_record(fresh(), WEIR_S_MTLS, 0);
    m->prefix = m->suffix = WEIR_NONE;
    kit_digest(work, good.len);
    assert_int_equal(verify(), WEIR_OK);

    ((weir_img_issuer_t *) kit_record(fresh(), WEIR_S_ISSUERS, I_URL))->file
        = WEIR_NONE;
    kit_digest(work, good.len);
    assert_int_equal(verify(), WEIR_OK);
}


static void
numbers_are_bounded(void **state)
{
    char               text[WEIR_MAX_API_KEY + 1];
    kit_t              k;
    uint32_t           refs[WEIR_MAX_CLAIMS + 1];
    weir_img_route_t   route;
    weir_img_apikey_t  key;
    weir_img_issuer_t  issuer;
    weir_img_tenant_t  tenant;

    (void) state;

    memset(refs, 0, sizeof(refs));
    memset(text, 'x', sizeof(text));

    kit_open(&k);
    weir_build_str(k.b, weir_str("", 0));
    weir_build_records(k.b, WEIR_S_ISSUERS, NULL, WEIR_MAX_ISSUERS + 1);
    refuse_own(&k, "65 issuers, at most 64");

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_PERMISSIONS, NULL,
                       WEIR_MAX_PERMISSIONS + 1);
    refuse_own(&k, "16385 permissions, at most 16384");

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_MTLS, NULL, 2);
    refuse_own(&k, "2 records of mtls, at most 1");

    kit_open(&k);
    memset(&key, 0, sizeof(key));
    key.tenant = WEIR_NONE;
    key.id = weir_build_str(k.b, weir_str(text, sizeof(text)));
    weir_build_records(k.b, WEIR_S_APIKEYS, &key, 1);
    refuse_own(&k, "apikeys[0] has an id of 256 bytes");

    kit_open(&k);
    memset(&issuer, 0, sizeof(issuer));
    issuer.url = WEIR_NONE;
    issuer.algs = WEIR_ALG_BIT(ES256);
    issuer.sources.count = 1;
    issuer.claims = weir_build_refs(k.b, refs, WEIR_MAX_CLAIMS + 1);
    weir_build_records(k.b, WEIR_S_ISSUERS, &issuer, 1);
    weir_build_records(k.b, WEIR_S_SOURCES, &(weir_img_source_t) {
                           WEIR_SOURCE_HEADER, 0 }, 1);
    refuse_own(&k, "issuers[0] has 1 places for its token and 1025 claims");

    kit_open(&k);
    memset(&tenant, 0, sizeof(tenant));
    tenant.plan = tenant.attrs = tenant.limits = WEIR_NONE;
    tenant.roles.count = WEIR_MAX_ROLES + 1;
    weir_build_records(k.b, WEIR_S_TENANTS, &tenant, 1);
    weir_build_records(k.b, WEIR_S_ROLES, NULL, WEIR_MAX_ROLES + 1);
    refuse_own(&k, "tenants[0] has 65 roles, at most 64");

    kit_open(&k);
    route = kit_route(&k);
    route.auth = WEIR_AUTH_ANY;
    route.auth_methods.count = WEIR_MAX_AUTH_METHODS + 1;
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);

    for (refs[0] = 0; refs[0] <= WEIR_MAX_AUTH_METHODS; refs[0]++) {
        weir_build_records(k.b, WEIR_S_METHODS, &(weir_img_method_t) {
                               WEIR_BY_MTLS, WEIR_NONE }, 1);
    }

    refuse_own(&k, "routes[0] has 67 methods for auth of kind 1, at most 66");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_good_image_is_taken),
        cmocka_unit_test(a_bad_record_is_refused),
        cmocka_unit_test(no_row_of_the_table_is_forgotten),
        cmocka_unit_test(what_is_left_out_is_not_asked_for),
        cmocka_unit_test(numbers_are_bounded)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
