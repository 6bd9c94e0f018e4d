/*
 * import_canary.c: a canary Ingress to the second arm of the routes that have
 * its hosts and paths.
 *
 * ingress-nginx asks the header, then the cookie, then the weight; a header
 * that is neither always nor never decides nothing.
 */

#include "cli/import.h"


static void
add_override(imp_t *imp, imp_route_t *r, bool canary, weir_str_t header,
    weir_str_t cookie, weir_str_t equals, weir_str_t pattern)
{
    imp_override_t  *o;

    o = weir_vec_push(imp->arena, &r->overrides);

    if (o == NULL) {
        imp->nomem = true;
        return;
    }

    o->canary = canary;
    o->header = header;
    o->cookie = cookie;
    o->equals = equals;
    o->pattern = pattern;
}


static void
by_header(imp_values_t *v, imp_route_t *r)
{
    weir_str_t  name, value, none;

    none = weir_string("");
    name = v->v[IMP_CANARY_HEADER].text;

    if (!v->v[IMP_CANARY_HEADER].set) {
        return;
    }

    if (!weir_imp_is_header(name)) {
        weir_imp_tell(v, IMP_CANARY_HEADER, IMP_LEFT, "no name of a header: "
                      "nobody gets the canary by it");
        return;
    }

    if (v->v[IMP_CANARY_VALUE].set) {
        value = v->v[IMP_CANARY_VALUE].text;

        if (!weir_imp_is_plain(value) || value.len == 0) {
            weir_imp_tell(v, IMP_CANARY_VALUE, IMP_LEFT, "empty, or of bytes "
                          "that are not printable ASCII");
            return;
        }

        add_override(v->imp, r, true, name, none, value, none);
        weir_imp_tell(v, IMP_CANARY_VALUE, IMP_DONE,
                      "policy.yaml: override of the split");
        weir_imp_tell(v, IMP_CANARY_PATTERN, IMP_DONE,
                      "not looked at beside canary-by-header-value");

    } else if (v->v[IMP_CANARY_PATTERN].set) {
        value = v->v[IMP_CANARY_PATTERN].text;

        if (!weir_imp_is_plain(value) || !weir_imp_is_regex(v->imp, value)) {
            weir_imp_tell(v, IMP_CANARY_PATTERN, IMP_LEFT, "a pattern that "
                          "RE2 does not take: nobody gets the canary by it");
            return;
        }

        add_override(v->imp, r, true, name, none, none, value);
        weir_imp_tell(v, IMP_CANARY_PATTERN, IMP_DONE,
                      "policy.yaml: override of the split, with matches()");

    } else {
        add_override(v->imp, r, true, name, none, weir_string("always"), none);
        add_override(v->imp, r, false, name, none, weir_string("never"), none);
    }

    weir_imp_tell(v, IMP_CANARY_HEADER, IMP_DONE,
                  "policy.yaml: override of the split");
}


static void
by_cookie(imp_values_t *v, imp_route_t *r)
{
    weir_str_t  name, none;

    none = weir_string("");
    name = v->v[IMP_CANARY_COOKIE].text;

    if (!v->v[IMP_CANARY_COOKIE].set) {
        return;
    }

    if (!weir_imp_is_header(name)) {
        weir_imp_tell(v, IMP_CANARY_COOKIE, IMP_LEFT, "no name of a cookie: "
                      "nobody gets the canary by it");
        return;
    }

    add_override(v->imp, r, true, none, name, weir_string("always"), none);
    add_override(v->imp, r, false, none, name, weir_string("never"), none);
    weir_imp_tell(v, IMP_CANARY_COOKIE, IMP_DONE,
                  "policy.yaml: override of the split");
}


/* Of IMP_WHOLE. */
static uint32_t
weight_of(imp_values_t *v)
{
    uint32_t  weight, total;

    weight = 0;
    total = 100;

    if (v->v[IMP_CANARY_TOTAL].set
        && (!weir_imp_number(v->v[IMP_CANARY_TOTAL].text, &total)
            || total == 0))
    {
        total = 100;
        weir_imp_tell(v, IMP_CANARY_TOTAL, IMP_LEFT, "no number: 100 is "
                      "taken");
    }

    /* its balancer takes a total only where it is more */
    if (total < 100) {
        total = 100;
        weir_imp_tell(v, IMP_CANARY_TOTAL, IMP_DONE, "policy.yaml: weights, "
                      "of 100: ingress-nginx looks at no smaller total");
    }

    weir_imp_tell(v, IMP_CANARY_TOTAL, IMP_DONE, "policy.yaml: weights");

    if (v->v[IMP_CANARY_WEIGHT].set
        && !weir_imp_number(v->v[IMP_CANARY_WEIGHT].text, &weight))
    {
        weight = 0;
        weir_imp_tell(v, IMP_CANARY_WEIGHT, IMP_LEFT, "no number: 0 is taken");
    }

    weight = weight < total ? weight : total;
    weir_imp_tell(v, IMP_CANARY_WEIGHT, IMP_DONE, "policy.yaml: weights");

    return (uint32_t) ((uint64_t) weight * IMP_WHOLE / total);
}


static void
split(imp_values_t *v, imp_route_t *r, weir_str_t upstream)
{
    uint32_t  weight;

    weight = weight_of(v);
    r->arms.items[0].weight = IMP_WHOLE - weight;
    weir_imp_arm(v->imp, r, weir_string("canary"), upstream, weight);
    by_header(v, r);
    by_cookie(v, r);
}


/* What else is set is nothing that ingress-nginx looks at. */
static void
rest(imp_values_t *v)
{
    unsigned  i;

    weir_imp_tell(v, IMP_CANARY, IMP_LEFT, "none of its paths is that of "
                  "another Ingress, or there is a canary already");

    for (i = 0; i < IMP_ROW_COUNT; i++) {

        if (i == IMP_CANARY || i == IMP_CANARY_AFFINITY
            || (i >= IMP_CANARY_HEADER && i <= IMP_CANARY_TOTAL)
            || i == IMP_HASH || i == IMP_BALANCE
            || (i >= IMP_AFFINITY && i <= IMP_COOKIE_HASH))
        {
            continue;
        }

        weir_imp_tell(v, i, IMP_DONE, "of a canary, ingress-nginx does not "
                      "look at it");
    }
}


void
weir_imp_canary(imp_values_t *v, const imp_route_t *r)
{
    size_t        i;
    weir_span_t   span;
    imp_t        *imp;
    imp_route_t  *main, *one;

    imp = v->imp;

    if (r == NULL) {
        rest(v);
        return;
    }

    main = weir_imp_route_of(imp, r->host, r->path.text);

    if (main == NULL || main->arms.len != 1 || r->arms.len != 1) {
        weir_imp_note(imp, IMP_LEFT, v->object, r->span,
                      weir_string("path of a canary"), "%s",
                      main == NULL ? "no other Ingress has its host and path"
                      : main->arms.len > 1 ? "there is a canary already"
                      : "nobody answers");
        return;
    }

    /* routes of aliases come from the same path */
    span = main->span;

    for (i = 0; i < imp->routes.len; i++) {
        one = &imp->routes.items[i];

        if (one->arms.len == 1 && one->from == main->from
            && one->span.line == span.line && one->span.col == span.col)
        {
            split(v, one, r->arms.items[0].upstream);
        }
    }

    weir_imp_note(imp, IMP_DONE, v->object, r->span,
                  weir_string("path of a canary"), "policy.yaml: the split of "
                  "routes.%.*s", WEIR_STR(main->id));
    weir_imp_tell(v, IMP_CANARY, IMP_DONE, "policy.yaml: splits");
}
