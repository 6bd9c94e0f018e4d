/*
 * cel_overload.c: which overloads of a function fit, and what to say where
 * none does.
 *
 * One that fits is taken; where an argument is dyn several may fit, and then
 * the kinds of the values choose among them (see emit_node.c).
 */

#include "front/cel_ast.h"

#define SHOWN  6                /* candidates in a message */


static bool
is_operator(unsigned fn)
{
    const char  *s;

    s = weir_fn_name(fn);

    return strchr("_!-@", s[0]) != NULL;
}


/* The letters of an operator: "_+_" is "+". */
static weir_str_t
operator_text(unsigned fn)
{
    weir_str_t  s;

    s = weir_cstr(weir_fn_name(fn));

    while (s.len > 1 && (s.data[0] == '_' || s.data[0] == '@')) {
        s.data++;
        s.len--;
    }

    while (s.len > 1 && s.data[s.len - 1] == '_') {
        s.len--;
    }

    return s;
}


/* A call as a user would write it, with types in the place of arguments. */
static weir_str_t
show(weir_cel_t *c, unsigned fn, const weir_str_t *args, uint32_t n)
{
    uint32_t    i, first;
    weir_str_t  s, op;

    if (fn == WEIR_N_INDEX || fn == WEIR_N_OPT_INDEX) {
        return weir_arena_printf(c->arena, "%.*s[%s%.*s]", WEIR_STR(args[0]),
                                 fn == WEIR_N_INDEX ? "" : "?",
                                 WEIR_STR(args[1]));
    }

    if (is_operator(fn)) {
        op = operator_text(fn);

        if (n == 1) {
            return weir_arena_printf(c->arena, "%.*s%.*s", WEIR_STR(op),
                                     WEIR_STR(args[0]));
        }

        return weir_arena_printf(c->arena, "%.*s %.*s %.*s",
                                 WEIR_STR(args[0]), WEIR_STR(op),
                                 WEIR_STR(args[1]));
    }

    first = weir_fn_name(fn)[0] == '.';
    s = weir_arena_printf(c->arena, "%.*s%s(",
                          first ? (int) args[0].len : 0,
                          first ? args[0].data : "", weir_fn_name(fn));

    for (i = first; i < n; i++) {
        s = weir_arena_printf(c->arena, "%.*s%s%.*s", WEIR_STR(s),
                              i > first ? ", " : "", WEIR_STR(args[i]));
    }

    return weir_arena_printf(c->arena, "%.*s)", WEIR_STR(s));
}


/* The arguments of an overload, as its row writes them. */
static void
row_args(unsigned row, weir_str_t out[4])
{
    unsigned     i, depth;
    const char  *p, *start;

    if (weir_fns[row].generic[0] == '\0') {
        for (i = 0; i < weir_fns[row].nargs; i++) {
            out[i] = weir_cstr(weir_kind_name(weir_fns[row].args[i]));
        }

        return;
    }

    p = weir_fns[row].generic;

    for (i = 0; i < weir_fns[row].nargs; i++, p++) {
        start = p;

        for (depth = 0; depth > 0 || (*p != ',' && *p != ':'); p++) {
            depth += *p == '<';
            depth -= *p == '>';
        }

        out[i] = weir_str(start, (size_t) (p - start));
    }
}


/* Not for users: the compiler puts it in. */
static bool
is_internal(unsigned row)
{
    unsigned  i;

    if (row == WEIR_FN_HAS_PERMISSION_OF || row == WEIR_FN_ROLLOUT_OF) {
        return true;
    }

    for (i = 0; i < weir_fns[row].nargs; i++) {
        if (weir_fns[row].args[i] == WEIR_T_REGEX) {
            return true;
        }
    }

    return false;
}


/* "; write ip(\"10.0.0.1\")", where a string meets what is made from one. */
static weir_str_t
conversion_hint(weir_cel_t *c, const weir_ex_t *call)
{
    unsigned           i;
    weir_kind_t        kind;
    const char        *fn;
    const weir_ex_t   *text;

    for (i = 0; i < 2; i++) {
        kind = weir_type_known(&c->infer, call->args[i]->type)->kind;
        text = call->args[1 - i];

        fn = kind == WEIR_T_IP ? "ip" : kind == WEIR_T_CIDR ? "cidr"
             : kind == WEIR_T_TIMESTAMP ? "timestamp"
             : kind == WEIR_T_DURATION ? "duration" : NULL;

        if (fn == NULL
            || weir_type_known(&c->infer, text->type)->kind != WEIR_T_STRING)
        {
            continue;
        }

        if (text->x == WEIR_X_CONST && text->value->s.len <= 64) {
            return weir_arena_printf(c->arena, "; write %s(\"%.*s\")", fn,
                                     WEIR_STR(text->value->s));
        }

        return weir_arena_printf(c->arena, "; convert the string with %s()",
                                 fn);
    }

    return weir_string("");
}


static bool
is_equality(unsigned fn)
{
    return fn == WEIR_N_EQ || fn == WEIR_N_NE;
}


static void
report_count(weir_cel_t *c, const weir_ex_t *call)
{
    unsigned  i, first, least, most;

    least = UINT32_MAX;
    most = 0;
    first = weir_fn_name(call->fn)[0] == '.';

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        if (weir_fns[i].name == call->fn && !is_internal(i)) {
            least = weir_fns[i].nargs < least ? weir_fns[i].nargs : least;
            most = weir_fns[i].nargs > most ? weir_fns[i].nargs : most;
        }
    }

    if (least == most) {
        weir_cel_fail(c, WEIR_EOVERLOAD, call,
                      "%s() takes %u argument%s, not %u",
                      weir_fn_name(call->fn) + first, least - first,
                      least - first == 1 ? "" : "s", call->n - first);
        return;
    }

    weir_cel_fail(c, WEIR_EOVERLOAD, call,
                  "%s() takes %u to %u arguments, not %u",
                  weir_fn_name(call->fn) + first, least - first,
                  most - first, call->n - first);
}


static bool
is_candidate(const weir_ex_t *call, unsigned row)
{
    return weir_fns[row].name == call->fn && weir_fns[row].nargs == call->n
           && !is_internal(row);
}


/* A literal dyn in a signature asks for dyn; names of lists come as such. */
static bool
argument_fits(weir_cel_t *c, const weir_type_t *arg, const weir_type_t *param)
{
    unsigned  kind;

    kind = weir_type_known(&c->infer, arg)->kind;

    if (param->kind == WEIR_T_DYN || param->kind == WEIR_T_CIDRS) {
        return kind == param->kind;
    }

    return weir_type_fits(&c->infer, arg, param);
}


static void
undo(weir_cel_t *c, size_t mark)
{
    weir_bound_t  *b;

    while (c->infer.trail.len > mark) {
        b = &c->infer.trail.items[--c->infer.trail.len];
        c->infer.bound.items[b->var] = b->old;
    }
}


/* NULL: memory is short, and that is noted. */
static const weir_sig_t *
signature(weir_cel_t *c, unsigned row)
{
    unsigned               k;
    weir_sig_t            *sig;
    const weir_fn_info_t  *fn;

    sig = &c->env->sigs[row];
    fn = &weir_fns[row];

    if (sig->result != NULL) {
        return sig;
    }

    if (fn->generic[0] != '\0') {
        if (!weir_cel_sig(c->arena, fn->generic, sig)) {
            sig->result = NULL;
            c->nomem = true;
            return NULL;
        }

        return sig;
    }

    sig->nargs = fn->nargs;
    sig->result = &weir_types[fn->result];

    for (k = 0; k < fn->nargs; k++) {
        sig->args[k] = &weir_types[fn->args[k]];
    }

    return sig;
}


/* Whether a row could have been meant: an operand fits, or the receiver. */
static bool
is_near(weir_cel_t *c, const weir_ex_t *call, unsigned row)
{
    bool               fits;
    size_t             mark;
    uint32_t           i, n, base, k;
    const weir_sig_t  *sig;

    sig = signature(c, row);

    if (sig == NULL) {
        return false;
    }

    n = is_operator(call->fn) && call->fn != WEIR_N_INDEX
        && call->fn != WEIR_N_OPT_INDEX ? call->n : 1;
    fits = false;

    for (i = 0; i < n && !fits && i < call->n; i++) {
        mark = c->infer.trail.len;
        base = (uint32_t) c->infer.bound.len;

        for (k = 0; k < sig->nvars; k++) {
            (void) weir_type_fresh(&c->infer);
        }

        fits = !c->infer.nomem
               && argument_fits(c, call->args[i]->type,
                                weir_type_instance(&c->infer, sig->args[i],
                                                   base));
        undo(c, mark);
    }

    return fits;
}


/* The overloads that could have been meant, or all; as a user writes them. */
static weir_str_t
candidates(weir_cel_t *c, const weir_ex_t *call)
{
    bool        any;
    unsigned    i, n;
    weir_str_t  row[4], list;

    any = false;
    n = 0;
    list = weir_string("");

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        any |= is_candidate(call, i) && is_near(c, call, i);
    }

    for (i = 0; i < WEIR_FN_COUNT; i++) {

        if (!is_candidate(call, i) || (any && !is_near(c, call, i))) {
            continue;
        }

        if (n++ < SHOWN) {
            row_args(i, row);
            row[0] = show(c, call->fn, row, call->n);
            list = weir_arena_printf(c->arena, "%.*s%s`%.*s`", WEIR_STR(list),
                                     n > 1 ? ", " : "", WEIR_STR(row[0]));
        }
    }

    return n <= SHOWN ? list
           : weir_arena_printf(c->arena, "%.*s and %u more", WEIR_STR(list),
                               n - SHOWN);
}


static void
report(weir_cel_t *c, const weir_ex_t *call)
{
    unsigned    i;
    weir_str_t  args[WEIR_MAX_ARGS], found, list;

    for (i = 0; i < call->n; i++) {
        args[i] = weir_type_print(&c->infer, call->args[i]->type);
    }

    found = show(c, call->fn, args, call->n);

    if (is_equality(call->fn)) {
        list = conversion_hint(c, call);
        weir_cel_fail(c, WEIR_EOVERLOAD, call,
                      "`%.*s`: both sides must have one type%.*s",
                      WEIR_STR(found), WEIR_STR(list));
        return;
    }

    list = candidates(c, call);

    if (call->fn == WEIR_N_IN
        && weir_type_known(&c->infer, call->args[0]->type)->kind
           == WEIR_T_IP)
    {
        list = weir_arena_printf(c->arena, "%.*s; make the elements ip(), or "
                                 "ask lists.NAME.contains()",
                                 WEIR_STR(list));
    }

    weir_cel_fail(c, WEIR_EOVERLOAD, call,
                  "`%.*s` is not defined; there is %.*s", WEIR_STR(found),
                  WEIR_STR(list));
}


/* What nothing is known of in a type that stands for dyn is dyn, too. */
static void
open_parts(weir_cel_t *c, const weir_type_t *t)
{
    unsigned  i;

    if (weir_type_known(&c->infer, t)->kind == WEIR_T_VAR) {
        (void) weir_type_fits(&c->infer, &weir_types[WEIR_T_DYN], t);
    }

    for (i = 0; i < t->nargs; i++) {
        open_parts(c, t->arg[i]);
    }
}


/* Whether a signature fits; *result is its type with what was learnt. */
static bool
sig_fits(weir_cel_t *c, const weir_ex_t *call, const weir_sig_t *sig,
    const weir_type_t **result)
{
    uint32_t            i, base;
    const weir_type_t  *args[4];

    base = (uint32_t) c->infer.bound.len;

    for (i = 0; i < sig->nvars; i++) {
        (void) weir_type_fresh(&c->infer);
    }

    if (c->infer.nomem) {
        return false;
    }

    for (i = 0; i < call->n; i++) {
        args[i] = weir_type_instance(&c->infer, sig->args[i], base);

        if (!argument_fits(c, call->args[i]->type, args[i])) {
            return false;
        }
    }

    for (i = 0; i < call->n; i++) {
        if (weir_type_known(&c->infer, call->args[i]->type)->kind
            == WEIR_T_DYN)
        {
            open_parts(c, args[i]);
        }
    }

    *result = weir_type_instance(&c->infer, sig->result, base);

    return true;
}


/* Equality has typed rows only to be fast: dyn needs the general one. */
static bool
is_too_narrow(weir_cel_t *c, const weir_ex_t *call, unsigned row)
{
    unsigned  i;

    if (!is_equality(call->fn) || weir_fns[row].generic[0] != '\0') {
        return false;
    }

    for (i = 0; i < call->n; i++) {
        if (weir_type_known(&c->infer, call->args[i]->type)->kind
            != weir_fns[row].args[i])
        {
            return true;
        }
    }

    return false;
}


/*
 * As in the reference checker, what a row that fits says of its arguments
 * stays said for the rows behind it.
 */
static const weir_type_t *
match(weir_cel_t *c, weir_ex_t *call, uint16_t *rows, unsigned *n)
{
    size_t              mark;
    unsigned            i;
    const weir_sig_t   *sig;
    const weir_type_t  *t, *first, *all;

    first = NULL;
    all = NULL;
    *n = 0;

    for (i = c->env->rows[call->fn];
         i < WEIR_FN_COUNT && *n < WEIR_MAX_MATCHED;
         i = c->env->behind[i])
    {
        if (!is_candidate(call, i) || is_too_narrow(c, call, i)) {
            continue;
        }

        mark = c->infer.trail.len;
        sig = signature(c, i);

        if (sig != NULL && sig_fits(c, call, sig, &t)) {
            rows[(*n)++] = (uint16_t) i;
            first = *n == 1 ? t : first;
            t = weir_type_final(&c->infer, t);
            all = all == NULL || weir_type_same(all, t)
                  ? t : &weir_types[WEIR_T_DYN];

        } else {
            undo(c, mark);
        }

        if (*n != 0 && is_equality(call->fn)) {
            break;
        }
    }

    return *n == 1 ? first : all;
}


void
weir_cel_resolve(weir_cel_t *c, weir_ex_t *call)
{
    uint16_t            rows[WEIR_MAX_MATCHED], *matched;
    unsigned            i, n;
    const weir_type_t  *t;

    call->type = &weir_types[WEIR_T_ERR];

    for (i = 0; i < call->n; i++) {
        if (weir_type_known(&c->infer, call->args[i]->type)->kind
            == WEIR_T_ERR)
        {
            return;
        }
    }

    i = c->env->rows[call->fn];

    while (i < WEIR_FN_COUNT && !is_candidate(call, i)) {
        i = c->env->behind[i];
    }

    if (i == WEIR_FN_COUNT) {
        report_count(c, call);
        return;
    }

    t = match(c, call, rows, &n);

    if (c->infer.nomem || c->nomem) {
        c->nomem = true;
        return;
    }

    if (n == 0) {
        report(c, call);
        return;
    }

    matched = weir_arena_array(c->arena, n, sizeof(uint16_t));

    if (matched == NULL) {
        c->nomem = true;
        return;
    }

    memcpy(matched, rows, n * sizeof(uint16_t));
    call->matched = matched;
    call->nmatched = (uint8_t) n;
    call->type = t;
}


/* What other languages call functions of CEL. */
static weir_str_t
by_other_name(weir_str_t name)
{
    size_t  i;

    static const struct {
        const char  *theirs;
        const char  *ours;
    } names[] = {
        { "len", "size" },
        { "length", "size" },
        { "count", "size" },
        { "includes", "contains" },
        { "hasPrefix", "startsWith" },
        { "beginsWith", "startsWith" },
        { "hasSuffix", "endsWith" },
        { "lower", "lowerAscii" },
        { "toLower", "lowerAscii" },
        { "upper", "upperAscii" },
        { "toUpper", "upperAscii" },
        { "regex", "matches" },
        { "any", "exists" },
        { "some", "exists" },
        { "every", "all" },
        { "float", "double" },
        { "str", "string" },
        { "substr", "substring" },
        { "slice", "substring" },
        { "strip", "trim" },
        { "find", "indexOf" },
        { "sprintf", "format" },
        { "max", "math.greatest" },
        { "min", "math.least" },
        { "abs", "math.abs" },
        { "round", "math.round" },
        { "quote", "strings.quote" }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_str_eq(weir_cstr(names[i].theirs), name)) {
            return weir_cstr(names[i].ours);
        }
    }

    return weir_string("");
}


void
weir_cel_unknown_fn(weir_cel_t *c, const weir_ex_t *call)
{
    bool         method;
    size_t       n;
    unsigned     i;
    weir_str_t   names[WEIR_N_COUNT], near;
    const char  *what;

    method = (call->flags & WEIR_XF_METHOD) != 0;
    what = method ? "method" : "function";

    if (weir_cel_fn(call->name, !method) != WEIR_N_COUNT) {
        weir_cel_fail_at(c, WEIR_EFUNCTION, call->op, call->name.len,
                         method ? "`%.*s` is a function: write %.*s(x)"
                                : "`%.*s` is a method: write x.%.*s(...)",
                         WEIR_STR(call->name), WEIR_STR(call->name));
        return;
    }

    for (n = 0, i = 0; i < WEIR_N_COUNT; i++) {
        if (!is_operator(i) && (weir_fn_name(i)[0] == '.') == method) {
            names[n++] = weir_cstr(weir_fn_name(i) + method);
        }
    }

    near = by_other_name(call->name);

    if (near.len == 0) {
        near = weir_nearest(call->name, names, n);
    }

    if (near.len == 0) {
        weir_cel_fail_at(c, WEIR_EFUNCTION, call->op, call->name.len,
                         "unknown %s `%.*s`", what, WEIR_STR(call->name));
        return;
    }

    weir_cel_fail_at(c, WEIR_EFUNCTION, call->op, call->name.len,
                     "unknown %s `%.*s`; did you mean `%.*s`?", what,
                     WEIR_STR(call->name), WEIR_STR(near));
}


/* Whether a name of the table is space.something. */
static bool
is_in(unsigned fn, weir_str_t space)
{
    weir_str_t  name;

    name = weir_cstr(weir_fn_name(fn));

    return name.len > space.len && weir_str_starts(name, space)
           && name.data[space.len] == '.';
}


bool
weir_cel_is_space(weir_str_t space)
{
    unsigned  i;

    for (i = 0; i < WEIR_N_COUNT && !is_in(i, space); i++) { }

    return i < WEIR_N_COUNT;
}


void
weir_cel_unknown_in(weir_cel_t *c, const weir_ex_t *call, weir_str_t name)
{
    size_t      n;
    unsigned    i;
    weir_str_t  names[WEIR_N_COUNT], space, near;

    space = weir_str(name.data, name.len - call->name.len - 1);

    for (n = 0, i = 0; i < WEIR_N_COUNT; i++) {
        if (is_in(i, space)) {
            names[n++] = weir_cstr(weir_fn_name(i));
        }
    }

    near = by_other_name(call->name);

    if (!weir_str_starts(near, space)) {
        near = weir_nearest(name, names, n);
    }

    weir_cel_fail_at(c, WEIR_EFUNCTION, call->op, call->name.len,
                     "unknown function `%.*s`%s%.*s%s", WEIR_STR(name),
                     near.len > 0 ? "; did you mean `" : "", WEIR_STR(near),
                     near.len > 0 ? "`?" : "");
}


bool
weir_cel_resolve_declared(weir_cel_t *c, weir_ex_t *call, weir_str_t name)
{
    size_t                   mark, i, level;
    weir_str_t               full;
    const weir_cel_fdecl_t  *decl;

    name = call->flags & WEIR_XF_METHOD
           ? weir_arena_printf(c->arena, ".%.*s", WEIR_STR(name)) : name;
    level = 0;

    while (weir_cel_within(c, name, &level, &full)) {

        for (i = 0; i < c->env->fdecls.len; i++) {
            decl = &c->env->fdecls.items[i];
            mark = c->infer.trail.len;

            if (!weir_str_eq(decl->name, full) || decl->sig.nargs != call->n)
            {
                continue;
            }

            if (sig_fits(c, call, &decl->sig, &call->type)) {
                call->fn = WEIR_N_COUNT;
                return true;
            }

            undo(c, mark);
        }
    }

    return false;
}


bool
weir_cel_sig(weir_arena_t *a, const char *text, weir_sig_t *sig)
{
    uint32_t     n;
    const char  *p;

    p = text;

    for (n = 0; *p != ':' && n < sizeof(sig->args) / sizeof(sig->args[0]);
         n++)
    {
        sig->args[n] = weir_type_parse(a, &p, &sig->nvars);

        if (sig->args[n] == NULL) {
            return false;
        }

        p += *p == ',';
    }

    if (*p++ != ':') {
        return false;
    }

    sig->nargs = n;
    sig->result = weir_type_parse(a, &p, &sig->nvars);

    return sig->result != NULL;
}


void
weir_cel_rows(weir_cel_env_t *env)
{
    unsigned  i, name;

    for (name = 0; name < WEIR_N_COUNT; name++) {
        env->rows[name] = WEIR_FN_COUNT;
    }

    for (i = WEIR_FN_COUNT; i-- > 0; ) {
        name = weir_fns[i].name;
        env->behind[i] = env->rows[name];
        env->rows[name] = (uint16_t) i;
    }
}
