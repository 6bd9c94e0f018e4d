/*
 * jwt_fixture.h: an issuer with a key, and tokens of it that are good but for
 * one member.
 */

#ifndef WEIR_TEST_JWT_FIXTURE_H
#define WEIR_TEST_JWT_FIXTURE_H

#include "run/claims.h"
#include "run/jws.h"
#include "test/tokens.h"

#define ROOM  (2 * WEIR_MAX_TOKEN)

/* How an issuer of a test differs from the one that tk_issuer() makes. */
typedef void (*rules_pt)(kit_t *kit, weir_img_issuer_t *is);

typedef struct {
    kit_t                kit;
    weir_image_t         img;
    tk_key_t             key;
    weir_keys_t         *keys;
    tk_memory_t          mem;
    weir_memory_t        m;
    char                *token;     /* TK_ROOM */
    char                *header;    /* ROOM each */
    char                *claims;
} fix_t;

static const char *const  good_header[][2] = {
    { "alg", "\"ES256\"" }, { "typ", "\"at+jwt\"" }, { "kid", "\"k1\"" },
};

static const char *const  good_claims[][2] = {
    { "iss", "\"" TK_ISS "\"" }, { "sub", "\"alice\"" },
    { "aud", "\"shop-api\"" }, { "exp", "1700000600" },
    { "nbf", "1699999990" }, { "iat", "1699999990" }, { "jti", "\"j-1\"" },
    { "tenant_id", "\"acme\"" }, { "roles", "[\"clerk\",\"viewer\"]" },
};


static inline void
strict(kit_t *kit, weir_img_issuer_t *is)
{
    is->aud = TK_REFS(kit, "web", "shop-api");
    is->claims = TK_REFS(kit, "sub");
    is->tenant = TK_REFS(kit, "tenant_id");
}


static inline void
open_kit(fix_t *f, rules_pt rules, const char *const *revoked, uint32_t n)
{
    weir_img_issuer_t  is;

    kit_open(&f->kit);
    is = tk_issuer(&f->kit);
    memset(is.digest, 7, sizeof(is.digest));

    if (rules != NULL) {
        rules(&f->kit, &is);
    }

    weir_build_records(f->kit.b, WEIR_S_ISSUERS, &is, 1);

    if (n != 0) {
        tk_revoke(&f->kit, revoked, n);
    }

    tk_open(&f->kit, &f->img);
}


static inline void
close_kit(fix_t *f)
{
    weir_image_close(&f->img);
    kit_close(&f->kit);
}


static inline void
open_fix(fix_t *f, rules_pt rules)
{
    memset(f, 0, sizeof(fix_t));
    f->m.alloc = tk_alloc;
    f->m.data = &f->mem;
    f->key = tk_key(WEIR_ALG_ES256);
    f->keys = tk_keys_of(&f->key, "k1");
    f->token = malloc(TK_ROOM);
    f->header = malloc(ROOM);
    f->claims = malloc(ROOM);
    assert_true(f->token && f->header && f->claims);
    open_kit(f, rules, NULL, 0);
}


static inline void
close_fix(fix_t *f)
{
    close_kit(f);
    tk_free(&f->mem);
    weir_keys_free(f->keys);
    tk_key_free(&f->key);
    free(f->token);
    free(f->header);
    free(f->claims);
}


static inline char *
put(char *p, const char *data, size_t len)
{
    if (len) {
        memcpy(p, data, len);
    }

    return p + len;
}


/* An object of members, one of them another: none where json.data is NULL. */
static inline weir_str_t
object(const char *const (*members)[2], size_t n, const char *other,
    weir_str_t json, char *out)
{
    char    *p;
    size_t   i;

    p = put(out, "{", 1);

    for (i = 0; i < n; i++) {
        if (other == NULL || strcmp(members[i][0], other) != 0) {
            p += sprintf(p, "%s\"%s\":%s", p - out > 1 ? "," : "",
                         members[i][0], members[i][1]);
        }
    }

    if (json.data != NULL) {
        assert_true(json.len < ROOM - 2048);
        p += sprintf(p, "%s\"%s\":", p - out > 1 ? "," : "", other);
        p = put(p, json.data, json.len);
    }

    p = put(p, "}", 1);

    return weir_str(out, (size_t) (p - out));
}


static inline weir_str_t
header_with(fix_t *f, const char *member, weir_str_t json)
{
    return object(good_header, N_OF(good_header), member, json, f->header);
}


static inline weir_str_t
claims_with(fix_t *f, const char *member, weir_str_t json)
{
    return object(good_claims, N_OF(good_claims), member, json, f->claims);
}


static inline weir_str_t
sign(fix_t *f, weir_str_t header, weir_str_t claims)
{
    return tk_token_of(&f->key, header, claims, f->token);
}


/* A token whose claims are good but for one. */
static inline weir_str_t
token_with(fix_t *f, const char *member, const char *json)
{
    return sign(f, header_with(f, NULL, weir_str(NULL, 0)),
                claims_with(f, member, json ? weir_cstr(json)
                                            : weir_str(NULL, 0)));
}


static inline weir_token_fault_t
verify(fix_t *f, weir_str_t token, weir_token_t *t)
{
    weir_token_fault_t  fault;
    weir_token_t        untouched;

    memset(t, 0x5a, sizeof(*t));
    memcpy(&untouched, t, sizeof(*t));
    f->mem.total = 0;

    fault = weir_jwt_verify(token, &f->img, 0, f->keys, TK_NOW, &f->m, t);

    if (fault != WEIR_TOKEN_NONE) {
        assert_memory_equal(t, &untouched, sizeof(*t));
        assert_true(f->mem.total <= 8 * WEIR_MAX_TOKEN);
    }

    return fault;
}


/* fault WEIR_TOKEN_COUNT: any.  json is what the member is in the token. */
static inline void
expect(fix_t *f, const char *member, weir_str_t json, weir_str_t token,
    weir_token_fault_t fault)
{
    weir_token_t        t;
    weir_token_fault_t  got;

    got = verify(f, token, &t);
    tk_free(&f->mem);

    if (fault == WEIR_TOKEN_COUNT ? got == WEIR_TOKEN_NONE : got != fault) {
        fail_msg("%s: %.*s: %s, not %s", member,
                 (int) (json.len < 60 ? json.len : 60),
                 json.data ? json.data : "", weir_token_fault_name(got),
                 weir_token_fault_name(fault));
    }
}

#endif
