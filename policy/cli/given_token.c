/*
 * given_token.c: the token of a caller that a test gives.
 *
 * Its fields and its claims are made to agree, by what the issuer maps, so
 * that a test names what it is about and no more.
 */

#include <stdlib.h>

#include "base/time.h"
#include "cli/given.h"

/* A token while it is made. */
typedef struct {
    const weir_image_t   *img;
    const cli_request_t  *r;
    const weir_node_t    *node;
    weir_node_t           claims;
} token_t;


static bool to_value(weir_arena_t *a, const weir_node_t *node, unsigned depth,
    weir_value_t *out);


static int
by_key(const void *a, const void *b)
{
    return weir_str_cmp(weir_v_text(a), weir_v_text(b));
}


static bool
map_value(weir_arena_t *a, const weir_node_t *node, unsigned depth,
    weir_value_t *out)
{
    uint32_t       i;
    weir_value_t  *v;

    v = weir_arena_array(a, 2 * (size_t) node->n + 1, sizeof(weir_value_t));

    for (i = 0; v != NULL && i < node->n; i++) {
        v[2 * i] = weir_v_str(node->u.entries[i].key.text.text);

        if (!to_value(a, &node->u.entries[i].value, depth, &v[2 * i + 1])) {
            return false;
        }
    }

    if (v == NULL) {
        return false;
    }

    qsort(v, node->n, 2 * sizeof(weir_value_t), by_key);
    *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_VALUES,
                            .len = node->n, .u.items = v };

    return true;
}


static bool
list_value(weir_arena_t *a, const weir_node_t *node, unsigned depth,
    weir_value_t *out)
{
    uint32_t       i;
    weir_value_t  *v;

    v = weir_arena_array(a, (size_t) node->n + 1, sizeof(weir_value_t));

    for (i = 0; v != NULL && i < node->n; i++) {

        if (!to_value(a, &node->u.items[i], depth, &v[i])) {
            return false;
        }
    }

    *out = (weir_value_t) { .kind = WEIR_T_LIST, .rep = WEIR_REP_VALUES,
                            .len = node->n, .u.items = v };

    return v != NULL;
}


static bool
to_value(weir_arena_t *a, const weir_node_t *node, unsigned depth,
    weir_value_t *out)
{
    if (depth >= WEIR_MAX_VALUE_DEPTH) {
        return false;
    }

    switch (node->kind) {

    case WEIR_T_MAP:
        return map_value(a, node, depth + 1, out);

    case WEIR_T_LIST:
        return list_value(a, node, depth + 1, out);

    case WEIR_T_BOOL:
        *out = weir_v_bool(node->u.b);
        return true;

    case WEIR_T_INT:
        *out = weir_v_int(node->u.i);
        return true;

    case WEIR_T_DOUBLE:
        *out = (weir_value_t) { .kind = WEIR_T_DOUBLE, .u.d = node->u.d };
        return true;

    case WEIR_T_NULL:
        *out = (weir_value_t) { .kind = WEIR_T_NULL };
        return true;

    default:
        *out = weir_v_str(node->text.text);
        return true;
    }
}


/* A list of texts, or a text with blanks between them. */
weir_value_t
weir_cli_node_texts(weir_arena_t *a, const weir_node_t *node)
{
    size_t         i, n, start;
    weir_str_t     s;
    weir_value_t   list, *v;

    list = (weir_value_t) { .kind = WEIR_T_LIST };

    if (node == NULL) {
        return list;
    }

    s = node->text.text;
    n = node->kind == WEIR_T_LIST ? node->n : s.len;
    v = weir_arena_array(a, n + 1, sizeof(weir_value_t));
    list.u.items = v;

    if (v == NULL) {
        return list;
    }

    if (node->kind == WEIR_T_LIST) {

        for (i = 0; i < n; i++) {
            v[list.len++] = weir_v_str(node->u.items[i].text.text);
        }

        return list;
    }

    for (i = 0; i < n; i++) {
        for (start = i; i < n && s.data[i] != ' '; i++) { }

        if (i > start) {
            v[list.len++] = weir_v_str(weir_str(s.data + start, i - start));
        }
    }

    return list;
}


/* Tokens */

static weir_str_t
name_at(const token_t *t, const weir_range_t *path, uint32_t i)
{
    return weir_img_str(t->img, WEIR_REC(t->img, REFS)[path->first + i]);
}


static weir_node_t *
member(const weir_node_t *map, weir_str_t name)
{
    uint32_t  i;

    for (i = 0; map->kind == WEIR_T_MAP && i < map->n; i++) {

        if (weir_str_eq(map->u.entries[i].key.text.text, name)) {
            return &map->u.entries[i].value;
        }
    }

    return NULL;
}


/* The member, made if it is not there, of a map of our own. */
static weir_node_t *
make(const token_t *t, weir_node_t *map, weir_str_t name)
{
    weir_node_t   *node;
    weir_entry_t  *e;

    e = weir_arena_array(t->r->arena, (size_t) map->n + 1,
                         sizeof(weir_entry_t));

    if (e == NULL) {
        return NULL;
    }

    if (map->n > 0) {
        memcpy(e, map->u.entries, map->n * sizeof(weir_entry_t));
    }

    map->u.entries = e;
    node = member(map, name);

    if (node == NULL) {
        memset(&e[map->n], 0, sizeof(weir_entry_t));
        e[map->n].key.kind = WEIR_T_STRING;
        e[map->n].key.text.text = name;
        e[map->n].value.kind = WEIR_T_UNSET;
        node = &e[map->n++].value;
    }

    return node;
}


/* Where nothing is. */
static void
put(token_t *t, const weir_range_t *path, const weir_node_t *value)
{
    uint32_t      i;
    weir_node_t  *at;

    at = &t->claims;

    for (i = 0; i < path->count; i++) {

        if (at->kind == WEIR_T_UNSET) {
            at->kind = WEIR_T_MAP;
        }

        at = at->kind == WEIR_T_MAP ? make(t, at, name_at(t, path, i)) : NULL;

        if (at == NULL) {
            return;
        }
    }

    if (at->kind == WEIR_T_UNSET) {
        *at = *value;
    }
}


static void
put_member(token_t *t, const char *name, const weir_node_t *value)
{
    weir_node_t  *at;

    at = make(t, &t->claims, weir_cstr(name));

    if (at != NULL && at->kind == WEIR_T_UNSET) {
        *at = *value;
    }
}


/* A field that was given, and then is a claim; or what the claims say. */
static const weir_node_t *
mapped(token_t *t, const char *field, const weir_range_t *path)
{
    uint32_t            i;
    const weir_node_t  *node;

    node = weir_node_get(t->node, field);

    if (node != NULL) {

        if (path->count > 0) {
            put(t, path, node);
        }

        return node;
    }

    node = path->count ? &t->claims : NULL;

    for (i = 0; node != NULL && i < path->count; i++) {
        node = member(node, name_at(t, path, i));
    }

    return node;
}


static weir_value_t
scopes_of(token_t *t)
{
    const weir_node_t  *node;

    node = weir_node_get(t->node, "scopes");

    if (node != NULL) {
        put_member(t, node->kind == WEIR_T_LIST ? "scp" : "scope", node);
        return weir_cli_node_texts(t->r->arena, node);
    }

    node = member(&t->claims, weir_string("scope"));

    return weir_cli_node_texts(t->r->arena, node ? node
                       : member(&t->claims, weir_string("scp")));
}


/* RFC 3339, or a duration and "ago" before the time of the request. */
bool
weir_cli_given_time(weir_str_t s, int64_t now, int64_t *out)
{
    int32_t     part;
    int64_t     sec;
    uint32_t    nsec;
    weir_str_t  ago;

    ago = weir_string(" ago");

    if (!weir_str_ends(s, ago)) {
        return weir_time_parse(s, out, &nsec) == WEIR_OK;
    }

    s.len -= ago.len;

    if (weir_duration_parse(s, &sec, &part) != WEIR_OK) {
        return false;
    }

    *out = now - sec;

    return true;
}


static int64_t
auth_time_of(token_t *t)
{
    int64_t             sec;
    weir_node_t         claim;
    const weir_node_t  *node;

    node = weir_node_get(t->node, "auth_time");

    if (node != NULL
        && weir_cli_given_time(node->text.text, t->r->time, &sec))
    {
        claim = (weir_node_t) { .kind = WEIR_T_INT, .u.i = sec };
        put_member(t, "auth_time", &claim);
        return sec;
    }

    node = member(&t->claims, weir_string("auth_time"));

    return node && node->kind == WEIR_T_INT ? node->u.i : WEIR_NO_TIME;
}


weir_rc_t
weir_cli_given_token(const weir_image_t *img, const cli_request_t *r,
    const weir_node_t *given, uint32_t index, weir_principal_t *p)
{
    token_t                   made, *t;
    uint32_t                  i;
    weir_arena_t             *a;
    weir_node_t               iss;
    const weir_node_t        *node;
    const weir_img_bind_t    *b;
    const weir_img_issuer_t  *issuer;

    made = (token_t) { .img = img, .r = r, .node = given };
    t = &made;
    a = r->arena;
    issuer = &WEIR_REC(t->img, ISSUERS)[index];
    node = weir_node_get(t->node, "claims");
    t->claims = node ? *node : (weir_node_t) { .kind = WEIR_T_MAP };
    node = weir_node_get(t->node, "tenant");
    b = WEIR_REC(t->img, BINDS) + t->img->policy->bind.first;

    for (i = 0; node != NULL && i < t->img->policy->bind.count; i++) {

        if (b[i].kind == WEIR_BIND_CLAIM) {
            put(t, &b[i].path, node);
        }
    }

    iss = (weir_node_t) { .kind = WEIR_T_STRING };
    iss.text.text = weir_img_str(t->img, issuer->iss);
    put_member(t, "iss", &iss);

    p->iss = iss.text.text;
    p->issuer = index;
    p->sub = weir_cli_node_text(mapped(t, "sub", &issuer->sub));
    p->tenant = weir_cli_node_text(mapped(t, "tenant", &issuer->tenant));
    p->acr = weir_cli_node_text(mapped(t, "acr", &issuer->acr));
    p->roles = weir_cli_node_texts(a, mapped(t, "roles", &issuer->roles));
    p->amr = weir_cli_node_texts(a, mapped(t, "amr", &issuer->amr));
    p->scopes = scopes_of(t);
    p->auth_time = auth_time_of(t);

    return to_value(a, &t->claims, 0, &p->claims) ? WEIR_OK : WEIR_DECLINED;
}
