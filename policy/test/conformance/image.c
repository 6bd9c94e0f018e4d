/*
 * image.c: an expression from its text to its value, on the way that a
 * policy's go: parse, check, fold, emit, write, verify, open, evaluate.
 */

#include "conformance.h"
#include "front/builder.h"
#include "front/emit.h"
#include "run/image.h"
#include "run/verify.h"


static void
attr(void *host, unsigned a, weir_value_t *out)
{
    (void) host;
    (void) a;
    (void) out;
}


static weir_rc_t
get(void *host, unsigned a, weir_str_t key, weir_value_t *out)
{
    (void) host;
    (void) a;
    (void) key;
    (void) out;

    return WEIR_DECLINED;
}


static void
at(void *host, unsigned a, uint32_t i, weir_value_t *key, weir_value_t *value)
{
    (void) host;
    (void) a;
    (void) i;
    (void) key;
    (void) value;
}


static bool
failed(subject_t *s, const char *step, weir_str_t why)
{
    s->failed = step;
    s->why = weir_arena_str(s->arena, why);

    return false;
}


static bool
said(subject_t *s, const char *step)
{
    size_t      i;
    weir_str_t  why;

    why = weir_string("");

    for (i = 0; i < s->diags.list.len; i++) {
        if (s->diags.list.items[i].severity == WEIR_SEV_ERROR) {
            why = weir_arena_printf(s->arena, "%.*s%s%.*s", WEIR_STR(why),
                                    why.len ? "; " : "",
                                    WEIR_STR(s->diags.list.items[i].text));
        }
    }

    return failed(s, step, why);
}


static weir_text_t *
text_of(subject_t *s, weir_str_t expr)
{
    uint32_t      file;
    weir_text_t  *t;

    t = weir_arena_alloc(s->arena, sizeof(weir_text_t));
    t->text = expr;
    (void) weir_diags_add_file(&s->diags, weir_string("expr"), expr, &file);
    t->span.file = file;
    t->span.line = 1;
    t->span.col = 1;
    t->span.len = (uint32_t) expr.len;

    return t;
}


void
subject_init(subject_t *s, const weir_cel_mode_t *mode)
{
    memset(s, 0, sizeof(subject_t));
    s->arena = weir_arena_create();
    s->diags.arena = s->arena;
    s->env = weir_cel_env(s->arena, &s->diags);
    weir_cel_set_mode(s->env, mode);
}


void
subject_close(subject_t *s)
{
    if (s->open) {
        weir_image_close(&s->image);
    }

    weir_arena_destroy(s->arena);
}


const weir_ex_t *
subject_parse(subject_t *s, weir_str_t text)
{
    weir_cel_t   *c;
    weir_ex_t    *root;

    c = weir_arena_alloc(s->arena, sizeof(weir_cel_t));
    c->env = s->env;
    c->arena = s->arena;
    c->diags = &s->diags;
    c->infer.arena = s->arena;
    c->text = text_of(s, text);
    c->expr = weir_arena_alloc(s->arena, sizeof(weir_expr_t));

    root = weir_cel_parse(c);

    if (c->failed) {
        (void) said(s, "parse");
        return NULL;
    }

    return root;
}


bool
subject_check(subject_t *s, weir_str_t text)
{
    weir_cel_site_t  site;

    memset(&site, 0, sizeof(site));
    site.role = "the expression";
    site.want = WEIR_T_DYN;
    site.phase = WEIR_PHASE_LOG;

    return weir_cel_compile(s->env, text_of(s, text), &site, &s->expr)
           == WEIR_OK || said(s, "check");
}


/* What an image needs besides programs. */
static void
skeleton(weir_builder_t *b)
{
    weir_img_policy_t     policy;
    weir_image_header_t  *h;

    memset(&policy, 0, sizeof(policy));
    policy.any_host = WEIR_NONE;
    policy.unmatched = 404;
    policy.unknown_tenant = 404;
    weir_build_records(b, WEIR_S_POLICY, &policy, 1);
    weir_build_records(b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);

    h = weir_build_header(b);
    memcpy(h->magic, WEIR_IMAGE_MAGIC, sizeof(h->magic));
    h->major = WEIR_IMAGE_MAJOR;
    h->minor = WEIR_IMAGE_MINOR;
    h->sections = WEIR_S_COUNT;
    h->name = weir_build_str(b, weir_string("conformance"));
    h->compiler = h->name;
}


bool
subject_load(subject_t *s)
{
    uint8_t         *copy;
    weir_str_t       bytes;
    weir_emit_t     *emit;
    weir_builder_t  *b;
    weir_refusal_t   why;

    b = weir_builder_create(s->arena);
    emit = weir_emit_create(b, &s->diags);

    if (weir_emit_expr(emit, s->expr, weir_build_str(b, weir_string("expr")),
                       weir_build_str(b, s->expr->text->text), &s->prog)
        != WEIR_OK || weir_emit_finish(emit) != WEIR_OK)
    {
        return said(s, "emit");
    }

    skeleton(b);

    if (weir_builder_write(b, &bytes) != WEIR_OK) {
        return failed(s, "write", weir_string("a string is too long"));
    }

    copy = weir_arena_alloc(s->arena, bytes.len);
    memcpy(copy, bytes.data, bytes.len);

    if (weir_image_verify(copy, bytes.len, NULL, &why) != WEIR_OK) {
        return failed(s, "verify", weir_cstr(why.text));
    }

    if (weir_image_open(&s->image, copy, s->arena, &why) != WEIR_OK) {
        return failed(s, "open", weir_cstr(why.text));
    }

    s->open = true;

    return true;
}


weir_value_t
subject_run(subject_t *s, weir_value_t claims)
{
    static const weir_host_t  host = { attr, get, at };

    weir_value_t  out;

    weir_eval_init(&s->eval, &s->image,
                   weir_arena_alloc(s->arena, weir_eval_size(&s->image)));
    s->eval.host = &host;
    weir_eval_set(&s->eval, WEIR_A_PRINCIPAL_CLAIMS, claims);
    weir_eval(&s->eval, s->prog, &out);

    return out;
}
