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

        if (weir_cel_lex_string(c, p, tok)) {
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
