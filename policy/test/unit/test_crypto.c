/*
 * test_crypto.c: vectors of RFC 8032, section 7.1, and keys in PEM.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/crypto.h"

static const struct {
    const char  *secret;
    const char  *public;
    const char  *text;
    const char  *signature;
} vectors[] = {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" }
};


static size_t
unhex(const char *hex, uint8_t *out)
{
    size_t    n;
    unsigned  byte;

    for (n = 0; hex[2 * n] != '\0'; n++) {
        assert_int_equal(sscanf(hex + 2 * n, "%2x", &byte), 1);
        out[n] = (uint8_t) byte;
    }

    return n;
}


static void
signatures_are_those_of_the_rfc(void **state)
{
    size_t             i, n;
    uint8_t            text[8], want[64], got[64];
    weir_str_t         s;
    weir_secret_key_t  secret;
    weir_public_key_t  public, derived;

    (void) state;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        unhex(vectors[i].secret, secret.bytes);
        unhex(vectors[i].public, public.bytes);
        unhex(vectors[i].signature, want);
        n = unhex(vectors[i].text, text);
        s = weir_str((const char *) text, n);

        assert_int_equal(weir_key_public(&secret, &derived), WEIR_OK);
        assert_memory_equal(derived.bytes, public.bytes, 32);

        assert_int_equal(weir_signature_make(&secret, s, got), WEIR_OK);
        assert_memory_equal(got, want, 64);

        assert_int_equal(weir_signature_verify(&public, s, got), WEIR_OK);

        got[40] ^= 1;
        assert_int_equal(weir_signature_verify(&public, s, got),
                         WEIR_DECLINED);
        got[40] ^= 1;
        text[n] = 7;
        s.len++;
        assert_int_equal(weir_signature_verify(&public, s, got),
                         WEIR_DECLINED);
    }
}


/* s + L in the place of s: RFC 8032 refuses a second form of a signature. */
static void
a_signature_has_one_form(void **state)
{
    unsigned           i, sum;
    uint8_t            signature[64];
    weir_public_key_t  public;

    static const uint8_t  order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10
    };

    (void) state;

    unhex(vectors[0].public, public.bytes);
    unhex(vectors[0].signature, signature);
    sum = 0;

    for (i = 0; i < 32; i++) {
        sum += (unsigned) signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t) sum;
        sum >>= 8;
    }

    assert_int_equal(weir_signature_verify(&public, weir_string(""),
                                           signature), WEIR_DECLINED);
}


static void
keys_pass_through_pem(void **state)
{
    char               text[WEIR_KEY_PEM_LEN];
    size_t             len;
    uint8_t            id[8], id2[8];
    weir_secret_key_t  secret, secret2;
    weir_public_key_t  public, public2;

    (void) state;

    assert_int_equal(weir_key_generate(&secret), WEIR_OK);
    assert_int_equal(weir_key_generate(&secret2), WEIR_OK);
    assert_memory_not_equal(secret.bytes, secret2.bytes, 32);
    assert_int_equal(weir_key_public(&secret, &public), WEIR_OK);

    assert_int_equal(weir_secret_key_print(&secret, text, &len), WEIR_OK);
    assert_int_equal(weir_secret_key_load(weir_str(text, len), &secret2),
                     WEIR_OK);
    assert_memory_equal(secret.bytes, secret2.bytes, 32);
    assert_int_equal(weir_public_key_load(weir_str(text, len), &public2),
                     WEIR_ERROR);

    assert_int_equal(weir_public_key_print(&public, text, &len), WEIR_OK);
    assert_int_equal(weir_public_key_load(weir_str(text, len), &public2),
                     WEIR_OK);
    assert_memory_equal(public.bytes, public2.bytes, 32);
    assert_int_equal(weir_secret_key_load(weir_str(text, len), &secret2),
                     WEIR_ERROR);

    assert_int_equal(weir_key_id(&public, id), WEIR_OK);
    assert_int_equal(weir_key_id(&public2, id2), WEIR_OK);
    assert_memory_equal(id, id2, 8);

    assert_int_equal(weir_public_key_load(weir_string("no key"), &public),
                     WEIR_ERROR);
    assert_int_equal(weir_secret_key_load(weir_str("", 0), &secret),
                     WEIR_ERROR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_rfc),
        cmocka_unit_test(a_signature_has_one_form),
        cmocka_unit_test(keys_pass_through_pem)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
