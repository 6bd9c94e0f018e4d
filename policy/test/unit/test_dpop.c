/*
 * test_dpop.c: proofs of possession: the one that fits the request, and all
 * others.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "run/dpop.c"
#include "test/tokens.h"

#define TOKEN   "the.access.token"
#define URL     "https://shop.example/v1/orders"
#define SKEW    30
#define ROOM    4096

typedef struct {
    tk_key_t        key;
    char            jwk[2048];
    char            ath[64];
    uint8_t         jkt[WEIR_SHA256_LEN];
    char           *proof;      /* TK_ROOM */
    char           *header;     /* ROOM each */
    char           *claims;
    tk_memory_t     mem;
    weir_memory_t   m;
} fix_t;


static void
open_fix(fix_t *f, weir_alg_t alg)
{
    uint8_t       digest[WEIR_SHA256_LEN];
    weir_keys_t  *keys;

    memset(f, 0, sizeof(fix_t));
    f->m.alloc = tk_alloc;
    f->m.data = &f->mem;
    f->key = tk_key(alg);
    tk_jwk(&f->key, "", f->jwk, sizeof(f->jwk));
    keys = tk_keys_of(&f->key, NULL);
    memcpy(f->jkt, weir_key_thumbprint(weir_keys_at(keys, 0)), 32);
    weir_keys_free(keys);
    assert_int_equal(weir_sha256(weir_string(TOKEN), digest), WEIR_OK);
    tk_encode(digest, sizeof(digest), f->ath);
    f->proof = malloc(TK_ROOM);
    f->header = malloc(ROOM);
    f->claims = malloc(ROOM);
    assert_true(f->proof && f->header && f->claims);
}


static void
close_fix(fix_t *f)
{
    tk_free(&f->mem);
    tk_key_free(&f->key);
    free(f->proof);
    free(f->header);
    free(f->claims);
}


/*
 * A proof with one member as text says, or, "", without it: jwk stands for
 * the key's own.
 */
static weir_str_t
proof_with(fix_t *f, const char *member, const char *text)
{
    char    *p;
    size_t   i, j;

    const char *const  header[][2] = {
        { "typ", "\"dpop+jwt\"" }, { "alg", "\"ES256\"" },
        { "jwk", f->jwk },
    };

    char  ath[80];

    const char *const  claims[][2] = {
        { "jti", "\"p-1\"" }, { "htm", "\"GET\"" },
        { "htu", "\"" URL "\"" }, { "iat", "1700000000" }, { "ath", ath },
    };

    snprintf(ath, sizeof(ath), "\"%s\"", f->ath);
    p = f->header;

    for (i = 0, j = 0; i < N_OF(header); i++) {
        if (strcmp(header[i][0], member) != 0) {
            p += sprintf(p, "%s\"%s\":%s", j++ ? "," : "{", header[i][0],
                         header[i][1]);

        } else if (*text) {
            p += sprintf(p, "%s\"%s\":%s", j++ ? "," : "{", member, text);
        }
    }

    strcpy(p, "}");
    p = f->claims;

    for (i = 0, j = 0; i < N_OF(claims); i++) {
        if (strcmp(claims[i][0], member) != 0) {
            p += sprintf(p, "%s\"%s\":%s", j++ ? "," : "{", claims[i][0],
                         claims[i][1]);

        } else if (*text) {
            p += sprintf(p, "%s\"%s\":%s", j++ ? "," : "{", member, text);
        }
    }

    strcpy(p, "}");

    return tk_token(&f->key, f->header, f->claims, f->proof);
}


static weir_token_fault_t
verify(fix_t *f, weir_str_t proof, const char *method, const char *url)
{
    int64_t              until = -1;
    uint8_t              id[WEIR_SHA256_LEN], untouched[WEIR_SHA256_LEN];
    weir_token_fault_t   fault;

    memset(id, 0x5a, sizeof(id));
    memset(untouched, 0x5a, sizeof(untouched));

    fault = weir_dpop_verify(proof, weir_cstr(method), weir_cstr(url),
                             weir_string(TOKEN), f->jkt, WEIR_ALGS_PUBLIC,
                             SKEW, TK_NOW, &f->m, id, &until);

    assert_true((fault == WEIR_TOKEN_NONE) == (until != -1));
    assert_true((fault == WEIR_TOKEN_NONE)
                == (memcmp(id, untouched, sizeof(id)) != 0));
    tk_free(&f->mem);

    return fault;
}


static void
the_proof_that_fits(void **state)
{
    fix_t        f;
    int64_t      until;
    uint8_t      id[WEIR_SHA256_LEN], want[WEIR_SHA256_LEN], text[64];
    unsigned     alg;
    weir_str_t   proof;

#define A(id, text, kty)  "\"" text "\"",
    static const char *const  names[] = { WEIR_ALGS(A) };
#undef A

    (void) state;

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
        open_fix(&f, (weir_alg_t) alg);
        proof = proof_with(&f, "alg", names[alg]);

        /* of a secret nobody is the only owner */
        if (1u << alg & WEIR_ALGS_SECRET) {
            assert_int_equal(verify(&f, proof, "GET", URL),
                             WEIR_TOKEN_PROOF);
            close_fix(&f);
            continue;
        }

        assert_int_equal(
            weir_dpop_verify(proof, weir_string("GET"), weir_string(URL),
                             weir_string(TOKEN), f.jkt, 1u << alg, SKEW,
                             TK_NOW, &f.m, id, &until), WEIR_TOKEN_NONE);
        memcpy(text, f.jkt, 32);
        memcpy(text + 32, "p-1", 3);
        assert_int_equal(weir_sha256(weir_str((char *) text, 35), want),
                         WEIR_OK);
        assert_memory_equal(id, want, sizeof(id));
        assert_int_equal(until, TK_NOW + 91);

        /* whoever's it is; an algorithm that is not wanted */
        assert_int_equal(
            weir_dpop_verify(proof, weir_string("GET"), weir_string(URL),
                             weir_string(TOKEN), NULL, WEIR_ALGS_PUBLIC,
                             SKEW, TK_NOW, &f.m, id, &until),
            WEIR_TOKEN_NONE);
        assert_int_equal(
            weir_dpop_verify(proof, weir_string("GET"), weir_string(URL),
                             weir_string(TOKEN), f.jkt,
                             WEIR_ALGS_PUBLIC & ~(1u << alg), SKEW, TK_NOW,
                             &f.m, id, &until), WEIR_TOKEN_PROOF);
        close_fix(&f);
    }
}


static void
proofs_that_are_good(void **state)
{
    fix_t   f;
    size_t  i;

    static const char *const  rows[][2] = {
        { "typ", "\"DPoP+JWT\"" }, { "typ", "\"application/dpop+jwt\"" },
        { "iat", "1700000090" }, { "iat", "1699999910" },
        { "iat", "1699999910.5" }, { "iat", "1.7e9" },
        { "htu", "\"HTTPS://Shop.Example/v1/orders\"" },
        { "htu", "\"https://shop.example:443/v1/orders\"" },
        { "htu", "\"https://shop.example:/v1/orders\"" },
        { "htu", "\"https://shop.example/v1/orders?a=b/c#d\"" },
        { "htu", "\"https://shop.example/v1/orders#x?y\"" },
        { "htu", "\"https:\\/\\/shop.example\\/v1\\/orders\"" },
    };

    (void) state;

    open_fix(&f, WEIR_ALG_ES256);

    for (i = 0; i < N_OF(rows); i++) {
        if (verify(&f, proof_with(&f, rows[i][0], rows[i][1]), "GET", URL)
            != WEIR_TOKEN_NONE)
        {
            fail_msg("%s: %s", rows[i][0], rows[i][1]);
        }
    }

    close_fix(&f);
}


static void
proofs_that_are_bad(void **state)
{
    char    long_one[300];
    fix_t   f;
    size_t  i;

    static const char *const  rows[][2] = {
        { "typ", "" }, { "typ", "null" }, { "typ", "\"JWT\"" },
        { "typ", "\"dpop\"" }, { "typ", "\"dpop+jwt2\"" },
        { "alg", "" }, { "alg", "\"none\"" }, { "alg", "\"ES384\"" },
        { "alg", "\"HS256\"" }, { "alg", "\"es256\"" },
        { "jwk", "" }, { "jwk", "null" }, { "jwk", "\"x\"" }, { "jwk", "{}" },
        { "jwk", "[]" }, { "jwk", "{\"kty\":\"oct\",\"k\":\"AAAA\"}" },
        { "jwk", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\","
                 "\"y\":\"AA\"}" },
        { "jwk", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}" },
        { "jwk", "{\"keys\":[]}" },
        { "jti", "" }, { "jti", "null" }, { "jti", "1" }, { "jti", "\"\"" },
        { "jti", "[\"p-1\"]" },
        { "htm", "" }, { "htm", "null" }, { "htm", "\"get\"" },
        { "htm", "\"POST\"" }, { "htm", "\"GET \"" }, { "htm", "\"\"" },
        { "htm", "[\"GET\"]" },
        { "htu", "" }, { "htu", "null" }, { "htu", "1" }, { "htu", "\"\"" },
        { "htu", "\"https://shop.example/v1/orders/\"" },
        { "htu", "\"https://shop.example/v1/order\"" },
        { "htu", "\"https://shop.example/V1/orders\"" },
        { "htu", "\"https://shop.example/v1/%6frders\"" },
        { "htu", "\"https://shop.example/v1/../v1/orders\"" },
        { "htu", "\"https://shop.example//v1/orders\"" },
        { "htu", "\"https://shop.example\"" },
        { "htu", "\"http://shop.example/v1/orders\"" },
        { "htu", "\"https://shop.example:80/v1/orders\"" },
        { "htu", "\"https://shop.example:8443/v1/orders\"" },
        { "htu", "\"https://shop.example:0443/v1/orders\"" },
        { "htu", "\"https://user@shop.example/v1/orders\"" },
        { "htu", "\"https://shop.example@a.example/v1/orders\"" },
        { "htu", "\"https://shop.example.a.example/v1/orders\"" },
        { "htu", "\"https://a.example/https://shop.example/v1/orders\"" },
        { "htu", "\"https:///v1/orders\"" }, { "htu", "\"/v1/orders\"" },
        { "htu", "\"//shop.example/v1/orders\"" },
        { "htu", "\"https:/shop.example/v1/orders\"" },
        { "htu", "\"https:shop.example/v1/orders\"" },
        { "htu", "\"shop.example/v1/orders\"" },
        { "htu", "\"ftp://shop.example/v1/orders\"" },
        { "htu", "\" https://shop.example/v1/orders\"" },
        { "htu", "\"https://shop.example/v1/orders \"" },
        { "htu", "\"https://shop.example\\\\v1/orders\"" },
        { "htu", "\"https://shop.example?/v1/orders\"" },
        { "htu", "\"https://:443/v1/orders\"" },
        { "iat", "" }, { "iat", "null" }, { "iat", "\"1700000000\"" },
        { "iat", "1700000091" }, { "iat", "1699999909" },
        { "iat", "1699999909.9" }, { "iat", "-1" }, { "iat", "1e400" },
        { "iat", "1700000000000" }, { "iat", "0" },
        { "ath", "" }, { "ath", "null" }, { "ath", "\"\"" }, { "ath", "[]" },
        { "ath", "\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo\"" },
        { "ath", "\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo=\"" },
    };

    (void) state;

    open_fix(&f, WEIR_ALG_ES256);
    assert_int_equal(verify(&f, proof_with(&f, "", ""), "GET", URL),
                     WEIR_TOKEN_NONE);

    for (i = 0; i < N_OF(rows); i++) {
        if (verify(&f, proof_with(&f, rows[i][0], rows[i][1]), "GET", URL)
            != WEIR_TOKEN_PROOF)
        {
            fail_msg("%s: %s", rows[i][0], rows[i][1]);
        }
    }

    memset(long_one, 'j', sizeof(long_one));
    long_one[0] = long_one[256] = '"';
    long_one[257] = '\0';
    assert_int_equal(verify(&f, proof_with(&f, "jti", long_one), "GET", URL),
                     WEIR_TOKEN_NONE);
    long_one[256] = 'j';
    long_one[257] = '"';
    long_one[258] = '\0';
    assert_int_equal(verify(&f, proof_with(&f, "jti", long_one), "GET", URL),
                     WEIR_TOKEN_PROOF);

    close_fix(&f);
}


/* Proofs of others, with what they have of the owner's. */
static void
proofs_of_others(void **state)
{
    char        text[ROOM], private[ROOM];
    fix_t       f, g;
    size_t      i;
    weir_str_t  t;

    static const char *const  spoilt[] = {
        "", ".", "..", "a.b.c", "e30.e30.e30", "null", "{}",
    };

    (void) state;

    open_fix(&f, WEIR_ALG_ES256);
    open_fix(&g, WEIR_ALG_ES256);

    /* good, but of another key than the token's */
    t = proof_with(&g, "", "");
    assert_int_equal(verify(&f, t, "GET", URL), WEIR_TOKEN_PROOF);
    assert_int_equal(verify(&g, t, "GET", URL), WEIR_TOKEN_NONE);
    assert_int_equal(verify(&g, t, "HEAD", URL), WEIR_TOKEN_PROOF);
    assert_int_equal(verify(&g, t, "GET", URL "/"), WEIR_TOKEN_PROOF);

    /* with the owner's key in the header, signed by another */
    assert_int_equal(verify(&f, proof_with(&g, "jwk", f.jwk), "GET", URL),
                     WEIR_TOKEN_PROOF);

    /* for another token */
    memcpy(g.ath, f.ath, sizeof(g.ath));
    g.ath[0] = g.ath[0] == 'A' ? 'B' : 'A';
    assert_int_equal(verify(&g, proof_with(&g, "", ""), "GET", URL),
                     WEIR_TOKEN_PROOF);

    /* with its private part, whatever it says */
    snprintf(private, sizeof(private), "%.*s,\"d\":\"AAAA\"}",
             (int) strlen(f.jwk) - 1, f.jwk);
    assert_int_equal(verify(&f, proof_with(&f, "jwk", private), "GET", URL),
                     WEIR_TOKEN_PROOF);

    /* a name that is not spelt as we write it is not found, nor a second */
    snprintf(text, sizeof(text), "0,\"j\\u0077k\":%s", f.jwk);
    assert_int_equal(verify(&f, proof_with(&f, "jwk", text), "GET", URL),
                     WEIR_TOKEN_PROOF);
    snprintf(text, sizeof(text), "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\","
             "\"j\\u0077k\":%s}", f.jwk);
    (void) proof_with(&f, "", "");
    t = tk_token(&f.key, text, f.claims, f.proof);
    assert_int_equal(verify(&f, t, "GET", URL), WEIR_TOKEN_PROOF);

    for (i = 0; i < N_OF(spoilt); i++) {
        assert_int_equal(verify(&f, weir_cstr(spoilt[i]), "GET", URL),
                         WEIR_TOKEN_PROOF);
    }

    close_fix(&f);
    close_fix(&g);
}


static void
members_as_they_are(void **state)
{
    size_t      i;
    weir_str_t  got;

    static const char *const  cases[][2] = {
        { "{\"jwk\":{\"a\":1}}", "{\"a\":1}" },
        { "{ \"x\" : 1 , \"jwk\" : [1,{}] , \"y\":2}", " [1,{}] " },
        { "{\"x\":{\"jwk\":1},\"jwk\":2}", "2" },
        { "{\"x\":[\"jwk\",{\"jwk\":1}],\"jwk\":{}}", "{}" },
        { "{\"x\":\"jwk\",\"jwk\":3}", "3" },
        { "{\"x\":\"\\\"jwk\\\":1,\",\"jwk\":4}", "4" },
        { "{\"x\":\"\\\\\",\"jwk\":5}", "5" },
        { "{\"jwk\":\"a,}\\\"]:b\",\"x\":1}", "\"a,}\\\"]:b\"" },
        { "{\"jwk\":{\"jwk\":\"}\"},\"x\":1}", "{\"jwk\":\"}\"}" },
        { "{\"jwk2\":1,\"jw\":2,\"ajwk\":3,\"jwk\\\"\":4,\"\":5}", NULL },
        { "{\"x\":\"jwk\"}", NULL },
        { "{}", NULL },
        { "[\"jwk\",1]", NULL },
        { "", NULL },
    };

    (void) state;

    for (i = 0; i < N_OF(cases); i++) {
        got = weir_jws_member(weir_cstr(cases[i][0]), weir_string("jwk"));

        if ((got.data == NULL) != (cases[i][1] == NULL)
            || (got.data != NULL && !weir_str_eq(got,
                                                 weir_cstr(cases[i][1]))))
        {
            fail_msg("%s: %.*s", cases[i][0], WEIR_STR(got));
        }
    }
}


static void
urls_that_are_one(void **state)
{
    size_t  i;

    static const struct {
        const char  *a;
        const char  *b;
        bool         same;
    } cases[] = {
        { "https://a", "https://a/", true },
        { "https://a?x", "https://a/", true },
        { "http://a:80/", "http://a/", true },
        { "http://a:443/", "http://a/", false },
        { "http://a:443/", "https://a/", false },
        { "https://[::1]/", "https://[::1]:443/", true },
        { "https://[::1]:8443/x", "https://[::1]:8443/x", true },
        { "https://[::1]:8443/x", "https://[::1]/x", false },
        { "https://[::1]/", "https://[::2]/", false },
        { "https://a:8443/", "https://A:8443/?q", true },
        { "https://a/b", "https://a/B", false },
        { "https://a/b?c", "https://a/b?d", true },
        { "https://", "https://", false },
        { "", "", false },
        { "https", "https", false },
        { "https://u@a/", "https://u@a/", false },
    };

    (void) state;

    for (i = 0; i < N_OF(cases); i++) {
        if (same_url(weir_cstr(cases[i].a), weir_cstr(cases[i].b))
                != cases[i].same
            || same_url(weir_cstr(cases[i].b), weir_cstr(cases[i].a))
               != cases[i].same)
        {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
    }
}


static void
without_memory(void **state)
{
    fix_t                f;
    unsigned             i;
    weir_str_t           t;
    weir_token_fault_t   fault;

    (void) state;

    open_fix(&f, WEIR_ALG_ES256);
    t = proof_with(&f, "", "");

    for (i = 1; /* void */; i++) {
        f.mem.calls = 0;
        f.mem.fail_at = i;
        fault = verify(&f, t, "GET", URL);

        if (f.mem.calls < i) {
            break;
        }

        assert_int_equal(fault, WEIR_TOKEN_MEMORY);
    }

    assert_int_equal(fault, WEIR_TOKEN_NONE);
    assert_true(i > 4);

    close_fix(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(the_proof_that_fits),
        cmocka_unit_test(proofs_that_are_good),
        cmocka_unit_test(proofs_that_are_bad),
        cmocka_unit_test(proofs_of_others),
        cmocka_unit_test(members_as_they_are),
        cmocka_unit_test(urls_that_are_one),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
