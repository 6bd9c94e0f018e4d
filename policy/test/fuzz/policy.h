/*
 * policy.h: policies and their tenants compiled from memory.
 */

#ifndef WEIR_TEST_FUZZ_POLICY_H
#define WEIR_TEST_FUZZ_POLICY_H

#include "front/compile.h"

typedef struct {
    weir_str_t  policy;
    weir_str_t  tenants;        /* of any file that ends in .ndjson */
} policy_text_t;


static inline weir_rc_t
policy_read(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    const policy_text_t  *in;

    (void) a;

    in = data;

    if (weir_str_eq(path, weir_string("policy.yaml"))) {
        *text = in->policy;
        return WEIR_OK;
    }

    if (weir_str_ends(path, weir_string(".ndjson"))) {
        *text = in->tenants;
        return WEIR_OK;
    }

    *why = "there is no such file";

    return WEIR_ERROR;
}


static inline weir_rc_t
policy_glob(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    (void) data;
    (void) a;
    (void) pattern;
    (void) paths;

    *n = 0;

    return WEIR_OK;
}


/* The image is in the arena; diags has none of its own yet. */
static inline weir_rc_t
policy_compile(weir_arena_t *a, policy_text_t *text, weir_diags_t *diags,
    weir_str_t *image)
{
    weir_rc_t      rc;
    weir_model_t  *model;
    weir_loader_t  loader;

    memset(diags, 0, sizeof(weir_diags_t));
    diags->arena = a;
    loader = (weir_loader_t) { policy_read, policy_glob, text };

    rc = weir_model_load(a, &loader, weir_string("policy.yaml"), diags,
                         &model);

    if (rc == WEIR_OK) {
        rc = weir_model_check(model, diags, true);
    }

    return rc == WEIR_OK ? weir_model_write(a, model, diags, image) : rc;
}

#endif
