/*
 * ip.h: addresses and prefixes, parsed strictly (RFC 5952, RFC 4632).
 *
 * An IPv4-mapped IPv6 address is the IPv4 address.  No zones, no leading
 * zeros in IPv4, no host bits set in a prefix, where nothing else is said.
 */

#ifndef WEIR_BASE_IP_H
#define WEIR_BASE_IP_H

#include "base/rc.h"
#include "base/str.h"

typedef struct {
    uint8_t  len;               /* 4 or 16; 0 = none (a unix socket) */
    uint8_t  bytes[16];
} weir_ip_t;

typedef struct {
    weir_ip_t  ip;
    uint8_t    bits;
} weir_cidr_t;

#define WEIR_IP_STRLEN  46      /* longest text form, with room for a NUL */

weir_rc_t weir_ip_parse(weir_str_t s, weir_ip_t *ip);
/* A bare address is a prefix of full length. */
weir_rc_t weir_cidr_parse(weir_str_t s, weir_cidr_t *cidr);
/*
 * As ip() and cidr() of CEL take them: no IPv4-mapped address; a prefix has
 * its length written, and may have host bits set.
 */
weir_rc_t weir_ip_parse_exact(weir_str_t s, weir_ip_t *ip);
weir_rc_t weir_cidr_parse_exact(weir_str_t s, weir_cidr_t *cidr);
/* The canonical text; returns its length. */
size_t weir_ip_print(const weir_ip_t *ip, char out[WEIR_IP_STRLEN]);
bool weir_cidr_contains(const weir_cidr_t *cidr, const weir_ip_t *ip);
/* Clears the bits of *ip from the one on. */
void weir_ip_mask(weir_ip_t *ip, unsigned bits);

#endif
