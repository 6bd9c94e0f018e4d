/*
 * jwt.c: tokens under the rules of an issuer (RFC 7519, 8725).
 *
 * A signature is checked before any claim is looked at.
 */

#include "run/claims.h"
#include "run/jws.h"

/* a claim of a token, the name of an issuer, and what stands around them */
#define REVOKED_LEN  (WEIR_MAX_TOKEN + 512)

typedef struct {
    const weir_image_t       *image;
    const weir_img_issuer_t  *issuer;
    const weir_memory_t      *memory;
} rules_t;


const char *
weir_token_fault_name(unsigned fault)
{
    static const char *const  names[] = {
#define F(name, text, sentence)  text,
        WEIR_TOKEN_FAULTS(F)
#undef F
    };

    return fault < WEIR_TOKEN_COUNT ? names[fault] : "unknown";
}


const char *
weir_token_fault_text(unsigned fault)
{
    static const char *const  sentences[] = {
#define F(name, text, sentence)  sentence,
        WEIR_TOKEN_FAULTS(F)
#undef F
    };

    return fault < WEIR_TOKEN_COUNT ? sentences[fault] : "unknown";
}


static bool
is_listed(const weir_image_t *img, weir_range_t range, weir_str_t s)
{
    uint32_t  i;

    for (i = 0; i < range.count; i++) {
        if (weir_str_eq(weir_ref_str(img, range, i), s)) {
            return true;
        }
    }

    return false;
}


static bool
typ_fits(const rules_t *r, const weir_jws_t *jws)
{
    uint32_t      i;
    weir_range_t  typ;

    typ = r->issuer->typ;

    if (typ.count == 0) {
        return jws->typ.data == NULL
               || weir_jws_typ(jws, weir_string("jwt"))
               || weir_jws_typ(jws, weir_string("at+jwt"));
    }

    for (i = 0; i < typ.count; i++) {
        if (weir_jws_typ(jws, weir_ref_str(r->image, typ, i))) {
            return true;
        }
    }

    return false;
}


static weir_token_fault_t
check_audience(const rules_t *r, const weir_token_t *t)
{
    bool                 mine;
    uint32_t             i, n;
    weir_str_t           name;
    const weir_value_t  *aud, *items;

    aud = weir_claims_get(&t->claims, weir_string("aud"));
    n = 0;
    items = NULL;

    if (aud != NULL) {
        items = aud->kind == WEIR_T_LIST ? aud->u.items : aud;
        n = aud->kind == WEIR_T_LIST ? aud->len : 1;
    }

    mine = r->issuer->aud.count == 0;

    for (i = 0; i < n; i++) {

        if (!weir_claims_text(&items[i], &name)) {
            return WEIR_TOKEN_CLAIMS;
        }

        mine = mine || is_listed(r->image, r->issuer->aud, name);
    }

    return mine ? WEIR_TOKEN_NONE : WEIR_TOKEN_AUDIENCE;
}


/* null and "" say nothing. */
static weir_token_fault_t
check_required(const rules_t *r, const weir_token_t *t)
{
    uint32_t             i;
    weir_range_t         names;
    const weir_value_t  *v;

    names = r->issuer->claims;

    for (i = 0; i < names.count; i++) {
        v = weir_claims_get(&t->claims, weir_ref_str(r->image, names, i));

        if (v == NULL || v->kind == WEIR_T_NULL
            || (v->kind == WEIR_T_STRING && v->len == 0))
        {
            return WEIR_TOKEN_MISSING;
        }
    }

    /* else it would be good for ever */
    if (t->exp == WEIR_NO_TIME && r->issuer->max_age == 0) {
        return WEIR_TOKEN_MISSING;
    }

    if (t->iat == WEIR_NO_TIME && r->issuer->max_age != 0) {
        return WEIR_TOKEN_MISSING;
    }

    return WEIR_TOKEN_NONE;
}


static weir_token_fault_t
check_times(const weir_img_issuer_t *issuer, const weir_token_t *t,
    int64_t now)
{
    int64_t  skew;

    skew = issuer->skew;

    if (t->exp != WEIR_NO_TIME && now - skew >= t->exp) {
        return WEIR_TOKEN_EXPIRED;
    }

    /* WEIR_NO_TIME is before all others */
    if (t->nbf > now + skew || t->iat > now + skew
        || t->auth_time > now + skew)
    {
        return WEIR_TOKEN_EARLY;
    }

    if (issuer->max_age != 0
        && (t->iat == WEIR_NO_TIME || now - skew >= t->iat + issuer->max_age))
    {
        return WEIR_TOKEN_OLD;
    }

    return WEIR_TOKEN_NONE;
}


static char *
put(char *p, weir_str_t s)
{
    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    p[s.len] = '\0';

    return p + s.len + 1;
}


/* What is too long to be looked for counts as revoked. */
static bool
is_revoked(const weir_image_t *img, const weir_img_issuer_t *issuer,
    const char *what, weir_str_t value)
{
    char         key[REVOKED_LEN], *p;
    uint32_t     i;
    weir_str_t   name, k;

    name = weir_img_str(img, issuer->name);
    k = weir_str(key, name.len + strlen(what) + value.len + 2);

    if (k.len >= REVOKED_LEN) {
        return true;
    }

    p = put(key, name);
    p = put(p, weir_cstr(what));
    (void) put(p, value);

    i = weir_phash_find(&img->hash[WEIR_HASH_REVOKED], k);

    return i != WEIR_NONE
           && weir_str_eq(weir_img_str(img, WEIR_REC(img, REVOKED)[i].key),
                          k);
}


/* A subject is revoked by what the policy, or the issuer, takes for it. */
static weir_token_fault_t
check_revoked(const weir_image_t *img, const weir_img_issuer_t *issuer,
    const weir_token_t *t)
{
    weir_str_t  sub;

    if (img->n[WEIR_S_REVOKED] == 0) {
        return WEIR_TOKEN_NONE;
    }

    (void) weir_claims_text(weir_claims_get(&t->claims, weir_string("sub")),
                            &sub);

    if (is_revoked(img, issuer, "jti", t->jti)
        || is_revoked(img, issuer, "kid", t->kid)
        || is_revoked(img, issuer, "sub", t->sub)
        || (!weir_str_eq(sub, t->sub) && is_revoked(img, issuer, "sub", sub)))
    {
        return WEIR_TOKEN_REVOKED;
    }

    return WEIR_TOKEN_NONE;
}


static weir_token_fault_t
check_claims(const rules_t *r, const weir_token_t *t, int64_t now)
{
    weir_token_fault_t  fault;

    if (!weir_str_eq(t->iss, weir_img_str(r->image, r->issuer->iss))) {
        return WEIR_TOKEN_ISSUER;
    }

    fault = check_audience(r, t);

    if (fault == WEIR_TOKEN_NONE) {
        fault = check_required(r, t);
    }

    if (fault == WEIR_TOKEN_NONE) {
        fault = check_times(r->issuer, t, now);
    }

    return fault == WEIR_TOKEN_NONE ? check_revoked(r->image, r->issuer, t)
                                    : fault;
}


static weir_token_fault_t
copy_kid(const rules_t *r, weir_str_t kid, weir_str_t *out)
{
    char  *copy;

    if (kid.len == 0) {
        *out = weir_str("", 0);
        return WEIR_TOKEN_NONE;
    }

    copy = r->memory->alloc(r->memory->data, kid.len);

    if (copy == NULL) {
        return WEIR_TOKEN_MEMORY;
    }

    memcpy(copy, kid.data, kid.len);
    *out = weir_str(copy, kid.len);

    return WEIR_TOKEN_NONE;
}


static weir_token_fault_t
verify_opened(const rules_t *r, const weir_jws_t *jws,
    const weir_keys_t *keys, weir_token_t *t)
{
    weir_str_t           payload;
    const weir_vkey_t   *key;
    weir_token_fault_t   fault;

    if (!typ_fits(r, jws)) {
        return WEIR_TOKEN_TYP;
    }

    fault = weir_jws_check(jws, keys, r->memory, &key);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    memcpy(t->key, weir_key_thumbprint(key), WEIR_SHA256_LEN);
    fault = copy_kid(r, weir_key_kid(key), &t->kid);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    fault = weir_jws_decode(jws->payload, r->memory, &payload);

    return fault == WEIR_TOKEN_NONE
           ? weir_token_read(payload, r->image, r->issuer, r->memory, t)
           : fault;
}


weir_token_fault_t
weir_jwt_verify(weir_str_t token, const weir_image_t *img, uint32_t issuer,
    const weir_keys_t *keys, int64_t now, const weir_memory_t *m,
    weir_token_t *out)
{
    rules_t             r;
    weir_jws_t          jws;
    weir_token_t        t;
    weir_token_fault_t  fault;

    r.image = img;
    r.issuer = &WEIR_REC(img, ISSUERS)[issuer];
    r.memory = m;

    fault = weir_jws_open(token, r.issuer->algs, m, &jws);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    memset(&t, 0, sizeof(t));
    fault = verify_opened(&r, &jws, keys, &t);
    weir_jws_close(&jws);

    if (fault == WEIR_TOKEN_NONE) {
        fault = check_claims(&r, &t, now);
    }

    if (fault == WEIR_TOKEN_NONE) {
        *out = t;
    }

    return fault;
}


weir_token_fault_t
weir_jwt_again(const weir_token_t *t, const weir_image_t *img,
    uint32_t issuer, const weir_keys_t *keys, int64_t now)
{
    weir_token_fault_t        fault;
    const weir_img_issuer_t  *rules;

    if (keys == NULL) {
        return WEIR_TOKEN_NO_KEYS;
    }

    if (weir_keys_find(keys, t->key) == NULL) {
        return WEIR_TOKEN_KEY;
    }

    rules = &WEIR_REC(img, ISSUERS)[issuer];
    fault = check_times(rules, t, now);

    return fault == WEIR_TOKEN_NONE ? check_revoked(img, rules, t) : fault;
}


static weir_str_t
copy_issuer(const weir_json_value_t *claims, const weir_memory_t *m)
{
    char        *copy;
    weir_str_t   iss;

    if (weir_json_kind(claims) != WEIR_JSON_OBJECT) {
        return weir_str(NULL, 0);
    }

    iss = weir_json_text(weir_json_member(claims, weir_string("iss")));
    copy = iss.data ? m->alloc(m->data, iss.len + 1) : NULL;

    if (copy == NULL) {
        return weir_str(NULL, 0);
    }

    memcpy(copy, iss.data, iss.len);

    return weir_str(copy, iss.len);
}


/* Text without escapes, as nearly all are: in its place. */
static bool
plain_issuer(weir_str_t payload, weir_str_t *iss)
{
    weir_str_t  s;

    s = weir_jws_member(payload, weir_string("iss"));

    while (s.len && memchr(" \t\r\n", s.data[0], 4) != NULL) {
        s = weir_str(s.data + 1, s.len - 1);
    }

    while (s.len && memchr(" \t\r\n", s.data[s.len - 1], 4) != NULL) {
        s.len--;
    }

    if (s.len < 2 || s.data[0] != '"' || s.data[s.len - 1] != '"'
        || memchr(s.data, '\\', s.len) != NULL)
    {
        return false;
    }

    *iss = weir_str(s.data + 1, s.len - 2);

    return true;
}


weir_str_t
weir_jwt_peek_issuer(weir_str_t token, const weir_memory_t *m)
{
    weir_str_t          part[3], payload, iss;
    const char         *why;
    weir_json_value_t  *claims;

    if (weir_jws_split(token, part) != WEIR_TOKEN_NONE
        || weir_jws_decode(part[1], m, &payload) != WEIR_TOKEN_NONE)
    {
        return weir_str(NULL, 0);
    }

    /* each request with a token comes here: no JSON is read for most */
    if (plain_issuer(payload, &iss)) {
        return iss;
    }

    if (weir_json_read(payload, &claims, &why) != WEIR_OK) {
        return weir_str(NULL, 0);
    }

    iss = copy_issuer(claims, m);
    weir_json_free(claims);

    return iss;
}


weir_rc_t
weir_jwt_cache_key(weir_digester_t *d, const weir_img_issuer_t *issuer,
    weir_str_t token, uint8_t out[WEIR_SHA256_LEN])
{
    weir_str_t  texts[2];

    if (token.len == 0 || token.len > WEIR_MAX_TOKEN) {
        return WEIR_ERROR;
    }

    texts[0] = weir_str((const char *) issuer->digest, WEIR_SHA256_LEN);
    texts[1] = token;

    return weir_digester_run(d, texts, 2, out);
}
