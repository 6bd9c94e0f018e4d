/*
 * cel_share.c: equal parts of all expressions of a policy get one identity.
 *
 * Variables of loops count by how far their binder is away, so that equal
 * loops are equal whatever they call them.  A part that looks at no binder
 * around it may become a program of its own.
 */

#include "front/cel_ast.h"
#include "base/hash.h"

#define MIN_COST   4            /* a cheaper part costs less than a memo */
#define FIRST_SIZE 256          /* of the table; a power of two */

typedef struct {
    weir_cel_t            *c;
    const weir_ex_t       *binders[512];    /* as deep as expressions can be */
    uint32_t               n;
} share_t;


static uint64_t
mix(uint64_t h, uint64_t x)
{
    return weir_mix(h ^ weir_mix(x + 0x9e3779b97f4a7c15));
}


static uint64_t
hash_value(const weir_cval_t *v)
{
    uint32_t  i, n;
    uint64_t  h;

    h = mix(v->kind, v->n);

    switch (v->kind) {

    case WEIR_T_NULL:
        return h;

    case WEIR_T_BOOL:
        return mix(h, v->u.b);

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_REGEX:
        return mix(h, weir_hash(v->s, 0));

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        return mix(h, weir_hash(weir_str((const char *) v->ip.bytes,
                                         v->ip.len), 0));

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        n = v->kind == WEIR_T_MAP ? 2 * v->n : v->n;

        for (i = 0; i < n; i++) {
            h = mix(h, hash_value(&v->items[i]));
        }

        return h;

    default:
        return mix(h, v->u.u);
    }
}


static uint64_t
hash_node(const weir_ex_t *ex, uint32_t away)
{
    uint32_t  i;
    uint64_t  h;

    h = mix(ex->x, ex->n);

    switch (ex->x) {

    case WEIR_X_CONST:
        h = mix(h, hash_value(ex->value));
        break;

    case WEIR_X_ATTR:
        h = mix(h, ex->u.attr);
        break;

    case WEIR_X_PARAM:
    case WEIR_X_HAS:
        h = mix(h, weir_hash(ex->name, 0));
        break;

    case WEIR_X_CALL:
        h = mix(h, (uint64_t) ex->fn << 32 | ex->row);
        break;

    case WEIR_X_LOCAL:
        h = mix(h, (uint64_t) away << 8 | ex->var);
        break;

    case WEIR_X_LOOP:
        h = mix(h, (uint64_t) ex->loop << 16 | (uint64_t) ex->nvars << 8
                   | (ex->flags & (WEIR_XF_WHEN | WEIR_XF_NESTED)));
        break;

    case WEIR_X_AS:
        h = mix(h, ex->u.kind);
        break;

    default:
        break;
    }

    for (i = 0; i < ex->n; i++) {
        h = mix(h, (uint64_t) ex->args[i]->uniq->id << 1
                   | ((ex->args[i]->flags & WEIR_XF_ABSENT) != 0));
    }

    return h;
}


static bool
same_node(const weir_ex_t *a, const weir_ex_t *b)
{
    uint32_t  i;

    if (a->x != b->x || a->n != b->n || a->kind != b->kind
        || !weir_type_same(a->type, b->type))
    {
        return false;
    }

    for (i = 0; i < a->n; i++) {
        if (a->args[i]->uniq != b->args[i]->uniq
            || (a->args[i]->flags ^ b->args[i]->flags) & WEIR_XF_ABSENT)
        {
            return false;
        }
    }

    switch (a->x) {

    case WEIR_X_CONST:
        return weir_cval_same(a->value, b->value);

    case WEIR_X_ATTR:
        return a->u.attr == b->u.attr;

    case WEIR_X_PARAM:
    case WEIR_X_HAS:
        return weir_str_eq(a->name, b->name);

    case WEIR_X_CALL:
        return a->fn == b->fn && a->row == b->row;

    case WEIR_X_LOCAL:
        return a->var == b->var;

    case WEIR_X_LOOP:
        return a->loop == b->loop && a->nvars == b->nvars
               && ((a->flags ^ b->flags)
                   & (WEIR_XF_WHEN | WEIR_XF_NESTED)) == 0;

    case WEIR_X_AS:
        return a->u.kind == b->u.kind;

    default:
        return true;
    }
}


static bool
grow(weir_cel_env_t *env)
{
    size_t         i, k, size;
    weir_uniq_t  **table;

    size = env->uniq_size ? env->uniq_size * 2 : FIRST_SIZE;
    table = weir_arena_array(env->arena, size, sizeof(weir_uniq_t *));

    if (table == NULL) {
        return false;
    }

    for (i = 0; i < env->uniq_size; i++) {
        if (env->uniq[i] != NULL) {
            for (k = env->uniq[i]->hash & (size - 1); table[k] != NULL;
                 k = (k + 1) & (size - 1)) { }

            table[k] = env->uniq[i];
        }
    }

    env->uniq = table;
    env->uniq_size = size;

    return true;
}


/* The identity of a node whose parts have theirs; away: of LOCAL. */
static weir_uniq_t *
intern(weir_cel_t *c, weir_ex_t *ex, uint32_t away)
{
    size_t           i;
    uint64_t         hash;
    weir_uniq_t     *u;
    weir_cel_env_t  *env;

    env = c->env;

    if (env->nuniq >= env->uniq_size / 2 && !grow(env)) {
        c->nomem = true;
        return NULL;
    }

    hash = hash_node(ex, away);

    for (i = hash & (env->uniq_size - 1); env->uniq[i] != NULL;
         i = (i + 1) & (env->uniq_size - 1))
    {
        u = env->uniq[i];

        if (u->hash == hash && same_node(u->ex, ex)
            && (ex->x != WEIR_X_LOCAL || u->free == away))
        {
            return u;
        }
    }

    u = weir_arena_alloc(env->arena, sizeof(weir_uniq_t));

    if (u == NULL) {
        c->nomem = true;
        return NULL;
    }

    u->ex = ex;
    u->expr = c->expr;
    u->hash = hash;
    u->id = env->nuniq++;
    u->free = away;
    env->uniq[i] = u;

    return u;
}


/* How many binders lie between a variable and what binds it, plus one. */
static uint32_t
distance(const share_t *s, const weir_ex_t *local)
{
    uint32_t  i;

    for (i = s->n; i > 0 && s->binders[i - 1] != local->u.binder; i--) { }

    return s->n - i + 1;
}


/* What a node takes over from its parts. */
static void
inherit(weir_uniq_t *u, const weir_ex_t *ex)
{
    uint32_t            i, free;
    const weir_uniq_t  *part;

    if (ex->x == WEIR_X_ATTR) {
        u->phase = (uint8_t) weir_attrs[ex->u.attr].phase;

    } else if (ex->x == WEIR_X_PARAM) {
        u->phase = WEIR_PHASE_PREAUTH;
    }

    for (i = 0; i < ex->n; i++) {
        part = ex->args[i]->uniq;
        free = part->free;

        if (i > 0 && free > 0
            && (ex->x == WEIR_X_LOOP || ex->x == WEIR_X_BIND))
        {
            free--;
        }

        u->free = free > u->free ? free : u->free;
        u->phase = part->phase > u->phase ? part->phase : u->phase;
        u->level = part->level > u->level ? part->level : u->level;

        if (ex->args[i]->x == WEIR_X_VAR
            && u->level < ex->args[i]->u.var->expr->level + 1)
        {
            u->level = ex->args[i]->u.var->expr->level + 1;
        }
    }
}


static void
share(share_t *s, weir_ex_t *ex)
{
    bool      binds;
    uint32_t  i;

    if (s->c->nomem) {
        return;
    }

    if (ex->x == WEIR_X_VAR) {
        ex->uniq = ex->u.var->expr->root->uniq;
        ex->uniq->var = true;
        return;
    }

    binds = ex->x == WEIR_X_LOOP || ex->x == WEIR_X_BIND;

    for (i = 0; i < ex->n; i++) {

        if (i == 1 && binds) {
            s->binders[s->n++] = ex;
        }

        share(s, ex->args[i]);
    }

    if (i > 1 && binds) {
        s->n--;
    }

    if (s->c->nomem) {
        return;
    }

    ex->uniq = intern(s->c, ex, ex->x == WEIR_X_LOCAL ? distance(s, ex) : 0);

    if (ex->uniq != NULL && ex->uniq->ex == ex) {
        inherit(ex->uniq, ex);
    }
}


static void
count(const weir_ex_t *ex, bool looped)
{
    bool          worth, first;
    uint32_t      i;
    weir_uniq_t  *u;

    while (ex->x == WEIR_X_VAR) {
        ex = ex->u.var->expr->root;
    }

    u = ex->uniq;
    first = u->uses == 0;
    worth = weir_cel_is_worth(u);

    /* what stays the same in every round is worked out before the first */
    u->uses += looped && u->free == 0 ? 2 : 1;

    if (worth && !first) {
        return;
    }

    looped = looped && !worth;

    for (i = 0; i < ex->n; i++) {
        count(ex->args[i], looped || (i > 0 && ex->x == WEIR_X_LOOP));
    }
}


bool
weir_cel_is_worth(const weir_uniq_t *u)
{
    return u->free == 0 && u->ex->cost >= MIN_COST
           && u->ex->x != WEIR_X_CONST
           && u->ex->kind != WEIR_T_CIDRS;
}


void
weir_cel_share(weir_cel_t *c, weir_ex_t *root)
{
    share_t  s;

    s.c = c;
    s.n = 0;
    share(&s, root);
}


void
weir_cel_count(const weir_ex_t *root)
{
    count(root, false);
}
