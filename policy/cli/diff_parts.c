/*
 * diff_parts.c: the parts of one policy next to those of the other, and what
 * is proved to be the same.
 *
 * The claim.  A request that names no tenant whose kind matters, and that one
 * of the policies gives to a route which is neither listed as changed nor under
 * "may change", is given to that route by both, with the same decision.  Where
 * nothing at all is listed, both make the same decision for every request.
 *
 * The proof goes by structure, never by samples.  A decision is a function of
 *   - how paths are read (settings), the rules that find tenants, and the
 *     tenants with their hosts;
 *   - the routes that compete for the request;
 *   - three layers of deny rules and three of allow rules, each a sequence of
 *     id, status, message, phase, dry_run and program;
 *   - the limits of the route and of the tenant's plan, and what they have
 *     counted: that is the same where they are;
 *   - maintenance, the split of the route, and what the upstream and pages of
 *     other origins are told.  What becomes of a split while it is served is
 *     the same where it has the same uid.
 * A pair of routes of one id is proved when its match is the same (so both
 * take the same requests, unless another route comes between), its own layers,
 * upstream and publicity are the same, callers prove who they are in the same
 * way and need the same of it (diff_identity.c), its split, CORS, version and
 * transforms are the same, maintenance and the global layers are, and every
 * route that is added, removed or matches otherwise either cannot meet its
 * requests or is surely less specific; where a route takes OPTIONS, no other
 * one that it may meet gets or loses CORS.  Layers are the same
 * when they have the same rules in the same order; programs, when they are the
 * same instructions on the same constants, or when diff_prove.c ran both on
 * every combination of values that either can tell apart.  Programs see what
 * they ask for: path, host, headers and so on are of the request; route.id and
 * parameters are of the match; principal.* and permissions are of the caller;
 * tenant.* are of the tenant, and a kind of tenants whose plan or attributes
 * differ where any program reads them matters.
 * Rules on trial (dry_run) never decide, but count as rules here: what they
 * build takes scratch.
 *
 * What is not proved and for which no request was found that shows a change
 * is said to "may change".  A witness is no claim that the rest of its route
 * is unchanged.
 *
 * It rests on the compiler: no two routes of an image tie on a request.  Left
 * out is the pattern of a path that passes its match limit: it refuses requests
 * of the routes around it.
 */

#include <stdlib.h>

#include "cli/diff.h"



static bool
sum_eq(const diff_sum_t *a, const diff_sum_t *b)
{
    return memcmp(a, b, sizeof(diff_sum_t)) == 0;
}


void
weir_diff_line(diff_t *d, char mark, const char *fmt, ...)
{
    va_list       args;
    diff_line_t  *l;

    l = diff_push(d, &d->lines);

    if (l != NULL) {
        va_start(args, fmt);
        l->mark = mark;
        l->text = weir_arena_vprintf(d->arena, fmt, args);
        va_end(args);
    }
}


/* Rules */

const weir_img_rule_t *
weir_diff_find_rule(const diff_side_t *s, const weir_range_t *rules,
    weir_str_t id)
{
    uint32_t                i;
    const weir_img_rule_t  *r;

    for (i = 0; i < rules->count; i++) {
        r = &WEIR_REC(s->img, RULES)[rules->first + i];

        if (weir_str_eq(weir_img_str(s->img, r->id), id)) {
            return r;
        }
    }

    return NULL;
}


static bool
same_program(const diff_t *d, const weir_img_rule_t *a,
    const weir_img_rule_t *b)
{
    if (a->when == WEIR_NONE || b->when == WEIR_NONE) {
        return a->when == b->when;
    }

    return sum_eq(&d->side[DIFF_OLD].progs[a->when],
                  &d->side[DIFF_NEW].progs[b->when]);
}


static weir_str_t
rule_change(diff_t *d, const weir_img_rule_t *a, const weir_img_rule_t *b)
{
    weir_str_t  s;

    s = weir_str("", 0);

    if (!same_program(d, a, b)) {
        s = weir_string("condition");
    }

    if (a->status != b->status) {
        s = weir_diff_text(d, "%.*s%sstatus %u -> %u", WEIR_STR(s),
                           s.len ? ", " : "", a->status, b->status);
    }

    if (a->dry_run != b->dry_run) {
        s = weir_diff_text(d, "%.*s%sdry_run %s -> %s", WEIR_STR(s),
                           s.len ? ", " : "", a->dry_run ? "true" : "false",
                           b->dry_run ? "true" : "false");
    }

    if (a->phase != b->phase) {
        s = weir_diff_text(d, "%.*s%sphase %s -> %s", WEIR_STR(s),
                           s.len ? ", " : "", weir_phase_name(a->phase),
                           weir_phase_name(b->phase));
    }

    if (!weir_str_eq(weir_img_str(d->side[DIFF_OLD].img, a->message),
                     weir_img_str(d->side[DIFF_NEW].img, b->message)))
    {
        s = weir_diff_text(d, "%.*s%smessage", WEIR_STR(s),
                           s.len ? ", " : "");
    }

    return s;
}


/* name: "deny rule", "route x: allow rule". */
static void
compare_layer(diff_t *d, const char *name, const weir_range_t *a,
    const weir_range_t *b)
{
    size_t                  found;
    uint32_t                i;
    weir_str_t              id, what;
    diff_sum_t              sums[DIFF_SIDES];
    const diff_side_t      *o, *n;
    const weir_img_rule_t  *r, *other;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];
    sums[DIFF_OLD] = weir_diff_layer(d, o, a, false);
    sums[DIFF_NEW] = weir_diff_layer(d, n, b, false);

    if (sum_eq(&sums[DIFF_OLD], &sums[DIFF_NEW])) {
        return;
    }

    found = d->lines.len;

    for (i = 0; i < a->count; i++) {
        r = &WEIR_REC(o->img, RULES)[a->first + i];
        id = weir_img_str(o->img, r->id);
        other = weir_diff_find_rule(n, b, id);

        if (other == NULL) {
            weir_diff_line(d, '-', "%s \"%.*s\"", name, WEIR_STR(id));
            continue;
        }

        what = rule_change(d, r, other);

        if (what.len) {
            weir_diff_line(d, '~', "%s \"%.*s\": %.*s", name, WEIR_STR(id),
                           WEIR_STR(what));
        }
    }

    for (i = 0; i < b->count; i++) {
        id = weir_img_str(n->img, WEIR_REC(n->img, RULES)[b->first + i].id);

        if (weir_diff_find_rule(o, a, id) == NULL) {
            weir_diff_line(d, '+', "%s \"%.*s\"", name, WEIR_STR(id));
        }
    }

    if (found == d->lines.len) {
        weir_diff_line(d, '~', "%ss: order", name);
    }
}


/* Routes */

static weir_str_t
leads_to(diff_t *d, const diff_side_t *s, const weir_img_route_t *r)
{
    return r->split == WEIR_NONE
           ? weir_diff_text(d, "upstream \"%.*s\"",
                            WEIR_STR(weir_img_str(s->img, r->upstream)))
           : weir_diff_text(d, "split \"%.*s\"", WEIR_STR(weir_img_str(s->img,
                                WEIR_REC(s->img, SPLITS)[r->split].name)));
}


static void
compare_routes(diff_t *d, const diff_pair_t *p)
{
    weir_str_t               text[DIFF_SIDES];
    const char              *name;
    const diff_side_t       *o, *n;
    const weir_img_route_t  *a, *b;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];

    if (!p->same_match) {
        text[DIFF_OLD] = weir_diff_match_text(d, o, p->route[DIFF_OLD]);
        text[DIFF_NEW] = weir_diff_match_text(d, n, p->route[DIFF_NEW]);
        weir_diff_line(d, '~', "route %.*s: %.*s -> %.*s", WEIR_STR(p->id),
                       WEIR_STR(text[DIFF_OLD]), WEIR_STR(text[DIFF_NEW]));
    }

    a = &WEIR_REC(o->img, ROUTES)[p->route[DIFF_OLD]->index];
    b = &WEIR_REC(n->img, ROUTES)[p->route[DIFF_NEW]->index];

    if (!p->same_limits) {
        weir_diff_route_limit_lines(d, p->id, a, b);
    }

    text[DIFF_OLD] = leads_to(d, o, a);
    text[DIFF_NEW] = leads_to(d, n, b);

    if (!weir_str_eq(text[DIFF_OLD], text[DIFF_NEW])) {
        weir_diff_line(d, '~', "route %.*s: %.*s -> %.*s", WEIR_STR(p->id),
                       WEIR_STR(text[DIFF_OLD]), WEIR_STR(text[DIFF_NEW]));
    }

    if (!p->same_edge) {
        weir_diff_route_edge_lines(d, p->id, a, b);
    }

    if (p->same_rules) {
        return;
    }

    if (a->public != b->public) {
        weir_diff_line(d, '~', "route %.*s: %s", WEIR_STR(p->id),
                       b->public ? "now public" : "no longer public");
    }

    name = weir_diff_text(d, "route %.*s: deny rule", WEIR_STR(p->id)).data;
    compare_layer(d, name ? name : "", &a->deny, &b->deny);
    name = weir_diff_text(d, "route %.*s: allow rule", WEIR_STR(p->id)).data;
    compare_layer(d, name ? name : "", &a->allow, &b->allow);
    weir_diff_auth_lines(d, p->id, a, b);
}


/* Why a pair is not proved to be the same; empty: it is. */
static weir_str_t
why_not(diff_t *d, const diff_pair_t *p)
{
    if (p->route[DIFF_OLD] == NULL || p->route[DIFF_NEW] == NULL) {
        return weir_diff_text(d, "it is only in the %s policy",
                              p->route[DIFF_OLD] ? "old" : "new");
    }

    if (!p->same_match) {
        return weir_string("it matches other requests");
    }

    if (!p->same_rules) {
        return weir_string("its rules differ");
    }

    if (!p->same_limits) {
        return weir_string("its limits differ");
    }

    if (!p->same_split) {
        return weir_string("its split differs");
    }

    if (!p->same_edge) {
        return weir_string("what upstream or clients are told differs");
    }

    if (!d->same_pauses) {
        return weir_string("maintenance differs");
    }

    if (!d->same_layers) {
        return weir_string("the global rules differ");
    }

    if (!d->same_paths) {
        return weir_string("paths are read in another way");
    }

    if (!d->same_tenants) {
        return weir_string("tenants are found in another way");
    }

    if (!d->same_scratch) {
        return weir_string("its rules may build more than there is room for");
    }

    return weir_diff_thief(d, p);
}


static int
by_id(const void *a, const void *b)
{
    const diff_route_t *const  *x = a, *const *y = b;

    return weir_str_cmp((*x)->id, (*y)->id);
}


static const diff_route_t **
sorted_routes(diff_t *d, diff_side_t *s)
{
    uint32_t              i, n;
    const diff_route_t  **r;

    n = s->img->n[WEIR_S_ROUTES];
    r = weir_diff_alloc(d, (n + 1) * sizeof(diff_route_t *));

    for (i = 0; r != NULL && i < n; i++) {
        r[i] = &s->routes[i];
    }

    if (r != NULL && n != 0) {
        qsort(r, n, sizeof(diff_route_t *), by_id);
    }

    return r;
}


static void
pair_routes(diff_t *d)
{
    int                   c;
    diff_pair_t          *p;
    const diff_route_t  **o, **n;

    o = sorted_routes(d, &d->side[DIFF_OLD]);
    n = sorted_routes(d, &d->side[DIFF_NEW]);

    while (!d->nomem && (*o != NULL || *n != NULL)) {
        c = *o == NULL ? 1 : *n == NULL ? -1
            : weir_str_cmp((*o)->id, (*n)->id);
        p = diff_push(d, &d->pairs);

        if (p == NULL) {
            return;
        }

        p->id = c <= 0 ? (*o)->id : (*n)->id;
        p->route[DIFF_OLD] = c <= 0 ? *o++ : NULL;
        p->route[DIFF_NEW] = c >= 0 ? *n++ : NULL;
        p->same_match = c == 0 && sum_eq(&p->route[DIFF_OLD]->match,
                                         &p->route[DIFF_NEW]->match);
        p->same_rules = c == 0 && sum_eq(&p->route[DIFF_OLD]->rules,
                                         &p->route[DIFF_NEW]->rules);
        p->same_limits = c == 0 && sum_eq(&p->route[DIFF_OLD]->limits,
                                          &p->route[DIFF_NEW]->limits);
        p->same_split = c == 0 && sum_eq(&p->route[DIFF_OLD]->split,
                                         &p->route[DIFF_NEW]->split);
        p->same_edge = c == 0 && sum_eq(&p->route[DIFF_OLD]->edge,
                                        &p->route[DIFF_NEW]->edge);
    }
}


/* Lists */

static const weir_img_cidrs_t *
find_list(const diff_side_t *s, weir_str_t name, uint32_t *index)
{
    uint32_t                 i;
    const weir_img_cidrs_t  *c;

    for (i = 0; i < s->img->n[WEIR_S_CIDRS]; i++) {
        c = &WEIR_REC(s->img, CIDRS)[i];

        if (weir_str_eq(weir_img_str(s->img, c->name), name)) {
            *index = i;
            return c;
        }
    }

    return NULL;
}


static void
compare_lists(diff_t *d)
{
    uint32_t                 i, k, s;
    weir_str_t               name;
    const diff_side_t       *mine, *other;
    const weir_img_cidrs_t  *c;

    for (s = 0; s < DIFF_SIDES; s++) {
        mine = &d->side[s];
        other = &d->side[!s];

        for (i = 0; i < mine->img->n[WEIR_S_CIDRS]; i++) {
            name = weir_img_str(mine->img, WEIR_REC(mine->img,
                                                    CIDRS)[i].name);
            c = find_list(other, name, &k);

            if (c == NULL) {
                weir_diff_line(d, s == DIFF_OLD ? '-' : '+', "list %.*s",
                               WEIR_STR(name));

            } else if (s == DIFF_OLD
                       && !sum_eq(&mine->cidrs[i], &other->cidrs[k]))
            {
                weir_diff_line(d, '~', "list %.*s: addresses", WEIR_STR(name));
            }
        }
    }
}


/* Settings */

static void
compare_status(diff_t *d, const char *name, unsigned a, unsigned b)
{
    if (a != b) {
        weir_diff_line(d, '~', "settings: %s %u -> %u", name, a, b);
    }
}


static void
compare_settings(diff_t *d)
{
    diff_sum_t                sums[DIFF_SIDES];
    const diff_side_t        *o, *n;
    const weir_img_policy_t  *a, *b;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];
    a = o->img->policy;
    b = n->img->policy;

    compare_status(d, "unmatched", a->unmatched, b->unmatched);
    compare_status(d, "unknown_tenant", a->unknown_tenant,
                   b->unknown_tenant);

    if (a->dot_segments != b->dot_segments) {
        weir_diff_line(d, '~', "settings: path.dot_segments");
    }

    if (a->merge_slashes != b->merge_slashes) {
        weir_diff_line(d, '~', "settings: path.merge_slashes");
    }

    d->same_paths = a->dot_segments == b->dot_segments
                    && a->merge_slashes == b->merge_slashes;

    sums[DIFF_OLD] = weir_diff_resolves(d, o);
    sums[DIFF_NEW] = weir_diff_resolves(d, n);
    d->same_tenants = sum_eq(&sums[DIFF_OLD], &sums[DIFF_NEW]);

    if (!d->same_tenants) {
        weir_diff_line(d, '~', "tenants.resolve");
    }

    sums[DIFF_OLD] = weir_diff_layer(d, o, &a->deny, true);
    sums[DIFF_NEW] = weir_diff_layer(d, n, &b->deny, true);

    if (!sum_eq(&sums[DIFF_OLD], &sums[DIFF_NEW])) {
        d->none.why = weir_string("the global rules of phase connect differ");
    }

    sums[DIFF_OLD] = weir_diff_layer(d, o, &a->deny, false);
    sums[DIFF_NEW] = weir_diff_layer(d, n, &b->deny, false);
    d->same_layers = sum_eq(&sums[DIFF_OLD], &sums[DIFF_NEW]);

    sums[DIFF_OLD] = weir_diff_layer(d, o, &a->allow, false);
    sums[DIFF_NEW] = weir_diff_layer(d, n, &b->allow, false);
    d->same_layers &= sum_eq(&sums[DIFF_OLD], &sums[DIFF_NEW]);

    if (a->unmatched != b->unmatched
        || a->unknown_tenant != b->unknown_tenant || !d->same_paths
        || !d->same_tenants)
    {
        d->none.why = weir_string("settings differ");
    }

    compare_layer(d, "deny rule", &a->deny, &b->deny);
    compare_layer(d, "allow rule", &a->allow, &b->allow);
}


static void
compare_scratch(diff_t *d)
{
    const weir_image_header_t  *o, *n;

    o = d->side[DIFF_OLD].img->header;
    n = d->side[DIFF_NEW].img->header;

    d->same_scratch = o->scratch == n->scratch
                      || (o->scratch < WEIR_MAX_SCRATCH
                          && n->scratch < WEIR_MAX_SCRATCH);
}


static void
compare_serials(diff_t *d)
{
    weir_reject_t               why;
    const weir_image_header_t  *o, *n;

    o = d->side[DIFF_OLD].img->header;
    n = d->side[DIFF_NEW].img->header;
    why = weir_image_order(o, n);

    if (why == WEIR_REJECT_SERIAL) {
        weir_diff_push(d, &d->warnings,
            weir_diff_text(d, "serial %llu is older than %llu: a server that "
                           "has the old policy refuses the new one",
                           (unsigned long long) n->serial,
                           (unsigned long long) o->serial));

    } else if (why == WEIR_REJECT_CONFLICT) {
        weir_diff_push(d, &d->warnings,
            weir_diff_text(d, "both have serial %llu: a server that has the "
                           "old policy refuses the new one",
                           (unsigned long long) n->serial));
    }
}


static void
tenant_lines(diff_t *d)
{
    char                mark;
    size_t              i;
    weir_str_t          more;
    const diff_kind_t  *k;

    for (i = 0; i < d->kinds.len; i++) {
        k = &d->kinds.items[i];

        if (!k->differs) {
            continue;
        }

        mark = k->tenant[DIFF_OLD] == WEIR_NONE ? '+'
               : k->tenant[DIFF_NEW] == WEIR_NONE ? '-' : '~';
        more = k->count > 1
               ? weir_diff_text(d, " and %zu more like it", k->count - 1)
               : weir_str("", 0);
        weir_diff_line(d, mark, "tenant %.*s%.*s%s%.*s", WEIR_STR(k->id),
                       WEIR_STR(more), k->what.len ? ": " : "",
                       WEIR_STR(k->what));
    }
}


void
weir_diff_parts(diff_t *d)
{
    size_t        i;
    unsigned      side;
    weir_str_t    match;
    diff_pair_t  *p;

    compare_serials(d);
    compare_scratch(d);
    compare_settings(d);
    compare_lists(d);
    weir_diff_callers(d);
    weir_diff_limit_lines(d);
    weir_diff_flag_lines(d);
    weir_diff_split_lines(d);
    weir_diff_cors_lines(d);
    weir_diff_maintenance(d);
    pair_routes(d);
    weir_diff_tenants(d);

    for (i = 0; i < d->pairs.len && !d->nomem; i++) {
        p = &d->pairs.items[i];

        if (p->route[DIFF_OLD] == NULL || p->route[DIFF_NEW] == NULL) {
            side = p->route[DIFF_OLD] == NULL ? DIFF_NEW : DIFF_OLD;
            match = weir_diff_match_text(d, &d->side[side], p->route[side]);
            weir_diff_line(d, side == DIFF_OLD ? '-' : '+',
                           "route %.*s: %.*s", WEIR_STR(p->id),
                           WEIR_STR(match));

        } else {
            compare_routes(d, p);
        }

        p->why = why_not(d, p);
    }

    tenant_lines(d);
}
