/*
 * keyset.c: sets of keys (RFC 7517), read whole or not at all.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "image/bounds.h"
#include "run/jwk.h"
#include "run/keys.h"

#define NAME_LEN  48            /* of a key, in sentences */

struct weir_keys_s {
    size_t        count;
    uint64_t      marks[WEIR_MAX_KEYS];     /* of thumbprints */
    weir_vkey_t  *keys[WEIR_MAX_KEYS];
};

typedef struct {
    uint32_t             algs;
    bool                 lone;  /* one JWK, not a set */
    weir_keys_t         *keys;
    weir_keys_error_t   *why;
    void               (*note)(void *data, const char *text);
    void                *data;
    weir_jwk_t           jwk;
    char                 name[NAME_LEN];
} reader_t;


static weir_rc_t __attribute__((format(printf, 2, 3)))
refuse(weir_keys_error_t *why, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);

    return WEIR_ERROR;
}


/* key 2 "kid", with nothing in it that a log would stumble over. */
static void
name_key(reader_t *r, size_t number)
{
    int          n;
    char         c;
    size_t       i, len;
    weir_str_t   kid;

    n = snprintf(r->name, sizeof(r->name), "key %zu", number);
    kid = r->jwk.kid;

    if (n < 0 || kid.len == 0) {
        return;
    }

    len = (size_t) n;
    r->name[len++] = ' ';
    r->name[len++] = '"';

    for (i = 0; i < kid.len && len < sizeof(r->name) - 2; i++) {
        c = kid.data[i];
        r->name[len++] = c > ' ' && c <= '~' && c != '"' && c != '\\' ? c
                                                                      : '?';
    }

    r->name[len++] = '"';
    r->name[len] = '\0';
}


static weir_rc_t
add_key(reader_t *r)
{
    size_t        i;
    weir_rc_t     rc;
    weir_str_t    kid;
    weir_keys_t  *keys;

    keys = r->keys;

    for (i = 0; i < keys->count; i++) {
        kid = weir_key_kid(keys->keys[i]);

        if (kid.data != NULL && r->jwk.kid.data != NULL
            && weir_str_eq(kid, r->jwk.kid))
        {
            return refuse(r->why, "%s has the \"kid\" of a key before it",
                          r->name);
        }
    }

    rc = weir_key_make(&r->jwk, &keys->keys[keys->count]);

    if (rc == WEIR_ERROR) {
        return refuse(r->why, "%s has a point that is not on its curve, %s",
                      r->name, r->jwk.curve->name);
    }

    if (rc != WEIR_OK) {
        (void) refuse(r->why, "OpenSSL does not take %s, or there is no "
                      "memory", r->name);
        return rc;
    }

    memcpy(&keys->marks[keys->count++], r->jwk.thumbprint, sizeof(uint64_t));

    return WEIR_OK;
}


static weir_rc_t
read_key(reader_t *r, const weir_json_value_t *v, size_t number)
{
    char       text[sizeof(r->why->text)];
    weir_rc_t  rc;

    rc = weir_jwk_read(v, r->algs, &r->jwk);
    name_key(r, number);

    if (rc == WEIR_OK) {
        rc = add_key(r);

    } else if (rc != WEIR_DECLINED || r->lone) {
        rc = refuse(r->why, "%s %s", r->name, r->jwk.why);

    } else {
        rc = WEIR_OK;

        if (r->note != NULL) {
            snprintf(text, sizeof(text), "%s %s", r->name, r->jwk.why);
            r->note(r->data, text);
        }
    }

    if (r->jwk.kty == WEIR_KTY_OCT) {
        explicit_bzero(&r->jwk, sizeof(r->jwk));
        r->jwk.kty = WEIR_KTY_OCT;
    }

    return rc;
}


static weir_rc_t
read_set(reader_t *r, const weir_json_value_t *list)
{
    bool                      secret, public;
    void                     *it;
    size_t                    n;
    weir_rc_t                 rc;
    weir_str_t                name;
    const weir_json_value_t  *v;

    if (weir_json_kind(list) != WEIR_JSON_LIST) {
        return refuse(r->why, "\"keys\" is no list");
    }

    if (weir_json_size(list) > WEIR_MAX_KEYS) {
        return refuse(r->why, "the set has %zu keys, and %d are the most",
                      weir_json_size(list), WEIR_MAX_KEYS);
    }

    n = 0;
    it = NULL;
    secret = false;
    public = false;

    while ((v = weir_json_step(list, &it, &name)) != NULL) {
        rc = read_key(r, v, ++n);

        if (rc != WEIR_OK) {
            return rc;
        }

        secret = secret || r->jwk.kty == WEIR_KTY_OCT;
        public = public || (r->jwk.kty != WEIR_KTY_OCT
                            && r->jwk.kty != WEIR_KTY_COUNT);
    }

    if (secret && public) {
        return refuse(r->why, "the set has secrets beside public keys");
    }

    return WEIR_OK;
}


static weir_rc_t
read_root(reader_t *r, const weir_json_value_t *root)
{
    weir_rc_t                 rc;
    const weir_json_value_t  *list;

    if (weir_json_kind(root) != WEIR_JSON_OBJECT) {
        return refuse(r->why, "it is no JSON object");
    }

    list = weir_json_member(root, weir_string("keys"));
    r->lone = r->lone || list == NULL;
    rc = r->lone ? read_key(r, root, 1) : read_set(r, list);

    if (rc == WEIR_OK && r->keys->count == 0) {
        return refuse(r->why, "the set has no key of use to the issuer");
    }

    return rc;
}


void
weir_keys_free(weir_keys_t *keys)
{
    size_t  i;

    if (keys == NULL) {
        return;
    }

    for (i = 0; i < keys->count; i++) {
        weir_key_free(keys->keys[i]);
    }

    free(keys);
}


static weir_rc_t
read_text(weir_str_t text, reader_t *r, weir_keys_t **out)
{
    weir_rc_t           rc;
    const char         *sentence;
    weir_json_value_t  *root;

    if (text.len > WEIR_MAX_KEY_SET) {
        return refuse(r->why, "it is larger than %u bytes", WEIR_MAX_KEY_SET);
    }

    rc = weir_json_read(text, &root, &sentence);

    if (rc != WEIR_OK) {
        (void) refuse(r->why, "%s", sentence);
        return rc;
    }

    r->keys = calloc(1, sizeof(*r->keys));

    if (r->keys == NULL) {
        (void) refuse(r->why, "there is no memory for it");
        rc = WEIR_NOMEM;
    } else {
        rc = read_root(r, root);
    }

    weir_json_free(root);

    if (rc == WEIR_OK) {
        *out = r->keys;
    } else {
        weir_keys_free(r->keys);
    }

    return rc;
}


weir_rc_t
weir_keys_read(weir_str_t text, uint32_t algs, weir_keys_t **out,
    weir_keys_error_t *why, void (*note)(void *data, const char *text),
    void *data)
{
    reader_t  r;

    r.algs = algs;
    r.lone = false;
    r.why = why;
    r.note = note;
    r.data = data;

    return read_text(text, &r, out);
}


weir_rc_t
weir_keys_read_public(weir_str_t text, uint32_t algs, weir_keys_t **out,
    weir_keys_error_t *why)
{
    reader_t  r;

    r.algs = algs & WEIR_ALGS_PUBLIC;
    r.lone = true;
    r.why = why;
    r.note = NULL;

    return read_text(text, &r, out);
}


size_t
weir_keys_count(const weir_keys_t *keys)
{
    return keys->count;
}


const weir_vkey_t *
weir_keys_at(const weir_keys_t *keys, size_t i)
{
    return keys->keys[i];
}


const weir_vkey_t *
weir_keys_find(const weir_keys_t *keys,
    const uint8_t thumbprint[WEIR_SHA256_LEN])
{
    size_t    i;
    uint64_t  mark;

    memcpy(&mark, thumbprint, sizeof(mark));

    for (i = 0; i < keys->count; i++) {
        if (keys->marks[i] == mark
            && memcmp(weir_key_thumbprint(keys->keys[i]), thumbprint,
                      WEIR_SHA256_LEN) == 0)
        {
            return keys->keys[i];
        }
    }

    return NULL;
}
