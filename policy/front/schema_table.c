/*
 * schema_table.c: the keys of a policy, outermost last.
 *
 * A sentence is what the reference and an editor show.
 */

#include "front/schema_table.h"
#include "image/bounds.h"


static const weir_type_t  any = OF(ANY);
static const weir_type_t  text = OF(TEXT);
static const weir_type_t  cel = OF(CEL);
static const weir_type_t  host = OF(HOST);
static const weir_type_t  method = OF(METHOD);
static const weir_type_t  cidr = OF(CIDR);
static const weir_type_t  id = OF(ID);
static const weir_type_t  grant = OF(GRANT);
static const weir_type_t  list_ref = OF(LIST_REF);


/* policy, settings, lists */

static const weir_key_t  policy_keys[] = {
    { "name", REQ, OF(ID),
      "Name of the policy in status, metrics and audit." },
    { "serial", OPT, { .form = WEIR_F_INT, .min = 1, .max = INT64_MAX },
      "Grows with every release: an older image is refused." }
};

static const weir_object_t  policy = {
    "policy", "\"policy\"", KEYS(policy_keys), NULL
};

static const char *const  dots[] = { "resolve", "reject", NULL };
static const char *const  only_reject[] = { "reject", NULL };

static const weir_key_t  path_keys[] = {
    { "dot_segments", OPT, WORD(dots),
      "What becomes of /./ and /../: they are resolved unless the request is "
      "to be refused with 400." },
    { "merge_slashes", OPT, OF(BOOL),
      "Whether // is taken for /; true unless given.  It must say what "
      "\"merge_slashes\" says in nginx, or such a path is refused." },
    { "encoded_slash", OPT, WORD(only_reject),
      "What becomes of %2F and %5C: the request is refused with 400." },
    { "semicolon", OPT, WORD(only_reject),
      "What becomes of ';' in a path: the request is refused with 400." }
};

static const weir_object_t  path = {
    "path", "\"path\"", KEYS(path_keys), NULL
};

static const char *const  limit_headers[] = {
    "ietf", "legacy", "both", "none", NULL
};

static const weir_key_t  settings_keys[] = {
    { "path", OPT, OBJ(path),
      "How a path becomes canonical before anything is decided." },
    { "unmatched", OPT, OF(STATUS),
      "Status where no route matches; 404 unless given." },
    { "unknown_tenant", OPT, OF(STATUS),
      "Status where a request names a tenant that there is not; 404 unless "
      "given." },
    { "limit_headers", OPT, WORD(limit_headers),
      "Which headers tell a client of its limits: RateLimit and "
      "RateLimit-Policy (ietf), X-RateLimit-* (legacy); ietf unless given." }
};

static const weir_object_t  settings = {
    "settings", "\"settings\"", KEYS(settings_keys), NULL
};

static const weir_key_t  list_keys[] = {
    { "cidr", OPT, LIST(cidr),
      "Addresses and prefixes, IPv4 and IPv6." },
    { "cidr_file", OPT, OF(FILE),
      "A file of addresses and prefixes, one a line; # begins a comment." }
};

static const weir_object_t  list = {
    "list", "a list", KEYS(list_keys), NULL
};

static const weir_type_t  list_type = OBJ(list);


/* rules */

static const char *const  phases[] = { "connect", "access", NULL };

static const weir_key_t  deny_keys[] = {
    { "id", REQ, OF(ID),
      "Name of the rule in decisions and audit; unique in its layer." },
    { "when", REQ, OF(CEL),
      "The request is refused where this is true or fails." },
    { "phase", OPT, WORD(phases),
      "connect: before tenant and route are known, in the global layer only; "
      "access unless given." },
    { "status", OPT, OF(STATUS),
      "Status of the refusal; 403 unless given." },
    { "message", OPT, OF(TEXT),
      "What the client is told." },
    { "dry_run", OPT, OF(BOOL),
      "Decides and reports, but lets the request go on." }
};

static const weir_object_t  deny = {
    "deny_rule", "a rule of \"deny\"", KEYS(deny_keys), NULL
};

static const weir_type_t  deny_type = OBJ(deny);

static const weir_key_t  allow_keys[] = {
    { "id", REQ, OF(ID),
      "Name of the rule in decisions and audit; unique in its layer." },
    { "when", REQ, OF(CEL),
      "The layer lets the request pass where this is true." }
};

static const weir_object_t  allow = {
    "allow_rule", "a rule of \"allow\"", KEYS(allow_keys), NULL
};

static const weir_type_t  allow_type = OBJ(allow);

#define DENY_KEY                                                              \
    { "deny", OPT,                                                            \
      { .form = WEIR_F_LIST, .item = &deny_type, .max = WEIR_MAX_RULES },     \
      "Any of these that is true or fails refuses the request." }
#define ALLOW_KEY                                                             \
    { "allow", OPT,                                                           \
      { .form = WEIR_F_LIST, .item = &allow_type, .max = WEIR_MAX_RULES },    \
      "One of these must be true, in every layer that has any." }


/* roles */

static const weir_key_t  role_keys[] = {
    { "permissions", OPT, LIST(grant),
      "What the role may do: segments between colons; * is any one segment, "
      "** at the end one or more." },
    { "inherits", OPT, LIST(id),
      "Roles whose permissions it has too; of a tenant's role, its other "
      "roles or the policy's, and under its own name the policy's." }
};

static const weir_object_t  role = {
    "role", "a role", KEYS(role_keys), NULL
};

static const weir_type_t  role_type = OBJ(role);

static const weir_key_t  require_keys[] = {
    { "permission", OPT, { .form = WEIR_F_SOME, .item = &text },
      "Permissions that the caller's roles must have, all of them; without "
      "wildcards." },
    { "scope", OPT, { .form = WEIR_F_SOME, .item = &text },
      "Scopes that the caller's token must have, all of them." },
    { "when", OPT, OF(CEL),
      "Must be true of the request." }
};

static const weir_object_t  require = {
    "require", "\"require\"", KEYS(require_keys), NULL
};


/* tenants */

static const char *const  resolve_one[] = { "host", "header", "path", NULL };

static const weir_key_t  resolve_keys[] = {
    { "host", OPT, OF(HOST),
      "A host with one label {tenant}." },
    { "header", OPT, OF(HEADER),
      "A header whose value is the tenant." },
    { "trust", OPT, { .form = WEIR_F_LIST, .item = &list_ref, .min = 1 },
      "Lists of the peers that may send the header; from all others it is "
      "dropped." },
    { "path", OPT, OF(PATH),
      "A path template with one parameter {tenant}." }
};

static const weir_object_t  resolve = {
    "resolve", "a rule of \"resolve\"", KEYS(resolve_keys), resolve_one
};

static const weir_type_t  resolve_type = OBJ(resolve);

#define TENANT_KEYS                                                           \
    { "plan", OPT, OF(ID),                                                    \
      "Plan of the tenant: one of \"plans\", where there are any." },         \
    { "hosts", OPT, LIST(host),                                               \
      "Hosts that are this tenant's, whatever \"resolve\" says." },           \
    { "attrs", OPT, MAP(ID, any),                                             \
      "Anything that rules want to know: tenant.attrs." },                    \
    { "roles", OPT, MAP(ID, role_type),                                       \
      "The tenant's own roles by name; they hide the policy's." },            \
    DENY_KEY,                                                                 \
    ALLOW_KEY

static const weir_key_t  tenant_keys[] = { TENANT_KEYS };

static const weir_object_t  tenant = {
    "tenant", "a tenant", KEYS(tenant_keys), NULL
};

static const weir_type_t  tenant_type = OBJ(tenant);

static const weir_key_t  tenant_line_keys[] = {
    { "id", REQ, OF(ID), "Id of the tenant." },
    TENANT_KEYS
};

const weir_object_t  weir_schema_tenant_line = {
    "tenant_line", "a tenant", KEYS(tenant_line_keys), NULL
};

static const char *const  only_deny[] = { "deny", NULL };

static const weir_key_t  tenants_keys[] = {
    { "resolve", OPT, LIST(resolve_type),
      "How a request names its tenant; the first that applies decides." },
    { "list", OPT, MAP(ID, tenant_type),
      "Tenants by id; none is called _other, which is of metrics." },
    { "file", OPT, OF(FILE),
      "More tenants, one JSON object a line: id, and the keys of a tenant." },
    { "bind", OPT, { .form = WEIR_F_LIST, .item = &text, .min = 1 },
      "What of a caller's credential must be the tenant: claim.NAME (or a "
      "path of names; one with a slash is one name), apikey.tenant, "
      "mtls.tenant, mtls.uri_san or mtls.dns_san." },
    { "on_mismatch", OPT, WORD(only_deny),
      "What becomes of a request whose caller is of another tenant: it is "
      "refused with 403." }
};

static const weir_object_t  tenants = {
    "tenants", "\"tenants\"", KEYS(tenants_keys), NULL
};


/* routes */

static const char *const  test_one[] = { "equals", "prefix", "present", NULL };

static const weir_key_t  test_keys[] = {
    { "name", REQ, OF(HEADER), "Name of the header." },
    { "equals", OPT, OF(TEXT), "The whole value." },
    { "prefix", OPT, OF(TEXT), "What the value begins with." },
    { "present", OPT, OF(BOOL), "true: the header is there." }
};

static const weir_object_t  test = {
    "header_test", "a header test", KEYS(test_keys), test_one
};

static const weir_type_t  test_type = OBJ(test);

static const weir_key_t  match_keys[] = {
    { "host", OPT, OF(HOST),
      "A host, or *.SUFFIX for every host under it; any unless given." },
    { "path", REQ, OF(PATH),
      "A path template: literal segments, {name}, {name:pattern}, and ** for "
      "the rest." },
    { "methods", OPT, { .form = WEIR_F_LIST, .item = &method, .min = 1 },
      "Methods; any unless given." },
    { "headers", OPT,
      { .form = WEIR_F_LIST, .item = &test_type,
        .max = WEIR_MAX_HEADER_TESTS },
      "Tests of headers; all must hold." }
};

static const weir_object_t  match = {
    "match", "\"match\"", KEYS(match_keys), NULL
};

static const weir_key_t  route_keys[] = {
    { "id", REQ, OF(ID), "Name of the route; unique in the policy." },
    { "match", REQ, OBJ(match), "Which requests take the route." },
    { "public", OPT, OF(BOOL),
      "The only way around authentication.  The route has no allow rules; "
      "those of the other layers hold." },
    { "auth", OPT, OBJ(weir_schema_auth),
      "How callers prove who they are; by any way that the policy has unless "
      "given." },
    { "mfa", OPT, OBJ(weir_schema_mfa),
      "What a caller must have done to prove it (RFC 9470)." },
    DENY_KEY,
    ALLOW_KEY,
    { "upstream", OPT, OF(ID),
      "Name of the upstream block in nginx's configuration." },
    { "split", OPT, OF(ID),
      "Split whose arms name the upstream." },
    { "require", OPT, OBJ(require),
      "What the caller must have, besides what \"allow\" asks for.  Without "
      "\"allow\", the route lets in whoever has it." },
    { "limits", OPT,
      { .form = WEIR_F_LIST, .item = &id, .max = WEIR_MAX_ROUTE_LIMITS },
      "Limits of its requests, by name; a quota's stands for all its "
      "periods." },
    { "cors", OPT, OF(ID),
      "Whose pages may read answers: a name in \"cors\".  Preflights of the "
      "route are answered." },
    { "transform", OPT, OBJ(weir_schema_transform),
      "What is rewritten on the way to the upstream and back." },
    { "version", OPT, OBJ(weir_schema_version),
      "Which version of the interface it is, and until when." }
};

static const weir_object_t  route = {
    "route", "a route", KEYS(route_keys), NULL
};

static const weir_type_t  route_type = OBJ(route);


/* audit */

static const weir_key_t  sample_keys[] = {
    { "allow", OPT, OF(PERCENT),
      "Share of allowed requests that are logged; 1% unless given." },
    { "deny", OPT, OF(PERCENT),
      "Share of refused requests that are logged; 100% unless given." }
};

static const weir_object_t  sample = {
    "sample", "\"sample\"", KEYS(sample_keys), NULL
};

static const weir_key_t  audit_keys[] = {
    { "sample", OPT, OBJ(sample),
      "How many decisions the audit log keeps." },
    { "redact", OPT, LIST(text),
      "Fields of the audit log that are hashed." }
};

static const weir_object_t  audit = {
    "audit", "\"audit\"", KEYS(audit_keys), NULL
};


/* the whole */

static const weir_type_t  issuer_type = OBJ(weir_schema_issuer);
static const weir_type_t  limit_type = OBJ(weir_schema_limit);
static const weir_type_t  plan_type = OBJ(weir_schema_plan);
static const weir_type_t  flag_type = OBJ(weir_schema_flag);
static const weir_type_t  split_type = OBJ(weir_schema_split);

static const weir_type_t  cors_type = OBJ(weir_schema_cors);
static const weir_type_t  maintenance_type = OBJ(weir_schema_maintenance);

static const weir_key_t  root_keys[] = {
    { "weir", REQ, { .form = WEIR_F_INT, .min = 1, .max = 1 },
      "Version of the source language." },
    { "policy", OPT, OBJ(policy),
      "What the policy is called." },
    { "settings", OPT, OBJ(settings),
      "What holds for every request." },
    { "include", OPT, { .form = WEIR_F_SOME, .item = &text },
      "Files or patterns, relative to this file, whose sections are added." },
    { "lists", OPT, MAP(IDENT, list_type),
      "Named lists of addresses: lists.NAME." },
    { "tenants", OPT, OBJ(tenants),
      "Who the tenants are and how a request names its own." },
    { "plans", OPT, MAP(ID, plan_type),
      "What tenants may use, by the name of their plan." },
    { "issuers", OPT, MAP(ID, issuer_type),
      "Who issues tokens." },
    { "apikeys", OPT, OBJ(weir_schema_apikeys),
      "Keys of callers that are programs." },
    { "mtls", OPT, OBJ(weir_schema_mtls),
      "Who callers are that prove it with a certificate." },
    { "vars", OPT, MAP(IDENT, cel),
      "Named expressions, evaluated at most once a request: vars.NAME." },
    DENY_KEY,
    ALLOW_KEY,
    { "limits", OPT, MAP(ID, limit_type),
      "How much callers may use, by the names that routes give." },
    { "routes", OPT, LIST(route_type),
      "Which requests there are; the most specific route is taken." },
    { "audit", OPT, OBJ(audit),
      "What is logged of decisions." },
    { "tests", OPT, { .form = WEIR_F_SOME, .item = &text },
      "Files or patterns, relative to this file, that `weir test` runs." },
    { "flags", OPT, MAP(IDENT, flag_type),
      "Switches that are on for a share of keys: flags.NAME." },
    { "maintenance", OPT,
      { .form = WEIR_F_LIST, .item = &maintenance_type,
        .max = WEIR_MAX_MAINTENANCE },
      "What is turned away, once the caller is known; the first that holds "
      "answers." },
    { "roles", OPT, MAP(ID, role_type),
      "What callers may do, by the name of a role that their credentials "
      "have." },
    { "splits", OPT, MAP(ID, split_type),
      "How requests are divided among upstreams, by the names that routes "
      "give." },
    { "cors", OPT, MAP(ID, cors_type),
      "Which pages of other origins may read answers (the Fetch standard), "
      "by the names that routes give." }
};

const weir_object_t  weir_schema_policy = {
    "root", "a policy", KEYS(root_keys), NULL
};

/* without the keys that are the main file's: the first three */
const weir_object_t  weir_schema_included = {
    "included", "an included file", root_keys + 3,
    sizeof(root_keys) / sizeof(root_keys[0]) - 3, NULL
};
