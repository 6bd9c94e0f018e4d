/*
 * sim_print.c: a simulation as text and as JSON.
 */

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/sim.h"

#define SECOND  1000000000


/* "2026-01-05T12:00:00Z" */
static const char *
time_text(int64_t ns, char buf[32])
{
    time_t     t;
    struct tm  tm;

    t = (time_t) (ns / SECOND);

    if (gmtime_r(&t, &tm) == NULL
        || strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        return "?";
    }

    return buf;
}


/* The most often refused first; those of one limit together. */
static int
by_count(const void *a, const void *b)
{
    uint64_t          m, n;
    const sim_key_t  *x, *y;

    x = a;
    y = b;

    if (x->limit != y->limit) {
        return x->limit < y->limit ? -1 : 1;
    }

    m = x->refused + x->dry;
    n = y->refused + y->dry;

    if (m != n) {
        return m < n ? 1 : -1;
    }

    if (x->first != y->first) {
        return x->first < y->first ? -1 : 1;
    }

    return weir_str_cmp(x->text, y->text);
}


/* Brings the keys to the front, sorted. */
static void
sort_keys(sim_t *s)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s->room; i++) {

        if (s->keys[i].refused || s->keys[i].dry) {
            s->keys[n++] = s->keys[i];
        }
    }

    if (n != 0) {
        qsort(s->keys, n, sizeof(sim_key_t), by_count);
    }
}


/* Text */

static void
print_totals(const sim_t *s)
{
    size_t  i;
    char    from[32], to[32];

    printf("%zu requests from %s to %s\n", s->log.lines - s->log.unread,
           time_text(s->from, from), time_text(s->to, to));
    printf("%10" PRIu64 " pass\n", s->passed);
    printf("%10" PRIu64 " refused by a limit\n", s->limited);

    for (i = 0; i < WEIR_REASON_COUNT; i++) {

        if (s->reasons[i]) {
            printf("%10" PRIu64 " refused for another reason: %s\n",
                   s->reasons[i], weir_reason_name((unsigned) i));
        }
    }

    if (s->log.unread == 0) {
        return;
    }

    printf("%10zu line%s no request\n", s->log.unread,
           s->log.unread == 1 ? " is" : "s are");

    for (i = 0; i < s->nbad; i++) {
        printf("           %s:%zu: ", s->log.path, s->bad[i].line);
        weir_cli_print(s->bad[i].text, stdout);
        putchar('\n');
    }
}


static void
print_keys(const sim_t *s, uint32_t limit)
{
    char              first[32];
    size_t            i, n;
    const sim_key_t  *k;

    for (i = 0; i < s->used && s->keys[i].limit != limit; i++) { /* void */ }

    for (n = 0; i < s->used && s->keys[i].limit == limit && n < s->top;
         i++, n++)
    {
        k = &s->keys[i];
        printf("  %10" PRIu64 "  ", k->refused + k->dry);
        weir_cli_print(k->text, stdout);
        printf(", first %s\n", time_text(k->first, first));
    }

    if (n != 0 && n < s->limits[limit].keys) {
        printf("              and %" PRIu64 " keys more\n",
               s->limits[limit].keys - n);
    }
}


static void
print_limit(const sim_t *s, uint32_t index)
{
    char                     first[32];
    weir_str_t               text, more;
    cli_place_t              place;
    const sim_limit_t       *l;
    const weir_image_t      *img;
    const weir_img_limit_t  *limit;

    img = &s->policy->image;
    limit = &WEIR_REC(img, LIMITS)[index];
    l = &s->limits[index];
    place = weir_cli_limit_place(s->policy, limit);
    text = weir_cli_limit_text(s->arena, img, limit);
    more = weir_cli_limit_more(s->arena, img, limit);

    printf("\nlimit %.*s (%.*s:%" PRIu32 "): %.*s%s",
           WEIR_STR(weir_img_str(img, limit->id)), WEIR_STR(place.file),
           place.line, WEIR_STR(text), more.len ? "; " : "");
    weir_cli_print(more, stdout);
    printf("\n  asked %" PRIu64 ", refused %" PRIu64, l->asked, l->refused);

    if (limit->dry_run) {
        printf(", on trial %" PRIu64, l->dry);
    }

    if (l->failed) {
        printf(", failed %" PRIu64, l->failed);
    }

    if (l->keys) {
        printf("; keys %" PRIu64 ", first %s", l->keys,
               time_text(l->first, first));
    }

    putchar('\n');
    print_keys(s, index);
}


/* JSON */

static json_t *
time_json(int64_t ns)
{
    char  buf[32];

    return json_string(time_text(ns, buf));
}


static json_t *
keys_json(const sim_t *s, uint32_t limit)
{
    size_t            i, n;
    json_t           *list;
    const sim_key_t  *k;

    list = json_array();

    for (i = 0, n = 0; i < s->used && n < s->top; i++) {
        k = &s->keys[i];

        if (k->limit == limit) {
            n++;
            json_array_append_new(list, json_pack(
                "{s:o, s:I, s:I, s:o}",
                "key", weir_cli_json_str(k->text),
                "refused", (json_int_t) k->refused,
                "dry_run", (json_int_t) k->dry,
                "first", time_json(k->first)));
        }
    }

    return list;
}


static json_t *
limit_json(const sim_t *s, uint32_t index)
{
    weir_str_t               text;
    cli_place_t              place;
    const sim_limit_t       *l;
    const weir_img_limit_t  *limit;

    l = &s->limits[index];
    limit = &WEIR_REC(&s->policy->image, LIMITS)[index];
    place = weir_cli_limit_place(s->policy, limit);
    text = weir_cli_limit_text(s->arena, &s->policy->image, limit);

    return json_pack("{s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
        "limit", weir_cli_json_str(weir_img_str(&s->policy->image,
                                                limit->id)),
        "file", weir_cli_json_str(place.file),
        "line", (json_int_t) place.line,
        "is", weir_cli_json_str(text),
        "asked", (json_int_t) l->asked,
        "refused", (json_int_t) l->refused,
        "dry_run", (json_int_t) l->dry,
        "failed", (json_int_t) l->failed,
        "keys", (json_int_t) l->keys,
        "first", l->keys ? time_json(l->first) : json_null(),
        "top", keys_json(s, index));
}


static void
print_json(const sim_t *s)
{
    size_t   i;
    json_t  *o, *limits, *others, *bad;

    limits = json_array();
    others = json_object();
    bad = json_array();

    for (i = 0; i < s->policy->image.n[WEIR_S_LIMITS]; i++) {
        json_array_append_new(limits, limit_json(s, (uint32_t) i));
    }

    for (i = 0; i < WEIR_REASON_COUNT; i++) {

        if (s->reasons[i]) {
            json_object_set_new(others, weir_reason_name((unsigned) i),
                json_integer((json_int_t) s->reasons[i]));
        }
    }

    for (i = 0; i < s->nbad; i++) {
        json_array_append_new(bad, json_pack("{s:I, s:o}",
            "line", (json_int_t) s->bad[i].line,
            "text", weir_cli_json_str(s->bad[i].text)));
    }

    o = json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o}",
                  "requests", (json_int_t) (s->log.lines - s->log.unread),
                  "unread", (json_int_t) s->log.unread,
                  "bad", bad,
                  "from", time_json(s->from),
                  "to", time_json(s->to),
                  "passed", (json_int_t) s->passed,
                  "limited", (json_int_t) s->limited,
                  "refused", others,
                  "limits", limits);
    weir_cli_json_print(o);
}


void
weir_sim_print(sim_t *s, cli_format_t format)
{
    uint32_t  i;

    sort_keys(s);

    if (format == CLI_JSON) {
        print_json(s);
        return;
    }

    print_totals(s);

    for (i = 0; i < s->policy->image.n[WEIR_S_LIMITS]; i++) {
        print_limit(s, i);
    }
}
