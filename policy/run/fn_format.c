/*
 * fn_format.c: "...".format(list), the text of values.
 *
 * Text grows in the unused part of the request's scratch, and is allotted
 * when it is whole.  Where the functions of conversion allot text of their
 * own, they do so behind it, and what they said is moved to its end.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "image/verbs.h"
#include "run/fn.h"

#define NUMBER_LEN  (320 + WEIR_MAX_PRECISION)      /* of %f */
#define COMPARE     48          /* bytes of work that a comparison is beside */
#define DIGITS      1920        /* bytes of work that finding the digits of
                                   a double is, and each of them */
#define DIGIT       16

typedef struct {
    weir_eval_t        *e;
    uint32_t            start;      /* of the text, in the scratch */
    uint32_t            len;
    weir_eval_error_t   error;
} sink_t;


static bool
failed(sink_t *out, weir_eval_error_t error)
{
    out->error = error;

    return false;
}


static bool
put(sink_t *out, const char *s, size_t n)
{
    char  *p;

    if (n > out->e->image->header->scratch - out->start - out->len
        || !weir_work(out->e, n))
    {
        return failed(out, WEIR_E_TOO_LARGE);
    }

    p = out->e->scratch + out->start + out->len;

    if (n > 0) {
        memmove(p, s, n);
    }

    out->len += (uint32_t) n;

    return true;
}


static bool
put_str(sink_t *out, weir_str_t s)
{
    return put(out, s.data, s.len);
}


/* The digits of a double: to find them takes longer than to copy them. */
static bool
put_digits(sink_t *out, const char *s, size_t n)
{
    if (!weir_work(out->e, DIGITS + DIGIT * n)) {
        return failed(out, WEIR_E_TOO_LARGE);
    }

    return put(out, s, n);
}


static bool
put_hex(sink_t *out, const weir_value_t *v, bool upper)
{
    char         two[2];
    uint8_t      c;
    uint32_t     i;
    const char  *digits;

    digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (i = 0; i < v->len; i++) {
        c = (uint8_t) v->u.s[i];
        two[0] = digits[c >> 4];
        two[1] = digits[c & 15];

        if (!put(out, two, 2)) {
            return false;
        }
    }

    return true;
}


/* INT, UINT or BOOL to a base that is a power of two. */
static bool
put_bits(sink_t *out, const weir_value_t *v, unsigned shift, bool upper)
{
    bool         minus;
    char         text[72], *p;
    uint64_t     n;
    const char  *digits;

    digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    minus = v->kind == WEIR_T_INT && v->u.i < 0;

    n = v->kind == WEIR_T_BOOL ? v->u.b : v->u.u;
    n = minus ? 0 - n : n;
    p = text + sizeof(text);

    do {
        *--p = digits[n & ((1u << shift) - 1)];
        n >>= shift;
    } while (n != 0);

    if (minus) {
        *--p = '-';
    }

    return put(out, p, (size_t) (text + sizeof(text) - p));
}


/* What no digits tell; empty: a number. */
static weir_str_t
special(double d)
{
    if (isnan(d)) {
        return weir_string("NaN");
    }

    if (isinf(d)) {
        return d < 0 ? weir_string("-Infinity") : weir_string("Infinity");
    }

    return weir_string("");
}


static bool
put_double(sink_t *out, double d)
{
    char        text[WEIR_DOUBLE_STRLEN];
    weir_str_t  s;

    s = special(d);

    return s.len > 0 ? put_str(out, s)
                     : put_digits(out, text,
                                  weir_double_print(d, true, text));
}


static bool
put_number(sink_t *out, const weir_value_t *v)
{
    int   n;
    char  text[24];

    if (v->kind == WEIR_T_DOUBLE) {
        return put_double(out, v->u.d);
    }

    n = v->kind == WEIR_T_INT
        ? snprintf(text, sizeof(text), "%" PRId64, v->u.i)
        : snprintf(text, sizeof(text), "%" PRIu64, v->u.u);

    return put(out, text, (size_t) n);
}


/* %f and %e */
static bool
put_precise(sink_t *out, const weir_value_t *v, const weir_verb_t *verb)
{
    int         n, precision;
    char        text[NUMBER_LEN];
    double      d;
    weir_str_t  s;

    d = v->kind == WEIR_T_INT ? (double) v->u.i
        : v->kind == WEIR_T_UINT ? (double) v->u.u : v->u.d;
    s = special(d);

    if (s.len > 0) {
        return put_str(out, s);
    }

    precision = (int) verb->precision;
    n = verb->letter == 'f'
        ? snprintf(text, sizeof(text), "%.*f", precision, d)
        : snprintf(text, sizeof(text), "%.*e", precision, d);

    return put_digits(out, text, (size_t) n);
}


/* What a function makes of a value, in the scratch behind the text. */
static bool
put_made(sink_t *out, const weir_value_t *v, weir_fn_impl_t make)
{
    uint32_t      used, end;
    weir_value_t  text;

    used = out->e->used;
    end = (out->start + out->len + 7) & ~UINT32_C(7);

    if (end > out->e->image->header->scratch) {
        return failed(out, WEIR_E_TOO_LARGE);
    }

    out->e->used = end;
    text = make(out->e, v);
    out->e->used = used;

    if (text.kind == WEIR_T_ERR) {
        return failed(out, (weir_eval_error_t) text.len);
    }

    return put_str(out, weir_v_text(&text));
}


static bool put_value(sink_t *out, const weir_value_t *v, unsigned depth);


static bool
put_list(sink_t *out, const weir_value_t *list, unsigned depth)
{
    uint32_t      i;
    weir_value_t  v;

    if (!put(out, "[", 1)) {
        return false;
    }

    for (i = 0; i < list->len; i++) {
        weir_list_at(out->e, list, i, &v);

        if ((i > 0 && !put(out, ", ", 2)) || !put_value(out, &v, depth)) {
            return false;
        }
    }

    return put(out, "]", 1);
}


/* The text of a key; keys other than strings are short. */
static weir_str_t
key_text(const weir_value_t *key, char buf[24])
{
    int  n;

    switch (key->kind) {

    case WEIR_T_STRING:
        return weir_v_text(key);

    case WEIR_T_BOOL:
        return key->u.b ? weir_string("true") : weir_string("false");

    case WEIR_T_INT:
        n = snprintf(buf, 24, "%" PRId64, key->u.i);
        return weir_str(buf, (size_t) n);

    default:
        n = snprintf(buf, 24, "%" PRIu64, key->u.u);
        return weir_str(buf, (size_t) n);
    }
}


/* Where entry x goes: behind y is > 0; by the text of keys, then by place. */
static int
compare_entries(sink_t *out, const weir_value_t *map, uint16_t x, uint16_t y)
{
    int           order;
    char          buf[2][24];
    weir_str_t    s[2];
    weir_value_t  key[2], value;

    weir_map_at(out->e, map, x, &key[0], &value);
    weir_map_at(out->e, map, y, &key[1], &value);
    s[0] = key_text(&key[0], buf[0]);
    s[1] = key_text(&key[1], buf[1]);

    if (!weir_work(out->e, COMPARE + s[0].len)) {
        out->error = WEIR_E_TOO_LARGE;
    }

    order = weir_str_cmp(s[0], s[1]);

    return order != 0 ? order : (x > y) - (x < y);
}


/* Shell's sort: in place, and quick enough for what a map may hold. */
static bool
sort_entries(sink_t *out, const weir_value_t *map, uint16_t *order)
{
    uint16_t  held;
    uint32_t  i, k, at, gap;

    static const uint16_t  gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };

    for (i = 0; i < map->len; i++) {
        order[i] = (uint16_t) i;
    }

    for (k = 0; k < sizeof(gaps) / sizeof(gaps[0]); k++) {
        gap = gaps[k];

        for (i = gap; i < map->len && out->error == WEIR_E_NONE; i++) {
            held = order[i];

            for (at = i; at >= gap; at -= gap) {

                if (compare_entries(out, map, order[at - gap], held) <= 0) {
                    break;
                }

                order[at] = order[at - gap];
            }

            order[at] = held;
        }
    }

    return out->error == WEIR_E_NONE;
}


static bool
put_map(sink_t *out, const weir_value_t *map, unsigned depth)
{
    uint16_t      order[WEIR_MAX_LIST];
    uint32_t      i;
    weir_value_t  key, value;

    if (map->len > WEIR_MAX_LIST) {
        return failed(out, WEIR_E_TOO_LARGE);
    }

    if (!sort_entries(out, map, order) || !put(out, "{", 1)) {
        return false;
    }

    for (i = 0; i < map->len; i++) {
        weir_map_at(out->e, map, order[i], &key, &value);

        if ((i > 0 && !put(out, ", ", 2)) || !put_value(out, &key, depth)
            || !put(out, ": ", 2) || !put_value(out, &value, depth))
        {
            return false;
        }
    }

    return put(out, "}", 1);
}


/* %s */
static bool
put_value(sink_t *out, const weir_value_t *v, unsigned depth)
{
    if (!weir_verb_takes('s', v->kind)) {
        return failed(out, WEIR_E_NO_SUCH_OVERLOAD);
    }

    if (depth == WEIR_MAX_VALUE_DEPTH) {
        return failed(out, WEIR_E_TOO_LARGE);
    }

    switch (v->kind) {

    case WEIR_T_NULL:
        return put_str(out, weir_string("null"));

    case WEIR_T_BOOL:
        return put_str(out, v->u.b ? weir_string("true")
                                   : weir_string("false"));

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return put_str(out, weir_v_text(v));

    case WEIR_T_LIST:
        return put_list(out, v, depth + 1);

    case WEIR_T_MAP:
        return put_map(out, v, depth + 1);

    case WEIR_T_TIMESTAMP:
        return put_made(out, v, weir_fn_STRING_TIMESTAMP);

    case WEIR_T_DURATION:
        return put_made(out, v, weir_fn_STRING_DURATION);

    case WEIR_T_IP:
        return put_made(out, v, weir_fn_STRING_IP);

    case WEIR_T_CIDR:
        return put_made(out, v, weir_fn_STRING_CIDR);

    case WEIR_T_TYPE:
        return put_str(out, weir_cstr(weir_kind_name((unsigned) v->u.i)));

    default:
        return put_number(out, v);
    }
}


static bool
put_clause(sink_t *out, const weir_verb_t *verb, const weir_value_t *v)
{
    bool  upper;

    if (!weir_verb_takes(verb->letter, v->kind)) {
        return failed(out, WEIR_E_NO_SUCH_OVERLOAD);
    }

    upper = verb->letter == 'X';

    switch (verb->letter) {

    case 's':
        return put_value(out, v, 0);

    case 'd':
        return put_number(out, v);

    case 'f':
    case 'e':
        return put_precise(out, v, verb);

    case 'b':
        return put_bits(out, v, 1, false);

    case 'o':
        return put_bits(out, v, 3, false);

    default:
        return v->kind == WEIR_T_STRING || v->kind == WEIR_T_BYTES
                   ? put_hex(out, v, upper) : put_bits(out, v, 4, upper);
    }
}


static bool
put_all(sink_t *out, weir_str_t format, const weir_value_t *list)
{
    uint32_t      used;
    const char   *p, *end, *percent;
    weir_verb_t   verb;
    weir_value_t  v;

    used = 0;
    p = format.data;
    end = format.len > 0 ? p + format.len : p;

    while (p < end) {
        percent = memchr(p, '%', (size_t) (end - p));
        percent = percent != NULL ? percent : end;

        if (!put(out, p, (size_t) (percent - p))) {
            return false;
        }

        p = percent;

        if (p == end) {
            break;
        }

        if (weir_verb_read(&p, end, &verb) != WEIR_OK) {
            return failed(out, WEIR_E_INVALID_ARGUMENT);
        }

        if (verb.letter == '%') {
            if (!put(out, "%", 1)) {
                return false;
            }

            continue;
        }

        if (used == list->len) {
            return failed(out, WEIR_E_OUT_OF_RANGE);
        }

        weir_list_at(out->e, list, used++, &v);

        if (!put_clause(out, &verb, &v)) {
            return false;
        }
    }

    return true;
}


WEIR_FN(FORMAT_LIST)
{
    char    *p;
    sink_t   out;

    out.e = e;
    out.start = e->used;
    out.len = 0;
    out.error = WEIR_E_NONE;

    if (!put_all(&out, weir_v_text(&a[0]), &a[1])) {
        return weir_v_err(out.error);
    }

    p = weir_scratch(e, out.len);

    return p != NULL ? weir_v_str(weir_str(p, out.len))
                     : weir_v_err(WEIR_E_TOO_LARGE);
}
