/*
 * lint.c: the last look at a model: errors between routes, and advice.
 *
 * "# weir: allow W0901" in a line, or alone in the line before it, keeps the
 * advice of that code about the line quiet.
 */

#include "front/codes.h"
#include "front/lint.h"
#include "image/redact.h"

#define MAX_LABEL  63u


/* Routes that are neither public nor allow anybody in. */
static void
closed_routes(weir_lint_t *l)
{
    size_t               i;
    const weir_model_t  *m;
    const weir_route_t  *r;

    m = l->m;

    if (m->allow.len != 0) {
        return;
    }

    for (i = 0; i < m->tenants.len; i++) {
        if (m->tenants.items[i].allow.len != 0) {
            return;
        }
    }

    for (i = 0; i < m->routes.len; i++) {
        r = &m->routes.items[i];

        if (!r->public && r->allow.len == 0 && !r->require.given) {
            weir_warn(l->diags, WEIR_WCLOSED, r->id.span,
                      "route \"%.*s\" lets nobody in: it is not public, and "
                      "no \"allow\" or \"require\" applies to it",
                      WEIR_STR(r->id.text));
        }
    }
}


/* What is wrong with an id as a label of a host, or NULL. */
static const char *
no_label(weir_str_t id)
{
    size_t  i;
    char    c;

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if (c >= 'A' && c <= 'Z') {
            return "hosts are in lower case";
        }

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return "a label of a host has letters, digits and hyphens";
        }
    }

    return id.len > MAX_LABEL ? "a label of a host has 63 letters at most"
                              : NULL;
}


/* Tenants that are named by nothing but a label which they cannot be. */
static void
unnamed_tenants(weir_lint_t *l)
{
    size_t                i;
    const char           *why;
    const weir_model_t   *m;
    const weir_tenant_t  *t;

    m = l->m;

    for (i = 0; i < m->resolve.len; i++) {
        if (m->resolve.items[i].kind != WEIR_RESOLVE_HOST) {
            return;
        }
    }

    for (i = 0; m->resolve.len != 0 && i < m->tenants.len; i++) {
        t = &m->tenants.items[i];
        why = t->nhosts == 0 ? no_label(t->id.text) : NULL;

        if (why != NULL) {
            weir_warn(l->diags, WEIR_WTENANT, t->id.span,
                      "no request can name tenant \"%.*s\": %s",
                      WEIR_STR(t->id.text), why);
        }
    }
}


static bool
is_redacted(weir_str_t name)
{
    size_t  i;

    static const weir_str_t  names[] = {
#define R(name)  { name, sizeof(name) - 1 },
        WEIR_REDACTED(R)
#undef R
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_str_eq(name, names[i])) {
            return true;
        }
    }

    return false;
}


/* A name that is misspelt would leave what it means in the log. */
static void
unknown_fields(weir_lint_t *l)
{
    size_t              i;
    const weir_name_t  *name;

    for (i = 0; i < l->m->redact.len; i++) {
        name = &l->m->redact.items[i];

        if (!is_redacted(name->text)) {
            weir_warn(l->diags, WEIR_WREDACT, name->span,
                      "the audit log has no \"%.*s\": nothing is hashed for "
                      "it", WEIR_STR(name->text));
        }
    }
}


/* Line n of a file, from 1. */
static weir_str_t
line_of(weir_str_t text, uint32_t n)
{
    const char  *p, *end, *next;

    p = text.data;
    end = p + text.len;

    while (n > 1 && p < end) {
        next = memchr(p, '\n', (size_t) (end - p));
        p = next != NULL ? next + 1 : end;
        n--;
    }

    next = p < end ? memchr(p, '\n', (size_t) (end - p)) : NULL;

    return weir_str(p, (size_t) ((next != NULL ? next : end) - p));
}


static bool
is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}


/* Whether the line says that the code is allowed; alone: and nothing else. */
static bool
line_allows(weir_str_t line, weir_str_t code, bool alone)
{
    size_t      i, start;
    weir_str_t  mark;

    mark = weir_string("# weir: allow ");

    for (i = 0; i < line.len; i++) {

        if (weir_str_starts(weir_str(line.data + i, line.len - i), mark)) {
            break;
        }

        if (alone && line.data[i] != ' ') {
            return false;
        }
    }

    if (i == line.len) {
        return false;
    }

    for (i += mark.len; i < line.len; i++) {
        start = i;

        while (i < line.len && is_word(line.data[i])) {
            i++;
        }

        if (weir_str_eq(weir_str(line.data + start, i - start), code)) {
            return true;
        }
    }

    return false;
}


static bool
is_allowed(const weir_diags_t *d, const weir_diag_t *g)
{
    char        buf[8];
    int         n;
    weir_str_t  text, code;

    if (g->severity != WEIR_SEV_WARNING || g->span.line == 0
        || g->span.file >= d->files.len)
    {
        return false;
    }

    n = snprintf(buf, sizeof(buf), "W%04u", g->code % 10000);
    code = weir_str(buf, (size_t) n);
    text = d->files.items[g->span.file].text;

    return line_allows(line_of(text, g->span.line), code, false)
           || (g->span.line > 1
               && line_allows(line_of(text, g->span.line - 1), code, true));
}


static void
drop_allowed(weir_diags_t *d)
{
    size_t  i, n;

    for (i = 0, n = 0; i < d->list.len; i++) {

        if (is_allowed(d, &d->list.items[i])) {
            d->warnings--;
            continue;
        }

        d->list.items[n++] = d->list.items[i];
    }

    d->list.len = n;
}


weir_rc_t
weir_model_check(const weir_model_t *m, weir_diags_t *diags, bool lint)
{
    weir_rc_t    rc;
    weir_lint_t  l;

    rc = weir_ties_check(m, diags);

    if (rc == WEIR_NOMEM || !lint) {
        return rc;
    }

    memset(&l, 0, sizeof(l));
    l.m = m;
    l.diags = diags;
    l.env = m->env;
    l.arena = weir_arena_create();

    if (l.arena == NULL) {
        return WEIR_NOMEM;
    }

    weir_lint_exprs(&l);
    weir_lint_rules(&l);
    weir_lint_roles(&l);
    weir_lint_limits(&l);
    weir_lint_splits(&l);
    weir_lint_edge(&l);
    weir_lint_routes(&l);
    weir_lint_identity(&l);
    closed_routes(&l);
    unnamed_tenants(&l);
    unknown_fields(&l);
    weir_arena_destroy(l.arena);

    weir_diags_sort(diags);     /* what was said twice is counted once */
    drop_allowed(diags);

    return l.nomem ? WEIR_NOMEM : rc;
}
