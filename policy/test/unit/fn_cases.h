/*
 * fn_cases.h: tables of calls of functions with what they give, and the ways
 * to go through them.
 *
 * Texts are handed over in memory of just their size, so that ASan sees a
 * byte too far, and an empty one as a host may have it: nowhere.
 */

#ifndef WEIR_TEST_FN_CASES_H
#define WEIR_TEST_FN_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "test/kit.h"
#include "test/show.h"

#define V(kind_, n, field, v)                                                 \
    { .kind = WEIR_T_##kind_, .len = (uint32_t) (n), .u.field = (v) }
#define B(v)         V(BOOL, 0, b, v)
#define I(v)         V(INT, 0, i, v)
#define U(v)         V(UINT, 0, u, v)
#define D(v)         V(DOUBLE, 0, d, v)
#define S(v)         V(STRING, sizeof(v) - 1, s, v)
#define X(v)         V(BYTES, sizeof(v) - 1, s, v)
#define NUL          V(NULL, 0, i, 0)
#define T(sec, ns)   V(TIMESTAMP, ns, i, sec)
#define P(sec, ns)   V(DURATION, ns, i, sec)
#define TY(kind_)    V(TYPE, 0, i, WEIR_T_##kind_)
#define IP(v)        V(IP, 0, ip, &(v))
#define CIDR(v, n)   V(CIDR, n, ip, &(v))
#define L(a)         V(LIST, N_OF(a), items, a)
#define M(a)         V(MAP, N_OF(a) / 2, items, a)
#define O(a)         V(OPTIONAL, 1, items, &(a))
#define NONE         V(OPTIONAL, 0, items, NULL)

#define NAN_   __builtin_nan("")
#define INF_   __builtin_inf()

#define C(fn, want, ...)  { WEIR_FN_##fn, { __VA_ARGS__ }, want },

typedef struct {
    unsigned      fn;
    weir_value_t  a[4];
    const char   *want;
} fn_case_t;

typedef struct {
    weir_eval_t        *eval;
    const fn_case_t    *cases;
    size_t              n;
    void              (*place)(weir_value_t *v);    /* or NULL */
    void               *texts[4];
} fn_cases_t;


static inline void
fn_cases_args(fn_cases_t *t, size_t i, weir_value_t a[4])
{
    unsigned  k;

    memcpy(a, t->cases[i].a, 4 * sizeof(weir_value_t));

    for (k = 0; k < 4; k++) {
        t->texts[k] = NULL;

        if (t->place != NULL) {
            t->place(&a[k]);
        }

        if (a[k].kind == WEIR_T_STRING || a[k].kind == WEIR_T_BYTES) {
            t->texts[k] = a[k].len > 0 ? malloc(a[k].len) : NULL;

            if (a[k].len > 0) {
                memcpy(t->texts[k], a[k].u.s, a[k].len);
            }

            a[k].u.s = t->texts[k];
        }
    }
}


static inline void
fn_cases_free(fn_cases_t *t)
{
    unsigned  k;

    for (k = 0; k < 4; k++) {
        free(t->texts[k]);
    }
}


static inline void
fn_cases_run(fn_cases_t *t)
{
    size_t        i;
    shown_t       got;
    unsigned      failed, fn;
    weir_value_t  a[4], v;

    failed = 0;

    for (i = 0; i < t->n; i++) {
        fn = t->cases[i].fn;
        fn_cases_args(t, i, a);

        t->eval->used = t->eval->work = 0;
        v = weir_fn_impls[fn](t->eval, a);

        got.len = 0;
        show(&got, t->eval, &v, 8);

        if (strcmp(got.text, t->cases[i].want) != 0) {
            print_error("case %zu, %s: %s, not %s\n", i, weir_fns[fn].id,
                        got.text, t->cases[i].want);
            failed++;
        }

        /* its row says what it gives */
        if (v.kind != WEIR_T_ERR && weir_fns[fn].result != WEIR_T_DYN
            && weir_fns[fn].result != v.kind)
        {
            print_error("%s gives %s\n", weir_fns[fn].id,
                        weir_kind_name(v.kind));
            failed++;
        }

        fn_cases_free(t);
    }

    assert_int_equal(failed, 0);
}


/* Every function from first to last has a case. */
static inline void
fn_cases_cover(const fn_cases_t *t, unsigned first, unsigned last)
{
    size_t    k;
    unsigned  fn;

    for (fn = first; fn <= last; fn++) {
        for (k = 0; k < t->n && t->cases[k].fn != fn; k++) {
            /* look on */
        }

        if (k == t->n) {
            fail_msg("%s has no case", weir_fns[fn].id);
        }
    }
}


/* Without scratch: too large, and nothing written. */
static inline void
fn_cases_no_scratch(fn_cases_t *t)
{
    size_t        i;
    uint32_t      left, scratch;
    weir_value_t  a[4], v;

    scratch = t->eval->image->header->scratch;

    for (i = 0; i < t->n; i++) {
        fn_cases_args(t, i, a);

        for (left = 0; left < 64; left += 8) {
            t->eval->used = scratch - left;
            t->eval->work = 0;
            v = weir_fn_impls[t->cases[i].fn](t->eval, a);

            assert_true(t->eval->used <= scratch);
            assert_true(v.kind != WEIR_T_UNSET);
        }

        fn_cases_free(t);
    }
}


/* Without steps left: how many functions stop, as those do that can grow. */
static inline size_t
fn_cases_no_work(fn_cases_t *t)
{
    size_t        i, stopped;
    weir_value_t  a[4], v;

    stopped = 0;

    for (i = 0; i < t->n; i++) {
        fn_cases_args(t, i, a);

        t->eval->used = 0;
        t->eval->work = WEIR_MAX_WORK;
        v = weir_fn_impls[t->cases[i].fn](t->eval, a);
        stopped += v.kind == WEIR_T_ERR && v.len == WEIR_E_TOO_LARGE;

        fn_cases_free(t);
    }

    t->eval->work = 0;

    return stopped;
}


/* An image with nothing in it but scratch. */
static inline void
fn_cases_open(kit_t *kit, weir_image_t *image, weir_eval_t *eval)
{
    weir_str_t      bytes;
    weir_refusal_t  why;

    kit_open(kit);
    bytes = kit_write(kit);

    if (weir_image_verify((const uint8_t *) bytes.data, bytes.len, NULL, &why)
        != WEIR_OK
        || weir_image_open(image, (const uint8_t *) bytes.data, kit->arena,
                           &why)
           != WEIR_OK)
    {
        fail_msg("%s", why.text);
    }

    weir_eval_init(eval, image,
                   weir_arena_alloc(kit->arena, weir_eval_size(image)));
    eval->host = &kit_host;
}

#endif
