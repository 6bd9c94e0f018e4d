/*
 * test_keys.c: key sets that are taken, those that are refused and why, and
 * signatures: vectors of RFC 7515, 7638 and 8037, every algorithm against
 * OpenSSL's own signatures, and what an attacker would send.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "image/bounds.h"
#include "run/base64url.h"
#include "run/keys.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define ALL      (WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET)
#define MAX_SIG  1024

/* RFC 7515, A.1 to A.4; RFC 8037, A.2; RFC 7638, 3.1 */
#define HMAC_K  "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtM"  \
                "N3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define OCT     "\"kty\":\"oct\",\"k\":\"" HMAC_K "\""
#define RSA_N   "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"  \
                "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"  \
                "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH"  \
                "SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"  \
                "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8"  \
                "NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA_    "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define P256_X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P256    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X            \
                "\",\"y\":\"" P256_Y "\""
#define P521    "\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVO"  \
                "TNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz"  \
                "4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyB"  \
                "XMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\""
#define ED_X    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED      "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\""

#define ONE(a)     "{\"keys\":[{" a "}]}"
#define TWO(a, b)  "{\"keys\":[{" a "},{" b "}]}"

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


static weir_keys_t *
read_good(const char *text, uint32_t algs)
{
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    if (weir_keys_read(weir_cstr(text), algs, &keys, &why, NULL, NULL)
        != WEIR_OK)
    {
        fail_msg("%s\n%s", text, why.text);
    }

    return keys;
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


/* What a signature says to a key, and that OpenSSL's queue stays empty. */
static weir_rc_t
verify(const weir_keys_t *keys, weir_alg_t alg, const char *data,
    const void *signature, size_t len)
{
    weir_rc_t  rc;

    rc = weir_key_verify(weir_keys_at(keys, 0), alg, weir_cstr(data),
                         weir_str(signature, len));
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_not_equal(rc, WEIR_ERROR);

    return rc;
}


static const struct {
    const char  *jwk;
    weir_alg_t   alg;
    const char  *data;
    const char  *signature;
} vectors[] = {
    { "{" OCT "}", WEIR_ALG_HS256,
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAi"
      "OjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
    { "{" RSA_ "}", WEIR_ALG_RS256,
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
      "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm"
      "4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--"
      "f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383Lc"
      "OLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
      "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
    { "{" P256 "}", WEIR_ALG_ES256,
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
      "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxf"
      "KTUJqPP3-Kg6NU1Q" },
    { "{" P521 "}", WEIR_ALG_ES512, "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
      "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI"
      "-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO"
      "7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn" },
    { "{" ED "}", WEIR_ALG_EDDSA,
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9"
      "g7sVvpAr_MuM0KAg" }
};


/* Every bit of a signature counts, and so does its length. */
static void
vectors_of_the_rfcs_verify(void **state)
{
    size_t        i, k, len;
    uint8_t       sig[MAX_SIG];
    unsigned      alg;
    weir_keys_t  *keys;

    (void) state;

    for (i = 0; i < N_OF(vectors); i++) {
        keys = read_good(vectors[i].jwk, ALL);
        assert_int_equal(weir_base64url_decode(weir_cstr(vectors[i].signature),
                                               sig, &len), WEIR_OK);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len), WEIR_OK);

        for (k = 0; k < len * 8; k += i < 3 ? 7 : 61) {
            sig[k / 8] ^= (uint8_t) (1 << k % 8);
            assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                    len), WEIR_DECLINED);
            sig[k / 8] ^= (uint8_t) (1 << k % 8);
        }

        sig[len] = 0;
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len + 1), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len - 1), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                0), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, "", sig, len),
                         WEIR_DECLINED);

        /* with no other algorithm, those of other keys among them */
        for (alg = 0; alg <= WEIR_ALG_COUNT; alg++) {
            assert_int_equal(verify(keys, alg, vectors[i].data, sig, len),
                             alg == vectors[i].alg ? WEIR_OK : WEIR_DECLINED);
        }

        weir_keys_free(keys);
    }
}


/* Pairs of keys, made here */

typedef struct {
    EVP_PKEY     *pkey;
    weir_keys_t  *keys;         /* its public half, read as JWK */
    uint8_t       secret[64];
} pair_t;


static size_t
put_number(const EVP_PKEY *pkey, const char *param, int len, char *out)
{
    int      n;
    BIGNUM  *bn;
    uint8_t  bytes[MAX_SIG];

    bn = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &bn), 1);
    n = len ? len : BN_num_bytes(bn);
    assert_int_equal(BN_bn2binpad(bn, bytes, n), n);
    weir_base64url_encode(bytes, (size_t) n, out);
    out[weir_base64url_len((size_t) n)] = '\0';
    BN_free(bn);

    return (size_t) n;
}


/* type: of OpenSSL; crv and size: "" and 0 for RSA. */
static pair_t
make_pair(const char *type, const char *crv, int size)
{
    char     a[1024], b[1024], text[2600];
    size_t   len;
    pair_t   pair;
    uint8_t  raw[64];

    memset(&pair, 0, sizeof(pair));

    if (strcmp(type, "RSA") == 0) {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);
        put_number(pair.pkey, OSSL_PKEY_PARAM_RSA_N, 0, a);
        put_number(pair.pkey, OSSL_PKEY_PARAM_RSA_E, 0, b);
        snprintf(text, sizeof(text), "{\"kty\":\"RSA\",\"n\":\"%s\","
                 "\"e\":\"%s\"}", a, b);

    } else if (strcmp(type, "EC") == 0) {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", crv);
        put_number(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_X, size, a);
        put_number(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size, b);
        snprintf(text, sizeof(text), "{\"kty\":\"EC\",\"crv\":\"%s\","
                 "\"x\":\"%s\",\"y\":\"%s\"}", crv, a, b);

    } else {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, crv);
        len = sizeof(raw);
        assert_int_equal(EVP_PKEY_get_raw_public_key(pair.pkey, raw, &len), 1);
        weir_base64url_encode(raw, len, a);
        a[weir_base64url_len(len)] = '\0';
        snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"%s\","
                 "\"x\":\"%s\"}", crv, a);
    }

    assert_non_null(pair.pkey);
    pair.keys = read_good(text, ALL);

    return pair;
}


static pair_t
make_secret(void)
{
    char    k[weir_base64url_len(64) + 1], text[256];
    pair_t  pair;

    memset(&pair, 0, sizeof(pair));
    memset(pair.secret, 0xa5, sizeof(pair.secret));
    weir_base64url_encode(pair.secret, sizeof(pair.secret), k);
    k[sizeof(k) - 1] = '\0';
    snprintf(text, sizeof(text), "{\"kty\":\"oct\",\"k\":\"%s\"}", k);
    pair.keys = read_good(text, ALL);

    return pair;
}


static void
free_pair(pair_t *pair)
{
    EVP_PKEY_free(pair->pkey);
    weir_keys_free(pair->keys);
}


/* r and s of a signature in DER, each of n bytes. */
static size_t
from_der(const uint8_t *der, size_t len, int n, uint8_t *out)
{
    ECDSA_SIG      *sig;
    const uint8_t  *p;

    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, n), n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + n, n), n);
    ECDSA_SIG_free(sig);

    return (size_t) n * 2;
}


/* What OpenSSL signs; salt: of PSS, else 0; mgf NULL: the same digest. */
static size_t
sign(EVP_PKEY *pkey, const char *md, int salt, const char *mgf, int ec,
    const char *data, uint8_t out[MAX_SIG])
{
    size_t         len;
    uint8_t        der[MAX_SIG];
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    len = MAX_SIG;
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, pkey,
                                           NULL), 1);

    if (salt != 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx,
                             RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                             salt == 1 ? 0 : salt), 1);

        if (mgf != NULL) {
            assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mgf,
                                                               NULL), 1);
        }
    }

    assert_int_equal(EVP_DigestSign(ctx, der, &len, (const uint8_t *) data,
                                    strlen(data)), 1);
    EVP_MD_CTX_free(ctx);

    if (ec) {
        return from_der(der, len, ec, out);
    }

    memcpy(out, der, len);

    return len;
}


static const struct {
    weir_alg_t   alg;
    const char  *type;
    const char  *crv;
    int          size;
    const char  *md;
    int          salt;
} algorithms[] = {
    { WEIR_ALG_HS256, "oct", "", 0, "SHA256", 0 },
    { WEIR_ALG_HS384, "oct", "", 0, "SHA384", 0 },
    { WEIR_ALG_HS512, "oct", "", 0, "SHA512", 0 },
    { WEIR_ALG_RS256, "RSA", "", 0, "SHA256", 0 },
    { WEIR_ALG_RS384, "RSA", "", 0, "SHA384", 0 },
    { WEIR_ALG_RS512, "RSA", "", 0, "SHA512", 0 },
    { WEIR_ALG_PS256, "RSA", "", 0, "SHA256", 32 },
    { WEIR_ALG_PS384, "RSA", "", 0, "SHA384", 48 },
    { WEIR_ALG_PS512, "RSA", "", 0, "SHA512", 64 },
    { WEIR_ALG_ES256, "EC", "P-256", 32, "SHA256", 0 },
    { WEIR_ALG_ES384, "EC", "P-384", 48, "SHA384", 0 },
    { WEIR_ALG_ES512, "EC", "P-521", 66, "SHA512", 0 },
    { WEIR_ALG_ES256K, "EC", "secp256k1", 32, "SHA256", 0 },
    { WEIR_ALG_EDDSA, "OKP", "Ed25519", 0, NULL, 0 },
    { WEIR_ALG_EDDSA, "OKP", "Ed448", 0, NULL, 0 }
};


static size_t
sign_as(pair_t *pair, size_t i, const char *data, uint8_t out[MAX_SIG])
{
    unsigned  len;

    if (pair->pkey == NULL) {
        assert_non_null(HMAC(EVP_get_digestbyname(algorithms[i].md),
                             pair->secret, sizeof(pair->secret),
                             (const uint8_t *) data, strlen(data), out, &len));
        return len;
    }

    return sign(pair->pkey, algorithms[i].md, algorithms[i].salt, NULL,
                algorithms[i].size, data, out);
}


static void
every_algorithm_verifies(void **state)
{
    size_t    i, len, n;
    pair_t    pair;
    uint8_t   sig[MAX_SIG];
    unsigned  alg;

    (void) state;

    for (i = 0; i < N_OF(algorithms); i++) {
        pair = algorithms[i].type[0] == 'o' ? make_secret()
               : make_pair(algorithms[i].type, algorithms[i].crv,
                           algorithms[i].size);
        len = sign_as(&pair, i, "head.payload", sig);

        /* a failure leaves nothing behind */
        for (n = 0; n < 3; n++) {
            if (verify(pair.keys, algorithms[i].alg, "head.payload", sig, len)
                != WEIR_OK)
            {
                fail_msg("%s %s %s", algorithms[i].type, algorithms[i].crv,
                         algorithms[i].md);
            }

            assert_int_equal(verify(pair.keys, algorithms[i].alg,
                                    "head.payloae", sig, len), WEIR_DECLINED);
            assert_int_equal(verify(pair.keys, algorithms[i].alg, "", sig,
                                    len), WEIR_DECLINED);
            sig[len / 2] ^= 1;
            assert_int_equal(verify(pair.keys, algorithms[i].alg,
                                    "head.payload", sig, len), WEIR_DECLINED);
            sig[len / 2] ^= 1;
        }

        for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
            assert_int_equal(verify(pair.keys, alg, "head.payload", sig, len),
                             alg == algorithms[i].alg ? WEIR_OK
                                                      : WEIR_DECLINED);
        }

        len = sign_as(&pair, i, "", sig);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "", sig, len),
                         WEIR_OK);
        free_pair(&pair);
    }
}


/* Paddings of PKCS#1 v1.5 (RFC 8017, 9.2), signed without being looked at. */
#define OID      "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
#define INFO     "\x30\x31\x30\x0d" OID "\x01\x05\x00\x04\x20"
#define BYTES(s) s, sizeof(s) - 1

static const struct {
    const char  *what;
    const char  *head;          /* before the padding */
    size_t       head_len;
    int          ps;            /* bytes of 0xff; -1: as many as fit */
    const char  *info;          /* between padding and digest */
    size_t       info_len;
    int          tail;          /* bytes behind the digest */
    weir_rc_t    want;
} paddings[] = {
    { "as it should be", BYTES("\0\1"), -1, BYTES("\0" INFO), 0, WEIR_OK },
    { "block type 0", BYTES("\0\0"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "block type 2", BYTES("\0\2"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "first byte", BYTES("\1\1"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "type missing", BYTES("\0"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "a byte that is not 0xff", BYTES("\0\1\xff\xfe"), -1,
      BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "garbage behind 8 bytes", BYTES("\0\1"), 8, BYTES("\0" INFO), 194,
      WEIR_DECLINED },
    { "garbage behind all of it", BYTES("\0\1"), -1, BYTES("\0" INFO), 1,
      WEIR_DECLINED },
    { "no padding", BYTES("\0\1"), 0, BYTES("\0" INFO), 202, WEIR_DECLINED },
    { "no end of the padding", BYTES("\0\1"), -1, BYTES(INFO), 0,
      WEIR_DECLINED },
    { "two ends", BYTES("\0\1"), -1, BYTES("\0\0" INFO), 0, WEIR_DECLINED },
    { "parameters left out", BYTES("\0\1"), -1,
      BYTES("\0\x30\x2f\x30\x0b" OID "\x01\x04\x20"), 0, WEIR_DECLINED },
    { "parameters of another sort", BYTES("\0\1"), -1,
      BYTES("\0\x30\x31\x30\x0d" OID "\x01\x30\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "garbage in parameters", BYTES("\0\1"), -1,
      BYTES("\0\x30\x33\x30\x0f" OID "\x01\x05\x02\x41\x41\x04\x20"), 0,
      WEIR_DECLINED },
    { "a long length", BYTES("\0\1"), -1,
      BYTES("\0\x30\x81\x31\x30\x0d" OID "\x01\x05\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "an endless length", BYTES("\0\1"), -1,
      BYTES("\0\x30\x80\x30\x0d" OID "\x01\x05\x00\x04\x20"), 2,
      WEIR_DECLINED },
    { "a long digest", BYTES("\0\1"), -1,
      BYTES("\0\x30\x32\x30\x0d" OID "\x01\x05\x00\x04\x21"), 1,
      WEIR_DECLINED },
    { "the name of SHA-512", BYTES("\0\1"), -1,
      BYTES("\0\x30\x31\x30\x0d" OID "\x03\x05\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "no name", BYTES("\0\1"), -1, BYTES("\0"), 0, WEIR_DECLINED },
    { "an octet string alone", BYTES("\0\1"), -1, BYTES("\0\x04\x20"), 0,
      WEIR_DECLINED }
};


static void
sign_raw(EVP_PKEY *pkey, const uint8_t em[256], uint8_t out[256])
{
    size_t         len;
    EVP_PKEY_CTX  *ctx;

    len = 256;
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &len, em, 256), 1);
    assert_int_equal(len, 256);
    EVP_PKEY_CTX_free(ctx);
}


static void
only_one_padding_is_that_of_pkcs1(void **state)
{
    size_t      i, ps, fixed;
    pair_t      pair;
    uint8_t     em[256], sig[256], digest[WEIR_SHA256_LEN], *p;

    (void) state;

    pair = make_pair("RSA", "", 0);
    assert_int_equal(weir_sha256(weir_string("data"), digest), WEIR_OK);

    for (i = 0; i < N_OF(paddings); i++) {
        fixed = paddings[i].head_len + paddings[i].info_len + sizeof(digest)
                + (size_t) paddings[i].tail;
        ps = paddings[i].ps < 0 ? sizeof(em) - fixed : (size_t) paddings[i].ps;
        assert_int_equal(fixed + ps, sizeof(em));

        p = memcpy(em, paddings[i].head, paddings[i].head_len);
        p += paddings[i].head_len;
        memset(p, 0xff, ps);
        p += ps;
        memcpy(p, paddings[i].info, paddings[i].info_len);
        p += paddings[i].info_len;
        memcpy(p, digest, sizeof(digest));
        memset(p + sizeof(digest), 0, (size_t) paddings[i].tail);

        sign_raw(pair.pkey, em, sig);

        if (verify(pair.keys, WEIR_ALG_RS256, "data", sig, sizeof(sig))
            != paddings[i].want)
        {
            fail_msg("%s", paddings[i].what);
        }
    }

    free_pair(&pair);
}


static void
a_signature_of_pss_has_one_form(void **state)
{
    size_t   i, len;
    pair_t   pair;
    uint8_t  sig[MAX_SIG];

    static const struct {
        int          salt;      /* 1: none */
        const char  *mgf;
        weir_rc_t    want;
    } rows[] = {
        { 32, NULL, WEIR_OK },
        { 32, "SHA256", WEIR_OK },
        { 32, "SHA1", WEIR_DECLINED },
        { 32, "SHA512", WEIR_DECLINED },
        { 1, NULL, WEIR_DECLINED },
        { 20, NULL, WEIR_DECLINED },
        { 31, NULL, WEIR_DECLINED },
        { 33, NULL, WEIR_DECLINED },
        { 222, NULL, WEIR_DECLINED }
    };

    (void) state;

    pair = make_pair("RSA", "", 0);

    for (i = 0; i < N_OF(rows); i++) {
        len = sign(pair.pkey, "SHA256", rows[i].salt, rows[i].mgf, 0, "data",
                   sig);
        assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len),
                         rows[i].want);
    }

    /* its zeros belong to it */
    for (i = 0; i < 5000 && sig[0] != 0; i++) {
        len = sign(pair.pkey, "SHA256", 32, NULL, 0, "data", sig);
    }

    assert_int_equal(sig[0], 0);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len),
                     WEIR_OK);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig + 1,
                            len - 1), WEIR_DECLINED);
    memmove(sig + 1, sig, len);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len + 1),
                     WEIR_DECLINED);
    free_pair(&pair);
}


/* a = sign a + sign b of n bytes, if that fits. */
static bool
set_sum(const BIGNUM *a, const BIGNUM *b, bool minus, int n, uint8_t *out)
{
    bool     ok;
    BIGNUM  *sum;

    sum = BN_new();
    assert_int_equal(minus ? BN_sub(sum, a, b) : BN_add(sum, a, b), 1);
    ok = BN_num_bytes(sum) <= n && BN_bn2binpad(sum, out, n) == n;
    BN_free(sum);

    return ok;
}


static void
numbers_of_ecdsa_are_below_the_order(void **state)
{
    int       n;
    size_t    i, k, len;
    pair_t    pair;
    BIGNUM   *order, *zero, *one, *r, *s;
    uint8_t   sig[MAX_SIG], bad[MAX_SIG];
    unsigned  row;

    (void) state;

    for (i = 0; i < N_OF(algorithms); i++) {
        n = algorithms[i].size;

        if (n == 0) {
            continue;
        }

        k = (size_t) n;
        pair = make_pair("EC", algorithms[i].crv, n);
        len = sign_as(&pair, i, "data", sig);
        order = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(pair.pkey,
                             OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
        zero = BN_new();
        one = BN_new();
        BN_one(one);
        r = BN_bin2bn(sig, n, NULL);
        s = BN_bin2bn(sig + n, n, NULL);

        for (row = 0; row < 8; row++) {
            memcpy(bad, sig, len);

            if (row == 0) {
                set_sum(zero, zero, false, n, bad);
            } else if (row == 1) {
                set_sum(zero, zero, false, n, bad + n);
            } else if (row == 2) {
                set_sum(order, zero, false, n, bad);
            } else if (row == 3) {
                set_sum(order, zero, false, n, bad + n);
            } else if (row == 4) {
                memset(bad, 0xff, k);
            } else if (row == 5) {
                memset(bad + n, 0xff, k);
            } else if (row == 6) {
                set_sum(one, zero, false, n, bad);
                set_sum(one, zero, false, n, bad + n);
            } else if (!set_sum(s, order, false, n, bad + n)) {
                bad[0] ^= 1;                    /* no room for s + n */
            }

            if (verify(pair.keys, algorithms[i].alg, "data", bad, len)
                != WEIR_DECLINED)
            {
                fail_msg("%s, row %u", algorithms[i].crv, row);
            }
        }

        /* the other s of the same r is as good */
        memcpy(bad, sig, len);
        assert_true(set_sum(order, s, true, n, bad + n));
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len), WEIR_OK);

        /* each with a zero before it, as some write them; DER */
        memset(bad, 0, sizeof(bad));
        memcpy(bad + 1, sig, k);
        memcpy(bad + k + 2, sig + k, k);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len + 2), WEIR_DECLINED);
        len = sign(pair.pkey, algorithms[i].md, 0, NULL, 0, "data", bad);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len), WEIR_DECLINED);

        BN_free(order);
        BN_free(zero);
        BN_free(one);
        BN_free(r);
        BN_free(s);
        free_pair(&pair);
    }
}


/* RFC 8032, 5.1.7: S is below the order. */
static void
a_signature_of_eddsa_has_one_form(void **state)
{
    size_t        i, len;
    uint8_t       sig[64];
    unsigned      carry;
    weir_keys_t  *keys;

    static const uint8_t  order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2,
        0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0x10
    };

    (void) state;

    keys = read_good("{" ED "}", ALL);
    assert_int_equal(weir_base64url_decode(weir_cstr(vectors[4].signature),
                                           sig, &len), WEIR_OK);

    for (i = 0, carry = 0; i < sizeof(order); i++) {
        carry += (unsigned) sig[32 + i] + order[i];
        sig[32 + i] = (uint8_t) carry;
        carry >>= 8;
    }

    assert_int_equal(carry, 0);
    assert_int_equal(verify(keys, WEIR_ALG_EDDSA, vectors[4].data, sig, len),
                     WEIR_DECLINED);
    weir_keys_free(keys);
}


static void
errors_of_others_are_left_to_them(void **state)
{
    pair_t         pair;
    unsigned long  before;

    (void) state;

    pair = make_pair("EC", "P-256", 32);
    ERR_raise(ERR_LIB_EVP, EVP_R_INVALID_KEY);
    before = ERR_peek_last_error();
    assert_int_equal(weir_key_verify(weir_keys_at(pair.keys, 0),
                                     WEIR_ALG_ES256, weir_string("a"),
                                     weir_string("b")), WEIR_DECLINED);
    assert_int_equal(ERR_peek_last_error(), before);
    ERR_clear_error();
    free_pair(&pair);
}


static void
secrets_are_compared_whole(void **state)
{
    (void) state;

    assert_true(weir_same_secret("abc", "abd", 2));
    assert_false(weir_same_secret("abc", "abd", 3));
    assert_false(weir_same_secret("xbc", "abc", 3));
    assert_true(weir_same_secret("", "", 0));
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
        cmocka_unit_test(proofs_bring_one_public_key),
        cmocka_unit_test(vectors_of_the_rfcs_verify),
        cmocka_unit_test(every_algorithm_verifies),
        cmocka_unit_test(only_one_padding_is_that_of_pkcs1),
        cmocka_unit_test(a_signature_of_pss_has_one_form),
        cmocka_unit_test(numbers_of_ecdsa_are_below_the_order),
        cmocka_unit_test(a_signature_of_eddsa_has_one_form),
        cmocka_unit_test(errors_of_others_are_left_to_them),
        cmocka_unit_test(secrets_are_compared_whole)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
