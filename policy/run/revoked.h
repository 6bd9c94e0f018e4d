/*
 * revoked.h: a table in shared memory of what the store says is revoked.
 *
 * Two sets, of which one is current.  One process at a time fills the other
 * and then makes it current; any may die at any instruction.  Readers take no
 * lock and see one whole set, never a part of the next.  A member is kept as
 * 64 bits of its SipHash: whoever does not know the key cannot make a token
 * that looks revoked, and by chance one in 2^45 does, of a million members.
 */

#ifndef WEIR_RUN_REVOKED_H
#define WEIR_RUN_REVOKED_H

#include "base/digest.h"
#include "base/rc.h"

typedef struct weir_revoked_s  weir_revoked_t;  /* lies in shared memory */

/*
 * Lays it out, empty, in size bytes that are 64-byte aligned and all zero;
 * NULL: too few.
 */
weir_revoked_t *weir_revoked_init(void *mem, size_t size,
    const weir_id_t *key);
/* Members that a set has room for. */
uint64_t weir_revoked_room(const weir_revoked_t *t);
/* Those of the current one. */
uint64_t weir_revoked_count(const weir_revoked_t *t);

/* what: jti, sub or kid */
bool weir_revoked_has(const weir_revoked_t *t, weir_str_t issuer,
    weir_str_t what, weir_str_t value);

/*
 * Begins the next set; *fill is what the others want.  A fill that began
 * before is of no more use.
 */
void weir_revoked_begin(weir_revoked_t *t, uint64_t *fill);
/*
 * Empties some bytes of it, at least one, before anything is added;
 * WEIR_AGAIN: there are more.
 */
weir_rc_t weir_revoked_empty(weir_revoked_t *t, uint64_t fill, size_t bytes);
/*
 * A member as it is in the store: the issuer's name, a blank, jti, sub or
 * kid, a blank, the value.  WEIR_DECLINED: it is of no such form;
 * WEIR_NOMEM: there is no room; WEIR_ERROR: another fill began.
 */
weir_rc_t weir_revoked_add(weir_revoked_t *t, uint64_t fill,
    weir_str_t member);
/* It is current from now on; WEIR_ERROR: another fill began, or it was
   never emptied. */
weir_rc_t weir_revoked_commit(weir_revoked_t *t, uint64_t fill);

#endif
