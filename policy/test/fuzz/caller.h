/*
 * caller.h: a caller who is whoever a route asks for, or who sends what is
 * seldom good.
 */

#ifndef WEIR_TEST_FUZZ_CALLER_H
#define WEIR_TEST_FUZZ_CALLER_H

#include "run/identity.h"
#include "test/kit.h"

typedef struct {
    weir_arena_t  *arena;
    bool           given;       /* the first, else the second */
} caller_t;


static inline void *
caller_alloc(void *host, size_t n)
{
    return weir_arena_alloc(((caller_t *) host)->arena, n);
}


static inline int64_t
caller_now(void *host)
{
    (void) host;

    return INT64_C(1800000000);
}


static inline weir_str_t
caller_header(void *host, weir_str_t name, unsigned nth)
{
    (void) host;

    if (nth > 0 || name.len == 0) {
        return weir_str(NULL, 0);
    }

    return weir_str_eq(name, weir_string("authorization"))
           ? weir_string("Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA")
           : weir_string("cron.secret");
}


static inline weir_rc_t
caller_certificate(void *host, weir_cert_t *out)
{
    static const weir_str_t  uri = { "spiffe://x/acme/y", 17 };

    (void) host;

    memset(out, 0, sizeof(weir_cert_t));
    out->verified = true;
    out->dn = out->cn = weir_string("ann");
    out->uris = &uri;
    out->nuris = 1;

    return WEIR_OK;
}


static inline weir_rc_t
caller_given(void *host, const weir_img_method_t *method,
    weir_principal_t *out)
{
    static const weir_value_t  roles[] = {
        { .kind = WEIR_T_STRING, .len = 5, .u.s = "clerk" },
        { .kind = WEIR_T_STRING, .len = 3, .u.s = "own" }
    };
    static const weir_value_t  words[] = {
        { .kind = WEIR_T_STRING, .len = 1, .u.s = "s" },
        { .kind = WEIR_T_STRING, .len = 1, .u.s = "t" },
        { .kind = WEIR_T_STRING, .len = 3, .u.s = "otp" }
    };

    if (!((caller_t *) host)->given) {
        return WEIR_DECLINED;
    }

    memset(out, 0, sizeof(weir_principal_t));
    out->by = (weir_by_t) method->by;
    out->sub = weir_string("ann");
    out->iss = out->apikey = weir_string("");
    out->tenant = weir_string("acme");
    out->acr = weir_string("x");
    out->roles = (weir_value_t) { .kind = WEIR_T_LIST, .len = 2,
                                  .u.items = roles };
    out->amr = out->scopes = (weir_value_t) { .kind = WEIR_T_LIST, .len = 3,
                                              .u.items = words };
    out->claims = (weir_value_t) { .kind = WEIR_T_MAP };
    out->auth_time = caller_now(host);
    out->issuer = method->issuer;

    return WEIR_OK;
}


static const weir_identity_t  caller = {
    .alloc = caller_alloc, .now = caller_now, .header = caller_header,
    .certificate = caller_certificate, .given = caller_given
};

#endif
