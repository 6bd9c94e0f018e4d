/*
 * node.h: a source as a tree: what YAML and JSON have in common.
 *
 * Every key and every value knows its place.  A node that was reported as
 * wrong becomes UNSET, so that nobody reports it again.
 */

#ifndef WEIR_FRONT_NODE_H
#define WEIR_FRONT_NODE_H

#include "front/source.h"
#include "image/types.h"

typedef enum {
    WEIR_STYLE_PLAIN,
    WEIR_STYLE_SINGLE,
    WEIR_STYLE_DOUBLE,
    WEIR_STYLE_LITERAL,
    WEIR_STYLE_FOLDED
} weir_style_t;

typedef struct weir_node_s   weir_node_t;
typedef struct weir_entry_s  weir_entry_t;

struct weir_node_s {
    weir_text_t        text;    /* of a scalar; a list or map has its span */

    union {
        bool           b;
        int64_t        i;
        double         d;
        weir_node_t   *items;
        weir_entry_t  *entries;
    } u;

    uint32_t           n;       /* items or entries */
    uint32_t           from;    /* bytes of a YAML scalar in its file: */
    uint32_t           to;      /* [from, to) */
    uint8_t            kind;    /* NULL BOOL INT DOUBLE STRING LIST MAP UNSET */
    uint8_t            style;   /* weir_style_t of a scalar */
};

struct weir_entry_s {
    weir_node_t  key;           /* STRING */
    weir_node_t  value;
};


/* NULL where map is no map, or has no such key. */
static inline weir_node_t *
weir_node_find(const weir_node_t *map, const char *key)
{
    uint32_t    i;
    weir_str_t  name;

    if (map == NULL || map->kind != WEIR_T_MAP) {
        return NULL;
    }

    name = weir_cstr(key);

    for (i = 0; i < map->n; i++) {
        if (weir_str_eq(map->u.entries[i].key.text.text, name)) {
            return &map->u.entries[i].value;
        }
    }

    return NULL;
}


/* As weir_node_find(), but NULL for what was reported as wrong too. */
static inline weir_node_t *
weir_node_get(const weir_node_t *map, const char *key)
{
    weir_node_t  *node;

    node = weir_node_find(map, key);

    return node != NULL && node->kind != WEIR_T_UNSET ? node : NULL;
}


/* The same key twice in a map: reported, and the later value UNSET. */
weir_rc_t weir_map_check(weir_diags_t *diags, weir_node_t *map);

#endif
