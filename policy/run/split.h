/*
 * split.h: which arm a key has, and what pins a request that has no key.
 *
 * Both depend on nothing but what the policy says, so that every node answers
 * alike, today and after a restart.
 */

#ifndef WEIR_RUN_SPLIT_H
#define WEIR_RUN_SPLIT_H

#include "base/digest.h"
#include "base/rc.h"
#include "image/bounds.h"

#define WEIR_BUCKETS  10000

/* Below WEIR_BUCKETS; each as likely as any other. */
uint32_t weir_split_bucket(const weir_id_t *salt, weir_str_t key);

/*
 * The arm, by its place, that has the bucket: weir_img_split_t says how they
 * lie.  The weights of the n arms, 2 to WEIR_MAX_ARMS, make WEIR_BUCKETS.
 */
uint32_t weir_split_arm(const uint32_t *weights, uint32_t n, uint32_t bucket);


/*
 * A pin is the value of a cookie: an id, a dot, and a code without which
 * nobody who does not know the salt can make one.  The id is the key.
 */
#define WEIR_PIN_ID   32                        /* hex digits */
#define WEIR_PIN_LEN  (2 * WEIR_PIN_ID + 1)

/* A new one; seed is any text that is not used twice. */
void weir_pin_make(const weir_id_t *salt, weir_str_t seed,
    char out[WEIR_PIN_LEN]);
/* WEIR_DECLINED: it is none, or not of this salt. */
weir_rc_t weir_pin_check(const weir_id_t *salt, weir_str_t pin,
    weir_str_t *id);

#endif
