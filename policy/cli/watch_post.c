/*
 * watch_post.c: gets events to the API server of Kubernetes, some time.
 *
 * One thread.  The newest event is the one that counts: it takes the place of
 * one that is not posted yet.  Posting is tried again for a few minutes, less
 * and less often; why it failed is printed once, until it is something else.
 */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/https.h"
#include "cli/json.h"
#include "cli/socket.h"
#include "cli/watch.h"

#define TIMEOUT    10000            /* ms, of a request */
#define GAP        1000             /* ms between requests, at least */
#define RETRY      5000             /* ms; twice that, and so on */
#define TRIES      6
#define SAME       600000           /* ms until the same is said again */
#define STOPPING   1000             /* ms that the resolver may delay an end */
#define TOKEN      16386            /* bytes */

struct cli_poster_s {
    pthread_t        thread;
    pthread_mutex_t  lock;
    pthread_cond_t   changed;
    bool             pending;       /* next is new */
    bool             stopping;
    bool             ended;
    cli_event_t      next;

    /* of the one who has something to say */
    cli_event_t      last;
    int64_t          last_at;       /* ms of weir_cli_now(); 0: never */

    /* of the thread */
    cli_pod_t        pod;
    const char      *dir;
    int              stop[2];       /* closed at the end that is written to */
    char             said[CLI_HTTPS_WHY];
    char             token[TOKEN];
    char             answer[CLI_HTTPS_ANSWER];
};


static bool
fail(char *why, const char *text)
{
    snprintf(why, CLI_HTTPS_WHY, "%s", text);
    return false;
}


/* Read each time: the kubelet puts a new one there before the old one ends. */
static const char *
read_token(cli_poster_t *p, char *why)
{
    FILE        *f;
    char         path[PATH_MAX];
    size_t       n;
    const char  *token;

    snprintf(path, sizeof(path), "%s/token", p->dir);
    f = fopen(path, "re");

    if (f == NULL) {
        snprintf(why, CLI_HTTPS_WHY, "%.160s: %s", path, strerror(errno));
        return NULL;
    }

    n = fread(p->token, 1, sizeof(p->token) - 1, f);
    fclose(f);
    token = weir_cli_event_token(p->token, n);

    if (token == NULL) {
        snprintf(why, CLI_HTTPS_WHY, "%.160s holds no token", path);
    }

    return token;
}


/* What the API server says of a request that it refuses: a Status. */
static bool
refused(const cli_answer_t *answer, char *why)
{
    json_t      *doc;
    const char  *message;

    doc = json_loadb(answer->body.data, answer->body.len, 0, NULL);
    message = json_string_value(json_object_get(doc, "message"));
    snprintf(why, CLI_HTTPS_WHY, "it answers %d%s%s", answer->status,
             message ? ": " : "", message ? message : "");
    json_decref(doc);

    return false;
}


static bool
send_event(cli_poster_t *p, const char *token, const cli_event_t *e, char *why)
{
    bool          done;
    char         *json, *request, ca[PATH_MAX];
    size_t        len;
    cli_https_t   h;
    cli_answer_t  answer;

    snprintf(ca, sizeof(ca), "%s/ca.crt", p->dir);

    json = weir_cli_event_json(e, &p->pod);
    request = json ? weir_cli_event_request(json, &p->pod, token, &len) : NULL;
    free(json);

    if (request == NULL) {
        return fail(why, "out of memory");
    }

    h.host = p->pod.host;
    h.port = p->pod.port;
    h.ca = ca;
    h.request = weir_str(request, len);
    h.timeout = TIMEOUT;
    h.stop = p->stop[0];

    done = weir_cli_https(&h, p->answer, &answer, why);
    explicit_bzero(request, len);
    free(request);

    /* 409: it was posted before, and the answer did not get here */
    return done && (answer.status == 201 || answer.status == 409
                    || refused(&answer, why));
}


static bool
is_stopping(cli_poster_t *p)
{
    bool  stopping;

    (void) pthread_mutex_lock(&p->lock);
    stopping = p->stopping;
    (void) pthread_mutex_unlock(&p->lock);

    return stopping;
}


static bool
post(cli_poster_t *p, const cli_event_t *e)
{
    bool         done;
    char         why[CLI_HTTPS_WHY];
    const char  *token;

    token = read_token(p, why);
    done = token != NULL && send_event(p, token, e, why);
    explicit_bzero(p->token, sizeof(p->token));

    if (done) {
        p->said[0] = '\0';

    } else if (!is_stopping(p) && strcmp(p->said, why) != 0) {
        strcpy(p->said, why);
        (void) weir_cli_fail(CLI_OK, "watch", "event %s is not posted to "
                             "%s:%s: %s", e->reason, p->pod.host, p->pod.port,
                             why);
    }

    return done;
}


/* Until something changes, or that time; -1: no time.  Holds the lock. */
static void
wait_until(cli_poster_t *p, int64_t ms)
{
    struct timespec  ts;

    if (ms == -1) {
        (void) pthread_cond_wait(&p->changed, &p->lock);
        return;
    }

    ts.tv_sec = (time_t) (ms / 1000);
    ts.tv_nsec = (long) (ms % 1000) * 1000000;
    (void) pthread_cond_timedwait(&p->changed, &p->lock, &ts);
}


/* The event that is due; false: it has to stop.  Holds the lock. */
static bool
next(cli_poster_t *p, cli_event_t *e, int *tries, int64_t earliest,
    int64_t due)
{
    for ( ;; ) {
        if (p->stopping) {
            return false;
        }

        if (p->pending) {
            p->pending = false;
            *e = p->next;
            *tries = TRIES;
            due = earliest;
        }

        if (*tries != 0 && weir_cli_now() >= due) {
            return true;
        }

        wait_until(p, *tries != 0 ? due : -1);
    }
}


static void *
work(void *data)
{
    int            tries;
    int64_t        due, earliest;
    sigset_t       set;
    cli_event_t    e;
    cli_poster_t  *p;

    p = data;
    tries = 0;
    due = 0;
    earliest = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    (void) pthread_sigmask(SIG_BLOCK, &set, NULL);

    (void) pthread_mutex_lock(&p->lock);

    while (next(p, &e, &tries, earliest, due)) {
        (void) pthread_mutex_unlock(&p->lock);

        tries = post(p, &e) ? 0 : tries - 1;
        earliest = weir_cli_now() + GAP;
        due = weir_cli_now() + ((int64_t) RETRY << (TRIES - 1 - tries));

        (void) pthread_mutex_lock(&p->lock);
    }

    p->ended = true;
    (void) pthread_cond_broadcast(&p->changed);
    (void) pthread_mutex_unlock(&p->lock);

    return NULL;
}


/* 0, or errno */
static int
begin(cli_poster_t *p)
{
    int                 error;
    pthread_condattr_t  attr;

    if (pipe(p->stop) != 0) {
        return errno;
    }

    error = pthread_condattr_init(&attr);

    if (error == 0) {
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        error = pthread_cond_init(&p->changed, &attr);
        (void) pthread_condattr_destroy(&attr);
    }

    if (error == 0) {
        error = pthread_mutex_init(&p->lock, NULL);
    }

    if (error == 0) {
        error = pthread_create(&p->thread, NULL, work, p);
    }

    return error;
}


cli_exit_t
weir_cli_post(const char *dir, cli_poster_t **out)
{
    int            error;
    cli_exit_t     code;
    cli_poster_t  *p;

    p = calloc(1, sizeof(cli_poster_t));

    if (p == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "watch", "out of memory");
    }

    p->dir = dir;
    code = weir_cli_pod(&p->pod);

    if (code == CLI_OK) {
        error = begin(p);

        if (error == 0) {
            *out = p;
            return CLI_OK;
        }

        code = weir_cli_fail(CLI_INTERNAL, "watch", "%s", strerror(error));
    }

    free(p);

    return code;
}


void
weir_cli_post_event(cli_poster_t *p, const char *reason, bool warning,
    weir_str_t message)
{
    int64_t          at;
    cli_event_t      e;
    struct timespec  ts;

    if (p == NULL) {
        return;
    }

    at = weir_cli_now();
    (void) clock_gettime(CLOCK_REALTIME, &ts);

    e.reason = reason;
    e.warning = warning;
    e.time = (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
    weir_cli_event_text(message, e.message);

    if (p->last_at != 0 && at - p->last_at < SAME
        && strcmp(p->last.reason, reason) == 0
        && strcmp(p->last.message, e.message) == 0)
    {
        return;
    }

    p->last = e;
    p->last_at = at;

    (void) pthread_mutex_lock(&p->lock);
    p->next = e;
    p->pending = true;
    (void) pthread_cond_broadcast(&p->changed);
    (void) pthread_mutex_unlock(&p->lock);
}


/*
 * The resolver cannot be told to stop; where the thread waits for that, it is
 * left alone with what it holds, for the process to end with it.
 */
void
weir_cli_post_stop(cli_poster_t *p)
{
    bool     ended;
    int64_t  until;

    if (p == NULL) {
        return;
    }

    until = weir_cli_now() + STOPPING;

    (void) pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void) pthread_cond_broadcast(&p->changed);
    close(p->stop[1]);

    while (!p->ended && weir_cli_now() < until) {
        wait_until(p, until);
    }

    ended = p->ended;
    (void) pthread_mutex_unlock(&p->lock);

    if (!ended) {
        (void) pthread_detach(p->thread);
        return;
    }

    (void) pthread_join(p->thread, NULL);
    (void) pthread_mutex_destroy(&p->lock);
    (void) pthread_cond_destroy(&p->changed);
    close(p->stop[0]);
    free(p);
}
