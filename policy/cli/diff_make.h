/*
 * diff_make.h: what the files share that make a class of requests.
 */

#ifndef WEIR_CLI_DIFF_MAKE_H
#define WEIR_CLI_DIFF_MAKE_H

#include "cli/diff.h"

#define DIFF_FRESH  "weir"      /* a text that no policy should know */

typedef struct {
    unsigned   side;
    uint32_t   prog;
    bool       differs;         /* the other policy has no such program */
} diff_asked_t;

typedef struct {
    diff_t              *d;
    diff_cell_t         *c;
    const diff_pair_t   *pair;
    diff_sum_t          *sums[DIFF_SIDES];      /* of programs, sorted */
    weir_vec_t(diff_asked_t)  asked;
    size_t               ntenants;
    size_t               nlanded;   /* other routes that take its requests */
    const diff_pair_t   *landed[DIFF_MAX_LANDED];
} diff_make_t;


/* NULL: there are too many. */
diff_dim_t *weir_diff_dim(diff_make_t *m, diff_dim_kind_t kind,
    weir_str_t name);
/* dim may be NULL. */
void weir_diff_add(diff_make_t *m, diff_dim_t *dim, weir_str_t value);

/* Where a request has the leaf; NULL: nowhere alone. */
diff_dim_t *weir_diff_leaf_dim(diff_make_t *m, const diff_leaf_t *leaf);
/* Values on both sides of what a test tells apart. */
void weir_diff_leaf_values(diff_make_t *m, const diff_atom_t *a);
void weir_diff_texts(diff_t *d, const diff_atom_t *a, diff_strs_t *out);

/* Paths of a route; misses: those next to them. */
void weir_diff_places(diff_make_t *m, unsigned side,
    const diff_route_t *route, bool misses);

/* The programs of a class, and dimensions that they do not tell. */
void weir_diff_asked(diff_make_t *m);
/* Before the first class; false: memory is short. */
bool weir_diff_sort_sums(diff_make_t *m);

/* Those that name a tenant. */
void weir_diff_tenant_paths(diff_make_t *m, weir_str_t id);

weir_ip_t weir_diff_v4(uint32_t n);
weir_str_t weir_diff_ip_text(diff_t *d, const weir_ip_t *ip);

#endif
