/*
 * ip.c: text of addresses, both ways.
 */

#include "base/ip.h"

static const uint8_t  mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};


/* A decimal number without leading zeros at *p; -1 when there is none. */
static int
decimal(const char **p, const char *end, int max)
{
    int          n;
    const char  *s;

    n = 0;

    for (s = *p; s < end && *s >= '0' && *s <= '9'; s++) {

        if (s > *p && n == 0) {
            return -1;
        }

        n = n * 10 + (*s - '0');

        if (n > max) {
            return -1;
        }
    }

    if (s == *p) {
        return -1;
    }

    *p = s;

    return n;
}


/* A group of one to four hexadecimal digits at *p. */
static int
group(const char **p, const char *end)
{
    int          n;
    char         c;
    const char  *s;

    n = 0;

    for (s = *p; s < end; s++) {
        c = *s;

        if (c >= '0' && c <= '9') {
            n = n << 4 | (c - '0');

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            n = n << 4 | ((c | 0x20) - 'a' + 10);

        } else {
            break;
        }

        if (s - *p == 4) {
            return -1;
        }
    }

    if (s == *p) {
        return -1;
    }

    *p = s;

    return n;
}


static bool
parse_v4(const char *p, const char *end, uint8_t out[4])
{
    int  i, n;

    for (i = 0; i < 4; i++) {

        if (i > 0 && (p == end || *p++ != '.')) {
            return false;
        }

        n = decimal(&p, end, 255);
        if (n < 0) {
            return false;
        }

        out[i] = (uint8_t) n;
    }

    return p == end;
}


/* Places the groups behind "::" at the end; "::" stands for one at least. */
static bool
expand(uint8_t out[16], size_t len, size_t gap)
{
    size_t  tail;

    if (len > 14) {
        return false;
    }

    tail = len - gap;
    memmove(out + 16 - tail, out + gap, tail);
    memset(out + gap, 0, 16 - len);

    return true;
}


static bool
parse_v6(const char *p, const char *end, uint8_t out[16])
{
    int          n;
    bool         has_gap;
    size_t       len, gap;
    const char  *start;

    len = 0;
    gap = 0;
    has_gap = false;

    if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
        has_gap = true;
        p += 2;
    }

    while (p < end) {

        start = p;
        n = group(&p, end);

        if (n < 0 || len == 16) {
            return false;
        }

        if (p < end && *p == '.') {
            if (len > 12 || !parse_v4(start, end, out + len)) {
                return false;
            }

            len += 4;
            break;
        }

        out[len++] = (uint8_t) (n >> 8);
        out[len++] = (uint8_t) n;

        if (p == end) {
            break;
        }

        if (*p++ != ':' || p == end) {
            return false;
        }

        if (*p == ':') {
            if (has_gap) {
                return false;
            }

            has_gap = true;
            gap = len;
            p++;
        }
    }

    return has_gap ? expand(out, len, gap) : len == 16;
}


/* As written: a mapped address stays one of 16 bytes. */
static bool
parse(weir_str_t s, weir_ip_t *ip)
{
    memset(ip, 0, sizeof(weir_ip_t));

    if (s.len == 0) {
        return false;
    }

    if (memchr(s.data, ':', s.len) == NULL) {
        ip->len = 4;
        return parse_v4(s.data, s.data + s.len, ip->bytes);
    }

    ip->len = 16;

    return parse_v6(s.data, s.data + s.len, ip->bytes);
}


static bool
is_mapped(const weir_ip_t *ip)
{
    return ip->len == 16 && memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
}


static void
unmap(weir_ip_t *ip)
{
    if (is_mapped(ip)) {
        memmove(ip->bytes, ip->bytes + 12, 4);
        memset(ip->bytes + 4, 0, 12);
        ip->len = 4;
    }
}


static bool
host_bits(const weir_ip_t *ip, unsigned bits)
{
    unsigned  i;

    for (i = bits; i < ip->len * 8u; i++) {
        if (ip->bytes[i / 8] & 0x80 >> i % 8) {
            return true;
        }
    }

    return false;
}


/* An address, and its length or all of it; bare: without one. */
static bool
parse_prefix(weir_str_t s, weir_cidr_t *cidr, bool *bare)
{
    int          bits;
    const char  *slash, *end;

    /* empty text may be NULL */
    end = s.len ? s.data + s.len : s.data;
    slash = s.len ? memchr(s.data, '/', s.len) : NULL;

    if (slash != NULL) {
        s.len = (size_t) (slash - s.data);
    }

    if (!parse(s, &cidr->ip)) {
        return false;
    }

    bits = cidr->ip.len * 8;

    if (slash != NULL) {
        slash++;
        bits = decimal(&slash, end, bits);

        if (bits < 0 || slash != end) {
            return false;
        }
    }

    cidr->bits = (uint8_t) bits;

    if (bare != NULL) {
        *bare = slash == NULL;
    }

    return true;
}


static size_t
print_number(char *out, unsigned n, unsigned base)
{
    char    buf[8];
    size_t  i, len;

    len = 0;

    do {
        buf[len++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n != 0);

    for (i = 0; i < len; i++) {
        out[i] = buf[len - 1 - i];
    }

    return len;
}


static size_t
print_v4(const uint8_t *b, char *out)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < 4; i++) {

        if (i > 0) {
            out[n++] = '.';
        }

        n += print_number(out + n, b[i], 10);
    }

    return n;
}


/* RFC 5952, section 4: the first longest run of two zero groups or more. */
static size_t
print_v6(const uint8_t *b, char *out)
{
    size_t    i, n, run, best, len;
    unsigned  g[8];

    best = 0;
    len = 1;

    for (i = 0; i < 8; i++) {
        g[i] = (unsigned) b[2 * i] << 8 | b[2 * i + 1];
    }

    for (i = 0; i < 8; i++) {

        for (run = 0; i + run < 8 && g[i + run] == 0; run++) { /* void */ }

        if (run > len) {
            best = i;
            len = run;
        }
    }

    n = 0;

    for (i = 0; i < 8; i++) {

        if (len > 1 && i == best) {
            out[n++] = ':';
            out[n++] = ':';
            i += len - 1;
            continue;
        }

        if (i > 0 && !(len > 1 && i == best + len)) {
            out[n++] = ':';
        }

        n += print_number(out + n, g[i], 16);
    }

    return n;
}


weir_rc_t
weir_ip_parse(weir_str_t s, weir_ip_t *ip)
{
    weir_ip_t  r;

    if (!parse(s, &r)) {
        return WEIR_ERROR;
    }

    unmap(&r);
    *ip = r;

    return WEIR_OK;
}


weir_rc_t
weir_ip_parse_exact(weir_str_t s, weir_ip_t *ip)
{
    weir_ip_t  r;

    if (!parse(s, &r) || is_mapped(&r)) {
        return WEIR_ERROR;
    }

    *ip = r;

    return WEIR_OK;
}


weir_rc_t
weir_cidr_parse(weir_str_t s, weir_cidr_t *cidr)
{
    weir_cidr_t  r;

    if (!parse_prefix(s, &r, NULL) || host_bits(&r.ip, r.bits)) {
        return WEIR_ERROR;
    }

    /* a mapped prefix has its bits past the 96, else host bits are set */
    if (r.ip.len == 16) {
        unmap(&r.ip);
        r.bits = (uint8_t) (r.ip.len == 4 ? r.bits - 96 : r.bits);
    }

    *cidr = r;

    return WEIR_OK;
}


weir_rc_t
weir_cidr_parse_exact(weir_str_t s, weir_cidr_t *cidr)
{
    bool         bare;
    weir_cidr_t  r;

    if (!parse_prefix(s, &r, &bare) || bare || is_mapped(&r.ip)) {
        return WEIR_ERROR;
    }

    *cidr = r;

    return WEIR_OK;
}


size_t
weir_ip_print(const weir_ip_t *ip, char out[WEIR_IP_STRLEN])
{
    size_t  n;

    if (ip->len == 4) {
        n = print_v4(ip->bytes, out);

    } else if (is_mapped(ip)) {
        memcpy(out, "::ffff:", 7);
        n = 7 + print_v4(ip->bytes + 12, out + 7);

    } else if (ip->len == 16) {
        n = print_v6(ip->bytes, out);

    } else {
        n = 0;
    }

    out[n] = '\0';

    return n;
}


bool
weir_cidr_contains(const weir_cidr_t *cidr, const weir_ip_t *ip)
{
    size_t   bytes;
    uint8_t  mask;

    if (ip->len != cidr->ip.len || ip->len == 0) {
        return false;
    }

    bytes = cidr->bits / 8;

    if (memcmp(ip->bytes, cidr->ip.bytes, bytes) != 0) {
        return false;
    }

    if (cidr->bits % 8 == 0) {
        return true;
    }

    mask = (uint8_t) (0xff00 >> cidr->bits % 8);

    return ((ip->bytes[bytes] ^ cidr->ip.bytes[bytes]) & mask) == 0;
}


void
weir_ip_mask(weir_ip_t *ip, unsigned bits)
{
    unsigned  i;

    for (i = bits; i < ip->len * 8u; i++) {
        ip->bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
    }
}
