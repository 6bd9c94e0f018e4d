/*
 * cel_suggest.c: what may have been meant by names that stand for nothing.
 */

#include "front/cel_ast.h"

#define SHOWN  12               /* members of a group in a message */

typedef weir_vec_t(weir_str_t)  names_t;


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
                 weir_arena_printf(c->arena, "%s.%.*s",
                                   c->env->vars.items[i]->group,
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
    add_name(c, list, weir_string("flags"));
    add_name(c, list, weir_string("lists"));
    add_name(c, list, weir_string("path"));
}


/* " (list<string>)", where the type of a name is known. */
static weir_str_t
type_note(weir_cel_t *c, weir_str_t name)
{
    size_t                 i;
    weir_str_t             s, group;
    const weir_cel_var_t  *var;

    for (i = 0; i < WEIR_A_COUNT; i++) {
        if (weir_str_eq(weir_cstr(weir_attrs[i].name), name)) {
            return weir_arena_printf(c->arena, " (%s)", weir_attrs[i].type);
        }
    }

    for (i = 0; i < c->env->vars.len; i++) {
        var = c->env->vars.items[i];
        group = weir_cstr(var->group);

        if (var->state == WEIR_VAR_DONE
            && name.len == group.len + 1 + var->name.len
            && weir_str_ends(name, var->name) && weir_str_starts(name, group))
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
           || weir_str_eq(name, weir_string("flags"))
           || weir_str_eq(name, weir_string("lists"))
           || weir_str_eq(name, weir_string("path"));
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

    if (suggest(c, root, root->name, &list)) {
        return;
    }

    if (n == 1) {
        weir_cel_fail(c, WEIR_EUNDECLARED, root,
                      "undeclared `%.*s`; if it is text, write \"%.*s\"",
                      WEIR_STR(root->name), WEIR_STR(root->name));
        return;
    }

    weir_cel_fail(c, WEIR_EUNDECLARED, root, "undeclared `%.*s`",
                  WEIR_STR(root->name));
}
