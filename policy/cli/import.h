/*
 * import.h: what the parts of weir import share.
 *
 * Manifests become objects, objects become routes and what routes name, and
 * routes become text.  Text of manifests is hostile: it gets into a policy by
 * weir_imp_yaml(), weir_imp_cel() and weir_imp_template() alone, and into
 * nginx's configuration only where weir_imp_is_*() takes all of it.
 */

#ifndef WEIR_CLI_IMPORT_H
#define WEIR_CLI_IMPORT_H

#include "cli/cli.h"
#include "cli/import_table.h"
#include "front/names.h"

#define IMP_MAX_CAPTURES  9         /* $1 to $9 */
#define IMP_WHOLE         10000u    /* all weights of a split */

typedef enum {
    IMP_LEFT,                       /* not translated */
    IMP_NEAR,                       /* translated approximately */
    IMP_DONE,
    IMP_ASIDE,                      /* nothing that is translated */
    IMP_FATES
} imp_fate_t;

typedef enum {
    IMP_OWN,
    IMP_NOBODY,
    IMP_SHUT,
    IMP_TIME,
    IMP_SIZE,
    IMP_KB,
    IMP_FLAG,
    IMP_COUNT,
    IMP_WORDS
} imp_who_t;

/* A row of import_table.h. */
typedef struct {
    const char  *name;
    imp_fate_t   fate;
    imp_who_t    who;
    const char  *directive;
    const char  *text;
} imp_row_t;

extern const imp_row_t  weir_imp_rows[IMP_ALL_COUNT];

typedef struct {
    weir_str_t          kind;
    weir_str_t          ns;
    weir_str_t          name;
    weir_str_t          label;      /* "Ingress shop/web" */
    weir_str_t          born;       /* time of RFC 3339; "" = not known */
    weir_span_t         span;
    const weir_node_t  *root;
    const weir_node_t  *spec;       /* NULL where there is none */
    const weir_node_t  *annotations;
} imp_object_t;

typedef struct {
    weir_span_t         span;
    imp_fate_t          fate;
    weir_str_t          object;
    weir_str_t          what;
    weir_str_t          text;
} imp_note_t;

/* What stands behind a name in a section of a policy. */
typedef struct {
    weir_str_t          name;
    weir_str_t          body;
} imp_item_t;

typedef struct {
    weir_vec_t(imp_item_t)  list;
    uint32_t            max;        /* items; 0: any number */
    weir_names_t        names;
    weir_names_t        bodies;     /* value: index of the item */
} imp_section_t;

typedef weir_vec_t(weir_str_t)  imp_strs_t;

typedef enum {
    IMP_LITERAL,
    IMP_REST,                       /* of the path, behind n segments */
    IMP_TAIL,                       /* of the path, from byte n on */
    IMP_PARAM,                      /* path.pN */
    IMP_UNKNOWN
} imp_piece_kind_t;

/* Of a path that is made from another. */
typedef struct {
    imp_piece_kind_t    kind;
    uint32_t            n;
    weir_str_t          text;       /* of a literal; else of the probe */
} imp_piece_t;

typedef weir_vec_t(imp_piece_t)  imp_pieces_t;

typedef struct {
    weir_str_t          text;       /* template of the policy */
    weir_str_t          location;   /* literal segments in front, as "/a/b" */
    weir_str_t          probe;      /* a path that it takes */
    uint32_t            fixed;      /* segments before the rest */
    bool                rest;
    bool                exact;      /* literal segments and no rest */
    const char         *near;       /* how it differs from what was meant */
    bool                narrow;     /* it took more than it takes */
    bool                bare;       /* it takes the path without the slash at
                                       its end, too */
    imp_piece_t         captures[IMP_MAX_CAPTURES];
    uint32_t            ncaptures;
} imp_path_t;

/* A rule to deny, and an address that it lets in, "" = any. */
typedef struct {
    weir_str_t          id;
    weir_str_t          when;       /* CEL */
    unsigned            status;
    weir_str_t          in;
    weir_str_t          out;        /* an address that it refuses, or "" */
} imp_rule_t;

typedef struct {
    weir_str_t          name;
    uint32_t            burst;      /* that pass at once */
    unsigned            status;
    bool                connections;
} imp_limit_t;

/* What holds for all routes of an object, or one rule of it. */
typedef struct {
    weir_vec_t(imp_limit_t)  limits;
    weir_vec_t(imp_rule_t)   deny;
    weir_str_t          cors;       /* name; "" = none, as in what follows */
    cli_pairs_t         sets;       /* headers of the request */
    cli_pairs_t         adds;
    imp_strs_t          removes;
    cli_pairs_t         replies;    /* headers of the response that are set */
    cli_pairs_t         reply_adds;
    imp_strs_t          reply_removes;
    weir_str_t          mirror;     /* upstream of copies */
    weir_str_t          vhost;      /* Host of the upstream; safe for nginx */
    weir_str_t          redirect;   /* URL, safe for nginx */
    unsigned            redirect_code;
    bool                to_tls;     /* http is redirected to https */
    weir_str_t          settings;   /* directives, safe; a line each */
    weir_str_t          grpc;       /* "grpc", "grpcs" in place of proxy_pass */
    const char         *closed;     /* why nobody is let in; NULL: open */
    unsigned            closed_status;
} imp_traits_t;

typedef struct {
    weir_str_t          name;
    weir_str_t          upstream;
    uint32_t            weight;     /* of IMP_WHOLE */
} imp_arm_t;

/* A request that gets an arm by its header or cookie. */
typedef struct {
    bool                canary;     /* else the first arm */
    weir_str_t          header;
    weir_str_t          cookie;
    weir_str_t          equals;
    weir_str_t          pattern;    /* in place of equals */
} imp_override_t;

typedef struct {
    weir_str_t          id;
    weir_str_t          host;       /* "" = any */
    imp_path_t          path;
    weir_str_t          asked;      /* path of an Ingress, "" = of others */
    weir_str_t          taken;      /* pattern of what it took, or "" */
    weir_str_t          begin;      /* text that this begins with */
    size_t              rank;       /* more of it is asked first */
    imp_strs_t          kept;       /* patterns of what it must refuse, since
                                       the guard of another one had it */
    weir_str_t          own;        /* pattern of what it took, if bare */
    imp_strs_t          spare;      /* patterns of what it must refuse else */
    weir_str_t          method;     /* "" = any */
    cli_pairs_t         headers;    /* that must be equal */
    uint32_t            tests;      /* of headers; one more than there are: the
                                       route comes before one of as many */
    bool                out;        /* left out: it ties */
    weir_span_t         span;
    const imp_object_t *from;
    weir_vec_t(imp_arm_t)       arms;       /* none: a redirect, or closed */
    weir_vec_t(imp_override_t)  overrides;
    weir_str_t          split;      /* name, or "" */
    imp_pieces_t        rewrite;    /* none: the path stays */
    imp_traits_t        t;
    bool                guarded;    /* of one that is shut: not by all */
    bool                untested;   /* its probe goes elsewhere */
    weir_str_t          source;     /* an address that is let in, "" = any */
} imp_route_t;

/* Who answers, by the name of its block. */
typedef struct {
    weir_str_t          name;
    weir_str_t          server;     /* host:port */
} imp_upstream_t;

/* What nginx needs to know of a host. */
typedef struct {
    weir_str_t          name;
    weir_str_t          certificate;    /* files beside nginx.conf, or "" */
    weir_str_t          settings;       /* of the server; lines */
    weir_str_t          ca;
    bool                cas;            /* another one, too */
    weir_str_t          www;            /* redirects here, or "" */
    bool                regex;          /* its paths are patterns */
    bool                whole;          /* a route takes all its paths */
    imp_strs_t          aliases;    /* hosts with the same routes */
    weir_str_t          alias_of;
    bool                ruled;      /* has rules of its own */
    bool                asks;       /* everybody for a certificate */
    const char         *closed;     /* why all of its routes are */
} imp_host_t;

typedef struct {
    weir_arena_t       *arena;
    weir_diags_t        diags;
    bool                nomem;
    weir_vec_t(imp_object_t)    objects;
    weir_vec_t(imp_object_t)    asides;         /* of kinds that are not read */
    weir_vec_t(imp_note_t)      notes;
    weir_vec_t(imp_route_t)     routes;
    weir_vec_t(imp_upstream_t)  upstreams;
    weir_vec_t(imp_host_t)      hosts;
    weir_vec_t(imp_rule_t)      deny;           /* of the connect phase */
    weir_vec_t(imp_route_t)     guards;         /* paths of rules that had one,
                                                   whatever became of them */
    weir_vec_t(imp_route_t)     shut;           /* closed, unless others are
                                                   there */
    imp_section_t       lists;
    imp_section_t       limits;
    imp_section_t       cors;
    imp_section_t       splits;
    weir_names_t        by_object;              /* kind, ns, name => index */
    weir_names_t        by_host;
    weir_names_t        by_upstream;
    weir_names_t        by_match;               /* of routes */
    weir_names_t        ids;
    weir_str_t          class;                  /* of the first Ingress */
    weir_str_t          gateway;                /* of the first HTTPRoute */
    weir_str_t          settings;               /* of every server; lines */
    unsigned            limit_status;
    unsigned            conn_status;
    bool                ssl_redirect;
    bool                force_ssl;
    const char         *closed;                 /* of every route */
    const char         *snippet;                /* the same, whatever an
                                                   Ingress says */
} imp_t;

/* A value of an annotation, or of a key of the ConfigMap. */
typedef struct {
    weir_str_t          text;
    weir_span_t         span;
    bool                set;
    bool                told;       /* there is a note */
} imp_value_t;

typedef struct {
    imp_t              *imp;
    const imp_object_t *object;
    imp_value_t         v[IMP_ALL_COUNT];
} imp_values_t;


typedef struct {
    imp_traits_t        t;
    weir_str_t          full;       /* the whole path; "" = none */
    weir_str_t          prefix;     /* what stands in place of a prefix */
    bool                has_full;
    bool                has_prefix;
} imp_filters_t;


/* import_text.c */

/* Of the import's arena; "" where memory is short, which is noted. */
weir_str_t weir_imp_printf(imp_t *imp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void weir_imp_note(imp_t *imp, imp_fate_t fate, const imp_object_t *o,
    weir_span_t span, weir_str_t what, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/*
 * What there is to be one of: a second one is reported, since who reached only
 * the other one reaches it, too.
 */
void weir_imp_single(imp_t *imp, weir_str_t *first, const imp_object_t *o,
    weir_span_t span, const char *what, weir_str_t name);
weir_str_t weir_imp_lower(imp_t *imp, weir_str_t s);
weir_str_t weir_imp_trim(weir_str_t s);
/* The next word before any of the separators; false: there is none. */
bool weir_imp_word(weir_str_t *s, const char *separators, weir_str_t *word);
/* Whether it is one of the words, between blanks. */
bool weir_imp_is_one_of(weir_str_t s, const char *words);
/* A whole number of up to nine digits. */
bool weir_imp_number(weir_str_t s, uint32_t *n);
/* true and false in the words of Go; false: it is neither. */
bool weir_imp_bool(weir_str_t s, bool *out);
/* Printable ASCII. */
bool weir_imp_is_plain(weir_str_t s);
/* A name of nginx.conf, a path of it, or words between blanks. */
bool weir_imp_is_words(weir_str_t s);
bool weir_imp_is_location(weir_str_t s);
bool weir_imp_is_url(weir_str_t s);
bool weir_imp_is_host(weir_str_t s, bool wildcard);
bool weir_imp_is_header(weir_str_t s);
/* A part of the name of an object (RFC 1123). */
bool weir_imp_is_label(weir_str_t s);
/* Literals, with their quotes; s is plain. */
weir_str_t weir_imp_yaml(imp_t *imp, weir_str_t s);
weir_str_t weir_imp_cel(imp_t *imp, weir_str_t s);
/* Text as it stands in a template with ${}. */
weir_str_t weir_imp_template(imp_t *imp, weir_str_t s);
/* An id that nothing has yet, of letters, digits, '.', '_' and '-'. */
weir_str_t weir_imp_id(imp_t *imp, weir_names_t *taken, weir_str_t wish);
/*
 * The name of a section's item of that body; a new one is called wish.  "":
 * there are too many.
 */
weir_str_t weir_imp_item(imp_t *imp, imp_section_t *s, weir_str_t wish,
    weir_str_t body);

/* import_read.c */

/* The objects of a file; what is wrong with it goes to diags. */
cli_exit_t weir_imp_read(imp_t *imp, const char *path);
/* The older one is less; whose age is not known comes last. */
int weir_imp_by_age(const imp_object_t *a, const imp_object_t *b);
/* NULL: there is none. */
const imp_object_t *weir_imp_find(const imp_t *imp, const char *kind,
    weir_str_t ns, weir_str_t name);
/* NULL: it is not there, or of another kind, which is reported. */
const weir_node_t *weir_imp_map(imp_t *imp, const weir_node_t *map,
    const char *key);
const weir_node_t *weir_imp_list(imp_t *imp, const weir_node_t *map,
    const char *key);
/* "": it is not there, or no text, which is reported. */
weir_str_t weir_imp_str(imp_t *imp, const weir_node_t *map, const char *key);
/* false: it is none, which is reported. */
bool weir_imp_is_map(imp_t *imp, const weir_node_t *node);
/* Every key of a map that is not one of these is not translated. */
void weir_imp_others(imp_t *imp, const imp_object_t *o,
    const weir_node_t *map, const char *where, const char *known);

/* import_path.c: false: *why says what a template cannot be */
bool weir_imp_is_template(imp_t *imp, weir_str_t s, const char **why);
bool weir_imp_prefix(imp_t *imp, weir_str_t s, imp_path_t *out,
    const char **why);
bool weir_imp_exact(imp_t *imp, weir_str_t s, imp_path_t *out,
    const char **why);
/* import_regex.c; out->location is set even then. */
bool weir_imp_pattern(imp_t *imp, weir_str_t s, bool caseless,
    imp_path_t *out, const char **why);
/* Whether RE2 takes it. */
bool weir_imp_is_regex(imp_t *imp, weir_str_t s);

/* import_model.c */

/* The block of a Service, of which port is a number or the name of one. */
weir_str_t weir_imp_upstream(imp_t *imp, const imp_object_t *o,
    weir_span_t span, weir_str_t ns, weir_str_t service, weir_str_t port);
imp_upstream_t *weir_imp_upstream_get(imp_t *imp, weir_str_t name);
/* NULL: memory is short. */
imp_host_t *weir_imp_host(imp_t *imp, weir_str_t name);
/*
 * Adds a route, unless another one has all its requests: that is noted, and
 * *other is it.
 */
bool weir_imp_route(imp_t *imp, const imp_route_t *r, imp_route_t **other);
/* The route that has all requests of a host and a template; or NULL. */
imp_route_t *weir_imp_route_of(imp_t *imp, weir_str_t host, weir_str_t path);
void weir_imp_arm(imp_t *imp, imp_route_t *r, weir_str_t name,
    weir_str_t upstream, uint32_t weight);
/*
 * Names the splits of routes, and closes hosts whose paths others would get;
 * once more after routes were left out.
 */
void weir_imp_finish(imp_t *imp);

/* import_annotations.c: what the annotations of an object say */
void weir_imp_annotations(imp_t *imp, const imp_object_t *o,
    imp_values_t *v);
void weir_imp_traits(imp_values_t *v, imp_traits_t *t);
/* What is set and nobody told of yet. */
void weir_imp_untold(imp_values_t *v);
void weir_imp_tell(imp_values_t *v, unsigned id, imp_fate_t fate,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* other: where it is neither true nor false, or not there. */
bool weir_imp_is_true(imp_values_t *v, unsigned id, bool other);

/* import_settings.c */
void weir_imp_settings(imp_values_t *v, unsigned first, unsigned end,
    weir_str_t *out);
void weir_imp_proxy(imp_values_t *v, imp_traits_t *t);
/* import_guard.c */
void weir_imp_guard(imp_values_t *v, imp_traits_t *t);
/* A rule to deny, of these traits alone; without a certificate, once. */
void weir_imp_deny(imp_t *imp, imp_traits_t *t, const imp_rule_t *rule);
void weir_imp_certified(imp_t *imp, imp_traits_t *t);
/* Whether clients must have a certificate. */
bool weir_imp_is_certified(const imp_traits_t *t);
bool weir_imp_asks(const imp_values_t *v);
/*
 * A list of prefixes by name; "": it is none.  *in is an address of it, *out
 * one that is not, or "".
 */
weir_str_t weir_imp_cidrs(imp_t *imp, weir_str_t wish, weir_str_t text,
    weir_str_t *in, weir_str_t *out);
/* import_limits.c */
void weir_imp_limits(imp_values_t *v, imp_traits_t *t);
/* import_edge.c */
void weir_imp_edge(imp_values_t *v, imp_traits_t *t);
weir_str_t weir_imp_cors(imp_t *imp, weir_str_t wish, weir_str_t origins,
    weir_str_t methods, weir_str_t headers, weir_str_t expose,
    bool credentials, uint32_t age, weir_str_t *bad);

/* import_filters.c: what the filters of a rule of an HTTPRoute say */
void weir_imp_filters(imp_t *imp, const imp_object_t *o,
    const weir_node_t *list, imp_filters_t *out);
/* The path that a filter makes of a rule's; false: none that is known. */
bool weir_imp_filter_path(imp_t *imp, const imp_filters_t *f,
    imp_route_t *r);
/* An upstream of a reference; "": it is none of a Service, which is noted. */
weir_str_t weir_imp_backend(imp_t *imp, const imp_object_t *o,
    const weir_node_t *ref);

/*
 * import_listeners.c: the hosts of an HTTPRoute, no two of which are equal;
 * "" = any.  None: no listener takes it, which is reported.  The certificates
 * of listeners become those of their hosts.
 */
void weir_imp_listeners(imp_t *imp, const imp_object_t *o, imp_strs_t *hosts);
/*
 * import_attached.c: whether an object of a kind that is not read says more of
 * others, as a guard does; and whether one does so of an HTTPRoute.
 */
bool weir_imp_is_attached(imp_t *imp, const imp_object_t *o);
const imp_object_t *weir_imp_attached_to(imp_t *imp, const imp_object_t *route);
/* Whether a ReferenceGrant lets the route have the Service of a namespace. */
bool weir_imp_is_granted(imp_t *imp, const imp_object_t *route, weir_str_t ns,
    weir_str_t service);

/* import_order.c: what ties is left out, and reported. */
void weir_imp_order(imp_t *imp);

/* import_snippet.c: http: of what stands in http {} */
bool weir_imp_may_guard(weir_str_t s, bool http);

/*
 * import_keep.c: what the path of a rule takes beyond its template; patterns:
 * it is one, of any letters, else a text that others begin with.
 */
void weir_imp_taken(imp_t *imp, imp_route_t *r, weir_str_t path,
    bool patterns);
/* The same of a route whose template takes more. */
void weir_imp_own(imp_t *imp, imp_route_t *r);
/* Notes the guard of a path, whether or not it makes a route. */
void weir_imp_guarded(imp_t *imp, const imp_route_t *r, bool exact);
/* Routes refuse what the guard of another one had. */
void weir_imp_keep(imp_t *imp);

/*
 * import_hosts.c: first all hosts are marked, then their aliases; then a host
 * has the same routes as those of the list, of which it is the first.
 */
bool weir_imp_is_canary(const imp_object_t *o);
void weir_imp_mark_hosts(imp_t *imp, const imp_object_t *o);
void weir_imp_mark_aliases(imp_t *imp);
void weir_imp_same_hosts(imp_t *imp, weir_str_t host, imp_strs_t *out);

/* import_server.c: what nginx is told of a host, and of all with `tls` */
void weir_imp_server(imp_values_t *v, weir_str_t host);
void weir_imp_tls(imp_values_t *v, const weir_node_t *rules);

/* import_config.c, import_ingress.c, import_canary.c, import_gateway.c */
void weir_imp_config(imp_t *imp);
void weir_imp_ingresses(imp_t *imp);
void weir_imp_canary(imp_values_t *v, const imp_route_t *r);
/* Pieces of a path with $1 to $9; false: *why. */
bool weir_imp_rewrite(imp_t *imp, weir_str_t s, const imp_path_t *path,
    imp_pieces_t *out, const char **why);
/* The template of a path that is made of pieces, and what the probe becomes. */
weir_str_t weir_imp_pieces(imp_t *imp, const imp_pieces_t *p);
weir_str_t weir_imp_pieces_probe(imp_t *imp, const imp_pieces_t *p);
/* Lines are added once. */
void weir_imp_line(imp_t *imp, weir_str_t *lines, weir_str_t line);
/* A route that is closed, where no other one has its requests. */
void weir_imp_shut(imp_t *imp, const imp_route_t *r, weir_str_t location,
    const char *why);
/* The route is closed, and that is reported. */
void weir_imp_close_route(imp_t *imp, imp_route_t *r, const char *why);
/* Routes that are unsafe beside what is shut, and beside their hosts. */
void weir_imp_close(imp_t *imp);
/* The nearest path above one that is none. */
weir_str_t weir_imp_above(imp_t *imp, weir_str_t s);
/* The first certificate of a host stays; the others are reported. */
void weir_imp_certificate(imp_t *imp, const imp_object_t *o, weir_span_t span,
    weir_str_t host, weir_str_t ns, weir_str_t secret);
void weir_imp_gateway(imp_t *imp);

/*
 * import_policy.c, import_tests.c, import_nginx.c; what is to be formed as a
 * policy has a name.
 */
weir_str_t weir_imp_print(imp_t *imp, const char *name,
    void (*print)(FILE *f, imp_t *imp));
weir_str_t weir_imp_policy(imp_t *imp);
weir_str_t weir_imp_tests(imp_t *imp);
weir_str_t weir_imp_upstreams(imp_t *imp);
weir_str_t weir_imp_servers(imp_t *imp);

/* import_report.c */
void weir_imp_report(imp_t *imp, cli_format_t format, FILE *out);

#endif
