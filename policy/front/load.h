/*
 * load.h: what the files that turn trees into a model share.
 *
 * The trees went through weir_schema_check(): a value that is there has the
 * kind and form of its key.  Errors are reported and what is wrong is left
 * out, so that one run finds all of them.
 */

#ifndef WEIR_FRONT_LOAD_H
#define WEIR_FRONT_LOAD_H

#include "front/compile.h"
#include "front/names.h"
#include "front/node.h"

struct weir_object_s;           /* schema.h */

/* A YAML file of the policy: the main one, then what is included. */
typedef struct {
    weir_str_t   path;
    weir_str_t   dir;           /* with its slash; empty: where we are */
    weir_node_t  root;
    uint32_t     file;
} weir_policy_file_t;

/* What goes into the digest of a policy: one file that was read. */
typedef struct {
    weir_str_t   path;
    weir_str_t   text;
} weir_part_t;

typedef struct {
    weir_arena_t                    *arena;
    const weir_loader_t             *loader;
    weir_diags_t                    *diags;
    weir_model_t                    *model;
    weir_cel_env_t                  *env;
    weir_vec_t(weir_policy_file_t)   files;
    weir_vec_t(weir_part_t)          parts;
    weir_names_t                     paths;     /* of files */
    weir_names_t                     lists;     /* value: its index */
    weir_names_t                     vars;
    weir_names_t                     flags;
    weir_names_t                     splits;    /* value: its index */
    weir_names_t                     limits;    /* value: that of its first */
    weir_names_t                     counted;   /* names with their periods */
    weir_names_t                     plans;     /* value: its index */
    weir_names_t                     tenants;
    weir_names_t                     hosts;     /* of tenants */
    weir_names_t                     issuers;   /* value: its index */
    weir_names_t                     isses;
    weir_names_t                     revoked;
    weir_names_t                     apikeys;
    weir_names_t                     known;     /* certificates' names */
    weir_names_t                     cors;      /* value: its index */
    weir_names_t                     pauses;    /* ids of maintenance */
    weir_names_t                     routes;
    weir_names_t                     rules;     /* of the global layer */
    weir_names_t                     roles;     /* the policy's; value: index */
    bool                             nomem;     /* remembered, told last */
} weir_load_t;

typedef enum {
    WEIR_LAYER_GLOBAL,
    WEIR_LAYER_TENANT,
    WEIR_LAYER_ROUTE
} weir_layer_t;

/* weir_vec_push() that remembers when memory is short. */
#define weir_load_push(l, v)                                                  \
    (weir_vec_grow((l)->arena, (void **) &(v)->items, &(v)->len, &(v)->cap,   \
                   sizeof(*(v)->items))                                       \
         ? &(v)->items[(v)->len++] : ((l)->nomem = true, NULL))

weir_name_t weir_load_name(const weir_node_t *node);

/*
 * true: the name is new in the set.  Else reported: "WHAT is defined twice",
 * with both places.  A node that is NULL is never new.
 */
bool weir_load_unique(weir_load_t *l, weir_names_t *set, const char *what,
    const weir_name_t *name, uint32_t value);

/*
 * Reads a file that a policy names, unless it was read before.  at is where:
 * NULL for the main file.  false: reported.
 */
bool weir_load_read(weir_load_t *l, weir_str_t path, const weir_span_t *at,
    uint32_t *file);
/* A path as the file of the policy means it. */
weir_str_t weir_load_join(weir_load_t *l, const weir_policy_file_t *f,
    weir_str_t path);

/*
 * Reads the JSON lines of a file that node names, relative to f: for each,
 * once it was checked, fn(l, line, data).  Names point into the file's text,
 * but the tree of a line goes.
 */
void weir_load_lines(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node, const struct weir_object_s *line,
    void (*fn)(weir_load_t *l, const weir_node_t *line, void *data),
    void *data);

/* Reports a name that there is not, and the one of the set that is near. */
void weir_load_unknown(weir_load_t *l, const char *what,
    const weir_name_t *name, const weir_names_t *set);

/* The name in the set that is near to it, or "". */
weir_str_t weir_load_near(weir_load_t *l, const weir_names_t *set,
    weir_str_t name);

/* Text or a list of it, as names. */
void weir_load_some(weir_load_t *l, const weir_node_t *node,
    weir_name_list_t *out);

/* Names of members with dots between them, or a list of names. */
void weir_load_members(weir_load_t *l, const weir_node_t *node,
    weir_str_t text, weir_name_list_t *out);

/*
 * A duration in units of so many milliseconds, from least to most of them;
 * *out stays where none is given.
 */
void weir_load_duration(weir_load_t *l, const weir_node_t *map,
    const char *key, uint32_t least, uint32_t most, unsigned unit,
    uint32_t *out);

/* Where a credential is sent: the items of "from". */
void weir_load_from(weir_load_t *l, const weir_node_t *node,
    weir_froms_t *out);

/* Reads the main file and all it includes into l->files. */
void weir_load_files(weir_load_t *l, weir_str_t path);

/* One section of one file. */
void weir_load_policy(weir_load_t *l, const weir_node_t *node);
void weir_load_settings(weir_load_t *l, const weir_node_t *node);
void weir_load_audit(weir_load_t *l, const weir_node_t *node);
void weir_load_tests(weir_load_t *l, const weir_node_t *node);
void weir_load_lists(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node);
void weir_load_vars(weir_load_t *l, const weir_node_t *node);
void weir_load_flags(weir_load_t *l, const weir_node_t *node);
void weir_load_splits(weir_load_t *l, const weir_node_t *node);
void weir_load_limits(weir_load_t *l, const weir_node_t *node);
void weir_load_plans(weir_load_t *l, const weir_node_t *node);
void weir_load_tenants(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node);
void weir_load_issuers(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node);
void weir_load_apikeys(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node);
/* Where keys are sent, if no file said so. */
void weir_load_key_from(weir_load_t *l);
void weir_load_mtls(weir_load_t *l, const weir_node_t *node);
void weir_load_bind(weir_load_t *l, const weir_node_t *node);
void weir_load_cors(weir_load_t *l, const weir_node_t *node);
void weir_load_maintenance(weir_load_t *l, const weir_node_t *node);
void weir_load_routes(weir_load_t *l, const weir_node_t *node);

/* "cors", "version" and "transform" of a route. */
void weir_load_route_cors(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r);
void weir_load_version(weir_load_t *l, const weir_node_t *node,
    weir_version_t *out);
/* Of a route whose id and path are known. */
void weir_load_transform(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r);

/* What routes without "auth" ask: all that the policy has. */
void weir_load_asked(weir_load_t *l);
/* "auth" and "mfa" of a route, whose "public" is known. */
void weir_load_auth(weir_load_t *l, const weir_node_t *route,
    weir_route_t *r);

/* "limits" of a route. */
void weir_load_route_limits(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r);
/* "split" of a route, whose "upstream" is known. */
void weir_load_route_split(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r);
/* The index of a tenant's plan; reported where there is none. */
uint32_t weir_load_plan_of(weir_load_t *l, const weir_name_t *plan);

/* "roles" of the policy, or of a tenant; what a role names is looked up last */
void weir_load_roles(weir_load_t *l, const weir_node_t *node);
void weir_load_own_roles(weir_load_t *l, const weir_node_t *node,
    weir_tenant_t *t);
/* "require" of a route. */
void weir_load_require(weir_load_t *l, const weir_node_t *node,
    const weir_template_t *path, weir_require_t *out);
/*
 * When all files are loaded: gathers the permissions that are asked for, and
 * gives each role the bits of what it may do.
 */
void weir_load_grants(weir_load_t *l);

/* The names of the parameters of a template (or NULL), for CEL. */
void weir_load_params(weir_load_t *l, const weir_template_t *path,
    weir_cel_site_t *site);

/*
 * The rules of "deny" or "allow".  names holds the ids of the layer; params
 * are those of the route, or NULL.
 */
void weir_load_deny(weir_load_t *l, const weir_node_t *node,
    weir_layer_t layer, weir_names_t *names, const weir_template_t *path,
    weir_rules_t *out);
void weir_load_allow(weir_load_t *l, const weir_node_t *node,
    weir_names_t *names, const weir_template_t *path, weir_rules_t *out);

/* Routes that tie: every one that does is reported once. */
weir_rc_t weir_ties_check(const weir_model_t *m, weir_diags_t *diags);

#endif
