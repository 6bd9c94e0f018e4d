/*
 * fn_convert.c: conversions between kinds, as CEL's text forms have them.
 *
 * A number that its text cannot hold exactly is an error, but for doubles,
 * which round.  Text forms of numbers are those of Go, where CEL comes from.
 */

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/utf8.h"
#include "run/fn.h"

#define MAX_DOUBLE_TEXT  400    /* no double needs more digits to be told */
#define DIGITS           17     /* that tell any double */
#define MIN_EXPONENT     6      /* that is written as one; and below -4 */


static weir_value_t
bad_conversion(void)
{
    return weir_v_err(WEIR_E_CONVERSION);
}


static weir_value_t
copied(weir_eval_t *e, const char *text, size_t len)
{
    char  *p;

    p = weir_scratch(e, len);
    if (p == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    memcpy(p, text, len);

    return weir_v_str(weir_str(p, len));
}


#define SAME(id)                                                              \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return a[0];                                                          \
    }

SAME(BOOL_BOOL)
SAME(INT_INT)
SAME(UINT_UINT)
SAME(DOUBLE_DOUBLE)
SAME(STRING_STRING)
SAME(BYTES_BYTES)
SAME(DYN_ANY)


WEIR_FN(BOOL_STRING)
{
    unsigned    i;
    weir_str_t  s;

    static const char *const  words[] = {
        "true", "TRUE", "True", "t", "T", "1",
        "false", "FALSE", "False", "f", "F", "0"
    };

    WEIR_UNUSED(e);
    s = weir_v_text(&a[0]);

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (weir_str_eq(s, weir_cstr(words[i]))) {
            return weir_v_bool(i < 6);
        }
    }

    return bad_conversion();
}


/* Decimal digits, at least one, and nothing else. */
static weir_eval_error_t
parse_digits(weir_str_t s, uint64_t *out)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    if (s.len == 0) {
        return WEIR_E_CONVERSION;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return WEIR_E_CONVERSION;
        }
    }

    for (i = 0; i < s.len; i++) {
        if (!weir_mul(n, UINT64_C(10), &n)
            || !weir_add(n, (uint64_t) (s.data[i] - '0'), &n))
        {
            return WEIR_E_OVERFLOW;
        }
    }

    *out = n;

    return WEIR_E_NONE;
}


WEIR_FN(INT_STRING)
{
    bool               minus;
    uint64_t           n;
    weir_str_t         s;
    weir_eval_error_t  error;

    WEIR_UNUSED(e);
    s = weir_v_text(&a[0]);
    minus = s.len > 0 && s.data[0] == '-';

    if (minus || (s.len > 0 && s.data[0] == '+')) {
        s.data++;
        s.len--;
    }

    error = parse_digits(s, &n);

    if (error == WEIR_E_NONE && n > (uint64_t) INT64_MAX + minus) {
        error = WEIR_E_OVERFLOW;
    }

    if (error != WEIR_E_NONE) {
        return weir_v_err(error);
    }

    return weir_v_int(minus ? (int64_t) (0 - n) : (int64_t) n);
}


WEIR_FN(UINT_STRING)
{
    uint64_t           n;
    weir_eval_error_t  error;

    WEIR_UNUSED(e);
    error = parse_digits(weir_v_text(&a[0]), &n);

    return error == WEIR_E_NONE ? weir_v_uint(n) : weir_v_err(error);
}


WEIR_FN(INT_UINT)
{
    WEIR_UNUSED(e);

    return a[0].u.u <= INT64_MAX ? weir_v_int((int64_t) a[0].u.u)
                                 : weir_v_err(WEIR_E_OVERFLOW);
}


/* Towards zero; the bounds themselves are out of range, as in cel-go. */
WEIR_FN(INT_DOUBLE)
{
    WEIR_UNUSED(e);

    return a[0].u.d > -9223372036854775808.0
           && a[0].u.d < 9223372036854775808.0
               ? weir_v_int((int64_t) a[0].u.d)
               : weir_v_err(WEIR_E_OVERFLOW);
}


WEIR_FN(UINT_INT)
{
    WEIR_UNUSED(e);

    return a[0].u.i >= 0 ? weir_v_uint((uint64_t) a[0].u.i)
                         : weir_v_err(WEIR_E_OVERFLOW);
}


WEIR_FN(UINT_DOUBLE)
{
    WEIR_UNUSED(e);

    return a[0].u.d >= 0 && a[0].u.d < 18446744073709551616.0
               ? weir_v_uint((uint64_t) a[0].u.d)
               : weir_v_err(WEIR_E_OVERFLOW);
}


WEIR_FN(DOUBLE_INT)
{
    WEIR_UNUSED(e);
    return weir_v_double((double) a[0].u.i);
}


WEIR_FN(DOUBLE_UINT)
{
    WEIR_UNUSED(e);
    return weir_v_double((double) a[0].u.u);
}


static bool
is_word(const char *s, const char *lower)
{
    while (*lower != '\0' && (*s | 0x20) == *lower) {
        s++;
        lower++;
    }

    return *lower == '\0' && *s == '\0';
}


static const char *
skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9') {
        s++;
    }

    return s;
}


/* Digits with a point somewhere, or none; then an exponent, or none. */
static bool
is_decimal(const char *s)
{
    size_t       digits;
    const char  *p;

    p = skip_digits(s);
    digits = (size_t) (p - s);

    if (*p == '.') {
        s = p + 1;
        p = skip_digits(s);
        digits += (size_t) (p - s);
    }

    if (digits == 0) {
        return false;
    }

    if (*p == 'e' || *p == 'E') {
        s = p + 1 + (p[1] == '+' || p[1] == '-');
        p = skip_digits(s);

        if (p == s) {
            return false;
        }
    }

    return *p == '\0';
}


WEIR_FN(DOUBLE_STRING)
{
    char    text[MAX_DOUBLE_TEXT + 1];
    char   *s;
    double  d;

    WEIR_UNUSED(e);

    if (a[0].len > MAX_DOUBLE_TEXT) {
        return bad_conversion();
    }

    if (a[0].len > 0) {
        memcpy(text, a[0].u.s, a[0].len);
    }

    text[a[0].len] = '\0';
    s = text + (text[0] == '-' || text[0] == '+');

    if (strlen(text) != a[0].len) {
        return bad_conversion();
    }

    if (is_word(s, "nan")) {
        return weir_v_double(NAN);
    }

    if (is_word(s, "inf") || is_word(s, "infinity")) {
        return weir_v_double(text[0] == '-' ? -INFINITY : INFINITY);
    }

    if (!is_decimal(s)) {
        return bad_conversion();
    }

    d = strtod(text, NULL);

    return isinf(d) ? weir_v_err(WEIR_E_OVERFLOW) : weir_v_double(d);
}


WEIR_FN(STRING_BOOL)
{
    WEIR_UNUSED(e);
    return weir_v_str(a[0].u.b ? weir_string("true") : weir_string("false"));
}


WEIR_FN(STRING_INT)
{
    int   n;
    char  text[24];

    n = snprintf(text, sizeof(text), "%lld", (long long) a[0].u.i);

    return copied(e, text, (size_t) n);
}


WEIR_FN(STRING_UINT)
{
    int   n;
    char  text[24];

    n = snprintf(text, sizeof(text), "%llu", (unsigned long long) a[0].u.u);

    return copied(e, text, (size_t) n);
}


/*
 * The fewest digits that tell d, which is positive, without zeros at the end;
 * *exp is the exponent of the first.  What 15 digits tell, the 15 with their
 * zeros cut tell best; not so for the smallest, which have fewer.
 */
static size_t
digits_of(double d, char digits[DIGITS + 1], int *exp)
{
    int     precision;
    char    text[32];
    size_t  n;

    precision = d < DBL_MIN ? 1 : 15;

    for (;;) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, d);

        if (precision == DIGITS || strtod(text, NULL) == d) {
            break;
        }

        precision++;
    }

    /* D.DDDe+XX, or De+XX */
    digits[0] = text[0];
    n = (size_t) precision;
    memcpy(digits + 1, text + 2, n - 1);

    *exp = atoi(strchr(text, 'e') + 1);

    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }

    return n;
}


/* d.ddde+XX */
static size_t
put_exponent(char *p, const char *digits, size_t n, int exp)
{
    char  *start;

    start = p;
    *p++ = digits[0];

    if (n > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, n - 1);
        p += n - 1;
    }

    p += snprintf(p, 8, "e%c%02d", exp < 0 ? '-' : '+', abs(exp));

    return (size_t) (p - start);
}


static size_t
put_plain(char *p, const char *digits, size_t n, int exp)
{
    int     i;
    char   *start;

    start = p;

    if (exp < 0) {
        *p++ = '0';
        *p++ = '.';

        for (i = exp + 1; i < 0; i++) {
            *p++ = '0';
        }
    }

    for (i = 0; i < (int) n || i <= exp; i++) {

        if (i == exp + 1 && exp >= 0) {
            *p++ = '.';
        }

        *p++ = i < (int) n ? digits[i] : '0';
    }

    return (size_t) (p - start);
}


/* As Go's %g does. */
WEIR_FN(STRING_DOUBLE)
{
    char    text[WEIR_DOUBLE_STRLEN];
    double  d;

    d = a[0].u.d;

    if (isnan(d)) {
        return weir_v_str(weir_string("NaN"));
    }

    if (isinf(d)) {
        return weir_v_str(d < 0 ? weir_string("-Inf") : weir_string("+Inf"));
    }

    return copied(e, text, weir_double_print(d, false, text));
}


WEIR_FN(STRING_BYTES)
{
    weir_value_t  out;

    if (!weir_work(e, a[0].len)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    if (!weir_utf8_valid(weir_v_text(&a[0]))) {
        return bad_conversion();
    }

    out = a[0];
    out.kind = WEIR_T_STRING;

    return out;
}


WEIR_FN(BYTES_STRING)
{
    weir_value_t  out;

    WEIR_UNUSED(e);
    out = a[0];
    out.kind = WEIR_T_BYTES;

    return out;
}


WEIR_FN(TYPE_ANY)
{
    WEIR_UNUSED(e);
    return (weir_value_t) { .kind = WEIR_T_TYPE, .u.i = a[0].kind };
}


size_t
weir_double_print(double d, bool plain, char out[WEIR_DOUBLE_STRLEN])
{
    int     exp;
    char    digits[DIGITS + 1];
    size_t  n, len;

    len = 0;

    if (signbit(d)) {
        out[len++] = '-';
        d = -d;
    }

    if (d == 0) {
        out[len++] = '0';
        return len;
    }

    n = digits_of(d, digits, &exp);

    return len + (!plain && (exp < -4 || exp >= MIN_EXPONENT)
                      ? put_exponent(out + len, digits, n, exp)
                      : put_plain(out + len, digits, n, exp));
}
