/*
 * account.c: what led to a decision, before anybody prints it.
 */

#include "cli/explain.h"


static bool
is_rule_word(weir_reason_t reason)
{
    return reason == WEIR_REASON_DENY_RULE
           || reason == WEIR_REASON_DENY_ERROR;
}


cli_place_t
weir_cli_place(const cli_policy_t *p, const weir_span_t *span)
{
    return (cli_place_t) {
        .file = span->file < p->diags.files.len
                ? p->diags.files.items[span->file].name : weir_string("-"),
        .line = span->line,
        .col = span->col
    };
}


cli_place_t
weir_cli_route_place(const cli_policy_t *p, uint32_t route)
{
    const weir_img_route_t  *r;

    if (p->model != NULL) {
        return weir_cli_place(p, &p->model->routes.items[route].id.span);
    }

    r = &WEIR_REC(&p->image, ROUTES)[route];

    return (cli_place_t) { .file = weir_img_str(&p->image, r->file),
                           .line = r->line, .col = 1 };
}


cli_place_t
weir_cli_rule_place(const cli_policy_t *p, const cli_rule_t *rule)
{
    weir_span_t  span;

    if (rule->rule != NULL) {
        span = rule->rule->when ? weir_text_span(&rule->rule->text, 0, 1)
                                : rule->rule->id.span;
        return weir_cli_place(p, &span);
    }

    return (cli_place_t) { .file = weir_img_str(&p->image, rule->rec->file),
                           .line = rule->rec->line, .col = rule->rec->col };
}


weir_str_t
weir_cli_rule_text(const cli_policy_t *p, const cli_rule_t *rule,
    weir_arena_t *a)
{
    weir_str_t   id;
    const char  *effect;

    id = weir_img_str(&p->image, rule->rec->id);
    effect = rule->deny ? "deny" : "allow";

    if (rule->of.len == 0) {
        return weir_arena_printf(a, "%s rule \"%.*s\" of the global layer",
                                 effect, WEIR_STR(id));
    }

    return weir_arena_printf(a, "%s rule \"%.*s\" of %s \"%.*s\"", effect,
                             WEIR_STR(id), rule->layer, WEIR_STR(rule->of));
}


void
weir_cli_finding(const cli_account_t *a, size_t ruling, cli_finding_t *f)
{
    bool                 holds, failed;
    const cli_rule_t    *rule;
    const cli_value_t   *v;

    memset(f, 0, sizeof(cli_finding_t));
    f->ruling = &a->trace->rulings.items[ruling];
    rule = &a->trace->rules[f->ruling->rule];
    f->rule = rule;
    f->id = weir_img_str(&a->policy->image, rule->rec->id);
    f->place = weir_cli_rule_place(a->policy, rule);

    v = &f->ruling->value;
    holds = v->kind == WEIR_T_BOOL && v->i;
    failed = v->kind != WEIR_T_BOOL;
    f->outcome = failed ? "fails" : holds ? "holds" : "does not hold";

    if (rule->deny) {
        f->decides = is_rule_word(a->decision->reason)
                     && ruling + 1 == a->trace->rulings.len;
        f->effect = !(holds || failed) ? NULL
                    : rule->rec->dry_run ? "would deny, but is on trial"
                    : "denies";

    } else {
        f->decides = holds;
        f->effect = holds ? "allows" : failed ? "does not allow" : NULL;
    }
}


static const cli_rule_t *
last_rule(const cli_account_t *a)
{
    size_t  n;

    n = a->trace->rulings.len;

    return n ? &a->trace->rules[a->trace->rulings.items[n - 1].rule] : NULL;
}


/* "of the global layer", "of route x" */
static weir_str_t
layer(const cli_account_t *a, const cli_rule_t *r)
{
    if (r->of.len == 0) {
        return weir_string("of the global layer");
    }

    return weir_arena_printf(a->trace->arena, "of %s \"%.*s\"", r->layer,
                             WEIR_STR(r->of));
}


static weir_str_t
rule_decided(const cli_account_t *a, size_t ruling)
{
    weir_str_t     text;
    cli_finding_t  f;

    weir_cli_finding(a, ruling, &f);
    text = weir_cli_rule_text(a->policy, f.rule, a->trace->arena);

    return weir_arena_printf(a->trace->arena, "%.*s, %.*s:%u:%u",
                             WEIR_STR(text), WEIR_STR(f.place.file),
                             f.place.line, f.place.col);
}


weir_str_t
weir_cli_decider(const cli_account_t *a)
{
    weir_str_t         of;
    const cli_rule_t  *last;

    last = last_rule(a);

    switch (a->decision->reason) {

    case WEIR_REASON_ALLOWED:
        if (a->decision->rule.len == 0) {
            return weir_string("what the route requires is met");
        }

        return last ? rule_decided(a, a->trace->rulings.len - 1)
                    : weir_str("", 0);

    case WEIR_REASON_DENY_RULE:
    case WEIR_REASON_DENY_ERROR:
        return last ? rule_decided(a, a->trace->rulings.len - 1)
                    : weir_str("", 0);

    case WEIR_REASON_PUBLIC:
        return weir_string("the route is public");

    case WEIR_REASON_UNAUTHENTICATED:
    case WEIR_REASON_BAD_TOKEN:
    case WEIR_REASON_BAD_PROOF:
    case WEIR_REASON_BAD_KEY:
    case WEIR_REASON_BAD_CERT:
    case WEIR_REASON_NO_KEYS:
    case WEIR_REASON_STALE:
        return weir_cli_caller_refused(a);

    case WEIR_REASON_TENANT:
        return weir_string("the caller is not of the tenant of the request");

    case WEIR_REASON_MFA:
        return weir_string("the route wants a second factor");

    case WEIR_REASON_PERMISSION:
        return weir_arena_printf(a->trace->arena, "no role of the caller has "
                                 "permission \"%.*s\"",
                                 WEIR_STR(a->decision->missing));

    case WEIR_REASON_SCOPE:
        return weir_arena_printf(a->trace->arena, "the token lacks scope "
                                 "\"%.*s\"", WEIR_STR(a->decision->missing));

    case WEIR_REASON_REQUIRE:
        return weir_string("\"when\" of what the route requires does not "
                           "hold");

    case WEIR_REASON_LIMIT:
    case WEIR_REASON_LIMIT_ERROR:
    case WEIR_REASON_LIMIT_FULL:
    case WEIR_REASON_STORE:
        return weir_cli_limit_refused(a);

    case WEIR_REASON_PREFLIGHT:
    case WEIR_REASON_MAINTENANCE:
    case WEIR_REASON_BREAKER:
    case WEIR_REASON_TRANSFORM:
        return weir_cli_edge_decided(a);

    case WEIR_REASON_BAD_REQUEST:
        return weir_cstr(a->decision->detail ? a->decision->detail
                                             : "the request is malformed");

    case WEIR_REASON_UNKNOWN_TENANT:
        return weir_string("the request names a tenant that does not exist");

    case WEIR_REASON_NO_ROUTE:
        return weir_string("no route matches");

    case WEIR_REASON_NOT_ALLOWED:
        if (last == NULL || last->deny) {
            return weir_string("no allow rule holds: all are on trial");
        }

        of = layer(a, last);
        return weir_arena_printf(a->trace->arena, "no allow rule %.*s holds",
                                 WEIR_STR(of));

    default:
        return weir_string("there is no allow rule for the route");
    }
}


/* That the route was looked for with. */
static weir_str_t
method(const cli_account_t *a)
{
    weir_value_t           v;
    const weir_request_t  *req;

    req = &a->request->req;

    return a->decision->reason == WEIR_REASON_PREFLIGHT
           && req->host_ops->get(req->host_data, WEIR_A_REQUEST_HEADERS,
                                 weir_string("access-control-request-method"),
                                 &v) == WEIR_OK
           ? weir_v_text(&v) : req->method;
}


bool
weir_cli_is_asked(const cli_account_t *a)
{
    return a->decision->reason != WEIR_REASON_PREFLIGHT
           && !weir_cli_limited_early(a);
}


cli_exit_t
weir_cli_account(const cli_policy_t *p, cli_request_t *r, cli_trace_t *t,
    weir_decision_t *d, cli_account_t *a)
{
    cli_exit_t  code;

    memset(a, 0, sizeof(cli_account_t));
    a->policy = p;
    a->request = r;
    a->trace = t;
    a->decision = d;

    weir_cli_trace_reset(t);
    code = weir_cli_decide(p, r, &t->trace, &a->txn, d);

    if (code != CLI_OK) {
        return code;
    }

    while (a->early < t->rulings.len
           && t->rules[t->rulings.items[a->early].rule].rec->phase
              == WEIR_PHASE_CONNECT
           && strcmp(t->rules[t->rulings.items[a->early].rule].layer,
                     "global") == 0)
    {
        a->early++;
    }

    /* a refusal before the routes is by the path, or a rule of connect */
    a->routed = weir_txn_route(a->txn) != NULL
                || d->reason == WEIR_REASON_NO_ROUTE;
    a->resolved = a->routed || d->reason == WEIR_REASON_UNKNOWN_TENANT;

    if ((a->resolved && !weir_cli_why_tenant(p, r, &a->resolvers))
        || (a->routed && !weir_cli_why_route(p, r, method(a), &a->rivals)))
    {
        return CLI_INTERNAL;
    }

    return CLI_OK;
}
