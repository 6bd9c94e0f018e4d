/*
 * fn_net.c: addresses, prefixes and the policy's lists of them.
 *
 * An address of no length (of a unix socket) is in no list and no prefix, and
 * nothing is true of it.
 */

#include <stdio.h>

#include "run/fn.h"


static bool
in_v4(const weir_img_v4_t *r, uint32_t n, uint32_t ip)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (ip < r[mid].lo) {
            hi = mid;

        } else if (ip > r[mid].hi) {
            lo = mid + 1;

        } else {
            return true;
        }
    }

    return false;
}


static bool
in_v6(const weir_img_v6_t *r, uint32_t n, const uint8_t *ip)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (memcmp(ip, r[mid].lo, 16) < 0) {
            hi = mid;

        } else if (memcmp(ip, r[mid].hi, 16) > 0) {
            lo = mid + 1;

        } else {
            return true;
        }
    }

    return false;
}


bool
weir_cidrs_contain(const weir_image_t *img, uint32_t cidrs,
    const weir_ip_t *ip)
{
    const uint8_t           *b;
    const weir_img_cidrs_t  *c;

    b = ip->bytes;
    c = &WEIR_REC(img, CIDRS)[cidrs];

    if (ip->len == 4) {
        return in_v4(WEIR_REC(img, V4) + c->v4.first, c->v4.count,
                     (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16
                     | (uint32_t) b[2] << 8 | b[3]);
    }

    return ip->len == 16
           && in_v6(WEIR_REC(img, V6) + c->v6.first, c->v6.count, b);
}


WEIR_FN(CONTAINS_CIDRS)
{
    return weir_v_bool(weir_cidrs_contain(e->image, a[0].u.index,
                                          a[1].u.ip));
}


WEIR_FN(CONTAINS_CIDRS_S)
{
    weir_ip_t  ip;

    if (weir_ip_parse(weir_v_text(&a[1]), &ip) != WEIR_OK) {
        return weir_v_err(WEIR_E_CONVERSION);
    }

    return weir_v_bool(weir_cidrs_contain(e->image, a[0].u.index, &ip));
}


static weir_value_t
kept(weir_eval_t *e, unsigned kind, uint32_t bits, const weir_ip_t *ip)
{
    weir_ip_t  *p;

    p = weir_scratch(e, sizeof(weir_ip_t));
    if (p == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    *p = *ip;

    return (weir_value_t) { .kind = (uint8_t) kind, .len = bits, .u.ip = p };
}


WEIR_FN(IP_STRING)
{
    weir_ip_t  ip;

    return weir_ip_parse_exact(weir_v_text(&a[0]), &ip) == WEIR_OK
               ? kept(e, WEIR_T_IP, 0, &ip) : weir_v_err(WEIR_E_CONVERSION);
}


WEIR_FN(CIDR_STRING)
{
    weir_cidr_t  cidr;

    return weir_cidr_parse_exact(weir_v_text(&a[0]), &cidr) == WEIR_OK
               ? kept(e, WEIR_T_CIDR, cidr.bits, &cidr.ip)
               : weir_v_err(WEIR_E_CONVERSION);
}


static weir_value_t
print(weir_eval_t *e, const weir_value_t *v)
{
    char    text[WEIR_IP_STRLEN + 8], *p;
    size_t  n;

    n = v->u.ip->len ? weir_ip_print(v->u.ip, text) : 0;

    if (v->kind == WEIR_T_CIDR) {
        n += (size_t) snprintf(text + n, 8, "/%u", v->len & 0xff);
    }

    p = weir_scratch(e, n);
    if (p == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    memcpy(p, text, n);

    return weir_v_str(weir_str(p, n));
}


WEIR_FN(STRING_IP)
{
    return print(e, &a[0]);
}


WEIR_FN(STRING_CIDR)
{
    return print(e, &a[0]);
}


static weir_cidr_t
prefix(const weir_value_t *v)
{
    return (weir_cidr_t) { .ip = *v->u.ip, .bits = (uint8_t) v->len };
}


static bool
contains(const weir_value_t *cidr, const weir_ip_t *ip)
{
    weir_cidr_t  c;

    c = prefix(cidr);

    return weir_cidr_contains(&c, ip);
}


WEIR_FN(CONTAINS_IP_IP)
{
    WEIR_UNUSED(e);
    return weir_v_bool(contains(&a[0], a[1].u.ip));
}


WEIR_FN(CONTAINS_IP_S)
{
    weir_ip_t  ip;

    WEIR_UNUSED(e);

    return weir_ip_parse_exact(weir_v_text(&a[1]), &ip) == WEIR_OK
               ? weir_v_bool(contains(&a[0], &ip))
               : weir_v_err(WEIR_E_CONVERSION);
}


static bool
contains_cidr(const weir_value_t *cidr, const weir_cidr_t *c)
{
    return (cidr->len & 0xff) <= c->bits && contains(cidr, &c->ip);
}


WEIR_FN(CONTAINS_CIDR_CIDR)
{
    weir_cidr_t  c;

    WEIR_UNUSED(e);
    c = prefix(&a[1]);

    return weir_v_bool(contains_cidr(&a[0], &c));
}


WEIR_FN(CONTAINS_CIDR_S)
{
    weir_cidr_t  c;

    WEIR_UNUSED(e);

    return weir_cidr_parse_exact(weir_v_text(&a[1]), &c) == WEIR_OK
               ? weir_v_bool(contains_cidr(&a[0], &c))
               : weir_v_err(WEIR_E_CONVERSION);
}


WEIR_FN(M_IP_CIDR)
{
    WEIR_UNUSED(e);
    return (weir_value_t) { .kind = WEIR_T_IP, .u.ip = a[0].u.ip };
}


WEIR_FN(PREFIX_LENGTH_CIDR)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].len & 0xff);
}


WEIR_FN(MASKED_CIDR)
{
    weir_ip_t  ip;

    ip = *a[0].u.ip;
    weir_ip_mask(&ip, a[0].len & 0xff);

    return kept(e, WEIR_T_CIDR, a[0].len & 0xff, &ip);
}


WEIR_FN(IS_IP_S)
{
    weir_ip_t  ip;

    WEIR_UNUSED(e);
    return weir_v_bool(weir_ip_parse_exact(weir_v_text(&a[0]), &ip)
                       == WEIR_OK);
}


WEIR_FN(IS_CIDR_S)
{
    weir_cidr_t  cidr;

    WEIR_UNUSED(e);
    return weir_v_bool(weir_cidr_parse_exact(weir_v_text(&a[0]), &cidr)
                       == WEIR_OK);
}


WEIR_FN(IS_CANONICAL_S)
{
    char       text[WEIR_IP_STRLEN];
    size_t     n;
    weir_ip_t  ip;

    WEIR_UNUSED(e);

    if (weir_ip_parse_exact(weir_v_text(&a[0]), &ip) != WEIR_OK) {
        return weir_v_err(WEIR_E_CONVERSION);
    }

    n = weir_ip_print(&ip, text);

    return weir_v_bool(weir_str_eq(weir_v_text(&a[0]), weir_str(text, n)));
}


/* 4 or 6; 0 of no address. */
WEIR_FN(FAMILY_IP)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].u.ip->len == 16 ? 6 : a[0].u.ip->len);
}


static bool
is_unspecified(const weir_ip_t *ip)
{
    static const uint8_t  zero[16];

    return ip->len > 0 && memcmp(ip->bytes, zero, ip->len) == 0;
}


/* 127.0.0.0/8, ::1 */
static bool
is_loopback(const weir_ip_t *ip)
{
    static const uint8_t  one[16] = { [15] = 1 };

    return ip->len == 4 ? ip->bytes[0] == 127
                        : ip->len == 16 && memcmp(ip->bytes, one, 16) == 0;
}


/* 224.0.0.0/4, ff00::/8 */
static bool
is_multicast(const weir_ip_t *ip)
{
    return ip->len == 4 ? ip->bytes[0] >> 4 == 14
                        : ip->len == 16 && ip->bytes[0] == 0xff;
}


/* 224.0.0.0/24; ff02::/16, whatever the flags */
static bool
is_link_multicast(const weir_ip_t *ip)
{
    if (ip->len == 4) {
        return ip->bytes[0] == 224 && ip->bytes[1] == 0 && ip->bytes[2] == 0;
    }

    return is_multicast(ip) && (ip->bytes[1] & 0x0f) == 2;
}


/* 169.254.0.0/16, fe80::/10 */
static bool
is_link_unicast(const weir_ip_t *ip)
{
    if (ip->len == 4) {
        return ip->bytes[0] == 169 && ip->bytes[1] == 254;
    }

    return ip->len == 16 && ip->bytes[0] == 0xfe
           && (ip->bytes[1] & 0xc0) == 0x80;
}


/* All others but the address of all; those of private networks too. */
static bool
is_global_unicast(const weir_ip_t *ip)
{
    static const uint8_t  all[4] = { 255, 255, 255, 255 };

    return ip->len > 0 && !is_unspecified(ip) && !is_loopback(ip)
           && !is_multicast(ip) && !is_link_unicast(ip)
           && (ip->len != 4 || memcmp(ip->bytes, all, 4) != 0);
}


#define IS(id, is)                                                            \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_bool(is(a[0].u.ip));                                    \
    }

IS(IS_UNSPECIFIED_IP, is_unspecified)
IS(IS_LOOPBACK_IP, is_loopback)
IS(IS_LINK_MULTICAST_IP, is_link_multicast)
IS(IS_LINK_UNICAST_IP, is_link_unicast)
IS(IS_GLOBAL_UNICAST_IP, is_global_unicast)
