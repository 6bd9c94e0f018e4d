/*
 * spoil.h: fields of an image that are made wrong, one at a time.
 */

#ifndef WEIR_TEST_UNIT_SPOIL_H
#define WEIR_TEST_UNIT_SPOIL_H

#include "test/kit.h"

typedef struct {
    weir_section_t  section;
    uint32_t        index;
    size_t          offset;
    size_t          width;
    uint64_t        value;
    const char     *text;       /* part of what the verifier says then */
} spoil_t;

#define FIELD(S, i, type, field_)                                             \
    WEIR_S_##S, (i), offsetof(type, field_), sizeof(((type *) 0)->field_)
#define REC(S, i, type, field_, value, text)                                  \
    { FIELD(S, i, weir_img_##type##_t, field_), (value), (text) }


/* Gives the field its value, in len bytes of an image. */
static inline void
spoil(uint8_t *base, size_t len, const spoil_t *s)
{
    uint8_t  *field;

    field = (uint8_t *) kit_record(base, s->section, s->index) + s->offset;
    memcpy(field, &s->value, s->width);
    kit_digest(base, len);
}


/* what a row of the table is about */
typedef enum {
    SPOIL_BASE,
    SPOIL_IDENTITY,             /* who callers are */
    SPOIL_LIMITS,               /* how much they may use */
    SPOIL_SPLITS,               /* which upstream gets a request */
    SPOIL_EDGE                  /* what is rewritten, answered, turned away */
} spoil_sort_t;

static inline spoil_sort_t
spoil_sort_of_route(uint32_t offset)
{
    if (offset == offsetof(weir_img_route_t, limits)) {
        return SPOIL_LIMITS;
    }

    if (offset == offsetof(weir_img_route_t, split)) {
        return SPOIL_SPLITS;
    }

    if (offset > offsetof(weir_img_route_t, split)) {
        return SPOIL_EDGE;
    }

    return offset >= offsetof(weir_img_route_t, auth_methods)
           || offset == offsetof(weir_img_route_t, auth)
           || offset == offsetof(weir_img_route_t, forward) ? SPOIL_IDENTITY
                                                            : SPOIL_BASE;
}


static inline spoil_sort_t
spoil_sort(const weir_image_ref_t *row)
{
    bool  identity;

    switch (row->section) {

    case WEIR_S_ROUTES:
        return spoil_sort_of_route(row->offset);

    case WEIR_S_TENANTS:
        if (row->offset == offsetof(weir_img_tenant_t, limits)) {
            return SPOIL_LIMITS;
        }

        identity = row->offset == offsetof(weir_img_tenant_t, roles);
        break;

    case WEIR_S_POLICY:
        if (row->offset == offsetof(weir_img_policy_t, limit_headers)) {
            return SPOIL_LIMITS;
        }

        if (row->offset == offsetof(weir_img_policy_t, maintenance)) {
            return SPOIL_EDGE;
        }

        identity = row->offset >= offsetof(weir_img_policy_t, key_sources);
        break;

    case WEIR_S_LIMITS:
    case WEIR_S_PLANS:
        return SPOIL_LIMITS;

    default:
        if (row->section >= WEIR_S_SPLITS && row->section <= WEIR_S_MIRRORS) {
            return SPOIL_SPLITS;
        }

        if (row->section >= WEIR_S_CORS
            && row->section <= WEIR_S_MAINTENANCE)
        {
            return SPOIL_EDGE;
        }

        identity = row->section >= WEIR_S_METHODS
                   && row->section <= WEIR_S_MFAS;
    }

    return identity ? SPOIL_IDENTITY : SPOIL_BASE;
}


/* Every row of the table, of one sort, has a field among n that breaks it. */
static inline void
spoil_none_forgotten(const spoil_t *s, size_t n, spoil_sort_t sort)
{
    size_t                   i, k;
    const weir_image_ref_t  *row;

    for (i = 0; i < weir_image_nrefs; i++) {
        row = &weir_image_refs[i];

        if (spoil_sort(row) != sort) {
            continue;
        }

        for (k = 0; k < n; k++) {
            if (s[k].section == row->section && s[k].offset >= row->offset
                && s[k].offset < row->offset + row->width)
            {
                break;
            }
        }

        if (k == n) {
            fail_msg("nothing breaks %s.%s",
                     weir_sections[row->section].name, row->name);
        }
    }
}

#endif
