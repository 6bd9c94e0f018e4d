/*
 * digest.h: SHA-256, the digest of images and of stable ids (OpenSSL).
 */

#ifndef WEIR_BASE_DIGEST_H
#define WEIR_BASE_DIGEST_H

#include "base/rc.h"
#include "base/str.h"

#define WEIR_SHA256_LEN  32

/* WEIR_ERROR only when OpenSSL fails: then nothing may be trusted. */
weir_rc_t weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN]);

/*
 * A stable 128-bit id: the first half of SHA-256 over kind, NUL, name.  The
 * state of a limit, split, rule or route outlives the image under it.
 */
typedef struct {
    uint8_t  bytes[16];
} weir_id_t;

weir_rc_t weir_id_make(const char *kind, weir_str_t name, weir_id_t *id);

#endif
