/*
 * cel_type.c: types, and agreement between them.
 *
 * Agreement is that of the reference checker: a variable takes the more
 * general of the types that it meets, dyn agrees with everything, and null
 * with times.
 */

#include "front/cel_type.h"

#define SHOWN_DEPTH  6


const weir_type_t  weir_types[WEIR_T_COUNT] = {
#define K(name, cel)  { .kind = WEIR_T_##name },
    WEIR_KINDS(K)
#undef K
};


static bool
is_any(const weir_type_t *t)
{
    return t->kind == WEIR_T_DYN || t->kind == WEIR_T_ERR;
}


static const weir_type_t *
binding(const weir_infer_t *in, const weir_type_t *var)
{
    return var->var < in->bound.len ? in->bound.items[var->var] : NULL;
}


static void
bind(weir_infer_t *in, const weir_type_t *var, const weir_type_t *t)
{
    weir_bound_t  *b;

    b = weir_vec_push(in->arena, &in->trail);

    if (b == NULL) {
        in->nomem = true;
        return;
    }

    b->var = var->var;
    b->old = in->bound.items[var->var];
    in->bound.items[var->var] = t;
}


static void
take_back(weir_infer_t *in, size_t mark)
{
    weir_bound_t  *b;

    while (in->trail.len > mark) {
        b = &in->trail.items[--in->trail.len];
        in->bound.items[b->var] = b->old;
    }
}


/* Whether a variable is part of a type: binding it would make a cycle. */
static bool
occurs(const weir_infer_t *in, const weir_type_t *var, const weir_type_t *t)
{
    unsigned            i;
    const weir_type_t  *b;

    if (t->kind == WEIR_T_VAR) {

        if (t->var == var->var) {
            return true;
        }

        b = binding(in, t);

        return b != NULL && occurs(in, var, b);
    }

    for (i = 0; i < t->nargs; i++) {
        if (occurs(in, var, t->arg[i])) {
            return true;
        }
    }

    return false;
}


/* Whether a is b, or b with dyn in the place of parts. */
static bool
less_specific(const weir_infer_t *in, const weir_type_t *a,
    const weir_type_t *b)
{
    unsigned  i;

    a = weir_type_known(in, a);
    b = weir_type_known(in, b);

    if (is_any(a)) {
        return true;
    }

    if (is_any(b) || a->kind != b->kind || a->nargs != b->nargs) {
        return false;
    }

    if (a->kind == WEIR_T_VAR) {
        return true;
    }

    for (i = 0; i < a->nargs; i++) {
        if (!less_specific(in, a->arg[i], b->arg[i])) {
            return false;
        }
    }

    return true;
}


/* Of two that agree: of null and what takes it, the other. */
static const weir_type_t *
more_general(const weir_infer_t *in, const weir_type_t *a,
    const weir_type_t *b)
{
    if (weir_type_known(in, a)->kind == WEIR_T_NULL && !is_any(b)) {
        return b;
    }

    if (weir_type_known(in, b)->kind == WEIR_T_NULL && !is_any(a)) {
        return a;
    }

    return less_specific(in, a, b) ? a : b;
}


static bool fits(weir_infer_t *in, const weir_type_t *from,
    const weir_type_t *to);


/* Whether the variable can stand for t; *known = it already had a type. */
static bool
substitutes(weir_infer_t *in, const weir_type_t *t, const weir_type_t *var,
    bool *known)
{
    const weir_type_t  *b, *general;

    *known = true;

    if (t->kind == WEIR_T_VAR && t->var == var->var) {
        return true;
    }

    b = binding(in, var);

    if (b == NULL) {
        *known = false;

        if (occurs(in, var, t)) {
            return false;
        }

        bind(in, var, t);

        return true;
    }

    if (t == b) {
        return true;
    }

    if (!fits(in, t, b)) {
        return false;
    }

    general = more_general(in, t, b);

    if (general != b && !occurs(in, var, general)) {
        bind(in, var, general);
    }

    return true;
}


static bool
takes_null(const weir_type_t *t)
{
    return t->kind == WEIR_T_NULL || t->kind == WEIR_T_TIMESTAMP
           || t->kind == WEIR_T_DURATION || t->kind == WEIR_T_OPTIONAL;
}


static bool
fits(weir_infer_t *in, const weir_type_t *from, const weir_type_t *to)
{
    bool      known;
    unsigned  i;

    if (to->kind == WEIR_T_VAR) {

        if (substitutes(in, from, to, &known)) {
            return true;
        }

        if (known) {
            return false;
        }
    }

    if (from->kind == WEIR_T_VAR) {
        return substitutes(in, to, from, &known);
    }

    if (is_any(from) || is_any(to)) {
        return true;
    }

    if (from->kind == WEIR_T_NULL) {
        return takes_null(to);
    }

    if (to->kind == WEIR_T_NULL) {
        return takes_null(from);
    }

    if (from->kind != to->kind) {
        return false;
    }

    if (from->kind == WEIR_T_TYPE) {
        return true;
    }

    for (i = 0; i < from->nargs && i < to->nargs; i++) {
        if (!fits(in, from->arg[i], to->arg[i])) {
            return false;
        }
    }

    return true;
}


static const weir_type_t *
make(weir_arena_t *a, weir_kind_t kind, const weir_type_t *x,
    const weir_type_t *y)
{
    weir_type_t  *t;

    t = weir_arena_alloc(a, sizeof(weir_type_t));

    if (t != NULL) {
        t->kind = (uint8_t) kind;
        t->nargs = (uint8_t) ((x != NULL) + (y != NULL));
        t->arg[0] = x;
        t->arg[1] = y;
    }

    return t;
}


/* A copy; how says what becomes of variables. */
static const weir_type_t *
copy(weir_infer_t *in, const weir_type_t *t, const uint32_t *base)
{
    const weir_type_t  *x, *y;

    if (t->kind == WEIR_T_VAR) {

        if (base != NULL) {
            weir_type_t  *v;

            v = weir_arena_alloc(in->arena, sizeof(weir_type_t));

            if (v == NULL) {
                in->nomem = true;
                return &weir_types[WEIR_T_ERR];
            }

            v->kind = WEIR_T_VAR;
            v->var = *base + t->var;

            return v;
        }

        t = weir_type_known(in, t);

        if (t->kind == WEIR_T_VAR) {
            return &weir_types[WEIR_T_DYN];
        }
    }

    if (t->nargs == 0) {
        return t;
    }

    x = copy(in, t->arg[0], base);
    y = t->nargs > 1 ? copy(in, t->arg[1], base) : NULL;

    if (x == t->arg[0] && (y == NULL || y == t->arg[1])) {
        return t;
    }

    return weir_type_make(in, t->kind, x, y);
}


static weir_str_t
print(weir_infer_t *in, const weir_type_t *t, unsigned depth)
{
    weir_str_t  x, y;

    t = weir_type_known(in, t);

    if (t->kind == WEIR_T_VAR) {
        return weir_string("dyn");
    }

    if (t->nargs == 0) {
        return weir_cstr(weir_kind_name(t->kind));
    }

    if (depth == SHOWN_DEPTH) {
        return weir_string("...");
    }

    x = print(in, t->arg[0], depth + 1);

    if (t->nargs == 1) {
        return weir_arena_printf(in->arena, "%s<%.*s>",
                                 weir_kind_name(t->kind), WEIR_STR(x));
    }

    y = print(in, t->arg[1], depth + 1);

    return weir_arena_printf(in->arena, "%s<%.*s, %.*s>",
                             weir_kind_name(t->kind), WEIR_STR(x),
                             WEIR_STR(y));
}


/* The kind that *p names, and moves *p behind it; COUNT when none does. */
static weir_kind_t
parse_kind(const char **p)
{
    size_t       len;
    unsigned     kind;
    const char  *name;

    len = strcspn(*p, "<>,: ");

    for (kind = 0; kind < WEIR_T_COUNT; kind++) {
        name = weir_kind_name(kind);

        if (strlen(name) == len && memcmp(*p, name, len) == 0) {
            *p += len;
            return (weir_kind_t) kind;
        }
    }

    return WEIR_T_COUNT;
}


const weir_type_t *
weir_type_make(weir_infer_t *in, weir_kind_t kind, const weir_type_t *a,
    const weir_type_t *b)
{
    const weir_type_t  *t;

    t = make(in->arena, kind, a, b);

    if (t == NULL) {
        in->nomem = true;
        return &weir_types[WEIR_T_ERR];
    }

    return t;
}


const weir_type_t *
weir_type_fresh(weir_infer_t *in)
{
    weir_type_t         *t;
    const weir_type_t  **slot;

    t = weir_arena_alloc(in->arena, sizeof(weir_type_t));
    slot = weir_vec_push(in->arena, &in->bound);

    if (t == NULL || slot == NULL) {
        in->nomem = true;
        return &weir_types[WEIR_T_ERR];
    }

    t->kind = WEIR_T_VAR;
    t->var = (uint32_t) in->bound.len - 1;

    return t;
}


const weir_type_t *
weir_type_parse(weir_arena_t *a, const char **p, uint32_t *nvars)
{
    weir_kind_t         kind;
    weir_type_t        *var;
    const weir_type_t  *arg[2] = { NULL, NULL };

    if ((*p)[0] >= 'A' && (*p)[0] <= 'Z' && strchr("<>,:", (*p)[1])) {
        var = weir_arena_alloc(a, sizeof(weir_type_t));

        if (var == NULL) {
            return NULL;
        }

        var->kind = WEIR_T_VAR;
        var->var = (uint32_t) ((*p)[0] - 'A');
        *nvars = var->var >= *nvars ? var->var + 1 : *nvars;
        *p += 1;

        return var;
    }

    kind = parse_kind(p);

    if (kind == WEIR_T_COUNT) {
        return NULL;
    }

    if (**p != '<') {
        return &weir_types[kind];
    }

    *p += 1;
    arg[0] = weir_type_parse(a, p, nvars);

    if (arg[0] != NULL && **p == ',') {
        *p += 1 + strspn(*p + 1, " ");
        arg[1] = weir_type_parse(a, p, nvars);

        if (arg[1] == NULL) {
            return NULL;
        }
    }

    if (arg[0] == NULL || **p != '>') {
        return NULL;
    }

    *p += 1;

    return make(a, kind, arg[0], arg[1]);
}


const weir_type_t *
weir_type_instance(weir_infer_t *in, const weir_type_t *t, uint32_t base)
{
    return copy(in, t, &base);
}


bool
weir_type_fits(weir_infer_t *in, const weir_type_t *from,
    const weir_type_t *to)
{
    size_t  mark;

    mark = in->trail.len;

    if (fits(in, from, to)) {
        return true;
    }

    take_back(in, mark);

    return false;
}


const weir_type_t *
weir_type_join(weir_infer_t *in, const weir_type_t *a, const weir_type_t *b)
{
    if (!weir_type_fits(in, b, a)) {
        return &weir_types[WEIR_T_DYN];
    }

    return more_general(in, a, b);
}


const weir_type_t *
weir_type_known(const weir_infer_t *in, const weir_type_t *t)
{
    const weir_type_t  *b;

    while (t->kind == WEIR_T_VAR) {
        b = binding(in, t);

        if (b == NULL) {
            break;
        }

        t = b;
    }

    return t;
}


const weir_type_t *
weir_type_final(weir_infer_t *in, const weir_type_t *t)
{
    return copy(in, t, NULL);
}


bool
weir_type_same(const weir_type_t *a, const weir_type_t *b)
{
    unsigned  i;

    if (a->kind != b->kind || a->nargs != b->nargs) {
        return false;
    }

    for (i = 0; i < a->nargs; i++) {
        if (!weir_type_same(a->arg[i], b->arg[i])) {
            return false;
        }
    }

    return true;
}


weir_str_t
weir_type_print(weir_infer_t *in, const weir_type_t *t)
{
    return print(in, t, 0);
}
