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

typedef struct {
    weir_name_t               id;
    weir_name_t               plan;
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

typedef struct {
    bool                    given;
    weir_vec_t(uint32_t)    permissions;    /* indices of the model's */
    weir_vec_t(weir_name_t) scopes;
    weir_text_t             text;           /* of "when" */
    weir_expr_t            *when;           /* NULL = none */
} weir_require_t;

typedef struct {
    weir_name_t                    id;
    weir_name_t                    host;    /* lower case; not given = any */
    weir_template_t                path;
    uint32_t                       methods; /* bits; 0 and no other = any */
    weir_vec_t(weir_name_t)        other;
    weir_vec_t(weir_header_test_t) headers;
    bool                           public;
    weir_rules_t                   deny;
    weir_rules_t                   allow;
    weir_name_t                    upstream;
    weir_require_t                 require;
} weir_route_t;

typedef struct {
    weir_name_t                  name;
    bool                         has_serial;
    uint64_t                     serial;
    uint8_t                      dot_segments;
    uint8_t                      merge_slashes;
    unsigned                     unmatched;
    unsigned                     unknown_tenant;
    weir_vec_t(weir_list_t)      lists;
    weir_vec_t(weir_var_t)       vars;
    weir_vec_t(weir_resolve_t)   resolve;
    weir_vec_t(weir_tenant_t)    tenants;
    weir_roles_t                 roles;
    weir_vec_t(weir_name_t)      permissions;   /* that are asked for, each
                                                   where it is first */
    weir_rules_t                 deny;
    weir_rules_t                 allow;
    weir_vec_t(weir_route_t)     routes;
    uint32_t                     audit_allow;   /* in 1/10000 */
    uint32_t                     audit_deny;
    weir_vec_t(weir_name_t)      redact;
    weir_vec_t(weir_name_t)      tests;         /* globs, from the file's dir */
    uint8_t                      digest[WEIR_SHA256_LEN];   /* of all sources */
} weir_model_t;

#endif
