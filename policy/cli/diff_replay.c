/*
 * diff_replay.c: the requests of an access log, decided by both policies.
 *
 * Lines are decided as of their time; those without one, as of DIFF_TIME.
 * Limits of both count from the first line on.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/diff.h"
#include "cli/log.h"

#define MOST_SHOWN  20
#define MOST_KINDS  1024        /* of changes that are told apart */

typedef struct {
    char    *text;
    char    *example;
    size_t   count;
} tally_t;

typedef struct {
    diff_t      *d;
    cli_log_t    log;
    size_t       changed;
    size_t       verdicts;      /* from allow to deny, or back */
    size_t       ntallies;
    size_t       others;        /* changed requests of no tally */
    tally_t      tallies[MOST_KINDS];
} replay_t;


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


/* " on x, arm v2, to b": of arm and upstream what is not the same in both. */
static weir_str_t
where(replay_t *r, const weir_decision_t x[DIFF_SIDES], size_t i)
{
    bool        arm, upstream;
    weir_str_t  none;

    none = weir_string("");
    arm = x[i].arm.len && !weir_str_eq(x[i].arm, x[!i].arm);
    upstream = x[i].upstream.len
               && !weir_str_eq(x[i].upstream, x[!i].upstream);

    return weir_diff_text(r->d, "%s%.*s%s%.*s%s%.*s",
                          x[i].route.len ? " on " : "", WEIR_STR(x[i].route),
                          arm ? ", arm " : "",
                          WEIR_STR(arm ? x[i].arm : none),
                          upstream ? ", to " : "",
                          WEIR_STR(upstream ? x[i].upstream : none));
}


static void
count_change(replay_t *r, const weir_decision_t x[DIFF_SIDES],
    weir_str_t line)
{
    size_t      i;
    weir_str_t  s[DIFF_SIDES], text;

    for (i = 0; i < DIFF_SIDES; i++) {
        s[i] = weir_diff_outcome(r->d, &x[i]);
        text = where(r, x, i);
        s[i] = weir_diff_text(r->d, "%.*s%.*s", WEIR_STR(s[i]),
                              WEIR_STR(text));
    }

    text = weir_diff_text(r->d, "%.*s -> %.*s", WEIR_STR(s[0]),
                          WEIR_STR(s[1]));
    r->changed++;
    r->verdicts += x[0].verdict != x[1].verdict;

    if (!r->d->nomem) {
        count(r, text.data, line);
    }
}


/* Memory of a request lasts as long as the request. */
static bool
replay_request(void *data, cli_request_t *req, int64_t ns, weir_str_t line)
{
    replay_t         *r;
    weir_arena_t     *keep;
    weir_decision_t   x[DIFF_SIDES];

    r = data;
    keep = r->d->arena;
    r->d->arena = req->arena;

    if (weir_diff_both(r->d, req->arena, req, ns, x)) {
        count_change(r, x, line);
    }

    r->d->arena = keep;

    return !r->d->nomem;
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
           "and deny", r->ntallies ? "\n" : "", r->log.lines - r->log.unread,
           r->changed, r->verdicts);

    if (r->log.unread) {
        printf("; lines that are no request: %zu", r->log.unread);
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
                  "requests", (json_int_t) (r->log.lines - r->log.unread),
                  "unread", (json_int_t) r->log.unread,
                  "changed", (json_int_t) r->changed,
                  "verdicts", (json_int_t) r->verdicts, "changes", list);

    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}


cli_exit_t
weir_diff_replay(diff_t *d, const char *path, const char *host,
    cli_format_t format, bool *changed)
{
    size_t       i;
    replay_t    *r;
    cli_exit_t   code;

    r = weir_diff_alloc(d, sizeof(replay_t));

    if (r == NULL || !weir_diff_counting(d, CLI_COUNT_MANY)) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "out of memory");
    }

    d->logged = true;
    r->d = d;
    r->log = (cli_log_t) { .verb = "diff", .path = path, .host = host,
                           .time = DIFF_TIME, .request = replay_request,
                           .data = r };
    code = weir_cli_log(&r->log);

    if (d->nomem) {
        code = weir_cli_fail(CLI_INTERNAL, "diff", "out of memory");
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
