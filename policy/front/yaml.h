/*
 * yaml.h: a YAML file to a tree of nodes, strictly (policy.md).
 */

#ifndef WEIR_FRONT_YAML_H
#define WEIR_FRONT_YAML_H

#include "front/node.h"

/*
 * Reads the file that was registered under this index.  WEIR_OK: *root is a
 * whole tree, though errors may have been reported and nodes be UNSET.
 * WEIR_ERROR: there is no tree; at least one error was reported.
 */
weir_rc_t weir_yaml_read(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_node_t *root);

typedef weir_vec_t(weir_node_t)  weir_documents_t;

/*
 * The same of manifests of another program, JSON included: any number of
 * documents, of which empty ones are left out, and words that only some
 * readers take for anything else are text.
 */
weir_rc_t weir_yaml_stream(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_documents_t *out);

#endif
