/*
 * import.c: weir import FILE... [-o DIR]: manifests of Kubernetes to a policy.
 *
 * Nothing is written before the policy is compiled and verified.
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/import.h"
#include "cli/options.h"

typedef struct {
    const char  *name;
    weir_str_t   text;
} output_t;

#define OUTPUTS  4
#define ROUNDS   16


static cli_exit_t
out_of_memory(void)
{
    return weir_cli_fail(CLI_INTERNAL, "import", "out of memory");
}


/* The policy is the only file that there is. */
static weir_rc_t
read_text(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    const weir_str_t  *policy;

    (void) a;
    policy = data;

    if (!weir_str_eq(path, weir_string("policy.yaml"))) {
        *why = "no such file";
        return WEIR_ERROR;
    }

    *text = *policy;

    return WEIR_OK;
}


static weir_rc_t
glob_nothing(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    (void) data;
    (void) a;
    (void) pattern;
    *paths = NULL;
    *n = 0;

    return WEIR_OK;
}


/* The request of the route's test, from an address. */
static bool
make_probe(imp_t *imp, const imp_route_t *r, weir_str_t source,
    cli_request_t *q)
{
    size_t      i;
    weir_str_t  host;

    host = r->host.len == 0 ? weir_string("other.invalid")
           : r->host.data[0] != '*' ? r->host
           : weir_imp_printf(imp, "x%.*s", (int) r->host.len - 1,
                             r->host.data + 1);

    if (!weir_cli_request_url(q, weir_imp_printf(
            imp, "http://%.*s%.*s", WEIR_STR(host), WEIR_STR(r->path.probe)))
        || !weir_cli_request_set(q, weir_string("mtls"), weir_string("true"))
        || !weir_cli_request_set(q, weir_string("sni"), host)
        || (r->method.len != 0
            && !weir_cli_request_set(q, weir_string("method"), r->method))
        || (source.len != 0
            && !weir_cli_request_set(q, weir_string("source"), source)))
    {
        return false;
    }

    for (i = 0; i < r->headers.len; i++) {
        if (!weir_cli_request_header(q, weir_imp_printf(
                imp, "%.*s: %.*s", WEIR_STR(r->headers.items[i].name),
                WEIR_STR(r->headers.items[i].value))))
        {
            return false;
        }
    }

    return weir_cli_request_finish(q);
}


/* *fits: the request gets the route, and in where anybody does. */
static cli_exit_t
decide_probe(imp_t *imp, const cli_policy_t *p, const imp_route_t *r,
    weir_str_t source, bool *fits)
{
    weir_txn_t       *txn;
    cli_exit_t        code;
    weir_arena_t     *a;
    cli_request_t     q;
    weir_decision_t   d;

    a = weir_arena_create();

    if (a == NULL) {
        return out_of_memory();
    }

    *fits = false;
    code = CLI_OK;
    weir_cli_request_init(&q, a);

    if (make_probe(imp, r, source, &q)) {
        code = weir_cli_decide(p, &q, NULL, &txn, &d);
        *fits = code == CLI_OK && weir_str_eq(d.route, r->id)
                && (d.verdict == WEIR_ALLOW || r->t.closed != NULL);
    }

    weir_arena_destroy(a);

    return code;
}


/* From which address the request of each test comes, if it is one. */
static cli_exit_t
try_probes(imp_t *imp, const cli_policy_t *p)
{
    bool          fits;
    size_t        i, j, n;
    cli_exit_t    code;
    imp_route_t  *r;

    fits = false;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];
        r->source = weir_string("");
        n = imp->deny.len + r->t.deny.len;
        j = 0;

        if (r->out) {
            r->untested = true;
            continue;
        }

        for ( ;; ) {
            code = decide_probe(imp, p, r, r->source, &fits);

            if (code != CLI_OK) {
                return code;
            }

            if (fits || j == n) {
                break;
            }

            r->source = j < imp->deny.len
                        ? imp->deny.items[j].in
                        : r->t.deny.items[j - imp->deny.len].in;
            j++;
        }

        r->untested = !fits;
    }

    return CLI_OK;
}


/* The id of the route that has the line, "" = none. */
static weir_str_t
route_at(weir_str_t text, uint32_t line)
{
    size_t      n;
    uint32_t    i;
    weir_str_t  id, mark, at;

    id = weir_string("");
    mark = weir_string("  - id: ");

    for (i = 1; text.len > 0 && i <= line; i++) {

        for (n = 0; n < text.len && text.data[n] != '\n'; n++) { }

        at = weir_str(text.data, n);

        if (weir_str_starts(at, mark)) {
            id = weir_str(at.data + mark.len, at.len - mark.len);

        } else if (n > 0 && at.data[0] != ' ') {
            id = weir_string("");
        }

        n += n < text.len;
        text = weir_str(text.data + n, text.len - n);
    }

    return id;
}


/* What the compiler refuses of a route; false: it is no route's. */
static bool
leave_out(imp_t *imp, weir_str_t text, const weir_diag_t *g)
{
    size_t        i;
    weir_str_t    id;
    imp_route_t  *r;

    id = route_at(text, g->span.line);

    for (i = 0; id.len != 0 && i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (!weir_str_eq(r->id, id)) {
            continue;
        }

        if (r->out) {
            return true;
        }

        weir_imp_note(imp, IMP_LEFT, r->from, r->span,
                      weir_imp_printf(imp, "routes.%.*s", WEIR_STR(r->id)),
                      "left out, and what is below %.*s closed where no other "
                      "route has it: %.*s", WEIR_STR(r->path.location),
                      WEIR_STR(g->text));
        r->out = true;
        weir_imp_shut(imp, r, r->path.location, "a path of it ties with "
                      "another");
        r->t.closed = "left out";

        return true;
    }

    return false;
}


/* *again: routes were left out, and the policy is to be made anew. */
static cli_exit_t
compile(imp_t *imp, weir_str_t text, bool *again)
{
    size_t         i;
    cli_exit_t     code;
    cli_policy_t   p;
    weir_loader_t  loader;

    *again = false;
    loader.read = read_text;
    loader.glob = glob_nothing;
    loader.data = &text;

    code = weir_cli_load_with("import", "policy.yaml", &loader, &p);

    if (code == CLI_SOURCE) {
        *again = p.diags.list.len != 0;

        for (i = 0; i < p.diags.list.len; i++) {
            *again = *again && leave_out(imp, text, &p.diags.list.items[i]);
        }

        if (!*again) {
            weir_cli_report(&p.diags, CLI_TEXT);
        }
    }

    if (code == CLI_OK) {
        code = try_probes(imp, &p);
    }

    weir_cli_close(&p);

    return code;
}


/* The policy, without the routes that the compiler refuses. */
static cli_exit_t
make_policy(imp_t *imp, weir_str_t *policy)
{
    bool        again;
    unsigned    i;
    cli_exit_t  code;

    for (i = 0; i < ROUNDS; i++) {
        weir_imp_finish(imp);
        *policy = weir_imp_policy(imp);

        if (imp->nomem) {
            return out_of_memory();
        }

        code = compile(imp, *policy, &again);

        if (!again) {
            return code;
        }
    }

    return weir_cli_fail(CLI_SOURCE, "import", "routes tie with each other, "
                         "however many are left out");
}


static cli_exit_t
write_all(const char *dir, const output_t *outputs)
{
    int         n;
    char        path[PATH_MAX];
    size_t      i;
    cli_exit_t  code;

    if (mkdir(dir, 0777) == -1 && errno != EEXIST) {
        return weir_cli_fail(CLI_INTERNAL, "import", "%s: %s", dir,
                             strerror(errno));
    }

    for (i = 0; i < OUTPUTS; i++) {
        n = snprintf(path, sizeof(path), "%s/%s", dir, outputs[i].name);

        if (n < 0 || (size_t) n >= sizeof(path)) {
            return weir_cli_fail(CLI_INTERNAL, "import", "%s: %s", dir,
                                 strerror(ENAMETOOLONG));
        }

        code = weir_cli_write("import", path, outputs[i].text, 0666);

        if (code != CLI_OK) {
            return code;
        }
    }

    return CLI_OK;
}


static bool
is_left(const imp_t *imp)
{
    size_t  i;

    for (i = 0; i < imp->notes.len; i++) {
        if (imp->notes.items[i].fate == IMP_LEFT) {
            return true;
        }
    }

    return false;
}


static cli_exit_t
translate(imp_t *imp, const char *dir, cli_format_t format)
{
    size_t      i;
    cli_exit_t  code;
    output_t    outputs[OUTPUTS];

    weir_imp_config(imp);
    weir_imp_ingresses(imp);
    weir_imp_gateway(imp);

    if (imp->diags.errors != 0) {
        weir_cli_report(&imp->diags, CLI_TEXT);
        return CLI_SOURCE;
    }

    if (imp->routes.len + imp->shut.len == 0 && !imp->nomem) {
        return weir_cli_fail(CLI_SOURCE, "import", "no Ingress and no "
                             "HTTPRoute that makes a route");
    }

    outputs[0] = (output_t) { "policy.yaml", weir_string("") };
    code = make_policy(imp, &outputs[0].text);

    if (code != CLI_OK) {
        return code;
    }

    outputs[1] = (output_t) { "policy.weir-test.yaml", weir_imp_tests(imp) };
    outputs[2] = (output_t) { "upstreams.conf", weir_imp_upstreams(imp) };
    outputs[3] = (output_t) { "server.conf", weir_imp_servers(imp) };

    for (i = 0; i < OUTPUTS; i++) {
        imp->nomem |= outputs[i].text.data == NULL;
    }

    if (imp->nomem) {
        return out_of_memory();
    }

    code = dir != NULL ? write_all(dir, outputs)
                       : weir_cli_write("import", "-", outputs[0].text, 0);

    if (code != CLI_OK) {
        return code;
    }

    weir_imp_report(imp, format, dir != NULL ? stdout : stderr);

    return is_left(imp) ? CLI_LEFT : CLI_OK;
}


static void
init(imp_t *imp, weir_arena_t *a)
{
    memset(imp, 0, sizeof(imp_t));

    imp->arena = a;
    imp->diags.arena = a;
    imp->lists.names.arena = a;
    imp->lists.bodies.arena = a;
    imp->limits.names.arena = a;
    imp->limits.bodies.arena = a;
    imp->cors.names.arena = a;
    imp->cors.bodies.arena = a;
    imp->splits.names.arena = a;
    imp->splits.bodies.arena = a;
    imp->splits.max = WEIR_MAX_SPLITS;
    imp->by_object.arena = a;
    imp->by_host.arena = a;
    imp->by_upstream.arena = a;
    imp->by_match.arena = a;
    imp->ids.arena = a;
    imp->settings = weir_string("");
    imp->limit_status = 503;
    imp->conn_status = 503;
    imp->ssl_redirect = true;
}


cli_exit_t
weir_cli_import(int argc, char **argv)
{
    int            c;
    imp_t          imp;
    const char    *dir;
    cli_exit_t     code;
    weir_arena_t  *a;
    cli_format_t   format;

    dir = NULL;
    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == 'o') {
            dir = strcmp(optarg, "-") != 0 ? optarg : NULL;

        } else if (c != 'f'
                   || !weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                       &format))
        {
            return weir_cli_usage("import");
        }
    }

    if (optind == argc) {
        return weir_cli_usage("import");
    }

    a = weir_arena_create();

    if (a == NULL) {
        return out_of_memory();
    }

    init(&imp, a);
    code = CLI_OK;

    for (c = optind; c < argc && code == CLI_OK; c++) {
        code = weir_imp_read(&imp, argv[c]);
    }

    if (code == CLI_OK && imp.nomem) {
        code = out_of_memory();
    }

    if (code == CLI_OK && imp.diags.errors != 0) {
        weir_cli_report(&imp.diags, CLI_TEXT);
        code = CLI_SOURCE;
    }

    if (code == CLI_OK) {
        code = translate(&imp, dir, format);
    }

    weir_arena_destroy(a);

    return code;
}
