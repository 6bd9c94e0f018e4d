/*
 * model_splits.c: splits: their arms, and which requests get which of them.
 */

#include "front/load_splits.h"
#include "front/codes.h"
#include "front/schema.h"
#include "front/template.h"

#define LEAST_SALT  16u         /* bytes, of one that signs cookies */


weir_str_t
weir_load_percent(weir_load_t *l, uint32_t share)
{
    if (share % 100 == 0) {
        return weir_arena_printf(l->diags->arena, "%u%%", share / 100);
    }

    return weir_arena_printf(l->diags->arena, "%u.%0*u%%", share / 100,
                             share % 10 == 0 ? 1 : 2,
                             share % 10 == 0 ? share % 100 / 10
                                             : share % 100);
}


uint32_t
weir_load_arm(const weir_load_split_t *s, const weir_node_t *node)
{
    weir_str_t                 near;
    const weir_names_entry_t  *e;

    if (node == NULL) {
        return WEIR_NONE;
    }

    e = weir_names_find(&s->names, node->text.text);

    if (e != NULL) {
        return e->value;
    }

    near = weir_load_near(s->l, &s->names, node->text.text);

    (void) weir_fail(s->l->diags, WEIR_EUNKNOWN, node->text.span,
                     "split \"%.*s\" has no arm \"%.*s\"%s%.*s%s",
                     WEIR_STR(s->split->name.text),
                     WEIR_STR(node->text.text),
                     near.len ? "; did you mean \"" : "", WEIR_STR(near),
                     near.len ? "\"?" : "");

    return WEIR_NONE;
}


/* NULL: it does not compile, which was reported. */
static weir_expr_t *
compile(weir_load_split_t *s, const weir_node_t *node, weir_kind_t want,
    const char *key)
{
    weir_rc_t         rc;
    weir_str_t        role;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    role = weir_arena_printf(s->l->arena, "%s of split \"%.*s\"", key,
                             WEIR_STR(s->split->name.text));

    if (role.data == NULL) {
        s->l->nomem = true;
        return NULL;
    }

    memset(&site, 0, sizeof(site));
    site.role = role.data;
    site.want = want;
    site.phase = WEIR_PHASE_ACCESS;
    e = NULL;

    rc = weir_cel_compile(s->l->env, &node->text, &site, &e);
    s->l->nomem |= rc == WEIR_NOMEM;

    return e;
}


static void
load_arm(weir_load_split_t *s, const weir_entry_t *e)
{
    weir_arm_t         *arm;
    weir_name_t         name;
    const weir_node_t  *n;

    name = weir_load_name(&e->key);
    s->weighed = s->weighed && e->key.kind != WEIR_T_UNSET;

    if (e->key.kind == WEIR_T_UNSET
        || !weir_load_unique(s->l, &s->names, "arm", &name,
                             (uint32_t) s->split->arms.len)
        || (arm = weir_load_push(s->l, &s->split->arms)) == NULL)
    {
        return;
    }

    memset(arm, 0, sizeof(*arm));
    arm->name = name;

    if ((n = weir_node_get(&e->value, "upstream")) != NULL) {
        arm->upstream = weir_load_name(n);
    }

    n = weir_node_get(&e->value, "weight");

    if (n == NULL || weir_weight_of(n, &arm->weight) != WEIR_OK) {
        s->weighed = false;
    }
}


static void
load_arms(weir_load_split_t *s, const weir_node_t *node)
{
    uint32_t  i, sum;

    if (node == NULL) {
        return;
    }

    if (node->n < 2 || node->n > WEIR_MAX_ARMS) {
        (void) weir_fail(s->l->diags, WEIR_EBOUND, node->text.span,
                         "split \"%.*s\" has %u arm%s, expected from 2 to %d",
                         WEIR_STR(s->split->name.text), (unsigned) node->n,
                         node->n == 1 ? "" : "s", WEIR_MAX_ARMS);
    }

    s->weighed = node->n >= 2 && node->n <= WEIR_MAX_ARMS;

    for (i = 0; i < node->n && i < WEIR_MAX_ARMS; i++) {
        load_arm(s, &node->u.entries[i]);
    }

    for (i = 0, sum = 0; i < s->split->arms.len; i++) {
        sum += s->split->arms.items[i].weight;
    }

    if (s->weighed && sum != 10000) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, node->text.span,
                         "the weights of split \"%.*s\" add up to %.*s, "
                         "expected 100%%", WEIR_STR(s->split->name.text),
                         WEIR_STR(weir_load_percent(s->l, sum)));
    }

    /* a fallback may stand behind the arm that names it */
    for (i = 0; i < node->n && i < s->split->arms.len; i++) {
        weir_load_breaker(s, node, i);
    }
}


static void
load_key(weir_load_split_t *s)
{
    const weir_node_t  *n;

    s->split->salt = s->split->name;

    if ((n = weir_node_get(s->body, "salt")) != NULL) {
        s->split->salt = weir_load_name(n);

        if (n->text.text.len == 0) {
            (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                             "\"salt\" of split \"%.*s\" is empty",
                             WEIR_STR(s->split->name.text));
        }
    }

    if ((n = weir_node_get(s->body, "sticky")) != NULL) {
        s->split->sticky = compile(s, n, WEIR_T_STRING, "\"sticky\"");
        s->split->sticky_text = n->text;
    }
}


static void
load_cookie(weir_load_split_t *s, const weir_node_t *node)
{
    const weir_node_t  *n;

    if (node == NULL) {
        return;
    }

    if ((n = weir_node_get(node, "name")) != NULL) {
        s->split->cookie = weir_load_name(n);
    }

    weir_load_duration(s->l, node, "max_age", 1, WEIR_MAX_COOKIE_AGE, 1000,
                       &s->split->cookie_age);

    n = weir_node_find(s->body, "salt");

    if (n == NULL) {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "\"cookie\" of split \"%.*s\" needs a \"salt\" of "
                         "%u bytes or more: who knows it can sign cookies",
                         WEIR_STR(s->split->name.text), LEAST_SALT);

    } else if (n->kind != WEIR_T_UNSET && n->text.text.len > 0
               && n->text.text.len < LEAST_SALT)
    {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"salt\" of split \"%.*s\" has %zu bytes; \"cookie\""
                         " needs %u or more: who guesses it can sign cookies",
                         WEIR_STR(s->split->name.text), n->text.text.len,
                         LEAST_SALT);
    }
}


/* What of the request the override looks at; false: reported. */
static bool
take_source(weir_load_split_t *s, const weir_node_t *node,
    weir_override_t *o)
{
    const char         *key;
    const weir_node_t  *header, *cookie, *equals;

    header = weir_node_find(node, "header");
    cookie = weir_node_find(node, "cookie");
    equals = weir_node_find(node, "equals");
    key = header != NULL ? "header" : "cookie";

    if (header != NULL && cookie != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EPLACE, node->text.span,
                         "an override has \"header\" and \"cookie\"; it takes "
                         "one of them");
        return false;
    }

    if (header == NULL && cookie == NULL) {

        if (equals != NULL) {
            (void) weir_fail(s->l->diags, WEIR_EPLACE, equals->text.span,
                             "\"equals\" needs \"header\" or \"cookie\"");
            return false;
        }

        if (weir_node_find(node, "when") == NULL) {
            (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                             "an override needs \"header\", \"cookie\" or "
                             "\"when\"");
            return false;
        }

        o->name.text = weir_string("");
        o->value.text = weir_string("");

        return true;
    }

    if (equals == NULL) {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "\"%s\" of an override needs \"equals\"", key);
        return false;
    }

    if (weir_node_get(node, key) == NULL || equals->kind == WEIR_T_UNSET) {
        return false;
    }

    o->source = header != NULL ? WEIR_OVERRIDE_HEADER : WEIR_OVERRIDE_COOKIE;
    o->name = weir_load_name(header != NULL ? header : cookie);
    o->value = weir_load_name(equals);

    if (header != NULL) {
        o->name.text = weir_lower(s->l->arena, o->name.text);
        s->l->nomem |= o->name.text.data == NULL;
    }

    return true;
}


static void
load_override(weir_load_split_t *s, const weir_node_t *node)
{
    bool                ok;
    weir_override_t     o, *slot;
    const weir_node_t  *n;

    memset(&o, 0, sizeof(o));
    ok = take_source(s, node, &o);

    if ((n = weir_node_get(node, "use")) != NULL) {
        o.use = weir_load_name(n);
        o.arm = weir_load_arm(s, n);
    }

    if ((n = weir_node_get(node, "when")) != NULL) {
        o.when = compile(s, n, WEIR_T_BOOL, "\"when\" of an override");
        o.text = n->text;
    }

    slot = ok ? weir_load_push(s->l, &s->split->overrides) : NULL;

    if (slot != NULL) {
        *slot = o;
    }
}


static void
load_split(weir_load_t *l, const weir_name_t *name, const weir_node_t *body)
{
    uint32_t            i;
    weir_split_t        split, *slot;
    weir_load_split_t   s;
    const weir_node_t  *n;

    memset(&split, 0, sizeof(split));
    split.name = *name;

    memset(&s, 0, sizeof(s));
    s.l = l;
    s.body = body;
    s.split = &split;
    s.names.arena = l->arena;

    load_arms(&s, weir_node_get(body, "arms"));
    load_key(&s);
    load_cookie(&s, weir_node_get(body, "cookie"));

    n = weir_node_get(body, "override");

    for (i = 0; n != NULL && i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            load_override(&s, &n->u.items[i]);
        }
    }

    weir_load_guard(&s, weir_node_get(body, "guard"));
    weir_load_ramp(&s, weir_node_get(body, "ramp"));
    weir_load_mirror(&s, weir_node_get(body, "mirror"));

    slot = weir_load_push(l, &l->model->splits);

    if (slot != NULL) {
        *slot = split;
    }
}


void
weir_load_splits(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&e->key);

        if (!weir_load_unique(l, &l->splits, "split", &name,
                              (uint32_t) l->model->splits.len))
        {
            continue;
        }

        if (l->model->splits.len == WEIR_MAX_SPLITS) {
            (void) weir_fail(l->diags, WEIR_EBOUND, name.span,
                             "more than %d splits", WEIR_MAX_SPLITS);
            return;
        }

        load_split(l, &name, &e->value);
    }
}


void
weir_load_route_split(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r)
{
    weir_name_t                name;
    const weir_names_entry_t  *e;

    r->split = WEIR_NONE;

    if (node == NULL) {
        return;
    }

    name = weir_load_name(node);
    e = weir_names_find(&l->splits, name.text);

    if (e == NULL) {
        weir_load_unknown(l, "split", &name, &l->splits);

    } else if (e->value < l->model->splits.len) {
        l->model->splits.items[e->value].used = true;
        r->split = e->value;
    }

    if (r->upstream.text.data != NULL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, r->upstream.span,
                         "\"upstream\" does not go with \"split\", whose arms "
                         "name theirs");
    }
}
