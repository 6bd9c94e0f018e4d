/*
 * fuzz_tzif.c: any bytes as a TZif file.
 *
 * What is refused says why; what is taken is what the verifier wants of the
 * shifts of a zone.
 */

#include "fuzz.h"
#include "front/tzif.h"
#include "image/bounds.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t                 i, n;
    weir_rc_t                rc;
    const char              *why;
    weir_arena_t            *a;
    const weir_img_shift_t  *s;

    a = weir_arena_create();
    why = NULL;
    rc = weir_tzif_read(a, weir_str((const char *) data, size), &s, &n, &why);

    if ((rc == WEIR_OK) != (why == NULL)
        || (rc == WEIR_OK && (n == 0 || s[0].at != INT64_MIN)))
    {
        abort();
    }

    for (i = 0; rc == WEIR_OK && i < n; i++) {
        if (s[i].offset > WEIR_MAX_ZONE_OFFSET
            || s[i].offset < -WEIR_MAX_ZONE_OFFSET || s[i].reserved != 0
            || (i > 0 && (s[i - 1].at >= s[i].at
                          || s[i - 1].offset == s[i].offset)))
        {
            abort();
        }
    }

    weir_arena_destroy(a);

    return 0;
}
