/*
 * test_interop.c: what libjwt signs, nginx verifies; what is changed in any
 * byte, nobody does; and nothing is good here that libjwt refuses.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jwt.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/pem.h"
#include "run/jwt.h"

#define N_OF(a)   (sizeof(a) / sizeof((a)[0]))
#define ALL_ALGS  (WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET)

/* algorithm, what makes its key; a number: octets of a secret */
static const struct {
    weir_alg_t   alg;
    const char  *name;
    const char  *what;
} pairs[] = {
    { WEIR_ALG_HS256, "HS256", "32" },
    { WEIR_ALG_HS384, "HS384", "48" },
    { WEIR_ALG_HS512, "HS512", "64" },
    { WEIR_ALG_RS256, "RS256", "RSA" },
    { WEIR_ALG_RS384, "RS384", "RSA" },
    { WEIR_ALG_RS512, "RS512", "RSA" },
    { WEIR_ALG_PS256, "PS256", "RSA" },
    { WEIR_ALG_PS384, "PS384", "RSA" },
    { WEIR_ALG_PS512, "PS512", "RSA" },
    { WEIR_ALG_ES256, "ES256", "P-256" },
    { WEIR_ALG_ES384, "ES384", "P-384" },
    { WEIR_ALG_ES512, "ES512", "P-521" },
    { WEIR_ALG_ES256K, "ES256K", "secp256k1" },
    { WEIR_ALG_EDDSA, "EdDSA", "Ed25519" },
    { WEIR_ALG_EDDSA, "EdDSA", "Ed448" },
};

/* One key as both libraries have it, and a token that it signed. */
typedef struct {
    jwk_set_t    *set;
    jwt_alg_t     alg;
    weir_keys_t  *keys;
    char         *token;
} pair_t;

static pair_t  made[N_OF(pairs)];


static void *
alloc(void *data, size_t n)
{
    return weir_arena_alloc(data, n);
}


static bool
we_take(const weir_keys_t *keys, weir_str_t token)
{
    weir_str_t           payload;
    weir_arena_t        *a;
    weir_memory_t        m;
    const weir_vkey_t   *key;
    weir_token_fault_t   fault;

    a = weir_arena_create();
    assert_non_null(a);
    m.alloc = alloc;
    m.data = a;

    fault = weir_jws_verify(token, ALL_ALGS, keys, &m, &payload, &key);
    assert_true(fault < WEIR_TOKEN_COUNT && fault != WEIR_TOKEN_MEMORY);
    weir_arena_destroy(a);

    return fault == WEIR_TOKEN_NONE;
}


static bool
libjwt_takes(const pair_t *p, const char *token)
{
    bool            ok;
    jwt_checker_t  *checker;

    checker = jwt_checker_new();
    ok = jwt_checker_setkey(checker, p->alg, jwks_item_get(p->set, 0)) == 0
         && jwt_checker_verify(checker, token) == 0;
    jwt_checker_free(checker);

    return ok;
}


static char *
sign(const pair_t *p)
{
    char           *token;
    jwt_value_t     value;
    jwt_builder_t  *builder;

    builder = jwt_builder_new();
    assert_int_equal(jwt_builder_setkey(builder, p->alg,
                                        jwks_item_get(p->set, 0)), 0);
    jwt_set_SET_STR(&value, "sub", "ann");
    assert_int_equal(jwt_builder_claim_set(builder, &value), 0);
    token = jwt_builder_generate(builder);
    jwt_builder_free(builder);
    assert_non_null(token);

    return token;
}


/* A JWK with all that its owner knows. */
static json_t *
new_key(const char *what)
{
    char      text[weir_base64url_len(64)];
    size_t    n;
    uint8_t   octets[64];

    n = (size_t) atoi(what);

    if (n == 0) {
        return weir_cli_pem_generate(what);
    }

    assert_int_equal(getentropy(octets, n), 0);
    weir_base64url_encode(octets, n, text);

    return json_pack("{s:s,s:s%}", "kty", "oct", "k", text,
                     weir_base64url_len(n));
}


static void
make_pair(size_t i, pair_t *p)
{
    char               *text;
    size_t              n;
    json_t             *jwk;
    weir_keys_error_t   why;

    static const char *const  private[] = { "d", "p", "q", "dp", "dq", "qi" };

    jwk = new_key(pairs[i].what);
    assert_non_null(jwk);
    json_object_set_new(jwk, "alg", json_string(pairs[i].name));

    text = json_dumps(jwk, 0);
    p->set = jwks_create(text);
    p->alg = jwt_str_alg(pairs[i].name);
    assert_int_equal(jwks_error_any(p->set), 0);
    free(text);

    for (n = 0; n < N_OF(private); n++) {
        json_object_del(jwk, private[n]);
    }

    text = json_dumps(jwk, 0);
    assert_int_equal(weir_keys_read(weir_cstr(text), 1u << pairs[i].alg,
                                    &p->keys, &why, NULL, NULL), WEIR_OK);
    free(text);
    json_decref(jwk);

    p->token = sign(p);
}


static int
make_all(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {
        make_pair(i, &made[i]);
    }

    return 0;
}


static int
free_all(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {
        jwks_free(made[i].set);
        weir_keys_free(made[i].keys);
        free(made[i].token);
    }

    return 0;
}


static void
what_libjwt_signs_is_good(void **state)
{
    size_t   i, n;
    char    *token;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {

        /* signatures with zeros in front, too */
        for (n = 0; n < 300; n++) {
            token = sign(&made[i]);
            assert_true(libjwt_takes(&made[i], token));
            assert_true(we_take(made[i].keys, weir_cstr(token)));
            free(token);

            if (pairs[i].what[0] != 'P' && pairs[i].what[0] != 's') {
                break;
            }
        }
    }
}


static void
a_key_verifies_no_other_ones_tokens(void **state)
{
    size_t  i, n;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {

        for (n = 0; n < N_OF(pairs); n++) {
            assert_int_equal(we_take(made[i].keys, weir_cstr(made[n].token)),
                             i == n);
            assert_int_equal(libjwt_takes(&made[i], made[n].token), i == n);
        }
    }
}


/* The token with one bit of a byte of its parts turned; false: no such byte. */
static bool
turn_bit(const char *token, size_t at, char *out)
{
    char        part[4096], *to;
    size_t      n, len;
    weir_str_t  text;

    to = out;

    for ( ;; ) {
        text = weir_str(token, strcspn(token, "."));
        assert_int_equal(weir_base64url_decode(text, part, &n), WEIR_OK);

        if (at < n) {
            part[at] ^= (char) (1 << at % 8);
        }

        len = weir_base64url_len(n);
        weir_base64url_encode(part, n, to);
        to += len;

        if (token[text.len] == '\0') {
            *to = '\0';
            return at < n;
        }

        at = at < n ? SIZE_MAX : at - n;
        token += text.len + 1;
        *to++ = '.';

        if (at == SIZE_MAX) {
            memcpy(to, token, strlen(token) + 1);
            return true;
        }
    }
}


static void
no_byte_may_change(void **state)
{
    char    changed[4096];
    size_t  i, at;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {

        for (at = 0; turn_bit(made[i].token, at, changed); at++) {
            assert_false(we_take(made[i].keys, weir_cstr(changed)));
            assert_false(libjwt_takes(&made[i], changed));
        }

        assert_true(at > 60);
    }
}


/* Each text decodes in one way only, so that each change is one of bytes. */
static void
no_character_may_change(void **state)
{
    char    was, *token;
    bool    at_end;
    size_t  i, at, n, len;

    static const char  others[] = "AQgw8z9BIY-_=. +/%\n";

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {

        token = made[i].token;
        len = strlen(token);

        for (at = 0; at < len; at++) {

            was = token[at];
            at_end = at + 1 == len || token[at + 1] == '.';

            /* bits may be left over at the end of a part: all that may be */
            for (n = at_end ? 0 : at % 10; n < sizeof(others) - 1;
                 n += at_end ? 1 : 10)
            {
                token[at] = others[n];

                if (others[n] != was) {
                    assert_false(we_take(made[i].keys, weir_str(token, len)));
                }
            }

            token[at] = was;
        }

        assert_true(we_take(made[i].keys, weir_str(token, len)));
    }
}


/* %H header, %P payload, %S signature of a good token */
static const char *const  malformed[] = {
    "", ".", "..", "...", "%H", "%H.", "%H.%P", "%H.%P.", "%H..%S", ".%P.%S",
    "%P.%H.%S", "%H.%H.%S", "%H.%S.%P", "%H.%P.%P", "%H.%P.%S.", ".%H.%P.%S",
    "%H.%P.%S.%S", "%H.%P..%S", "%H.%P.%S%S", "%H%P.%S", "%H,%P,%S",
    " %H.%P.%S", "%H.%P.%S ", "%H. %P.%S", "%H.%P.%S\n", "\n%H.%P.%S",
    "%H=.%P.%S", "%H.%P=.%S", "%H.%P.%S=", "%H.%P.%S==", "%H.%P.A%S",
    "%H.%P.%SA", "%H.%P.%SAA", "%H.%P.AA%S", "%H.A%P.%S", "A%H.%P.%S",
    "%H.%P.A", "%H.%P.AA", "%H.%P.AAA", "%H.%P.AAAA", "Bearer %H.%P.%S",
    "{\"payload\":\"%P\",\"protected\":\"%H\",\"signature\":\"%S\"}",
    /* {"alg":"none"}, "None", "NONE", "nOnE", "", null, 0, ["ES256"], {} */
    "eyJhbGciOiJub25lIn0.%P.", "eyJhbGciOiJub25lIn0.%P.%S",
    "eyJhbGciOiJub25lIn0.%P", "eyJhbGciOiJOb25lIn0.%P.",
    "eyJhbGciOiJOb25lIn0.%P.%S", "eyJhbGciOiJOT05FIn0.%P.",
    "eyJhbGciOiJuT25FIn0.%P.", "eyJhbGciOiIifQ.%P.%S", "eyJhbGciOiIifQ.%P.",
    "eyJhbGciOm51bGx9.%P.%S", "eyJhbGciOjB9.%P.%S",
    "eyJhbGciOlsiRVMyNTYiXX0.%P.%S", "e30.%P.%S", "e30.%P.",
    /* "", [], "x", {, {"alg":"ES256" */
    "IiI.%P.%S", "W10.%P.%S", "Ingi.%P.%S", "ew.%P.%S",
    "eyJhbGciOiJFUzI1NiI.%P.%S"
};


static weir_str_t
fill_in(const char *form, const char *token, char *out)
{
    char        *to;
    size_t       n[3];
    const char  *part[3];
    int          i;

    for (i = 0; i < 3; i++) {
        part[i] = token;
        n[i] = strcspn(token, ".");
        token += n[i] + 1;
    }

    for (to = out; *form != '\0'; form++) {

        if (*form != '%') {
            *to++ = *form;
            continue;
        }

        form++;
        i = *form == 'H' ? 0 : *form == 'P' ? 1 : 2;
        memcpy(to, part[i], n[i]);
        to += n[i];
    }

    *to = '\0';

    return weir_str(out, (size_t) (to - out));
}


static void
nothing_else_is_a_token(void **state)
{
    char        text[8192];
    size_t      i, n;
    weir_str_t  token;

    (void) state;

    for (i = 0; i < N_OF(pairs); i++) {

        token = fill_in("%H.%P.%S", made[i].token, text);
        assert_true(we_take(made[i].keys, token));

        for (n = 0; n < N_OF(malformed); n++) {
            token = fill_in(malformed[n], made[i].token, text);
            assert_false(we_take(made[i].keys, token));
        }

        /* any prefix, and NUL */
        for (n = 0; n < strlen(made[i].token); n++) {
            token = weir_str(made[i].token, n);
            assert_false(we_take(made[i].keys, token));
        }

        token = weir_str(made[i].token, n + 1);
        assert_false(we_take(made[i].keys, token));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_libjwt_signs_is_good),
        cmocka_unit_test(a_key_verifies_no_other_ones_tokens),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(no_character_may_change),
        cmocka_unit_test(nothing_else_is_a_token)
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
