/*
 * import_path.c: paths of rules to templates of the policy.
 *
 * Prefixes are of whole segments, as the Ingress and Gateway APIs have it.
 */

#include "cli/import.h"
#include "front/template.h"


/* The judge of the policy itself. */
bool
weir_imp_is_template(imp_t *imp, weir_str_t s, const char **why)
{
    weir_rc_t        rc;
    weir_text_t      text;
    weir_diags_t     diags;
    weir_template_t  t;

    memset(&diags, 0, sizeof(diags));
    memset(&text, 0, sizeof(text));
    diags.arena = imp->arena;
    text.text = s;

    rc = weir_template_parse(imp->arena, &diags, &text, &t);
    imp->nomem |= rc == WEIR_NOMEM;

    if (rc != WEIR_OK) {
        *why = diags.list.len > 0 ? diags.list.items[0].text.data
                                  : "it is no path";
        return false;
    }

    return true;
}


static bool
is_literal(imp_t *imp, weir_str_t s, const char **why)
{
    size_t  i;

    if (s.len == 0 || s.data[0] != '/') {
        *why = "it does not begin with a slash";
        return false;
    }

    if (!weir_imp_is_plain(s)) {
        *why = "it has bytes that are not printable ASCII";
        return false;
    }

    for (i = 0; i < s.len; i++) {
        if (strchr("{}*", s.data[i]) != NULL) {
            *why = "it has a brace or a star";
            return false;
        }
    }

    return weir_imp_is_template(imp, s, why);
}


static uint32_t
count_segments(weir_str_t s)
{
    size_t    i;
    uint32_t  n;

    for (i = 0, n = 0; i < s.len; i++) {
        n += s.data[i] == '/';
    }

    return n;
}


bool
weir_imp_prefix(imp_t *imp, weir_str_t s, imp_path_t *out, const char **why)
{
    memset(out, 0, sizeof(imp_path_t));
    out->bare = s.len > 1 && s.data[s.len - 1] == '/';

    while (s.len > 1 && s.data[s.len - 1] == '/') {
        s.len--;
    }

    if (!is_literal(imp, s, why)) {
        return false;
    }

    out->location = s;
    out->rest = true;

    if (s.len == 1) {
        s.len = 0;
    }

    out->fixed = count_segments(s);
    out->text = weir_imp_printf(imp, "%.*s/**", WEIR_STR(s));
    out->probe = weir_imp_printf(imp, "%.*s/x/y", WEIR_STR(s));

    return weir_imp_is_template(imp, out->text, why);
}


bool
weir_imp_exact(imp_t *imp, weir_str_t s, imp_path_t *out, const char **why)
{
    memset(out, 0, sizeof(imp_path_t));

    if (!is_literal(imp, s, why)) {
        return false;
    }

    out->location = s;
    out->exact = true;
    out->fixed = count_segments(s);
    out->text = s;
    out->probe = s;

    return true;
}
