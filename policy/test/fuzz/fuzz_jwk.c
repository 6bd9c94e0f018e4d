/*
 * fuzz_jwk.c: any bytes as a set of keys, behind one that chooses what the
 * issuer allows; and as base64url.
 *
 * What is refused says why in plain ASCII; what is taken has only keys for
 * what is allowed, that are found again and that no noise is signed with.
 */

#include <openssl/err.h>
#include "fuzz.h"
#include "run/base64url.h"
#include "run/keys.h"

#define MAX_LEN  4096


static void
check_sentence(void *data, const char *text)
{
    (void) data;

    if (*text == '\0') {
        abort();
    }

    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            abort();
        }
    }
}


static void
check_key(const weir_keys_t *keys, const weir_vkey_t *key, uint32_t algs,
    weir_str_t noise)
{
    size_t      i;
    unsigned    alg;
    weir_str_t  signature;

    static const size_t  sizes[] = { 0, 32, 48, 64, 96, 114, 132, 256, 512 };

    if (weir_key_algs(key) == 0 || (weir_key_algs(key) & ~algs) != 0
        || weir_keys_find(keys, weir_key_thumbprint(key)) == NULL)
    {
        abort();
    }

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            if (sizes[i] > noise.len) {
                break;
            }

            signature = weir_str(noise.data, sizes[i]);

            if (weir_key_verify(key, alg, noise, signature)
                != WEIR_DECLINED)
            {
                abort();
            }
        }
    }
}


static void
check_set(weir_str_t text, uint32_t algs, bool public)
{
    size_t              i;
    weir_rc_t           rc;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    keys = NULL;
    why.text[0] = '\0';
    rc = public ? weir_keys_read_public(text, algs, &keys, &why)
                : weir_keys_read(text, algs, &keys, &why, check_sentence,
                                 NULL);

    if (ERR_peek_error() != 0 || (rc == WEIR_OK) != (keys != NULL)
        || (rc == WEIR_OK) != (why.text[0] == '\0'))
    {
        abort();
    }

    if (rc != WEIR_OK) {
        check_sentence(NULL, why.text);
        return;
    }

    if (weir_keys_count(keys) == 0
        || (public && weir_keys_count(keys) != 1))
    {
        abort();
    }

    for (i = 0; i < weir_keys_count(keys); i++) {
        check_key(keys, weir_keys_at(keys, i), algs, text);
    }

    weir_keys_free(keys);
}


/* A text that decodes is the one that its bytes are written as. */
static void
check_base64url(weir_str_t text)
{
    char      again[MAX_LEN + 4];
    size_t    len;
    uint8_t   bytes[weir_base64url_room(MAX_LEN)];

    if (text.len <= MAX_LEN
        && weir_base64url_decode(text, bytes, &len) == WEIR_OK)
    {
        weir_base64url_encode(bytes, len, again);

        if (weir_base64url_len(len) != text.len
            || memcmp(again, text.data, text.len) != 0)
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_str_t  text;

    static const uint32_t  allowed[] = {
        WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET, WEIR_ALGS_PUBLIC,
        WEIR_ALGS_SECRET, WEIR_ALG_BIT(ES256) | WEIR_ALG_BIT(HS512)
    };

    if (size == 0) {
        return 0;
    }

    text = weir_str((const char *) data + 1, size - 1);
    check_set(text, allowed[data[0] % 4], false);

    if (data[0] % 8 >= 4) {
        check_set(text, allowed[data[0] % 4] & WEIR_ALGS_PUBLIC, true);
    }

    check_base64url(text);

    return 0;
}
