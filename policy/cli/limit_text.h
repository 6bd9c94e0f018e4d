/*
 * limit_text.h: limits in words, for all verbs that print them.
 */

#ifndef WEIR_CLI_LIMIT_TEXT_H
#define WEIR_CLI_LIMIT_TEXT_H

#include "cli/explain.h"

/* "600 in 1m, burst 10", "10000 a day in Europe/Dublin", "20 at once" */
weir_str_t weir_cli_limit_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit);
/* What else there is to say: "cluster", "on trial" and so on; or empty. */
weir_str_t weir_cli_limit_more(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit);

/* "1m", "10s", "1500ms" */
weir_str_t weir_cli_duration(weir_arena_t *a, uint64_t ns);
/* The source of a program, without the end of its last line. */
weir_str_t weir_cli_prog_text(const weir_image_t *img, uint32_t prog);

/*
 * Where something of the image stands, as the user named the file if that can
 * be known; file: a string of the image.
 */
cli_place_t weir_cli_image_place(const cli_policy_t *p, uint32_t file,
    uint32_t line, uint32_t col);
cli_place_t weir_cli_limit_place(const cli_policy_t *p,
    const weir_img_limit_t *limit);

/* Part i of its key as the policy has it; of a plan: tenant.id. */
uint32_t weir_cli_limit_parts(const weir_img_limit_t *limit);
weir_str_t weir_cli_limit_part(const weir_image_t *img,
    const weir_img_limit_t *limit, uint32_t i);
/* "source.ip, principal.sub" */
weir_str_t weir_cli_limit_key(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit);
/* What the part is in a request that was decided; text as it is, or quoted. */
weir_str_t weir_cli_limit_value(weir_arena_t *a, weir_txn_t *txn,
    const weir_img_limit_t *limit, uint32_t i, bool quote);
/* "ann, \"192.0.2.1\"": all parts of it. */
weir_str_t weir_cli_limit_values(weir_arena_t *a, weir_txn_t *txn,
    const weir_img_limit_t *limit);

/* "passes", "refuses", "would refuse, but is on trial" and so on */
const char *weir_cli_hold_text(const weir_hold_t *h);
/* Whole seconds, rounded up. */
uint64_t weir_cli_seconds(int64_t ns);

#endif
