/*
 * import_limits.c: limits of an Ingress, which all of its paths share.
 *
 * nginx lets pass one request and `burst` more at once, where a limit of Weir
 * has all of them in its burst.
 */

#include "cli/import.h"

#define MAX_LIMITS   4096u
#define MULTIPLIER   5u


static void
add_limit(imp_values_t *v, imp_traits_t *t, weir_str_t wish, weir_str_t body,
    uint32_t burst, unsigned status, bool connections, unsigned id)
{
    imp_limit_t  *limit;
    weir_str_t    name;

    name = weir_imp_item(v->imp, &v->imp->limits, wish, body);

    if (name.len == 0) {
        weir_imp_tell(v, id, IMP_LEFT, "a policy has %u limits at most",
                      MAX_LIMITS);
        return;
    }

    limit = weir_vec_push(v->imp->arena, &t->limits);

    if (limit == NULL) {
        v->imp->nomem = true;
        return;
    }

    limit->name = name;
    limit->burst = burst;       /* 0: a test would need more than one key */
    limit->status = status;
    limit->connections = connections;

    weir_imp_tell(v, id, connections ? IMP_NEAR : IMP_DONE,
                  connections ? "policy.yaml: limits.%.*s, of requests in "
                  "flight on a node, not of connections"
                  : "policy.yaml: limits.%.*s, on each replica, as before",
                  WEIR_STR(name));
}


/* The list of addresses that are not limited, by name; or "". */
static weir_str_t
free_list(imp_values_t *v, unsigned id, weir_str_t wish)
{
    weir_str_t  name, in, out;

    if (!v->v[id].set) {
        return weir_string("");
    }

    name = weir_imp_cidrs(v->imp, wish, v->v[id].text, &in, &out);

    if (name.len == 0) {
        weir_imp_tell(v, id, IMP_LEFT, "no list of prefixes: nobody is spared");
    } else {
        weir_imp_tell(v, id, IMP_DONE, "policy.yaml: lists.%.*s",
                      WEIR_STR(name));
    }

    return name;
}


static void
rate(imp_values_t *v, imp_traits_t *t, unsigned id, char unit,
    weir_str_t spared)
{
    uint32_t    n, times;
    weir_str_t  body;

    if (!v->v[id].set) {
        return;
    }

    times = MULTIPLIER;

    if (v->v[IMP_BURST].set) {

        if (weir_imp_number(v->v[IMP_BURST].text, &times) && times > 0
            && times <= 1000)
        {
            weir_imp_tell(v, IMP_BURST, IMP_DONE, "policy.yaml: burst");
        } else {
            times = MULTIPLIER;
            weir_imp_tell(v, IMP_BURST, IMP_LEFT,
                          "no number from 1 to 1000: %u is taken", MULTIPLIER);
        }
    }

    if (!weir_imp_number(v->v[id].text, &n) || n > 1000000) {
        weir_imp_tell(v, id, IMP_LEFT, "no number up to 1000000: nothing is "
                      "limited");
        return;
    }

    if (n == 0) {
        weir_imp_tell(v, id, IMP_DONE, "0 limits nothing");
        return;
    }

    body = weir_imp_printf(v->imp, "    # %.*s\n    phase: preauth\n"
                           "    key: [source.ip]\n    rate: %u/%c\n"
                           "    burst: %u\n    status: %u\n",
                           WEIR_STR(v->object->label), n, unit, n * times + 1,
                           v->imp->limit_status);

    if (spared.len != 0) {
        body = weir_imp_printf(v->imp, "%.*s    cost: "
                               "\"lists.%.*s.contains(source.ip) ? 0 : 1\"\n",
                               WEIR_STR(body), WEIR_STR(spared));
    }

    add_limit(v, t, weir_imp_printf(v->imp, "%.*s-%.*s-%s",
                                    WEIR_STR(v->object->ns),
                                    WEIR_STR(v->object->name),
                                    unit == 's' ? "rps" : "rpm"),
              body, spared.len == 0 ? n * times + 1 : 0,
              v->imp->limit_status, false, id);
}


static void
connections(imp_values_t *v, imp_traits_t *t, weir_str_t spared)
{
    uint32_t    n;
    weir_str_t  body, key;

    if (!v->v[IMP_CONNECTIONS].set) {
        return;
    }

    if (!weir_imp_number(v->v[IMP_CONNECTIONS].text, &n) || n == 0
        || n > 1000000)
    {
        weir_imp_tell(v, IMP_CONNECTIONS, IMP_LEFT,
                      "no number from 1 to 1000000: nothing is limited");
        return;
    }

    key = spared.len == 0
          ? weir_string("source.ip")
          : weir_imp_printf(v->imp, "\"lists.%.*s.contains(source.ip) ? "
                            "request.id : string(source.ip)\"",
                            WEIR_STR(spared));

    body = weir_imp_printf(v->imp, "    # %.*s\n    phase: preauth\n"
                           "    key: [%.*s]\n"
                           "    concurrency: %u\n    status: %u\n",
                           WEIR_STR(v->object->label), WEIR_STR(key), n,
                           v->imp->conn_status);

    add_limit(v, t, weir_imp_printf(v->imp, "%.*s-%.*s-connections",
                                    WEIR_STR(v->object->ns),
                                    WEIR_STR(v->object->name)),
              body, spared.len == 0 ? n : 0, v->imp->conn_status, true,
              IMP_CONNECTIONS);
}


/* The key in CEL; false: it has parts that are not known. */
static bool
global_key(imp_values_t *v, weir_str_t *out)
{
    char        *p;
    size_t       i;
    weir_str_t   s;

    s = v->v[IMP_GLOBAL_KEY].text;

    if (!v->v[IMP_GLOBAL_KEY].set
        || weir_str_eq(s, weir_string("$remote_addr"))
        || weir_str_eq(s, weir_string("$binary_remote_addr")))
    {
        *out = weir_string("source.ip");
        return true;
    }

    if (weir_str_eq(s, weir_string("$host"))) {
        *out = weir_string("request.host");
        return true;
    }

    if (!weir_str_starts(s, weir_string("$http_"))
        || !weir_imp_is_header(weir_str(s.data + 6, s.len - 6)))
    {
        return false;
    }

    s = weir_imp_lower(v->imp, weir_str(s.data + 6, s.len - 6));
    p = weir_arena_alloc(v->imp->arena, s.len + 1);

    if (p == NULL) {
        v->imp->nomem = true;
        return false;
    }

    for (i = 0; i < s.len; i++) {
        p[i] = s.data[i] == '_' ? '-' : s.data[i];
    }

    *out = weir_imp_yaml(v->imp, weir_imp_printf(
        v->imp, "request.headers[?\"%.*s\"].orValue(\"\")", (int) s.len, p));

    return true;
}


static bool
is_window(weir_str_t s)
{
    uint32_t  n;

    return s.len > 1 && strchr("smh", s.data[s.len - 1]) != NULL
           && weir_imp_number(weir_str(s.data, s.len - 1), &n) && n > 0
           && n <= (s.data[s.len - 1] == 'h' ? 24u
                    : s.data[s.len - 1] == 'm' ? 1440u : 86400u);
}


static void
global(imp_values_t *v, imp_traits_t *t)
{
    uint32_t    n;
    weir_str_t  key, window, spared, body;

    if (!v->v[IMP_GLOBAL_LIMIT].set) {
        return;
    }

    window = v->v[IMP_GLOBAL_WINDOW].set ? v->v[IMP_GLOBAL_WINDOW].text
                                         : weir_string("1m");

    if (!weir_imp_number(v->v[IMP_GLOBAL_LIMIT].text, &n) || n == 0
        || !is_window(window) || !global_key(v, &key))
    {
        weir_imp_tell(v, IMP_GLOBAL_LIMIT, IMP_LEFT, "its figure, its window "
                      "or its key is none that is known: nothing is limited");
        return;
    }

    spared = free_list(v, IMP_GLOBAL_IGNORED,
                       weir_imp_printf(v->imp, "%.*s_%.*s_spared",
                                       WEIR_STR(v->object->ns),
                                       WEIR_STR(v->object->name)));

    body = weir_imp_printf(v->imp, "    # %.*s\n    phase: preauth\n"
                           "    key: [%.*s]\n    rate: %u/%.*s\n"
                           "    algorithm: sliding_window\n"
                           "    scope: cluster\n",
                           WEIR_STR(v->object->label), WEIR_STR(key), n,
                           WEIR_STR(window));

    if (spared.len != 0) {
        body = weir_imp_printf(v->imp, "%.*s    cost: "
                               "\"lists.%.*s.contains(source.ip) ? 0 : 1\"\n",
                               WEIR_STR(body), WEIR_STR(spared));
    }

    /* told first: it is near what it was, and add_limit() says done */
    weir_imp_tell(v, IMP_GLOBAL_LIMIT, IMP_NEAR, "policy.yaml: a limit of the "
                  "cluster, which needs weir_redis in nginx");
    weir_imp_tell(v, IMP_GLOBAL_WINDOW, IMP_NEAR, "policy.yaml: its window");
    weir_imp_tell(v, IMP_GLOBAL_KEY, IMP_NEAR, "policy.yaml: its key");
    add_limit(v, t, weir_imp_printf(v->imp, "%.*s-%.*s-global",
                                    WEIR_STR(v->object->ns),
                                    WEIR_STR(v->object->name)),
              body, 0, 429, false, IMP_GLOBAL_LIMIT);
}


void
weir_imp_limits(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  spared;

    v->imp->limits.max = MAX_LIMITS;
    spared = weir_string("");

    if (v->v[IMP_RPS].set || v->v[IMP_RPM].set || v->v[IMP_CONNECTIONS].set) {
        spared = free_list(v, IMP_LIMIT_LIST,
                           weir_imp_printf(v->imp, "%.*s_%.*s_unlimited",
                                           WEIR_STR(v->object->ns),
                                           WEIR_STR(v->object->name)));
    }

    rate(v, t, IMP_RPS, 's', spared);
    rate(v, t, IMP_RPM, 'm', spared);
    connections(v, t, spared);
    global(v, t);
}
