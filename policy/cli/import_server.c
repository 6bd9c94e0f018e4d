/*
 * import_server.c: what annotations and `tls` of an Ingress say of its hosts,
 * whichever Ingress the paths are of.
 */

#include "cli/import.h"


/* Of two Ingresses of a host the first one says what holds, once. */
static void
server_line(imp_values_t *v, imp_host_t *h, unsigned id, const char *directive,
    weir_str_t value)
{
    weir_str_t  line, lines, one, begin;

    begin = weir_imp_printf(v->imp, "%s ", directive);
    line = weir_imp_printf(v->imp, "%s %.*s;", directive, WEIR_STR(value));
    lines = h->settings;

    while (weir_imp_word(&lines, "\n", &one)) {
        if (weir_str_starts(one, begin) && !weir_str_eq(one, line)) {
            weir_imp_tell(v, id, IMP_LEFT, "another Ingress of the host "
                          "says: %.*s", WEIR_STR(one));
            return;
        }
    }

    weir_imp_line(v->imp, &h->settings,
                  weir_imp_printf(v->imp, "%.*s\n", WEIR_STR(line)));
    weir_imp_tell(v, id, IMP_DONE, "server.conf: %s %.*s", directive,
                  WEIR_STR(value));
}


/* "*.a.b" is for one label more. */
static bool
is_covered(weir_str_t host, weir_str_t by)
{
    weir_str_t  suffix;

    if (weir_str_eq(host, by)) {
        return true;
    }

    if (!weir_str_starts(by, weir_string("*."))) {
        return false;
    }

    suffix = weir_str(by.data + 1, by.len - 1);

    return weir_str_ends(host, suffix)
           && memchr(host.data, '.', host.len - suffix.len) == NULL;
}


/* Who signs the certificates of clients. */
static void
client_ca(imp_values_t *v, imp_host_t *h)
{
    size_t      n;
    uint32_t    depth;
    weir_str_t  s, ns, name;

    h->asks |= weir_imp_asks(v);
    s = v->v[IMP_TLS_SECRET].text;

    for (n = 0; n < s.len && s.data[n] != '/'; n++) { }

    ns = n < s.len ? weir_str(s.data, n) : v->object->ns;
    name = n < s.len ? weir_str(s.data + n + 1, s.len - n - 1) : s;

    if (!weir_imp_is_label(ns) || !weir_imp_is_host(name, false)) {
        weir_imp_tell(v, IMP_TLS_SECRET, IMP_LEFT, "no name of a Secret: "
                      "no certificate is good");
        return;
    }

    s = weir_imp_printf(v->imp, "tls/%.*s_%.*s.ca.crt", WEIR_STR(ns),
                        WEIR_STR(name));

    if (h->ca.len != 0 && !weir_str_eq(h->ca, s)) {
        h->cas = true;
        weir_imp_tell(v, IMP_TLS_SECRET, IMP_LEFT, "the host has %.*s "
                      "already: routes that ask for certificates are closed",
                      WEIR_STR(h->ca));
        return;
    }

    h->ca = s;
    weir_imp_tell(v, IMP_TLS_SECRET, IMP_NEAR, "server.conf: "
                  "ssl_client_certificate: mount ca.crt of the Secret as "
                  "%.*s beside nginx.conf", WEIR_STR(h->ca));

    if (weir_imp_number(v->v[IMP_TLS_DEPTH].text, &depth)) {
        server_line(v, h, IMP_TLS_DEPTH, "ssl_verify_depth",
                    weir_imp_printf(v->imp, "%u", depth));
    }
}


void
weir_imp_server(imp_values_t *v, weir_str_t host)
{
    weir_str_t   s;
    imp_host_t  *h;

    h = weir_imp_host(v->imp, host);

    if (h == NULL) {
        return;
    }

    s = v->v[IMP_CIPHERS].text;

    if (v->v[IMP_CIPHERS].set && weir_imp_is_words(s)
        && memchr(s.data, ' ', s.len) == NULL)
    {
        server_line(v, h, IMP_CIPHERS, "ssl_ciphers", s);
    }

    if (v->v[IMP_PREFER].set) {
        server_line(v, h, IMP_PREFER, "ssl_prefer_server_ciphers",
                    weir_imp_is_true(v, IMP_PREFER, false)
                    ? weir_string("on") : weir_string("off"));
    }

    if (weir_imp_is_true(v, IMP_WWW, false) && host.len != 0
        && host.data[0] != '*')
    {
        h->www = weir_str_starts(host, weir_string("www."))
                 ? weir_str(host.data + 4, host.len - 4)
                 : weir_imp_printf(v->imp, "www.%.*s", WEIR_STR(host));
        weir_imp_tell(v, IMP_WWW, IMP_DONE, "server.conf: a server of "
                      "%.*s", WEIR_STR(h->www));
    }

    if (weir_imp_may_guard(v->v[IMP_SERVER_SNIPPET].text, false)) {
        h->closed = "a snippet of its host's server may have guarded it";
        weir_imp_tell(v, IMP_SERVER_SNIPPET, IMP_LEFT, "it says more than "
                      "headers and settings, and may have been a guard: all "
                      "routes of the hosts are closed");
    }

    if (v->v[IMP_TLS_SECRET].set
        && !weir_str_eq(v->v[IMP_TLS_VERIFY].text, weir_string("off")))
    {
        client_ca(v, h);
    }
}


/* Of a host and of its aliases, which are the same server. */
static void
certificate(imp_values_t *v, weir_span_t span, weir_str_t host,
    weir_str_t secret)
{
    size_t             i;
    imp_strs_t         aliases;
    const imp_host_t  *h;

    weir_imp_certificate(v->imp, v->object, span, host, v->object->ns, secret);
    h = weir_imp_host(v->imp, host);

    if (h == NULL) {
        return;
    }

    aliases = h->aliases;

    for (i = 0; i < aliases.len; i++) {
        h = weir_imp_host(v->imp, aliases.items[i]);

        if (h != NULL && !h->ruled) {
            weir_imp_certificate(v->imp, v->object, span, h->name,
                                 v->object->ns, secret);
        }
    }
}


void
weir_imp_tls(imp_values_t *v, const weir_node_t *rules)
{
    uint32_t            i, j, k;
    weir_str_t          secret, host, by;
    const weir_node_t  *list, *item, *hosts;

    list = weir_imp_list(v->imp, v->object->spec, "tls");

    for (i = 0; list != NULL && i < list->n; i++) {
        item = &list->u.items[i];
        secret = weir_imp_str(v->imp, item, "secretName");
        hosts = weir_imp_list(v->imp, item, "hosts");
        weir_imp_others(v->imp, v->object, item, "tls", "hosts secretName");

        if (!weir_imp_is_host(secret, false)) {
            weir_imp_note(v->imp, IMP_LEFT, v->object, item->text.span,
                          weir_string("tls"), "no name of a Secret: write "
                          "ssl_certificate into server.conf");
            continue;
        }

        for (j = 0; rules != NULL && j < rules->n; j++) {
            host = weir_imp_lower(v->imp, weir_imp_str(
                                      v->imp, &rules->u.items[j], "host"));

            for (k = 0; k < (hosts != NULL ? hosts->n : 1); k++) {
                by = hosts != NULL
                     ? weir_imp_lower(v->imp, hosts->u.items[k].text.text)
                     : host;

                if (host.len == 0 || is_covered(host, by)) {
                    certificate(v, item->text.span, host, secret);
                }
            }
        }

        weir_imp_note(v->imp, IMP_NEAR, v->object, item->text.span,
                      weir_string("tls"), "server.conf: mount the Secret's "
                      "tls.crt and tls.key as tls/%.*s_%.*s.crt and .key "
                      "beside nginx.conf", WEIR_STR(v->object->ns),
                      WEIR_STR(secret));
    }
}
