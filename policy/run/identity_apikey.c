/*
 * identity_apikey.c: who an API key says the caller is.
 *
 * A key that does not exist, a wrong secret and a key that has expired take
 * the same work and get the same answer.
 */

#include "run/identity_prove.h"


static weir_found_t
find(const weir_asked_t *q)
{
    uint32_t                  i;
    weir_range_t              sources;
    weir_found_t              found;
    const weir_img_source_t  *s;

    memset(&found, 0, sizeof(found));
    sources = q->image->policy->key_sources;
    s = WEIR_REC(q->image, SOURCES) + sources.first;

    for (i = 0; i < sources.count; i++) {
        weir_find_credential(q, &s[i], &found);
    }

    return found;
}


/* ID.SECRET: a secret has no dot, an id may have. */
static void
split(weir_str_t key, weir_str_t *id, weir_str_t *secret)
{
    size_t  n;

    for (n = key.len; n > 0 && key.data[n - 1] != '.'; n--) { }

    *id = weir_str(key.data, n ? n - 1 : 0);
    *secret = weir_str(key.data + n, key.len - n);
}


/* The key, if it exists, has that secret and has not expired; else NULL. */
static const weir_img_apikey_t *
check(const weir_asked_t *q, weir_str_t key)
{
    bool                      good;
    uint8_t                   digest[WEIR_SHA256_LEN];
    uint32_t                  i;
    weir_str_t                id, secret;
    const weir_img_apikey_t  *k;

    static const weir_img_apikey_t  nobody = { .not_after = INT64_MIN,
                                               .id = WEIR_NONE };

    split(key, &id, &secret);
    i = weir_phash_find(&q->image->hash[WEIR_HASH_APIKEYS], id);
    k = i == WEIR_NONE ? &nobody : &WEIR_REC(q->image, APIKEYS)[i];

    good = weir_str_eq(weir_img_str(q->image, k->id), id) && id.len != 0
           && secret.len != 0;
    good &= weir_sha256(secret, digest) == WEIR_OK
            && weir_same_secret(digest, k->secret, WEIR_SHA256_LEN);
    good &= q->id->now(q->host) <= k->not_after;

    return good ? k : NULL;
}


bool
weir_role_refs(const weir_asked_t *q, const weir_range_t *roles,
    weir_value_t *out)
{
    uint32_t       i;
    weir_value_t  *v;

    v = NULL;

    if (roles->count > 0) {
        v = q->id->alloc(q->host, roles->count * sizeof(weir_value_t));

        if (v == NULL) {
            return false;
        }
    }

    for (i = 0; i < roles->count; i++) {
        v[i] = weir_v_str(weir_img_str(q->image, WEIR_REC(q->image, REFS)
                                                 [roles->first + i]));
    }

    *out = (weir_value_t) { .kind = WEIR_T_LIST, .rep = WEIR_REP_VALUES,
                            .len = roles->count, .u.items = v };

    return true;
}


weir_rc_t
weir_prove_apikey(const weir_asked_t *q, weir_caller_t *c,
    weir_principal_t *p)
{
    weir_value_t              roles;
    weir_found_t              found;
    const weir_img_apikey_t  *k;

    found = find(q);

    if (found.twice) {
        return weir_unproven(c, WEIR_AUTH_TWICE, WEIR_TOKEN_NONE);
    }

    if (found.source == NULL) {
        return WEIR_DECLINED;
    }

    k = found.dpop || found.text.len > WEIR_MAX_API_KEY
        ? NULL : check(q, found.text);

    if (k == NULL) {
        return weir_unproven(c, WEIR_AUTH_BAD_KEY, WEIR_TOKEN_NONE);
    }

    if (!weir_role_refs(q, &k->roles, &roles)) {
        return weir_unproven(c, WEIR_AUTH_MEMORY, WEIR_TOKEN_MEMORY);
    }

    weir_principal_init(p, WEIR_BY_APIKEY);
    p->apikey = weir_img_str(q->image, k->id);
    p->sub = p->apikey;
    p->tenant = weir_img_str(q->image, k->tenant);
    p->roles = roles;

    return WEIR_OK;
}
