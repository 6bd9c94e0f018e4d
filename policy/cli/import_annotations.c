/*
 * import_annotations.c: what annotations say of the routes of an Ingress.
 *
 * Every annotation of ingress-nginx ends in a note, and so does every one that
 * no row knows.
 */

#include "cli/import.h"


const imp_row_t  weir_imp_rows[IMP_ALL_COUNT] = {
#define A(id, name, fate, who, directive, text)                               \
    [IMP_##id] = { name, IMP_##fate, IMP_##who, directive, text },
    IMP_ROWS(A)
    IMP_KEYS(A)
#undef A
};


void
weir_imp_tell(imp_values_t *v, unsigned id, imp_fate_t fate, const char *fmt,
    ...)
{
    va_list       args;
    weir_str_t    text;
    imp_value_t  *value;

    value = &v->v[id];

    if (!value->set || value->told) {
        return;
    }

    va_start(args, fmt);
    text = weir_arena_vprintf(v->imp->arena, fmt, args);
    va_end(args);

    value->told = true;
    v->imp->nomem |= text.data == NULL;
    weir_imp_note(v->imp, fate, v->object, value->span,
                  weir_cstr(weir_imp_rows[id].name), "%.*s", WEIR_STR(text));
}


bool
weir_imp_is_true(imp_values_t *v, unsigned id, bool other)
{
    bool  is;

    return weir_imp_bool(v->v[id].text, &is) ? is : other;
}


static imp_value_t *
value_of(imp_values_t *v, weir_str_t name)
{
    unsigned  i;

    for (i = 0; i < IMP_ROW_COUNT; i++) {
        if (weir_str_eq(name, weir_cstr(weir_imp_rows[i].name))) {
            return &v->v[i];
        }
    }

    return NULL;
}


/* Annotations that tools leave, and the old one that names the class. */
static bool
is_aside(weir_str_t key)
{
    size_t  i;

    static const char *const  prefixes[] = {
        "kubernetes.io/ingress.class", "kubectl.kubernetes.io/",
        "meta.helm.sh/", "cert-manager.io/",
        "external-dns.alpha.kubernetes.io/",
        "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/",
        "helm.toolkit.fluxcd.io/", "field.cattle.io/", "acme.cert-manager.io/"
    };

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (weir_str_starts(key, weir_cstr(prefixes[i]))) {
            return true;
        }
    }

    return false;
}


static void
unknown(imp_t *imp, const imp_object_t *o, const weir_entry_t *e)
{
    weir_str_t  key;

    key = e->key.text.text;

    if (is_aside(key)) {
        weir_imp_note(imp, IMP_ASIDE, o, e->key.text.span, key,
                      "of other tools");
        return;
    }

    weir_imp_note(imp, IMP_LEFT, o, e->key.text.span, key,
                  weir_str_starts(key, weir_string(IMP_ANNOTATION))
                  ? "an annotation that import does not know"
                  : "an annotation of something else than ingress-nginx");
}


void
weir_imp_annotations(imp_t *imp, const imp_object_t *o, imp_values_t *v)
{
    uint32_t             i;
    weir_str_t           key, prefix;
    imp_value_t         *value;
    const weir_entry_t  *e;

    memset(v, 0, sizeof(imp_values_t));
    v->imp = imp;
    v->object = o;
    prefix = weir_string(IMP_ANNOTATION);

    for (i = 0; o->annotations != NULL && i < o->annotations->n; i++) {
        e = &o->annotations->u.entries[i];
        key = e->key.text.text;
        value = weir_str_starts(key, prefix)
                ? value_of(v, weir_str(key.data + prefix.len,
                                       key.len - prefix.len)) : NULL;

        if (value == NULL) {
            unknown(imp, o, e);
            continue;
        }

        value->text = weir_imp_trim(e->value.text.text);
        value->span = e->key.text.span;
        value->set = e->value.kind != WEIR_T_UNSET;

        /* the API takes text alone, but what is meant is plain */
        if (e->value.kind == WEIR_T_LIST || e->value.kind == WEIR_T_MAP) {
            value->text = weir_string("");
            weir_imp_tell(v, (unsigned) (value - v->v), IMP_LEFT,
                          "its value is no text");
        }
    }
}


void
weir_imp_untold(imp_values_t *v)
{
    unsigned          i;
    const imp_row_t  *row;

    for (i = 0; i < IMP_ROW_COUNT; i++) {
        row = &weir_imp_rows[i];

        if (row->who == IMP_NOBODY || row->who == IMP_SHUT) {
            weir_imp_tell(v, i, row->fate, "%s", row->text);

        } else {
            weir_imp_tell(v, i, IMP_LEFT, "says nothing without what it goes "
                          "with, or has a value that it does not take");
        }
    }
}


void
weir_imp_traits(imp_values_t *v, imp_traits_t *t)
{
    unsigned  i;

    /* the only one of those that close whose value may be no */
    if (!weir_imp_is_true(v, IMP_PASSTHROUGH, true)) {
        weir_imp_tell(v, IMP_PASSTHROUGH, IMP_DONE, "off, as it is unless "
                      "given");
        v->v[IMP_PASSTHROUGH].set = false;
    }

    weir_imp_guard(v, t);
    weir_imp_limits(v, t);
    weir_imp_edge(v, t);
    weir_imp_proxy(v, t);

    for (i = 0; i < IMP_ROW_COUNT; i++) {
        if (v->v[i].set && weir_imp_rows[i].who == IMP_SHUT) {
            t->closed = "what guarded it is not translated";
            t->closed_status = 503;
        }
    }
}
