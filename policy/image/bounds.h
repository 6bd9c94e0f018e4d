/*
 * bounds.h: every bound of the language and of the image, once.
 *
 * The front refuses a source that passes one and says which; the verifier
 * refuses an image that does.
 */

#ifndef WEIR_IMAGE_BOUNDS_H
#define WEIR_IMAGE_BOUNDS_H

/* source */
#define WEIR_MAX_SOURCE          (64u << 20)   /* bytes of one file */
#define WEIR_MAX_INCLUDE_DEPTH   8
#define WEIR_MAX_FILES           4096          /* of one policy */
#define WEIR_MAX_YAML_DEPTH      32
#define WEIR_MAX_CEL_SOURCE      16384         /* bytes of one expression */
#define WEIR_MAX_CEL_DEPTH       64            /* nesting of one expression */
#define WEIR_MAX_CEL_NODES       4096          /* of one expression, expanded */

/* image */
#define WEIR_MAX_IMAGE           (1u << 30)
#define WEIR_MAX_SECTIONS        64
#define WEIR_MAX_STRING          65535         /* bytes of one constant */
#define WEIR_MAX_ZONE_NAME       64            /* bytes, of a time zone */
#define WEIR_MAX_ZONE_OFFSET     93600         /* seconds from UTC: 26 h */

/* programs */
#define WEIR_MAX_PROG_LEN        16384         /* instructions */
#define WEIR_MAX_STACK           256           /* values, calls included */
#define WEIR_MAX_LOCALS          64            /* values of one program */
#define WEIR_MAX_CALL_DEPTH      16            /* programs inside programs */
#define WEIR_MAX_MEMO            4096          /* programs kept a request */
#define WEIR_MAX_ARGS            8
#define WEIR_MAX_COST            4000000       /* of one program, see ops.h */
#define WEIR_MAX_SCRATCH         65536         /* bytes a request may build */

/* values */
#define WEIR_MAX_LIST            1024          /* rounds of one loop */
#define WEIR_MAX_NESTED          256           /* of each of two loops, one in
                                                  the other, over lists of no
                                                  known length */
#define WEIR_MAX_VALUE_DEPTH     16            /* nesting of constants, JSON */
#define WEIR_MAX_WORK            WEIR_MAX_COST /* steps that functions take in
                                                  one evaluation: entries, and
                                                  16 bytes of text each */
#define WEIR_MAX_MATCHING        (2 * WEIR_MAX_WORK)   /* steps that patterns
                                                  take in one request */

/* regular expressions */
#define WEIR_MAX_REGEX           1024          /* bytes of a pattern */
#define WEIR_MAX_REGEX_REPEAT    1000          /* nested ones multiplied */
#define WEIR_MAX_REGEX_DEPTH     64            /* groups inside groups */
#define WEIR_MAX_REGEX_SIZE      60000         /* bytes of PCRE2 code, about */
#define WEIR_MAX_REGEX_PAIRS     100000        /* looked at to tell a tie */
#define WEIR_REGEX_MATCH_LIMIT   100000
#define WEIR_REGEX_DEPTH_LIMIT   1000

/* requests */
#define WEIR_MAX_PATH            8192          /* bytes, as sent */
#define WEIR_MAX_SEGMENTS        64            /* of a template */
#define WEIR_MAX_PARAMS          16            /* of a template */
#define WEIR_MAX_HOST            255
#define WEIR_MAX_TENANT_ID       128
#define WEIR_OTHER               "_other"      /* no tenant: what metrics and
                                                  usage have no room for */
#define WEIR_MAX_HEADERS         256           /* looked at by a loop */
#define WEIR_MAX_HEADER_TESTS    16            /* of a route */
#define WEIR_MAX_RULES           65535         /* of one layer */

/* identity */
#define WEIR_MAX_TOKEN           16384         /* bytes of a token */
#define WEIR_MAX_KID             255           /* bytes of a "kid" */
#define WEIR_MAX_JSON_DEPTH      20            /* of a token, of a key set */
#define WEIR_MAX_CLAIMS          1024          /* values in a token's claims */
#define WEIR_MAX_KEY_SET         (1u << 20)    /* bytes of a JWK Set */
#define WEIR_MAX_KEYS            64            /* of a JWK Set */
#define WEIR_MAX_ISSUERS         64
#define WEIR_MAX_SUBJECT         255           /* bytes of principal.sub */
#define WEIR_MAX_ROLE            128           /* bytes of its name */
#define WEIR_MAX_ROLES           64            /* of a caller, of a tenant */
#define WEIR_MAX_AUTH_METHODS    66            /* of a route: every issuer,
                                                  and two more */
#define WEIR_MAX_PERMISSION      255           /* bytes of its name */
#define WEIR_MAX_PERMISSIONS     16384         /* that are asked for */
#define WEIR_MAX_API_KEY         255           /* bytes: id, dot, secret */
#define WEIR_MAX_SKEW            600           /* seconds */
#define WEIR_MAX_TOKEN_AGE       31536000
#define WEIR_MAX_KEYS_TTL        2592000
#define WEIR_MAX_KEYS_STALE      31536000
#define WEIR_MAX_KEYS_REFRESH    86400
#define WEIR_MAX_KEYS_WAIT       30000         /* milliseconds */
#define WEIR_MAX_REVOKED_EVERY   3600
#define WEIR_MAX_REVOKED_STALE   31536000

/* limits */
#define WEIR_MAX_LIMITS          4096          /* those of plans included */
#define WEIR_MAX_ROUTE_LIMITS    16
#define WEIR_MAX_PLAN_LIMITS     4
#define WEIR_MAX_HOLDS           (WEIR_MAX_ROUTE_LIMITS + WEIR_MAX_PLAN_LIMITS)
#define WEIR_MAX_KEY_PARTS       8
#define WEIR_MAX_UNITS           1000000000000 /* of a limit, burst and cost */
#define WEIR_MAX_WINDOW          86400         /* seconds; longer is a quota */
#define WEIR_MAX_RATE            1000000000    /* units a second: one a ns */
#define WEIR_MAX_SPAN            315360000     /* seconds in which a burst
                                                  comes back: ten years */
#define WEIR_MAX_CONCURRENCY     1000000
#define WEIR_MAX_LEASE           1000000000    /* units */

/* traffic */
#define WEIR_MAX_FLAGS           1024
#define WEIR_MAX_SPLITS          256
#define WEIR_MAX_ARMS            8             /* of a split */
#define WEIR_MAX_OVERRIDES       64            /* of a split */
#define WEIR_MAX_STEPS           16            /* of a ramp */
#define WEIR_MAX_STEP            2592000       /* seconds */
#define WEIR_MIN_GUARD_WINDOW    1000          /* milliseconds */
#define WEIR_MAX_GUARD_WINDOW    86400000
#define WEIR_MAX_GUARD_REQUESTS  1000000
#define WEIR_MAX_RATIO           100000        /* 1/1000 */
#define WEIR_MAX_HOLD            31536000      /* seconds */
#define WEIR_MAX_BREAKER         100000        /* failures, requests, probes */
#define WEIR_MIN_BREAKER_TIME    100           /* milliseconds */
#define WEIR_MAX_BREAKER_TIME    3600000
#define WEIR_MAX_MIRROR_TIME     60000
#define WEIR_MAX_COOKIE_AGE      34560000      /* seconds: 400 days */
#define WEIR_MAX_CORS            1024
#define WEIR_MAX_ORIGINS         256           /* of one */
#define WEIR_MAX_HEADER_OPS      64            /* of a route, each way */
#define WEIR_MAX_HEADER_NAME     256           /* bytes of one changed */
#define WEIR_MAX_HEADER_VALUE    8192          /* bytes of one that is built */
#define WEIR_MAX_MAINTENANCE     256
#define WEIR_MAX_RETRY_AFTER     31536000

#endif
