/*
 * test_jwt_corpus.c: the tokens of bad_tokens.h, which nobody must accept,
 * and those at the edge, which are good.
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


static void
expect_repeat(fix_t *f, const bad_repeat_t *b)
{
    char        *p, *big;
    size_t       i;
    weir_str_t   json;

    big = malloc(ROOM);
    p = put(big, b->before, strlen(b->before));

    for (i = 0; i < b->n; i++) {
        p = put(p, b->unit, strlen(b->unit));
    }

    p = put(p, b->after, strlen(b->after));
    json = weir_str(big, (size_t) (p - big));
    expect(f, b->member, json,
           sign(f, header_with(f, NULL, weir_str(NULL, 0)),
                claims_with(f, b->member, json)), b->fault);
    free(big);
}


/* What stands at the edge of what is refused. */
static void
tokens_that_are_good(void **state)
{
    fix_t       f;
    size_t      i;
    weir_str_t  json, none = { NULL, 0 };

    static const char *const  headers[][2] = {
        { "typ", NULL }, { "typ", "\"JWT\"" }, { "typ", "\"jwt\"" },
        { "typ", "\"AT+JWT\"" }, { "typ", "\"application/at+jwt\"" },
        { "typ", "\"APPLICATION/JWT\"" }, { "typ", "\"j\\u0077t\"" },
        { "kid", NULL }, { "kid", "\"k\\u0031\"" },
        { "alg", "\"ES\\u003256\"" }, { "cty", "\"x\"" }, { "x", "[[[]]]" },
        { "jku", "\"https://attacker.example/jwks\"" },
        { "x5u", "\"file:///etc/passwd\"" }, { "x5c", "[\"MII\"]" },
        { "x5t", "\"AAAA\"" }, { "jwk", "{\"kty\":\"oct\",\"k\":\"AA\"}" },
        { "jwk", "null" }, { "x5c", "1" }, { "Crit", "[\"x\"]" },
    };

    static const char *const  claims[][2] = {
        { "aud", "[\"shop-api\"]" }, { "aud", "[\"x\",\"web\",\"y\"]" },
        { "aud", "\"web\"" }, { "exp", "1699999971" },
        { "exp", "1699999971.0" }, { "exp", "1.7000006e9" },
        { "exp", "253402300799" }, { "exp", "1700000600.0001" },
        { "nbf", "1700000030" }, { "nbf", "1700000029.5" }, { "nbf", NULL },
        { "nbf", "0" }, { "iat", "1700000030" }, { "iat", NULL },
        { "iat", "0" }, { "iat", "1700000030.9" },
        { "auth_time", "1700000030" }, { "auth_time", "0" },
        { "jti", NULL }, { "jti", "\"\"" }, { "jti", "\"a\\r\\nb\"" },
        { "roles", NULL }, { "roles", "[]" }, { "roles", "\"\"" },
        { "roles", "\" \"" }, { "roles", "\"a b c\"" },
        { "roles", "[\"a b\"]" }, { "amr", "\"pwd\"" },
        { "tenant_id", NULL }, { "tenant_id", "\"\"" }, { "acr", "\"\"" },
        { "scope", "\"\"" }, { "scope", "[\"a\",\"b\"]" },
        { "scp", "\"a b\"" }, { "scp", "[\"a\"]" },
        { "sub", "\"\\u00c2\\u00a0\"" }, { "sub", "\"\\ud83d\\ude00\"" },
        { "sub", "\"a b, c; d\"" }, { "x", "null" }, { "x", "\"a\\r\\n\"" },
        { "x", "1e308" }, { "x", "-0" }, { "x", "9223372036854775807" },
        { "x", "-9223372036854775808" }, { "a.b", "{\"c\":{}}" },
        { "cnf", "{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}" },
    };

    static const bad_repeat_t  repeats[] = {
        { "sub", "\"", "a", 255, "\"", 0 },
        { "sub", "\"", "\\u00e9", 127, "\"", 0 },
        { "acr", "\"", "a", 255, "\"", 0 },
        { "tenant_id", "\"", "a", 128, "\"", 0 },
        { "roles", "[\"", "a", 128, "\"]", 0 },
        { "roles", "[", "\"a\",", 63, "\"a\"]", 0 },
        { "roles", "\"", "a ", 64, "\"", 0 },
        { "scope", "\"", "a ", 1024, "\"", 0 },
        { "jti", "\"", "a", 9000, "\"", 0 },
        { "x", "[", "0,", 1011, "0]", 0 },
        { "x", "", "[", 19, "]]]]]]]]]]]]]]]]]]]", 0 },
        { "x", "\"", "[", 5000, "\"", 0 },
        { "x", "\"", "{\\\"[", 500, "\"", 0 },
    };

    (void) state;

    open_fix(&f, strict);

    for (i = 0; i < N_OF(headers); i++) {
        json = headers[i][1] ? weir_cstr(headers[i][1]) : none;
        expect(&f, headers[i][0], json,
               sign(&f, header_with(&f, headers[i][0], json),
                    claims_with(&f, NULL, none)), WEIR_TOKEN_NONE);
    }

    for (i = 0; i < N_OF(claims); i++) {
        json = claims[i][1] ? weir_cstr(claims[i][1]) : none;
        expect(&f, claims[i][0], json,
               token_with(&f, claims[i][0], claims[i][1]), WEIR_TOKEN_NONE);
    }

    for (i = 0; i < N_OF(repeats); i++) {
        expect_repeat(&f, &repeats[i]);
    }

    close_fix(&f);
}


static unsigned
refuse_objects(fix_t *f)
{
    size_t      i;
    weir_str_t  none = { NULL, 0 };

    for (i = 0; i < N_OF(bad_objects); i++) {
        expect(f, "the header", bad_objects[i],
               sign(f, bad_objects[i], claims_with(f, NULL, none)),
               WEIR_TOKEN_COUNT);
        expect(f, "the claims", bad_objects[i],
               sign(f, header_with(f, NULL, none), bad_objects[i]),
               WEIR_TOKEN_CLAIMS);
    }

    for (i = 0; i < N_OF(bad_values); i++) {
        expect(f, "in the header", bad_values[i],
               sign(f, header_with(f, "x", bad_values[i]),
                    claims_with(f, NULL, none)), WEIR_TOKEN_HEADER);
        expect(f, "in the claims", bad_values[i],
               sign(f, header_with(f, NULL, none),
                    claims_with(f, "x", bad_values[i])), WEIR_TOKEN_CLAIMS);
    }

    return 2 * N_OF(bad_objects) + 2 * N_OF(bad_values);
}


static unsigned
refuse_repeats(fix_t *f)
{
    char        *p, *big;
    size_t       i, n;
    weir_str_t   json, none = { NULL, 0 };

    for (i = 0; i < N_OF(bad_repeats); i++) {
        expect_repeat(f, &bad_repeats[i]);
    }

    big = malloc(ROOM);

    /* a name of a key that is too long, the header as large as a token */
    for (n = 256; n < 16384; n *= 4) {
        memset(big, 'k', n);
        big[0] = big[n - 1] = '"';
        big[n] = '\0';
        json = weir_str(big, n);
        expect(f, "kid", json,
               sign(f, header_with(f, "kid", json),
                    claims_with(f, NULL, none)),
               n == 256 ? WEIR_TOKEN_KEY : WEIR_TOKEN_HEADER);
    }

    /* 256 claims are as many as a policy may see */
    for (n = 240; n < 260; n++) {
        p = put(big, "1", 1);

        for (i = 0; i < n; i++) {
            p += sprintf(p, ",\"c%zu\":%zu", i, i);
        }

        json = weir_str(big, (size_t) (p - big));
        expect(f, "claims", json,
               sign(f, header_with(f, NULL, none),
                    claims_with(f, "c", json)),
               N_OF(good_claims) + 1 + n <= 256 ? WEIR_TOKEN_NONE
                                                : WEIR_TOKEN_CLAIMS);
    }

    free(big);

    return N_OF(bad_repeats);
}


static void
tokens_that_are_bad(void **state)
{
    fix_t       f;
    size_t      i;
    unsigned    n;
    weir_str_t  none = { NULL, 0 };

    (void) state;

    open_fix(&f, strict);
    expect(&f, "good", none, token_with(&f, NULL, NULL), WEIR_TOKEN_NONE);

    for (i = 0; i < N_OF(bad_headers); i++) {
        expect(&f, bad_headers[i].member, bad_headers[i].json,
               sign(&f, header_with(&f, bad_headers[i].member,
                                    bad_headers[i].json),
                    claims_with(&f, NULL, none)), bad_headers[i].fault);
    }

    for (i = 0; i < N_OF(bad_claims); i++) {
        expect(&f, bad_claims[i].member, bad_claims[i].json,
               sign(&f, header_with(&f, NULL, none),
                    claims_with(&f, bad_claims[i].member,
                                bad_claims[i].json)), bad_claims[i].fault);
    }

    n = (unsigned) (N_OF(bad_headers) + N_OF(bad_claims));
    n += refuse_objects(&f);
    n += refuse_repeats(&f);
    print_message("%u bad tokens with a good signature\n", n);
    assert_true(n > 400);

    close_fix(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(tokens_that_are_good),
        cmocka_unit_test(tokens_that_are_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
