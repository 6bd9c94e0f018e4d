/*
 * coverage.c: what of a policy the tests decided by.
 */

#include "cli/coverage.h"

#define FIRST_SIZE  64          /* of the table; a power of two */


static size_t
hash_of(const cli_coverage_t *c, const weir_ex_t *ex)
{
    return (size_t) (((uintptr_t) ex >> 4) * 0x9e3779b97f4a7c15u >> 20)
           & (c->size - 1);
}


static size_t
place_of(const cli_coverage_t *c, const weir_ex_t *ex)
{
    size_t  i;

    for (i = hash_of(c, ex);
         c->table[i] != 0 && c->conditions.items[c->table[i] - 1].ex != ex;
         i = (i + 1) & (c->size - 1)) { }

    return i;
}


static bool
grow(cli_coverage_t *c)
{
    size_t  i;

    c->size = c->size ? c->size * 2 : FIRST_SIZE;
    c->table = weir_arena_array(c->arena, c->size, sizeof(uint32_t));

    if (c->table == NULL) {
        return false;
    }

    for (i = 0; i < c->conditions.len; i++) {

        if (c->conditions.items[i].ex != NULL) {
            c->table[place_of(c, c->conditions.items[i].ex)]
                = (uint32_t) i + 1;
        }
    }

    return true;
}


static cli_condition_t *
add_condition(cli_coverage_t *c, const weir_ex_t *ex, uint32_t rule)
{
    size_t            i;
    cli_condition_t  *one;

    if (c->conditions.len >= c->size / 2 && !grow(c)) {
        return NULL;
    }

    i = ex ? place_of(c, ex) : 0;

    if (ex != NULL && c->table[i] != 0) {
        return &c->conditions.items[c->table[i] - 1];
    }

    one = weir_vec_push(c->arena, &c->conditions);

    if (one != NULL) {
        one->ex = ex;
        one->rule = rule;
    }

    if (one != NULL && ex != NULL) {
        c->table[i] = (uint32_t) c->conditions.len;
    }

    return one;
}


/* The conditions of an expression, before anything was decided. */
static bool
add_parts(cli_coverage_t *c, const weir_expr_t *when, uint32_t rule,
    cli_parts_t *parts)
{
    size_t            i;
    cli_part_t       *p;
    cli_condition_t  *one;

    if (!weir_cli_places(&c->trace, when, parts)) {
        return false;
    }

    for (i = 0; i < parts->len; i++) {
        p = &parts->items[i];

        if (!p->condition) {
            continue;
        }

        one = add_condition(c, p->ex, rule);

        if (one == NULL) {
            return false;
        }

        one->text = weir_cli_part_text(p);
        one->span = p->span;
    }

    return true;
}


static bool
add_rule(cli_coverage_t *c, uint32_t rule, cli_parts_t *parts)
{
    cli_condition_t   *one;
    const cli_rule_t  *r;

    r = &c->trace.rules[rule];

    if (r->rec->when == WEIR_NONE) {
        return true;
    }

    if (r->rule != NULL) {
        return add_parts(c, r->rule->when, rule, parts);
    }

    one = add_condition(c, NULL, rule);

    if (one == NULL) {
        return false;
    }

    one->text = weir_img_str(&c->policy->image, WEIR_REC(&c->policy->image,
                                                         PROGS)
                                                [r->rec->when].text);

    while (one->text.len && one->text.data[one->text.len - 1] == '\n') {
        one->text.len--;
    }

    return true;
}


/* What a route requires; NULL: nothing, or there is no source. */
static const weir_expr_t *
required_of(const cli_coverage_t *c, uint32_t route)
{
    return c->policy->model
           ? c->policy->model->routes.items[route].require.when : NULL;
}


static void
see(cli_condition_t *one, const bool saw[2], bool seen)
{
    one->saw[0] |= saw[0];
    one->saw[1] |= saw[1];
    one->seen |= seen;
}


/* Of an image alone: the rule as a whole. */
static void
see_whole(cli_coverage_t *c, const cli_ruling_t *ruling)
{
    bool    saw[2];
    size_t  i;

    saw[0] = ruling->value.kind == WEIR_T_BOOL && !ruling->value.i;
    saw[1] = ruling->value.kind == WEIR_T_BOOL && ruling->value.i;

    for (i = 0; i < c->conditions.len; i++) {

        if (c->conditions.items[i].rule == ruling->rule) {
            see(&c->conditions.items[i], saw, true);
        }
    }
}


static bool
see_parts(cli_coverage_t *c, weir_txn_t *txn, const weir_expr_t *when,
    cli_parts_t *parts)
{
    size_t             i, k;
    const cli_part_t  *p;

    if (!weir_cli_parts(&c->trace, txn, when, parts)) {
        return false;
    }

    for (i = 0; i < parts->len; i++) {
        p = &parts->items[i];
        k = p->condition ? place_of(c, p->ex) : 0;

        if (p->condition && c->table[k] != 0) {
            see(&c->conditions.items[c->table[k] - 1], p->saw,
                p->seen != NULL || p->value.kind != WEIR_T_UNSET);
        }
    }

    return true;
}


/* Conditions of maintenance and of overrides, where there is a source. */
static bool
each_other(cli_coverage_t *c, cli_parts_t *parts,
    bool (*each)(cli_coverage_t *c, uint32_t prog, const weir_expr_t *when,
                 cli_parts_t *parts))
{
    uint32_t             i, k;
    const weir_image_t  *img;
    const weir_model_t  *m;
    const weir_range_t  *r;

    img = &c->policy->image;
    m = c->policy->model;

    for (i = 0; m != NULL && i < img->policy->maintenance.count; i++) {

        if (!each(c, WEIR_REC(img, MAINTENANCE)
                     [img->policy->maintenance.first + i].when,
                  m->maintenance.items[i].when, parts))
        {
            return false;
        }
    }

    for (i = 0; m != NULL && i < img->n[WEIR_S_SPLITS]; i++) {
        r = &WEIR_REC(img, SPLITS)[i].overrides;

        for (k = 0; k < r->count; k++) {

            if (!each(c, WEIR_REC(img, OVERRIDES)[r->first + k].when,
                      m->splits.items[i].overrides.items[k].when, parts))
            {
                return false;
            }
        }
    }

    return true;
}


static bool
add_other(cli_coverage_t *c, uint32_t prog, const weir_expr_t *when,
    cli_parts_t *parts)
{
    (void) prog;

    return when == NULL || add_parts(c, when, WEIR_NONE, parts);
}


bool
weir_cli_coverage_init(cli_coverage_t *c, const cli_policy_t *p,
    weir_arena_t *a)
{
    uint32_t            i;
    cli_parts_t         parts;
    const weir_expr_t  *when;

    memset(c, 0, sizeof(cli_coverage_t));
    memset(&parts, 0, sizeof(parts));
    c->arena = a;
    c->policy = p;

    c->routes = weir_arena_array(a, p->image.n[WEIR_S_ROUTES] + 1,
                                 sizeof(bool));
    c->rules = weir_arena_array(a, p->image.n[WEIR_S_RULES] + 1,
                                sizeof(bool));

    c->limits = weir_arena_array(a, p->image.n[WEIR_S_LIMITS] + 1,
                                 sizeof(bool));
    c->arms = weir_arena_array(a, p->image.n[WEIR_S_ARMS] + 1, sizeof(bool));
    c->overrides = weir_arena_array(a, p->image.n[WEIR_S_OVERRIDES] + 1,
                                    sizeof(bool));
    c->pauses = weir_arena_array(a, p->image.n[WEIR_S_MAINTENANCE] + 1,
                                 sizeof(bool));

    if (c->routes == NULL || c->rules == NULL || c->limits == NULL
        || c->arms == NULL || c->overrides == NULL || c->pauses == NULL
        || !weir_cli_trace_init(&c->trace, p, a, false) || !grow(c))
    {
        return false;
    }

    for (i = 0; i < p->image.n[WEIR_S_RULES]; i++) {

        if (!add_rule(c, i, &parts)) {
            return false;
        }
    }

    for (i = 0; i < p->image.n[WEIR_S_ROUTES]; i++) {
        when = required_of(c, i);

        if (when != NULL && !add_parts(c, when, WEIR_NONE, &parts)) {
            return false;
        }
    }

    return each_other(c, &parts, add_other);
}


static void
see_limits(cli_coverage_t *c, weir_txn_t *txn)
{
    uint32_t            i, n;
    const weir_hold_t  *h;

    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].take.limit != NULL && h[i].state == WEIR_HOLD_REFUSED) {
            c->limits[h[i].take.limit - WEIR_REC(&c->policy->image, LIMITS)]
                = true;
        }
    }
}


static bool
see_other(cli_coverage_t *c, uint32_t prog, const weir_expr_t *when,
    cli_parts_t *parts)
{
    return when == NULL || weir_cli_other(&c->trace, prog) == NULL
           || see_parts(c, c->txn, when, parts);
}


/* The arm, the override that led there, or the maintenance. */
static void
see_traffic(cli_coverage_t *c, const weir_txn_t *txn,
    const weir_decision_t *d)
{
    uint32_t               i;
    const weir_image_t    *img;
    const weir_routing_t  *to;

    img = &c->policy->image;
    to = weir_txn_routing(txn);

    if (to->split != NULL) {
        c->arms[to->split->arms.first + to->arm] = true;
    }

    if (to->split != NULL && to->why == WEIR_ARM_OVERRIDE) {
        c->overrides[to->split->overrides.first + to->override] = true;
    }

    for (i = 0; d->reason == WEIR_REASON_MAINTENANCE
                && i < img->n[WEIR_S_MAINTENANCE]; i++)
    {
        c->pauses[i] |= weir_str_eq(d->rule,
            weir_img_str(img, WEIR_REC(img, MAINTENANCE)[i].id));
    }
}


void
weir_cli_coverage_begin(cli_coverage_t *c)
{
    weir_cli_trace_reset(&c->trace);
}


bool
weir_cli_coverage_add(cli_coverage_t *c, weir_txn_t *txn,
    const weir_decision_t *d)
{
    bool                     failed, holds;
    size_t                   i;
    uint32_t                 index;
    cli_parts_t              parts;
    const cli_rule_t        *r;
    const weir_expr_t       *when;
    const cli_ruling_t      *ruling;
    const weir_img_route_t  *route;

    memset(&parts, 0, sizeof(parts));
    c->txn = txn;
    see_limits(c, txn);
    see_traffic(c, txn, d);
    route = weir_txn_route(txn);

    if (route != NULL) {
        index = (uint32_t) (route - WEIR_REC(&c->policy->image, ROUTES));
        c->routes[index] = true;
        when = c->trace.has_required ? required_of(c, index) : NULL;

        if (when != NULL && !see_parts(c, txn, when, &parts)) {
            return false;
        }
    }

    for (i = 0; i < c->trace.rulings.len; i++) {
        ruling = &c->trace.rulings.items[i];
        r = &c->trace.rules[ruling->rule];
        failed = ruling->value.kind != WEIR_T_BOOL;
        holds = !failed && ruling->value.i;

        /* what denies, or would, and what lets pass its layer */
        if (holds || (failed && r->deny)) {
            c->rules[ruling->rule] = true;
        }

        if (r->rule == NULL) {
            see_whole(c, ruling);

        } else if (r->rule->when != NULL
                   && !see_parts(c, txn, r->rule->when, &parts))
        {
            return false;
        }
    }

    return each_other(c, &parts, see_other);
}


static void
covered_split(const cli_coverage_t *c, uint32_t split, cli_covered_t *out)
{
    uint32_t                 i;
    const weir_img_split_t  *s;

    if (!weir_cli_split_reached(c, split)) {
        return;
    }

    s = &WEIR_REC(&c->policy->image, SPLITS)[split];
    out->arms[1] += s->arms.count;
    out->overrides[1] += s->overrides.count;

    for (i = 0; i < s->arms.count; i++) {
        out->arms[0] += c->arms[s->arms.first + i];
    }

    for (i = 0; i < s->overrides.count; i++) {
        out->overrides[0] += c->overrides[s->overrides.first + i];
    }
}


void
weir_cli_covered(const cli_coverage_t *c, cli_covered_t *out)
{
    size_t  i;

    memset(out, 0, sizeof(cli_covered_t));
    out->routes[1] = c->policy->image.n[WEIR_S_ROUTES];
    out->rules[1] = c->policy->image.n[WEIR_S_RULES];
    out->outcomes[1] = 2 * c->conditions.len;

    for (i = 0; i < out->routes[1]; i++) {
        out->routes[0] += c->routes[i];
    }

    for (i = 0; i < out->rules[1]; i++) {
        out->rules[0] += c->rules[i];
    }

    for (i = 0; i < c->policy->image.n[WEIR_S_LIMITS]; i++) {

        if (weir_cli_limit_reached(c, (uint32_t) i)) {
            out->limits[0] += c->limits[i];
            out->limits[1]++;
        }
    }

    for (i = 0; i < c->policy->image.n[WEIR_S_SPLITS]; i++) {
        covered_split(c, (uint32_t) i, out);
    }

    out->maintenance[1] = c->policy->image.n[WEIR_S_MAINTENANCE];

    for (i = 0; i < out->maintenance[1]; i++) {
        out->maintenance[0] += c->pauses[i];
    }

    for (i = 0; i < c->conditions.len; i++) {
        out->outcomes[0] += (size_t) c->conditions.items[i].saw[0]
                            + c->conditions.items[i].saw[1];
    }
}


unsigned
weir_cli_coverage_share(const cli_covered_t *n)
{
    size_t  covered, all;

    covered = n->routes[0] + n->rules[0] + n->limits[0] + n->arms[0]
              + n->overrides[0] + n->maintenance[0] + n->outcomes[0];
    all = n->routes[1] + n->rules[1] + n->limits[1] + n->arms[1]
          + n->overrides[1] + n->maintenance[1] + n->outcomes[1];

    return all ? (unsigned) (covered * 1000 / all) : 1000;
}
