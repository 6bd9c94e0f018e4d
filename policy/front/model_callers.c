/*
 * model_callers.c: API keys and certificates, whose they are, and what of
 * them must be the tenant.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"


/* A tenant that there is; else reported. */
static void
load_whose(weir_load_t *l, const weir_node_t *node, weir_whose_t *out)
{
    uint32_t            i;
    weir_str_t          near;
    const weir_node_t  *n;

    n = weir_node_get(node, "tenant");

    if (n != NULL) {
        out->tenant = weir_load_name(n);

        if (weir_names_find(&l->tenants, out->tenant.text) == NULL) {
            near = weir_load_near(l, &l->tenants, out->tenant.text);

            (void) weir_fail(l->diags, WEIR_EUNKNOWN, n->text.span,
                             "there is no tenant \"%.*s\"%s%.*s%s",
                             WEIR_STR(out->tenant.text),
                             near.len ? "; did you mean \"" : "",
                             WEIR_STR(near), near.len ? "\"?" : "");
        }
    }

    n = weir_node_get(node, "roles");

    if (n == NULL || n->n == 0) {
        return;
    }

    out->roles = weir_arena_array(l->arena, n->n, sizeof(weir_name_t));

    if (out->roles == NULL) {
        l->nomem = true;
        return;
    }

    for (i = 0; i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            out->roles[out->nroles++] = weir_load_name(&n->u.items[i]);
        }
    }
}


/* API keys */


static void
load_apikey(weir_load_t *l, const weir_name_t *id, const weir_node_t *body)
{
    weir_apikey_t      *k;
    const weir_node_t  *n;

    if (!weir_load_unique(l, &l->apikeys, "API key", id, 0)) {
        return;
    }

    k = weir_load_push(l, &l->model->apikeys);
    if (k == NULL) {
        return;
    }

    k->id = *id;
    k->not_after = INT64_MAX;
    load_whose(l, body, &k->whose);

    /* the forms were checked */
    n = weir_node_get(body, "sha256");

    if (n != NULL) {
        (void) weir_digest_parse(n->text.text, k->secret);
    }

    n = weir_node_get(body, "not_after");

    if (n != NULL) {
        (void) weir_until_parse(n->text.text, &k->not_after);
        k->ends = n->text.span;
    }
}


static void
load_line(weir_load_t *l, const weir_node_t *line, void *data)
{
    weir_name_t         id;
    const weir_node_t  *n;

    (void) data;

    n = weir_node_get(line, "id");

    if (n != NULL) {
        id = weir_load_name(n);
        load_apikey(l, &id, line);
    }
}


static void
load_key_from(weir_load_t *l, const weir_node_t *node)
{
    weir_model_t  *m;

    m = l->model;

    if (node != NULL && m->key_from.len != 0) {
        (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                         "\"from\" of \"apikeys\" is defined twice; first at "
                         "%.*s",
                         WEIR_STR(weir_place(l->diags,
                                             m->key_from.items[0].name.span)));
        return;
    }

    weir_load_from(l, node, &m->key_from);
}


void
weir_load_apikeys(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          id;
    const weir_node_t   *n;
    const weir_entry_t  *e;

    if (!l->model->has_apikeys) {
        l->model->has_apikeys = true;
        l->model->apikeys_span = node->text.span;
    }

    load_key_from(l, weir_node_get(node, "from"));
    n = weir_node_get(node, "list");

    for (i = 0; n != NULL && i < n->n; i++) {
        e = &n->u.entries[i];

        if (e->key.kind != WEIR_T_UNSET && e->value.kind != WEIR_T_UNSET) {
            id = weir_load_name(&e->key);
            load_apikey(l, &id, &e->value);
        }
    }

    n = weir_node_get(node, "file");

    if (n != NULL) {
        weir_load_lines(l, f, n, &weir_schema_apikey_line, load_line, NULL);
    }

    if (weir_node_find(node, "list") == NULL
        && weir_node_find(node, "file") == NULL)
    {
        (void) weir_fail(l->diags, WEIR_EMISSING, node->text.span,
                         "\"apikeys\" needs \"list\" or \"file\"");
    }
}


/* Certificates */


/* "spiffe://shop.example/{tenant}/" and two stars for whatever follows. */
static void
load_template(weir_load_t *l, const weir_node_t *node, weir_mtls_t *m)
{
    size_t      i, at;
    unsigned    others;
    weir_str_t  s, mark;

    s = node->text.text;
    mark = weir_string("{tenant}");
    at = s.len;
    others = 0;

    m->rest = weir_str_ends(s, weir_string("/**"));
    s.len -= m->rest ? 2 : 0;

    for (i = 0; i < s.len; i++) {

        if (weir_str_starts(weir_str(s.data + i, s.len - i), mark)) {
            others += at < s.len;
            at = i;
            i += mark.len - 1;

        } else {
            others += strchr("{}*", s.data[i]) != NULL;
        }
    }

    if (at >= s.len || others != 0) {
        (void) weir_fail(l->diags, WEIR_ETEMPLATE, node->text.span,
                         "\"%.*s\" is no template of a name: it has one "
                         "{tenant}, and may end in /**",
                         WEIR_STR(node->text.text));
        return;
    }

    m->prefix = weir_str(s.data, at);
    m->suffix = weir_str(s.data + at + mark.len, s.len - at - mark.len);
}


static void
load_known(weir_load_t *l, const weir_entry_t *e, weir_mtls_t *m)
{
    weir_name_t    name;
    weir_known_t  *k;

    name = weir_load_name(&e->key);

    if (name.text.len > WEIR_MAX_SUBJECT) {
        (void) weir_fail(l->diags, WEIR_EBOUND, name.span,
                         "a name of %zu bytes, the most is %d", name.text.len,
                         WEIR_MAX_SUBJECT);
        return;
    }

    if (!weir_load_unique(l, &l->known, "identity", &name, 0)) {
        return;
    }

    k = weir_load_push(l, &m->known);

    if (k != NULL) {
        k->name = name;
        load_whose(l, &e->value, &k->whose);
    }
}


void
weir_load_key_from(weir_load_t *l)
{
    weir_from_t  *from;

    if (!l->model->has_apikeys || l->model->key_from.len != 0) {
        return;
    }

    from = weir_load_push(l, &l->model->key_from);

    if (from != NULL) {
        from->kind = WEIR_SOURCE_HEADER;
        from->name.text = weir_string("x-api-key");
    }
}


void
weir_load_mtls(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_mtls_t         *m;
    const weir_node_t   *n;
    const weir_entry_t  *e;

    static const char *const  names[] = {
#define N(name, text)  text,
        WEIR_CERT_NAMES(N)
#undef N
    };

    if (node == NULL) {
        return;
    }

    m = &l->model->mtls;
    m->given = true;
    m->span = node->text.span;
    m->sub = WEIR_CERT_URI_SAN;

    n = weir_node_get(node, "sub");

    for (i = 0; n != NULL && i < WEIR_CERT_COUNT; i++) {
        if (weir_str_eq(weir_cstr(names[i]), n->text.text)) {
            m->sub = i;
        }
    }

    n = weir_node_get(node, "tenant");

    if (n != NULL) {
        load_template(l, n, m);
    }

    n = weir_node_get(node, "identities");

    for (i = 0; n != NULL && i < n->n; i++) {
        e = &n->u.entries[i];

        if (e->key.kind != WEIR_T_UNSET && e->value.kind != WEIR_T_UNSET) {
            load_known(l, e, m);
        }
    }
}


/* What must be the tenant */


static const struct {
    const char  *text;
    unsigned     kind;
} binds[] = {
    { "apikey.tenant", WEIR_BIND_APIKEY },
    { "mtls.tenant", WEIR_BIND_MTLS },
    { "mtls.uri_san", WEIR_BIND_URI_SAN },
    { "mtls.dns_san", WEIR_BIND_DNS_SAN }
};

#define NBINDS  (sizeof(binds) / sizeof(binds[0]))


/* The kind of what a text names, or WEIR_BIND_COUNT. */
static unsigned
bind_kind(weir_str_t s)
{
    size_t  i;

    if (weir_str_starts(s, weir_string("claim."))) {
        return WEIR_BIND_CLAIM;
    }

    for (i = 0; i < NBINDS; i++) {
        if (weir_str_eq(weir_cstr(binds[i].text), s)) {
            return binds[i].kind;
        }
    }

    return WEIR_BIND_COUNT;
}


static void
unknown_bind(weir_load_t *l, const weir_node_t *node)
{
    size_t      i;
    weir_str_t  names[NBINDS], near;

    for (i = 0; i < NBINDS; i++) {
        names[i] = weir_cstr(binds[i].text);
    }

    near = weir_nearest(node->text.text, names, NBINDS);

    (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                     "\"%.*s\" is nothing that a credential has: claim.NAME, "
                     "apikey.tenant, mtls.tenant, mtls.uri_san or "
                     "mtls.dns_san%s%.*s%s", WEIR_STR(node->text.text),
                     near.len ? "; did you mean \"" : "", WEIR_STR(near),
                     near.len ? "\"?" : "");
}


/* What nobody can prove binds nobody: its author thinks that it does. */
static void
check_section(weir_load_t *l, const weir_bind_t *b)
{
    bool                 there;
    const char          *section;
    const weir_model_t  *m;

    m = l->model;
    section = b->kind == WEIR_BIND_CLAIM ? "issuers"
              : b->kind == WEIR_BIND_APIKEY ? "apikeys" : "mtls";
    there = b->kind == WEIR_BIND_CLAIM ? m->issuers.len != 0
            : b->kind == WEIR_BIND_APIKEY ? m->has_apikeys : m->mtls.given;

    if (!there) {
        (void) weir_fail(l->diags, WEIR_EPLACE, b->text.span,
                         "\"%.*s\" binds nobody: the policy has no \"%s\"",
                         WEIR_STR(b->text.text), section);
    }
}


/* A name with a slash, as "https://shop.example/tenant", is one. */
static void
load_claim(weir_load_t *l, const weir_node_t *node, weir_str_t text,
    weir_name_list_t *path)
{
    weir_name_t  *name;

    if (text.len == 0 || memchr(text.data, '/', text.len) == NULL) {
        weir_load_members(l, node, text, path);
        return;
    }

    name = weir_load_push(l, path);

    if (name != NULL) {
        name->text = text;
        name->span = node->text.span;
    }
}


static void
add_bind(weir_load_t *l, const weir_node_t *node)
{
    size_t        i;
    weir_str_t    text;
    weir_bind_t  *b;

    text = node->text.text;

    for (i = 0; i < l->model->bind.len; i++) {
        if (weir_str_eq(l->model->bind.items[i].text.text, text)) {
            (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                             "\"%.*s\" stands twice in \"bind\"",
                             WEIR_STR(text));
            return;
        }
    }

    if (bind_kind(text) == WEIR_BIND_COUNT) {
        unknown_bind(l, node);
        return;
    }

    b = weir_load_push(l, &l->model->bind);
    if (b == NULL) {
        return;
    }

    b->kind = bind_kind(text);
    b->text = weir_load_name(node);

    if (b->kind == WEIR_BIND_CLAIM) {
        i = sizeof("claim.") - 1;
        load_claim(l, node, weir_str(text.data + i, text.len - i), &b->path);
    }

    check_section(l, b);
}


void
weir_load_bind(weir_load_t *l, const weir_node_t *node)
{
    uint32_t    i;
    weir_str_t  first;

    if (node == NULL) {
        return;
    }

    if (l->model->bind.len != 0) {
        first = weir_place(l->diags, l->model->bind.items[0].text.span);

        (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                         "\"bind\" is defined twice; first at %.*s",
                         WEIR_STR(first));
        return;
    }

    for (i = 0; i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            add_bind(l, &node->u.items[i]);
        }
    }
}
