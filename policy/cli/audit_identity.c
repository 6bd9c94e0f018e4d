/*
 * audit_identity.c: what a route asks of its callers, and which roles have
 * what it requires.
 */

#include <stdio.h>

#include "cli/audit.h"

static const char *const  ways[WEIR_BY_COUNT] = {
#define P(name, text)  text,
    WEIR_PRINCIPALS(P)
#undef P
};


static bool
grants(const weir_role_t *r, uint32_t permission)
{
    return r->bits[permission / 32] >> permission % 32 & 1;
}


/* A tenant's role hides the policy's of its name. */
static bool
is_hidden(const weir_tenant_t *t, weir_str_t name)
{
    size_t  i;

    for (i = 0; t != NULL && i < t->roles.len; i++) {
        if (weir_str_eq(t->roles.items[i].name.text, name)) {
            return true;
        }
    }

    return false;
}


/* Tenants with a role of their own that grants it. */
static size_t
tenants_with(const weir_model_t *m, uint32_t permission)
{
    size_t                i, k, n;
    const weir_tenant_t  *t;

    for (i = 0, n = 0; i < m->tenants.len; i++) {
        t = &m->tenants.items[i];

        for (k = 0; k < t->roles.len; k++) {
            if (grants(&t->roles.items[k], permission)) {
                n++;
                break;
            }
        }
    }

    return n;
}


size_t
weir_audit_granting(const audit_t *s, uint32_t permission,
    void (*each)(void *data, weir_str_t role), void *data)
{
    size_t              i, n;
    const weir_role_t  *r;

    for (i = 0, n = 0; i < s->m->roles.len; i++) {
        r = &s->m->roles.items[i];

        if (grants(r, permission) && !is_hidden(s->tenant, r->name.text)) {
            each(data, r->name.text);
            n++;
        }
    }

    for (i = 0; s->tenant != NULL && i < s->tenant->roles.len; i++) {
        r = &s->tenant->roles.items[i];

        if (grants(r, permission)) {
            each(data, r->name.text);
            n++;
        }
    }

    return n;
}


const char *
weir_audit_asked(const weir_route_t *r)
{
    static const char *const  kinds[WEIR_AUTH_COUNT] = {
        [WEIR_AUTH_NONE] = "none",
        [WEIR_AUTH_ANY] = "any",
        [WEIR_AUTH_ALL] = "all",
        [WEIR_AUTH_OPTIONAL] = "optional"
    };

    return kinds[r->auth != NULL ? r->auth->kind : WEIR_AUTH_NONE];
}


weir_str_t
weir_audit_way(audit_t *s, const weir_way_t *w)
{
    weir_str_t  text;

    if (w->by != WEIR_BY_JWT) {
        return weir_cstr(ways[w->by]);
    }

    text = weir_arena_printf(s->arena, "jwt %.*s",
               WEIR_STR(s->m->issuers.items[w->issuer].name.text));
    s->nomem |= text.data == NULL;

    return text.data != NULL ? text : weir_string("");
}


static void
print_names(const char *what, const weir_name_list_t *names)
{
    size_t  i;

    for (i = 0; i < names->len; i++) {
        printf("%s%.*s", i ? ", " : what, WEIR_STR(names->items[i].text));
    }
}


static void
print_role(void *data, weir_str_t role)
{
    const char  **sep;

    sep = data;
    printf("%s%.*s", *sep, WEIR_STR(role));
    *sep = ", ";
}


static void
print_permission(const audit_t *s, uint32_t permission)
{
    size_t       n, tenants;
    const char  *sep;

    sep = ": ";
    printf("  require   permission %.*s",
           WEIR_STR(s->m->permissions.items[permission].text));

    n = weir_audit_granting(s, permission, print_role, &sep);
    tenants = s->tenant == NULL ? tenants_with(s->m, permission) : 0;

    if (tenants) {
        printf("%s%zu tenant%s", n ? "; and roles of " : ": roles of ",
               tenants, tenants == 1 ? "" : "s");

    } else if (n == 0) {
        fputs(": no role", stdout);
    }

    putchar('\n');
}


void
weir_audit_print_callers(audit_t *s, const weir_route_t *r)
{
    size_t                i;
    weir_str_t            way;
    const weir_mfa_t     *mfa;
    const weir_proofs_t  *auth;

    auth = r->auth;

    if (auth != NULL && auth->kind != WEIR_AUTH_NONE) {
        printf("  auth      %s of ", weir_audit_asked(r));

        for (i = 0; i < auth->ways.len; i++) {
            way = weir_audit_way(s, &auth->ways.items[i]);
            printf("%s%.*s", i ? ", " : "", WEIR_STR(way));
        }

        puts(auth->forward ? "; forwarded" : "");
    }

    mfa = r->mfa;

    if (mfa != NULL) {
        fputs("  mfa     ", stdout);
        print_names("  acr one of ", &mfa->acr);
        print_names("  amr one of ", &mfa->amr);

        if (mfa->max_age) {
            printf("  at most %u s ago", mfa->max_age);
        }

        putchar('\n');
    }

    for (i = 0; i < r->require.permissions.len; i++) {
        print_permission(s, r->require.permissions.items[i]);
    }

    for (i = 0; i < r->require.scopes.len; i++) {
        printf("  require   scope %.*s\n",
               WEIR_STR(r->require.scopes.items[i].text));
    }
}
