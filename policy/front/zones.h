/*
 * zones.h: the time zones of this system, read when one is needed.
 */

#ifndef WEIR_FRONT_ZONES_H
#define WEIR_FRONT_ZONES_H

#include "base/arena.h"
#include "base/rc.h"
#include "image/format.h"

typedef struct weir_zones_s  weir_zones_t;

typedef struct weir_zone_s {
    weir_str_t               name;
    const weir_img_shift_t  *shifts;    /* NULL: not read yet */
    uint32_t                 n;
} weir_zone_t;

/*
 * Those in the directory TZDIR of the environment, else
 * /usr/share/zoneinfo; nothing is read yet.  NULL: no memory.
 */
weir_zones_t *weir_zones_create(weir_arena_t *a);

/*
 * The zone of that name, exactly.  WEIR_DECLINED: there is none.  WEIR_ERROR:
 * the system's tables are missing or broken, and *why says which; it is in
 * the arena.
 */
weir_rc_t weir_zones_find(weir_zones_t *z, weir_str_t name,
    const weir_zone_t **zone, weir_str_t *why);

/* Reads them all: *list is sorted by name. */
weir_rc_t weir_zones_all(weir_zones_t *z, const weir_zone_t **list,
    uint32_t *n, weir_str_t *why);

/*
 * What may have been meant: the same in other letters, the last part of a
 * name, else what is near; or empty.  The zones were listed.
 */
weir_str_t weir_zones_nearest(weir_zones_t *z, weir_str_t name);

#endif
