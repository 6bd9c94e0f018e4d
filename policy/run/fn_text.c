/*
 * fn_text.c: the extension library strings, but for format().
 *
 * Positions count characters as size() does: bytes that continue none of
 * UTF-8.  In UTF-8 that is code points; what a client sent may be any bytes,
 * and then bytes that continue nothing belong to the character before them,
 * those at the beginning to the first.  Position i of 0 to size() inclusive
 * is a byte, and substring(0, i) + substring(i) is the string.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* memmem */
#endif

#include "base/num.h"
#include "base/utf8.h"
#include "run/fn.h"

#define SEARCH  256             /* bytes of work that one search takes more */


static weir_value_t
too_large(void)
{
    return weir_v_err(WEIR_E_TOO_LARGE);
}


static bool
begins(char c)
{
    return ((uint8_t) c & 0xc0) != 0x80;
}


static int64_t
count(const char *s, uint32_t from, uint32_t to)
{
    int64_t  n;

    for (n = 0; from < to; from++) {
        n += begins(s[from]);
    }

    return n;
}


/* The byte of a position; false: it is out of range. */
static bool
byte_of(const weir_value_t *s, int64_t position, uint32_t *byte)
{
    int64_t   n;
    uint32_t  i;

    if (position <= 0) {
        *byte = 0;
        return position == 0;
    }

    for (n = 0, i = 0; i < s->len; i++) {
        if (begins(s->u.s[i]) && n++ == position) {
            break;
        }
    }

    *byte = i;

    return i < s->len || n == position;
}


static weir_value_t
part(const weir_value_t *s, uint32_t from, uint32_t to)
{
    weir_value_t  v;

    v = *s;
    v.len = to - from;

    if (from > 0) {
        v.u.s += from;
    }

    return v;
}


static weir_value_t
range(weir_eval_t *e, const weir_value_t *s, int64_t from, int64_t to)
{
    uint32_t  start, end;

    if (!weir_work(e, s->len)) {
        return too_large();
    }

    if (from > to || !byte_of(s, from, &start) || !byte_of(s, to, &end)) {
        return weir_v_err(WEIR_E_OUT_OF_RANGE);
    }

    return part(s, start, end);
}


WEIR_FN(SUBSTRING_RANGE)
{
    return range(e, &a[0], a[1].u.i, a[2].u.i);
}


WEIR_FN(SUBSTRING_FROM)
{
    uint32_t  start;

    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    return byte_of(&a[0], a[1].u.i, &start)
               ? part(&a[0], start, a[0].len)
               : weir_v_err(WEIR_E_OUT_OF_RANGE);
}


/* Behind the last one there is none, and no error. */
WEIR_FN(CHAR_AT_INT)
{
    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    if (a[1].u.i == count(a[0].u.s, 0, a[0].len)) {
        return part(&a[0], 0, 0);
    }

    return a[1].u.i < INT64_MAX ? range(e, &a[0], a[1].u.i, a[1].u.i + 1)
                                : weir_v_err(WEIR_E_OUT_OF_RANGE);
}


/* The first place of what, which is not empty, from a byte on. */
static bool
search(const weir_value_t *s, const weir_value_t *what, uint32_t from,
    uint32_t *at)
{
    const char  *p;

    if (what->len > s->len - from) {
        return false;
    }

    p = what->len == 1
        ? memchr(s->u.s + from, what->u.s[0], s->len - from)
        : memmem(s->u.s + from, s->len - from, what->u.s, what->len);

    if (p == NULL) {
        return false;
    }

    *at = (uint32_t) (p - s->u.s);

    return true;
}


static weir_value_t
index_of(weir_eval_t *e, const weir_value_t *a, int64_t from)
{
    uint32_t  start, at;

    if (!weir_work(e, (size_t) a[0].len + a[1].len)) {
        return too_large();
    }

    if (!byte_of(&a[0], from, &start)) {
        return weir_v_err(WEIR_E_OUT_OF_RANGE);
    }

    if (a[1].len == 0) {
        return weir_v_int(from);
    }

    if (!search(&a[0], &a[1], start, &at)) {
        return weir_v_int(-1);
    }

    /* bytes that continue a character are found where none is before */
    if (!begins(a[1].u.s[0]) && at != 0) {
        return weir_v_int(-1);
    }

    return weir_v_int(from + count(a[0].u.s, start, at));
}


WEIR_FN(INDEX_OF_S)
{
    return index_of(e, a, 0);
}


WEIR_FN(INDEX_OF_FROM)
{
    return index_of(e, a, a[2].u.i);
}


/* The last place that begins at a byte or before it; work is counted. */
static weir_value_t
last_before(weir_eval_t *e, const weir_value_t *a, uint32_t byte)
{
    uint32_t  i;

    if (a[1].len > a[0].len) {
        return weir_v_int(-1);
    }

    i = a[0].len - a[1].len;
    i = (i < byte ? i : byte) + 1;

    while (i-- > 0) {

        if (a[0].u.s[i] != a[1].u.s[0] || (i > 0 && !begins(a[0].u.s[i]))) {
            continue;
        }

        if (!weir_work(e, a[1].len)) {
            return too_large();
        }

        if (memcmp(a[0].u.s + i, a[1].u.s, a[1].len) == 0) {
            return weir_v_int(count(a[0].u.s, 0, i));
        }
    }

    return weir_v_int(-1);
}


WEIR_FN(LAST_INDEX_OF_S)
{
    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    return a[1].len == 0 ? weir_v_int(count(a[0].u.s, 0, a[0].len))
                         : last_before(e, a, a[0].len);
}


WEIR_FN(LAST_INDEX_OF_FROM)
{
    uint32_t  byte;

    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    if (!byte_of(&a[0], a[2].u.i, &byte)) {
        return weir_v_err(WEIR_E_OUT_OF_RANGE);
    }

    return a[1].len == 0 ? a[2] : last_before(e, a, byte);
}


/*
 * Where the next separator is, from a byte on: an empty one between two
 * characters.
 */
static bool
next_cut(weir_eval_t *e, const weir_value_t *s, const weir_value_t *sep,
    uint32_t from, uint32_t *at)
{
    if (sep->len > 0) {
        return weir_work(e, SEARCH) && search(s, sep, from, at);
    }

    if (from >= s->len) {
        return false;
    }

    do {
        from++;
    } while (from < s->len && !begins(s->u.s[from]));

    *at = from;

    return from < s->len;
}


/* A text is cut into as many pieces as a limit allows; negative: all. */
static weir_value_t
split(weir_eval_t *e, const weir_value_t *a, int64_t limit)
{
    uint32_t       i, n, from, at;
    weir_value_t  *items;

    if (limit == 0 || (a[0].len == 0 && a[1].len == 0)) {
        return (weir_value_t) { .kind = WEIR_T_LIST };
    }

    if (!weir_work(e, (size_t) a[0].len + a[1].len)) {
        return too_large();
    }

    from = 0;

    for (n = 1; n != limit && next_cut(e, &a[0], &a[1], from, &at); n++) {
        from = at + a[1].len;

        if (n == WEIR_MAX_LIST) {
            return too_large();
        }
    }

    items = weir_scratch(e, n * sizeof(weir_value_t));

    if (items == NULL || !weir_work(e, (size_t) a[0].len + n * 16)) {
        return too_large();
    }

    from = 0;

    for (i = 0; i + 1 < n && next_cut(e, &a[0], &a[1], from, &at); i++) {
        items[i] = part(&a[0], from, at);
        from = at + a[1].len;
    }

    /* it ended before its time */
    if (i + 1 < n) {
        return too_large();
    }

    items[i] = part(&a[0], from, a[0].len);

    return (weir_value_t) { .kind = WEIR_T_LIST, .len = n, .u.items = items };
}


WEIR_FN(SPLIT_ALL)
{
    return split(e, a, -1);
}


WEIR_FN(SPLIT_N)
{
    return split(e, a, a[2].u.i);
}


/* Where the next text to replace is: an empty one around each character. */
static bool
next_old(weir_eval_t *e, const weir_value_t *s, const weir_value_t *old,
    uint32_t from, bool first, uint32_t *at)
{
    if (old->len > 0) {
        return next_cut(e, s, old, from, at);
    }

    if (first) {
        *at = 0;
        return true;
    }

    if (from >= s->len) {
        return false;
    }

    if (!next_cut(e, s, old, from, at)) {
        *at = s->len;
    }

    return true;
}


static char *
put(char *p, const weir_value_t *s, uint32_t from, uint32_t to)
{
    if (to > from) {
        memcpy(p, s->u.s + from, to - from);
    }

    return p + (to - from);
}


/* a: text, old, new */
static weir_value_t
replace(weir_eval_t *e, const weir_value_t *a, int64_t limit)
{
    char     *p, *start;
    size_t    len;
    uint32_t  i, n, from, at;

    if (!weir_work(e, (size_t) a[0].len + a[1].len)) {
        return too_large();
    }

    from = 0;

    for (n = 0; n != limit && next_old(e, &a[0], &a[1], from, n == 0, &at);
         n++)
    {
        from = at + a[1].len;
    }

    /* none, or no more work was allowed */
    if (n == 0) {
        return weir_work(e, 0) ? a[0] : too_large();
    }

    /* every one was found, so the text is as long as all of them */
    if (!weir_mul((size_t) n, (size_t) a[2].len, &len)
        || !weir_add(len, a[0].len - (size_t) n * a[1].len, &len)
        || len > WEIR_MAX_SCRATCH)
    {
        return too_large();
    }

    start = weir_scratch(e, len);

    if (start == NULL || !weir_work(e, a[0].len + len)) {
        return too_large();
    }

    p = start;
    from = 0;

    for (i = 0; i < n; i++) {

        if (!next_old(e, &a[0], &a[1], from, i == 0, &at)) {
            return too_large();
        }

        p = put(p, &a[0], from, at);
        p = put(p, &a[2], 0, a[2].len);
        from = at + a[1].len;
    }

    put(p, &a[0], from, a[0].len);

    return weir_v_str(weir_str(start, len));
}


WEIR_FN(REPLACE_ALL)
{
    return replace(e, a, -1);
}


WEIR_FN(REPLACE_N)
{
    return replace(e, a, a[3].u.i);
}


/* The length together, of strings alone. */
static weir_eval_error_t
joined_len(weir_eval_t *e, const weir_value_t *list, const weir_value_t *sep,
    size_t *len)
{
    uint32_t      i;
    weir_value_t  v;

    *len = 0;

    for (i = 0; i < list->len; i++) {
        weir_list_at(e, list, i, &v);

        if (v.kind != WEIR_T_STRING) {
            return WEIR_E_NO_SUCH_OVERLOAD;
        }

        *len += v.len + (i > 0 ? (size_t) sep->len : 0);

        if (*len > WEIR_MAX_SCRATCH) {
            return WEIR_E_TOO_LARGE;
        }
    }

    return WEIR_E_NONE;
}


static weir_value_t
join(weir_eval_t *e, const weir_value_t *list, const weir_value_t *sep)
{
    char               *p, *start;
    size_t              len;
    uint32_t            i;
    weir_value_t        v;
    weir_eval_error_t   error;

    if (!weir_work(e, (size_t) list->len * 32)) {
        return too_large();
    }

    error = joined_len(e, list, sep, &len);

    if (error != WEIR_E_NONE) {
        return weir_v_err(error);
    }

    start = weir_scratch(e, len);

    if (start == NULL || !weir_work(e, len)) {
        return too_large();
    }

    p = start;

    for (i = 0; i < list->len; i++) {
        weir_list_at(e, list, i, &v);

        if (i > 0) {
            p = put(p, sep, 0, sep->len);
        }

        p = put(p, &v, 0, v.len);
    }

    return weir_v_str(weir_str(start, len));
}


WEIR_FN(JOIN_LIST)
{
    weir_value_t  none;

    none = weir_v_str(weir_string(""));

    return join(e, &a[0], &none);
}


WEIR_FN(JOIN_SEP)
{
    return join(e, &a[0], &a[1]);
}


/* White space of Unicode. */
static bool
is_space(int32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0d) || cp == 0x20 || cp == 0x85
           || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a)
           || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f
           || cp == 0x3000;
}


/* The code point that ends at end; -1: it is none. */
static int32_t
last_code_point(const char *start, const char *end, const char **from)
{
    int32_t      cp;
    const char  *p, *next;

    p = end - 1;

    while (p > start && end - p < 4 && !begins(*p)) {
        p--;
    }

    next = p;
    cp = weir_utf8_next(&next, end);
    *from = p;

    return next == end ? cp : -1;
}


WEIR_FN(TRIM_S)
{
    const char  *start, *end, *p;

    if (a[0].len == 0) {
        return a[0];
    }

    if (!weir_work(e, a[0].len)) {
        return too_large();
    }

    start = a[0].u.s;
    end = start + a[0].len;

    for (p = start; p < end && is_space(weir_utf8_next(&p, end)); ) {
        start = p;
    }

    while (end > start && is_space(last_code_point(start, end, &p))) {
        end = p;
    }

    return weir_v_str(weir_str(start, (size_t) (end - start)));
}


WEIR_FN(REVERSE_S)
{
    char         *p;
    uint32_t      from, at;
    weir_value_t  none;

    p = weir_scratch(e, a[0].len);

    if (p == NULL || !weir_work(e, a[0].len)) {
        return too_large();
    }

    none = weir_v_str(weir_string(""));
    p += a[0].len;

    for (from = 0; from < a[0].len; from = at) {

        if (!next_cut(e, &a[0], &none, from, &at)) {
            at = a[0].len;
        }

        p -= at - from;
        put(p, &a[0], from, at);
    }

    return weir_v_str(weir_str(p, a[0].len));
}


/* The letter behind a backslash; 0: it is written as it is. */
static char
escape(int32_t cp)
{
    switch (cp) {
    case '\a':  return 'a';
    case '\b':  return 'b';
    case '\f':  return 'f';
    case '\n':  return 'n';
    case '\r':  return 'r';
    case '\t':  return 't';
    case '\v':  return 'v';
    case '\\':  return '\\';
    case '"':   return '"';
    default:    return 0;
    }
}


/* Into out, or nowhere; what is not UTF-8 becomes U+FFFD byte by byte. */
static size_t
quote(const weir_value_t *s, char *out)
{
    char         c, text[4];
    size_t       n, len;
    int32_t      cp;
    const char  *p, *end;

    p = s->u.s;
    end = s->len > 0 ? p + s->len : p;
    len = 0;

    while (p < end) {
        cp = weir_utf8_next(&p, end);

        if (cp < 0) {
            cp = 0xfffd;
            p++;
        }

        c = escape(cp);
        text[0] = '\\';
        text[1] = c;
        n = c ? 2 : weir_utf8_put(text, (uint32_t) cp);

        if (out != NULL) {
            memcpy(out + len, text, n);
        }

        len += n;
    }

    return len;
}


WEIR_FN(QUOTE_S)
{
    char    *p;
    size_t   len;

    if (!weir_work(e, (size_t) a[0].len * 2)) {
        return too_large();
    }

    len = quote(&a[0], NULL) + 2;
    p = weir_scratch(e, len);

    if (p == NULL || !weir_work(e, len)) {
        return too_large();
    }

    p[0] = '"';
    quote(&a[0], p + 1);
    p[len - 1] = '"';

    return weir_v_str(weir_str(p, len));
}
