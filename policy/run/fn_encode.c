/*
 * fn_encode.c: the extension library encoders: base64 of RFC 4648, section 4.
 *
 * Padding may be left out; the alphabet is strict, and bits that say nothing
 * are zero, so that one value has one text with padding and one without.
 */

#include "run/fn.h"

static const char  letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


/* What a letter stands for; -1: none. */
static int
value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}


WEIR_FN(BASE64_ENCODE_BYTES)
{
    char           *p;
    size_t          i, n, len;
    uint32_t        group;
    const uint8_t  *s;

    s = (const uint8_t *) a[0].u.s;
    n = a[0].len;
    len = (n + 2) / 3 * 4;
    p = weir_scratch(e, len);

    if (p == NULL || !weir_work(e, len)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    for (i = 0; i < n; i += 3, p += 4) {
        group = (uint32_t) s[i] << 16
                | (i + 1 < n ? (uint32_t) s[i + 1] << 8 : 0)
                | (i + 2 < n ? s[i + 2] : 0);

        p[0] = letters[group >> 18];
        p[1] = letters[group >> 12 & 63];
        p[2] = i + 1 < n ? letters[group >> 6 & 63] : '=';
        p[3] = i + 2 < n ? letters[group & 63] : '=';
    }

    return weir_v_str(weir_str(p - len, len));
}


/* The length without padding; false: the padding is wrong. */
static bool
without_padding(weir_str_t s, size_t *len)
{
    size_t  n;

    n = s.len;

    while (n > 0 && s.len - n < 2 && s.data[n - 1] == '=') {
        n--;
    }

    *len = n;

    return n % 4 != 1 && (n == s.len || s.len % 4 == 0);
}


WEIR_FN(BASE64_DECODE_S)
{
    int           v;
    char         *p;
    size_t        i, n, len;
    uint32_t      bits;
    weir_str_t    s;

    s = weir_v_text(&a[0]);

    if (!without_padding(s, &n)) {
        return weir_v_err(WEIR_E_CONVERSION);
    }

    p = weir_scratch(e, n / 4 * 3 + 2);

    if (p == NULL || !weir_work(e, s.len)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    bits = 0;
    len = 0;

    for (i = 0; i < n; i++) {
        v = value_of(s.data[i]);

        if (v < 0) {
            return weir_v_err(WEIR_E_CONVERSION);
        }

        bits = bits << 6 | (uint32_t) v;

        if (i % 4 != 0) {
            p[len++] = (char) (bits >> (6 - i % 4 * 2));
        }
    }

    /* what is left of the last letter */
    if ((n % 4 == 2 && (bits & 15)) || (n % 4 == 3 && (bits & 3))) {
        return weir_v_err(WEIR_E_CONVERSION);
    }

    return (weir_value_t) { .kind = WEIR_T_BYTES, .len = (uint32_t) len,
                            .u.s = p };
}
