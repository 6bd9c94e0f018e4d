/*
 * given.c: who calls, as tests and --principal say it.
 */

#include "cli/given.h"
#include "front/codes.h"
#include "run/identity_prove.h"

#define N(names)  (sizeof(names) / sizeof((names)[0]))

typedef enum { TEXT, TEXTS, CLAIMS, TIME } sort_t;

static const struct {
    const char  *name;
    sort_t       sort;
} fields[] = {
    { "kind", TEXT }, { "issuer", TEXT }, { "sub", TEXT }, { "tenant", TEXT },
    { "roles", TEXTS }, { "scopes", TEXTS }, { "acr", TEXT },
    { "amr", TEXTS }, { "auth_time", TIME }, { "claims", CLAIMS },
    { "apikey", TEXT }
};

/* Reading */

static bool
kind_of(const weir_node_t *node, weir_by_t *by)
{
    unsigned            i;
    const weir_node_t  *kind;

    static const char *const  names[WEIR_BY_COUNT] = {
#define P(name, text)  text,
        WEIR_PRINCIPALS(P)
#undef P
    };

    kind = weir_node_get(node, "kind");

    if (kind == NULL) {
        *by = weir_node_get(node, "apikey") ? WEIR_BY_APIKEY : WEIR_BY_JWT;
        return true;
    }

    for (i = WEIR_BY_JWT; i < WEIR_BY_COUNT; i++) {

        if (weir_str_eq(kind->text.text, weir_cstr(names[i]))) {
            *by = i;
            return true;
        }
    }

    return false;
}


static bool
is_good(sort_t sort, const weir_node_t *v)
{
    int64_t   sec;
    uint32_t  i;

    switch (sort) {

    case TEXT:
        return weir_cli_is_scalar(v);

    case TIME:
        return weir_cli_is_scalar(v)
               && weir_cli_given_time(v->text.text, 0, &sec);

    case CLAIMS:
        return v->kind == WEIR_T_MAP;

    default:
        for (i = 0; v->kind == WEIR_T_LIST && i < v->n; i++) {

            if (!weir_cli_is_scalar(&v->u.items[i])) {
                return false;
            }
        }

        return v->kind == WEIR_T_LIST || weir_cli_is_scalar(v);
    }
}


static void
check_entry(weir_diags_t *diags, const weir_entry_t *e)
{
    size_t      i;
    weir_str_t  names[N(fields)], near;

    for (i = 0; i < N(fields); i++) {
        names[i] = weir_cstr(fields[i].name);

        if (weir_str_eq(e->key.text.text, names[i])) {
            break;
        }
    }

    if (i == N(fields)) {
        near = weir_nearest(e->key.text.text, names, i);
        (void) weir_fail(diags, WEIR_EKEY, e->key.text.span,
                         "unknown key \"%.*s\" of a principal%s%.*s%s",
                         WEIR_STR(e->key.text.text),
                         near.len ? "; did you mean \"" : "", WEIR_STR(near),
                         near.len ? "\"?" : "");

    } else if (e->value.kind != WEIR_T_UNSET
               && !is_good(fields[i].sort, &e->value))
    {
        (void) weir_fail(diags, WEIR_EVALUE, e->value.text.span,
                         "\"%s\" of a principal is %s", fields[i].name,
                         fields[i].sort == TEXT ? "text"
                         : fields[i].sort == TEXTS ? "text or a list of texts"
                         : fields[i].sort == CLAIMS ? "a map"
                         : "RFC 3339, or a duration and \"ago\"");
    }
}


static void
read_one(weir_diags_t *diags, const weir_node_t *node, cli_request_t *r)
{
    uint32_t             i;
    weir_by_t            by;
    const weir_node_t  **place;

    if (node->kind != WEIR_T_MAP) {
        (void) weir_fail(diags, WEIR_EKIND, node->text.span,
                         "a principal is not a map");
        return;
    }

    for (i = 0; i < node->n; i++) {
        check_entry(diags, &node->u.entries[i]);
    }

    if (!kind_of(node, &by)) {
        (void) weir_fail(diags, WEIR_EVALUE,
                         weir_node_get(node, "kind")->text.span,
                         "\"kind\" of a principal is jwt, apikey or mtls");
        return;
    }

    place = weir_vec_push(r->arena, &r->given);

    if (place != NULL) {
        *place = node;
    }
}


void
weir_cli_given_read(weir_diags_t *diags, const weir_node_t *node,
    cli_request_t *r)
{
    uint32_t  i;

    if (node->kind != WEIR_T_LIST) {
        read_one(diags, node, r);
        return;
    }

    for (i = 0; i < node->n; i++) {
        read_one(diags, &node->u.items[i], r);
    }
}


cli_exit_t
weir_cli_given_option(const char *verb, const char *text, cli_request_t *r)
{
    uint32_t       file;
    weir_node_t   *root;
    weir_diags_t   diags;

    memset(&diags, 0, sizeof(diags));
    diags.arena = r->arena;
    root = weir_arena_alloc(r->arena, sizeof(weir_node_t));

    if (root == NULL
        || weir_diags_add_file(&diags, weir_string("--principal"),
                               weir_cstr(text), &file) != WEIR_OK)
    {
        return CLI_INTERNAL;
    }

    if (weir_yaml_read(r->arena, &diags, file, root) == WEIR_OK) {
        weir_cli_given_read(&diags, root, r);
    }

    if (diags.errors) {
        weir_cli_report(&diags, CLI_TEXT);
        return weir_cli_fail(CLI_USAGE, verb, "\"--principal\" says who calls "
                             "as JSON; see docs/tool.md");
    }

    return CLI_OK;
}


/* Whether the method's issuer is the one that is meant, if one is. */
static bool
is_issuer(const weir_image_t *img, const weir_img_method_t *method,
    const weir_node_t *node)
{
    weir_str_t  name;

    name = weir_cli_node_text(weir_node_get(node, "issuer"));

    return weir_is_token(method)
           && (name.len == 0
               || weir_str_eq(name, weir_img_str(img, WEIR_REC(img, ISSUERS)
                                                 [method->issuer].name)));
}


/* Keys and certificates */

static weir_value_t
refs_value(const weir_image_t *img, weir_arena_t *a, const weir_range_t *refs)
{
    uint32_t       i;
    weir_value_t  *v, list;

    v = weir_arena_array(a, (size_t) refs->count + 1, sizeof(weir_value_t));
    list = (weir_value_t) { .kind = WEIR_T_LIST, .u.items = v };

    for (i = 0; v != NULL && i < refs->count; i++) {
        v[list.len++] = weir_v_str(weir_img_str(img, WEIR_REC(img, REFS)
                                                     [refs->first + i]));
    }

    return list;
}


static const weir_img_apikey_t *
find_key(const weir_image_t *img, weir_str_t id)
{
    uint32_t                  i;
    const weir_img_apikey_t  *k;

    i = weir_phash_find(&img->hash[WEIR_HASH_APIKEYS], id);
    k = i != WEIR_NONE ? &WEIR_REC(img, APIKEYS)[i] : NULL;

    return k && weir_str_eq(weir_img_str(img, k->id), id) ? k : NULL;
}


/* What was given in place of what the policy says. */
static weir_rc_t
override(const cli_request_t *r, const weir_node_t *node, weir_principal_t *p)
{
    const weir_node_t  *tenant, *roles;

    tenant = weir_node_get(node, "tenant");
    roles = weir_node_get(node, "roles");

    if (tenant != NULL) {
        p->tenant = tenant->text.text;
    }

    if (roles != NULL) {
        p->roles = weir_cli_node_texts(r->arena, roles);
    }

    return tenant != NULL || roles != NULL ? WEIR_OK : WEIR_DECLINED;
}


static weir_rc_t
make_key(const weir_image_t *img, const cli_request_t *r,
    const weir_node_t *node, weir_principal_t *p)
{
    weir_rc_t                 rc;
    weir_str_t                id;
    const weir_img_apikey_t  *k;

    id = weir_cli_node_text(weir_node_get(node, "apikey"));
    id = id.len ? id : weir_cli_node_text(weir_node_get(node, "sub"));
    k = find_key(img, id);

    p->apikey = id;
    p->sub = id;

    if (k != NULL) {
        p->tenant = weir_img_str(img, k->tenant);
        p->roles = refs_value(img, r->arena, &k->roles);
    }

    rc = override(r, node, p);

    return k != NULL ? WEIR_OK : rc;
}


weir_str_t
weir_cli_given_cert(const cli_request_t *r)
{
    size_t     i;
    weir_by_t  by;

    for (i = 0; i < r->given.len; i++) {

        if (kind_of(r->given.items[i], &by) && by == WEIR_BY_MTLS) {
            return weir_cli_node_text(weir_node_get(r->given.items[i], "sub"));
        }
    }

    return weir_str("", 0);
}


weir_str_t
weir_cli_given_cert_attr(const cli_request_t *r, unsigned attr)
{
    unsigned             named;
    const weir_image_t  *img;

    static const unsigned  by_sort[WEIR_CERT_COUNT] = {
        [WEIR_CERT_URI_SAN] = WEIR_A_CONNECTION_URI_SAN,
        [WEIR_CERT_DNS_SAN] = WEIR_A_CONNECTION_DNS_SAN,
        [WEIR_CERT_DN] = WEIR_A_CONNECTION_SUBJECT
    };

    if (r->policy == NULL || r->given.len == 0) {
        return weir_str("", 0);
    }

    img = &r->policy->image;
    named = by_sort[img->n[WEIR_S_MTLS] ? WEIR_REC(img, MTLS)->sub
                                        : WEIR_CERT_URI_SAN];

    return named == attr ? weir_cli_given_cert(r) : weir_str("", 0);
}


weir_rc_t
weir_cli_given(const weir_image_t *img, const cli_request_t *r,
    const weir_img_method_t *method, weir_principal_t *out)
{
    size_t              i;
    weir_by_t           by;
    weir_rc_t           rc;
    weir_principal_t    p;
    const weir_node_t  *node;

    for (i = 0; i < r->given.len; i++) {
        node = r->given.items[i];

        if (!kind_of(node, &by) || by != method->by) {
            continue;
        }

        weir_principal_init(&p, by);
        rc = WEIR_DECLINED;

        if (by == WEIR_BY_APIKEY) {
            rc = make_key(img, r, node, &p);

        } else if (by == WEIR_BY_MTLS) {
            p.sub = weir_cli_node_text(weir_node_get(node, "sub"));
            rc = override(r, node, &p);

        } else if (is_issuer(img, method, node)) {
            rc = weir_cli_given_token(img, r, node, method->issuer, &p);
        }

        if (rc == WEIR_OK) {
            *out = p;
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}
