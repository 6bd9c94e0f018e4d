/*
 * cel_name.c: what the names of a policy stand for, and what was meant by
 * those that stand for nothing.
 */

#include "front/cel_ast.h"

#define SHOWN  12               /* members of a group in a message */

typedef weir_vec_t(weir_str_t)  names_t;


static bool
has_param(const weir_cel_site_t *site, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < site->nparams; i++) {
        if (weir_str_eq(site->params[i], name)) {
            return true;
        }
    }

    return false;
}


static void
need_param(weir_cel_t *c, weir_str_t name, weir_cel_var_t *via)
{
    size_t        i;
    weir_need_t  *need;

    for (i = 0; i < c->expr->params.len; i++) {
        if (weir_str_eq(c->expr->params.items[i].name, name)) {
            return;
        }
    }

    need = weir_vec_push(c->arena, &c->expr->params);

    if (need == NULL) {
        c->nomem = true;
        return;
    }

    need->name = name;
    need->via = via;
}


/* What the expression needs is there from a phase on; who says so. */
static void
need_phase(weir_cel_t *c, unsigned phase, weir_str_t attr)
{
    if (phase > (unsigned) c->expr->phase || c->expr->latest.len == 0) {
        c->expr->phase = (weir_phase_t) phase;
        c->expr->latest = attr;
    }
}


static bool
attribute(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    unsigned  i;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        if (weir_str_eq(weir_cstr(weir_attrs[i].name), name)) {
            break;
        }
    }

    if (i == WEIR_A_COUNT) {
        return false;
    }

    ex->x = WEIR_X_ATTR;
    ex->n = 0;
    ex->u.attr = i;
    ex->type = c->env->attrs[i];
    need_phase(c, weir_attrs[i].phase, weir_cstr(weir_attrs[i].name));

    if (c->site != NULL && weir_attrs[i].phase > (unsigned) c->site->phase) {
        weir_cel_fail(c, WEIR_EPHASE, ex,
                      "`%s` is not available in phase `%s`; it is from phase "
                      "`%s` on", weir_attrs[i].name,
                      weir_phase_name(c->site->phase),
                      weir_phase_name(weir_attrs[i].phase));
    }

    return true;
}


static void
report_param(weir_cel_t *c, const weir_ex_t *ex, weir_str_t name)
{
    size_t      i;
    weir_str_t  has;

    if (c->site->nparams == 0) {
        weir_cel_fail(c, WEIR_EPARAM, ex,
                      "`path.%.*s` is known only in rules of a route whose "
                      "path has {%.*s}", WEIR_STR(name), WEIR_STR(name));
        return;
    }

    has = weir_string("");

    for (i = 0; i < c->site->nparams; i++) {
        has = weir_arena_printf(c->arena, "%.*s%s{%.*s}", WEIR_STR(has),
                                i ? ", " : "",
                                WEIR_STR(c->site->params[i]));
    }

    weir_cel_fail(c, WEIR_EPARAM, ex,
                  "the path of this route has no {%.*s}; it has %.*s",
                  WEIR_STR(name), WEIR_STR(has));
}


static void
parameter(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    ex->x = WEIR_X_PARAM;
    ex->n = 0;
    ex->name = name;
    ex->type = &weir_types[WEIR_T_STRING];

    need_phase(c, WEIR_PHASE_PREAUTH, weir_string("path"));

    if (c->site == NULL) {
        need_param(c, name, NULL);

    } else if (!has_param(c->site, name)) {
        report_param(c, ex, name);
    }
}


/* What a var needs must be there where it is used. */
static void
check_var_use(weir_cel_t *c, const weir_ex_t *ex, weir_cel_var_t *var)
{
    size_t              i;
    const weir_expr_t  *e;
    const weir_need_t  *need;

    e = var->expr;

    need_phase(c, e->phase, e->latest);

    if (c->site != NULL && e->phase > c->site->phase) {
        weir_cel_fail(c, WEIR_EPHASE, ex,
                      "`vars.%.*s` is not available in phase `%s`: it uses "
                      "`%.*s`, which is from phase `%s` on",
                      WEIR_STR(var->name), weir_phase_name(c->site->phase),
                      WEIR_STR(e->latest), weir_phase_name(e->phase));
    }

    for (i = 0; i < e->params.len; i++) {
        need = &e->params.items[i];

        if (c->site == NULL) {
            need_param(c, need->name, var);

        } else if (!has_param(c->site, need->name)) {
            weir_cel_fail(c, WEIR_EPARAM, ex,
                          "`vars.%.*s` uses `path.%.*s`, and no {%.*s} is in "
                          "the path here", WEIR_STR(var->name),
                          WEIR_STR(need->name), WEIR_STR(need->name));
        }
    }
}


static void
report_cycle(weir_cel_t *c, const weir_ex_t *ex, const weir_cel_var_t *var)
{
    bool        in;
    size_t      i;
    weir_str_t  s;

    s = weir_string("");
    in = false;

    for (i = 0; i < c->env->open.len; i++) {
        in |= c->env->open.items[i] == var;

        if (in) {
            s = weir_arena_printf(c->arena, "%.*svars.%.*s -> ", WEIR_STR(s),
                                  WEIR_STR(c->env->open.items[i]->name));
        }
    }

    weir_cel_fail(c, WEIR_ECYCLE, ex, "vars need each other: %.*svars.%.*s",
                  WEIR_STR(s), WEIR_STR(var->name));
}


static void
variable(weir_cel_t *c, weir_ex_t *ex, weir_cel_var_t *var)
{
    weir_cel_var_t  **slot;

    ex->x = WEIR_X_VAR;
    ex->n = 0;
    ex->u.var = var;
    ex->name = var->name;
    ex->type = &weir_types[WEIR_T_ERR];
    var->used = true;

    if (var->state == WEIR_VAR_NEW) {

        if (c->env->open.len > WEIR_MAX_VAR_LEVEL) {
            weir_cel_fail(c, WEIR_ECYCLE, ex,
                          "vars use each other more than %d deep",
                          WEIR_MAX_VAR_LEVEL);
            return;
        }

        weir_cel_open_var(c->env, var);
    }

    if (var->state == WEIR_VAR_OPEN) {
        report_cycle(c, ex, var);
        return;
    }

    if (var->state != WEIR_VAR_DONE) {
        c->failed = true;
        return;
    }

    ex->type = var->expr->type;
    check_var_use(c, ex, var);

    if (var->expr->level >= c->expr->level) {
        c->expr->level = var->expr->level + 1;

        if (c->expr->level > WEIR_MAX_VAR_LEVEL) {
            weir_cel_fail(c, WEIR_ECYCLE, ex,
                          "vars use each other more than %d deep",
                          WEIR_MAX_VAR_LEVEL);
        }
    }

    slot = weir_vec_push(c->arena, &c->expr->vars);

    if (slot == NULL) {
        c->nomem = true;
        return;
    }

    *slot = var;
}


static void
constant(weir_cel_t *c, weir_ex_t *ex, weir_kind_t kind, int64_t i)
{
    weir_cval_t  *v;

    ex->x = WEIR_X_CONST;
    ex->n = 0;
    v = weir_arena_alloc(c->arena, sizeof(weir_cval_t));

    if (v == NULL) {
        c->nomem = true;
        ex->x = WEIR_X_ERROR;
        return;
    }

    v->kind = (uint8_t) kind;
    v->u.i = i;
    ex->value = v;
    ex->type = &weir_types[kind];
}


static bool
type_name(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    unsigned  kind;

    for (kind = WEIR_T_NULL; kind < WEIR_T_CIDRS; kind++) {

        if (weir_str_eq(weir_cstr(weir_kind_name(kind)), name)) {
            constant(c, ex, WEIR_T_TYPE, kind);
            ex->type = weir_type_make(&c->infer, WEIR_T_TYPE,
                                      &weir_types[kind], NULL);
            return true;
        }
    }

    return false;
}


static void
add_name(weir_cel_t *c, names_t *list, weir_str_t name)
{
    weir_str_t  *slot;

    slot = weir_vec_push(c->arena, list);

    if (slot != NULL) {
        *slot = name;
    }
}


/* Everything that a dotted name can be. */
static void
candidates(weir_cel_t *c, names_t *list)
{
    size_t  i;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        add_name(c, list, weir_cstr(weir_attrs[i].name));
    }

    for (i = 0; i < c->env->vars.len; i++) {
        add_name(c, list,
                 weir_arena_printf(c->arena, "vars.%.*s",
                                   WEIR_STR(c->env->vars.items[i]->name)));
    }

    for (i = 0; i < c->env->lists.len; i++) {
        add_name(c, list,
                 weir_arena_printf(c->arena, "lists.%.*s",
                                   WEIR_STR(c->env->lists.items[i].name)));
    }
}


/* The members of a group, principal.sub as sub. */
static void
members(weir_cel_t *c, weir_str_t group, names_t *list)
{
    size_t      i;
    names_t     all = { 0 };
    weir_str_t  name;

    candidates(c, &all);

    for (i = 0; i < all.len; i++) {
        name = all.items[i];

        if (name.len > group.len && weir_str_starts(name, group)
            && name.data[group.len] == '.')
        {
            add_name(c, list, weir_str(name.data + group.len + 1,
                                       name.len - group.len - 1));
        }
    }
}


/* "sub, iss, kind" */
static weir_str_t
enumerate(weir_cel_t *c, const names_t *list)
{
    size_t      i, n;
    weir_str_t  s;

    s = weir_string("");
    n = list->len < SHOWN ? list->len : SHOWN;

    for (i = 0; i < n; i++) {
        s = weir_arena_printf(c->arena, "%.*s%s%.*s", WEIR_STR(s),
                              i ? ", " : "", WEIR_STR(list->items[i]));
    }

    return n < list->len
           ? weir_arena_printf(c->arena, "%.*s and %zu more", WEIR_STR(s),
                               list->len - n)
           : s;
}


/*
 * The member nearest to a name.  Two letters that are the same make short
 * names less strict: rolse is roles.
 */
static weir_str_t
nearest_member(weir_cel_t *c, weir_str_t name, const names_t *list)
{
    size_t      i;
    names_t     padded = { 0 };
    weir_str_t  near;

    for (i = 0; i < list->len; i++) {
        add_name(c, &padded, weir_arena_printf(c->arena, "..%.*s",
                                               WEIR_STR(list->items[i])));
    }

    near = weir_nearest(weir_arena_printf(c->arena, "..%.*s", WEIR_STR(name)),
                        padded.items, padded.len);

    return near.len > 2 ? weir_str(near.data + 2, near.len - 2) : near;
}


/* Groups, and names without a dot. */
static void
short_candidates(weir_cel_t *c, names_t *list)
{
    size_t      i;
    weir_str_t  s;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        s = weir_cstr(weir_attrs[i].name);
        s.len = (size_t) ((const char *) memchr(s.data, '.', s.len) - s.data);

        if (list->len == 0
            || !weir_str_eq(list->items[list->len - 1], s))
        {
            add_name(c, list, s);
        }
    }

    add_name(c, list, weir_string("vars"));
    add_name(c, list, weir_string("lists"));
    add_name(c, list, weir_string("path"));
}


/* " (list<string>)", where the type of a name is known. */
static weir_str_t
type_note(weir_cel_t *c, weir_str_t name)
{
    size_t                 i;
    weir_str_t             s;
    const weir_cel_var_t  *var;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        if (weir_str_eq(weir_cstr(weir_attrs[i].name), name)) {
            return weir_arena_printf(c->arena, " (%s)", weir_attrs[i].type);
        }
    }

    for (i = 0; i < c->env->vars.len; i++) {
        var = c->env->vars.items[i];

        if (var->state == WEIR_VAR_DONE && name.len == var->name.len + 5
            && weir_str_ends(name, var->name)
            && weir_str_starts(name, weir_string("vars.")))
        {
            s = weir_type_print(&c->infer, var->expr->type);
            return weir_arena_printf(c->arena, " (%.*s)", WEIR_STR(s));
        }
    }

    return weir_string("");
}


/* Whether a near name was found, and named in the report. */
static bool
suggest(weir_cel_t *c, const weir_ex_t *ex, weir_str_t name,
    const names_t *list)
{
    weir_str_t  near, note;

    near = weir_nearest(name, list->items, list->len);

    if (near.len == 0) {
        return false;
    }

    note = type_note(c, near);
    weir_cel_fail(c, WEIR_EUNDECLARED, ex,
                  "undeclared `%.*s`; did you mean `%.*s`%.*s?",
                  WEIR_STR(name), WEIR_STR(near), WEIR_STR(note));

    return true;
}


/* root is a group with members, and ex, root itself or a field, is none. */
static void
no_member(weir_cel_t *c, const weir_ex_t *ex, const weir_ex_t *root,
    const names_t *list)
{
    weir_str_t  near, full, note;

    if (ex == root) {
        full = enumerate(c, list);
        weir_cel_fail(c, WEIR_EUNDECLARED, root,
                      "`%.*s` is no value of its own; it has %.*s",
                      WEIR_STR(root->name), WEIR_STR(full));
        return;
    }

    near = nearest_member(c, ex->name, list);

    if (near.len == 0) {
        full = enumerate(c, list);
        weir_cel_fail(c, WEIR_EUNDECLARED, ex,
                      "undeclared `%.*s.%.*s`; `%.*s` has %.*s",
                      WEIR_STR(root->name), WEIR_STR(ex->name),
                      WEIR_STR(root->name), WEIR_STR(full));
        return;
    }

    full = weir_arena_printf(c->arena, "%.*s.%.*s", WEIR_STR(root->name),
                             WEIR_STR(near));
    note = type_note(c, full);
    weir_cel_fail(c, WEIR_EUNDECLARED, ex,
                  "undeclared `%.*s.%.*s`; did you mean `%.*s`%.*s?",
                  WEIR_STR(root->name), WEIR_STR(ex->name), WEIR_STR(full),
                  WEIR_STR(note));
}


/* A group that may be empty. */
static bool
is_group(weir_str_t name)
{
    return weir_str_eq(name, weir_string("vars"))
           || weir_str_eq(name, weir_string("lists"))
           || weir_str_eq(name, weir_string("path"));
}


uint32_t
weir_cel_chain(const weir_ex_t *ex)
{
    uint32_t  n;

    for (n = 1; ex->x == WEIR_X_SELECT; n++) {
        if (ex->flags & (WEIR_XF_OPTIONAL | WEIR_XF_QUOTED)) {
            return 0;
        }

        ex = ex->args[0];
    }

    return ex->x == WEIR_X_IDENT ? n : 0;
}


weir_ex_t *
weir_cel_prefix(weir_ex_t *ex, uint32_t k)
{
    uint32_t  n;

    for (n = weir_cel_chain(ex); n > k; n--) {
        ex = ex->args[0];
    }

    return ex;
}


weir_str_t
weir_cel_dotted(weir_cel_t *c, weir_ex_t *ex, uint32_t k)
{
    uint32_t    i;
    weir_str_t  s;

    s = weir_cel_prefix(ex, 1)->name;

    for (i = 2; i <= k; i++) {
        s = weir_arena_printf(c->arena, "%.*s.%.*s", WEIR_STR(s),
                              WEIR_STR(weir_cel_prefix(ex, i)->name));
    }

    return s;
}


void
weir_cel_undeclared(weir_cel_t *c, weir_ex_t *ex, const weir_str_t *locals,
    size_t nlocals)
{
    size_t      i;
    names_t     list = { 0 };
    uint32_t    n;
    weir_ex_t  *root, *two;
    weir_str_t  name;

    n = weir_cel_chain(ex);
    root = weir_cel_prefix(ex, 1);
    two = weir_cel_prefix(ex, n < 2 ? n : 2);
    name = weir_cel_dotted(c, ex, n < 2 ? n : 2);
    members(c, root->name, &list);

    if (list.len != 0) {
        no_member(c, two, root, &list);
        return;
    }

    if (is_group(root->name)) {
        weir_cel_fail(c, WEIR_EUNDECLARED, two,
                      "undeclared `%.*s`; nothing is declared in `%.*s`",
                      WEIR_STR(name), WEIR_STR(root->name));
        return;
    }

    candidates(c, &list);

    if (n > 1 && suggest(c, two, name, &list)) {
        return;
    }

    list.len = 0;
    short_candidates(c, &list);

    for (i = 0; i < nlocals; i++) {
        add_name(c, &list, locals[i]);
    }

    if (!suggest(c, root, root->name, &list)) {
        weir_cel_fail(c, WEIR_EUNDECLARED, root, "undeclared `%.*s`",
                      WEIR_STR(root->name));
    }
}


bool
weir_cel_name(weir_cel_t *c, weir_ex_t *ex, weir_str_t name)
{
    weir_str_t           rest;
    weir_cel_list_t     *list;
    weir_names_entry_t  *entry;

    if (attribute(c, ex, name) || type_name(c, ex, name)) {
        return true;
    }

    if (weir_str_starts(name, weir_string("path."))) {
        rest = weir_str(name.data + 5, name.len - 5);

        if (memchr(rest.data, '.', rest.len) != NULL) {
            return false;
        }

        parameter(c, ex, rest);

        return true;
    }

    entry = weir_names_find(&c->env->names, name);

    if (entry == NULL) {
        return false;
    }

    if (weir_str_starts(name, weir_string("vars."))) {
        variable(c, ex, c->env->vars.items[entry->value]);
        return true;
    }

    list = &c->env->lists.items[entry->value];
    list->used = true;
    constant(c, ex, WEIR_T_CIDRS, list->index);

    return true;
}
