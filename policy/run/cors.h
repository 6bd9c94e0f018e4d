/*
 * cors.h: which pages may read an answer (the Fetch standard, 3.3).
 */

#ifndef WEIR_RUN_CORS_H
#define WEIR_RUN_CORS_H

#include "run/image.h"

/*
 * Whether an origin, as the Origin header has it, is one of those listed.
 * Scheme and host compare without case, ports exactly, "null" is only
 * "null"; what is no origin is none of them.
 */
bool weir_cors_allows(const weir_image_t *img, const weir_img_cors_t *cors,
    weir_str_t origin);

#endif
