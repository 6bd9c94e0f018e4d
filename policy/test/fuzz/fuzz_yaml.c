/*
 * fuzz_yaml.c: any bytes as a policy, and as its file of tenants.
 *
 * A line of three equals signs splits them.  What is refused says why, and
 * what compiles must verify.
 */

#define _GNU_SOURCE

#include "front/compile.h"
#include "run/image.h"
#include "test/fuzz/fuzz.h"

typedef struct {
    weir_str_t  policy;
    weir_str_t  tenants;
} input_t;


static weir_rc_t
read_input(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    const input_t  *in;

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


static weir_rc_t
no_glob(void *data, weir_arena_t *a, weir_str_t pattern, weir_str_t **paths,
    size_t *n)
{
    (void) data;
    (void) a;
    (void) pattern;
    (void) paths;

    *n = 0;

    return WEIR_OK;
}


static void
split(const uint8_t *data, size_t size, input_t *in)
{
    const char  *text, *cut;

    text = (const char *) data;
    cut = size ? memmem(text, size, "\n===\n", 5) : NULL;

    in->policy = weir_str(text, cut ? (size_t) (cut - text) : size);
    in->tenants = cut ? weir_str(cut + 5, size - in->policy.len - 5)
                      : weir_str("", 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t          in;
    weir_str_t       image;
    weir_diags_t     diags;
    weir_arena_t    *arena;
    weir_model_t    *model;
    weir_loader_t    loader;
    weir_refusal_t   why;

    arena = weir_arena_create();

    if (arena == NULL) {
        abort();
    }

    split(data, size, &in);
    memset(&diags, 0, sizeof(diags));
    diags.arena = arena;
    loader = (weir_loader_t) { read_input, no_glob, &in };

    if (weir_model_load(arena, &loader, weir_string("policy.yaml"), &diags,
                        &model) == WEIR_OK
        && weir_model_check(model, &diags, true) == WEIR_OK
        && weir_model_write(arena, model, &diags, &image) == WEIR_OK)
    {
        if (weir_image_verify((const uint8_t *) image.data, image.len, NULL,
                              &why) != WEIR_OK)
        {
            abort();
        }

    } else if (diags.errors == 0) {
        abort();
    }

    weir_arena_destroy(arena);

    return 0;
}
