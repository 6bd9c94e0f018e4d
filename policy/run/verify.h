/*
 * verify.h: what the parts of the verifier share.
 *
 * The parts run in this order, each on what the one before it proved:
 * header and sections (verify.c), strings and constants (verify_consts.c),
 * records (verify_records.c), those of callers (verify_identity.c), limits
 * (verify_limits.c), splits (verify_splits.c), the edge (verify_edge.c),
 * time zones (verify_zones.c), programs (verify_code.c).
 */

#ifndef WEIR_RUN_VERIFY_H
#define WEIR_RUN_VERIFY_H

#include "image/bounds.h"
#include "run/image.h"

/* bytes that digest and signature cover, at most */
#define WEIR_SIGNED_MAX                                                       \
    (sizeof(weir_image_header_t)                                              \
     + WEIR_MAX_SECTIONS * sizeof(weir_image_section_t))

typedef struct {
    weir_image_t     img;       /* base, header, rec, n, policy */
    weir_refusal_t  *why;
    void            *mem;       /* each part uses it anew; 8-byte aligned */
    uint64_t         compared;  /* bytes of strings, for their order */
} weir_verify_t;

/*
 * Whether string constant b may follow a in a sorted row.  Rows may share
 * their text, so the bytes looked at are counted: past a multiple of the
 * image's length the answer is no.
 */
bool weir_verify_order(weir_verify_t *v, const weir_img_const_t *a,
    const weir_img_const_t *b);

/* Always WEIR_ERROR, so that a caller can return it. */
weir_rc_t weir_refuse(weir_refusal_t *why, weir_reject_t reason,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Header and section table with digest and signature zeroed, in text.  The
 * number of sections was checked.
 */
weir_str_t weir_image_signed_text(const uint8_t *base,
    uint8_t text[WEIR_SIGNED_MAX]);

/* Bytes of mem that a part needs. */
size_t weir_verify_consts_size(const weir_image_t *img);
size_t weir_verify_records_size(const weir_image_t *img);
size_t weir_verify_limits_size(const weir_image_t *img);
size_t weir_verify_edge_size(const weir_image_t *img);
size_t weir_verify_zones_size(const weir_image_t *img);
size_t weir_verify_code_size(const weir_image_t *img);

weir_rc_t weir_verify_consts(weir_verify_t *v);
weir_rc_t weir_verify_records(weir_verify_t *v);
weir_rc_t weir_verify_identity(weir_verify_t *v);
weir_rc_t weir_verify_limits(weir_verify_t *v);
weir_rc_t weir_verify_splits(weir_verify_t *v);
weir_rc_t weir_verify_edge(weir_verify_t *v);
weir_rc_t weir_verify_zones(weir_verify_t *v);
weir_rc_t weir_verify_code(weir_verify_t *v);


static inline bool
weir_fits(uint32_t first, uint32_t count, uint32_t n)
{
    return first <= n && count <= n - first;
}

#endif
