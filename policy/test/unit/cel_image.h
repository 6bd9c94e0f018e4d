/*
 * cel_image.h: expressions as programs of a verified image, and a request to
 * run them in.
 */

#ifndef WEIR_TEST_CEL_IMAGE_H
#define WEIR_TEST_CEL_IMAGE_H

#include "cel_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "front/builder.h"
#include "front/emit.h"
#include "image/disasm.h"
#include "run/eval.h"
#include "run/image.h"

typedef struct {
    weir_builder_t  *b;
    weir_emit_t     *emit;
    weir_image_t     image;
    uint8_t         *bytes;
    bool             open;
} cel_image_t;


static inline void
cel_image_start(cel_image_t *i, fixture_t *f)
{
    memset(i, 0, sizeof(cel_image_t));
    i->b = weir_builder_create(f->arena);
    assert_non_null(i->b);
    i->emit = weir_emit_create(i->b, &f->diags);
    assert_non_null(i->emit);
}


static inline weir_rc_t
cel_image_add(cel_image_t *i, const weir_expr_t *e, uint32_t *prog)
{
    return weir_emit_expr(i->emit, e,
                          weir_build_str(i->b, weir_string("t.yaml")),
                          weir_build_str(i->b, e->text->text), prog);
}


/* Two lists of addresses, 10.0.0.0/8 and nothing. */
static inline void
cel_image_lists(cel_image_t *i)
{
    weir_img_v4_t     v4;
    weir_img_cidrs_t  cidrs[2];

    memset(cidrs, 0, sizeof(cidrs));
    v4.lo = 0x0a000000;
    v4.hi = 0x0affffff;
    cidrs[0].name = weir_build_str(i->b, weir_string("lb"));
    cidrs[0].v4.first = weir_build_records(i->b, WEIR_S_V4, &v4, 1);
    cidrs[0].v4.count = 1;
    cidrs[1].name = weir_build_str(i->b, weir_string("none"));
    weir_build_records(i->b, WEIR_S_CIDRS, cidrs, 2);
}


/* Writes, verifies, opens; the header is as the emitter filled it. */
static inline const char *
cel_image_finish(cel_image_t *i, fixture_t *f)
{
    weir_str_t              bytes;
    weir_refusal_t         *why;
    weir_img_policy_t       policy;
    weir_image_header_t    *h;

    why = weir_arena_alloc(f->arena, sizeof(weir_refusal_t));
    assert_non_null(why);
    cel_image_lists(i);
    assert_int_equal(weir_emit_finish(i->emit), WEIR_OK);

    memset(&policy, 0, sizeof(policy));
    policy.any_host = WEIR_NONE;
    policy.unmatched = 404;
    policy.unknown_tenant = 404;
    weir_build_records(i->b, WEIR_S_POLICY, &policy, 1);
    weir_build_records(i->b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);

    h = weir_build_header(i->b);
    memcpy(h->magic, WEIR_IMAGE_MAGIC, sizeof(h->magic));
    h->major = WEIR_IMAGE_MAJOR;
    h->minor = WEIR_IMAGE_MINOR;
    h->name = weir_build_str(i->b, weir_string("t"));
    h->compiler = h->name;

    assert_int_equal(weir_builder_write(i->b, &bytes), WEIR_OK);

    i->bytes = weir_arena_alloc(f->arena, bytes.len);
    assert_non_null(i->bytes);
    memcpy(i->bytes, bytes.data, bytes.len);

    if (weir_image_verify(i->bytes, bytes.len, NULL, why) != WEIR_OK
        || weir_image_open(&i->image, i->bytes, f->arena, why) != WEIR_OK)
    {
        return why->text;
    }

    i->open = true;

    return NULL;
}


static inline void
cel_image_end(cel_image_t *i)
{
    if (i->open) {
        weir_image_close(&i->image);
    }
}


/* A program as text; to be freed. */
static inline char *
cel_image_text(const cel_image_t *i, uint32_t prog)
{
    FILE           *out;
    char           *buf;
    size_t          len;
    weir_disasm_t   d;

    d.rec = i->image.rec;
    d.n = i->image.n;
    out = open_memstream(&buf, &len);
    weir_disasm_prog(&d, prog, out);
    fclose(out);

    return buf;
}

#endif
