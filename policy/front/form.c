/*
 * form.c: text of one form: ids, durations, rates, shares, digests, names of
 * headers.
 */

#include "front/schema.h"
#include "front/permission.h"
#include "base/num.h"
#include "base/time.h"
#include "image/bounds.h"

#define DAY  86400


static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}


static bool
all_of(weir_str_t s, const char *others)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!is_alnum(s.data[i])
            && (s.data[i] == '\0' || strchr(others, s.data[i]) == NULL))
        {
            return false;
        }
    }

    return s.len > 0;
}


static bool
is_ident(weir_str_t s)
{
    return all_of(s, "_") && !(s.data[0] >= '0' && s.data[0] <= '9')
           && s.len <= WEIR_MAX_TENANT_ID;
}


/* RFC 9110, 5.6.2 */
static bool
is_token(weir_str_t s)
{
    return all_of(s, "!#$%&'*+-.^_`|~");
}


static bool
is_method(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= 'a' && s.data[i] <= 'z') {
            return false;
        }
    }

    return is_token(s);
}


/* Digits from *i on, at least one; false when they overflow. */
static bool
digits(weir_str_t s, size_t *i, uint64_t *v)
{
    size_t  start;

    *v = 0;

    for (start = *i; *i < s.len && s.data[*i] >= '0' && s.data[*i] <= '9';
         (*i)++)
    {
        if (!weir_mul(*v, 10u, v)
            || !weir_add(*v, (uint64_t) (s.data[*i] - '0'), v))
        {
            return false;
        }
    }

    return *i > start;
}


/* Milliseconds of a unit of time; 0: there is none of that name. */
static uint64_t
unit(weir_str_t name)
{
    size_t  u;

    static const struct {
        const char  *name;
        uint64_t     ms;
    } units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
        { "d", 86400000 }
    };

    for (u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        if (weir_str_eq(weir_cstr(units[u].name), name)) {
            return units[u].ms;
        }
    }

    return 0;
}


weir_rc_t
weir_millis_parse(weir_str_t s, uint64_t *ms)
{
    size_t    i;
    uint64_t  v, each;

    i = 0;

    if (!digits(s, &i, &v)) {
        return WEIR_ERROR;
    }

    each = unit(weir_str(s.data + i, s.len - i));

    return each != 0 && weir_mul(v, each, ms) ? WEIR_OK : WEIR_ERROR;
}


weir_rc_t
weir_rate_parse(weir_str_t s, uint64_t *units, uint64_t *ms)
{
    size_t      i;
    uint64_t    v;
    weir_str_t  per;

    i = 0;

    if (!digits(s, &i, &v) || i == s.len || s.data[i] != '/') {
        return WEIR_ERROR;
    }

    per = weir_str(s.data + i + 1, s.len - i - 1);

    if (per.len != 1 || (*ms = unit(per)) == 0) {
        if (weir_millis_parse(per, ms) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    *units = v;

    return WEIR_OK;
}


weir_rc_t
weir_percent_parse(weir_str_t s, uint32_t *share)
{
    size_t    i, start;
    uint64_t  whole, part;

    i = 0;
    part = 0;

    if (!digits(s, &i, &whole) || whole > 100) {
        return WEIR_ERROR;
    }

    if (i < s.len && s.data[i] == '.') {
        start = ++i;

        if (!digits(s, &i, &part) || i - start > 2) {
            return WEIR_ERROR;
        }

        part *= i - start == 1 ? 10 : 1;
    }

    if (s.len - i != 1 || s.data[i] != '%' || whole * 100 + part > 10000) {
        return WEIR_ERROR;
    }

    *share = (uint32_t) (whole * 100 + part);

    return WEIR_OK;
}


weir_rc_t
weir_step_parse(weir_str_t s, uint32_t *share, uint64_t *ms)
{
    size_t    n;
    uint32_t  part;
    uint64_t  time;

    for (n = 0; n < s.len && s.data[n] != '@'; n++) { }

    time = UINT64_MAX;

    if (weir_percent_parse(weir_str(s.data, n), &part) != WEIR_OK
        || (n < s.len
            && weir_millis_parse(weir_str(s.data + n + 1, s.len - n - 1),
                                 &time) != WEIR_OK))
    {
        return WEIR_ERROR;
    }

    *share = part;
    *ms = time;

    return WEIR_OK;
}


weir_rc_t
weir_weight_of(const weir_node_t *node, uint32_t *weight)
{
    if (node->kind == WEIR_T_STRING) {
        return weir_percent_parse(node->text.text, weight);
    }

    if (node->kind != WEIR_T_INT || node->u.i < 0 || node->u.i > 100) {
        return WEIR_ERROR;
    }

    *weight = (uint32_t) node->u.i * 100;

    return WEIR_OK;
}


/* What has more than three decimals is none: it would not be what is meant. */
weir_rc_t
weir_ratio_of(const weir_node_t *node, uint32_t *ratio)
{
    double    d;
    uint32_t  r;

    d = node->kind == WEIR_T_INT ? (double) node->u.i
        : node->kind == WEIR_T_DOUBLE ? node->u.d : 0;

    if (!(d > 1 && d <= WEIR_MAX_RATIO / 1000.0)) {
        return WEIR_ERROR;
    }

    r = (uint32_t) (d * 1000 + 0.5);

    if (r / 1000.0 != d) {
        return WEIR_ERROR;
    }

    *ratio = r;

    return WEIR_OK;
}


weir_rc_t
weir_until_parse(weir_str_t s, int64_t *sec)
{
    char      buf[sizeof("2027-01-31T00:00:00Z")];
    size_t    date;
    int64_t   start;
    uint32_t  nsec;

    date = sizeof("2027-01-31") - 1;

    if (s.len != date) {
        return weir_time_parse(s, sec, &nsec);
    }

    memcpy(buf, s.data, date);
    memcpy(buf + date, "T00:00:00Z", sizeof("T00:00:00Z"));

    if (weir_time_parse(weir_str(buf, sizeof(buf) - 1), &start, &nsec)
        != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    *sec = start + DAY - 1;

    return WEIR_OK;
}


/* The value of a digit of hex (bits 4) or of base64url (6); -1: it is none. */
static int
digit(char c, unsigned bits)
{
    const char  *p;

    static const char  url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char  hex[] = "0123456789abcdef0123456789ABCDEF";

    p = c != '\0' ? strchr(bits == 4 ? hex : url, c) : NULL;

    return p == NULL ? -1 : bits == 4 ? (int) (p - hex) % 16 : (int) (p - url);
}


/* 64 digits of hex, or 43 of base64url, whose last has two bits too many. */
weir_rc_t
weir_digest_parse(weir_str_t s, uint8_t out[WEIR_SHA256_LEN])
{
    int       v;
    size_t    i, n;
    uint8_t   sum[WEIR_SHA256_LEN];
    uint32_t  acc;
    unsigned  bits, have;

    bits = s.len == 2 * WEIR_SHA256_LEN ? 4 : 6;

    if (bits == 6 && s.len != 43) {
        return WEIR_ERROR;
    }

    acc = 0;
    have = 0;
    n = 0;

    for (i = 0; i < s.len; i++) {
        v = digit(s.data[i], bits);

        if (v < 0) {
            return WEIR_ERROR;
        }

        acc = acc << bits | (uint32_t) v;
        have += bits;

        if (have >= 8) {
            have -= 8;
            sum[n++] = (uint8_t) (acc >> have);
            acc &= (1u << have) - 1;
        }
    }

    if (acc != 0) {
        return WEIR_ERROR;
    }

    memcpy(out, sum, WEIR_SHA256_LEN);

    return WEIR_OK;
}


const char *
weir_form_what(weir_form_t form)
{
    static const char *const  whats[] = {
#define F(name, what, pattern)  what,
        WEIR_FORMS(F)
#undef F
    };

    return whats[form];
}


const char *
weir_form_pattern(weir_form_t form)
{
    static const char *const  patterns[] = {
#define F(name, what, pattern)  pattern,
        WEIR_FORMS(F)
#undef F
    };

    return patterns[form];
}


bool
weir_form_has(weir_str_t s, weir_form_t form)
{
    int64_t     sec;
    uint8_t     digest[WEIR_SHA256_LEN];
    uint32_t    share;
    uint64_t    ms, units;
    weir_str_t  lists;

    lists = weir_string("lists.");

    switch (form) {

    case WEIR_F_ID:
        return all_of(s, "._-") && s.len <= WEIR_MAX_TENANT_ID;

    case WEIR_F_IDENT:
        return is_ident(s);

    case WEIR_F_DURATION:
        return weir_millis_parse(s, &ms) == WEIR_OK;

    case WEIR_F_RATE:
        return weir_rate_parse(s, &units, &ms) == WEIR_OK;

    case WEIR_F_PERCENT:
        return weir_percent_parse(s, &share) == WEIR_OK;

    case WEIR_F_STEP:
        return weir_step_parse(s, &share, &ms) == WEIR_OK;

    case WEIR_F_TIME:
        return weir_until_parse(s, &sec) == WEIR_OK;

    case WEIR_F_SHA256:
        return weir_digest_parse(s, digest) == WEIR_OK;

    case WEIR_F_HEADER:
    case WEIR_F_COOKIE:
        return is_token(s);

    case WEIR_F_METHOD:
        return is_method(s);

    case WEIR_F_PERMISSION:
        return weir_permission_is(s);

    case WEIR_F_GRANT:
        return weir_grant_is(s);

    case WEIR_F_LIST_REF:
        return weir_str_starts(s, lists)
               && is_ident(weir_str(s.data + lists.len, s.len - lists.len));

    case WEIR_F_TEXT:
    case WEIR_F_FILLED:
        return true;

    default:
        return s.len > 0;
    }
}
