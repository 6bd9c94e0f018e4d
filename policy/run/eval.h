/*
 * eval.h: run verified programs.
 *
 * Nothing here allocates, blocks, recurses without a bound or can fault on a
 * verified image.  The caller brings all memory: a weir_eval_t with its
 * slots, stack and scratch, for one request.
 */

#ifndef WEIR_RUN_EVAL_H
#define WEIR_RUN_EVAL_H

#include "image/attrs.h"
#include "image/bounds.h"
#include "image/functions.h"
#include "run/image.h"
#include "run/value.h"

/*
 * What the server knows of a request.  Text that it returns lives as long as
 * the request.  Absence is never an error: see attrs.h.
 */
typedef struct {
    /* the value of a HOST attribute, of the kind attrs.h says; a map that the
       host serves entry by entry is kind MAP, rep HOST, len = entries */
    void       (*attr)(void *host, unsigned attr, weir_value_t *out);
    /* the entry of a host map; WEIR_DECLINED when there is none */
    weir_rc_t  (*get)(void *host, unsigned attr, weir_str_t key,
                      weir_value_t *out);
    /* entry i < len of a host map */
    void       (*at)(void *host, unsigned attr, uint32_t i,
                     weir_value_t *key, weir_value_t *value);
} weir_host_t;

typedef struct {
    const weir_image_t  *image;
    const weir_host_t   *host;
    void                *host_data;
    /* the value of an ENGINE attribute, as attr of weir_host_t; or NULL */
    void               (*engine)(void *data, unsigned attr,
                                 weir_value_t *out);
    void                *engine_data;
    uint64_t             fetched;   /* a bit for each attribute */
    weir_value_t        *attrs;     /* WEIR_A_COUNT; those fetched */
    weir_value_t        *memo;      /* header.memo; UNSET = not evaluated */
    weir_value_t        *stack;     /* header.stack */
    char                *scratch;   /* header.scratch, 8-byte aligned */
    uint32_t             used;      /* of scratch */
    uint32_t             kept;      /* of scratch: what memos point to */
    /* path parameters of the matched route: refs to names, and values */
    const uint32_t      *param_names;
    const weir_str_t    *params;
    uint32_t             nparams;
    const weir_img_tenant_t  *tenant;   /* whose roles hide the policy's, once
                                           the caller is bound; or NULL */
    uint32_t             errors;    /* evaluations that ended in an error */
    uint32_t             work;      /* steps of this evaluation */
    uint32_t             matching;  /* steps of patterns, of the request */
    void                *trace;     /* for `weir explain`: see weir_trace_t */
} weir_eval_t;

struct weir_hold_s;             /* weir_hold_t of limiter.h */

/*
 * Where trace is set, it points to one of these: step is called after every
 * instruction that pushed a value, rule (or NULL) by weir_decide() with what
 * each rule came to that it looked at; WEIR_NONE: what the route requires;
 * limit (or NULL) with every limit that was asked, once it is settled; other
 * (or NULL) with what any other program came to: of maintenance, of a split,
 * of what the upstream or the client is told.
 */
typedef struct {
    void  (*step)(void *data, uint32_t prog, uint32_t pc,
                  const weir_value_t *value);
    void   *data;
    void  (*rule)(void *data, uint32_t rule, const weir_value_t *value);
    void  (*limit)(void *data, const struct weir_hold_s *hold);
    void  (*other)(void *data, uint32_t prog, const weir_value_t *value);
} weir_trace_t;

/* Bytes of the four arrays together for an image, for one allocation. */
size_t weir_eval_size(const weir_image_t *img);
/* Lays the arrays out in mem (16-byte aligned) and empties them. */
void weir_eval_init(weir_eval_t *e, const weir_image_t *img, void *mem);

/* Gives an attribute its value, for the rest of the request. */
static inline void
weir_eval_set(weir_eval_t *e, unsigned attr, weir_value_t value)
{
    e->attrs[attr] = value;
    e->fetched |= (uint64_t) 1 << attr;
}


/* What is known of the answer, and what programs made of it, is not. */
void weir_eval_forget_answer(weir_eval_t *e);

/*
 * Runs a program.  *out is its result: of the program's kind, or ERR.  What
 * it points to stays valid until the request ends.
 */
void weir_eval(weir_eval_t *e, uint32_t prog, weir_value_t *out);

/*
 * Equality of CEL over any two values: numbers compare across kinds, other
 * kinds are unequal; lists and maps by content.  Bounded by
 * WEIR_MAX_VALUE_DEPTH: deeper is the error too_large.
 */
weir_value_t weir_value_equal(weir_eval_t *e, const weir_value_t *a,
    const weir_value_t *b);

/* Entries of a list or map however it is held; i < v->len. */
void weir_list_at(weir_eval_t *e, const weir_value_t *list, uint32_t i,
    weir_value_t *out);
void weir_map_at(weir_eval_t *e, const weir_value_t *map, uint32_t i,
    weir_value_t *key, weir_value_t *value);
/* WEIR_DECLINED: no such key.  WEIR_ERROR: too large to tell. */
weir_rc_t weir_map_get(weir_eval_t *e, const weir_value_t *map,
    const weir_value_t *key, weir_value_t *out);
/* The same of a key that is a string. */
weir_rc_t weir_map_text(weir_eval_t *e, const weir_value_t *map,
    weir_str_t key, weir_value_t *out);
/* A constant of the image, other than a string, as a value. */
void weir_const_other(const weir_image_t *img, const weir_img_const_t *c,
    weir_value_t *out);

/* Scratch for n bytes, 8-byte aligned; NULL = the error too_large. */
void *weir_scratch(weir_eval_t *e, size_t n);


/* Steps of a function over n bytes; false = the error too_large. */
static inline bool
weir_work(weir_eval_t *e, size_t n)
{
    n = e->work + (n >> 4) + 1;

    if (n > WEIR_MAX_WORK) {
        e->work = WEIR_MAX_WORK;
        return false;
    }

    e->work = (uint32_t) n;

    return true;
}


static inline weir_str_t
weir_const_text(const weir_image_t *img, const weir_img_const_t *c)
{
    return weir_str((const char *) WEIR_REC(img, BYTES) + c->v, c->n);
}


/* A constant of the image as a value. */
static inline void
weir_const_value(const weir_image_t *img, const weir_img_const_t *c,
    weir_value_t *out)
{
    if (c->kind == WEIR_T_STRING) {
        *out = weir_v_str(weir_const_text(img, c));

    } else if (c->kind == WEIR_T_INT) {
        *out = weir_v_int((int64_t) c->v);

    } else {
        weir_const_other(img, c, out);
    }
}

#endif
