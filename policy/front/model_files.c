/*
 * model_files.c: the files of a policy: what is read, what includes what.
 *
 * A file is read once; includes are bounded in depth and in number.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"
#include "front/yaml.h"

#define VERSION  1


static void  include(weir_load_t *l, size_t by, unsigned depth);


/* The directory of a path, with its slash. */
static weir_str_t
dir_of(weir_str_t path)
{
    size_t  n;

    for (n = path.len; n > 0 && path.data[n - 1] != '/'; n--) {
        /* void */
    }

    return weir_str(path.data, n);
}


static bool
is_pattern(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '*' || s.data[i] == '?' || s.data[i] == '[') {
            return true;
        }
    }

    return false;
}


/* A directory in front of a pattern is no pattern. */
static weir_str_t
escaped(weir_load_t *l, weir_str_t dir)
{
    char    *q;
    size_t   i, n;

    q = weir_arena_array(l->arena, dir.len, 2);
    if (q == NULL) {
        l->nomem = true;
        return dir;
    }

    n = 0;

    for (i = 0; i < dir.len; i++) {
        if (strchr("*?[\\", dir.data[i]) != NULL && dir.data[i] != '\0') {
            q[n++] = '\\';
        }

        q[n++] = dir.data[i];
    }

    return weir_str(q, n);
}


static weir_str_t
join(weir_load_t *l, weir_str_t dir, weir_str_t path)
{
    if (path.len > 0 && path.data[0] == '/') {
        return path;
    }

    while (weir_str_starts(path, weir_string("./"))) {
        path = weir_str(path.data + 2, path.len - 2);
    }

    path = weir_arena_printf(l->arena, "%.*s%.*s", WEIR_STR(dir),
                             WEIR_STR(path));
    l->nomem |= path.data == NULL;

    return path;
}


/* These are the main file's alone. */
static void
refuse_main_keys(weir_load_t *l, weir_node_t *root)
{
    size_t         k;
    uint32_t       i;
    weir_entry_t  *e;

    static const char *const  keys[] = { "weir", "policy", "settings" };

    for (i = 0; root->kind == WEIR_T_MAP && i < root->n; i++) {
        e = &root->u.entries[i];

        for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            if (weir_str_eq(e->key.text.text, weir_cstr(keys[k]))) {
                (void) weir_fail(l->diags, WEIR_EPLACE, e->key.text.span,
                                 "\"%s\" belongs to the main file, not to one "
                                 "that is included", keys[k]);
                e->key.kind = WEIR_T_UNSET;
            }
        }
    }
}


/* false: the source is in another language. */
static bool
check_version(weir_load_t *l, const weir_node_t *root)
{
    const weir_node_t  *n;

    n = weir_node_get(root, "weir");

    if (n == NULL || n->kind != WEIR_T_INT || n->u.i == VERSION) {
        return true;
    }

    (void) weir_fail(l->diags, WEIR_EVERSION, n->text.span,
                     "version %.*s of the source language; this compiler "
                     "knows %d", WEIR_STR(n->text.text), VERSION);
    return false;
}


/* A file is included once; of one that was, both places are told. */
static bool
is_new(weir_load_t *l, weir_str_t path, const weir_span_t *at)
{
    weir_names_entry_t  *prev;

    prev = weir_names_find(&l->paths, path);

    if (prev == NULL) {
        return true;
    }

    if (prev->span.line == 0) {
        (void) weir_fail(l->diags, WEIR_EINCLUDE, *at,
                         "%.*s is the main file of this policy",
                         WEIR_STR(path));

    } else {
        (void) weir_fail(l->diags, WEIR_EINCLUDE, *at,
                         "%.*s is named twice; first at %.*s", WEIR_STR(path),
                         WEIR_STR(weir_place(l->diags, prev->span)));
    }

    return false;
}


/* Reads one YAML file and what it includes; at NULL: the main file. */
static void
load_file(weir_load_t *l, weir_str_t path, const weir_span_t *at,
    unsigned depth)
{
    uint32_t             file;
    weir_rc_t            rc;
    weir_node_t          root;
    weir_policy_file_t  *f;

    if ((at != NULL && !is_new(l, path, at))
        || !weir_load_read(l, path, at, &file))
    {
        return;
    }

    rc = weir_yaml_read(l->arena, l->diags, file, &root);

    if (rc != WEIR_OK) {
        l->nomem |= rc == WEIR_NOMEM;
        return;
    }

    if (at == NULL) {
        if (!check_version(l, &root)) {
            return;
        }

        weir_schema_check(l->diags, &root, &weir_schema_policy);

    } else {
        refuse_main_keys(l, &root);
        weir_schema_check(l->diags, &root, &weir_schema_included);
    }

    f = weir_load_push(l, &l->files);
    if (f == NULL) {
        return;
    }

    f->path = path;
    f->dir = dir_of(path);
    f->root = root;
    f->file = file;

    include(l, l->files.len - 1, depth);
}


static void
include_one(weir_load_t *l, size_t by, const weir_node_t *node,
    unsigned depth)
{
    size_t       i, n;
    weir_rc_t    rc;
    weir_str_t   dir, *paths;
    weir_span_t  at;

    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    dir = l->files.items[by].dir;
    at = node->text.span;

    if (depth == WEIR_MAX_INCLUDE_DEPTH) {
        (void) weir_fail(l->diags, WEIR_EINCLUDE, at,
                         "files that include each other deeper than %d",
                         WEIR_MAX_INCLUDE_DEPTH);
        return;
    }

    if (!is_pattern(node->text.text)) {
        load_file(l, join(l, dir, node->text.text), &at, depth + 1);
        return;
    }

    paths = NULL;
    n = 0;
    rc = l->loader->glob(l->loader->data, l->arena,
                         join(l, escaped(l, dir), node->text.text), &paths,
                         &n);
    l->nomem |= rc == WEIR_NOMEM;

    if (n == 0 || rc != WEIR_OK) {
        (void) weir_fail(l->diags, WEIR_EINCLUDE, at,
                         "no file matches \"%.*s\"",
                         WEIR_STR(node->text.text));
        return;
    }

    for (i = 0; i < n; i++) {
        load_file(l, paths[i], &at, depth + 1);
    }
}


/* Recursion is bounded by WEIR_MAX_INCLUDE_DEPTH. */
static void
include(weir_load_t *l, size_t by, unsigned depth)
{
    uint32_t            i;
    const weir_node_t  *node;

    node = weir_node_get(&l->files.items[by].root, "include");

    if (node == NULL) {
        return;
    }

    if (node->kind != WEIR_T_LIST) {
        include_one(l, by, node, depth);
        return;
    }

    for (i = 0; i < node->n; i++) {
        include_one(l, by, &node->u.items[i], depth);
    }
}


weir_str_t
weir_load_join(weir_load_t *l, const weir_policy_file_t *f, weir_str_t path)
{
    return join(l, f->dir, path);
}


bool
weir_load_read(weir_load_t *l, weir_str_t path, const weir_span_t *at,
    uint32_t *file)
{
    weir_rc_t            rc;
    weir_str_t           text;
    const char          *why;
    weir_part_t         *part;
    weir_span_t          span;
    weir_names_entry_t  *prev;

    span = at != NULL ? *at : (weir_span_t) { 0 };
    prev = weir_names_find(&l->paths, path);

    if (prev != NULL) {
        *file = prev->value;
        return true;
    }

    if (l->nomem) {
        return false;
    }

    if (l->parts.len == WEIR_MAX_FILES) {
        (void) weir_fail(l->diags, WEIR_EINCLUDE, span,
                         "a policy of more than %d files", WEIR_MAX_FILES);
        return false;
    }

    why = "unreadable";
    rc = l->loader->read(l->loader->data, l->arena, path, &text, &why);

    if (rc == WEIR_OK && text.len > WEIR_MAX_SOURCE) {
        why = "too large";
        rc = WEIR_ERROR;

    } else if (rc == WEIR_OK && text.len == 0) {
        text = weir_str("", 0);         /* never without an address */
    }

    if (rc == WEIR_ERROR || rc == WEIR_DECLINED) {
        (void) weir_fail(l->diags, WEIR_EREAD, span,
                         "cannot read %.*s: %s", WEIR_STR(path), why);
        return false;
    }

    part = weir_load_push(l, &l->parts);

    if (rc != WEIR_OK || part == NULL
        || weir_diags_add_file(l->diags, path, text, file) != WEIR_OK
        || weir_names_add(&l->paths, path, span, *file, &prev) != WEIR_OK)
    {
        l->nomem = true;
        return false;
    }

    part->path = path;
    part->text = text;

    return true;
}


void
weir_load_files(weir_load_t *l, weir_str_t path)
{
    load_file(l, path, NULL, 0);
}
