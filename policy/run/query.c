/*
 * query.c: the entries of a Cookie header and of a query string.
 */

#include "run/query.h"
#include "base/utf8.h"


static weir_str_t
trim(weir_str_t s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }

    while (s.len
           && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
    {
        s.len--;
    }

    return s;
}


/* The part from *pos to the separator; *pos goes behind it. */
static bool
next_part(weir_str_t s, char separator, size_t *pos, weir_str_t *part)
{
    const char  *end;
    size_t       left;

    if (*pos >= s.len) {
        return false;
    }

    left = s.len - *pos;
    end = memchr(s.data + *pos, separator, left);

    *part = weir_str(s.data + *pos,
                     end ? (size_t) (end - s.data) - *pos : left);
    *pos += part->len + 1;

    return true;
}


/* false: there is no '=', and name is the whole. */
static bool
split(weir_str_t part, weir_str_t *name, weir_str_t *value)
{
    const char  *eq;

    eq = part.len ? memchr(part.data, '=', part.len) : NULL;

    if (eq == NULL) {
        *name = part;
        *value = weir_str("", 0);
        return false;
    }

    *name = weir_str(part.data, (size_t) (eq - part.data));
    *value = weir_str(eq + 1, part.len - name->len - 1);

    return true;
}


static int
hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (char) (c | 0x20);

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


weir_rc_t
weir_cookie_next(weir_str_t header, size_t *pos, weir_str_t *name,
    weir_str_t *value)
{
    weir_str_t  part, n, v;

    while (next_part(header, ';', pos, &part)) {

        if (!split(part, &n, &v)) {
            continue;
        }

        n = trim(n);
        v = trim(v);

        if (n.len == 0) {
            continue;
        }

        if (v.len >= 2 && v.data[0] == '"' && v.data[v.len - 1] == '"') {
            v = weir_str(v.data + 1, v.len - 2);
        }

        *name = n;
        *value = v;

        return WEIR_OK;
    }

    return WEIR_DECLINED;
}


weir_rc_t
weir_query_next(weir_str_t query, size_t *pos, weir_str_t *name,
    weir_str_t *value)
{
    weir_str_t  part;

    while (next_part(query, '&', pos, &part)) {

        if (part.len != 0) {
            split(part, name, value);
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


weir_rc_t
weir_query_decode(weir_str_t raw, char *out, size_t *len)
{
    int     hi, lo;
    size_t  i, n;

    n = 0;

    for (i = 0; i < raw.len; i++) {

        if (raw.data[i] == '+') {
            out[n++] = ' ';
            continue;
        }

        if (raw.data[i] != '%') {
            out[n++] = raw.data[i];
            continue;
        }

        if (raw.len - i < 3) {
            return WEIR_ERROR;
        }

        hi = hex(raw.data[i + 1]);
        lo = hex(raw.data[i + 2]);

        if (hi < 0 || lo < 0 || (hi == 0 && lo == 0)) {
            return WEIR_ERROR;
        }

        out[n++] = (char) (hi << 4 | lo);
        i += 2;
    }

    if (!weir_utf8_valid(weir_str(out, n))) {
        return WEIR_ERROR;
    }

    *len = n;

    return WEIR_OK;
}
