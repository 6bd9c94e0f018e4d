/*
 * tzif.h: a time zone as the system keeps it.
 */

#ifndef WEIR_FRONT_TZIF_H
#define WEIR_FRONT_TZIF_H

#include "base/arena.h"
#include "base/rc.h"
#include "image/format.h"

#define WEIR_TZIF_MAGIC      "TZif"
#define WEIR_TZIF_LAST_YEAR  2100

/*
 * The shifts of a TZif file (RFC 9636, version 2 to 4), as format.h has them,
 * in the arena; one that changes nothing is left out.  The rule behind the
 * last transition is worked out to the end of WEIR_TZIF_LAST_YEAR.
 * WEIR_ERROR: *why is one static phrase.  Files that count leap seconds are
 * refused: time here is that of POSIX.
 */
weir_rc_t weir_tzif_read(weir_arena_t *a, weir_str_t file,
    const weir_img_shift_t **shifts, uint32_t *n, const char **why);

#endif
