/*
 * image.h: an image in memory, opened and verified.
 *
 * Opening checks everything that format.h and ops.h promise; after WEIR_OK
 * the bytes are trusted and must not change.  The bytes may lie in memory
 * shared by processes; the handle belongs to one.
 */

#ifndef WEIR_RUN_IMAGE_H
#define WEIR_RUN_IMAGE_H

#include "base/arena.h"
#include "base/rc.h"
#include "image/format.h"
#include "image/phash.h"

typedef struct weir_regex_s  weir_regex_t;

typedef struct {
    const uint8_t              *base;
    const weir_image_header_t  *header;
    /* records of each section and their number, by weir_section_t */
    const void                 *rec[WEIR_S_COUNT];
    uint32_t                    n[WEIR_S_COUNT];
    const weir_img_policy_t    *policy;
    weir_phash_t                hash[WEIR_HASH_COUNT];
    /* what need not be looked for */
    uint32_t                    params; /* that a route has, at most */
    uint32_t                    holds;  /* limits of a request, at most */
    uint32_t                    ops;    /* request_ops of a route, at most */
    bool                        paths;      /* a route has a new path */
    bool                        transforms; /* or request_ops */
    bool                        exact_hosts;
    bool                        wildcard_hosts;
    bool                        tenant_headers;
    weir_regex_t              **regex;  /* by index; compiled by open */
    uint32_t                   *late;   /* memo slots of what comes of the */
    uint32_t                    nlate;  /* answer; made by open */
    weir_digester_t            *digester;   /* of tokens; NULL: no issuers */
} weir_image_t;

/* The records of a section with their type: WEIR_REC(img, ROUTES)[i]. */
#define WEIR_REC_TYPE_DECL(id, type, text)  typedef type  weir_rec_##id;
WEIR_SECTIONS(WEIR_REC_TYPE_DECL)
#undef WEIR_REC_TYPE_DECL

#define WEIR_REC(img, id)  ((const weir_rec_##id *) (img)->rec[WEIR_S_##id])

/* name in code, reason in logs, in status and in weir_policy_rejected_total */
#define WEIR_REJECTS(R)                                                       \
    R(NONE,      "none")                                                      \
    R(READ,      "unreadable")                                                \
    R(SIZE,      "too_large")                                                 \
    R(TRUNCATED, "truncated")                                                 \
    R(MAGIC,     "bad_magic")                                                 \
    R(VERSION,   "unsupported_version")                                       \
    R(FEATURE,   "unsupported_feature")                                       \
    R(LENGTH,    "bad_length")                                                \
    R(DIGEST,    "bad_digest")                                                \
    R(UNSIGNED,  "unsigned")                                                  \
    R(SIGNATURE, "bad_signature")                                             \
    R(SECTION,   "bad_section")                                               \
    R(RECORD,    "bad_record")                                                \
    R(PROGRAM,   "bad_program")                                               \
    R(REGEX,     "bad_regex")                                                 \
    R(SERIAL,    "older_serial")                                              \
    R(CONFLICT,  "same_serial_other_content")                                 \
    R(MEMORY,    "out_of_memory")

typedef enum {
#define R(name, text)  WEIR_REJECT_##name,
    WEIR_REJECTS(R)
#undef R
    WEIR_REJECT_COUNT
} weir_reject_t;

const char *weir_reject_name(unsigned reason);

typedef struct {
    weir_reject_t  reason;
    char           text[160];   /* one sentence, NUL at the end: which record,
                                   what was found, what was expected */
} weir_refusal_t;

/* An Ed25519 public key, raw; see weir keygen. */
typedef struct {
    uint8_t  bytes[32];
} weir_public_key_t;

/*
 * Verifies hostile bytes: header, digests, signature (where key is not NULL),
 * sections, records, programs.  Time is linear in len.  base is 8-byte
 * aligned.  WEIR_ERROR fills *why.
 */
weir_rc_t weir_image_verify(const uint8_t *base, size_t len,
    const weir_public_key_t *key, weir_refusal_t *why);

/*
 * Makes a handle on bytes that were verified, and compiles the patterns.
 * Everything it allocates goes to the arena but what is PCRE2's and OpenSSL's,
 * which weir_image_close() frees.
 */
weir_rc_t weir_image_open(weir_image_t *img, const uint8_t *base,
    weir_arena_t *a, weir_refusal_t *why);
void weir_image_close(weir_image_t *img);

/*
 * Whether next may follow prev: where both carry a serial, it must be newer,
 * or the same with the same digest.
 */
weir_reject_t weir_image_order(const weir_image_header_t *prev,
    const weir_image_header_t *next);


static inline weir_str_t
weir_img_str(const weir_image_t *img, uint32_t i)
{
    const weir_img_str_t  *s;

    if (i == WEIR_NONE) {
        return weir_str("", 0);
    }

    s = &WEIR_REC(img, STRS)[i];

    return weir_str((const char *) img->rec[WEIR_S_BYTES] + s->offset,
                    s->length);
}

#endif
