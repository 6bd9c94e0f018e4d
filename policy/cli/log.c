/*
 * log.c: reads access logs.
 *
 * Lines of one second are kept until it is over, so that they can be spread
 * over it.  A line that comes a little late belongs to the second that is
 * read just then.
 */

#define _GNU_SOURCE                 /* strptime() */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "cli/given.h"
#include "cli/log.h"

#define MOST_KEPT  16384        /* requests of a second */

typedef struct {
    cli_request_t  r;
    weir_str_t     line;
    uint32_t       nsec;
    bool           timed;       /* the line says when */
    bool           exact;       /* and that to parts of a second */
} item_t;

typedef struct {
    cli_log_t             *log;
    weir_arena_t          *arena;       /* of what is kept */
    int64_t                second;
    size_t                 number;      /* of the line, empty ones counted */
    weir_vec_t(item_t *)   items;
} reader_t;


/* Where the next word ends. */
static weir_str_t
log_word(weir_str_t *rest)
{
    size_t      n;
    weir_str_t  word;

    while (rest->len && *rest->data == ' ') {
        rest->data++;
        rest->len--;
    }

    for (n = 0; n < rest->len && rest->data[n] != ' '; n++) { /* void */ }

    word = weir_str(rest->data, n);
    rest->data += n;
    rest->len -= n;

    return word;
}


/* What stands between the next two quotes. */
static bool
log_quoted(weir_str_t *rest, weir_str_t *out)
{
    const char  *p, *q;

    p = memchr(rest->data, '"', rest->len);
    q = p ? memchr(p + 1, '"', rest->len - (size_t) (p + 1 - rest->data))
          : NULL;

    if (q == NULL) {
        return false;
    }

    *out = weir_str(p + 1, (size_t) (q - p - 1));
    rest->len -= (size_t) (q + 1 - rest->data);
    rest->data = q + 1;

    return true;
}


static bool
log_header(cli_request_t *r, const char *name, weir_str_t value)
{
    return weir_str_eq(value, weir_string("-"))
           || weir_cli_request_header(r, weir_arena_printf(r->arena,
                                      "%s: %.*s", name, WEIR_STR(value)));
}


/* [05/Jan/2026:12:00:00 +0000]; what is none leaves the time as it is. */
static void
log_time(item_t *item, weir_str_t rest)
{
    struct tm    tm;
    const char  *p;

    memset(&tm, 0, sizeof(tm));
    p = memchr(rest.data, '[', rest.len);

    if (p != NULL && strptime(p, "[%d/%b/%Y:%H:%M:%S %z]", &tm) != NULL) {
        item->r.time = (int64_t) timegm(&tm) - tm.tm_gmtoff;
        item->timed = true;
    }
}


/* ADDRESS - USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES "REF" "AGENT" */
static bool
read_combined(item_t *item, weir_str_t line)
{
    weir_ip_t       ip;
    weir_str_t      word, target, text;
    cli_request_t  *r;

    r = &item->r;
    word = log_word(&line);

    if (weir_ip_parse(word, &ip) != WEIR_OK) {
        r->req.host = word;
        word = log_word(&line);
    }

    log_time(item, line);

    if (!weir_cli_request_set(r, weir_string("source"), word)
        || !log_quoted(&line, &text))
    {
        return false;
    }

    r->req.method = log_word(&text);
    target = log_word(&text);

    if (target.len == 0
        || !weir_cli_request_url(r, weir_arena_str(r->arena, target)))
    {
        return false;
    }

    if (text.len) {
        r->protocol = log_word(&text);
    }

    /* what a line lacks, a response does, too */
    (void) weir_cli_response_set(r, weir_string("code"), log_word(&line));
    (void) weir_cli_response_set(r, weir_string("size"), log_word(&line));

    return !log_quoted(&line, &text)
           || (log_header(r, "referer", text)
               && (!log_quoted(&line, &text)
                   || log_header(r, "user-agent", text)));
}


static weir_str_t
json_text(weir_arena_t *a, json_t *value)
{
    if (json_is_string(value)) {
        return weir_arena_str(a, weir_str(json_string_value(value),
                                          json_string_length(value)));
    }

    if (json_is_integer(value)) {
        return weir_arena_printf(a, "%lld",
                                 (long long) json_integer_value(value));
    }

    return json_is_boolean(value)
           ? weir_cstr(json_is_true(value) ? "true" : "false")
           : weir_str(NULL, 0);
}


static bool
json_headers(cli_request_t *r, json_t *headers,
    bool (*set)(cli_request_t *r, weir_str_t line))
{
    json_t      *value;
    const char  *name;

    json_object_foreach(headers, name, value) {

        if (!json_is_string(value)
            || !set(r, weir_arena_printf(r->arena, "%s: %s", name,
                                         json_string_value(value))))
        {
            return false;
        }
    }

    return true;
}


/* What tests say in YAML, of which JSON is a part. */
static bool
json_principal(cli_request_t *r, json_t *value)
{
    char          *text;
    uint32_t       file;
    weir_str_t     copy;
    weir_node_t   *root;
    weir_diags_t   diags;

    memset(&diags, 0, sizeof(diags));
    diags.arena = r->arena;
    root = weir_arena_alloc(r->arena, sizeof(weir_node_t));
    text = json_dumps(value, 0);
    copy = text ? weir_arena_str(r->arena, weir_cstr(text))
                : weir_str(NULL, 0);
    free(text);

    if (root == NULL || copy.data == NULL
        || weir_diags_add_file(&diags, weir_string("principal"), copy, &file)
           != WEIR_OK
        || weir_yaml_read(r->arena, &diags, file, root) != WEIR_OK)
    {
        return false;
    }

    weir_cli_given_read(&diags, root, r);

    return diags.errors == 0;
}


static bool
json_response(cli_request_t *r, json_t *response)
{
    json_t      *value;
    weir_str_t   text;
    const char  *name;

    json_object_foreach(response, name, value) {

        if (strcmp(name, "headers") == 0) {

            if (!json_headers(r, value, weir_cli_response_header)) {
                return false;
            }

            continue;
        }

        text = json_text(r->arena, value);

        if (text.data == NULL
            || !weir_cli_response_set(r, weir_cstr(name), text))
        {
            return false;
        }
    }

    return json_is_object(response);
}


static bool
json_time(item_t *item, weir_str_t text)
{
    item->timed = true;

    if (weir_time_parse(text, &item->r.time, &item->nsec) != WEIR_OK) {
        return false;
    }

    item->exact = memchr(text.data, '.', text.len) != NULL;

    return true;
}


static bool
json_field(item_t *item, const char *name, json_t *value)
{
    weir_str_t      text;
    cli_request_t  *r;

    r = &item->r;

    if (strcmp(name, "headers") == 0) {
        return json_headers(r, value, weir_cli_request_header);
    }

    if (strcmp(name, "principal") == 0) {
        return json_principal(r, value);
    }

    if (strcmp(name, "response") == 0) {
        return json_response(r, value);
    }

    text = json_text(r->arena, value);

    if (text.data == NULL) {
        return false;
    }

    if (strcmp(name, "time") == 0) {
        return json_time(item, text);
    }

    return strcmp(name, "path") == 0
           ? weir_cli_request_url(r, text)
           : weir_cli_request_set(r, weir_cstr(name), text);
}


static bool
read_json(item_t *item, weir_str_t line)
{
    bool         ok;
    json_t      *o, *value;
    const char  *name;

    o = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
    ok = json_is_string(json_object_get(o, "path"));

    json_object_foreach(o, name, value) {
        ok = ok && json_field(item, name, value);
    }

    json_decref(o);

    return ok;
}


/* Hands over what is kept, and forgets it; false: no more is wanted. */
static bool
flush(reader_t *d)
{
    bool        go;
    size_t      i;
    int64_t     ns;
    item_t     *item;

    for (i = 0, go = true; i < d->items.len && go; i++) {
        item = d->items.items[i];
        ns = item->exact ? item->nsec
             : (int64_t) ((uint64_t) WEIR_NSEC * i / d->items.len);
        go = d->log->request(d->log->data, &item->r,
                             item->r.time * WEIR_NSEC + ns, item->line);
    }

    if (d->arena != NULL) {
        weir_arena_destroy(d->arena);
    }

    d->arena = NULL;
    memset(&d->items, 0, sizeof(d->items));

    return go;
}


static weir_rc_t
keep(reader_t *d, item_t *item)
{
    item_t  **place;

    place = weir_vec_push(d->arena, &d->items);

    if (place == NULL) {
        return WEIR_NOMEM;
    }

    *place = item;

    return WEIR_OK;
}


/* A time that can be counted in nanoseconds. */
static bool
in_range(int64_t sec)
{
    return sec >= 0 && sec < CLI_COUNT_UNTIL;
}


/* The request of a line, in arena a.  WEIR_DECLINED: it is none. */
static weir_rc_t
read_line(const cli_log_t *log, weir_arena_t *a, weir_str_t line, item_t **out)
{
    bool     ok;
    item_t  *item;

    item = weir_arena_alloc(a, sizeof(item_t));
    line = weir_arena_str(a, line);

    if (item == NULL || line.data == NULL) {
        return WEIR_NOMEM;
    }

    item->line = line;
    weir_cli_request_init(&item->r, a);
    item->r.time = log->time;
    item->r.req.host = weir_cstr(log->host);
    item->r.id = weir_arena_printf(a, "%zu", log->lines);

    ok = line.data[0] == '{' ? read_json(item, line)
                             : read_combined(item, line);
    ok = ok && (item->timed || !log->timed) && in_range(item->r.time)
         && weir_cli_request_finish(&item->r);
    *out = item;

    return ok ? WEIR_OK : WEIR_DECLINED;
}


/* WEIR_DECLINED: no more is wanted. */
static weir_rc_t
add_line(reader_t *d, weir_str_t line)
{
    item_t        *item;
    weir_rc_t      rc;
    weir_arena_t  *a;

    a = d->arena ? d->arena : weir_arena_create();

    if (a == NULL) {
        return WEIR_NOMEM;
    }

    d->arena = a;
    rc = read_line(d->log, a, line, &item);

    if (rc == WEIR_DECLINED) {
        d->log->unread++;

        if (d->log->bad != NULL) {
            d->log->bad(d->log->data, d->number, line);
        }

        if (d->items.len == 0) {
            d->arena = NULL;
            weir_arena_destroy(a);
        }

        return WEIR_OK;
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    /* its memory goes with that of the second before, so it is read again */
    if (d->items.len == MOST_KEPT
        || (d->items.len != 0 && item->r.time > d->second))
    {
        if (!flush(d)) {
            return WEIR_DECLINED;
        }

        return add_line(d, line);
    }

    if (d->items.len == 0) {
        d->second = item->r.time;
    }

    return keep(d, item);
}


static weir_rc_t
read_lines(reader_t *d, FILE *f)
{
    char       *line;
    size_t      size;
    ssize_t     n;
    weir_rc_t   rc;

    line = NULL;
    size = 0;
    rc = WEIR_OK;

    while (rc == WEIR_OK && (n = getline(&line, &size, f)) != -1) {
        d->number++;

        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
            line[--n] = '\0';
        }

        if (n != 0) {
            d->log->lines++;
            rc = add_line(d, weir_str(line, (size_t) n));
        }
    }

    free(line);

    if (!flush(d) && rc == WEIR_OK) {
        rc = WEIR_DECLINED;
    }

    return rc;
}


cli_exit_t
weir_cli_log(cli_log_t *log)
{
    int        err;
    FILE      *f;
    reader_t   d;
    weir_rc_t  rc;

    f = strcmp(log->path, "-") == 0 ? stdin : fopen(log->path, "r");

    if (f == NULL) {
        return weir_cli_fail(CLI_INTERNAL, log->verb, "%s: %s", log->path,
                             strerror(errno));
    }

    memset(&d, 0, sizeof(d));
    d.log = log;
    log->lines = log->unread = 0;
    rc = read_lines(&d, f);
    err = ferror(f) ? errno : 0;

    if (f != stdin) {
        fclose(f);
    }

    if (err != 0) {
        return weir_cli_fail(CLI_INTERNAL, log->verb, "%s: %s", log->path,
                             strerror(err));
    }

    if (rc == WEIR_NOMEM) {
        return weir_cli_fail(CLI_INTERNAL, log->verb, "out of memory");
    }

    return log->lines != log->unread || rc == WEIR_DECLINED
           ? CLI_OK
           : weir_cli_fail(CLI_SOURCE, log->verb, "%s has no request",
                           log->path);
}
