/*
 * verify_records.c: what WEIR_IMAGE_REFS says of every field, and the rules
 * of single sections that the table cannot say.
 *
 * Ranges may share records, so each record is looked at once and ranges are
 * then answered by counting.
 */

#include <stddef.h>

#include "image/types.h"
#include "run/verify.h"

typedef struct {
    weir_verify_t  *v;
    uint32_t       *bad;        /* misfits before each record of a section */
} records_t;


static inline bool
none_bad(const records_t *s, weir_range_t r)
{
    return s->bad[r.first + r.count] == s->bad[r.first];
}


static weir_rc_t
misfit(const records_t *s, const weir_image_ref_t *row, uint32_t i,
    const uint8_t *field)
{
    uint32_t  value[2];

    value[0] = value[1] = 0;
    memcpy(value, field, row->width < 8 ? row->width : 8);

    if (row->width == 8) {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "%s[%u].%s is %u, %u more: no such records",
                           weir_sections[row->section].name, i, row->name,
                           value[0], value[1]);
    }

    return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                       "%s[%u].%s is %u, which it cannot be",
                       weir_sections[row->section].name, i, row->name,
                       value[0]);
}


/* Counts the refs that are no record of the section (none: nor NONE). */
static void
count_refs(const records_t *s, uint32_t n, bool none)
{
    uint32_t         i;
    const uint32_t  *ref;

    ref = WEIR_REC(&s->v->img, REFS);
    s->bad[0] = 0;

    for (i = 0; i < s->v->img.n[WEIR_S_REFS]; i++) {
        s->bad[i + 1] = s->bad[i]
                        + (ref[i] >= n && !(none && ref[i] == WEIR_NONE));
    }
}


static bool
range_holds(const records_t *s, const weir_image_ref_t *row,
    const uint8_t *field)
{
    weir_range_t         r;
    const weir_image_t  *img;

    img = &s->v->img;
    memcpy(&r, field, sizeof(r));

    switch (row->rule) {

    case WEIR_REF_RANGE:
        return weir_fits(r.first, r.count, img->n[row->arg]);

    case WEIR_REF_ANY_REFS:
        return weir_fits(r.first, r.count, img->n[WEIR_S_REFS]);

    default:
        return weir_fits(r.first, r.count, img->n[WEIR_S_REFS])
               && none_bad(s, r);
    }
}


static bool
is_bool_prog(const weir_image_t *img, uint32_t i)
{
    return i < img->n[WEIR_S_PROGS]
           && WEIR_REC(img, PROGS)[i].kind == WEIR_T_BOOL;
}


static bool
is_int_prog(const weir_image_t *img, uint32_t i)
{
    return i < img->n[WEIR_S_PROGS]
           && WEIR_REC(img, PROGS)[i].kind == WEIR_T_INT;
}


static bool
is_str_prog(const weir_image_t *img, uint32_t i)
{
    return i < img->n[WEIR_S_PROGS]
           && WEIR_REC(img, PROGS)[i].kind == WEIR_T_STRING;
}


static bool
is_map_const(const weir_image_t *img, uint32_t i)
{
    return i < img->n[WEIR_S_CONSTS]
           && WEIR_REC(img, CONSTS)[i].kind == WEIR_T_MAP;
}


static bool
number_holds(const records_t *s, const weir_image_ref_t *row,
    const uint8_t *field)
{
    uint32_t             i;
    const weir_image_t  *img;

    img = &s->v->img;
    i = 0;
    memcpy(&i, field, row->width);

    switch (row->rule) {

    case WEIR_REF_STR:
        return i < img->n[WEIR_S_STRS];

    case WEIR_REF_OPT_STR:
        return i == WEIR_NONE || i < img->n[WEIR_S_STRS];

    case WEIR_REF_INDEX:
        return i < img->n[row->arg];

    case WEIR_REF_OPT_INDEX:
        return i == WEIR_NONE || i < img->n[row->arg];

    case WEIR_REF_BOOL_PROG:
        return i == WEIR_NONE || is_bool_prog(img, i);

    case WEIR_REF_INT_PROG:
        return i == WEIR_NONE || is_int_prog(img, i);

    case WEIR_REF_STR_PROG:
        return i == WEIR_NONE || is_str_prog(img, i);

    case WEIR_REF_MAP_CONST:
        return i == WEIR_NONE || is_map_const(img, i);

    case WEIR_REF_STATUS:
        return i >= 400 && i <= 599;

    default:
        return i < row->arg;
    }
}


static bool
zero_holds(const weir_image_ref_t *row, const uint8_t *field)
{
    uint32_t  i;

    for (i = 0; i < row->width; i++) {
        if (field[i] != 0) {
            return false;
        }
    }

    return true;
}


static weir_rc_t
check_row(const records_t *s, const weir_image_ref_t *row)
{
    bool            holds;
    uint32_t        i, n, size;
    const uint8_t  *field;

    n = s->v->img.n[row->section];
    size = weir_sections[row->section].size;
    field = (const uint8_t *) s->v->img.rec[row->section] + row->offset;

    if (row->rule == WEIR_REF_REFS || row->rule == WEIR_REF_OPT_REFS) {
        count_refs(s, s->v->img.n[row->arg], row->rule == WEIR_REF_OPT_REFS);
    }

    for (i = 0; i < n; i++, field += size) {

        if (row->rule == WEIR_REF_ZERO) {
            holds = zero_holds(row, field);

        } else if (row->width == sizeof(weir_range_t)) {
            holds = range_holds(s, row, field);

        } else {
            holds = number_holds(s, row, field);
        }

        if (!holds) {
            return misfit(s, row, i, field);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_table(const records_t *s)
{
    size_t  i;

    for (i = 0; i < weir_image_nrefs; i++) {
        if (check_row(s, &weir_image_refs[i]) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_counts(const records_t *s)
{
    const weir_image_t  *img;

    img = &s->v->img;

    if (img->n[WEIR_S_POLICY] != 1 || img->n[WEIR_S_HASHES] != WEIR_HASH_COUNT)
    {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "%u policies and %u hashes, not 1 and %u",
                           img->n[WEIR_S_POLICY], img->n[WEIR_S_HASHES],
                           WEIR_HASH_COUNT);
    }

    if (img->n[WEIR_S_POS] != 0
        && img->n[WEIR_S_POS] != img->n[WEIR_S_CODE])
    {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "%u places of %u instructions",
                           img->n[WEIR_S_POS], img->n[WEIR_S_CODE]);
    }

    if (img->header->name >= img->n[WEIR_S_STRS]
        || img->header->compiler >= img->n[WEIR_S_STRS])
    {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "name and compiler are strs[%u] and strs[%u] of "
                           "%u", img->header->name, img->header->compiler,
                           img->n[WEIR_S_STRS]);
    }

    return WEIR_OK;
}


static inline uint32_t
str_len(const weir_image_t *img, uint32_t i)
{
    return WEIR_REC(img, STRS)[i].length;
}


static weir_rc_t
check_lengths(const records_t *s)
{
    uint32_t                       i;
    const weir_image_t            *img;
    const weir_img_host_t         *host;
    const weir_img_tenant_t       *tenant;
    const weir_img_tenant_host_t  *th;

    img = &s->v->img;
    host = WEIR_REC(img, HOSTS);
    tenant = WEIR_REC(img, TENANTS);
    th = WEIR_REC(img, TENANT_HOSTS);

    for (i = 0; i < img->n[WEIR_S_HOSTS]; i++) {
        if (str_len(img, host[i].key) > WEIR_MAX_HOST) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "hosts[%u] has more than %u bytes", i,
                               WEIR_MAX_HOST);
        }
    }

    for (i = 0; i < img->n[WEIR_S_TENANTS]; i++) {
        if (str_len(img, tenant[i].id) > WEIR_MAX_TENANT_ID
            || tenant[i].deny.count > WEIR_MAX_RULES
            || tenant[i].allow.count > WEIR_MAX_RULES)
        {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "tenants[%u] has an id of more than %u bytes, "
                               "or more than %u rules of a kind", i,
                               WEIR_MAX_TENANT_ID, WEIR_MAX_RULES);
        }
    }

    for (i = 0; i < img->n[WEIR_S_TENANT_HOSTS]; i++) {
        if (str_len(img, th[i].host) > WEIR_MAX_HOST) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "tenant_hosts[%u] has more than %u bytes", i,
                               WEIR_MAX_HOST);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_routes(const records_t *s)
{
    uint32_t                 i;
    const weir_image_t      *img;
    const weir_img_route_t  *r;
    const weir_img_policy_t *p;

    img = &s->v->img;
    r = WEIR_REC(img, ROUTES);
    p = WEIR_REC(img, POLICY);

    for (i = 0; i < img->n[WEIR_S_ROUTES]; i++) {
        if (r[i].params.count > WEIR_MAX_PARAMS
            || r[i].headers.count > WEIR_MAX_HEADER_TESTS
            || r[i].deny.count > WEIR_MAX_RULES
            || r[i].allow.count > WEIR_MAX_RULES)
        {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "routes[%u] has %u parameters, %u header "
                               "tests, %u and %u rules; at most %u, %u, %u",
                               i, r[i].params.count, r[i].headers.count,
                               r[i].deny.count, r[i].allow.count,
                               WEIR_MAX_PARAMS, WEIR_MAX_HEADER_TESTS,
                               WEIR_MAX_RULES);
        }
    }

    if (p->deny.count > WEIR_MAX_RULES || p->allow.count > WEIR_MAX_RULES) {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "the policy has %u and %u rules, at most %u",
                           p->deny.count, p->allow.count, WEIR_MAX_RULES);
    }

    return WEIR_OK;
}


static weir_rc_t
check_rules(const records_t *s)
{
    uint32_t                i;
    const weir_img_rule_t  *r;
    const weir_img_prog_t  *p;

    r = WEIR_REC(&s->v->img, RULES);
    p = WEIR_REC(&s->v->img, PROGS);

    for (i = 0; i < s->v->img.n[WEIR_S_RULES]; i++) {

        if (r[i].phase != WEIR_PHASE_CONNECT
            && r[i].phase != WEIR_PHASE_ACCESS)
        {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "rules[%u] is for phase %s", i,
                               weir_phase_name(r[i].phase));
        }

        if (r[i].when != WEIR_NONE && p[r[i].when].phase > r[i].phase) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "rules[%u] is for phase %s, its program needs "
                               "%s", i, weir_phase_name(r[i].phase),
                               weir_phase_name(p[r[i].when].phase));
        }
    }

    return WEIR_OK;
}


/* Counts the neighbours that are not in order; false: a range is upside
   down. */
static bool
count_v4(const records_t *s)
{
    uint32_t              i;
    const weir_img_v4_t  *r;

    r = WEIR_REC(&s->v->img, V4);
    s->bad[0] = 0;

    for (i = 0; i < s->v->img.n[WEIR_S_V4]; i++) {

        if (r[i].lo > r[i].hi) {
            return false;
        }

        s->bad[i + 1] = s->bad[i] + (i > 0 && r[i - 1].hi >= r[i].lo);
    }

    return true;
}


static bool
count_v6(const records_t *s)
{
    uint32_t              i;
    const weir_img_v6_t  *r;

    r = WEIR_REC(&s->v->img, V6);
    s->bad[0] = 0;

    for (i = 0; i < s->v->img.n[WEIR_S_V6]; i++) {

        if (memcmp(r[i].lo, r[i].hi, 16) > 0) {
            return false;
        }

        s->bad[i + 1] = s->bad[i]
                        + (i > 0 && memcmp(r[i - 1].hi, r[i].lo, 16) >= 0);
    }

    return true;
}


/* The first record of a range has its neighbour outside. */
static inline bool
is_sorted(const records_t *s, weir_range_t r)
{
    if (r.count == 0) {
        return true;
    }

    return s->bad[r.first + r.count] == s->bad[r.first + 1];
}


static weir_rc_t
check_cidrs(const records_t *s)
{
    bool                     ok;
    uint32_t                 i;
    const weir_img_cidrs_t  *c;

    c = WEIR_REC(&s->v->img, CIDRS);
    ok = count_v4(s);

    for (i = 0; ok && i < s->v->img.n[WEIR_S_CIDRS]; i++) {
        ok = is_sorted(s, c[i].v4);
    }

    ok = ok && count_v6(s);

    for (i = 0; ok && i < s->v->img.n[WEIR_S_CIDRS]; i++) {
        ok = is_sorted(s, c[i].v6);
    }

    if (!ok) {
        return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                           "address ranges are not sorted");
    }

    return WEIR_OK;
}


static weir_rc_t
check_hashes(const records_t *s)
{
    uint32_t                i, k, ref;
    const weir_image_t     *img;
    const weir_img_hash_t  *h;

    static const weir_section_t  of[WEIR_HASH_COUNT] = {
        [WEIR_HASH_HOSTS] = WEIR_S_HOSTS,
        [WEIR_HASH_TENANTS] = WEIR_S_TENANTS,
        [WEIR_HASH_TENANT_HOSTS] = WEIR_S_TENANT_HOSTS,
        [WEIR_HASH_ROLES] = WEIR_S_ROLES,
        [WEIR_HASH_APIKEYS] = WEIR_S_APIKEYS,
        [WEIR_HASH_IDENTITIES] = WEIR_S_IDENTITIES,
        [WEIR_HASH_REVOKED] = WEIR_S_REVOKED
    };

    img = &s->v->img;
    h = WEIR_REC(img, HASHES);

    for (i = 0; i < WEIR_HASH_COUNT; i++, h++) {

        if (!weir_fits(h->slots.first, h->slots.count, img->n[WEIR_S_REFS])
            || (h->slots.count == 0) != (h->displace.count == 0))
        {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "hashes[%u] has %u buckets and slots %u to "
                               "+%u", i, h->displace.count, h->slots.first,
                               h->slots.count);
        }

        for (k = 0; k < h->slots.count; k++) {
            ref = WEIR_REC(img, REFS)[h->slots.first + k];

            if (ref != WEIR_NONE && ref >= img->n[of[i]]) {
                return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                                   "hashes[%u] leads to %s[%u] of %u", i,
                                   weir_sections[of[i]].name, ref,
                                   img->n[of[i]]);
            }
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_resolves(const records_t *s)
{
    uint32_t                   i, k, tenants;
    const uint32_t            *ref;
    const weir_img_resolve_t  *r;

    ref = WEIR_REC(&s->v->img, REFS);
    r = WEIR_REC(&s->v->img, RESOLVES);

    for (i = 0; i < s->v->img.n[WEIR_S_RESOLVES]; i++) {
        tenants = 0;

        if (r[i].segments.count > WEIR_MAX_SEGMENTS) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "resolves[%u] has %u segments, at most %u", i,
                               r[i].segments.count, WEIR_MAX_SEGMENTS);
        }

        for (k = 0; k < r[i].segments.count; k++) {
            tenants += ref[r[i].segments.first + k] == WEIR_NONE;
        }

        if (tenants != (r[i].kind == WEIR_RESOLVE_PATH)) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "resolves[%u] has %u places for the tenant in "
                               "its path", i, tenants);
        }
    }

    return WEIR_OK;
}


static bool
edge_holds(const weir_img_edge_t *e, uint32_t k, uint32_t literals)
{
    if (k >= literals) {
        return e[k].segment == WEIR_NONE && e[k].hash == 0;
    }

    return e[k].segment != WEIR_NONE && e[k].regex == WEIR_NONE
           && (k == 0 || e[k - 1].hash <= e[k].hash);
}


/*
 * The edges of a node: literals, then parameters.  depth[n] counts the edges
 * to node n; 0: none leads there yet.
 */
static weir_rc_t
check_edges(const records_t *s, uint32_t node, weir_range_t r,
    uint32_t literals, uint8_t *depth)
{
    uint32_t                k;
    const weir_img_edge_t  *e;

    e = WEIR_REC(&s->v->img, EDGES) + r.first;

    for (k = 0; k < r.count; k++) {

        if (!edge_holds(e, k, literals)) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "edges[%u] is not as nodes[%u] has it",
                               r.first + k, node);
        }

        if (e[k].node <= node || depth[e[k].node] != 0
            || depth[node] > WEIR_MAX_SEGMENTS)
        {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "edges[%u] leads from nodes[%u] to nodes[%u]: "
                               "not further into a tree of at most %u "
                               "levels", r.first + k, node, e[k].node,
                               WEIR_MAX_SEGMENTS + 1);
        }

        depth[e[k].node] = depth[node] + 1;
    }

    return WEIR_OK;
}


static weir_rc_t
check_nodes(const records_t *s)
{
    uint8_t                *depth;
    uint32_t                i, n;
    uint64_t                edges;
    const weir_img_node_t  *node;

    depth = (uint8_t *) s->bad;
    node = WEIR_REC(&s->v->img, NODES);
    n = s->v->img.n[WEIR_S_NODES];
    edges = 0;

    memset(depth, 0, n);

    for (i = 0; i < n; i++) {
        edges += (uint64_t) node[i].literals.count + node[i].params.count;

        if (edges > s->v->img.n[WEIR_S_EDGES]) {
            return weir_refuse(s->v->why, WEIR_REJECT_RECORD,
                               "nodes[%u] shares its edges", i);
        }

        if (check_edges(s, i, node[i].literals, node[i].literals.count, depth)
            != WEIR_OK
            || check_edges(s, i, node[i].params, 0, depth) != WEIR_OK)
        {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


size_t
weir_verify_records_size(const weir_image_t *img)
{
    size_t  n;

    n = img->n[WEIR_S_REFS];
    n = img->n[WEIR_S_V4] > n ? img->n[WEIR_S_V4] : n;
    n = img->n[WEIR_S_V6] > n ? img->n[WEIR_S_V6] : n;
    n = img->n[WEIR_S_NODES] > n ? img->n[WEIR_S_NODES] : n;

    return (n + 1) * sizeof(uint32_t);
}


weir_rc_t
weir_verify_records(weir_verify_t *v)
{
    records_t  s;

    s.v = v;
    s.bad = v->mem;

    if (check_counts(&s) != WEIR_OK
        || check_table(&s) != WEIR_OK
        || check_lengths(&s) != WEIR_OK
        || check_routes(&s) != WEIR_OK
        || check_rules(&s) != WEIR_OK
        || check_cidrs(&s) != WEIR_OK
        || check_hashes(&s) != WEIR_OK
        || check_resolves(&s) != WEIR_OK
        || check_nodes(&s) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    return WEIR_OK;
}
