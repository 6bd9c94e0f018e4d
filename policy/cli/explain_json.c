/*
 * explain_json.c: an account for programs: the decision, and its steps in
 * their order.
 */

#include "cli/explain.h"


static json_t *
value_json(const cli_value_t *v)
{
    switch (v->kind) {

    case WEIR_T_UNSET:
    case WEIR_T_NULL:
        return json_null();

    case WEIR_T_BOOL:
        return json_boolean(v->i != 0);

    case WEIR_T_INT:
        return json_integer((json_int_t) v->i);

    case WEIR_T_STRING:
        return weir_cli_json_str(v->s);

    default:
        return weir_cli_json_str(v->text);
    }
}


static json_t *
part_json(const cli_account_t *a, const cli_part_t *p)
{
    uint32_t  i;
    json_t   *o, *rounds;
    bool      evaluated;

    evaluated = p->looped && p->seen ? p->seen->times > 0
                                     : p->value.kind != WEIR_T_UNSET;

    o = json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}",
                  "file", weir_cli_json_str(a->policy->diags.files.items
                                            [p->span.file].name),
                  "line", (json_int_t) p->span.line,
                  "column", (json_int_t) p->span.col,
                  "length", (json_int_t) p->span.len,
                  "text", weir_cli_json_str(weir_cli_part_text(p)),
                  "evaluated", evaluated);

    if (!evaluated) {
        return o;
    }

    if (p->looped && p->seen != NULL) {
        rounds = json_array();

        for (i = 0; i < p->seen->times && i < CLI_ROUNDS; i++) {
            json_array_append_new(rounds, value_json(&p->seen->rounds[i]));
        }

        json_object_set_new(o, "times",
                            json_integer((json_int_t) p->seen->times));
        json_object_set_new(o, "values", rounds);

    } else if (p->value.kind == WEIR_T_ERR) {
        json_object_set_new(o, "error", weir_cli_json_str(p->value.text));

    } else {
        json_object_set_new(o, "type",
                            json_string(weir_kind_name(p->value.kind)));
        json_object_set_new(o, "value", value_json(&p->value));
    }

    if (p->failed) {
        json_object_set_new(o, "failed", json_true());
    }

    return o;
}


json_t *
weir_cli_parts_json(const cli_account_t *a, const weir_expr_t *when)
{
    size_t        i;
    json_t       *list;
    cli_parts_t   parts;

    list = json_array();
    memset(&parts, 0, sizeof(parts));

    if (weir_cli_parts(a->trace, a->txn, when, &parts)) {

        for (i = 0; i < parts.len; i++) {
            json_array_append_new(list, part_json(a, &parts.items[i]));
        }
    }

    return list;
}


static json_t *
rule_json(const cli_account_t *a, size_t ruling)
{
    json_t         *o;
    cli_finding_t   f;

    weir_cli_finding(a, ruling, &f);

    o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:s, s:b, s:b}",
                  "step", "rule",
                  "effect", f.rule->deny ? "deny" : "allow",
                  "layer", f.rule->layer,
                  "of", weir_cli_json_str(f.rule->of),
                  "id", weir_cli_json_str(f.id),
                  "file", weir_cli_json_str(f.place.file),
                  "line", (json_int_t) f.place.line,
                  "column", (json_int_t) f.place.col,
                  "outcome", f.ruling->value.kind != WEIR_T_BOOL ? "error"
                             : f.ruling->value.i ? "true" : "false",
                  "dry_run", (int) f.rule->rec->dry_run,
                  "decides", (int) f.decides);

    if (f.ruling->value.kind == WEIR_T_ERR) {
        json_object_set_new(o, "error", json_string(
            weir_eval_error_name((unsigned) f.ruling->value.i)));
    }

    if (f.rule->rule != NULL && f.rule->rule->when != NULL) {
        json_object_set_new(o, "when",
                            weir_cli_json_str(f.rule->rule->text.text));
        json_object_set_new(o, "parts", weir_cli_parts_json(a,
                                                f.rule->rule->when));
    }

    return o;
}


static json_t *
tenant_json(const cli_account_t *a)
{
    size_t   i;
    json_t  *list;

    static const char *const  said[] = {
        [CLI_NAMES_NONE] = "none",
        [CLI_NAMES_ONE] = "tenant",
        [CLI_NAMES_UNKNOWN] = "unknown",
        [CLI_NOT_TRUSTED] = "not_trusted"
    };

    list = json_array();

    for (i = 0; i < a->resolvers.len; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s}",
            "by", weir_cli_json_str(a->resolvers.items[i].what),
            "names", said[a->resolvers.items[i].said]));
    }

    return json_pack("{s:s, s:o, s:o}",
                     "step", "tenant",
                     "tenant", weir_cli_json_str(a->decision->tenant),
                     "asked", list);
}


static void
set_place(json_t *o, const cli_policy_t *p, uint32_t route)
{
    cli_place_t  place;

    place = weir_cli_route_place(p, route);
    json_object_set_new(o, "route", weir_cli_json_str(
        weir_img_str(&p->image, WEIR_REC(&p->image, ROUTES)[route].id)));
    json_object_set_new(o, "file", weir_cli_json_str(place.file));
    json_object_set_new(o, "line", json_integer((json_int_t) place.line));
}


static json_t *
route_json(const cli_account_t *a)
{
    size_t                   i;
    json_t                  *o, *list, *params, *rival;
    const weir_eval_t       *e;
    const weir_img_route_t  *route;

    o = json_pack("{s:s}", "step", "route");
    list = json_array();
    params = json_object();
    route = weir_txn_route(a->txn);

    if (route != NULL) {
        set_place(o, a->policy, (uint32_t) (route - WEIR_REC(&a->policy->image,
                                                             ROUTES)));
        e = weir_txn_eval(a->txn);

        for (i = 0; i < e->nparams; i++) {
            json_object_setn_new(params, weir_img_str(&a->policy->image,
                                     e->param_names[i]).data,
                                 weir_img_str(&a->policy->image,
                                     e->param_names[i]).len,
                                 weir_cli_json_str(e->params[i]));
        }

    } else {
        json_object_set_new(o, "route", json_null());
    }

    for (i = 0; i < a->rivals.len; i++) {
        rival = json_object();
        set_place(rival, a->policy, a->rivals.items[i].route);
        json_object_set_new(rival, "because",
                            weir_cli_json_str(a->rivals.items[i].because));
        json_array_append_new(list, rival);
    }

    json_object_set_new(o, "params", params);
    json_object_set_new(o, route ? "before" : "near", list);

    return o;
}


static bool
is_deny(const cli_account_t *a, size_t ruling)
{
    return a->trace->rules[a->trace->rulings.items[ruling].rule].deny;
}


json_t *
weir_cli_account_json(const cli_account_t *a)
{
    size_t       i, n;
    json_t      *doc, *steps;
    weir_str_t   decider;

    n = a->trace->rulings.len;
    doc = weir_cli_decision_json(a->decision);
    decider = weir_cli_decider(a);
    steps = json_array();

    for (i = 0; i < a->early; i++) {
        json_array_append_new(steps, rule_json(a, i));
    }

    if (a->resolved) {
        json_array_append_new(steps, tenant_json(a));
    }

    if (a->routed) {
        json_array_append_new(steps, route_json(a));
    }

    weir_cli_limits_json(a, WEIR_PHASE_PREAUTH, steps);

    if (weir_cli_is_asked(a)) {
        weir_cli_caller_json(a, steps);
        weir_cli_maintenance_json(a, steps);
    }

    for (i = a->early; i < n && is_deny(a, i); i++) {
        json_array_append_new(steps, rule_json(a, i));
    }

    weir_cli_require_json(a, steps);

    for (/* void */ ; i < n; i++) {
        json_array_append_new(steps, rule_json(a, i));
    }

    weir_cli_limits_json(a, WEIR_PHASE_ACCESS, steps);
    weir_cli_split_json(a, steps);
    weir_cli_told_json(a, steps);
    weir_cli_answer_json(a, steps);
    json_object_set_new(doc, "decided", weir_cli_json_str(decider));
    json_object_set_new(doc, "steps", steps);

    return doc;
}
