/*
 * test_hash.c: hashes stand in images, so their values never change.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/digest.h"
#include "base/hash.h"

static const char  text[] =
    "The quick brown fox jumps over the lazy dog, twice and a third time";


static void
values_are_those_of_the_first_release(void **state)
{
    size_t                i;
    static const struct {
        size_t    len;
        uint64_t  seed0;
        uint64_t  seed1;
    }  t[] = {
        { 0, 0x4fc388a2c4fe4945, 0x2f3a50b07b060688 },
        { 1, 0xdb62f9d1000a1588, 0x59d2f7069638cdbb },
        { 2, 0xea44b32055c082d9, 0xb1ab684c6ea96ef7 },
        { 3, 0x437c27585e86b7fe, 0xebb53678b6d00a23 },
        { 4, 0xd0b81f3862ff8b4b, 0x39762cf74b811f95 },
        { 7, 0x0b09951c58643dd3, 0x5449a8372ef932da },
        { 8, 0xc542ac86278e6a02, 0x16167bc57f122b34 },
        { 9, 0xf33a6f5c464a1076, 0x1f2d5093ee3347c6 },
        { 15, 0x7bdb282e9bea6715, 0x4811c08bcbeeeff0 },
        { 16, 0x03115d1ccd6d70fe, 0xbd6793c210f20466 },
        { 17, 0x828dca3123aba803, 0x5b2b528ec9570177 },
        { 31, 0x997f0b33b2c7d8da, 0x816e6240a673671b },
        { 32, 0xce2c3fe530f7f21a, 0x9e831463fcf9ca5c },
        { 33, 0x7c0008d88c2a11a0, 0xc7aca82b57b6737f },
        { 48, 0xd1b2f3af38ac1f8b, 0x45c0c5b5a8c015a5 },
        { 64, 0x83d3f6e3d8eef2ab, 0xddb89bf0cfc84900 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_true(weir_hash(weir_str(text, t[i].len), 0) == t[i].seed0);
        assert_true(weir_hash(weir_str(text, t[i].len), 1) == t[i].seed1);
    }

    assert_true(weir_hash(weir_str(NULL, 0), 0) == t[0].seed0);
    assert_true(weir_mix(0) == 0);
    assert_true(weir_mix(1) == 0xb9436db2d4a4bd98);
    assert_true(weir_mix(UINT64_MAX) == 0x408fa77bf2020633);
}


/* Every bit of every byte counts, at every length, whatever the address. */
static void
every_bit_counts(void **state)
{
    char      buf[80], *p;
    size_t    len, bit, shift;
    uint64_t  h;

    (void) state;

    for (len = 1; len <= 64; len++) {
        shift = len % 8;
        p = buf + shift;
        memcpy(p, text, len);
        h = weir_hash(weir_str(text, len), 0);
        assert_true(weir_hash(weir_str(p, len), 0) == h);
        assert_true(weir_hash(weir_str(p, len), 2) != h);

        for (bit = 0; bit < len * 8; bit++) {
            p[bit / 8] = (char) (p[bit / 8] ^ 1 << bit % 8);
            assert_true(weir_hash(weir_str(p, len), 0) != h);
            p[bit / 8] = (char) (p[bit / 8] ^ 1 << bit % 8);
        }
    }

    /* zeros of two lengths differ */
    memset(buf, 0, sizeof(buf));

    for (len = 1; len <= 64; len++) {
        assert_true(weir_hash(weir_str(buf, len), 0)
                    != weir_hash(weir_str(buf, len - 1), 0));
    }
}


static void
assert_hex(const uint8_t *bytes, size_t n, const char *want)
{
    char    got[65];
    size_t  i;

    for (i = 0; i < n; i++) {
        snprintf(got + 2 * i, 3, "%02x", bytes[i]);
    }

    assert_string_equal(got, want);
}


/* FIPS 180-2, appendix B, and the empty message */
static void
sha256_vectors(void **state)
{
    uint8_t  d[WEIR_SHA256_LEN];

    (void) state;

    assert_int_equal(weir_sha256(weir_string("abc"), d), WEIR_OK);
    assert_hex(d, sizeof(d), "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(weir_sha256(weir_str(NULL, 0), d), WEIR_OK);
    assert_hex(d, sizeof(d), "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
}


static void
ids_are_of_kind_and_name(void **state)
{
    uint8_t    d[WEIR_SHA256_LEN];
    weir_id_t  x, y;

    (void) state;

    assert_int_equal(weir_id_make("rule", weir_string("a"), &x), WEIR_OK);
    assert_int_equal(weir_sha256(weir_string("rule\0a"), d), WEIR_OK);
    assert_memory_equal(x.bytes, d, sizeof(x.bytes));

    assert_int_equal(weir_id_make("route", weir_string("a"), &y), WEIR_OK);
    assert_memory_not_equal(&x, &y, sizeof(x));
    assert_int_equal(weir_id_make("rule", weir_str("", 0), &y), WEIR_OK);
    assert_memory_not_equal(&x, &y, sizeof(x));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(values_are_those_of_the_first_release),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(ids_are_of_kind_and_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
