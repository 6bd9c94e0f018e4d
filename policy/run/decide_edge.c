/*
 * decide_edge.c: what a decision does at the edge: preflights, maintenance,
 * and what it tells the upstream instead of what the client said.
 */

#include <stdio.h>

#include "image/header.h"
#include "run/decide_stage.h"
#include "run/path.h"

#define NO_CONTENT  204
#define FAILED      500


/* Preflights */

static weir_str_t
header(const weir_txn_t *t, weir_str_t name)
{
    weir_value_t  v;

    if (t->req->host_ops->get(t->req->host_data, WEIR_A_REQUEST_HEADERS, name,
                              &v) != WEIR_OK
        || v.kind != WEIR_T_STRING)
    {
        return weir_str("", 0);
    }

    return weir_v_text(&v);
}


/* Of several there is a comma between two: that is no method. */
static bool
is_method(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] >= 0x7f || s.data[i] == ',') {
            return false;
        }
    }

    return s.len != 0;
}


weir_rc_t
weir_stage_preflight(weir_txn_t *t)
{
    weir_rc_t      rc;
    weir_lookup_t  q;

    q = t->lookup;
    q.method = header(t, weir_string("access-control-request-method"));

    if (!is_method(q.method) || header(t, weir_string("origin")).len == 0) {
        return WEIR_OK;
    }

    rc = weir_lookup_route(&q, &t->match);

    if (rc == WEIR_ERROR) {
        return weir_txn_refuse_match(t);
    }

    if (rc == WEIR_DECLINED
        || WEIR_REC(t->image, ROUTES)[t->match.route].cors == WEIR_NONE)
    {
        return WEIR_OK;
    }

    weir_txn_set_route(t);
    t->d.verdict = WEIR_ALLOW;
    t->d.status = NO_CONTENT;
    t->d.reason = WEIR_REASON_PREFLIGHT;

    return WEIR_DECLINED;
}


/* Maintenance */

/* Who cannot say whether it holds had better wait as well. */
static bool
holds(weir_txn_t *t, const weir_img_maintenance_t *m)
{
    weir_value_t  v;

    if (m->when == WEIR_NONE) {
        return true;
    }

    weir_txn_run(t, m->when, &v);

    return v.kind != WEIR_T_BOOL || v.u.b;
}


weir_rc_t
weir_stage_maintenance(weir_txn_t *t)
{
    uint32_t                       i;
    const weir_range_t            *all;
    const weir_img_maintenance_t  *m;

    all = &t->image->policy->maintenance;
    m = WEIR_REC(t->image, MAINTENANCE) + all->first;

    for (i = 0; i < all->count; i++, m++) {

        if (!holds(t, m)) {
            continue;
        }

        t->d.rule = weir_txn_str(t, m->id);
        t->d.message = weir_txn_str(t, m->message);
        t->d.retry_after = m->retry_after;

        return weir_txn_refuse(t, m->status, WEIR_REASON_MAINTENANCE);
    }

    return WEIR_OK;
}


/* Transforms */

/* What keeps a value out of a header, or NULL (RFC 9110, 5.5). */
static const char *
unfit(weir_str_t value)
{
    size_t  i;

    if (value.len > WEIR_MAX_HEADER_VALUE) {
        return "is too long";
    }

    for (i = 0; i < value.len; i++) {
        if (!weir_header_is_byte(value.data[i])) {
            return "has a control character";
        }
    }

    return NULL;
}


/* WEIR_ERROR: it fails to evaluate. */
static weir_rc_t
make_text(weir_txn_t *t, uint32_t prog, weir_str_t *text)
{
    weir_value_t  v;

    weir_txn_run(t, prog, &v);

    if (v.kind != WEIR_T_STRING) {
        return WEIR_ERROR;
    }

    *text = weir_v_text(&v);

    return WEIR_OK;
}


/* WEIR_ERROR: *why says what is wrong, or is NULL: it fails to evaluate. */
static weir_rc_t
make_value(weir_txn_t *t, const weir_img_header_op_t *op, weir_str_t *value,
    const char **why)
{
    *why = NULL;

    if (op->op == WEIR_HEADER_REMOVE) {
        *value = weir_str("", 0);
        return WEIR_OK;
    }

    if (op->prog == WEIR_NONE) {        /* the verifier has seen it */
        *value = weir_txn_str(t, op->text);
        return WEIR_OK;
    }

    if (make_text(t, op->prog, value) != WEIR_OK) {
        return WEIR_ERROR;
    }

    *why = unfit(*value);

    return *why == NULL ? WEIR_OK : WEIR_ERROR;
}


/* The arm will not see the request that its breaker may have let through. */
static WEIR_COLD void
leave_arm(weir_txn_t *t)
{
    weir_splits_t           *table;
    const weir_request_t    *req;
    const weir_img_split_t  *s;

    req = t->req;
    s = t->routing.split;
    table = s != NULL && req->router != NULL
            ? req->router->splits(req->host_data) : NULL;

    if (table != NULL) {
        weir_breaker_return(table, t->image, s, t->routing.arm,
                            req->router->clock(req->host_data));
    }

    weir_txn_unsplit(t);
}


/* why as of make_value(). */
static WEIR_COLD weir_rc_t
refuse(weir_txn_t *t, weir_str_t header, const char *why)
{
    char  *said;

    said = t->said;

    if (header.len == 0) {
        (void) snprintf(said, WEIR_MAX_SAID, "what the upstream gets as path "
                        "is refused: %s", why ? why : "it fails to evaluate");

    } else {
        (void) snprintf(said, WEIR_MAX_SAID, "what the upstream gets as "
                        "header \"%.*s\" %s", (int) (header.len < 64
                                                     ? header.len : 64),
                        header.data, why ? why : "fails to evaluate");
    }

    leave_arm(t);
    t->d.detail = said;

    return weir_txn_refuse(t, why ? WEIR_BAD_REQUEST : FAILED,
                           WEIR_REASON_TRANSFORM);
}


static weir_rc_t
make_path(weir_txn_t *t)
{
    size_t              len;
    weir_str_t          text;
    const char         *why;
    weir_path_rules_t   rules;

    if (make_text(t, t->route->path, &text) != WEIR_OK) {
        return refuse(t, weir_str("", 0), NULL);
    }

    rules = weir_path_rules(t->image->policy);

    if (weir_path_check(text, &rules, t->new_buf, &len, &why) != WEIR_OK) {
        return refuse(t, weir_str("", 0), why);
    }

    t->new_path = weir_str(t->new_buf, len);

    return WEIR_OK;
}


weir_rc_t
weir_stage_transform(weir_txn_t *t)
{
    uint32_t                     i;
    const char                  *why;
    const weir_range_t          *ops;
    const weir_img_header_op_t  *op;

    ops = &t->route->request_ops;
    op = WEIR_REC(t->image, HEADER_OPS) + ops->first;

    for (i = 0; i < ops->count; i++, op++) {
        if (make_value(t, op, &t->values[i], &why) != WEIR_OK) {
            return refuse(t, weir_txn_str(t, op->name), why);
        }
    }

    return t->route->path != WEIR_NONE ? make_path(t) : WEIR_OK;
}


const weir_str_t *
weir_txn_request_values(const weir_txn_t *t)
{
    return t->values;
}


weir_str_t
weir_txn_new_path(const weir_txn_t *t)
{
    return t->new_path;
}


void
weir_txn_answer(weir_txn_t *t)
{
    weir_eval_forget_answer(&t->eval);
}


weir_rc_t
weir_txn_response_value(weir_txn_t *t, const weir_img_header_op_t *op,
    weir_str_t *value)
{
    weir_str_t   made;
    const char  *why;

    if (make_value(t, op, &made, &why) != WEIR_OK) {
        return WEIR_ERROR;
    }

    *value = made;

    return WEIR_OK;
}
