/*
 * test_jwt.c: whole tokens under the rules of an issuer: what a good one
 * says, which rules it must meet, and for how long it is good.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "jwt_fixture.h"
#include "test/bad_tokens.h"


static bool
is_text(const weir_value_t *v, const char *text)
{
    return v != NULL && v->kind == WEIR_T_STRING
           && weir_str_eq(weir_v_text(v), weir_cstr(text));
}


static bool
sorted(const weir_value_t *v)
{
    uint32_t  i;

    for (i = 0; i < v->len; i++) {
        if (v->kind == WEIR_T_MAP && i > 0
            && weir_str_cmp(weir_v_text(&v->u.items[2 * i - 2]),
                            weir_v_text(&v->u.items[2 * i])) >= 0)
        {
            return false;
        }
    }

    return true;
}


static void
what_a_token_says(void **state)
{
    fix_t                f;
    weir_token_t         t;
    const weir_value_t  *v;

    static const char  claims[] =
        "{\"zeta\":[1,2.5,null,true,false,{\"b\":\"x\",\"a\":[]}],"
        "\"sub\":\"alice \\u00e9\",\"iss\":\"https://id.example/\","
        "\"aud\":[\"other\",\"shop-api\"],\"exp\":1700000600.75,"
        "\"nbf\":1699999999.25,\"iat\":1699999990.5,\"auth_time\":1699999000,"
        "\"jti\":\"j-1\",\"roles\":\" clerk  viewer \",\"tenant_id\":\"acme\","
        "\"acr\":\"urn:mfa\",\"amr\":[\"pwd\",\"otp\"],\"\":-7,"
        "\"scope\":\"orders.read orders.write\",\"cnf\":{\"x5t#S256\":"
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"jkt\":"
        "\"__________________________________________8\"}}";

    (void) state;

    open_fix(&f, strict);
    assert_int_equal(verify(&f, sign(&f, header_with(&f, NULL,
                                                     weir_str(NULL, 0)),
                                     weir_cstr(claims)), &t),
                     WEIR_TOKEN_NONE);

    assert_true(weir_str_eq(t.iss, weir_string(TK_ISS)));
    assert_true(weir_str_eq(t.sub, weir_string("alice \xc3\xa9")));
    assert_true(weir_str_eq(t.tenant, weir_string("acme")));
    assert_true(weir_str_eq(t.acr, weir_string("urn:mfa")));
    assert_true(weir_str_eq(t.jti, weir_string("j-1")));
    assert_true(weir_str_eq(t.kid, weir_string("k1")));
    assert_true(t.roles.kind == WEIR_T_LIST && t.roles.len == 2);
    assert_true(is_text(&t.roles.u.items[0], "clerk"));
    assert_true(is_text(&t.roles.u.items[1], "viewer"));
    assert_true(t.amr.len == 2 && is_text(&t.amr.u.items[1], "otp"));
    assert_true(t.scopes.len == 2
                && is_text(&t.scopes.u.items[1], "orders.write"));

    /* never longer than it says, never earlier */
    assert_int_equal(t.exp, 1700000600);
    assert_int_equal(t.nbf, 1700000000);
    assert_int_equal(t.iat, 1699999990);
    assert_int_equal(t.auth_time, 1699999000);
    assert_memory_equal(t.key, weir_key_thumbprint(weir_keys_at(f.keys, 0)),
                        sizeof(t.key));
    assert_true(t.has_x5t && t.x5t[0] == 0 && t.x5t[31] == 31);
    assert_true(t.has_jkt && t.jkt[0] == 0xff && t.jkt[31] == 0xff);

    assert_true(t.claims.kind == WEIR_T_MAP && t.claims.len == 16);
    assert_true(sorted(&t.claims));
    v = weir_claims_get(&t.claims, weir_string(""));
    assert_true(v != NULL && v->kind == WEIR_T_INT && v->u.i == -7);
    v = weir_claims_get(&t.claims, weir_string("exp"));
    assert_true(v != NULL && v->kind == WEIR_T_DOUBLE
                && v->u.d == 1700000600.75);
    assert_null(weir_claims_get(&t.claims, weir_string("zet")));
    v = weir_claims_get(&t.claims, weir_string("zeta"));
    assert_true(v != NULL && v->kind == WEIR_T_LIST && v->len == 6);
    v = v->u.items;
    assert_true(v[0].kind == WEIR_T_INT && v[0].u.i == 1);
    assert_true(v[1].kind == WEIR_T_DOUBLE && v[1].u.d == 2.5);
    assert_true(v[2].kind == WEIR_T_NULL);
    assert_true(v[3].kind == WEIR_T_BOOL && v[3].u.b);
    assert_true(v[4].kind == WEIR_T_BOOL && !v[4].u.b);
    assert_true(v[5].kind == WEIR_T_MAP && sorted(&v[5]));
    assert_null(weir_claims_get(&v[0], weir_string("a")));
    v = weir_claims_get(&v[5], weir_string("a"));
    assert_true(v != NULL && v->kind == WEIR_T_LIST && v->len == 0);

    close_fix(&f);
}


/* The least that a token can have. */
static void
what_a_token_lacks(void **state)
{
    fix_t         f;
    weir_token_t  t;

    (void) state;

    open_fix(&f, NULL);
    assert_int_equal(verify(&f, tk_token(&f.key, "{\"alg\":\"ES256\"}",
                                         "{\"iss\":\"" TK_ISS "\",\"exp\":"
                                         "1700000001}", f.token), &t),
                     WEIR_TOKEN_NONE);
    assert_true(t.sub.len == 0 && t.tenant.len == 0 && t.acr.len == 0
                && t.jti.len == 0);
    assert_true(t.roles.kind == WEIR_T_LIST && t.roles.len == 0);
    assert_true(t.amr.kind == WEIR_T_LIST && t.amr.len == 0);
    assert_true(t.scopes.kind == WEIR_T_LIST && t.scopes.len == 0);
    assert_true(t.nbf == WEIR_NO_TIME && t.iat == WEIR_NO_TIME
                && t.auth_time == WEIR_NO_TIME);
    assert_true(!t.has_x5t && !t.has_jkt);

    close_fix(&f);
}


/* Keys that come with the token, and its own word that it needs none. */
static void
keys_of_the_header(void **state)
{
    char        jwk[2048], header[4096], *p;
    fix_t       f;
    size_t      i;
    tk_key_t    attacker;
    weir_str_t  t, none = { NULL, 0 };

    static const char *const  formats[] = {
        "{\"alg\":\"ES256\",\"jwk\":%s}",
        "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jwk\":%s}",
        "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jku\":\"https://a.example\","
            "\"x\":%s}",
        "{\"alg\":\"ES256\",\"x5u\":\"https://a.example\",\"x\":%s}",
        "{\"alg\":\"ES256\",\"x5c\":[\"MII\"],\"jwk\":%s}",
    };

    static const char *const  nones[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"NONE\"}",
        "{\"alg\":\"\"}", "{}", "{\"typ\":\"JWT\"}",
    };

    (void) state;

    open_fix(&f, strict);
    attacker = tk_key(WEIR_ALG_ES256);
    tk_jwk(&attacker, ",\"kid\":\"k1\"", jwk, sizeof(jwk));

    for (i = 0; i < N_OF(formats); i++) {
        snprintf(header, sizeof(header), formats[i], jwk);
        t = tk_token_of(&attacker, weir_cstr(header),
                        claims_with(&f, NULL, none), f.token);
        expect(&f, formats[i], none, t, WEIR_TOKEN_SIGNATURE);
    }

    for (i = 0; i < N_OF(nones); i++) {
        p = tk_input(weir_cstr(nones[i]), claims_with(&f, NULL, none),
                     f.token);
        *p++ = '.';
        expect(&f, nones[i], none,
               weir_str(f.token, (size_t) (p - f.token)),
               WEIR_TOKEN_MALFORMED);
        p = put(p, "AAAA", 4);
        expect(&f, nones[i], none,
               weir_str(f.token, (size_t) (p - f.token)), WEIR_TOKEN_ALG);
    }

    tk_key_free(&attacker);
    close_fix(&f);
}


static void
with_types(kit_t *kit, weir_img_issuer_t *is)
{
    is->typ = TK_REFS(kit, "x+jwt", "secevent+jwt");
}


static void
with_age(kit_t *kit, weir_img_issuer_t *is)
{
    (void) kit;
    is->max_age = 3600;
}


static void
without_skew(kit_t *kit, weir_img_issuer_t *is)
{
    (void) kit;
    is->skew = 0;
}


static void
with_required(kit_t *kit, weir_img_issuer_t *is)
{
    is->claims = TK_REFS(kit, "x", "sub", "y.z");
}


static void
with_paths(kit_t *kit, weir_img_issuer_t *is)
{
    is->sub = TK_REFS(kit, "user", "mail");
    is->roles = TK_REFS(kit, "https://x.example/roles");
    is->tenant = TK_REFS(kit, "org", "of", "id");
    is->acr = TK_REFS(kit, "a", "b");
    is->amr = (weir_range_t) { 0, 0 };
}


static void
rules_of_an_issuer(void **state)
{
    fix_t   f;
    size_t  i;

    static const struct {
        rules_pt             rules;
        const char          *header;
        const char          *claims;    /* with iss before */
        weir_token_fault_t   fault;
    } cases[] = {
        { with_types, "\"typ\":\"x+jwt\"", "\"exp\":1700000001",
          WEIR_TOKEN_NONE },
        { with_types, "\"typ\":\"application/SecEvent+JWT\"",
          "\"exp\":1700000001", WEIR_TOKEN_NONE },
        { with_types, "\"x\":0", "\"exp\":1700000001", WEIR_TOKEN_TYP },
        { with_types, "\"typ\":\"JWT\"", "\"exp\":1700000001",
          WEIR_TOKEN_TYP },
        { with_types, "\"typ\":\"x+jwt2\"", "\"exp\":1700000001",
          WEIR_TOKEN_TYP },

        { with_age, "\"x\":0", "\"iat\":1700000000", WEIR_TOKEN_NONE },
        { with_age, "\"x\":0", "\"iat\":1699996371", WEIR_TOKEN_NONE },
        { with_age, "\"x\":0", "\"iat\":1699996370", WEIR_TOKEN_OLD },
        { with_age, "\"x\":0", "\"iat\":1699996370.9", WEIR_TOKEN_OLD },
        { with_age, "\"x\":0", "\"iat\":0", WEIR_TOKEN_OLD },
        { with_age, "\"x\":0", "\"exp\":1700000600", WEIR_TOKEN_MISSING },
        { with_age, "\"x\":0", "\"iat\":1700000000,\"exp\":1600000000",
          WEIR_TOKEN_EXPIRED },
        { with_age, "\"x\":0", "\"iat\":1700000031", WEIR_TOKEN_EARLY },

        { without_skew, "\"x\":0", "\"exp\":1700000001", WEIR_TOKEN_NONE },
        { without_skew, "\"x\":0", "\"exp\":1700000000", WEIR_TOKEN_EXPIRED },
        { without_skew, "\"x\":0", "\"exp\":1700000000.9",
          WEIR_TOKEN_EXPIRED },
        { without_skew, "\"x\":0", "\"exp\":1700000001,\"nbf\":1700000000",
          WEIR_TOKEN_NONE },
        { without_skew, "\"x\":0", "\"exp\":1700000001,\"nbf\":1700000000.1",
          WEIR_TOKEN_EARLY },

        { with_required, "\"x\":0",
          "\"exp\":1700000001,\"x\":0,\"sub\":\"a\",\"y.z\":[]",
          WEIR_TOKEN_NONE },
        { with_required, "\"x\":0",
          "\"exp\":1700000001,\"x\":false,\"sub\":\"a\",\"y\":{\"z\":1}",
          WEIR_TOKEN_MISSING },
        { with_required, "\"x\":0",
          "\"exp\":1700000001,\"x\":null,\"sub\":\"a\",\"y.z\":1",
          WEIR_TOKEN_MISSING },
        { with_required, "\"x\":0",
          "\"exp\":1700000001,\"x\":1,\"sub\":\"\",\"y.z\":1",
          WEIR_TOKEN_MISSING },

        { with_paths, "\"x\":0",
          "\"exp\":1700000001,\"user\":{\"mail\":1}", WEIR_TOKEN_CLAIMS },
        { with_paths, "\"x\":0", "\"exp\":1700000001,\"user\":\"mail\"",
          WEIR_TOKEN_NONE },
        { with_paths, "\"x\":0", "\"exp\":1700000001,\"amr\":7,\"roles\":1",
          WEIR_TOKEN_NONE },
        { with_paths, "\"x\":0", "\"exp\":1700000001,\"sub\":1",
          WEIR_TOKEN_CLAIMS },
        { with_paths, "\"x\":0",
          "\"exp\":1700000001,\"https://x.example/roles\":7",
          WEIR_TOKEN_CLAIMS },
    };

    (void) state;

    open_fix(&f, NULL);

    for (i = 0; i < N_OF(cases); i++) {
        close_kit(&f);
        open_kit(&f, cases[i].rules, NULL, 0);
        sprintf(f.header, "{\"alg\":\"ES256\",%s}", cases[i].header);
        sprintf(f.claims, "{\"iss\":\"" TK_ISS "\",%s}", cases[i].claims);
        expect(&f, cases[i].header, weir_cstr(cases[i].claims),
               tk_token(&f.key, f.header, f.claims, f.token),
               cases[i].fault);
    }

    close_fix(&f);
}


static void
claims_at_paths(void **state)
{
    fix_t         f;
    weir_token_t  t;

    (void) state;

    open_fix(&f, with_paths);
    assert_int_equal(
        verify(&f, tk_token(&f.key, "{\"alg\":\"ES256\"}",
                            "{\"iss\":\"" TK_ISS "\",\"exp\":1700000001,"
                            "\"sub\":\"1\",\"user\":{\"mail\":\"a@b\","
                            "\"x\":{}},\"org\":{\"of\":{\"id\":\"acme\"}},"
                            "\"https://x.example/roles\":[\"r\"],"
                            "\"a.b\":\"no\",\"amr\":[\"pwd\"]}", f.token),
               &t), WEIR_TOKEN_NONE);
    assert_true(weir_str_eq(t.sub, weir_string("a@b")));
    assert_true(weir_str_eq(t.tenant, weir_string("acme")));
    assert_true(t.roles.len == 1 && is_text(t.roles.u.items, "r"));
    assert_true(t.acr.len == 0 && t.amr.len == 0);

    close_fix(&f);
}


static void
sub_is_mail(kit_t *kit, weir_img_issuer_t *is)
{
    is->sub = TK_REFS(kit, "mail");
}


static void
what_is_revoked(void **state)
{
    fix_t                f;
    size_t               i;
    weir_str_t           token;
    weir_token_t         t;

    static const char *const  lists[][3] = {
        { "main|jti|j-1", "main|jti|j-2", "main|sub|zoe" },
        { "main|jti|j-3", "main|jti|j-2", "main|sub|alice" },
        { "main|jti|j-3", "main|kid|k1", "main|sub|zoe" },
        { "main|sub|a@b", "main|kid|k2", "main|jti|zoe" },
        { "other|jti|j-1", "other|sub|alice", "other|kid|k1" },
        { "main|sub|j-1", "main|kid|alice", "main|jti|k1" },
        { "main|jti|J-1", "main|sub|Alice", "main|kid|K1" },
        { "main|jti|j-1|", "main|sub|alic", "main|kid|" },
    };

    (void) state;

    open_fix(&f, NULL);

    for (i = 0; i < N_OF(lists); i++) {
        close_kit(&f);
        open_kit(&f, sub_is_mail, NULL, 0);
        token = token_with(&f, "mail", "\"a@b\"");
        assert_int_equal(verify(&f, token, &t), WEIR_TOKEN_NONE);

        close_kit(&f);
        open_kit(&f, sub_is_mail, lists[i], 3);

        /* what was verified before is looked up as well */
        if (weir_jwt_again(&t, &f.img, 0, f.keys, TK_NOW)
            != (i < 4 ? WEIR_TOKEN_REVOKED : WEIR_TOKEN_NONE))
        {
            fail_msg("again: %s", lists[i][0]);
        }

        expect(&f, "revoked", weir_cstr(lists[i][0]), token,
               i < 4 ? WEIR_TOKEN_REVOKED : WEIR_TOKEN_NONE);
    }

    close_fix(&f);
}


/* A token that does not name its key is no way around the list. */
static void
revoked_key_unnamed(void **state)
{
    fix_t         f;
    weir_str_t    token;
    weir_token_t  t;

    static const char *const  listed = "main|kid|k1";

    (void) state;

    open_fix(&f, NULL);
    token = sign(&f, weir_string("{\"alg\":\"ES256\"}"),
                 claims_with(&f, NULL, weir_str(NULL, 0)));
    assert_int_equal(verify(&f, token, &t), WEIR_TOKEN_NONE);
    assert_true(weir_str_eq(t.kid, weir_string("k1")));

    close_kit(&f);
    open_kit(&f, NULL, &listed, 1);
    assert_int_equal(weir_jwt_again(&t, &f.img, 0, f.keys, TK_NOW),
                     WEIR_TOKEN_REVOKED);
    expect(&f, "revoked", weir_string("no kid"), token, WEIR_TOKEN_REVOKED);

    close_fix(&f);
}


/* No name is too long to be found in the list, or it counts as found. */
static void
revoked_at_length(void **state)
{
    char           key[4096], json[WEIR_MAX_TOKEN];
    fix_t          f;
    size_t         n;
    weir_token_t   t;
    const char    *list = key;

    (void) state;

    open_fix(&f, NULL);

    for (n = 1; n <= 400; n += 133) {
        memcpy(key, "main|jti|", 9);
        memset(key + 9, 'j', n);
        key[9 + n] = '\0';
        close_kit(&f);
        open_kit(&f, NULL, &list, 1);

        snprintf(json, sizeof(json), "\"%s\"", key + 9);
        expect(&f, "jti", weir_cstr(json), token_with(&f, "jti", json),
               WEIR_TOKEN_REVOKED);
        snprintf(json, sizeof(json), "\"%sj\"", key + 9);
        expect(&f, "jti", weir_cstr(json), token_with(&f, "jti", json),
               WEIR_TOKEN_NONE);
    }

    memset(json, 'j', 11000);
    json[0] = json[10999] = '"';
    json[11000] = '\0';
    expect(&f, "jti", weir_str(json, 40), token_with(&f, "jti", json),
           WEIR_TOKEN_NONE);

    /* longer than a token is: only a wrong block of memory has it */
    assert_int_equal(verify(&f, token_with(&f, NULL, NULL), &t),
                     WEIR_TOKEN_NONE);
    t.jti = weir_str(f.token, TK_ROOM);
    memset(f.token, 'j', TK_ROOM);
    assert_int_equal(weir_jwt_again(&t, &f.img, 0, f.keys, TK_NOW),
                     WEIR_TOKEN_REVOKED);

    close_fix(&f);
}


static void
with_both(kit_t *kit, weir_img_issuer_t *is)
{
    (void) kit;
    is->max_age = 500;
    is->skew = 0;
}


static void
time_goes_by(void **state)
{
    void          *mem;
    fix_t          f;
    size_t         len, i;
    tk_key_t       other;
    weir_keys_t   *keys;
    weir_token_t   t, u;

    static const struct {
        int64_t              now;
        weir_token_fault_t   fault;
    } cases[] = {
        { INT64_C(1699999989), WEIR_TOKEN_EARLY },
        { INT64_C(1699999990), WEIR_TOKEN_NONE },
        { INT64_C(1700000489), WEIR_TOKEN_NONE },
        { INT64_C(1700000490), WEIR_TOKEN_OLD },
        { INT64_C(1700000599), WEIR_TOKEN_OLD },
        { INT64_C(1700000600), WEIR_TOKEN_EXPIRED },
        { INT64_C(4102444800), WEIR_TOKEN_EXPIRED },
        { 0, WEIR_TOKEN_EARLY },
    };

    (void) state;

    open_fix(&f, with_both);
    assert_int_equal(verify(&f, token_with(&f, NULL, NULL), &t),
                     WEIR_TOKEN_NONE);

    /* as it comes from the cache */
    len = weir_token_packed(&t);
    assert_true(len > 0 && len < 1500);
    mem = malloc(len);
    weir_token_pack(&t, mem);
    assert_int_equal(weir_token_unpack(mem, len, &u), WEIR_OK);
    assert_true(weir_str_eq(u.sub, weir_string("alice")));
    assert_true(is_text(weir_claims_get(&u.claims, weir_string("jti")),
                        "j-1"));

    for (i = 0; i < N_OF(cases); i++) {
        assert_int_equal(weir_jwt_again(&t, &f.img, 0, f.keys, cases[i].now),
                         cases[i].fault);
        assert_int_equal(weir_jwt_again(&u, &f.img, 0, f.keys, cases[i].now),
                         cases[i].fault);
    }

    /* the key goes, and comes back under another name */
    other = tk_key(WEIR_ALG_ES256);
    keys = tk_keys_of(&other, "k1");
    assert_int_equal(weir_jwt_again(&u, &f.img, 0, keys, TK_NOW),
                     WEIR_TOKEN_KEY);
    assert_int_equal(weir_jwt_again(&u, &f.img, 0, NULL, TK_NOW),
                     WEIR_TOKEN_NO_KEYS);
    weir_keys_free(keys);
    keys = tk_keys_of(&f.key, "k2");
    assert_int_equal(weir_jwt_again(&u, &f.img, 0, keys, TK_NOW),
                     WEIR_TOKEN_NONE);
    weir_keys_free(keys);

    free(mem);
    tk_key_free(&other);
    close_fix(&f);
}


static void
no_keys_yet(void **state)
{
    fix_t         f;
    weir_token_t  t;

    (void) state;

    open_fix(&f, NULL);
    assert_int_equal(weir_jwt_verify(token_with(&f, NULL, NULL), &f.img, 0,
                                     NULL, TK_NOW, &f.m, &t),
                     WEIR_TOKEN_NO_KEYS);

    /* rubbish is no reason to fetch any */
    assert_int_equal(weir_jwt_verify(weir_string("a.b.c"), &f.img, 0, NULL,
                                     TK_NOW, &f.m, &t),
                     WEIR_TOKEN_MALFORMED);
    assert_int_equal(weir_jwt_verify(weir_string("e30.e30.AAAA"), &f.img, 0,
                                     NULL, TK_NOW, &f.m, &t),
                     WEIR_TOKEN_ALG);

    close_fix(&f);
}


static void
issuers_that_are_named(void **state)
{
    fix_t       f;
    size_t      i;
    weir_str_t  iss, none = { NULL, 0 };

    static const char *const  named[][2] = {
        { "{\"x\":{\"iss\":\"no\"},\"iss\" : \"a\" }", "a" },
        { "{\"iss\":\"https:\\/\\/id.example\\/\"}", TK_ISS },
        { "{\"\\u0069ss\":\"a\"}", "a" },
        { "{\"x\":\"\\\"iss\\\":\\\"no\\\"\",\"iss\":\"b,}]\"}", "b,}]" },
        { "{\"iss\":\"\"}", "" },
    };

    static const char *const  nobody[] = {
        "", "a.b.c", "e30.e30.AA", "e30.W10.AA", "e30.MQ.AA", "e30..AA",
        "e30.eyJpc3MiOjF9.AA", "e30.e30.AA.AA.AA", "e30.eyJpc3MiOm51bGx9.AA",
        "e30.eyJpc3MiOiJhIn0.AA.AA.AA", "e30.eyJpc3MiOiJhIn0",
    };

    (void) state;

    open_fix(&f, NULL);

    iss = weir_jwt_peek_issuer(token_with(&f, NULL, NULL), &f.m);
    assert_true(weir_str_eq(iss, weir_string(TK_ISS)));
    iss = weir_jwt_peek_issuer(token_with(&f, "iss", "\"\""), &f.m);
    assert_true(iss.data != NULL && iss.len == 0);

    for (i = 0; i < N_OF(named); i++) {
        iss = weir_jwt_peek_issuer(tk_token(&f.key, "{}", named[i][0],
                                            f.token), &f.m);

        if (iss.data == NULL || !weir_str_eq(iss, weir_cstr(named[i][1]))) {
            fail_msg("%s: %.*s", named[i][0], WEIR_STR(iss));
        }
    }

    for (i = 0; i < N_OF(nobody); i++) {
        assert_null(weir_jwt_peek_issuer(weir_cstr(nobody[i]), &f.m).data);
    }

    for (i = 0; i < N_OF(bad_objects); i++) {
        assert_null(weir_jwt_peek_issuer(
                        sign(&f, header_with(&f, NULL, none),
                             bad_objects[i]), &f.m).data);
    }

    close_fix(&f);
}


static void
names_in_the_cache(void **state)
{
    fix_t                f;
    char                *long_one;
    uint8_t              a[WEIR_SHA256_LEN], b[WEIR_SHA256_LEN], text[40];
    weir_img_issuer_t    is;
    weir_digester_t     *d;

    (void) state;

    open_fix(&f, NULL);
    is = WEIR_REC(&f.img, ISSUERS)[0];
    d = f.img.digester;

    assert_int_equal(weir_jwt_cache_key(d, &is, weir_string("a.b.c"), a),
                     WEIR_OK);
    memcpy(text, is.digest, 32);
    memcpy(text + 32, "a.b.c", 5);
    assert_int_equal(weir_sha256(weir_str((char *) text, 37), b), WEIR_OK);
    assert_memory_equal(a, b, sizeof(a));

    is.digest[31] ^= 1;
    assert_int_equal(weir_jwt_cache_key(d, &is, weir_string("a.b.c"), b),
                     WEIR_OK);
    assert_memory_not_equal(a, b, sizeof(a));

    long_one = calloc(1, WEIR_MAX_TOKEN + 1);
    assert_int_equal(weir_jwt_cache_key(d, &is, weir_str(long_one,
                                                         WEIR_MAX_TOKEN), a),
                     WEIR_OK);
    memset(a, 1, sizeof(a));
    memset(b, 1, sizeof(b));
    assert_int_equal(weir_jwt_cache_key(d, &is, weir_str(long_one,
                                                         WEIR_MAX_TOKEN + 1),
                                        a), WEIR_ERROR);
    assert_int_equal(weir_jwt_cache_key(d, &is, weir_str("", 0), a),
                     WEIR_ERROR);
    assert_memory_equal(a, b, sizeof(a));

    free(long_one);
    close_fix(&f);
}


static void
without_memory(void **state)
{
    fix_t                f;
    unsigned             i;
    weir_str_t           token;
    weir_token_t         t;
    weir_token_fault_t   fault;

    (void) state;

    open_fix(&f, strict);
    token = token_with(&f, "roles", "\"a b\"");

    for (i = 1; /* void */; i++) {
        f.mem.calls = 0;
        f.mem.fail_at = i;
        fault = verify(&f, token, &t);

        if (f.mem.calls < i) {
            break;
        }

        assert_int_equal(fault, WEIR_TOKEN_MEMORY);
    }

    assert_int_equal(fault, WEIR_TOKEN_NONE);
    assert_true(i > 5);

    token = token_with(&f, "iss", "\"\\u0061\"");

    for (i = 1; i < 3; i++) {
        f.mem.calls = 0;
        f.mem.fail_at = i;
        assert_null(weir_jwt_peek_issuer(token, &f.m).data);
    }

    f.mem.fail_at = 0;
    close_fix(&f);
}


static void
each_fault_has_words(void **state)
{
    unsigned  i;

    (void) state;

    for (i = 0; i < WEIR_TOKEN_COUNT; i++) {
        assert_true(strlen(weir_token_fault_name(i)) > 3);
        /* it goes into a quoted string of a header */
        assert_null(strpbrk(weir_token_fault_text(i), "\"\\\r\n"));
    }

    assert_string_equal(weir_token_fault_name(WEIR_TOKEN_EXPIRED),
                        "expired");
    assert_string_equal(weir_token_fault_name(WEIR_TOKEN_COUNT), "unknown");
    assert_string_equal(weir_token_fault_text(UINT32_MAX), "unknown");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_a_token_says),
        cmocka_unit_test(what_a_token_lacks),
        cmocka_unit_test(keys_of_the_header),
        cmocka_unit_test(rules_of_an_issuer),
        cmocka_unit_test(claims_at_paths),
        cmocka_unit_test(what_is_revoked),
        cmocka_unit_test(revoked_key_unnamed),
        cmocka_unit_test(revoked_at_length),
        cmocka_unit_test(time_goes_by),
        cmocka_unit_test(no_keys_yet),
        cmocka_unit_test(issuers_that_are_named),
        cmocka_unit_test(names_in_the_cache),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(each_fault_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
