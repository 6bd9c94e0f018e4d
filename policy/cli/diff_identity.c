/*
 * diff_identity.c: issuers, API keys, certificates and roles, as sums and
 * next to each other.
 *
 * A permission is the same where the same roles of the same tenants grant it
 * and hide one another; an issuer, where it takes the same tokens and means
 * the same by them.
 */

#include <stdlib.h>

#include "cli/diff_blob.h"

/* permissions of a role, and keys, that a line names */
#define MOST_NAMES  5

/* Records of one section of both, by a name. */
typedef struct {
    weir_str_t   name;
    weir_str_t   tenant;        /* of a role; or empty */
    diff_sum_t   sum;
} row_t;

typedef weir_vec_t(row_t)  rows_t;


static void
put_names(diff_blob_t *b, const weir_image_t *img, const weir_range_t *r)
{
    uint32_t         i;
    const uint32_t  *refs;

    refs = WEIR_REC(img, REFS) + r->first;
    weir_blob_n(b, r->count);

    for (i = 0; i < r->count; i++) {
        weir_blob_str(b, weir_img_str(img, refs[i]));
    }
}


static void
put_sources(diff_blob_t *b, const weir_image_t *img, const weir_range_t *r)
{
    uint32_t                  i;
    const weir_img_source_t  *s;

    s = WEIR_REC(img, SOURCES) + r->first;
    weir_blob_n(b, r->count);

    for (i = 0; i < r->count; i++) {
        weir_blob_n(b, s[i].kind);
        weir_blob_str(b, weir_img_str(img, s[i].name));
    }
}


/* What is revoked of an issuer has keys that begin with its name. */
static void
put_revoked(diff_blob_t *b, const weir_image_t *img, weir_str_t name)
{
    uint32_t     i, n;
    weir_str_t   key;
    diff_sum_t  *sums;
    diff_blob_t  one;

    sums = weir_diff_alloc(b->diff, img->n[WEIR_S_REVOKED]
                                    * sizeof(diff_sum_t));
    if (sums == NULL) {
        return;
    }

    one = (diff_blob_t) { .diff = b->diff };

    for (i = 0, n = 0; i < img->n[WEIR_S_REVOKED]; i++) {
        key = weir_img_str(img, WEIR_REC(img, REVOKED)[i].key);

        if (key.len > name.len && key.data[name.len] == '\0'
            && memcmp(key.data, name.data, name.len) == 0)
        {
            weir_blob_str(&one, key);
            sums[n++] = weir_blob_end(&one);
        }
    }

    weir_blob_set(b, sums, n);
}


static void
sum_issuers(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                  i;
    const weir_img_issuer_t  *r;

    for (i = 0; i < s->img->n[WEIR_S_ISSUERS]; i++) {
        r = &WEIR_REC(s->img, ISSUERS)[i];
        weir_blob_put(b, r->digest, sizeof(r->digest));
        weir_blob_put(b, &r->keys_id, sizeof(r->keys_id));
        weir_blob_n(b, (uint64_t) r->dpop << 32 | r->algs);
        weir_blob_n(b, (uint64_t) r->skew << 32 | r->max_age);
        weir_blob_n(b, (uint64_t) r->ttl << 32 | r->stale_max);
        weir_blob_n(b, (uint64_t) r->refresh << 32 | r->wait);
        weir_blob_n(b, r->revoked);
        weir_blob_n(b, (uint64_t) r->revoked_every << 32 | r->revoked_max);
        put_sources(b, s->img, &r->sources);
        put_revoked(b, s->img, weir_img_str(s->img, r->name));
        s->issuers[i] = weir_blob_end(b);
    }
}


static bool
grants(const weir_image_t *img, const weir_img_role_t *r, uint32_t permission)
{
    return permission / 32 < r->bits.count
           && (WEIR_REC(img, REFS)[r->bits.first + permission / 32]
               >> permission % 32 & 1);
}


static weir_str_t
tenant_of(const weir_image_t *img, uint32_t tenant)
{
    return tenant == WEIR_NONE
           ? weir_str("", 0)
           : weir_img_str(img, WEIR_REC(img, TENANTS)[tenant].id);
}


/* Roles of a tenant that grant nothing matter: they hide the policy's. */
static void
sum_permissions(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                i, k, n;
    diff_sum_t             *sums;
    diff_blob_t             one;
    const weir_img_role_t  *r;

    one = (diff_blob_t) { .diff = b->diff };
    sums = weir_diff_alloc(b->diff, s->img->n[WEIR_S_ROLES]
                                    * sizeof(diff_sum_t));

    for (i = 0; i < s->img->n[WEIR_S_PERMISSIONS] && sums != NULL; i++) {

        for (k = 0, n = 0; k < s->img->n[WEIR_S_ROLES]; k++) {
            r = &WEIR_REC(s->img, ROLES)[k];

            if (grants(s->img, r, i) || r->tenant != WEIR_NONE) {
                weir_blob_n(&one, grants(s->img, r, i));
                weir_blob_str(&one, weir_img_str(s->img, r->name));
                weir_blob_str(&one, tenant_of(s->img, r->tenant));
                sums[n++] = weir_blob_end(&one);
            }
        }

        weir_blob_set(b, sums, n);
        s->permissions[i] = weir_blob_end(b);
    }
}


static diff_sum_t
sum_apikey(diff_blob_t *b, const weir_image_t *img, uint32_t i)
{
    const weir_img_apikey_t  *k;

    k = &WEIR_REC(img, APIKEYS)[i];
    weir_blob_str(b, weir_img_str(img, k->id));
    weir_blob_put(b, k->secret, sizeof(k->secret));
    weir_blob_n(b, (uint64_t) k->not_after);
    weir_blob_str(b, weir_img_str(img, k->tenant));
    put_names(b, img, &k->roles);

    return weir_blob_end(b);
}


static void
sum_apikeys(diff_blob_t *b, diff_side_t *s)
{
    uint32_t      i, n;
    diff_sum_t   *sums;
    diff_blob_t   one;

    n = s->img->n[WEIR_S_APIKEYS];
    one = (diff_blob_t) { .diff = b->diff };
    sums = weir_diff_alloc(b->diff, n * sizeof(diff_sum_t));

    for (i = 0; i < n && sums != NULL; i++) {
        sums[i] = sum_apikey(&one, s->img, i);
    }

    if (sums != NULL) {
        put_sources(b, s->img, &s->img->policy->key_sources);
        weir_blob_set(b, sums, n);
        s->apikeys = weir_blob_end(b);
    }
}


static diff_sum_t
sum_identity(diff_blob_t *b, const weir_image_t *img, uint32_t i)
{
    const weir_img_identity_t  *p;

    p = &WEIR_REC(img, IDENTITIES)[i];
    weir_blob_str(b, weir_img_str(img, p->name));
    weir_blob_str(b, weir_img_str(img, p->tenant));
    put_names(b, img, &p->roles);

    return weir_blob_end(b);
}


static void
sum_mtls(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                i, n;
    diff_sum_t             *sums;
    diff_blob_t             one;
    const weir_img_mtls_t  *m;

    n = s->img->n[WEIR_S_IDENTITIES];
    one = (diff_blob_t) { .diff = b->diff };
    sums = weir_diff_alloc(b->diff, n * sizeof(diff_sum_t));

    for (i = 0; i < n && sums != NULL; i++) {
        sums[i] = sum_identity(&one, s->img, i);
    }

    if (sums == NULL) {
        return;
    }

    for (i = 0; i < s->img->n[WEIR_S_MTLS]; i++) {
        m = &WEIR_REC(s->img, MTLS)[i];
        weir_blob_n(b, (uint64_t) m->sub << 8 | m->rest);
        weir_blob_n(b, m->prefix == WEIR_NONE);
        weir_blob_str(b, weir_img_str(s->img, m->prefix));
        weir_blob_str(b, weir_img_str(s->img, m->suffix));
    }

    weir_blob_set(b, sums, n);
    s->mtls = weir_blob_end(b);
}


static void
sum_binds(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                i;
    const weir_range_t     *r;
    const weir_img_bind_t  *bind;

    r = &s->img->policy->bind;

    for (i = 0; i < r->count; i++) {
        bind = &WEIR_REC(s->img, BINDS)[r->first + i];
        weir_blob_n(b, bind->kind);
        put_names(b, s->img, &bind->path);
    }

    s->binds = weir_blob_end(b);
}


void
weir_diff_identity(diff_t *d, diff_side_t *s)
{
    diff_blob_t      b;
    const uint32_t  *n;

    b = (diff_blob_t) { .diff = d };
    n = s->img->n;

    s->issuers = weir_diff_alloc(d, n[WEIR_S_ISSUERS] * sizeof(diff_sum_t));
    s->permissions = weir_diff_alloc(d, n[WEIR_S_PERMISSIONS]
                                        * sizeof(diff_sum_t));
    if (d->nomem) {
        return;
    }

    sum_issuers(&b, s);
    sum_permissions(&b, s);
    sum_apikeys(&b, s);
    sum_mtls(&b, s);
    sum_binds(&b, s);
}


/* A route's own part of it. */

static void
put_methods(diff_blob_t *b, const diff_side_t *s, const weir_img_route_t *r)
{
    uint32_t                  i;
    const weir_img_method_t  *m;

    m = WEIR_REC(s->img, METHODS) + r->auth_methods.first;
    weir_blob_n(b, r->auth_methods.count);

    for (i = 0; i < r->auth_methods.count; i++) {
        weir_blob_n(b, m[i].by);

        switch (m[i].by) {

        case WEIR_BY_JWT:
            weir_blob_sum(b, &s->issuers[m[i].issuer]);
            break;

        case WEIR_BY_APIKEY:
            weir_blob_sum(b, &s->apikeys);
            break;

        default:
            weir_blob_sum(b, &s->mtls);
        }
    }

    if (r->auth_methods.count) {
        weir_blob_sum(b, &s->binds);
    }
}


static diff_sum_t
sum_auth(diff_t *d, const diff_side_t *s, const weir_img_route_t *r)
{
    diff_blob_t  b;

    b = weir_blob_begin(d);
    weir_blob_n(&b, (uint64_t) r->auth << 8 | r->forward);
    put_methods(&b, s, r);

    return weir_blob_close(&b);
}


static diff_sum_t
sum_mfa(diff_t *d, const diff_side_t *s, const weir_img_route_t *r)
{
    diff_blob_t            b;
    const weir_img_mfa_t  *mfa;

    b = weir_blob_begin(d);

    if (r->mfa != WEIR_NONE) {
        mfa = &WEIR_REC(s->img, MFAS)[r->mfa];
        weir_blob_n(&b, mfa->max_age);
        put_names(&b, s->img, &mfa->acr);
        put_names(&b, s->img, &mfa->amr);
    }

    return weir_blob_close(&b);
}


static diff_sum_t
sum_require(diff_t *d, const diff_side_t *s, const weir_img_route_t *r)
{
    uint32_t         i;
    diff_blob_t      b;
    const uint32_t  *refs;

    b = weir_blob_begin(d);
    refs = WEIR_REC(s->img, REFS) + r->permissions.first;
    weir_blob_n(&b, r->permissions.count);

    for (i = 0; i < r->permissions.count; i++) {
        weir_blob_sum(&b, &s->permissions[refs[i]]);
    }

    put_names(&b, s->img, &r->scopes);

    if (r->require != WEIR_NONE) {
        weir_blob_sum(&b, &s->progs[r->require]);
    }

    return weir_blob_close(&b);
}


diff_sum_t
weir_diff_auth(diff_t *d, const diff_side_t *s, const weir_img_route_t *r)
{
    diff_sum_t   auth, mfa, require;
    diff_blob_t  b;

    auth = sum_auth(d, s, r);
    mfa = sum_mfa(d, s, r);
    require = sum_require(d, s, r);

    b = weir_blob_begin(d);
    weir_blob_sum(&b, &auth);
    weir_blob_sum(&b, &mfa);
    weir_blob_sum(&b, &require);

    return weir_blob_close(&b);
}


static bool
sum_eq(const diff_sum_t *a, const diff_sum_t *b)
{
    return memcmp(a, b, sizeof(diff_sum_t)) == 0;
}


void
weir_diff_auth_lines(diff_t *d, weir_str_t route, const weir_img_route_t *a,
    const weir_img_route_t *b)
{
    size_t      i;
    diff_sum_t  x, y;

    static const struct {
        const char   *name;
        diff_sum_t  (*sum)(diff_t *d, const diff_side_t *s,
                           const weir_img_route_t *r);
    } parts[] = {
        { "auth", sum_auth },
        { "mfa", sum_mfa },
        { "require", sum_require }
    };

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        x = parts[i].sum(d, &d->side[DIFF_OLD], a);
        y = parts[i].sum(d, &d->side[DIFF_NEW], b);

        if (!sum_eq(&x, &y)) {
            weir_diff_line(d, '~', "route %.*s: %s", WEIR_STR(route),
                           parts[i].name);
        }
    }
}


/* What callers are known by, next to each other */

static int
by_name(const void *a, const void *b)
{
    int           c;
    const row_t  *x, *y;

    x = a;
    y = b;
    c = weir_str_cmp(x->name, y->name);

    return c ? c : weir_str_cmp(x->tenant, y->tenant);
}


static void
sort_rows(rows_t *rows)
{
    if (rows->len) {
        qsort(rows->items, rows->len, sizeof(row_t), by_name);
    }
}


static void
add_row(diff_t *d, rows_t *rows, weir_str_t name, weir_str_t tenant,
    diff_sum_t sum)
{
    row_t  *r;

    r = diff_push(d, rows);

    if (r != NULL) {
        *r = (row_t) { name, tenant, sum };
    }
}


static void
issuer_rows(diff_t *d, const diff_side_t *s, rows_t *rows)
{
    uint32_t                  i;
    const weir_img_issuer_t  *r;

    for (i = 0; i < s->img->n[WEIR_S_ISSUERS]; i++) {
        r = &WEIR_REC(s->img, ISSUERS)[i];
        add_row(d, rows, weir_img_str(s->img, r->name), weir_str("", 0),
                s->issuers[i]);
    }
}


static void
key_rows(diff_t *d, const diff_side_t *s, rows_t *rows)
{
    uint32_t     i, id;
    diff_blob_t  b;

    b = (diff_blob_t) { .diff = d };

    for (i = 0; i < s->img->n[WEIR_S_APIKEYS]; i++) {
        id = WEIR_REC(s->img, APIKEYS)[i].id;
        add_row(d, rows, weir_img_str(s->img, id), weir_str("", 0),
                sum_apikey(&b, s->img, i));
    }
}


static void
identity_rows(diff_t *d, const diff_side_t *s, rows_t *rows)
{
    uint32_t     i, name;
    diff_blob_t  b;

    b = (diff_blob_t) { .diff = d };

    for (i = 0; i < s->img->n[WEIR_S_IDENTITIES]; i++) {
        name = WEIR_REC(s->img, IDENTITIES)[i].name;
        add_row(d, rows, weir_img_str(s->img, name), weir_str("", 0),
                sum_identity(&b, s->img, i));
    }
}


/* By the names of what it grants, in their order: indices are the image's. */
static void
role_rows(diff_t *d, const diff_side_t *s, rows_t *rows)
{
    uint32_t                i, k, n;
    diff_sum_t             *sums;
    diff_blob_t             b, one;
    const weir_img_role_t  *role;

    b = (diff_blob_t) { .diff = d };
    one = b;
    sums = weir_diff_alloc(d, s->img->n[WEIR_S_PERMISSIONS]
                              * sizeof(diff_sum_t));

    for (i = 0; i < s->img->n[WEIR_S_ROLES] && sums != NULL; i++) {
        role = &WEIR_REC(s->img, ROLES)[i];

        for (k = 0, n = 0; k < s->img->n[WEIR_S_PERMISSIONS]; k++) {
            if (grants(s->img, role, k)) {
                weir_blob_str(&one, weir_img_str(s->img, WEIR_REC(s->img,
                                                     PERMISSIONS)[k].name));
                sums[n++] = weir_blob_end(&one);
            }
        }

        weir_blob_set(&b, sums, n);
        add_row(d, rows, weir_img_str(s->img, role->name),
                tenant_of(s->img, role->tenant), weir_blob_end(&b));
    }
}


static weir_str_t
row_text(diff_t *d, const char *what, const row_t *r)
{
    return r->tenant.len
           ? weir_diff_text(d, "tenant %.*s: %s %.*s", WEIR_STR(r->tenant),
                            what, WEIR_STR(r->name))
           : weir_diff_text(d, "%s %.*s", what, WEIR_STR(r->name));
}


/* Both in the order of names; the first ones are named, others counted. */
static void
compare_rows(diff_t *d, const char *what, const rows_t *a, const rows_t *b)
{
    int           c;
    char          mark;
    size_t        i, k, n;
    weir_str_t    text;
    const row_t  *x, *y;

    for (i = 0, k = 0, n = 0; i < a->len || k < b->len;) {
        x = i < a->len ? &a->items[i] : NULL;
        y = k < b->len ? &b->items[k] : NULL;
        c = x == NULL ? 1 : y == NULL ? -1 : by_name(x, y);

        i += c <= 0;
        k += c >= 0;

        if (c == 0 && sum_eq(&x->sum, &y->sum)) {
            continue;
        }

        if (n++ < MOST_NAMES) {
            mark = c < 0 ? '-' : c > 0 ? '+' : '~';
            text = row_text(d, what, c <= 0 ? x : y);
            weir_diff_line(d, mark, "%.*s", WEIR_STR(text));
        }
    }

    if (n > MOST_NAMES) {
        weir_diff_line(d, '~', "%ss: %zu more", what, n - MOST_NAMES);
    }
}


void
weir_diff_callers(diff_t *d)
{
    size_t       i;
    rows_t       rows[DIFF_SIDES];
    unsigned     s;

    static const struct {
        const char  *name;
        void       (*rows)(diff_t *d, const diff_side_t *s, rows_t *rows);
    } parts[] = {
        { "issuer", issuer_rows },
        { "API key", key_rows },
        { "identity", identity_rows },
        { "role", role_rows }
    };

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memset(rows, 0, sizeof(rows));

        for (s = 0; s < DIFF_SIDES; s++) {
            parts[i].rows(d, &d->side[s], &rows[s]);
            sort_rows(&rows[s]);
        }

        compare_rows(d, parts[i].name, &rows[DIFF_OLD], &rows[DIFF_NEW]);
    }

    if (!sum_eq(&d->side[DIFF_OLD].mtls, &d->side[DIFF_NEW].mtls)) {
        weir_diff_line(d, '~', "mtls");
    }

    if (!sum_eq(&d->side[DIFF_OLD].binds, &d->side[DIFF_NEW].binds)) {
        weir_diff_line(d, '~', "tenants.bind");
    }
}
