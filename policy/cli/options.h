/*
 * options.h: the options of the verbs, one row an option.
 *
 * getopt, `weir help VERB` and `weir completion` come from these rows.
 *
 * Columns: verb, letter, whether the letter is an option as well (SHORT) or
 * only what weir_cli_option() returns (LONG), name, its argument ("" without;
 * words between bars: one of them; FILE or IMAGE: a path), one phrase.
 */

#ifndef WEIR_CLI_OPTIONS_H
#define WEIR_CLI_OPTIONS_H

#include "cli/cli.h"

#define CLI_DIAGNOSTICS  "text|json|sarif|github"

#define CLI_REQUEST_OPTIONS(O, verb)                                          \
    O(verb, 'H', SHORT, "header", "'NAME: VALUE'", "a header of the request") \
    O(verb, 's', LONG, "set", "NAME=VALUE", "source, time and so on")         \
    O(verb, 'p', LONG, "principal", "JSON", "who calls")

#define CLI_OPTIONS(O)                                                        \
    O(compile, 'o', SHORT, "output", "IMAGE", "where the image goes")         \
    O(compile, 'f', LONG, "format", CLI_DIAGNOSTICS, "of diagnostics")        \
    O(check, 'f', LONG, "format", CLI_DIAGNOSTICS, "of diagnostics")          \
    O(lint, 'f', LONG, "format", CLI_DIAGNOSTICS, "of diagnostics")           \
    O(fmt, 'c', LONG, "check", "", "name what differs, write nothing")        \
    O(test, 'f', LONG, "format", "text|json|junit|tap|github", "of results")  \
    O(test, 'c', LONG, "coverage", "", "and what the tests did not decide by")\
    O(test, 'm', LONG, "coverage-min", "N", "fail with less than N per cent") \
    O(test, 'n', LONG, "filter", "TEXT", "only tests with this in their name")\
    CLI_REQUEST_OPTIONS(O, eval)                                              \
    O(eval, 'f', LONG, "format", "text|json", "of the decision")              \
    CLI_REQUEST_OPTIONS(O, explain)                                           \
    O(explain, 'f', LONG, "format", "text|json", "of the decision")           \
    O(audit, 'r', LONG, "route", "ID", "this route alone")                    \
    O(audit, 't', LONG, "tenant", "ID", "what holds for this tenant")         \
    O(audit, 'f', LONG, "format", "text|json", "of the table")                \
    O(import, 'o', SHORT, "output", "DIR", "where the files go")              \
    O(import, 'f', LONG, "format", "text|json", "of the report")              \
    O(inspect, 'c', LONG, "code", "", "the programs instead of the sections") \
    O(inspect, 'f', LONG, "format", "text|json", "of the listing")            \
    O(diff, 'f', LONG, "format", "text|json", "of the differences")           \
    O(diff, 'r', LONG, "replay", "FILE", "requests of this log instead")      \
    O(diff, 'H', LONG, "host", "HOST", "of log lines that name none")         \
    O(diff, 'u', LONG, "url", "URL", "that curl is given; http://localhost")  \
    O(sim, 'n', LONG, "top", "N", "keys that are named of a limit; 10")       \
    O(sim, 'H', LONG, "host", "HOST", "of log lines that name none")          \
    O(sim, 'f', LONG, "format", "text|json", "of the figures")                \
    CLI_REQUEST_OPTIONS(O, bench)                                             \
    O(bench, 't', LONG, "seconds", "N", "how long to measure; 1")             \
    O(bench, 'f', LONG, "format", "text|json", "of the figures")              \
    O(watch, 'o', SHORT, "output", "IMAGE", "where the image goes")           \
    O(watch, 'k', SHORT, "key", "FILE", "sign with this key of keygen")       \
    O(watch, 'q', LONG, "quiet-time", "MS",                                   \
      "how long nothing may change before it compiles; 100")                  \
    O(watch, 'l', LONG, "listen", "[ADDR]:PORT",                              \
      "answer /metrics, /healthz and /readyz there")                          \
    O(watch, 'e', LONG, "kubernetes-events", "",                              \
      "post events about the pod that it runs in")                            \
    O(watch, 'a', LONG, "service-account", "DIR",                             \
      "token and ca.crt for that, where they are mounted elsewhere")          \
    O(keygen, 'o', SHORT, "output", "FILE", "where the key goes")             \
    O(sign, 'k', SHORT, "key", "FILE", "the key of keygen")                   \
    O(verify, 'k', SHORT, "key", "FILE", "the public key of keygen")          \
    O(token, 'k', SHORT, "key", "FILE", "a JWK, a JWK Set or PEM")            \
    O(token, 'a', LONG, "alg", "ALG[,ALG]", "instead of the key's own")       \
    O(token, 'i', LONG, "kid", "KID", "which key; of the header")             \
    O(token, 't', LONG, "typ", "TYP", "of the header; JWT")                   \
    O(token, 'e', LONG, "exp", "DURATION", "from now on, or none; 1h")        \
    O(token, 'n', LONG, "nbf", "DURATION", "from now on, or none; none")      \
    O(token, 's', LONG, "iat", "DURATION", "from now on, or none; 0s")        \
    O(token, 'c', LONG, "claims", "FILE", "a JSON object of claims")          \
    O(token, 'T', LONG, "time", "TIME", "2026-01-31T08:00:00Z, as if now")    \
    O(token, 'I', LONG, "issuer", "NAME", "of the policy; of the token's iss")\
    O(token, 'K', LONG, "keys", "FILE", "the issuer's, instead of its own")   \
    O(token, 'j', LONG, "jws", "", "verify the signature alone")              \
    O(token, 'p', LONG, "payload", "", "print what is signed")                \
    O(token, 'f', LONG, "format", "text|json", "of the verdict")              \
    O(jwks, 'a', LONG, "alg", "ALG[,ALG]", "ES256; of check: all")            \
    O(jwks, 'i', LONG, "kid", "KID", "the key's name, or which key")          \
    O(jwks, 'o', SHORT, "output", "FILE", "where the key goes")               \
    O(jwks, 'F', LONG, "force", "", "replace a file")                         \
    O(jwks, 'f', LONG, "format", "text|json", "of check")                     \
    O(apikey, 't', LONG, "tenant", "ID", "of the key")                        \
    O(apikey, 'r', LONG, "role", "ID[,ID]", "of the key")                     \
    O(apikey, 'n', LONG, "not-after", "DATE", "when the key ends")            \
    O(apikey, 'f', LONG, "format", "yaml|ndjson", "of the policy's line")     \
    O(split, 's', SHORT, "server", "URL", "of weir_control, http or unix")    \
    O(split, 'H', SHORT, "header", "LINE", "or @FILE with lines: who asks")   \
    O(split, 't', LONG, "timeout", "SECONDS", "to wait for the server; 5")    \
    O(split, 'f', LONG, "format", "text|json", "of the state")

/*
 * Verbs of several sorts: verb, word behind it and its name in code, what
 * follows, the letters of its options, one phrase.
 */
#define CLI_SUBS(S)                                                           \
    S(token, "sign", sign, "-k FILE [NAME=TEXT|NAME:=JSON]...", "kaitenscT",  \
      "issue a token")                                                        \
    S(token, "verify", verify, "TOKEN|- POLICY | --jws -k FILE TOKEN|-",      \
      "kaTIKjpf", "say what nginx would, or verify the signature alone")      \
    S(token, "show", show, "TOKEN|-", "", "decode a token, believe nothing")  \
    S(apikey, "new", new, "ID", "trnf",                                       \
      "make a key: print it, and the line of a policy that knows it")         \
    S(apikey, "hash", hash, "<KEY", "trnf",                                   \
      "print the line of the key that standard input has")                    \
    S(jwks, "new", new, "--alg ALG -o FILE", "aioF",                          \
      "make a key: FILE, and FILE.pub, a set of its public half")             \
    S(jwks, "public", public, "FILE...", "oF",                                \
      "make a set of the public halves of keys")                              \
    S(jwks, "check", check, "FILE|-", "af",                                   \
      "read a set as nginx does, and say what it takes and why not")          \
    S(jwks, "pem", pem, "FILE", "ioF", "write a key in PEM")                  \
    S(jwks, "from-pem", from_pem, "FILE", "aioF", "make a JWK of PEM")        \
    S(jwks, "from-raw", from_raw, "FILE --alg ALG", "aioF",                   \
      "make a JWK of the bytes of a secret")                                  \
    S(split, "list", list, "[NAME] --server URL", "sHtf",                     \
      "show the state of all splits, or of one")                              \
    S(split, "rollback", rollback, "NAME --server URL", "sHtf",               \
      "take the guarded arm out until somebody resumes")                      \
    S(split, "resume", resume, "NAME --server URL", "sHtf",                   \
      "begin anew as the policy says, a ramp with its first step")            \
    S(split, "pin", pin, "NAME ARM --server URL", "sHtf",                     \
      "give one arm all requests until somebody resumes")

typedef struct {
    const char  *verb;
    char         letter;
    char         is_short;
    const char  *name;
    const char  *arg;
    const char  *text;
} cli_option_t;

/* the last has no verb */
extern const cli_option_t  weir_cli_options[];

typedef struct {
    const char  *verb;
    const char  *opt[128];      /* value by letter, "" = without; NULL: none */
    int          n;
    char       **args;          /* behind the word */
} cli_args_t;

typedef struct {
    const char  *verb;
    const char  *name;
    const char  *args;
    const char  *letters;
    const char  *text;
    cli_exit_t (*run)(const cli_args_t *args);
} cli_sub_t;

#define S(verb, name, id, usage, letters, text)                               \
    cli_exit_t weir_cli_##verb##_##id(const cli_args_t *args);
CLI_SUBS(S)
#undef S

/* the last has no verb */
extern const cli_sub_t  weir_cli_subs[];

/* Reads the word, its options and arguments, and runs it. */
cli_exit_t weir_cli_sub(int argc, char **argv);
/* Runs one that wants n arguments, -1 = any number, in an arena. */
cli_exit_t weir_cli_in_arena(const cli_args_t *args, int n,
    cli_exit_t (*run)(const cli_args_t *args, weir_arena_t *a));

/*
 * The letter of the next option of argv, as getopt_long() gives it: optarg
 * and optind are set, -1 at the end; '?': wrong, and said so.  argv[0] is the
 * verb.
 */
int weir_cli_option(int argc, char **argv);

#endif
