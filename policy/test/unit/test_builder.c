/*
 * test_builder.c: sharing, layout, digests and determinism of the writer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "front/builder.h"
#include "image/bounds.h"
#include "image/types.h"


typedef struct {
    weir_arena_t    *arena;
    weir_builder_t  *b;
} fixture_t;


static int
setup(void **state)
{
    static fixture_t  f;

    f.arena = weir_arena_create();
    f.b = weir_builder_create(f.arena);
    *state = &f;

    return f.b == NULL;
}


static int
teardown(void **state)
{
    weir_arena_destroy(((fixture_t *) *state)->arena);

    return 0;
}


static weir_img_const_t
int_const(int64_t i)
{
    weir_img_const_t  c;

    memset(&c, 0, sizeof(c));
    c.kind = WEIR_T_INT;
    c.v = (uint64_t) i;

    return c;
}


static void
equal_content_is_stored_once(void **state)
{
    uint32_t           i, a;
    uint32_t           refs[3] = { 7, 8, 9 };
    weir_range_t       r, q;
    weir_builder_t    *b;
    weir_img_const_t   c, row[2];

    b = ((fixture_t *) *state)->b;

    a = weir_build_str(b, weir_string("acme"));
    assert_int_equal(a, 0);
    assert_int_equal(weir_build_str(b, weir_string("globex")), 1);
    assert_int_equal(weir_build_str(b, weir_string("acme")), a);
    assert_int_equal(weir_build_str(b, weir_string("acm")), 2);
    assert_int_equal(weir_build_str(b, weir_str("", 0)), 3);
    assert_int_equal(weir_build_str(b, weir_str(NULL, 0)), 3);
    assert_int_equal(weir_build_count(b, WEIR_S_STRS), 4);

    /* a string constant uses the bytes of the string */
    i = weir_build_count(b, WEIR_S_BYTES);
    c = weir_build_string(b, weir_string("globex"));
    assert_int_equal(weir_build_count(b, WEIR_S_BYTES), i);
    assert_int_equal(c.n, 6);

    i = weir_build_const(b, &c);
    assert_int_equal(weir_build_const(b, &c), i);

    row[0] = int_const(1);
    row[1] = int_const(2);
    i = weir_build_consts(b, row, 2);
    assert_int_equal(weir_build_consts(b, row, 2), i);

    r = weir_build_refs(b, refs, 3);
    q = weir_build_refs(b, refs, 2);
    assert_int_equal(weir_build_refs(b, refs, 3).first, r.first);
    assert_int_equal(r.count, 3);
    assert_int_equal(q.count, 2);
    assert_int_equal(weir_build_count(b, WEIR_S_REFS), 5);

    r = weir_build_refs(b, NULL, 0);
    assert_int_equal(r.first, 0);
    assert_int_equal(r.count, 0);
}


static void
many_strings_keep_their_index(void **state)
{
    uint32_t         i;
    weir_str_t       s;
    fixture_t       *f;

    f = *state;

    for (i = 0; i < 20000; i++) {
        s = weir_arena_printf(f->arena, "s%u", i % 10000);
        assert_int_equal(weir_build_str(f->b, s), i % 10000);
    }
}


static void
map_keys_are_sorted(void **state)
{
    uint32_t           i, n;
    fixture_t         *f;
    static const int   order[] = { 5, 7, 4, 3, 6, 2, 1, 0 };
    weir_img_const_t   pairs[16], *map, *kv;

    f = *state;

    pairs[0] = weir_build_string(f->b, weir_string("b"));
    pairs[2] = weir_build_string(f->b, weir_string("ab"));
    pairs[4] = weir_build_string(f->b, weir_string("a"));
    pairs[6] = int_const(2);
    pairs[8] = int_const(-1);
    pairs[10] = int_const(0);
    pairs[10].kind = WEIR_T_BOOL;
    pairs[12] = int_const(-1);
    pairs[12].kind = WEIR_T_UINT;       /* the largest */
    pairs[14] = int_const(INT64_MIN);

    for (i = 0; i < 8; i++) {
        pairs[2 * i + 1] = int_const(i);
    }

    n = weir_build_map(f->b, pairs, 8);
    map = weir_build_at(f->b, WEIR_S_CONSTS, n);
    kv = weir_build_at(f->b, WEIR_S_CONSTS, (uint32_t) map->v);

    assert_int_equal(map->kind, WEIR_T_MAP);
    assert_int_equal(map->n, 8);
    assert_true((uint32_t) map->v + 16 <= n);

    for (i = 0; i < 8; i++) {
        assert_int_equal(kv[2 * i + 1].v, order[i]);
    }

    /* the same pairs in any order are the same map */
    pairs[8] = pairs[6];
    pairs[9] = pairs[7];
    pairs[6] = int_const(-1);
    pairs[7] = int_const(4);
    assert_int_equal(weir_build_map(f->b, pairs, 8), n);

    n = weir_build_map(f->b, NULL, 0);
    map = weir_build_at(f->b, WEIR_S_CONSTS, n);
    assert_int_equal(map->n, 0);
    assert_int_equal(map->v, 0);
}


static void
failures_reach_the_writer(void **state)
{
    fixture_t         *f;
    weir_str_t         image;
    weir_builder_t    *b;
    weir_img_const_t   pairs[4];

    f = *state;
    image = weir_string("untouched");

    /* a key twice */
    b = weir_builder_create(f->arena);
    pairs[0] = pairs[1] = pairs[2] = pairs[3] = int_const(1);
    assert_int_equal(weir_build_map(b, pairs, 2), WEIR_NONE);
    assert_int_equal(weir_build_str(b, weir_string("x")), WEIR_NONE);
    assert_int_equal(weir_builder_write(b, &image), WEIR_ERROR);

    /* the same number as int and as uint */
    b = weir_builder_create(f->arena);
    pairs[2].kind = WEIR_T_UINT;
    assert_int_equal(weir_build_map(b, pairs, 2), WEIR_NONE);
    assert_int_equal(weir_builder_write(b, &image), WEIR_ERROR);

    /* a key that is no key */
    b = weir_builder_create(f->arena);
    pairs[0].kind = WEIR_T_DOUBLE;
    assert_int_equal(weir_build_map(b, pairs, 1), WEIR_NONE);
    assert_int_equal(weir_builder_write(b, &image), WEIR_ERROR);

    /* a string beyond the bound, and one at it */
    b = weir_builder_create(f->arena);
    assert_int_not_equal(
        weir_build_str(b, weir_str(weir_arena_alloc(f->arena, 65536), 65535)),
        WEIR_NONE);
    assert_int_equal(
        weir_build_str(b, weir_str(weir_arena_alloc(f->arena, 65536), 65536)),
        WEIR_NONE);
    assert_int_equal(weir_builder_write(b, &image), WEIR_ERROR);

    /* more records than there may be */
    b = weir_builder_create(f->arena);
    assert_int_equal(
        weir_build_records(b, WEIR_S_V6, NULL, WEIR_MAX_IMAGE + 1u),
        WEIR_NONE);
    assert_non_null(weir_build_at(b, WEIR_S_V6, 5));
    assert_int_equal(weir_builder_write(b, &image), WEIR_ERROR);

    assert_string_equal(image.data, "untouched");
}


static void
fill(weir_builder_t *b)
{
    weir_img_policy_t  *policy;

    weir_build_header(b)->name = weir_build_str(b, weir_string("edge"));
    weir_build_header(b)->serial = 42;
    weir_build_records(b, WEIR_S_POLICY, NULL, 1);

    policy = weir_build_at(b, WEIR_S_POLICY, 0);
    policy->unmatched = 404;
}


static void
layout_is_as_the_format_says(void **state)
{
    size_t                       i, j, head;
    uint8_t                      digest[WEIR_SHA256_LEN];
    fixture_t                   *f;
    uint64_t                     end;
    weir_str_t                   image, copy;
    weir_image_header_t         *h;
    const weir_image_section_t  *s;

    f = *state;
    fill(f->b);

    assert_int_equal(weir_builder_write(f->b, &image), WEIR_OK);

    h = (weir_image_header_t *) image.data;
    s = (const weir_image_section_t *) (h + 1);
    head = sizeof(*h) + WEIR_S_ALWAYS * sizeof(*s);

    assert_int_equal((uintptr_t) image.data % 8, 0);
    assert_memory_equal(h->magic, "\x89WEIR\r\n\x1a", 8);
    assert_int_equal(h->major, WEIR_IMAGE_MAJOR);
    assert_int_equal(h->length, image.len);
    assert_int_equal(h->sections, WEIR_S_ALWAYS);
    assert_int_equal(h->serial, 42);

    end = head;

    for (i = 0; i < WEIR_S_ALWAYS; i++) {
        assert_int_equal(s[i].id, i);
        assert_int_equal(s[i].offset, (end + 7) / 8 * 8);
        assert_int_equal(s[i].length % weir_sections[i].size, 0);

        for (j = end; j < s[i].offset; j++) {
            assert_int_equal(image.data[j], 0);
        }

        weir_sha256(weir_str(image.data + s[i].offset, s[i].length), digest);
        assert_memory_equal(digest, s[i].digest, sizeof(digest));
        end = s[i].offset + s[i].length;
    }

    assert_int_equal(end, image.len);

    copy = weir_arena_str(f->arena, weir_str(image.data, head));
    h = (weir_image_header_t *) copy.data;
    memset(h->digest, 0, sizeof(h->digest));
    memset(h->signature, 0, sizeof(h->signature));
    weir_sha256(copy, digest);
    assert_memory_equal(digest,
                        ((const weir_image_header_t *) image.data)->digest,
                        sizeof(digest));
}


static void
zones_are_there_when_there_are_any(void **state)
{
    fixture_t                   *f;
    weir_str_t                   image;
    weir_range_t                 x, y;
    const weir_image_header_t   *h;
    const weir_image_section_t  *s;

    static const weir_img_shift_t  shifts[] = {
        { INT64_MIN, 60, 0 }, { 5, 120, 0 }
    };

    f = *state;
    fill(f->b);
    x = weir_build_shifts(f->b, shifts, 2);
    y = weir_build_shifts(f->b, shifts, 2);
    assert_int_equal(x.first, y.first);
    assert_int_equal(x.count, 2);

    assert_int_equal(weir_builder_write(f->b, &image), WEIR_OK);
    h = (const weir_image_header_t *) image.data;
    s = (const weir_image_section_t *) (h + 1) + WEIR_S_ALWAYS;
    assert_int_equal(h->sections, WEIR_S_ALWAYS + 1);
    assert_int_equal(s->id, WEIR_S_SHIFTS);
    assert_int_equal(s->flags, 0);
    assert_int_equal(s->length, sizeof(shifts));
    assert_memory_equal(image.data + s->offset, shifts, sizeof(shifts));
}


static void
same_calls_same_bytes(void **state)
{
    fixture_t       *f;
    weir_str_t       x, y;
    weir_builder_t  *b;

    f = *state;
    b = weir_builder_create(f->arena);
    fill(f->b);
    fill(b);

    assert_int_equal(weir_builder_write(f->b, &x), WEIR_OK);
    assert_int_equal(weir_builder_write(b, &y), WEIR_OK);
    assert_true(weir_str_eq(x, y));

    /* writing changes nothing */
    assert_int_equal(weir_builder_write(b, &y), WEIR_OK);
    assert_true(weir_str_eq(x, y));

    weir_build_str(b, weir_string("more"));
    assert_int_equal(weir_builder_write(b, &y), WEIR_OK);
    assert_false(weir_str_eq(x, y));
}


#define test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(equal_content_is_stored_once),
        test(many_strings_keep_their_index),
        test(map_keys_are_sorted),
        test(failures_reach_the_writer),
        test(layout_is_as_the_format_says),
        test(zones_are_there_when_there_are_any),
        test(same_calls_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
