/*
 * model.h: a policy after its schema was checked and its expressions were
 * compiled, before it becomes an image.
 *
 * Every name carries its span, so that later stages can point at it.
 */

#ifndef WEIR_FRONT_MODEL_H
#define WEIR_FRONT_MODEL_H

#include "base/ip.h"
#include "front/cel.h"
#include "front/source.h"
#include "image/bounds.h"
#include "image/format.h"

typedef struct {
    weir_str_t   text;          /* data NULL = not given */
    weir_span_t  span;
} weir_name_t;

typedef struct {
    weir_name_t         id;
    weir_text_t         text;       /* of "when"; empty = always */
    weir_expr_t        *when;       /* NULL = always */
    weir_name_t         message;
    unsigned            status;
    weir_phase_t        phase;
    bool                dry_run;
} weir_rule_t;

typedef weir_vec_t(weir_rule_t)  weir_rules_t;

typedef struct {
    weir_name_t               name;
    weir_vec_t(weir_cidr_t)   cidrs;    /* as given; the writer merges */
} weir_list_t;

typedef struct {
    weir_name_t           name;
    weir_text_t           text;
} weir_var_t;

typedef struct {
    weir_name_t           name;
    weir_text_t           key;
    weir_id_t             salt;
    uint32_t              share;        /* 1/10000 */
} weir_flag_t;

/* A literal value of a tenant's attributes, as YAML or JSON gave it. */
typedef struct weir_literal_s  weir_literal_t;

struct weir_literal_s {
    weir_kind_t   kind;             /* NULL BOOL INT DOUBLE STRING LIST MAP */
    union {
        bool      b;
        int64_t   i;
        double    d;
    } u;
    weir_str_t            s;
    const weir_literal_t *items;    /* list: elements; map: key, value, … */
    size_t                nitems;   /* list: elements; map: pairs */
};

typedef struct {
    weir_name_t      name;
    weir_name_t     *inherits;
    size_t           ninherits;
    weir_name_t     *permissions;   /* patterns */
    size_t           npermissions;
    const uint32_t  *bits;          /* see weir_img_role_t; its parents' too */
} weir_role_t;

typedef weir_vec_t(weir_role_t)  weir_roles_t;

/* A part of a limit's key. */
typedef struct {
    weir_text_t   text;
    weir_expr_t  *expr;
} weir_keyed_t;

/* As weir_img_limit_t; a quota is a limit for each of its periods. */
typedef struct {
    weir_name_t               id;           /* of a period: NAME.day */
    weir_name_t               of;           /* limit or plan in the policy */
    weir_vec_t(weir_keyed_t)  key;
    weir_text_t               cost_text;
    weir_expr_t              *cost_expr;    /* NULL: cost */
    const struct weir_zone_s *zone;         /* NULL = UTC */
    weir_name_t               message;
    uint64_t                  limit;
    uint64_t                  burst;
    uint64_t                  window;       /* nanoseconds */
    uint64_t                  cost;
    uint32_t                  lease;
    unsigned                  status;
    unsigned                  kind;         /* WEIR_LIMIT_* */
    unsigned                  period;       /* WEIR_PERIOD_* */
    weir_phase_t              phase;
    unsigned                  on_failure;   /* WEIR_STORE_* */
    bool                      cluster;
    bool                      on_full;
    bool                      response;
    bool                      dry_run;
    bool                      plan;         /* is of one */
    bool                      used;         /* by a route */
} weir_limit_t;

typedef struct {
    weir_name_t   name;
    weir_range_t  limits;
    bool          used;                     /* by a tenant */
} weir_plan_t;

/*
 * A split and what is in it.  Records are as in the image, but that they name
 * arms of the split by their place, and strings elsewhere.
 */
typedef struct {
    weir_name_t               name;
    weir_name_t               upstream;
    uint32_t                  weight;       /* 1/10000 */
    bool                      has_breaker;
    weir_img_breaker_t        breaker;
} weir_arm_t;

typedef struct {
    unsigned                  source;       /* WEIR_OVERRIDE_* */
    weir_name_t               name;         /* a header in lower case */
    weir_name_t               value;
    weir_text_t               text;         /* of "when" */
    weir_expr_t              *when;         /* NULL = none */
    weir_name_t               use;
    uint32_t                  arm;
} weir_override_t;

typedef struct {
    weir_name_t                  name;
    weir_name_t                  salt;      /* the text */
    weir_text_t                  sticky_text;
    weir_expr_t                 *sticky;    /* NULL = none */
    weir_vec_t(weir_arm_t)       arms;
    weir_vec_t(weir_override_t)  overrides;
    weir_name_t                  cookie;
    uint32_t                     cookie_age;
    weir_span_t                  guard_span;
    bool                         guarded;
    weir_img_guard_t             guard;
    weir_vec_t(weir_img_step_t)  steps;
    weir_name_t                  shadow;    /* upstream of its mirror */
    weir_img_mirror_t            mirror;
    bool                         used;      /* by a route */
} weir_split_t;

typedef struct {
    weir_name_t               id;
    weir_name_t               plan;
    uint32_t                  limits;   /* its plan's index, or WEIR_NONE; only
                                           where there are plans */
    weir_literal_t           *attrs;    /* a MAP, or NULL */
    weir_name_t              *hosts;    /* lower case */
    size_t                    nhosts;
    weir_rules_t              deny;
    weir_rules_t              allow;
    weir_roles_t              roles;    /* its own */
} weir_tenant_t;

typedef struct {
    weir_str_t  text;               /* literal; lower case in a host */
    weir_str_t  param;              /* data not NULL = a parameter */
    weir_str_t  pattern;            /* of the parameter: canonical; or NULL */
    weir_str_t  source;             /* the pattern as written */
    const void *regex;              /* its syntax tree, for ties (regex.h) */
} weir_segment_t;

typedef struct {
    weir_segment_t  *segments;      /* "/" is one empty segment */
    size_t           nsegments;
    bool             rest;          /* ends in a segment of two stars */
    weir_name_t      text;
} weir_template_t;

typedef struct {
    unsigned         kind;          /* WEIR_RESOLVE_* */
    weir_str_t       prefix;
    weir_str_t       suffix;
    weir_name_t      header;
    weir_template_t  path;          /* the parameter named "tenant" */
    uint32_t        *trust;         /* indices into lists */
    size_t           ntrust;
} weir_resolve_t;

typedef struct {
    weir_name_t  name;              /* lower case */
    weir_name_t  value;
    unsigned     test;              /* WEIR_TEST_* */
} weir_header_test_t;

typedef weir_vec_t(weir_name_t)  weir_name_list_t;

typedef struct {
    unsigned     kind;              /* WEIR_SOURCE_* */
    weir_name_t  name;              /* a header in lower case, a cookie */
} weir_from_t;

typedef weir_vec_t(weir_from_t)  weir_froms_t;

typedef struct {
    weir_name_t       name;
    weir_name_t       iss;
    weir_name_list_t  aud;
    weir_name_list_t  typ;          /* lower case, no "application/" */
    weir_name_list_t  claims;       /* that must be there */
    weir_froms_t      from;
    weir_name_list_t  sub;          /* names from the outermost on */
    weir_name_list_t  roles;
    weir_name_list_t  tenant;
    weir_name_list_t  acr;
    weir_name_list_t  amr;
    weir_name_t       url;          /* of the set, or of what names it */
    weir_name_t       file;
    uint32_t          algs;         /* WEIR_ALG_BIT() */
    unsigned          keys;         /* WEIR_KEYS_* */
    unsigned          dpop;         /* WEIR_DPOP_* */
    unsigned          revoked;      /* WEIR_REVOKED_* */
    uint32_t          skew;         /* seconds, but wait: milliseconds */
    uint32_t          max_age;
    uint32_t          ttl;
    uint32_t          stale_max;
    uint32_t          refresh;
    uint32_t          wait;
    uint32_t          revoked_every;
    uint32_t          revoked_max;
} weir_issuer_t;

/* Who somebody is, whatever they prove it with. */
typedef struct {
    weir_name_t   tenant;
    weir_name_t  *roles;
    uint32_t      nroles;
} weir_whose_t;

typedef struct {
    weir_name_t   id;
    weir_whose_t  whose;
    uint8_t       secret[WEIR_SHA256_LEN];  /* SHA-256 of it */
    int64_t       not_after;        /* seconds since 1970; INT64_MAX = ever */
    weir_span_t   ends;             /* where that is said */
} weir_apikey_t;

typedef struct {
    weir_name_t   name;
    weir_whose_t  whose;
} weir_known_t;

typedef struct {
    weir_span_t               span;
    bool                      given;        /* there is such a section */
    unsigned                  sub;          /* WEIR_CERT_* */
    weir_str_t                prefix;       /* data NULL = no tenant in it */
    weir_str_t                suffix;
    bool                      rest;
    weir_vec_t(weir_known_t)  known;
} weir_mtls_t;

typedef struct {
    unsigned          kind;         /* WEIR_BIND_* */
    weir_name_t       text;
    weir_name_list_t  path;         /* of a claim */
} weir_bind_t;

typedef struct {
    weir_by_t  by;
    uint32_t   issuer;              /* index into issuers, or WEIR_NONE */
} weir_way_t;

typedef weir_vec_t(weir_way_t)  weir_ways_t;

/* What a route asks of its callers; shared where "auth" is not given. */
typedef struct {
    weir_span_t  span;
    unsigned     kind;              /* WEIR_AUTH_* */
    bool         given;
    bool         forward;
    weir_ways_t  ways;
} weir_proofs_t;

typedef struct {
    weir_span_t       span;
    weir_name_list_t  acr;
    weir_name_list_t  amr;
    uint32_t          max_age;      /* seconds; 0 = any */
} weir_mfa_t;

typedef struct {
    bool                    given;
    weir_vec_t(uint32_t)    permissions;    /* indices of the model's */
    weir_vec_t(weir_name_t) scopes;
    weir_text_t             text;           /* of "when" */
    weir_expr_t            *when;           /* NULL = none */
} weir_require_t;

typedef struct {
    unsigned     kind;              /* WEIR_ORIGIN_* */
    weir_str_t   text;              /* as in weir_img_origin_t */
    weir_str_t   suffix;
    weir_span_t  span;
} weir_page_t;

/* As weir_img_cors_t; the lists are values of their headers. */
typedef struct {
    weir_name_t              name;
    weir_vec_t(weir_page_t)  origins;
    weir_str_t               methods;       /* data NULL = not said */
    weir_str_t               headers;
    weir_str_t               expose;
    uint32_t                 max_age;       /* seconds, or WEIR_NONE */
    bool                     credentials;
    bool                     used;          /* by a route */
} weir_cors_t;

typedef struct {
    weir_name_t   id;
    weir_text_t   text;             /* of "when"; empty = always */
    weir_expr_t  *when;             /* NULL = always */
    weir_name_t   message;
    unsigned      status;
    uint32_t      retry_after;      /* seconds; 0 = not said */
} weir_pause_t;

/* Text with expressions in it. */
typedef struct {
    weir_text_t   text;             /* as written */
    weir_str_t    value;            /* of a constant; else data NULL */
    weir_expr_t  *expr;             /* a string; NULL = none */
} weir_filled_t;

typedef struct {
    unsigned       op;              /* WEIR_HEADER_* */
    weir_name_t    name;            /* lower case */
    weir_filled_t  value;           /* none of REMOVE */
} weir_header_op_t;

typedef weir_vec_t(weir_header_op_t)  weir_header_ops_t;

typedef struct {
    weir_name_t  name;              /* not given: there is no version */
    weir_str_t   deprecation;       /* values of headers; data NULL: none */
    weir_str_t   sunset;
    weir_str_t   link;
    int64_t      ends;              /* seconds since 1970, of sunset */
    weir_span_t  ends_span;
} weir_version_t;

typedef struct {
    weir_name_t                    id;
    weir_name_t                    host;    /* lower case; not given = any */
    weir_template_t                path;
    uint32_t                       methods; /* bits; 0 and no other = any */
    weir_vec_t(weir_name_t)        other;
    weir_vec_t(weir_header_test_t) headers;
    bool                           public;
    const weir_proofs_t           *auth;    /* NULL = nobody is asked */
    const weir_mfa_t              *mfa;     /* or NULL */
    weir_rules_t                   deny;
    weir_rules_t                   allow;
    weir_name_t                    upstream;
    weir_require_t                 require;
    weir_vec_t(uint32_t)           limits;  /* indices, in their order */
    uint32_t                       split;   /* index, or WEIR_NONE */
    uint32_t                       cors;    /* index, or WEIR_NONE */
    weir_version_t                 version;
    weir_filled_t                  rewrite; /* of the path */
    weir_header_ops_t              request_ops;     /* in their order */
    weir_header_ops_t              response_ops;
} weir_route_t;

typedef struct {
    const weir_cel_env_t        *env;           /* of all its expressions */
    weir_name_t                  name;
    bool                         has_serial;
    uint64_t                     serial;
    uint8_t                      dot_segments;
    uint8_t                      merge_slashes;
    unsigned                     unmatched;
    unsigned                     unknown_tenant;
    uint8_t                      limit_headers; /* WEIR_HEADERS_* */
    weir_vec_t(weir_list_t)      lists;
    weir_vec_t(weir_var_t)       vars;
    weir_vec_t(weir_flag_t)      flags;
    weir_vec_t(weir_split_t)     splits;
    weir_vec_t(weir_resolve_t)   resolve;
    weir_vec_t(weir_limit_t)     limits;
    bool                         has_plans;     /* there is such a section */
    weir_vec_t(weir_plan_t)      plans;
    weir_vec_t(weir_tenant_t)    tenants;
    weir_vec_t(weir_bind_t)      bind;
    weir_vec_t(weir_issuer_t)    issuers;
    weir_vec_t(weir_str_t)       revoked;       /* keys of its section */
    weir_span_t                  apikeys_span;
    bool                         has_apikeys;   /* there is such a section */
    weir_froms_t                 key_from;
    weir_vec_t(weir_apikey_t)    apikeys;
    weir_mtls_t                  mtls;
    weir_proofs_t                asked;         /* without "auth" */
    weir_roles_t                 roles;
    weir_vec_t(weir_name_t)      permissions;   /* that are asked for, each
                                                   where it is first */
    weir_rules_t                 deny;
    weir_rules_t                 allow;
    weir_vec_t(weir_cors_t)      cors;
    weir_vec_t(weir_pause_t)     maintenance;
    weir_vec_t(weir_route_t)     routes;
    uint32_t                     audit_allow;   /* in 1/10000 */
    uint32_t                     audit_deny;
    weir_vec_t(weir_name_t)      redact;
    weir_vec_t(weir_name_t)      tests;         /* globs, from the file's dir */
    uint8_t                      digest[WEIR_SHA256_LEN];   /* of all sources */
} weir_model_t;

#endif
