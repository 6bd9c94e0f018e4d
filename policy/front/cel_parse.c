/*
 * cel_parse.c: the grammar of CEL
 * (https://github.com/google/cel-spec, langdef.md, "Syntax").
 *
 * Rows of || and && become one node each, so that they cost no depth.  After
 * an error the parser goes on behind the next comma or closing bracket; at
 * one place it complains once.
 */

#include "front/cel_ast.h"

typedef weir_vec_t(weir_ex_t *)  nodes_t;

typedef struct {
    weir_cel_t  *c;
    weir_tok_t   tok;
    uint32_t     off;           /* behind tok */
    uint32_t     last;          /* end of the token before */
    uint32_t     complained;    /* place of the last complaint, plus one */
    unsigned     depth;
    bool         panic;         /* quiet until there is a place to go on */
} parse_t;

/* from the loosest to the tightest */
enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_RELATION, LEVEL_SUM, LEVEL_PRODUCT,
       LEVEL_UNARY };


static weir_ex_t *expression(parse_t *ps);


static void
next(parse_t *ps)
{
    ps->last = ps->tok.off + ps->tok.len;
    weir_cel_lex(ps->c, &ps->off, &ps->tok);
}


/* Reads no more: what follows cannot be understood, or not in bounds. */
static void
stop(parse_t *ps)
{
    ps->off = (uint32_t) ps->c->text->text.len;
    ps->tok = (weir_tok_t) { .kind = WEIR_TOK_END, .off = ps->off };
    ps->panic = true;
}


static bool
is(const parse_t *ps, char ch)
{
    return ps->tok.kind == WEIR_TOK_PUNCT && ps->tok.punct == ch;
}


static bool
accept(parse_t *ps, char ch)
{
    if (!is(ps, ch)) {
        return false;
    }

    next(ps);

    return true;
}


/* How CEL writes a word that other languages have. */
static const char *
word_hint(const parse_t *ps)
{
    if (ps->tok.kind != WEIR_TOK_IDENT) {
        return "";
    }

    if (weir_str_eq(ps->tok.text, weir_string("and"))) {
        return "; write && for it";
    }

    return weir_str_eq(ps->tok.text, weir_string("or"))
           ? "; write || for it" : "";
}


static void
unexpected(parse_t *ps, const char *wanted)
{
    weir_str_t  s;

    if (!ps->panic && !ps->tok.skipped
        && ps->complained != ps->tok.off + 1)
    {

        if (ps->tok.kind == WEIR_TOK_END) {
            weir_cel_fail_at(ps->c, WEIR_ESYNTAX_CEL, ps->tok.off, 0,
                             "the expression ends too early; %s was expected",
                             wanted);

        } else {
            s = weir_str(ps->c->text->text.data + ps->tok.off, ps->tok.len);
            weir_cel_fail_at(ps->c, WEIR_ESYNTAX_CEL, ps->tok.off,
                             ps->tok.len,
                             "unexpected `%.*s`; %s was expected%s",
                             WEIR_STR(s), wanted, word_hint(ps));
        }

        ps->complained = ps->tok.off + 1;
    }

    ps->panic = true;
}


static bool
expect(parse_t *ps, char ch, const char *wanted)
{
    if (accept(ps, ch)) {
        return true;
    }

    unexpected(ps, wanted);

    return false;
}


/* Skips to the comma or bracket that ends the element with the error. */
static void
recover(parse_t *ps)
{
    unsigned  nested;

    for (nested = 0; ps->tok.kind != WEIR_TOK_END; next(ps)) {

        if (ps->tok.kind != WEIR_TOK_PUNCT) {
            continue;
        }

        if (strchr("([{", ps->tok.punct) != NULL) {
            nested++;

        } else if (strchr(")]}", ps->tok.punct) != NULL) {
            if (nested == 0) {
                break;
            }

            nested--;

        } else if (ps->tok.punct == ',' && nested == 0) {
            break;
        }
    }

    ps->panic = ps->tok.kind == WEIR_TOK_END;
}


static weir_ex_t *
error_node(parse_t *ps)
{
    return weir_ex_new(ps->c, WEIR_X_ERROR, ps->tok.off, ps->tok.len);
}


static void
push(parse_t *ps, nodes_t *list, weir_ex_t *ex)
{
    weir_ex_t  **slot;

    slot = weir_vec_push(ps->c->arena, list);

    if (slot == NULL) {
        ps->c->nomem = true;
        return;
    }

    *slot = ex;
}


/* A node over args that began at start and ends behind the last token. */
static weir_ex_t *
make(parse_t *ps, weir_x_t x, uint32_t start, const nodes_t *args)
{
    return weir_ex_make(ps->c, x, start, ps->last - start, args->items,
                        (uint32_t) args->len);
}


static weir_ex_t *
operator(parse_t *ps, unsigned fn, uint32_t start, uint32_t op,
    weir_ex_t *const *args, uint32_t n)
{
    weir_ex_t  *ex;

    ex = weir_ex_make(ps->c, WEIR_X_CALL, start, ps->last - start, args, n);
    ex->op = op;
    ex->name = weir_cstr(weir_fn_name(fn));

    return ex;
}


/* An element, a row of them up to close, which is consumed. */
static void
elements(parse_t *ps, char close, nodes_t *out, bool pairs, bool optional)
{
    char        wanted[] = "`,` or `?`";
    bool        absent;
    weir_ex_t  *ex;

    wanted[8] = close;

    while (!is(ps, close) && ps->tok.kind != WEIR_TOK_END) {
        absent = optional && accept(ps, '?');
        ex = expression(ps);
        push(ps, out, ex);

        if (pairs) {
            if (expect(ps, ':', "`:`")) {
                ex = expression(ps);
            } else {
                ex = error_node(ps);
            }

            push(ps, out, ex);
        }

        if (absent) {
            ex->flags |= WEIR_XF_ABSENT;
        }

        if (!is(ps, ',') && !is(ps, close)) {
            unexpected(ps, wanted);
        }

        if (ps->panic) {
            recover(ps);
        }

        if (!accept(ps, ',')) {
            break;
        }

        /* a comma at the end is fine in literals, not among arguments */
        if (close == ')' && is(ps, close)) {
            unexpected(ps, "an argument");
            ps->panic = false;
        }
    }

    (void) expect(ps, close, wanted + 7);
}


static weir_ex_t *
number(parse_t *ps, bool minus, uint32_t start)
{
    uint64_t     limit;
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));

    if (ps->tok.kind == WEIR_TOK_DOUBLE) {
        v.kind = WEIR_T_DOUBLE;
        v.u.d = minus ? -ps->tok.d : ps->tok.d;

    } else if (ps->tok.kind == WEIR_TOK_UINT) {
        v.kind = WEIR_T_UINT;
        v.u.u = ps->tok.u;

    } else {
        limit = (uint64_t) INT64_MAX + minus;

        if (ps->tok.u > limit) {
            weir_cel_fail_at(ps->c, WEIR_ELITERAL, start,
                             ps->tok.off + ps->tok.len - start,
                             "%s%.*s does not fit an int", minus ? "-" : "",
                             WEIR_STR(ps->tok.text));
            ps->tok.u = 0;
        }

        v.kind = WEIR_T_INT;
        v.u.i = minus ? (int64_t) -ps->tok.u : (int64_t) ps->tok.u;
    }

    next(ps);

    return weir_ex_const(ps->c, &v, start, ps->last - start);
}


static weir_ex_t *
literal(parse_t *ps)
{
    uint32_t     start;
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    start = ps->tok.off;

    switch (ps->tok.kind) {

    case WEIR_TOK_STRING:
    case WEIR_TOK_BYTES:
        v.kind = ps->tok.kind == WEIR_TOK_STRING ? WEIR_T_STRING
                                                 : WEIR_T_BYTES;
        v.s = ps->tok.text;
        break;

    case WEIR_TOK_TRUE:
    case WEIR_TOK_FALSE:
        v.kind = WEIR_T_BOOL;
        v.u.b = ps->tok.kind == WEIR_TOK_TRUE;
        break;

    default:
        v.kind = WEIR_T_NULL;
    }

    next(ps);

    return weir_ex_const(ps->c, &v, start, ps->last - start);
}


/* A name with or without a leading dot, or a call of a global function. */
static weir_ex_t *
name(parse_t *ps)
{
    uint32_t    start, op;
    uint8_t     flags;
    nodes_t     args = { 0 };
    weir_ex_t  *ex;
    weir_str_t  text;

    start = ps->tok.off;
    flags = accept(ps, '.') ? WEIR_XF_ROOT : 0;

    if (ps->tok.kind != WEIR_TOK_IDENT) {
        unexpected(ps, "a name");
        return error_node(ps);
    }

    op = ps->tok.off;
    text = ps->tok.text;

    if (weir_cel_reserved(text)) {
        weir_cel_fail_at(ps->c, WEIR_ESYNTAX_CEL, op, text.len,
                         "`%.*s` is a reserved word", WEIR_STR(text));
        ps->complained = op + 1;
    }

    next(ps);

    if (accept(ps, '(')) {
        elements(ps, ')', &args, false, false);
        ex = make(ps, WEIR_X_CALL, start, &args);
        ex->flags |= flags;
        ex->name = text;
        ex->op = op;

        return flags ? ex : weir_cel_macro(ps->c, ex);
    }

    ex = weir_ex_new(ps->c, WEIR_X_IDENT, start, ps->last - start);
    ex->flags |= flags;
    ex->name = text;
    ex->op = op;

    return ex;
}


static weir_ex_t *
primary(parse_t *ps)
{
    uint32_t    start;
    nodes_t     args = { 0 };
    weir_ex_t  *ex;

    start = ps->tok.off;

    switch (ps->tok.kind) {

    case WEIR_TOK_INT:
    case WEIR_TOK_UINT:
    case WEIR_TOK_DOUBLE:
        return number(ps, false, start);

    case WEIR_TOK_STRING:
    case WEIR_TOK_BYTES:
    case WEIR_TOK_TRUE:
    case WEIR_TOK_FALSE:
    case WEIR_TOK_NULL:
        return literal(ps);

    case WEIR_TOK_IDENT:
        return name(ps);

    default:
        break;
    }

    if (is(ps, '.')) {
        return name(ps);
    }

    if (accept(ps, '(')) {
        ex = expression(ps);

        if (!is(ps, ')')) {
            unexpected(ps, "`)`");
            recover(ps);
        }

        (void) accept(ps, ')');

        return ex;
    }

    if (accept(ps, '[')) {
        elements(ps, ']', &args, false, true);
        return make(ps, WEIR_X_LIST, start, &args);
    }

    if (accept(ps, '{')) {
        elements(ps, '}', &args, true, true);
        return make(ps, WEIR_X_MAP, start, &args);
    }

    unexpected(ps, "an expression");
    ex = error_node(ps);

    if (ps->tok.kind != WEIR_TOK_END && ps->tok.kind != WEIR_TOK_PUNCT) {
        next(ps);
    }

    return ex;
}


static weir_ex_t *
select_field(parse_t *ps, weir_ex_t *operand, uint32_t start)
{
    uint8_t     flags;
    uint32_t    op;
    nodes_t     args = { 0 };
    weir_ex_t  *ex;
    weir_str_t  field;

    flags = accept(ps, '?') ? WEIR_XF_OPTIONAL : 0;
    op = ps->tok.off;
    field = ps->tok.text;

    if (ps->tok.kind == WEIR_TOK_QUOTED) {
        flags |= WEIR_XF_QUOTED;

    } else if (ps->tok.kind != WEIR_TOK_IDENT) {
        unexpected(ps, "the name of a field or method");
        return operand;
    }

    next(ps);
    push(ps, &args, operand);

    if (flags == 0 && accept(ps, '(')) {
        elements(ps, ')', &args, false, false);
        ex = make(ps, WEIR_X_CALL, start, &args);
        ex->flags |= WEIR_XF_METHOD;
        ex->name = field;
        ex->op = op;

        return weir_cel_macro(ps->c, ex);
    }

    ex = make(ps, WEIR_X_SELECT, start, &args);
    ex->flags |= flags;
    ex->name = field;
    ex->op = op;

    return ex;
}


static weir_ex_t *
index_of(parse_t *ps, weir_ex_t *operand, uint32_t start, uint32_t op)
{
    unsigned    fn;
    weir_ex_t  *args[2];

    fn = accept(ps, '?') ? WEIR_N_OPT_INDEX : WEIR_N_INDEX;
    args[0] = operand;
    args[1] = expression(ps);

    if (!is(ps, ']')) {
        unexpected(ps, "`]`");
        recover(ps);
    }

    (void) accept(ps, ']');

    return operator(ps, fn, start, op, args, 2);
}


static weir_ex_t *
field_name(parse_t *ps)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_STRING;
    v.s = ps->tok.text;
    next(ps);

    return weir_ex_const(ps->c, &v, ps->last - (uint32_t) v.s.len,
                         (uint32_t) v.s.len);
}


/* a.b.C{field: value}; the brace was consumed */
static weir_ex_t *
message(parse_t *ps, uint32_t start, uint32_t end)
{
    nodes_t     args = { 0 };
    weir_ex_t  *ex, *value;

    while (!is(ps, '}') && ps->tok.kind != WEIR_TOK_END) {
        (void) accept(ps, '?');

        if (ps->tok.kind == WEIR_TOK_IDENT
            || ps->tok.kind == WEIR_TOK_QUOTED)
        {
            push(ps, &args, field_name(ps));
        } else {
            unexpected(ps, "the name of a field");
        }

        if (expect(ps, ':', "`:`")) {
            value = expression(ps);
            push(ps, &args, value);
        }

        if (!is(ps, ',') && !is(ps, '}')) {
            unexpected(ps, "`,` or `}`");
        }

        if (ps->panic) {
            recover(ps);
        }

        if (!accept(ps, ',')) {
            break;
        }
    }

    (void) expect(ps, '}', "`}`");

    ex = make(ps, WEIR_X_MESSAGE, start, &args);
    ex->name = weir_str(ps->c->text->text.data + start, end - start);

    return ex;
}


static bool
is_name(const weir_ex_t *ex)
{
    while (ex->x == WEIR_X_SELECT
           && !(ex->flags & (WEIR_XF_OPTIONAL | WEIR_XF_QUOTED)))
    {
        ex = ex->args[0];
    }

    return ex->x == WEIR_X_IDENT;
}


/* What follows a primary: .field .method() [index] {message} */
static weir_ex_t *
member(parse_t *ps, weir_ex_t *ex, uint32_t start)
{
    uint32_t  op;

    for ( ;; ) {
        op = ps->tok.off;

        if (accept(ps, '.')) {
            ex = select_field(ps, ex, start);

        } else if (accept(ps, '[')) {
            ex = index_of(ps, ex, start, op);

        } else if (is(ps, '{') && is_name(ex)) {
            op = ps->last;
            next(ps);
            ex = message(ps, start, op);

        } else {
            return ex;
        }

        if (ps->panic) {
            return ex;
        }
    }
}


/* A minus that stands before a number belongs to it. */
static weir_ex_t *
signed_member(parse_t *ps, bool minus, uint32_t start, bool *taken)
{
    weir_ex_t  *ex;

    *taken = minus && (ps->tok.kind == WEIR_TOK_INT
                       || ps->tok.kind == WEIR_TOK_DOUBLE);

    if (*taken) {
        ex = number(ps, true, start);
        return member(ps, ex, start);
    }

    start = ps->tok.off;
    ex = primary(ps);

    return member(ps, ex, start);
}


static weir_ex_t *
unary(parse_t *ps)
{
    char        op;
    bool        taken;
    uint32_t    start, first, n;
    weir_ex_t  *ex;

    op = is(ps, '!') ? '!' : '-';
    first = ps->tok.off;
    start = first;

    for (n = 0; is(ps, op); n++) {
        start = ps->tok.off;
        next(ps);
    }

    if (op == '!' && n > 0 && is(ps, '-')) {
        start = ps->tok.off;
        next(ps);
        ex = signed_member(ps, true, start, &taken);

        if (!taken && !ps->panic) {
            ex = operator(ps, WEIR_N_NEG, start, start, &ex, 1);
        }

    } else {
        ex = signed_member(ps, op == '-' && n > 0, start, &taken);
        n -= taken;
    }

    /* the operators need no blanks between them, but may have some: all of
       a row begin where the first does */
    for ( /* void */ ; n > 0; n--) {
        ex = operator(ps, op == '!' ? WEIR_N_NOT : WEIR_N_NEG, first, first,
                      &ex, 1);
    }

    return ex;
}


/* The operator that the token is at a level; WEIR_N_COUNT: none. */
static unsigned
operator_at(const parse_t *ps, unsigned level)
{
    static const struct {
        weir_tok_kind_t  kind;
        char             punct;
        uint8_t          level;
        unsigned         fn;
    }  operators[] = {
        { WEIR_TOK_EQ,    0,   LEVEL_RELATION, WEIR_N_EQ },
        { WEIR_TOK_NE,    0,   LEVEL_RELATION, WEIR_N_NE },
        { WEIR_TOK_LE,    0,   LEVEL_RELATION, WEIR_N_LE },
        { WEIR_TOK_GE,    0,   LEVEL_RELATION, WEIR_N_GE },
        { WEIR_TOK_IN,    0,   LEVEL_RELATION, WEIR_N_IN },
        { WEIR_TOK_PUNCT, '<', LEVEL_RELATION, WEIR_N_LT },
        { WEIR_TOK_PUNCT, '>', LEVEL_RELATION, WEIR_N_GT },
        { WEIR_TOK_PUNCT, '+', LEVEL_SUM,      WEIR_N_ADD },
        { WEIR_TOK_PUNCT, '-', LEVEL_SUM,      WEIR_N_SUB },
        { WEIR_TOK_PUNCT, '*', LEVEL_PRODUCT,  WEIR_N_MUL },
        { WEIR_TOK_PUNCT, '/', LEVEL_PRODUCT,  WEIR_N_DIV },
        { WEIR_TOK_PUNCT, '%', LEVEL_PRODUCT,  WEIR_N_MOD }
    };

    size_t  i;

    for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (operators[i].level == level
            && operators[i].kind == ps->tok.kind
            && operators[i].punct == ps->tok.punct)
        {
            return operators[i].fn;
        }
    }

    return WEIR_N_COUNT;
}


static weir_ex_t *
binary(parse_t *ps, unsigned level)
{
    unsigned    fn;
    uint32_t    start, op;
    weir_ex_t  *args[2];

    if (level == LEVEL_UNARY) {
        return unary(ps);
    }

    start = ps->tok.off;
    args[0] = binary(ps, level + 1);

    for ( ;; ) {
        fn = operator_at(ps, level);

        if (fn == WEIR_N_COUNT || ps->panic) {
            return args[0];
        }

        op = ps->tok.off;
        next(ps);
        args[1] = binary(ps, level + 1);
        args[0] = operator(ps, fn, start, op, args, 2);
    }
}


/* Operands between || or &&: one node for all. */
static weir_ex_t *
logical(parse_t *ps, unsigned level)
{
    nodes_t          args = { 0 };
    uint32_t         start, op;
    weir_ex_t       *ex;
    weir_tok_kind_t  kind;

    kind = level == LEVEL_OR ? WEIR_TOK_OR : WEIR_TOK_AND;
    start = ps->tok.off;
    op = start;

    for ( ;; ) {
        ex = level == LEVEL_OR ? logical(ps, LEVEL_AND)
                               : binary(ps, LEVEL_RELATION);

        if (ps->tok.kind != kind || ps->panic) {
            break;
        }

        op = args.len == 0 ? ps->tok.off : op;
        push(ps, &args, ex);
        next(ps);
    }

    if (args.len == 0) {
        return ex;
    }

    push(ps, &args, ex);
    ex = make(ps, level == LEVEL_OR ? WEIR_X_OR : WEIR_X_AND, start, &args);
    ex->op = op;

    return ex;
}


static weir_ex_t *
expression(parse_t *ps)
{
    uint32_t    start, op;
    weir_ex_t  *args[3], *ex;

    if (ps->depth == WEIR_MAX_CEL_DEPTH) {
        if (!ps->panic) {
            weir_cel_fail_at(ps->c, WEIR_EBIG, ps->tok.off, ps->tok.len,
                             "the expression nests deeper than %d",
                             WEIR_MAX_CEL_DEPTH);
        }

        stop(ps);

        return error_node(ps);
    }

    ps->depth++;
    start = ps->tok.off;
    op = start;
    ex = logical(ps, LEVEL_OR);

    if (!ps->panic && is(ps, '?')) {
        op = ps->tok.off;
        next(ps);
        args[0] = ex;
        args[1] = logical(ps, LEVEL_OR);

        if (expect(ps, ':', "`:` of `?:`")) {
            args[2] = expression(ps);
        } else {
            args[2] = error_node(ps);
        }

        ex = weir_ex_make(ps->c, WEIR_X_COND, start, ps->last - start, args,
                          3);
        ex->op = op;
    }

    ps->depth--;

    return ex;
}


weir_ex_t *
weir_cel_parse(weir_cel_t *c)
{
    parse_t     ps;
    weir_ex_t  *ex;

    memset(&ps, 0, sizeof(ps));
    ps.c = c;
    weir_cel_lex(c, &ps.off, &ps.tok);

    if (ps.tok.kind == WEIR_TOK_END && !c->failed) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, 0, c->text->text.len,
                         "an empty expression");
        return error_node(&ps);
    }

    ex = expression(&ps);

    if (ps.tok.kind != WEIR_TOK_END) {
        unexpected(&ps, "the end of the expression");
    }

    return ex;
}


weir_ex_t *
weir_cel_parse_part(weir_cel_t *c, uint32_t *off)
{
    parse_t     ps;
    uint32_t    open;
    weir_ex_t  *ex;

    open = *off - 2;
    memset(&ps, 0, sizeof(ps));
    ps.c = c;
    ps.off = *off;
    weir_cel_lex(c, &ps.off, &ps.tok);

    if (is(&ps, '}')) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, open, ps.off - open,
                         "an empty expression");
        *off = ps.off;
        return error_node(&ps);
    }

    ex = ps.tok.kind != WEIR_TOK_END ? expression(&ps) : error_node(&ps);

    if (ps.tok.kind == WEIR_TOK_END && !c->failed) {
        weir_cel_fail_at(c, WEIR_ESYNTAX_CEL, open, 2,
                         "`${` without `}`; the text ${ itself is written "
                         "$${");

    } else if (ps.tok.kind != WEIR_TOK_END && !is(&ps, '}')) {
        unexpected(&ps, "`}`");
    }

    *off = ps.off;

    return ex;
}
