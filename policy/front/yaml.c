/*
 * yaml.c: libyaml's events to nodes.  The only file that knows libyaml.
 *
 * One document, no anchor, alias, tag or directive, no tab outside of text,
 * no key twice, nothing that another reader of YAML would take differently.
 * libyaml counts letters, we count bytes: offsets are converted here.
 */

#include <yaml.h>

#include "front/codes.h"
#include "front/scalar.h"
#include "front/yaml.h"
#include "image/bounds.h"

#define STRIDE      256u        /* letters between two noted offsets */


typedef weir_vec_t(weir_node_t)   nodes_t;
typedef weir_vec_t(weir_entry_t)  entries_t;

typedef struct {
    weir_node_t   node;         /* the list or map that is open */
    nodes_t       items;
    entries_t     entries;
    bool          has_key;      /* entries end with a key without a value */
    bool          flow;
    yaml_mark_t   start;
    int           column;       /* of the block collection around, or -1 */
} frame_t;

typedef struct {
    size_t        from;
    size_t        to;
} range_t;

typedef struct {
    weir_arena_t         *arena;
    weir_diags_t         *diags;
    uint32_t              file;
    weir_str_t            text;
    weir_lines_t          lines;
    const uint32_t       *letters;      /* NULL: every letter is a byte */
    size_t                count;        /* of letters */
    bool                  tabs;
    weir_vec_t(range_t)   scalars;      /* noted only where there are tabs */
    yaml_parser_t         parser;
    weir_node_t          *root;
    bool                  done;         /* the first document has ended */
    bool                  stream;       /* of another program's documents */
    weir_documents_t     *documents;    /* of a stream: those that ended */
    unsigned              depth;
    frame_t               frames[WEIR_MAX_YAML_DEPTH];
} reader_t;


static bool
leads(char c)
{
    return ((uint8_t) c & 0xc0) != 0x80;
}


static weir_rc_t
note_letters(reader_t *r)
{
    size_t     i, n;
    uint32_t  *letters;

    n = 0;

    for (i = 0; i < r->text.len; i++) {
        n += leads(r->text.data[i]);
    }

    if (n == r->text.len) {
        return WEIR_OK;
    }

    letters = weir_arena_array(r->arena, n / STRIDE + 1, sizeof(uint32_t));
    if (letters == NULL) {
        return WEIR_NOMEM;
    }

    n = 0;

    for (i = 0; i < r->text.len; i++) {
        if (leads(r->text.data[i])) {
            if (n % STRIDE == 0) {
                letters[n / STRIDE] = (uint32_t) i;
            }

            n++;
        }
    }

    r->count = n;
    r->letters = letters;

    return WEIR_OK;
}


/* The byte offset of a place of libyaml. */
static size_t
offset_of(const reader_t *r, yaml_mark_t mark)
{
    size_t  i, n;

    if (r->letters == NULL) {
        return mark.index < r->text.len ? mark.index : r->text.len;
    }

    if (mark.index >= r->count) {
        return r->text.len;
    }

    i = r->letters[mark.index / STRIDE];
    n = mark.index % STRIDE;

    while (n > 0 && i < r->text.len) {
        i++;

        while (i < r->text.len && !leads(r->text.data[i])) {
            i++;
        }

        n--;
    }

    return i;
}


static weir_span_t
span_of(const reader_t *r, yaml_mark_t from, yaml_mark_t to)
{
    size_t  start, end;

    start = offset_of(r, from);
    end = offset_of(r, to);

    return weir_lines_span(&r->lines, start, end > start ? end - start : 0);
}


static weir_rc_t
syntax_error(reader_t *r)
{
    size_t                offset;
    weir_span_t           span;
    const yaml_parser_t  *p;

    p = &r->parser;

    if (p->error == YAML_MEMORY_ERROR) {
        return WEIR_NOMEM;
    }

    if (p->error == YAML_READER_ERROR) {
        offset = p->problem_offset < r->text.len ? p->problem_offset
                                                 : r->text.len;
        return weir_fail(r->diags, WEIR_EENCODING,
                         weir_lines_span(&r->lines, offset, 1), "%s",
                         p->problem);
    }

    offset = offset_of(r, p->problem_mark);
    span = weir_lines_span(&r->lines, offset, 1);

    if (offset < r->text.len && r->text.data[offset] == '\t') {
        return weir_fail(r->diags, WEIR_ETAB, span,
                         "a tab; YAML is indented with spaces");
    }

    if (p->context != NULL && p->context_mark.line != p->problem_mark.line) {
        return weir_fail(r->diags, WEIR_ESYNTAX, span,
                         "malformed YAML: %s, %s of line %zu",
                         p->problem ? p->problem : "unreadable", p->context,
                         p->context_mark.line + 1);
    }

    return weir_fail(r->diags, WEIR_ESYNTAX, span, "malformed YAML: %s",
                     p->problem ? p->problem : "unreadable");
}


/*
 * Tabs in [from, to), which holds no scalar, are errors unless in a comment.
 */
static void
check_gap(reader_t *r, size_t from, size_t to)
{
    bool         comment;
    size_t       i;
    const char  *p;

    p = r->text.data;
    comment = false;

    for (i = from; i < to; i++) {

        if (p[i] == '\n') {
            comment = false;

        } else if (p[i] == '#') {
            /* between scalars a '#' begins nothing else */
            comment = true;

        } else if (p[i] == '\t' && !comment) {
            (void) weir_fail(r->diags, WEIR_ETAB,
                             weir_lines_span(&r->lines, i, 1),
                             "a tab outside of text; use spaces");
        }
    }
}


static void
check_tabs(reader_t *r)
{
    size_t  i, from;

    from = 0;

    for (i = 0; i < r->scalars.len; i++) {
        check_gap(r, from, r->scalars.items[i].from);
        from = r->scalars.items[i].to;
    }

    check_gap(r, from, r->text.len);
}


static weir_style_t
style_of(yaml_scalar_style_t style)
{
    switch (style) {

    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return WEIR_STYLE_SINGLE;

    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return WEIR_STYLE_DOUBLE;

    case YAML_LITERAL_SCALAR_STYLE:
        return WEIR_STYLE_LITERAL;

    case YAML_FOLDED_SCALAR_STYLE:
        return WEIR_STYLE_FOLDED;

    default:
        return WEIR_STYLE_PLAIN;
    }
}


/* A tag as it is written: libyaml gives !!str by its whole name. */
static const char *
tag_suffix(const char *tag, bool *core)
{
    static const char  prefix[] = "tag:yaml.org,2002:";

    *core = strncmp(tag, prefix, sizeof(prefix) - 1) == 0;

    return *core ? tag + sizeof(prefix) - 1 : tag;
}


static const char *
source_kind(const reader_t *r)
{
    return r->stream ? "manifest" : "policy";
}


/* true: the node stands behind an anchor or a tag, and its text does too. */
static bool
decorated(reader_t *r, const yaml_char_t *anchor, const yaml_char_t *tag,
    weir_span_t span)
{
    bool         core;
    const char  *suffix;

    if (anchor != NULL) {
        (void) weir_fail(r->diags, WEIR_EALIAS, span,
                         "anchor \"&%s\": a %s has no anchors and aliases",
                         (const char *) anchor, source_kind(r));
    }

    if (tag != NULL) {
        suffix = tag_suffix((const char *) tag, &core);
        (void) weir_fail(r->diags, WEIR_ETAG, span,
                         "tag \"%s%s\": a %s has no tags",
                         core ? "!!" : "", suffix, source_kind(r));
    }

    return anchor != NULL || tag != NULL;
}


static void
resolve(reader_t *r, weir_node_t *node)
{
    weir_str_t   s;
    const char  *what;

    if (node->style != WEIR_STYLE_PLAIN) {
        node->kind = WEIR_T_STRING;
        return;
    }

    if (weir_scalar_resolve(node, &what) == WEIR_OK) {
        return;
    }

    if (r->stream) {
        node->kind = WEIR_T_STRING;
        return;
    }

    s = node->text.text;
    node->kind = WEIR_T_UNSET;

    if (what == NULL) {
        (void) weir_fail(r->diags, WEIR_ENUMBER, node->text.span,
                         "the number %.*s does not fit", WEIR_STR(s));

    } else if (strcmp(what, "a boolean") == 0) {
        (void) weir_fail(r->diags, WEIR_EIMPLICIT, node->text.span,
                         "`%.*s` is a boolean to some readers of YAML; write "
                         "true or false, or quote it", WEIR_STR(s));

    } else {
        (void) weir_fail(r->diags, WEIR_EIMPLICIT, node->text.span,
                         "`%.*s` is %s to some readers of YAML; write it as "
                         "JSON does, or quote it", WEIR_STR(s), what);
    }
}


static weir_rc_t
scalar(reader_t *r, const yaml_event_t *e, weir_node_t *node)
{
    int         parent;
    size_t      from, to;
    range_t    *range;
    weir_rc_t   rc;
    weir_str_t  value;

    from = offset_of(r, e->start_mark);
    to = offset_of(r, e->end_mark);

    if (r->tabs) {
        range = weir_vec_push(r->arena, &r->scalars);
        if (range == NULL) {
            return WEIR_NOMEM;
        }

        *range = (range_t) { from, to };
    }

    value = weir_str((const char *) e->data.scalar.value,
                     e->data.scalar.length);
    node->style = (uint8_t) style_of(e->data.scalar.style);
    node->from = (uint32_t) from;
    node->to = (uint32_t) to;
    node->text.span = span_of(r, e->start_mark, e->end_mark);

    if (decorated(r, e->data.scalar.anchor, e->data.scalar.tag,
                  node->text.span))
    {
        node->kind = WEIR_T_UNSET;
        return WEIR_OK;
    }

    parent = r->depth > 0 ? r->frames[r->depth - 1].column : -1;

    rc = weir_scalar_place(r->arena, &r->lines, (weir_style_t) node->style,
                           from, to, parent, value, &node->text);
    if (rc != WEIR_OK) {
        return rc;
    }

    resolve(r, node);

    if (memchr(value.data, '\0', value.len) != NULL) {
        node->kind = WEIR_T_UNSET;
        (void) weir_fail(r->diags, WEIR_EENCODING, node->text.span,
                         "text with a NUL in it");
    }

    return WEIR_OK;
}


/* The key's kind was resolved as that of a value. */
static void
check_key(reader_t *r, weir_node_t *key)
{
    if (r->stream && key->kind != WEIR_T_UNSET) {
        key->kind = WEIR_T_STRING;
        return;
    }

    if (key->kind == WEIR_T_BOOL || key->kind == WEIR_T_NULL) {
        (void) weir_fail(r->diags, WEIR_EIMPLICIT, key->text.span,
                         "the key `%.*s` is no text; quote it",
                         WEIR_STR(key->text.text));
        key->kind = WEIR_T_UNSET;
        return;
    }

    if (key->kind != WEIR_T_UNSET) {
        key->kind = WEIR_T_STRING;
    }
}


static weir_rc_t
add(reader_t *r, const weir_node_t *node)
{
    frame_t       *f;
    weir_node_t   *item;
    weir_entry_t  *entry;

    if (r->depth == 0) {
        *r->root = *node;
        return WEIR_OK;
    }

    f = &r->frames[r->depth - 1];

    if (f->node.kind == WEIR_T_LIST) {
        item = weir_vec_push(r->arena, &f->items);
        if (item == NULL) {
            return WEIR_NOMEM;
        }

        *item = *node;
        return WEIR_OK;
    }

    if (f->has_key) {
        f->entries.items[f->entries.len - 1].value = *node;
        f->has_key = false;
        return WEIR_OK;
    }

    entry = weir_vec_push(r->arena, &f->entries);
    if (entry == NULL) {
        return WEIR_NOMEM;
    }

    entry->key = *node;
    check_key(r, &entry->key);
    f->has_key = true;

    return WEIR_OK;
}


static weir_rc_t
open_collection(reader_t *r, const yaml_event_t *e, weir_kind_t kind)
{
    bool      block;
    frame_t  *f, *parent;

    parent = r->depth > 0 ? &r->frames[r->depth - 1] : NULL;

    if (parent != NULL && parent->node.kind == WEIR_T_MAP
        && !parent->has_key)
    {
        return weir_fail(r->diags, WEIR_EKIND,
                         span_of(r, e->start_mark, e->end_mark),
                         "a key is %s, expected text",
                         kind == WEIR_T_LIST ? "a list" : "a map");
    }

    if (r->depth == WEIR_MAX_YAML_DEPTH) {
        return weir_fail(r->diags, WEIR_EDEPTH,
                         span_of(r, e->start_mark, e->end_mark),
                         "nested deeper than %d", WEIR_MAX_YAML_DEPTH);
    }

    f = &r->frames[r->depth++];
    *f = (frame_t) { .column = parent != NULL ? parent->column : -1 };
    f->node.kind = (uint8_t) kind;
    f->node.text.span = span_of(r, e->start_mark, e->end_mark);

    if (kind == WEIR_T_LIST) {
        block = e->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
        (void) decorated(r, e->data.sequence_start.anchor,
                         e->data.sequence_start.tag, f->node.text.span);

    } else {
        block = e->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE;
        (void) decorated(r, e->data.mapping_start.anchor,
                         e->data.mapping_start.tag, f->node.text.span);
    }

    f->flow = !block;
    f->start = e->start_mark;

    if (block) {
        f->column = (int) (e->start_mark.column < INT32_MAX
                           ? e->start_mark.column : INT32_MAX);
    }

    return WEIR_OK;
}


static weir_rc_t
close_collection(reader_t *r, const yaml_event_t *e)
{
    size_t        from, to;
    frame_t      *f;
    weir_node_t   node;

    f = &r->frames[--r->depth];
    node = f->node;

    if (node.kind == WEIR_T_LIST) {
        node.u.items = f->items.items;
        node.n = (uint32_t) f->items.len;

    } else {
        node.u.entries = f->entries.items;
        node.n = (uint32_t) f->entries.len;

        if (weir_map_check(r->diags, &node) != WEIR_OK) {
            return WEIR_NOMEM;
        }
    }

    if (f->flow) {
        /* its span was that of the bracket that opened it */
        from = offset_of(r, f->start);
        to = offset_of(r, e->end_mark);
        node.text.span = weir_lines_span(&r->lines, from, to - from);

    } else if (node.kind == WEIR_T_LIST) {
        node.text.span.len = 1; /* its first dash */

    } else if (node.n > 0) {
        node.text.span = node.u.entries[0].key.text.span;
    }

    return add(r, &node);
}


static weir_rc_t
document(reader_t *r, const yaml_event_t *e)
{
    weir_span_t  span;

    span = span_of(r, e->start_mark, e->end_mark);

    if (r->done && !r->stream) {
        r->root->kind = WEIR_T_UNSET;
        return weir_fail(r->diags, WEIR_EDOCUMENTS, span,
                         "a second document; a file holds one");
    }

    if (e->data.document_start.version_directive != NULL
        || e->data.document_start.tag_directives.start
           != e->data.document_start.tag_directives.end)
    {
        (void) weir_fail(r->diags, WEIR_ETAG, span,
                         "a directive; a policy has none");
    }

    return WEIR_OK;
}


static weir_rc_t
end_document(reader_t *r)
{
    weir_node_t  *slot;

    r->done = true;

    if (!r->stream
        || (r->root->kind == WEIR_T_NULL && r->root->text.text.len == 0))
    {
        return WEIR_OK;
    }

    slot = weir_vec_push(r->arena, r->documents);
    if (slot == NULL) {
        return WEIR_NOMEM;
    }

    *slot = *r->root;
    memset(r->root, 0, sizeof(weir_node_t));

    return WEIR_OK;
}


static weir_rc_t
handle(reader_t *r, const yaml_event_t *e)
{
    weir_rc_t    rc;
    weir_node_t  node;

    memset(&node, 0, sizeof(weir_node_t));

    switch (e->type) {

    case YAML_DOCUMENT_START_EVENT:
        return document(r, e);

    case YAML_DOCUMENT_END_EVENT:
        return end_document(r);

    case YAML_ALIAS_EVENT:
        node.text.span = span_of(r, e->start_mark, e->end_mark);
        (void) weir_fail(r->diags, WEIR_EALIAS, node.text.span,
                         "alias \"*%s\": a %s has no anchors and aliases",
                         (const char *) e->data.alias.anchor, source_kind(r));
        return add(r, &node);

    case YAML_SCALAR_EVENT:
        rc = scalar(r, e, &node);
        return rc == WEIR_OK ? add(r, &node) : rc;

    case YAML_SEQUENCE_START_EVENT:
        return open_collection(r, e, WEIR_T_LIST);

    case YAML_MAPPING_START_EVENT:
        return open_collection(r, e, WEIR_T_MAP);

    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(r, e);

    default:
        return WEIR_OK;
    }
}


static weir_rc_t
read_events(reader_t *r)
{
    bool          last;
    weir_rc_t     rc;
    yaml_event_t  event;

    do {
        if (!yaml_parser_parse(&r->parser, &event)) {
            return syntax_error(r);
        }

        last = event.type == YAML_STREAM_END_EVENT;
        rc = handle(r, &event);
        yaml_event_delete(&event);

    } while (rc == WEIR_OK && !last);

    return rc;
}


/* Reads all of the file; *root is the last document. */
static weir_rc_t
read_file(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_node_t *root, weir_documents_t *documents)
{
    bool         done;
    reader_t    *r;
    weir_rc_t    rc;

    r = weir_arena_alloc(a, sizeof(reader_t));
    if (r == NULL) {
        return WEIR_NOMEM;
    }

    memset(root, 0, sizeof(weir_node_t));

    r->arena = a;
    r->diags = diags;
    r->file = file;
    r->text = diags->files.items[file].text;
    r->root = root;
    r->stream = documents != NULL;
    r->documents = documents;

    rc = weir_source_check(diags, file);
    if (rc != WEIR_OK) {
        return rc;
    }

    if (weir_lines_make(a, file, r->text, &r->lines) != WEIR_OK
        || note_letters(r) != WEIR_OK
        || !yaml_parser_initialize(&r->parser))
    {
        return WEIR_NOMEM;
    }

    r->tabs = r->text.len != 0 && !r->stream
              && memchr(r->text.data, '\t', r->text.len) != NULL;

    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser,
                                 (const unsigned char *) r->text.data,
                                 r->text.len);
    rc = read_events(r);
    yaml_parser_delete(&r->parser);

    if (rc != WEIR_OK) {
        return rc;
    }

    if (r->tabs) {
        check_tabs(r);
    }

    done = r->stream ? documents->len != 0
                     : r->done && (root->kind != WEIR_T_NULL
                                   || root->text.text.len != 0);
    if (!done) {
        return weir_fail(diags, WEIR_EEMPTY,
                         (weir_span_t) { .file = file, .line = 1, .col = 1 },
                         "the file is empty");
    }

    return WEIR_OK;
}


weir_rc_t
weir_yaml_read(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_node_t *root)
{
    weir_rc_t    rc;
    weir_node_t  node;

    rc = read_file(a, diags, file, &node, NULL);

    if (rc == WEIR_OK) {
        *root = node;
    }

    return rc;
}


weir_rc_t
weir_yaml_stream(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_documents_t *out)
{
    weir_rc_t         rc;
    weir_node_t       node;
    weir_documents_t  documents;

    memset(&documents, 0, sizeof(documents));
    rc = read_file(a, diags, file, &node, &documents);

    if (rc == WEIR_OK) {
        *out = documents;
    }

    return rc;
}
