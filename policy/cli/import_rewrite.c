/*
 * import_rewrite.c: paths that upstreams get in place of the client's.
 */

#include "cli/import.h"


static bool
add(imp_t *imp, imp_pieces_t *out, const imp_piece_t *piece)
{
    imp_piece_t  *slot;

    if (piece->kind == IMP_LITERAL && piece->text.len == 0) {
        return true;
    }

    slot = weir_vec_push(imp->arena, out);

    if (slot == NULL) {
        imp->nomem = true;
        return false;
    }

    *slot = *piece;

    return true;
}


bool
weir_imp_rewrite(imp_t *imp, weir_str_t s, const imp_path_t *path,
    imp_pieces_t *out, const char **why)
{
    size_t       n;
    uint32_t     group;
    imp_piece_t  piece;

    if (s.len == 0 || s.data[0] == '?' || !weir_imp_is_plain(s)) {
        *why = "it is empty, or has bytes that are not printable ASCII";
        return false;
    }

    memset(out, 0, sizeof(imp_pieces_t));

    while (s.len > 0) {

        for (n = 0; n < s.len && s.data[n] != '$'; n++) {

            if (strchr("?#;\\%", s.data[n]) != NULL) {
                *why = "it has a query, or a byte that no path has";
                return false;
            }
        }

        piece = (imp_piece_t) { IMP_LITERAL, 0, weir_str(s.data, n) };
        s = weir_str(s.data + n, s.len - n);

        if (!add(imp, out, &piece)) {
            return false;
        }

        if (s.len == 0) {
            break;
        }

        group = s.len > 1 && s.data[1] >= '1' && s.data[1] <= '9'
                ? (uint32_t) (s.data[1] - '0') : 0;

        if (group == 0
            || (group <= path->ncaptures
                && path->captures[group - 1].kind == IMP_UNKNOWN))
        {
            *why = "it names a variable, or a group that is neither a segment "
                   "nor the rest";
            return false;
        }

        /* to nginx, a group that there is not is empty */
        if (group <= path->ncaptures
            && !add(imp, out, &path->captures[group - 1]))
        {
            return false;
        }

        s = weir_str(s.data + 2, s.len - 2);
    }

    /* a path begins with a slash, whatever a group had */
    if (out->len > 0 && out->items[0].kind == IMP_LITERAL
        && out->items[0].text.data[0] == '/')
    {
        return true;
    }

    if (out->len > 0 && out->items[0].kind == IMP_LITERAL) {
        *why = "it does not begin with a slash";
        return false;
    }

    if (weir_vec_push(imp->arena, out) == NULL) {
        imp->nomem = true;
        return false;
    }

    memmove(out->items + 1, out->items, (out->len - 1) * sizeof(imp_piece_t));
    out->items[0] = (imp_piece_t) { IMP_LITERAL, 0, weir_string("/") };

    return true;
}


weir_str_t
weir_imp_pieces(imp_t *imp, const imp_pieces_t *p)
{
    size_t              i;
    weir_str_t          s;
    const imp_piece_t  *piece;

    s = weir_string("");

    for (i = 0; i < p->len; i++) {
        piece = &p->items[i];

        switch (piece->kind) {

        case IMP_LITERAL:
            s = weir_imp_printf(imp, "%.*s%.*s", WEIR_STR(s),
                                WEIR_STR(weir_imp_template(imp,
                                                           piece->text)));
            break;

        case IMP_REST:
            s = weir_imp_printf(imp, "%.*s${request.url_path.split(\"/\", %u)"
                                "[?%u].orValue(\"\")}", WEIR_STR(s),
                                piece->n + 2, piece->n + 1);
            break;

        case IMP_TAIL:
            s = weir_imp_printf(imp, "%.*s${request.url_path.substring(%u)}",
                                WEIR_STR(s), piece->n);
            break;

        default:
            s = weir_imp_printf(imp, "%.*s${path.p%u}", WEIR_STR(s),
                                piece->n);
            break;
        }
    }

    return s;
}


/* Slashes are merged, as they are in paths. */
weir_str_t
weir_imp_pieces_probe(imp_t *imp, const imp_pieces_t *p)
{
    char        *q;
    size_t       i, n;
    weir_str_t   s;

    s = weir_string("");

    for (i = 0; i < p->len; i++) {
        s = weir_imp_printf(imp, "%.*s%.*s", WEIR_STR(s),
                            WEIR_STR(p->items[i].text));
    }

    q = weir_arena_alloc(imp->arena, s.len + 1);

    if (q == NULL) {
        imp->nomem = true;
        return s;
    }

    for (i = 0, n = 0; i < s.len; i++) {
        if (s.data[i] != '/' || n == 0 || q[n - 1] != '/') {
            q[n++] = s.data[i];
        }
    }

    return weir_str(q, n);
}
