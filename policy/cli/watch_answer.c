/*
 * watch_answer.c: what weir watch answers to a request, by its head alone.
 *
 * Nothing that was asked is in an answer, and a request that is not plain gets
 * none but 400.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/version.h"
#include "cli/watch.h"
#include "cli/watch_metrics.h"

#define COUNTER  "counter"
#define GAUGE    "gauge"

typedef enum {
#define M(id, name, type, labels, help)  WATCH_##id,
    WEIR_WATCH_METRICS(M)
#undef M
    NMETRICS
} metric_t;

static const struct {
    const char  *name;
    const char  *type;
    const char  *help;
} metrics[] = {
#define M(id, name, type, labels, help)  { name, type, help },
    WEIR_WATCH_METRICS(M)
#undef M
};

typedef struct {
    int          status;
    const char  *phrase;
    const char  *headers;       /* further ones */
    const char  *type;
    char        *body;          /* for free(), or NULL: the phrase */
} answer_t;

static const answer_t  ok = { 200, "OK", "", "text/plain", NULL };
static const answer_t  bad = { 400, "Bad Request", "", "text/plain", NULL };
static const answer_t  unknown = { 404, "Not Found", "", "text/plain", NULL };
static const answer_t  not_that = {
    405, "Method Not Allowed", "Allow: GET, HEAD\r\n", "text/plain", NULL
};
static const answer_t  not_yet = {
    503, "Service Unavailable", "", "text/plain", NULL
};
static const answer_t  failed = {
    500, "Internal Server Error", "", "text/plain", NULL
};


static void
print_samples(metric_t metric, const char *name, const cli_state_t *s,
    FILE *out)
{
    switch (metric) {

    case WATCH_BUILD:
        fprintf(out, "%s{version=\"%s\"} 1\n", name, WEIR_VERSION);
        break;

    case WATCH_VALID:
        fprintf(out, "%s %d\n", name, s->valid);
        break;

    case WATCH_COMPILES:
        fprintf(out, "%s{result=\"ok\"} %" PRIu64 "\n"
                "%s{result=\"error\"} %" PRIu64 "\n", name, s->ok, name,
                s->errors);
        break;

    case WATCH_SUCCESS:
        fprintf(out, "%s %" PRId64 "\n", name, s->last_success);
        break;

    case WATCH_IMAGE:
        if (s->digest[0] != '\0') {
            fprintf(out, "%s{digest=\"%s\"} 1\n", name, s->digest);
        }

        break;

    default:
        break;
    }
}


static answer_t
answer_metrics(cli_state_t *state)
{
    char         name[64];
    FILE        *out;
    size_t       len;
    metric_t     i;
    answer_t     answer;
    cli_state_t  s;

    pthread_mutex_lock(&state->lock);
    s = *state;
    pthread_mutex_unlock(&state->lock);

    answer = ok;
    answer.type = "text/plain; version=0.0.4; charset=utf-8";
    out = open_memstream(&answer.body, &len);

    if (out == NULL) {
        return failed;
    }

    for (i = 0; i < NMETRICS; i++) {
        snprintf(name, sizeof(name), "%s%s", metrics[i].name,
                 metrics[i].type[0] == 'c' ? "_total" : "");
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, metrics[i].help,
                name, metrics[i].type);
        print_samples(i, name, &s, out);
    }

    if (fclose(out) != 0) {
        free(answer.body);
        return failed;
    }

    return answer;
}


static bool
is(weir_str_t s, const char *text)
{
    return weir_str_eq(s, weir_cstr(text));
}


/* Cuts off what is before a letter, and that; false: it is not there. */
static bool
cut(weir_str_t *rest, char at, weir_str_t *part)
{
    const char  *p;

    p = rest->len ? memchr(rest->data, at, rest->len) : NULL;

    if (p == NULL) {
        return false;
    }

    *part = weir_str(rest->data, (size_t) (p - rest->data));
    *rest = weir_str(p + 1, rest->len - part->len - 1);

    return true;
}


static answer_t
answer_to(weir_str_t head, cli_state_t *state, bool *body)
{
    weir_str_t  line, method, path, query;

    *body = true;

    if (memchr(head.data, '\0', head.len) != NULL
        || !cut(&head, '\r', &line) || !cut(&line, ' ', &method)
        || !cut(&line, ' ', &path)
        || (!is(line, "HTTP/1.1") && !is(line, "HTTP/1.0")))
    {
        return bad;
    }

    *body = !is(method, "HEAD");

    if (*body && !is(method, "GET")) {
        return not_that;
    }

    if (cut(&path, '?', &query)) {
        path = query;
    }

    if (is(path, "/metrics")) {
        return answer_metrics(state);
    }

    if (is(path, "/healthz")) {
        return ok;
    }

    if (is(path, "/readyz")) {
        return access(state->image, F_OK) == 0 ? ok : not_yet;
    }

    return unknown;
}


size_t
weir_cli_watch_answer(weir_str_t head, cli_state_t *state,
    char out[CLI_ANSWER])
{
    int         n;
    bool        body;
    char       *text;
    answer_t    a;

    a = answer_to(head, state, &body);
    text = a.body;

    n = snprintf(out, CLI_ANSWER, "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\n"
                 "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                 "Connection: close\r\n\r\n%s%s", a.status, a.phrase,
                 a.headers, a.type,
                 text ? strlen(text) : strlen(a.phrase) + 1,
                 !body ? "" : text ? text : a.phrase,
                 !body || text ? "" : "\n");
    free(text);

    return n > 0 && n < CLI_ANSWER ? (size_t) n : 0;
}
