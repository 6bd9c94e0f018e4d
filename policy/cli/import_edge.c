/*
 * import_edge.c: origins of pages, redirects, headers.
 */

#include "cli/import.h"

#define CORS_METHODS  "GET, PUT, POST, DELETE, PATCH, OPTIONS"
#define CORS_HEADERS                                                          \
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,"           \
    "Cache-Control,Content-Type,Range,Authorization"
#define CORS_AGE      1728000u      /* seconds */
#define MAX_AGE       31536000u
#define MAX_CORS      1024u


/*
 * As scheme://host[:port], of which the host may begin with "*."; *, null.
 */
static bool
is_origin(weir_str_t s)
{
    size_t      n;
    uint32_t    port;
    weir_str_t  rest;

    if (weir_str_eq(s, weir_string("null"))) {
        return true;
    }

    for (n = 0; n < s.len && s.data[n] >= 'a' && s.data[n] <= 'z'; n++) { }

    rest = weir_str(s.data + n, s.len - n);

    if (n == 0 || !weir_str_starts(rest, weir_string("://"))) {
        return false;
    }

    rest = weir_str(rest.data + 3, rest.len - 3);

    for (n = 0; n < rest.len && rest.data[n] != ':'; n++) { }

    if (n < rest.len
        && (!weir_imp_number(weir_str(rest.data + n + 1, rest.len - n - 1),
                             &port)
            || port == 0 || port > 65535 || rest.data[n + 1] == '0'))
    {
        return false;
    }

    return weir_imp_is_host(weir_str(rest.data, n), true);
}


static bool
is_method(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 'A' || s.data[i] > 'Z') {
            return false;
        }
    }

    return s.len > 0 && s.len <= 32;
}


/*
 * A list in brackets, of what the judge takes; anything: "*" is one.  *bad: a
 * word that it does not take.
 */
static weir_str_t
list_of(imp_t *imp, weir_str_t text, bool (*judge)(weir_str_t s),
    bool *anything, weir_str_t *bad)
{
    weir_str_t    word, out, key;
    weir_span_t   none;
    weir_names_t  seen;

    memset(&none, 0, sizeof(none));
    seen = (weir_names_t) { .arena = imp->arena };
    out = weir_string("");
    *anything = false;

    while (weir_imp_word(&text, ",", &word)) {

        if (weir_str_eq(word, weir_string("*"))) {
            *anything = true;
            continue;
        }

        if (!judge(word)) {
            *bad = word;
            continue;
        }

        key = weir_imp_lower(imp, word);

        /* of origins, the port that goes without saying */
        if (weir_str_starts(key, weir_string("https://"))
            && weir_str_ends(key, weir_string(":443")))
        {
            key.len -= 4;

        } else if (weir_str_starts(key, weir_string("http://"))
                   && weir_str_ends(key, weir_string(":80")))
        {
            key.len -= 3;
        }

        if (weir_names_add(&seen, key, none, 0, &(weir_names_entry_t *) {
                               NULL }) != WEIR_OK)
        {
            continue;
        }

        out = weir_imp_printf(imp, "%.*s%s%.*s", WEIR_STR(out),
                              out.len ? ", " : "",
                              WEIR_STR(weir_imp_yaml(imp, word)));
    }

    return out;
}


static weir_str_t
cors_line(imp_t *imp, weir_str_t body, const char *key, weir_str_t list,
    bool anything)
{
    if (anything) {
        list = weir_string("\"*\"");
    }

    return list.len == 0 ? body
           : weir_imp_printf(imp, "%.*s    %s: [%.*s]\n", WEIR_STR(body), key,
                             WEIR_STR(list));
}


weir_str_t
weir_imp_cors(imp_t *imp, weir_str_t wish, weir_str_t origins,
    weir_str_t methods, weir_str_t headers, weir_str_t expose,
    bool credentials, uint32_t age, weir_str_t *bad)
{
    bool        any, anything;
    weir_str_t  body, list;

    list = list_of(imp, origins, is_origin, &any, bad);

    if (list.len == 0 && !any) {
        return weir_string("");
    }

    credentials = credentials && !any;
    body = cors_line(imp, weir_string(""), "origins", list, any);

    list = list_of(imp, methods, is_method, &anything, bad);
    body = cors_line(imp, body, "methods", list, anything && !credentials);
    list = list_of(imp, headers, weir_imp_is_header, &anything, bad);
    body = cors_line(imp, body, "headers", list, anything && !credentials);
    list = list_of(imp, expose, weir_imp_is_header, &anything, bad);
    body = cors_line(imp, body, "expose", list, anything && !credentials);

    body = weir_imp_printf(imp, "%.*s    credentials: %s\n", WEIR_STR(body),
                           credentials ? "true" : "false");

    if (age != 0) {
        body = weir_imp_printf(imp, "%.*s    max_age: %us\n", WEIR_STR(body),
                               age);
    }

    imp->cors.max = MAX_CORS;

    return weir_imp_item(imp, &imp->cors, wish, body);
}


static weir_str_t
given(const imp_values_t *v, unsigned id, weir_str_t other)
{
    return v->v[id].set ? v->v[id].text : other;
}


static void
cors(imp_values_t *v, imp_traits_t *t)
{
    bool        credentials;
    unsigned    i;
    uint32_t    age;
    weir_str_t  bad;

    if (!weir_imp_is_true(v, IMP_CORS, false)) {
        for (i = IMP_CORS; i <= IMP_CORS_AGE; i++) {
            weir_imp_tell(v, i, IMP_DONE, "not looked at: enable-cors is not "
                          "\"true\"");
        }

        return;
    }

    bad = weir_string("");
    age = CORS_AGE;
    credentials = weir_imp_is_true(v, IMP_CORS_CREDENTIALS, true);

    if (v->v[IMP_CORS_AGE].set
        && (!weir_imp_number(v->v[IMP_CORS_AGE].text, &age) || age > MAX_AGE))
    {
        age = CORS_AGE;
        weir_imp_tell(v, IMP_CORS_AGE, IMP_LEFT, "no number of seconds up to "
                      "a year: %u is taken", age);
    }

    t->cors = weir_imp_cors(v->imp,
                            weir_imp_printf(v->imp, "%.*s-%.*s",
                                            WEIR_STR(v->object->ns),
                                            WEIR_STR(v->object->name)),
                            given(v, IMP_CORS_ORIGIN, weir_string("*")),
                            given(v, IMP_CORS_METHODS,
                                  weir_string(CORS_METHODS)),
                            given(v, IMP_CORS_HEADERS,
                                  weir_string(CORS_HEADERS)),
                            given(v, IMP_CORS_EXPOSE, weir_string("")),
                            credentials, age, &bad);

    if (t->cors.len == 0) {
        for (i = IMP_CORS; i <= IMP_CORS_AGE; i++) {
            weir_imp_tell(v, i, IMP_LEFT, "none of the origins is one: pages "
                          "of other origins may read nothing");
        }

        return;
    }

    if (bad.len != 0) {
        weir_imp_tell(v, v->v[IMP_CORS_ORIGIN].set ? IMP_CORS_ORIGIN
                                                   : IMP_CORS,
                      IMP_LEFT, "a part of it, or of its methods and headers, "
                      "is none, and is left out");
    }

    if (credentials
        && weir_str_eq(given(v, IMP_CORS_ORIGIN, weir_string("*")),
                       weir_string("*")))
    {
        weir_imp_tell(v, IMP_CORS_CREDENTIALS, IMP_NEAR, "policy.yaml: not "
                      "with any origin, which browsers refused, too");
    }

    for (i = IMP_CORS; i <= IMP_CORS_AGE; i++) {
        weir_imp_tell(v, i, IMP_DONE, "policy.yaml: cors.%.*s",
                      WEIR_STR(t->cors));
    }
}


static void
redirect(imp_values_t *v, imp_traits_t *t, unsigned id, unsigned code_id,
    uint32_t code)
{
    uint32_t  n;

    if (!v->v[id].set || t->redirect.len != 0) {
        return;
    }

    if (v->v[code_id].set) {

        if (weir_imp_number(v->v[code_id].text, &n)
            && (n == 301 || n == 302 || n == 303 || n == 307 || n == 308))
        {
            code = n;
            weir_imp_tell(v, code_id, IMP_DONE, "server.conf: return %u",
                          code);
        }

        weir_imp_tell(v, code_id, IMP_LEFT, "no code of a redirect: %u is "
                      "taken", code);
    }

    if (!weir_imp_is_url(v->v[id].text)) {
        t->closed = "it redirected to where is not translated";
        t->closed_status = 503;
        weir_imp_tell(v, id, IMP_LEFT, "no URL of plain letters, with no "
                      "other variables than $request_uri, $host, $scheme and "
                      "$args: the routes are closed");
        return;
    }

    t->redirect = v->v[id].text;
    t->redirect_code = code;
    weir_imp_tell(v, id, IMP_DONE, "server.conf: return %u", code);
}


static void
push(imp_t *imp, cli_pairs_t *list, weir_str_t name, weir_str_t value)
{
    size_t       i;
    cli_pair_t  *pair;

    name = weir_imp_lower(imp, name);

    for (i = 0; i < list->len; i++) {
        if (weir_str_eq(list->items[i].name, name)) {
            list->items[i].value = value;
            return;
        }
    }

    pair = weir_vec_push(imp->arena, list);

    if (pair == NULL) {
        imp->nomem = true;
        return;
    }

    pair->name = name;
    pair->value = value;
}


/* Headers of answers, in a ConfigMap of "namespace/name". */
static void
custom_headers(imp_values_t *v, imp_traits_t *t)
{
    size_t               n;
    uint32_t             i;
    weir_str_t           s, ns, name;
    const weir_node_t   *data;
    const weir_entry_t  *e;
    const imp_object_t  *map;

    s = v->v[IMP_HEADERS].text;

    for (n = 0; n < s.len && s.data[n] != '/'; n++) { }

    ns = n < s.len ? weir_str(s.data, n) : v->object->ns;
    name = n < s.len ? weir_str(s.data + n + 1, s.len - n - 1) : s;
    map = weir_imp_find(v->imp, "ConfigMap", ns, name);
    data = map != NULL ? weir_imp_map(v->imp, map->root, "data") : NULL;

    if (data == NULL) {
        weir_imp_tell(v, IMP_HEADERS, IMP_LEFT, "its ConfigMap is not among "
                      "the manifests: `transform.response.set`");
        return;
    }

    for (i = 0; i < data->n; i++) {
        e = &data->u.entries[i];

        if (!weir_imp_is_header(e->key.text.text)
            || !weir_imp_is_plain(e->value.text.text))
        {
            weir_imp_note(v->imp, IMP_LEFT, map, e->key.text.span,
                          weir_string("data"), "no header, or one of bytes "
                          "that are not printable ASCII");
            continue;
        }

        push(v->imp, &t->replies, e->key.text.text, e->value.text.text);
    }

    weir_imp_tell(v, IMP_HEADERS, IMP_DONE,
                  "policy.yaml: transform.response.set");
}


static void
upstream_headers(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  s;

    if (v->v[IMP_PREFIX].set) {
        s = v->v[IMP_PREFIX].text;

        if (weir_imp_is_plain(s) && s.len > 0
            && memchr(s.data, '$', s.len) == NULL)
        {
            push(v->imp, &t->sets, weir_string("x-forwarded-prefix"), s);
            weir_imp_tell(v, IMP_PREFIX, IMP_DONE,
                          "policy.yaml: transform.request.set");
        }

        weir_imp_tell(v, IMP_PREFIX, IMP_LEFT, "its value has variables, or "
                      "bytes that are not printable ASCII");
    }

    if (v->v[IMP_VHOST].set) {
        s = v->v[IMP_VHOST].text;

        if (weir_imp_is_host(s, false)) {
            t->vhost = s;
            weir_imp_tell(v, IMP_VHOST, IMP_DONE,
                          "server.conf: proxy_set_header Host");
        }

        weir_imp_tell(v, IMP_VHOST, IMP_LEFT, "no host: upstreams get the "
                      "client's");
    }
}


/* The URL of copies: an upstream of its own. */
static void
mirror(imp_values_t *v, imp_traits_t *t)
{
    size_t               n;
    uint32_t             port;
    weir_str_t           s, host;
    imp_upstream_t      *u;
    weir_names_entry_t  *e;

    s = v->v[IMP_MIRROR].text;
    port = 80;

    if (!v->v[IMP_MIRROR].set) {
        return;
    }

    s = weir_str_starts(s, weir_string("http://"))
        ? weir_str(s.data + 7, s.len - 7) : weir_string("");

    if (weir_str_ends(s, weir_string("$request_uri"))) {
        s.len -= sizeof("$request_uri") - 1;
    }

    for (n = 0; n < s.len && s.data[n] != ':'; n++) { }

    host = weir_str(s.data, n);

    if (!weir_imp_is_host(host, false)
        || (n < s.len
            && (!weir_imp_number(weir_str(s.data + n + 1, s.len - n - 1),
                                 &port)
                || port == 0 || port > 65535)))
    {
        weir_imp_tell(v, IMP_MIRROR, IMP_LEFT, "not http://HOST[:PORT]"
                      "$request_uri: `mirror` of a split, or of nginx");
        return;
    }

    t->mirror = weir_imp_printf(v->imp, "mirror_%.*s_%u", WEIR_STR(host),
                                port);

    if (weir_imp_upstream_get(v->imp, t->mirror) == NULL) {
        u = weir_vec_push(v->imp->arena, &v->imp->upstreams);

        if (u == NULL
            || weir_names_add(&v->imp->by_upstream, t->mirror,
                              v->v[IMP_MIRROR].span,
                              (uint32_t) v->imp->upstreams.len - 1, &e)
               != WEIR_OK)
        {
            v->imp->nomem = true;
            return;
        }

        u->name = t->mirror;
        u->server = weir_imp_printf(v->imp, "%.*s:%u", WEIR_STR(host), port);
    }

    weir_imp_tell(v, IMP_MIRROR, IMP_NEAR, "policy.yaml: mirror of a split, "
                  "of GET and HEAD");
}


void
weir_imp_edge(imp_values_t *v, imp_traits_t *t)
{
    cors(v, t);

    /* as ingress-nginx looks at them */
    redirect(v, t, IMP_TEMPORAL, IMP_TEMPORAL_CODE, 302);
    redirect(v, t, IMP_PERMANENT, IMP_PERMANENT_CODE, 301);
    weir_imp_tell(v, IMP_PERMANENT, IMP_DONE,
                  "not looked at beside temporal-redirect");
    weir_imp_tell(v, IMP_PERMANENT_CODE, IMP_DONE,
                  "not looked at beside temporal-redirect");

    if (v->v[IMP_HEADERS].set) {
        custom_headers(v, t);
    }

    upstream_headers(v, t);
    mirror(v, t);
}
