/*
 * watch.h: the parts of weir watch: sources that it looks at, what it answers
 * and to whom it reports.
 *
 * Three threads at most: the one that compiles, one that answers (--listen)
 * and one that posts events (--kubernetes-events).  They share cli_state_t and
 * one event, each behind a lock that is held for copying alone, so that
 * neither a slow client nor an API server that hangs delays a compilation.
 */

#ifndef WEIR_CLI_WATCH_H
#define WEIR_CLI_WATCH_H

#include <pthread.h>
#include <sys/stat.h>

#include "cli/cli.h"


/* watch_sources.c */

typedef struct {
    const char   *path;
    bool          there;
    struct stat   st;
} cli_seen_t;

typedef struct {
    weir_str_t    pattern;
    uint64_t      paths;        /* hash of what matched */
} cli_listing_t;

/* What a compilation read or looked for, as it was just before. */
typedef struct {
    weir_arena_t               *arena;
    int                         notify;     /* of inotify; -1: only looks */
    weir_vec_t(cli_seen_t)      files;
    weir_vec_t(cli_listing_t)   listings;
    bool                        nomem;
} cli_sources_t;

/* Empty, and a loader that notes what it is asked for; false: no memory. */
bool weir_cli_sources_open(cli_sources_t *s, weir_loader_t *loader);
/* A file that takes part, beside those that the loader reads. */
void weir_cli_sources_note(cli_sources_t *s, const char *path);
bool weir_cli_sources_changed(const cli_sources_t *s);
/* Directories come and go: call it after each event, for the next one. */
void weir_cli_sources_await(cli_sources_t *s);
void weir_cli_sources_close(cli_sources_t *s);


/* What is told of the watching. */
typedef struct {
    pthread_mutex_t   lock;
    const char       *image;        /* its path */
    bool              valid;        /* the image is that of the source */
    uint64_t          ok;           /* compilations */
    uint64_t          errors;
    int64_t           last_success; /* seconds since 1970; 0: never */
    char              digest[2 * sizeof(((weir_image_header_t *) 0)->digest)
                             + 1];  /* of the last image; "": of none */
} cli_state_t;


/* watch_answer.c: HTTP as far as it goes here */

#define CLI_ASK     4096            /* bytes of a request's head, at most */
#define CLI_ANSWER  4096            /* bytes of an answer, at most */

/*
 * The answer to a head, which ends with an empty line; its length.  What is
 * no GET or HEAD of /metrics, /healthz or /readyz is refused.
 */
size_t weir_cli_watch_answer(weir_str_t head, cli_state_t *state,
    char out[CLI_ANSWER]);


/* watch_serve.c */

typedef struct cli_server_s  cli_server_t;

/*
 * A thread that answers at [ADDR]:PORT until it is stopped.  After it said
 * what is wrong: CLI_USAGE, or CLI_INTERNAL where the address is taken.
 */
cli_exit_t weir_cli_serve(const char *address, cli_state_t *state,
    cli_server_t **out);
void weir_cli_serve_stop(cli_server_t *s);


/* watch_event.c: events of Kubernetes, as text */

#define CLI_EVENT_MESSAGE  1024     /* what the API server takes, at most */

/* Whom an event is about, and who takes it; by the environment. */
typedef struct {
    const char  *host;              /* of the API server, or its address */
    const char  *port;
    const char  *name;              /* of the pod */
    const char  *space;
    const char  *uid;
} cli_pod_t;

typedef struct {
    const char  *reason;            /* PolicyCompiled, PolicyRejected */
    bool         warning;
    int64_t      time;              /* ns since 1970 */
    char         message[CLI_EVENT_MESSAGE + 1];
} cli_event_t;

/* CLI_USAGE after it said which variable is missing, or is none. */
cli_exit_t weir_cli_pod(cli_pod_t *out);
/* Cut between letters; what could drive a terminal is made visible. */
void weir_cli_event_text(weir_str_t text, char out[CLI_EVENT_MESSAGE + 1]);
/* The Event as JSON, for free(); NULL: no memory. */
char *weir_cli_event_json(const cli_event_t *e, const cli_pod_t *pod);
/*
 * The token of a service account, which begins text, or NULL: it is none that
 * a header can carry.
 */
const char *weir_cli_event_token(char *text, size_t len);
/* The request that posts it, for free(). */
char *weir_cli_event_request(const char *json, const cli_pod_t *pod,
    const char *token, size_t *len);


/* watch_post.c */

#define CLI_SERVICE_ACCOUNT  "/var/run/secrets/kubernetes.io/serviceaccount"

typedef struct cli_poster_s  cli_poster_t;

/* A thread that posts events until it is stopped; dir: of token and ca.crt. */
cli_exit_t weir_cli_post(const char *dir, cli_poster_t **out);
/*
 * Leaves an event to the thread, in place of one that is not posted yet.  What
 * was said last is not said again for a while.  NULL: nobody wants it.
 */
void weir_cli_post_event(cli_poster_t *p, const char *reason, bool warning,
    weir_str_t message);
void weir_cli_post_stop(cli_poster_t *p);

#endif
