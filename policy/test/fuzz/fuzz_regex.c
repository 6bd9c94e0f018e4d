/*
 * fuzz_regex.c: any bytes as two patterns, split at the first NUL.
 *
 * What the front takes, PCRE2 compiles; a witness of a tie is matched by
 * both; what is refused says why.
 */

#include "front/regex.h"
#include "run/regex.h"
#include "test/fuzz/fuzz.h"

#define MAX_LEN   32            /* of an input, for tools/fuzz */

/* while there is one, pages for the code of others are not given back */
static weir_regex_t  *kept;


static const weir_re_t *
parse(weir_arena_t *a, weir_diags_t *diags, weir_str_t pattern,
    weir_regex_t **code)
{
    size_t            before;
    char              err[80];
    weir_rc_t         rc;
    weir_text_t       text = { 0 };
    const weir_re_t  *re;

    before = diags->errors;
    text.text = pattern;
    text.span.line = 1;
    text.span.col = 1;

    rc = weir_re_parse(a, diags, &text, 0, pattern.len, &re);

    if (rc != WEIR_OK) {
        if (diags->errors != before + 1) {
            abort();
        }

        return NULL;
    }

    if (weir_regex_compile(weir_re_emit(a, re), true, code, err, sizeof(err))
        != WEIR_OK)
    {
        abort();
    }

    return re;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              err[64];
    uint32_t          file;
    weir_str_t        x, y, witness;
    weir_diags_t      diags = { 0 };
    weir_arena_t     *a;
    weir_regex_t     *cx, *cy;
    const char       *nul;
    const weir_re_t  *rx, *ry;

    if (kept == NULL) {
        must(weir_regex_compile(weir_string("a"), true, &kept, err,
                                sizeof(err)) == WEIR_OK);
    }

    a = weir_arena_create();

    if (a == NULL) {
        abort();
    }

    x = weir_str(size ? (const char *) data : "", size);
    y = weir_str("", 0);
    nul = size ? memchr(data, '\0', size) : NULL;

    if (nul != NULL) {
        x.len = (size_t) (nul - x.data);
        y = weir_str(nul + 1, size - x.len - 1);
    }

    diags.arena = a;

    if (weir_diags_add_file(&diags, weir_string("x"), x, &file) != WEIR_OK) {
        abort();
    }

    cx = NULL;
    cy = NULL;
    rx = parse(a, &diags, x, &cx);
    ry = parse(a, &diags, y, &cy);

    if (rx != NULL && ry != NULL
        && weir_re_common(a, rx, ry, &witness) == WEIR_OK
        && (witness.len == 0
            || weir_regex_match(cx, witness) == WEIR_DECLINED
            || weir_regex_match(cy, witness) == WEIR_DECLINED))
    {
        abort();
    }

    weir_regex_free(cx);
    weir_regex_free(cy);
    weir_arena_destroy(a);

    return 0;
}
