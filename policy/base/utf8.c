/*
 * utf8.c: decoding by the ranges of RFC 3629, section 4.
 */

#include "base/utf8.h"


int32_t
weir_utf8_next(const char **p, const char *end)
{
    size_t          n, i;
    int32_t         cp;
    uint8_t         lo, hi;
    const uint8_t  *s;

    s = (const uint8_t *) *p;

    /* what the second byte may be says it all: over-long, surrogate, range */
    lo = 0x80;
    hi = 0xbf;

    if (s[0] < 0x80) {
        *p += 1;
        return s[0];

    } else if (s[0] < 0xc2) {
        return -1;

    } else if (s[0] < 0xe0) {
        n = 2;
        cp = s[0] & 0x1f;

    } else if (s[0] < 0xf0) {
        n = 3;
        cp = s[0] & 0x0f;
        lo = s[0] == 0xe0 ? 0xa0 : 0x80;
        hi = s[0] == 0xed ? 0x9f : 0xbf;

    } else if (s[0] < 0xf5) {
        n = 4;
        cp = s[0] & 0x07;
        lo = s[0] == 0xf0 ? 0x90 : 0x80;
        hi = s[0] == 0xf4 ? 0x8f : 0xbf;

    } else {
        return -1;
    }

    if (n > (size_t) (end - *p) || s[1] < lo || s[1] > hi) {
        return -1;
    }

    cp = cp << 6 | (s[1] & 0x3f);

    for (i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return -1;
        }

        cp = cp << 6 | (s[i] & 0x3f);
    }

    *p += n;

    return cp;
}


bool
weir_utf8_valid(weir_str_t s)
{
    uint64_t     w;
    const char  *p, *end;

    p = s.data;
    end = p + s.len;

    while (p < end) {

        /* eight bytes of ASCII at once */
        if (end - p >= 8) {
            memcpy(&w, p, sizeof(w));

            if ((w & 0x8080808080808080u) == 0) {
                p += 8;
                continue;
            }
        }

        if (weir_utf8_next(&p, end) < 0) {
            return false;
        }
    }

    return true;
}


size_t
weir_utf8_len(weir_str_t s)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < s.len; i++) {
        n += ((uint8_t) s.data[i] & 0xc0) != 0x80;
    }

    return n;
}


size_t
weir_utf8_put(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char) cp;
        return 1;
    }

    if (cp < 0x800) {
        out[0] = (char) (0xc0 | cp >> 6);
        out[1] = (char) (0x80 | (cp & 0x3f));
        return 2;
    }

    if (cp < 0x10000) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            return 0;
        }

        out[0] = (char) (0xe0 | cp >> 12);
        out[1] = (char) (0x80 | (cp >> 6 & 0x3f));
        out[2] = (char) (0x80 | (cp & 0x3f));
        return 3;
    }

    if (cp > 0x10ffff) {
        return 0;
    }

    out[0] = (char) (0xf0 | cp >> 18);
    out[1] = (char) (0x80 | (cp >> 12 & 0x3f));
    out[2] = (char) (0x80 | (cp >> 6 & 0x3f));
    out[3] = (char) (0x80 | (cp & 0x3f));

    return 4;
}
