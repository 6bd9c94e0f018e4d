/*
 * fuzz_import.c: any bytes as manifests of Kubernetes.
 *
 * What is refused leaves nothing behind.  What is taken makes a policy that
 * compiles and is in its canonical form, tests that pass, and a configuration
 * of nginx of which every directive is one that import writes.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/import.h"
#include "test/fuzz/fuzz.h"

#define MAX_LEN  6144           /* of an input, for tools/fuzz */

#define ARGS  5

/* Directives of import's own, beside those of its table. */
static const char *const  words[] = {
    "absolute_redirect", "access_log", "default", "grpc_pass", "if",
    "keepalive", "listen", "location", "map", "map_hash_bucket_size",
    "proxy_buffering", "proxy_buffers", "proxy_connect_timeout",
    "proxy_http_version", "proxy_next_upstream_tries", "proxy_pass",
    "proxy_redirect", "proxy_set_header", "return", "server", "server_name",
    "server_names_hash_bucket_size", "server_names_hash_max_size",
    "ssl_certificate", "ssl_certificate_key", "ssl_ciphers",
    "ssl_client_certificate", "ssl_prefer_server_ciphers",
    "ssl_verify_client", "ssl_verify_depth", "upstream", "weir",
    "weir_policy", "weir_trace",
#define A(id, name, fate, who, directive, text)  directive,
    IMP_ROWS(A)
    IMP_KEYS(A)
#undef A
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* one at a time: where it reads and writes */
static char  in[64], out[64];
static char  policy[96], tests[96], upstreams[96], servers[96];


static void
remove_all(void)
{
    (void) unlink(in);
    (void) unlink(policy);
    (void) unlink(tests);
    (void) unlink(upstreams);
    (void) unlink(servers);
    (void) rmdir(out);
    *strrchr(in, '/') = '\0';
    (void) rmdir(in);
}


static cli_exit_t
run(cli_exit_t (*verb)(int argc, char **argv), const char *const *args)
{
    int    n;
    char  *argv[ARGS + 1];

    for (n = 0; n < ARGS && args[n] != NULL; n++) {
        argv[n] = (char *) (uintptr_t) args[n];
    }

    argv[n] = NULL;
    optind = 0;

    return verb(n, argv);
}


static weir_str_t
read_all(weir_arena_t *a, const char *path)
{
    weir_str_t  text;

    must(weir_cli_read("fuzz", path, a, &text) == CLI_OK);

    return text;
}


static bool
is_word(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (weir_str_eq(s, weir_cstr(words[i]))) {
            return true;
        }
    }

    return false;
}


/* A line is a directive, the head of a block, its end or a comment. */
static void
check_line(weir_str_t s, bool map, unsigned *depth)
{
    size_t  i;

    for (i = 0; i < s.len && s.data[i] == ' '; i++) { }

    s = weir_str(s.data + i, s.len - i);

    if (s.len == 0 || s.data[0] == '#') {
        return;
    }

    if (weir_str_eq(s, weir_string("}"))) {
        must((*depth)-- > 0);
        return;
    }

    for (i = 0; i < s.len && s.data[i] != ' '; i++) { }

    must(map || is_word(weir_str(s.data, i)));

    if (s.data[s.len - 1] == '{') {
        (*depth)++;
        return;
    }

    /* a condition and what it does are of one line */
    must(s.data[s.len - 1] == ';'
         || (weir_str_starts(s, weir_string("if ("))
             && weir_str_ends(s, weir_string("; }"))));
    must(memchr(s.data, ';', s.len) == s.data + s.len - 1
         || weir_str_starts(s, weir_string("if (")));
    must(!map || (memchr(s.data, '{', s.len) == NULL
                  && memchr(s.data, '}', s.len) == NULL));
}


static void
check_nginx(weir_str_t text)
{
    bool        map;
    size_t      n;
    unsigned    depth;
    weir_str_t  line;

    map = false;
    depth = 0;

    while (text.len > 0) {

        for (n = 0; n < text.len && text.data[n] != '\n'; n++) {
            must((unsigned char) text.data[n] >= ' '
                 && (unsigned char) text.data[n] < 0x7f);
        }

        line = weir_str(text.data, n);
        check_line(line, map && depth == 1, &depth);
        map = depth == 1 && (map || weir_str_starts(line,
                                                    weir_string("map ")));
        n += n < text.len;
        text = weir_str(text.data + n, text.len - n);
    }

    must(depth == 0);
}


/* libFuzzer's own output goes on; what the verbs say goes nowhere. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int     i;
    char  **args;

    args = calloc((size_t) *argc + 2, sizeof(char *));
    must(args != NULL);

    for (i = 0; i < *argc; i++) {
        args[i] = (*argv)[i];
    }

    args[(*argc)++] = (char *) (uintptr_t) "-close_fd_mask=3";
    *argv = args;

    (void) snprintf(in, sizeof(in), "/dev/shm/weir-fuzz-XXXXXX");

    if (mkdtemp(in) == NULL) {
        (void) snprintf(in, sizeof(in), "/tmp/weir-fuzz-XXXXXX");
        must(mkdtemp(in) != NULL);
    }

    (void) snprintf(out, sizeof(out), "%s/out", in);
    (void) snprintf(policy, sizeof(policy), "%s/policy.yaml", out);
    (void) snprintf(tests, sizeof(tests), "%s/policy.weir-test.yaml", out);
    (void) snprintf(upstreams, sizeof(upstreams), "%s/upstreams.conf", out);
    (void) snprintf(servers, sizeof(servers), "%s/server.conf", out);
    (void) snprintf(in + strlen(in), sizeof(in) - strlen(in), "/in.yaml");
    must(atexit(remove_all) == 0);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cli_exit_t     code;
    struct stat    st;
    weir_arena_t  *a;

    must(weir_cli_write("fuzz", in, weir_str((const char *) data, size), 0600)
         == CLI_OK);

    code = run(weir_cli_import, (const char *[ARGS]) { "import", in, "-o",
                                                       out });

    if (code == CLI_SOURCE) {
        must(stat(out, &st) == -1 && errno == ENOENT);
        return 0;
    }

    must(code == CLI_OK || code == CLI_LEFT);
    a = weir_arena_create();
    must(a != NULL);

    /* where every route is closed to every request there may be none */
    must(weir_str_ends(read_all(a, tests), weir_string("tests: []\n"))
         || run(weir_cli_test, (const char *[ARGS]) { "test", policy })
            == CLI_OK);
    must(run(weir_cli_fmt, (const char *[ARGS]) { "fmt", "--check", policy,
                                                  tests }) == CLI_OK);

    check_nginx(read_all(a, upstreams));
    check_nginx(read_all(a, servers));
    weir_arena_destroy(a);

    (void) unlink(policy);
    (void) unlink(tests);
    (void) unlink(upstreams);
    (void) unlink(servers);
    must(rmdir(out) == 0);

    return 0;
}
