/*
 * path.c: the canonical forms of path and host.
 *
 * What is accepted comes out as nginx's ngx_http_parse_complex_uri() would
 * have it; what two readers could take differently is refused.
 */

#include "base/ip.h"
#include "base/utf8.h"
#include "run/path.h"

#define MAX_LABEL  63

typedef struct {
    const weir_path_rules_t  *rules;
    char                     *out;
    size_t                    len;      /* of what is written */
    size_t                    segment;  /* where the last one begins */
    bool                      percent;  /* it has a '%' that was encoded */
    bool                      decoded;  /* nothing is encoded any more */
    unsigned char             seen;     /* all bytes, ORed */
    const char               *why;
} path_t;

/* Bytes that stand for themselves, those of UTF-8 among each other only. */
enum { SPECIAL, PLAIN, UTF8 };

static const uint8_t  kinds[256] = {
    ['!' ... '"'] = PLAIN, ['$'] = PLAIN, ['&' ... '.'] = PLAIN,
    ['0' ... ':'] = PLAIN, ['<' ... '>'] = PLAIN, ['@' ... '['] = PLAIN,
    [']' ... '~'] = PLAIN, [0x80 ... 0xff] = UTF8
};


static int
hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* Whether "%2e" in it, however often encoded, would make it a dot segment. */
static bool
is_encoded_dots(const char *p, size_t len)
{
    unsigned     dots;
    const char  *end;

    end = p + len;

    for (dots = 0; p < end; dots++) {

        if (dots == 2) {
            return false;
        }

        if (*p == '.') {
            p++;
            continue;
        }

        if (*p++ != '%') {
            return false;
        }

        while (end - p >= 2 && p[0] == '2' && p[1] == '5') {
            p += 2;
        }

        if (end - p < 2 || p[0] != '2' || (p[1] | 0x20) != 'e') {
            return false;
        }

        p += 2;
    }

    return true;
}


/* Resolves the segment that ends here when it is "." or "..". */
static bool
end_segment(path_t *s)
{
    size_t       n;
    const char  *text;

    text = s->out + s->segment;
    n = s->len - s->segment;

    if (s->percent) {
        s->percent = false;

        if (is_encoded_dots(text, n)) {
            s->why = "the path has a dot segment that was encoded twice";
            return false;
        }
    }

    if (n == 0 || n > 2 || text[0] != '.' || text[n - 1] != '.') {
        return true;
    }

    if (s->rules->dot_segments == WEIR_DOTS_REJECT) {
        s->why = "the path has a dot segment";
        return false;
    }

    if (n == 2) {
        if (s->segment == 1) {
            s->why = "the path leads above the root";
            return false;
        }

        /* back over the slash before it and the segment before that */
        s->segment--;

        while (s->out[s->segment - 1] != '/') {
            s->segment--;
        }
    }

    s->len = s->segment;

    return true;
}


static bool
add_slash(path_t *s)
{
    size_t  before;

    before = s->segment;

    if (s->len == before) {
        if (!s->rules->merge_slashes) {
            s->out[s->len++] = '/';
        }

    } else {
        if (!end_segment(s)) {
            return false;
        }

        if (s->len > before) {
            s->out[s->len++] = '/';
        }
    }

    s->segment = s->len;

    return true;
}


/* p is behind the '%'. */
static bool
add_encoded(path_t *s, const unsigned char *p, const unsigned char *end)
{
    int            hi, lo;
    unsigned char  c;

    if (end - p < 2) {
        s->why = "the path ends inside of a %XX";
        return false;
    }

    hi = hex_value(p[0]);
    lo = hex_value(p[1]);

    if (hi < 0 || lo < 0) {
        s->why = "the path has a % without two hexadecimal digits";
        return false;
    }

    c = (unsigned char) (hi << 4 | lo);

    if (c < 0x20 || c == 0x7f) {
        s->why = "the path has an encoded control character";
        return false;
    }

    switch (c) {

    case '/':
        s->why = "the path has an encoded slash";
        return false;

    case '\\':
        s->why = "the path has an encoded backslash";
        return false;

    case ';':
        s->why = "the path has an encoded semicolon";
        return false;

    case '%':
        s->percent = true;
        break;

    default:
        break;
    }

    s->seen |= c;
    s->out[s->len++] = (char) c;

    return true;
}


static bool
refuse_raw(path_t *s, unsigned char c)
{
    switch (c) {

    case '\\':
        s->why = "the path has a backslash";
        break;

    case ';':
        s->why = "the path has a semicolon";
        break;

    case '?':
    case '#':
        s->why = "the path has a query or a fragment in it";
        break;

    default:
        s->why = "the path has a space or a control character";
        break;
    }

    return false;
}


/*
 * Most paths are canonical as they come: the bytes before the first segment
 * that may not be.  The first byte is a slash.
 */
static size_t
canonical_path(const unsigned char *p, size_t len)
{
    const unsigned char  *start, *segment, *end;

    start = p;
    end = p + len;

    do {
        segment = ++p;

        if (p < end && *p == '.') {
            break;
        }

        while (p < end && kinds[*p] == PLAIN) {
            p++;
        }

        if (p == end) {
            return len;
        }

    } while (*p == '/' && p > segment);

    return (size_t) (segment - start);
}


/* Of decoded text: what stands for itself there, and not in a raw path. */
static bool
add_special(path_t *s, unsigned char c)
{
    if (c < 0x20 || c == 0x7f || c == '\\' || c == ';') {
        return refuse_raw(s, c);
    }

    s->percent |= c == '%';
    s->out[s->len++] = (char) c;

    return true;
}


static bool
normalise(path_t *s, const unsigned char *p, const unsigned char *end)
{
    bool           ok;
    unsigned char  c;

    while (p < end) {
        c = *p++;

        if (kinds[c] != SPECIAL) {
            s->seen |= c;
            s->out[s->len++] = (char) c;
            continue;
        }

        if (c == '/') {
            ok = add_slash(s);

        } else if (s->decoded) {
            ok = add_special(s, c);

        } else if (c == '%') {
            ok = add_encoded(s, p, end);
            p += 2;

        } else {
            ok = refuse_raw(s, c);
        }

        if (!ok) {
            return false;
        }
    }

    if (!end_segment(s)) {
        return false;
    }

    if ((s->seen & 0x80) && !weir_utf8_valid(weir_str(s->out, s->len))) {
        s->why = "the path is not UTF-8";
        return false;
    }

    return true;
}


/* From a segment on; what is before it has been copied. */
static WEIR_SELDOM weir_rc_t
normalise_rest(weir_str_t raw, const weir_path_rules_t *rules, bool decoded,
    char *out, size_t segment, size_t *len, const char **why)
{
    path_t                s;
    const unsigned char  *p;

    p = (const unsigned char *) raw.data;
    s = (path_t) { .rules = rules, .out = out, .len = segment,
                   .segment = segment, .decoded = decoded };

    if (!normalise(&s, p + segment, p + raw.len)) {
        *why = s.why;
        return WEIR_ERROR;
    }

    *len = s.len;

    return WEIR_OK;
}


static inline weir_rc_t
take(weir_str_t raw, const weir_path_rules_t *rules, bool decoded, char *out,
    size_t *len, const char **why)
{
    size_t                n;
    const unsigned char  *p;

    p = (const unsigned char *) raw.data;

    if (raw.len == 0 || p[0] != '/') {
        *why = "the path does not begin with a slash";
        return WEIR_ERROR;
    }

    if (raw.len > WEIR_MAX_PATH) {
        *why = "the path is too long";
        return WEIR_ERROR;
    }

    n = canonical_path(p, raw.len);
    memcpy(out, p, n);

    if (n == raw.len) {
        *len = n;
        return WEIR_OK;
    }

    return normalise_rest(raw, rules, decoded, out, n, len, why);
}


weir_rc_t
weir_path_normalise(weir_str_t raw, const weir_path_rules_t *rules, char *out,
    size_t *len, const char **why)
{
    return take(raw, rules, false, out, len, why);
}


weir_rc_t
weir_path_check(weir_str_t text, const weir_path_rules_t *rules, char *out,
    size_t *len, const char **why)
{
    weir_path_rules_t  strict;

    strict = *rules;
    strict.dot_segments = WEIR_DOTS_REJECT;

    return take(text, &strict, true, out, len, why);
}


/* Hosts */

/* Digits up to 65535; RFC 3986 lets them be left out behind the colon. */
static bool
is_port(const char *p, size_t len)
{
    size_t    i;
    unsigned  port;

    if (len > 5) {
        return false;
    }

    for (i = 0, port = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }

        port = port * 10 + (unsigned) (p[i] - '0');
    }

    return port <= 65535;
}


static weir_rc_t
normalise_literal(weir_str_t raw, char *out, size_t *len)
{
    char         text[WEIR_IP_STRLEN];
    size_t       n, rest;
    weir_ip_t    ip;
    weir_str_t   inner;
    const char  *end;

    end = memchr(raw.data, ']', raw.len);

    if (end == NULL) {
        return WEIR_ERROR;
    }

    inner = weir_str(raw.data + 1, (size_t) (end - raw.data) - 1);
    rest = raw.len - inner.len - 2;

    if (rest != 0 && (end[1] != ':' || !is_port(end + 2, rest - 1))) {
        return WEIR_ERROR;
    }

    /* brackets are for IPv6, which has colons */
    if (inner.len == 0 || memchr(inner.data, ':', inner.len) == NULL
        || weir_ip_parse(inner, &ip) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    n = weir_ip_print(&ip, text);

    if (ip.len == 4) {
        memcpy(out, text, n);
        *len = n;
        return WEIR_OK;
    }

    out[0] = '[';
    memcpy(out + 1, text, n);
    out[n + 1] = ']';
    *len = n + 2;

    return WEIR_OK;
}


/* What a name may have, but for the dots. */
enum { NOTHING, LOWER, UPPER };

static const uint8_t  letters[256] = {
    ['-'] = LOWER, ['_'] = LOWER, ['0' ... '9'] = LOWER,
    ['a' ... 'z'] = LOWER, ['A' ... 'Z'] = UPPER
};


/* Most hosts are canonical as they come; false: this one may not be. */
static bool
is_canonical_host(weir_str_t host)
{
    const unsigned char  *p, *label, *end;

    p = (const unsigned char *) host.data;
    end = p + host.len;

    for ( ;; p++) {
        label = p;

        while (p < end && letters[*p] == LOWER) {
            p++;
        }

        if (p == label || p - label > MAX_LABEL) {
            return false;
        }

        if (p == end) {
            return *label > '9';        /* and no number */
        }

        if (*p != '.') {
            return false;
        }
    }
}


/* What is left of port and last dot; *number: the last label is one. */
static weir_rc_t
normalise_name(const char *p, size_t n, char *out, bool *number)
{
    char    c;
    size_t  i, label;

    for (i = 0, label = 0; i < n; i++) {

        c = p[i];

        if (c == '.') {
            if (i == label || i - label > MAX_LABEL) {
                return WEIR_ERROR;
            }

            label = i + 1;

        } else if (letters[(unsigned char) c] == UPPER) {
            c |= 0x20;

        } else if (letters[(unsigned char) c] == NOTHING) {
            return WEIR_ERROR;
        }

        out[i] = c;
    }

    if (n == label || n - label > MAX_LABEL) {
        return WEIR_ERROR;
    }

    while (label < n && out[label] >= '0' && out[label] <= '9') {
        label++;
    }

    *number = label == n;

    return WEIR_OK;
}


static WEIR_SELDOM weir_rc_t
normalise_host(weir_str_t raw, char *out, size_t *len)
{
    bool         number;
    size_t       n;
    weir_ip_t    ip;
    const char  *colon;

    if (raw.len == 0) {
        *len = 0;
        return WEIR_OK;
    }

    if (raw.data[0] == '[') {
        return normalise_literal(raw, out, len);
    }

    n = raw.len;
    colon = memchr(raw.data, ':', n);

    if (colon != NULL) {
        n = (size_t) (colon - raw.data);

        if (!is_port(colon + 1, raw.len - n - 1)) {
            return WEIR_ERROR;
        }
    }

    if (n != 0 && raw.data[n - 1] == '.') {
        n--;
    }

    if (n > WEIR_MAX_HOST
        || normalise_name(raw.data, n, out, &number) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    if (number
        && (weir_ip_parse(weir_str(out, n), &ip) != WEIR_OK || ip.len != 4))
    {
        return WEIR_ERROR;
    }

    *len = n;

    return WEIR_OK;
}


weir_rc_t
weir_host_normalise(weir_str_t raw, char *out, size_t *len)
{
    if (raw.len > WEIR_MAX_HOST || !is_canonical_host(raw)) {
        return normalise_host(raw, out, len);
    }

    memcpy(out, raw.data, raw.len);
    *len = raw.len;

    return WEIR_OK;
}


static bool
is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("/-._~!$&'()*+,;=:@", c) != NULL);
}


size_t
weir_target_print(weir_str_t path, weir_str_t query, char *out)
{
    size_t         i, n;
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    n = 0;

    for (i = 0; i < path.len; i++) {

        if (is_path_char(path.data[i])) {

            if (out != NULL) {
                out[n] = path.data[i];
            }

            n++;
            continue;
        }

        if (out != NULL) {
            c = (unsigned char) path.data[i];
            out[n] = '%';
            out[n + 1] = hex[c >> 4];
            out[n + 2] = hex[c & 15];
        }

        n += 3;
    }

    if (query.len == 0) {
        return n;
    }

    if (out != NULL) {
        out[n] = '?';
        memcpy(out + n + 1, query.data, query.len);
    }

    return n + 1 + query.len;
}
