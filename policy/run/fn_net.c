/*
 * fn_net.c: addresses, prefixes and the policy's lists of them.
 *
 * An address of no length (of a unix socket) is in no list and no prefix.
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

    return weir_ip_parse(weir_v_text(&a[0]), &ip) == WEIR_OK
               ? kept(e, WEIR_T_IP, 0, &ip) : weir_v_err(WEIR_E_CONVERSION);
}


WEIR_FN(CIDR_STRING)
{
    weir_cidr_t  cidr;

    return weir_cidr_parse(weir_v_text(&a[0]), &cidr) == WEIR_OK
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


static bool
contains(const weir_value_t *cidr, const weir_ip_t *ip)
{
    weir_cidr_t  c;

    c.ip = *cidr->u.ip;
    c.bits = (uint8_t) cidr->len;

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

    return weir_ip_parse(weir_v_text(&a[1]), &ip) == WEIR_OK
               ? weir_v_bool(contains(&a[0], &ip))
               : weir_v_err(WEIR_E_CONVERSION);
}
