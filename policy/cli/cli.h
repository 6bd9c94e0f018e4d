/*
 * cli.h: what the verbs of the weir command share.
 */

#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include "cli/counting.h"
#include "front/compile.h"
#include "front/yaml.h"
#include "run/decide.h"

/* documented for users: scripts rest on them */
typedef enum {
    CLI_OK = 0,
    CLI_INTERNAL = 1,           /* I/O, memory */
    CLI_USAGE = 2,
    CLI_SOURCE = 3,             /* the source or image is invalid */
    CLI_TEST = 4,               /* a test of `weir test` failed */
    CLI_LINT = 5,
    CLI_DIFFERS = 6,
    CLI_SIGNATURE = 7,
    CLI_LEFT = 8,               /* `weir import`: something is left by hand */
    CLI_DENIED = 10             /* `weir eval`: the verdict is deny; of orders:
                                   they are refused */
} cli_exit_t;

typedef enum {
    CLI_TEXT,
    CLI_JSON,
    CLI_SARIF,
    CLI_JUNIT,
    CLI_TAP,
    CLI_GITHUB
} cli_format_t;

/* formats that weir_cli_report() prints, a bit each */
#define CLI_REPORTS                                                           \
    (1u << CLI_TEXT | 1u << CLI_JSON | 1u << CLI_SARIF | 1u << CLI_GITHUB)

/* verb, what follows it, one sentence for `weir help` */
#define CLI_VERBS(V)                                                          \
    V(compile, "FILE -o IMAGE", "compile a policy to an image")               \
    V(check,   "FILE...", "print the errors of policies, write nothing")      \
    V(lint,    "FILE...", "print errors and advice, write nothing")           \
    V(fmt,     "[--check] FILE...", "write policies in their canonical form") \
    V(test,    "FILE [TESTS...]", "run tests, or those that the policy names")\
    V(eval,    "FILE [METHOD] URL", "decide one request")                     \
    V(explain, "FILE [METHOD] URL", "decide one request and show every step") \
    V(diff,    "OLD NEW", "what changes for whom, with a request that shows") \
    V(sim,     "FILE LOG", "whom the limits would have refused in a log")     \
    V(audit,   "FILE", "print who can do what, route by route")               \
    V(import,  "FILE...", "make a policy of manifests of Kubernetes")         \
    V(inspect, "[--code] IMAGE", "print sections and sizes of an image")      \
    V(bench,   "FILE [[METHOD] URL]", "measure the decisions of a policy")    \
    V(watch,   "FILE -o IMAGE", "compile again whenever a source changes")    \
    V(keygen,  "-o FILE", "make a key pair: FILE and FILE.pub")               \
    V(sign,    "-k FILE IMAGE", "sign an image with a key of keygen")         \
    V(verify,  "[-k FILE.pub] IMAGE", "verify an image, and its signature")   \
    V(token,   "sign|verify|show ...", "issue tokens, verify and show them")  \
    V(apikey,  "new|hash ...", "make API keys and their lines in a policy")   \
    V(jwks,    "new|check|pem ...", "make, convert and check keys of tokens") \
    V(split,   "list|rollback|resume|pin ...",                                \
      "show the splits of a running nginx, and give orders")                  \
    V(probe,   "URL", "whether a server answers with 2xx")                    \
    V(schema,  "", "print the JSON Schema of the source")                     \
    V(completion, "bash|zsh|fish", "print the completion of a shell")         \
    V(version, "", "print the version")                                       \
    V(help,    "[VERB]", "print this list, or how to use a verb")

typedef struct {
    const char  *name;
    const char  *args;
    const char  *text;
    cli_exit_t (*run)(int argc, char **argv);
} cli_verb_t;

#define V(name, args, text)                                                   \
    cli_exit_t weir_cli_##name(int argc, char **argv);
CLI_VERBS(V)
#undef V

extern const cli_verb_t  weir_cli_verbs[];

/*
 * "weir VERB: ..." on standard error.  Returns the code, so that a caller
 * can return it.
 */
cli_exit_t weir_cli_fail(cli_exit_t code, const char *verb, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Of several files: what is internal before an error, that before advice. */
cli_exit_t weir_cli_worse(cli_exit_t a, cli_exit_t b);

/* "usage: ..." of a verb; CLI_USAGE. */
cli_exit_t weir_cli_usage(const char *verb);

/* false: no such format, or not one of those allowed (a bit each). */
bool weir_cli_format(const char *name, unsigned allowed, cli_format_t *out);


/* load.c: sources and images as users name them; "-" is standard input */

/* Of an issuer. */
typedef struct {
    bool           tried;
    weir_keys_t   *set;         /* NULL: there are none */
} cli_keys_t;

typedef struct {
    weir_arena_t  *arena;
    weir_diags_t   diags;
    weir_model_t  *model;       /* NULL when an image was named */
    weir_origins_t origins;     /* of the code, when a source was */
    weir_str_t     bytes;       /* of the image; aligned */
    weir_image_t   image;
    bool           opened;
    cli_keys_t    *keys;        /* by issuer, read when they are wanted */
} cli_policy_t;

/*
 * Loads, checks and compiles a source.  Diagnostics stay in p->diags, for
 * the caller to print.  CLI_SOURCE when there are errors.
 */
cli_exit_t weir_cli_load(const char *verb, const char *path, bool lint,
    cli_policy_t *p);

/* The same of files that the loader reads. */
cli_exit_t weir_cli_load_with(const char *verb, const char *path,
    const weir_loader_t *loader, cli_policy_t *p);

/* As weir_cli_load(), or verifies when the file is an image; then opens. */
cli_exit_t weir_cli_open(const char *verb, const char *path, cli_policy_t *p);
/* Diagnostics are printed in a format of weir_cli_report(), not as text. */
cli_exit_t weir_cli_open_as(const char *verb, const char *path,
    cli_format_t format, cli_policy_t *p);

void weir_cli_close(cli_policy_t *p);

/* The whole file; the bytes are in the arena, 16-byte aligned. */
cli_exit_t weir_cli_read(const char *verb, const char *path, weir_arena_t *a,
    weir_str_t *out);

/*
 * By a temporary file and rename: whole, or not at all.  Links stay, and so
 * does the mode of a file that there is; that of a new one is cut by the
 * umask.  A device or a pipe is written to.
 */
cli_exit_t weir_cli_write(const char *verb, const char *path, weir_str_t bytes,
    unsigned mode);


/* report.c */

/* On standard error as text, else on standard output. */
/* Sorts them by place. */
void weir_cli_report(weir_diags_t *d, cli_format_t format);
/* "E0302"; W for advice. */
void weir_cli_code(const weir_diag_t *g, char out[8]);
/* Text of a workflow command of GitHub, or a property of one. */
void weir_cli_print_github(weir_str_t s, bool property);
/* Text from outside: what could drive a terminal is made visible. */
void weir_cli_print(weir_str_t s, FILE *out);
/* Whether a stream is for colours: a terminal, and NO_COLOR is not set. */
bool weir_cli_colour(FILE *out);


/* request.c: a request from the command line or a test */

typedef struct {
    weir_str_t  name;           /* lower case */
    weir_str_t  value;
} cli_pair_t;

typedef weir_vec_t(cli_pair_t)  cli_pairs_t;

/* A time, as CEL has it. */
typedef struct {
    int64_t                  sec;
    int32_t                  nsec;
} cli_time_t;

/* What the upstream answered, and what was known with it: for costs. */
typedef struct {
    int64_t                  code;          /* 0: there was no answer */
    int64_t                  size;
    int64_t                  request_size;
    cli_time_t               duration;      /* of the whole request */
    cli_time_t               backend_latency;
    cli_pairs_t              headers;
} cli_response_t;

typedef struct {
    cli_counting_t          *counting;      /* comes first: counting.h */
    weir_arena_t            *arena;
    weir_request_t           req;
    weir_splits_t           *splits;        /* their states; or NULL */
    const weir_txn_t        *txn;           /* set by weir_cli_decide(), */
    const cli_policy_t      *policy;        /* and so is this */
    weir_str_t               scheme;
    weir_str_t               target;        /* path and query as sent */
    weir_str_t               query;
    weir_str_t               protocol;
    weir_str_t               id;
    weir_ip_t                destination;
    int64_t                  port;
    int64_t                  destination_port;
    int64_t                  content_length;
    int64_t                  time;          /* seconds since 1970 */
    bool                     mtls;
    weir_str_t               tls_version;
    weir_str_t               sni;
    cli_pairs_t              sent;          /* headers, each as it came */
    cli_pairs_t              headers;
    cli_pairs_t              cookies;
    cli_pairs_t              params;
    bool                     bad_query;     /* params are an error */
    cli_response_t           response;
    weir_vec_t(const weir_node_t *)  given; /* who calls: given.h */
} cli_request_t;

/* Serves requests whose host_data is a cli_request_t: routing.c. */
extern const weir_router_t  weir_cli_router;

/* GET http://localhost/ from 127.0.0.1, now. */
void weir_cli_request_init(cli_request_t *r, weir_arena_t *a);
/* scheme://host[:port]/path?query, or a path alone; false: not one. */
bool weir_cli_request_url(cli_request_t *r, weir_str_t url);
/* "Name: value"; false: no colon. */
bool weir_cli_request_header(cli_request_t *r, weir_str_t line);
/*
 * A property by its name in tests and of --set: source, peer, time,
 * content_length, mtls, method, host, scheme, protocol, tls_version, sni, id;
 * false: no such name, or a value that is none.
 */
bool weir_cli_request_set(cli_request_t *r, weir_str_t name,
    weir_str_t value);
/*
 * A field of the response: code, size, request_size, duration or
 * backend_latency; a header as of the request.
 */
bool weir_cli_response_set(cli_request_t *r, weir_str_t name,
    weir_str_t value);
bool weir_cli_response_header(cli_request_t *r, weir_str_t line);
/* Call when all is set: joins headers, reads cookies and parameters. */
bool weir_cli_request_finish(cli_request_t *r);
/* -H, --set or --principal; CLI_USAGE after it said what is wrong. */
cli_exit_t weir_cli_request_option(const char *verb, int letter,
    const char *value, cli_request_t *r);
/*
 * [METHOD] URL, and what follows from it all; n is 1 or 2.  CLI_USAGE after
 * it said what is wrong.
 */
cli_exit_t weir_cli_request_line(const char *verb, int n, char **args,
    cli_request_t *r);
/*
 * The options that eval and explain share, and the URL; CLI_USAGE after it
 * said what is wrong.
 */
cli_exit_t weir_cli_request_args(const char *verb, int argc, char **argv,
    cli_request_t *r, const char **file, cli_format_t *format);

/* tests.c: files of tests */

typedef weir_vec_t(const char *)  cli_paths_t;

/* The files that a policy names, in its order; CLI_SOURCE: one is not there. */
cli_exit_t weir_cli_tests_find(const char *verb, const char *policy,
    const weir_model_t *m, weir_arena_t *a, cli_paths_t *out);

/* The tests of a file, a list; what is wrong with it is in diags. */
cli_exit_t weir_cli_tests_read(const char *verb, const char *path,
    weir_arena_t *a, weir_diags_t *diags, const weir_node_t **tests);

/* The request of a test, a map.  What no request can have is reported. */
void weir_cli_request_read(weir_arena_t *a, weir_diags_t *diags,
    const weir_node_t *node, cli_request_t *r);
/* Its response, a map of these fields and headers. */
void weir_cli_response_read(weir_diags_t *diags, const weir_node_t *node,
    cli_request_t *r);


/* identity.c: who calls, for the engine; host is a cli_request_t */

extern const weir_identity_t  weir_cli_identity;

/*
 * The file of an issuer that has one; it is sought from the folder of the
 * source.  data NULL: no memory.
 */
weir_str_t weir_cli_keys_path(const cli_policy_t *p,
    const weir_img_issuer_t *issuer);
void weir_cli_keys_free(cli_policy_t *p);


/* decision.c: a decision in the words of logs and tests */

/* field in decisions, tests and JSON; a weir_str_t member of the decision */
#define CLI_DECISION_TEXTS(T)                                                 \
    T(route) T(tenant) T(subject) T(rule) T(upstream) T(split) T(arm)         \
    T(message) T(missing) T(challenge)

/*
 * Without a counting of its own a request meets limits that have counted
 * nothing.  trace may be NULL.
 */
cli_exit_t weir_cli_decide(const cli_policy_t *p, cli_request_t *r,
    weir_trace_t *trace, weir_txn_t **txn, weir_decision_t *d);
/* Of what weir_cli_decide() set. */
void weir_cli_print_decision(const cli_request_t *r, weir_txn_t *txn,
    const weir_decision_t *d, cli_format_t format);

#endif
