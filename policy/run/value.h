/*
 * value.h: a value of CEL as the evaluator holds it: 16 bytes, no ownership.
 *
 * What it points to belongs to the image, to the host (for as long as the
 * request lives) or to the request's scratch.
 */

#ifndef WEIR_RUN_VALUE_H
#define WEIR_RUN_VALUE_H

#include "base/ip.h"
#include "image/format.h"
#include "image/types.h"

typedef struct weir_value_s  weir_value_t;

/* how a LIST or MAP is held */
typedef enum {
    WEIR_REP_VALUES,            /* u.items: elements, or keys and values */
    WEIR_REP_IMAGE,             /* u.consts: the same as constants */
    WEIR_REP_HOST               /* u.attr: asked of the host, entry by entry */
} weir_rep_t;

struct weir_value_s {
    uint8_t   kind;             /* weir_kind_t, never DYN */
    uint8_t   rep;              /* weir_rep_t of a LIST or MAP */
    uint16_t  room;             /* entries that a list or map being built
                                   may still get; else 0 */
    /*
     * STRING BYTES: bytes; LIST: elements; MAP: pairs; TIMESTAMP DURATION:
     * nanoseconds (duration: int32 with the sign of the seconds); ERR:
     * weir_eval_error_t; OPTIONAL: 0 or 1; CIDR: bits
     */
    uint32_t  len;

    union {
        bool                     b;
        int64_t                  i;     /* INT; seconds; TYPE: weir_kind_t */
        uint64_t                 u;     /* UINT; ERR: program << 32 | pc + 1,
                                           0 where no program says */
        double                   d;
        const char              *s;     /* STRING, BYTES */
        const weir_value_t      *items; /* LIST, MAP; OPTIONAL: the value */
        const weir_img_const_t  *consts;
        const weir_ip_t         *ip;    /* IP; CIDR: its address */
        uint32_t                 attr;  /* weir_attr_t */
        uint32_t                 index; /* CIDRS, REGEX: record of the image */
    } u;
};

_Static_assert(sizeof(weir_value_t) == 16, "values are copied by the dozen");


static inline weir_value_t
weir_v_bool(bool b)
{
    return (weir_value_t) { .kind = WEIR_T_BOOL, .u.b = b };
}


static inline weir_value_t
weir_v_int(int64_t i)
{
    return (weir_value_t) { .kind = WEIR_T_INT, .u.i = i };
}


static inline weir_value_t
weir_v_str(weir_str_t s)
{
    return (weir_value_t) { .kind = WEIR_T_STRING, .len = (uint32_t) s.len,
                            .u.s = s.data };
}


static inline weir_value_t
weir_v_err(weir_eval_error_t e)
{
    return (weir_value_t) { .kind = WEIR_T_ERR, .len = e };
}


static inline weir_str_t
weir_v_text(const weir_value_t *v)
{
    return weir_str(v->u.s, v->len);
}

#endif
