/*
 * test_limit_key.c: the digest of a limit's key: SipHash-2-4 as its authors
 * publish it, and parts that cannot be taken for one another.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/types.h"
#include "run/limiter.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

/* vectors_sip128 of the reference: key and input are 0, 1, 2, ... */
static const struct {
    size_t   len;
    uint8_t  digest[16];
} vectors[] = {
    { 0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
           0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
    { 1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
           0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
    { 2, { 0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7,
           0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff, 0xe4 } },
    { 7, { 0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53,
           0xc0, 0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82, 0x39 } },
    { 8, { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61,
           0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 } },
    { 9, { 0x26, 0x44, 0x99, 0x06, 0x0a, 0xd9, 0xba, 0xab,
           0xc4, 0x7f, 0x8b, 0x02, 0xbb, 0x6d, 0x71, 0xed } },
    { 15, { 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
            0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9 } },
    { 16, { 0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb,
            0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77 } },
    { 63, { 0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a,
            0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c } },
};

static weir_id_t  uid;
static char       input[64];


static void
numbers(void)
{
    uint8_t  i;

    for (i = 0; i < 64; i++) {
        input[i] = (char) i;
    }

    memcpy(uid.bytes, input, sizeof(uid.bytes));
}


static void
published(void **state)
{
    size_t            i, cut;
    uint8_t           digest[16];
    weir_key_hash_t   h;
    weir_limit_key_t  key;

    (void) state;

    numbers();

    for (i = 0; i < N_OF(vectors); i++) {

        /* in one piece, and in two that meet anywhere */
        for (cut = 0; cut <= vectors[i].len; cut++) {
            weir_key_begin(&h, &uid);
            weir_siphash_bytes(&h, weir_str(input, cut));
            weir_siphash_bytes(&h, weir_str(input + cut, vectors[i].len - cut));
            weir_key_end(&h, &key);

            for (size_t n = 0; n < 16; n++) {
                digest[n] = (uint8_t) (key.w[n / 8] >> n % 8 * 8);
            }

            assert_memory_equal(digest, vectors[i].digest, 16);
        }
    }
}


typedef struct {
    unsigned     kind;
    weir_str_t   bytes;
} part_t;


static weir_limit_key_t
key_of(uint8_t id, const part_t *parts, size_t n)
{
    size_t            i;
    weir_key_hash_t   h;
    weir_limit_key_t  key;

    numbers();
    uid.bytes[15] = id;
    weir_key_begin(&h, &uid);

    for (i = 0; i < n; i++) {
        weir_key_part(&h, parts[i].kind, parts[i].bytes);
    }

    weir_key_end(&h, &key);

    return key;
}


/* What differs in any way has another key. */
static void
parts(void **state)
{
    size_t            i, k;
    weir_limit_key_t  keys[10];

    static const part_t  p[][3] = {
        { { WEIR_T_STRING, { "a", 1 } }, { WEIR_T_STRING, { "bc", 2 } } },
        { { WEIR_T_STRING, { "ab", 2 } }, { WEIR_T_STRING, { "c", 1 } } },
        { { WEIR_T_STRING, { "abc", 3 } } },
        { { WEIR_T_STRING, { "abc", 3 } }, { WEIR_T_STRING, { "", 0 } } },
        { { WEIR_T_STRING, { "", 0 } }, { WEIR_T_STRING, { "abc", 3 } } },
        { { WEIR_T_IP, { "abcd", 4 } } },
        { { WEIR_T_STRING, { "abcd", 4 } } },
        { { WEIR_T_STRING, { "abc\0", 4 } } },
    };

    (void) state;

    for (i = 0; i < N_OF(p); i++) {
        for (k = 0; k < 3 && p[i][k].bytes.data != NULL; k++) {
            continue;
        }

        keys[i] = key_of(15, p[i], k);
    }

    keys[8] = key_of(15, NULL, 0);
    keys[9] = key_of(16, p[0], 2);

    for (i = 0; i < N_OF(keys); i++) {
        for (k = 0; k < i; k++) {
            assert_memory_not_equal(&keys[i], &keys[k], sizeof(keys[0]));
        }
    }

    keys[9] = key_of(15, p[0], 2);
    assert_memory_equal(&keys[9], &keys[0], sizeof(keys[0]));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(published),
        cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
