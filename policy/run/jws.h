/*
 * jws.h: the compact serialisation of a JWS (RFC 7515) in two steps, so that
 * what its header says can be looked at in between.
 */

#ifndef WEIR_RUN_JWS_H
#define WEIR_RUN_JWS_H

#include "run/json.h"
#include "run/jwt.h"

typedef struct {
    weir_alg_t          alg;
    weir_str_t          kid;        /* data NULL: none */
    weir_str_t          typ;        /* data NULL: none */
    weir_str_t          header;     /* its JSON, in memory */
    weir_json_value_t  *json;       /* the same; kid and typ are its */
    weir_str_t          input;      /* what is signed */
    weir_str_t          payload;    /* encoded */
    weir_str_t          signature;  /* encoded */
} weir_jws_t;

/*
 * Takes a token apart and reads its header.  WEIR_TOKEN_NONE: it is to be
 * closed.
 */
weir_token_fault_t weir_jws_open(weir_str_t token, uint32_t algs,
    const weir_memory_t *m, weir_jws_t *jws);
void weir_jws_close(weir_jws_t *jws);

/* Whether its type is that one, "application/" before it or not. */
bool weir_jws_typ(const weir_jws_t *jws, weir_str_t typ);

/*
 * Where the value of a member lies in the text of an object; a name with
 * escapes is not found: data NULL.  Of text that is no JSON it may be any
 * part; of what weir_json_read() took, where names are each once, the value.
 */
weir_str_t weir_jws_member(weir_str_t json, weir_str_t name);

/* Decodes a part into memory; WEIR_TOKEN_MALFORMED, or MEMORY. */
weir_token_fault_t weir_jws_decode(weir_str_t part, const weir_memory_t *m,
    weir_str_t *out);

/* Three parts, the payload perhaps empty; else MALFORMED, or TOO_LARGE. */
weir_token_fault_t weir_jws_split(weir_str_t token, weir_str_t part[3]);

/* The signature by a key of the set; *key is that key. */
weir_token_fault_t weir_jws_check(const weir_jws_t *jws,
    const weir_keys_t *keys, const weir_memory_t *m,
    const weir_vkey_t **key);

/* The same by one key, whatever its kid. */
weir_token_fault_t weir_jws_check_key(const weir_jws_t *jws,
    const weir_vkey_t *key, const weir_memory_t *m);


/* The same but for the case of ASCII's letters. */
static inline bool
weir_same_nocase(weir_str_t a, weir_str_t b)
{
    char    x, y;
    size_t  i;

    for (i = 0; a.len == b.len && i < a.len; i++) {
        x = a.data[i];
        y = b.data[i];
        x = x >= 'A' && x <= 'Z' ? (char) (x | 0x20) : x;
        y = y >= 'A' && y <= 'Z' ? (char) (y | 0x20) : y;

        if (x != y) {
            return false;
        }
    }

    return a.len == b.len;
}

#endif
