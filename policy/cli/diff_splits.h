/*
 * diff_splits.h: what the files share that compare splits.
 */

#ifndef WEIR_CLI_DIFF_SPLITS_H
#define WEIR_CLI_DIFF_SPLITS_H

#include "cli/diff.h"
#include "cli/split_text.h"

weir_str_t weir_diff_split_name(const diff_side_t *s, uint32_t split);

/*
 * "v1 95%, v2 5%", of a ramp at its first step; upstreams: "v1 95% to a".
 */
weir_str_t weir_diff_weights(diff_t *d, const diff_side_t *s,
    const weir_img_split_t *split, bool upstreams);
/* Lines about which keys go elsewhere. */
void weir_diff_moves(diff_t *d, weir_str_t name,
    const weir_img_split_t *const split[DIFF_SIDES]);

#endif
