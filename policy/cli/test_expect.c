/*
 * test_expect.c: a decision next to the one that a test expects.
 */

#include <inttypes.h>
#include <strings.h>

#include "cli/test.h"
#include "front/codes.h"

static const weir_str_t  names[] = {
    { "verdict", 7 }, { "status", 6 }, { "reason", 6 }, { "errors", 6 },
    { "dry_run", 7 }, { "limit", 5 }, { "left", 4 }, { "retry_after", 11 },
    { "dry_limited", 11 }, { "path", 4 }, { "sets", 4 },
#define T(name)  { #name, sizeof(#name) - 1 },
    CLI_DECISION_TEXTS(T)
#undef T
};


/* What an upstream gets as path. */
static weir_str_t
path_of(const weir_txn_t *txn)
{
    weir_str_t  path;

    path = weir_txn_new_path(txn);
    path = path.len ? path : weir_txn_path(txn);

    return path.data ? path : weir_string("");
}


/* The field of a decision as text; data NULL: there is no such field. */
static weir_str_t
field(cli_suite_t *s, const weir_txn_t *txn, const weir_decision_t *d,
    weir_str_t name)
{
    size_t    i;
    uint64_t  n;

    const struct {
        const char  *name;
        uint64_t     n;
    } numbers[] = {
        { "status", d->status }, { "errors", d->errors },
        { "dry_run", d->dry_denied }, { "dry_limited", d->dry_limited },
        { "left", d->left }, { "retry_after", d->retry_after }
    };

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {

        if (weir_str_eq(name, weir_cstr(numbers[i].name))) {
            n = numbers[i].n;
            return weir_arena_printf(s->arena, "%" PRIu64, n);
        }
    }

    if (weir_str_eq(name, weir_string("verdict"))) {
        return weir_cstr(d->verdict == WEIR_ALLOW ? "allow" : "deny");
    }

    if (weir_str_eq(name, weir_string("reason"))) {
        return weir_cstr(weir_reason_name(d->reason));
    }

    if (weir_str_eq(name, weir_string("limit"))) {
        return d->limit.data ? d->limit : weir_string("");
    }

    if (weir_str_eq(name, weir_string("path"))) {
        return path_of(txn);
    }

#define T(id)                                                                 \
    if (weir_str_eq(name, weir_string(#id))) {                                \
        return d->id.data ? d->id : weir_string("");                          \
    }

    CLI_DECISION_TEXTS(T)
#undef T

    return weir_str(NULL, 0);
}


static bool
add_field(cli_suite_t *s, cli_result_t *r, weir_str_t name,
    weir_str_t expected, weir_str_t got, const weir_node_t *node)
{
    cli_field_t  *f;

    f = weir_vec_push(s->arena, &r->fields);

    if (f == NULL) {
        return false;
    }

    f->name = name;
    f->expected = expected;
    f->got = got;
    f->span = node->text.span;

    return true;
}


/* Headers */

/* What becomes of a header on its way to the upstream. */
typedef struct {
    bool        touched;
    bool        there;          /* it has a value of ours */
    weir_str_t  value;
} told_t;


static told_t
told(cli_suite_t *s, const weir_txn_t *txn, weir_str_t name)
{
    told_t                       t;
    uint32_t                     i;
    weir_str_t                   made;
    const weir_str_t            *values;
    const weir_image_t          *img;
    const weir_img_route_t      *route;
    const weir_img_header_op_t  *op;

    t = (told_t) { .value = weir_string("") };
    img = &s->policy->image;
    route = weir_txn_route(txn);
    values = weir_txn_request_values(txn);

    for (i = 0; route != NULL && i < route->request_ops.count; i++) {
        op = &WEIR_REC(img, HEADER_OPS)[route->request_ops.first + i];

        made = weir_img_str(img, op->name);

        if (made.len != name.len
            || strncasecmp(made.data, name.data, name.len) != 0)
        {
            continue;
        }

        t.touched = true;

        if (op->op == WEIR_HEADER_REMOVE) {
            continue;
        }

        t.value = t.there && op->op == WEIR_HEADER_ADD
                  ? weir_arena_printf(s->arena, "%.*s, %.*s",
                                      WEIR_STR(t.value), WEIR_STR(values[i]))
                  : values[i];
        t.there = true;
    }

    return t;
}


static bool
compare_header(cli_suite_t *s, const weir_entry_t *e, const weir_txn_t *txn,
    bool allowed, cli_result_t *r)
{
    bool        wanted;
    told_t      t;
    weir_str_t  name, expected, got;

    if (e->value.kind == WEIR_T_LIST || e->value.kind == WEIR_T_MAP) {
        (void) weir_fail(&s->diags, WEIR_EVALUE, e->value.text.span,
                         "a header that is set is text, or null: removed");
        return true;
    }

    t = (told_t) { .value = weir_string("") };

    if (allowed) {
        t = told(s, txn, e->key.text.text);
    }

    wanted = e->value.kind != WEIR_T_NULL;

    if (t.touched && t.there == wanted
        && (!wanted || weir_str_eq(t.value, e->value.text.text)))
    {
        return true;
    }

    name = weir_arena_printf(s->arena, "sets.%.*s",
                             WEIR_STR(e->key.text.text));
    expected = wanted ? e->value.text.text : weir_string("(removed)");
    got = !allowed ? weir_string("(nothing is sent)")
          : !t.touched ? weir_string("(as it came)")
          : t.there ? t.value : weir_string("(removed)");

    return add_field(s, r, name, expected, got, &e->value);
}


static bool
compare_headers(cli_suite_t *s, const weir_node_t *sets,
    const weir_txn_t *txn, const weir_decision_t *d, cli_result_t *r)
{
    bool      ok, allowed;
    uint32_t  i;

    if (sets->kind != WEIR_T_MAP) {
        (void) weir_fail(&s->diags, WEIR_EKIND, sets->text.span,
                         "\"sets\" is not a map");
        return true;
    }

    allowed = d->verdict == WEIR_ALLOW && d->reason != WEIR_REASON_PREFLIGHT;

    for (i = 0, ok = true; i < sets->n && ok; i++) {
        ok = compare_header(s, &sets->u.entries[i], txn, allowed, r);
    }

    return ok;
}


bool
weir_cli_expect(cli_suite_t *s, const weir_node_t *expect,
    const weir_txn_t *txn, const weir_decision_t *d, cli_result_t *r)
{
    bool                 ok;
    uint32_t             i;
    weir_str_t           found, name;
    const weir_entry_t  *e;

    for (i = 0, ok = true; i < expect->n && ok; i++) {
        e = &expect->u.entries[i];
        name = e->key.text.text;

        if (weir_str_eq(name, weir_string("sets"))) {
            ok = compare_headers(s, &e->value, txn, d, r);
            continue;
        }

        found = field(s, txn, d, name);

        if (found.data == NULL) {
            weir_cli_unknown(s, &e->key, "\"expect\"", names,
                             sizeof(names) / sizeof(names[0]));

        } else if (!weir_str_eq(found, e->value.text.text)) {
            ok = add_field(s, r, name, e->value.text.text, found, &e->value);
        }
    }

    return ok;
}
