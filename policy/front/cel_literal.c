/*
 * cel_literal.c: string and bytes literals of CEL, in all their quotes, and
 * what their escapes stand for.
 */

#include "front/cel_ast.h"
#include "base/utf8.h"

typedef weir_vec_t(weir_piece_t)  pieces_t;

/* a string literal while it is read */
typedef struct {
    weir_cel_t  *c;
    const char  *text;          /* of the expression */
    uint32_t     start;         /* of the literal */
    uint32_t     p;
    uint32_t     end;           /* of the expression, then of the body */
    bool         raw;
    bool         bytes;
    bool         triple;
    bool         quiet;         /* it was read before: report nothing */
    char         quote;
    char        *out;           /* NULL: only measured */
    size_t       len;
    pieces_t    *pieces;        /* NULL: places are not asked for */
} literal_t;


static int
digit_value(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* Reports once a literal. */
static void
bad(literal_t *l, uint32_t off, uint32_t end, const char *why)
{
    if (!l->quiet) {
        weir_cel_fail_at(l->c, WEIR_ELITERAL, off, end - off, "%s", why);
    }
}


/* One octet that stands at off in the source. */
static void
put_byte(literal_t *l, uint32_t off, char ch)
{
    weir_span_t    s;
    weir_piece_t  *piece;

    if (l->pieces != NULL) {
        s = weir_text_span(l->c->text, off, 1);
        piece = weir_vec_push(l->c->arena, l->pieces);

        if (piece == NULL) {
            l->c->nomem = true;

        } else {
            *piece = (weir_piece_t) { (uint32_t) l->len, s.line, s.col };
        }
    }

    if (l->out != NULL) {
        l->out[l->len] = ch;
    }

    l->len++;
}


static void
put_rune(literal_t *l, uint32_t off, uint32_t cp)
{
    char    utf8[4];
    size_t  i, n;

    n = weir_utf8_put(utf8, cp);

    for (i = 0; i < n; i++) {
        put_byte(l, off, utf8[i]);
    }
}


/* n digits of a base behind the escape at off; false = reported. */
static bool
escape_digits(literal_t *l, uint32_t off, unsigned n, unsigned base,
    uint32_t *out)
{
    int       d;
    uint32_t  v;

    for (v = 0; n > 0; n--) {
        d = l->p < l->end ? digit_value(l->text[l->p]) : -1;

        if (d < 0 || d >= (int) base) {
            bad(l, off, l->p, "an escape with too few digits");
            return false;
        }

        v = v * base + (unsigned) d;
        l->p++;
    }

    *out = v;

    return true;
}


/* \x41 \u20AC \U0001F600 \101; p is behind the backslash and the letter. */
static void
numeric_escape(literal_t *l, uint32_t off, char ch)
{
    bool      octet, ok;
    uint32_t  cp;

    octet = true;

    if (ch == 'u' || ch == 'U') {
        octet = false;
        ok = escape_digits(l, off, ch == 'u' ? 4 : 8, 16, &cp);

    } else if (ch == 'x' || ch == 'X') {
        ok = escape_digits(l, off, 2, 16, &cp);

    } else {
        l->p--;
        ok = escape_digits(l, off, 3, 8, &cp);
    }

    if (!ok) {
        return;
    }

    if (l->bytes) {
        if (!octet) {
            bad(l, off, l->p, "bytes take no \\u; write the octets with \\x");

        } else {
            put_byte(l, off, (char) cp);
        }

        return;
    }

    if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) {
        bad(l, off, l->p, "an escape of no Unicode character");
        return;
    }

    put_rune(l, off, cp);
}


static void
escape(literal_t *l)
{
    static const char  from[] = "abfnrtv\\'\"`?";
    static const char  to[] = "\a\b\f\n\r\t\v\\'\"`?";

    char         ch;
    uint32_t     off;
    const char  *at;

    off = l->p++;

    if (l->p == l->end) {
        bad(l, off, l->p, "a backslash with nothing behind it");
        return;
    }

    ch = l->text[l->p++];
    at = ch ? strchr(from, ch) : NULL;

    if (at != NULL) {
        put_byte(l, off, to[at - from]);
        return;
    }

    if ((ch != '\0' && strchr("xXuU", ch) != NULL)
        || (ch >= '0' && ch <= '3'))
    {
        numeric_escape(l, off, ch);
        return;
    }

    bad(l, off, l->p, "unknown escape; a backslash is written \\\\, or the "
        "string r\"...\"");
}


/* Moves p behind a prefix and quotes; false when no string begins here. */
static bool
open_quotes(literal_t *l)
{
    char  ch;

    if (l->p < l->end && (l->text[l->p] | 0x20) == 'b') {
        l->bytes = true;
        l->p++;
    }

    if (l->p < l->end && (l->text[l->p] | 0x20) == 'r') {
        l->raw = true;
        l->p++;
    }

    if (l->p == l->end) {
        return false;
    }

    ch = l->text[l->p];

    if (ch != '"' && ch != '\'') {
        return false;
    }

    l->quote = ch;
    l->triple = l->end - l->p >= 3 && l->text[l->p + 1] == ch
                && l->text[l->p + 2] == ch;
    l->p += l->triple ? 3 : 1;

    return true;
}


static bool
at_close(const literal_t *l)
{
    if (l->text[l->p] != l->quote) {
        return false;
    }

    return !l->triple
           || (l->end - l->p >= 3 && l->text[l->p + 1] == l->quote
               && l->text[l->p + 2] == l->quote);
}


/* One letter as it stands. */
static void
plain(literal_t *l)
{
    char         ch;
    uint32_t     i, n;
    const char  *next;

    ch = l->text[l->p];

    if (ch == '\r') {
        /* line ends are one newline, however the file has them */
        l->p += l->p + 1 < l->end && l->text[l->p + 1] == '\n';
        put_byte(l, l->p++, '\n');
        return;
    }

    next = l->text + l->p;

    if (weir_utf8_next(&next, l->text + l->end) < 0) {
        bad(l, l->p, l->p + 1, "a byte that is not UTF-8");
        l->p++;
        return;
    }

    n = (uint32_t) (next - l->text) - l->p;

    for (i = 0; i < n; i++) {
        put_byte(l, l->p, l->text[l->p]);
        l->p++;
    }
}


/* Behind the open quotes to behind the closing ones. */
static void
body(literal_t *l)
{
    char  ch;

    for ( ;; ) {

        if (l->p >= l->end
            || (!l->triple && strchr("\r\n", l->text[l->p]) != NULL
                && l->text[l->p] != '\0'))
        {
            bad(l, l->start, l->p, "a string without its closing quote");
            l->p = l->end;      /* what follows cannot be told from it */
            return;
        }

        if (at_close(l)) {
            l->p += l->triple ? 3 : 1;
            return;
        }

        ch = l->text[l->p];

        if (ch == '\\' && !l->raw) {
            escape(l);

        } else {
            plain(l);
        }
    }
}


/* Decodes the body into memory of its size; false: memory is short. */
static bool
decode(literal_t *l)
{
    literal_t  dry;

    dry = *l;
    dry.quiet = true;
    dry.pieces = NULL;
    body(&dry);

    l->out = weir_arena_alloc(l->c->arena, dry.len + 1);

    if (l->out == NULL) {
        l->c->nomem = true;
        return false;
    }

    body(l);

    return !l->c->nomem;
}


static bool
literal_init(literal_t *l, weir_cel_t *c, uint32_t off)
{
    memset(l, 0, sizeof(literal_t));

    l->c = c;
    l->text = c->text->text.data;
    l->start = off;
    l->p = off;
    l->end = (uint32_t) c->text->text.len;

    return open_quotes(l);
}


bool
weir_cel_lex_string(weir_cel_t *c, uint32_t off, weir_tok_t *tok)
{
    literal_t  l;

    if (!literal_init(&l, c, off)) {
        return false;
    }

    tok->kind = l.bytes ? WEIR_TOK_BYTES : WEIR_TOK_STRING;

    if (!decode(&l)) {
        tok->len = l.end - off;
        return true;
    }

    tok->len = l.p - off;
    tok->text = weir_str(l.out, l.len);

    return true;
}


weir_rc_t
weir_cel_literal(weir_cel_t *c, uint32_t off, weir_text_t *out)
{
    pieces_t   pieces = { 0 };
    literal_t  l;

    if (off >= c->text->text.len || !literal_init(&l, c, off)) {
        return WEIR_DECLINED;
    }

    l.quiet = true;
    l.pieces = &pieces;

    if (!decode(&l)) {
        return WEIR_NOMEM;
    }

    out->text = weir_str(l.out, l.len);
    out->span = weir_text_span(c->text, off, l.p - off);
    out->pieces = pieces.items;
    out->npieces = (uint32_t) pieces.len;

    return WEIR_OK;
}
