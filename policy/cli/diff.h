/*
 * diff.h: what the files of `weir diff` share.
 *
 * diff_run.c    the steps
 * diff_blob.c   sums
 * diff_same.c   what is the same by structure
 * diff_identity.c  who callers are, and what they may
 * diff_limits.c how much of it they may
 * diff_splits.c which upstream their requests get; diff_moves.c, whose do
 * diff_edge.c   what upstreams and clients are told, and maintenance
 * diff_atoms.c  what the code of a policy tells apart
 * diff_tenants.c  tenants that are alike
 * diff_routes.c which routes may take requests of others; diff_match.c, those
 *               that a route takes, in words
 * diff_parts.c  routes, rules, lists and tenants of one next to the other
 * diff_prove.c  programs that are written otherwise and mean the same
 * diff_cells.c  classes of requests; diff_asked.c, diff_values.c, diff_paths.c,
 *               what they are made of
 * diff_explore.c  what both policies say of the requests of a class
 * diff_settle.c the changes as they are printed
 * diff_probe.c  one request, decided by both
 * diff_print.c  changes and witnesses, for people and for programs
 * diff_replay.c  requests of a log in place of classes
 *
 * What may be said to be unchanged is reasoned at the head of diff_parts.c.
 */

#ifndef WEIR_CLI_DIFF_H
#define WEIR_CLI_DIFF_H

#include "cli/cli.h"

#define DIFF_MAX_DIMS      48       /* of a class */
#define DIFF_MAX_VALUES    48       /* of a dimension */
#define DIFF_MAX_TENANTS   64       /* kinds of tenants that are tried */
#define DIFF_MAX_ATOMS     1024     /* of a program */
#define DIFF_MAX_LANDED    8        /* other routes of a class */
#define DIFF_MAX_PROBES    400000   /* requests in all */
#define DIFF_MAX_PRODUCT   4096     /* tried in full */

/* every request is made at that time unless a policy asks: 2026-01-05, noon */
#define DIFF_TIME          1767614400

/* the attribute of a leaf that is a path parameter */
#define DIFF_PARAM         WEIR_A_COUNT

#define DIFF_UNCOUNTED     INT64_MIN

enum { DIFF_OLD, DIFF_NEW, DIFF_SIDES };

/* half of SHA-256: what has the same sum is the same */
typedef weir_id_t  diff_sum_t;

typedef weir_vec_t(weir_str_t)  diff_strs_t;
typedef weir_vec_t(char)        diff_bytes_t;


/* diff_atoms.c */

/* what a program asks of the request: an attribute, or an entry of one */
typedef struct {
    unsigned    attr;           /* weir_attr_t, or DIFF_PARAM */
    weir_str_t  key;
} diff_leaf_t;

typedef enum {
    DIFF_EQ,
    DIFF_ORDER,
    DIFF_PREFIX,
    DIFF_SUFFIX,
    DIFF_CONTAINS,
    DIFF_REGEX,
    DIFF_CIDRS,
    DIFF_CIDR,
    DIFF_PRESENT,
    DIFF_OPAQUE                 /* asked, nobody knows for what */
} diff_test_t;

/* A test of one leaf by a constant. */
typedef struct {
    diff_leaf_t          leaf;
    diff_test_t          test;
    unsigned             via;   /* weir_fn_t on the leaf before it is tested;
                                   WEIR_FN_COUNT: none */
    weir_str_t           zone;  /* of via */
    weir_value_t         value;
    const weir_image_t  *img;   /* that value belongs to */
} diff_atom_t;

typedef struct {
    weir_vec_t(diff_atom_t)  atoms;
    bool                     opaque;    /* its result rests on more */
} diff_code_t;


/* diff_same.c, diff_parts.c */

typedef struct {
    weir_str_t  literal;        /* data NULL: a parameter */
    uint32_t    regex;          /* of a parameter, or NONE */
} diff_elem_t;

/* Where the tree of an image has a route. */
typedef struct {
    weir_str_t          host;   /* "": any; ".x": "*.x" */
    const diff_elem_t  *elems;
    uint32_t            n;
    bool                rest;
} diff_place_t;

typedef struct {
    weir_str_t                id;
    uint32_t                  index;
    weir_vec_t(diff_place_t)  places;
    diff_sum_t                match;    /* which requests it takes */
    diff_sum_t                rules;    /* what it says of them */
    diff_sum_t                limits;
    diff_sum_t                split;
    diff_sum_t                edge;     /* CORS, version, transforms */
} diff_route_t;

typedef struct {
    const weir_image_t  *img;
    const char          *path;      /* as the user named it */
    const weir_model_t  *model;     /* NULL: an image */
    diff_sum_t          *consts;    /* by index, as all that follow */
    diff_sum_t          *cidrs;
    diff_sum_t          *progs;
    diff_sum_t          *rules;
    diff_sum_t          *issuers;
    diff_sum_t          *permissions;
    diff_sum_t           apikeys;
    diff_sum_t           mtls;
    diff_sum_t           binds;
    diff_code_t         *code;
    diff_route_t        *routes;
    uint32_t            *sorted;    /* routes by id */
    diff_sum_t          *limits;    /* by index */
    diff_sum_t          *splits;    /* by index */
    cli_counting_t      *counting;  /* NULL: there are no limits */
} diff_side_t;

/* Where one of two is missing: NULL, or WEIR_NONE. */
typedef struct {
    weir_str_t           id;
    const diff_route_t  *route[DIFF_SIDES];
    bool                 same_match;
    bool                 same_rules;
    bool                 same_limits;
    bool                 same_split;
    bool                 same_edge;
    bool                 reached;   /* by a request: changes name it */
    weir_str_t           why;       /* it is not proved to be the same; or
                                       empty */
} diff_pair_t;

/* Tenants that are alike in both policies. */
typedef struct {
    weir_str_t  id;                     /* of the first */
    uint32_t    tenant[DIFF_SIDES];     /* of the first */
    size_t      count;
    bool        differs;
    bool        matters;                /* and a decision may rest on it */
    bool        reached;
    weir_str_t  what;                   /* differs */
    diff_strs_t hosts;                  /* of the first: some */
} diff_kind_t;

/* A line of the part that compares sources. */
typedef struct {
    char        mark;           /* '+' '-' '~' */
    weir_str_t  text;
} diff_line_t;


/* diff_probe.c */

typedef struct {
    weir_str_t  name;
    weir_str_t  value;
} diff_text_t;

/* A request: what is data NULL is not there. */
typedef struct {
    weir_str_t   method;
    weir_str_t   host;
    weir_str_t   path;          /* canonical; or raw, see below */
    bool         raw;
    weir_str_t   query;         /* before params */
    size_t       nheaders;
    diff_text_t  headers[DIFF_MAX_DIMS];
    size_t       ncookies;
    diff_text_t  cookies[DIFF_MAX_DIMS];
    size_t       nparams;
    diff_text_t  params[DIFF_MAX_DIMS];
    bool         bare;          /* no headers of curl's own */
    size_t       nsets;         /* properties of --set */
    diff_text_t  sets[DIFF_MAX_DIMS];
} diff_request_t;

/* A change, and the simplest request that shows it. */
typedef struct {
    weir_decision_t  d[DIFF_SIDES];
    weir_str_t       tenant;    /* as people read it */
    weir_str_t       route;
    diff_request_t  *witness;
    size_t           weight;    /* of the witness: less is simpler */
    size_t           at;        /* when it was found */
    uint64_t         same;      /* of changes that are told alike */
    bool             merged;    /* into another */
    diff_strs_t      routes;
    diff_strs_t      tenants;
} diff_change_t;

typedef struct {
    weir_arena_t               *arena;      /* of what is being done */
    weir_arena_t               *keep;       /* of what is printed */
    bool                        nomem;      /* nothing that follows counts */
    diff_side_t                 side[DIFF_SIDES];
    weir_vec_t(diff_pair_t)     pairs;      /* by id */
    weir_vec_t(diff_kind_t)     kinds;      /* those that differ first */
    weir_vec_t(diff_line_t)     lines;
    diff_strs_t                 mays;       /* that no route alone is about */
    weir_vec_t(diff_change_t)   changes;
    diff_strs_t                 warnings;
    diff_pair_t                 none;           /* requests of no route */
    bool                        same_layers;    /* of all routes */
    bool                        same_tenants;   /* the rules that find them */
    bool                        same_paths;     /* how they are read */
    bool                        same_pauses;    /* maintenance */
    bool                        same_scratch;   /* none runs out of it */
    diff_bytes_t                scratch;
    uint32_t                   *table;          /* changes by hash */
    bool                        logged;         /* requests are of a log */
    size_t                      probes;
    size_t                      budget;
    bool                        capped;
} diff_t;

/* Memory of the diff: NULL sets nomem. */
void *weir_diff_alloc(diff_t *d, size_t n);
weir_str_t weir_diff_text(diff_t *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void weir_diff_push(diff_t *d, diff_strs_t *v, weir_str_t s);
bool weir_diff_has(const diff_strs_t *v, weir_str_t s);

#define diff_push(d, v)                                                       \
    weir_diff_pushed((d), weir_vec_push((d)->arena, (v)))
void *weir_diff_pushed(diff_t *d, void *p);

/* Sums of constants, lists and programs; then those of rules. */
void weir_diff_sums(diff_t *d, diff_side_t *s);
void weir_diff_rules(diff_t *d, diff_side_t *s);

/* of tenants, by a program of either */
typedef struct {
    bool         plan;
    bool         all;           /* attributes */
    diff_strs_t  keys;          /* of attributes */
} diff_read_t;

/* read NULL: all of the record counts. */
diff_sum_t weir_diff_tenant(diff_t *d, const diff_side_t *s, uint32_t tenant,
    const diff_read_t *read);
const diff_sum_t *weir_diff_attr(const diff_side_t *s, uint32_t map,
    weir_str_t key);
/* Of a layer, as its rules are. */
diff_sum_t weir_diff_layer(diff_t *d, const diff_side_t *s,
    const weir_range_t *rules, bool connect);
/* Of the clocks of a zone. */
diff_sum_t weir_diff_zone(diff_t *d, const diff_side_t *s, weir_str_t name);
/* What callers are known by; before the sums of programs. */
void weir_diff_identity(diff_t *d, diff_side_t *s);
/* Of a route: how callers prove who they are, and what is required. */
diff_sum_t weir_diff_auth(diff_t *d, const diff_side_t *s,
    const weir_img_route_t *r);
/* Lines about both. */
void weir_diff_auth_lines(diff_t *d, weir_str_t route,
    const weir_img_route_t *a, const weir_img_route_t *b);
void weir_diff_callers(diff_t *d);
/* Sums of limits, after those of programs; of those of a route or plan. */
void weir_diff_limits(diff_t *d, diff_side_t *s);
diff_sum_t weir_diff_route_limits(diff_t *d, const diff_side_t *s,
    const weir_range_t *refs);
diff_sum_t weir_diff_plan(diff_t *d, const diff_side_t *s, uint32_t plan);
/* Lines about limits and plans, and about those of a route. */
void weir_diff_limit_lines(diff_t *d);
void weir_diff_route_limit_lines(diff_t *d, weir_str_t route,
    const weir_img_route_t *a, const weir_img_route_t *b);
/* Sums of splits, after those of programs; of that of a route. */
void weir_diff_splits(diff_t *d, diff_side_t *s);
diff_sum_t weir_diff_route_split(const diff_side_t *s,
    const weir_img_route_t *r);
/* Lines about splits and flags. */
void weir_diff_split_lines(diff_t *d);
void weir_diff_flag_lines(diff_t *d);
/* Of a route: what upstream, clients and pages are told. */
diff_sum_t weir_diff_route_edge(diff_t *d, const diff_side_t *s,
    const weir_img_route_t *r);
void weir_diff_route_edge_lines(diff_t *d, weir_str_t route,
    const weir_img_route_t *a, const weir_img_route_t *b);
void weir_diff_cors_lines(diff_t *d);
/* Lines about maintenance, and whether it is the same. */
void weir_diff_maintenance(diff_t *d);
/* Gives programs that surely mean the same one sum; before the rules. */
void weir_diff_prove(diff_t *d);
/* Places of the routes, and their sums. */
void weir_diff_routes(diff_t *d, diff_side_t *s);
diff_sum_t weir_diff_resolves(diff_t *d, const diff_side_t *s);

/* What the programs of an image tell apart. */
void weir_diff_atoms(diff_t *d, diff_side_t *s);
bool weir_diff_leaf_eq(const diff_leaf_t *a, const diff_leaf_t *b);

/*
 * Samples of a pattern as RE2 source: texts that it matches and some that it
 * just does not.
 */
void weir_diff_samples(diff_t *d, weir_str_t pattern, diff_strs_t *out);

/* Kinds of tenants; those that matter first. */
void weir_diff_tenants(diff_t *d);

/* diff_match.c: "GET,POST *.shop.example/v1 [x-a=\"1\"]" */
weir_str_t weir_diff_match_text(diff_t *d, const diff_side_t *s,
    const diff_route_t *route);
/* Why other routes may take requests of a pair; empty: none can. */
weir_str_t weir_diff_thief(diff_t *d, const diff_pair_t *p);
void weir_diff_line(diff_t *d, char mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A rule of a layer; NULL: there is none. */
const weir_img_rule_t *weir_diff_find_rule(const diff_side_t *s,
    const weir_range_t *rules, weir_str_t id);
/* Pairs, kinds, lines, and what is not proved to be the same. */
void weir_diff_parts(diff_t *d);


/* diff_cells.c, diff_explore.c: classes of requests */

typedef enum {
    DIFF_DIM_HOST,
    DIFF_DIM_PATH,
    DIFF_DIM_METHOD,
    DIFF_DIM_QUERY,
    DIFF_DIM_HEADER,
    DIFF_DIM_COOKIE,
    DIFF_DIM_PARAM,
    DIFF_DIM_SET
} diff_dim_kind_t;

typedef struct {
    diff_dim_kind_t  kind;
    weir_str_t       name;
    size_t           n;
    weir_str_t       values[DIFF_MAX_VALUES];   /* data NULL: absent */
} diff_dim_t;

typedef struct {
    size_t    n;
    uint16_t  dims[DIFF_MAX_DIMS];
} diff_set_t;

/*
 * The requests of one route, as far as either policy tells them apart: the
 * product of the dimensions.  The first value of each is the ordinary one.
 */
typedef struct {
    size_t                  ndims;
    diff_dim_t              dims[DIFF_MAX_DIMS];
    weir_vec_t(diff_set_t)  sets;       /* that one program asks together */
    size_t                  budget;     /* requests */
    bool                    capped;     /* values were left out */
    size_t                  nlanded;    /* pairs that took its requests */
    const diff_pair_t      *landed[DIFF_MAX_LANDED];
} diff_cell_t;

/* Tries requests of each class that is not proved; fills changes. */
void weir_diff_cells(diff_t *d);
void weir_diff_explore(diff_t *d, diff_cell_t *c);
/* Of what a change is told by; with its tenant or without. */
uint64_t weir_diff_hash(const weir_decision_t *d, uint64_t h, bool tenant);
/* Adds a text to a request unless the value is absent. */
void weir_diff_put(diff_text_t *texts, size_t *n, weir_str_t name,
    weir_str_t value);
/* Simpler witnesses; changes that differ in route or tenant alone are one. */
void weir_diff_settle(diff_t *d);
/* Whether a program of either reads an attribute; key NULL: any entry. */
bool weir_diff_reads(const diff_t *d, unsigned attr, weir_str_t key);

/* Tables for the limits of both; false: memory is short. */
bool weir_diff_counting(diff_t *d, size_t size);
/*
 * Both decisions; false: they are the same.  ns is the time that limits have
 * reached, DIFF_UNCOUNTED: nothing is counted yet.
 */
bool weir_diff_both(diff_t *d, weir_arena_t *a, cli_request_t *r, int64_t ns,
    weir_decision_t out[DIFF_SIDES]);
bool weir_diff_decide(diff_t *d, weir_arena_t *a, const diff_request_t *r,
    weir_decision_t out[DIFF_SIDES]);
/* As weir_cli_request_*() would have read it. */
bool weir_diff_request(const diff_request_t *r, weir_arena_t *a,
    cli_request_t *out);
bool weir_diff_differ(const weir_decision_t d[DIFF_SIDES]);

/* A command that sends the request; NULL data where curl cannot. */
weir_str_t weir_diff_curl(diff_t *d, const diff_request_t *r,
    const char *url);
weir_str_t weir_diff_eval(diff_t *d, const diff_request_t *r,
    const char *file);
/* "deny 403 by rule \"x\"" */
weir_str_t weir_diff_outcome(diff_t *d, const weir_decision_t *x);

/* Compares two images that are open; false: memory is short. */
bool weir_diff_run(diff_t *d);
/* Whether a decision changes, or may. */
bool weir_diff_found(const diff_t *d);

void weir_diff_print(diff_t *d, cli_format_t format, const char *url);

/* Lines of a log; the report goes to standard output. */
cli_exit_t weir_diff_replay(diff_t *d, const char *path, const char *host,
    cli_format_t format, bool *changed);

#endif
