/*
 * test_keys.c: key sets that are taken, those that are refused and why; what
 * their keys are called.  Signatures are in test_signatures.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/err.h>

#include "image/bounds.h"
#include "run/base64url.h"
#include "keys_fixture.h"

typedef struct {
    unsigned  notes;
    char      last[200];
} notes_t;


static void
take_note(void *data, const char *text)
{
    notes_t  *n;

    n = data;
    n->notes++;
    snprintf(n->last, sizeof(n->last), "%s", text);
}


/* Sets that are taken: how many keys, and what is said of one left out. */
static const struct {
    const char  *text;
    uint32_t     algs;
    size_t       count;
    const char  *note;
} taken[] = {
    { "{" P256 "}", ALL, 1, NULL },
    { ONE(P256), ALL, 1, NULL },
    { ONE(OCT), WEIR_ALGS_SECRET, 1, NULL },
    { ONE(P521 ",\"alg\":\"ES512\",\"use\":\"sig\""), ALL, 1, NULL },
    { ONE(RSA_ ",\"key_ops\":[\"verify\"],\"x5u\":\"http://x.example/\","
          "\"x5c\":[\"AA==\"],\"kid\":\"../../etc/passwd\\r\\n'--\""),
      ALL, 1, NULL },
    { TWO(P256 ",\"kid\":\"a\"", ED ",\"kid\":\"A\""), ALL, 2, NULL },
    { TWO(P256, P256), ALL, 2, NULL },

    { TWO(P256, RSA_ ",\"use\":\"enc\""), ALL, 1,
      "key 2 is not for signatures (\"use\")" },
    { TWO(P256 ",\"kid\":\"a\"", RSA_ ",\"use\":\"enc\",\"kid\":\"a\""), ALL,
      1, "key 2 \"a\" is not for signatures (\"use\")" },
    { TWO(P256, RSA_ ",\"use\":\"SIG\""), ALL, 1,
      "key 2 is not for signatures (\"use\")" },
    { TWO(P256, RSA_ ",\"key_ops\":[]"), ALL, 1,
      "key 2 does not verify (\"key_ops\")" },
    { TWO(P256, RSA_ ",\"key_ops\":[\"sign\",1,null]"), ALL, 1,
      "key 2 does not verify (\"key_ops\")" },
    { TWO(P256, RSA_ ",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]"), ALL, 1,
      "key 2 does not verify (\"key_ops\")" },
    { TWO(P256, RSA_ ",\"alg\":\"RSA-OAEP\""), ALL, 1,
      "key 2 has an \"alg\" that Weir does not know for its \"kty\"" },
    { TWO(P256, RSA_ ",\"alg\":\"rs256\""), ALL, 1,
      "key 2 has an \"alg\" that Weir does not know for its \"kty\"" },
    { TWO(P256, RSA_ ",\"alg\":\"HS256\""), ALL, 1,
      "key 2 has an \"alg\" that Weir does not know for its \"kty\"" },
    { TWO(P256, RSA_ ",\"alg\":\"none\""), ALL, 1,
      "key 2 has an \"alg\" that Weir does not know for its \"kty\"" },
    { TWO(ED, P256 ",\"alg\":\"ES384\""), ALL, 1,
      "key 2 has an \"alg\" that Weir does not know for its \"crv\"" },
    { TWO(ED, P256 ",\"alg\":\"ES256\""), WEIR_ALG_BIT(EDDSA), 1,
      "key 2 is for no algorithm of the issuer" },
    { TWO(P256, RSA_ ",\"alg\":\"PS256\""),
      WEIR_ALG_BIT(ES256) | WEIR_ALG_BIT(RS256), 1,
      "key 2 is for no algorithm of the issuer" },
    { TWO(P256, "\"kty\":\"rsa\""), ALL, 1,
      "key 2 has a \"kty\" that Weir does not know" },
    { TWO(P256, "\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\""), ALL, 1,
      "key 2 has a \"kty\" that Weir does not know" },
    { TWO("\"kty\":\"EC\",\"crv\":\"p-256\"", P256), ALL, 1,
      "key 1 has a \"crv\" that Weir does not know for its \"kty\"" },
    { TWO("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"", P256), ALL, 1,
      "key 1 has a \"crv\" that Weir does not know for its \"kty\"" },
    { TWO("\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"", P256), ALL,
      1, "key 1 has a \"crv\" that Weir does not know for its \"kty\"" },
    { TWO("\"kid\":\"a\\u0001\\\"\\\\\\u00e4 b\",\"kty\":\"x\"", P256), ALL, 1,
      "key 1 \"a?????\?b\" has a \"kty\" that Weir does not know" }
};


static void
good_sets_are_taken(void **state)
{
    size_t              i;
    notes_t             n;
    weir_rc_t           rc;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    (void) state;

    for (i = 0; i < N_OF(taken); i++) {
        why.text[0] = '\0';
        memset(&n, 0, sizeof(n));
        rc = weir_keys_read(weir_cstr(taken[i].text), taken[i].algs, &keys,
                            &why, take_note, &n);

        if (rc != WEIR_OK) {
            fail_msg("%s\n%s", taken[i].text, why.text);
        }

        assert_int_equal(weir_keys_count(keys), taken[i].count);
        assert_int_equal(n.notes, taken[i].note != NULL);
        assert_string_equal(n.last, taken[i].note ? taken[i].note : "");
        assert_int_equal(ERR_peek_error(), 0);
        weir_keys_free(keys);

        /* nobody has to listen */
        assert_int_equal(weir_keys_read(weir_cstr(taken[i].text),
                                        taken[i].algs, &keys, &why, NULL,
                                        NULL), WEIR_OK);
        weir_keys_free(keys);
    }
}


static const struct {
    const char  *text;
    uint32_t     algs;
    const char  *why;
} refused[] = {
    /* no set */
    { "", ALL, "it ends too early" },
    { "{\"keys\":[]} x", ALL, "something follows the value" },
    { "[]", ALL, "it is no JSON object" },
    { "null", ALL, "it is no JSON object" },
    { "{\"keys\":{}}", ALL, "\"keys\" is no list" },
    { "{\"keys\":null}", ALL, "\"keys\" is no list" },
    { "{\"keys\":[]}", ALL, "the set has no key of use to the issuer" },
    { "{\"keys\":[1]}", ALL, "key 1 is no object" },
    { "{\"keys\":[{}]}", ALL, "key 1 lacks \"kty\"" },
    { "{}", ALL, "key 1 lacks \"kty\"" },
    { "{\"keys\":[{" P256 "}],\"keys\":[{" P256 "}]}", ALL,
      "a name is given twice" },
    { ONE(P256 ",\"kty\":\"RSA\""), ALL, "a name is given twice" },
    { ONE(P256 ",\"x\\u003a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"), ALL,
      "it is nested too deep" },

    /* members of the wrong kind */
    { ONE(P256 ",\"kid\":1"), ALL, "key 1 has a \"kid\" that is no text" },
    { ONE("\"kty\":[\"EC\"]"), ALL, "key 1 has a \"kty\" that is no text" },
    { ONE(P256 ",\"alg\":null"), ALL, "key 1 has a \"alg\" that is no text" },
    { ONE(P256 ",\"use\":[\"sig\"]"), ALL,
      "key 1 has a \"use\" that is no text" },
    { ONE(P256 ",\"key_ops\":\"verify\""), ALL,
      "key 1 has a \"key_ops\" that is no list" },
    { ONE("\"kty\":\"EC\""), ALL, "key 1 lacks \"crv\"" },
    { ONE("\"kty\":\"EC\",\"crv\":256"), ALL,
      "key 1 has a \"crv\" that is no text" },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\""), ALL,
      "key 1 lacks \"y\"" },
    { ONE("\"kty\":\"OKP\",\"crv\":\"Ed25519\""), ALL, "key 1 lacks \"x\"" },
    { ONE("\"kty\":\"RSA\",\"e\":\"AQAB\""), ALL, "key 1 lacks \"n\"" },
    { ONE("\"kty\":\"RSA\",\"n\":\"" RSA_N "\""), ALL, "key 1 lacks \"e\"" },
    { ONE("\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537"), ALL,
      "key 1 has a \"e\" that is no text" },
    { ONE("\"kty\":\"oct\""), ALL, "key 1 lacks \"k\"" },
    { ONE("\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB=\""), ALL,
      "key 1 has a \"e\" that is not base64url" },
    { ONE("\"kty\":\"oct\",\"k\":\"" HMAC_K "+\""), ALL,
      "key 1 has a \"k\" that is not base64url" },

    /* secrets */
    { TWO(OCT, P256), ALL, "the set has secrets beside public keys" },
    { TWO(P256 ",\"use\":\"enc\"", OCT), ALL,
      "the set has secrets beside public keys" },
    { TWO(P256, OCT), WEIR_ALGS_PUBLIC,
      "key 2 is a secret, where only public keys belong" },
    { ONE(OCT ",\"kid\":\"s\""), WEIR_ALGS_PUBLIC,
      "key 1 \"s\" is a secret, where only public keys belong" },
    { ONE("\"kty\":\"oct\",\"k\":\"\""), ALL,
      "key 1 has a secret of 0 bytes, and it takes 32" },
    { ONE("\"kty\":\"oct\",\"k\":\"c2VjcmV0\""), ALL,
      "key 1 has a secret of 6 bytes, and it takes 32" },
    { ONE("\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"" P256_X "\""), ALL,
      "key 1 has a secret of 32 bytes, and it takes 64" },
    { ONE(OCT), WEIR_ALGS_PUBLIC,
      "key 1 is a secret, where only public keys belong" },
    { ONE(OCT ",\"alg\":\"RS256\""), ALL,
      "the set has no key of use to the issuer" },
    { ONE(RSA_), WEIR_ALGS_SECRET, "the set has no key of use to the issuer" },
    { "{" RSA_ "}", WEIR_ALGS_SECRET,
      "key 1 is for no algorithm of the issuer" },

    /* private keys where anybody reads them, whatever they are for */
    { ONE(ED ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\""), ALL,
      "key 1 has the private member \"d\": it has leaked, replace it" },
    { ONE(P256 ",\"d\":null"), ALL,
      "key 1 has the private member \"d\": it has leaked, replace it" },
    { TWO(ED, RSA_ ",\"use\":\"enc\",\"p\":\"AA\""), ALL,
      "key 2 has the private member \"p\": it has leaked, replace it" },
    { TWO(ED, "\"kty\":\"AKP\",\"priv\":\"AA\""), ALL,
      "key 2 has the private member \"priv\": it has leaked, replace it" },
    { ONE(P256 ",\"k\":\"AA\""), ALL,
      "key 1 has the private member \"k\": it has leaked, replace it" },

    /* the same name twice */
    { TWO(P256 ",\"kid\":\"a\"", ED ",\"kid\":\"a\""), ALL,
      "key 2 \"a\" has the \"kid\" of a key before it" },
    { TWO(P256 ",\"kid\":\"\"", ED ",\"kid\":\"\""), ALL,
      "key 2 has the \"kid\" of a key before it" },
    { TWO(P256 ",\"kid\":\"a\"", ED ",\"kid\":\"\\u0061\""), ALL,
      "key 2 \"a\" has the \"kid\" of a key before it" },

    /* points */
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X
          "\",\"y\":\"" P256_X "\""), ALL,
      "key 1 has a point that is not on its curve, P-256" },
    { ONE("\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X
          "\",\"y\":\"" P256_Y "\""), ALL,
      "key 1 has a point that is not on its curve, secp256k1" },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAA\""), ALL,
      "key 1 has a point that is not on its curve, P-256" },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA" P256_X
          "\",\"y\":\"" P256_Y "\""), ALL,
      "key 1 has a coordinate that is not of 32 bytes, as P-256 wants" },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X
          "\",\"y\":\"" P256_Y "\""), ALL,
      "key 1 has a coordinate that is not of 48 bytes, as P-384 wants" },
    { ONE("\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\""), ALL,
      "key 1 has a coordinate that is not of 57 bytes, as Ed448 wants" },
    /* y = 2 has no x; y = p; y = 1, which everything would be signed with */
    { ONE("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AgAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAAAAAAAAAAAAAA\""), ALL,
      "key 1 has a point that is not on its curve, Ed25519" },
    { ONE("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7f_______________"
          "________________________38\""), ALL,
      "key 1 has a point that is not on its curve, Ed25519" },
    { ONE("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAAAAAAAAAAAAAA\""), ALL,
      "key 1 has a point that is not on its curve, Ed25519" }
};


static void
bad_sets_are_refused(void **state)
{
    size_t              i;
    weir_rc_t           rc;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    (void) state;

    for (i = 0; i < N_OF(refused); i++) {
        keys = NULL;
        why.text[0] = '\0';
        rc = weir_keys_read(weir_cstr(refused[i].text), refused[i].algs, &keys,
                            &why, NULL, NULL);

        if (rc != WEIR_ERROR || keys != NULL
            || strcmp(why.text, refused[i].why) != 0)
        {
            fail_msg("%s\n%s\nnot: %s", refused[i].text,
                     rc == WEIR_OK ? "taken" : why.text, refused[i].why);
        }

        assert_int_equal(ERR_peek_error(), 0);
    }
}


/* A key with a modulus of that many bits, and an exponent. */
static weir_rc_t
read_rsa(size_t bits, bool even, const char *zero, const char *e,
    weir_keys_error_t *why)
{
    char          n[weir_base64url_len(2048) + 1], text[4096];
    size_t        len;
    uint8_t       bytes[2048];
    weir_rc_t     rc;
    weir_keys_t  *keys;

    len = (bits + 7) / 8;
    memset(bytes, 0xff, len);
    bytes[0] = (uint8_t) (0xff >> (len * 8 - bits));
    bytes[len - 1] -= even;
    weir_base64url_encode(bytes, len, n);
    n[weir_base64url_len(len)] = '\0';

    snprintf(text, sizeof(text), ONE("\"kty\":\"RSA\",\"n\":\"%s%s\","
             "\"e\":\"%s\""), zero, n, e);
    rc = weir_keys_read(weir_cstr(text), ALL, &keys, why, NULL, NULL);

    if (rc == WEIR_OK) {
        weir_keys_free(keys);
    }

    return rc;
}


static void
weak_rsa_is_refused(void **state)
{
    size_t             i;
    weir_keys_error_t  why;

    static const struct {
        size_t       bits;
        const char  *e;
        const char  *why;       /* NULL: it is taken */
    } rows[] = {
        { 2048, "AQAB", NULL },
        { 2049, "AQAB", NULL },
        { 8192, "AQAB", NULL },
        { 2048, "__________8", NULL },
        { 512,  "AQAB", "key 1 is RSA of 512 bits, not 2048 to 8192" },
        { 1024, "AQAB", "key 1 is RSA of 1024 bits, not 2048 to 8192" },
        { 2047, "AQAB", "key 1 is RSA of 2047 bits, not 2048 to 8192" },
        { 8193, "AQAB", "key 1 has a \"n\" longer than 1024 bytes" },
        { 16384, "AQAB", "key 1 has a \"n\" longer than 1024 bytes" },
        { 2048, "",     "key 1 has a number of RSA that is empty or begins "
                        "with zero" },
        { 2048, "AA",   "key 1 has a number of RSA that is empty or begins "
                        "with zero" },
        { 2048, "AAEAAQ", "key 1 has a number of RSA that is empty or begins "
                        "with zero" },
        { 2048, "AQ",   "key 1 has a public exponent that is not odd, 65537 "
                        "or more, and of 64 bits at most" },
        { 2048, "Aw",   "key 1 has a public exponent that is not odd, 65537 "
                        "or more, and of 64 bits at most" },
        { 2048, "AQAA", "key 1 has a public exponent that is not odd, 65537 "
                        "or more, and of 64 bits at most" },
        { 2048, "AQAC", "key 1 has a public exponent that is not odd, 65537 "
                        "or more, and of 64 bits at most" },
        { 2048, "AQAAAAAAAAAB", "key 1 has a public exponent that is not odd, "
                        "65537 or more, and of 64 bits at most" }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        why.text[0] = '\0';
        assert_int_equal(read_rsa(rows[i].bits, false, "", rows[i].e, &why),
                         rows[i].why ? WEIR_ERROR : WEIR_OK);
        assert_string_equal(why.text, rows[i].why ? rows[i].why : "");
    }

    assert_int_equal(read_rsa(2048, true, "", "AQAB", &why), WEIR_ERROR);
    assert_string_equal(why.text, "key 1 has a modulus that is even");
    assert_int_equal(read_rsa(2048, false, "AAAA", "AQAB", &why), WEIR_ERROR);
    assert_string_equal(why.text, "key 1 has a number of RSA that is empty or "
                        "begins with zero");
}


/* n of the same key, with a kid of its own and many bytes around it. */
static weir_rc_t
read_many(size_t n, size_t kid, size_t blanks, weir_keys_error_t *why)
{
    char         *text, *p;
    size_t        i;
    weir_rc_t     rc;
    weir_keys_t  *keys;

    text = malloc(n * (sizeof(P256) + kid + 64) + blanks + 64);
    assert_non_null(text);
    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s{" P256 ",\"kid\":\"%0*zu\"}", i ? "," : "",
                     (int) kid, i);
    }

    p += sprintf(p, "]}%*s", (int) blanks, "");
    rc = weir_keys_read(weir_str(text, (size_t) (p - text)), ALL, &keys, why,
                        NULL, NULL);

    if (rc == WEIR_OK) {
        assert_int_equal(weir_keys_count(keys), n);
        assert_int_equal(weir_key_kid(weir_keys_at(keys, n - 1)).len, kid);
        weir_keys_free(keys);
    }

    free(text);

    return rc;
}


static void
sets_are_bounded(void **state)
{
    weir_keys_error_t  why;

    (void) state;

    assert_int_equal(read_many(WEIR_MAX_KEYS, WEIR_MAX_KID, 0, &why), WEIR_OK);
    assert_int_equal(read_many(WEIR_MAX_KEYS + 1, 4, 0, &why), WEIR_ERROR);
    assert_string_equal(why.text, "the set has 65 keys, and 64 are the most");
    assert_int_equal(read_many(1, WEIR_MAX_KID + 1, 0, &why), WEIR_ERROR);
    assert_string_equal(why.text, "key 1 has a \"kid\" longer than 255 bytes");
    assert_int_equal(read_many(1, 4, WEIR_MAX_KEY_SET, &why), WEIR_ERROR);
    assert_string_equal(why.text, "it is larger than 1048576 bytes");
}


/* Neither sentence nor note has anything of a secret. */
static void
secrets_stay_secret(void **state)
{
    size_t              i;
    notes_t             n;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    static const char *const  rows[] = {
        ONE("\"kty\":\"oct\",\"k\":\"U0VDUkVUU0VDUkVU\""),
        ONE("\"kty\":\"oct\",\"k\":\"U0VDUkVUU0VDUkVU=\""),
        ONE("\"kty\":\"oct\",\"k\":\"U0VDUkVU\",\"k\":\"U0VDUkVU\""),
        ONE("\"kty\":\"oct\",\"alg\":\"U0VDUkVU\",\"k\":\"U0VDUkVU\""),
        ONE(P256 ",\"d\":\"U0VDUkVU\"")
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        memset(&n, 0, sizeof(n));
        assert_int_equal(weir_keys_read(weir_cstr(rows[i]), ALL, &keys, &why,
                                        take_note, &n), WEIR_ERROR);
        assert_null(strstr(why.text, "U0VDUkVU"));
        assert_null(strstr(why.text, "SECRET"));
        assert_null(strstr(n.last, "U0VDUkVU"));
    }
}


static void
algorithms_are_what_issuer_and_key_allow(void **state)
{
    size_t        i;
    weir_keys_t  *keys;

    static const struct {
        const char  *text;
        uint32_t     issuer;
        uint32_t     want;
    } rows[] = {
        { ONE(RSA_), ALL,
          WEIR_ALG_BIT(RS256) | WEIR_ALG_BIT(RS384) | WEIR_ALG_BIT(RS512)
          | WEIR_ALG_BIT(PS256) | WEIR_ALG_BIT(PS384) | WEIR_ALG_BIT(PS512) },
        { ONE(RSA_), WEIR_ALG_BIT(PS384) | WEIR_ALGS_SECRET,
          WEIR_ALG_BIT(PS384) },
        { ONE(RSA_ ",\"alg\":\"RS512\""), ALL, WEIR_ALG_BIT(RS512) },
        { ONE(P256), ALL, WEIR_ALG_BIT(ES256) },
        { ONE(P521), ALL, WEIR_ALG_BIT(ES512) },
        { ONE(ED), ALL, WEIR_ALG_BIT(EDDSA) },
        { ONE(OCT), ALL, WEIR_ALGS_SECRET },
        { ONE("\"kty\":\"oct\",\"k\":\"" P256_X "\""), ALL,
          WEIR_ALG_BIT(HS256) },
        { ONE("\"kty\":\"oct\",\"k\":\"" P256_X P256_X "A\""), ALL,
          WEIR_ALG_BIT(HS256) | WEIR_ALG_BIT(HS384) | WEIR_ALG_BIT(HS512) }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        keys = read_good(rows[i].text, rows[i].issuer);
        assert_int_equal(weir_key_algs(weir_keys_at(keys, 0)), rows[i].want);
        weir_keys_free(keys);
    }
}


static void
thumbprints_are_those_of_the_rfc(void **state)
{
    size_t              i;
    char                text[weir_base64url_len(WEIR_SHA256_LEN)];
    uint8_t             other[WEIR_SHA256_LEN];
    weir_keys_t        *keys;
    const weir_vkey_t  *key;

    static const struct {
        const char  *jwk;
        const char  *want;
    } rows[] = {
        { "{\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\",\"kty\":"
          "\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx"
          "4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6"
          "4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY3"
          "68QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr"
          "dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-cs"
          "FCur-kEgU8awapJzKnqDKgw\"}",
          "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
        { "{" ED "}", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
        /* what sha256sum says of the members */
        { "{\"kid\":\"z\"," P256 "}",
          "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" },
        { "{" OCT "}", "y_x3gCJnL6oKGBBIXScabduwxTVy2Wd2bzRVEUbdUzc" }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        keys = read_good(rows[i].jwk, ALL);
        key = weir_keys_at(keys, 0);
        weir_base64url_encode(weir_key_thumbprint(key), WEIR_SHA256_LEN, text);

        if (memcmp(text, rows[i].want, sizeof(text)) != 0) {
            fail_msg("%s: %.*s", rows[i].jwk, (int) sizeof(text), text);
        }

        assert_ptr_equal(weir_keys_find(keys, weir_key_thumbprint(key)), key);

        memcpy(other, weir_key_thumbprint(key), sizeof(other));
        other[WEIR_SHA256_LEN - 1] ^= 1;
        assert_null(weir_keys_find(keys, other));
        weir_keys_free(keys);
    }
}


static void
kids_are_opaque(void **state)
{
    weir_str_t    kid;
    weir_keys_t  *keys;

    (void) state;

    keys = read_good("{\"keys\":[{" P256 ",\"kid\":\"../\\r\\n\"},{" ED "},{"
                     RSA_ ",\"kid\":\"\"}]}", ALL);
    kid = weir_key_kid(weir_keys_at(keys, 0));
    assert_true(weir_str_eq(kid, weir_string("../\r\n")));
    assert_null(weir_key_kid(weir_keys_at(keys, 1)).data);
    kid = weir_key_kid(weir_keys_at(keys, 2));
    assert_true(kid.data != NULL && kid.len == 0);
    weir_keys_free(keys);
}


static void
proofs_bring_one_public_key(void **state)
{
    size_t              i;
    weir_rc_t           rc;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    static const struct {
        const char  *text;
        const char  *why;
    } rows[] = {
        { "{" P256 "}", NULL },
        { "{" RSA_ "}", NULL },
        { "{" OCT "}", "key 1 is a secret, where only public keys belong" },
        { "{" P256 ",\"d\":\"AA\"}",
          "key 1 has the private member \"d\": it has leaked, replace it" },
        { ONE(P256), "key 1 lacks \"kty\"" },
        { "{" P256 ",\"use\":\"enc\"}",
          "key 1 is not for signatures (\"use\")" },
        { "{" P521 "}", "key 1 is for no algorithm of the issuer" },
        { "\"a\"", "it is no JSON object" }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        why.text[0] = '\0';
        rc = weir_keys_read_public(weir_cstr(rows[i].text),
                                   ALL & ~WEIR_ALG_BIT(ES512), &keys, &why);
        assert_string_equal(why.text, rows[i].why ? rows[i].why : "");

        if (rows[i].why == NULL) {
            assert_int_equal(rc, WEIR_OK);
            assert_int_equal(weir_keys_count(keys), 1);
            weir_keys_free(keys);
        } else {
            assert_int_equal(rc, WEIR_ERROR);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(good_sets_are_taken),
        cmocka_unit_test(bad_sets_are_refused),
        cmocka_unit_test(weak_rsa_is_refused),
        cmocka_unit_test(sets_are_bounded),
        cmocka_unit_test(secrets_stay_secret),
        cmocka_unit_test(algorithms_are_what_issuer_and_key_allow),
        cmocka_unit_test(thumbprints_are_those_of_the_rfc),
        cmocka_unit_test(kids_are_opaque),
        cmocka_unit_test(proofs_bring_one_public_key)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
