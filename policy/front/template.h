/*
 * template.h: path templates and host patterns.
 */

#ifndef WEIR_FRONT_TEMPLATE_H
#define WEIR_FRONT_TEMPLATE_H

#include "front/model.h"

/*
 * "/v1/users/{user}/orders/{order:[0-9]+}", with two stars as last segment
 * for any further segments or none.  Literal segments are in the form that
 * weir_path_normalise() gives.  WEIR_ERROR was reported, *out is untouched.
 */
weir_rc_t weir_template_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, weir_template_t *out);

/*
 * Whether a segment is "." or "..", also with "%2e" for a dot, however often
 * that is encoded: weir_path_check() refuses such a path.
 */
bool weir_is_dots(weir_str_t segment);

/*
 * A host in lower case: labels of letters, digits and hyphens (RFC 1123).
 * With wildcard, "*." in front stands for one label or more.
 */
weir_rc_t weir_host_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, bool wildcard, weir_name_t *out);

/* A host with one label "{tenant}": what stands before and behind it. */
weir_rc_t weir_tenant_host_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, weir_str_t *prefix, weir_str_t *suffix);

/* A copy with ASCII letters in lower case; data NULL: memory is short. */
weir_str_t weir_lower(weir_arena_t *a, weir_str_t s);

#endif
