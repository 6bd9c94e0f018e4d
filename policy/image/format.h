/*
 * format.h: the binary image, the contract of front (writes) and run (reads).
 *
 * Little-endian, flat, position-independent.  Header, section table, then the
 * sections in the order of their ids, each 8-byte aligned; the fewer than 8
 * bytes between two are zero, and the image ends where the last one does.  A
 * section is an array of records of one size; records refer to each other by
 * index, never by address.  NONE stands for "no such record", an empty range
 * is all zero.  WEIR_IMAGE_REFS below says for every field what it may refer
 * to: writer, verifier and `weir inspect` expand that table.
 */

#ifndef WEIR_IMAGE_FORMAT_H
#define WEIR_IMAGE_FORMAT_H

#include "base/digest.h"
#include "image/algs.h"
#include "image/ops.h"

#define WEIR_IMAGE_MAGIC  "\211WEIR\r\n\032"    /* 8 bytes; shows mangling */
#define WEIR_IMAGE_MAJOR  1
#define WEIR_IMAGE_MINOR  0
#define WEIR_NONE         0xffffffffu

/* header flags */
#define WEIR_IMAGE_HAS_SERIAL  1u
#define WEIR_IMAGE_SIGNED      2u

/*
 * The image digest is SHA-256 over header and section table with digest and
 * signature zeroed; the section table carries the digests of the sections.
 * The signature is Ed25519 over those same bytes.
 */
typedef struct {
    uint8_t   magic[8];
    uint16_t  major;
    uint16_t  minor;
    uint32_t  flags;
    uint64_t  required;         /* features a reader must know; none yet */
    uint64_t  optional;
    uint64_t  length;           /* of the whole image, exact */
    uint64_t  serial;
    uint32_t  sections;
    uint32_t  stack;            /* values that evaluation needs at most */
    uint32_t  memo;             /* memo slots */
    uint32_t  scratch;          /* bytes that evaluation may build; 0 = none */
    uint32_t  name;             /* strs */
    uint32_t  compiler;         /* strs: version of the compiler */
    uint8_t   source[WEIR_SHA256_LEN];
    uint8_t   digest[WEIR_SHA256_LEN];
    uint8_t   key_id[8];        /* first bytes of SHA-256 of the public key */
    uint8_t   signature[64];
    uint8_t   reserved[48];     /* zero */
} weir_image_header_t;          /* 256 bytes */

typedef struct {
    uint32_t  id;               /* weir_section_t */
    uint32_t  flags;            /* bit 0: a reader may skip it when unknown */
    uint64_t  offset;
    uint64_t  length;
    uint8_t   digest[WEIR_SHA256_LEN];
    uint64_t  reserved;         /* zero */
} weir_image_section_t;         /* 64 bytes */

#define WEIR_SECTION_OPTIONAL  1u

/* A run of records in the section that the field's row names. */
typedef struct {
    uint32_t  first;
    uint32_t  count;
} weir_range_t;

typedef uint8_t   weir_img_byte_t;
typedef uint32_t  weir_img_ref_t;

typedef struct {                /* valid UTF-8 */
    uint32_t  offset;           /* into bytes */
    uint32_t  length;
} weir_img_str_t;

/*
 * A constant.  n and v by kind:
 *   BOOL INT UINT DOUBLE TYPE  v = the value (double: its bits; type: kind)
 *   STRING BYTES               n = length, v = offset into bytes
 *   TIMESTAMP DURATION         v = seconds, n = nanoseconds (duration: int32)
 *   LIST                       n = elements, v = index of the first
 *   MAP                        n = pairs, v = index of the first key; each
 *                              value follows its key; sorted by key
 *   OPTIONAL                   n = 0 or 1, v = index of the value
 *   IP                         n = 4 or 16, v = offset into bytes of a
 *                              weir_ip_t (17 bytes: n, address, zeros)
 *   CIDR                       n = bits << 8 | 4 or 16, v as of IP
 *   CIDRS REGEX                v = index into their section
 * Elements have a lower index than what holds them, so nothing is cyclic;
 * nesting is at most WEIR_MAX_VALUE_DEPTH, a list or map holds at most
 * WEIR_MAX_LIST, and all together, the same row counted once, at most four
 * times as many as there are constants.  Keys are BOOL, INT, UINT, STRING,
 * each once, in this order: false, true, numbers by value (1 and 1u are one
 * key), strings by bytes.
 */
typedef struct {
    uint8_t   kind;
    uint8_t   reserved[3];
    uint32_t  n;
    uint64_t  v;
} weir_img_const_t;

/*
 * One expression.  The code of a program begins where that of the program
 * before it ends.
 */
typedef struct {
    weir_range_t  code;
    uint8_t       kind;         /* of the result; DYN = any */
    uint8_t       phase;        /* the earliest it can run in */
    uint16_t      locals;
    uint32_t      memo;         /* memo slot, or NONE */
    uint32_t      file;         /* strs */
    uint32_t      text;         /* strs: the source, for explain; or NONE */
} weir_img_prog_t;

/* parallel to code, or empty: where an instruction comes from */
typedef struct {
    uint32_t  line;
    uint32_t  col;
} weir_img_pos_t;

typedef struct {                /* an RE2 pattern in its canonical PCRE2 form */
    uint32_t  pattern;          /* strs */
    uint32_t  source;           /* strs: as the author wrote it */
    uint32_t  flags;            /* WEIR_REGEX_* */
    uint32_t  reserved;
} weir_img_regex_t;

#define WEIR_REGEX_ANCHORED  1u /* must match the whole subject */

typedef struct {
    weir_id_t  uid;
    uint32_t   id;              /* strs */
    uint32_t   when;            /* progs; NONE = always */
    uint32_t   message;         /* strs, or NONE */
    uint16_t   status;          /* of a refusal by this rule */
    uint8_t    phase;           /* weir_phase_t: CONNECT or ACCESS */
    uint8_t    dry_run;
    uint32_t   file;            /* strs */
    uint32_t   line;
    uint32_t   col;
    uint32_t   reserved;
} weir_img_rule_t;

typedef struct {                /* a named list of addresses, merged */
    uint32_t      name;         /* strs */
    uint32_t      reserved;
    weir_range_t  v4;
    weir_range_t  v6;
} weir_img_cidrs_t;

typedef struct {                /* inclusive, sorted, disjoint */
    uint32_t  lo;               /* host byte order */
    uint32_t  hi;
} weir_img_v4_t;

typedef struct {
    uint8_t  lo[16];
    uint8_t  hi[16];
} weir_img_v6_t;

/*
 * A perfect hash over the records of one section (phash.h).  Which one is
 * fixed by the place in the section: WEIR_HASH_*.
 */
typedef struct {
    uint64_t      seed;
    weir_range_t  displace;     /* refs: any numbers */
    weir_range_t  slots;        /* refs: records, or NONE */
} weir_img_hash_t;

enum {
    WEIR_HASH_HOSTS,            /* hosts by key */
    WEIR_HASH_TENANTS,          /* tenants by id */
    WEIR_HASH_TENANT_HOSTS,     /* tenant_hosts by host */
    WEIR_HASH_ROLES,            /* roles, the policy's, by name */
    WEIR_HASH_APIKEYS,          /* apikeys by id */
    WEIR_HASH_IDENTITIES,       /* identities by name */
    WEIR_HASH_REVOKED,          /* revoked by key */
    WEIR_HASH_COUNT
};

typedef struct {
    uint32_t      id;           /* strs */
    uint32_t      plan;         /* strs, or NONE */
    uint32_t      attrs;        /* consts: a MAP; or NONE */
    uint32_t      limits;       /* plans: that of its name; or NONE */
    weir_range_t  deny;         /* rules */
    weir_range_t  allow;
    weir_range_t  roles;        /* its own: they hide the policy's of a name */
} weir_img_tenant_t;

typedef struct {
    uint32_t  host;             /* strs: lower case */
    uint32_t  tenant;           /* tenants */
} weir_img_tenant_host_t;

enum {
    WEIR_RESOLVE_HOST,          /* prefix + tenant (one label) + suffix */
    WEIR_RESOLVE_HEADER,
    WEIR_RESOLVE_PATH,
    WEIR_RESOLVE_COUNT
};

typedef struct {
    uint8_t       kind;
    uint8_t       rest;         /* path: more segments may follow */
    uint8_t       reserved[2];
    uint32_t      prefix;       /* host: strs */
    uint32_t      suffix;       /* host: strs */
    uint32_t      header;       /* header: strs, lower case */
    weir_range_t  segments;     /* path: refs to strs; NONE = the tenant */
    weir_range_t  trust;        /* header: refs to cidrs; empty = trusts all */
} weir_img_resolve_t;

/*
 * Routes of one host pattern.  key is the host in lower case; of a wildcard
 * "*.shop.example" it is ".shop.example".
 */
typedef struct {
    uint32_t  key;              /* strs */
    uint32_t  root;             /* nodes */
} weir_img_host_t;

/*
 * A place in the tree of path segments.  Edges lead to higher nodes, each to
 * one of its own, and belong to one node.
 */
typedef struct {
    weir_range_t  literals;     /* edges, sorted by hash, then by segment */
    weir_range_t  params;       /* edges; with a pattern before without */
    weir_range_t  routes;       /* refs: path ends here; most specific first */
    weir_range_t  rest;         /* refs: any segments may follow, or none */
} weir_img_node_t;

typedef struct {
    uint32_t  hash;             /* literal: low half of weir_hash(segment, 0) */
    uint32_t  segment;          /* literal: strs; parameter: NONE */
    uint32_t  regex;            /* parameter: regexes, or NONE */
    uint32_t  node;             /* nodes */
} weir_img_edge_t;

typedef struct {
    weir_id_t     uid;
    uint32_t      id;           /* strs */
    uint32_t      methods;      /* WEIR_METHOD_* bits; 0 and none other = any */
    weir_range_t  other;        /* refs to strs: further methods */
    weir_range_t  headers;      /* header_tests: all must hold */
    weir_range_t  params;       /* refs to strs: names, left to right */
    weir_range_t  deny;         /* rules */
    weir_range_t  allow;
    uint32_t      upstream;     /* strs, or NONE */
    uint8_t       public;
    uint8_t       auth;         /* WEIR_AUTH_* */
    uint8_t       forward;      /* credentials go on to the upstream */
    uint8_t       reserved;
    uint32_t      file;         /* strs */
    uint32_t      line;
    weir_range_t  auth_methods; /* methods: how callers prove who they are */
    weir_range_t  permissions;  /* refs to permissions: all are required */
    weir_range_t  scopes;       /* refs to strs: all are required */
    uint32_t      require;      /* progs: must be true; or NONE */
    uint32_t      mfa;          /* mfas, or NONE */
    weir_range_t  limits;       /* refs to limits: those of PREAUTH first */
    uint32_t      split;        /* splits, or NONE; then upstream is NONE */
    uint32_t      cors;         /* cors, or NONE */
    uint32_t      version;      /* versions, or NONE */
    uint32_t      path;         /* progs: a STRING, what the upstream gets
                                   instead of the path; or NONE */
    weir_range_t  request_ops;  /* header_ops, in the order they are done */
    weir_range_t  response_ops;
} weir_img_route_t;

/* How a route wants its methods. */
enum {
    WEIR_AUTH_NONE,             /* nobody is asked: the caller is anonymous */
    WEIR_AUTH_ANY,              /* the first whose credential is sent decides */
    WEIR_AUTH_ALL,              /* each; the first is the principal */
    WEIR_AUTH_OPTIONAL,         /* ANY, or no credential at all */
    WEIR_AUTH_COUNT
};

/* name in code, principal.kind */
#define WEIR_PRINCIPALS(P)                                                    \
    P(ANONYMOUS, "anonymous") P(JWT, "jwt") P(APIKEY, "apikey")               \
    P(MTLS, "mtls")

typedef enum {
#define P(name, text)  WEIR_BY_##name,
    WEIR_PRINCIPALS(P)
#undef P
    WEIR_BY_COUNT
} weir_by_t;

typedef struct {                /* a row of "auth" */
    uint32_t  by;               /* WEIR_BY_*, never ANONYMOUS */
    uint32_t  issuer;           /* JWT: issuers; else NONE */
} weir_img_method_t;

enum {
    WEIR_SOURCE_BEARER,         /* Authorization: Bearer, or DPoP */
    WEIR_SOURCE_HEADER,         /* the value as it is */
    WEIR_SOURCE_COOKIE,
    WEIR_SOURCE_COUNT
};

typedef struct {                /* where a credential is sent */
    uint32_t  kind;             /* WEIR_SOURCE_* */
    uint32_t  name;             /* strs: a header in lower case, a cookie */
} weir_img_source_t;

/* where the keys of an issuer come from */
enum {
    WEIR_KEYS_FILE,             /* a JWK Set, watched */
    WEIR_KEYS_URL,              /* a JWK Set; file, if any, until it came */
    WEIR_KEYS_DISCOVERY,        /* the URL is in iss's configuration */
    WEIR_KEYS_SECRET,           /* a file of symmetric JWKs, watched */
    WEIR_KEYS_COUNT
};

enum { WEIR_DPOP_OFF, WEIR_DPOP_REQUIRED, WEIR_DPOP_COUNT };

/* whether the store is asked what is revoked, and what becomes of tokens
   while that is not known */
enum {
    WEIR_REVOKED_HERE,          /* it is not: the policy's own lists are all */
    WEIR_REVOKED_DENY,
    WEIR_REVOKED_ALLOW,
    WEIR_REVOKED_COUNT
};

/*
 * Names of members from the outermost on, as refs to strs, say where in the
 * claims something is; empty: the policy does not want it.
 */
typedef struct {
    weir_id_t     keys_id;      /* of the source of its keys: what is known of
                                   them outlives a swap under it */
    uint8_t       digest[WEIR_SHA256_LEN];  /* of all that says which tokens
                                               are good and what they mean */
    uint32_t      name;         /* strs: in "issuers" */
    uint32_t      iss;          /* strs */
    weir_range_t  aud;          /* refs to strs: one must be its; empty = any */
    weir_range_t  typ;          /* refs to strs, lower case, without
                                   "application/"; empty = the usual ones */
    weir_range_t  claims;       /* refs to strs: must be there */
    weir_range_t  sources;      /* sources of its token, at least one */
    weir_range_t  sub;
    weir_range_t  roles;
    weir_range_t  tenant;
    weir_range_t  acr;
    weir_range_t  amr;
    uint32_t      url;          /* strs, or NONE */
    uint32_t      file;         /* strs, or NONE */
    uint32_t      algs;         /* WEIR_ALG_BIT() */
    uint8_t       keys;         /* WEIR_KEYS_* */
    uint8_t       dpop;         /* WEIR_DPOP_* */
    uint8_t       revoked;      /* WEIR_REVOKED_* */
    uint8_t       reserved;
    uint32_t      skew;         /* seconds */
    uint32_t      max_age;      /* seconds since iat; 0 = any */
    uint32_t      ttl;          /* seconds until keys are fetched again */
    uint32_t      stale_max;    /* seconds that keys live without a fetch */
    uint32_t      refresh;      /* seconds between fetches for unknown kids */
    uint32_t      wait;         /* milliseconds that a request waits for one */
    uint32_t      revoked_every;    /* seconds between looks at the store; 0
                                       = HERE, like the next */
    uint32_t      revoked_max;  /* seconds that the last good look counts */
} weir_img_issuer_t;

/*
 * What a token must not be: key is the issuer's name, NUL, "jti", "sub" or
 * "kid", NUL, the value.
 */
typedef struct {
    uint32_t  key;              /* strs */
} weir_img_revoked_t;

typedef struct {
    uint8_t       secret[WEIR_SHA256_LEN];  /* SHA-256 of it */
    int64_t       not_after;    /* seconds since 1970; INT64_MAX = for ever */
    uint32_t      id;           /* strs */
    uint32_t      tenant;       /* strs, or NONE */
    weir_range_t  roles;        /* refs to strs */
} weir_img_apikey_t;

/* A name of a verified certificate and who it is. */
typedef struct {
    uint32_t      name;         /* strs */
    uint32_t      tenant;       /* strs, or NONE */
    weir_range_t  roles;        /* refs to strs */
} weir_img_identity_t;

/* name in code, name in a policy: what a certificate calls its owner */
#define WEIR_CERT_NAMES(N)                                                    \
    N(URI_SAN, "uri_san") N(DNS_SAN, "dns_san") N(EMAIL_SAN, "email_san")     \
    N(CN, "cn") N(DN, "dn")

typedef enum {
#define N(name, text)  WEIR_CERT_##name,
    WEIR_CERT_NAMES(N)
#undef N
    WEIR_CERT_COUNT
} weir_cert_name_t;

/*
 * How a certificate says who it is: none or one record.  Its tenant is that
 * of its identity, else what stands in its name between prefix and suffix,
 * without a slash.
 */
typedef struct {
    uint32_t  sub;              /* WEIR_CERT_*: principal.sub */
    uint32_t  prefix;           /* strs; NONE = no tenant in the name */
    uint32_t  suffix;           /* strs; NONE as prefix */
    uint32_t  rest;             /* 1: anything may follow the suffix */
} weir_img_mtls_t;

/*
 * What must be the candidate's tenant, for who proves themselves that way.
 * path: refs to strs, of a claim.
 */
enum {
    WEIR_BIND_CLAIM,            /* JWT */
    WEIR_BIND_APIKEY,           /* tenant of the key */
    WEIR_BIND_MTLS,             /* tenant of the certificate */
    WEIR_BIND_URI_SAN,          /* one of them is the tenant */
    WEIR_BIND_DNS_SAN,
    WEIR_BIND_COUNT
};

typedef struct {
    uint32_t      kind;         /* WEIR_BIND_* */
    uint32_t      reserved;
    weir_range_t  path;
} weir_img_bind_t;

/*
 * The policy's roles come first, as their hash has them, then the tenants'.
 * A role with what it may do, its parents' included: bit p % 32 of word
 * p / 32 of bits is that of record p of permissions.
 */
typedef struct {
    uint32_t      name;         /* strs */
    uint32_t      tenant;       /* tenants; NONE = the policy's */
    weir_range_t  bits;         /* refs: any numbers; as many as it takes */
} weir_img_role_t;

#define WEIR_ROLE_WORDS(permissions)  ((uint32_t) (((permissions) + 31) / 32))

/* What rules and routes ask for, each once; without wildcards. */
typedef struct {
    uint32_t  name;             /* strs */
} weir_img_permission_t;

/* A second factor, as RFC 9470 asks for it. */
typedef struct {
    weir_range_t  acr;          /* refs to strs: one of; empty = any */
    weir_range_t  amr;          /* refs to strs: one of; empty = any */
    uint32_t      max_age;      /* seconds since auth_time; 0 = any */
    uint32_t      reserved;
} weir_img_mfa_t;

/* name in code, name in a policy: how a limit counts */
#define WEIR_LIMIT_KINDS(K)                                                   \
    K(GCRA,        "gcra")              /* a steady rate, and a burst */      \
    K(SLIDING,     "sliding_window")    /* this window, and what the last one\
                                           weighs still */                    \
    K(FIXED,       "fixed_window")                                            \
    K(QUOTA,       "quota")             /* a period of the calendar */        \
    K(CONCURRENCY, "concurrency")       /* requests in flight on this node */

typedef enum {
#define K(name, text)  WEIR_LIMIT_##name,
    WEIR_LIMIT_KINDS(K)
#undef K
    WEIR_LIMIT_COUNT
} weir_limit_kind_t;

/* name in code, name in a policy: of a quota, in its time zone */
#define WEIR_PERIODS(P)                                                       \
    P(DAY, "day")                                                             \
    P(WEEK, "week")                     /* from Monday on */                  \
    P(MONTH, "month")

typedef enum {
#define P(name, text)  WEIR_PERIOD_##name,
    WEIR_PERIODS(P)
#undef P
    WEIR_PERIOD_COUNT
} weir_period_t;

/* what becomes of requests while the store does not answer */
#define WEIR_STORE_FAILURES(F)                                                \
    F(LOCAL, "local") F(ALLOW, "allow") F(DENY, "deny")

typedef enum {
#define F(name, text)  WEIR_STORE_##name,
    WEIR_STORE_FAILURES(F)
#undef F
    WEIR_STORE_FAILURE_COUNT
} weir_store_failure_t;

const char *weir_limit_kind_name(unsigned kind);
const char *weir_period_name(unsigned period);
const char *weir_store_failure_name(unsigned failure);

/*
 * A limit.  One of a plan has the tenant as its key.
 *
 * What is counted, in units, by kind:
 *   GCRA         limit units in a window, burst units at once
 *   SLIDING      limit units in any window, about
 *   FIXED        limit units in a window
 *   QUOTA        limit units in a period, and burst units of overage
 *   CONCURRENCY  limit requests at once
 * A cluster counts budget units in a span, in the store: of GCRA a span that
 * holds a whole burst, of the others limit and window; of QUOTA budget is
 * limit and burst together, and span 0.
 */
typedef struct {
    weir_id_t     uid;          /* of its name and of how it counts: what was
                                   counted outlives the image under it */
    uint64_t      limit;
    uint64_t      burst;
    uint64_t      window;       /* nanoseconds; 0 of QUOTA, CONCURRENCY */
    uint64_t      budget;       /* 0 unless cluster */
    uint64_t      span;         /* nanoseconds */
    uint64_t      cost;         /* units of a request without cost_prog; of a
                                   response whose cost_prog fails */
    uint32_t      id;           /* strs */
    uint32_t      message;      /* strs, or NONE */
    uint32_t      cost_prog;    /* progs: an INT; or NONE */
    uint32_t      zone;         /* QUOTA: zones; NONE = UTC */
    weir_range_t  key;          /* refs to progs: STRING INT UINT BOOL IP */
    uint32_t      lease;        /* units that the store is asked for at once;
                                   0 = by demand */
    uint16_t      status;       /* of a refusal */
    uint8_t       kind;         /* WEIR_LIMIT_* */
    uint8_t       period;       /* QUOTA: WEIR_PERIOD_* */
    uint8_t       phase;        /* weir_phase_t: PREAUTH or ACCESS */
    uint8_t       cluster;      /* counted in the store */
    uint8_t       on_failure;   /* WEIR_STORE_* */
    uint8_t       on_full;      /* 1: lets pass what the table cannot hold */
    uint8_t       response;     /* the cost is the response's */
    uint8_t       dry_run;
    uint8_t       plan;         /* is of a plan: its key is the tenant */
    uint8_t       reserved;
    uint32_t      file;         /* strs */
    uint32_t      line;
} weir_img_limit_t;

/* What a tenant may use, on every route that is not public. */
typedef struct {
    uint32_t      name;         /* strs */
    uint32_t      reserved;
    weir_range_t  limits;       /* limits */
} weir_img_plan_t;

/*
 * A split: which arm, and so which upstream, gets a request.
 *
 * A key falls into one of 10000 buckets by its salt.  Arm 1 has the first of
 * them, as many as its weight, arm 2 the last, arm 3 those next to arm 1, and
 * so on; arm 0 has the ones between.  So what an arm gives to arm 0, or takes
 * from it, moves no other key while there are three at most.
 */
typedef struct {
    weir_id_t     uid;          /* of all that it says: what was learnt of it
                                   outlives the image under it */
    weir_id_t     salt;
    uint32_t      name;         /* strs */
    uint32_t      sticky;       /* progs: a STRING; or NONE */
    weir_range_t  arms;         /* arms, 2 to WEIR_MAX_ARMS */
    weir_range_t  overrides;    /* the first that matches decides */
    uint32_t      cookie;       /* strs: name of what pins a request without
                                   key; or NONE */
    uint32_t      cookie_age;   /* seconds; 0 = as long as the browser runs */
    uint32_t      guard;        /* guards, or NONE */
    uint32_t      mirror;       /* mirrors, or NONE */
    weir_range_t  steps;        /* of the ramp of the guard's arm, or empty */
    uint32_t      file;         /* strs */
    uint32_t      line;
} weir_img_split_t;

typedef struct {
    uint32_t  name;             /* strs */
    uint32_t  upstream;         /* strs */
    uint32_t  weight;           /* 1/10000; those of a split make 10000 */
    uint32_t  breaker;          /* breakers, or NONE */
} weir_img_arm_t;

enum {
    WEIR_OVERRIDE_ANY,          /* only "when" decides */
    WEIR_OVERRIDE_HEADER,
    WEIR_OVERRIDE_COOKIE,
    WEIR_OVERRIDE_COUNT
};

typedef struct {
    uint32_t  source;           /* WEIR_OVERRIDE_* */
    uint32_t  name;             /* strs: a header in lower case; "" of ANY */
    uint32_t  value;            /* strs: must be equal; "" of ANY */
    uint32_t  when;             /* progs: must hold too; or NONE */
    uint32_t  arm;              /* arms: one of the split's */
    uint32_t  reserved;
} weir_img_override_t;

/* name in code, name in a policy, the share of requests that is below */
#define WEIR_QUANTILES(Q)                                                     \
    Q(P50, "p50_ratio", 5000) Q(P95, "p95_ratio", 9500)                       \
    Q(P99, "p99_ratio", 9900)

typedef enum {
#define Q(name, text, below)  WEIR_QUANTILE_##name,
    WEIR_QUANTILES(Q)
#undef Q
    WEIR_QUANTILE_COUNT
} weir_quantile_t;

/* Compares an arm with another one of its split. */
typedef struct {
    uint32_t  arm;              /* arms */
    uint32_t  versus;           /* arms */
    uint32_t  window;           /* milliseconds */
    uint32_t  min_requests;     /* on both */
    uint32_t  error_rate;       /* 1/10000 that it may be above the other's;
                                   NONE = not looked at */
    uint32_t  ratio[WEIR_QUANTILE_COUNT];   /* 1/1000 of the other's latency
                                               that it may have; 0 = not
                                               looked at */
    uint32_t  hold;             /* seconds that a rollback holds; 0 = until
                                   somebody resumes, or another split */
    uint32_t  report;           /* 1: it is only told, nothing is rolled back */
    uint32_t  reserved;
} weir_img_guard_t;

/* Of a ramp: its share of what arm and rival have together. */
typedef struct {
    uint32_t  share;            /* 1/10000 of all, more than the step before */
    uint32_t  seconds;          /* at least; of the last one 0 */
} weir_img_step_t;

/*
 * Opens after so many failures one behind the other, or at such a share of
 * them; lets some requests try again when it was open for a while.
 */
typedef struct {
    uint32_t  failures;         /* 0 = not looked at */
    uint32_t  error_rate;       /* 1/10000; 0 = not looked at */
    uint32_t  window;           /* ms, of error_rate */
    uint32_t  min_requests;     /* in it */
    uint32_t  open;             /* ms */
    uint32_t  probes;           /* that must succeed before it closes */
    uint32_t  fallback;         /* arms: another one of the split; or NONE */
    uint32_t  reserved;
} weir_img_breaker_t;

/* A copy of some requests to a server whose answer nobody waits for. */
typedef struct {
    uint32_t      upstream;     /* strs */
    uint32_t      sample;       /* 1/10000 */
    uint32_t      methods;      /* WEIR_METHOD_* bits */
    uint32_t      timeout;      /* ms, for the whole copy */
} weir_img_mirror_t;

/* What pages of other origins may do (the Fetch standard). */
typedef struct {
    uint32_t      name;         /* strs */
    uint32_t      methods;      /* strs: value of the header; or NONE */
    uint32_t      headers;      /* strs, as methods */
    uint32_t      expose;       /* strs, as methods */
    uint32_t      max_age;      /* seconds; NONE = not said */
    uint32_t      credentials;  /* 0 or 1 */
    weir_range_t  origins;      /* origins, at least one */
} weir_img_cors_t;

enum {
    WEIR_ORIGIN_ANY,
    WEIR_ORIGIN_EXACT,
    WEIR_ORIGIN_BELOW,          /* text, some labels, suffix */
    WEIR_ORIGIN_COUNT
};

typedef struct {
    uint32_t  kind;             /* WEIR_ORIGIN_* */
    uint32_t  text;             /* strs: "https://app.example"; of BELOW
                                   "https://"; of ANY "" */
    uint32_t  suffix;           /* strs: ".app.example:8443"; "" unless BELOW */
    uint32_t  reserved;
} weir_img_origin_t;

enum {
    WEIR_HEADER_REMOVE,
    WEIR_HEADER_SET,            /* in the place of all of that name */
    WEIR_HEADER_ADD,
    WEIR_HEADER_OP_COUNT
};

typedef struct {
    uint32_t  op;               /* WEIR_HEADER_* */
    uint32_t  name;             /* strs: lower case */
    uint32_t  text;             /* strs: the value; NONE: see prog */
    uint32_t  prog;             /* progs: a STRING; or NONE */
} weir_img_header_op_t;

/* What clients are told of a version of the interface. */
typedef struct {
    uint32_t  name;             /* strs */
    uint32_t  deprecation;      /* strs: value of Deprecation (RFC 9745) */
    uint32_t  sunset;           /* strs: value of Sunset (RFC 8594) */
    uint32_t  link;             /* strs: value of Link; each may be NONE */
} weir_img_version_t;

/* Where it holds, or fails, requests are told to come back. */
typedef struct {
    uint32_t  id;               /* strs */
    uint32_t  when;             /* progs: BOOL; NONE = always */
    uint32_t  message;          /* strs, or NONE */
    uint16_t  status;
    uint16_t  reserved;
    uint32_t  retry_after;      /* seconds; 0 = not said */
    uint32_t  file;             /* strs */
    uint32_t  line;
    uint32_t  col;
} weir_img_maintenance_t;

/* which headers tell a client of its limits; bits */
#define WEIR_HEADERS_IETF    1u
#define WEIR_HEADERS_LEGACY  2u

/* name in code, as sent; a route lists methods as a bit set */
#define WEIR_METHODS(M)                                                       \
    M(GET, "GET") M(HEAD, "HEAD") M(POST, "POST") M(PUT, "PUT")               \
    M(DELETE, "DELETE") M(PATCH, "PATCH") M(OPTIONS, "OPTIONS")               \
    M(CONNECT, "CONNECT") M(TRACE, "TRACE")

typedef enum {
#define M(name, text)  WEIR_METHOD_BIT_##name,
    WEIR_METHODS(M)
#undef M
    WEIR_METHOD_COUNT
} weir_method_t;

enum {
    WEIR_TEST_PRESENT,
    WEIR_TEST_EXACT,
    WEIR_TEST_PREFIX,
    WEIR_TEST_COUNT
};

typedef struct {
    uint32_t  name;             /* strs: lower case */
    uint32_t  value;            /* strs; "" for PRESENT */
    uint32_t  test;             /* WEIR_TEST_* */
    uint32_t  reserved;
} weir_img_header_test_t;

enum { WEIR_DOTS_RESOLVE, WEIR_DOTS_REJECT, WEIR_DOTS_COUNT };

/* The policy as a whole: exactly one record. */
typedef struct {
    weir_range_t  deny;         /* rules of the global layer */
    weir_range_t  allow;
    weir_range_t  resolve;      /* in order; the first hit is the candidate */
    uint32_t      any_host;     /* nodes: routes for every host; or NONE */
    uint16_t      unmatched;    /* status where no route matches */
    uint16_t      unknown_tenant;
    uint8_t       dot_segments;
    uint8_t       merge_slashes;
    uint8_t       limit_headers;    /* WEIR_HEADERS_*; 0 = none */
    uint8_t       reserved;
    uint32_t      audit_allow;  /* share of allows that are logged, 1/10000 */
    uint32_t      audit_deny;
    weir_range_t  redact;       /* refs to strs: audit fields to hash */
    weir_range_t  key_sources;  /* sources of API keys */
    weir_range_t  bind;         /* binds */
    weir_range_t  maintenance;
} weir_img_policy_t;

/*
 * A time zone under one name; aliases share their shifts.  Sorted by name,
 * each once; a name has at most WEIR_MAX_ZONE_NAME bytes.
 */
typedef struct {
    uint32_t      name;         /* strs */
    weir_range_t  shifts;       /* at least one */
} weir_img_zone_t;

/*
 * From a moment on, until that of the next, clocks are so far ahead of UTC.
 * Those of a zone ascend strictly, and the first is at INT64_MIN, so that
 * every moment has one; behind the last, its offset holds for ever.
 */
typedef struct {
    int64_t   at;               /* seconds since 1970 */
    int32_t   offset;           /* seconds, within WEIR_MAX_ZONE_OFFSET */
    uint32_t  reserved;
} weir_img_shift_t;

/*
 * name in code, record type, name in `weir inspect`.  Up to policy, a section
 * that a policy does not need is present and empty; of those behind it, it is
 * absent, and a reader that does not know it can read the image.
 */
#define WEIR_SECTIONS(S)                                                      \
    S(BYTES,        weir_img_byte_t,        "bytes")                          \
    S(STRS,         weir_img_str_t,         "strs")                           \
    S(REFS,         weir_img_ref_t,         "refs")                           \
    S(CONSTS,       weir_img_const_t,       "consts")                         \
    S(CODE,         weir_insn_t,            "code")                           \
    S(POS,          weir_img_pos_t,         "pos")                            \
    S(PROGS,        weir_img_prog_t,        "progs")                          \
    S(REGEXES,      weir_img_regex_t,       "regexes")                        \
    S(RULES,        weir_img_rule_t,        "rules")                          \
    S(CIDRS,        weir_img_cidrs_t,       "cidrs")                          \
    S(V4,           weir_img_v4_t,          "v4")                             \
    S(V6,           weir_img_v6_t,          "v6")                             \
    S(HASHES,       weir_img_hash_t,        "hashes")                         \
    S(TENANTS,      weir_img_tenant_t,      "tenants")                        \
    S(TENANT_HOSTS, weir_img_tenant_host_t, "tenant_hosts")                   \
    S(RESOLVES,     weir_img_resolve_t,     "resolves")                       \
    S(HOSTS,        weir_img_host_t,        "hosts")                          \
    S(NODES,        weir_img_node_t,        "nodes")                          \
    S(EDGES,        weir_img_edge_t,        "edges")                          \
    S(ROUTES,       weir_img_route_t,       "routes")                         \
    S(HEADER_TESTS, weir_img_header_test_t, "header_tests")                   \
    S(METHODS,      weir_img_method_t,      "methods")                        \
    S(SOURCES,      weir_img_source_t,      "sources")                        \
    S(ISSUERS,      weir_img_issuer_t,      "issuers")                        \
    S(REVOKED,      weir_img_revoked_t,     "revoked")                        \
    S(APIKEYS,      weir_img_apikey_t,      "apikeys")                        \
    S(IDENTITIES,   weir_img_identity_t,    "identities")                     \
    S(MTLS,         weir_img_mtls_t,        "mtls")                           \
    S(BINDS,        weir_img_bind_t,        "binds")                          \
    S(ROLES,        weir_img_role_t,        "roles")                          \
    S(PERMISSIONS,  weir_img_permission_t,  "permissions")                    \
    S(MFAS,         weir_img_mfa_t,         "mfas")                           \
    S(LIMITS,       weir_img_limit_t,       "limits")                         \
    S(PLANS,        weir_img_plan_t,        "plans")                          \
    S(SPLITS,       weir_img_split_t,       "splits")                         \
    S(ARMS,         weir_img_arm_t,         "arms")                           \
    S(OVERRIDES,    weir_img_override_t,    "overrides")                      \
    S(GUARDS,       weir_img_guard_t,       "guards")                         \
    S(STEPS,        weir_img_step_t,        "steps")                          \
    S(BREAKERS,     weir_img_breaker_t,     "breakers")                       \
    S(MIRRORS,      weir_img_mirror_t,      "mirrors")                        \
    S(CORS,         weir_img_cors_t,        "cors")                           \
    S(ORIGINS,      weir_img_origin_t,      "origins")                        \
    S(HEADER_OPS,   weir_img_header_op_t,   "header_ops")                     \
    S(VERSIONS,     weir_img_version_t,     "versions")                       \
    S(MAINTENANCE,  weir_img_maintenance_t, "maintenance")                    \
    S(POLICY,       weir_img_policy_t,      "policy")                         \
    S(ZONES,        weir_img_zone_t,        "zones")                          \
    S(SHIFTS,       weir_img_shift_t,       "shifts")

typedef enum {
#define S(id, type, text)  WEIR_S_##id,
    WEIR_SECTIONS(S)
#undef S
    WEIR_S_COUNT
} weir_section_t;

/* sections that every image has */
#define WEIR_S_ALWAYS  (WEIR_S_POLICY + 1)

/*
 * What every referring field must satisfy: section, record type, field, rule,
 * argument of the rule.
 *   STR        a string; OPT_STR: or NONE
 *   INDEX      a record of the section; OPT_INDEX: or NONE
 *   RANGE      records of the section
 *   REFS       a range of refs, each a record of the section; OPT_REFS: or
 *              NONE; ANY_REFS: each any number
 *   BOOL_PROG  a program whose result is a bool, or NONE; INT_PROG: an int,
 *              STR_PROG: a string
 *   MAP_CONST  a constant of kind MAP, or NONE
 *   MAX        a number below the argument
 *   STATUS     400 to 599
 *   ZERO       every byte is zero
 * CONSTS, CODE, PROGS, STRS, V4, V6, HASHES, ZONES and SHIFTS have rules of
 * their own in verify.c.
 */
#define WEIR_IMAGE_REFS(R)                                                    \
    R(PROGS,    weir_img_prog_t,    code,      RANGE,     WEIR_S_CODE)        \
    R(PROGS,    weir_img_prog_t,    kind,      MAX,       WEIR_T_COUNT)       \
    R(PROGS,    weir_img_prog_t,    phase,     MAX,       WEIR_PHASE_COUNT)   \
    R(PROGS,    weir_img_prog_t,    locals,    MAX,       WEIR_MAX_LOCALS + 1)\
    R(PROGS,    weir_img_prog_t,    file,      STR,       0)                  \
    R(PROGS,    weir_img_prog_t,    text,      OPT_STR,   0)                  \
    R(REGEXES,  weir_img_regex_t,   pattern,   STR,       0)                  \
    R(REGEXES,  weir_img_regex_t,   source,    STR,       0)                  \
    R(REGEXES,  weir_img_regex_t,   flags,     MAX,       2)                  \
    R(REGEXES,  weir_img_regex_t,   reserved,  ZERO,      0)                  \
    R(RULES,    weir_img_rule_t,    id,        STR,       0)                  \
    R(RULES,    weir_img_rule_t,    when,      BOOL_PROG, 0)                  \
    R(RULES,    weir_img_rule_t,    message,   OPT_STR,   0)                  \
    R(RULES,    weir_img_rule_t,    status,    STATUS,    0)                  \
    R(RULES,    weir_img_rule_t,    phase,     MAX,       WEIR_PHASE_COUNT)   \
    R(RULES,    weir_img_rule_t,    dry_run,   MAX,       2)                  \
    R(RULES,    weir_img_rule_t,    file,      STR,       0)                  \
    R(RULES,    weir_img_rule_t,    reserved,  ZERO,      0)                  \
    R(CIDRS,    weir_img_cidrs_t,   name,      STR,       0)                  \
    R(CIDRS,    weir_img_cidrs_t,   reserved,  ZERO,      0)                  \
    R(CIDRS,    weir_img_cidrs_t,   v4,        RANGE,     WEIR_S_V4)          \
    R(CIDRS,    weir_img_cidrs_t,   v6,        RANGE,     WEIR_S_V6)          \
    R(HASHES,   weir_img_hash_t,    displace,  ANY_REFS,  0)                  \
    R(TENANTS,  weir_img_tenant_t,  id,        STR,       0)                  \
    R(TENANTS,  weir_img_tenant_t,  plan,      OPT_STR,   0)                  \
    R(TENANTS,  weir_img_tenant_t,  attrs,     MAP_CONST, 0)                  \
    R(TENANTS,  weir_img_tenant_t,  limits,    OPT_INDEX, WEIR_S_PLANS)       \
    R(TENANTS,  weir_img_tenant_t,  deny,      RANGE,     WEIR_S_RULES)       \
    R(TENANTS,  weir_img_tenant_t,  allow,     RANGE,     WEIR_S_RULES)       \
    R(TENANTS,  weir_img_tenant_t,  roles,     RANGE,     WEIR_S_ROLES)       \
    R(TENANT_HOSTS, weir_img_tenant_host_t, host, STR,    0)                  \
    R(TENANT_HOSTS, weir_img_tenant_host_t, tenant, INDEX, WEIR_S_TENANTS)    \
    R(RESOLVES, weir_img_resolve_t, kind,      MAX,       WEIR_RESOLVE_COUNT) \
    R(RESOLVES, weir_img_resolve_t, rest,      MAX,       2)                  \
    R(RESOLVES, weir_img_resolve_t, reserved,  ZERO,      0)                  \
    R(RESOLVES, weir_img_resolve_t, prefix,    STR,       0)                  \
    R(RESOLVES, weir_img_resolve_t, suffix,    STR,       0)                  \
    R(RESOLVES, weir_img_resolve_t, header,    STR,       0)                  \
    R(RESOLVES, weir_img_resolve_t, segments,  OPT_REFS,  WEIR_S_STRS)        \
    R(RESOLVES, weir_img_resolve_t, trust,     REFS,      WEIR_S_CIDRS)       \
    R(HOSTS,    weir_img_host_t,    key,       STR,       0)                  \
    R(HOSTS,    weir_img_host_t,    root,      INDEX,     WEIR_S_NODES)       \
    R(NODES,    weir_img_node_t,    literals,  RANGE,     WEIR_S_EDGES)       \
    R(NODES,    weir_img_node_t,    params,    RANGE,     WEIR_S_EDGES)       \
    R(NODES,    weir_img_node_t,    routes,    REFS,      WEIR_S_ROUTES)      \
    R(NODES,    weir_img_node_t,    rest,      REFS,      WEIR_S_ROUTES)      \
    R(EDGES,    weir_img_edge_t,    segment,   OPT_STR,   0)                  \
    R(EDGES,    weir_img_edge_t,    regex,     OPT_INDEX, WEIR_S_REGEXES)     \
    R(EDGES,    weir_img_edge_t,    node,      INDEX,     WEIR_S_NODES)       \
    R(ROUTES,   weir_img_route_t,   id,        STR,       0)                  \
    R(ROUTES,   weir_img_route_t,   methods,   MAX, 1u << WEIR_METHOD_COUNT)  \
    R(ROUTES,   weir_img_route_t,   other,     REFS,      WEIR_S_STRS)        \
    R(ROUTES,   weir_img_route_t,   headers,   RANGE,     WEIR_S_HEADER_TESTS)\
    R(ROUTES,   weir_img_route_t,   params,    REFS,      WEIR_S_STRS)        \
    R(ROUTES,   weir_img_route_t,   deny,      RANGE,     WEIR_S_RULES)       \
    R(ROUTES,   weir_img_route_t,   allow,     RANGE,     WEIR_S_RULES)       \
    R(ROUTES,   weir_img_route_t,   upstream,  OPT_STR,   0)                  \
    R(ROUTES,   weir_img_route_t,   public,    MAX,       2)                  \
    R(ROUTES,   weir_img_route_t,   auth,      MAX,       WEIR_AUTH_COUNT)    \
    R(ROUTES,   weir_img_route_t,   forward,   MAX,       2)                  \
    R(ROUTES,   weir_img_route_t,   reserved,  ZERO,      0)                  \
    R(ROUTES,   weir_img_route_t,   file,      STR,       0)                  \
    R(ROUTES,   weir_img_route_t,   auth_methods, RANGE,  WEIR_S_METHODS)     \
    R(ROUTES,   weir_img_route_t,   permissions, REFS,    WEIR_S_PERMISSIONS) \
    R(ROUTES,   weir_img_route_t,   scopes,    REFS,      WEIR_S_STRS)        \
    R(ROUTES,   weir_img_route_t,   require,   BOOL_PROG, 0)                  \
    R(ROUTES,   weir_img_route_t,   mfa,       OPT_INDEX, WEIR_S_MFAS)        \
    R(ROUTES,   weir_img_route_t,   limits,    REFS,      WEIR_S_LIMITS)      \
    R(ROUTES,   weir_img_route_t,   split,     OPT_INDEX, WEIR_S_SPLITS)      \
    R(ROUTES,   weir_img_route_t,   cors,      OPT_INDEX, WEIR_S_CORS)        \
    R(ROUTES,   weir_img_route_t,   version,   OPT_INDEX, WEIR_S_VERSIONS)    \
    R(ROUTES,   weir_img_route_t,   path,      STR_PROG,  0)                  \
    R(ROUTES,   weir_img_route_t,   request_ops, RANGE,     WEIR_S_HEADER_OPS)\
    R(ROUTES, weir_img_route_t, response_ops, RANGE, WEIR_S_HEADER_OPS)       \
    R(HEADER_TESTS, weir_img_header_test_t, name,  STR,   0)                  \
    R(HEADER_TESTS, weir_img_header_test_t, value, STR,   0)                  \
    R(HEADER_TESTS, weir_img_header_test_t, test,  MAX,   WEIR_TEST_COUNT)    \
    R(HEADER_TESTS, weir_img_header_test_t, reserved, ZERO, 0)                \
    R(METHODS,  weir_img_method_t,  by,        MAX,       WEIR_BY_COUNT)      \
    R(METHODS,  weir_img_method_t,  issuer,    OPT_INDEX, WEIR_S_ISSUERS)     \
    R(SOURCES,  weir_img_source_t,  kind,      MAX,       WEIR_SOURCE_COUNT)  \
    R(SOURCES,  weir_img_source_t,  name,      STR,       0)                  \
    R(ISSUERS,  weir_img_issuer_t,  name,      STR,       0)                  \
    R(ISSUERS,  weir_img_issuer_t,  iss,       STR,       0)                  \
    R(ISSUERS,  weir_img_issuer_t,  aud,       REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  typ,       REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  claims,    REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  sources,   RANGE,     WEIR_S_SOURCES)     \
    R(ISSUERS,  weir_img_issuer_t,  sub,       REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  roles,     REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  tenant,    REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  acr,       REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  amr,       REFS,      WEIR_S_STRS)        \
    R(ISSUERS,  weir_img_issuer_t,  url,       OPT_STR,   0)                  \
    R(ISSUERS,  weir_img_issuer_t,  file,      OPT_STR,   0)                  \
    R(ISSUERS,  weir_img_issuer_t,  algs,      MAX,  1u << WEIR_ALG_COUNT)    \
    R(ISSUERS,  weir_img_issuer_t,  keys,      MAX,       WEIR_KEYS_COUNT)    \
    R(ISSUERS,  weir_img_issuer_t,  dpop,      MAX,       WEIR_DPOP_COUNT)    \
    R(ISSUERS,  weir_img_issuer_t,  revoked,   MAX,       WEIR_REVOKED_COUNT) \
    R(ISSUERS,  weir_img_issuer_t,  reserved,  ZERO,      0)                  \
    R(REVOKED,  weir_img_revoked_t, key,       STR,       0)                  \
    R(APIKEYS,  weir_img_apikey_t,  id,        STR,       0)                  \
    R(APIKEYS,  weir_img_apikey_t,  tenant,    OPT_STR,   0)                  \
    R(APIKEYS,  weir_img_apikey_t,  roles,     REFS,      WEIR_S_STRS)        \
    R(IDENTITIES, weir_img_identity_t, name,   STR,       0)                  \
    R(IDENTITIES, weir_img_identity_t, tenant, OPT_STR,   0)                  \
    R(IDENTITIES, weir_img_identity_t, roles,  REFS,      WEIR_S_STRS)        \
    R(MTLS,     weir_img_mtls_t,    sub,       MAX,       WEIR_CERT_COUNT)    \
    R(MTLS,     weir_img_mtls_t,    prefix,    OPT_STR,   0)                  \
    R(MTLS,     weir_img_mtls_t,    suffix,    OPT_STR,   0)                  \
    R(MTLS,     weir_img_mtls_t,    rest,      MAX,       2)                  \
    R(BINDS,    weir_img_bind_t,    kind,      MAX,       WEIR_BIND_COUNT)    \
    R(BINDS,    weir_img_bind_t,    reserved,  ZERO,      0)                  \
    R(BINDS,    weir_img_bind_t,    path,      REFS,      WEIR_S_STRS)        \
    R(ROLES,    weir_img_role_t,    name,      STR,       0)                  \
    R(ROLES,    weir_img_role_t,    tenant,    OPT_INDEX, WEIR_S_TENANTS)     \
    R(ROLES,    weir_img_role_t,    bits,      ANY_REFS,  0)                  \
    R(PERMISSIONS, weir_img_permission_t, name, STR,      0)                  \
    R(MFAS,     weir_img_mfa_t,     acr,       REFS,      WEIR_S_STRS)        \
    R(MFAS,     weir_img_mfa_t,     amr,       REFS,      WEIR_S_STRS)        \
    R(MFAS,     weir_img_mfa_t,     reserved,  ZERO,      0)                  \
    R(LIMITS,   weir_img_limit_t,   id,        STR,       0)                  \
    R(LIMITS,   weir_img_limit_t,   message,   OPT_STR,   0)                  \
    R(LIMITS,   weir_img_limit_t,   cost_prog, INT_PROG,  0)                  \
    R(LIMITS,   weir_img_limit_t,   zone,      OPT_INDEX, WEIR_S_ZONES)       \
    R(LIMITS,   weir_img_limit_t,   key,       REFS,      WEIR_S_PROGS)       \
    R(LIMITS,   weir_img_limit_t,   lease,     MAX,       WEIR_MAX_LEASE + 1) \
    R(LIMITS,   weir_img_limit_t,   status,    STATUS,    0)                  \
    R(LIMITS,   weir_img_limit_t,   kind,      MAX,       WEIR_LIMIT_COUNT)   \
    R(LIMITS,   weir_img_limit_t,   period,    MAX,       WEIR_PERIOD_COUNT)  \
    R(LIMITS,   weir_img_limit_t,   phase,     MAX,       WEIR_PHASE_RESPONSE)\
    R(LIMITS,   weir_img_limit_t,   cluster,   MAX,       2)                  \
    R(LIMITS,   weir_img_limit_t,   on_failure, MAX,                          \
      WEIR_STORE_FAILURE_COUNT)                                               \
    R(LIMITS,   weir_img_limit_t,   on_full,   MAX,       2)                  \
    R(LIMITS,   weir_img_limit_t,   response,  MAX,       2)                  \
    R(LIMITS,   weir_img_limit_t,   dry_run,   MAX,       2)                  \
    R(LIMITS,   weir_img_limit_t,   plan,      MAX,       2)                  \
    R(LIMITS,   weir_img_limit_t,   reserved,  ZERO,      0)                  \
    R(LIMITS,   weir_img_limit_t,   file,      STR,       0)                  \
    R(PLANS,    weir_img_plan_t,    name,      STR,       0)                  \
    R(PLANS,    weir_img_plan_t,    reserved,  ZERO,      0)                  \
    R(PLANS,    weir_img_plan_t,    limits,    RANGE,     WEIR_S_LIMITS)      \
    R(SPLITS,   weir_img_split_t,   name,      STR,       0)                  \
    R(SPLITS,   weir_img_split_t,   sticky,    STR_PROG,  0)                  \
    R(SPLITS,   weir_img_split_t,   arms,      RANGE,     WEIR_S_ARMS)        \
    R(SPLITS,   weir_img_split_t,   overrides, RANGE,     WEIR_S_OVERRIDES)   \
    R(SPLITS,   weir_img_split_t,   cookie,    OPT_STR,   0)                  \
    R(SPLITS,   weir_img_split_t,   guard,     OPT_INDEX, WEIR_S_GUARDS)      \
    R(SPLITS,   weir_img_split_t,   mirror,    OPT_INDEX, WEIR_S_MIRRORS)     \
    R(SPLITS,   weir_img_split_t,   steps,     RANGE,     WEIR_S_STEPS)       \
    R(SPLITS,   weir_img_split_t,   file,      STR,       0)                  \
    R(ARMS,     weir_img_arm_t,     name,      STR,       0)                  \
    R(ARMS,     weir_img_arm_t,     upstream,  STR,       0)                  \
    R(ARMS,     weir_img_arm_t,     weight,    MAX,       10001)              \
    R(ARMS,     weir_img_arm_t,     breaker,   OPT_INDEX, WEIR_S_BREAKERS)    \
    R(OVERRIDES, weir_img_override_t, source, MAX, WEIR_OVERRIDE_COUNT)       \
    R(OVERRIDES, weir_img_override_t, name,      STR,       0)                \
    R(OVERRIDES, weir_img_override_t, value,     STR,       0)                \
    R(OVERRIDES, weir_img_override_t, when,      BOOL_PROG, 0)                \
    R(OVERRIDES, weir_img_override_t, arm,       INDEX,     WEIR_S_ARMS)      \
    R(OVERRIDES, weir_img_override_t, reserved,  ZERO,      0)                \
    R(GUARDS,   weir_img_guard_t,   arm,       INDEX,     WEIR_S_ARMS)        \
    R(GUARDS,   weir_img_guard_t,   versus,    INDEX,     WEIR_S_ARMS)        \
    R(GUARDS,   weir_img_guard_t,   report,    MAX,       2)                  \
    R(GUARDS,   weir_img_guard_t,   reserved,  ZERO,      0)                  \
    R(STEPS,    weir_img_step_t,    share,     MAX,       10001)              \
    R(BREAKERS, weir_img_breaker_t, error_rate, MAX,       10001)             \
    R(BREAKERS, weir_img_breaker_t, fallback,  OPT_INDEX, WEIR_S_ARMS)        \
    R(BREAKERS, weir_img_breaker_t, reserved,  ZERO,      0)                  \
    R(MIRRORS,  weir_img_mirror_t,  upstream,  STR,       0)                  \
    R(MIRRORS,  weir_img_mirror_t,  sample,    MAX,       10001)              \
    R(MIRRORS, weir_img_mirror_t, methods, MAX, 1u << WEIR_METHOD_COUNT)      \
    R(CORS,     weir_img_cors_t,    name,      STR,       0)                  \
    R(CORS,     weir_img_cors_t,    methods,   OPT_STR,   0)                  \
    R(CORS,     weir_img_cors_t,    headers,   OPT_STR,   0)                  \
    R(CORS,     weir_img_cors_t,    expose,    OPT_STR,   0)                  \
    R(CORS,     weir_img_cors_t,    credentials, MAX,       2)                \
    R(CORS,     weir_img_cors_t,    origins,   RANGE,     WEIR_S_ORIGINS)     \
    R(ORIGINS,  weir_img_origin_t,  kind,      MAX,       WEIR_ORIGIN_COUNT)  \
    R(ORIGINS,  weir_img_origin_t,  text,      STR,       0)                  \
    R(ORIGINS,  weir_img_origin_t,  suffix,    STR,       0)                  \
    R(ORIGINS,  weir_img_origin_t,  reserved,  ZERO,      0)                  \
    R(HEADER_OPS, weir_img_header_op_t, op, MAX, WEIR_HEADER_OP_COUNT)        \
    R(HEADER_OPS, weir_img_header_op_t, name,      STR,       0)              \
    R(HEADER_OPS, weir_img_header_op_t, text,      OPT_STR,   0)              \
    R(HEADER_OPS, weir_img_header_op_t, prog,      STR_PROG,  0)              \
    R(VERSIONS, weir_img_version_t, name,      STR,       0)                  \
    R(VERSIONS, weir_img_version_t, deprecation, OPT_STR,   0)                \
    R(VERSIONS, weir_img_version_t, sunset,    OPT_STR,   0)                  \
    R(VERSIONS, weir_img_version_t, link,      OPT_STR,   0)                  \
    R(MAINTENANCE, weir_img_maintenance_t, id,        STR,       0)           \
    R(MAINTENANCE, weir_img_maintenance_t, when,      BOOL_PROG, 0)           \
    R(MAINTENANCE, weir_img_maintenance_t, message,   OPT_STR,   0)           \
    R(MAINTENANCE, weir_img_maintenance_t, status,    STATUS,    0)           \
    R(MAINTENANCE, weir_img_maintenance_t, reserved,  ZERO,      0)           \
    R(MAINTENANCE, weir_img_maintenance_t, file,      STR,       0)           \
    R(POLICY,   weir_img_policy_t,  deny,      RANGE,     WEIR_S_RULES)       \
    R(POLICY,   weir_img_policy_t,  allow,     RANGE,     WEIR_S_RULES)       \
    R(POLICY,   weir_img_policy_t,  resolve,   RANGE,     WEIR_S_RESOLVES)    \
    R(POLICY,   weir_img_policy_t,  any_host,  OPT_INDEX, WEIR_S_NODES)       \
    R(POLICY,   weir_img_policy_t,  unmatched, STATUS,    0)                  \
    R(POLICY,   weir_img_policy_t,  unknown_tenant, STATUS, 0)                \
    R(POLICY,   weir_img_policy_t,  dot_segments, MAX,    WEIR_DOTS_COUNT)    \
    R(POLICY,   weir_img_policy_t,  merge_slashes, MAX,   2)                  \
    R(POLICY,   weir_img_policy_t,  limit_headers, MAX,   4)                  \
    R(POLICY,   weir_img_policy_t,  reserved,  ZERO,      0)                  \
    R(POLICY,   weir_img_policy_t,  audit_allow, MAX,     10001)              \
    R(POLICY,   weir_img_policy_t,  audit_deny, MAX,      10001)              \
    R(POLICY,   weir_img_policy_t,  redact,    REFS,      WEIR_S_STRS)        \
    R(POLICY,   weir_img_policy_t,  key_sources, RANGE,   WEIR_S_SOURCES)     \
    R(POLICY,   weir_img_policy_t,  bind,      RANGE,     WEIR_S_BINDS)       \
    R(POLICY,   weir_img_policy_t,  maintenance, RANGE, WEIR_S_MAINTENANCE)   \
    R(ZONES,    weir_img_zone_t,    name,      STR,       0)                  \
    R(ZONES,    weir_img_zone_t,    shifts,    RANGE,     WEIR_S_SHIFTS)      \
    R(SHIFTS,   weir_img_shift_t,   reserved,  ZERO,      0)

typedef enum {
    WEIR_REF_STR,
    WEIR_REF_OPT_STR,
    WEIR_REF_INDEX,
    WEIR_REF_OPT_INDEX,
    WEIR_REF_RANGE,
    WEIR_REF_REFS,
    WEIR_REF_OPT_REFS,
    WEIR_REF_ANY_REFS,
    WEIR_REF_BOOL_PROG,
    WEIR_REF_INT_PROG,
    WEIR_REF_STR_PROG,
    WEIR_REF_MAP_CONST,
    WEIR_REF_MAX,
    WEIR_REF_STATUS,
    WEIR_REF_ZERO
} weir_ref_rule_t;

/* size of a record and name of a section, by weir_section_t */
typedef struct {
    uint32_t     size;
    const char  *name;
} weir_section_info_t;

extern const weir_section_info_t  weir_sections[WEIR_S_COUNT];

typedef struct {
    uint32_t         section;
    uint32_t         offset;    /* of the field in its record */
    uint32_t         width;     /* bytes of the field */
    weir_ref_rule_t  rule;
    uint32_t         arg;
    const char      *name;      /* of the field */
} weir_image_ref_t;

extern const weir_image_ref_t  weir_image_refs[];
extern const size_t            weir_image_nrefs;

#endif
