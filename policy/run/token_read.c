/*
 * token_read.c: claims as a token has them, each held to its type.
 *
 * What is read here was signed by the issuer; what it says of itself may
 * still be meant to reach a header, a log or another's memory.
 */

#include "run/base64url.h"
#include "run/claims.h"

typedef struct {
    const weir_image_t       *image;
    const weir_img_issuer_t  *issuer;
    const weir_memory_t      *memory;
} rules_t;


/* NULL: the policy does not want it, or the claims do not have it. */
static const weir_value_t *
at_path(const rules_t *r, const weir_value_t *claims, weir_range_t path)
{
    uint32_t             i;
    const weir_value_t  *v;

    v = path.count ? claims : NULL;

    for (i = 0; i < path.count && v != NULL; i++) {
        v = weir_claims_get(v, weir_ref_str(r->image, path, i));
    }

    return v;
}


/* Control characters of ASCII, and those of Latin-1 as UTF-8 has them. */
static bool
has_control(weir_str_t s)
{
    size_t          i;
    unsigned char   c, before;

    for (i = 0, before = 0; i < s.len; i++, before = c) {
        c = (unsigned char) s.data[i];

        if (c < 0x20 || c == 0x7f || (before == 0xc2 && c < 0xa0)) {
            return true;
        }
    }

    return false;
}


/* Text that may go into a header; none is "". */
static bool
plain_text(const weir_value_t *v, size_t max, weir_str_t *out)
{
    if (v == NULL) {
        *out = weir_str("", 0);
        return true;
    }

    if (v->kind != WEIR_T_STRING || v->len > max
        || has_control(weir_v_text(v)))
    {
        return false;
    }

    *out = weir_v_text(v);

    return true;
}


/* The next of the words between blanks; false: there is none. */
static bool
next_word(weir_str_t s, size_t *pos, weir_str_t *word)
{
    size_t  begin;

    while (*pos < s.len && s.data[*pos] == ' ') {
        ++*pos;
    }

    begin = *pos;

    while (*pos < s.len && s.data[*pos] != ' ') {
        ++*pos;
    }

    *word = weir_str(s.data + begin, *pos - begin);

    return word->len != 0;
}


static weir_token_fault_t
split_words(const rules_t *r, weir_str_t s, size_t max_words, size_t max_len,
    weir_value_t *out)
{
    size_t         n, pos;
    weir_str_t     word;
    weir_value_t  *items;

    for (n = 0, pos = 0; next_word(s, &pos, &word); n++) {
        if (n == max_words || word.len > max_len) {
            return WEIR_TOKEN_CLAIMS;
        }
    }

    items = NULL;

    if (n != 0) {
        items = r->memory->alloc(r->memory->data, n * sizeof(weir_value_t));

        if (items == NULL) {
            return WEIR_TOKEN_MEMORY;
        }
    }

    for (n = 0, pos = 0; next_word(s, &pos, &word); n++) {
        items[n] = weir_v_str(word);
    }

    *out = (weir_value_t) { .kind = WEIR_T_LIST, .rep = WEIR_REP_VALUES,
                            .len = (uint32_t) n, .u.items = items };

    return WEIR_TOKEN_NONE;
}


/* A list of text as it is, or text split at its blanks. */
static weir_token_fault_t
word_list(const rules_t *r, const weir_value_t *v, size_t max_words,
    size_t max_len, weir_value_t *out)
{
    uint32_t    i;
    weir_str_t  word;

    if (v == NULL || v->kind != WEIR_T_LIST) {
        return plain_text(v, WEIR_MAX_TOKEN, &word)
                   ? split_words(r, word, max_words, max_len, out)
                   : WEIR_TOKEN_CLAIMS;
    }

    if (v->len > max_words) {
        return WEIR_TOKEN_CLAIMS;
    }

    for (i = 0; i < v->len; i++) {
        if (!plain_text(&v->u.items[i], max_len, &word) || word.len == 0) {
            return WEIR_TOKEN_CLAIMS;
        }
    }

    *out = *v;

    return WEIR_TOKEN_NONE;
}


static bool
read_times(weir_token_t *t)
{
    const weir_value_t  *c;

    c = &t->claims;

    return weir_claims_time(weir_claims_get(c, weir_string("exp")), false,
                            &t->exp)
           && weir_claims_time(weir_claims_get(c, weir_string("nbf")), true,
                               &t->nbf)
           && weir_claims_time(weir_claims_get(c, weir_string("iat")), false,
                               &t->iat)
           && weir_claims_time(weir_claims_get(c, weir_string("auth_time")),
                               false, &t->auth_time);
}


static bool
read_texts(const rules_t *r, weir_token_t *t)
{
    weir_str_t           sub;
    const weir_value_t  *c;

    c = &t->claims;

    return weir_claims_text(weir_claims_get(c, weir_string("iss")), &t->iss)
           && weir_claims_text(weir_claims_get(c, weir_string("jti")), &t->jti)
           && weir_claims_text(weir_claims_get(c, weir_string("sub")), &sub)
           && plain_text(at_path(r, c, r->issuer->sub), WEIR_MAX_SUBJECT,
                         &t->sub)
           && plain_text(at_path(r, c, r->issuer->tenant),
                         WEIR_MAX_TENANT_ID, &t->tenant)
           && plain_text(at_path(r, c, r->issuer->acr), WEIR_MAX_SUBJECT,
                         &t->acr);
}


static weir_token_fault_t
read_lists(const rules_t *r, weir_token_t *t)
{
    weir_token_fault_t   fault;
    const weir_value_t  *c, *scope;

    c = &t->claims;
    scope = weir_claims_get(c, weir_string("scope"));

    if (scope == NULL) {
        scope = weir_claims_get(c, weir_string("scp"));
    }

    fault = word_list(r, at_path(r, c, r->issuer->roles), WEIR_MAX_ROLES,
                      WEIR_MAX_ROLE, &t->roles);

    if (fault == WEIR_TOKEN_NONE) {
        fault = word_list(r, at_path(r, c, r->issuer->amr), WEIR_MAX_ROLES,
                          WEIR_MAX_ROLE, &t->amr);
    }

    if (fault == WEIR_TOKEN_NONE) {
        fault = word_list(r, scope, WEIR_MAX_LIST, WEIR_MAX_TOKEN,
                          &t->scopes);
    }

    return fault;
}


static bool
read_digest(const weir_value_t *v, uint8_t out[WEIR_SHA256_LEN])
{
    size_t   len;
    uint8_t  bytes[weir_base64url_room(weir_base64url_len(WEIR_SHA256_LEN))];

    if (v->kind != WEIR_T_STRING
        || v->len != weir_base64url_len(WEIR_SHA256_LEN)
        || weir_base64url_decode(weir_v_text(v), bytes, &len) != WEIR_OK)
    {
        return false;
    }

    memcpy(out, bytes, WEIR_SHA256_LEN);

    return true;
}


/*
 * RFC 7800: to ignore a way of binding that we do not know would be to take
 * the token from whoever has it.
 */
static weir_token_fault_t
read_binding(weir_token_t *t)
{
    uint32_t             i;
    weir_str_t           name;
    const weir_value_t  *cnf, *at;

    cnf = weir_claims_get(&t->claims, weir_string("cnf"));

    if (cnf == NULL) {
        return WEIR_TOKEN_NONE;
    }

    if (cnf->kind != WEIR_T_MAP || cnf->len == 0) {
        return WEIR_TOKEN_CLAIMS;
    }

    for (i = 0; i < cnf->len; i++) {
        at = &cnf->u.items[2 * i];
        name = weir_v_text(at++);

        if (weir_str_eq(name, weir_string("x5t#S256"))) {
            t->has_x5t = read_digest(at, t->x5t);

            if (!t->has_x5t) {
                return WEIR_TOKEN_CLAIMS;
            }

        } else if (weir_str_eq(name, weir_string("jkt"))) {
            t->has_jkt = read_digest(at, t->jkt);

            if (!t->has_jkt) {
                return WEIR_TOKEN_CLAIMS;
            }

        } else {
            return WEIR_TOKEN_BINDING;
        }
    }

    return WEIR_TOKEN_NONE;
}


weir_token_fault_t
weir_token_read(weir_str_t payload, const weir_image_t *img,
    const weir_img_issuer_t *issuer, const weir_memory_t *m, weir_token_t *t)
{
    rules_t             r = { img, issuer, m };
    weir_token_fault_t  fault;

    fault = weir_claims_read(payload, m, &t->claims);

    if (fault != WEIR_TOKEN_NONE) {
        return fault;
    }

    if (!read_times(t) || !read_texts(&r, t)) {
        return WEIR_TOKEN_CLAIMS;
    }

    fault = read_lists(&r, t);

    return fault == WEIR_TOKEN_NONE ? read_binding(t) : fault;
}
