/*
 * json.c: a recursive-descent reader of one line at a time.
 */

#include "front/json.h"
#include "base/utf8.h"
#include "front/codes.h"
#include "front/scalar.h"
#include "image/bounds.h"


static weir_rc_t  value(weir_json_t *j, unsigned depth, weir_node_t *out);


static weir_span_t
span_at(const weir_json_t *j, const char *p, size_t len)
{
    weir_span_t  s;

    s = j->span;
    s.col = (uint32_t) (p - j->bol) + 1;
    s.len = (uint32_t) len;

    return s;
}


static weir_rc_t
fail(weir_json_t *j, const char *p, const char *expected)
{
    if (p == j->end || *p == '\n' || *p == '\r') {
        return weir_fail(j->diags, WEIR_EJSON, span_at(j, p, 0),
                         "malformed JSON: the line ends, expected %s",
                         expected);
    }

    return weir_fail(j->diags, WEIR_EJSON, span_at(j, p, 1),
                     "malformed JSON: expected %s", expected);
}


static void
skip_blanks(weir_json_t *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t')) {
        j->p++;
    }
}


static bool
at(const weir_json_t *j, char c)
{
    return j->p < j->end && *j->p == c;
}


/* The four digits of \uXXXX at p; -1 when they are none. */
static int32_t
four(const char *p, const char *end)
{
    int      i;
    char     c;
    int32_t  v;

    if (end - p < 4) {
        return -1;
    }

    v = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            v = v << 4 | (c - '0');

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            v = v << 4 | ((c | 0x20) - 'a' + 10);

        } else {
            return -1;
        }
    }

    return v;
}


/* At the u of \uXXXX; moves behind the escape, or behind a pair of them. */
static weir_rc_t
unicode(weir_json_t *j, const char **pp, uint32_t *out)
{
    int32_t      hi, lo;
    const char  *p;

    p = *pp;
    hi = four(p + 1, j->end);

    if (hi < 0) {
        return fail(j, p, "four hexadecimal digits after \\u");
    }

    if (hi == 0) {
        return weir_fail(j->diags, WEIR_EJSON, span_at(j, p - 1, 6),
                         "malformed JSON: text with a NUL in it");
    }

    p += 5;

    if (hi >= 0xd800 && hi <= 0xdfff) {
        lo = j->end - p >= 6 && p[0] == '\\' && p[1] == 'u'
             ? four(p + 2, j->end) : -1;

        if (hi > 0xdbff || lo < 0xdc00 || lo > 0xdfff) {
            return weir_fail(j->diags, WEIR_EJSON, span_at(j, *pp - 1, 6),
                             "malformed JSON: half of a surrogate pair");
        }

        p += 6;
        hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
    }

    *pp = p;
    *out = (uint32_t) hi;

    return WEIR_OK;
}


/* [from, to) is a string's inside with escapes in it. */
static weir_rc_t
unescape(weir_json_t *j, const char *from, const char *to, weir_str_t *out)
{
    char        *buf, *q;
    uint32_t     cp;
    weir_rc_t    rc;
    const char  *p, *e;

    static const char  names[] = "\"\\/bfnrt";
    static const char  bytes[] = "\"\\/\b\f\n\r\t";

    cp = 0;
    buf = weir_arena_alloc(j->texts, (size_t) (to - from));
    if (buf == NULL) {
        return WEIR_NOMEM;
    }

    q = buf;

    for (p = from; p < to; /* void */ ) {

        if (*p != '\\') {
            *q++ = *p++;
            continue;
        }

        p++;                    /* the string does not end with it */

        if (*p == 'u') {
            rc = unicode(j, &p, &cp);
            if (rc != WEIR_OK) {
                return rc;
            }

            /* at most four bytes for at least six */
            q += weir_utf8_put(q, cp);
            continue;
        }

        e = *p != '\0' ? strchr(names, *p) : NULL;
        if (e == NULL) {
            return weir_fail(j->diags, WEIR_EJSON, span_at(j, p - 1, 2),
                             "malformed JSON: no such escape");
        }

        *q++ = bytes[e - names];
        p++;
    }

    *out = weir_str(buf, (size_t) (q - buf));

    return WEIR_OK;
}


/* The span is that of the inside, so that text without escapes has no map. */
static weir_rc_t
string(weir_json_t *j, weir_node_t *out)
{
    bool          escapes;
    weir_rc_t     rc;
    weir_str_t    text;
    const char   *p, *from;
    weir_piece_t *piece;

    from = j->p + 1;
    escapes = false;

    for (p = from; p < j->end && *p != '"'; p++) {

        if ((uint8_t) *p < 0x20) {
            break;
        }

        if (*p == '\\') {
            escapes = true;
            p++;

            if (p == j->end) {
                break;
            }
        }
    }

    if (p == j->end || *p != '"') {
        return fail(j, p, "'\"' at the end of the text");
    }

    out->kind = WEIR_T_STRING;
    out->style = WEIR_STYLE_DOUBLE;
    out->text.span = span_at(j, from, (size_t) (p - from));
    out->text.text = weir_str(from, (size_t) (p - from));
    j->p = p + 1;

    if (escapes) {
        rc = unescape(j, from, p, &text);
        if (rc != WEIR_OK) {
            return rc;
        }

        /* one rough place for all of it */
        piece = weir_arena_alloc(j->texts, sizeof(weir_piece_t));
        if (piece == NULL) {
            return WEIR_NOMEM;
        }

        *piece = (weir_piece_t) { 0, out->text.span.line, out->text.span.col };
        out->text.text = text;
        out->text.pieces = piece;
        out->text.npieces = 1;
    }

    return WEIR_OK;
}


static weir_rc_t
word(weir_json_t *j, weir_node_t *out)
{
    const char  *p;
    weir_str_t   s;

    for (p = j->p; p < j->end && ((*p >= 'a' && *p <= 'z')
         || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')
         || *p == '-' || *p == '+' || *p == '.'); p++)
    {
        /* void */
    }

    s = weir_str(j->p, (size_t) (p - j->p));
    out->style = WEIR_STYLE_PLAIN;
    out->text.text = s;
    out->text.span = span_at(j, j->p, s.len);

    if (weir_str_eq(s, weir_string("null"))) {
        out->kind = WEIR_T_NULL;

    } else if (weir_str_eq(s, weir_string("true"))
               || weir_str_eq(s, weir_string("false")))
    {
        out->kind = WEIR_T_BOOL;
        out->u.b = s.len == 4;

    } else {

        switch (weir_number_parse(s, out)) {

        case WEIR_OK:
            break;

        case WEIR_ERROR:
            return weir_fail(j->diags, WEIR_ENUMBER, out->text.span,
                             "the number %.*s does not fit", WEIR_STR(s));

        default:
            return fail(j, j->p, "a value");
        }
    }

    j->p = p;

    return WEIR_OK;
}


static weir_rc_t
list(weir_json_t *j, unsigned depth, weir_node_t *out)
{
    weir_rc_t                rc;
    const char              *from;
    weir_node_t             *item;
    weir_vec_t(weir_node_t)  items = { 0 };

    from = j->p++;
    skip_blanks(j);

    while (!at(j, ']')) {

        if (items.len != 0) {
            if (!at(j, ',')) {
                return fail(j, j->p, "',' or ']'");
            }

            j->p++;
        }

        item = weir_vec_push(j->nodes, &items);
        if (item == NULL) {
            return WEIR_NOMEM;
        }

        rc = value(j, depth + 1, item);
        if (rc != WEIR_OK) {
            return rc;
        }

        skip_blanks(j);
    }

    j->p++;
    out->kind = WEIR_T_LIST;
    out->text.span = span_at(j, from, (size_t) (j->p - from));
    out->u.items = items.items;
    out->n = (uint32_t) items.len;

    return WEIR_OK;
}


static weir_rc_t
map(weir_json_t *j, unsigned depth, weir_node_t *out)
{
    weir_rc_t                 rc;
    const char               *from;
    weir_entry_t             *e;
    weir_vec_t(weir_entry_t)  entries = { 0 };

    from = j->p++;
    skip_blanks(j);

    while (!at(j, '}')) {

        if (entries.len != 0) {
            if (!at(j, ',')) {
                return fail(j, j->p, "',' or '}'");
            }

            j->p++;
            skip_blanks(j);
        }

        if (!at(j, '"')) {
            return fail(j, j->p, "a key in double quotes");
        }

        e = weir_vec_push(j->nodes, &entries);
        if (e == NULL) {
            return WEIR_NOMEM;
        }

        rc = string(j, &e->key);
        if (rc != WEIR_OK) {
            return rc;
        }

        skip_blanks(j);

        if (!at(j, ':')) {
            return fail(j, j->p, "':' after the key");
        }

        j->p++;

        rc = value(j, depth + 1, &e->value);
        if (rc != WEIR_OK) {
            return rc;
        }

        skip_blanks(j);
    }

    j->p++;
    out->kind = WEIR_T_MAP;
    out->text.span = span_at(j, from, (size_t) (j->p - from));
    out->u.entries = entries.items;
    out->n = (uint32_t) entries.len;

    return weir_map_check(j->diags, out);
}


static weir_rc_t
value(weir_json_t *j, unsigned depth, weir_node_t *out)
{
    skip_blanks(j);

    if (j->p == j->end) {
        return fail(j, j->p, "a value");
    }

    if (*j->p == '"') {
        return string(j, out);
    }

    if (*j->p != '{' && *j->p != '[') {
        return word(j, out);
    }

    if (depth == WEIR_MAX_YAML_DEPTH) {
        return weir_fail(j->diags, WEIR_EDEPTH, span_at(j, j->p, 1),
                         "nested deeper than %d", WEIR_MAX_YAML_DEPTH);
    }

    return *j->p == '{' ? map(j, depth, out) : list(j, depth, out);
}


static void
next_line(weir_json_t *j)
{
    const char  *p;

    p = j->p < j->end ? memchr(j->p, '\n', (size_t) (j->end - j->p)) : NULL;

    j->p = p != NULL ? p + 1 : j->end;
    j->bol = j->p;
    j->span.line++;
}


weir_rc_t
weir_json_open(weir_json_t *j, weir_arena_t *texts, weir_diags_t *diags,
    uint32_t file)
{
    weir_str_t  text;

    text = diags->files.items[file].text;

    *j = (weir_json_t) {
        .nodes = texts, .texts = texts, .diags = diags, .p = text.data,
        .end = text.data + text.len, .bol = text.data,
        .span = { .file = file, .line = 1 }
    };

    return weir_source_check(diags, file);
}


weir_rc_t
weir_json_next(weir_json_t *j, weir_node_t *out)
{
    weir_rc_t    rc;
    weir_node_t  node;

    for ( ;; ) {
        skip_blanks(j);

        if (j->p == j->end) {
            return WEIR_DECLINED;
        }

        if (*j->p != '\n' && *j->p != '\r') {
            break;
        }

        next_line(j);
    }

    memset(&node, 0, sizeof(weir_node_t));
    rc = value(j, 0, &node);

    if (rc == WEIR_OK) {
        skip_blanks(j);

        if (j->p < j->end && *j->p != '\n' && *j->p != '\r') {
            rc = fail(j, j->p, "the end of the line");
        }
    }

    next_line(j);

    if (rc == WEIR_OK) {
        *out = node;
    }

    return rc;
}
