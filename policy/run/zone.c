/*
 * zone.c: what clocks show in a time zone of the image.
 */

#include "image/bounds.h"
#include "run/zone.h"


/* The shift that holds at a moment: the first is before every moment. */
static uint32_t
shift_at(const weir_img_shift_t *shift, uint32_t n, int64_t at)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = n;

    while (hi - lo > 1) {
        mid = lo + (hi - lo) / 2;

        if (shift[mid].at <= at) {
            lo = mid;

        } else {
            hi = mid;
        }
    }

    return lo;
}


int64_t
weir_zone_offset(const weir_image_t *img, const weir_img_zone_t *zone,
    int64_t at)
{
    const weir_img_shift_t  *shift;

    shift = WEIR_REC(img, SHIFTS) + zone->shifts.first;

    return shift[shift_at(shift, zone->shifts.count, at)].offset;
}


/*
 * Clocks are never further from UTC than WEIR_MAX_ZONE_OFFSET, so that only
 * shifts of two such stretches can matter: those of tables are weeks apart,
 * of a hostile image a second.
 */
int64_t
weir_zone_reach(const weir_image_t *img, const weir_img_zone_t *zone,
    int64_t local)
{
    int64_t                  at;
    uint32_t                 i, n;
    const weir_img_shift_t  *shift;

    shift = WEIR_REC(img, SHIFTS) + zone->shifts.first;
    n = zone->shifts.count;
    i = shift_at(shift, n, local - WEIR_MAX_ZONE_OFFSET);

    while (i + 1 < n && shift[i + 1].at <= local - shift[i].offset) {
        i++;
    }

    at = local - shift[i].offset;

    return at > shift[i].at ? at : shift[i].at;
}
