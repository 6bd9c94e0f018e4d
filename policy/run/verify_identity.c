/*
 * verify_identity.c: who callers are and what they may do: what the table of
 * format.h cannot say of these records.
 */

#include "image/types.h"
#include "run/verify.h"

_Static_assert(WEIR_MAX_ISSUERS <= 64, "issuers of a route are bits");


static inline uint32_t
str_len(const weir_verify_t *v, uint32_t i)
{
    return WEIR_REC(&v->img, STRS)[i].length;
}


static weir_rc_t
check_methods(weir_verify_t *v)
{
    uint32_t                  i;
    const weir_img_method_t  *m;

    m = WEIR_REC(&v->img, METHODS);

    for (i = 0; i < v->img.n[WEIR_S_METHODS]; i++) {
        if (m[i].by == WEIR_BY_ANONYMOUS
            || (m[i].by == WEIR_BY_JWT) != (m[i].issuer != WEIR_NONE))
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "methods[%u] is of kind %u and of issuer %u: "
                               "tokens have an issuer, others have none", i,
                               m[i].by, m[i].issuer);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_sources(weir_verify_t *v)
{
    uint32_t                  i;
    const weir_img_source_t  *s;

    s = WEIR_REC(&v->img, SOURCES);

    for (i = 0; i < v->img.n[WEIR_S_SOURCES]; i++) {
        if ((s[i].kind == WEIR_SOURCE_BEARER) != (str_len(v, s[i].name) == 0))
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "sources[%u] is of kind %u with a name of %u "
                               "bytes: headers and cookies have a name", i,
                               s[i].kind, str_len(v, s[i].name));
        }
    }

    return WEIR_OK;
}


/* Where keys come from, and what may be signed with them. */
static weir_rc_t
check_keys(weir_verify_t *v, uint32_t i, const weir_img_issuer_t *s)
{
    bool      remote;
    uint32_t  algs;

    remote = s->keys == WEIR_KEYS_URL || s->keys == WEIR_KEYS_DISCOVERY;
    algs = s->keys == WEIR_KEYS_SECRET ? WEIR_ALGS_SECRET : WEIR_ALGS_PUBLIC;

    if (remote != (s->url != WEIR_NONE)
        || (!remote && s->file == WEIR_NONE))
    {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "issuers[%u] has keys of kind %u, which need %s", i,
                           s->keys, remote ? "a URL" : "a file and no URL");
    }

    if (s->algs == 0 || (s->algs & ~algs) != 0) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "issuers[%u] has algorithms 0x%x; keys of kind %u "
                           "are for some of 0x%x", i, s->algs, s->keys, algs);
    }

    return WEIR_OK;
}


/* Paths are as deep as claims can be. */
static weir_rc_t
check_paths(weir_verify_t *v, uint32_t i, const weir_img_issuer_t *s)
{
    uint32_t  k;

    const uint32_t  deep[] = {
        s->sub.count, s->roles.count, s->tenant.count, s->acr.count,
        s->amr.count
    };

    for (k = 0; k < sizeof(deep) / sizeof(deep[0]); k++) {
        if (deep[k] > WEIR_MAX_JSON_DEPTH) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "issuers[%u] looks for a claim %u levels deep, "
                               "at most %u", i, deep[k], WEIR_MAX_JSON_DEPTH);
        }
    }

    if (s->sources.count == 0 || s->claims.count > WEIR_MAX_CLAIMS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "issuers[%u] has %u places for its token and %u "
                           "claims; at least 1 and at most %u", i,
                           s->sources.count, s->claims.count,
                           WEIR_MAX_CLAIMS);
    }

    return WEIR_OK;
}


static weir_rc_t
check_times(weir_verify_t *v, uint32_t i, const weir_img_issuer_t *s)
{
    uint32_t        k;
    const uint32_t  asks = s->revoked != WEIR_REVOKED_HERE;

    const struct {
        const char  *name;
        uint32_t     value;
        uint32_t     least;
        uint32_t     most;
    } times[] = {
        { "skew", s->skew, 0, WEIR_MAX_SKEW },
        { "max_age", s->max_age, 0, WEIR_MAX_TOKEN_AGE },
        { "ttl", s->ttl, 1, WEIR_MAX_KEYS_TTL },
        { "stale_max", s->stale_max, 1, WEIR_MAX_KEYS_STALE },
        { "refresh", s->refresh, 1, WEIR_MAX_KEYS_REFRESH },
        { "wait", s->wait, 0, WEIR_MAX_KEYS_WAIT },
        { "revoked_every", s->revoked_every, asks,
          asks * WEIR_MAX_REVOKED_EVERY },
        { "revoked_max", s->revoked_max, asks,
          asks * WEIR_MAX_REVOKED_STALE }
    };

    for (k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
        if (times[k].value < times[k].least || times[k].value > times[k].most)
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "issuers[%u].%s is %u, at least %u and at most "
                               "%u", i, times[k].name, times[k].value,
                               times[k].least, times[k].most);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_issuers(weir_verify_t *v)
{
    uint32_t                  i, n;
    const weir_img_issuer_t  *s;

    n = v->img.n[WEIR_S_ISSUERS];

    if (n > WEIR_MAX_ISSUERS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u issuers, at most %u", n, WEIR_MAX_ISSUERS);
    }

    s = WEIR_REC(&v->img, ISSUERS);

    for (i = 0; i < n; i++) {
        if (check_keys(v, i, &s[i]) != WEIR_OK
            || check_paths(v, i, &s[i]) != WEIR_OK
            || check_times(v, i, &s[i]) != WEIR_OK)
        {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


/* The issuer's name, NUL, what it is of, NUL, and the value. */
static bool
is_revoked_key(weir_str_t key)
{
    size_t       i;
    weir_str_t   rest;
    const char  *nul;

    static const weir_str_t  kinds[] = {
        { "jti", sizeof("jti") }, { "sub", sizeof("sub") },
        { "kid", sizeof("kid") }
    };

    nul = memchr(key.data, '\0', key.len);

    if (nul == NULL) {
        return false;
    }

    rest = weir_str(nul + 1, key.len - (size_t) (nul + 1 - key.data));

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (weir_str_starts(rest, kinds[i])) {
            return true;
        }
    }

    return false;
}


static weir_rc_t
check_revoked(weir_verify_t *v)
{
    uint32_t                   i;
    const weir_img_revoked_t  *r;

    r = WEIR_REC(&v->img, REVOKED);

    for (i = 0; i < v->img.n[WEIR_S_REVOKED]; i++) {
        if (!is_revoked_key(weir_img_str(&v->img, r[i].key))) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "revoked[%u] is no issuer's jti, sub or kid",
                               i);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_callers(weir_verify_t *v)
{
    uint32_t                    i;
    const weir_img_apikey_t    *k;
    const weir_img_identity_t  *d;

    k = WEIR_REC(&v->img, APIKEYS);

    for (i = 0; i < v->img.n[WEIR_S_APIKEYS]; i++) {
        if (str_len(v, k[i].id) > WEIR_MAX_API_KEY
            || k[i].roles.count > WEIR_MAX_ROLES)
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "apikeys[%u] has an id of %u bytes and %u "
                               "roles, at most %u and %u", i,
                               str_len(v, k[i].id), k[i].roles.count,
                               WEIR_MAX_API_KEY, WEIR_MAX_ROLES);
        }
    }

    d = WEIR_REC(&v->img, IDENTITIES);

    for (i = 0; i < v->img.n[WEIR_S_IDENTITIES]; i++) {
        if (d[i].roles.count > WEIR_MAX_ROLES) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "identities[%u] has %u roles, at most %u", i,
                               d[i].roles.count, WEIR_MAX_ROLES);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_mtls(weir_verify_t *v)
{
    uint32_t                n;
    const weir_img_mtls_t  *m;

    n = v->img.n[WEIR_S_MTLS];
    m = WEIR_REC(&v->img, MTLS);

    if (n > 1) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u records of mtls, at most 1", n);
    }

    if (n == 1 && (m->prefix == WEIR_NONE) != (m->suffix == WEIR_NONE)) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "mtls[0] has one of prefix and suffix, not both");
    }

    return WEIR_OK;
}


static weir_rc_t
check_binds(weir_verify_t *v)
{
    uint32_t                i;
    const weir_img_bind_t  *b;

    b = WEIR_REC(&v->img, BINDS);

    for (i = 0; i < v->img.n[WEIR_S_BINDS]; i++) {
        if ((b[i].kind == WEIR_BIND_CLAIM) != (b[i].path.count != 0)
            || b[i].path.count > WEIR_MAX_JSON_DEPTH)
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "binds[%u] is of kind %u with %u names of a "
                               "claim", i, b[i].kind, b[i].path.count);
        }
    }

    return WEIR_OK;
}


/* Whether role i stands where its tenant, or the policy, has its roles. */
static bool
is_in_place(const weir_verify_t *v, uint32_t i)
{
    const weir_range_t     *own;
    const weir_img_role_t  *r;

    r = WEIR_REC(&v->img, ROLES);

    if (r[i].tenant == WEIR_NONE) {
        return i == 0 || r[i - 1].tenant == WEIR_NONE;
    }

    own = &WEIR_REC(&v->img, TENANTS)[r[i].tenant].roles;

    return i >= own->first && i - own->first < own->count;
}


/* Where all roles are in place and none is left over, ranges are their own. */
static weir_rc_t
check_owners(weir_verify_t *v, uint64_t owned)
{
    uint32_t                  i;
    uint64_t                  n;
    const weir_img_tenant_t  *t;

    t = WEIR_REC(&v->img, TENANTS);
    n = 0;

    for (i = 0; i < v->img.n[WEIR_S_TENANTS]; i++) {
        n += t[i].roles.count;

        if (t[i].roles.count > WEIR_MAX_ROLES) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "tenants[%u] has %u roles, at most %u", i,
                               t[i].roles.count, WEIR_MAX_ROLES);
        }
    }

    if (n != owned) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "tenants have %llu roles of %llu that are theirs",
                           (unsigned long long) n,
                           (unsigned long long) owned);
    }

    return WEIR_OK;
}


static weir_rc_t
check_roles(weir_verify_t *v)
{
    uint32_t                i, n, words;
    uint64_t                owned;
    const weir_img_role_t  *r;

    n = v->img.n[WEIR_S_PERMISSIONS];

    if (n > WEIR_MAX_PERMISSIONS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u permissions, at most %u", n,
                           WEIR_MAX_PERMISSIONS);
    }

    words = WEIR_ROLE_WORDS(n);
    r = WEIR_REC(&v->img, ROLES);
    owned = 0;

    for (i = 0; i < v->img.n[WEIR_S_ROLES]; i++) {

        if (r[i].bits.count != words) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "roles[%u] has %u words of bits; %u "
                               "permissions take %u", i, r[i].bits.count, n,
                               words);
        }

        if (!is_in_place(v, i)) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "roles[%u] of tenant %u stands among others",
                               i, r[i].tenant);
        }

        owned += r[i].tenant != WEIR_NONE;
    }

    return check_owners(v, owned);
}


static weir_rc_t
check_mfas(weir_verify_t *v)
{
    uint32_t               i;
    const weir_img_mfa_t  *m;

    m = WEIR_REC(&v->img, MFAS);

    for (i = 0; i < v->img.n[WEIR_S_MFAS]; i++) {
        if (m[i].acr.count == 0 && m[i].amr.count == 0 && m[i].max_age == 0) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "mfas[%u] asks for nothing", i);
        }
    }

    return WEIR_OK;
}


/* Each way once: tokens of several issuers are several. */
static bool
is_method_twice(const weir_verify_t *v, weir_range_t r)
{
    uint32_t                  i;
    uint64_t                  bit, issuers, others, *seen;
    const weir_img_method_t  *m;

    m = WEIR_REC(&v->img, METHODS) + r.first;
    issuers = 0;
    others = 0;

    for (i = 0; i < r.count; i++) {
        seen = m[i].by == WEIR_BY_JWT ? &issuers : &others;
        bit = (uint64_t) 1 << (m[i].by == WEIR_BY_JWT ? m[i].issuer
                                                      : m[i].by);

        if (*seen & bit) {
            return true;
        }

        *seen |= bit;
    }

    return false;
}


static weir_rc_t
check_route(weir_verify_t *v, uint32_t i, const weir_img_route_t *r)
{
    bool                    some;
    uint32_t                n;
    const weir_img_prog_t  *p;

    n = r->auth_methods.count;
    p = WEIR_REC(&v->img, PROGS);

    some = r->auth == WEIR_AUTH_ANY || r->auth == WEIR_AUTH_ALL;

    if (n > WEIR_MAX_AUTH_METHODS
        || (n == 0 ? some : r->auth == WEIR_AUTH_NONE))
    {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "routes[%u] has %u methods for auth of kind %u, at "
                           "most %u", i, n, r->auth, WEIR_MAX_AUTH_METHODS);
    }

    if (is_method_twice(v, r->auth_methods)) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "routes[%u] has a method twice", i);
    }

    if (r->require != WEIR_NONE && p[r->require].phase > WEIR_PHASE_ACCESS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "routes[%u] requires what its program needs phase "
                           "%s for", i, weir_phase_name(p[r->require].phase));
    }

    return WEIR_OK;
}


static weir_rc_t
check_routes(weir_verify_t *v)
{
    uint32_t                 i;
    const weir_img_route_t  *r;

    r = WEIR_REC(&v->img, ROUTES);

    for (i = 0; i < v->img.n[WEIR_S_ROUTES]; i++) {
        if (check_route(v, i, &r[i]) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_verify_identity(weir_verify_t *v)
{
    if (check_methods(v) != WEIR_OK
        || check_sources(v) != WEIR_OK
        || check_issuers(v) != WEIR_OK
        || check_revoked(v) != WEIR_OK
        || check_callers(v) != WEIR_OK
        || check_mtls(v) != WEIR_OK
        || check_binds(v) != WEIR_OK
        || check_roles(v) != WEIR_OK
        || check_mfas(v) != WEIR_OK
        || check_routes(v) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    return WEIR_OK;
}
