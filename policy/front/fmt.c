/*
 * fmt.c: the canonical form of a source, from its tree and its text.
 *
 * The tree says what stands where, the text is used up beside it: whatever is
 * in the text is put, or the file is left alone.  The result is read again
 * and must be the same tree, with the same comments, and its own canonical
 * form.
 */

#include "front/fmt.h"
#include "front/fmt_line.h"
#include "front/yaml.h"

/* Where a value stands. */
typedef struct {
    unsigned   indent;          /* of lines that it begins */
    unsigned   base;            /* of brackets that it closes */
    bool       cel;
} place_t;


static void  value(weir_fmt_t *f, const weir_node_t *node, place_t at);
static void  flow_value(weir_fmt_t *f, const weir_node_t *node,
    const char *sep, unsigned base, unsigned depth, bool cel);


static void
punct(weir_fmt_t *f, char c, const char *sep, unsigned indent)
{
    if (f->why != NULL) {
        return;
    }

    weir_fmt_gap(f, indent);

    if (f->pos == f->text.len || f->text.data[f->pos] != c) {
        f->why = "it has more than keys, values and comments";
        return;
    }

    if (!f->begins) {
        weir_fmt_put(f, weir_cstr(sep));
    }

    weir_fmt_put(f, weir_str(&c, 1));
    f->pos++;
    f->open = f->depth;
}


/* The next token begins with it; '\0': there is none. */
static char
peek(const weir_fmt_t *f)
{
    size_t  pos;

    pos = weir_fmt_ahead(f);

    return pos < f->text.len ? f->text.data[pos] : '\0';
}


static bool
is_empty(const weir_node_t *node)
{
    return node->kind != WEIR_T_LIST && node->kind != WEIR_T_MAP
           && node->from == node->to;
}


/* An expression; its text looks for quotes of its own. */
static bool
is_cel(const weir_node_t *key)
{
    return weir_str_eq(key->text.text, weir_string("when"));
}


static void
flow_entry(weir_fmt_t *f, const weir_entry_t *e, const char *sep,
    unsigned base, unsigned depth, bool cel)
{
    weir_fmt_scalar(f, &e->key, sep, base + depth * WEIR_FMT_STEP, true,
                    false);

    if (peek(f) != ':') {
        return;
    }

    punct(f, ':', "", base + depth * WEIR_FMT_STEP);

    if (is_empty(&e->value)) {
        weir_fmt_put(f, weir_string(" "));
        return;
    }

    flow_value(f, &e->value, " ", base, depth, cel || is_cel(&e->key));
}


/* Recursion is bounded by WEIR_MAX_YAML_DEPTH, here and below. */
static void
flow_collection(weir_fmt_t *f, const weir_node_t *node, const char *sep,
    unsigned base, unsigned depth, bool cel)
{
    bool      list;
    uint32_t  i;
    unsigned  indent;

    list = node->kind == WEIR_T_LIST;
    indent = base + (depth + 1) * WEIR_FMT_STEP;

    punct(f, list ? '[' : '{', sep, base + depth * WEIR_FMT_STEP);

    for (i = 0; i < node->n && f->why == NULL; i++) {

        if (i > 0) {
            punct(f, ',', "", indent);
        }

        if (list) {
            flow_value(f, &node->u.items[i], i > 0 ? " " : "", base,
                       depth + 1, false);
        } else {
            flow_entry(f, &node->u.entries[i], i > 0 ? " " : "", base,
                       depth + 1, cel);
        }
    }

    if (peek(f) == ',') {
        punct(f, ',', "", indent);
    }

    punct(f, list ? ']' : '}', "", base + depth * WEIR_FMT_STEP);
}


static void
flow_value(weir_fmt_t *f, const weir_node_t *node, const char *sep,
    unsigned base, unsigned depth, bool cel)
{
    if (f->why != NULL) {
        return;
    }

    if (node->kind != WEIR_T_LIST && node->kind != WEIR_T_MAP) {
        weir_fmt_scalar(f, node, sep, base + depth * WEIR_FMT_STEP, true,
                        cel);

    } else if (node->kind == WEIR_T_MAP && node->n == 1
               && peek(f) != '{')
    {
        flow_entry(f, &node->u.entries[0], sep, base, depth, false);

    } else {
        flow_collection(f, node, sep, base, depth, false);
    }
}


static void
enter(weir_fmt_t *f, uint32_t col, unsigned indent)
{
    if (f->depth == WEIR_MAX_YAML_DEPTH) {
        f->why = "it is nested too deeply";
        return;
    }

    f->frames[f->depth++] = (weir_fmt_frame_t) { col - 1, indent };
}


static void
block_list(weir_fmt_t *f, const weir_node_t *node, place_t at)
{
    uint32_t  i;
    unsigned  indent;

    indent = at.indent + WEIR_FMT_STEP;
    enter(f, node->text.span.col, at.indent);

    for (i = 0; i < node->n && f->why == NULL; i++) {
        punct(f, '-', " ", at.indent);
        value(f, &node->u.items[i], (place_t) { indent, indent, false });
    }

    f->depth--;
}


static void
block_map(weir_fmt_t *f, const weir_node_t *node, place_t at)
{
    bool           cel;
    uint32_t       i;
    unsigned       indent;
    weir_entry_t  *e;

    indent = at.indent + WEIR_FMT_STEP;
    enter(f, node->u.entries[0].key.text.span.col, at.indent);

    for (i = 0; i < node->n && f->why == NULL; i++) {
        e = &node->u.entries[i];
        weir_fmt_scalar(f, &e->key, " ", at.indent, false, false);
        punct(f, ':', "", at.indent);

        /* a map under "vars" has expressions for values */
        cel = is_cel(&e->key) || at.cel
              || (f->depth == 1 && e->value.kind == WEIR_T_MAP
                  && weir_str_eq(e->key.text.text, weir_string("vars")));

        value(f, &e->value, (place_t) { indent, at.indent, cel });
    }

    f->depth--;
}


static void
value(weir_fmt_t *f, const weir_node_t *node, place_t at)
{
    char  c;

    if (f->why != NULL) {
        return;
    }

    c = peek(f);

    if (node->kind != WEIR_T_LIST && node->kind != WEIR_T_MAP) {
        weir_fmt_scalar(f, node, " ", at.indent, false, at.cel);

    } else if (c == '[' || c == '{') {
        weir_fmt_gap(f, at.indent);
        flow_collection(f, node, f->begins ? "" : " ",
                        f->begins ? at.indent : at.base, 0, at.cel);

    } else if (node->kind == WEIR_T_LIST) {
        block_list(f, node, at);

    } else {
        block_map(f, node, at);
    }
}


/* "---" in front, "..." behind: they stay, in lines of their own. */
static void
marker(weir_fmt_t *f, weir_str_t mark)
{
    size_t  pos;

    pos = weir_fmt_ahead(f);

    if (f->why == NULL
        && weir_str_starts(weir_str(f->text.data + pos, f->text.len - pos),
                           mark))
    {
        weir_fmt_gap(f, 0);
        weir_fmt_put(f, mark);
        f->pos += mark.len;
    }
}


static weir_rc_t
format(weir_arena_t *a, weir_diags_t *diags, uint32_t file, weir_fmt_t *f,
    weir_node_t *root)
{
    size_t     errors;
    weir_rc_t  rc;

    errors = diags->errors;
    rc = weir_yaml_read(a, diags, file, root);

    if (rc != WEIR_OK || diags->errors != errors) {
        return rc == WEIR_OK ? WEIR_ERROR : rc;
    }

    memset(f, 0, sizeof(weir_fmt_t));
    f->arena = a;
    f->text = diags->files.items[file].text;

    marker(f, weir_string("---"));
    value(f, root, (place_t) { 0, 0, false });
    marker(f, weir_string("..."));
    weir_fmt_gap(f, 0);

    if (f->why == NULL && f->pos != f->text.len) {
        f->why = "it has more than keys, values and comments";
    }

    return f->nomem ? WEIR_NOMEM : f->why != NULL ? WEIR_DECLINED : WEIR_OK;
}


static bool
same_tree(const weir_node_t *a, const weir_node_t *b)
{
    uint32_t  i;

    if (a->kind != b->kind || a->n != b->n) {
        return false;
    }

    switch (a->kind) {

    case WEIR_T_LIST:

        for (i = 0; i < a->n; i++) {
            if (!same_tree(&a->u.items[i], &b->u.items[i])) {
                return false;
            }
        }

        return true;

    case WEIR_T_MAP:

        for (i = 0; i < a->n; i++) {
            if (!same_tree(&a->u.entries[i].key, &b->u.entries[i].key)
                || !same_tree(&a->u.entries[i].value,
                              &b->u.entries[i].value))
            {
                return false;
            }
        }

        return true;

    default:
        return weir_str_eq(a->text.text, b->text.text);
    }
}


static bool
same_comments(const weir_fmt_t *a, const weir_fmt_t *b)
{
    size_t  i;

    if (a->comments.len != b->comments.len) {
        return false;
    }

    for (i = 0; i < a->comments.len; i++) {
        if (!weir_str_eq(a->comments.items[i], b->comments.items[i])) {
            return false;
        }
    }

    return true;
}


/* What was made of the source, read and formatted in its turn. */
static weir_rc_t
verify(weir_fmt_t *f, const weir_node_t *root, weir_str_t text)
{
    uint32_t      file;
    weir_rc_t     rc;
    weir_str_t    again;
    weir_fmt_t   *g;
    weir_node_t   other;
    weir_diags_t  unheard;

    memset(&unheard, 0, sizeof(unheard));
    unheard.arena = f->arena;
    g = weir_arena_alloc(f->arena, sizeof(weir_fmt_t));

    if (g == NULL
        || weir_diags_add_file(&unheard, weir_string("-"), text, &file)
           != WEIR_OK)
    {
        return WEIR_NOMEM;
    }

    rc = format(f->arena, &unheard, file, g, &other);

    if (rc == WEIR_NOMEM) {
        return rc;
    }

    if (rc != WEIR_OK || !same_tree(root, &other)) {
        f->why = "what would be written means something else";
        return WEIR_DECLINED;
    }

    if (!same_comments(f, g)) {
        f->why = "what would be written has other comments";
        return WEIR_DECLINED;
    }

    again = weir_fmt_text(g);

    if (again.data == NULL) {
        return WEIR_NOMEM;
    }

    if (!weir_str_eq(again, text)) {
        f->why = "what would be written is not in its form either";
        return WEIR_DECLINED;
    }

    return WEIR_OK;
}


weir_rc_t
weir_fmt(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_str_t *out, const char **why)
{
    weir_rc_t    rc;
    weir_str_t   text;
    weir_fmt_t  *f;
    weir_node_t  root;

    f = weir_arena_alloc(a, sizeof(weir_fmt_t));

    if (f == NULL) {
        return WEIR_NOMEM;
    }

    rc = format(a, diags, file, f, &root);

    if (rc == WEIR_OK) {
        text = weir_fmt_text(f);
        rc = text.data == NULL ? WEIR_NOMEM : verify(f, &root, text);
    }

    if (rc == WEIR_DECLINED) {
        *why = f->why;

    } else if (rc == WEIR_OK) {
        *out = text;
    }

    return rc;
}
