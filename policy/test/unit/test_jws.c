/*
 * test_jws.c: signatures of tokens: those that standards print, every
 * algorithm, which key is asked, and the many ways of spelling a token wrong.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/pem.h>

#include "run/jws.h"
#include "test/jws_vectors.h"
#include "test/tokens.h"

#define ALL_ALGS  (WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET)
#define HEADER    "{\"alg\":\"ES256\"}"
#define PAYLOAD_  "{\"sub\":\"alice\"}"

/* counted, so that a test that makes none is seen */
static unsigned  refused;


static weir_token_fault_t
verify(weir_str_t token, uint32_t algs, const weir_keys_t *keys)
{
    tk_memory_t          mem = { NULL, 0, 0, 0 };
    weir_memory_t        m = { tk_alloc, &mem };
    weir_str_t           payload = { "untouched", 9 };
    const weir_vkey_t   *key = NULL;
    weir_token_fault_t   fault;

    fault = weir_jws_verify(token, algs, keys, &m, &payload, &key);

    assert_true((fault == WEIR_TOKEN_NONE) == (key != NULL));
    assert_true(fault == WEIR_TOKEN_NONE || payload.len == 9);
    assert_true(mem.total <= 3 * WEIR_MAX_TOKEN);
    tk_free(&mem);

    return fault;
}


/* WEIR_TOKEN_COUNT: any fault. */
static void
expect(const char *title, weir_str_t token, const weir_keys_t *keys,
    weir_token_fault_t fault)
{
    weir_token_fault_t  got;

    got = verify(token, ALL_ALGS, keys);

    if (fault == WEIR_TOKEN_COUNT ? got == WEIR_TOKEN_NONE : got != fault) {
        fail_msg("%s: %s, not %s", title, weir_token_fault_name(got),
                 weir_token_fault_name(fault));
    }

    refused += got != WEIR_TOKEN_NONE;
}


static void
standards_agree(void **state)
{
    char                *copy;
    size_t               i;
    tk_memory_t          mem = { NULL, 0, 0, 0 };
    weir_memory_t        m = { tk_alloc, &mem };
    weir_str_t           token, payload, part[3], decoded;
    weir_keys_t         *keys;
    const weir_vkey_t   *key;

    (void) state;

    for (i = 0; i < N_OF(jws_vectors); i++) {
        keys = tk_keys(&jws_vectors[i].key, 1);
        token = weir_cstr(jws_vectors[i].token);

        if (weir_jws_verify(token, 1u << jws_vectors[i].alg, keys, &m,
                            &payload, &key)
            != WEIR_TOKEN_NONE)
        {
            fail_msg("%s", jws_vectors[i].title);
        }

        assert_ptr_equal(key, weir_keys_at(keys, 0));
        assert_int_equal(weir_jws_split(token, part), WEIR_TOKEN_NONE);
        assert_int_equal(weir_jws_decode(part[1], &m, &decoded),
                         WEIR_TOKEN_NONE);
        assert_true(weir_str_eq(payload, decoded));

        assert_int_equal(verify(token, ALL_ALGS & ~(1u << jws_vectors[i].alg),
                                keys), WEIR_TOKEN_ALG);

        /* another first character of the signature */
        copy = tk_alloc(&mem, token.len);
        memcpy(copy, token.data, token.len);
        copy[part[2].data - token.data] = *part[2].data == 'A' ? 'B' : 'A';
        assert_int_equal(verify(weir_str(copy, token.len), ALL_ALGS, keys),
                         WEIR_TOKEN_SIGNATURE);

        weir_keys_free(keys);
    }

    tk_free(&mem);
}


static void
every_algorithm(void **state)
{
    char          header[128], *token;
    unsigned      alg, other;
    tk_key_t      k[WEIR_ALG_COUNT];
    weir_str_t    t;
    weir_keys_t  *keys[WEIR_ALG_COUNT];

#define A(id, text, kty)  text,
    static const char *const  names[] = { WEIR_ALGS(A) };
#undef A

    (void) state;

    token = malloc(TK_ROOM);

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
        k[alg] = tk_key((weir_alg_t) alg);
        keys[alg] = tk_keys_of(&k[alg], NULL);
    }

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
        snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", names[alg]);
        t = tk_token(&k[alg], header, PAYLOAD_, token);

        for (other = 0; other < WEIR_ALG_COUNT; other++) {

            if (other == alg) {
                assert_int_equal(verify(t, 1u << alg, keys[alg]),
                                 WEIR_TOKEN_NONE);
                continue;
            }

            /* the policy allows another */
            assert_int_equal(verify(t, 1u << other, keys[alg]),
                             WEIR_TOKEN_ALG);

            /* secrets are all the same here */
            if (!(1u << other & 1u << alg & WEIR_ALGS_SECRET)
                && k[other].pkey != NULL)
            {
                expect(names[alg], t, keys[other], WEIR_TOKEN_COUNT);
            }
        }
    }

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
        weir_keys_free(keys[alg]);
        tk_key_free(&k[alg]);
    }

    free(token);
}


static void
which_key_is_asked(void **state)
{
    char          jwk[4][2048], *token;
    size_t        i;
    tk_key_t      a, b, rsa;
    weir_str_t    t;
    weir_keys_t  *set, *bare;
    const char   *jwks[4];

    static const struct {
        const char          *header;
        bool                 by_b;
        weir_token_fault_t   set, bare;
    } cases[] = {
        { "{\"alg\":\"ES256\"}", false, WEIR_TOKEN_NONE, WEIR_TOKEN_NONE },
        { "{\"alg\":\"ES256\"}", true, WEIR_TOKEN_NONE,
          WEIR_TOKEN_SIGNATURE },
        { "{\"alg\":\"ES256\",\"kid\":\"a\"}", false, WEIR_TOKEN_NONE,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"b\"}", true, WEIR_TOKEN_NONE,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"a\"}", true, WEIR_TOKEN_SIGNATURE,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"A\"}", false, WEIR_TOKEN_KEY,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"\"}", false, WEIR_TOKEN_KEY,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"a \"}", false, WEIR_TOKEN_KEY,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES256\",\"kid\":\"r\"}", false, WEIR_TOKEN_ALG,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"ES384\"}", false, WEIR_TOKEN_KEY, WEIR_TOKEN_KEY },
        { "{\"alg\":\"RS256\"}", false, WEIR_TOKEN_SIGNATURE,
          WEIR_TOKEN_KEY },
        { "{\"alg\":\"PS256\",\"kid\":\"r\"}", false, WEIR_TOKEN_ALG,
          WEIR_TOKEN_KEY },
    };

    (void) state;

    token = malloc(TK_ROOM);
    a = tk_key(WEIR_ALG_ES256);
    b = tk_key(WEIR_ALG_ES256);
    rsa = tk_key(WEIR_ALG_RS256);
    tk_jwk(&a, ",\"kid\":\"a\"", jwk[0], sizeof(jwk[0]));
    tk_jwk(&b, ",\"kid\":\"b\",\"alg\":\"ES256\"", jwk[1], sizeof(jwk[1]));
    tk_jwk(&rsa, ",\"kid\":\"r\",\"alg\":\"RS256\"", jwk[2], sizeof(jwk[2]));

    for (i = 0; i < 3; i++) {
        jwks[i] = jwk[i];
    }

    set = tk_keys(jwks, 3);
    bare = tk_keys_of(&a, NULL);

    for (i = 0; i < N_OF(cases); i++) {
        t = tk_token(cases[i].by_b ? &b : &a, cases[i].header, PAYLOAD_,
                     token);
        expect(cases[i].header, t, set, cases[i].set);
        expect(cases[i].header, t, bare, cases[i].bare);
        expect("no keys", t, NULL, WEIR_TOKEN_NO_KEYS);
    }

    weir_keys_free(set);
    weir_keys_free(bare);
    tk_key_free(&a);
    tk_key_free(&b);
    tk_key_free(&rsa);
    free(token);
}


/* A character more, or another, at several places of each part. */
static void
foreign_characters(weir_str_t good, const weir_keys_t *keys, char *to)
{
    char        title[80];
    size_t      c, p, where, at;
    weir_str_t  part[3];

    static const char  chars[] = {
        ' ', '\n', '\r', '\t', '=', '+', '/', '\0', '%', '.', '"', '{', ',',
        '*', ';', '~', '\x7f', '\x80', '\xff', '\xc3'
    };

    assert_int_equal(weir_jws_split(good, part), WEIR_TOKEN_NONE);

    for (p = 0; p < 3; p++) {
        for (where = 0; where < 3; where++) {
            for (c = 0; c < sizeof(chars); c++) {
                at = (size_t) (part[p].data - good.data)
                     + part[p].len * where / 2;
                snprintf(title, sizeof(title), "\\x%02x at %zu",
                         (uint8_t) chars[c], at);

                memcpy(to, good.data, at);
                to[at] = chars[c];
                memcpy(to + at + 1, good.data + at, good.len - at);
                expect(title, weir_str(to, good.len + 1), keys,
                       WEIR_TOKEN_COUNT);

                at -= at == good.len;
                if (good.data[at] == chars[c]) {
                    continue;
                }

                memcpy(to, good.data, good.len);
                to[at] = chars[c];
                expect(title, weir_str(to, good.len), keys,
                       WEIR_TOKEN_COUNT);
            }
        }
    }
}


static void
cut_short(weir_str_t good, const weir_keys_t *keys)
{
    char    title[80], *copy;
    size_t  n;

    for (n = 0; n < good.len; n++) {
        snprintf(title, sizeof(title), "the first %zu characters", n);

        /* of its own, so that a look beyond it is seen */
        copy = malloc(n ? n : 1);
        memcpy(copy, good.data, n);
        expect(title, weir_str(copy, n), keys, WEIR_TOKEN_COUNT);
        free(copy);
    }
}


static void
each_bit_of_the_signature(weir_str_t good, const weir_keys_t *keys, char *to)
{
    char        title[80];
    size_t      n, bit, len;
    uint8_t     bytes[256];
    weir_str_t  part[3];

    assert_int_equal(weir_jws_split(good, part), WEIR_TOKEN_NONE);
    assert_int_equal(weir_base64url_decode(part[2], bytes, &len), WEIR_OK);
    n = good.len - part[2].len;
    memcpy(to, good.data, n);

    for (bit = 0; bit < 8 * len; bit += 7) {
        snprintf(title, sizeof(title), "bit %zu of the signature", bit);
        bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        tk_encode(bytes, len, to + n);
        bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        expect(title, weir_str(to, good.len), keys, WEIR_TOKEN_SIGNATURE);
    }
}


/* Signed as they are: what is wrong is the spelling alone. */
static void
signed_misspellings(const tk_key_t *k, const weir_keys_t *keys, char *to)
{
    char        *p, *last, title[80];
    size_t       i, j, n, pad;
    uint8_t      signature[1024];

    static const char  letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    static const char *const  headers[] = {
        "{\"alg\":\"ES256\"}", "{\"alg\":\"ES256\"} ",
        "{\"alg\":\"ES256\"}  ",
    };

    for (i = 0; i < N_OF(headers); i++) {

        /* which of the bits that are left over are set, in either part */
        for (j = 0; j < 2 * 16; j++) {
            p = to + tk_encode(headers[i], strlen(headers[i]), to);
            last = p - 1;
            *p++ = '.';
            p += tk_encode(headers[i], strlen(headers[i]), p);
            last = j < 16 ? last : p - 1;
            n = strlen(headers[i]) % 3;

            if (n == 0 || j % 16 == 0 || (n == 2 && j % 16 > 3)) {
                continue;
            }

            *last = letters[(strchr(letters, *last) - letters) | j % 16];
            n = tk_sign(k, weir_str(to, (size_t) (p - to)), signature);
            *p++ = '.';
            p += tk_encode(signature, n, p);
            snprintf(title, sizeof(title), "left-over bits %zu of \"%s\"", j,
                     headers[i]);
            expect(title, weir_str(to, (size_t) (p - to)), keys,
                   WEIR_TOKEN_MALFORMED);
        }

        /* padding as base64 has it, and more */
        for (j = 1; j < 16; j++) {
            p = to + tk_encode(headers[i], strlen(headers[i]), to);

            for (pad = 0; pad < j % 4; pad++) {
                *p++ = '=';
            }

            *p++ = '.';
            p += tk_encode(headers[i], strlen(headers[i]), p);

            for (pad = 0; pad < j / 4; pad++) {
                *p++ = '=';
            }

            n = tk_sign(k, weir_str(to, (size_t) (p - to)), signature);
            *p++ = '.';
            p += tk_encode(signature, n, p);
            snprintf(title, sizeof(title), "padding %zu of \"%s\"", j,
                     headers[i]);
            expect(title, weir_str(to, (size_t) (p - to)), keys,
                   WEIR_TOKEN_MALFORMED);
        }
    }
}


static void
wrong_numbers_of_parts(weir_str_t good, const weir_keys_t *keys)
{
    char                *big, title[80];
    size_t               i, n;
    tk_memory_t          mem = { NULL, 0, 0, 0 };
    weir_memory_t        m = { tk_alloc, &mem };
    weir_str_t           payload;
    const char          *at;
    const weir_vkey_t   *key;

    static const char *const  texts[] = {
        "", ".", "..", "...", "....", ".....", "a", "a.b", "a.b.", ".b.c",
        "a..c", "..c", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f", "e30.e30.e30",
        "e30..e30", "Bearer e30.e30.e30", "e30.e30.e30.", ".e30.e30.e30",
        "null", "{}", "[]", "\"\"",
        "{\"payload\":\"e30\",\"protected\":\"eyJhbGciOiJFUzI1NiJ9\","
        "\"signature\":\"AA\"}",
        "{\"payload\":\"e30\",\"signatures\":[{\"protected\":"
        "\"eyJhbGciOiJFUzI1NiJ9\",\"signature\":\"AA\"}]}",
        "{\"payload\":\"a.b\",\"protected\":\"a.b\",\"signature\":\"A\"}",
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp."
        "48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4v."
        "XFBoMYUZodetZdvTiFvSkQ",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1_ALb6US04U3b.5eym."
        "XFBoMYUZodetZdvTiFvSkQ",
    };

    for (i = 0; i < N_OF(texts); i++) {

        for (n = 0, at = texts[i]; (at = strchr(at, '.')) != NULL; at++) {
            n++;
        }

        expect(texts[i], weir_cstr(texts[i]), keys,
               n == 2 ? WEIR_TOKEN_COUNT : WEIR_TOKEN_MALFORMED);
    }

    big = malloc(1 << 20);

    /* dots, by twos, and what nobody reads */
    for (n = 1; n <= 1 << 20; n *= 2) {
        for (i = 0; i < 4; i++) {
            memset(big, i < 2 ? '.' : 'a', n);

            if (i % 2 && n > good.len) {
                memcpy(big, good.data, good.len);
            }

            snprintf(title, sizeof(title), "%zu of kind %zu", n, i);
            expect(title, weir_str(big, n), keys,
                   n > WEIR_MAX_TOKEN ? WEIR_TOKEN_TOO_LARGE
                                      : WEIR_TOKEN_COUNT);
        }
    }

    /* a token that is too large costs nothing */
    assert_int_equal(weir_jws_verify(weir_str(big, 1 << 20), ALL_ALGS, keys,
                                     &m, &payload, &key),
                     WEIR_TOKEN_TOO_LARGE);
    memset(big, '.', WEIR_MAX_TOKEN);
    assert_int_equal(weir_jws_verify(weir_str(big, WEIR_MAX_TOKEN), ALL_ALGS,
                                     keys, &m, &payload, &key),
                     WEIR_TOKEN_MALFORMED);
    assert_int_equal(mem.calls, 0);

    free(big);
}


/* As long as may be is taken, one more is not. */
static void
exact_sizes(const tk_key_t *k, const weir_keys_t *keys, char *to)
{
    char        *payload;
    size_t       n, best;
    weir_str_t   t;

    payload = malloc(WEIR_MAX_TOKEN);
    memset(payload, ' ', WEIR_MAX_TOKEN);
    best = 0;

    for (n = 12150; n < 12250; n++) {
        t = tk_token_of(k, weir_string(HEADER), weir_str(payload, n), to);
        expect("a size", t, keys, t.len <= WEIR_MAX_TOKEN
                                      ? WEIR_TOKEN_NONE
                                      : WEIR_TOKEN_TOO_LARGE);
        best = t.len <= WEIR_MAX_TOKEN ? t.len : best;
    }

    assert_true(WEIR_MAX_TOKEN - best < 2);
    free(payload);
}


/* Who names no key does not get all of a large set tried. */
static void
how_many_keys_are_tried(void **state)
{
    char          jwk[8][1024], kid[16], *token;
    size_t        i;
    tk_key_t      k[8];
    const char   *jwks[8];
    weir_keys_t  *keys;

    (void) state;

    token = malloc(TK_ROOM);

    for (i = 0; i < 8; i++) {
        k[i] = tk_key(i == 1 ? WEIR_ALG_ES384 : WEIR_ALG_ES256);
        snprintf(kid, sizeof(kid), ",\"kid\":\"%zu\"", i);
        tk_jwk(&k[i], kid, jwk[i], sizeof(jwk[i]));
        jwks[i] = jwk[i];
    }

    keys = tk_keys(jwks, 8);

    for (i = 0; i < 8; i++) {
        snprintf(kid, sizeof(kid), "key %zu", i);

        if (i != 1) {
            expect(kid, tk_token(&k[i], "{\"alg\":\"ES256\"}", PAYLOAD_,
                                 token), keys,
                   i <= 4 ? WEIR_TOKEN_NONE : WEIR_TOKEN_SIGNATURE);
        }
    }

    expect("by name", tk_token(&k[7], "{\"alg\":\"ES256\",\"kid\":\"7\"}",
                               PAYLOAD_, token), keys, WEIR_TOKEN_NONE);

    for (i = 0; i < 8; i++) {
        tk_key_free(&k[i]);
    }

    weir_keys_free(keys);
    free(token);
}


static void
misspelled_tokens(void **state)
{
    char         *token, *to;
    tk_key_t      k;
    weir_str_t    good;
    weir_keys_t  *keys;

    (void) state;

    token = malloc(TK_ROOM);
    to = malloc(TK_ROOM);
    k = tk_key(WEIR_ALG_ES256);
    keys = tk_keys_of(&k, NULL);
    refused = 0;

    good = tk_token(&k, HEADER, PAYLOAD_, token);
    expect("good", good, keys, WEIR_TOKEN_NONE);
    expect("an empty payload", tk_token(&k, HEADER, "", to), keys,
           WEIR_TOKEN_NONE);

    foreign_characters(good, keys, to);
    cut_short(good, keys);
    each_bit_of_the_signature(good, keys, to);
    signed_misspellings(&k, keys, to);
    wrong_numbers_of_parts(good, keys);
    exact_sizes(&k, keys, to);

    print_message("%u misspelled tokens\n", refused);
    assert_true(refused > 600);

    weir_keys_free(keys);
    tk_key_free(&k);
    free(token);
    free(to);
}


/* r and s of P-256 that no signature has, and DER in their place. */
static void
signatures_of_no_key(void **state)
{
    char          *token, *p;
    size_t         i, n;
    uint8_t        sig[128];
    tk_key_t       k;
    weir_str_t     good, part[3];
    weir_keys_t   *keys;

    static const uint8_t  order[32] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
        0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    };

    (void) state;

    token = malloc(TK_ROOM);
    k = tk_key(WEIR_ALG_ES256);
    keys = tk_keys_of(&k, NULL);

    for (i = 0; i < 12; i++) {
        good = tk_token(&k, HEADER, PAYLOAD_, token);
        assert_int_equal(weir_jws_split(good, part), WEIR_TOKEN_NONE);
        assert_int_equal(weir_base64url_decode(part[2], sig, &n), WEIR_OK);
        assert_int_equal(n, 64);

        switch (i) {

        case 0:
            memset(sig, 0, 64);
            break;

        case 1:
            memset(sig, 0, 32);
            break;

        case 2:
            memset(sig + 32, 0, 32);
            break;

        case 3:
            memcpy(sig, order, 32);
            break;

        case 4:
            memcpy(sig + 32, order, 32);
            break;

        case 5:
            memcpy(sig, order, 32);
            memcpy(sig + 32, order, 32);
            break;

        case 6:
            memset(sig, 0xff, 64);
            break;

        case 7:                 /* a zero before each */
            memmove(sig + 34, sig + 32, 32);
            memmove(sig + 1, sig, 32);
            sig[0] = sig[33] = 0;
            n = 66;
            break;

        case 8:
            sig[n++] = 0;
            break;

        case 9:
            n = 63;
            break;

        case 10:                /* r, and s that is none */
            n = 32;
            break;

        default:                /* DER of small numbers */
            memcpy(sig, "\x30\x06\x02\x01\x01\x02\x01\x01", 8);
            n = 8;
        }

        p = token + (part[2].data - token);
        n = tk_encode(sig, n, p);
        expect("a signature of no key", weir_str(token, (size_t) (p - token)
                                                        + n),
               keys, WEIR_TOKEN_SIGNATURE);
    }

    weir_keys_free(keys);
    tk_key_free(&k);
    free(token);
}


/* What is public of a key, as the secret of HMAC. */
static void
public_keys_are_no_secrets(void **state)
{
    BIO          *bio;
    char          jwk[2048], n[1024], *token, *pem;
    size_t        i, len;
    uint8_t      *der, mac[EVP_MAX_MD_SIZE];
    unsigned      mac_len;
    tk_key_t      rsa;
    weir_str_t    secrets[6];
    weir_keys_t  *keys;
    char         *p;

    (void) state;

    token = malloc(TK_ROOM);
    rsa = tk_key(WEIR_ALG_RS256);
    keys = tk_keys_of(&rsa, NULL);
    tk_jwk(&rsa, "", jwk, sizeof(jwk));
    tk_number(&rsa, OSSL_PKEY_PARAM_RSA_N, 0, n);
    bio = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio_PUBKEY(bio, rsa.pkey));
    len = (size_t) BIO_get_mem_data(bio, &pem);
    der = NULL;

    secrets[0] = weir_str(pem, len);
    secrets[1] = weir_str(pem, len - 1);
    secrets[2].len = (size_t) i2d_PUBKEY(rsa.pkey, &der);
    secrets[2].data = (char *) der;
    secrets[3] = weir_cstr(jwk);
    secrets[4] = weir_cstr(n);
    secrets[5] = weir_str("", 0);

    for (i = 0; i < N_OF(secrets); i++) {
        p = tk_input(weir_string("{\"alg\":\"HS256\"}"),
                     weir_string(PAYLOAD_), token);
        assert_non_null(HMAC(EVP_sha256(), secrets[i].data,
                             (int) secrets[i].len, (uint8_t *) token,
                             (size_t) (p - token), mac, &mac_len));
        *p++ = '.';
        p += tk_encode(mac, mac_len, p);
        expect("a public key", weir_str(token, (size_t) (p - token)), keys,
               WEIR_TOKEN_KEY);
    }

    OPENSSL_free(der);
    BIO_free(bio);
    weir_keys_free(keys);
    tk_key_free(&rsa);
    free(token);
}


static void
without_memory(void **state)
{
    char                *token;
    tk_key_t             k;
    weir_str_t           t, payload;
    weir_keys_t         *keys;
    tk_memory_t          mem;
    weir_memory_t        m = { tk_alloc, &mem };
    const weir_vkey_t   *key;
    weir_token_fault_t   fault;

    (void) state;

    token = malloc(TK_ROOM);
    k = tk_key(WEIR_ALG_HS256);
    keys = tk_keys_of(&k, NULL);
    t = tk_token(&k, "{\"alg\":\"HS256\"}", PAYLOAD_, token);
    memset(&mem, 0, sizeof(mem));

    do {
        mem.fail_at++;
        mem.calls = 0;
        fault = weir_jws_verify(t, ALL_ALGS, keys, &m, &payload, &key);
        assert_true(fault == (mem.calls < mem.fail_at ? WEIR_TOKEN_NONE
                                                      : WEIR_TOKEN_MEMORY));
    } while (fault != WEIR_TOKEN_NONE);

    assert_true(mem.fail_at > 3);

    tk_free(&mem);
    weir_keys_free(keys);
    free(token);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(standards_agree),
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(which_key_is_asked),
        cmocka_unit_test(how_many_keys_are_tried),
        cmocka_unit_test(misspelled_tokens),
        cmocka_unit_test(signatures_of_no_key),
        cmocka_unit_test(public_keys_are_no_secrets),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
