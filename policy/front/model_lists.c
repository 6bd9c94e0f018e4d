/*
 * model_lists.c: lists of addresses, from the policy and from files, and
 * variables.
 */

#include "front/load.h"
#include "front/codes.h"


/* The prefix that was meant, where only host bits are too many; or "". */
static weir_str_t
masked(weir_load_t *l, weir_str_t s)
{
    char         buf[WEIR_IP_STRLEN];
    size_t       i, n;
    unsigned     bits, max;
    weir_ip_t    ip;
    const char  *slash;

    slash = s.len ? memchr(s.data, '/', s.len) : NULL;
    n = slash != NULL ? (size_t) (slash - s.data) : 0;

    if (slash == NULL || s.len - n > 4 || s.len - n < 2
        || weir_ip_parse(weir_str(s.data, n), &ip) != WEIR_OK)
    {
        return weir_str("", 0);
    }

    bits = 0;
    max = ip.len * 8u;

    for (i = n + 1; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return weir_str("", 0);
        }

        bits = bits * 10 + (unsigned) (s.data[i] - '0');
    }

    if (bits > max) {
        return weir_str("", 0);
    }

    for (i = bits; i < max; i++) {
        ip.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
    }

    n = weir_ip_print(&ip, buf);

    return weir_arena_printf(l->diags->arena, "%.*s/%u", (int) n, buf, bits);
}


static void
add_cidr(weir_load_t *l, weir_list_t *list, weir_str_t s, weir_span_t span)
{
    weir_str_t    meant;
    weir_cidr_t   cidr, *p;

    if (weir_cidr_parse(s, &cidr) != WEIR_OK) {
        meant = masked(l, s);

        (void) weir_fail(l->diags, WEIR_EVALUE, span,
                         "\"%.*s\" is no address and no prefix%s%.*s%s",
                         WEIR_STR(s),
                         meant.len ? ": it has bits behind its length; did "
                                     "you mean \"" : "",
                         WEIR_STR(meant), meant.len ? "\"?" : "");
        return;
    }

    p = weir_load_push(l, &list->cidrs);

    if (p != NULL) {
        *p = cidr;
    }
}


static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}


/* One entry a line; from # on a comment. */
static void
add_file(weir_load_t *l, weir_list_t *list, uint32_t file)
{
    weir_str_t   text;
    weir_span_t  span;
    const char  *p, *q, *nl, *end, *line;

    text = l->diags->files.items[file].text;
    end = text.data + text.len;
    span = (weir_span_t) { .file = file, .line = 1 };

    for (line = text.data; line < end; line = nl + 1, span.line++) {
        nl = memchr(line, '\n', (size_t) (end - line));
        nl = nl != NULL ? nl : end;

        p = line;
        q = nl > line ? memchr(line, '#', (size_t) (nl - line)) : NULL;
        q = q != NULL ? q : nl;

        while (p < q && is_blank(*p)) {
            p++;
        }

        while (q > p && is_blank(q[-1])) {
            q--;
        }

        if (p < q) {
            span.col = (uint32_t) (p - line) + 1;
            span.len = (uint32_t) (q - p);
            add_cidr(l, list, weir_str(p, (size_t) (q - p)), span);
        }
    }
}


static void
load_list(weir_load_t *l, const weir_policy_file_t *f, weir_list_t *list,
    const weir_node_t *node)
{
    uint32_t            i, file;
    const weir_node_t  *n;

    n = weir_node_get(node, "cidr");

    for (i = 0; n != NULL && i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            add_cidr(l, list, n->u.items[i].text.text,
                     n->u.items[i].text.span);
        }
    }

    n = weir_node_get(node, "cidr_file");

    if (n != NULL
        && weir_load_read(l, weir_load_join(l, f, n->text.text),
                          &n->text.span, &file)
        && weir_source_check(l->diags, file) == WEIR_OK)
    {
        add_file(l, list, file);
    }

    if (node->n == 0) {
        (void) weir_fail(l->diags, WEIR_EMISSING, node->text.span,
                         "a list needs \"cidr\" or \"cidr_file\"");
    }
}


void
weir_load_lists(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node)
{
    uint32_t             i, index;
    weir_list_t         *list;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; node != NULL && i < node->n; i++) {
        e = &node->u.entries[i];
        index = (uint32_t) l->model->lists.len;
        name = weir_load_name(&e->key);

        if (e->key.kind == WEIR_T_UNSET
            || !weir_load_unique(l, &l->lists, "list", &name, index))
        {
            continue;
        }

        list = weir_load_push(l, &l->model->lists);

        if (list == NULL
            || weir_cel_add_list(l->env, name.text, index) != WEIR_OK)
        {
            l->nomem = true;
            return;
        }

        list->name = name;

        if (e->value.kind != WEIR_T_UNSET) {
            load_list(l, f, list, &e->value);
        }
    }
}


void
weir_load_vars(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_rc_t            rc;
    weir_var_t          *var;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; node != NULL && i < node->n; i++) {
        e = &node->u.entries[i];
        name = weir_load_name(&e->key);

        if (e->key.kind == WEIR_T_UNSET || e->value.kind == WEIR_T_UNSET
            || !weir_load_unique(l, &l->vars, "variable", &name, i))
        {
            continue;
        }

        var = weir_load_push(l, &l->model->vars);

        if (var == NULL) {
            return;
        }

        var->name = name;
        var->text = e->value.text;

        /* of the tree, since elements of a vector move */
        rc = weir_cel_add_var(l->env, name.text, name.span, &e->value.text);
        l->nomem |= rc == WEIR_NOMEM;
    }
}
