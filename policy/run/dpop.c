/*
 * dpop.c: proofs that a caller has the key its token is bound to (RFC 9449).
 */

#include "run/base64url.h"
#include "run/claims.h"
#include "run/jws.h"

/* seconds that a proof may be old or early, beside the skew */
#define WINDOW   60
/* bytes of the "jti" of a proof */
#define MAX_JTI  255

typedef struct {
    weir_str_t  scheme;
    weir_str_t  host;
    weir_str_t  port;           /* "" = the scheme's */
    weir_str_t  path;
} url_t;


/* What stands before the first of some characters; *s becomes the rest. */
static weir_str_t
take_until(weir_str_t *s, weir_str_t any)
{
    size_t      n;
    weir_str_t  part;

    for (n = 0; n < s->len && !memchr(any.data, s->data[n], any.len); n++) {
        /* void */
    }

    part = weir_str(s->data, n);
    *s = weir_str(s->data + n, s->len - n);

    return part;
}


static bool
split_authority(weir_str_t s, url_t *u)
{
    size_t  i;

    u->host = s;
    u->port = weir_str("", 0);

    /* in brackets a colon belongs to an address */
    for (i = s.len; i > 0 && s.data[i - 1] != ']'; i--) {
        if (s.data[i - 1] == ':') {
            u->host = weir_str(s.data, i - 1);
            u->port = weir_str(s.data + i, s.len - i);
            break;
        }
    }

    return u->host.len != 0 && memchr(s.data, '@', s.len) == NULL;
}


/* RFC 3986, as much of it as tells two URLs of HTTP apart. */
static bool
split_url(weir_str_t s, url_t *u)
{
    weir_str_t  authority, slashes = weir_string("://");

    u->scheme = take_until(&s, weir_string(":/?#"));

    if (!weir_str_starts(s, slashes)) {
        return false;
    }

    s = weir_str(s.data + slashes.len, s.len - slashes.len);
    authority = take_until(&s, weir_string("/?#"));
    u->path = take_until(&s, weir_string("?#"));

    if (u->path.len == 0) {
        u->path = weir_string("/");
    }

    if (!split_authority(authority, u)) {
        return false;
    }

    if (weir_same_nocase(u->scheme, weir_string("https"))) {
        if (weir_str_eq(u->port, weir_string("443"))) {
            u->port = weir_str("", 0);
        }

        return true;
    }

    if (weir_str_eq(u->port, weir_string("80"))) {
        u->port = weir_str("", 0);
    }

    return weir_same_nocase(u->scheme, weir_string("http"));
}


static bool
same_url(weir_str_t a, weir_str_t b)
{
    url_t  x, y;

    return split_url(a, &x) && split_url(b, &y)
           && weir_same_nocase(x.scheme, y.scheme)
           && weir_same_nocase(x.host, y.host)
           && weir_str_eq(x.port, y.port) && weir_str_eq(x.path, y.path);
}


/* A claim that must be text; data NULL: it is not. */
static weir_str_t
text_claim(const weir_value_t *claims, weir_str_t name)
{
    const weir_value_t  *v;

    v = weir_claims_get(claims, name);

    return v != NULL && v->kind == WEIR_T_STRING ? weir_v_text(v)
                                                 : weir_str(NULL, 0);
}


/* Whether "ath" is the digest of the token. */
static bool
is_of_token(const weir_value_t *claims, weir_str_t token)
{
    char        text[weir_base64url_len(WEIR_SHA256_LEN)];
    uint8_t     digest[WEIR_SHA256_LEN];
    weir_str_t  ath;

    ath = text_claim(claims, weir_string("ath"));

    if (ath.data == NULL || weir_sha256(token, digest) != WEIR_OK) {
        return false;
    }

    weir_base64url_encode(digest, sizeof(digest), text);

    return weir_str_eq(ath, weir_str(text, sizeof(text)));
}


/* The proof's id: of its key, and of the name that it has given itself. */
static bool
make_id(const uint8_t jkt[WEIR_SHA256_LEN], weir_str_t jti,
    uint8_t id[WEIR_SHA256_LEN])
{
    char  text[WEIR_SHA256_LEN + MAX_JTI];

    if (jti.len == 0 || jti.len > MAX_JTI) {
        return false;
    }

    memcpy(text, jkt, WEIR_SHA256_LEN);
    memcpy(text + WEIR_SHA256_LEN, jti.data, jti.len);

    return weir_sha256(weir_str(text, WEIR_SHA256_LEN + jti.len), id)
           == WEIR_OK;
}


/* The signature by the key of the header, which must be jkt; *key is its. */
static weir_token_fault_t
check_key(const weir_jws_t *jws, const uint8_t *jkt, const weir_memory_t *m,
    uint8_t thumbprint[WEIR_SHA256_LEN])
{
    weir_str_t           jwk;
    weir_keys_t         *keys;
    const weir_vkey_t   *key;
    weir_keys_error_t    why;
    weir_token_fault_t   fault;

    if (weir_json_kind(weir_json_member(jws->json, weir_string("jwk")))
        != WEIR_JSON_OBJECT)
    {
        return WEIR_TOKEN_PROOF;
    }

    jwk = weir_jws_member(jws->header, weir_string("jwk"));

    if (jwk.data == NULL
        || weir_keys_read_public(jwk, 1u << jws->alg, &keys, &why) != WEIR_OK)
    {
        return WEIR_TOKEN_PROOF;
    }

    key = weir_keys_at(keys, 0);
    memcpy(thumbprint, weir_key_thumbprint(key), WEIR_SHA256_LEN);

    fault = jkt == NULL || memcmp(thumbprint, jkt, WEIR_SHA256_LEN) == 0
                ? weir_jws_check_key(jws, key, m) : WEIR_TOKEN_PROOF;

    weir_keys_free(keys);

    return fault;
}


static weir_token_fault_t
read_proof(const weir_jws_t *jws, const uint8_t *jkt, const weir_memory_t *m,
    weir_value_t *claims, uint8_t thumbprint[WEIR_SHA256_LEN])
{
    weir_str_t          payload;
    weir_token_fault_t  fault;

    if (!weir_jws_typ(jws, weir_string("dpop+jwt"))) {
        return WEIR_TOKEN_PROOF;
    }

    fault = check_key(jws, jkt, m, thumbprint);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    fault = weir_jws_decode(jws->payload, m, &payload);

    return fault == WEIR_TOKEN_NONE ? weir_claims_read(payload, m, claims)
                                    : fault;
}


weir_token_fault_t
weir_dpop_verify(weir_str_t proof, weir_str_t method, weir_str_t url,
    weir_str_t token, const uint8_t *jkt, uint32_t algs, uint32_t skew,
    int64_t now, const weir_memory_t *m, uint8_t id[WEIR_SHA256_LEN],
    int64_t *until)
{
    int64_t             iat, window;
    uint8_t             thumbprint[WEIR_SHA256_LEN], made[WEIR_SHA256_LEN];
    weir_jws_t          jws;
    weir_str_t          htm, htu;
    weir_value_t        claims;
    weir_token_fault_t  fault;

    fault = weir_jws_open(proof, algs & WEIR_ALGS_PUBLIC, m, &jws);

    if (fault == WEIR_TOKEN_NONE) {
        fault = read_proof(&jws, jkt, m, &claims, thumbprint);
        weir_jws_close(&jws);
    }

    if (fault != WEIR_TOKEN_NONE) {
        return fault == WEIR_TOKEN_MEMORY ? fault : WEIR_TOKEN_PROOF;
    }

    htm = text_claim(&claims, weir_string("htm"));
    htu = text_claim(&claims, weir_string("htu"));
    window = (int64_t) skew + WINDOW;

    if (htm.data == NULL || htu.data == NULL || !weir_str_eq(htm, method)
        || !same_url(htu, url) || !is_of_token(&claims, token)
        || !weir_claims_time(weir_claims_get(&claims, weir_string("iat")),
                             false, &iat)
        || iat == WEIR_NO_TIME || iat > now + window || iat < now - window
        || !make_id(thumbprint, text_claim(&claims, weir_string("jti")),
                    made))
    {
        return WEIR_TOKEN_PROOF;
    }

    memcpy(id, made, WEIR_SHA256_LEN);
    *until = iat + window + 1;

    return WEIR_TOKEN_NONE;
}
