/*
 * diff.c: weir diff OLD NEW: what changes for whom.
 *
 * Both are sources or images.  Exit code 6: a decision changes, or may.
 */

#include <getopt.h>
#include <stdio.h>

#include "cli/diff.h"
#include "cli/options.h"


void *
weir_diff_pushed(diff_t *d, void *p)
{
    d->nomem |= p == NULL;

    return p;
}


void *
weir_diff_alloc(diff_t *d, size_t n)
{
    return weir_diff_pushed(d, weir_arena_alloc(d->arena, n));
}


weir_str_t
weir_diff_text(diff_t *d, const char *fmt, ...)
{
    va_list     args;
    weir_str_t  s;

    va_start(args, fmt);
    s = weir_arena_vprintf(d->arena, fmt, args);
    va_end(args);

    if (s.data == NULL) {
        d->nomem = true;
        return weir_str("", 0);
    }

    return s;
}


void
weir_diff_push(diff_t *d, diff_strs_t *v, weir_str_t s)
{
    weir_str_t  *p;

    p = diff_push(d, v);

    if (p != NULL) {
        *p = s;
    }
}


bool
weir_diff_has(const diff_strs_t *v, weir_str_t s)
{
    size_t  i;

    for (i = 0; i < v->len; i++) {

        if (weir_str_eq(v->items[i], s)) {
            return true;
        }
    }

    return false;
}


/* What is neither proved nor found. */
static void
add_mays(diff_t *d)
{
    size_t              i;
    const diff_pair_t  *p;
    const diff_kind_t  *k;

    for (i = 0; i < d->pairs.len; i++) {
        p = &d->pairs.items[i];

        if (p->why.len && !p->reached) {
            weir_diff_push(d, &d->mays,
                           weir_diff_text(d, "route %.*s: %.*s",
                                          WEIR_STR(p->id),
                                          WEIR_STR(p->why)));
        }
    }

    for (i = 0; i < d->kinds.len; i++) {
        k = &d->kinds.items[i];

        if (k->matters && !k->reached) {
            weir_diff_push(d, &d->mays,
                           weir_diff_text(d, "tenant %.*s: %s",
                                          WEIR_STR(k->id),
                                          "its records differ"));
        }
    }

    if (d->none.why.len && !d->none.reached) {
        weir_diff_push(d, &d->mays,
                       weir_diff_text(d, "requests of no route: %.*s",
                                      WEIR_STR(d->none.why)));
    }
}


bool
weir_diff_run(diff_t *d)
{
    size_t  i;

    d->keep = d->arena;
    d->budget = d->budget ? d->budget : DIFF_MAX_PROBES;

    for (i = 0; i < DIFF_SIDES; i++) {
        weir_diff_sums(d, &d->side[i]);
        weir_diff_atoms(d, &d->side[i]);
    }

    if (!d->nomem) {
        weir_diff_prove(d);
    }

    for (i = 0; i < DIFF_SIDES && !d->nomem; i++) {
        weir_diff_rules(d, &d->side[i]);
        weir_diff_routes(d, &d->side[i]);
    }

    if (!d->nomem) {
        weir_diff_parts(d);
    }

    if (!d->nomem) {
        weir_diff_cells(d);
    }

    if (!d->nomem) {
        weir_diff_settle(d);
        add_mays(d);
    }

    return !d->nomem;
}


bool
weir_diff_found(const diff_t *d)
{
    return d->changes.len != 0 || d->mays.len != 0;
}


typedef struct {
    cli_format_t   format;
    const char    *replay;
    const char    *host;        /* of log lines that name none */
    const char    *url;         /* that witnesses are sent to */
} args_t;


static cli_exit_t
read_args(int argc, char **argv, args_t *args)
{
    int  c;

    *args = (args_t) { CLI_TEXT, NULL, "localhost", "http://localhost" };

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 'f':
            if (!weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                 &args->format))
            {
                return weir_cli_usage("diff");
            }

            break;

        case 'r':
            args->replay = optarg;
            break;

        case 'H':
            args->host = optarg;
            break;

        case 'u':
            args->url = optarg;
            break;

        default:
            return weir_cli_usage("diff");
        }
    }

    return argc - optind == 2 ? CLI_OK : weir_cli_usage("diff");
}


static cli_exit_t
compare(diff_t *d, const args_t *args)
{
    bool        changed;
    cli_exit_t  code;

    if (args->replay != NULL) {
        code = weir_diff_replay(d, args->replay, args->host, args->format,
                                &changed);
        return code != CLI_OK ? code : changed ? CLI_DIFFERS : CLI_OK;
    }

    if (!weir_diff_run(d)) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "out of memory");
    }

    weir_diff_print(d, args->format, args->url);

    return weir_diff_found(d) ? CLI_DIFFERS : CLI_OK;
}


cli_exit_t
weir_cli_diff(int argc, char **argv)
{
    args_t         args;
    size_t         i;
    diff_t         d;
    cli_exit_t     code;
    cli_policy_t   policies[DIFF_SIDES];

    memset(&d, 0, sizeof(d));
    memset(policies, 0, sizeof(policies));
    code = read_args(argc, argv, &args);

    for (i = 0; i < DIFF_SIDES && code == CLI_OK; i++) {
        code = weir_cli_open("diff", argv[optind + (int) i], &policies[i]);
        d.side[i].img = &policies[i].image;
        d.side[i].path = argv[optind + (int) i];
    }

    if (code == CLI_OK) {
        d.arena = weir_arena_create();
        code = d.arena ? compare(&d, &args)
                       : weir_cli_fail(CLI_INTERNAL, "diff",
                                       "out of memory");
    }

    if (d.arena != NULL) {
        weir_arena_destroy(d.arena);
    }

    for (i = 0; i < DIFF_SIDES; i++) {
        weir_cli_close(&policies[i]);
    }

    return code;
}
