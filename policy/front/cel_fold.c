/*
 * cel_fold.c: constant parts are worked out, patterns compiled, conditions
 * that are decided removed, loops that are a membership made one.
 *
 * Meaning stays: a constant that fails does so when a request meets it, and
 * the author is warned.
 */

#include "front/cel_ast.h"
#include "front/regex.h"

#define MAX_TOTAL  65536u       /* elements of a constant, nested ones too */

static const uint16_t  rows_in[] = { WEIR_FN_IN_LIST, WEIR_FN_IN_MAP };
static const uint16_t  rows_matches[] = { WEIR_FN_MATCHES_RE };
static const uint16_t  rows_m_matches[] = { WEIR_FN_M_MATCHES_RE };


static weir_ex_t *fold(weir_cel_t *c, weir_ex_t *ex);


static bool
is_const(const weir_ex_t *ex, weir_kind_t kind)
{
    return ex->x == WEIR_X_CONST && ex->value->kind == (unsigned) kind;
}


static bool
is_bool(const weir_ex_t *ex, bool b)
{
    return is_const(ex, WEIR_T_BOOL) && ex->value->u.b == b;
}


/* ex becomes a constant, of the type that it had. */
static weir_ex_t *
constant(weir_cel_t *c, weir_ex_t *ex, const weir_cval_t *v)
{
    weir_cval_t  *value;

    value = weir_arena_alloc(c->arena, sizeof(weir_cval_t));

    if (value == NULL) {
        c->nomem = true;
        return ex;
    }

    *value = *v;
    ex->x = WEIR_X_CONST;
    ex->n = 0;
    ex->value = value;

    return ex;
}


static weir_ex_t *
constant_bool(weir_cel_t *c, weir_ex_t *ex, bool b)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_BOOL;
    v.u.b = b;

    return constant(c, ex, &v);
}


/* What decides an OR is its result; what cannot is left out. */
static weir_ex_t *
logical(weir_cel_t *c, weir_ex_t *ex)
{
    bool      decides;
    uint32_t  i, n;

    decides = ex->x == WEIR_X_OR;

    for (i = 0, n = 0; i < ex->n; i++) {

        if (is_bool(ex->args[i], decides)) {
            return constant_bool(c, ex, decides);
        }

        if (!is_bool(ex->args[i], !decides)) {
            ex->args[n++] = ex->args[i];
        }
    }

    ex->n = n;

    if (n == 0) {
        return constant_bool(c, ex, !decides);
    }

    if (n > 1) {
        return ex;
    }

    if (ex->args[0]->type->kind == WEIR_T_BOOL) {
        return ex->args[0];
    }

    ex->x = WEIR_X_AS;
    ex->u.kind = WEIR_T_BOOL;

    return ex;
}


static bool
is_element(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CONST && !(ex->flags & WEIR_XF_ABSENT)
           && ex->value->kind != WEIR_T_CIDRS
           && ex->value->kind != WEIR_T_REGEX;
}


static bool
is_key(const weir_ex_t *ex)
{
    return is_const(ex, WEIR_T_STRING) || is_const(ex, WEIR_T_INT)
           || is_const(ex, WEIR_T_UINT) || is_const(ex, WEIR_T_BOOL);
}


/* 1 and 1u are one key. */
static bool
same_key(const weir_cval_t *a, const weir_cval_t *b)
{
    if ((a->kind == WEIR_T_INT && b->kind == WEIR_T_UINT)
        || (a->kind == WEIR_T_UINT && b->kind == WEIR_T_INT))
    {
        return a->u.u == b->u.u && a->u.u <= INT64_MAX;
    }

    return weir_cval_same(a, b);
}


static bool
key_twice(const weir_ex_t *ex)
{
    uint32_t  i, k;

    for (i = 0; i < ex->n; i += 2) {
        for (k = 0; k < i; k += 2) {
            if (same_key(ex->args[i]->value, ex->args[k]->value)) {
                return true;
            }
        }
    }

    return false;
}


/* A list of constants, a map of constants. */
static weir_ex_t *
container(weir_cel_t *c, weir_ex_t *ex)
{
    uint32_t      i;
    uint64_t      total;
    weir_cval_t   v, *items;

    memset(&v, 0, sizeof(v));
    total = 1;

    for (i = 0; i < ex->n; i++) {

        if (!is_element(ex->args[i])
            || (ex->x == WEIR_X_MAP && i % 2 == 0 && !is_key(ex->args[i])))
        {
            return ex;
        }

        total += 1 + ex->args[i]->value->total;
        v.depth = ex->args[i]->value->depth > v.depth
                  ? ex->args[i]->value->depth : v.depth;
    }

    if (total > MAX_TOTAL || v.depth + 1 >= WEIR_MAX_VALUE_DEPTH) {
        return ex;
    }

    if (ex->x == WEIR_X_MAP && key_twice(ex)) {
        weir_cel_warn(c, WEIR_WFAILS, ex, "this always fails: %s",
                      weir_eval_error_name(WEIR_E_DUPLICATE_KEY));
        return ex;
    }

    items = weir_arena_array(c->arena, ex->n, sizeof(weir_cval_t));

    if (items == NULL) {
        c->nomem = true;
        return ex;
    }

    for (i = 0; i < ex->n; i++) {
        items[i] = *ex->args[i]->value;
    }

    v.kind = ex->x == WEIR_X_MAP ? WEIR_T_MAP : WEIR_T_LIST;
    v.n = ex->x == WEIR_X_MAP ? ex->n / 2 : ex->n;
    v.items = items;
    v.total = (uint32_t) total;
    v.depth++;

    return constant(c, ex, &v);
}


/* Where the letters of a constant pattern stand in the source. */
static weir_rc_t
pattern_text(weir_cel_t *c, const weir_ex_t *ex, weir_text_t *text)
{
    size_t         i;
    weir_rc_t      rc;
    weir_span_t    span;
    weir_piece_t  *pieces;

    rc = weir_cel_literal(c, ex->off, text);

    if (rc == WEIR_NOMEM
        || (rc == WEIR_OK && weir_str_eq(text->text, ex->value->s)))
    {
        return rc;
    }

    /* it was put together: all of it stands where the expression does */
    span = weir_text_span(c->text, ex->off, ex->len);
    pieces = weir_arena_array(c->arena, ex->value->s.len,
                              sizeof(weir_piece_t));

    if (pieces == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < ex->value->s.len; i++) {
        pieces[i] = (weir_piece_t) { (uint32_t) i, span.line, span.col };
    }

    text->text = ex->value->s;
    text->span = span;
    text->pieces = pieces;
    text->npieces = (uint32_t) i;

    return WEIR_OK;
}


static weir_ex_t *
matches(weir_cel_t *c, weir_ex_t *ex)
{
    weir_rc_t         rc;
    weir_ex_t        *pattern;
    weir_cval_t       v;
    weir_text_t       text;
    const weir_re_t  *re;

    pattern = ex->args[1];

    if (is_const(pattern, WEIR_T_REGEX)) {
        return ex;
    }

    if (!is_const(pattern, WEIR_T_STRING)) {
        weir_cel_fail(c, WEIR_EPATTERN, pattern,
                      "the pattern of matches() must be constant: it is "
                      "compiled, and its cost bounded, before there is a "
                      "request");
        return ex;
    }

    rc = pattern_text(c, pattern, &text);

    if (rc == WEIR_OK) {
        rc = weir_re_parse(c->arena, c->diags, &text, 0, text.text.len, &re);
    }

    if (rc != WEIR_OK) {
        c->failed |= rc == WEIR_ERROR;
        c->nomem |= rc == WEIR_NOMEM;
        return ex;
    }

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_REGEX;
    v.source = pattern->value->s;
    v.s = weir_re_emit(c->arena, re);

    if (v.s.data == NULL) {
        c->nomem = true;
        return ex;
    }

    ex->args[1] = constant(c, pattern, &v);
    ex->args[1]->type = &weir_types[WEIR_T_REGEX];
    ex->matched = ex->fn == WEIR_N_MATCHES ? rows_matches : rows_m_matches;
    ex->nmatched = 1;

    return ex;
}


/* Advice about what can be written and is hardly ever meant. */
static void
advise(weir_cel_t *c, const weir_ex_t *ex)
{
    size_t            i;
    weir_str_t        s;
    const weir_ex_t  *attr, *other;

    if (ex->n != 2) {
        return;
    }

    attr = ex->args[ex->args[1]->x == WEIR_X_ATTR];
    other = ex->args[ex->args[1]->x != WEIR_X_ATTR];

    if (attr->x != WEIR_X_ATTR || !is_const(other, WEIR_T_STRING)) {
        return;
    }

    s = other->value->s;

    if ((ex->fn == WEIR_N_EQ || ex->fn == WEIR_N_NE)
        && attr->u.attr == WEIR_A_REQUEST_PATH
        && memchr(s.data, '?', s.len) == NULL)
    {
        weir_cel_warn(c, WEIR_WQUERY, ex,
                      "`request.path` includes the query; without it, it is "
                      "`request.url_path`");
    }

    if ((ex->fn == WEIR_N_INDEX || ex->fn == WEIR_N_OPT_INDEX
         || ex->fn == WEIR_N_IN)
        && (attr->u.attr == WEIR_A_REQUEST_HEADERS
            || attr->u.attr == WEIR_A_RESPONSE_HEADERS))
    {
        for (i = 0; i < s.len; i++) {
            if (s.data[i] >= 'A' && s.data[i] <= 'Z') {
                weir_cel_warn(c, WEIR_WCASE, other,
                              "names of headers are in lower case here: "
                              "this one is never there");
                return;
            }
        }
    }
}


static bool
is_match(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CALL
           && (ex->fn == WEIR_N_MATCHES || ex->fn == WEIR_N_M_MATCHES);
}


static weir_ex_t *
call(weir_cel_t *c, weir_ex_t *ex)
{
    uint32_t           i;
    weir_rc_t          rc;
    weir_cval_t        v;
    weir_eval_error_t  error;

    if (is_match(ex)) {
        return matches(c, ex);
    }

    if (ex->fn == WEIR_N_FORMAT) {
        weir_cel_format(c, ex);
    }

    advise(c, ex);
    weir_cel_check_zone(c, ex);

    for (i = 0; i < ex->n; i++) {
        if (ex->args[i]->x != WEIR_X_CONST) {
            return ex;
        }
    }

    rc = weir_cel_eval(c, ex, &v, &error);

    if (rc == WEIR_OK) {
        return constant(c, ex, &v);
    }

    if (rc == WEIR_ERROR) {
        weir_cel_warn(c, WEIR_WFAILS, ex, "this always fails: %s",
                      weir_eval_error_name(error));
    }

    c->nomem |= rc == WEIR_NOMEM;

    return ex;
}


/* The element of the loop itself. */
static bool
is_element_of(const weir_ex_t *ex, const weir_ex_t *loop)
{
    return ex->x == WEIR_X_LOCAL && ex->u.binder == loop && ex->var == 0;
}


/* Neither is what a binder holds, which may be an error. */
static bool
cannot_fail(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CONST || ex->x == WEIR_X_ATTR
           || (ex->x == WEIR_X_LOCAL && ex->u.binder->x == WEIR_X_LOOP);
}


/* l.exists(x, x == a), where a cannot fail, is a in l; of a map, its keys. */
static weir_ex_t *
membership(weir_ex_t *ex)
{
    weir_ex_t    *when, *other;
    weir_kind_t   kind;

    when = ex->args[1];
    kind = (weir_kind_t) ex->args[0]->type->kind;

    if (ex->loop != WEIR_LOOP_EXISTS || ex->nvars != 1
        || when->x != WEIR_X_CALL || when->fn != WEIR_N_EQ)
    {
        return ex;
    }

    if (is_element_of(when->args[0], ex)) {
        other = when->args[1];

    } else if (is_element_of(when->args[1], ex)) {
        other = when->args[0];

    } else {
        return ex;
    }

    if (!cannot_fail(other)
        || (other->x == WEIR_X_LOCAL && other->u.binder == ex))
    {
        return ex;
    }

    when->off = ex->off;
    when->len = ex->len;
    when->args[0] = other;
    when->args[1] = ex->args[0];
    when->fn = WEIR_N_IN;
    when->matched = kind == WEIR_T_MAP ? rows_in + 1 : rows_in;
    when->nmatched = kind == WEIR_T_LIST || kind == WEIR_T_MAP ? 1 : 2;

    return when;
}


static weir_ex_t *
loop(weir_cel_t *c, weir_ex_t *ex)
{
    weir_cval_t  v;

    if (!is_const(ex->args[0], WEIR_T_LIST) || ex->args[0]->value->n != 0) {
        return membership(ex);
    }

    switch (ex->loop) {

    case WEIR_LOOP_ALL:
        return constant_bool(c, ex, true);

    case WEIR_LOOP_EXISTS:
    case WEIR_LOOP_ONE:
        return constant_bool(c, ex, false);

    default:
        memset(&v, 0, sizeof(v));
        v.kind = ex->loop == WEIR_LOOP_LIST ? WEIR_T_LIST : WEIR_T_MAP;
        v.depth = 1;
        return constant(c, ex, &v);
    }
}


static weir_ex_t *
node(weir_cel_t *c, weir_ex_t *ex)
{
    const weir_ex_t  *root;

    if (c->env->mode.unfolded && !is_match(ex)) {
        return ex;
    }

    switch (ex->x) {

    case WEIR_X_CALL:
        return call(c, ex);

    case WEIR_X_OR:
    case WEIR_X_AND:
        return logical(c, ex);

    case WEIR_X_COND:
        if (is_const(ex->args[0], WEIR_T_BOOL)) {
            return ex->args[ex->args[0]->value->u.b ? 1 : 2];
        }

        return ex;

    case WEIR_X_LIST:
    case WEIR_X_MAP:
        return container(c, ex);

    case WEIR_X_LOOP:
        return loop(c, ex);

    case WEIR_X_VAR:
        root = ex->u.var->expr->root;
        return root->x == WEIR_X_CONST ? constant(c, ex, root->value) : ex;

    case WEIR_X_AS:
        return is_const(ex->args[0], ex->u.kind)
               ? constant(c, ex, ex->args[0]->value) : ex;

    default:
        return ex;
    }
}


static weir_ex_t *
fold(weir_cel_t *c, weir_ex_t *ex)
{
    uint8_t     absent;
    uint32_t    i;
    weir_ex_t  *arg;

    for (i = 0; i < ex->n && !c->nomem; i++) {
        absent = ex->args[i]->flags & WEIR_XF_ABSENT;
        arg = fold(c, ex->args[i]);
        arg->flags = (uint8_t) ((arg->flags & ~WEIR_XF_ABSENT) | absent);
        ex->args[i] = arg;
    }

    return c->nomem ? ex : node(c, ex);
}


weir_ex_t *
weir_cel_fold(weir_cel_t *c, weir_ex_t *root)
{
    return fold(c, root);
}
