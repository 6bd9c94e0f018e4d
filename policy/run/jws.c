/*
 * jws.c: signatures of tokens.
 *
 * Nothing in a header says which key to trust: it chooses an algorithm among
 * those allowed, and a key, by its exact name, among those known.
 */

#include "run/base64url.h"
#include "run/jws.h"

/* the longest signature: RSA of 16384 bits, encoded */
#define MAX_SIGNATURE  2731

/* keys that are tried for a token that names none: the work that anybody may
   ask for, and as many as a rotation ever needs at once */
#define MAX_TRIES  4


weir_token_fault_t
weir_jws_split(weir_str_t token, weir_str_t part[3])
{
    unsigned     i;
    const char  *p, *dot, *end;

    if (token.len > WEIR_MAX_TOKEN) {
        return WEIR_TOKEN_TOO_LARGE;
    }

    p = token.data;
    end = p + token.len;

    for (i = 0; i < 2; i++) {
        dot = p < end ? memchr(p, '.', (size_t) (end - p)) : NULL;

        if (dot == NULL) {
            return WEIR_TOKEN_MALFORMED;
        }

        part[i] = weir_str(p, (size_t) (dot - p));
        p = dot + 1;
    }

    part[2] = weir_str(p, (size_t) (end - p));

    if (part[0].len == 0 || part[2].len == 0
        || memchr(p, '.', part[2].len) != NULL)
    {
        return WEIR_TOKEN_MALFORMED;
    }

    return WEIR_TOKEN_NONE;
}


weir_token_fault_t
weir_jws_decode(weir_str_t part, const weir_memory_t *m, weir_str_t *out)
{
    char    *data;
    size_t   len;

    data = m->alloc(m->data, weir_base64url_room(part.len));

    if (data == NULL) {
        return WEIR_TOKEN_MEMORY;
    }

    if (weir_base64url_decode(part, data, &len) != WEIR_OK) {
        return WEIR_TOKEN_MALFORMED;
    }

    *out = weir_str(data, len);

    return WEIR_TOKEN_NONE;
}


weir_str_t
weir_jws_member(weir_str_t json, weir_str_t name)
{
    bool         quoted, here;
    unsigned     depth;
    const char  *p, *end, *from;

    depth = 0;
    quoted = here = false;
    end = json.data + json.len;

    /* from: of a name, of its value where here */
    for (p = from = json.data; p < end; p++) {

        if (quoted) {
            if (*p == '\\' && p + 1 < end) {
                p++;

            } else if (*p == '"') {
                quoted = false;
            }

            continue;
        }

        switch (*p) {

        case '"':
            quoted = true;

            if (depth == 1 && !here) {
                from = p + 1;
            }

            break;

        case ':':
            if (depth == 1 && weir_str_starts(weir_str(from, (size_t)
                                                       (p - from)), name)
                && from[name.len] == '"')
            {
                here = true;
                from = p + 1;
            }

            break;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
        case ',':
            if (depth == 1 && here) {
                return weir_str(from, (size_t) (p - from));
            }

            depth -= *p != ',';
            break;

        default:
            break;
        }
    }

    return weir_str(NULL, 0);
}


/* A member that is text, if it is there at all. */
static bool
text_member(const weir_json_value_t *json, weir_str_t name, weir_str_t *out)
{
    const weir_json_value_t  *v;

    v = weir_json_member(json, name);
    *out = weir_json_text(v);

    return v == NULL || weir_json_kind(v) == WEIR_JSON_TEXT;
}


/*
 * What would change how the token is to be read: extensions that must be
 * understood, of which we know none, and those of encryption.
 */
static bool
has_foreign(const weir_json_value_t *json)
{
    size_t  i;

    static const weir_str_t  names[] = {
        { "crit", 4 }, { "b64", 3 }, { "enc", 3 }, { "zip", 3 }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_json_member(json, names[i]) != NULL) {
            return true;
        }
    }

    return false;
}


static bool
find_alg(weir_str_t name, weir_alg_t *alg)
{
    unsigned  i;

    static const weir_str_t  names[] = {
#define A(id, text, kty)  { text, sizeof(text) - 1 },
        WEIR_ALGS(A)
#undef A
    };

    for (i = 0; i < WEIR_ALG_COUNT; i++) {
        if (weir_str_eq(name, names[i])) {
            *alg = (weir_alg_t) i;
            return true;
        }
    }

    return false;
}


static weir_token_fault_t
read_header(weir_jws_t *jws, uint32_t algs)
{
    weir_str_t  alg;

    if (weir_json_kind(jws->json) != WEIR_JSON_OBJECT
        || has_foreign(jws->json)
        || !text_member(jws->json, weir_string("kid"), &jws->kid)
        || !text_member(jws->json, weir_string("typ"), &jws->typ)
        || jws->kid.len > WEIR_MAX_KID)
    {
        return WEIR_TOKEN_HEADER;
    }

    if (!text_member(jws->json, weir_string("alg"), &alg)
        || alg.data == NULL || !find_alg(alg, &jws->alg)
        || !(algs & 1u << jws->alg))
    {
        return WEIR_TOKEN_ALG;
    }

    return WEIR_TOKEN_NONE;
}


weir_token_fault_t
weir_jws_open(weir_str_t token, uint32_t algs, const weir_memory_t *m,
    weir_jws_t *jws)
{
    weir_rc_t            rc;
    weir_str_t           part[3];
    const char          *why;
    weir_token_fault_t   fault;

    fault = weir_jws_split(token, part);

    if (fault == WEIR_TOKEN_NONE) {
        fault = weir_jws_decode(part[0], m, &jws->header);
    }

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    rc = weir_json_read(jws->header, &jws->json, &why);

    if (rc != WEIR_OK) {
        return rc == WEIR_NOMEM ? WEIR_TOKEN_MEMORY : WEIR_TOKEN_HEADER;
    }

    fault = read_header(jws, algs);

    if (fault != WEIR_TOKEN_NONE) {
        weir_jws_close(jws);
        return fault;
    }

    jws->input = weir_str(token.data, part[0].len + 1 + part[1].len);
    jws->payload = part[1];
    jws->signature = part[2];

    return WEIR_TOKEN_NONE;
}


void
weir_jws_close(weir_jws_t *jws)
{
    weir_json_free(jws->json);
}


bool
weir_jws_typ(const weir_jws_t *jws, weir_str_t typ)
{
    weir_str_t  s, media = weir_string("application/");

    s = jws->typ;

    if (s.len > media.len
        && weir_same_nocase(weir_str(s.data, media.len), media))
    {
        s = weir_str(s.data + media.len, s.len - media.len);
    }

    return s.data != NULL && weir_same_nocase(s, typ);
}


static weir_token_fault_t
decode_signature(const weir_jws_t *jws, const weir_memory_t *m,
    weir_str_t *out)
{
    if (jws->signature.len > MAX_SIGNATURE) {
        return WEIR_TOKEN_SIGNATURE;
    }

    return weir_jws_decode(jws->signature, m, out);
}


weir_token_fault_t
weir_jws_check_key(const weir_jws_t *jws, const weir_vkey_t *key,
    const weir_memory_t *m)
{
    weir_str_t          signature;
    weir_token_fault_t  fault;

    if (!(weir_key_algs(key) & 1u << jws->alg)) {
        return WEIR_TOKEN_ALG;
    }

    fault = decode_signature(jws, m, &signature);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    return weir_key_verify(key, jws->alg, jws->input, signature) == WEIR_OK
               ? WEIR_TOKEN_NONE : WEIR_TOKEN_SIGNATURE;
}


weir_token_fault_t
weir_jws_check(const weir_jws_t *jws, const weir_keys_t *keys,
    const weir_memory_t *m, const weir_vkey_t **key)
{
    size_t               i;
    unsigned             tries;
    weir_str_t           signature, kid;
    const weir_vkey_t   *k;
    weir_token_fault_t   fault, none;

    if (keys == NULL) {
        return WEIR_TOKEN_NO_KEYS;
    }

    fault = decode_signature(jws, m, &signature);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    none = WEIR_TOKEN_KEY;
    tries = 0;

    for (i = 0; i < weir_keys_count(keys) && tries < MAX_TRIES; i++) {
        k = weir_keys_at(keys, i);
        kid = weir_key_kid(k);

        if (jws->kid.data != NULL
            && (kid.data == NULL || !weir_str_eq(kid, jws->kid)))
        {
            continue;
        }

        if (!(weir_key_algs(k) & 1u << jws->alg)) {

            if (jws->kid.data != NULL) {
                none = WEIR_TOKEN_ALG;
            }

            continue;
        }

        if (weir_key_verify(k, jws->alg, jws->input, signature) == WEIR_OK) {
            *key = k;
            return WEIR_TOKEN_NONE;
        }

        tries++;
        none = WEIR_TOKEN_SIGNATURE;
    }

    return none;
}


weir_token_fault_t
weir_jws_verify(weir_str_t token, uint32_t algs, const weir_keys_t *keys,
    const weir_memory_t *m, weir_str_t *payload, const weir_vkey_t **key)
{
    weir_jws_t           jws;
    weir_str_t           decoded;
    const weir_vkey_t   *k;
    weir_token_fault_t   fault;

    fault = weir_jws_open(token, algs, m, &jws);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    fault = weir_jws_check(&jws, keys, m, &k);
    weir_jws_close(&jws);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    fault = weir_jws_decode(jws.payload, m, &decoded);

    if (fault == WEIR_TOKEN_NONE) {
        *payload = decoded;
        *key = k;
    }

    return fault;
}
