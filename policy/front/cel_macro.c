/*
 * cel_macro.c: calls that stand for something else: has(), the
 * comprehensions, cel.bind(), optMap(), optFlatMap(), math.greatest(),
 * math.least().
 */

#include "front/cel_ast.h"
#include "front/cel_macros.h"

/* a variable that no source can name */
#define HIDDEN  weir_string("@optional")

typedef struct {
    weir_str_t    name;
    uint8_t       nargs;        /* the variables included */
    uint8_t       nvars;
    weir_loop_t   loop;
    bool          when;         /* the argument behind them is a condition */
    unsigned      macro;        /* WEIR_MACRO_* */
} form_t;

static const char *const  usages[] = {
#define M(name, usage, doc)  usage,
    WEIR_MACROS(M)
#undef M
};

static const form_t  forms[] = {
    { { "all", 3 }, 2, 1, WEIR_LOOP_ALL, true, WEIR_MACRO_ALL },
    { { "all", 3 }, 3, 2, WEIR_LOOP_ALL, true, WEIR_MACRO_ALL },
    { { "exists", 6 }, 2, 1, WEIR_LOOP_EXISTS, true, WEIR_MACRO_EXISTS },
    { { "exists", 6 }, 3, 2, WEIR_LOOP_EXISTS, true, WEIR_MACRO_EXISTS },
    { { "exists_one", 10 }, 2, 1, WEIR_LOOP_ONE, true, WEIR_MACRO_ONE },
    { { "exists_one", 10 }, 3, 2, WEIR_LOOP_ONE, true, WEIR_MACRO_ONE },
    { { "existsOne", 9 }, 2, 1, WEIR_LOOP_ONE, true, WEIR_MACRO_ONE },
    { { "existsOne", 9 }, 3, 2, WEIR_LOOP_ONE, true, WEIR_MACRO_ONE },
    { { "map", 3 }, 2, 1, WEIR_LOOP_LIST, false, WEIR_MACRO_MAP },
    { { "map", 3 }, 3, 1, WEIR_LOOP_LIST, true, WEIR_MACRO_MAP },
    { { "filter", 6 }, 2, 1, WEIR_LOOP_LIST, true, WEIR_MACRO_FILTER },
    { { "transformList", 13 }, 3, 2, WEIR_LOOP_LIST, false, WEIR_MACRO_LIST },
    { { "transformList", 13 }, 4, 2, WEIR_LOOP_LIST, true, WEIR_MACRO_LIST },
    { { "transformMap", 12 }, 3, 2, WEIR_LOOP_MAP, false, WEIR_MACRO_TOMAP },
    { { "transformMap", 12 }, 4, 2, WEIR_LOOP_MAP, true, WEIR_MACRO_TOMAP },
    { { "transformMapEntry", 17 }, 3, 2, WEIR_LOOP_ENTRY, false,
      WEIR_MACRO_ENTRY },
    { { "transformMapEntry", 17 }, 4, 2, WEIR_LOOP_ENTRY, true,
      WEIR_MACRO_ENTRY }
};


static weir_ex_t *
error_at(weir_cel_t *c, const weir_ex_t *call)
{
    return weir_ex_new(c, WEIR_X_ERROR, call->off, call->len);
}


/* The name of a variable that a macro declares; false = reported. */
static bool
variable(weir_cel_t *c, const weir_ex_t *call, const weir_ex_t *ex,
    weir_str_t *out)
{
    if (ex->x == WEIR_X_ERROR) {
        return false;
    }

    if (ex->x != WEIR_X_IDENT || (ex->flags & WEIR_XF_ROOT)) {
        weir_cel_fail(c, WEIR_EMACRO, ex,
                      "%.*s() needs the name of a variable here",
                      WEIR_STR(call->name));
        return false;
    }

    if (weir_str_eq(ex->name, weir_string("__result__"))) {
        weir_cel_fail(c, WEIR_EMACRO, ex,
                      "`__result__` is reserved; take another name");
        return false;
    }

    *out = ex->name;

    return true;
}


/* A variable with its value, known in body. */
static weir_ex_t *
bind(weir_cel_t *c, const weir_ex_t *at, weir_str_t name, weir_ex_t *value,
    weir_ex_t *body)
{
    weir_ex_t  *ex, *args[2];

    args[0] = value;
    args[1] = body;

    ex = weir_ex_make(c, WEIR_X_BIND, at->off, at->len, args, 2);
    ex->vars[0] = name;
    ex->nvars = 1;
    ex->op = at->op;

    return ex;
}


static weir_ex_t *
has(weir_cel_t *c, weir_ex_t *call)
{
    weir_ex_t  *ex, *field;

    field = call->args[0];

    if (field->x == WEIR_X_ERROR) {
        return field;
    }

    if (field->x != WEIR_X_SELECT || (field->flags & WEIR_XF_OPTIONAL)) {
        weir_cel_fail(c, WEIR_EMACRO, field,
                      "has() asks for a field, as in has(map.key)");
        return error_at(c, call);
    }

    ex = weir_ex_make(c, WEIR_X_HAS, call->off, call->len, field->args, 1);
    ex->name = field->name;
    ex->op = field->op;

    return ex;
}


/* cel.bind(name, value, body) */
static weir_ex_t *
cel_bind(weir_cel_t *c, weir_ex_t *call)
{
    weir_str_t  name;

    if (!variable(c, call, call->args[1], &name)) {
        return error_at(c, call);
    }

    return bind(c, call, name, call->args[2], call->args[3]);
}


static weir_ex_t *
hidden(weir_cel_t *c, const weir_ex_t *at)
{
    weir_ex_t  *ex;

    ex = weir_ex_new(c, WEIR_X_IDENT, at->off, at->len);
    ex->name = HIDDEN;

    return ex;
}


/* o.optMap(x, e): the value of o goes into x for e, none stays none */
static weir_ex_t *
opt_map(weir_cel_t *c, weir_ex_t *call, bool flat)
{
    weir_ex_t   *o, *args[3], *value;
    weir_str_t   name;

    if (!variable(c, call, call->args[1], &name)) {
        return error_at(c, call);
    }

    o = hidden(c, call);
    args[0] = weir_ex_call(c, ".hasValue", call, &o, 1);

    o = hidden(c, call);
    value = weir_ex_call(c, ".value", call, &o, 1);
    args[1] = bind(c, call, name, value, call->args[2]);

    if (!flat) {
        args[1] = weir_ex_call(c, "optional.of", call, &args[1], 1);
    }

    args[2] = weir_ex_call(c, "optional.none", call, NULL, 0);

    return bind(c, call, HIDDEN, call->args[0],
                weir_ex_make(c, WEIR_X_COND, call->off, call->len, args, 3));
}


/* transformMapEntry(): one entry, written {key: value}; or a map of some. */
static weir_loop_t
entry(const weir_ex_t *map, weir_ex_t **args, uint32_t *n)
{
    if (map->x != WEIR_X_MAP || map->n != 2
        || (map->args[1]->flags & WEIR_XF_ABSENT))
    {
        args[(*n)++] = (weir_ex_t *) map;
        return WEIR_LOOP_MERGE;
    }

    args[(*n)++] = map->args[0];
    args[(*n)++] = map->args[1];

    return WEIR_LOOP_ENTRY;
}


static weir_ex_t *
comprehension(weir_cel_t *c, weir_ex_t *call, const form_t *f)
{
    uint32_t     n, i;
    weir_ex_t   *args[4], *ex, **given;
    weir_str_t   vars[2] = { { NULL, 0 }, { NULL, 0 } };
    weir_loop_t  kind;

    given = call->args + 1;

    for (i = 0; i < f->nvars; i++) {
        if (!variable(c, call, given[i], &vars[i])) {
            return error_at(c, call);
        }
    }

    if (f->nvars == 2 && weir_str_eq(vars[0], vars[1])) {
        weir_cel_fail(c, WEIR_EMACRO, given[1],
                      "both variables are named `%.*s`", WEIR_STR(vars[0]));
        return error_at(c, call);
    }

    args[0] = call->args[0];
    n = 1;

    if (f->when) {
        args[n++] = given[i++];
    }

    kind = f->loop;

    if (i < f->nargs && kind == WEIR_LOOP_ENTRY) {
        kind = entry(given[i], args, &n);

    } else if (i < f->nargs) {
        args[n++] = given[i];
    }

    ex = weir_ex_make(c, WEIR_X_LOOP, call->off, call->len, args, n);
    ex->loop = (uint8_t) kind;
    ex->flags = f->when ? WEIR_XF_WHEN : 0;
    ex->nvars = f->nvars;
    ex->vars[0] = vars[0];
    ex->vars[1] = vars[1];
    ex->name = call->name;
    ex->op = call->op;

    return ex;
}


/* A literal that is no number, nor a list of what may be some. */
static bool
is_no_number(const weir_ex_t *ex)
{
    if (ex->x == WEIR_X_LIST || ex->x == WEIR_X_MAP) {
        return true;
    }

    return ex->x == WEIR_X_CONST && ex->value->kind != WEIR_T_INT
           && ex->value->kind != WEIR_T_UINT
           && ex->value->kind != WEIR_T_DOUBLE;
}


/* math.greatest(), math.least(): more than two arguments are a list */
static weir_ex_t *
extreme(weir_cel_t *c, weir_ex_t *call)
{
    bool         listed;
    uint32_t     i, n;
    weir_ex_t   *args[2], **given, *last;

    given = call->args + 1;
    n = call->n - 1;

    if (n == 0) {
        weir_cel_fail(c, WEIR_EMACRO, call,
                      "it is written math.%.*s(a, b, ...), or "
                      "math.%.*s(list)", WEIR_STR(call->name),
                      WEIR_STR(call->name));
        return error_at(c, call);
    }

    listed = n == 1 && given[0]->x == WEIR_X_LIST && given[0]->n > 0;

    if (listed) {
        n = given[0]->n;
        given = given[0]->args;
    }

    for (i = 0; i < n; i++) {
        if (is_no_number(given[i])) {
            weir_cel_fail(c, WEIR_EMACRO, given[i],
                          "math.%.*s() compares numbers",
                          WEIR_STR(call->name));
            return error_at(c, call);
        }
    }

    if (listed || n < 3) {
        return call;
    }

    last = given[n - 1];
    args[0] = call->args[0];
    args[1] = weir_ex_make(c, WEIR_X_LIST, given[0]->off,
                           last->off + last->len - given[0]->off, given, n);
    last = weir_ex_make(c, WEIR_X_CALL, call->off, call->len, args, 2);
    last->name = call->name;
    last->op = call->op;
    last->flags = call->flags;

    return last;
}


static weir_ex_t *
method(weir_cel_t *c, weir_ex_t *call)
{
    size_t         i;
    const char    *usage;
    const form_t  *f;

    usage = NULL;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        f = &forms[i];

        if (weir_str_eq(f->name, call->name)) {

            if (f->nargs + 1u == call->n) {
                return comprehension(c, call, f);
            }

            usage = usages[f->macro];
        }
    }

    if (usage != NULL) {
        weir_cel_fail(c, WEIR_EMACRO, call, "it is written %s", usage);
        return error_at(c, call);
    }

    if (call->n == 3
        && (weir_str_eq(call->name, weir_string("optMap"))
            || weir_str_eq(call->name, weir_string("optFlatMap"))))
    {
        return opt_map(c, call, call->name.len > 6);
    }

    if (call->n == 4 && weir_str_eq(call->name, weir_string("bind"))
        && call->args[0]->x == WEIR_X_IDENT
        && weir_str_eq(call->args[0]->name, weir_string("cel")))
    {
        return cel_bind(c, call);
    }

    if (call->args[0]->x == WEIR_X_IDENT
        && weir_str_eq(call->args[0]->name, weir_string("math"))
        && (weir_str_eq(call->name, weir_string("greatest"))
            || weir_str_eq(call->name, weir_string("least"))))
    {
        return extreme(c, call);
    }

    return call;
}


weir_ex_t *
weir_cel_macro(weir_cel_t *c, weir_ex_t *call)
{
    if (call->x != WEIR_X_CALL) {
        return call;
    }

    if (call->flags & WEIR_XF_METHOD) {
        return method(c, call);
    }

    if (call->n == 1 && weir_str_eq(call->name, weir_string("has"))) {
        return has(c, call);
    }

    return call;
}
