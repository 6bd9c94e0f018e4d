/*
 * jwk.c: one JSON Web Key.
 *
 * What other software may have meant by a key we do not know is left alone:
 * it is left out.  What is wrong with a key that is for us refuses the set:
 * whoever wrote that does not know what they publish.  "x5c", "x5u" and their
 * like are not looked at.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "image/bounds.h"
#include "run/base64url.h"
#include "run/jwk.h"

typedef struct {
    const char  *name;
    weir_kty_t   kty;
} alg_t;

static const alg_t  algorithms[WEIR_ALG_COUNT] = {
#define A(name, text, kty)  { text, WEIR_KTY_##kty },
    WEIR_ALGS(A)
#undef A
};

static const char *const  types[WEIR_KTY_COUNT] = {
#define T(name, text)  text,
    WEIR_KEY_TYPES(T)
#undef T
};

static const weir_curve_t  curves[] = {
#define C(name, kty, size, alg)                                               \
    { name, WEIR_KTY_##kty, size, WEIR_ALG_##alg },
    WEIR_CURVES(C)
#undef C
    { NULL, WEIR_KTY_COUNT, 0, WEIR_ALG_COUNT }
};

/* what a key is made of, in the order of RFC 7638 */
static const char *const  essential[WEIR_KTY_COUNT][5] = {
    [WEIR_KTY_OCT] = { "k", "kty" },
    [WEIR_KTY_RSA] = { "e", "kty", "n" },
    [WEIR_KTY_EC]  = { "crv", "kty", "x", "y" },
    [WEIR_KTY_OKP] = { "crv", "kty", "x" }
};

/* members that nobody but the owner of a key may see */
static const char *const  private[] = {
    "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", NULL
};


size_t
weir_alg_digest(weir_alg_t alg)
{
    switch (alg) {

    case WEIR_ALG_HS384:
    case WEIR_ALG_RS384:
    case WEIR_ALG_PS384:
    case WEIR_ALG_ES384:
        return 48;

    case WEIR_ALG_HS512:
    case WEIR_ALG_RS512:
    case WEIR_ALG_PS512:
    case WEIR_ALG_ES512:
        return 64;

    case WEIR_ALG_EDDSA:
        return 0;

    default:
        return 32;
    }
}


/* Returns rc, so that a refusal is one statement. */
static weir_rc_t __attribute__((format(printf, 3, 4)))
say(weir_jwk_t *jwk, weir_rc_t rc, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(jwk->why, sizeof(jwk->why), fmt, args);
    va_end(args);

    return rc;
}


static const weir_json_value_t *
member(const weir_json_value_t *v, const char *name)
{
    return weir_json_member(v, weir_cstr(name));
}


/* data NULL: there is none. */
static weir_rc_t
read_text(const weir_json_value_t *v, const char *name, weir_jwk_t *jwk,
    weir_str_t *out)
{
    const weir_json_value_t  *m;

    m = member(v, name);

    if (m != NULL && weir_json_kind(m) != WEIR_JSON_TEXT) {
        return say(jwk, WEIR_ERROR, "has a \"%s\" that is no text", name);
    }

    *out = weir_json_text(m);

    return WEIR_OK;
}


static weir_rc_t
read_bytes(const weir_json_value_t *v, const char *name, weir_jwk_t *jwk,
    uint8_t out[WEIR_MAX_KEY_BYTES + 3], size_t *len)
{
    weir_rc_t   rc;
    weir_str_t  text;

    rc = read_text(v, name, jwk, &text);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (text.data == NULL) {
        return say(jwk, WEIR_ERROR, "lacks \"%s\"", name);
    }

    if (text.len > weir_base64url_len(WEIR_MAX_KEY_BYTES)) {
        return say(jwk, WEIR_ERROR, "has a \"%s\" longer than %d bytes", name,
                   WEIR_MAX_KEY_BYTES);
    }

    if (weir_base64url_decode(text, out, len) != WEIR_OK) {
        return say(jwk, WEIR_ERROR, "has a \"%s\" that is not base64url",
                   name);
    }

    return WEIR_OK;
}


static weir_rc_t
read_type(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    unsigned    i;
    weir_rc_t   rc;
    weir_str_t  text;

    rc = read_text(v, "kty", jwk, &text);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (text.data == NULL) {
        return say(jwk, WEIR_ERROR, "lacks \"kty\"");
    }

    for (i = 0; i < WEIR_KTY_COUNT; i++) {
        if (weir_str_eq(text, weir_cstr(types[i]))) {
            jwk->kty = i;
            break;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
read_kid(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    weir_rc_t   rc;
    weir_str_t  text;

    rc = read_text(v, "kid", jwk, &text);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (text.len > WEIR_MAX_KID) {
        return say(jwk, WEIR_ERROR, "has a \"kid\" longer than %d bytes",
                   WEIR_MAX_KID);
    }

    jwk->kid = text;

    return WEIR_OK;
}


/*
 * A private key where public ones belong has been seen by others, whatever it
 * was for; so has a secret where the issuer has none.
 */
static weir_rc_t
refuse_private(const weir_json_value_t *v, uint32_t algs, weir_jwk_t *jwk)
{
    size_t  i;

    if (jwk->kty == WEIR_KTY_OCT) {
        return (algs & WEIR_ALGS_SECRET) != 0 ? WEIR_OK
               : say(jwk, WEIR_ERROR,
                     "is a secret, where only public keys belong");
    }

    for (i = 0; private[i] != NULL; i++) {
        if (member(v, private[i]) != NULL) {
            return say(jwk, WEIR_ERROR, "has the private member \"%s\": it "
                       "has leaked, replace it", private[i]);
        }
    }

    return WEIR_OK;
}


static bool
has_operation(const weir_json_value_t *list, weir_str_t name)
{
    void                     *it;
    weir_str_t                none;
    const weir_json_value_t  *v;

    it = NULL;

    while ((v = weir_json_step(list, &it, &none)) != NULL) {
        if (weir_json_kind(v) == WEIR_JSON_TEXT
            && weir_str_eq(weir_json_text(v), name))
        {
            return true;
        }
    }

    return false;
}


static weir_rc_t
read_use(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    weir_rc_t                 rc;
    weir_str_t                use;
    const weir_json_value_t  *ops;

    rc = read_text(v, "use", jwk, &use);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (use.data != NULL && !weir_str_eq(use, weir_string("sig"))) {
        return say(jwk, WEIR_DECLINED, "is not for signatures (\"use\")");
    }

    ops = member(v, "key_ops");

    if (ops != NULL && weir_json_kind(ops) != WEIR_JSON_LIST) {
        return say(jwk, WEIR_ERROR, "has a \"key_ops\" that is no list");
    }

    if (ops != NULL && !has_operation(ops, weir_string("verify"))) {
        return say(jwk, WEIR_DECLINED, "does not verify (\"key_ops\")");
    }

    return WEIR_OK;
}


/* Narrows the algorithms to those of the key's type, curve and "alg". */
static weir_rc_t
read_algs(const weir_json_value_t *v, uint32_t allowed, weir_jwk_t *jwk)
{
    unsigned    i;
    uint32_t    algs;
    weir_rc_t   rc;
    weir_str_t  alg;

    rc = read_text(v, "alg", jwk, &alg);

    if (rc != WEIR_OK) {
        return rc;
    }

    algs = 0;

    for (i = 0; i < WEIR_ALG_COUNT; i++) {
        if (algorithms[i].kty == jwk->kty
            && (jwk->curve == NULL || jwk->curve->alg == i)
            && (alg.data == NULL
                || weir_str_eq(alg, weir_cstr(algorithms[i].name))))
        {
            algs |= 1u << i;
        }
    }

    if (algs == 0) {
        return say(jwk, WEIR_DECLINED, "has an \"alg\" that Weir does not "
                   "know for its \"%s\"", jwk->curve ? "crv" : "kty");
    }

    if ((algs & allowed) == 0) {
        return say(jwk, WEIR_DECLINED, "is for no algorithm of the issuer");
    }

    jwk->algs = algs & allowed;

    return WEIR_OK;
}


static weir_rc_t
read_curve(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    weir_rc_t            rc;
    weir_str_t           crv;
    const weir_curve_t  *c;

    rc = read_text(v, "crv", jwk, &crv);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (crv.data == NULL) {
        return say(jwk, WEIR_ERROR, "lacks \"crv\"");
    }

    for (c = curves; c->name != NULL; c++) {
        if (c->kty == jwk->kty && weir_str_eq(crv, weir_cstr(c->name))) {
            jwk->curve = c;
            return WEIR_OK;
        }
    }

    return say(jwk, WEIR_DECLINED, "has a \"crv\" that Weir does not know for "
               "its \"kty\"");
}


/* RFC 7518, 3.2: a secret is at least as long as the digest. */
static weir_rc_t
read_secret(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    size_t     shortest;
    unsigned   i;
    uint32_t   algs;
    weir_rc_t  rc;

    rc = read_bytes(v, "k", jwk, jwk->bytes, &jwk->len);

    if (rc != WEIR_OK) {
        return rc;
    }

    algs = jwk->algs;
    shortest = WEIR_MAX_KEY_BYTES;

    for (i = 0; i < WEIR_ALG_COUNT; i++) {
        if ((algs & 1u << i) != 0 && weir_alg_digest(i) < shortest) {
            shortest = weir_alg_digest(i);
        }

        if (weir_alg_digest(i) > jwk->len) {
            algs &= ~(1u << i);
        }
    }

    if (algs == 0) {
        return say(jwk, WEIR_ERROR, "has a secret of %zu bytes, and it takes "
                   "%zu", jwk->len, shortest);
    }

    jwk->algs = algs;

    return WEIR_OK;
}


static size_t
bits(const uint8_t *p, size_t len)
{
    return len > 0 && p[0] != 0
           ? len * 8 - (size_t) (__builtin_clz(p[0]) - 24) : 0;
}


/* Both numbers big-endian, and without zeros before them (RFC 7518, 2). */
static weir_rc_t
read_rsa(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    size_t     i, n;
    uint64_t   e;
    weir_rc_t  rc;

    rc = read_bytes(v, "n", jwk, jwk->bytes, &jwk->len);

    if (rc == WEIR_OK) {
        rc = read_bytes(v, "e", jwk, jwk->second, &jwk->second_len);
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    n = bits(jwk->bytes, jwk->len);

    if (n == 0 || bits(jwk->second, jwk->second_len) == 0) {
        return say(jwk, WEIR_ERROR, "has a number of RSA that is empty or "
                   "begins with zero");
    }

    if (n < WEIR_MIN_RSA || n > WEIR_MAX_RSA) {
        return say(jwk, WEIR_ERROR, "is RSA of %zu bits, not %d to %d", n,
                   WEIR_MIN_RSA, WEIR_MAX_RSA);
    }

    if (jwk->bytes[jwk->len - 1] % 2 == 0) {
        return say(jwk, WEIR_ERROR, "has a modulus that is even");
    }

    e = 0;

    for (i = 0; i < jwk->second_len && i < sizeof(e); i++) {
        e = e << 8 | jwk->second[i];
    }

    if (jwk->second_len > sizeof(e) || e < WEIR_MIN_EXPONENT || e % 2 == 0) {
        return say(jwk, WEIR_ERROR, "has a public exponent that is not odd, "
                   "%d or more, and of 64 bits at most", WEIR_MIN_EXPONENT);
    }

    return WEIR_OK;
}


static weir_rc_t
read_point(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    size_t     size;
    weir_rc_t  rc;

    size = jwk->curve->size;
    rc = read_bytes(v, "x", jwk, jwk->bytes, &jwk->len);

    if (rc == WEIR_OK && jwk->kty == WEIR_KTY_EC) {
        rc = read_bytes(v, "y", jwk, jwk->second, &jwk->second_len);
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    if (jwk->len != size
        || (jwk->kty == WEIR_KTY_EC && jwk->second_len != size))
    {
        return say(jwk, WEIR_ERROR, "has a coordinate that is not of %zu "
                   "bytes, as %s wants", size, jwk->curve->name);
    }

    return WEIR_OK;
}


/*
 * SHA-256 of the members that a key is made of, without blanks, in the order
 * of their names (RFC 7638).  Each is written in one way only: they have been
 * decoded.
 */
static weir_rc_t
thumbprint(const weir_json_value_t *v, weir_jwk_t *jwk)
{
    int                 n;
    char                text[weir_base64url_len(WEIR_MAX_KEY_BYTES) + 128];
    size_t              len;
    weir_rc_t           rc;
    weir_str_t          s;
    const char *const  *name;

    len = 0;

    for (name = essential[jwk->kty]; *name != NULL; name++) {
        s = weir_json_text(member(v, *name));
        n = snprintf(text + len, sizeof(text) - len, "%s\"%s\":\"%.*s\"",
                     len == 0 ? "{" : ",", *name, WEIR_STR(s));

        /* the closing brace comes too */
        if (n < 0 || (size_t) n >= sizeof(text) - len - 1) {
            return say(jwk, WEIR_ERROR, "is too long");
        }

        len += (size_t) n;
    }

    text[len++] = '}';
    rc = weir_sha256(weir_str(text, len), jwk->thumbprint);

    if (jwk->kty == WEIR_KTY_OCT) {
        explicit_bzero(text, sizeof(text));
    }

    return rc == WEIR_OK ? WEIR_OK : say(jwk, rc, "has no thumbprint");
}


/* What is said of a key before its numbers are looked at. */
static weir_rc_t
read_head(const weir_json_value_t *v, uint32_t algs, weir_jwk_t *jwk)
{
    weir_rc_t  rc;

    if (weir_json_kind(v) != WEIR_JSON_OBJECT) {
        return say(jwk, WEIR_ERROR, "is no object");
    }

    rc = read_kid(v, jwk);

    if (rc == WEIR_OK) {
        rc = read_type(v, jwk);
    }

    if (rc == WEIR_OK) {
        rc = refuse_private(v, algs, jwk);
    }

    if (rc == WEIR_OK && jwk->kty == WEIR_KTY_COUNT) {
        rc = say(jwk, WEIR_DECLINED, "has a \"kty\" that Weir does not know");
    }

    if (rc == WEIR_OK) {
        rc = read_use(v, jwk);
    }

    if (rc == WEIR_OK
        && (jwk->kty == WEIR_KTY_EC || jwk->kty == WEIR_KTY_OKP))
    {
        rc = read_curve(v, jwk);
    }

    return rc == WEIR_OK ? read_algs(v, algs, jwk) : rc;
}


weir_rc_t
weir_jwk_read(const weir_json_value_t *v, uint32_t algs, weir_jwk_t *out)
{
    weir_rc_t  rc;

    memset(out, 0, sizeof(*out));
    out->kty = WEIR_KTY_COUNT;

    rc = read_head(v, algs, out);

    if (rc != WEIR_OK) {
        return rc;
    }

    rc = out->kty == WEIR_KTY_OCT ? read_secret(v, out)
         : out->kty == WEIR_KTY_RSA ? read_rsa(v, out)
         : read_point(v, out);

    return rc == WEIR_OK ? thumbprint(v, out) : rc;
}
