/*
 * diff_replay.c: the requests of an access log, decided by both policies.
 *
 * A line is nginx's combined format, or that with the host in front (vhost),
 * or a JSON object with "path" and any of "method", "host", "source", "time",
 * "scheme", "content_length", and "headers", an object of texts.  Lines are
 * decided as of their time; those without one, as of DIFF_TIME.
 */

#define _GNU_SOURCE                 /* strptime() */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/diff.h"

#define MOST_SHOWN  20
#define MOST_KINDS  1024        /* of changes that are told apart */
#define MOST_LINE   65536

typedef struct {
    char    *text;
    char    *example;
    size_t   count;
} tally_t;

typedef struct {
    diff_t      *d;
    const char  *host;
    size_t       lines;
    size_t       unread;        /* lines that are no request */
    size_t       changed;
    size_t       verdicts;      /* from allow to deny, or back */
    size_t       ntallies;
    size_t       others;        /* changed requests of no tally */
    tally_t      tallies[MOST_KINDS];
} replay_t;


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
log_time(cli_request_t *r, weir_str_t rest)
{
    struct tm    tm;
    const char  *p;

    memset(&tm, 0, sizeof(tm));
    p = memchr(rest.data, '[', rest.len);

    if (p != NULL && strptime(p, "[%d/%b/%Y:%H:%M:%S %z]", &tm) != NULL) {
        r->time = (int64_t) timegm(&tm) - tm.tm_gmtoff;
    }
}


/* ADDRESS - USER [TIME] "METHOD TARGET PROTOCOL" STATUS BYTES "REF" "AGENT" */
static bool
read_combined(cli_request_t *r, weir_str_t line)
{
    weir_ip_t   ip;
    weir_str_t  word, target, text;

    word = log_word(&line);

    if (weir_ip_parse(word, &ip) != WEIR_OK) {
        r->req.host = word;
        word = log_word(&line);
    }

    log_time(r, line);

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

    return !log_quoted(&line, &text)
           || (log_header(r, "referer", text)
               && (!log_quoted(&line, &text)
                   || log_header(r, "user-agent", text)));
}


static bool
json_field(cli_request_t *r, const char *name, json_t *value)
{
    weir_str_t  text;

    if (json_is_string(value)) {
        text = weir_cstr(json_string_value(value));

    } else if (json_is_integer(value)) {
        text = weir_arena_printf(r->arena, "%lld",
                                 (long long) json_integer_value(value));

    } else if (json_is_boolean(value)) {
        text = weir_cstr(json_is_true(value) ? "true" : "false");

    } else {
        return false;
    }

    text = weir_arena_str(r->arena, text);

    return strcmp(name, "path") == 0
           ? weir_cli_request_url(r, text)
           : weir_cli_request_set(r, weir_cstr(name), text);
}


static bool
read_json(cli_request_t *r, weir_str_t line)
{
    bool         ok;
    json_t      *o, *value, *header;
    const char  *name, *field;

    o = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
    ok = json_is_string(json_object_get(o, "path"));

    json_object_foreach(o, field, value) {

        if (!ok) {
            break;
        }

        if (strcmp(field, "headers") != 0) {
            ok = json_field(r, field, value);
            continue;
        }

        json_object_foreach(value, name, header) {
            ok = ok && json_is_string(header)
                 && weir_cli_request_header(r, weir_arena_printf(r->arena,
                                            "%s: %s", name,
                                            json_string_value(header)));
        }
    }

    json_decref(o);

    return ok;
}


static void
count(replay_t *r, const char *text, weir_str_t line)
{
    size_t  i;

    for (i = 0; i < r->ntallies; i++) {

        if (strcmp(r->tallies[i].text, text) == 0) {
            r->tallies[i].count++;
            return;
        }
    }

    if (i == MOST_KINDS) {
        r->others++;
        return;
    }

    r->tallies[i].count = 1;
    r->tallies[i].text = strdup(text);
    r->tallies[i].example = strndup(line.data, line.len);
    r->ntallies++;

    r->d->nomem |= r->tallies[i].text == NULL
                   || r->tallies[i].example == NULL;
}


static void
count_change(replay_t *r, const weir_decision_t x[DIFF_SIDES],
    weir_str_t line)
{
    size_t      i;
    weir_str_t  s[DIFF_SIDES], text;

    for (i = 0; i < DIFF_SIDES; i++) {
        s[i] = weir_diff_outcome(r->d, &x[i]);
        s[i] = weir_diff_text(r->d, "%.*s%s%.*s", WEIR_STR(s[i]),
                              x[i].route.len ? " on " : "",
                              WEIR_STR(x[i].route));
    }

    text = weir_diff_text(r->d, "%.*s -> %.*s", WEIR_STR(s[0]),
                          WEIR_STR(s[1]));
    r->changed++;
    r->verdicts += x[0].verdict != x[1].verdict;

    if (!r->d->nomem) {
        count(r, text.data, line);
    }
}


/* Memory of a line lasts as long as the line. */
static void
replay_line(replay_t *r, weir_str_t line)
{
    bool             ok;
    weir_arena_t    *keep;
    cli_request_t    req;
    weir_decision_t  x[DIFF_SIDES];

    keep = r->d->arena;
    r->d->arena = weir_arena_create();

    if (r->d->arena == NULL) {
        r->d->arena = keep;
        r->d->nomem = true;
        return;
    }

    r->lines++;
    weir_cli_request_init(&req, r->d->arena);
    req.time = DIFF_TIME;
    req.req.host = weir_cstr(r->host);

    ok = line.data[0] == '{' ? read_json(&req, line)
                             : read_combined(&req, line);

    if (!ok || !weir_cli_request_finish(&req)) {
        r->unread++;

    } else if (weir_diff_both(r->d, r->d->arena, &req, x)) {
        count_change(r, x, line);
    }

    weir_arena_destroy(r->d->arena);
    r->d->arena = keep;
}


static int
by_count(const void *a, const void *b)
{
    const tally_t  *x, *y;

    x = a;
    y = b;

    if (x->count != y->count) {
        return x->count < y->count ? 1 : -1;
    }

    return strcmp(x->text, y->text);
}


/* Nothing in a log steers a terminal. */
static void
print_line(const char *p)
{
    for ( /* void */ ; *p != '\0'; p++) {
        putchar((unsigned char) *p < ' ' || *p == 0x7f ? '?' : *p);
    }

    putchar('\n');
}


static void
report_text(const replay_t *r)
{
    size_t  i;

    for (i = 0; i < r->ntallies && i < MOST_SHOWN; i++) {
        printf("%8zu  %s\n          ", r->tallies[i].count,
               r->tallies[i].text);
        print_line(r->tallies[i].example);
    }

    if (r->ntallies > i || r->others) {
        printf("          and %zu%s kinds of change more\n",
               r->ntallies - i, r->others ? " or more" : "");
    }

    printf("%s%zu requests, %zu decisions change, %zu of them between allow "
           "and deny", r->ntallies ? "\n" : "", r->lines - r->unread,
           r->changed, r->verdicts);

    if (r->unread) {
        printf("; lines that are no request: %zu", r->unread);
    }

    putchar('\n');
}


static void
report_json(const replay_t *r)
{
    size_t   i;
    json_t  *o, *list, *tally, *example;

    list = json_array();

    for (i = 0; i < r->ntallies; i++) {
        tally = json_pack("{s:I, s:s}",
                          "count", (json_int_t) r->tallies[i].count,
                          "change", r->tallies[i].text);
        example = json_string(r->tallies[i].example);

        /* none where a line is not UTF-8 */

        if (example != NULL) {
            json_object_set_new(tally, "example", example);
        }

        json_array_append_new(list, tally);
    }

    o = json_pack("{s:I, s:I, s:I, s:I, s:o}",
                  "requests", (json_int_t) (r->lines - r->unread),
                  "unread", (json_int_t) r->unread,
                  "changed", (json_int_t) r->changed,
                  "verdicts", (json_int_t) r->verdicts, "changes", list);

    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}


static cli_exit_t
replay_file(replay_t *r, FILE *f, const char *path)
{
    char     line[MOST_LINE];
    size_t   n;

    while (!r->d->nomem && fgets(line, sizeof(line), f) != NULL) {

        n = strlen(line);

        if (n == sizeof(line) - 1 && line[n - 1] != '\n') {
            return weir_cli_fail(CLI_INTERNAL, "diff",
                                 "%s:%zu: the line is too long", path,
                                 r->lines + 1);
        }

        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
            line[--n] = '\0';
        }

        if (n != 0) {
            replay_line(r, weir_str(line, n));
        }
    }

    if (ferror(f)) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "%s: %s", path,
                             strerror(errno));
    }

    if (r->d->nomem) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "out of memory");
    }

    /* nothing that was decided has not changed */
    return r->lines != r->unread
           ? CLI_OK
           : weir_cli_fail(CLI_SOURCE, "diff", "%s has no request", path);
}


cli_exit_t
weir_diff_replay(diff_t *d, const char *path, const char *host,
    cli_format_t format, bool *changed)
{
    FILE        *f;
    size_t       i;
    replay_t    *r;
    cli_exit_t   code;

    r = weir_diff_alloc(d, sizeof(replay_t));
    f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

    if (r == NULL || f == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "%s: %s", path,
                             strerror(errno));
    }

    r->d = d;
    r->host = host;
    code = replay_file(r, f, path);

    if (f != stdin) {
        fclose(f);
    }

    if (code == CLI_OK) {
        qsort(r->tallies, r->ntallies, sizeof(tally_t), by_count);

        if (format == CLI_JSON) {
            report_json(r);

        } else {
            report_text(r);
        }

        *changed = r->changed != 0;
    }

    for (i = 0; i < r->ntallies; i++) {
        free(r->tallies[i].text);
        free(r->tallies[i].example);
    }

    return code;
}
