/*
 * keys_fixture.h: the keys of the RFCs as members of a JWK, and sets of them.
 */

#ifndef WEIR_TEST_UNIT_KEYS_FIXTURE_H
#define WEIR_TEST_UNIT_KEYS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/keys.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define ALL      (WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET)

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


static inline weir_keys_t *
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


#endif
