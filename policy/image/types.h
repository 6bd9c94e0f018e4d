/*
 * types.h: the kinds of values, the errors an evaluation can end in, and
 * the phases of a request.  Each is one table.
 */

#ifndef WEIR_IMAGE_TYPES_H
#define WEIR_IMAGE_TYPES_H

/*
 * name in code, name in CEL.  DYN is a type of the checker and the verifier
 * ("any kind"); no value has it.  UNSET is the kind of an empty slot, ERR
 * the kind of a failed evaluation: both are invisible in the language.
 */
#define WEIR_KINDS(K)                                                         \
    K(UNSET,     "unset")                                                     \
    K(ERR,       "error")                                                     \
    K(DYN,       "dyn")                                                       \
    K(NULL,      "null_type")                                                 \
    K(BOOL,      "bool")                                                      \
    K(INT,       "int")                                                       \
    K(UINT,      "uint")                                                      \
    K(DOUBLE,    "double")                                                    \
    K(STRING,    "string")                                                    \
    K(BYTES,     "bytes")                                                     \
    K(LIST,      "list")                                                      \
    K(MAP,       "map")                                                       \
    K(TIMESTAMP, "google.protobuf.Timestamp")                                 \
    K(DURATION,  "google.protobuf.Duration")                                  \
    K(TYPE,      "type")                                                      \
    K(OPTIONAL,  "optional_type")                                             \
    K(IP,        "net.IP")                                                    \
    K(CIDR,      "net.CIDR")                                                  \
    K(CIDRS,     "weir.CIDRList")                                             \
    K(REGEX,     "weir.Regex")

typedef enum {
#define K(name, cel)  WEIR_T_##name,
    WEIR_KINDS(K)
#undef K
    WEIR_T_COUNT
} weir_kind_t;

/* name in code, name in decisions, metrics and `weir explain` */
#define WEIR_EVAL_ERRORS(E)                                                   \
    E(NONE,             "none")                                               \
    E(NO_SUCH_KEY,      "no_such_key")                                        \
    E(NO_SUCH_OVERLOAD, "no_such_overload")                                   \
    E(OUT_OF_RANGE,     "index_out_of_range")                                 \
    E(DIVIDE_BY_ZERO,   "divide_by_zero")                                     \
    E(OVERFLOW,         "overflow")                                           \
    E(CONVERSION,       "bad_conversion")                                     \
    E(INVALID_ARGUMENT, "invalid_argument")                                   \
    E(DUPLICATE_KEY,    "duplicate_key")                                      \
    E(TOO_LARGE,        "too_large")                                          \
    E(MATCH_LIMIT,      "match_limit")                                        \
    E(UNAVAILABLE,      "unavailable")

typedef enum {
#define E(name, text)  WEIR_E_##name,
    WEIR_EVAL_ERRORS(E)
#undef E
    WEIR_E_COUNT
} weir_eval_error_t;

/* In the order in which a request passes them. */
#define WEIR_PHASES(P)                                                        \
    P(CONNECT,  "connect")                                                    \
    P(PREAUTH,  "preauth")                                                    \
    P(ACCESS,   "access")                                                     \
    P(RESPONSE, "response")     /* its head is there, and not sent yet */     \
    P(LOG,      "log")

typedef enum {
#define P(name, text)  WEIR_PHASE_##name,
    WEIR_PHASES(P)
#undef P
    WEIR_PHASE_COUNT
} weir_phase_t;

const char *weir_kind_name(unsigned kind);
const char *weir_eval_error_name(unsigned error);
const char *weir_phase_name(unsigned phase);

#endif
