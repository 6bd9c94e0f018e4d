/*
 * tree.c: parsed expressions in the letters of cel-go's ToDebugString(), with
 * which the suites say what the parser must make of a text.
 *
 * Macros that the reference expands are printed as it does; those which it
 * takes for calls, as they were written.
 */

#include <ctype.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "conformance.h"

#define CALL   "^#*expr.Expr_CallExpr#"
#define IDENT  "^#*expr.Expr_IdentExpr#"
#define LIST   "^#*expr.Expr_ListExpr#"
#define RESULT "@result" IDENT

typedef struct {
    FILE  *out;
    int    depth;
    bool   strange;             /* something it does not print */
} tree_t;


static void print(tree_t *t, const weir_ex_t *ex);


static void
line(tree_t *t)
{
    fprintf(t->out, "\n%*s", 2 * t->depth, "");
}


static void
open(tree_t *t, const char *what)
{
    fputs(what, t->out);
    t->depth++;
    line(t);
}


static void
next(tree_t *t)
{
    fputc(',', t->out);
    line(t);
}


static void
end(tree_t *t, const char *what)
{
    t->depth--;
    line(t);
    fputs(what, t->out);
}


/* What is seen only as blank, or not at all. */
static bool
is_hidden(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0x1680
           || c == 0x180e || (c >= 0x2000 && c <= 0x200f)
           || (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f)
           || c == 0x3000 || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb)
           || (c >= 0xe000 && c <= 0xf8ff)
           || (c >= 0x40000 && c <= 0xdffff);
}


static void
quoted(tree_t *t, weir_str_t s)
{
    static const char  letters[] = "\a\b\f\n\r\t\v\"\\";
    static const char  escapes[] = "abfnrtv\"\\";

    int32_t      c;
    const char  *p, *start, *end_, *at;

    fputc('"', t->out);
    end_ = s.data + s.len;

    for (p = s.data; p < end_; ) {
        start = p;
        at = *p ? strchr(letters, *p) : NULL;

        if (at != NULL) {
            fprintf(t->out, "\\%c", escapes[at - letters]);
            p++;
            continue;
        }

        c = weir_utf8_next(&p, end_);

        if (c < 0) {
            p = start + 1;
            fprintf(t->out, "\\x%02x", (unsigned char) *start);

        } else if (c < 0x80 && is_hidden(c)) {
            fprintf(t->out, "\\x%02x", (unsigned) c);

        } else if (is_hidden(c)) {
            fprintf(t->out, c > 0xffff ? "\\U%08x" : "\\u%04x",
                    (unsigned) c);

        } else {
            fwrite(start, 1, (size_t) (p - start), t->out);
        }
    }

    fputc('"', t->out);
}


/* The fewest digits that tell a number, as Go's %g has them. */
static void
number(tree_t *t, double d)
{
    int   n, i, exp;
    char  text[40], digits[32];

    for (n = 1; n < 18; n++) {
        snprintf(text, sizeof(text), "%.*e", n - 1, d);

        if (strtod(text, NULL) == d) {
            break;
        }
    }

    exp = atoi(strchr(text, 'e') + 1);

    if (exp < -4 || exp >= 6) {
        fputs(text, t->out);
        return;
    }

    for (i = 0, n = 0; text[i] != 'e'; i++) {
        if (isdigit((unsigned char) text[i])) {
            digits[n++] = text[i];
        }
    }

    fprintf(t->out, "%s%.*s", text[0] == '-' ? "-" : "", exp < 0 ? 1 - exp : 0,
            "0.0000");

    for (i = 0; i < n || i <= exp; i++) {
        fprintf(t->out, "%s%c", exp >= 0 && i == exp + 1 ? "." : "",
                i < n ? digits[i] : '0');
    }
}


static void
constant(tree_t *t, const weir_cval_t *v)
{
    const char  *kind;

    switch (v->kind) {

    case WEIR_T_NULL:
        fputs("null", t->out);
        kind = "Null";
        break;

    case WEIR_T_BOOL:
        fputs(v->u.b ? "true" : "false", t->out);
        kind = "Bool";
        break;

    case WEIR_T_INT:
        fprintf(t->out, "%lld", (long long) v->u.i);
        kind = "Int64";
        break;

    case WEIR_T_UINT:
        fprintf(t->out, "%lluu", (unsigned long long) v->u.u);
        kind = "Uint64";
        break;

    case WEIR_T_DOUBLE:
        number(t, v->u.d);
        kind = "Double";
        break;

    case WEIR_T_STRING:
        quoted(t, v->s);
        kind = "String";
        break;

    default:
        fputc('b', t->out);
        quoted(t, v->s);
        kind = "Bytes";
    }

    fprintf(t->out, "^#*expr.Constant_%sValue#", kind);
}


static void
print_list(tree_t *t, const weir_ex_t *ex)
{
    uint32_t  i;

    if (ex->n == 0) {
        fputs("[]" LIST, t->out);
        return;
    }

    open(t, "[");

    for (i = 0; i < ex->n; i++) {
        print(t, ex->args[i]);
        t->strange |= (ex->args[i]->flags & WEIR_XF_ABSENT) != 0;

        if (i + 1 < ex->n) {
            next(t);
        }
    }

    end(t, "]" LIST);
}


static void
map(tree_t *t, const weir_ex_t *ex)
{
    uint32_t  i;

    if (ex->n == 0) {
        fputs("{}^#*expr.Expr_StructExpr#", t->out);
        return;
    }

    open(t, "{");

    for (i = 0; i + 1 < ex->n; i += 2) {
        print(t, ex->args[i]);
        fputc(':', t->out);
        print(t, ex->args[i + 1]);
        fputs("^#*expr.Expr_CreateStruct_Entry#", t->out);
        t->strange |= (ex->args[i + 1]->flags & WEIR_XF_ABSENT) != 0;

        if (i + 2 < ex->n) {
            next(t);
        }
    }

    end(t, "}^#*expr.Expr_StructExpr#");
}


static void
message(tree_t *t, const weir_ex_t *ex)
{
    uint32_t     i;
    weir_str_t   name;

    name = ex->name;

    for (i = 0; i < name.len; i++) {
        t->strange |= strchr(" \t\r\n\f/", name.data[i]) != NULL;
    }

    fprintf(t->out, "%.*s", WEIR_STR(name));

    if (ex->n == 0) {
        fputs("{}^#*expr.Expr_StructExpr#", t->out);
        return;
    }

    open(t, "{");

    for (i = 0; i + 1 < ex->n; i += 2) {
        fprintf(t->out, "%.*s:", WEIR_STR(ex->args[i]->value->s));
        print(t, ex->args[i + 1]);
        fputs("^#*expr.Expr_CreateStruct_Entry#", t->out);

        if (i + 2 < ex->n) {
            next(t);
        }
    }

    end(t, "}^#*expr.Expr_StructExpr#");
}


/* name(args), the node's mark included. */
static void
call(tree_t *t, weir_str_t name, weir_ex_t *const *args, uint32_t n)
{
    uint32_t  i;

    fprintf(t->out, "%.*s", WEIR_STR(name));

    if (n == 0) {
        fputs("()" CALL, t->out);
        return;
    }

    open(t, "(");

    for (i = 0; i < n; i++) {
        print(t, args[i]);

        if (i + 1 < n) {
            next(t);
        }
    }

    end(t, ")" CALL);
}


/* Rows of || and &&: cel-go balances them. */
static void
logical(tree_t *t, const weir_ex_t *ex, uint32_t lo, uint32_t hi)
{
    uint32_t  mid;

    if (lo > hi) {
        print(t, ex->args[lo]);
        return;
    }

    mid = (lo + hi + 1) / 2;

    open(t, ex->x == WEIR_X_OR ? "_||_(" : "_&&_(");

    if (mid == lo) {
        print(t, ex->args[mid]);
    } else {
        logical(t, ex, lo, mid - 1);
    }

    next(t);

    if (mid == hi) {
        print(t, ex->args[mid + 1]);
    } else {
        logical(t, ex, mid + 1, hi);
    }

    end(t, ")" CALL);
}


static void
ident(tree_t *t, weir_str_t name)
{
    fprintf(t->out, "%.*s" IDENT, WEIR_STR(name));
}


/* A macro that the reference takes for a call. */
static void
unexpanded(tree_t *t, weir_str_t name, const weir_str_t *vars, uint32_t nvars,
    weir_ex_t *const *args, uint32_t n)
{
    uint32_t  i;

    fprintf(t->out, ".%.*s", WEIR_STR(name));
    open(t, "(");

    for (i = 0; i < nvars; i++) {
        ident(t, vars[i]);
        next(t);
    }

    for (i = 0; i < n; i++) {
        print(t, args[i]);

        if (i + 1 < n) {
            next(t);
        }
    }

    end(t, ")" CALL);
}


/* @result + [element] */
static void
append(tree_t *t, const weir_ex_t *ex, const weir_ex_t *result)
{
    open(t, "_+_(");
    fputs(RESULT, t->out);
    next(t);
    open(t, "[");

    if (result != NULL) {
        print(t, result);
    } else {
        ident(t, ex->vars[0]);
    }

    end(t, "]" LIST);
    end(t, ")" CALL);
}


/* condition ? what is added : @result */
static void
loop_when(tree_t *t, const weir_ex_t *ex)
{
    open(t, "_?_:_(");
    print(t, ex->args[1]);
    next(t);

    if (ex->loop == WEIR_LOOP_ONE) {
        open(t, "_+_(");
        fputs(RESULT, t->out);
        next(t);
        fputs("1^#*expr.Constant_Int64Value#", t->out);
        end(t, ")" CALL);
    } else {
        append(t, ex, ex->n > 2 ? ex->args[2] : NULL);
    }

    next(t);
    fputs(RESULT, t->out);
    end(t, ")" CALL);
}


static void
loop_step(tree_t *t, const weir_ex_t *ex)
{
    if (ex->loop >= WEIR_LOOP_ONE) {

        if (ex->flags & WEIR_XF_WHEN) {
            loop_when(t, ex);
        } else {
            append(t, ex, ex->args[1]);
        }

        return;
    }

    open(t, ex->loop == WEIR_LOOP_ALL ? "_&&_(" : "_||_(");
    fputs(RESULT, t->out);
    next(t);
    print(t, ex->args[1]);
    end(t, ")" CALL);
}


static void
loop_condition(tree_t *t, const weir_ex_t *ex)
{
    if (ex->loop >= WEIR_LOOP_ONE) {
        fputs("true^#*expr.Constant_BoolValue#", t->out);
        return;
    }

    open(t, "@not_strictly_false(");

    if (ex->loop == WEIR_LOOP_ALL) {
        fputs(RESULT, t->out);

    } else {
        open(t, "!_(");
        fputs(RESULT, t->out);
        end(t, ")" CALL);
    }

    end(t, ")" CALL);
}


static void
loop(tree_t *t, const weir_ex_t *ex)
{
    static const char *const  init[] = {
        "true^#*expr.Constant_BoolValue#", "false^#*expr.Constant_BoolValue#",
        "0^#*expr.Constant_Int64Value#", "[]" LIST, "", ""
    };

    if (ex->nvars == 2) {
        print(t, ex->args[0]);
        unexpanded(t, ex->name, ex->vars, 2, ex->args + 1, ex->n - 1);
        t->strange |= ex->loop == WEIR_LOOP_ENTRY;  /* a map, taken apart */
        return;
    }

    open(t, "__comprehension__(");
    fputs("// Variable", t->out);
    line(t);
    fprintf(t->out, "%.*s", WEIR_STR(ex->vars[0]));
    next(t);
    fputs("// Target", t->out);
    line(t);
    print(t, ex->args[0]);
    next(t);
    fputs("// Accumulator", t->out);
    line(t);
    fputs("@result", t->out);
    next(t);
    fputs("// Init", t->out);
    line(t);
    fputs(init[ex->loop], t->out);
    next(t);
    fputs("// LoopCondition", t->out);
    line(t);
    loop_condition(t, ex);
    next(t);
    fputs("// LoopStep", t->out);
    line(t);
    loop_step(t, ex);
    next(t);
    fputs("// Result", t->out);
    line(t);

    if (ex->loop == WEIR_LOOP_ONE) {
        open(t, "_==_(");
        fputs(RESULT, t->out);
        next(t);
        fputs("1^#*expr.Constant_Int64Value#", t->out);
        end(t, ")" CALL);
    } else {
        fputs(RESULT, t->out);
    }

    fputs(")^#*expr.Expr_ComprehensionExpr#", t->out);
    t->depth--;
}


/* cel.bind(), or optMap() and optFlatMap(), whose variable has no name. */
static void
bind(tree_t *t, const weir_ex_t *ex)
{
    bool              flat;
    const weir_ex_t  *inner;

    if (ex->vars[0].data[0] != '@') {
        fputs("cel" IDENT, t->out);
        unexpanded(t, weir_string("bind"), ex->vars, 1, ex->args, 2);
        return;
    }

    inner = ex->args[1]->args[1];
    flat = inner->x == WEIR_X_BIND;
    inner = flat ? inner : inner->args[0];

    print(t, ex->args[0]);
    unexpanded(t, flat ? weir_string("optFlatMap") : weir_string("optMap"),
               inner->vars, 1, inner->args + 1, 1);
}


static bool
is_sign(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CALL && ex->n == 1
           && (weir_str_eq(ex->name, weir_string("!_"))
               || weir_str_eq(ex->name, weir_string("-_")));
}


/* A literal to which the last minus of a row of n belongs. */
static bool
is_signed(const weir_ex_t *ex, uint32_t off, uint32_t n, weir_cval_t *v)
{
    if (ex->x != WEIR_X_CONST || ex->off != off + n) {
        return false;
    }

    *v = *ex->value;

    if (v->kind == WEIR_T_INT && v->u.i < 0) {
        v->u.i = -v->u.i;
        return true;
    }

    v->u.d = -v->u.d;

    return v->kind == WEIR_T_DOUBLE && v->u.d > 0;
}


/* A row of one sign: cel-go leaves out pairs. */
static void
signs(tree_t *t, const weir_ex_t *ex)
{
    bool              literal;
    uint32_t          n;
    weir_cval_t       v;
    const weir_ex_t  *in;

    for (n = 1, in = ex->args[0];
         is_sign(in) && weir_str_eq(in->name, ex->name);
         in = in->args[0])
    {
        n++;
    }

    literal = ex->name.data[0] == '-' && is_signed(in, ex->off, n, &v);
    n += literal;

    if (n % 2) {
        fprintf(t->out, "%.*s", WEIR_STR(ex->name));
        open(t, "(");
    }

    if (literal) {
        constant(t, &v);
    } else {
        print(t, in);
    }

    if (n % 2) {
        end(t, ")" CALL);
    }
}


static void
print_call(tree_t *t, const weir_ex_t *ex)
{
    const weir_ex_t  *list;

    if (is_sign(ex)) {
        signs(t, ex);
        return;
    }

    if (ex->flags & WEIR_XF_METHOD) {
        print(t, ex->args[0]);
        fputc('.', t->out);

        /* the arguments of math.greatest(), which became a list */
        list = ex->n == 2 ? ex->args[1] : ex;

        if (list->x == WEIR_X_LIST && list->n > 0
            && list->off == list->args[0]->off)
        {
            call(t, ex->name, list->args, list->n);
            return;
        }

        call(t, ex->name, ex->args + 1, ex->n - 1);
        return;
    }

    fputs(ex->flags & WEIR_XF_ROOT ? "." : "", t->out);
    call(t, ex->name, ex->args, ex->n);
}


static void
print(tree_t *t, const weir_ex_t *ex)
{
    switch (ex->x) {

    case WEIR_X_CONST:
        constant(t, ex->value);
        return;

    case WEIR_X_IDENT:
        fputs(ex->flags & WEIR_XF_ROOT ? "." : "", t->out);
        ident(t, ex->name);
        return;

    case WEIR_X_SELECT:
    case WEIR_X_HAS:
        t->strange |= (ex->flags & (WEIR_XF_OPTIONAL | WEIR_XF_QUOTED)) != 0;
        print(t, ex->args[0]);
        fprintf(t->out, ".%.*s%s^#*expr.Expr_SelectExpr#", WEIR_STR(ex->name),
                ex->x == WEIR_X_HAS ? "~test-only~" : "");
        return;

    case WEIR_X_CALL:
        print_call(t, ex);
        return;

    case WEIR_X_COND:
        call(t, weir_string("_?_:_"), ex->args, ex->n);
        return;

    case WEIR_X_OR:
    case WEIR_X_AND:
        logical(t, ex, 0, ex->n - 2);
        return;

    case WEIR_X_LIST:
        print_list(t, ex);
        return;

    case WEIR_X_MAP:
        map(t, ex);
        return;

    case WEIR_X_LOOP:
        loop(t, ex);
        return;

    case WEIR_X_BIND:
        bind(t, ex);
        return;

    case WEIR_X_MESSAGE:
        message(t, ex);
        return;

    default:
        t->strange = true;
    }
}


bool
tree_print(const weir_ex_t *ex, FILE *out)
{
    tree_t  t;

    t.out = out;
    t.depth = 0;
    t.strange = false;
    print(&t, ex);

    return !t.strange;
}
