/*
 * parts.c: an expression and the program that ran for it, walked side by
 * side.  They have the same shape, since equal expressions are one program;
 * where one names a var, the other may have its text.
 */

#include "cli/trace.h"

typedef struct {
    const cli_trace_t   *trace;
    const weir_eval_t   *eval;          /* NULL: there was no decision */
    cli_parts_t         *out;
    bool                 nomem;
} walk_t;

/* How a node is looked at. */
typedef struct {
    const weir_expr_t   *expr;
    uint32_t             level;
    bool                 root;
    bool                 evaluated;
    bool                 looped;
    bool                 condition;
} view_t;


static cli_value_t walk(walk_t *w, const weir_ex_t *own, const weir_ex_t *run,
    view_t v);


static bool
is_bool(const cli_value_t *v, bool b)
{
    return v->kind == WEIR_T_BOOL && (v->i != 0) == b;
}


static const weir_ex_t *
target(const weir_ex_t *ex)
{
    while (ex->x == WEIR_X_VAR) {
        ex = ex->u.var->expr->root;
    }

    return ex;
}


/* A var is shown once for a rule. */
static bool
is_there(const cli_parts_t *parts, const weir_ex_t *ex)
{
    size_t  i;

    for (i = 0; i < parts->len; i++) {

        if (parts->items[i].ex == ex) {
            return true;
        }
    }

    return false;
}


static void
push(walk_t *w, const weir_ex_t *ex, const view_t *v, cli_value_t value,
    const cli_seen_t *seen, bool failed)
{
    cli_part_t  *p;

    if (v->level > 0 && is_there(w->out, ex)) {
        return;
    }

    p = weir_vec_push(w->trace->arena, w->out);

    if (p == NULL) {
        w->nomem = true;
        return;
    }

    p->ex = ex;
    p->expr = v->expr;
    p->span = weir_text_span(v->expr->text, ex->off, ex->len);
    p->level = v->level;
    p->condition = v->condition;
    p->looped = v->looped;
    p->failed = failed;
    p->value = value;
    p->seen = seen;

    if (v->looped && seen != NULL) {
        p->saw[0] = seen->saw[0];
        p->saw[1] = seen->saw[1];

    } else {
        p->saw[0] = is_bool(&value, false);
        p->saw[1] = is_bool(&value, true);
    }
}


static cli_value_t
constant(const weir_cval_t *c)
{
    cli_value_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = c->kind;
    v.i = c->kind == WEIR_T_BOOL ? c->u.b : c->u.i;

    return v;
}


/* Fused with what asks for it, an attribute has no instruction. */
static cli_value_t
attribute(const walk_t *w, unsigned attr)
{
    static const cli_value_t  unset;

    if (w->eval == NULL || !(w->eval->fetched >> attr & 1)) {
        return unset;
    }

    return weir_cli_value(w->trace, &w->eval->attrs[attr]);
}


/* What && and || make of their sides, as far as they were looked at. */
static cli_value_t
logical(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    bool         wins;
    uint32_t     i;
    cli_value_t  side, out;

    wins = own->x == WEIR_X_OR;
    memset(&out, 0, sizeof(out));

    for (i = 0; i < own->n; i++) {
        side = walk(w, own->args[i], run->args[i], v);

        if (i == 0 || is_bool(&side, wins)
            || (side.kind == WEIR_T_ERR && out.kind != WEIR_T_ERR))
        {
            out = side;
        }

        if (is_bool(&side, wins) && !v.looped && w->eval != NULL) {
            v.evaluated = false;
        }
    }

    return out;
}


static cli_value_t
conditional(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    bool         known, condition, evaluated;
    uint32_t     i;
    cli_value_t  test, side, out;

    condition = v.condition;
    evaluated = v.evaluated;
    known = !v.looped && w->eval != NULL;

    v.condition = true;
    test = walk(w, own->args[0], run->args[0], v);
    out = test;
    v.condition = condition;

    for (i = 1; i < 3; i++) {
        v.evaluated = evaluated && (!known || is_bool(&test, i == 1));
        side = walk(w, own->args[i], run->args[i], v);

        if (known && v.evaluated) {
            out = side;
        }
    }

    return out;
}


/* A part without an operator of its own: its value is that of one in it. */
static cli_value_t
inner(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    uint32_t     i;
    cli_value_t  out;

    memset(&out, 0, sizeof(out));

    for (i = 0; i < own->n; i++) {
        v.condition = v.condition && i + 1 == own->n;
        out = walk(w, own->args[i], run->args[i], v);
    }

    return out;
}


/* The arguments; whether one of them is an error. */
static bool
arguments(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    bool         failed, condition;
    uint32_t     i;
    cli_value_t  value;

    failed = false;
    condition = v.condition && own->x == WEIR_X_CALL
                && own->fn == WEIR_N_NOT;

    for (i = 0; i < own->n; i++) {
        v.condition = condition;

        if (own->x == WEIR_X_LOOP && i > 0) {
            v.looped = true;
            v.condition = i == 1 && (own->loop == WEIR_LOOP_ALL
                                     || own->loop == WEIR_LOOP_EXISTS
                                     || own->loop == WEIR_LOOP_ONE
                                     || (own->flags & WEIR_XF_WHEN));
        }

        value = walk(w, own->args[i], run->args[i], v);
        failed |= value.kind == WEIR_T_ERR;
    }

    return failed;
}


static cli_value_t
operation(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v,
    const cli_seen_t *seen)
{
    bool               failed;
    view_t             sub;
    cli_value_t        value;
    const cli_seen_t  *range;

    memset(&value, 0, sizeof(value));
    sub = v;
    sub.root = false;

    failed = arguments(w, own, run, sub);

    if (seen != NULL) {
        value = seen->last;

        if (v.looped && seen->failed) {
            value.kind = WEIR_T_ERR;
        }

    } else if (own->x == WEIR_X_ATTR) {
        value = attribute(w, own->u.attr);

    } else if (own->x == WEIR_X_LOOP && w->eval != NULL && !v.looped) {
        /* only an error leaves a loop unsaid: of its range, or about it */
        range = weir_cli_seen(w->trace, run->args[0]);
        value.text = weir_string("error");

        if (range != NULL && range->last.kind == WEIR_T_ERR) {
            value = range->last;
        }

        value.kind = WEIR_T_ERR;
    }

    /* a loop in a loop: what it asks in its rounds counts */
    v.condition = v.condition && !(own->x == WEIR_X_CALL
                                   && own->fn == WEIR_N_NOT)
                  && !(v.looped && own->x == WEIR_X_LOOP);

    if (own->x != WEIR_X_LIST && own->x != WEIR_X_MAP) {
        push(w, own, &v, value, seen, value.kind == WEIR_T_ERR && !failed);
    }

    return value;
}


static cli_value_t
var(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    view_t       sub;
    cli_value_t  value;

    sub = v;
    sub.expr = own->u.var->expr;
    sub.level++;
    sub.root = false;
    sub.looped = false;

    v.condition = false;
    value = walk(w, sub.expr->root, run, sub);
    push(w, own, &v, value, NULL, false);

    return value;
}


/*
 * Parts first, in the order of evaluation.  Expressions are as deep as the
 * parser lets them be.
 */
static cli_value_t
walk(walk_t *w, const weir_ex_t *own, const weir_ex_t *run, view_t v)
{
    bool               root;
    cli_value_t        value;
    const cli_seen_t  *seen;

    memset(&value, 0, sizeof(value));

    if (own->x == WEIR_X_CONST) {
        return constant(own->value);
    }

    if (!v.evaluated) {
        push(w, own, &v, value, NULL, false);
        return value;
    }

    seen = w->eval ? weir_cli_seen(w->trace, run) : NULL;
    run = target(run);

    if (seen != NULL && seen->memo) {
        run = run->uniq->ex;
        seen = own->x == WEIR_X_VAR ? seen : weir_cli_seen(w->trace, run);
    }

    if (own->x == WEIR_X_VAR) {
        return var(w, own, run, v);
    }

    root = v.root;

    switch (own->x) {

    case WEIR_X_OR:
    case WEIR_X_AND:
        v.root = false;
        value = logical(w, own, run, v);
        break;

    case WEIR_X_COND:
        v.root = false;
        value = conditional(w, own, run, v);
        break;

    case WEIR_X_AS:
    case WEIR_X_BIND:
        v.root = false;
        return inner(w, own, run, v);

    default:
        if (own->x == WEIR_X_CALL && own->row == WEIR_FN_DYN_ANY) {
            return inner(w, own, run, v);
        }

        return operation(w, own, run, v, seen);
    }

    v.condition = false;

    if (!root && !v.looped) {
        push(w, own, &v, value, seen, false);
    }

    return value;
}


/* By place: the rule's own lines, then those of the vars it names. */
static bool
is_before(const cli_part_t *a, const cli_part_t *b)
{
    if (a->level != b->level) {
        return a->level < b->level;
    }

    if (a->span.file != b->span.file) {
        return a->span.file < b->span.file;
    }

    return a->span.line < b->span.line;
}


static void
sort(cli_parts_t *parts)
{
    size_t      i, k;
    cli_part_t  p;

    for (i = 1; i < parts->len; i++) {
        p = parts->items[i];

        for (k = i; k > 0 && is_before(&p, &parts->items[k - 1]); k--) {
            parts->items[k] = parts->items[k - 1];
        }

        parts->items[k] = p;
    }
}


bool
weir_cli_parts(const cli_trace_t *t, weir_txn_t *txn, const weir_expr_t *e,
    cli_parts_t *out)
{
    view_t            v;
    walk_t            w;
    const weir_ex_t  *root;

    w = (walk_t) { .trace = t, .eval = txn ? weir_txn_eval(txn) : NULL,
                   .out = out };
    v = (view_t) { .expr = e, .root = true, .evaluated = true,
                   .condition = true };

    out->len = 0;
    root = target(e->root);
    (void) walk(&w, e->root, root->uniq->ex, v);
    sort(out);

    return !w.nomem;
}
