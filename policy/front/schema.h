/*
 * schema.h: the shape of a policy's source, one table: which keys there are,
 * what each takes, and one sentence about it.
 *
 * The checker, `weir schema` and the reference expand the same table.
 */

#ifndef WEIR_FRONT_SCHEMA_H
#define WEIR_FRONT_SCHEMA_H

#include "base/digest.h"
#include "front/node.h"

/*
 * What a value may be: name in code, what it is called in errors, pattern
 * for the JSON Schema (NULL: none).  The patterns say for editors what the
 * checker and the model say for sure.
 */
#define WEIR_FORMS(F)                                                         \
    F(ANY,      "any value", NULL)                                            \
    F(BOOL,     "true or false", NULL)                                        \
    F(INT,      "a whole number", NULL)                                       \
    F(TEXT,     "text", NULL)                                                 \
    F(ID,       "an id of letters, digits, '.', '_' and '-'",                 \
      "^[A-Za-z0-9._-]{1,128}$")                                              \
    F(IDENT,    "a name of letters, digits and '_'",                          \
      "^[A-Za-z_][A-Za-z0-9_]{0,127}$")                                       \
    F(CEL,      "an expression", NULL)                                        \
    F(FILLED,   "text, with expressions in ${}", NULL)                        \
    F(DURATION, "a duration as 300s, 10m or 1h", "^[0-9]+(ms|s|m|h|d)$")      \
    F(RATE,     "a rate as 600/m or 100/10s",                                 \
      "^[0-9]+/([smhd]|[0-9]+(ms|s|m|h|d))$")                                 \
    F(PERCENT,  "a percentage up to 100%, as 0.5%",                           \
      "^[0-9]+(\\.[0-9]{1,2})?%$")                                            \
    F(WEIGHT,   "a weight as 5, which is 5%, or as 0.05%",                    \
      "^[0-9]+(\\.[0-9]{1,2})?%$")                                            \
    F(RATIO,    "a number above 1 and up to 100, as 1.5", NULL)               \
    F(STEP,     "a step as 5%@10m, the last one as 100%",                     \
      "^[0-9]+(\\.[0-9]{1,2})?%(@[0-9]+(ms|s|m|h|d))?$")                      \
    F(STATUS,   "a status from 400 to 599", NULL)                             \
    F(ENUM,     "one of a few words", NULL)                                   \
    F(HEADER,   "the name of a header", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")      \
    F(COOKIE,   "the name of a cookie", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")      \
    F(TIME,     "a date as 2027-01-31, or a time as 2027-01-31T12:00:00Z",    \
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$")                                   \
    F(SHA256,   "a SHA-256 digest in hex or base64url",                       \
      "^([0-9A-Fa-f]{64}|[A-Za-z0-9_-]{43})$")                                \
    F(METHOD,   "a method in upper case", "^[!#$%&'*+.^_`|~0-9A-Z-]+$")       \
    F(PERMISSION, "a permission as orders:read",                              \
      "^[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*$")                                 \
    F(GRANT,    "permissions as orders:read, orders:* or orders:**",          \
      "^(([A-Za-z0-9._-]+|\\*):)*([A-Za-z0-9._-]+|\\*\\*?)$")                 \
    F(LIST_REF, "a list as lists.NAME", "^lists\\.[A-Za-z_][A-Za-z0-9_]*$")   \
    F(FILE,     "a path", NULL)                                               \
    F(CIDR,     "an address or a prefix", NULL)                               \
    F(HOST,     "a host", NULL)                                               \
    F(PATH,     "a path template", "^/")                                      \
    F(SOME,     "text or a list of it", NULL)                                 \
    F(LIST,     "a list", NULL)                                               \
    F(MAP,      "a map", NULL)                                                \
    F(OBJECT,   "a map", NULL)

typedef enum {
#define F(name, what, pattern)  WEIR_F_##name,
    WEIR_FORMS(F)
#undef F
    WEIR_F_COUNT
} weir_form_t;

typedef struct weir_type_s    weir_type_t;
typedef struct weir_key_s     weir_key_t;
typedef struct weir_object_s  weir_object_t;

struct weir_type_s {
    weir_form_t           form;
    const weir_type_t    *item;     /* LIST, MAP, SOME: of each */
    const weir_object_t  *object;
    const char *const    *words;    /* ENUM: the last is NULL; a map of object
                                       is a value too, if there is one */
    weir_form_t           key;      /* MAP: ID, IDENT or HEADER */
    int64_t               min;      /* INT: least; LIST: fewest */
    int64_t               max;      /* INT: greatest; LIST: most; 0 = any */
};

typedef enum {
    WEIR_KEY_OPTIONAL,
    WEIR_KEY_REQUIRED
} weir_presence_t;

struct weir_key_s {
    const char       *name;
    weir_presence_t   presence;
    weir_type_t       type;
    const char       *doc;
};

struct weir_object_s {
    const char         *name;   /* of its definition in the JSON Schema */
    const char         *what;   /* "a route", for errors */
    const weir_key_t   *keys;
    size_t              nkeys;
    const char *const  *one_of; /* exactly one of these keys; or NULL */
};

/* A policy file, one that is included. */
extern const weir_object_t  weir_schema_policy;
extern const weir_object_t  weir_schema_included;

/* A line of a file of tenants, of API keys, of what is revoked. */
extern const weir_object_t  weir_schema_tenant_line;
extern const weir_object_t  weir_schema_apikey_line;
extern const weir_object_t  weir_schema_revoked_line;

/*
 * Reports every difference between a tree and an object, and sets what
 * differs to UNSET.
 */
void weir_schema_check(weir_diags_t *diags, weir_node_t *node,
    const weir_object_t *object);

/*
 * Text of one form.  DURATION: milliseconds; RATE: units in milliseconds;
 * PERCENT: 1/10000; TIME: seconds since 1970, the last of a day, UTC.
 * STEP: a share, and milliseconds, UINT64_MAX where none are given.
 */
weir_rc_t weir_millis_parse(weir_str_t s, uint64_t *ms);
weir_rc_t weir_rate_parse(weir_str_t s, uint64_t *units, uint64_t *ms);
weir_rc_t weir_percent_parse(weir_str_t s, uint32_t *share);
weir_rc_t weir_step_parse(weir_str_t s, uint32_t *share, uint64_t *ms);
weir_rc_t weir_until_parse(weir_str_t s, int64_t *sec);
weir_rc_t weir_digest_parse(weir_str_t s, uint8_t out[WEIR_SHA256_LEN]);

/* WEIGHT: 1/10000; RATIO: 1/1000, of a number that is one. */
weir_rc_t weir_weight_of(const weir_node_t *node, uint32_t *weight);
weir_rc_t weir_ratio_of(const weir_node_t *node, uint32_t *ratio);

bool weir_form_has(weir_str_t s, weir_form_t form);
const char *weir_form_what(weir_form_t form);
const char *weir_form_pattern(weir_form_t form);

/* The JSON Schema (2020-12) of a policy file. */
weir_rc_t weir_schema_print(FILE *out);

#endif
