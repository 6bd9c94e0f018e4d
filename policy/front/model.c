/*
 * model.c: from the files of a policy to its model.
 *
 * Order matters where it is seen: rules and resolve rules stand in the order
 * of the main file, then of each included file.  Names are gathered first,
 * so that a rule may use what stands behind it.
 */

#include "front/codes.h"
#include "front/load.h"


/* For each file: fn(l, its section), where it has one. */
#define EACH(l, i, name, node)                                                \
    for ((i) = 0; (i) < (l)->files.len; (i)++)                                \
        if (((node) = weir_node_get(&(l)->files.items[i].root, (name)))       \
            != NULL)


/* A section that is one for the policy, in whichever file it stands. */
static const weir_node_t *
only(weir_load_t *l, const char *name)
{
    size_t              i;
    const weir_node_t  *node, *first;

    first = NULL;

    EACH(l, i, name, node) {

        if (first == NULL) {
            first = node;
            continue;
        }

        (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                         "\"%s\" is defined twice; first at %.*s", name,
                         WEIR_STR(weir_place(l->diags, first->text.span)));
    }

    return first;
}


/* Who callers are; of whose tenants, so those come first. */
static void
load_identity(weir_load_t *l)
{
    size_t              i;
    const weir_node_t  *node;

    EACH(l, i, "issuers", node) {
        weir_load_issuers(l, &l->files.items[i], node);
    }

    EACH(l, i, "apikeys", node) {
        weir_load_apikeys(l, &l->files.items[i], node);
    }

    weir_load_key_from(l);
    weir_load_mtls(l, only(l, "mtls"));

    EACH(l, i, "tenants", node) {
        weir_load_bind(l, weir_node_get(node, "bind"));
    }

    weir_load_asked(l);
}


static void
load_sections(weir_load_t *l)
{
    size_t              i;
    weir_model_t       *m;
    const weir_node_t  *root, *node;

    m = l->model;
    root = &l->files.items[0].root;

    weir_load_policy(l, weir_node_get(root, "policy"));
    weir_load_settings(l, weir_node_get(root, "settings"));
    weir_load_audit(l, only(l, "audit"));

    EACH(l, i, "lists", node) {
        weir_load_lists(l, &l->files.items[i], node);
    }

    EACH(l, i, "vars", node) {
        weir_load_vars(l, node);
    }

    EACH(l, i, "flags", node) {
        weir_load_flags(l, node);
    }

    l->nomem |= weir_cel_check_vars(l->env) == WEIR_NOMEM;

    EACH(l, i, "deny", node) {
        weir_load_deny(l, node, WEIR_LAYER_GLOBAL, &l->rules, NULL, &m->deny);
    }

    EACH(l, i, "allow", node) {
        weir_load_allow(l, node, &l->rules, NULL, &m->allow);
    }

    EACH(l, i, "roles", node) {
        weir_load_roles(l, node);
    }

    EACH(l, i, "limits", node) {
        weir_load_limits(l, node);
    }

    EACH(l, i, "splits", node) {
        weir_load_splits(l, node);
    }

    EACH(l, i, "plans", node) {
        weir_load_plans(l, node);
    }

    EACH(l, i, "tenants", node) {
        weir_load_tenants(l, &l->files.items[i], node);
    }

    load_identity(l);

    EACH(l, i, "cors", node) {
        weir_load_cors(l, node);
    }

    EACH(l, i, "maintenance", node) {
        weir_load_maintenance(l, node);
    }

    EACH(l, i, "routes", node) {
        weir_load_routes(l, node);
    }

    EACH(l, i, "tests", node) {
        weir_load_tests(l, node);
    }

    weir_load_grants(l);
}


static char *
put_number(char *p, uint64_t v)
{
    int  i;

    for (i = 0; i < 8; i++) {
        *p++ = (char) (v >> (8 * i) & 0xff);
    }

    return p;
}


/*
 * SHA-256 over, for each file as it was read: length of its name, its name
 * relative to the main file, length of its text, SHA-256 of its text.  All
 * lengths are 64 bits, little-endian.
 */
static weir_rc_t
digest(weir_load_t *l)
{
    char              *buf, *p;
    size_t             i, size;
    weir_str_t         dir, name;
    const weir_part_t *part;

    dir = l->files.items[0].dir;
    size = 0;

    for (i = 0; i < l->parts.len; i++) {
        size += l->parts.items[i].path.len + 2 * 8 + WEIR_SHA256_LEN;
    }

    buf = weir_arena_alloc(l->arena, size);
    if (buf == NULL) {
        return WEIR_NOMEM;
    }

    p = buf;

    for (i = 0; i < l->parts.len; i++) {
        part = &l->parts.items[i];
        name = part->path;

        if (weir_str_starts(name, dir)) {
            name = weir_str(name.data + dir.len, name.len - dir.len);
        }

        p = put_number(p, name.len);
        memcpy(p, name.data, name.len);
        p = put_number(p + name.len, part->text.len);

        if (weir_sha256(part->text, (uint8_t *) p) != WEIR_OK) {
            return WEIR_ERROR;
        }

        p += WEIR_SHA256_LEN;
    }

    return weir_sha256(weir_str(buf, (size_t) (p - buf)), l->model->digest);
}


static weir_rc_t
start(weir_load_t *l, weir_arena_t *a, const weir_loader_t *loader,
    weir_diags_t *diags)
{
    memset(l, 0, sizeof(weir_load_t));

    l->arena = a;
    l->loader = loader;
    l->diags = diags;
    l->paths.arena = a;
    l->lists.arena = a;
    l->vars.arena = a;
    l->flags.arena = a;
    l->splits.arena = a;
    l->limits.arena = a;
    l->counted.arena = a;
    l->plans.arena = a;
    l->tenants.arena = a;
    l->hosts.arena = a;
    l->issuers.arena = a;
    l->isses.arena = a;
    l->revoked.arena = a;
    l->apikeys.arena = a;
    l->known.arena = a;
    l->cors.arena = a;
    l->pauses.arena = a;
    l->routes.arena = a;
    l->rules.arena = a;
    l->roles.arena = a;
    l->model = weir_arena_alloc(a, sizeof(weir_model_t));
    l->env = weir_cel_env(a, diags);

    if (l->model == NULL || l->env == NULL) {
        return WEIR_NOMEM;
    }

    l->model->env = l->env;

    return WEIR_OK;
}


weir_name_t
weir_load_name(const weir_node_t *node)
{
    return (weir_name_t) { node->text.text, node->text.span };
}


bool
weir_load_unique(weir_load_t *l, weir_names_t *set, const char *what,
    const weir_name_t *name, uint32_t value)
{
    weir_rc_t            rc;
    weir_names_entry_t  *prev;

    rc = weir_names_add(set, name->text, name->span, value, &prev);

    if (rc == WEIR_DECLINED) {
        (void) weir_fail(l->diags, WEIR_ETWICE, name->span,
                         "%s \"%.*s\" is defined twice; first at %.*s", what,
                         WEIR_STR(name->text),
                         WEIR_STR(weir_place(l->diags, prev->span)));
    }

    l->nomem |= rc == WEIR_NOMEM;

    return rc == WEIR_OK;
}


weir_rc_t
weir_model_load(weir_arena_t *a, const weir_loader_t *loader,
    weir_str_t path, weir_diags_t *diags, weir_model_t **out)
{
    size_t       errors;
    weir_rc_t    rc;
    weir_load_t  l;

    errors = diags->errors;
    rc = start(&l, a, loader, diags);

    if (rc != WEIR_OK) {
        return rc;
    }

    weir_load_files(&l, path);

    if (l.files.len > 0 && !l.nomem) {
        load_sections(&l);
    }

    if (l.nomem) {
        return WEIR_NOMEM;
    }

    if (diags->errors != errors) {
        /* what weir_model_check() would say, in the same run */
        rc = weir_ties_check(l.model, diags);
        return rc == WEIR_NOMEM ? rc : WEIR_ERROR;
    }

    rc = digest(&l);
    if (rc != WEIR_OK) {
        return rc;
    }

    *out = l.model;

    return WEIR_OK;
}
