/*
 * cors.c: whether an origin is one of those that a policy lists.
 */

#include "run/cors.h"

#define MAX_PORT  5                     /* digits */


static inline char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
}


static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static bool
is_letter(char c)
{
    c = lower(c);

    return c >= 'a' && c <= 'z';
}


/* listed is in lower case. */
static bool
is_same(weir_str_t s, weir_str_t listed)
{
    size_t  i;

    if (s.len != listed.len) {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        if (lower(s.data[i]) != listed.data[i]) {
            return false;
        }
    }

    return true;
}


/* Labels with a dot between two: of a name, of an IPv4 address. */
static bool
is_name(weir_str_t s)
{
    char    c;
    bool    empty;
    size_t  i;

    empty = true;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '.') {
            if (empty) {
                return false;
            }

        } else if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
            return false;
        }

        empty = c == '.';
    }

    return !empty;
}


/* An IPv6 address in brackets, as far as its letters tell. */
static bool
is_address(weir_str_t s)
{
    size_t  i;

    if (s.len < 4 || s.data[0] != '[' || s.data[s.len - 1] != ']') {
        return false;
    }

    for (i = 1; i < s.len - 1; i++) {
        if (!is_digit(s.data[i]) && s.data[i] != ':' && s.data[i] != '.'
            && (lower(s.data[i]) < 'a' || lower(s.data[i]) > 'f'))
        {
            return false;
        }
    }

    return true;
}


/* Cuts ":port" off a host; false: what follows the colon is none. */
static bool
cut_port(weir_str_t *host)
{
    size_t  n;

    for (n = 0; n < host->len && is_digit(host->data[host->len - 1 - n]); n++)
    {
        continue;
    }

    if (n == host->len || host->data[host->len - 1 - n] != ':') {
        return true;
    }

    host->len -= n + 1;

    return n > 0 && n <= MAX_PORT;
}


/* scheme "://" host [":" port], and nothing else.  A name may end in a dot. */
static bool
is_origin(weir_str_t s)
{
    size_t      i;
    weir_str_t  host;

    if (s.len == 0 || !is_letter(s.data[0])) {
        return false;
    }

    for (i = 1; i < s.len && (is_letter(s.data[i]) || is_digit(s.data[i])
                              || s.data[i] == '+' || s.data[i] == '-'
                              || s.data[i] == '.'); i++)
    {
        continue;
    }

    if (s.len - i < 3 || memcmp(s.data + i, "://", 3) != 0) {
        return false;
    }

    host = weir_str(s.data + i + 3, s.len - i - 3);

    if (!cut_port(&host)) {
        return false;
    }

    host.len -= host.len > 1 && host.data[host.len - 1] == '.';

    return is_name(host) || is_address(host);
}


/* At least one label stands between the two. */
static bool
is_below(weir_str_t s, weir_str_t before, weir_str_t behind)
{
    size_t  rest;

    if (s.len < before.len || s.len - before.len < behind.len) {
        return false;
    }

    rest = s.len - behind.len;

    return is_same(weir_str(s.data, before.len), before)
           && is_same(weir_str(s.data + rest, behind.len), behind)
           && is_name(weir_str(s.data + before.len, rest - before.len));
}


bool
weir_cors_allows(const weir_image_t *img, const weir_img_cors_t *cors,
    weir_str_t origin)
{
    bool                      null;
    uint32_t                  i;
    weir_str_t                text;
    const weir_img_origin_t  *o;

    null = weir_str_eq(origin, weir_string("null"));

    if (!null && !is_origin(origin)) {
        return false;
    }

    o = WEIR_REC(img, ORIGINS) + cors->origins.first;

    for (i = 0; i < cors->origins.count; i++, o++) {
        text = weir_img_str(img, o->text);

        if (o->kind == WEIR_ORIGIN_ANY
            || (o->kind == WEIR_ORIGIN_EXACT && is_same(origin, text))
            || (o->kind == WEIR_ORIGIN_BELOW && !null
                && is_below(origin, text, weir_img_str(img, o->suffix))))
        {
            return true;
        }
    }

    return false;
}
