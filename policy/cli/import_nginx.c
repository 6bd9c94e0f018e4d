/*
 * import_nginx.c: what is nginx's of what was read: upstream blocks, and
 * servers with their settings.
 *
 * Names are those of objects, hosts and routes; everything else was judged by
 * weir_imp_is_*() before it came here.
 */

#include <stdio.h>

#include "cli/import.h"

#define HTTP   "8080"
#define HTTPS  "8443"

#define BUCKET  32u             /* of a name that fits a cache line */
#define MANY    256u            /* hosts, for nginx's hash of their names */

typedef struct {
    const char  *directive;
    const char  *value;
} setting_t;

/* What ingress-nginx has where nothing else is said, and nginx has not. */
static const setting_t  defaults[] = {
    { "proxy_connect_timeout", "5s" },
    { "proxy_buffering", "off" },
    { "proxy_next_upstream_tries", "3" },
};

static const setting_t  headers[] = {
    { "Host", "$import_host" },
    { "Upgrade", "$http_upgrade" },
    { "Connection", "$import_connection" },
    { "X-Real-IP", "$remote_addr" },
    { "X-Request-ID", "$request_id" },
    { "X-Forwarded-For", "$remote_addr" },
    { "X-Forwarded-Host", "$http_host" },
    { "X-Forwarded-Port", "$server_port" },
    { "X-Forwarded-Proto", "$scheme" },
    { "X-Forwarded-Scheme", "$scheme" },
    { "X-Scheme", "$scheme" },
    { "X-Original-Forwarded-For", "$http_x_forwarded_for" },
    { "Proxy", "\"\"" },
};

static const unsigned  codes[] = { 301, 302, 303, 307, 308 };


static void
print_upstreams(FILE *f, imp_t *imp)
{
    size_t                 i;
    const imp_upstream_t  *u;

    fputs("# Made by `weir import`; include it inside http {}.  Services by "
          "their names in\n# the cluster, which nginx looks up when it "
          "starts.\n", f);

    for (i = 0; i < imp->upstreams.len; i++) {
        u = &imp->upstreams.items[i];
        fprintf(f, "\nupstream %.*s {\n    server %.*s;\n    keepalive 32;\n"
                "}\n", WEIR_STR(u->name), WEIR_STR(u->server));
    }
}


weir_str_t
weir_imp_upstreams(imp_t *imp)
{
    return weir_imp_print(imp, NULL, print_upstreams);
}


static void
print_lines(FILE *f, const char *indent, weir_str_t lines)
{
    weir_str_t  line;

    while (weir_imp_word(&lines, "\n", &line)) {
        fprintf(f, "%s%.*s\n", indent, WEIR_STR(line));
    }
}


static bool
is_said(weir_str_t lines, const char *directive)
{
    weir_str_t  line;

    while (weir_imp_word(&lines, "\n", &line)) {
        if (weir_str_starts(line, weir_cstr(directive))
            && line.data[strlen(directive)] == ' ')
        {
            return true;
        }
    }

    return false;
}


/* A map by the id of the route, of which the values are texts of a member. */
static void
print_redirects(FILE *f, const imp_t *imp, unsigned code, bool *any)
{
    size_t              i;
    const imp_route_t  *r;

    *any = false;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (r->t.redirect_code != code || r->t.closed != NULL) {
            continue;
        }

        if (!*any) {
            fprintf(f, "\nmap $weir_route $import_redirect_%u {\n"
                    "    default \"\";\n", code);
            *any = true;
        }

        fprintf(f, "    %.*s \"%.*s\";\n", WEIR_STR(r->id),
                WEIR_STR(r->t.redirect));
    }

    if (*any) {
        fputs("}\n", f);
    }
}


/*
 * nginx hashes names in buckets of a cache line; a longer name wants a larger
 * one.
 */
static void
print_buckets(FILE *f, const imp_t *imp)
{
    size_t              i, host, key;
    const imp_route_t  *r;

    host = 0;
    key = 0;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];
        host = r->host.len > host ? r->host.len : host;

        if (r->t.redirect.len + r->t.vhost.len + r->t.grpc.len != 0) {
            key = r->id.len > key ? r->id.len : key;
        }
    }

    for (i = 0; i < imp->hosts.len; i++) {
        host = imp->hosts.items[i].www.len > host
               ? imp->hosts.items[i].www.len : host;
    }

    if (host > BUCKET) {
        fputs("\nserver_names_hash_bucket_size 512;\n", f);
    }

    if (imp->hosts.len > MANY) {
        fputs("\nserver_names_hash_max_size 16384;\n", f);
    }

    if (key > BUCKET) {
        fputs("\nmap_hash_bucket_size 512;\n", f);
    }
}


/* Whether http is redirected anywhere. */
static bool
has_redirects(const imp_t *imp)
{
    size_t              i;
    const imp_route_t  *r;

    for (i = 0; i < imp->hosts.len; i++) {
        if (imp->hosts.items[i].certificate.len != 0) {
            return true;
        }
    }

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (r->t.settings.len != 0
            && strstr(r->t.settings.data, "$import_uri") != NULL)
        {
            return true;
        }
    }

    return false;
}


static void
print_maps(FILE *f, const imp_t *imp)
{
    size_t              i;
    const imp_route_t  *r;

    if (has_redirects(imp)) {
        fputs("\n# What the client asked for: $request_uri is what the "
              "upstream gets.\nmap $request $import_uri {\n"
              "    default $request_uri;\n"
              "    \"~^[^ ]+ (/[^ ]*)\" $1;\n}\n", f);
    }

    fputs("\nmap $http_upgrade $import_connection {\n"
          "    default upgrade;\n    \"\" \"\";\n}\n", f);

    fputs("\nmap $weir_route $import_host {\n    default $http_host;\n", f);

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (r->t.vhost.len != 0) {
            fprintf(f, "    %.*s %.*s;\n", WEIR_STR(r->id),
                    WEIR_STR(r->t.vhost));
        }
    }

    fputs("}\n\nmap $weir_route $import_scheme {\n    default http;\n", f);

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (weir_str_eq(r->t.grpc, weir_string("https"))) {
            fprintf(f, "    %.*s https;\n", WEIR_STR(r->id));
        }
    }

    fputs("}\n", f);
}


/* What a location says beside where it goes. */
static weir_str_t
location_lines(imp_t *imp, const imp_host_t *h, const imp_route_t *r)
{
    weir_str_t  s;

    s = r->t.settings;

    if (r->t.to_tls && h->certificate.len != 0) {
        s = weir_imp_printf(imp, "%.*sif ($scheme = http) { return 308 "
                            "https://$host$import_uri; }\n", WEIR_STR(s));
    }

    if (weir_str_starts(r->t.grpc, weir_string("grpc"))) {
        s = weir_imp_printf(imp, "%.*sgrpc_pass %.*s://$weir_upstream;\n",
                            WEIR_STR(s), WEIR_STR(r->t.grpc));
    }

    return s;
}


static void
print_location(FILE *f, const char *modifier, weir_str_t path,
    const char *slash, weir_str_t lines, unsigned redirects)
{
    size_t  i;

    fprintf(f, "\n    location %s%.*s%s {\n", modifier, WEIR_STR(path), slash);
    print_lines(f, "        ", lines);

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (redirects & 1u << i) {
            fprintf(f, "        if ($import_redirect_%u) { return %u "
                    "$import_redirect_%u; }\n", codes[i], codes[i], codes[i]);
        }
    }

    if (!is_said(lines, "grpc_pass")) {
        fputs("        proxy_pass $import_scheme://$weir_upstream;\n", f);
    }

    fputs("    }\n", f);
}


/* Routes of a host that are not alike need locations of their own. */
static bool
are_alike(imp_t *imp, const imp_host_t *h, weir_str_t *lines)
{
    bool                any;
    size_t              i;
    weir_str_t          s;
    const imp_route_t  *r;

    any = false;
    *lines = weir_string("");

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (!weir_str_eq(r->host, h->name) || r->t.closed != NULL) {
            continue;
        }

        s = location_lines(imp, h, r);

        if (any && !weir_str_eq(s, *lines)) {
            *lines = weir_string("");
            return false;
        }

        *lines = s;
        any = true;
    }

    return true;
}


/* One that is there already has the settings of another route. */
static void
add_location(FILE *f, imp_t *imp, weir_names_t *seen, const imp_host_t *h,
    const imp_route_t *r, const char *modifier, const char *slash,
    unsigned redirects)
{
    weir_str_t           key, lines;
    weir_span_t          none;
    const imp_route_t   *first;
    weir_names_entry_t  *e;

    memset(&none, 0, sizeof(none));
    lines = location_lines(imp, h, r);
    key = weir_imp_printf(imp, "%s%.*s%s", modifier,
                          WEIR_STR(r->path.location), slash);

    switch (weir_names_add(seen, key, none,
                           (uint32_t) (r - imp->routes.items), &e)) {

    case WEIR_OK:
        print_location(f, modifier, r->path.location, slash, lines, redirects);
        return;

    case WEIR_DECLINED:
        break;

    default:
        imp->nomem = true;
        return;
    }

    first = &imp->routes.items[e->value];

    /*
     * A path's own location is of the route that is that path alone; that of
     * what begins so is told of once.
     */
    if (weir_str_eq(location_lines(imp, h, first), lines)
        || (!r->path.exact && slash[0] == '\0'
            && (!first->path.exact
                || first->method.len + first->headers.len == 0)))
    {
        return;
    }

    weir_imp_note(imp, IMP_LEFT, r->from, r->span,
                  weir_string("settings of a path"), "the location %.*s of "
                  "server.conf has those of routes.%.*s: %s",
                  WEIR_STR(key), WEIR_STR(first->id),
                  r->t.to_tls && !first->t.to_tls
                  ? "http is not redirected to https"
                  : "write a location for it");
}


/* The settings of what is not below a location of its own. */
static weir_str_t
root_lines(imp_t *imp, const imp_host_t *h)
{
    size_t              i;
    const imp_route_t  *r, *root;

    root = NULL;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (r->path.location.len == 1 && !r->path.exact && r->t.closed == NULL
            && weir_str_eq(r->host, h->name)
            && (root == NULL || (root->path.fixed > 0 && r->path.fixed == 0)))
        {
            root = r;
        }
    }

    return root != NULL ? location_lines(imp, h, root) : weir_string("");
}


/* The locations of one host; the root's is printed by the caller. */
static void
print_route_locations(FILE *f, imp_t *imp, const imp_host_t *h,
    unsigned redirects, weir_str_t *root)
{
    int                 exact;
    size_t              i;
    weir_names_t        seen;
    const imp_route_t  *r;

    *root = root_lines(imp, h);
    seen = (weir_names_t) { .arena = imp->arena };

    /* a path alone before what begins so: they may both be "= /a" */
    for (exact = 1; exact >= 0; exact--) {

        for (i = 0; i < imp->routes.len; i++) {
            r = &imp->routes.items[i];

            if (r->path.exact != exact || r->t.closed != NULL
                || !weir_str_eq(r->host, h->name))
            {
                continue;
            }

            if (!weir_imp_is_location(r->path.location)
                || (r->path.location.len == 1 && !exact))
            {
                if (!weir_str_eq(location_lines(imp, h, r), *root)) {
                    weir_imp_note(imp, IMP_LEFT, r->from, r->span,
                                  weir_string("settings of a path"),
                                  "server.conf has no location for it: those "
                                  "of / hold");
                }

                continue;
            }

            add_location(f, imp, &seen, h, r, "= ", "", redirects);

            if (!exact && r->path.location.len > 1) {
                add_location(f, imp, &seen, h, r, "", "/", redirects);
            }
        }
    }
}


static void
print_server(FILE *f, imp_t *imp, const imp_host_t *h, unsigned redirects,
    bool first)
{
    bool        alike;
    size_t      i;
    weir_str_t  lines;

    alike = are_alike(imp, h, &lines);

    fprintf(f, "\nserver {\n    listen " HTTP "%s;\n",
            first ? " default_server" : "");

    if (h->certificate.len != 0) {
        fprintf(f, "    listen " HTTPS " ssl;\n"
                "    ssl_certificate %.*s.crt;\n"
                "    ssl_certificate_key %.*s.key;\n",
                WEIR_STR(h->certificate), WEIR_STR(h->certificate));
    }

    fprintf(f, "    server_name %.*s;\n", h->name.len ? (int) h->name.len : 1,
            h->name.len ? h->name.data : "_");

    if (h->ca.len != 0 && h->certificate.len != 0) {
        fprintf(f, "    ssl_client_certificate %.*s;\n"
                "    ssl_verify_client optional;\n", WEIR_STR(h->ca));
    }

    fputs("\n    weir on;\n\n", f);
    print_lines(f, "    ", h->settings);
    print_lines(f, "    ", imp->settings);

    for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (!is_said(imp->settings, defaults[i].directive)) {
            fprintf(f, "    %s %s;\n", defaults[i].directive,
                    defaults[i].value);
        }
    }

    fputs("    proxy_http_version 1.1;\n", f);

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        fprintf(f, "    proxy_set_header %s %s;\n", headers[i].directive,
                headers[i].value);
    }

    if (!alike) {
        print_route_locations(f, imp, h, redirects, &lines);
    }

    print_location(f, "", weir_string("/"), "", lines, redirects);
    fputs("}\n", f);
}


static void
print_www(FILE *f, const imp_t *imp, const imp_host_t *h)
{
    if (h->www.len == 0
        || weir_names_find(&imp->by_host, h->www) != NULL)
    {
        return;
    }

    fprintf(f, "\nserver {\n    listen " HTTP ";\n    server_name %.*s;\n"
            "    return 308 $scheme://%.*s$request_uri;\n}\n",
            WEIR_STR(h->www), WEIR_STR(h->name));
}


/* A host that nginx must tell from others. */
static bool
is_special(imp_t *imp, const imp_host_t *h)
{
    weir_str_t  lines;

    return h->certificate.len + h->settings.len + h->ca.len + h->www.len != 0
           || !are_alike(imp, h, &lines) || lines.len != 0;
}


static void
print_servers(FILE *f, imp_t *imp)
{
    bool               any, wildcard, *special;
    size_t             i;
    unsigned           redirects;
    imp_host_t         none;
    const imp_host_t  *h;

    redirects = 0;
    wildcard = false;
    memset(&none, 0, sizeof(none));
    h = NULL;
    special = weir_arena_array(imp->arena, imp->hosts.len, sizeof(bool));

    if (special == NULL) {
        imp->nomem = true;
        return;
    }

    fputs("# Made by `weir import`; include it inside http {}, behind "
          "upstreams.conf.  The\n# policy is compiled beside nginx.conf:\n#\n"
          "#     weir compile policy.yaml -o policy.weir\n\n"
          "weir_policy policy.weir;\n", f);
    print_buckets(f, imp);
    print_maps(f, imp);

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        print_redirects(f, imp, codes[i], &any);
        redirects |= any ? 1u << i : 0;
    }

    for (i = 0; i < imp->hosts.len; i++) {
        special[i] = is_special(imp, &imp->hosts.items[i]);
        wildcard |= special[i] && imp->hosts.items[i].name.len != 0
                    && imp->hosts.items[i].name.data[0] == '*';

        if (imp->hosts.items[i].name.len == 0) {
            h = &imp->hosts.items[i];
        }
    }

    print_server(f, imp, h != NULL ? h : &none, redirects, true);

    /* a wildcard's server would take the hosts that it covers */
    for (i = 0; i < imp->hosts.len && !imp->nomem; i++) {

        if ((special[i] || wildcard) && imp->hosts.items[i].name.len != 0) {
            print_server(f, imp, &imp->hosts.items[i], redirects, false);
            print_www(f, imp, &imp->hosts.items[i]);
        }
    }
}


weir_str_t
weir_imp_servers(imp_t *imp)
{
    return weir_imp_print(imp, NULL, print_servers);
}
