/*
 * model_parts.c: what several sections are made of: JSON lines, lists of
 * names, durations, places of credentials.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/json.h"
#include "front/schema.h"
#include "front/template.h"

#define BATCH      1024u        /* lines whose trees are kept at a time */
#define LOOKED_AT  4096u        /* names, for "did you mean" */


/* Trees go to an arena of their own that is renewed from time to time. */
void
weir_load_lines(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node, const weir_object_t *line,
    void (*fn)(weir_load_t *l, const weir_node_t *line, void *data),
    void *data)
{
    unsigned     n;
    uint32_t     file;
    weir_rc_t    rc;
    weir_json_t  j;
    weir_node_t  tree;

    if (!weir_load_read(l, weir_load_join(l, f, node->text.text),
                        &node->text.span, &file))
    {
        return;
    }

    rc = weir_json_open(&j, l->arena, l->diags, file);

    while (rc == WEIR_OK) {
        j.nodes = weir_arena_create();

        if (j.nodes == NULL) {
            l->nomem = true;
            return;
        }

        for (n = 0; n < BATCH; n++) {
            rc = weir_json_next(&j, &tree);

            if (rc == WEIR_OK) {
                weir_schema_check(l->diags, &tree, line);
                fn(l, &tree, data);

            } else if (rc != WEIR_ERROR) {
                break;
            }
        }

        weir_arena_destroy(j.nodes);
        rc = rc == WEIR_ERROR ? WEIR_OK : rc;
    }

    l->nomem |= rc == WEIR_NOMEM;
}


/* Among very many names, or for the errors that nobody sees, none is sought. */
weir_str_t
weir_load_near(weir_load_t *l, const weir_names_t *set, weir_str_t name)
{
    size_t       i, n;
    weir_str_t  *cand;

    cand = NULL;

    if (set->used <= LOOKED_AT && l->diags->errors < WEIR_MAX_DIAGS) {
        cand = weir_arena_array(l->arena, set->used, sizeof(weir_str_t));
    }

    if (cand == NULL) {
        return weir_str("", 0);
    }

    for (i = 0, n = 0; i < set->size; i++) {
        if (set->slots[i].text.data != NULL) {
            cand[n++] = set->slots[i].text;
        }
    }

    return weir_nearest(name, cand, n);
}


void
weir_load_unknown(weir_load_t *l, const char *what, const weir_name_t *name,
    const weir_names_t *set)
{
    weir_str_t  near;

    near = weir_load_near(l, set, name->text);

    (void) weir_fail(l->diags, WEIR_EUNKNOWN, name->span,
                     "there is no %s \"%.*s\"%s%.*s%s", what,
                     WEIR_STR(name->text), near.len ? "; did you mean \"" : "",
                     WEIR_STR(near), near.len ? "\"?" : "");
}


static void
add_name(weir_load_t *l, const weir_node_t *node, weir_name_list_t *out)
{
    weir_name_t  *name;

    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    name = weir_load_push(l, out);

    if (name != NULL) {
        *name = weir_load_name(node);
    }
}


void
weir_load_some(weir_load_t *l, const weir_node_t *node, weir_name_list_t *out)
{
    uint32_t  i;

    if (node == NULL) {
        return;
    }

    if (node->kind != WEIR_T_LIST) {
        add_name(l, node, out);
        return;
    }

    for (i = 0; i < node->n; i++) {
        add_name(l, &node->u.items[i], out);
    }
}


static void
split(weir_load_t *l, weir_str_t text, weir_span_t span,
    weir_name_list_t *out)
{
    size_t        i, start;
    weir_name_t  *name;

    for (i = 0, start = 0; i <= text.len; i++) {

        if (i < text.len && text.data[i] != '.') {
            continue;
        }

        name = weir_load_push(l, out);

        if (name != NULL) {
            name->text = weir_str(text.data + start, i - start);
            name->span = span;
        }

        start = i + 1;
    }
}


void
weir_load_members(weir_load_t *l, const weir_node_t *node, weir_str_t text,
    weir_name_list_t *out)
{
    size_t  i;

    if (node->kind == WEIR_T_LIST) {
        weir_load_some(l, node, out);

    } else {
        split(l, text, node->text.span, out);
    }

    /* who writes a URL as a name does not mean its parts */
    if (node->kind != WEIR_T_LIST && out->len > 1
        && memchr(text.data, '/', text.len) != NULL)
    {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"%.*s\" is a path of %zu names, with dots between "
                         "them; one name with dots in it stands in a list: "
                         "[\"%.*s\"]", WEIR_STR(text), out->len,
                         WEIR_STR(text));
        return;
    }

    if (out->len > WEIR_MAX_JSON_DEPTH) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "a path of %zu names, the most is %d", out->len,
                         WEIR_MAX_JSON_DEPTH);
    }

    for (i = 0; i < out->len; i++) {
        if (out->items[i].text.len == 0) {
            (void) weir_fail(l->diags, WEIR_EVALUE, out->items[i].span,
                             "a path of claims is names with one dot between "
                             "two, as realm.roles");
            return;
        }
    }
}


/* In the largest unit that takes a whole number of them. */
static weir_str_t
print_duration(weir_load_t *l, uint64_t ms)
{
    size_t  i;

    static const struct {
        const char  *name;
        uint64_t     ms;
    } units[] = {
        { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
        { "ms", 1 }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]) - 1; i++) {
        if (ms % units[i].ms == 0 && (ms != 0 || units[i].ms == 1000)) {
            break;
        }
    }

    return weir_arena_printf(l->diags->arena, "%llu%s",
                             (unsigned long long) (ms / units[i].ms),
                             units[i].name);
}


void
weir_load_duration(weir_load_t *l, const weir_node_t *map, const char *key,
    uint32_t least, uint32_t most, unsigned unit, uint32_t *out)
{
    uint64_t            ms, min, max;
    const weir_node_t  *node;

    node = weir_node_get(map, key);

    if (node == NULL || weir_millis_parse(node->text.text, &ms) != WEIR_OK) {
        return;
    }

    min = (uint64_t) least * unit;
    max = (uint64_t) most * unit;

    if (ms < min || ms > max || ms % unit != 0) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"%s\" is %.*s, expected from %.*s to %.*s%s", key,
                         WEIR_STR(node->text.text),
                         WEIR_STR(print_duration(l, min)),
                         WEIR_STR(print_duration(l, max)),
                         unit == 1 ? "" : ", in whole seconds");
        return;
    }

    *out = (uint32_t) (ms / unit);
}


static void
add_from(weir_load_t *l, const weir_node_t *node, weir_froms_t *out)
{
    size_t              i;
    weir_from_t         from, *f;
    const weir_node_t  *n;

    memset(&from, 0, sizeof(from));

    if ((n = weir_node_get(node, "bearer")) != NULL) {
        from.kind = WEIR_SOURCE_BEARER;
        from.name.span = n->text.span;
        from.name.text = weir_str("", 0);

        if (!n->u.b) {
            (void) weir_fail(l->diags, WEIR_EVALUE, n->text.span,
                             "\"bearer\" is false; only true is a place");
        }

    } else if ((n = weir_node_get(node, "cookie")) != NULL) {
        from.kind = WEIR_SOURCE_COOKIE;
        from.name = weir_load_name(n);

    } else if ((n = weir_node_get(node, "header")) != NULL) {
        from.kind = WEIR_SOURCE_HEADER;
        from.name = weir_load_name(n);
        from.name.text = weir_lower(l->arena, from.name.text);
        l->nomem |= from.name.text.data == NULL;

    } else {
        return;
    }

    for (i = 0; i < out->len; i++) {
        if (out->items[i].kind == from.kind
            && weir_str_eq(out->items[i].name.text, from.name.text))
        {
            (void) weir_fail(l->diags, WEIR_ETWICE, from.name.span,
                             "the same place stands twice in one \"from\"");
            return;
        }
    }

    f = weir_load_push(l, out);

    if (f != NULL) {
        *f = from;
    }
}


void
weir_load_from(weir_load_t *l, const weir_node_t *node, weir_froms_t *out)
{
    uint32_t  i;

    for (i = 0; node != NULL && i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            add_from(l, &node->u.items[i], out);
        }
    }
}
