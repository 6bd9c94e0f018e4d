/*
 * cel_lex.c: tokens of CEL, and what literals stand for.
 *
 * A malformed literal is reported and becomes one of its kind, so that the
 * parser goes on; a character that begins nothing is reported and skipped.
 */

#include "front/cel_ast.h"
#include "base/num.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_NUMBER  128         /* letters of a number */

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


static bool
is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}


static int
hex_value(char ch)
{
    if (is_digit(ch)) {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


static bool
is_letter(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}


/* Bytes of blanks and comments at off. */
static uint32_t
blanks(weir_str_t s, uint32_t off)
{
    uint32_t  p;

    for (p = off; p < s.len; p++) {

        if (s.data[p] == '/' && p + 1 < s.len && s.data[p + 1] == '/') {
            while (p < s.len && s.data[p] != '\n') {
                p++;
            }

            if (p == s.len) {
                break;
            }
        }

        if (strchr(" \t\r\n\f", s.data[p]) == NULL || s.data[p] == '\0') {
            break;
        }
    }

    return p - off;
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
        d = l->p < l->end ? hex_value(l->text[l->p]) : -1;

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


/* Reads a string literal; false when none begins at off. */
static bool
lex_string(weir_cel_t *c, uint32_t off, weir_tok_t *tok)
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


/* The length of a number at off, and whether it is a double. */
static uint32_t
number_len(weir_str_t s, uint32_t off, bool *is_double)
{
    uint32_t  p, e;

    *is_double = false;
    p = off;

    if (s.len - p > 2 && s.data[p] == '0' && (s.data[p + 1] | 0x20) == 'x'
        && hex_value(s.data[p + 2]) >= 0)
    {
        for (p += 2; p < s.len && hex_value(s.data[p]) >= 0; p++) { }
        return p - off;
    }

    while (p < s.len && is_digit(s.data[p])) {
        p++;
    }

    if (p + 1 < s.len && s.data[p] == '.' && is_digit(s.data[p + 1])) {
        *is_double = true;

        for (p++; p < s.len && is_digit(s.data[p]); p++) { }
    }

    if (p < s.len && (s.data[p] | 0x20) == 'e') {
        e = p + 1;

        if (e < s.len && (s.data[e] == '+' || s.data[e] == '-')) {
            e++;
        }

        if (e < s.len && is_digit(s.data[e])) {
            *is_double = true;

            for (p = e; p < s.len && is_digit(s.data[p]); p++) { }
        }
    }

    return p - off;
}


static bool
parse_integer(weir_str_t s, uint64_t *out)
{
    size_t    i;
    uint64_t  v, base;

    base = 10;
    i = 0;

    if (s.len > 2 && (s.data[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    }

    for (v = 0; i < s.len; i++) {
        if (!weir_mul(v, base, &v)
            || !weir_add(v, (uint64_t) hex_value(s.data[i]), &v))
        {
            return false;
        }
    }

    *out = v;

    return true;
}


static void
lex_number(weir_cel_t *c, uint32_t off, weir_tok_t *tok)
{
    bool        is_double;
    char        buf[MAX_NUMBER + 1];
    weir_str_t  s, num;

    s = c->text->text;
    num = weir_str(s.data + off, number_len(s, off, &is_double));
    tok->len = (uint32_t) num.len;
    tok->text = num;

    if (is_double) {
        tok->kind = WEIR_TOK_DOUBLE;

        if (num.len > MAX_NUMBER) {
            weir_cel_fail_at(c, WEIR_ELITERAL, off, num.len,
                             "a number of more than %d letters", MAX_NUMBER);
            return;
        }

        memcpy(buf, num.data, num.len);
        buf[num.len] = '\0';
        tok->d = strtod(buf, NULL);

        if (isinf(tok->d)) {
            weir_cel_fail_at(c, WEIR_ELITERAL, off, num.len,
                             "%s does not fit a double", buf);
        }

        return;
    }

    tok->kind = WEIR_TOK_INT;

    if (off + num.len < s.len && (s.data[off + num.len] | 0x20) == 'u') {
        tok->kind = WEIR_TOK_UINT;
        tok->len++;
    }

    if (!parse_integer(num, &tok->u)) {
        weir_cel_fail_at(c, WEIR_ELITERAL, off, tok->len,
                         "%.*s does not fit %s", WEIR_STR(num),
                         tok->kind == WEIR_TOK_INT ? "an int" : "a uint");
        tok->u = 0;
    }
}


static void
lex_ident(weir_cel_t *c, uint32_t off, weir_tok_t *tok)
{
    static const struct {
        const char       *name;
        weir_tok_kind_t   kind;
    }  words[] = {
        { "true",  WEIR_TOK_TRUE },
        { "false", WEIR_TOK_FALSE },
        { "null",  WEIR_TOK_NULL },
        { "in",    WEIR_TOK_IN }
    };

    size_t      i;
    uint32_t    p;
    weir_str_t  s;

    s = c->text->text;

    for (p = off; p < s.len && (is_letter(s.data[p]) || is_digit(s.data[p]));
         p++) { }

    tok->kind = WEIR_TOK_IDENT;
    tok->len = p - off;
    tok->text = weir_str(s.data + off, p - off);

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (weir_str_eq(tok->text, weir_cstr(words[i].name))) {
            tok->kind = words[i].kind;
        }
    }
}


/* `name` of a field; p is at its backquote. */
static void
lex_quoted(weir_cel_t *c, uint32_t off, weir_tok_t *tok)
{
    uint32_t    p;
    weir_str_t  s;

    s = c->text->text;

    for (p = off + 1;
         p < s.len && (is_letter(s.data[p]) || is_digit(s.data[p])
                       || (s.data[p] && strchr(".-/ ", s.data[p])));
         p++) { }

    tok->kind = WEIR_TOK_QUOTED;
    tok->text = weir_str(s.data + off + 1, p - off - 1);
    tok->len = p - off;

    if (p == s.len || s.data[p] != '`') {
        weir_cel_fail_at(c, WEIR_ELITERAL, off, p - off,
                         "a quoted name ends with `, and has letters, "
                         "digits and _.-/ only");
        tok->len = (uint32_t) s.len - off;
        return;
    }

    tok->len++;

    if (tok->text.len == 0) {
        weir_cel_fail_at(c, WEIR_ELITERAL, off, 2, "an empty name");
    }
}


/* Operators of two letters; false when none is here. */
static bool
lex_pair(weir_str_t s, uint32_t off, weir_tok_t *tok)
{
    static const struct {
        char             text[3];
        weir_tok_kind_t  kind;
    }  pairs[] = {
        { "==", WEIR_TOK_EQ },
        { "!=", WEIR_TOK_NE },
        { "<=", WEIR_TOK_LE },
        { ">=", WEIR_TOK_GE },
        { "&&", WEIR_TOK_AND },
        { "||", WEIR_TOK_OR }
    };

    size_t  i;

    for (i = 0; s.len - off >= 2 && i < sizeof(pairs) / sizeof(pairs[0]);
         i++)
    {
        if (memcmp(s.data + off, pairs[i].text, 2) == 0) {
            tok->kind = pairs[i].kind;
            tok->len = 2;
            return true;
        }
    }

    return false;
}


static void
complain(weir_cel_t *c, uint32_t off)
{
    char         ch;
    weir_str_t   s;
    const char  *next, *hint;

    s = c->text->text;
    next = s.data + off;
    ch = *next;

    if (weir_utf8_next(&next, s.data + s.len) < 0) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, off, 1,
                         "a byte that is not UTF-8");
        return;
    }

    hint = ch == '=' ? "; equality is ==" : ch == '&' ? "; and is &&"
           : ch == '|' ? "; or is ||" : "";

    if ((unsigned char) ch < 0x20 || ch == 0x7f) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, off, 1,
                         "a control character outside of strings");
        return;
    }

    weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, off,
                     (size_t) (next - s.data) - off,
                     "`%.*s` has no meaning in an expression%s",
                     (int) (next - s.data - off), s.data + off, hint);
}


/* Bytes of the character at off, malformed or not. */
static uint32_t
letter_len(weir_str_t s, uint32_t off)
{
    const char  *next;

    next = s.data + off;

    if (weir_utf8_next(&next, s.data + s.len) < 0) {
        return 1;
    }

    return (uint32_t) (next - s.data) - off;
}


bool
weir_cel_reserved(weir_str_t name)
{
    static const char *const  words[] = {
        "as", "break", "const", "continue", "else", "for", "function", "if",
        "import", "let", "loop", "package", "namespace", "return", "var",
        "void", "while"
    };

    size_t  i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (weir_str_eq(name, weir_cstr(words[i]))) {
            return true;
        }
    }

    return false;
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


void
weir_cel_lex(weir_cel_t *c, uint32_t *off, weir_tok_t *tok)
{
    char        ch;
    uint32_t    p;
    weir_str_t  s;

    s = c->text->text;
    memset(tok, 0, sizeof(weir_tok_t));

    for ( ;; ) {
        *off += blanks(s, *off);
        p = *off;
        tok->off = p;

        if (p >= s.len) {
            return;
        }

        ch = s.data[p];

        if (lex_string(c, p, tok)) {
            break;
        }

        if (is_letter(ch)) {
            lex_ident(c, p, tok);
            break;
        }

        if (is_digit(ch)
            || (ch == '.' && p + 1 < s.len && is_digit(s.data[p + 1])))
        {
            lex_number(c, p, tok);
            break;
        }

        if (ch == '`') {
            lex_quoted(c, p, tok);
            break;
        }

        if (lex_pair(s, p, tok)) {
            break;
        }

        if (ch != '\0' && strchr("+-*/%!<>?:.,()[]{}", ch) != NULL) {
            tok->kind = WEIR_TOK_PUNCT;
            tok->punct = ch;
            tok->len = 1;
            break;
        }

        complain(c, p);
        *off += letter_len(s, p);
        tok->skipped = true;
    }

    *off = p + tok->len;
}
