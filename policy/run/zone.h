/*
 * zone.h: what clocks show in a time zone of the image.
 */

#ifndef WEIR_RUN_ZONE_H
#define WEIR_RUN_ZONE_H

#include "run/image.h"

/* How far clocks are ahead of UTC at a moment; all in seconds. */
int64_t weir_zone_offset(const weir_image_t *img, const weir_img_zone_t *zone,
    int64_t at);

/*
 * The first moment at which clocks show local or later.  Where they are set
 * back over it they show it twice, and this is the first time; where they are
 * set forward over it they never do, and this is when they are set.
 */
int64_t weir_zone_reach(const weir_image_t *img, const weir_img_zone_t *zone,
    int64_t local);

#endif
