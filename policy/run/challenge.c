/*
 * challenge.c: what a client that is refused is told to send.
 *
 * Only tokens have a scheme of HTTP: where a route wants none, nothing is
 * said.
 */

#include "run/challenge.h"

/* p NULL: the length alone */
typedef struct {
    char                    *p;
    size_t                   len;
    const weir_image_t      *img;
    const weir_img_route_t  *route;
    const weir_caller_t     *c;
} say_t;


static void
say(say_t *s, weir_str_t text)
{
    if (s->p != NULL && text.len > 0) {
        memcpy(s->p + s->len, text.data, text.len);
    }

    s->len += text.len;
}


/* The inside of a quoted-string (RFC 9110, 5.6.4). */
static void
say_escaped(say_t *s, weir_str_t text)
{
    char    c;
    size_t  i;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if ((uint8_t) c < 0x20 || c == 0x7f) {
            continue;
        }

        if (c == '"' || c == '\\') {
            say(s, weir_string("\\"));
        }

        say(s, weir_str(&c, 1));
    }
}


/* name="value" behind whatever is there */
static void
say_param(say_t *s, const char *name, weir_str_t value)
{
    say(s, weir_cstr(name));
    say(s, weir_string("=\""));
    say_escaped(s, value);
    say(s, weir_string("\""));
}


static void
say_list(say_t *s, const char *name, const weir_range_t *refs)
{
    uint32_t  i;

    if (refs->count == 0) {
        return;
    }

    say(s, weir_cstr(name));
    say(s, weir_string("=\""));

    for (i = 0; i < refs->count; i++) {
        say(s, i ? weir_string(" ") : weir_str("", 0));
        say_escaped(s, weir_img_str(s->img, WEIR_REC(s->img, REFS)
                                            [refs->first + i]));
    }

    say(s, weir_string("\""));
}


static void
say_algs(say_t *s)
{
    bool      more;
    unsigned  alg;

    static const char *const  names[WEIR_ALG_COUNT] = {
#define A(name, text, kty)  text,
        WEIR_ALGS(A)
#undef A
    };

    say(s, weir_string("algs=\""));
    more = false;

    for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {

        if (WEIR_ALGS_PUBLIC >> alg & 1) {
            say(s, more ? weir_string(" ") : weir_str("", 0));
            say(s, weir_cstr(names[alg]));
            more = true;
        }
    }

    say(s, weir_string("\""));
}


static void
say_number(say_t *s, const char *name, uint32_t n)
{
    char    digits[10], *p;

    p = digits + sizeof(digits);

    do {
        *--p = (char) ('0' + n % 10);
        n /= 10;
    } while (n > 0);

    say_param(s, name, weir_str(p, (size_t) (digits + sizeof(digits) - p)));
}


/* Whether the route takes tokens: with a proof, or without. */
static bool
wants(const weir_image_t *img, const weir_img_route_t *route, bool dpop)
{
    uint32_t                  i;
    const weir_img_method_t  *m;

    m = WEIR_REC(img, METHODS) + route->auth_methods.first;

    for (i = 0; i < route->auth_methods.count; i++) {

        if (m[i].by == WEIR_BY_JWT && m[i].issuer != WEIR_NONE
            && (WEIR_REC(img, ISSUERS)[m[i].issuer].dpop
                == WEIR_DPOP_REQUIRED) == dpop)
        {
            return true;
        }
    }

    return false;
}


static void
say_missing(say_t *s)
{
    bool  bearer;

    bearer = wants(s->img, s->route, false);

    if (bearer) {
        say_param(s, "Bearer realm",
                  weir_img_str(s->img, s->img->header->name));
    }

    if (wants(s->img, s->route, true)) {
        say(s, bearer ? weir_string(", DPoP ") : weir_string("DPoP "));
        say_algs(s);
    }
}


/* Whether the token that was looked at, or is wanted, comes with a proof. */
static bool
is_dpop(const say_t *s)
{
    if (s->c->issuer == WEIR_NONE) {
        return s->c->dpop || !wants(s->img, s->route, false);
    }

    return s->c->dpop || WEIR_REC(s->img, ISSUERS)[s->c->issuer].dpop
                         == WEIR_DPOP_REQUIRED;
}


static void
say_error(say_t *s, const char *error)
{
    say(s, is_dpop(s) ? weir_string("DPoP ") : weir_string("Bearer "));
    say_param(s, "error", weir_cstr(error));
}


static void
say_mfa(say_t *s)
{
    const weir_img_mfa_t  *mfa;

    mfa = &WEIR_REC(s->img, MFAS)[s->route->mfa];

    say_error(s, "insufficient_user_authentication");
    say_param(s, ", error_description",
              weir_string("a stronger or more recent authentication is "
                          "required"));
    say_list(s, ", acr_values", &mfa->acr);

    if (mfa->max_age != 0) {
        say_number(s, ", max_age", mfa->max_age);
    }
}


static void
say_reason(say_t *s, weir_reason_t reason)
{
    bool  by_token, takes_tokens;

    takes_tokens = wants(s->img, s->route, false)
                   || wants(s->img, s->route, true);
    by_token = s->c->n > 0 && s->c->who[0].by == WEIR_BY_JWT;

    if (reason == WEIR_REASON_UNAUTHENTICATED) {
        say_missing(s);

    } else if (reason == WEIR_REASON_BAD_TOKEN) {
        say_error(s, "invalid_token");
        say_param(s, ", error_description",
                  weir_cstr(weir_token_fault_text(s->c->fault)));

        if (is_dpop(s)) {
            say(s, weir_string(", "));
            say_algs(s);
        }

    } else if (reason == WEIR_REASON_BAD_PROOF) {
        say_param(s, "DPoP error", weir_string("invalid_dpop_proof"));

    } else if (reason == WEIR_REASON_MFA && takes_tokens) {
        say_mfa(s);

    } else if ((reason == WEIR_REASON_SCOPE
                || reason == WEIR_REASON_PERMISSION) && by_token)
    {
        say_error(s, "insufficient_scope");

        if (reason == WEIR_REASON_SCOPE) {
            say_list(s, ", scope", &s->route->scopes);
        }
    }
}


weir_str_t
weir_challenge(const weir_image_t *img, const weir_img_route_t *route,
    const weir_caller_t *c, weir_reason_t reason, const weir_memory_t *m)
{
    say_t  s;

    s = (say_t) { .img = img, .route = route, .c = c };
    say_reason(&s, reason);

    if (s.len == 0) {
        return weir_str("", 0);
    }

    s.p = m->alloc ? m->alloc(m->data, s.len) : NULL;

    if (s.p == NULL) {
        return is_dpop(&s) ? weir_string("DPoP") : weir_string("Bearer");
    }

    s.len = 0;
    say_reason(&s, reason);

    return weir_str(s.p, s.len);
}
