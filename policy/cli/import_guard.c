/*
 * import_guard.c: who is let in: addresses and certificates.
 *
 * What guarded a route and cannot be translated closes it: nothing is ever
 * opened for want of a word.
 */

#include "cli/import.h"
#include "base/ip.h"

#define CERTIFIED  "no-certificate"

typedef weir_vec_t(weir_cidr_t)  prefixes_t;


static void
close_routes(imp_traits_t *t, const char *why)
{
    if (t->closed == NULL) {
        t->closed = why;
        t->closed_status = 503;
    }
}


/* A name as CEL has it, and not one of its words. */
static weir_str_t
list_name(imp_t *imp, weir_str_t wish)
{
    char    *q;
    size_t   i;

    q = weir_arena_alloc(imp->arena, wish.len + 3);
    if (q == NULL) {
        imp->nomem = true;
        return weir_string("list");
    }

    q[0] = 'l';
    q[1] = '_';

    for (i = 0; i < wish.len; i++) {
        q[2 + i] = (wish.data[i] >= 'a' && wish.data[i] <= 'z')
                   || (wish.data[i] >= '0' && wish.data[i] <= '9')
                   ? wish.data[i] : '_';
    }

    return weir_str(q, wish.len + 2);
}


static void
add_prefix(imp_t *imp, prefixes_t *list, const weir_cidr_t *cidr)
{
    weir_cidr_t  *slot;

    slot = weir_vec_push(imp->arena, list);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = *cidr;
}


/* An address of those that documents use. */
static weir_str_t
outside(const prefixes_t *list)
{
    size_t      i, j;
    weir_ip_t   ip;
    weir_str_t  s;

    static const char *const  candidates[] = {
        "192.0.2.77", "198.51.100.77", "203.0.113.77", "2001:db8::77"
    };

    for (i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        s = weir_cstr(candidates[i]);

        if (weir_ip_parse(s, &ip) != WEIR_OK) {
            continue;
        }

        for (j = 0; j < list->len
                    && !weir_cidr_contains(&list->items[j], &ip); j++) { }

        if (j == list->len) {
            return s;
        }
    }

    return weir_string("");
}


weir_str_t
weir_imp_cidrs(imp_t *imp, weir_str_t wish, weir_str_t text, weir_str_t *in,
    weir_str_t *out)
{
    char          buf[WEIR_IP_STRLEN];
    size_t        n;
    weir_ip_t     ip;
    weir_str_t    body, word, name;
    weir_cidr_t   cidr;
    weir_names_t  seen;
    weir_span_t   none;
    prefixes_t    all;

    memset(&none, 0, sizeof(none));
    memset(&all, 0, sizeof(all));
    seen = (weir_names_t) { .arena = imp->arena };
    body = weir_string("");
    *in = weir_string("");

    while (weir_imp_word(&text, ",", &word)) {

        /* bits behind the length are let pass there, and are taken off here */
        if (weir_cidr_parse(word, &cidr) != WEIR_OK) {

            if (weir_cidr_parse_exact(word, &cidr) != WEIR_OK) {
                return weir_string("");
            }

            weir_ip_mask(&cidr.ip, cidr.bits);
        }

        ip = cidr.ip;
        n = weir_ip_print(&ip, buf);
        word = weir_imp_printf(imp, "%.*s/%u", (int) n, buf, cidr.bits);

        if (weir_names_add(&seen, word, none, 0, &(weir_names_entry_t *) {
                               NULL }) != WEIR_OK)
        {
            continue;
        }

        add_prefix(imp, &all, &cidr);

        if (in->len == 0) {
            *in = weir_imp_printf(imp, "%.*s", (int) n, buf);
        }

        body = weir_imp_printf(imp, "%.*s      - \"%.*s\"\n", WEIR_STR(body),
                               WEIR_STR(word));
    }

    if (body.len == 0) {
        return weir_string("");
    }

    *out = outside(&all);
    body = weir_imp_printf(imp, "    cidr:\n%.*s", WEIR_STR(body));
    wish = list_name(imp, wish);
    name = weir_imp_item(imp, &imp->lists, wish, body);

    /* an id that was there twice ended in -2 */
    if (memchr(name.data, '-', name.len) != NULL) {
        name = list_name(imp, name);
        imp->lists.list.items[imp->lists.list.len - 1].name = name;
    }

    return name;
}


/* Copies of the traits share the rules that there were. */
void
weir_imp_deny(imp_t *imp, imp_traits_t *t, const imp_rule_t *rule)
{
    imp_rule_t  *items;

    items = weir_arena_array(imp->arena, t->deny.len + 1, sizeof(imp_rule_t));

    if (items == NULL) {
        imp->nomem = true;
        return;
    }

    if (t->deny.len > 0) {
        memcpy(items, t->deny.items, t->deny.len * sizeof(imp_rule_t));
    }

    items[t->deny.len] = *rule;
    t->deny.items = items;
    t->deny.cap = ++t->deny.len;
}


bool
weir_imp_is_certified(const imp_traits_t *t)
{
    size_t  i;

    for (i = 0; i < t->deny.len; i++) {
        if (weir_str_eq(t->deny.items[i].id, weir_string(CERTIFIED))) {
            return true;
        }
    }

    return false;
}


/* A handshake for another host asks for that one's certificates. */
void
weir_imp_certified(imp_t *imp, imp_traits_t *t)
{
    imp_rule_t  rule;

    rule = (imp_rule_t) {
        .id = weir_string(CERTIFIED), .status = 403,
        .when = weir_string("!connection.mtls || "
                            "connection.requested_server_name "
                            "!= request.host"),
        .in = weir_string(""), .out = weir_string("")
    };

    if (!weir_imp_is_certified(t)) {
        weir_imp_deny(imp, t, &rule);
    }
}


static void
addresses(imp_values_t *v, imp_traits_t *t, unsigned id, bool only)
{
    weir_str_t  name, in, out, wish;
    imp_rule_t  rule;

    if (!v->v[id].set) {
        return;
    }

    wish = weir_imp_printf(v->imp, "%.*s_%.*s%s", WEIR_STR(v->object->ns),
                           WEIR_STR(v->object->name), only ? "" : "_denied");
    name = weir_imp_cidrs(v->imp, wish, v->v[id].text, &in, &out);

    if (name.len == 0) {
        close_routes(t, "its list of addresses is none");
        weir_imp_tell(v, id, IMP_LEFT, "no list of prefixes: the routes are "
                      "closed");
        return;
    }

    rule = (imp_rule_t) {
        .id = only ? weir_string("not-listed") : weir_string("listed"),
        .when = weir_imp_printf(v->imp, "%slists.%.*s.contains(source.ip)",
                                only ? "!" : "", WEIR_STR(name)),
        .status = 403, .in = only ? in : out, .out = only ? out : in
    };

    weir_imp_deny(v->imp, t, &rule);
    weir_imp_tell(v, id, IMP_DONE, "policy.yaml: lists.%.*s, and a deny rule "
                  "of the routes", WEIR_STR(name));
}


bool
weir_imp_asks(const imp_values_t *v)
{
    return v->v[IMP_TLS_SECRET].set
           && !weir_imp_is_one_of(v->v[IMP_TLS_VERIFY].text,
                                  "off optional optional_no_ca");
}


/* What nginx takes only as a file is named after the Secret. */
static void
certificates(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  verify;

    if (!v->v[IMP_TLS_SECRET].set) {
        return;
    }

    verify = v->v[IMP_TLS_VERIFY].text;

    if (weir_str_eq(verify, weir_string("off"))) {
        weir_imp_tell(v, IMP_TLS_VERIFY, IMP_DONE, "nobody is asked");
        weir_imp_tell(v, IMP_TLS_SECRET, IMP_DONE, "not looked at while "
                      "auth-tls-verify-client is off");
        return;
    }

    if (!weir_imp_asks(v)) {
        weir_imp_tell(v, IMP_TLS_VERIFY, IMP_NEAR, "server.conf: "
                      "ssl_verify_client; what the certificate says is "
                      "connection.* of rules");
        return;
    }

    weir_imp_certified(v->imp, t);
    weir_imp_tell(v, IMP_TLS_VERIFY, IMP_NEAR, "server.conf: "
                  "ssl_verify_client optional; policy.yaml: a deny rule of "
                  "all routes of the hosts");
}


static void
others(imp_values_t *v, imp_traits_t *t)
{
    bool  global;

    global = weir_imp_is_true(v, IMP_GLOBAL_AUTH, true);

    if (v->imp->closed != NULL && global) {
        close_routes(t, v->imp->closed);
    }

    if (v->imp->snippet != NULL) {
        close_routes(t, v->imp->snippet);
    }

    if (weir_imp_may_guard(v->v[IMP_SNIPPET].text, false)) {
        close_routes(t, "a snippet of nginx's configuration may have guarded "
                     "it");
        weir_imp_tell(v, IMP_SNIPPET, IMP_LEFT, "it says more than headers "
                      "and settings, and may have been a guard: the routes "
                      "are closed");
    }

    weir_imp_tell(v, IMP_GLOBAL_AUTH, IMP_DONE, "%s",
                  v->imp->closed == NULL ? "there is no global-auth-url"
                  : global ? "the routes are closed" : "the routes are open");

    if (weir_str_eq(v->v[IMP_SATISFY].text, weir_string("any"))
        && (v->v[IMP_AUTH_TYPE].set || v->v[IMP_AUTH_URL].set))
    {
        weir_imp_tell(v, IMP_SATISFY, IMP_LEFT, "%s",
                      weir_imp_rows[IMP_SATISFY].text);
        return;
    }

    weir_imp_tell(v, IMP_SATISFY, IMP_DONE, "all that guards a route must "
                  "let a request in, as before");
}


void
weir_imp_guard(imp_values_t *v, imp_traits_t *t)
{
    addresses(v, t, IMP_ALLOWLIST, true);
    addresses(v, t, IMP_ALLOWLIST_NEW, true);
    addresses(v, t, IMP_DENYLIST, false);
    certificates(v, t);
    others(v, t);
}
