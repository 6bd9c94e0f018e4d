/*
 * fuzz_cel.c: any bytes as an expression, behind up to three vars, each
 * before a NUL; the first byte chooses the site.
 *
 * What is refused says why; what is taken is emitted, unless a bound is
 * named; the verifier takes the image, with the stack that the emitter says,
 * and every program of it ends in what it says it gives.
 */

#include "front/emit_code.h"
#include "test/kit.h"
#include "test/fuzz/fuzz.h"

#define MAX_VARS  3

typedef struct {
    kit_t            kit;
    weir_diags_t     diags;
    weir_cel_env_t  *env;
    weir_emit_t     *emit;
    uint32_t         file;
} fuzz_t;

static const weir_str_t  params[] = { { "user", 4 }, { "v0", 2 } };

#define SITE(role_, kind, phase_, n)                                          \
    { .role = (role_), .want = WEIR_T_##kind, .phase = WEIR_PHASE_##phase_,   \
      .params = params, .nparams = (n) }

static const weir_cel_site_t  sites[] = {
    SITE("\"when\"", BOOL, CONNECT, 0),
    SITE("\"when\"", BOOL, ACCESS, 2),
    SITE("\"key\"", STRING, PREAUTH, 1),
    SITE("\"cost\"", INT, LOG, 0),
    SITE("a value", DYN, LOG, 2)
};

/* of what begins with a dollar */
static const weir_cel_site_t  header = {
    .role = "a header", .want = WEIR_T_STRING, .phase = WEIR_PHASE_RESPONSE,
    .among = 1u << WEIR_T_STRING | 1u << WEIR_T_INT | 1u << WEIR_T_UINT
             | 1u << WEIR_T_DOUBLE | 1u << WEIR_T_BOOL | 1u << WEIR_T_IP,
    .params = params, .nparams = 2, .template = true
};


static weir_text_t
text_of(const fuzz_t *f, const uint8_t *data, size_t size)
{
    weir_text_t  t = { 0 };

    t.text = weir_str((const char *) data, size);
    t.span = (weir_span_t) { f->file, 1, 1, (uint32_t) size };

    return t;
}


/* The vars v0 to v2 of a text; what is left of it. */
static size_t
add_vars(fuzz_t *f, const uint8_t *data, size_t size)
{
    char            name[3] = "v0";
    size_t          used, n, i;
    weir_str_t      copy;
    weir_text_t     t;
    const uint8_t  *nul;

    used = 0;

    for (i = 0; i < MAX_VARS; i++) {
        nul = memchr(data + used, '\0', size - used);

        if (nul == NULL) {
            break;
        }

        n = (size_t) (nul - data) - used;
        name[1] = (char) ('0' + i);
        copy = weir_arena_str(f->kit.arena, weir_cstr(name));
        t = text_of(f, data + used, n);
        (void) weir_cel_add_var(f->env, copy, t.span, &t);
        used += n + 1;
    }

    return used;
}


static void
emit_at(fuzz_t *f, const weir_text_t *text, const weir_cel_site_t *site)
{
    bool          b;
    size_t        before;
    uint32_t      prog;
    weir_rc_t     rc;
    weir_expr_t  *e;

    before = f->diags.errors;
    rc = weir_cel_compile(f->env, text, site, &e);

    if ((rc == WEIR_OK) != (f->diags.errors == before) && rc != WEIR_ERROR) {
        abort();
    }

    if (rc != WEIR_OK) {
        return;
    }

    if (weir_expr_phase(e) > site->phase
        || (site->want != WEIR_T_DYN && weir_expr_kind(e) != site->want))
    {
        abort();
    }

    (void) weir_expr_is_bool(e, &b);
    before = f->diags.errors;
    rc = weir_emit_expr(f->emit, e, f->kit.name, WEIR_NONE, &prog);

    if (rc != (f->diags.errors == before ? WEIR_OK : WEIR_ERROR)
        || (rc == WEIR_OK && f->emit->progs.items[prog].cost > e->cost))
    {
        abort();
    }
}


static void
check_image(fuzz_t *f)
{
    uint8_t         *bytes;
    weir_str_t       image;
    weir_refusal_t   why;

    if (weir_emit_finish(f->emit) != WEIR_OK) {
        abort();
    }

    weir_build_records(f->kit.b, WEIR_S_CIDRS, NULL, 1);
    image = kit_write(&f->kit);
    bytes = aligned_alloc(16, (image.len + 15) & ~(size_t) 15);
    memcpy(bytes, image.data, image.len);

    if (weir_image_verify(bytes, image.len, NULL, &why) != WEIR_OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }

    if (!kit_run_all(bytes)) {
        abort();
    }

    free(bytes);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t        used;
    fuzz_t        f;
    weir_text_t   text;

    if (size == 0) {
        return 0;
    }

    memset(&f, 0, sizeof(f));
    kit_open(&f.kit);
    f.diags.arena = f.kit.arena;

    if (weir_diags_add_file(&f.diags, weir_string("t"),
                            weir_str((const char *) data, size), &f.file)
        != WEIR_OK)
    {
        abort();
    }

    f.env = weir_cel_env(f.kit.arena, &f.diags);
    f.emit = weir_emit_create(f.kit.b, &f.diags);
    (void) weir_cel_add_list(f.env, weir_string("l"), 0);

    used = 1 + add_vars(&f, data + 1, size - 1);
    (void) weir_cel_check_vars(f.env);
    text = text_of(&f, data + used, size - used);
    emit_at(&f, &text, data[0] == '$' ? &header
                                      : &sites[data[0] % N_OF(sites)]);

    check_image(&f);
    kit_close(&f.kit);

    return 0;
}
