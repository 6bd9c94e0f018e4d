/*
 * split.c: buckets, the arms that have them, and pins.
 */

#include "run/siphash.h"
#include "run/split.h"

#define HALF  (WEIR_PIN_ID / 2)         /* digits of a word */

/* what a salt digests: nothing of one use stands for another */
typedef enum {
    USE_BUCKET,
    USE_ID,
    USE_CODE
} use_t;


static void
digest(const weir_id_t *salt, use_t use, weir_str_t text, uint64_t w[2])
{
    weir_siphash_t  h;

    weir_siphash_begin(&h, salt);
    weir_siphash_word(&h, use, 1);
    weir_siphash_bytes(&h, text);
    weir_siphash_end(&h, w);
}


static void
put_hex(const uint64_t w[2], char out[WEIR_PIN_ID])
{
    unsigned  i;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < WEIR_PIN_ID; i++) {
        out[i] = digits[w[i / HALF] >> (60 - i % HALF * 4) & 0xf];
    }
}


static void
put_code(const weir_id_t *salt, const char *id, char out[WEIR_PIN_ID])
{
    uint64_t  w[2];

    digest(salt, USE_CODE, weir_str(id, WEIR_PIN_ID), w);
    put_hex(w, out);
}


/* All bits of the digest count: the product's upper half is the bucket. */
uint32_t
weir_split_bucket(const weir_id_t *salt, weir_str_t key)
{
    uint64_t  w[2];

    digest(salt, USE_BUCKET, key, w);

    return (uint32_t) ((unsigned __int128) w[0] * WEIR_BUCKETS >> 64);
}


uint32_t
weir_split_arm(const uint32_t *weights, uint32_t n, uint32_t bucket)
{
    uint32_t  i, first, last;

    first = 0;
    last = WEIR_BUCKETS;

    for (i = 1; i < n; i++) {

        if (i % 2 != 0) {
            first += weights[i];

            if (bucket < first) {
                return i;
            }

        } else {
            last -= weights[i];

            if (bucket >= last) {
                return i;
            }
        }
    }

    return 0;
}


void
weir_pin_make(const weir_id_t *salt, weir_str_t seed, char out[WEIR_PIN_LEN])
{
    uint64_t  w[2];

    digest(salt, USE_ID, seed, w);
    put_hex(w, out);
    out[WEIR_PIN_ID] = '.';
    put_code(salt, out, out + WEIR_PIN_ID + 1);
}


/* It takes as long whichever digit of the code is wrong. */
weir_rc_t
weir_pin_check(const weir_id_t *salt, weir_str_t pin, weir_str_t *id)
{
    char           code[WEIR_PIN_ID];
    unsigned       i;
    unsigned char  differ;

    if (pin.len != WEIR_PIN_LEN || pin.data[WEIR_PIN_ID] != '.') {
        return WEIR_DECLINED;
    }

    put_code(salt, pin.data, code);
    differ = 0;

    for (i = 0; i < WEIR_PIN_ID; i++) {
        differ |= (unsigned char) (code[i] ^ pin.data[WEIR_PIN_ID + 1 + i]);
    }

    if (differ != 0) {
        return WEIR_DECLINED;
    }

    *id = weir_str(pin.data, WEIR_PIN_ID);

    return WEIR_OK;
}
