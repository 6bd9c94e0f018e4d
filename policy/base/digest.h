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
 * The same for who digests again and again: OpenSSL is asked but once.  One
 * thread at a time.
 */
typedef struct weir_digester_s  weir_digester_t;

weir_digester_t *weir_digester_create(void);    /* NULL: OpenSSL failed */
void weir_digester_free(weir_digester_t *d);
/* Of n texts, one behind the other. */
weir_rc_t weir_digester_run(weir_digester_t *d, const weir_str_t *texts,
    size_t n, uint8_t out[WEIR_SHA256_LEN]);

/*
 * A stable 128-bit id: the first half of SHA-256 over kind, NUL, name.  The
 * state of a limit, split, rule or route outlives the image under it.
 */
typedef struct {
    uint8_t  bytes[16];
} weir_id_t;

weir_rc_t weir_id_make(const char *kind, weir_str_t name, weir_id_t *id);

#endif
