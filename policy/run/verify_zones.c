/*
 * verify_zones.c: time zones and their shifts.
 *
 * Zones may share shifts, so each shift is looked at once and ranges are then
 * answered by counting.
 */

#include "run/verify.h"


/* Counts the shifts that are not behind the one before them. */
static weir_rc_t
check_shifts(weir_verify_t *v)
{
    uint32_t                 i, *bad;
    const weir_img_shift_t  *s;

    bad = v->mem;
    s = WEIR_REC(&v->img, SHIFTS);
    bad[0] = 0;

    for (i = 0; i < v->img.n[WEIR_S_SHIFTS]; i++) {

        if (s[i].offset < -WEIR_MAX_ZONE_OFFSET
            || s[i].offset > WEIR_MAX_ZONE_OFFSET)
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "shifts[%u] is %d seconds from UTC, at most %d",
                               i, s[i].offset, WEIR_MAX_ZONE_OFFSET);
        }

        bad[i + 1] = bad[i] + (i > 0 && s[i - 1].at >= s[i].at);
    }

    return WEIR_OK;
}


/* The first shift of a range has its neighbour outside. */
static bool
is_timeline(const weir_verify_t *v, weir_range_t r)
{
    const uint32_t  *bad;

    bad = v->mem;

    return r.count > 0
           && WEIR_REC(&v->img, SHIFTS)[r.first].at == INT64_MIN
           && bad[r.first + r.count] == bad[r.first + 1];
}


size_t
weir_verify_zones_size(const weir_image_t *img)
{
    return ((size_t) img->n[WEIR_S_SHIFTS] + 1) * sizeof(uint32_t);
}


weir_rc_t
weir_verify_zones(weir_verify_t *v)
{
    uint32_t                i;
    weir_str_t              name, prev;
    const weir_img_zone_t  *zone;

    if (check_shifts(v) != WEIR_OK) {
        return WEIR_ERROR;
    }

    zone = WEIR_REC(&v->img, ZONES);
    prev = weir_str("", 0);

    for (i = 0; i < v->img.n[WEIR_S_ZONES]; i++) {
        name = weir_img_str(&v->img, zone[i].name);

        if (name.len > WEIR_MAX_ZONE_NAME || weir_str_cmp(prev, name) >= 0) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "zones[%u] has a name of more than %u bytes, "
                               "or not behind that of the zone before", i,
                               WEIR_MAX_ZONE_NAME);
        }

        if (!is_timeline(v, zone[i].shifts)) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "zones[%u] has no shift for every moment, in "
                               "their order", i);
        }

        prev = name;
    }

    return WEIR_OK;
}
