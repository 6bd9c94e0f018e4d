/*
 * challenge.h: what a client that is refused is told to send.
 */

#ifndef WEIR_RUN_CHALLENGE_H
#define WEIR_RUN_CHALLENGE_H

#include "run/decide.h"

/*
 * The value of WWW-Authenticate for a refusal (RFC 6750, 9449, 9470), in
 * memory, or without parameters where there is none; "" where no token would
 * help.
 */
weir_str_t weir_challenge(const weir_image_t *img,
    const weir_img_route_t *route, const weir_caller_t *c,
    weir_reason_t reason, const weir_memory_t *m);

#endif
