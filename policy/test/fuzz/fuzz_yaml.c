/*
 * fuzz_yaml.c: any bytes as a policy, and as its file of tenants.
 *
 * A line of three equals signs splits them.  What is refused says why, and
 * what compiles must verify.
 */

#define _GNU_SOURCE

#include "run/image.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/policy.h"

#define MAX_LEN  1536           /* of an input, for tools/fuzz */


static void
split(const uint8_t *data, size_t size, policy_text_t *in)
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
    weir_str_t       image;
    weir_diags_t     diags;
    weir_arena_t    *arena;
    policy_text_t    in;
    weir_refusal_t   why;

    arena = weir_arena_create();
    must(arena != NULL);
    split(data, size, &in);

    if (policy_compile(arena, &in, &diags, &image) == WEIR_OK) {
        must(weir_image_verify((const uint8_t *) image.data, image.len, NULL,
                               &why) == WEIR_OK);

    } else {
        must(diags.errors != 0);
    }

    weir_arena_destroy(arena);

    return 0;
}
