/*
 * base64url.c: base64url without padding, each text in one way only.
 */

#include "run/base64url.h"

#define NO  0xff

static const char  letters[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd',
    'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's',
    't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', '-', '_'
};

/* what each character stands for */
static const uint8_t  values[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
};


weir_rc_t
weir_base64url_decode(weir_str_t text, void *out, size_t *len)
{
    size_t          n;
    uint8_t         a, b, c, d, *to;
    const uint8_t  *p;

    p = (const uint8_t *) text.data;
    to = out;

    for (n = text.len; n >= 4; n -= 4) {
        a = values[p[0]];
        b = values[p[1]];
        c = values[p[2]];
        d = values[p[3]];

        if ((a | b | c | d) == NO) {
            return WEIR_ERROR;
        }

        to[0] = (uint8_t) (a << 2 | b >> 4);
        to[1] = (uint8_t) (b << 4 | c >> 2);
        to[2] = (uint8_t) (c << 6 | d);
        to += 3;
        p += 4;
    }

    if (n == 1) {
        return WEIR_ERROR;
    }

    if (n > 1) {
        a = values[p[0]];
        b = values[p[1]];
        c = n == 3 ? values[p[2]] : 0;

        if ((a | b | c) == NO || (n == 2 ? b & 15 : c & 3) != 0) {
            return WEIR_ERROR;
        }

        *to++ = (uint8_t) (a << 2 | b >> 4);

        if (n == 3) {
            *to++ = (uint8_t) (b << 4 | c >> 2);
        }
    }

    *len = (size_t) (to - (uint8_t *) out);

    return WEIR_OK;
}


void
weir_base64url_encode(const void *data, size_t len, char *out)
{
    const uint8_t  *p;

    for (p = data; len >= 3; len -= 3) {
        out[0] = letters[p[0] >> 2];
        out[1] = letters[(p[0] & 3) << 4 | p[1] >> 4];
        out[2] = letters[(p[1] & 15) << 2 | p[2] >> 6];
        out[3] = letters[p[2] & 63];
        out += 4;
        p += 3;
    }

    if (len > 0) {
        out[0] = letters[p[0] >> 2];
        out[1] = letters[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];

        if (len > 1) {
            out[2] = letters[(p[1] & 15) << 2];
        }
    }
}
