/*
 * memory.h: tables in shared memory, of tokens that were verified and of ids
 * that may come once.
 *
 * Lock-free and bounded: several processes use a table at once, any of them
 * may die at any instruction, and nothing waits for it.  A reader gets a
 * whole entry or none.  Entries that have expired, then old ones, give way.
 * Processes agree on the size and place of nothing but the table itself.
 */

#ifndef WEIR_RUN_MEMORY_H
#define WEIR_RUN_MEMORY_H

#include "base/digest.h"
#include "base/rc.h"

typedef struct weir_tokens_s  weir_tokens_t;    /* lies in shared memory */
typedef struct weir_seen_s    weir_seen_t;

/* Lays a table out in size bytes, 64-byte aligned; NULL: too few. */
weir_tokens_t *weir_tokens_init(void *mem, size_t size);
/* The length of the longest packed token it keeps. */
size_t weir_tokens_longest(const weir_tokens_t *t);

/*
 * WEIR_DECLINED: not there, expired, torn, or longer than room; out may have
 * been written to.
 */
weir_rc_t weir_tokens_get(weir_tokens_t *t,
    const uint8_t key[WEIR_SHA256_LEN], int64_t now, void *out, size_t room,
    size_t *len);
/* Forgets something else for it, or does nothing.  Times are seconds. */
void weir_tokens_put(weir_tokens_t *t, const uint8_t key[WEIR_SHA256_LEN],
    const void *data, size_t len, int64_t now, int64_t until);

#define WEIR_SEEN_MAX  86400    /* seconds that an id may be known */

/* The same; 8 bytes an id. */
weir_seen_t *weir_seen_init(void *mem, size_t size);
/*
 * WEIR_OK: the id, a digest, is new, and is known until then, and some seconds
 * longer.  WEIR_DECLINED: it came before, or (once in 2^34, when the table is
 * full) another did that looks like it; both of two that come at one instant
 * may get that.  WEIR_ERROR: there is no place that has expired, or until is
 * more than WEIR_SEEN_MAX ahead: refuse.
 */
weir_rc_t weir_seen_once(weir_seen_t *s, const uint8_t id[WEIR_SHA256_LEN],
    int64_t now, int64_t until);

#endif
