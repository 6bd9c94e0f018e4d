/*
 * load_splits.h: what the files that read splits share.
 */

#ifndef WEIR_FRONT_LOAD_SPLITS_H
#define WEIR_FRONT_LOAD_SPLITS_H

#include "front/load.h"

/* One of "splits" while it is read. */
typedef struct {
    weir_load_t        *l;
    const weir_node_t  *body;
    weir_split_t       *split;
    weir_names_t        names;      /* of its arms; value: place */
    bool                weighed;    /* the weight of each is known */
} weir_load_split_t;

/* The place of the arm, or NONE: reported, if there is a name. */
uint32_t weir_load_arm(const weir_load_split_t *s, const weir_node_t *node);

/* 1/10000 as a percentage. */
weir_str_t weir_load_percent(weir_load_t *l, uint32_t share);

/* model_guard.c; arms is the map, whose arm is the one at that place */
void weir_load_breaker(weir_load_split_t *s, const weir_node_t *arms,
    uint32_t arm);
void weir_load_guard(weir_load_split_t *s, const weir_node_t *node);
/* Behind its guard. */
void weir_load_ramp(weir_load_split_t *s, const weir_node_t *node);
void weir_load_mirror(weir_load_split_t *s, const weir_node_t *node);

#endif
