/*
 * cel_template.c: text with expressions in it, "a${x}b", as one expression:
 * the concatenation of its parts.
 *
 * "$${" is a literal "${".  Places are those of the whole text, so an error
 * inside of a part points at it.
 */

#include "front/cel_ast.h"
#include "base/utf8.h"
#include "front/template.h"
#include "image/header.h"

#define OPEN  2u                /* bytes of "${" */

typedef struct {
    weir_ex_t  *ex;
    bool        literal;
} part_t;

typedef weir_vec_t(part_t)  parts_t;


static bool
opens(weir_str_t s, uint32_t off)
{
    return s.len - off >= OPEN && s.data[off] == '$' && s.data[off + 1] == '{';
}


/*
 * What of byte i no header and no path holds, NULL: it is none of that.  A
 * source has no NUL.
 */
static const char *
refused(const weir_cel_t *c, uint32_t i)
{
    weir_str_t  s;

    s = c->text->text;

    switch (s.data[i]) {

    case '\n':
        return i + 1 < s.len ? "a line feed"
               : "a line feed at its end; a block scalar has none as >-";

    case '\r':
        return "a carriage return";

    case '?':
        return c->site->path ? "`?` in its text: the query goes along as it is"
                             : NULL;

    case ';':
    case '\\':
        return !c->site->path ? NULL
               : s.data[i] == ';' ? "`;` in its text, which no path has"
                                  : "a backslash in its text, which no path "
                                    "has";

    default:
        return weir_header_is_byte(s.data[i]) ? NULL : "a control character";
    }
}


/* Segments that are text, of a piece [from, to) between two expressions. */
static void
check_segments(weir_cel_t *c, uint32_t from, uint32_t to)
{
    uint32_t    i, begin;
    weir_str_t  s;

    s = c->text->text;
    begin = to;

    for (i = from; i <= to && !c->failed; i++) {

        if (i < to ? s.data[i] != '/' : to < s.len) {
            continue;
        }

        if (begin < i && weir_is_dots(weir_str(s.data + begin, i - begin))) {
            weir_cel_fail_at(c, WEIR_EVALUE, begin, i - begin,
                             "%s has a dot segment in its text, which no path "
                             "has", c->site->role);
        }

        begin = i + 1;
    }
}


/* The text from *off to the next expression, or the end. */
static weir_ex_t *
literal(weir_cel_t *c, uint32_t *off)
{
    char         *out;
    uint32_t      i;
    weir_ex_t    *ex;
    weir_str_t    s;
    weir_cval_t   v;
    const char   *why;

    s = c->text->text;
    out = weir_arena_alloc(c->arena, s.len - *off + 1);

    if (out == NULL) {
        c->nomem = true;
        return &c->sink;
    }

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_STRING;
    v.s.data = out;

    for (i = *off; i < s.len && !opens(s, i); i++) {

        why = refused(c, i);

        if (why != NULL && !c->failed) {
            weir_cel_fail_at(c, WEIR_EVALUE, i, 1, "%s has %s",
                             c->site->role, why);
        }

        out[v.s.len++] = s.data[i];

        /* of "$${", the two behind the first are text */
        if (s.data[i] == '$' && i + 1 < s.len && opens(s, i + 1)) {
            out[v.s.len++] = '{';
            i += OPEN;
        }
    }

    if (c->site->path) {
        check_segments(c, *off, i);
    }

    ex = weir_ex_const(c, &v, *off, i - *off);
    ex->type = &weir_types[WEIR_T_STRING];
    *off = i;

    return ex;
}


static void
parse(weir_cel_t *c, parts_t *parts)
{
    part_t     *part, p;
    uint32_t    off;
    weir_str_t  s;

    s = c->text->text;
    off = 0;

    if (!weir_utf8_valid(s)) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, 0, s.len,
                         "text that is not UTF-8");
        return;
    }

    do {
        p.literal = !opens(s, off);

        if (p.literal) {
            p.ex = literal(c, &off);

        } else {
            off += OPEN;
            p.ex = weir_cel_parse_part(c, &off);
        }

        part = weir_vec_push(c->arena, parts);

        if (part == NULL) {
            c->nomem = true;
            return;
        }

        *part = p;

    } while (off < s.len && !c->failed && !c->nomem);
}


/* A call of fn as the checker leaves it. */
static weir_ex_t *
make(weir_cel_t *c, unsigned fn, weir_ex_t *const *args, uint32_t n)
{
    weir_ex_t  *ex;

    ex = weir_ex_call(c, weir_fn_name(fn), args[0], args, n);

    if (ex == &c->sink) {
        return ex;
    }

    ex->len = args[n - 1]->off + args[n - 1]->len - ex->off;
    ex->fn = fn;
    weir_cel_resolve(c, ex);

    return ex;
}


weir_ex_t *
weir_cel_template(weir_cel_t *c)
{
    size_t      i;
    parts_t     parts = { 0 };
    weir_ex_t  *args[2];

    parse(c, &parts);

    for (i = 0; i < parts.len && !c->nomem; i++) {
        if (!parts.items[i].literal && parts.items[i].ex->x != WEIR_X_ERROR) {
            weir_cel_check(c, parts.items[i].ex);
        }
    }

    if (c->failed || c->nomem) {
        return &c->sink;
    }

    for (i = 0; i < parts.len && !c->failed && !c->nomem; i++) {
        args[1] = parts.items[i].ex;

        if (args[1]->type->kind != WEIR_T_STRING) {
            args[1] = make(c, WEIR_N_STRING, &args[1], 1);
        }

        args[0] = i > 0 ? make(c, WEIR_N_ADD, args, 2) : args[1];
    }

    return args[0];
}
