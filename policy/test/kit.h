/*
 * kit.h: images by hand, for tests of what reads them.
 *
 * Instructions are written as rows of weir_insn_t; the rest of an image that
 * must be there is added by kit_write().
 */

#ifndef WEIR_TEST_KIT_H
#define WEIR_TEST_KIT_H

#include <stdio.h>
#include <stdlib.h>

#include "front/builder.h"
#include "image/attrs.h"
#include "image/bounds.h"
#include "run/crypto.h"
#include "run/eval.h"
#include "run/image.h"
#include "run/verify.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define OP(op_)              { WEIR_OP_##op_, 0, 0, 0 }
#define OP_A(op_, a_)        { WEIR_OP_##op_, (a_), 0, 0 }
#define OP_B(op_, b_)        { WEIR_OP_##op_, 0, (b_), 0 }
#define OP_C(op_, c_)        { WEIR_OP_##op_, 0, 0, (c_) }
#define OP_AB(op_, a_, b_)   { WEIR_OP_##op_, (a_), (b_), 0 }
#define OP_BC(op_, b_, c_)   { WEIR_OP_##op_, 0, (b_), (c_) }
#define OP_ABC(op_, a_, b_, c_)  { WEIR_OP_##op_, (a_), (b_), (c_) }
#define CALL(fn)             OP_B(CALL, WEIR_FN_##fn)
#define RET                  OP(RET)

typedef struct {
    weir_arena_t    *arena;
    weir_builder_t  *b;
    uint32_t         name;
} kit_t;


static inline void
kit_open(kit_t *k)
{
    k->arena = weir_arena_create();
    k->b = k->arena ? weir_builder_create(k->arena) : NULL;

    if (k->b == NULL) {
        abort();
    }

    k->name = weir_build_str(k->b, weir_string("test"));
}


static inline void
kit_close(kit_t *k)
{
    weir_arena_destroy(k->arena);
}


static inline uint32_t
kit_const(kit_t *k, unsigned kind, uint32_t n, uint64_t v)
{
    weir_img_const_t  c;

    memset(&c, 0, sizeof(c));
    c.kind = (uint8_t) kind;
    c.n = n;
    c.v = v;

    return weir_build_const(k->b, &c);
}


static inline uint32_t
kit_str(kit_t *k, const char *s)
{
    weir_img_const_t  c;

    c = weir_build_string(k->b, weir_cstr(s));

    return weir_build_const(k->b, &c);
}


static inline uint32_t
kit_prog(kit_t *k, unsigned kind, unsigned locals, uint32_t memo,
    const weir_insn_t *code, size_t n)
{
    weir_img_prog_t  p;

    memset(&p, 0, sizeof(p));
    p.code.first = weir_build_records(k->b, WEIR_S_CODE, code, (uint32_t) n);
    p.code.count = (uint32_t) n;
    p.kind = (uint8_t) kind;
    p.phase = WEIR_PHASE_ACCESS;
    p.locals = (uint16_t) locals;
    p.memo = memo;
    p.file = k->name;
    p.text = WEIR_NONE;

    return weir_build_records(k->b, WEIR_S_PROGS, &p, 1);
}


/* A route of the kit's name that has nothing. */
static inline weir_img_route_t
kit_route(const kit_t *k)
{
    weir_img_route_t  r;

    memset(&r, 0, sizeof(r));
    r.id = r.file = k->name;
    r.upstream = r.require = r.mfa = WEIR_NONE;
    r.split = r.cors = r.version = r.path = WEIR_NONE;

    return r;
}


/* The bytes are in the arena. */
static inline weir_str_t
kit_write(kit_t *k)
{
    weir_str_t            image;
    weir_img_policy_t     policy;
    weir_image_header_t  *h;

    if (weir_build_count(k->b, WEIR_S_HASHES) == 0) {
        weir_build_records(k->b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);
    }

    if (weir_build_count(k->b, WEIR_S_POLICY) == 0) {
        memset(&policy, 0, sizeof(policy));
        policy.any_host = WEIR_NONE;
        policy.unmatched = 404;
        policy.unknown_tenant = 404;
        weir_build_records(k->b, WEIR_S_POLICY, &policy, 1);
    }

    h = weir_build_header(k->b);
    memcpy(h->magic, WEIR_IMAGE_MAGIC, sizeof(h->magic));
    h->major = WEIR_IMAGE_MAJOR;
    h->minor = WEIR_IMAGE_MINOR;
    h->name = k->name;
    h->compiler = k->name;
    h->stack = h->stack ? h->stack : WEIR_MAX_STACK;
    h->memo = h->memo ? h->memo : 64;
    h->scratch = h->scratch ? h->scratch : WEIR_MAX_SCRATCH;

    if (weir_builder_write(k->b, &image) != WEIR_OK) {
        abort();
    }

    return image;
}


static inline weir_image_section_t *
kit_section(uint8_t *base, uint32_t i)
{
    return (weir_image_section_t *) (base + sizeof(weir_image_header_t)) + i;
}


/* Where records of a section lie in an image that the builder wrote. */
static inline void *
kit_record(uint8_t *base, weir_section_t s, uint32_t i)
{
    return base + kit_section(base, s)->offset + i * weir_sections[s].size;
}


/* Makes every digest right that has its place in the len bytes. */
static inline void
kit_digest(uint8_t *base, size_t len)
{
    uint8_t                text[WEIR_SIGNED_MAX];
    uint32_t               i;
    weir_str_t             signed_text;
    weir_image_header_t   *h;
    weir_image_section_t  *s;

    h = (weir_image_header_t *) base;

    if (len < sizeof(*h) || h->sections > WEIR_MAX_SECTIONS
        || h->sections > (len - sizeof(*h)) / sizeof(*s))
    {
        return;
    }

    for (i = 0; i < h->sections; i++) {
        s = kit_section(base, i);

        if (s->offset <= len && s->length <= len - s->offset) {
            (void) weir_sha256(weir_str((char *) base + s->offset,
                                        (size_t) s->length), s->digest);
        }
    }

    signed_text = weir_image_signed_text(base, text);
    (void) weir_sha256(signed_text, h->digest);
}


/*
 * A host that answers everything, at length and out of order.  Its maps have
 * entries beside those that it finds.
 */
#define KIT_TEXT     "Zz\x80\xff" "10.0.0.1/8 2009-02-13T23:31:30Z 1h30m 9e99"
#define KIT_ENTRIES  40

static inline void
kit_host_attr(void *data, unsigned attr, weir_value_t *out)
{
    static const weir_ip_t  ip = { 4, { 10, 0, 0, 1 } };

    (void) data;

    switch (weir_attrs[attr].kind) {

    case WEIR_T_STRING:
        *out = weir_v_str(weir_cstr(KIT_TEXT));
        return;

    case WEIR_T_INT:
        *out = weir_v_int(attr % 2 ? INT64_MIN : -1);
        return;

    case WEIR_T_BOOL:
        *out = weir_v_bool(true);
        return;

    case WEIR_T_IP:
        *out = (weir_value_t) { .kind = WEIR_T_IP, .u.ip = &ip };
        return;

    case WEIR_T_TIMESTAMP:
        *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP, .u.i = 1234567890,
                                .len = 123456789 };
        return;

    case WEIR_T_DURATION:
        *out = (weir_value_t) { .kind = WEIR_T_DURATION, .u.i = 3,
                                .len = 123456789 };
        return;

    case WEIR_T_MAP:
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = KIT_ENTRIES, .u.attr = attr };
        return;

    default:
        return;                 /* as absent */
    }
}


static inline weir_rc_t
kit_host_get(void *data, unsigned attr, weir_str_t key, weir_value_t *out)
{
    (void) data;
    (void) attr;

    if (key.len == 0) {
        return WEIR_DECLINED;
    }

    *out = weir_v_str(key);

    return WEIR_OK;
}


static inline void
kit_host_at(void *data, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) data;
    (void) attr;

    *key = weir_v_str(weir_str(KIT_TEXT, i % (sizeof(KIT_TEXT) - 1)));
    *value = i % 3 ? weir_v_int(i) : weir_v_str(weir_str(NULL, 0));
}


static const weir_host_t  kit_host = {
    kit_host_attr, kit_host_get, kit_host_at
};


static inline void
kit_count(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    (void) prog;
    (void) pc;
    (void) value;
    ++*(uint64_t *) data;
}


/*
 * Runs every program of an image; false: something that must never be was
 * seen.
 */
static inline bool
kit_run_image(const weir_image_t *img)
{
    bool                    ok;
    void                   *mem;
    uint32_t                i;
    uint64_t                steps;
    weir_eval_t             e;
    weir_value_t            out;
    weir_trace_t            trace = { .step = kit_count, .data = &steps };
    const weir_img_prog_t  *p;

    mem = aligned_alloc(16, (weir_eval_size(img) + 15) & ~(size_t) 15);
    weir_eval_init(&e, img, mem);
    e.host = &kit_host;
    p = WEIR_REC(img, PROGS);
    ok = true;

    for (i = 0; i < img->n[WEIR_S_PROGS]; i++) {
        steps = 0;
        e.trace = i % 2 ? &trace : NULL;
        weir_eval(&e, i, &out);

        ok = ok && (out.kind == WEIR_T_ERR || p[i].kind == WEIR_T_DYN
                    || out.kind == p[i].kind)
             && out.kind < WEIR_T_COUNT && out.kind != WEIR_T_UNSET
             && e.used <= img->header->scratch && steps <= WEIR_MAX_COST;
    }

    free(mem);

    return ok;
}


/* The same of verified bytes. */
static inline bool
kit_run_all(const uint8_t *base)
{
    bool             ok;
    weir_image_t     img;
    weir_arena_t    *arena;
    weir_refusal_t   why;

    arena = weir_arena_create();

    if (weir_image_open(&img, base, arena, &why) == WEIR_OK) {
        ok = kit_run_image(&img);
        weir_image_close(&img);

    } else {
        ok = why.reason == WEIR_REJECT_REGEX;
    }

    weir_arena_destroy(arena);

    return ok;
}

#endif
