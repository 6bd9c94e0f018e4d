/*
 * watch_event.c: an Event of Kubernetes' core/v1, and the request that posts
 * it.
 *
 * It is about the pod, so that `kubectl describe pod` shows it; only to create
 * events is all that the service account needs.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/json.h"
#include "cli/watch.h"

#define COMPONENT    "weir-watch"
#define MOST_NAME    253            /* bytes of a name, RFC 1123 */
#define MOST_TOKEN   16384
#define NAME_SUFFIX  17             /* "." and 16 digits */

#define LOWER   "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


/* Of the environment; NULL after it said that it is missing, or is none. */
static const char *
variable(const char *name, const char *letters)
{
    const char  *value;

    value = getenv(name);

    if (value == NULL || value[0] == '\0') {
        (void) weir_cli_fail(CLI_USAGE, "watch", "--kubernetes-events wants %s "
                             "in the environment", name);
        return NULL;
    }

    if (strlen(value) > MOST_NAME || strspn(value, letters) != strlen(value)) {
        (void) weir_cli_fail(CLI_USAGE, "watch", "%s is \"%s\", which it "
                             "cannot be", name, value);
        return NULL;
    }

    return value;
}


cli_exit_t
weir_cli_pod(cli_pod_t *out)
{
    cli_pod_t    p;
    const char  *https;

    https = "KUBERNETES_SERVICE_PORT_HTTPS";

    p.name = variable("POD_NAME", LOWER "-.");
    p.space = p.name ? variable("POD_NAMESPACE", LOWER "-") : NULL;
    p.uid = p.space ? variable("POD_UID", LOWER UPPER "-") : NULL;
    p.host = p.uid ? variable("KUBERNETES_SERVICE_HOST", LOWER UPPER "-.:")
                   : NULL;
    p.port = p.host ? variable(getenv(https) ? https
                                             : "KUBERNETES_SERVICE_PORT",
                               "0123456789")
                    : NULL;

    if (p.port == NULL) {
        return CLI_USAGE;
    }

    *out = p;

    return CLI_OK;
}


void
weir_cli_event_text(weir_str_t text, char out[CLI_EVENT_MESSAGE + 1])
{
    char    *visible;
    FILE    *f;
    size_t   len;

    out[0] = '\0';
    f = open_memstream(&visible, &len);

    if (f == NULL) {
        return;
    }

    weir_cli_print(text, f);

    if (fclose(f) != 0) {
        return;
    }

    if (len > CLI_EVENT_MESSAGE) {
        len = CLI_EVENT_MESSAGE - 3;

        while (len != 0 && ((uint8_t) visible[len] & 0xc0) == 0x80) {
            len--;
        }

        strcpy(visible + len, "...");
        len += 3;
    }

    memcpy(out, visible, len);
    out[len] = '\0';
    free(visible);
}


/* Unique, and the same when it is posted again: POD.16 digits. */
static void
name_of(const cli_event_t *e, const char *pod, char out[MOST_NAME + 1])
{
    size_t  n;

    n = strlen(pod);

    if (n > MOST_NAME - NAME_SUFFIX) {
        n = MOST_NAME - NAME_SUFFIX;
    }

    while (n != 0 && (pod[n - 1] == '.' || pod[n - 1] == '-')) {
        n--;
    }

    snprintf(out, MOST_NAME + 1, "%.*s.%016" PRIx64, (int) n, pod,
             (uint64_t) e->time);
}


char *
weir_cli_event_json(const cli_event_t *e, const cli_pod_t *pod)
{
    char       *text, name[MOST_NAME + 1], when[32];
    time_t      t;
    json_t     *doc;
    struct tm   tm;

    t = (time_t) (e->time / 1000000000);

    if (gmtime_r(&t, &tm) == NULL
        || strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        return NULL;
    }

    name_of(e, pod->name, name);

    doc = json_pack("{s:s, s:s, s:{s:s, s:s},"
                    " s:{s:s, s:s, s:s, s:s, s:s},"
                    " s:s, s:s, s:s, s:i, s:s, s:s, s:{s:s}, s:s}",
                    "apiVersion", "v1", "kind", "Event",
                    "metadata", "name", name, "namespace", pod->space,
                    "involvedObject", "apiVersion", "v1", "kind", "Pod",
                    "name", pod->name, "namespace", pod->space,
                    "uid", pod->uid,
                    "type", e->warning ? "Warning" : "Normal",
                    "reason", e->reason,
                    "message", e->message,
                    "count", 1,
                    "firstTimestamp", when,
                    "lastTimestamp", when,
                    "source", "component", COMPONENT,
                    "reportingComponent", COMPONENT);

    text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);

    return text;
}


const char *
weir_cli_event_token(char *text, size_t len)
{
    size_t  i;

    while (len != 0 && text[len - 1] != '\0'
           && strchr(" \t\r\n", text[len - 1]) != NULL)
    {
        len--;
    }

    if (len == 0 || len > MOST_TOKEN) {
        return NULL;
    }

    for (i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f) {
            return NULL;
        }
    }

    text[len] = '\0';

    return text;
}


char *
weir_cli_event_request(const char *json, const cli_pod_t *pod,
    const char *token, size_t *len)
{
    bool   v6;
    char  *text;
    FILE  *out;

    v6 = strchr(pod->host, ':') != NULL;
    out = open_memstream(&text, len);

    if (out == NULL) {
        return NULL;
    }

    fprintf(out, "POST /api/v1/namespaces/%s/events HTTP/1.1\r\n"
            "Host: %s%s%s:%s\r\nUser-Agent: " COMPONENT "\r\n"
            "Authorization: Bearer %s\r\nAccept: application/json\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n"
            "Connection: close\r\n\r\n%s", pod->space, v6 ? "[" : "",
            pod->host, v6 ? "]" : "", pod->port, token, strlen(json), json);

    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }

    return text;
}
