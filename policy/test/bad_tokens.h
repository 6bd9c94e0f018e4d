/*
 * bad_tokens.h: tokens that nobody must accept, though their signature is
 * right: what an issuer that errs, or one that is attacked, may sign.
 *
 * A row says what a member of the header or of the claims is in place of what
 * a good token has; no text: it is not there.
 */

#ifndef WEIR_TEST_BAD_TOKENS_H
#define WEIR_TEST_BAD_TOKENS_H

#include "run/jwt.h"

typedef struct {
    const char          *member;
    weir_str_t           json;
    weir_token_fault_t   fault;
} bad_member_t;

typedef struct {                /* before, unit times n, after */
    const char          *member;
    const char          *before;
    const char          *unit;
    size_t               n;
    const char          *after;
    weir_token_fault_t   fault;
} bad_repeat_t;

#define JSON_(text)      { text, sizeof(text) - 1 }
#define NOT_THERE        { NULL, 0 }
#define H(name, text)    { name, JSON_(text), WEIR_TOKEN_HEADER }
#define ALG_(text)       { "alg", JSON_(text), WEIR_TOKEN_ALG }
#define TYP_(text)       { "typ", JSON_(text), WEIR_TOKEN_TYP }
#define KID_(text)       { "kid", JSON_(text), WEIR_TOKEN_KEY }
#define C(name, text)    { name, JSON_(text), WEIR_TOKEN_CLAIMS }
#define F(name, text, fault)  { name, JSON_(text), WEIR_TOKEN_##fault }


static const bad_member_t  bad_headers[] = {
    { "alg", NOT_THERE, WEIR_TOKEN_ALG },
    ALG_("null"), ALG_("true"), ALG_("0"), ALG_("256"), ALG_("\"\""),
    ALG_("[]"), ALG_("[\"ES256\"]"), ALG_("{}"), ALG_("{\"alg\":\"ES256\"}"),
    ALG_("\"none\""), ALG_("\"None\""), ALG_("\"NONE\""), ALG_("\"nOnE\""),
    ALG_("\"none \""), ALG_("\"n\\u006fne\""), ALG_("\"null\""),
    ALG_("\"es256\""), ALG_("\"Es256\""), ALG_("\"eS256\""),
    ALG_("\" ES256\""), ALG_("\"ES256 \""), ALG_("\"ES256\\n\""),
    ALG_("\"ES-256\""), ALG_("\"ES2566\""), ALG_("\"ES25\""),
    ALG_("\"ES256,RS256\""), ALG_("\"ES256K\""), ALG_("\"ES384\""),
    ALG_("\"ES512\""), ALG_("\"EdDSA\""), ALG_("\"Ed25519\""),
    ALG_("\"RS1\""), ALG_("\"RS256\""), ALG_("\"PS256\""),
    ALG_("\"HS256\""), ALG_("\"HS384\""), ALG_("\"HS512\""),
    ALG_("\"hs256\""), ALG_("\"HS1\""), ALG_("\"HMAC\""), ALG_("\"dir\""),
    ALG_("\"A128KW\""), ALG_("\"RSA-OAEP\""), ALG_("\"RSA1_5\""),
    ALG_("\"ECDH-ES\""), ALG_("\"PBES2-HS256+A128KW\""),
    ALG_("\"\xd0\x95S256\""),   /* a Cyrillic E */

    H("crit", "[]"), H("crit", "null"), H("crit", "{}"), H("crit", "true"),
    H("crit", "\"exp\""), H("crit", "[\"exp\"]"), H("crit", "[\"alg\"]"),
    H("crit", "[\"b64\"]"), H("crit", "[\"kid\",\"x\"]"),
    H("crit", "[\"http://example.com/UNDEFINED\"]"), H("crit", "[1]"),
    H("cr\\u0069t", "[\"x\"]"),
    H("b64", "false"), H("b64", "true"), H("b64", "null"),
    H("b64", "\"false\""), H("b64", "0"),
    H("enc", "\"A128GCM\""), H("enc", "null"), H("enc", "\"\""),
    H("zip", "\"DEF\""), H("zip", "null"),

    H("kid", "null"), H("kid", "1"), H("kid", "true"), H("kid", "[\"k1\"]"),
    H("kid", "{\"k1\":1}"), H("kid", "\"k1\\u0000\""), H("kid", "\"k1\0\""),
    H("kid", "\"k1\r\n\""), H("kid", "\"k1\n\""), H("kid", "\"k1\\x00\""),
    KID_("\"\""), KID_("\"K1\""), KID_("\"k1 \""), KID_("\" k1\""),
    KID_("\"k\""), KID_("\"k11\""), KID_("\"k1\\r\\nX-Admin: 1\""),
    KID_("\"../../../../etc/passwd\""), KID_("\"/dev/null\""),
    KID_("\"k1' OR '1'='1\""), KID_("\"k1\\\" OR 1=1 --\""),
    KID_("\"' UNION SELECT 'secret\""), KID_("\"k1; rm -rf /\""),
    KID_("\"$(id)\""), KID_("\"`id`\""), KID_("\"|id\""),
    KID_("\"http://attacker.example/jwks\""), KID_("\"${jndi:ldap://x}\""),
    KID_("\"%s%s%n\""), KID_("\"k1%00\""), KID_("\"k\xef\xbc\x91\""),

    H("typ", "null"), H("typ", "1"), H("typ", "[\"JWT\"]"), H("typ", "{}"),
    H("typ", "\"JWT\\u0000\""),
    TYP_("\"\""), TYP_("\"JOSE\""), TYP_("\"JOSE+JSON\""), TYP_("\"JWE\""),
    TYP_("\"dpop+jwt\""), TYP_("\"id_token\""), TYP_("\"logout+jwt\""),
    TYP_("\"secevent+jwt\""), TYP_("\"oauth-authz-req+jwt\""),
    TYP_("\"at+jwt2\""), TYP_("\"at jwt\""), TYP_("\"JWT \""),
    TYP_("\"application/\""), TYP_("\"application/dpop+jwt\""),
    TYP_("\"application/application/jwt\""), TYP_("\"text/jwt\""),

    H("alg\":\"ES256\",\"alg", "\"ES256\""),
    H("alg\":\"none\",\"alg", "\"ES256\""),
    H("al\\u0067\":\"none\",\"alg", "\"ES256\""),
    H("kid\":\"k1\",\"kid", "\"k1\""),
    H("x\":1,\"x", "1"), H("x\":{\"y\":1,\"y\":2},\"z", "1"),
};

static const bad_member_t  bad_claims[] = {
    { "iss", NOT_THERE, WEIR_TOKEN_ISSUER },
    C("iss", "null"), C("iss", "1"), C("iss", "[\"https://id.example/\"]"),
    C("iss", "{}"), C("iss", "\"https://id.example/\\u0000\""),
    F("iss", "\"\"", ISSUER), F("iss", "\"https://id.example\"", ISSUER),
    F("iss", "\"https://id.example//\"", ISSUER),
    F("iss", "\"https://ID.example/\"", ISSUER),
    F("iss", "\"http://id.example/\"", ISSUER),
    F("iss", "\"https://id.example/ \"", ISSUER),
    F("iss", "\"https://id.example/\\r\\n\"", ISSUER),
    F("iss", "\"https://id.example/@attacker.example\"", ISSUER),

    { "aud", NOT_THERE, WEIR_TOKEN_AUDIENCE },
    C("aud", "null"), C("aud", "1"), C("aud", "{}"), C("aud", "true"),
    C("aud", "[1]"), C("aud", "[\"shop-api\",1]"), C("aud", "[[\"shop-api\"]]"),
    C("aud", "{\"shop-api\":1}"), C("aud", "[null]"),
    F("aud", "\"\"", AUDIENCE), F("aud", "[]", AUDIENCE),
    F("aud", "\"other-api\"", AUDIENCE), F("aud", "[\"x\",\"y\"]", AUDIENCE),
    F("aud", "\"Shop-API\"", AUDIENCE), F("aud", "\"shop-api \"", AUDIENCE),
    F("aud", "\"shop-apis\"", AUDIENCE), F("aud", "\"shop\"", AUDIENCE),
    F("aud", "\"*\"", AUDIENCE), F("aud", "\"shop-api,x\"", AUDIENCE),

    { "exp", NOT_THERE, WEIR_TOKEN_MISSING },
    C("exp", "null"), C("exp", "true"), C("exp", "[]"), C("exp", "{}"),
    C("exp", "\"1700000600\""), C("exp", "\"\""), C("exp", "\"never\""),
    C("exp", "\"2030-01-01T00:00:00Z\""), C("exp", "[1700000600]"),
    C("exp", "-1"), C("exp", "-1700000600"), C("exp", "-0.5"),
    C("exp", "-1e-300"), C("exp", "1e400"), C("exp", "-1e400"),
    C("exp", "1e308"), C("exp", "1e20"), C("exp", "253402300800"),
    C("exp", "253402300799.5"), C("exp", "9223372036854775807"),
    C("exp", "9223372036854775808"), C("exp", "18446744073709551616"),
    C("exp", "-9223372036854775808"), C("exp", "1700000600000"),
    C("exp", "NaN"), C("exp", "Infinity"), C("exp", "-Infinity"),
    C("exp", "0x6553f3f8"), C("exp", "017"), C("exp", "+1700000600"),
    C("exp", "1700000600."), C("exp", ".5"), C("exp", "1e"),
    C("exp", "1_700_000_600"), C("exp", "1700000600n"),
    F("exp", "0", EXPIRED), F("exp", "-0", EXPIRED), F("exp", "1", EXPIRED),
    F("exp", "0.5", EXPIRED), F("exp", "1699999970", EXPIRED),
    F("exp", "1699999970.99", EXPIRED), F("exp", "1.6e9", EXPIRED),
    F("exp", "1e-308", EXPIRED),

    C("nbf", "null"), C("nbf", "\"1700000000\""), C("nbf", "true"),
    C("nbf", "-1"), C("nbf", "1e400"), C("nbf", "NaN"), C("nbf", "[]"),
    C("nbf", "1700000000000"), C("nbf", "9223372036854775807"),
    F("nbf", "1700000031", EARLY), F("nbf", "1700000030.01", EARLY),
    F("nbf", "253402300799", EARLY),
    C("iat", "null"), C("iat", "\"1700000000\""), C("iat", "false"),
    C("iat", "-1"), C("iat", "1e400"), C("iat", "{}"),
    C("iat", "1700000000000"), C("iat", "-9223372036854775808"),
    F("iat", "1700000031", EARLY), F("iat", "253402300799", EARLY),
    C("auth_time", "null"), C("auth_time", "\"1700000000\""),
    C("auth_time", "-1"), C("auth_time", "1700000000000"),
    F("auth_time", "1700000031", EARLY),

    { "sub", NOT_THERE, WEIR_TOKEN_MISSING },
    F("sub", "\"\"", MISSING),
    C("sub", "null"), C("sub", "1"), C("sub", "true"), C("sub", "[\"a\"]"),
    C("sub", "{\"a\":1}"), C("sub", "\"a\\r\\nX-Roles: admin\""),
    C("sub", "\"a\\n\""), C("sub", "\"\\ra\""), C("sub", "\"a\\tb\""),
    C("sub", "\"a\\u0001\""), C("sub", "\"a\\u001f\""),
    C("sub", "\"a\\u007f\""), C("sub", "\"a\x7f\""), C("sub", "\"\\u0085\""),
    C("sub", "\"a\\u009f\""), C("sub", "\"a\xc2\x80\""),
    C("sub", "\"a\\u0000\""), C("sub", "\"a\\u0000b\""), C("sub", "\"a\0\""),
    C("jti", "null"), C("jti", "1"), C("jti", "[\"j\"]"), C("jti", "{}"),

    C("roles", "null"), C("roles", "1"), C("roles", "true"),
    C("roles", "{}"), C("roles", "{\"admin\":true}"), C("roles", "[1]"),
    C("roles", "[null]"), C("roles", "[[\"admin\"]]"), C("roles", "[\"\"]"),
    C("roles", "[\"a\",{}]"), C("roles", "[\"a\\r\\nX: y\"]"),
    C("roles", "[\"a\\u0000\"]"), C("roles", "\"a\\nb\""),
    C("roles", "\"a\\tb\""), C("roles", "[\"a\",\"b\\u0085\"]"),
    C("amr", "null"), C("amr", "1"), C("amr", "[1]"), C("amr", "{}"),
    C("amr", "[\"a\\n\"]"), C("amr", "[true]"),
    C("tenant_id", "null"), C("tenant_id", "7"), C("tenant_id", "[\"a\"]"),
    C("tenant_id", "{\"id\":\"acme\"}"), C("tenant_id", "\"acme\\r\\n\""),
    C("tenant_id", "\"acme\\u0000\""), C("tenant_id", "false"),
    C("acr", "null"), C("acr", "1"), C("acr", "[\"urn:mfa\"]"),
    C("acr", "\"urn:mfa\\r\\n\""), C("acr", "\"a\\u007f\""),
    C("scope", "null"), C("scope", "1"), C("scope", "{}"), C("scope", "[1]"),
    C("scope", "\"a\\nb\""), C("scope", "[\"a\",null]"), C("scope", "[\"\"]"),
    C("scp", "1"), C("scp", "[\"a\\r\"]"), C("scp", "{}"),

    C("cnf", "null"), C("cnf", "true"), C("cnf", "\"x\""), C("cnf", "[]"),
    C("cnf", "{}"), C("cnf", "{\"x5t#S256\":null}"),
    C("cnf", "{\"x5t#S256\":1}"), C("cnf", "{\"x5t#S256\":\"\"}"),
    C("cnf", "{\"x5t#S256\":\"AAAA\"}"), C("cnf", "{\"x5t#S256\":[\"A\"]}"),
    C("cnf", "{\"x5t#S256\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"}"),
    C("cnf", "{\"x5t#S256\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"),
    C("cnf", "{\"x5t#S256\":"
             "\"+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
    C("cnf", "{\"x5t#S256\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
    C("cnf", "{\"x5t#S256\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"),
    C("cnf", "{\"jkt\":null}"), C("cnf", "{\"jkt\":\"\"}"),
    C("cnf", "{\"jkt\":{}}"), C("cnf", "{\"jkt\":\"short\"}"),
    C("cnf", "{\"jkt\":"
             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC\"}"),
    F("cnf", "{\"jwk\":{\"kty\":\"EC\"}}", BINDING),
    F("cnf", "{\"jwe\":\"x\"}", BINDING), F("cnf", "{\"kid\":\"k1\"}", BINDING),
    F("cnf", "{\"jku\":\"https://a.example\"}", BINDING),
    F("cnf", "{\"x5t\":\"AAAA\"}", BINDING),
    F("cnf", "{\"JKT\":\"\"}", BINDING),
    F("cnf", "{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
             "\"kid\":\"x\"}", BINDING),

    C("sub\":\"alice\",\"sub", "\"bob\""), C("exp\":9999,\"exp", "1700000600"),
    C("s\\u0075b\":\"bob\",\"sub", "\"alice\""),
    C("x\":{\"y\":1,\"y\":1},\"z", "1"), C("x\":[{\"\":1,\"\":1}],\"z", "1"),
};

/* As a member of the header and of the claims. */
static const weir_str_t  bad_values[] = {
    JSON_("1e400"), JSON_("-1e400"), JSON_("1e99999999999"), JSON_("NaN"),
    JSON_("nan"), JSON_("Infinity"), JSON_("99999999999999999999"),
    JSON_("-9223372036854775809"), JSON_("01"), JSON_("+1"), JSON_("1."),
    JSON_(".1"), JSON_("0x10"), JSON_("1e+"), JSON_("undefined"),
    JSON_("True"), JSON_("nul"), JSON_("'text'"), JSON_("text"),
    JSON_("\"\xff\""), JSON_("\"\xc0\xaf\""), JSON_("\"\xed\xa0\x80\""),
    JSON_("\"\xe2\x82\""), JSON_("\"\xf4\x90\x80\x80\""),
    JSON_("\"\xf8\x88\x80\x80\x80\""), JSON_("\"\x80\""),
    JSON_("\"\\ud800\""), JSON_("\"\\udc00\""), JSON_("\"\\ud800\\u0041\""),
    JSON_("\"\\u00\""), JSON_("\"\\x41\""), JSON_("\"\\\""),
    JSON_("\"\\u0000\""), JSON_("\"a\0b\""), JSON_("\"a\nb\""),
    JSON_("\"\x01\""), JSON_("\""), JSON_(""), JSON_("[1,]"), JSON_("[,]"),
    JSON_("{\"a\":}"), JSON_("{a:1}"), JSON_("{\"a\" 1}"), JSON_("[1 2]"),
    JSON_("/* */ 1"), JSON_("1 // x"), JSON_("{\"a\\u0000\":1}"),
    JSON_("{\"\xff\":1}"), JSON_("["), JSON_("}"), JSON_("[}"),
};

/* In place of the whole header and of all claims. */
static const weir_str_t  bad_objects[] = {
    JSON_(""), JSON_(" "), JSON_("\0"), JSON_("null"), JSON_("true"),
    JSON_("1"), JSON_("\"ES256\""), JSON_("[]"), JSON_("[{}]"),
    JSON_("{"), JSON_("}"), JSON_("{}{}"), JSON_("{} x"), JSON_("{},"),
    JSON_("{}\0"), JSON_("{\"alg\":\"ES256\"},"), JSON_("\xef\xbb\xbf{}"),
    JSON_("\xff\xfe{\0}\0"), JSON_("\0{\0}"), JSON_("{'alg':'ES256'}"),
    JSON_("{\"alg\":\"ES256\",}"), JSON_("{\"alg\"}"), JSON_("{\"alg\":}"),
    JSON_("{\"alg\":\"ES256\"}\n{\"alg\":\"none\"}"), JSON_("\\u007b\\u007d"),
    JSON_("eyJhbGciOiJFUzI1NiJ9"), JSON_("<xml/>"), JSON_("\x80\x81\x82"),
};

static const bad_repeat_t  bad_repeats[] = {
    { "sub", "\"", "a", 256, "\"", WEIR_TOKEN_CLAIMS },
    { "sub", "\"", "\\u00e9", 128, "\"", WEIR_TOKEN_CLAIMS },
    { "sub", "\"", "a", 9000, "\"", WEIR_TOKEN_CLAIMS },
    { "acr", "\"", "a", 256, "\"", WEIR_TOKEN_CLAIMS },
    { "tenant_id", "\"", "a", 129, "\"", WEIR_TOKEN_CLAIMS },
    { "roles", "[\"", "a", 129, "\"]", WEIR_TOKEN_CLAIMS },
    { "roles", "\"", "a", 129, "\"", WEIR_TOKEN_CLAIMS },
    { "roles", "[", "\"a\",", 64, "\"a\"]", WEIR_TOKEN_CLAIMS },
    { "roles", "\"", "a ", 65, "\"", WEIR_TOKEN_CLAIMS },
    { "amr", "[", "\"a\",", 64, "\"a\"]", WEIR_TOKEN_CLAIMS },
    { "scope", "\"", "a ", 1025, "\"", WEIR_TOKEN_CLAIMS },
    { "x", "[", "0,", 1012, "0]", WEIR_TOKEN_CLAIMS },
    { "x", "[", "0,", 1024, "0]", WEIR_TOKEN_CLAIMS },
    { "x", "[", "[],", 1024, "[]]", WEIR_TOKEN_CLAIMS },
    { "x", "", "[", 20, "]]]]]]]]]]]]]]]]]]]]", WEIR_TOKEN_CLAIMS },
    { "x", "", "{\"a\":", 20, "1}}}}}}}}}}}}}}}}}}}}", WEIR_TOKEN_CLAIMS },
    { "x", "", "[", 9000, "", WEIR_TOKEN_CLAIMS },
    { "x", "", "{\"a\":", 1500, "", WEIR_TOKEN_CLAIMS },
    { "x", "", "[{\"a\":", 1200, "", WEIR_TOKEN_CLAIMS },
    { "x", "1", "0", 400, "", WEIR_TOKEN_CLAIMS },
    { "exp", "1", "0", 9000, "", WEIR_TOKEN_CLAIMS },
    { "x", "\"", "a", 20000, "\"", WEIR_TOKEN_TOO_LARGE },
};

#undef H
#undef ALG_
#undef TYP_
#undef KID_
#undef C
#undef F

#endif
