/*
 * schema_identity.c: the keys that say who callers are and how they prove it.
 */

#include "front/schema_table.h"
#include "image/algs.h"
#include "image/bounds.h"
#include "image/format.h"

#define TEXTS    { .form = WEIR_F_LIST, .item = &text }
#define SOME     { .form = WEIR_F_SOME, .item = &text, .min = 1 }
#define ROLES                                                                 \
    { .form = WEIR_F_LIST, .item = &role, .max = WEIR_MAX_ROLES }


static const weir_type_t  text = OF(TEXT);
static const weir_type_t  role = OF(ID);


/* where a credential is sent */

static const char *const  from_one[] = { "bearer", "cookie", "header", NULL };

static const weir_key_t  from_keys[] = {
    { "bearer", OPT, OF(BOOL),
      "true: the Authorization header, as \"Bearer\" or \"DPoP\" and the "
      "token." },
    { "cookie", OPT, OF(COOKIE), "A cookie, whose value is the credential." },
    { "header", OPT, OF(HEADER), "A header, whose value is the credential." }
};

static const weir_object_t  from = {
    "from", "an item of \"from\"", KEYS(from_keys), from_one
};

static const weir_type_t  from_type = OBJ(from);

/* the last two of those of a token */
static const weir_object_t  key_from = {
    "key_from", "an item of \"from\"", from_keys + 1,
    sizeof(from_keys) / sizeof(from_keys[0]) - 1, from_one + 1
};

static const weir_type_t  key_from_type = OBJ(key_from);


/* issuers */

static const weir_key_t  jwks_keys[] = {
    { "url", OPT, OF(TEXT),
      "Where the JWK Set is fetched: https, or http to a loopback address.  "
      "Without url and file it is where the issuer's configuration says "
      "(OpenID Connect Discovery)." },
    { "file", OPT, OF(FILE),
      "A file of a JWK Set, watched; beside url, what holds until the set "
      "was fetched.  A relative path begins where nginx's configuration "
      "is." },
    { "ttl", OPT, OF(DURATION),
      "How long a fetched set is taken for fresh; 10m unless given." },
    { "stale_max", OPT, OF(DURATION),
      "How long a fetched set is used at most; 24h unless given." },
    { "refresh", OPT, OF(DURATION),
      "Between two fetches for tokens whose key nobody knows; 10s unless "
      "given." },
    { "wait", OPT, OF(DURATION),
      "How long a request waits for such a fetch; 2s unless given." }
};

static const weir_object_t  jwks = {
    "jwks", "\"jwks\"", KEYS(jwks_keys), NULL
};

static const weir_key_t  secret_keys[] = {
    { "file", REQ, OF(FILE),
      "A file of one symmetric JWK or a set of them, watched.  A relative "
      "path begins where nginx's configuration is." }
};

static const weir_object_t  secret = {
    "secret", "\"secret\"", KEYS(secret_keys), NULL
};

static const weir_key_t  claims_keys[] = {
    { "sub", OPT, SOME, "principal.sub; sub unless given." },
    { "roles", OPT, SOME,
      "principal.roles: a list of text, or text split at blanks; roles "
      "unless given." },
    { "tenant", OPT, SOME,
      "The tenant of the caller, which must be the request's; none unless "
      "given." },
    { "acr", OPT, SOME, "principal.acr; acr unless given." },
    { "amr", OPT, SOME, "principal.amr; amr unless given." }
};

static const weir_object_t  claims = {
    "map", "\"map\"", KEYS(claims_keys), NULL
};

static const char *const  on_stale[] = { "deny", "allow", NULL };

static const weir_key_t  revoked_store_keys[] = {
    { "refresh", OPT, OF(DURATION),
      "How often the set is read, by one worker and in the background; 10s "
      "unless given.  The shortest of all issuers counts." },
    { "stale_max", OPT, OF(DURATION),
      "How long what was read last counts for what is revoked, and how long "
      "tokens are taken while it was never read; 1h unless given." },
    { "on_stale", OPT, WORD(on_stale),
      "What becomes of tokens from then on.  deny, unless given, answers them "
      "with 503: a revocation that nobody hears of is a hole that only grows, "
      "and stale_max says how long an outage may last.  allow goes on with "
      "what was read last, however old it is.  Without a weir_redis that "
      "is so from the beginning." }
};

static const weir_object_t  revoked_store = {
    "revoked_store", "\"store\"", KEYS(revoked_store_keys), NULL
};

static const weir_key_t  revoked_keys[] = {
    { "jti", OPT, TEXTS, "Ids of tokens." },
    { "sub", OPT, TEXTS, "Subjects." },
    { "kid", OPT, TEXTS, "Ids of keys." },
    { "file", OPT, OF(FILE),
      "More of them, one JSON object a line: {\"jti\": ID}, {\"sub\": "
      "SUBJECT} or {\"kid\": ID}." },
    { "store", OPT, OBJ(revoked_store),
      "More of them, from the set PREFIX:revoked of weir_redis; {} asks for "
      "it.  A member is the issuer's name here, a blank, jti, sub or kid, a "
      "blank, and the value: SADD weir:revoked \"main jti 123\" revokes on "
      "every node, SREM takes it back.  Members of other forms are passed "
      "over, and one of more than 60 kB stops the reading.  None expires by "
      "itself: whoever adds a member removes it once the token has ended." }
};

static const weir_object_t  revoked = {
    "revoked", "\"revoked\"", KEYS(revoked_keys), NULL
};

static const char *const  revoked_one[] = { "jti", "sub", "kid", NULL };

static const weir_key_t  revoked_line_keys[] = {
    { "jti", OPT, OF(TEXT), "Id of a token." },
    { "sub", OPT, OF(TEXT), "A subject." },
    { "kid", OPT, OF(TEXT), "Id of a key." }
};

const weir_object_t  weir_schema_revoked_line = {
    "revoked_line", "a line of what is revoked", KEYS(revoked_line_keys),
    revoked_one
};

static const char *const  algs[] = {
#define A(name, text, kty)  text,
    WEIR_ALGS(A)
#undef A
    NULL
};

static const weir_type_t  alg = WORD(algs);

static const char *const  only_required[] = { "required", NULL };

static const weir_key_t  issuer_keys[] = {
    { "iss", REQ, OF(TEXT),
      "The claim iss of its tokens, to the letter; it chooses the issuer." },
    { "aud", OPT, SOME,
      "One of these must be in the claim aud; not looked at unless given." },
    { "jwks", OPT, OBJ(jwks),
      "Where its public keys are.  A token that names none of them, by kid, "
      "is tried with the first four that fit." },
    { "secret", OPT, OBJ(secret),
      "Where its secrets are, for HS256, HS384 and HS512; in place of "
      "jwks." },
    { "alg", OPT, { .form = WEIR_F_LIST, .item = &alg, .min = 1 },
      "Algorithms of its tokens; all that fit its keys unless given." },
    { "typ", OPT, SOME,
      "Types of its tokens; at+jwt, JWT or none unless given." },
    { "skew", OPT, OF(DURATION),
      "How far its clock may differ, up to 10m; 30s unless given." },
    { "max_age", OPT, OF(DURATION),
      "How long after iat a token is good at most." },
    { "required", OPT, TEXTS, "Claims that a token must have." },
    { "from", OPT, { .form = WEIR_F_LIST, .item = &from_type, .min = 1 },
      "Where its tokens are sent; bearer unless given.  A token in two of "
      "them is refused." },
    { "map", OPT, OBJ(claims),
      "Where in the claims things are: names with dots between them, or a "
      "list of names." },
    { "dpop", OPT, WORD(only_required),
      "Whether a token must come with a proof of possession (RFC 9449)." },
    { "revoked", OPT, OBJ(revoked), "What is refused of its tokens." }
};

const weir_object_t  weir_schema_issuer = {
    "issuer", "an issuer", KEYS(issuer_keys), NULL
};


/* API keys */

#define APIKEY_KEYS                                                           \
    { "sha256", REQ, OF(SHA256), "SHA-256 of the secret's text." },           \
    { "tenant", OPT, OF(ID),                                                  \
      "Tenant of the key, which must be the request's." },                    \
    { "roles", OPT, ROLES, "principal.roles." },                              \
    { "not_after", OPT, OF(TIME),                                             \
      "When the key ends; a day, in UTC, is good to its end." }

static const weir_key_t  apikey_keys[] = { APIKEY_KEYS };

static const weir_object_t  apikey = {
    "apikey", "an API key", KEYS(apikey_keys), NULL
};

static const weir_type_t  apikey_type = OBJ(apikey);

static const weir_key_t  apikey_line_keys[] = {
    { "id", REQ, OF(ID), "Id of the key." },
    APIKEY_KEYS
};

const weir_object_t  weir_schema_apikey_line = {
    "apikey_line", "an API key", KEYS(apikey_line_keys), NULL
};

static const weir_key_t  apikeys_keys[] = {
    { "from", OPT, { .form = WEIR_F_LIST, .item = &key_from_type, .min = 1 },
      "Where a key is sent, as ID.SECRET; the header x-api-key unless "
      "given." },
    { "list", OPT, MAP(ID, apikey_type), "Keys by id." },
    { "file", OPT, OF(FILE),
      "More keys, one JSON object a line: id, sha256, tenant, roles, "
      "not_after." }
};

const weir_object_t  weir_schema_apikeys = {
    "apikeys", "\"apikeys\"", KEYS(apikeys_keys), NULL
};


/* certificates */

static const char *const  cert_names[] = {
#define N(name, text)  text,
    WEIR_CERT_NAMES(N)
#undef N
    NULL
};

static const weir_key_t  identity_keys[] = {
    { "tenant", OPT, OF(ID),
      "Tenant of the caller, which must be the request's." },
    { "roles", OPT, ROLES, "principal.roles." }
};

static const weir_object_t  identity = {
    "identity", "an identity", KEYS(identity_keys), NULL
};

static const weir_type_t  identity_type = OBJ(identity);

static const weir_key_t  mtls_keys[] = {
    { "sub", OPT, WORD(cert_names),
      "Which name of a certificate, the first of its sort, is "
      "principal.sub; uri_san unless given." },
    { "tenant", OPT, OF(TEXT),
      "Where in that name the tenant stands, as {tenant}; it has no '/' in "
      "it, and anything may follow a template that ends in **." },
    { "identities", OPT, MAP(TEXT, identity_type),
      "Who callers are, by that name." }
};

const weir_object_t  weir_schema_mtls = {
    "mtls", "\"mtls\"", KEYS(mtls_keys), NULL
};


/* what a route asks of its callers */

static const char *const  methods[] = { "jwt", "apikey", "mtls", NULL };

static const weir_key_t  jwt_keys[] = {
    { "jwt", REQ, OF(ID), "Name of the issuer of the token." }
};

static const weir_object_t  jwt = {
    "jwt", "a method", KEYS(jwt_keys), NULL
};

static const weir_type_t  method = {
    .form = WEIR_F_ENUM, .words = methods, .object = &jwt
};

#define METHODS(least)                                                        \
    { .form = WEIR_F_LIST, .item = &method, .min = (least) }

static const char *const  auth_one[] = { "any", "all", "optional", NULL };

static const weir_key_t  auth_keys[] = {
    { "any", OPT, METHODS(1),
      "One of these: the first whose credential was sent decides.  All "
      "tokens are one method." },
    { "all", OPT, METHODS(1),
      "Each of these; the first is the principal." },
    { "optional", OPT, METHODS(0),
      "As any, but without a credential the caller is anonymous." },
    { "forward", OPT, OF(BOOL),
      "Whether credentials go on to the upstream; they do not unless "
      "given." }
};

const weir_object_t  weir_schema_auth = {
    "auth", "\"auth\"", KEYS(auth_keys), auth_one
};

static const weir_key_t  mfa_keys[] = {
    { "acr", OPT, SOME, "principal.acr must be one of these." },
    { "amr_any", OPT, SOME, "principal.amr must have one of these." },
    { "max_auth_age", OPT, OF(DURATION),
      "How long ago the caller proved who they are at most." }
};

const weir_object_t  weir_schema_mfa = {
    "mfa", "\"mfa\"", KEYS(mfa_keys), NULL
};
