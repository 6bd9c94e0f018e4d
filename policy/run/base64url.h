/*
 * base64url.h: base64url without padding (RFC 7515, appendix C), strict: no
 * other character, no blank, no '=', and the bits that are left over are zero.
 */

#ifndef WEIR_RUN_BASE64URL_H
#define WEIR_RUN_BASE64URL_H

#include "base/rc.h"
#include "base/str.h"

/* bytes that n characters may decode to; characters that n bytes make */
#define weir_base64url_room(n)  ((n) / 4 * 3 + 3)
#define weir_base64url_len(n)   (((n) * 4 + 2) / 3)

weir_rc_t weir_base64url_decode(weir_str_t text, void *out, size_t *len);
/* Exactly weir_base64url_len(len) characters. */
void weir_base64url_encode(const void *data, size_t len, char *out);

#endif
