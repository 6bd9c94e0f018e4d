/*
 * schema.c: a tree against the table, keys and forms of values.
 *
 * What a value means beyond its form (does the list exist, is the template
 * sound) is the model's question.
 */

#include "front/schema.h"
#include "front/codes.h"
#include "image/bounds.h"

#define MOST_KEYS   40u         /* of one object, for "did you mean" */
#define FEW_KEYS    10u         /* are listed in an error */


typedef struct {
    weir_diags_t  *diags;
} check_t;

/* What a value is called in an error: "name" or an item of "name". */
typedef struct {
    weir_str_t     name;
    bool           item;
} label_t;

#define LABEL      "%s\"%.*s\""
#define LABELED(l) (l).item ? "an item of " : "", WEIR_STR((l).name)


static void  check(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label);
static void  check_object(check_t *c, weir_node_t *node,
    const weir_object_t *object);


static const char *
found(const weir_node_t *node)
{
    switch (node->kind) {

    case WEIR_T_NULL:
        return "empty";

    case WEIR_T_BOOL:
        return "a boolean";

    case WEIR_T_INT:
    case WEIR_T_DOUBLE:
        return "a number";

    case WEIR_T_STRING:
        return "text";

    case WEIR_T_LIST:
        return "a list";

    default:
        return "a map";
    }
}


static bool
is_scalar(const weir_node_t *node)
{
    return node->kind != WEIR_T_LIST && node->kind != WEIR_T_MAP;
}


static void
wrong_kind(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    const char  *hint;

    hint = (node->kind == WEIR_T_BOOL || node->kind == WEIR_T_INT
            || node->kind == WEIR_T_DOUBLE)
           && type->form >= WEIR_F_TEXT && type->form < WEIR_F_LIST
           && type->form != WEIR_F_STATUS && type->form != WEIR_F_RATE
           && type->form != WEIR_F_WEIGHT && type->form != WEIR_F_RATIO
           ? "; quote it" : "";

    (void) weir_fail(c->diags, WEIR_EKIND, node->text.span,
                     LABEL " is %s, expected %s%s", LABELED(label),
                     found(node), weir_form_what(type->form), hint);
    node->kind = WEIR_T_UNSET;
}


static void
wrong_value(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    (void) weir_fail(c->diags, WEIR_EVALUE, node->text.span,
                     LABEL " is \"%.*s\", expected %s", LABELED(label),
                     WEIR_STR(node->text.text), weir_form_what(type->form));
    node->kind = WEIR_T_UNSET;
}


static void
check_int(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    if (node->kind != WEIR_T_INT) {
        wrong_kind(c, node, type, label);
        return;
    }

    if (type->form == WEIR_F_STATUS) {

        if (node->u.i < 400 || node->u.i > 599) {
            wrong_value(c, node, type, label);
        }

        return;
    }

    if (node->u.i < type->min || (type->max != 0 && node->u.i > type->max)) {
        (void) weir_fail(c->diags, WEIR_EVALUE, node->text.span,
                         LABEL " is %.*s, expected a whole number %s %lld",
                         LABELED(label), WEIR_STR(node->text.text),
                         node->u.i < type->min ? "from" : "up to",
                         (long long) (node->u.i < type->min ? type->min
                                                            : type->max));
        node->kind = WEIR_T_UNSET;
    }
}


/* A number that is read as such, or text in its place. */
static void
check_number(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label,
    weir_rc_t (*read)(const weir_node_t *node, uint32_t *number))
{
    uint32_t  number;

    if (!is_scalar(node) || node->kind == WEIR_T_NULL
        || node->kind == WEIR_T_BOOL)
    {
        wrong_kind(c, node, type, label);

    } else if (read(node, &number) != WEIR_OK) {
        wrong_value(c, node, type, label);
    }
}


static void
check_word(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    bool        few;
    size_t      n;
    weir_str_t  words[MOST_KEYS], near, list;

    if (node->kind == WEIR_T_MAP && type->object != NULL) {
        check_object(c, node, type->object);
        return;
    }

    if (!is_scalar(node) || node->kind == WEIR_T_NULL) {
        wrong_kind(c, node, type, label);
        return;
    }

    list = weir_str("", 0);

    for (n = 0; n < MOST_KEYS && type->words[n] != NULL; n++) {
        words[n] = weir_cstr(type->words[n]);

        if (weir_str_eq(words[n], node->text.text)) {
            return;
        }

        list = weir_arena_printf(c->diags->arena, "%.*s%s%s", WEIR_STR(list),
                                 n > 0 ? " or " : "", type->words[n]);
    }

    if (n == 1) {
        (void) weir_fail(c->diags, WEIR_ELATER, node->text.span,
                         LABEL " is \"%.*s\"; only \"%s\" is supported yet",
                         LABELED(label), WEIR_STR(node->text.text),
                         type->words[0]);

    } else {
        near = weir_nearest(node->text.text, words, n);

        few = n <= FEW_KEYS || near.len == 0;

        (void) weir_fail(c->diags, WEIR_EVALUE, node->text.span,
                         LABEL " is \"%.*s\"%s%.*s%s%.*s%s", LABELED(label),
                         WEIR_STR(node->text.text), few ? ", expected " : "",
                         few ? (int) list.len : 0, list.data,
                         near.len ? "; did you mean \"" : "",
                         WEIR_STR(near), near.len ? "\"?" : "");
    }

    node->kind = WEIR_T_UNSET;
}


static void
check_list(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    uint32_t  i;

    if (node->kind != WEIR_T_LIST) {
        wrong_kind(c, node, type, label);
        return;
    }

    if (node->n < (uint64_t) type->min) {
        (void) weir_fail(c->diags, WEIR_EVALUE, node->text.span,
                         LABEL " is an empty list", LABELED(label));
        node->kind = WEIR_T_UNSET;
        return;
    }

    if (type->max != 0 && node->n > (uint64_t) type->max) {
        (void) weir_fail(c->diags, WEIR_EBOUND, node->text.span,
                         LABEL " has %u items, the most is %lld",
                         LABELED(label), (unsigned) node->n,
                         (long long) type->max);
    }

    label.item = true;

    for (i = 0; i < node->n; i++) {
        check(c, &node->u.items[i], type->item, label);
    }
}


/* Text of which there may be some is never empty, alone or among others. */
static void
check_filled(check_t *c, weir_node_t *list, label_t label)
{
    uint32_t      i;
    weir_node_t  *n;

    label.item = true;

    for (i = 0; list->kind == WEIR_T_LIST && i < list->n; i++) {
        n = &list->u.items[i];

        if (n->kind == WEIR_T_STRING && n->text.text.len == 0) {
            (void) weir_fail(c->diags, WEIR_EVALUE, n->text.span,
                             LABEL " is empty", LABELED(label));
            n->kind = WEIR_T_UNSET;
        }
    }
}


static void
check_map(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    uint32_t       i;
    weir_entry_t  *e;

    if (node->kind != WEIR_T_MAP) {
        wrong_kind(c, node, type, label);
        return;
    }

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            e->value.kind = WEIR_T_UNSET;
            continue;
        }

        if (!weir_form_has(e->key.text.text, type->key)) {
            (void) weir_fail(c->diags, WEIR_EVALUE, e->key.text.span,
                             "\"%.*s\" in " LABEL " is not %s",
                             WEIR_STR(e->key.text.text), LABELED(label),
                             weir_form_what(type->key));
        }

        check(c, &e->value, type->item,
              (label_t) { .name = e->key.text.text });
    }
}


static void
unknown_key(check_t *c, const weir_node_t *key, const weir_object_t *object)
{
    size_t      i, n;
    weir_str_t  names[MOST_KEYS], near, list;

    n = 0;
    names[0] = weir_str("", 0);
    list = weir_str("", 0);

    for (i = 0; i < object->nkeys && n < MOST_KEYS; i++) {
        list = weir_arena_printf(c->diags->arena, "%.*s%s%s", WEIR_STR(list),
                                 n > 0 ? ", " : "", object->keys[i].name);
        names[n++] = weir_cstr(object->keys[i].name);
    }

    near = weir_nearest(key->text.text, names, n);

    if (near.len != 0) {
        (void) weir_fail(c->diags, WEIR_EKEY, key->text.span,
                         "unknown key \"%.*s\" in %s; did you mean \"%.*s\"?",
                         WEIR_STR(key->text.text), object->what,
                         WEIR_STR(near));

    } else if (n <= FEW_KEYS) {
        (void) weir_fail(c->diags, WEIR_EKEY, key->text.span,
                         "unknown key \"%.*s\" in %s, which has %.*s",
                         WEIR_STR(key->text.text), object->what,
                         WEIR_STR(list));

    } else {
        (void) weir_fail(c->diags, WEIR_EKEY, key->text.span,
                         "unknown key \"%.*s\" in %s",
                         WEIR_STR(key->text.text), object->what);
    }
}


static const weir_key_t *
find_key(const weir_object_t *object, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < object->nkeys; i++) {
        if (weir_str_eq(weir_cstr(object->keys[i].name), name)) {
            return &object->keys[i];
        }
    }

    return NULL;
}


static void
check_one_of(check_t *c, const weir_node_t *node, const weir_object_t *object)
{
    size_t      i, n;
    weir_str_t  list;

    n = 0;
    list = weir_str("", 0);

    for (i = 0; object->one_of[i] != NULL; i++) {
        n += weir_node_find(node, object->one_of[i]) != NULL;
        list = weir_arena_printf(c->diags->arena, "%.*s%s%s", WEIR_STR(list),
                                 i > 0 ? ", " : "", object->one_of[i]);
    }

    if (n != 1) {
        (void) weir_fail(c->diags, WEIR_EPLACE, node->text.span,
                         "%s has %s of %.*s; it needs exactly one",
                         object->what, n == 0 ? "none" : "several",
                         WEIR_STR(list));
    }
}


static void
check_object(check_t *c, weir_node_t *node, const weir_object_t *object)
{
    size_t             i;
    weir_entry_t      *e;
    const weir_key_t  *key;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            e->value.kind = WEIR_T_UNSET;
            continue;
        }

        key = find_key(object, e->key.text.text);

        if (key == NULL) {
            unknown_key(c, &e->key, object);
            e->value.kind = WEIR_T_UNSET;

        } else {
            check(c, &e->value, &key->type,
                  (label_t) { .name = e->key.text.text });
        }
    }

    for (i = 0; i < object->nkeys; i++) {
        if (object->keys[i].presence == WEIR_KEY_REQUIRED
            && weir_node_find(node, object->keys[i].name) == NULL)
        {
            (void) weir_fail(c->diags, WEIR_EMISSING, node->text.span,
                             "%s needs \"%s\"", object->what,
                             object->keys[i].name);
        }
    }

    if (object->one_of != NULL) {
        check_one_of(c, node, object);
    }
}


static void
check_text(check_t *c, weir_node_t *node, const weir_type_t *type,
    label_t label)
{
    bool  number;

    /* `when: true` and `when: 1` are expressions too */
    number = type->form == WEIR_F_CEL && is_scalar(node)
             && node->kind != WEIR_T_NULL;

    if (node->kind != WEIR_T_STRING && !number) {
        wrong_kind(c, node, type, label);

    } else if (node->text.text.len > WEIR_MAX_STRING) {
        (void) weir_fail(c->diags, WEIR_EBOUND, node->text.span,
                         LABEL " has %zu bytes, the most is %d",
                         LABELED(label), node->text.text.len,
                         WEIR_MAX_STRING);
        node->kind = WEIR_T_UNSET;

    } else if (!weir_form_has(node->text.text, type->form)) {
        wrong_value(c, node, type, label);
    }
}


/* The tree is at most WEIR_MAX_YAML_DEPTH deep, and so is this recursion. */
static void
check(check_t *c, weir_node_t *node, const weir_type_t *type, label_t label)
{
    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    switch (type->form) {

    case WEIR_F_ANY:
        return;

    case WEIR_F_BOOL:
        if (node->kind != WEIR_T_BOOL) {
            wrong_kind(c, node, type, label);
        }

        return;

    case WEIR_F_INT:
    case WEIR_F_STATUS:
        check_int(c, node, type, label);
        return;

    case WEIR_F_WEIGHT:
        check_number(c, node, type, label, weir_weight_of);
        return;

    case WEIR_F_RATIO:
        check_number(c, node, type, label, weir_ratio_of);
        return;

    case WEIR_F_ENUM:
        check_word(c, node, type, label);
        return;

    case WEIR_F_LIST:
        check_list(c, node, type, label);
        return;

    case WEIR_F_MAP:
        check_map(c, node, type, label);
        return;

    case WEIR_F_OBJECT:
        if (node->kind != WEIR_T_MAP) {
            wrong_kind(c, node, type, label);
            return;
        }

        check_object(c, node, type->object);
        return;

    case WEIR_F_SOME:
        if (node->kind == WEIR_T_LIST) {
            check_list(c, node, type, label);
            check_filled(c, node, label);
        } else {
            check_text(c, node, type, label);
        }

        return;

    default:
        check_text(c, node, type, label);
    }
}


void
weir_schema_check(weir_diags_t *diags, weir_node_t *node,
    const weir_object_t *object)
{
    check_t  c;

    c.diags = diags;

    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    if (node->kind != WEIR_T_MAP) {
        (void) weir_fail(diags, WEIR_EKIND, node->text.span,
                         "%s is %s, expected a map", object->what,
                         found(node));
        node->kind = WEIR_T_UNSET;
        return;
    }

    check_object(&c, node, object);
}
