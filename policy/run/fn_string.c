/*
 * fn_string.c: strings and bytes.
 *
 * Strings of the policy are UTF-8; what a client sent may be any bytes, so
 * nothing here may rest on it.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* memmem */
#endif

#include "run/fn.h"
#include "run/regex.h"


static weir_value_t
too_large(void)
{
    return weir_v_err(WEIR_E_TOO_LARGE);
}


static weir_value_t
concat(weir_eval_t *e, const weir_value_t *a)
{
    char          *p;
    weir_value_t   out;

    if (a[1].len == 0) {
        return a[0];
    }

    if (a[0].len == 0) {
        return a[1];
    }

    p = weir_scratch(e, (size_t) a[0].len + a[1].len);

    if (p == NULL || !weir_work(e, (size_t) a[0].len + a[1].len)) {
        return too_large();
    }

    memcpy(p, a[0].u.s, a[0].len);
    memcpy(p + a[0].len, a[1].u.s, a[1].len);

    out = a[0];
    out.len += a[1].len;
    out.u.s = p;

    return out;
}


WEIR_FN(ADD_STRING)
{
    return concat(e, a);
}


WEIR_FN(ADD_BYTES)
{
    return concat(e, a);
}


/* Code points; in what is not UTF-8, bytes that continue none. */
WEIR_FN(SIZE_STRING)
{
    int64_t   n;
    uint32_t  i;

    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    n = 0;

    for (i = 0; i < a[0].len; i++) {
        n += ((uint8_t) a[0].u.s[i] & 0xc0) != 0x80;
    }

    return weir_v_int(n);
}


WEIR_FN(M_SIZE_STRING)
{
    return weir_fn_SIZE_STRING(e, a);
}


WEIR_FN(SIZE_BYTES)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].len);
}


WEIR_FN(M_SIZE_BYTES)
{
    return weir_fn_SIZE_BYTES(e, a);
}


WEIR_FN(CONTAINS_STRING)
{
    if (a[1].len == 0) {
        return weir_v_bool(true);
    }

    if (a[1].len > a[0].len) {
        return weir_v_bool(false);
    }

    if (!weir_work(e, (size_t) a[0].len + a[1].len)) {
        return too_large();
    }

    return weir_v_bool(memmem(a[0].u.s, a[0].len, a[1].u.s, a[1].len)
                       != NULL);
}


WEIR_FN(STARTS_WITH_S)
{
    if (!weir_work(e, a[1].len)) {
        return too_large();
    }

    return weir_v_bool(weir_str_starts(weir_v_text(&a[0]),
                                       weir_v_text(&a[1])));
}


WEIR_FN(ENDS_WITH_S)
{
    if (!weir_work(e, a[1].len)) {
        return too_large();
    }

    return weir_v_bool(weir_str_ends(weir_v_text(&a[0]), weir_v_text(&a[1])));
}


/* Patterns are compiled before a request comes: this one is known too late. */
WEIR_FN(MATCHES_S)
{
    WEIR_UNUSED(e);
    WEIR_UNUSED(a);
    return weir_v_err(WEIR_E_INVALID_ARGUMENT);
}


WEIR_FN(M_MATCHES_S)
{
    return weir_fn_MATCHES_S(e, a);
}


WEIR_FN(MATCHES_RE)
{
    uint32_t   had, left;
    weir_rc_t  rc;

    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    had = WEIR_MAX_WORK - e->work;

    if (had > WEIR_MAX_MATCHING - e->matching) {
        had = WEIR_MAX_MATCHING - e->matching;
    }

    left = had;
    rc = weir_regex_match_within(e->image->regex[a[1].u.index],
                                 weir_v_text(&a[0]), &left);
    e->work += had - left;
    e->matching += had - left;

    return rc == WEIR_ERROR ? weir_v_err(WEIR_E_MATCH_LIMIT)
                            : weir_v_bool(rc == WEIR_OK);
}


WEIR_FN(M_MATCHES_RE)
{
    return weir_fn_MATCHES_RE(e, a);
}


/* Flips the case of the ASCII letters from first to first + 25. */
static weir_value_t
change_case(weir_eval_t *e, const weir_value_t *a, uint8_t first)
{
    char          *p;
    uint32_t       i;
    weir_value_t   out;

    if (!weir_work(e, a->len)) {
        return too_large();
    }

    for (i = 0; i < a->len; i++) {
        if ((uint8_t) ((uint8_t) a->u.s[i] - first) < 26) {
            break;
        }
    }

    if (i == a->len) {
        return *a;
    }

    p = weir_scratch(e, a->len);
    if (p == NULL) {
        return too_large();
    }

    for (i = 0; i < a->len; i++) {
        p[i] = a->u.s[i];

        if ((uint8_t) ((uint8_t) p[i] - first) < 26) {
            p[i] ^= 0x20;
        }
    }

    out = *a;
    out.u.s = p;

    return out;
}


WEIR_FN(LOWER_ASCII_S)
{
    return change_case(e, a, 'A');
}


WEIR_FN(UPPER_ASCII_S)
{
    return change_case(e, a, 'a');
}
