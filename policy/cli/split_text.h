/*
 * split_text.h: splits in words, for all verbs that print them.
 */

#ifndef WEIR_CLI_SPLIT_TEXT_H
#define WEIR_CLI_SPLIT_TEXT_H

#include "cli/limit_text.h"
#include "cli/routing.h"

/* Of 1/10000: "5%", "0.05%". */
weir_str_t weir_cli_percent(weir_arena_t *a, uint32_t share);

/* Names of an arm by its record, and of its upstream. */
weir_str_t weir_cli_arm_name(const weir_image_t *img, uint32_t arm);
weir_str_t weir_cli_arm_upstream(const weir_image_t *img, uint32_t arm);

/* header x-arm is "v2", and when ... */
weir_str_t weir_cli_override_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_override_t *o);
/* "v2 5% for 10m, 25% for 30m, 100%" */
weir_str_t weir_cli_ramp_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_split_t *s);
weir_str_t weir_cli_guard_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_guard_t *g);
/* Without the fallback. */
weir_str_t weir_cli_breaker_text(weir_arena_t *a,
    const weir_img_breaker_t *b);
weir_str_t weir_cli_mirror_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_mirror_t *m);
/* "NAME for 30d" */
weir_str_t weir_cli_cookie_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_split_t *s);

/* The buckets of an arm, by its place: [*from, *to). */
void weir_cli_arm_buckets(const uint32_t *weights, uint32_t n, uint32_t arm,
    uint32_t *from, uint32_t *to);
/*
 * Why a request that was decided has its arm, a sentence; of one that has none
 * empty.
 */
weir_str_t weir_cli_arm_why(const cli_request_t *r, weir_txn_t *txn);

#endif
