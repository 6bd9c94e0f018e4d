/*
 * model_auth.c: how the callers of a route prove who they are.
 *
 * A route that does not say has it said here: what runs never guesses.
 */

#include "front/load.h"
#include "front/codes.h"


static void
add_way(weir_load_t *l, weir_ways_t *ways, weir_by_t by, uint32_t issuer)
{
    weir_way_t  *way;

    way = weir_load_push(l, ways);

    if (way != NULL) {
        way->by = by;
        way->issuer = issuer;
    }
}


static void
add_tokens(weir_load_t *l, weir_ways_t *ways)
{
    uint32_t  i;

    for (i = 0; i < l->model->issuers.len; i++) {
        add_way(l, ways, WEIR_BY_JWT, i);
    }
}


/* Whether the list has it before; jwt is every issuer. */
static bool
is_there(const weir_ways_t *ways, weir_by_t by, uint32_t issuer)
{
    size_t  i;

    for (i = 0; i < ways->len; i++) {
        if (ways->items[i].by == by
            && (issuer == WEIR_NONE || ways->items[i].issuer == issuer))
        {
            return true;
        }
    }

    return false;
}


/* false: there is no such issuer; reported. */
static bool
find_issuer(weir_load_t *l, const weir_node_t *node, uint32_t *issuer)
{
    weir_str_t           name, near;
    weir_names_entry_t  *e;

    name = node->text.text;
    e = weir_names_find(&l->issuers, name);

    if (e != NULL) {
        *issuer = e->value;
        return true;
    }

    near = weir_load_near(l, &l->issuers, name);

    (void) weir_fail(l->diags, WEIR_EUNKNOWN, node->text.span,
                     "there is no issuer \"%.*s\"%s%.*s%s", WEIR_STR(name),
                     near.len ? "; did you mean \"" : "", WEIR_STR(near),
                     near.len ? "\"?" : "");

    return false;
}


/* What a word of the list means; false: the policy has no such section. */
static bool
find_word(weir_load_t *l, const weir_node_t *node, weir_by_t *by)
{
    size_t               i;
    const weir_model_t  *m = l->model;

    const struct {
        const char  *word;
        weir_by_t    by;
        bool         there;
        const char  *section;
    } words[] = {
        { "jwt", WEIR_BY_JWT, m->issuers.len != 0, "issuers" },
        { "apikey", WEIR_BY_APIKEY, m->has_apikeys, "apikeys" },
        { "mtls", WEIR_BY_MTLS, m->mtls.given, "mtls" }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (!weir_str_eq(weir_cstr(words[i].word), node->text.text)) {
            continue;
        }

        if (!words[i].there) {
            (void) weir_fail(l->diags, WEIR_EPLACE, node->text.span,
                             "\"%s\" is no way to prove anything: the policy "
                             "has no \"%s\"", words[i].word,
                             words[i].section);
        }

        *by = words[i].by;
        return words[i].there;
    }

    return false;
}


static void
load_way(weir_load_t *l, const weir_node_t *node, weir_ways_t *ways)
{
    uint32_t            issuer;
    weir_by_t           by;
    const weir_node_t  *name;

    issuer = WEIR_NONE;

    if (node->kind == WEIR_T_MAP) {
        name = weir_node_get(node, "jwt");
        by = WEIR_BY_JWT;

        if (name == NULL || !find_issuer(l, name, &issuer)) {
            return;
        }

        node = name;

    } else if (!find_word(l, node, &by)) {
        return;
    }

    if (is_there(ways, by, issuer)) {
        (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                         "\"%.*s\" stands twice in one \"auth\"",
                         WEIR_STR(node->text.text));

    } else if (by == WEIR_BY_JWT && issuer == WEIR_NONE) {
        add_tokens(l, ways);

    } else {
        add_way(l, ways, by, issuer);
    }
}


/* A request has one token: who names two issuers would get one of them. */
static void
check_all(weir_load_t *l, const weir_node_t *list)
{
    uint32_t            i;
    const weir_node_t  *n, *first;

    first = NULL;

    for (i = 0; list != NULL && i < list->n; i++) {
        n = list->u.items[i].kind == WEIR_T_MAP
            ? weir_node_get(&list->u.items[i], "jwt") : NULL;

        if (n == NULL) {
            continue;
        }

        if (first != NULL) {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             "\"all\" asks for tokens of \"%.*s\" and of "
                             "\"%.*s\", and a request has one",
                             WEIR_STR(first->text.text),
                             WEIR_STR(n->text.text));
            return;
        }

        first = n;
    }
}


static const weir_proofs_t *
load_asked(weir_load_t *l, const weir_node_t *node)
{
    size_t              i;
    uint32_t            k;
    weir_proofs_t      *a;
    const weir_node_t  *n;

    static const struct {
        const char  *key;
        unsigned     kind;
    } kinds[] = {
        { "any", WEIR_AUTH_ANY }, { "all", WEIR_AUTH_ALL },
        { "optional", WEIR_AUTH_OPTIONAL }
    };

    a = weir_arena_alloc(l->arena, sizeof(weir_proofs_t));

    if (a == NULL) {
        l->nomem = true;
        return NULL;
    }

    a->span = node->text.span;
    a->given = true;
    n = weir_node_get(node, "forward");
    a->forward = n != NULL && n->u.b;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        n = weir_node_get(node, kinds[i].key);

        for (k = 0; n != NULL && k < n->n; k++) {
            if (n->u.items[k].kind != WEIR_T_UNSET) {
                load_way(l, &n->u.items[k], &a->ways);
            }
        }

        if (a->ways.len != 0 && a->kind == WEIR_AUTH_NONE) {
            a->kind = kinds[i].kind;
        }
    }

    check_all(l, weir_node_get(node, "all"));

    return a;
}


/* Only a token says how its owner proved who they are. */
static void
check_mfa(weir_load_t *l, const weir_mfa_t *mfa, const weir_route_t *r)
{
    const char           *wrong;
    const weir_proofs_t  *a;

    a = r->auth;

    if (r->public) {
        wrong = "in a public route, which everybody may use";

    } else if (a == NULL || a->kind == WEIR_AUTH_NONE) {
        wrong = "in a route whose callers prove nothing";

    } else if (a->kind == WEIR_AUTH_OPTIONAL) {
        wrong = "in a route where a caller need not prove anything";

    } else if (a->kind == WEIR_AUTH_ALL
               && a->ways.items[0].by != WEIR_BY_JWT)
    {
        wrong = "in a route whose principal is not that of a token";

    } else if (!is_there(&a->ways, WEIR_BY_JWT, WEIR_NONE)) {
        wrong = "in a route that takes no token, and nothing else says how "
                "its owner was asked";

    } else {
        return;
    }

    (void) weir_fail(l->diags, WEIR_EPLACE, mfa->span, "\"mfa\" %s", wrong);
}


static weir_mfa_t *
load_mfa(weir_load_t *l, const weir_node_t *node)
{
    weir_mfa_t  *mfa;

    mfa = weir_arena_alloc(l->arena, sizeof(weir_mfa_t));

    if (mfa == NULL) {
        l->nomem = true;
        return NULL;
    }

    mfa->span = node->text.span;
    weir_load_some(l, weir_node_get(node, "acr"), &mfa->acr);
    weir_load_some(l, weir_node_get(node, "amr_any"), &mfa->amr);
    weir_load_duration(l, node, "max_auth_age", 1, WEIR_MAX_TOKEN_AGE, 1000,
                       &mfa->max_age);

    if (node->n == 0) {
        (void) weir_fail(l->diags, WEIR_EMISSING, node->text.span,
                         "\"mfa\" needs one of acr, amr_any, max_auth_age");
    }

    return mfa;
}


void
weir_load_asked(weir_load_t *l)
{
    weir_proofs_t  *a;

    a = &l->model->asked;
    add_tokens(l, &a->ways);

    if (l->model->has_apikeys) {
        add_way(l, &a->ways, WEIR_BY_APIKEY, WEIR_NONE);
    }

    if (l->model->mtls.given) {
        add_way(l, &a->ways, WEIR_BY_MTLS, WEIR_NONE);
    }

    a->kind = a->ways.len != 0 ? WEIR_AUTH_ANY : WEIR_AUTH_NONE;
}


void
weir_load_auth(weir_load_t *l, const weir_node_t *route, weir_route_t *r)
{
    size_t              errors;
    weir_mfa_t         *mfa;
    const weir_node_t  *auth, *n;

    errors = l->diags->errors;
    auth = weir_node_get(route, "auth");
    r->auth = auth != NULL ? load_asked(l, auth)
              : r->public ? NULL : &l->model->asked;

    if (auth != NULL && r->public) {
        (void) weir_fail(l->diags, WEIR_EPLACE, auth->text.span,
                         "\"auth\" in a public route, which everybody may "
                         "use");
    }

    n = weir_node_get(route, "mfa");
    mfa = n != NULL ? load_mfa(l, n) : NULL;

    if (mfa != NULL && l->diags->errors == errors) {
        check_mfa(l, mfa, r);
    }

    r->mfa = mfa;
}
